"""What figures plot, worked out by hand."""

import pandas as pd
import pytest

from aidaudit.measures import figure_data
from nbtrail.base.errors import AuditError

TYPES = ["Military", "Financial", "Humanitarian"]


def frame(columns, *rows):
    return pd.DataFrame(rows, columns=columns.split())


def monthly(*rows):
    return frame("month donor_group value_eur_bn", *rows)


def totals(*rows):
    return frame("donor aid_type value_eur_bn", *rows)


DONORS = frame(
    "donor iso3 kind europe nato_from",
    ("United States", "USA", "state", False, "1949-01-01"),
    ("Germany", "DEU", "state", True, "1955-01-01"),
    ("Ireland", "IRL", "state", True, None),
    ("Japan", "JPN", "state", False, None),
    ("EU", None, "eu_institution", True, None),
).astype({"nato_from": "str"})

# Two US$ per euro in 2021; the rate of 2022 must not count.
RATES = frame(
    "date currency per_eur",
    ("2021-01-04", "USD", 1.0),
    ("2021-07-01", "USD", 3.0),
    ("2022-01-03", "USD", 50.0),
)
ECONOMY = frame(
    "iso3 concept year value unit status",
    ("USA", "NGDPD", 2021, 2000.0, "USD", "actual"),
    ("USA", "NGDPD", 2022, 7.0, "USD", "actual"),
    ("USA", "NGDP_RPCH", 2021, 7.0, "PT", "actual"),
    ("DEU", "NGDPD", 2021, 400.0, "USD", "actual"),
    ("IRL", "NGDPD", 2021, 100.0, "USD", "estimate"),
)


def test_cumulative_has_no_gaps():
    table = figure_data.cumulative(
        monthly(
            ("2022-11", "A", 1.0),
            ("2023-02", "B", 2.0),
            ("2023-02", "A", 4.0),
            ("2023-02", "A", 8.0),
            ("undated", "A", 100.0),
        ),
        ["B", "A", "C"],
    )
    assert list(table.index) == ["2022-11", "2022-12", "2023-01", "2023-02"]
    assert list(table.columns) == ["B", "A", "C"]
    # Undated aid counts in every total, so that no later total is smaller.
    assert table["A"].tolist() == [101, 101, 101, 113]
    assert table["B"].tolist() == [0, 0, 0, 2]
    assert table["C"].tolist() == [0, 0, 0, 0]


def test_ranking_by_hand():
    table = figure_data.ranking(
        totals(
            ("United States", "Military", 6.0),
            ("United States", "Financial", 4.0),
            ("Germany", "Military", 2.0),
            ("EU", "Financial", 3.0),
        ),
        DONORS,
        ECONOMY,
        RATES,
    )
    assert list(table.index) == ["United States", "EU", "Germany"]
    assert table["total"].tolist() == [10, 3, 2]
    # 2000 bn US$ at 2 US$ per euro are 1000 bn EUR; Germany's 400 are 200.
    us, germany = table.loc["United States"], table.loc["Germany"]
    assert us["percent_of_gdp"] == pytest.approx(1.0)
    assert us["Military_percent"] == pytest.approx(0.6)
    assert us["Financial_percent"] == pytest.approx(0.4)
    assert germany["percent_of_gdp"] == pytest.approx(1.0)
    assert germany["Humanitarian_percent"] == 0
    assert pd.isna(table.loc["EU", "percent_of_gdp"])


@pytest.mark.parametrize("order", [["Japan", "Germany", "Ireland"], ["Ireland", "Japan"]])
def test_ties_in_the_ranking_fall_back_on_the_name(order):
    rows = totals(*[(donor, "Military", 5.0) for donor in order])
    assert list(figure_data.ranking(rows, DONORS, ECONOMY, RATES).index) == sorted(order)


def test_ranking_refuses_rates_that_do_not_reach_back():
    rates = RATES[RATES["date"] > "2022"]
    with pytest.raises(AuditError, match="2021"):
        figure_data.ranking(totals(("Germany", "Military", 5.0)), DONORS, ECONOMY, rates)


def test_mix_sums_to_100_and_weighs_all_donors_by_their_size():
    rows = frame(
        "donor_group aid_type value_eur_bn",
        ("A", "Military", 3.0),
        ("A", "Financial", 1.0),
        ("B", "Humanitarian", 16.0),
    )
    table = figure_data.mix(rows, ["B", "missing", "A"], TYPES)
    assert list(table.index) == ["B", "A", "All donors"]
    assert table[TYPES].sum(axis=1).tolist() == pytest.approx([100, 100, 100])
    assert table.loc["A", TYPES].tolist() == [75, 25, 0]
    assert table.loc["All donors", TYPES].tolist() == [15, 5, 80]
    assert table["total"].tolist() == [16, 4, 20]


def test_macro_takes_one_country_and_both_end_years():
    rows = figure_data.macro(ECONOMY, "USA", ["NGDPD"], 2021, 2022)
    assert rows["year"].tolist() == [2021, 2022]
    assert rows["value"].tolist() == [2000, 7]
    assert figure_data.macro(ECONOMY, "USA", ["NGDPD"], 2022, 2030)["year"].tolist() == [2022]


def sides():
    rows = frame(
        "month donor aid_type measure value_eur_bn",
        ("2024-11", "United States", "Military", "allocation", 4.0),
        ("2024-11", "United States", "Financial", "allocation", 2.0),
        ("2024-11", "Ireland", "Financial", "allocation", 1.0),
        ("2025-01", "Germany", "Military", "allocation", 3.0),
        ("2025-01", "EU", "Financial", "allocation", 5.0),
        ("2025-01", "Japan", "Military", "allocation", 50.0),
        ("2025-01", "Germany", "Military", "commitment", 70.0),
        ("undated", "Germany", "Military", "allocation", 90.0),
    )
    return figure_data.two_sides(rows, DONORS, "2024-11", "2025-02-28")


def test_two_sides_show_every_month_of_each():
    table = sides().set_index(["side", "aid", "month"])["value_eur_bn"].sort_index()
    assert len(table) == 2 * 2 * 4
    assert table["United States", "All aid"].tolist() == [6, 0, 0, 0]
    assert table["United States", "Military aid"].tolist() == [4, 0, 0, 0]
    assert table["Europe", "All aid"].tolist() == [1, 0, 8, 0]
    assert table["Europe", "Military aid"].tolist() == [0, 0, 3, 0]


@pytest.mark.parametrize("since", ["2030-01", "2020-01"])
def test_a_switch_outside_the_data_names_their_range(since):
    first, last = sides()["month"].min(), sides()["month"].max()
    with pytest.raises(
        AuditError, match=f"(?s)'since'.*{since}.*after {first} and up to {last}"
    ):
        figure_data.before_and_after(sides(), since)


def test_before_and_after_are_means_per_month():
    table = figure_data.before_and_after(sides(), "2025-01")
    assert list(table.columns) == ["before", "after"]
    assert table.loc[("All aid", "United States")].tolist() == [3, 0]
    assert table.loc[("All aid", "Europe")].tolist() == [0.5, 4]
    assert table.loc[("Military aid", "Europe")].tolist() == [0, 1.5]
