"""The specification curve: the vectorised pass against the slow way, and its summaries."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aidaudit import config
from aidaudit.data import clean, sources
from aidaudit.measures import aggregate, money, multiverse, result_tables
from aidaudit.measures.donors import select
from aidaudit.measures.multiverse import CHOICES
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
TYPES = "Military + Financial + Humanitarian"


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)


@cache
def context(name):
    return clean.context(name, config.context()[name])


@cache
def release(number):
    return clean.kiel(number)


@cache
def members():
    return clean.members()


@cache
def specifications():
    choices = config.multiverse()
    return multiverse.specify(
        {number: release(number) for number in choices.releases},
        {number: sources.release(number)["cut_off"] for number in choices.releases},
        choices,
        donors=members(),
        rates=context("rates"),
        economy=context("economy"),
        refugee_costs=context("refugee_costs"),
        fixed=1.13972,
    )


def one(**chosen):
    found = multiverse.literal(specifications(), chosen)
    assert len(found) == 1
    return found["value_usd_bn"].iloc[0]


def test_there_are_several_thousand_and_each_is_there_once():
    table = specifications()
    assert len(table) > 5000
    assert not table.duplicated(CHOICES).any()
    assert (table["value_usd_bn"] > 0).all()
    assert len(multiverse.at_article(table, config.multiverse().window)) > 2000


@pytest.mark.parametrize("number", [21, 28])
@pytest.mark.parametrize("group", ["all", "nato", "nato_eu", "european_nato"])
@pytest.mark.parametrize("method", money.READINGS)
def test_the_pass_gives_what_one_at_a_time_gives(number, group, method):
    day = "2024-12-31"
    rows = aggregate.cut(aggregate.by_measure(release(number)), day)
    for measure in ("allocation", "commitment"):
        chosen = select(rows[rows["measure"] == measure], members(), group, day)
        slow = money.to_usd(chosen, context("rates"), method, cut_off=day, fixed=1.13972).sum()
        assert one(
            release=number,
            cut_off=day,
            donors=group,
            membership="present",
            measure=measure,
            aid_types=TYPES,
            refugee_costs="out",
            fx_method=str(method),
            prices="nominal",
        ) == pytest.approx(slow / 1e9, abs=1e-6)


def test_dated_membership_is_that_of_the_donor_groups():
    day = "2025-02-28"
    rows = aggregate.cut(aggregate.by_measure(release(28)), day)
    military = rows[(rows["measure"] == "allocation") & (rows["aid_type"] == "Military")]
    chosen = select(military, members(), "nato_dated", day)
    assert one(
        release=28,
        cut_off=day,
        donors="nato",
        membership="dated",
        measure="allocation",
        aid_types="Military",
        refugee_costs="out",
        fx_method="fixed",
        prices="nominal",
    ) == pytest.approx(chosen["value_eur"].sum() * 1.13972 / 1e9, abs=1e-6)


CONSTRUCTED = config.Multiverse(
    releases=[28],
    cut_offs=["2024-12-31"],
    donors=["all", "nato"],
    aid_types=[["Military", "Financial", "Humanitarian"], ["Military"]],
    refugee_costs_release=28,
    price_year=2022,
    literal={"donors": "nato"},
    nearest_to_words={"release": 28},
)


def constructed(**columns):
    """100 of Germany in 2022 and 100 in 2024, 50 of Finland in 2022; a euro is one dollar."""
    table = pd.DataFrame(
        {
            "donor": ["Germany", "Germany", "Finland"],
            "month": ["2022-06", "2024-06", "2022-06"],
            "aid_type": ["Military", "Military", "Humanitarian"],
            "allocation_eur": [100e9, 100e9, 50e9],
            "commitment_eur": [float("nan")] * 3,
        }
    ).assign(**columns)
    days = pd.date_range("2022-01-01", "2024-12-31").strftime("%Y-%m-%d")
    return multiverse.specify(
        {28: table},
        {28: "2024-12-31"},
        CONSTRUCTED,
        donors=members(),
        rates=pd.DataFrame({"date": days, "currency": "USD", "per_eur": 1.0}),
        economy=pd.DataFrame(
            {
                "iso3": "USA",
                "concept": "NGDP_D",
                "year": [2022, 2023, 2024],
                "value": [100.0, 100.0, 125.0],
            }
        ),
        refugee_costs=pd.DataFrame({"donor": ["Germany"], "refugee_costs_eur_bn": [7.0]}),
        fixed=2.0,
    )


def constructed_one(**chosen):
    defaults = {
        "donors": "all",
        "membership": "present",
        "aid_types": TYPES,
        "refugee_costs": "out",
        "fx_method": "month_average",
        "measure": "allocation",
        "prices": "nominal",
    }
    found = multiverse.literal(constructed(), defaults | chosen)
    assert len(found) == 1
    return found["value_usd_bn"].iloc[0]


@pytest.mark.parametrize(
    ("chosen", "value"),
    [
        ({}, 250),
        ({"fx_method": "fixed"}, 500),
        # 100 of 2024 are worth 80 in the prices of 2022.
        ({"prices": "constant"}, 230),
        ({"aid_types": "Military"}, 200),
        ({"refugee_costs": "in"}, 257),
        ({"donors": "nato"}, 250),
        # Finland joined in 2023, after what it gave.
        ({"donors": "nato", "membership": "dated"}, 200),
    ],
)
def test_each_choice_on_amounts_worked_out_by_hand(chosen, value):
    assert constructed_one(**chosen) == pytest.approx(value)


def test_refugee_costs_stand_beside_humanitarian_aid_only():
    table = constructed()
    assert set(table.loc[table["refugee_costs"] == "in", "aid_types"]) == {TYPES}


def test_a_release_without_months_answers_less():
    table = specifications()
    totals = table[table["release"] == 30]
    assert set(totals["prices"]) == {"nominal"}
    assert set(totals["membership"]) == {"present"}
    assert "month_average" not in set(totals["fx_method"])
    assert set(totals["cut_off"]) == {"2026-06-30"}


def test_commitments_that_are_not_split_by_type_answer_for_all_types_only():
    table = specifications()
    unsplit = table[(table["release"] == 29) & (table["measure"] == "commitment")]
    assert set(unsplit["aid_types"]) == {TYPES}
    assert one(
        release=29,
        cut_off="2026-04-30",
        donors="all",
        membership="present",
        measure="commitment",
        aid_types=TYPES,
        refugee_costs="out",
        fx_method="fixed",
        prices="nominal",
    ) == pytest.approx(547.984 * 1.13972, abs=0.01)


def test_early_releases_never_pass_commitments_for_allocations():
    table = specifications()
    assert set(table.loc[table["release"].isin([7, 13]), "measure"]) == {"commitment"}


SPECS = pd.DataFrame(
    {
        **dict.fromkeys(CHOICES, "x"),
        "donors": ["a", "a", "b", "b"],
        "prices": ["n", "c", "n", "c"],
        "cut_off": "2024-12-31",
        "value_usd_bn": [100.0, 100.0, 400.0, 400.0],
    }
)


def test_a_choice_that_alone_decides_explains_everything():
    table = multiverse.influence(SPECS).set_index("choice")
    assert table.loc["donors", "alone_percent"] == pytest.approx(100)
    assert table.loc["donors", "factor"] == pytest.approx(4)
    assert table.loc["prices", "alone_percent"] == pytest.approx(0, abs=1e-9)
    assert table.loc["together", "alone_percent"] == pytest.approx(100)
    assert "release" not in table.index


def test_what_only_acts_together_is_left_unexplained():
    crossed = SPECS.assign(value_usd_bn=[100.0, 400.0, 400.0, 100.0])
    table = multiverse.influence(crossed).set_index("choice")
    assert table.loc["together", "alone_percent"] == pytest.approx(0, abs=1e-9)


def test_shares_within_the_tolerance_count_both_sides():
    values = pd.Series([265.9, 266.0, 280.0, 294.0, 294.1])
    assert list(multiverse.within(values, 280, 0.05)) == [False, True, True, True, False]


def test_fewest_changes_names_the_choice_that_has_to_change():
    found = multiverse.fewest_changes(SPECS, SPECS.iloc[0], 400, 0.05)
    assert found["changes"].tolist() == [1]
    assert found["changed"].tolist() == ["donors"]
    assert multiverse.fewest_changes(SPECS, SPECS.iloc[0], 900, 0.05).empty


def test_by_option_and_the_strips_count_each_specification_once():
    options = multiverse.by_option(SPECS, 400, 0.05).set_index(["choice", "option"])
    assert options.loc[("donors", "b"), "within_percent"] == 100
    assert options.loc[("prices", "n"), "within_percent"] == 50
    strips = multiverse.raster(SPECS, 2).set_index(["choice", "option"])
    assert strips.loc[("donors", "a")].tolist() == [100, 0]
    assert np.allclose(strips.groupby("choice").sum(), 100)


def test_a_choice_that_no_specification_has_is_told():
    with pytest.raises(AuditError) as refused:
        multiverse.literal(SPECS, {"donors": "c"})
    assert "config/multiverse.yaml" in str(refused.value)


def test_a_price_year_without_a_deflator_is_told():
    with pytest.raises(AuditError, match="there is no US deflator for 1815"):
        multiverse.deflators(context("economy"), 1815)


def test_the_table_has_a_schema(tmp_path, monkeypatch):
    monkeypatch.setattr("nbtrail.base.files.target", lambda path: tmp_path / Path(path).name)
    result_tables.write_table(specifications(), "all", "specifications")
    assert (tmp_path / "specifications.csv").stat().st_size > 100_000
