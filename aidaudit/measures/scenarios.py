"""The article's endings as paths of aid: quarters of the past, drawn again under conditions.

A scenario says who pays, which of their quarters may come again, for how long, and how aid
tapers. Ranges come from a bootstrap of those quarters with a fixed seed: they say how much
the past varied, not how likely an ending is. Parameters stand in config/scenarios.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from aidaudit.data.vocabulary import UNDATED
from aidaudit.measures import money
from aidaudit.measures.donors import GROUPS, US, select
from nbtrail.base.errors import AuditError, nearest

MILITARY, OTHER, ALL_AID = "Military", "Other", "All aid"
ALL_SIDES = "all"
QUARTERS_A_YEAR = 4
LOW, HIGH = 0.05, 0.95


def of_side(table: pd.DataFrame, donors: pd.DataFrame, side: str, on: str) -> pd.DataFrame:
    """The rows of a donor group, or of one donor. Raises AuditError for neither."""
    if side in GROUPS:
        return select(table, donors, side, on)
    if side not in set(donors["donor"]):
        known = [*GROUPS, *donors["donor"]]
        raise AuditError(
            f"'{side}' is neither a donor nor a donor group.",
            file="config/scenarios.yaml",
            found=side,
            expected=f"a donor, or one of {list(GROUPS)}",
            mend=nearest(side, known),
        )
    return table[table["donor"] == side]


def quarters(
    rows: pd.DataFrame, donors: pd.DataFrame, sides: list[str], cut_off: str
) -> pd.DataFrame:
    """Allocations by quarter in bn EUR: index YYYY-Qn without gaps, columns (side, aid).

    rows: donor, month, aid_type, value_eur of allocations. cut_off: last day of the last
    quarter, which must end with it (AuditError). Undated rows are left out; a quarter without
    an entry is zero, as the tracker would have entered what was announced.
    """
    last = pd.Period(cut_off, "Q")
    if last.end_time.strftime("%Y-%m-%d") != cut_off:
        raise AuditError(
            "scenarios draw whole quarters.",
            file="config/scenarios.yaml",
            found=cut_off,
            expected=f"the last day of a quarter, such as {last.end_time:%Y-%m-%d}",
        )
    dated = rows[(rows["month"] != UNDATED) & (rows["month"] <= cut_off[:7])]
    every = pd.period_range("2022-01-01", last, freq="Q")
    columns = {}
    for side in sides:
        own = of_side(dated, donors, side, cut_off)
        quarter = pd.PeriodIndex(own["month"], freq="M").asfreq("Q")
        military = (own["aid_type"] == MILITARY).to_numpy()
        for aid, chosen in ((MILITARY, military), (OTHER, ~military)):
            sums = own.loc[chosen, "value_eur"].groupby(quarter[chosen]).sum() / 1e9
            columns[side, aid] = sums.reindex(every, fill_value=0.0)
    table = pd.DataFrame(columns)
    table.index = [f"{period.year}-Q{period.quarter}" for period in every]
    return table


def between(history: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    """The quarters from a month to a month (YYYY-MM)."""
    label = "{0.year}-Q{0.quarter}".format
    chosen = history.loc[label(pd.Period(first, "Q")) : label(pd.Period(last, "Q"))]
    if chosen.empty:
        raise AuditError(
            "no quarter lies between the two months.",
            file="config/scenarios.yaml",
            found=f"{first} to {last}",
            expected=f"months from {history.index[0]} to {history.index[-1]}",
        )
    return chosen


def admitted(values: pd.Series, low: float, high: float) -> np.ndarray:
    """The values between two quantiles of themselves, both ends included."""
    bounds = values.quantile([low, high]).to_numpy()
    # Interpolated quantiles of equal values can differ from them in the last digit.
    return values[values.between(bounds[0] - 1e-12, bounds[1] + 1e-12)].to_numpy()


def levels(quarters: int, hold: int, end: float) -> np.ndarray:
    """Share of the drawn quarter that is paid: 1 while held, then equal steps to `end`."""
    if hold >= quarters:
        return np.ones(quarters)
    steps = np.arange(1, quarters - hold + 1) / (quarters - hold)
    return np.concatenate([np.ones(hold), 1 - (1 - end) * steps])


def draw(
    history: pd.DataFrame,
    *,
    draws: int,
    seed: int,
    quarters: int,
    hold_quarters: int,
    end_level: float,
    military_from: float,
    military_to: float,
    other_aid: bool,
) -> dict[tuple[str, str], np.ndarray]:
    """Bootstrapped paths in bn EUR by (side, aid): draws × quarters.

    history: as from `quarters`, the admitted period only. Each quarter of the path is a
    quarter of history, drawn with replacement and independently by side and type.
    """
    generator = np.random.default_rng(seed)
    level = levels(quarters, hold_quarters, end_level)
    paths = {}
    for (side, aid), values in history.items():
        if aid == OTHER and not other_aid:
            continue
        pool = admitted(values, military_from, military_to) if aid == MILITARY else values
        chosen = generator.choice(np.asarray(pool, dtype="float64"), size=(draws, quarters))
        paths[side, aid] = chosen * level
    return paths


@dataclass(frozen=True)
class Economies:
    """GDP in bn EUR of a year, by donor."""

    gdp_bn: pd.Series
    donors: pd.DataFrame

    @classmethod
    def of(
        cls, economy: pd.DataFrame, donors: pd.DataFrame, rates: pd.DataFrame, year: int
    ) -> Economies:
        """economy: NGDPD in bn US$, turned into euros at the year's average rate."""
        rows = economy[(economy["concept"] == "NGDPD") & (economy["year"] == year)]
        usd = rows.set_index("iso3")["value"] / money.year_average(rates, year)
        who = donors.set_index("donor")["iso3"]
        return cls(who.map(usd).dropna(), donors)

    def of_side(self, side: str, on: str) -> float:
        """GDP of a side's states; the EU institutions have none of their own."""
        chosen = of_side(self.donors, self.donors, side, on)["donor"]
        return float(self.gdp_bn.reindex(chosen).sum())


