"""Before and after: shares with intervals, losses per month, and changes against a placebo.

Counts what was reported around dated events, and how unusual a change was. None of these
comparisons can show what an event caused; whose reports they are is left to those who ask.
"""

from __future__ import annotations

import pandas as pd
from scipy.stats import binomtest

from nbtrail.base.errors import AuditError

DAYS_A_MONTH = 365.25 / 12
# What a flag of the compilers makes unusable: flag → series.
FAULTY = {"liveuamap_spike": "liveuamap_km2", "nzz_frame_broken": "nzz_km2"}


def wilson(hits: int, trials: int) -> tuple[float, float, float]:
    """A share and its Wilson interval (95 per cent), all in per cent.

    Raises ValueError without trials, or with more hits than trials. The interval takes every
    trial as independent; missiles of one attack are not, so that it is too narrow.
    """
    interval = binomtest(int(hits), int(trials)).proportion_ci(0.95, method="wilson")
    return 100 * hits / trials, 100 * interval.low, 100 * interval.high


def counted(attacks: pd.DataFrame, classes: pd.Series) -> pd.DataFrame:
    """Attacks with their class, where both launches and losses are known.

    attacks: date, launched, destroyed. classes: class by row, null where unclassified. An
    unknown count is not zero, so the row is left out whole.
    """
    rows = attacks.assign(**{"class": classes})
    return rows.dropna(subset=["class", "launched", "destroyed"])


def _share(rows: pd.DataFrame) -> dict:
    launched, destroyed = int(rows["launched"].sum()), int(rows["destroyed"].sum())
    share, low, high = wilson(destroyed, launched)
    return {
        "launched": launched,
        "destroyed": destroyed,
        "share": share,
        "low": low,
        "high": high,
    }


def interceptions(rows: pd.DataFrame) -> pd.DataFrame:
    """Share shot down by class and month: class, month, launched, destroyed, share, low, high.

    rows: as from `counted`. Shares and Wilson bounds in per cent; months without launches
    have no row.
    """
    rows = rows.assign(month=rows["date"].str[:7])
    rows = rows[rows["launched"] > 0]
    groups = rows.groupby(["class", "month"])
    return pd.DataFrame([{"class": c, "month": m} | _share(part) for (c, m), part in groups])


def around(rows: pd.DataFrame, kind: str, since: str, until: str) -> pd.DataFrame:
    """Share shot down of a class before a day, and from it on up to another (ISO dates).

    rows: as from `counted`. Index before, after; columns launched, destroyed, share, low, high
    (per cent). A side without launches is left out.
    """
    mine = rows[(rows["class"] == kind) & (rows["date"] <= until)]
    early = mine["date"] < since
    sides = {"before": mine[early], "after": mine[~early]}
    shares = {side: _share(part) for side, part in sides.items() if part["launched"].sum() > 0}
    return pd.DataFrame.from_dict(shares, orient="index")


def on_day(values: pd.Series, day: str) -> float:
    """A value of a daily series (index ISO dates). Raises AuditError where it has none."""
    if day not in values.index:
        raise AuditError(
            f"the series {values.name} has no value on {day}.",
            file="config/compiled/war_events.csv",
            column="date",
            found=day,
            expected=f"a day from {values.index.min()} to {values.index.max()}",
            mend="correct the day there, or mark another event.",
        )
    return values[day]


def compared(rows: pd.DataFrame, kind: str, since: str, until: str) -> pd.DataFrame:
    """As `around`, for a picture of both sides. Raises AuditError where one is empty."""
    table = around(rows, kind, since, until)
    for side in ("before", "after"):
        if side not in table.index:
            raise AuditError(
                f"no {kind} missiles are on record {side} {since}.",
                file="config/compiled/war_events.csv",
                column="date",
                found=since,
                expected=f"a day after the first report, and not after {until}",
                mend="correct the day there, or give the figure another event.",
            )
    return table


def apart(table: pd.DataFrame) -> bool:
    """Whether the intervals before and after do not overlap; table: as from `around`."""
    first, second = table.loc["before"], table.loc["after"]
    return bool(first["high"] < second["low"] or second["high"] < first["low"])


