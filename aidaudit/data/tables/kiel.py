"""Tables of the Ukraine Support Tracker: as published, tidied, and added up."""

from __future__ import annotations

from aidaudit.data.tables.common import DONOR, EUR, EUR_BN, MONTH_OR_UNDATED, OPTIONAL_TEXT, ROW
from aidaudit.data.vocabulary import ABSURD_EUR, AID_TYPES, MEASURES, NOT_SPLIT
from nbtrail.base.schema import ISO_DATE, Column, Table

NAMED_IN_TEXT = "Subjects that the tracker's text names (texts.csv), joined by '; '"

RAW = {
    "activities": Table(
        "activities",
        "Aid activities, one row per sub-activity or item, as the Ukraine Support Tracker "
        "publishes them; blanks are empty, spelling is the publisher's",
        {
            "row": ROW,
            "activity_id": Column(**OPTIONAL_TEXT, description="Tracker's activity id"),
            "sub_activity_id": Column(
                **OPTIONAL_TEXT, description="Tracker's sub-activity id (not unique)"
            ),
            "donor": Column("string", "Donor, as spelt upstream"),
            "announcement_date": Column(
                **OPTIONAL_TEXT,
                description="Announcement date: ISO where upstream has a date, else its words",
            ),
            "month_number": Column(
                "integer",
                "Announcement month: 1 = Jan 2022, 0 = undated",
                minimum=0,
                maximum=240,
            ),
            "aid_type": Column("string", "Type of aid, as spelt upstream"),
            "aid_subtype": Column(**OPTIONAL_TEXT, description="Specific type of aid"),
            "measure": Column("string", "Allocation, or Commitment not yet allocated"),
            "reporting_currency": Column(
                **OPTIONAL_TEXT, description="ISO 4217 code of the donor's own figure"
            ),
            "allocation_eur": Column(
                "number", "Allocated value, redistributed over items", required=False, **EUR
            ),
            "commitment_eur": Column(
                "number",
                "Committed value of the whole activity (on its first row)",
                required=False,
                **EUR,
            ),
            "allocation_reported": Column(
                "number",
                "Allocated value as entered, in the reporting currency",
                unit="units of the reporting currency",
                required=False,
                minimum=0,
            ),
            "allocation_eur_entered": Column(
                "number",
                "Allocated value as entered, before it is redistributed over items",
                required=False,
                **EUR,
            ),
            "item": Column(**OPTIONAL_TEXT, description="Item name"),
            "item_type": Column(**OPTIONAL_TEXT, description="Item class"),
            "item_sub_type": Column(**OPTIONAL_TEXT, description="Item sub-class"),
            "item_count": Column(
                **OPTIONAL_TEXT, description="Number of items, or 'undisclosed'", unit="items"
            ),
            "item_count_delivered": Column(
                **OPTIONAL_TEXT, description="Number delivered, or 'undisclosed'", unit="items"
            ),
            "item_value_usd": Column(
                "number",
                "Tracker's estimate of the item's value: number times its list price",
                unit="US$",
                required=False,
                minimum=0,
                maximum=1e11,
            ),
            "weapon_source": Column(**OPTIONAL_TEXT, description="stocks or procurement"),
            "reconstruction_sector": Column(**OPTIONAL_TEXT, description="Sector code"),
            "named_in_text": Column(**OPTIONAL_TEXT, description=NAMED_IN_TEXT),
            "nato_member": Column(
                "integer",
                "1 where the tracker counts the donor among NATO's members",
                required=False,
                minimum=0,
                maximum=1,
            ),
        },
        key=["row"],
    ),
    "donor_month": Table(
        "donor_month",
        "Allocations by donor, month and type, and commitments by donor and month",
        {
            "row": ROW,
            "donor": Column("string", "Donor, as spelt upstream"),
            "iso3": Column(**OPTIONAL_TEXT, description="ISO 3166-1 alpha-3 (EU for the EU)"),
            "year": Column("integer", "Announcement year", minimum=2022, maximum=2040),
            "month": Column("integer", "Announcement month", minimum=1, maximum=12),
            "financial_eur_bn": Column("number", "Financial allocations", **EUR_BN),
            "humanitarian_eur_bn": Column("number", "Humanitarian allocations", **EUR_BN),
            "military_eur_bn": Column("number", "Military allocations", **EUR_BN),
            "commitment_eur_bn": Column("number", "Commitments of all types", **EUR_BN),
        },
        key=["donor", "year", "month"],
    ),
    "donor_totals": Table(
        "donor_totals",
        "Totals by donor since the full-scale invasion",
        {
            "row": ROW,
            "donor": Column("string", "Donor, as spelt upstream"),
            "financial_eur_bn": Column("number", "Financial allocations", **EUR_BN),
            "humanitarian_eur_bn": Column("number", "Humanitarian allocations", **EUR_BN),
            "military_eur_bn": Column("number", "Military allocations", **EUR_BN),
            "commitment_eur_bn": Column("number", "Commitments of all types", **EUR_BN),
            "allocation_usd_bn": Column(
                "number",
                "Allocations of all types in US$, at the publisher's one rate",
                unit="bn US$, nominal",
                required=False,
                minimum=0,
                maximum=1000,
            ),
        },
        key=["donor"],
    ),
}

