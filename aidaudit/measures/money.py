"""From euros to US dollars, by a named method.

Knows rates and nothing of donors. The base of every amount is nominal EUR as the tracker
publishes it; each conversion says which rate it took.
"""

from __future__ import annotations

import re
from enum import StrEnum

import pandas as pd

from aidaudit.data.vocabulary import UNDATED
from nbtrail.base.errors import AuditError
from nbtrail.base.schema import ISO_DATE

# The tracker's first month: the period over which an average rate is taken starts here.
PERIOD_START = "2022-01"


class FxMethod(StrEnum):
    """How the rate of a conversion is chosen."""

    month_average = "month_average"
    period_average = "period_average"
    at_cut_off = "at_cut_off"
    fixed = "fixed"
    publication_day = "publication_day"


# The methods under which a total is read. The rate of the day on which a release was published
# is none of them: it tells where a quoted total can come from, not what was given.
READINGS = (
    FxMethod.month_average,
    FxMethod.period_average,
    FxMethod.at_cut_off,
    FxMethod.fixed,
)
LABELS = {
    FxMethod.month_average: "ECB average of each announcement month",
    FxMethod.period_average: "ECB average of the whole period",
    FxMethod.at_cut_off: "ECB rate at the cut-off",
    FxMethod.fixed: "the tracker's own fixed rate (release 30)",
    FxMethod.publication_day: "ECB rate of the day of publication",
}


class MissingRate(AuditError):
    """A month or day for which there is no rate."""


def daily(rates: pd.DataFrame, currency: str = "USD") -> pd.Series:
    """Units of the currency per euro, indexed by ISO date, sorted.

    rates: columns date, currency, per_eur. Raises MissingRate for an unquoted currency.
    """
    chosen = rates[rates["currency"] == currency].sort_values("date")
    if chosen.empty:
        raise MissingRate(
            f"there is no euro rate for {currency}.",
            file="data/processed/clean/rates.csv",
            expected=f"one of {sorted(rates['currency'].unique())}",
            mend="add the currency to aidaudit/ingest/readers/context.py and ingest again.",
        )
    return chosen.set_index("date")["per_eur"]


def month_averages(rates: pd.DataFrame, currency: str = "USD") -> pd.Series:
    """Mean of the daily rates of each month, indexed by YYYY-MM."""
    days = daily(rates, currency)
    return days.groupby(days.index.str[:7]).mean()


def period_average(rates: pd.DataFrame, cut_off: str, currency: str = "USD") -> float:
    """Mean of the daily rates from January 2022 to the cut-off (ISO date), inclusive.

    Raises MissingRate where there is no rate till then, or the rates end before the cut-off.
    """
    days = daily(rates, currency)
    # A shorter period would pass for the whole one.
    rate_on(rates, max(cut_off, days.index[-1]), currency)
    period = days[(days.index >= PERIOD_START) & (days.index <= cut_off)]
    if period.empty:
        raise MissingRate(
            f"there is no {currency} rate between {PERIOD_START} and {cut_off}.",
            found=cut_off,
            mend="give a cut-off after January 2022.",
        )
    return float(period.mean())


def year_average(rates: pd.DataFrame, year: int, currency: str = "USD") -> float:
    """Mean of the daily rates of a calendar year. Raises MissingRate for one without rates."""
    days = daily(rates, currency)
    of_year = days[days.index.str[:4] == str(year)]
    if of_year.empty:
        raise MissingRate(
            f"there is no {currency} rate in {year}.",
            file="data/processed/clean/rates.csv",
            expected=f"a year from {days.index[0][:4]} to {days.index[-1][:4]}",
            mend="ingest a file of the ECB's rates that covers the year.",
        )
    return float(of_year.mean())


def rate_on(rates: pd.DataFrame, day: str, currency: str = "USD") -> float:
    """The rate of a day, or of the last quoted day before it (holidays, week-ends).

    Raises MissingRate where no rate was quoted in the ten days before: a longer gap means
    that the rates end earlier, and an old rate must not stand in silently.
    """
    days = daily(rates, currency)
    before = days[days.index <= day]
    if before.empty or pd.Timestamp(day) - pd.Timestamp(before.index[-1]) > pd.Timedelta("10D"):
        raise MissingRate(
            f"there is no {currency} rate on {day} or in the ten days before.",
            found=before.index[-1] if len(before) else None,
            expected=f"a rate near {day}",
            mend="ingest a newer file of the ECB's rates.",
        )
    return float(before.iloc[-1])


def to_usd(
    amounts: pd.DataFrame,
    rates: pd.DataFrame,
    method: FxMethod | str,
    *,
    cut_off: str,
    fixed: float | None = None,
    published: str | None = None,
) -> pd.Series:
    """Convert nominal euros to US dollars.

    amounts: columns value_eur and, for month_average, month (YYYY-MM or undated; undated
    rows take the period average). rates: ECB reference rates, columns date, currency,
    per_eur. cut_off: ISO date. fixed: US$ per euro, for the method fixed. published: ISO date
    of the release's publication, for the method publication_day. Returns value_usd aligned
    with amounts, in the unit of value_eur. Raises MissingRate naming the months without a
    rate; AuditError for an unknown method, or one that lacks its rate, day or months.
    Source of the fixed-rate convention: Kiel Working Paper 2218 converts at one rate per
    release.
    """
    if method not in FxMethod.__members__:
        raise AuditError(
            f"'{method}' is not a known exchange-rate method.",
            found=method,
            expected=f"one of {[m.value for m in FxMethod]}",
        )
    euros = amounts["value_eur"]
    if method == FxMethod.fixed:
        if fixed is None:
            raise AuditError("the method 'fixed' needs a rate.", expected="US$ per euro")
        return euros * fixed
    if method == FxMethod.publication_day:
        if published is None or not re.fullmatch(ISO_DATE, published):
            raise AuditError(
                "the method 'publication_day' needs the day of the release's publication.",
                found=published,
                expected="an ISO date, as in data/processed/clean/release_dates.csv",
                mend="where only the month is known, ask for its first and for its last day; "
                "where nothing is known, use at_cut_off.",
            )
        return euros * rate_on(rates, published)
    if method == FxMethod.at_cut_off:
        return euros * rate_on(rates, cut_off)
    average = period_average(rates, cut_off)
    if method == FxMethod.period_average:
        return euros * average
    if "month" not in amounts.columns:
        raise AuditError(
            "the month's average rate needs announcement months, and this table has none.",
            expected="a release with activity rows or donor-month data",
            mend="use period_average, at_cut_off or fixed.",
        )
    by_month = month_averages(rates)
    rate = amounts["month"].map(by_month).where(amounts["month"] != UNDATED, average)
    if rate.isna().any():
        months = sorted(set(amounts.loc[rate.isna(), "month"]))
        raise MissingRate(
            f"there is no US$ rate for {', '.join(months)}.",
            file="data/processed/clean/rates.csv",
            found=months,
            expected=f"months from {by_month.index[0]} to {by_month.index[-1]}",
            mend="ingest a newer file of the ECB's rates.",
        )
    return euros * rate
