"""Tables that the Ukraine Support Tracker publishes beside its activities and totals."""

from __future__ import annotations

from aidaudit.data.tables.common import (
    DONOR,
    EUR,
    EUR_BN,
    MONTH_OR_UNDATED,
    OPTIONAL_TEXT,
    ROW,
    SEEN_IN,
    YEAR,
)
from nbtrail.base.schema import ISO_DATE, MONTH, Column, Table

_SPELT = Column("string", "Donor, as spelt upstream")
_CALENDAR_MONTH = Column("integer", "Calendar month", minimum=1, maximum=12)
_ITEMS = {"unit": "items", "minimum": 0, "maximum": 1e6}
_SHARE = {"unit": "share of the stock", "required": False, "minimum": 0, "maximum": 1}

_OVER_TIME = {
    "month": Column("string", "Announcement month", pattern=MONTH),
    "us_eur_bn": Column("number", "Allocations of the United States", **EUR_BN),
    "europe_eur_bn": Column("number", "Allocations of Europe, EU institutions too", **EUR_BN),
    "allocation_eur_bn": Column("number", "Allocations of all donors", **EUR_BN),
    "financial_eur_bn": Column("number", "Financial allocations", **EUR_BN),
    "humanitarian_eur_bn": Column("number", "Humanitarian allocations", **EUR_BN),
    "military_eur_bn": Column("number", "Military allocations", **EUR_BN),
    "commitment_eur_bn": Column("number", "Commitments of all donors", **EUR_BN),
}


def _by_donor(name: str, description: str, columns: dict[str, Column], more: list[str]) -> dict:
    """Raw and clean table of one shape: only the donor's spelling differs."""
    return {
        kind: Table(name, description, {"donor": donor, **columns}, key=["donor", *more])
        for kind, donor in (("raw", _SPELT), ("clean", DONOR))
    }


_BY_DONOR = {
    "refugee_costs": _by_donor(
        "refugee_costs",
        "Costs of hosting refugees from Ukraine since the full-scale invasion, estimated by "
        "the tracker; 0 also where it makes no estimate (donors outside Europe)",
        {"refugee_costs_eur_bn": Column("number", "Estimated costs", **EUR_BN)},
        [],
    ),
    "budget_support": _by_donor(
        "budget_support",
        "Loans, grants and guarantees to Ukraine's budget: allocated and disbursed",
        {
            "allocation_eur_bn": Column("number", "Allocated", **EUR_BN),
            "disbursement_eur_bn": Column("number", "Disbursed", **EUR_BN),
        },
        [],
    ),
    "stocks_pledged": _by_donor(
        "stocks_pledged",
        "Heavy weapons pledged to Ukraine as a share of the donor's stock before the war",
        {
            "average": Column("number", "Mean over the tracker's classes", **_SHARE),
            "delivered": Column("number", "Mean over the classes, delivered part", **_SHARE),
            "tanks": Column("number", "Main battle tanks", **_SHARE),
            "howitzers": Column("number", "Howitzers of 152 and 155 mm", **_SHARE),
            "rocket_launchers": Column("number", "Multiple rocket launchers", **_SHARE),
        },
        [],
    ),
    "disbursements": _by_donor(
        "disbursements",
        "Budget support disbursed, by month",
        {
            "year": YEAR,
            "month": _CALENDAR_MONTH,
            "disbursement_eur_bn": Column(
                "number",
                "Disbursed; two entries are negative, as published",
                unit="bn EUR, nominal",
            ),
        },
        ["year", "month"],
    ),
    "heavy_weapons": _by_donor(
        "heavy_weapons",
        "Heavy weapons allocated to Ukraine, by class",
        {
            "weapon_class": Column("string", "Class of weapons, as published"),
            "item_count": Column("integer", "Number of weapons", **_ITEMS),
            "allocation_eur": Column("number", "Value", **EUR),
        },
        ["weapon_class"],
    ),
    "eu_shares": _by_donor(
        "eu_shares",
        "What a member state's share in the aid of the EU institutions amounts to",
        {
            "bilateral_percent": Column("number", "Bilateral allocations", unit="% of GDP"),
            "eu_share_percent": Column("number", "Share in EU aid", unit="% of GDP"),
            "eu_share_eur_bn": Column("number", "Share in EU aid", **EUR_BN),
        },
        [],
    ),
}