def per_month(
    cumulative: pd.DataFrame, corrections: pd.DataFrame, columns: list[str]
) -> pd.DataFrame:
    """Losses by month (index YYYY-MM) from counts that only add up.

    cumulative: date and columns, the count on each day. corrections: date and columns, what
    part of a day's increase belongs to earlier days; it is taken out, as nobody says to which
    days it belongs. The first month counts from zero.
    """
    last = cumulative.sort_values("date", kind="stable").assign(
        month=cumulative["date"].str[:7]
    )
    ends = last.groupby("month")[columns].last().astype("float64")
    months = pd.period_range(ends.index[0], ends.index[-1], freq="M").astype("str")
    ends = ends.reindex(months).ffill()
    gained = ends.diff().fillna(ends.iloc[[0]])
    taken = corrections.groupby(corrections["date"].str[:7])[columns].sum()
    return gained - taken.reindex(months, fill_value=0).astype("float64")


def level(dates: pd.Series, counts: pd.Series, day: str) -> float:
    """The last cumulative count on or before a day; raises KeyError where there is none."""
    known = dates[dates <= day].sort_values(kind="stable")
    if known.empty:
        raise KeyError(day)
    return float(counts[known.index[-1]])


def rates(
    dates: pd.Series, counts: pd.Series, began: str, turn: str, until: str
) -> tuple[float, float]:
    """Losses a month from `began` to `turn`, and from then to `until` (ISO dates).

    counts: cumulative from `began` on. Raises KeyError where no count precedes `turn`.
    """
    early, late = level(dates, counts, turn), level(dates, counts, until)
    first, middle, last = map(pd.Timestamp, (began, turn, until))
    return (
        early / ((middle - first).days / DAYS_A_MONTH),
        (late - early) / ((last - middle).days / DAYS_A_MONTH),
    )


def usable(territory: pd.DataFrame) -> pd.DataFrame:
    """The daily areas without the values that a flag calls faulty; index date."""
    table = territory.set_index("date")
    for flag, series in FAULTY.items():
        table[series] = table[series].mask(table["flag"] == flag)
    return table[["liveuamap_km2", "nzz_km2"]].astype("float64")


def square_km(quoted: pd.DataFrame) -> pd.Series:
    """Areas in km². quoted: value, and unit, which is km2 or sq mi (international miles)."""
    miles = quoted["unit"] == "sq mi"
    return quoted["value"].mask(miles, quoted["value"] * 1.609344**2)


def month_ends(daily: pd.Series) -> pd.Series:
    """The value on the last day of each month (index YYYY-MM).

    daily: index ISO date. A month whose last day has no value has none.
    """
    known = daily.dropna()
    last = pd.PeriodIndex(known.index.str[:7], freq="M").end_time.strftime("%Y-%m-%d")
    ends = known[known.index == last]
    return ends.set_axis(ends.index.str[:7])


def changes(ends: pd.Series, months: int) -> pd.Series:
    """Change over windows of so many months, by the month at whose end the window begins.

    ends: values at the ends of months (index YYYY-MM). Windows that lack an end are left out.
    """
    later = ends.set_axis((pd.PeriodIndex(ends.index, freq="M") - months).astype("str"))
    return (later.reindex(ends.index) - ends).dropna()


def daily_changes(daily: pd.Series, months: int) -> pd.Series:
    """Change over windows of so many calendar months, by the day on which the window begins."""
    known = daily.dropna()
    days = pd.to_datetime(known.index) + pd.DateOffset(months=months)
    later = known.reindex(days.strftime("%Y-%m-%d")).to_numpy()
    return (pd.Series(later, known.index) - known).dropna()


def others(windows: pd.Series, observed: str, apart_by: int = 1) -> pd.Series:
    """The windows other than the observed one.

    windows: change by start, in order. observed: the start of the window in question, which
    must be there. apart_by: windows that begin fewer than so many places away are left out
    too, as they overlap with the observed one.
    """
    place = windows.index.get_loc(observed)
    away = abs(pd.Series(range(len(windows)), windows.index) - place)
    return windows[away >= apart_by]


def as_low(windows: pd.Series, observed: str, apart_by: int = 1) -> float:
    """Share of the other windows whose change is as low as the observed one, in per cent.

    Arguments as for `others`. Raises ValueError where there is no other window.
    """
    rest = others(windows, observed, apart_by)
    if rest.empty:
        raise ValueError(f"no other window than that of {observed}")
    return 100 * float((rest <= windows[observed]).mean())


def announcements(activities: pd.DataFrame, pattern: str) -> list[str]:
    """The days on which the tracker's dated rows announce an item (ISO dates), ascending.

    activities: item, date. pattern: a regular expression for the item's name.
    """
    named = activities["item"].fillna("").str.contains(pattern, case=False, regex=True)
    return sorted(set(activities.loc[named, "date"].dropna().astype("str")))


def announced(activities: pd.DataFrame, pattern: str) -> str | None:
    """The first of the days in `announcements`, or None."""
    return next(iter(announcements(activities, pattern)), None)
