"""Scenarios: quarters, draws and costs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aidaudit import config
from aidaudit.data import clean
from aidaudit.data.tables import RESULTS
from aidaudit.data.tables.sensitivity import SCENARIOS
from aidaudit.measures import scenarios
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
SAME = {
    "quarters": 4,
    "hold_quarters": 4,
    "end_level": 1.0,
    "military_from": 0.0,
    "military_to": 1.0,
    "other_aid": True,
}


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)


def rows(*entries):
    return pd.DataFrame(entries, columns=["donor", "month", "aid_type", "value_eur"])


GIVEN = rows(
    ("United States", "2022-01", "Military", 10e9),
    ("United States", "2022-03", "Financial", 2e9),
    ("Germany", "2022-04", "Military", 4e9),
    ("Germany", "undated", "Military", 99e9),
    ("France", "2022-12", "Humanitarian", 1e9),
)


def test_quarters_are_whole_without_gaps_and_leave_out_undated_rows():
    table = scenarios.quarters(
        GIVEN, clean.members(), ["us", "europe", "Germany"], "2022-12-31"
    )
    assert list(table.index) == ["2022-Q1", "2022-Q2", "2022-Q3", "2022-Q4"]
    assert table["us", "Military"].tolist() == [10, 0, 0, 0]
    assert table["us", "Other"].tolist() == [2, 0, 0, 0]
    assert table["europe", "Other"].tolist() == [0, 0, 0, 1]
    assert table["Germany", "Military"].tolist() == [0, 4, 0, 0]
    assert scenarios.per_year(table[["us"]]) == pytest.approx(12)


@pytest.mark.parametrize(
    ("side", "cut_off", "told"),
    [("us", "2022-11-30", "2022-12-31"), ("Germony", "2022-12-31", "Did you mean 'Germany'")],
)
def test_half_quarters_and_unknown_payers_are_told(side, cut_off, told):
    with pytest.raises(AuditError) as refused:
        scenarios.quarters(GIVEN, clean.members(), [side], cut_off)
    assert told in str(refused.value)
    assert "config/scenarios.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("hold", "end", "expected"),
    [
        (4, 0.0, [1, 1, 1, 1]),
        (2, 0.0, [1, 1, 0.5, 0]),
        (0, 0.2, [0.8, 0.6, 0.4, 0.2]),
        (0, 1.0, [1, 1, 1, 1]),
    ],
)
def test_aid_is_held_and_then_tapers_by_equal_steps(hold, end, expected):
    assert scenarios.levels(4, hold, end) == pytest.approx(expected)


def test_only_quarters_between_the_quantiles_are_drawn():
    values = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0])
    assert scenarios.admitted(values, 0.0, 0.5).tolist() == [1, 2, 3]
    assert scenarios.admitted(values, 0.5, 1.0).tolist() == [3, 4, 5]


def history(**columns):
    return pd.DataFrame(columns).set_axis(
        pd.MultiIndex.from_tuples([("us", "Military"), ("us", "Other")]), axis=1
    )


def test_equal_quarters_leave_no_range():
    paths = scenarios.draw(history(a=[3.0, 3.0], b=[1.0, 1.0]), draws=100, seed=1, **SAME)
    economies = scenarios.Economies(pd.Series({"United States": 1600.0}), clean.members())
    table = scenarios.costs(
        paths, economies, {"All aid": 20.0}, scenario="x", on="2025-02-28"
    ).set_index(["side", "aid", "quantity"])
    for quantity, value in (
        ("total", 16),
        ("per_year", 16),
        ("percent_of_gdp", 1.0),
        ("short_of_need", 4),
    ):
        cell = table.loc[("all", "All aid", quantity)]
        assert [cell["low"], cell["median"], cell["high"]] == pytest.approx([value] * 3)
    assert ("us", "All aid", "short_of_need") not in table.index


def test_the_same_seed_gives_the_same_draws_and_another_one_others():
    past = history(a=[1.0, 2.0, 5.0], b=[0.0, 1.0, 0.0])
    first, again = (scenarios.draw(past, draws=50, seed=7, **SAME) for _ in range(2))
    other = scenarios.draw(past, draws=50, seed=8, **SAME)
    key = ("us", "Military")
    assert np.array_equal(first[key], again[key])
    assert not np.array_equal(first[key], other[key])
    assert set(np.unique(first[key])) <= {1.0, 2.0, 5.0}


def test_military_scenarios_leave_other_aid_out():
    past = history(a=[1.0, 2.0], b=[50.0, 50.0])
    paths = scenarios.draw(past, draws=10, seed=1, **(SAME | {"other_aid": False}))
    assert list(paths) == [("us", "Military")]


def test_the_mean_of_many_draws_is_that_of_the_quarters():
    past = history(a=[0.0, 4.0], b=[0.0, 0.0])
    paths = scenarios.draw(past, draws=20000, seed=3, **SAME)
    assert paths["us", "Military"].mean() == pytest.approx(2, abs=0.03)


def test_every_scenario_has_its_tables_a_claim_and_a_reason_for_each_parameter():
    setting = config.scenarios()
    assert tuple(setting.scenarios) == SCENARIOS
    known = {claim.id for claim in config.claims()}
    for name, entry in setting.scenarios.items():
        assert {f"scenario_{name}", f"scenario_paths_{name}"} <= set(RESULTS)
        assert entry.claim in known
        assert all(reason.strip() for reason in entry.reasons.values())


def test_a_parameter_without_a_reason_is_refused():
    entry = config.scenarios().scenarios["collapse"].model_dump()
    entry["reasons"].pop("end_level")
    with pytest.raises(ValueError, match="reasons must be given"):
        config.Scenario(**entry)


def test_europes_gdp_is_that_of_its_states():
    context = {
        name: clean.context(name, config.context()[name]) for name in ("economy", "rates")
    }
    economies = scenarios.Economies.of(
        context["economy"], clean.members(), context["rates"], 2024
    )
    # Germany: 4,685.6 bn US$ in the outlook of October 2025 at 1.0824 US$ per euro.
    assert economies.of_side("Germany", "2025-02-28") == pytest.approx(4329, rel=0.01)
    states = economies.of_side("europe", "2025-02-28")
    assert economies.of_side("european_nato", "2025-02-28") < states < 30_000
