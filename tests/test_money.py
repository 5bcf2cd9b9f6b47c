"""Exchange rates on a table small enough to work out by hand."""

import pandas as pd
import pytest

from aidaudit.measures import money
from aidaudit.measures.money import FxMethod, MissingRate
from nbtrail.base.errors import AuditError

# 2022-03-04 is a Friday. December 2021 lies before the period and must not count.
QUOTED = {
    "2021-12-31": 9.0,
    "2022-01-03": 1.0,
    "2022-01-04": 2.0,
    "2022-02-01": 3.0,
    "2022-03-03": 5.0,
    "2022-03-04": 6.0,
}
CUT_OFF = "2022-03-06"


@pytest.fixture
def rates():
    usd = [{"date": day, "currency": "USD", "per_eur": rate} for day, rate in QUOTED.items()]
    gbp = {"date": "2022-03-04", "currency": "GBP", "per_eur": 0.5}
    # Out of order on purpose: nothing may hang on the order of the file.
    return pd.DataFrame([*reversed(usd), gbp])


def amounts(*rows):
    return pd.DataFrame(rows, columns=["month", "value_eur"])


ROWS = amounts(("2022-01", 10.0), ("2022-02", 100.0), ("undated", 1000.0))
PERIOD = (1 + 2 + 3 + 5 + 6) / 5


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (FxMethod.month_average, [10 * 1.5, 100 * 3, 1000 * PERIOD]),
        (FxMethod.period_average, [10 * PERIOD, 100 * PERIOD, 1000 * PERIOD]),
        (FxMethod.at_cut_off, [60, 600, 6000]),
        (FxMethod.fixed, [11, 110, 1100]),
        # A Saturday: the rate of the Friday before.
        (FxMethod.publication_day, [60, 600, 6000]),
    ],
)
def test_each_method_gives_the_hand_worked_dollars(rates, method, expected):
    more = {"cut_off": CUT_OFF, "fixed": 1.1, "published": "2022-03-05"}
    usd = money.to_usd(ROWS, rates, method, **more)
    assert usd.tolist() == pytest.approx(expected)
    by_name = money.to_usd(ROWS, rates, str(method), **more)
    assert by_name.equals(usd)


def test_result_is_aligned_with_the_amounts(rates):
    rows = ROWS.set_axis([7, 3, 5])
    usd = money.to_usd(rows, rates, "month_average", cut_off=CUT_OFF)
    assert usd.loc[3] == pytest.approx(300)


def test_every_method_has_a_label_that_names_its_rate():
    assert set(money.LABELS) == set(FxMethod)
    words = {
        FxMethod.month_average: "announcement month",
        FxMethod.period_average: "whole period",
        FxMethod.at_cut_off: "cut-off",
        FxMethod.fixed: "fixed rate",
        FxMethod.publication_day: "day of publication",
    }
    assert all(word in money.LABELS[method] for method, word in words.items())


def test_days_are_of_us_dollars_unless_asked_otherwise_and_in_order(rates):
    assert list(money.daily(rates).items()) == list(QUOTED.items())


def test_a_rate_is_a_plain_number(rates):
    # As text, NumPy's own would read np.float64(6.0).
    assert repr(money.rate_on(rates, CUT_OFF)) == "6.0"
    assert repr(money.period_average(rates, "2022-01-04")) == "1.5"
    assert repr(money.year_average(rates, 2021)) == "9.0"


@pytest.mark.parametrize(
    ("cut_off", "expected"),
    [("2022-01-31", 1.5), ("2022-02-28", 2.0), (CUT_OFF, PERIOD), ("2022-03-14", PERIOD)],
)
def test_period_runs_from_january_2022_to_the_cut_off(rates, cut_off, expected):
    assert money.period_average(rates, cut_off) == pytest.approx(expected)


@pytest.mark.parametrize("cut_off", ["2022-03-15", "2030-01-01"])
def test_a_period_that_the_rates_do_not_reach_is_an_error(rates, cut_off):
    with pytest.raises(MissingRate, match=f"no USD rate on {cut_off}") as caught:
        money.period_average(rates, cut_off)
    assert caught.value.found == "2022-03-04"


