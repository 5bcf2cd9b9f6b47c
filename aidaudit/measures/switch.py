"""The switch of 2025: how much of the fall of US aid did Europe's rise make up, and how sure?

Means per month after the switch are compared with those before. The answer moves with the
last month that is counted, so that it is given for each, with an interval from a moving-block
bootstrap over months (Künsch 1989). Parameters stand in config/config.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from aidaudit.data.vocabulary import AID_TYPES, UNDATED
from aidaudit.measures.donors import select
from nbtrail.record.numbers import Numbers

US_GROUP = "us"
# In per cent of the fall.
WHOLE = 100.0
MILITARY, ALL_AID = "Military", "All aid"
AIDS = {MILITARY: [MILITARY], ALL_AID: AID_TYPES}


def by_month(
    allocations: pd.DataFrame, donors: pd.DataFrame, groups: list[str], first: str, on: str
) -> pd.DataFrame:
    """Allocations by month in bn EUR: index YYYY-MM without gaps, columns (group, aid).

    allocations: month, donor, aid_type, value_eur_bn. groups: the United States come besides.
    first: first month. on: last day, at which membership counts too. Undated rows belong to
    no month and are left out; a month without an entry is zero, as releases list all.
    """
    every = pd.period_range(first, on[:7], freq="M").astype("str")
    dated = allocations[allocations["month"] != UNDATED]
    columns = {}
    for group in [US_GROUP, *groups]:
        own = select(dated, donors, group, on)
        for aid, types in AIDS.items():
            sums = own[own["aid_type"].isin(types)].groupby("month")["value_eur_bn"].sum()
            columns[group, aid] = sums.reindex(every, fill_value=0.0)
    return pd.DataFrame(columns, index=every)


def share(months: pd.DataFrame, group: str, aid: str, since: str) -> float:
    """Rise of a group's mean per month over the fall of the US mean, in per cent.

    months: as from `by_month`. Not a number where the US mean did not fall.
    """
    change = months[months.index >= since].mean() - months[months.index < since].mean()
    fall = -change[US_GROUP, aid]
    return float(change[group, aid] / fall * 100) if fall > 0 else float("nan")


def resampled(
    length: int, block: int, draws: int, generator: np.random.Generator
) -> np.ndarray:
    """Positions of a period's months, drawn again in moving blocks: draws × length.

    Blocks of neighbouring months begin anywhere and are laid end to end until the period is
    full. In a period shorter than two blocks, blocks are half as long as the period: a single
    block would give the period itself each time.
    """
    block = max(1, min(block, length // 2))
    blocks = -(-length // block)
    begins = generator.integers(0, length - block + 1, size=(draws, blocks))
    return (begins[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :length]


def interval(
    months: pd.DataFrame,
    since: str,
    *,
    block: int,
    draws: int,
    seed: int,
    level: float,
) -> dict[tuple[str, str], tuple[float, float]]:
    """Percentile interval of the share made up, in per cent, by (group, aid).

    Months before and from `since` on are drawn apart, since the switch is what is asked
    about. A drawn month brings all donors and types with it, so that what moved together
    stays together. A draw in which the US mean did not fall counts as made up without bound.
    """
    generator = np.random.default_rng(seed)
    values = months.to_numpy()
    place = {column: at for at, column in enumerate(months.columns)}
    before = values[months.index < since]
    after = values[months.index >= since]
    change = after[resampled(len(after), block, draws, generator)].mean(axis=1)
    change -= before[resampled(len(before), block, draws, generator)].mean(axis=1)
    ends = [(1 - level) / 2, (1 + level) / 2]
    out = {}
    for group, aid in months.columns:
        fall = -change[:, place[US_GROUP, aid]]
        # A fall of nothing is never divided by.
        divisor = np.where(fall > 0, fall, 1.0)
        shares = np.where(fall > 0, change[:, place[group, aid]] / divisor * 100, np.inf)
        low, high = np.quantile(shares, ends, method="inverted_cdf")
        out[group, aid] = (float(low), float(high))
    return out


def curve(
    months: pd.DataFrame,
    since: str,
    first_end: str,
    *,
    block: int,
    draws: int,
    seed: int,
    level: float,
) -> pd.DataFrame:
    """The share made up by last month counted: columns as in `tables.RESULTS['switch']`.

    months: as from `by_month`, from the base's first month on. A bound or a share that is no
    number is null.
    """
    groups = [group for group, _ in months.columns if group != US_GROUP]
    out = []
    for end in months.index[months.index >= first_end]:
        counted = months[months.index <= end]
        bounds = interval(counted, since, block=block, draws=draws, seed=seed, level=level)
        for aid in AIDS:
            for group in dict.fromkeys(groups):
                low, high = bounds[group, aid]
                value = share(counted, group, aid, since)
                out.append((end, aid, group, value, low, high))
    table = pd.DataFrame(out, columns=["end_month", "aid", "donors", "share", "low", "high"])
    return table.replace([np.inf, -np.inf], np.nan)


@dataclass(frozen=True)
class Told:
    """What one curve says in words: shares in per cent, months YYYY-MM.

    reached, ends: last months whose share reaches the whole, and all of them. decided: last
    months whose interval lies on one side of the whole.
    """

    share: float
    low: float
    high: float
    end_month: str
    peak: float
    peak_month: str
    least: float
    least_month: str
    reached: int
    decided: int
    ends: int


def told(curve: pd.DataFrame, group: str, aid: str = MILITARY) -> Told:
    """The last point of a group's curve, its extremes, and how often it reaches the whole."""
    own = curve[(curve["donors"] == group) & (curve["aid"] == aid)].dropna(subset="share")
    own = own.set_index("end_month")
    last = own.iloc[-1]
    high = own["high"].fillna(np.inf)
    return Told(
        share=last["share"],
        low=last["low"],
        high=high.iloc[-1],
        end_month=own.index[-1],
        peak=own["share"].max(),
        peak_month=own["share"].idxmax(),
        least=own["share"].min(),
        least_month=own["share"].idxmin(),
        reached=int((own["share"] >= WHOLE).sum()),
        decided=int(((own["low"] > WHOLE) | (high < WHOLE)).sum()),
        ends=len(own),
    )


def words(month: str) -> str:
    """A month as prose writes it: April 2026."""
    return pd.Period(month, "M").strftime("%B %Y")


def add_numbers(curve: pd.DataFrame, numbers: Numbers, figure: str) -> None:
    """Add what each curve says: <figure>.<aid>.<group>.share, .low, .high, .peak, .reached …"""
    for aid, key in ((MILITARY, "military"), (ALL_AID, "all")):
        for group in curve["donors"].unique():
            found, start = told(curve, group, aid), f"{figure}.{key}.{group}"
            for name in ("share", "low", "high", "peak", "least"):
                if np.isfinite(value := getattr(found, name)):
                    numbers.add(f"{start}.{name}", value, "%")
            for name in ("end_month", "peak_month", "least_month"):
                month = getattr(found, name)
                numbers.add(f"{start}.{name}", month, "text", shown=words(month))
            for name in ("reached", "decided", "ends"):
                numbers.add(f"{start}.{name}", getattr(found, name), "count")
