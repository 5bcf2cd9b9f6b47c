"""Claims judged by what the tracker counts besides aid: both sides of each threshold."""

from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import Data
from aidaudit.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, QUALIFIED, SUPPORTED
from aidaudit.data import clean

ROOT = Path(__file__).parents[1]
OWN = ["MIL-3c", "LTS-4a"]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    config.claims.cache_clear()


def stocks(**ratios):
    rows = [
        (side, name, 100 * (ratio if side == "Russia" else 1))
        for name, ratio in ratios.items()
        for side in ("Russia", "Ukraine")
    ]
    return pd.DataFrame(rows, columns=["side", "weapon_class", "item_count"])


def origins(stock, bought, purl=0.0, months=24, since=24):
    """The last `since` months have these amounts; those before have stocks only."""
    old = months - since
    return pd.DataFrame(
        {
            "year": [2024 + at // 12 for at in range(months)],
            "month": [at % 12 + 1 for at in range(months)],
            "stockpile_eur_bn": [1.0] * old + [stock] * since,
            "procurement_eur_bn": [0.0] * old + [bought] * since,
            "unspecified_eur_bn": [5.0] * months,
            "nato_purl_eur_bn": [0.0] * old + [purl] * since,
        }
    )


def verdict(name, **tables):
    claim = next(c for c in config.claims() if c.id == name)
    given = {
        "stocks_before_war": stocks(tanks=3, aircraft=3),
        "procurement": origins(1.0, 3.0),
        **tables,
    }
    data = Data(
        tables=given,
        results={},
        release=21,
        cut_off="2025-02-28",
        article_date="2025-02-28",
        fixed_usd_per_eur=1.1,
    )
    return judge.evaluate(claim, data)


@pytest.mark.parametrize(
    ("ratios", "wanted"),
    [
        ({"tanks": 2.01, "aircraft": 9}, SUPPORTED),
        ({"tanks": 2.0, "aircraft": 9}, NOT_SUPPORTED),
        ({"tanks": 9, "aircraft": 1.9}, NOT_SUPPORTED),
        # The claim names aircraft; a table without them qualifies even full support.
        ({"tanks": 9}, QUALIFIED),
        ({"tanks": 1.5}, NOT_SUPPORTED),
    ],
)
def test_stocks_on_both_sides_of_twice_as_many(ratios, wanted):
    assert verdict("MIL-3c", stocks_before_war=stocks(**ratios))["verdict"] == wanted


def test_a_class_that_ukraine_had_none_of_has_no_ratio():
    table = stocks(tanks=3, aircraft=3)
    none = table["weapon_class"].eq("tanks") & table["side"].eq("Ukraine")
    table.loc[none, "item_count"] = 0
    assert verdict("MIL-3c", stocks_before_war=table)["verdict"] == SUPPORTED
    table.loc[table["side"] == "Ukraine", "item_count"] = 0
    assert verdict("MIL-3c", stocks_before_war=table)["verdict"] == NOT_TESTABLE


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (origins(1.0, 1.01), SUPPORTED),
        (origins(1.0, 1.0), NOT_SUPPORTED),
        # Only with NATO's list is more than half bought.
        (origins(1.0, 0.9, purl=0.2), QUALIFIED),
        # Only in the last six months.
        (origins(1.0, 1.2, since=6), QUALIFIED),
        (origins(1.0, 9.0, months=11, since=11), NOT_TESTABLE),
        (origins(0.0, 0.0), NOT_TESTABLE),
    ],
)
def test_procurement_on_both_sides_of_half(table, wanted):
    assert verdict("LTS-4a", procurement=table)["verdict"] == wanted


@pytest.mark.parametrize(
    ("claim", "table"),
    [
        ("MIL-3c", {"stocks_before_war": stocks(tanks=1, aircraft=1)}),
        ("LTS-4a", {"procurement": origins(3.0, 1.0)}),
    ],
)
def test_a_flipped_fact_flips_its_own_verdict_only(claim, table):
    for name in OWN:
        changed = verdict(name, **table)["verdict"] != verdict(name)["verdict"]
        assert changed == (name == claim), name


def test_verdicts_on_the_committed_tables():
    tables = {
        name: clean.context(name, config.context()[name])
        for name in ("stocks_before_war", "procurement")
    }
    found = verdict("MIL-3c", **tables)
    assert found["verdict"] == QUALIFIED
    assert found["value"] == pytest.approx(2304 / 773)
    found = verdict("LTS-4a", **tables)
    assert found["verdict"] == SUPPORTED
    # 17.807 bn EUR bought and 1.344 from stocks, May 2025 to April 2026.
    assert found["value"] == pytest.approx(92.98, abs=0.005)
    assert "62 %" in found["reason"]
