"""The battlefield claims, on small data from both sides of their thresholds."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import Data
from aidaudit.claims.verdicts import NOT_CAUSAL, NOT_SUPPORTED, NOT_TESTABLE, QUALIFIED
from aidaudit.data import classify

ROOT = Path(__file__).parents[1]
MINE = ["MIL-3b", "MIL-4b", "MIL-5b", "MIL-5d", "MIL-7a"]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    for function in (config.config, config.shown, config.claims):
        function.cache_clear()


def announced(javelin="2022-03-01", himars="2022-06-01"):
    rows = [("Javelin", javelin), ("HIMARS launcher", himars), ("Tent", "2020-01-01")]
    return {"activities": pd.DataFrame(rows, columns=["item", "date"])}


def tanks(confirmed=900, quoted="2022-09-01", claimed=3000):
    """A count that the press quotes; others of later days and types do not matter."""
    press = [("Tanks", quoted, confirmed), ("Tanks", "2023-06-01", 9000)]
    press.append(("Aircraft", "2022-12-01", 9000))
    return {
        "confirmed_losses_press": pd.DataFrame(press, columns=["type", "date", "at_least"]),
        "claimed_losses": claimed_losses(tanks=claimed),
    }


def claimed_losses(tanks=3000, early=300, late=330, ships=(7, 8)):
    """Aircraft and helicopters lost up to 24 May 2022 and up to the article; ships in April."""
    rows = [
        ("2022-04-09", 0, 0, 0, ships[0]),
        ("2022-04-15", 0, 0, 0, ships[1]),
        ("2022-05-24", early, 0, 0, ships[1] + 9),
        ("2022-12-31", early, 0, tanks, ships[1] + 9),
        ("2025-02-28", late / 2, late / 2, 99_999, ships[1] + 9),
        ("2025-03-01", 9e5, 9e5, 99_999, 999),
    ]
    columns = ["date", "aircraft", "helicopters", "tanks", "ships"]
    return pd.DataFrame(rows, columns=columns)


def confirmed(early=30, late=60, ships=28):
    rows = [
        ("Aircraft", "2022-05-20", early),
        ("Aircraft", "2022-05-25", early + 1),
        ("Aircraft", "2025-02-01", late),
        ("Aircraft", "2025-06-01", 9000),
        ("Helicopters", "2022-05-20", 9000),
        ("Naval Ships and Submarines", "2024-09-30", ships),
    ]
    return {"confirmed_losses": pd.DataFrame(rows, columns=["type", "date", "total"])}


def area(fall=20_000.0, others=0, of=28_000.0):
    """A flat area that falls by `fall` in two steps, which only the claim's window holds.

    others: how many falls by `of` follow, every half year from May 2023 on; the area jumps
    back after four months, so that three windows see each.
    """
    days = pd.date_range("2022-02-28", "2026-07-31")
    level = pd.Series(500_000.0, index=days)
    for step in ("2022-09-15", "2022-11-15"):
        level[days >= step] -= fall / 2
    for n in range(others):
        first = pd.Timestamp("2023-05-15") + pd.DateOffset(months=6 * n)
        level[(days >= first) & (days < first + pd.DateOffset(months=4))] -= of
    frame = pd.DataFrame(
        {
            "date": days.strftime("%Y-%m-%d"),
            "liveuamap_km2": level.to_numpy(),
            "nzz_km2": level.to_numpy(),
            "flag": None,
        }
    )
    return {"occupied_territory": frame}


def attacks(ballistic=((0, 40), (40, 100)), cruise=((20, 100), (80, 100)), late=(0, 0)):
    """(shot down, launched) before and after the deliveries, by class; `late`: in 2026."""
    days = {"Iskander-M": ("2023-01-01", "2023-04-19"), "Kalibr": ("2022-10-01", "2022-10-11")}
    rows = []
    for model, sides in (("Iskander-M", ballistic), ("Kalibr", cruise)):
        for day, (down, launched) in zip(days[model], sides, strict=True):
            rows.append((day, model, launched, down))
    rows.append(("2026-01-01", "Iskander-M", late[1], late[0]))
    # Unknown counts, drones and reports of two classes in one number are none of the two.
    rows += [
        ("2023-01-02", "Iskander-M", None, 0),
        ("2023-01-02", "C-400 and Iskander-M", 9, 9),
    ]
    rows += [("2022-10-01", "Shahed-136/131", 9, 9), ("2022-10-01", "Kalibr", 50, None)]
    frame = pd.DataFrame(rows, columns=["date", "model", "launched", "destroyed"])
    days = [("Patriot delivered", "2023-04-19"), ("IRIS-T delivered", "2022-10-11")]
    return {
        "missile_attacks": frame,
        "war_events": pd.DataFrame(days, columns=["event", "date"]),
        "missile_class": classify.read("missile_class"),
    }


def data(**tables):
    base = {**announced(), **tanks(), **confirmed(), **area(), **attacks()}
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


def test_the_base_supports_them_as_far_as_can_be():
    assert verdicts(data()) == dict.fromkeys(MINE, NOT_CAUSAL) | {"MIL-7a": QUALIFIED}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(tanks(501), NOT_CAUSAL, id="just more"),
        pytest.param(tanks(500, claimed=500), NOT_SUPPORTED, id="just not"),
        pytest.param(tanks(500, claimed=501), NOT_CAUSAL, id="only as claimed"),
        pytest.param(tanks(quoted="2022-12-31"), NOT_CAUSAL, id="quoted on the last day"),
        pytest.param(tanks(quoted="2023-01-01"), NOT_TESTABLE, id="quoted too late"),
        pytest.param(announced(javelin="2023-01-01"), NOT_SUPPORTED, id="announced too late"),
        pytest.param(announced(javelin=None), NOT_SUPPORTED, id="never announced with a date"),
    ],
)
def test_tanks_lost(tables, expected):
    assert verdict("MIL-3b", data(**tables)) == expected


def test_tanks_tell_claims_from_pictures():
    found = row("MIL-3b", data())
    assert (found["value"], found["low"], found["high"]) == (900, 900, 3000)
    for part in ("900 tanks were confirmed", "2022-09-01", "a belligerent, claimed 3,000"):
        assert part in found["reason"]


# 89 days before the turn, 1,011 from it to the article: equal rates make 11.36 times as many.
@pytest.mark.parametrize(
    ("pictures", "claimed", "expected"),
    [
        pytest.param((10, 66), (100, 667), NOT_CAUSAL, id="just under half"),
        pytest.param((10, 67), (100, 669), NOT_SUPPORTED, id="just over half"),
        pytest.param((10, 66), (100, 2000), NOT_CAUSAL, id="half by pictures only"),
        pytest.param((0, 66), (100, 110), NOT_TESTABLE, id="nothing to compare with"),
    ],
)
def test_aircraft_losses_fell(pictures, claimed, expected):
    given = data(
        **confirmed(*pictures), claimed_losses=claimed_losses(early=claimed[0], late=claimed[1])
    )
    assert verdict("MIL-4b", given) == expected


def test_aircraft_are_counted_without_helicopters_and_after_the_article():
    found = row("MIL-4b", data())
    assert found["value"] == pytest.approx((60 - 30) / 1011 / (30 / 89))
    assert "helicopters not counted" in found["reason"]
    early = confirmed()["confirmed_losses"].query("date > '2022-05-24'")
    assert verdict("MIL-4b", data(confirmed_losses=early)) == NOT_TESTABLE


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(area(), NOT_CAUSAL, id="no other fall"),
        # Three of fifty other windows see it.
        pytest.param(area(others=1, of=20_000), NOT_SUPPORTED, id="as large a fall"),
        pytest.param(area(others=1, of=19_999), NOT_CAUSAL, id="a smaller fall"),
        pytest.param(area(fall=-1000.0), NOT_SUPPORTED, id="no fall at all"),
        pytest.param(announced(himars="2022-09-01"), NOT_SUPPORTED, id="announced too late"),
        pytest.param(announced(himars="2022-08-31"), NOT_CAUSAL, id="announced the day before"),
    ],
)
def test_territory_placebo(tables, expected):
    assert verdict("MIL-5b", data(**tables)) == expected


def test_a_broken_frame_is_no_fall():
    frame = area()["occupied_territory"].copy()
    broken = frame["date"] == "2023-12-31"
    frame.loc[broken, ["nzz_km2", "liveuamap_km2"]] = 1.0
    spoilt = verdict("MIL-5b", data(occupied_territory=frame))
    frame.loc[broken, "flag"] = "nzz_frame_broken"
    frame.loc[broken, "liveuamap_km2"] = 480_000.0
    mended = row("MIL-5b", data(occupied_territory=frame))
    assert mended["value"] == 0
    assert spoilt == NOT_CAUSAL
    assert row("MIL-5b", data(**area()))["value"] == 0


def test_a_series_without_the_window_is_not_testable():
    frame = area()["occupied_territory"].query("date > '2022-09-01'")
    assert verdict("MIL-5b", data(occupied_territory=frame)) == NOT_TESTABLE


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, NOT_CAUSAL, id="both rose, intervals apart"),
        pytest.param({"ballistic": ((4, 10), (40, 100))}, NOT_SUPPORTED, id="no change"),
        pytest.param({"ballistic": ((0, 8), (20, 100))}, NOT_SUPPORTED, id="too few before"),
        pytest.param({"cruise": ((50, 100), (51, 100))}, NOT_SUPPORTED, id="cruise overlap"),
        pytest.param(
            {"ballistic": ((90, 100), (10, 100)), "cruise": ((90, 100), (10, 100))},
            NOT_SUPPORTED,
            id="both fell, intervals apart",
        ),
        pytest.param({"ballistic": ((90, 100), (10, 100))}, NOT_SUPPORTED, id="one fell"),
        pytest.param({"ballistic": ((0, 0), (40, 100))}, NOT_TESTABLE, id="none before"),
        pytest.param({"late": (0, 100_000)}, NOT_CAUSAL, id="later attacks do not count"),
    ],
)
def test_interception_change(changed, expected):
    assert verdict("MIL-5d", data(**attacks(**changed))) == expected


def test_interception_counts_the_day_of_delivery_as_after():
    found = row("MIL-5d", data())
    assert (found["value"], found["high"]) == pytest.approx((40, 60))
    for part in ("0.0 % (0 of 40", "40.0 % (40 of 100", "claims of the Ukrainian Air Force"):
        assert part in found["reason"]


def test_an_event_without_a_day_is_not_testable():
    assert verdict("MIL-5d", data(war_events=attacks()["war_events"].iloc[:1])) == NOT_TESTABLE


@pytest.mark.parametrize(
    ("counts", "pictures", "expected"),
    [
        pytest.param((7, 8), 28, QUALIFIED, id="one more"),
        pytest.param((7, 7), 28, QUALIFIED, id="by pictures only"),
        pytest.param((7, 7), 0, NOT_SUPPORTED, id="none"),
    ],
)
def test_ships_lost(counts, pictures, expected):
    given = data(claimed_losses=claimed_losses(ships=counts), **confirmed(ships=pictures))
    assert verdict("MIL-7a", given) == expected


def test_ships_need_a_count_before():
    late = claimed_losses().query("date > '2022-04-10'")
    assert verdict("MIL-7a", data(claimed_losses=late)) == NOT_TESTABLE


@pytest.mark.parametrize(
    ("tables", "flipped"),
    [
        (tanks(1, claimed=1), {"MIL-3b"}),
        (confirmed(10, 9000) | {"claimed_losses": claimed_losses(late=9000)}, {"MIL-4b"}),
        (area(fall=-1.0), {"MIL-5b"}),
        (attacks(ballistic=((40, 40), (0, 100))), {"MIL-5d"}),
        (confirmed(ships=0) | {"claimed_losses": claimed_losses(ships=(8, 8))}, {"MIL-7a"}),
    ],
)
def test_a_changed_fact_flips_its_own_verdict_only(tables, flipped):
    before, after = verdicts(data()), verdicts(data(**tables))
    assert {claim_id for claim_id in MINE if before[claim_id] != after[claim_id]} == flipped


def test_an_earlier_cut_off_reads_earlier_losses():
    given = replace(data(**confirmed(late=60)), cut_off="2024-12-31")
    # The count of 2025 is not known then, so losses after May 2022 rest on that of 25 May.
    assert row("MIL-4b", given)["value"] == pytest.approx((31 - 30) / 952 / (30 / 89))
