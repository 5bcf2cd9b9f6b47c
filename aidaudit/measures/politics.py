"""Burden, governance, opinion and incidents: what their figures draw and their claims ask.

Everything here is arithmetic on published series; no model, no interpolation.
"""

from __future__ import annotations

import math

import pandas as pd

OTHERS, ALL = "NATO_EUR_CAN", "NATO_TOTAL"
US = "USA"
GUIDELINE = 2.0  # % of GDP
# Standard errors either side of an estimate: 90 per cent, as Transparency International has
# it, and five per cent one-sided, as the claims on corruption ask.
CRITICAL = 1.64


def burden(spending: pd.DataFrame) -> pd.DataFrame:
    """Defence spending of the United States and of all other allies, by year.

    spending: clean table of defence spending (member, year, status, share_gdp in % of GDP,
    usd_m in million US$, current prices). Returns a frame by year with

    - us_usd_bn, others_usd_bn: the United States; the publisher's aggregate of Europe and
      Canada, which counts the allies of each year.
    - us_share, others_share: % of these two together, so that they add up to 100.
    - others_share_same: the same with the same states in all years, all those in the table;
      four of them joined after 2014, so that others_share rises by their joining too.
    - us_gdp, others_gdp: % of GDP.
    - at_guideline, states: states at two per cent or more, and all those in the table.
    - status: actual, or estimate where the publisher marks any of the year's values so.
    """
    usd = spending.pivot(index="year", columns="member", values="usd_m") / 1000
    of_gdp = spending.pivot(index="year", columns="member", values="share_gdp")
    states = of_gdp.columns.difference([OTHERS, ALL])
    both = usd[US] + usd[OTHERS]
    # min_count: a year without every state would have a smaller sum for no other reason.
    same = usd[states].sum(axis=1, min_count=len(states))
    estimated = spending["status"].ne("actual").groupby(spending["year"]).any()
    return pd.DataFrame(
        {
            "us_usd_bn": usd[US],
            "others_usd_bn": usd[OTHERS],
            "us_share": 100 * usd[US] / both,
            "others_share": 100 * usd[OTHERS] / both,
            "others_share_same": 100 * (same - usd[US]) / same,
            "us_gdp": of_gdp[US],
            "others_gdp": of_gdp[OTHERS],
            "at_guideline": (of_gdp[states] >= GUIDELINE).sum(axis=1),
            "states": of_gdp[states].notna().sum(axis=1),
            "status": estimated.map({True: "estimate", False: "actual"}),
        }
    )


def change_in_errors(series: pd.DataFrame, value: str, first: int, last: int) -> float:
    """The change of a series between two years over its standard error.

    series: indexed by year, with `value` and standard_error in the same unit. The errors of
    the two years are taken as independent, which is careful where sources overlap: their
    errors are then alike, and the change would be more certain than this says.
    """
    change = series.at[last, value] - series.at[first, value]
    errors = series.loc[[first, last], "standard_error"]
    return float(change / math.sqrt((errors**2).sum()))


def of_country(table: pd.DataFrame, iso3: str) -> pd.DataFrame:
    """The rows of one country, indexed by year."""
    return table[table["iso3"] == iso3].set_index("year").sort_index()


def of_respondents(polls: pd.DataFrame) -> pd.Series:
    """Support in % of all respondents.

    A poll that asked only those who would take part is scaled by their share where it says
    so; those who would not take part then count as not for joining.
    """
    return polls["support"] * polls["would_vote"].fillna(100) / 100


def last_polls(polls: pd.DataFrame, until: str) -> pd.DataFrame:
    """The last poll of each pollster that ended up to a day, the longest series first.

    polls: clean table of polls. until: ISO date. Returns its rows with `respondents`, support
    in % of all respondents, and `polls`, the number of polls of the same pollster up to then.
    A month counts as its text: '2024-12' and '2025-02' both come before '2025-02-28'.
    """
    before = polls[polls["to"] <= until]
    last = before.sort_values(["to", "from"], kind="stable").groupby("pollster").tail(1)
    count = before.groupby("pollster").size()
    last = last.assign(respondents=of_respondents(last), polls=last["pollster"].map(count))
    return last.sort_values(["polls", "pollster"], ascending=[False, True], kind="stable")


def agreements_by(agreements: pd.DataFrame, until: str) -> pd.DataFrame:
    """First agreement of each partner signed up to a day (ISO date), by day, and `place`.

    A partner's second instrument, such as the British one of a hundred years, does not count
    again. place: 1 for the first that was signed, and so on.
    """
    signed = agreements[agreements["signed"] <= until]
    signed = signed.sort_values(["signed", "partner"], kind="stable")
    signed = signed.drop_duplicates("iso3").reset_index(drop=True)
    return signed.assign(place=signed.index + 1)


def agreements_shown(agreements: pd.DataFrame, named: list[str]) -> pd.DataFrame:
    """The agreements as the report's table shows them, text cells only.

    agreements: as from `agreements_by`. named: ISO codes of the partners that the article
    names. A duration that no page states is a dash; of a page the site is shown.
    """
    pages = agreements[["seen_in", "seen_in_too"]].apply(
        lambda page: page.str.split("/").str[0]
    )
    return pd.DataFrame(
        {
            "Partner": agreements["partner"],
            "Named": agreements["iso3"].isin(named).map({True: "yes", False: "–"}),
            "Signed": agreements["signed"],
            "Years": agreements["years"].map("{:.0f}".format, na_action="ignore").fillna("–"),
            "Pages": agreements["dated_sources"].astype("str"),
            "List": agreements["listed"].map({True: "yes", False: "no"}),
            "Seen in": pages.agg(lambda page: ", ".join(dict.fromkeys(page.dropna())), axis=1),
        }
    )


def repeated(counts: pd.Series, since: int, until: int, least: int = 2) -> float:
    """Share (in %) of the years from `since` to `until` with at least `least` incidents.

    counts: incidents by year; a year that the collection does not name has none.
    """
    years = range(since, until + 1)
    return 100 * sum(counts.get(year, 0) >= least for year in years) / len(years)


def midpoint(first: pd.Series, last: pd.Series) -> pd.Series:
    """The middle of the fieldwork as a time stamp; a month begins and ends at its middle."""
    begin, end = (
        pd.to_datetime(day.where(day.str.len() > 7, day + "-15")) for day in (first, last)
    )
    return begin + (end - begin) / 2
