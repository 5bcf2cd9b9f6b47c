"""Packages of aid as parliaments and institutions decided them."""

from __future__ import annotations

from aidaudit.data.tables.common import OPTIONAL_TEXT, ROW, SEEN_IN, SEEN_IN_TOO
from nbtrail.base.schema import ISO_DATE, Column, Table

_USD_BN = {"unit": "bn US$, nominal", "minimum": 0, "maximum": 500}
_USD_M = {"unit": "million US$, nominal", "minimum": 0, "maximum": 20_000}
_LAW = Column("string", "Public law and division, or the acts summed")
_PAGE = Column(**OPTIONAL_TEXT, description="Page in which the row was seen, empty if derived")

RAW = {
    "us_acts": Table(
        "us_acts",
        "Supplemental appropriation acts of the United States for the response to the war, and "
        "published sums of several; never to be added up with their sums",
        {
            "law": _LAW,
            "kind": Column("string", "One act, or a sum of acts", values=["act", "sum"]),
            "enacted": Column("string", "Day", required=False, pattern=ISO_DATE),
            "total_usd_bn": Column("number", "Appropriated in all", **_USD_BN),
            "derived": Column("boolean", "Computed from other published totals"),
            "seen_in": _PAGE,
            "seen_in_too": SEEN_IN_TOO,
        },
        key=["law"],
    ),
    "us_accounts": Table(
        "us_accounts",
        "Items of the acts as press and reports name them: totals, groupings and parts of them "
        "side by side, so that a plain sum counts amounts twice",
        {
            "row": ROW,
            "law": _LAW,
            "category": Column("string", "Kind of aid"),
            "item": Column("string", "Account or group of accounts"),
            "usd_bn": Column("number", "Amount", **_USD_BN),
            "seen_in": Column("string", "Page or repository in which the row was seen"),
            "seen_in_too": SEEN_IN_TOO,
        },
        key=["row"],
    ),
    "act_of_may_2022": Table(
        "act_of_may_2022",
        "Public Law 117-128 by account; about 0.2 bn US$ of it are not in the list",
        {
            "row": ROW,
            "heading": Column("string", "Department or group of accounts"),
            "section": Column("string", "Section of the heading"),
            "account": Column("string", "Account"),
            "usd_m": Column("number", "Appropriated", **_USD_M),
        },
        key=["row"],
    ),
    "us_counted": Table(
        "us_counted",
        "Which items of the act of March 2022 a tracker counts as aid to Ukraine",
        {
            "row": ROW,
            "law": _LAW,
            "counted": Column("string", "yes, no, or the printed sum of those counted"),
            "item": Column("string", "Item"),
            "usd_bn": Column("number", "Amount", **_USD_BN),
            "seen_in": SEEN_IN,
        },
        key=["row"],
    ),
    "us_memoranda": Table(
        "us_memoranda",
        "Presidential memoranda on drawdowns for Ukraine: ceilings, not deliveries",
        {
            "row": ROW,
            "date": Column("string", "Day of the memorandum", pattern=ISO_DATE),
            "usd_m": Column("number", "Under section 506(a)(1)", required=False, **_USD_M),
            "sha256": Column("string", "Of the memorandum's text", pattern="^[0-9a-f]{64}$"),
            "seen_in": SEEN_IN,
        },
        key=["row"],
    ),
    "us_drawdowns": Table(
        "us_drawdowns",
        "Drawdown packages as a list of the embassy numbers them, from the second one on",
        {
            "package": Column("integer", "Number of the package", minimum=1, maximum=200),
            "date": Column("string", "Day on the list", pattern=ISO_DATE),
            "usd_m": Column("number", "Amount on the list", **_USD_M),
            "memorandum": Column(
                "string",
                "Day of the memorandum within six days",
                required=False,
                pattern=ISO_DATE,
            ),
            "memorandum_usd_m": Column("number", "Its amount", required=False, **_USD_M),
            "seen_in": SEEN_IN,
        },
        key=["package"],
    ),
    "eu_assistance": Table(
        "eu_assistance",
        "Loans and grants of the EU to Ukraine by event; amounts of one instrument recur from "
        "its proposal to its payments",
        {
            "row": ROW,
            "instrument": Column("string", "Instrument, with the year of its start"),
            "event": Column("string", "What happened"),
            "date": Column(
                "string",
                "Day, month or year, as far as known",
                required=False,
                pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$",
            ),
            "eur_bn": Column(
                "number", "Amount", unit="bn EUR, nominal", minimum=0, maximum=100
            ),
            "derived": Column("boolean", "Computed from other rows"),
            "seen_in": _PAGE,
            "seen_in_too": SEEN_IN_TOO,
        },
        key=["row"],
    ),
}
