"""How results depend on definitions: specifications, revisions, scenarios."""

from __future__ import annotations

from aidaudit.data.vocabulary import MEASURES
from nbtrail.base.schema import ISO_DATE, MONTH, Column, Table

# The endings of config/scenarios.yaml; each has two result tables.
SCENARIOS = ("ceasefire", "attrition", "involvement", "collapse")

_RANGE = {
    "low": Column("number", "5th percentile of the draws"),
    "median": Column("number", "Median of the draws"),
    "high": Column("number", "95th percentile of the draws"),
}


def _of_scenario(name: str) -> dict[str, Table]:
    return {
        f"scenario_{name}": Table(
            f"scenario_{name}",
            "What a scenario costs whom, with the range of the draws",
            {
                "scenario": Column("string", "Scenario"),
                "side": Column("string", "Donor group or donor; all = all that pay"),
                "aid": Column("string", "Types", values=["All aid", "Military", "Other"]),
                "quantity": Column("string", "total, per_year, percent_of_gdp, short_of_need"),
                "unit": Column("string", "Unit of the three values"),
                **_RANGE,
            },
            key=["scenario", "side", "aid", "quantity"],
        ),
        f"scenario_paths_{name}": Table(
            f"scenario_paths_{name}",
            "Aid by quarter: what was given, and a scenario's path",
            {
                "scenario": Column("string", "Scenario"),
                "kind": Column("string", "What it is", values=["history", "path"]),
                "place": Column("integer", "Quarter; 1 is the first one of the path"),
                "quarter": Column("string", "Calendar quarter, or +n of the path"),
                "side": Column("string", "Donor group or donor; all = all that pay"),
                **_RANGE,
            },
            key=["scenario", "kind", "place", "side"],
        ),
    }


RAW: dict[str, Table] = {}
CLEAN: dict[str, Table] = {}
_SHARE = {"unit": "% of the fall of US aid", "required": False}
RESULTS: dict[str, Table] = {
    "switch": Table(
        "switch",
        "How much of the fall of US aid in 2025 others made up, by last month counted",
        {
            "end_month": Column("string", "Last month counted", pattern=MONTH),
            "aid": Column("string", "Types of aid", values=["All aid", "Military"]),
            "donors": Column("string", "Donor group that may have made up"),
            "share": Column("number", "Rise per month over the US fall per month", **_SHARE),
            "low": Column("number", "Lower end of the bootstrap's interval", **_SHARE),
            "high": Column("number", "Upper end; empty = without bound", **_SHARE),
        },
        key=["end_month", "aid", "donors"],
    ),
    "specifications": Table(
        "specifications",
        "The headline total under every admissible combination of choices",
        {
            "release": Column("integer", "Kiel release", minimum=1),
            "cut_off": Column("string", "Last day counted", pattern=ISO_DATE),
            "donors": Column("string", "Donor group: all, nato, nato_eu, european_nato"),
            "membership": Column(
                "string",
                "Allies counted from accession on (dated), or all of them (present)",
                values=["dated", "present"],
            ),
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "aid_types": Column("string", "Types of aid that are counted, joined by ' + '"),
            "refugee_costs": Column("string", "Refugee costs in or out", values=["in", "out"]),
            "fx_method": Column("string", "How euros become US dollars"),
            "prices": Column("string", "Prices", values=["nominal", "constant"]),
            "value_usd_bn": Column("number", "Total", unit="bn US$", minimum=0),
        },
        key=[
            "release",
            "cut_off",
            "donors",
            "membership",
            "measure",
            "aid_types",
            "refugee_costs",
            "fx_method",
            "prices",
        ],
    ),
    "origin_of_total": Table(
        "origin_of_total",
        "Combinations of choices, and which of them print as a quoted total",
        {
            "rank": Column(
                "integer",
                "Place among those that print as the quoted total: fewest departures, then "
                "nearest; null for all others",
                required=False,
                minimum=1,
            ),
            "release": Column("integer", "Kiel release", minimum=1),
            "published": Column(
                "string", "Day or month of its publication, where known", required=False
            ),
            "existed_at_article_date": Column(
                "boolean", "Whether it existed on the quoted total's date", required=False
            ),
            "standing": Column(
                "string",
                "What the release was on the quoted total's date",
                values=["newest", "older", "not yet published", "unknown"],
            ),
            "cut_off": Column("string", "Last day counted", pattern=ISO_DATE),
            "donors": Column("string", "Donor group"),
            "measure": Column("string", "allocation or commitment", values=MEASURES),
            "refugee_costs": Column("string", "Refugee costs in or out", values=["in", "out"]),
            "fx_method": Column("string", "How euros become US dollars, or another_day"),
            "rate_date": Column(
                "string",
                "Day of the rate, where it is that of a day",
                required=False,
                pattern=ISO_DATE,
            ),
            "value_eur_bn": Column("number", "Total", unit="bn EUR, nominal", minimum=0),
            "usd_per_eur": Column("number", "Rate", unit="US$ per EUR", required=False),
            "value_usd_bn": Column(
                "number",
                "Total; null where the day of its rate is not known",
                unit="bn US$",
                required=False,
                minimum=0,
            ),
            "prints_as": Column("number", "Total, rounded", unit="bn US$", required=False),
            "departures": Column("integer", "Departures", unit="count", minimum=0, maximum=5),
            "departs_in": Column("string", "Choices that depart", required=False),
        },
        key=[
            "release",
            "cut_off",
            "donors",
            "measure",
            "refugee_costs",
            "fx_method",
            "rate_date",
        ],
    ),
    "origin_counts": Table(
        "origin_counts",
        "How many combinations print as each total around the quoted one",
        {
            "prints_as": Column("number", "Total, rounded", unit="bn US$"),
            "combinations": Column("integer", "All of them", unit="count", minimum=0),
            "at_named_rates": Column(
                "integer", "Of which at a named rate, not at that of any day", unit="count"
            ),
            "up_to_one_departure": Column(
                "integer", "Of which with one departure at most", unit="count"
            ),
            "fewest_departures": Column(
                "integer",
                "Fewest departures; null where there is no combination",
                unit="count",
                required=False,
            ),
        },
        key=["prints_as"],
    ),
    **{table: made for name in SCENARIOS for table, made in _of_scenario(name).items()},
}
