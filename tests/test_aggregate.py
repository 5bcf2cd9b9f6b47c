"""Sums over tables of every depth: what goes in comes out, once."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aidaudit.data import clean
from aidaudit.data.tables import RESULTS
from aidaudit.data.vocabulary import AID_TYPES, MEASURES
from aidaudit.measures import aggregate, money
from aidaudit.measures.donors import PARTITION
from nbtrail.base.errors import AuditError
from nbtrail.record.numbers import Numbers

CUT_OFF = "2022-03-31"

DONORS = pd.DataFrame(
    [
        ("United States", "USA", "state", False, "1949-01-01"),
        ("Germany", "DEU", "state", True, "1955-01-01"),
        ("Canada", "CAN", "state", False, "1949-01-01"),
        ("Finland", "FIN", "state", True, "2023-04-04"),
        ("Japan", "JPN", "state", False, None),
        ("EU (Commission and Council)", None, "eu_institution", True, None),
    ],
    columns=["donor", "iso3", "kind", "europe", "nato_from"],
).astype({"nato_from": "str"})

RATES = pd.DataFrame(
    [("2022-02-01", "USD", 2.0), ("2022-03-31", "USD", 4.0)],
    columns=["date", "currency", "per_eur"],
)


def clean_rows(*rows):
    columns = ["donor", "month", "aid_type", "allocation_eur", "commitment_eur"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"allocation_eur": "float64", "commitment_eur": "float64"}
    )


def measured(*rows):
    columns = ["donor", "month", "aid_type", "measure", "value_eur"]
    return pd.DataFrame(rows, columns=columns).astype({"value_eur": "float64"})


def headline(rows, **more):
    return aggregate.headline(
        rows, DONORS, RATES, reading="total", release=21, cut_off=CUT_OFF, fixed=1.5, **more
    )


def listed(table):
    return [tuple(row) for row in table.itertuples(index=False)]


def test_by_measure_sums_activities_and_drops_zeros():
    rows = aggregate.by_measure(
        clean_rows(
            ("Japan", "2022-03", "Military", 1, 5),
            ("Germany", "2022-03", "Military", 2, None),
            ("Germany", "2022-03", "Military", 3, None),
            ("Germany", "2022-02", "Financial", 0, 7),
            ("Germany", "undated", "Financial", 4, -4),
            ("Germany", "undated", "Financial", None, 4),
        )
    )
    assert listed(rows) == [
        ("Germany", "2022-02", "Financial", "commitment", 7.0),
        ("Germany", "2022-03", "Military", "allocation", 5.0),
        ("Germany", "undated", "Financial", "allocation", 4.0),
        ("Japan", "2022-03", "Military", "allocation", 1.0),
        ("Japan", "2022-03", "Military", "commitment", 5.0),
    ]
    assert rows.index.tolist() == [0, 1, 2, 3, 4]


def test_by_measure_has_one_order_however_it_is_asked():
    raw = clean_rows(
        ("Japan", "2022-03", "Military", 1, 2),
        ("Germany", "2022-03", "Military", 3, 4),
        ("Germany", "2022-03", "Financial", 5, 6),
    )
    rows = aggregate.by_measure(raw, ["commitment", "allocation"])
    assert rows["value_eur"].tolist() == [5, 6, 3, 4, 1, 2]
    assert rows.equals(aggregate.by_measure(raw.iloc[::-1]))


def test_by_measure_names_what_a_release_does_not_know():
    raw = clean_rows(("Japan", "2022-03", "Military", 1, 5))
    early = raw.drop(columns="allocation_eur")
    with pytest.raises(AuditError) as caught:
        aggregate.by_measure(early)
    error = caught.value
    assert error.problem == "the release has no allocations."
    assert error.found == "donor, month, aid_type, commitment_eur"
    assert error.expected == "one of ['commitment']"
    assert "release 16" in error.mend
    with pytest.raises(AuditError, match="no promises"):
        aggregate.by_measure(raw, ["allocation", "promise", "gift"])


def test_by_measure_of_a_table_without_months():
    totals = clean_rows(("Japan", "2022-03", "Military", 1, 5)).drop(columns="month")
    rows = aggregate.by_measure(totals)
    assert list(rows.columns) == ["donor", "aid_type", "measure", "value_eur"]
    assert rows["value_eur"].tolist() == [1, 5]


def test_cut_keeps_undated_rows_and_the_whole_month_of_the_cut_off():
    months = ["2022-01", "2022-02", "2022-03", "2022-04", "2023-01", "undated"]
    rows = measured(*[("Japan", m, "Military", "allocation", 1) for m in months])
    kept = aggregate.cut(rows, "2022-03-01")["month"].tolist()
    assert kept == ["2022-01", "2022-02", "2022-03", "undated"]


def test_cut_of_a_table_without_months_says_so():
    with pytest.raises(AuditError, match="no announcement months") as caught:
        aggregate.cut(measured().drop(columns="month"), CUT_OFF)
    assert caught.value.found == CUT_OFF
    assert "activity rows" in caught.value.expected
    assert "another release" in caught.value.mend


# Out of order on purpose: nothing may hang on the order of the rows.
SHUFFLED = measured(
    ("United States", "2022-02", "Military", "allocation", 16e9),
    ("Germany", "2022-03", "Military", "commitment", 8e9),
    ("Germany", "2022-03", "Military", "allocation", 4e9),
    ("Germany", "2022-03", "Financial", "allocation", 2e9),
    ("Germany", "2022-02", "Military", "allocation", 1e9),
)


def test_totals_by_hand():
    totals = aggregate.donor_totals(SHUFFLED, DONORS, CUT_OFF)
    assert [*totals.columns, "release"] == list(RESULTS["donor_totals"].columns)
    assert listed(totals) == [
        ("Germany", "European NATO members", "Financial", "allocation", 2.0),
        ("Germany", "European NATO members", "Military", "allocation", 5.0),
        ("Germany", "European NATO members", "Military", "commitment", 8.0),
        ("United States", "United States", "Military", "allocation", 16.0),
    ]


def test_months_by_hand():
    monthly = aggregate.monthly(SHUFFLED, DONORS, CUT_OFF)
    assert [*monthly.columns, "release"] == list(RESULTS["monthly"].columns)
    assert listed(monthly) == [
        ("2022-02", "Germany", "European NATO members", "Military", "allocation", 1.0),
        ("2022-02", "United States", "United States", "Military", "allocation", 16.0),
        ("2022-03", "Germany", "European NATO members", "Financial", "allocation", 2.0),
        ("2022-03", "Germany", "European NATO members", "Military", "allocation", 4.0),
        ("2022-03", "Germany", "European NATO members", "Military", "commitment", 8.0),
    ]
    assert monthly.index.tolist() == [0, 1, 2, 3, 4]


def test_headline_holds_every_combination_once():
    table = headline(measured(("Germany", "2022-02", "Military", "allocation", 1e9)))
    key = ["measure", "donors", "fx_method"]
    expected = pd.MultiIndex.from_product(
        [MEASURES, aggregate.HEADLINE_GROUPS, [str(m) for m in money.READINGS]], names=key
    )
    assert len(table) == 2 * 5 * 4
    assert sorted(table.set_index(key).index) == sorted(expected)
    assert table[["value_eur_bn", "value_usd_bn"]].notna().all(axis=None)
    assert list(table.columns) == list(RESULTS["headline"].columns)
    for column, value in {"reading": "total", "release": 21, "cut_off": CUT_OFF}.items():
        assert set(table[column]) == {value}
    # Members of an enumeration would be text too, and not equal in what is written.
    assert set(map(type, table["fx_method"])) == {str}


def test_headline_is_exact_and_has_no_rate_of_nothing():
    table = headline(measured(("Japan", "2022-03", "Military", "allocation", 3e9)))
    fixed = table[(table["measure"] == "allocation") & (table["fx_method"] == "fixed")]
    values = fixed.set_index("donors")[["value_eur_bn", "value_usd_bn", "usd_per_eur"]]
    assert values.loc["all"].tolist() == [3.0, 4.5, 1.5]
    assert values.loc["nato", ["value_eur_bn", "value_usd_bn"]].tolist() == [0.0, 0.0]
    assert pd.isna(values.loc["nato", "usd_per_eur"])


def test_headline_by_hand():
    table = headline(
        measured(
            ("Germany", "2022-02", "Military", "allocation", 1e9),
            ("Germany", "2022-03", "Military", "allocation", 3e9),
            ("Japan", "2022-03", "Financial", "allocation", 10e9),
            ("EU (Commission and Council)", "undated", "Financial", "allocation", 100e9),
            ("Finland", "2022-03", "Military", "allocation", 1000e9),
            ("Germany", "2022-03", "Military", "commitment", 5e9),
        )
    )
    eur = table[table["fx_method"] == "fixed"].set_index(["measure", "donors"])["value_eur_bn"]
    assert eur["allocation"].to_dict() == pytest.approx(
        {"all": 1114, "nato": 4, "nato_dated": 4, "nato_eu": 104, "european_nato": 4}
    )
    assert eur["commitment", "nato"] == pytest.approx(5)
    nato = table[(table["measure"] == "allocation") & (table["donors"] == "nato")]
    assert nato.set_index("fx_method")["value_usd_bn"].to_dict() == pytest.approx(
        {"month_average": 2 + 12, "period_average": 12, "at_cut_off": 16, "fixed": 6}
    )
    assert nato.set_index("fx_method")["usd_per_eur"].to_dict() == pytest.approx(
        {"month_average": 3.5, "period_average": 3, "at_cut_off": 4, "fixed": 1.5}
    )


def test_headline_leaves_null_what_a_table_without_months_cannot_answer():
    rows = measured(("Germany", "", "Military", "allocation", 1e9)).drop(columns="month")
    table = headline(rows)
    assert len(table) == 40
    dated = table["donors"] == "nato_dated"
    monthly = table["fx_method"] == "month_average"
    assert (table["value_usd_bn"].isna() == (dated | monthly)).all()
    assert (table["value_eur_bn"].isna() == dated).all()
    nothing = headline(rows, groups=["nato_dated"])
    assert nothing[["value_eur_bn", "value_usd_bn", "usd_per_eur"]].isna().all(axis=None)
    assert (nothing.dtypes[["value_eur_bn", "value_usd_bn", "usd_per_eur"]] == "float64").all()


def test_what_lies_after_a_release_is_not_known_from_it():
    table = headline(measured(("Germany", "2022-02", "Military", "allocation", 1e9)))
    assert aggregate.covered(table, CUT_OFF).equals(table)
    beyond = aggregate.covered(table, "2022-03-30")
    values = ["value_eur_bn", "value_usd_bn", "usd_per_eur"]
    assert beyond[values].isna().all(axis=None)
    assert beyond.drop(columns=values).equals(table.drop(columns=values))


def test_last_day_is_the_cut_off_unless_the_totals_are_of_another_release(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[1])
    assert aggregate.last_day(28, "2025-02-28", 28) == "2025-02-28"
    assert aggregate.last_day(30, "2026-04-30", 29) == "2026-06-30"
    assert aggregate.last_day(28, "2026-04-30", 29) == "2026-02-28"


def test_numbers_of_the_headline_leave_out_nulls():
    rows = measured(("Germany", "", "Military", "allocation", 2e9)).drop(columns="month")
    numbers = Numbers("test")
    aggregate.headline_numbers(headline(rows), numbers)
    entries = numbers.entries
    assert entries["total.nato.allocation.eur_bn"]["display"] == "2.0 bn EUR"
    assert entries["total.nato.allocation.usd_bn.fixed"]["value"] == pytest.approx(3)
    assert not [key for key in entries if "nato_dated" in key or "month_average" in key]


def test_numbers_of_the_totals():
    totals = aggregate.donor_totals(
        measured(
            ("Germany", "2022-02", "Military", "allocation", 1e9),
            ("United States", "2022-02", "Military", "allocation", 2e9),
            ("United States", "2022-02", "Financial", "allocation", 4e9),
            ("United States", "2022-02", "Military", "commitment", 9e9),
        ),
        DONORS,
        CUT_OFF,
    )
    numbers = Numbers("test")
    aggregate.total_numbers(totals, numbers)
    assert {key: entry["value"] for key, entry in numbers.entries.items()} == {
        "allocation.financial.eur_bn": 4,
        "allocation.military.eur_bn": 3,
        "allocation.united_states.eur_bn": 6,
        "allocation.european_nato_members.eur_bn": 1,
    }


tables = st.lists(
    st.tuples(
        st.sampled_from(DONORS["donor"].tolist()),
        st.sampled_from(["2022-02", "2022-03", "undated"]),
        st.sampled_from(AID_TYPES),
        st.none() | st.integers(-(10**9), 10**12),
        st.none() | st.integers(0, 10**12),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_nothing_is_lost_or_counted_twice(raw):
    clean = clean_rows(*raw)
    rows = aggregate.by_measure(clean)
    totals = aggregate.donor_totals(rows, DONORS, CUT_OFF)
    monthly = aggregate.monthly(rows, DONORS, CUT_OFF)
    assert not rows.duplicated(["donor", "month", "aid_type", "measure"]).any()
    assert set(totals["donor_group"]) <= set(PARTITION)
    for measure in MEASURES:
        published = clean[f"{measure}_eur"].sum() / 1e9
        for table in (totals, monthly):
            of_measure = table[table["measure"] == measure]
            by_group = of_measure.groupby("donor_group")["value_eur_bn"].sum()
            assert by_group.sum() == pytest.approx(published, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(tables, st.floats(0.5, 2), st.integers(1, 9))
def test_conversion_is_linear(raw, fixed, factor):
    rows = aggregate.by_measure(clean_rows(*raw))
    more = rows.assign(value_eur=rows["value_eur"] * factor)
    for method in money.READINGS:

        def usd(table, method=method):
            return money.to_usd(table, RATES, method, cut_off=CUT_OFF, fixed=fixed)

        assert usd(more).sum() == pytest.approx(factor * usd(rows).sum(), abs=1)
        in_parts = sum(usd(part).sum() for _, part in rows.groupby("donor"))
        assert in_parts == pytest.approx(usd(rows).sum(), abs=1)
    in_euros = rows["value_eur"].sum() * fixed
    converted = money.to_usd(rows, RATES, "fixed", cut_off=CUT_OFF, fixed=fixed).sum()
    assert converted == pytest.approx(in_euros, abs=1)


def test_refugee_costs_are_added_at_the_rate_of_each_method():
    days = pd.date_range("2022-01-01", "2022-12-31").strftime("%Y-%m-%d")
    # One dollar in the first half of the year, two in the second.
    rates = pd.DataFrame(
        {
            "date": days,
            "currency": "USD",
            "per_eur": [1.0 if d < "2022-07-02" else 2.0 for d in days],
        }
    )
    headline = pd.DataFrame(
        {
            "measure": ["allocation"] * 3 + ["commitment"],
            "donors": ["nato", "nato", "all", "nato"],
            "fx_method": ["fixed", "month_average", "at_cut_off", "fixed"],
            "value_usd_bn": [100.0, 100.0, None, 900.0],
        }
    )
    costs = pd.DataFrame({"donor": ["Germany", "Austria"], "refugee_costs_eur_bn": [10.0, 4.0]})
    table = aggregate.with_refugee_costs(
        headline,
        costs,
        clean.members(),
        rates,
        groups=["nato", "all"],
        cut_off="2022-12-31",
        fixed=3.0,
    )
    # Austria is no member; a value that the release cannot give stays out.
    assert table["value_usd_bn"].tolist() == pytest.approx([130, 115.0], abs=0.05)
    assert set(table["measure"]) == {"allocation with refugee costs"}


def test_refugee_costs_of_several_hosts_are_added_up():
    headline = pd.DataFrame(
        {
            "measure": "allocation",
            "donors": ["european_nato", "nato", "all"],
            "fx_method": "fixed",
            "value_usd_bn": [70.0, 100.0, 200.0],
        }
    )
    costs = pd.DataFrame(
        {"donor": ["Germany", "Canada", "Japan"], "refugee_costs_eur_bn": [10.0, 4.0, 1.0]}
    )
    table = aggregate.with_refugee_costs(
        headline, costs, DONORS, RATES, groups=["nato", "all"], cut_off=CUT_OFF, fixed=3.0
    )
    assert table.to_dict("list") == {
        "donors": ["nato", "all"],
        "fx_method": ["fixed", "fixed"],
        "value_usd_bn": [142.0, 245.0],
        "measure": ["allocation with refugee costs"] * 2,
    }
    assert table.index.tolist() == [0, 1]
