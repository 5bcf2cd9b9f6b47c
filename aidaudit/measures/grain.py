"""Grain that left under the Black Sea Grain Initiative: by month, and where it went.

Works on the list of voyages as far as it goes; what left after its last day is unknown and
never made up. What the tonnes are held against is left to `evidence`.
"""

from __future__ import annotations

import pandas as pd

MILLION = 1e6
# Days of the mean Gregorian month, for means over spans that are no whole months.
DAYS_PER_MONTH = 365.2425 / 12
GROUPS = ["high-income", "upper-middle-income", "lower-middle-income", "low-income"]
KINDS = ["Corn", "Wheat", "Other"]


def monthly(voyages: pd.DataFrame) -> pd.DataFrame:
    """Tonnes (millions) and voyages by month of departure, every month present.

    voyages: one row per cargo, columns voyage, departed (ISO date), tonnes. A voyage with
    several cargoes counts once. `whole` marks months that the list covers to the last day:
    the first month counts as whole only if a ship left on its first day.
    """
    month = voyages["departed"].str[:7]
    table = voyages.groupby(month).agg(tonnes=("tonnes", "sum"), voyages=("voyage", "nunique"))
    every = pd.period_range(month.min(), month.max(), freq="M")
    table = table.reindex(every.astype("str"), fill_value=0).rename_axis("month")
    first, last = pd.Timestamp(voyages["departed"].min()), _last(voyages)
    table["tonnes_million"] = table.pop("tonnes") / MILLION
    table["whole"] = [
        bool(m.start_time >= first and m.end_time.normalize() <= last) for m in every
    ]
    return table.reset_index()


def _last(voyages: pd.DataFrame) -> pd.Timestamp:
    return pd.Timestamp(voyages["departed"].max())


def means_per_month(voyages: pd.DataFrame, began: str, ended: str) -> dict[str, float]:
    """Mean tonnage per month in million tonnes, under three readings: label → value.

    began, ended: first and last day of the initiative (ISO dates). The mean of the whole
    calendar months on the list; that of the days on the list; and the recorded tonnage
    spread over all days of the initiative, as if nothing had left after the list ends: the
    least that it can have been. Raises ValueError where no month is whole.
    """
    table = monthly(voyages)
    whole = table.loc[table["whole"], "tonnes_million"]
    if whole.empty:
        raise ValueError("the list covers no whole month")
    total = voyages["tonnes"].sum() / MILLION
    listed = _days(voyages["departed"].min(), voyages["departed"].max())
    return {
        "whole months on the list": float(whole.mean()),
        "all days on the list": float(total / listed * DAYS_PER_MONTH),
        "at least, over the whole initiative": float(
            total / _days(began, ended) * DAYS_PER_MONTH
        ),
    }


def _days(first: str, last: str) -> int:
    """Days from first to last, both included."""
    return (pd.Timestamp(last) - pd.Timestamp(first)).days + 1


def tonnes_between(voyages: pd.DataFrame, first: str, last: str) -> float:
    """Million tonnes that left from one day to another, both included (ISO dates)."""
    chosen = voyages["departed"].between(first, last)
    return float(voyages.loc[chosen, "tonnes"].sum() / MILLION)


def by_income(voyages: pd.DataFrame) -> pd.DataFrame:
    """Million tonnes by income group of the destination (index) and kind (Corn, Wheat, Other).

    Destinations are the ports to which a cargo was shipped, not where it was eaten. Adds
    total, and share, the per cent of all tonnes.
    """
    kind = voyages["commodity"].where(voyages["commodity"].isin(KINDS), "Other")
    table = voyages.assign(kind=kind).pivot_table(
        index="income_group", columns="kind", values="tonnes", aggfunc="sum", fill_value=0
    )
    table = table.reindex(index=GROUPS, columns=KINDS, fill_value=0) / MILLION
    table.columns.name = None
    total = table.sum(axis=1)
    return table.assign(total=total, share=total / total.sum() * 100)


def lower_income_share(voyages: pd.DataFrame, commodity: str | None = None) -> float:
    """Per cent of the tonnes (of a commodity) bound for low and lower-middle income."""
    rows = voyages if commodity is None else voyages[voyages["commodity"] == commodity]
    poorer = rows["income_group"].isin(GROUPS[2:])
    return float(rows.loc[poorer, "tonnes"].sum() / rows["tonnes"].sum() * 100)


def gas_and_exports(
    energy: pd.DataFrame, exports: pd.DataFrame, years: list[int]
) -> pd.DataFrame:
    """By year (index): gas_twh, primary_twh, gas_share (% of it) and exports_usd_bn.

    energy: year, gas_twh, primary_twh. exports: year, exports_usd. Years without a value
    are null.
    """
    mix = energy.set_index("year")
    table = mix[["gas_twh", "primary_twh"]].assign(
        gas_share=mix["gas_twh"] / mix["primary_twh"] * 100
    )
    table = table.join(exports.set_index("year")["exports_usd"] / 1e9, how="outer")
    table = table.rename(columns={"exports_usd": "exports_usd_bn"})
    return table.reindex(years).rename_axis("year")


def change_percent(table: pd.DataFrame, first: int, last: int) -> pd.Series:
    """Change of each column between two years of a table (index: year), in per cent."""
    return (table.loc[last] / table.loc[first] - 1) * 100
