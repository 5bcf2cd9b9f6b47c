"""Tests of claims on Ukraine's economy."""

from __future__ import annotations

import pandas as pd

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence


def _ukraine(data: Data, concept: str) -> pd.DataFrame:
    economy = data.tables["economy"]
    series = economy[(economy["iso3"] == "UKR") & (economy["concept"] == concept)]
    return series.set_index("year")


def _caveat(series: pd.DataFrame, years: list[int]) -> str | None:
    estimated = [str(y) for y in years if series.at[y, "status"] != "actual"]
    return f"the IMF marks {' and '.join(estimated)} as an estimate" if estimated else None


def _ending(caveat: str | None) -> str:
    """How a reason ends: a verdict that the caveat qualifies must say so."""
    return f"; {caveat}." if caveat else "."


@test
def growth_of_year(data: Data, year: int, since: int) -> Evidence:
    """Real GDP growth of a year, in per cent; it must be the lowest since another year."""
    series = _ukraine(data, "NGDP_RPCH")
    growth = series["value"]
    past = growth[(growth.index >= since) & (growth.index <= year)]
    worst = growth[(growth.index >= since) & (growth.index < year)]
    caveat = _caveat(series, [year])
    return Evidence(
        {"real GDP growth": float(growth[year])},
        f"Real GDP changed by {growth[year]:.1f} % in {year}; the largest fall from {since} to "
        f"{year - 1} was {worst.min():.1f} % in {worst.idxmin()}".replace("-", "−")
        + _ending(caveat),
        conditions={f"largest fall since {since}": bool(past.idxmin() == year)},
        caveat=caveat,
    )


@test
def inflation_of_year(data: Data, year: int) -> Evidence:
    """Consumer price inflation of a year, average and end of year, in per cent."""
    average, end = _ukraine(data, "PCPIPCH"), _ukraine(data, "PCPIEPCH")
    caveat = _caveat(average, [year]) or _caveat(end, [year])
    return Evidence(
        {
            "yearly average": float(average.at[year, "value"]),
            "end of year": float(end.at[year, "value"]),
        },
        f"Consumer prices rose by {average.at[year, 'value']:.1f} % on average in {year} "
        f"and by {end.at[year, 'value']:.1f} % to its end" + _ending(caveat),
        caveat=caveat,
    )


@test
def unemployment_of_year(data: Data, year: int, times: float) -> Evidence:
    """Unemployment rate of a year, in per cent; at least `times` that of the year before."""
    series = _ukraine(data, "LUR")
    rate, before = series.at[year, "value"], series.at[year - 1, "value"]
    caveat = _caveat(series, [year])
    return Evidence(
        {"unemployment rate": float(rate)},
        f"The rate was {rate:.1f} % in {year}, {rate / before:.1f} times that of {year - 1}"
        + _ending(caveat),
        conditions={f"at least {times:g} times the year before": bool(rate >= times * before)},
        caveat=caveat,
    )