def test_a_gap_in_the_quotes_is_no_end_of_them(rates):
    ends = rates[rates["date"].isin(["2022-01-03", "2022-03-04"])]
    assert money.period_average(ends, "2022-02-10") == 1.0


def test_period_includes_the_day_of_the_cut_off(rates):
    assert money.period_average(rates, "2022-01-04") == pytest.approx(1.5)
    assert money.period_average(rates, "2022-01-03") == pytest.approx(1.0)


def test_period_without_a_quoted_day_is_an_error(rates):
    with pytest.raises(MissingRate, match="between 2022-01 and 2021-12-31"):
        money.period_average(rates, "2021-12-31")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2022-03-04", 6.0, id="quoted Friday"),
        pytest.param("2022-03-05", 6.0, id="Saturday"),
        pytest.param("2022-03-06", 6.0, id="Sunday"),
        pytest.param("2022-03-03", 5.0, id="the day itself, not a later one"),
        pytest.param("2022-03-14", 6.0, id="ten days later"),
    ],
)
def test_rate_on_takes_the_last_quoted_day(rates, day, expected):
    assert money.rate_on(rates, day) == expected


@pytest.mark.parametrize("day", ["2022-03-15", "2022-02-12", "2021-12-30"])
def test_old_rate_never_stands_in_for_a_missing_one(rates, day):
    with pytest.raises(MissingRate, match=f"no USD rate on {day}"):
        money.rate_on(rates, day)
    with pytest.raises(MissingRate):
        money.to_usd(ROWS, rates, "at_cut_off", cut_off=day)


def test_year_average_takes_that_year_only(rates):
    assert money.year_average(rates, 2021) == 9.0
    assert money.year_average(rates, 2022) == pytest.approx(PERIOD)


def test_year_without_rates_is_an_error(rates):
    with pytest.raises(MissingRate, match="2019"):
        money.year_average(rates, 2019)


def test_year_without_rates_names_the_years_that_have_some():
    days = ["2020-02-03", "2019-12-31", "2021-06-01"]
    rates = pd.DataFrame({"date": days, "currency": "USD", "per_eur": 1.0})
    with pytest.raises(MissingRate) as caught:
        money.year_average(rates, 2022)
    assert caught.value.expected == "a year from 2019 to 2021"


def test_other_currencies_are_kept_apart(rates):
    assert money.month_averages(rates, "GBP").to_dict() == {"2022-03": 0.5}
    with pytest.raises(MissingRate, match="no euro rate for XYZ"):
        money.daily(rates, "XYZ")


def test_months_without_a_rate_are_named(rates):
    rows = amounts(("2022-01", 1.0), ("2022-05", 1.0), ("2022-04", 1.0), ("2022-05", 1.0))
    with pytest.raises(MissingRate, match=r"no US\$ rate for 2022-04, 2022-05\.") as caught:
        money.to_usd(rows, rates, "month_average", cut_off=CUT_OFF)
    assert "months from 2021-12 to 2022-03" in str(caught.value)


FILE = "data/processed/clean/rates.csv"
NO_MONTHS = ROWS[["value_eur"]]
LATE = amounts(("2022-05", 1.0), ("2022-04", 1.0), ("2022-05", 1.0))