# Past the border, a negative amount is one that corrections.csv accepts.
_EUR_CLEAN = {"unit": "EUR, nominal", "maximum": ABSURD_EUR}
_TYPE = Column("string", "Type of aid", values=[*AID_TYPES, NOT_SPLIT])
_MONTH = Column("string", "Announcement month, or undated", pattern=MONTH_OR_UNDATED)
_AMOUNTS = {
    "allocation_eur": Column("number", "Allocated value", required=False, **_EUR_CLEAN),
    "commitment_eur": Column("number", "Committed value", required=False, **_EUR_CLEAN),
}

CLEAN = {
    "activities": Table(
        "activities",
        "Aid activities, one spelling per donor, type, sub-type and item class",
        {
            "release": Column("integer", "Release", minimum=1),
            "row": ROW,
            "activity_id": Column(**OPTIONAL_TEXT, description="Tracker's activity id"),
            "sub_activity_id": Column(**OPTIONAL_TEXT, description="Sub-activity id"),
            "donor": DONOR,
            "date": Column(
                "string",
                "Announcement day, empty where upstream names none",
                required=False,
                pattern=ISO_DATE,
            ),
            "month": _MONTH,
            "aid_type": Column("string", "Type of aid", values=AID_TYPES),
            "aid_subtype": Column(**OPTIONAL_TEXT, description="Specific type of aid"),
            "measure": Column("string", "Kind of the row", values=MEASURES),
            "reporting_currency": Column(**OPTIONAL_TEXT, description="ISO 4217 code"),
            **_AMOUNTS,
            "allocation_reported": Column(
                "number",
                "Allocated value as entered, in the reporting currency",
                unit="units of the reporting currency",
                required=False,
            ),
            "allocation_eur_entered": Column(
                "number", "Allocated value as entered", required=False, **_EUR_CLEAN
            ),
            "item": Column(**OPTIONAL_TEXT, description="Item name"),
            "item_type": Column(**OPTIONAL_TEXT, description="Item class"),
            "item_sub_type": Column(**OPTIONAL_TEXT, description="Item sub-class"),
            "item_count": Column(
                "number",
                "Number of items; empty where undisclosed or not given",
                unit="items",
                required=False,
                minimum=0,
                maximum=1e10,
            ),
            "item_count_undisclosed": Column("boolean", "Count said to be undisclosed"),
            "item_value_usd": Column(
                "number",
                "Tracker's estimate of the item's value: number times its list price",
                unit="US$",
                required=False,
                minimum=0,
                maximum=1e11,
            ),
            "weapon_source": Column(**OPTIONAL_TEXT, description="stocks or procurement"),
            "reconstruction_sector": Column(**OPTIONAL_TEXT, description="Sector code"),
            "named_in_text": Column(**OPTIONAL_TEXT, description=NAMED_IN_TEXT),
        },
        key=["row"],
    ),
    "donor_month": Table(
        "donor_month",
        "Allocations and commitments by donor, month and type",
        {
            "release": Column("integer", "Release", minimum=1),
            "donor": DONOR,
            "month": _MONTH,
            "aid_type": _TYPE,
            **_AMOUNTS,
        },
        key=["donor", "month", "aid_type"],
    ),
    "donor_totals": Table(
        "donor_totals",
        "Allocations and commitments by donor and type",
        {
            "release": Column("integer", "Release", minimum=1),
            "donor": DONOR,
            "aid_type": _TYPE,
            **_AMOUNTS,
            "allocation_usd": Column(
                "number",
                "Allocated value at the publisher's own rate (all types together)",
                unit="US$, nominal",
                required=False,
                minimum=0,
                maximum=1e12,
            ),
        },
        key=["donor", "aid_type"],
    ),
}

_BN = {"unit": "bn EUR, nominal"}
RESULTS = {
    "donor_totals": Table(
        "donor_totals",
        "Aid by donor, type and measure, up to the cut-off of the variant",
        {
            "donor": DONOR,
            "donor_group": Column("string", "Part of the partition of donors"),
            "aid_type": _TYPE,
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "value_eur_bn": Column("number", "Value", **_BN),
            "release": Column("integer", "Release that the row comes from", minimum=1),
        },
        key=["donor", "aid_type", "measure"],
    ),
    "monthly": Table(
        "monthly",
        "Aid by announcement month, donor, type and measure, up to the cut-off",
        {
            "month": _MONTH,
            "donor": DONOR,
            "donor_group": Column("string", "Part of the partition of donors"),
            "aid_type": _TYPE,
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "value_eur_bn": Column("number", "Value", **_BN),
            "release": Column("integer", "Release that the row comes from", minimum=1),
        },
        key=["month", "donor", "aid_type", "measure"],
    ),
    "headline": Table(
        "headline",
        "The headline total under each reading, in euros and US dollars",
        {
            "reading": Column(
                "string",
                "total: up to the variant's cut-off; at_article_date: cut at the "
                "date that the article names",
                values=["total", "at_article_date"],
            ),
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "donors": Column("string", "Named donor group"),
            "fx_method": Column("string", "How euros become US dollars"),
            "value_eur_bn": Column("number", "Total", required=False, **_BN),
            "value_usd_bn": Column(
                "number",
                "Total; empty where the release cannot answer",
                unit="bn US$, nominal",
                required=False,
                minimum=0,
            ),
            "usd_per_eur": Column(
                "number",
                "Mean rate that the conversion amounts to",
                unit="US$ per EUR",
                required=False,
                minimum=0,
            ),
            "release": Column("integer", "Release", minimum=1),
            "cut_off": Column("string", "Last day counted", pattern=ISO_DATE),
        },
        key=["reading", "measure", "donors", "fx_method"],
    ),
}
