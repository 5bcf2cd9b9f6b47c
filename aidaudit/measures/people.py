"""Refugees and displaced persons: year-ends, last records, and how many per inhabitant.

Counts are as UNHCR, IDMC and Eurostat publish them; nothing is filled in between records.
What the counts are held against is left to `evidence`.
"""

from __future__ import annotations

import pandas as pd

MILLION = 1e6
RUSSIA = "RUS"
# UNHCR's names that are too long for an axis.
SHORT = {
    "Czech Republic": "Czechia",
    "Republic of Moldova": "Moldova",
    "Russian Federation": "Russia",
}


def last_year_end(day: str) -> int:
    """The last year that was over on a day (ISO date): 2025-02-28 → 2024, 2024-12-31 → 2024."""
    year = int(day[:4])
    return year if day[5:] == "12-31" else year - 1


def month_before(month: str) -> str:
    """The month before a month (YYYY-MM)."""
    return str(pd.Period(month, freq="M") - 1)


def year_ends(refugees: pd.DataFrame, displaced: pd.DataFrame) -> pd.DataFrame:
    """Millions of persons at the end of each year: abroad, in_russia (part of it), within.

    refugees: iso3, year, refugees (UNHCR). displaced: year, displaced (IDMC). One row per
    year (index) of the first table. A year without a row is null in in_russia and within:
    null is not zero.
    """
    abroad = refugees.groupby("year")["refugees"].sum()
    russia = refugees[refugees["iso3"] == RUSSIA].set_index("year")["refugees"]
    within = displaced.set_index("year")["displaced"]
    table = pd.DataFrame({"abroad": abroad, "in_russia": russia, "within": within})
    return table.reindex(abroad.index).astype("float64") / MILLION


def last_records(recorded: pd.DataFrame, until: str, since: str | None = None) -> pd.DataFrame:
    """The last record of each host up to a month, both ends included (YYYY-MM).

    recorded: iso3, country, month, refugees. since: hosts without a record from this month
    on are left out. Returns the rows that are chosen, one per host, by iso3.
    """
    rows = recorded[recorded["month"] <= until]
    if since is not None:
        rows = rows[rows["month"] >= since]
    last = rows.sort_values(["iso3", "month"], kind="stable").groupby("iso3").tail(1)
    return last.reset_index(drop=True)


def per_thousand(records: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Records with population_year, population and refugees per_thousand inhabitants.

    records: iso3, month, refugees. population: iso3, year, population (World Bank, mid-year).
    The population is that of the record's year, or the last one before it that is published;
    hosts without any are left out.
    """
    years = records.assign(year=records["month"].str[:4].astype("int64"))
    known = population.rename(columns={"year": "population_year"})
    known = known.assign(year=known["population_year"].astype("int64"))
    joined = pd.merge_asof(
        years.sort_values("year", kind="stable"),
        known.sort_values("year", kind="stable"),
        on="year",
        by="iso3",
    ).dropna(subset="population")
    joined["per_thousand"] = joined["refugees"] / joined["population"] * 1000
    return joined.drop(columns="year").sort_values("iso3", kind="stable").reset_index(drop=True)


def ranking(
    recorded: pd.DataFrame,
    population: pd.DataFrame,
    until: str,
    since: str,
    at_least: int,
) -> pd.DataFrame:
    """Hosts by refugees per 1,000 inhabitants, the largest first, with their rank from 1.

    until, since: as in `last_records`. at_least: hosts with fewer refugees are left out,
    since a handful of persons makes a rate of a small state. Columns as in `per_thousand`,
    country shortened.
    """
    last = last_records(recorded, until, since)
    table = per_thousand(last[last["refugees"] >= at_least], population)
    # Equal rates fall back on the code, so that the order never depends on the machine.
    table = table.sort_values("per_thousand", ascending=False, kind="stable")
    table = table.assign(country=table["country"].replace(SHORT), rank=range(1, len(table) + 1))
    return table.reset_index(drop=True)


def pieces(recorded: pd.DataFrame, hosts: list[str], breaks: str, resumes: str) -> pd.DataFrame:
    """Records of some hosts before and after the change of definition, to draw apart.

    recorded: iso3, month, refugees. breaks: first month of the change (YYYY-MM). resumes:
    first month after it. Months of the change itself are left out. Adds piece (before, after).
    """
    rows = recorded[recorded["iso3"].isin(hosts)]
    outside = (rows["month"] < breaks) | (rows["month"] >= resumes)
    rows = rows[outside]
    piece = (rows["month"] < breaks).map({True: "before", False: "after"})
    return rows.assign(piece=piece).sort_values(["iso3", "month"], kind="stable")


def quoted(press: pd.DataFrame, hosts: list[str], first: str, last: str) -> pd.DataFrame:
    """Points that the press quotes as recorded in some hosts, from month to month (YYYY-MM).

    press: iso3, date, measure, persons. Arrivals and registrations are other measures than
    the records and are left out.
    """
    month = press["date"].str[:7]
    chosen = (
        press["iso3"].isin(hosts)
        & press["measure"].str.startswith("recorded")
        & (month >= first)
        & (month <= last)
    )
    return press[chosen].reset_index(drop=True)


def arrivals(press: pd.DataFrame) -> pd.Series:
    """Arrivals at the border that the press quotes: persons by host; the last day of each."""
    rows = press[press["measure"] == "border arrivals"].sort_values("date", kind="stable")
    return rows.groupby("iso3")["persons"].last()
