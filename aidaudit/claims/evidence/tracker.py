"""Tests of claims on what the tracker counts besides aid: stocks, procurement, refugees."""

from __future__ import annotations

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence, NotTestable


@test
def smallest_ratio_of_stocks(data: Data) -> Evidence:
    """Russia's stock before the war over Ukraine's, smallest over the classes of the table.

    A class that Ukraine had none of has no ratio and is left out.
    """
    table = data.tables["stocks_before_war"].pivot_table(
        index="weapon_class", columns="side", values="item_count", aggfunc="sum"
    )
    table = table[(table["Ukraine"] > 0) & table["Russia"].notna()]
    if table.empty:
        raise NotTestable("No class of weapons has a stock of both sides.")
    ratio = (table["Russia"] / table["Ukraine"]).sort_values(kind="stable")
    each = ", ".join(
        f"{name} {table.at[name, 'Russia']:,.0f} against {table.at[name, 'Ukraine']:,.0f}"
        for name in ratio.index
    )
    flying = table.index.str.contains("aircraft|helicopter|jet", case=False).any()
    caveat = None if flying else "the open table does not count aircraft, which the claim names"
    return Evidence(
        {"classes with a stock of both sides": float(ratio.iloc[0])},
        f"Russia had at least {ratio.iloc[0]:.1f} times as many in every class (Russia against "
        f"Ukraine in 2021: {each})" + (f"; {caveat}." if caveat else "."),
        caveat=caveat,
    )


@test
def share_procured(data: Data, months: int, shorter: int) -> Evidence:
    """Procurement in military aid from stocks and procurement, last `months`, in per cent.

    Aid that is said to come from neither is left out. Readings also count purchases through
    NATO's list, and the last `shorter` months.
    """
    table = data.tables["procurement"].sort_values(["year", "month"], kind="stable")
    if len(table) < months:
        raise NotTestable(f"The table has {len(table)} months, and {months} are needed.")

    def share(last: int, purl: bool) -> float:
        sums = table.tail(last).sum(numeric_only=True)
        bought = sums["procurement_eur_bn"] + (sums["nato_purl_eur_bn"] if purl else 0)
        known = bought + sums["stockpile_eur_bn"]
        if known <= 0:
            raise NotTestable(f"No origin is known for the last {last} months.")
        return float(bought / known * 100)

    readings = {
        f"last {last} months, {words} NATO's list": share(last, purl)
        for last in (months, shorter)
        for purl, words in ((False, "without"), (True, "with"))
    }
    ends = table.iloc[-1]
    sums = table.tail(months).sum(numeric_only=True)
    bought, stock = sums["procurement_eur_bn"], sums["stockpile_eur_bn"]
    unknown = sums["unspecified_eur_bn"]
    return Evidence(
        readings,
        f"In the {months} months to {int(ends['year'])}-{int(ends['month']):02d}, "
        f"{bought:.1f} bn EUR of military aid were bought and {stock:.1f} came from stocks, a "
        f"share bought of "
        f"{share(months, False):.0f} %; {sums['nato_purl_eur_bn']:.1f} bn more went through "
        f"NATO's list, and for {unknown:.1f} the origin is not said (were all of that from "
        f"stocks, {bought / (bought + stock + unknown) * 100:.0f} % would be bought).",
    )