@pytest.mark.parametrize(
    ("ask", "file", "found", "expected", "mend"),
    [
        pytest.param(
            lambda rates: money.daily(pd.concat([rates, rates]), "XYZ"),
            FILE, None, "one of ['GBP', 'USD']", "ingest", id="currency",
        ),
        pytest.param(
            lambda rates: money.period_average(rates, "2021-12-31"),
            None, "2021-12-31", None, "after January 2022", id="period",
        ),
        pytest.param(
            lambda rates: money.year_average(rates, 2019),
            FILE, None, "a year from 2021 to 2022", "ingest", id="year",
        ),
        pytest.param(
            lambda rates: money.rate_on(rates, "2022-02-12"),
            None, "2022-02-01", "a rate near 2022-02-12", "newer", id="day after a gap",
        ),
        pytest.param(
            lambda rates: money.rate_on(rates, "2021-12-30"),
            None, None, "a rate near 2021-12-30", "newer", id="day before all",
        ),
        pytest.param(
            lambda rates: money.to_usd(ROWS, rates, "spot", cut_off=CUT_OFF),
            None, "spot", "one of ['month_average',", None, id="method",
        ),
        pytest.param(
            lambda rates: money.to_usd(ROWS, rates, "fixed", cut_off=CUT_OFF),
            None, None, "US$ per euro", None, id="fixed without a rate",
        ),
        pytest.param(
            lambda rates: money.to_usd(ROWS, rates, "publication_day", cut_off=CUT_OFF),
            None, None, "release_dates.csv", "use at_cut_off", id="day of publication unknown",
        ),
        pytest.param(
            lambda rates: money.to_usd(
                ROWS, rates, "publication_day", cut_off=CUT_OFF, published="2022-03"
            ),
            None, "2022-03", "an ISO date", "its first and for its last day",
            id="month of publication only",
        ),
        pytest.param(
            lambda rates: money.to_usd(NO_MONTHS, rates, "month_average", cut_off=CUT_OFF),
            None, None, "a release with", "period_average, at_cut_off", id="no months",
        ),
        pytest.param(
            lambda rates: money.to_usd(LATE, rates, "month_average", cut_off=CUT_OFF),
            FILE, ["2022-04", "2022-05"], "months from 2021-12 to 2022-03", "newer",
            id="months",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_all_that_helps(rates, ask, file, found, expected, mend):
    with pytest.raises(AuditError) as caught:
        ask(rates)
    error = caught.value
    assert (error.file, error.found) == (file, found)
    for told, part in ((error.expected, expected), (error.mend, mend)):
        assert told is None if part is None else part in told


def test_unknown_method_lists_the_known_ones(rates):
    with pytest.raises(AuditError, match="'spot' is not a known") as caught:
        money.to_usd(ROWS, rates, "spot", cut_off=CUT_OFF)
    assert all(method in str(caught.value) for method in FxMethod)


def test_fixed_method_needs_its_rate(rates):
    with pytest.raises(AuditError, match="needs a rate"):
        money.to_usd(ROWS, rates, "fixed", cut_off=CUT_OFF)


def test_table_without_months_answers_all_methods_but_the_month_average(rates):
    totals = ROWS[["value_eur"]]
    with pytest.raises(AuditError, match="needs announcement months"):
        money.to_usd(totals, rates, "month_average", cut_off=CUT_OFF)
    for method in set(FxMethod) - {FxMethod.month_average}:
        usd = money.to_usd(totals, rates, method, cut_off=CUT_OFF, fixed=1.0, published=CUT_OFF)
        assert usd.notna().all()


def test_no_rows_make_no_dollars(rates):
    for method in FxMethod:
        usd = money.to_usd(
            ROWS.head(0), rates, method, cut_off=CUT_OFF, fixed=1.0, published=CUT_OFF
        )
        assert usd.sum() == 0


def test_release_21_at_the_rate_of_its_publication_day():
    """267.197 bn EUR × 1.0478, the ECB's rate of 14 February 2025, by hand: 279.97."""
    rates = pd.DataFrame(
        [("2024-12-31", "USD", 1.0389), ("2025-02-14", "USD", 1.0478)],
        columns=["date", "currency", "per_eur"],
    )
    euros = pd.DataFrame({"value_eur": [267.197]})
    given = {"cut_off": "2024-12-31", "published": "2025-02-14"}
    (usd,) = money.to_usd(euros, rates, "publication_day", **given)
    assert round(usd, 2) == 279.97
    (usd,) = money.to_usd(euros, rates, "at_cut_off", **given)
    assert round(usd, 1) == 277.6


def test_the_day_of_publication_is_no_reading():
    assert FxMethod.publication_day not in money.READINGS
    assert set(money.READINGS) == set(FxMethod) - {FxMethod.publication_day}
