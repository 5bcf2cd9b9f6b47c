"""The switch of 2025: shares and intervals worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from aidaudit import config
from aidaudit.data import clean
from aidaudit.measures import switch

BEFORE = [f"2024-{month:02d}" for month in range(1, 13)]
SETTING = {"block": 4, "draws": 400, "seed": 7, "level": 0.95}


def months(us, europe):
    """Months from January 2024 on: before, the US give 10 and Europe 1."""
    every = [str(m) for m in pd.period_range("2024-01", periods=12 + len(us), freq="M")]
    table = {}
    for aid in switch.AIDS:
        table["us", aid] = [10.0] * 12 + us
        table["european_nato", aid] = [1.0] * 12 + europe
    return pd.DataFrame(table, index=every)


def of_end(curve, end):
    row = curve[(curve["end_month"] == end) & (curve["aid"] == "Military")]
    return row[["share", "low", "high"]].iloc[0].tolist()


def test_the_share_moves_with_the_last_month():
    # The US fall by 10. A package of 30 in March: 10 a month by March, 7.5 by April, 5 by June.
    table = months([0.0] * 6, [1.0, 1.0, 31.0, 1.0, 1.0, 1.0])
    curve = switch.curve(table, "2025-01", "2025-03", **SETTING)
    assert curve["end_month"].unique().tolist() == ["2025-03", "2025-04", "2025-05", "2025-06"]
    assert [of_end(curve, f"2025-0{n}")[0] for n in (3, 4, 6)] == pytest.approx([100, 75, 50])
    told = switch.told(curve, "european_nato")
    assert (told.peak_month, told.least_month, told.reached, told.ends) == (
        "2025-03", "2025-06", 1, 4,
    )  # fmt: skip


def test_equal_months_leave_no_doubt():
    curve = switch.curve(months([0.0] * 8, [6.0] * 8), "2025-01", "2025-08", **SETTING)
    assert of_end(curve, "2025-08") == pytest.approx([50, 50, 50])


def test_the_interval_is_that_of_the_blocks():
    # 4 months: blocks of two that begin at the first, second or third. Europe's rise of 10 in
    # April is in a third of the blocks, so that a draw of two has it never, once or twice.
    table = months([0.0] * 4, [1.0, 1.0, 1.0, 11.0])
    curve = switch.curve(table, "2025-01", "2025-04", **SETTING)
    assert of_end(curve, "2025-04") == pytest.approx([25, 0, 50])


def test_months_of_donors_stay_paired():
    # Europe gives just what the US lack in each month: drawn together, the sum never changes.
    us = [0.0, 9.0, 2.0, 0.0, 5.0, 0.0, 1.0, 3.0]
    curve = switch.curve(
        months(us, [11.0 - value for value in us]), "2025-01", "2025-08", **SETTING
    )
    assert of_end(curve, "2025-08") == pytest.approx([100, 100, 100])


def test_no_fall_has_no_share_and_no_bound():
    curve = switch.curve(months([10.0] * 3, [5.0] * 3), "2025-01", "2025-03", **SETTING)
    assert np.isnan(of_end(curve, "2025-03")).tolist() == [True, True, True]


@pytest.mark.parametrize(("length", "block"), [(35, 4), (8, 4), (7, 3), (3, 1)])
def test_blocks_are_neighbours_and_fill_the_period(length, block):
    drawn = switch.resampled(length, 4, 50, np.random.default_rng(1))
    assert drawn.shape == (50, length)
    assert set(drawn.ravel()) == set(range(length))
    steps = np.diff(drawn, axis=1)
    inside = np.arange(1, length) % block != 0
    assert (steps[:, inside] == 1).all()


def test_months_begin_with_the_base_and_leave_undated_aid_out():
    rows = pd.DataFrame(
        [
            ("2022-01", "United States", "Military", 99.0),
            ("2022-02", "United States", "Military", 3.0),
            ("2022-04", "United States", "Financial", 2.0),
            ("2022-04", "Turkiye", "Military", 5.0),
            ("undated", "Germany", "Military", 7.0),
        ],
        columns=["month", "donor", "aid_type", "value_eur_bn"],
    )
    first = config.config().switch.base_from
    table = switch.by_month(rows, clean.members(), ["european_nato"], first, "2022-04-30")
    assert list(table.index) == ["2022-02", "2022-03", "2022-04"]
    assert table["us", "Military"].tolist() == [3, 0, 0]
    assert table["us", "All aid"].tolist() == [3, 0, 2]
    assert table["european_nato", "Military"].tolist() == [0, 0, 5]
