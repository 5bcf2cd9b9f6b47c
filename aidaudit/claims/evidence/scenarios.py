"""Tests of claims on what support could cost."""

from __future__ import annotations

import pandas as pd

from aidaudit import layout
from aidaudit.claims.evidence.aid import BASES
from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence
from aidaudit.measures import aggregate, scenarios
from aidaudit.measures.donors import GROUPS


@test
def replacement_cost(
    data: Data, release: int, groups: list[str], since: str, gdp_year: int
) -> Evidence:
    """US allocations a year before a month, in % of the GDP of European donors.

    release: Kiel release with months. groups: who counts as European, the literal one first.
    since: first month (YYYY-MM) that no longer counts. gdp_year: year of the GDP.
    """
    activities = data.tables[layout.KIEL + f"{release:02d}"]
    rows = aggregate.by_measure(activities, ["allocation"])
    economies = scenarios.Economies.of(
        data.tables["economy"], data.donors, data.tables["rates"], gdp_year
    )
    last = str(pd.Period(since, "M") - 1)
    given = {
        base: scenarios.us_per_year(rows, data.donors, first, last)
        for base, first in BASES.items()
    }
    gdp = {name: economies.of_side(name, data.claim_date) for name in groups}
    readings = {
        f"{GROUPS[name].label}, {base}": value / gdp[name] * 100
        for name in groups
        for base, value in given.items()
    }
    literal = next(iter(given.values()))
    return Evidence(
        readings,
        f"The United States allocated {literal:.1f} bn EUR a year before {since}; the GDP of "
        f"{GROUPS[groups[0]].phrase} was {gdp[groups[0]] / 1000:.1f} trillion EUR in "
        f"{gdp_year}. What the money buys, and whether arms could be had, is another question.",
    )
