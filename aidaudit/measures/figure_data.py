"""What figures plot: small tidy tables made from result tables.

Pure functions from results to the numbers in a chart; drawing is left to the notebooks.
"""

from __future__ import annotations

import pandas as pd

from aidaudit.data.vocabulary import AID_TYPES, UNDATED
from aidaudit.measures import money
from aidaudit.measures.donors import US, select
from nbtrail.base.errors import AuditError

EUROPE = "Europe"
# The last year before the full-scale invasion: what donors could have been thought to afford.
GDP_YEAR = 2021


def cumulative(allocations: pd.DataFrame, parts: list[str]) -> pd.DataFrame:
    """Cumulative sums by month (index, YYYY-MM, without gaps) and donor group (columns).

    allocations: rows of the monthly results, bn EUR. parts: the groups, in stacking order.
    Undated rows count from the first month on, as they count in every total: the last month
    is the sum of all.
    """
    undated = allocations["month"] == UNDATED
    first = allocations.loc[~undated, "month"].min()
    table = allocations.assign(month=allocations["month"].mask(undated, first)).pivot_table(
        index="month", columns="donor_group", values="value_eur_bn", aggfunc="sum"
    )
    every = pd.period_range(first, table.index.max(), freq="M").astype("str")
    return table.reindex(index=every, columns=parts).fillna(0).cumsum()


def ranking(
    allocations: pd.DataFrame, donors: pd.DataFrame, economy: pd.DataFrame, rates: pd.DataFrame
) -> pd.DataFrame:
    """Allocations by donor and type, in bn EUR and in % of GDP of 2021, largest first.

    allocations: rows of the donor totals, bn EUR. economy: NGDPD in bn US$ (scale 9), turned
    into euros at the ECB's average rate of the year. Returns one row per donor: the types,
    total, the types with suffix _percent, percent_of_gdp (null for donors without a GDP).
    """
    table = allocations.pivot_table(
        index="donor", columns="aid_type", values="value_eur_bn", aggfunc="sum", fill_value=0
    ).reindex(columns=AID_TYPES, fill_value=0)
    gdp = economy[(economy["concept"] == "NGDPD") & (economy["year"] == GDP_YEAR)]
    usd_bn = gdp.set_index("iso3")["value"]
    code = donors.set_index("donor")["iso3"]
    eur_bn = table.index.map(code).map(usd_bn) / money.year_average(rates, GDP_YEAR)
    table["total"] = table[AID_TYPES].sum(axis=1)
    for name in AID_TYPES:
        table[f"{name}_percent"] = table[name] / eur_bn * 100
    table["percent_of_gdp"] = table["total"] / eur_bn * 100
    # Equal totals fall back on the name, so that the order never depends on the machine.
    table.columns.name = None
    return table.sort_index().sort_values("total", ascending=False, kind="stable")


def donors_shown(ranking: pd.DataFrame, donors: pd.DataFrame) -> pd.DataFrame:
    """The ranking as text cells: donor, year of NATO accession, types, total, % of GDP."""
    since = ranking.index.map(donors.set_index("donor")["nato_from"]).str[:4]
    share = ranking["percent_of_gdp"]
    return pd.DataFrame(
        {
            "Donor": ranking.index,
            "NATO": pd.Series(since).fillna("–").to_numpy(),
            **{name: ranking[name].map("{:.2f}".format).to_numpy() for name in AID_TYPES},
            "Total": ranking["total"].map("{:.2f}".format).to_numpy(),
            "% of GDP": ["–" if pd.isna(value) else f"{value:.2f}" for value in share],
        }
    )


def mix(allocations: pd.DataFrame, parts: list[str], types: list[str]) -> pd.DataFrame:
    """Shares of each type in % and the total in bn EUR, by donor group and for all donors."""
    table = allocations.pivot_table(
        index="donor_group", columns="aid_type", values="value_eur_bn", aggfunc="sum"
    )
    table = table.reindex(index=[p for p in parts if p in table.index], columns=types).fillna(0)
    table.loc["All donors"] = table.sum()
    total = table.sum(axis=1)
    shares = table.div(total, axis=0) * 100
    shares.columns.name = None
    return shares.assign(total=total)


def macro(
    economy: pd.DataFrame, iso3: str, concepts: list[str], first: int, last: int
) -> pd.DataFrame:
    """Series of one country, from first to last year: concept, year, value, unit, status."""
    rows = economy[
        (economy["iso3"] == iso3)
        & economy["concept"].isin(concepts)
        & economy["year"].between(first, last)
    ]
    return rows[["concept", "year", "value", "unit", "status"]].reset_index(drop=True)


def two_sides(monthly: pd.DataFrame, donors: pd.DataFrame, first: str, on: str) -> pd.DataFrame:
    """Monthly allocations of the United States and of Europe, all aid and military aid.

    first: first month (YYYY-MM). Returns month, side, aid, value_eur_bn, every month present;
    undated rows left out. A month without an entry in the release counts as nothing
    allocated: releases list all.
    """
    rows = monthly[(monthly["measure"] == "allocation") & (monthly["month"] != UNDATED)]
    every = pd.period_range(first, on[:7], freq="M").astype("str")
    parts = []
    for side, group in ((US, "us"), (EUROPE, "europe")):
        own = select(rows, donors, group, on)
        for aid, chosen in (
            ("All aid", own),
            ("Military aid", own[own["aid_type"] == "Military"]),
        ):
            sums = chosen.groupby("month")["value_eur_bn"].sum().reindex(every, fill_value=0)
            part = sums.rename_axis("month").reset_index()
            parts.append(part.assign(side=side, aid=aid))
    return pd.concat(parts, ignore_index=True)[["month", "side", "aid", "value_eur_bn"]]


def before_and_after(sides: pd.DataFrame, since: str) -> pd.DataFrame:
    """Means per month before `since` (YYYY-MM) and from it on, by aid and side.

    Raises AuditError where there are no months on one side of it.
    """
    first, last = sides["month"].min(), sides["month"].max()
    if not first < since <= last:
        raise AuditError(
            "the parameter 'since' leaves no months before it, or none from it on.",
            found=since,
            expected=f"a month after {first} and up to {last}, the last month of the data",
        )
    when = sides["month"].lt(since).map({True: "before", False: "after"})
    table = sides.assign(when=when).pivot_table(
        index=["aid", "side"], columns="when", values="value_eur_bn", aggfunc="mean"
    )
    table.columns.name = None
    return table[["before", "after"]]