RAW = {
    "published_totals": Table(
        "published_totals",
        "Totals of the tracker as the institute and the press printed them",
        {
            "row": ROW,
            "cut_off": Column("string", "Last day of the release", pattern=ISO_DATE),
            "measure": Column("string", "What is counted, as quoted"),
            "scope": Column("string", "Who gave it, as quoted"),
            "aid_type": Column("string", "Kind of aid, as quoted"),
            "value_eur_bn": Column("number", "Total as printed, rounded there", **EUR_BN),
            "seen_in": SEEN_IN,
            "seen_in_too": Column("string", "Another page", required=False),
        },
        key=["row"],
    ),
    "commitments": Table(
        "commitments",
        "Commitments of a release that does not yet know allocations, one row per activity "
        "with a value",
        {
            "row": ROW,
            "activity_id": Column("string", "Tracker's activity id"),
            "donor": _SPELT,
            "announcement_date": Column(
                **OPTIONAL_TEXT,
                description="Announcement date: ISO where upstream has a date, else its words",
            ),
            "aid_type": Column("string", "Type of aid, as spelt upstream"),
            "reporting_currency": Column(
                **OPTIONAL_TEXT, description="ISO 4217 code of the donor's own figure"
            ),
            "commitment_eur": Column("number", "Committed value", **EUR),
        },
        key=["row"],
    ),
    "allocations_over_time": Table(
        "allocations_over_time",
        "Allocations by month, of all donors, the United States and Europe",
        _OVER_TIME,
        key=["month"],
    ),
    "stocks_before_war": Table(
        "stocks_before_war",
        "Heavy weapons of Russia and Ukraine in 2021, as the tracker quotes The Military "
        "Balance 2022 of the International Institute for Strategic Studies",
        {
            "side": Column("string", "Whose stock", values=["Russia", "Ukraine"]),
            "weapon_class": Column("string", "Class of weapons, as published"),
            "item_count": Column("integer", "Number of weapons", **_ITEMS),
            "seen_in": Column("string", "Source that the tracker names"),
        },
        key=["side", "weapon_class"],
    ),
    "procurement": Table(
        "procurement",
        "Military allocations by month and by where the weapons come from",
        {
            "year": YEAR,
            "month": _CALENDAR_MONTH,
            "stockpile_eur_bn": Column("number", "From the donors' stocks", **EUR_BN),
            "procurement_eur_bn": Column("number", "Bought", **EUR_BN),
            "unspecified_eur_bn": Column("number", "Neither said to be", **EUR_BN),
            "nato_purl_eur_bn": Column(
                "number",
                "Bought in the United States through NATO's Prioritised Ukraine "
                "Requirements List",
                **EUR_BN,
            ),
        },
        key=["year", "month"],
    ),
    "release_dates": Table(
        "release_dates",
        "Days on which releases of the tracker were published, and how each is known",
        {
            "release": Column("integer", "Release", minimum=1),
            "number_printed": Column(
                "boolean",
                "A page or file names the number; otherwise it follows from the order",
            ),
            "cut_off": Column("string", "Last day covered", pattern=ISO_DATE),
            "published": Column(
                "string",
                "Day of publication, or its month where no more is known",
                required=False,
                pattern=r"^20[0-9]{2}-[0-9]{2}(-[0-9]{2})?$",
            ),
            "basis": Column(
                "string",
                "How it is known: printed with the release, from a dated copy of it, inferred "
                "from what was announced before, or unknown",
                values=["printed", "dated copy", "inferred", "unknown"],
            ),
            "seen_in": SEEN_IN,
            "seen_in_too": Column(
                "string", "Another page in which it was seen", required=False
            ),
        },
        key=["release"],
    ),
    **{name: tables["raw"] for name, tables in _BY_DONOR.items()},
}

CLEAN = {
    "commitments": Table(
        "commitments",
        "Commitments of a release that does not yet know allocations",
        {
            "release": Column("integer", "Release", minimum=1),
            "row": ROW,
            "activity_id": Column("string", "Tracker's activity id"),
            "donor": DONOR,
            "date": Column(
                "string",
                "Announcement day, empty where upstream names none",
                required=False,
                pattern=ISO_DATE,
            ),
            "month": Column(
                "string", "Announcement month, or undated", pattern=MONTH_OR_UNDATED
            ),
            "aid_type": RAW["commitments"].columns["aid_type"],
            "reporting_currency": RAW["commitments"].columns["reporting_currency"],
            "commitment_eur": RAW["commitments"].columns["commitment_eur"],
        },
        key=["row"],
    ),
    "allocations_over_time": Table(
        "allocations_over_time",
        "Allocations by month, as two releases without dated rows saw them",
        {"release": Column("integer", "Release", minimum=1), **_OVER_TIME},
        key=["release", "month"],
    ),
    **{name: tables["clean"] for name, tables in _BY_DONOR.items()},
}
