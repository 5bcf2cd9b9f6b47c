"""The claim on replacing the United States, on both sides of its threshold."""

from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import Data
from aidaudit.data import clean

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)


def replacement(us_per_quarter, gdp_usd_bn):
    months = [
        str(month) for month in pd.period_range("2022-01", "2024-12", freq="Q").asfreq("M")
    ]
    table = pd.DataFrame(
        {
            "donor": "United States",
            "month": months,
            "aid_type": "Military",
            "allocation_eur": us_per_quarter * 1e9,
        }
    )
    tables = {
        "kiel_release_29": table,
        "donors": clean.members(),
        "economy": pd.DataFrame(
            {"iso3": ["DEU"], "concept": "NGDPD", "year": 2024, "value": [gdp_usd_bn]}
        ),
        "rates": pd.DataFrame({"date": ["2024-07-01"], "currency": "USD", "per_eur": [1.0]}),
    }
    claim = next(c for c in config.claims() if c.id == "LTS-9a")
    return judge.evaluate(
        claim,
        Data(
            tables=tables,
            results={},
            release=21,
            cut_off="2025-02-28",
            article_date="2025-02-28",
            fixed_usd_per_eur=1.1,
        ),
    )


def test_replacing_the_united_states_is_judged_on_both_sides_of_half_a_per_cent():
    # 10 a quarter are 40 a year.
    cheap, dear = replacement(10, 10_000), replacement(10, 5_000)
    assert (cheap["value"], cheap["verdict"]) == (pytest.approx(0.4), "supported")
    assert (dear["value"], dear["verdict"]) == (pytest.approx(0.8), "not supported")
