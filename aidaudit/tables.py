"""The project's tables, column by column: the vocabulary that every stage shares.

Raw tables hold what the publisher says, in our columns; clean tables hold one spelling
of everything. Units stand in the names and in the descriptions.
"""

from __future__ import annotations

from aidaudit.schema import (
    ABSURD_EUR,
    AID_TYPES,
    ISO_DATE,
    MEASURES,
    MONTH,
    NOT_SPLIT,
    UNDATED,
    Column,
    Table,
)

_eur = {"unit": "EUR, nominal", "minimum": 0, "maximum": ABSURD_EUR}
# Past the border, a negative amount is one that corrections.csv accepts.
_eur_clean = {"unit": "EUR, nominal", "maximum": ABSURD_EUR}
_eur_bn = {"unit": "bn EUR, nominal", "minimum": 0, "maximum": ABSURD_EUR / 1e9}
_month = rf"({MONTH})|(^{UNDATED}$)"
_optional_text = {"type": "string", "required": False}
_row = Column("integer", "Row in the upstream file (header = 1)", minimum=2)

RAW = {
    "activities": Table(
        "activities",
        "Aid activities, one row per sub-activity or item, as the Ukraine Support Tracker "
        "publishes them; blanks are empty, spelling is the publisher's",
        {
            "row": _row,
            "activity_id": Column(**_optional_text, description="Tracker's activity id"),
            "sub_activity_id": Column(
                **_optional_text, description="Tracker's sub-activity id (not unique)"
            ),
            "donor": Column("string", "Donor, as spelt upstream"),
            "announcement_date": Column(
                **_optional_text,
                description="Announcement date: ISO where upstream has a date, else its words",
            ),
            "month_number": Column(
                "integer",
                "Announcement month: 1 = Jan 2022, 0 = undated",
                minimum=0,
                maximum=240,
            ),
            "aid_type": Column("string", "Type of aid, as spelt upstream"),
            "aid_subtype": Column(**_optional_text, description="Specific type of aid"),
            "measure": Column("string", "Allocation, or Commitment not yet allocated"),
            "reporting_currency": Column(
                **_optional_text, description="ISO 4217 code of the donor's own figure"
            ),
            "allocation_eur": Column(
                "number", "Allocated value, redistributed over items", required=False, **_eur
            ),
            "commitment_eur": Column(
                "number",
                "Committed value of the whole activity (on its first row)",
                required=False,
                **_eur,
            ),
            "item": Column(**_optional_text, description="Item name"),
            "item_type": Column(**_optional_text, description="Item class"),
            "item_sub_type": Column(**_optional_text, description="Item sub-class"),
            "item_count": Column(
                **_optional_text, description="Number of items, or 'undisclosed'", unit="items"
            ),
            "item_count_delivered": Column(
                **_optional_text, description="Number delivered, or 'undisclosed'", unit="items"
            ),
            "weapon_source": Column(**_optional_text, description="stocks or procurement"),
            "reconstruction_sector": Column(**_optional_text, description="Sector code"),
        },
        key=["row"],
    ),
    "donor_month": Table(
        "donor_month",
        "Allocations by donor, month and type, and commitments by donor and month",
        {
            "row": _row,
            "donor": Column("string", "Donor, as spelt upstream"),
            "iso3": Column(**_optional_text, description="ISO 3166-1 alpha-3 (EU for the EU)"),
            "year": Column("integer", "Announcement year", minimum=2022, maximum=2040),
            "month": Column("integer", "Announcement month", minimum=1, maximum=12),
            "financial_eur_bn": Column("number", "Financial allocations", **_eur_bn),
            "humanitarian_eur_bn": Column("number", "Humanitarian allocations", **_eur_bn),
            "military_eur_bn": Column("number", "Military allocations", **_eur_bn),
            "commitment_eur_bn": Column("number", "Commitments of all types", **_eur_bn),
        },
        key=["donor", "year", "month"],
    ),
    "donor_totals": Table(
        "donor_totals",
        "Totals by donor since the full-scale invasion",
        {
            "row": _row,
            "donor": Column("string", "Donor, as spelt upstream"),
            "financial_eur_bn": Column("number", "Financial allocations", **_eur_bn),
            "humanitarian_eur_bn": Column("number", "Humanitarian allocations", **_eur_bn),
            "military_eur_bn": Column("number", "Military allocations", **_eur_bn),
            "commitment_eur_bn": Column("number", "Commitments of all types", **_eur_bn),
            "allocation_usd_bn": Column(
                "number",
                "Allocations of all types in US$, at the publisher's one rate",
                unit="bn US$, nominal",
                minimum=0,
                maximum=1000,
            ),
        },
        key=["donor"],
    ),
    "euro_rates": Table(
        "euro_rates",
        "Euro foreign exchange reference rates of the currencies that donors report in",
        {
            "date": Column("string", "Day of the rate", pattern=ISO_DATE),
            "currency": Column("string", "ISO 4217 code", pattern="^[A-Z]{3}$"),
            "per_eur": Column(
                "number",
                "Units of the currency per euro",
                unit="currency per EUR",
                minimum=1e-6,
                maximum=1e6,
            ),
        },
        key=["date", "currency"],
    ),
    "outlook": Table(
        "outlook",
        "World Economic Outlook series: donors' GDP and Ukraine's macro-economy",
        {
            "iso3": Column("string", "Country", pattern="^[A-Z]{3}$"),
            "concept": Column("string", "WEO subject code", pattern="^[A-Z_]+$"),
            "year": Column("integer", "Calendar year", minimum=1980, maximum=2040),
            "value": Column("number", "Value in the unit and scale beside it"),
            "unit": Column("string", "USD, XDC (national currency), PT (per cent), IX, na"),
            "scale": Column("integer", "Power of ten of the value", minimum=0, maximum=12),
            "status": Column(
                "string",
                "actual up to the last actual year, estimate after it, else unknown",
                values=["actual", "estimate", "unknown"],
            ),
        },
        key=["iso3", "concept", "year"],
    ),
    "population": Table(
        "population",
        "Mid-year population",
        {
            "iso3": Column("string", "Country", pattern="^[A-Z]{3}$"),
            "year": Column("integer", "Calendar year", minimum=2000, maximum=2040),
            "population": Column(
                "number", "Mid-year population", unit="persons", minimum=1, maximum=2e9
            ),
        },
        key=["iso3", "year"],
    ),
    "nato_members": Table(
        "nato_members",
        "NATO members with the year of accession",
        {
            "iso3": Column("string", "Country", pattern="^[A-Z]{3}$"),
            "country": Column("string", "Country name"),
            "accession": Column(
                "string",
                "Accession: a year, or a date once corrected",
                pattern=r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$",
            ),
        },
        key=["iso3"],
    ),
    "eu_members": Table(
        "eu_members",
        "EU members with the date of accession, and of exit once corrected",
        {
            "iso2": Column("string", "Country", pattern="^[A-Z]{2}$"),
            "country": Column("string", "Country name"),
            "accession": Column("string", "Date of accession", pattern=ISO_DATE),
            "exit": Column(
                "string",
                "Date of exit, empty for present members",
                required=False,
                pattern=ISO_DATE,
            ),
        },
        key=["iso2"],
    ),
    "donors": Table(
        "donors",
        "The donors that this project knows: one spelling each, codes and kind",
        {
            "donor": Column("string", "The project's spelling"),
            "iso3": Column(**_optional_text, description="ISO 3166-1 alpha-3"),
            "iso2": Column(**_optional_text, description="ISO 3166-1 alpha-2"),
            "kind": Column("string", "What it is", values=["state", "eu_institution"]),
            "europe": Column("boolean", "In Europe, as the tracker counts it"),
        },
        key=["donor"],
    ),
    "corrections": Table(
        "corrections",
        "Corrections to raw tables: what, why, and how many cells each must touch",
        {
            "source": Column("string", "Folder under data/raw"),
            "release": Column(**_optional_text, description="Release, where there are several"),
            "key": Column("string", "sub_activity_id or first key column; * for every row"),
            "column": Column("string", "Column to correct"),
            "from": Column(**_optional_text, description="Value found (empty = null)"),
            "to": Column(**_optional_text, description="Value put in its place (empty = null)"),
            "reason": Column("string", "Why"),
            "expect": Column("integer", "Number of cells it must change", minimum=1),
        },
        key=["source", "release", "key", "column", "from"],
    ),
}

