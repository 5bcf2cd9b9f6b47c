"""The claims on displacement and grain, on small data from both sides of their thresholds."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import Data
from aidaudit.claims.verdicts import (
    NOT_CAUSAL,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    QUALIFIED,
    SUPPORTED,
)

ROOT = Path(__file__).parents[1]
MINE = ["INT-5a", "ECO-1a", "ECO-3b", "ECO-4a"]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    for function in (config.config, config.shown, config.claims):
        function.cache_clear()


def displaced(abroad=3e6, within=1e6, year=2024):
    """Refugees and displaced persons of one year; other years hold other values."""
    refugees = [("POL", year, abroad), ("POL", year - 1, 9e6), ("DEU", year + 1, 9e6)]
    return {
        "refugees_year_end": pd.DataFrame(refugees, columns=["iso3", "year", "refugees"]),
        "displaced_within": pd.DataFrame({"year": [year], "displaced": [within]}),
    }


def records(now=6.0, end_2022=6.0, before=6.0, host="HUN", later=0.0):
    """Records per 1,000 of a host; the two others have 20. 100,000 inhabitants each."""
    rows = []
    for iso3 in ("POL", "ROU", "HUN"):
        rates = (now, end_2022, before) if iso3 == host else (20.0, 20.0, 20.0)
        months = ("2025-02", "2022-12", "2023-04")
        rows += [(iso3, iso3, m, r * 100) for m, r in zip(months, rates, strict=True)]
        # After the article's month and after the break: neither counts.
        rows += [(iso3, iso3, "2025-03", later), (iso3, iso3, "2023-05", later)]
    people = [(i, y, 1e5) for i in ("POL", "ROU", "HUN") for y in (2022, 2023, 2024)]
    return {
        "refugees_recorded": pd.DataFrame(
            rows, columns=["iso3", "country", "month", "refugees"]
        ),
        "population": pd.DataFrame(people, columns=["iso3", "year", "population"]),
    }


def grain(monthly, last="2023-03-17"):
    """Cargoes of so many million tonnes on the first of each month; an empty one at last."""
    days = [f"{m}-01" for m in pd.period_range("2022-08", last[:7], freq="M").astype("str")]
    rows = [(n, day, "high-income", "Corn", monthly * 1e6) for n, day in enumerate(days)]
    rows.append((99, last, "high-income", "Corn", 0.0))
    columns = ["voyage", "departed", "income_group", "commodity", "tonnes"]
    return {"grain_voyages": pd.DataFrame(rows, columns=columns)}


def data(**tables):
    base = {**displaced(), **records(), **grain(3.0)}
    return Data(
        tables=base | tables,
        results={},
        release=21,
        cut_off="2025-02-28",
        article_date="2025-02-28",
        fixed_usd_per_eur=1.1,
    )


def row(claim_id, given):
    return judge.evaluate({c.id: c for c in config.claims()}[claim_id], given)


def verdict(claim_id, given):
    return row(claim_id, given)["verdict"]


def verdicts(given):
    return {claim_id: verdict(claim_id, given) for claim_id in MINE}


@pytest.mark.parametrize("claim_id", ["INT-5a", "ECO-1a"])
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"abroad": 2e6, "within": 0}, SUPPORTED, id="just two millions"),
        pytest.param({"abroad": 1.9e6, "within": 0.05e6}, NOT_SUPPORTED, id="fewer in all"),
        pytest.param({"abroad": 1.9e6, "within": 0.2e6}, QUALIFIED, id="only with the others"),
        pytest.param({"year": 2023}, NOT_TESTABLE, id="none for the year before the article"),
    ],
)
def test_displaced_abroad(claim_id, changed, expected):
    assert verdict(claim_id, data(**displaced(**changed))) == expected


def test_the_year_end_before_the_article_counts():
    found = row("INT-5a", data(**displaced(abroad=3e6, within=1.5e6)))
    assert (found["value"], found["low"], found["high"]) == pytest.approx((3, 3, 4.5))
    assert "end of 2024, 3.00 million" in found["reason"]
    assert "1.50 million more" in found["reason"]


def test_a_year_end_without_the_displaced_within_is_not_zero():
    given = displaced()
    given["displaced_within"] = given["displaced_within"].iloc[:0]
    assert verdict("INT-5a", data(**given)) == NOT_TESTABLE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"now": 5.1, "end_2022": 5.1, "before": 5.1}, SUPPORTED, id="all"),
        pytest.param({"now": 5, "end_2022": 5, "before": 5}, NOT_SUPPORTED, id="none"),
        pytest.param({"now": 5.1, "end_2022": 1, "before": 1}, QUALIFIED, id="now only"),
        pytest.param({"now": 4, "end_2022": 9, "before": 9}, QUALIFIED, id="then only"),
        pytest.param(
            {"now": 4, "end_2022": 4, "before": 4, "host": "POL"}, NOT_SUPPORTED, id="Poland"
        ),
        pytest.param(
            {"now": 4, "end_2022": 9, "before": 9, "host": "ROU"}, QUALIFIED, id="Romania"
        ),
        pytest.param({"later": 1e9}, SUPPORTED, id="later records do not count"),
    ],
)
def test_refuge_per_thousand(changed, expected):
    assert verdict("ECO-4a", data(**records(**changed))) == expected


def test_refuge_names_the_smallest_rate_under_each_reading():
    found = row("ECO-4a", data(**records(now=6.5, end_2022=3.4, before=4, host="ROU")))
    assert (found["value"], found["low"], found["high"]) == pytest.approx((6.5, 3.4, 6.5))
    for part in ("ROU 6.5 (last record", "ROU 3.4 (end of 2022)", "ROU 4.0 (last record be"):
        assert part in found["reason"]


def test_a_host_without_a_record_is_not_testable():
    given = records()
    given["refugees_recorded"] = given["refugees_recorded"].query("iso3 != 'HUN'")
    found = row("ECO-4a", data(**given))
    assert found["verdict"] == NOT_TESTABLE
    assert "HUN" in found["reason"]


@pytest.mark.parametrize(
    ("monthly", "expected"),
    [
        # A whole month has `monthly`; spread over the initiative it is about 0.64 of it.
        pytest.param(1.7, NOT_CAUSAL, id="under every reading"),
        pytest.param(1.1, NOT_CAUSAL, id="a mean month, but not at least"),
        pytest.param(0.97, NOT_CAUSAL, id="only by days, with the cargo of March"),
        pytest.param(0.5, NOT_SUPPORTED, id="under none"),
    ],
)
def test_grain_per_month(monthly, expected):
    assert verdict("ECO-3b", data(**grain(monthly))) == expected


def test_grain_can_never_be_more_than_consistent():
    found = row("ECO-3b", data(**grain(100.0)))
    assert found["verdict"] == NOT_CAUSAL
    assert "cannot be observed" in found["reason"]
    assert "ends on 2023-03-17" in found["reason"]


def test_grain_needs_a_whole_month():
    found = row("ECO-3b", data(**grain(5.0, last="2022-08-17")))
    assert found["verdict"] == NOT_TESTABLE


@pytest.mark.parametrize(
    ("tables", "flipped"),
    [
        (displaced(abroad=1e6, within=0), {"INT-5a", "ECO-1a"}),
        (records(now=1, end_2022=1, before=1), {"ECO-4a"}),
        (grain(0.1), {"ECO-3b"}),
    ],
)
def test_a_changed_fact_flips_its_own_verdicts_only(tables, flipped):
    before, after = verdicts(data()), verdicts(data(**tables))
    assert {claim_id for claim_id in MINE if before[claim_id] != after[claim_id]} == flipped


def test_the_base_supports_them_as_far_as_can_be():
    assert verdicts(data()) == {
        "INT-5a": SUPPORTED,
        "ECO-1a": SUPPORTED,
        "ECO-3b": NOT_CAUSAL,
        "ECO-4a": SUPPORTED,
    }


def test_an_earlier_cut_off_reads_earlier_data():
    given = replace(data(**displaced(year=2023)), cut_off="2024-06-30")
    assert row("INT-5a", given)["value"] == 3.0


def test_where_gas_comes_from_is_not_testable():
    assert verdict("ECO-6a", data()) == NOT_TESTABLE