def _range(values: np.ndarray) -> dict[str, float]:
    low, median, high = np.quantile(values, [LOW, 0.5, HIGH])
    return {"low": float(low), "median": float(median), "high": float(high)}


def costs(
    paths: dict[tuple[str, str], np.ndarray],
    economies: Economies,
    need: dict[str, float],
    *,
    scenario: str,
    on: str,
) -> pd.DataFrame:
    """What a scenario costs: columns as in tables.RESULTS['scenario_…'].

    need: bn EUR a year by aid that all donors gave before. short_of_need is what is missing
    from it, in bn EUR a year (negative where more is given); percent_of_gdp is a year's cost.
    """
    sides = list(dict.fromkeys(side for side, _ in paths))
    years = next(iter(paths.values())).shape[1] / QUARTERS_A_YEAR
    out = []

    def add(side: str, aid: str, quantity: str, unit: str, values: np.ndarray) -> None:
        what = {"scenario": scenario, "side": side, "aid": aid}
        out.append({**what, "quantity": quantity, "unit": unit, **_range(values)})

    for side in [*sides, ALL_SIDES]:
        mine = [side] if side != ALL_SIDES else sides
        gdp = sum(economies.of_side(name, on) for name in mine)
        for aid in (ALL_AID, MILITARY, OTHER):
            parts = [
                values.sum(axis=1)
                for (who, what), values in paths.items()
                if who in mine and aid in (ALL_AID, what)
            ]
            if not parts:
                continue
            total = np.sum(parts, axis=0)
            add(side, aid, "total", "bn EUR", total)
            add(side, aid, "per_year", "bn EUR a year", total / years)
            add(side, aid, "percent_of_gdp", "% of GDP", total / years / gdp * 100)
            if side == ALL_SIDES and aid in need:
                missing = need[aid] - total / years
                add(side, aid, "short_of_need", "bn EUR a year", missing)
    return pd.DataFrame(out)


def quarterly(
    history: pd.DataFrame, paths: dict[tuple[str, str], np.ndarray], *, scenario: str
) -> pd.DataFrame:
    """Quarters of the past and of the path: as in tables.RESULTS['scenario_paths_…'].

    history: the whole past. The past has no range: low, median and high are the same.
    """
    aids = sorted({aid for _, aid in paths})
    sides = list(dict.fromkeys(side for side, _ in paths))
    out = []
    for side in [*sides, ALL_SIDES]:
        mine = [side] if side != ALL_SIDES else sides
        past = history[[(who, aid) for who in mine for aid in aids]].sum(axis=1)
        for place, (label, value) in enumerate(past.items(), start=1 - len(past)):
            same = {"low": value, "median": value, "high": value}
            out.append(
                {"kind": "history", "place": place, "quarter": label, "side": side, **same}
            )
        total = np.sum([v for (who, _), v in paths.items() if who in mine], axis=0)
        for place in range(total.shape[1]):
            label = {"kind": "path", "place": place + 1, "quarter": f"+{place + 1}"}
            out.append({**label, "side": side, **_range(total[:, place])})
    return pd.DataFrame(out).assign(scenario=scenario)


def per_year(history: pd.DataFrame, aid: str = ALL_AID) -> float:
    """Mean of the quarters' sums over sides, as bn EUR a year."""
    chosen = [column for column in history if aid in (ALL_AID, column[1])]
    return float(history[chosen].sum(axis=1).mean() * QUARTERS_A_YEAR)


def us_per_year(rows: pd.DataFrame, donors: pd.DataFrame, first: str, last: str) -> float:
    """US allocations from month to month (YYYY-MM, whole quarters), in bn EUR a year."""
    end = pd.Period(last, "M").end_time.strftime("%Y-%m-%d")
    return per_year(between(quarters(rows, donors, ["us"], end), first, last))


def table_of(scenarios: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """The comparison of scenarios in words: one row per scenario and side that pays.

    scenarios: cost tables of several scenarios, one below the other. titles: by scenario.
    """
    rows = scenarios[scenarios["aid"] == ALL_AID].set_index(["scenario", "side", "quantity"])
    out = []
    for scenario, title in titles.items():
        for side in rows.loc[scenario].index.get_level_values("side").unique():
            cell = rows.loc[scenario].loc[side]
            out.append(
                {
                    "Scenario": title if not any(r["Scenario"] == title for r in out) else "",
                    "Who pays": side_label(side),
                    "bn EUR a year": _shown(cell.loc["per_year"], 1),
                    "bn EUR in all": _shown(cell.loc["total"], 0),
                    "% of GDP a year": _shown(cell.loc["percent_of_gdp"], 2),
                    "Short of 2022–24": _shown(cell.loc["short_of_need"], 1)
                    if "short_of_need" in cell.index
                    else "",
                }
            )
    return pd.DataFrame(out)


def side_label(side: str) -> str:
    """A side in words."""
    if side == ALL_SIDES:
        return "Together"
    return {"europe": "Europe", "us": US}.get(side, side)


def _shown(cell: pd.Series, decimals: int) -> str:
    low, median, high = (
        f"{round(cell[name], decimals) + 0.0:.{decimals}f}".replace("-", "−")
        for name in ("low", "median", "high")
    )
    return f"{median} ({low} to {high})"