_donor = Column("string", "Donor, in the project's spelling", register="donor")
_type = Column("string", "Type of aid", values=[*AID_TYPES, NOT_SPLIT])
_clean_month = Column("string", "Announcement month, or undated", pattern=_month)
_amounts = {
    "allocation_eur": Column("number", "Allocated value", required=False, **_eur_clean),
    "commitment_eur": Column("number", "Committed value", required=False, **_eur_clean),
}

CLEAN = {
    "activities": Table(
        "activities",
        "Aid activities, one spelling per donor, type, sub-type and item class",
        {
            "release": Column("integer", "Release", minimum=1),
            "row": _row,
            "activity_id": Column(**_optional_text, description="Tracker's activity id"),
            "sub_activity_id": Column(**_optional_text, description="Sub-activity id"),
            "donor": _donor,
            "date": Column(
                "string",
                "Announcement day, empty where upstream names none",
                required=False,
                pattern=ISO_DATE,
            ),
            "month": _clean_month,
            "aid_type": Column("string", "Type of aid", values=AID_TYPES),
            "aid_subtype": Column(**_optional_text, description="Specific type of aid"),
            "measure": Column("string", "Kind of the row", values=MEASURES),
            "reporting_currency": Column(**_optional_text, description="ISO 4217 code"),
            **_amounts,
            "item": Column(**_optional_text, description="Item name"),
            "item_type": Column(**_optional_text, description="Item class"),
            "item_sub_type": Column(**_optional_text, description="Item sub-class"),
            "item_count": Column(
                "number",
                "Number of items; empty where undisclosed or not given",
                unit="items",
                required=False,
                minimum=0,
                maximum=1e10,
            ),
            "item_count_undisclosed": Column("boolean", "Count said to be undisclosed"),
            "weapon_source": Column(**_optional_text, description="stocks or procurement"),
            "reconstruction_sector": Column(**_optional_text, description="Sector code"),
        },
        key=["row"],
    ),
    "donor_month": Table(
        "donor_month",
        "Allocations and commitments by donor, month and type",
        {
            "release": Column("integer", "Release", minimum=1),
            "donor": _donor,
            "month": _clean_month,
            "aid_type": _type,
            **_amounts,
        },
        key=["donor", "month", "aid_type"],
    ),
    "donor_totals": Table(
        "donor_totals",
        "Allocations and commitments by donor and type",
        {
            "release": Column("integer", "Release", minimum=1),
            "donor": _donor,
            "aid_type": _type,
            **_amounts,
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
    "donors": Table(
        "donors",
        "Who is who and since when: donors with their memberships",
        {
            "donor": Column("string", "Donor"),
            "iso3": Column(**_optional_text, description="ISO 3166-1 alpha-3"),
            "kind": Column("string", "What it is", values=["state", "eu_institution"]),
            "europe": Column("boolean", "In Europe, as the tracker counts it"),
            "nato_from": Column(
                "string",
                "NATO accession (1 January where only the year is published)",
                required=False,
                pattern=ISO_DATE,
            ),
            "eu_from": Column("string", "EU accession", required=False, pattern=ISO_DATE),
            "eu_to": Column("string", "EU exit", required=False, pattern=ISO_DATE),
        },
        key=["donor"],
    ),
    "rates": RAW["euro_rates"],
    "economy": RAW["outlook"],
    "population": RAW["population"],
}

_bn = {"unit": "bn EUR, nominal"}
RESULTS = {
    "donor_totals": Table(
        "donor_totals",
        "Aid by donor, type and measure, up to the cut-off of the variant",
        {
            "donor": _donor,
            "donor_group": Column("string", "Part of the partition of donors"),
            "aid_type": _type,
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "value_eur_bn": Column("number", "Value", **_bn),
            "release": Column("integer", "Release that the row comes from", minimum=1),
        },
        key=["donor", "aid_type", "measure"],
    ),
    "monthly": Table(
        "monthly",
        "Aid by announcement month, donor, type and measure, up to the cut-off",
        {
            "month": _clean_month,
            "donor": _donor,
            "donor_group": Column("string", "Part of the partition of donors"),
            "aid_type": _type,
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "value_eur_bn": Column("number", "Value", **_bn),
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
            "value_eur_bn": Column("number", "Total", required=False, **_bn),
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
    "claims": Table(
        "claims",
        "Every claim with its computed verdict",
        {
            "claim_id": Column("string", "Claim"),
            "locator": Column("string", "Paragraph of the article"),
            "verdict": Column("string", "Computed verdict"),
            "value": Column("number", "Computed value, literal reading", required=False),
            "low": Column("number", "Lowest admissible reading", required=False),
            "high": Column("number", "Highest admissible reading", required=False),
            "unit": Column("string", "Unit of value, low and high"),
            "asserted": Column("string", "What the article asserts, with the tolerance"),
            "reason": Column("string", "One sentence"),
            "figure": Column(**_optional_text, description="Figure that shows it"),
        },
        key=["claim_id"],
    ),
}
