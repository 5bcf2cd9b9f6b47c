"""Attacks, losses, territory: small tables worked out by hand, readers, and known rows."""

import json
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.data import classify, clean
from aidaudit.ingest.readers import war as readers
from aidaudit.measures import war
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    config.context.cache_clear()


@cache
def table(name):
    return clean.context(name, config.context()[name])


@cache
def activities():
    return clean.kiel(21)


def refused(call, *args) -> AuditError:
    with pytest.raises(AuditError) as caught:
        call(*args)
    assert caught.value.mend
    return caught.value


def written(folder, text) -> Path:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


# Shares and intervals


def test_wilson_agrees_with_the_formula():
    # Wilson (1927) for 8 of 10 with z = 1.959964: centre 0.71673, half-width 0.22653.
    assert war.wilson(8, 10) == pytest.approx((80, 49.0162, 94.3318), abs=1e-3)
    # Without a hit the upper bound is z² / (n + z²).
    share, low, high = war.wilson(0, 8)
    assert (share, low) == (0, 0)
    assert high == pytest.approx(100 * 1.959964**2 / (8 + 1.959964**2), abs=1e-3)


@pytest.mark.parametrize(("hits", "trials"), [(0, 0), (2, 1), (-1, 4)])
def test_wilson_refuses_what_is_no_share(hits, trials):
    with pytest.raises(ValueError, match=r"."):
        war.wilson(hits, trials)


def attacks():
    rows = [
        ("2022-10-01", "a", 10, 5),
        ("2022-10-31", "a", 10, 9),
        ("2022-11-01", "a", 5, 0),
        ("2022-11-02", "b", 4, 4),
        ("2022-11-03", "a", None, 3),
        ("2022-11-03", "a", 3, None),
        ("2022-11-03", "?", 100, 100),
        ("2022-12-01", "a", 0, 0),
    ]
    frame = pd.DataFrame(rows, columns=["date", "model", "launched", "destroyed"])
    kinds = frame["model"].where(frame["model"] != "?")
    return war.counted(frame, kinds)


def test_only_rows_with_a_class_and_both_counts_are_counted():
    assert len(attacks()) == 5
    assert attacks()["launched"].sum() == 29


def test_interceptions_by_class_and_month():
    found = war.interceptions(attacks()).set_index(["class", "month"])
    assert found.index.tolist() == [("a", "2022-10"), ("a", "2022-11"), ("b", "2022-11")]
    assert found.loc[("a", "2022-10"), ["launched", "destroyed", "share"]].tolist() == [
        20,
        14,
        70,
    ]
    assert found.loc[("a", "2022-11"), "share"] == 0
    assert (found["low"] <= found["share"]).all()
    assert (found["share"] <= found["high"]).all()


def test_around_splits_on_the_day_and_ends_on_the_last_one():
    found = war.around(attacks(), "a", "2022-10-31", "2022-10-31")
    assert found["launched"].tolist() == [10, 10]
    assert found["share"].tolist() == [50, 90]
    assert list(war.around(attacks(), "b", "2022-10-31", "2022-12-31").index) == ["after"]


def test_a_day_outside_of_a_series_is_told():
    areas = pd.Series([1.5, 2.5], ["2022-03-01", "2022-03-02"], name="nzz_km2")
    assert war.on_day(areas, "2022-03-02") == 2.5
    with pytest.raises(AuditError, match="nzz_km2 has no value on 2021-03-02") as caught:
        war.on_day(areas, "2021-03-02")
    assert caught.value.expected == "a day from 2022-03-01 to 2022-03-02"


def test_a_picture_of_both_sides_needs_both():
    whole = war.compared(attacks(), "a", "2022-10-31", "2022-10-31")
    assert whole.equals(war.around(attacks(), "a", "2022-10-31", "2022-10-31"))
    with pytest.raises(
        AuditError, match="no b missiles are on record before 2022-10-31"
    ) as one:
        war.compared(attacks(), "b", "2022-10-31", "2022-12-31")
    assert one.value.found == "2022-10-31"


@pytest.mark.parametrize(
    ("second", "expected"), [((61, 70), True), ((60, 70), False), ((10, 39), True)]
)
def test_apart(second, expected):
    rows = pd.DataFrame([(40, 60), second], ["before", "after"], ["low", "high"])
    assert war.apart(rows) is expected


# Losses


def counts():
    rows = [("2022-02-25", 3), ("2022-02-28", 10), ("2022-04-02", 30), ("2022-03-31", 25)]
    return pd.DataFrame(rows, columns=["date", "tanks"])


def test_losses_per_month_are_differences_less_corrections():
    fixes = pd.DataFrame({"date": ["2022-03-05", "2022-03-06"], "tanks": [4, -1]})
    found = war.per_month(counts(), fixes, ["tanks"])["tanks"]
    assert found.to_dict() == {"2022-02": 10, "2022-03": 12, "2022-04": 5}


def test_a_month_without_a_count_has_no_increase():
    rows = counts().query("date != '2022-03-31'")
    fixes = pd.DataFrame({"date": [], "tanks": []}).astype({"date": "str", "tanks": "Int64"})
    found = war.per_month(rows, fixes, ["tanks"])["tanks"]
    assert found.to_dict() == {"2022-02": 10, "2022-03": 0, "2022-04": 20}


def test_level_is_the_last_count_up_to_the_day():
    rows = counts()
    assert war.level(rows["date"], rows["tanks"], "2022-03-30") == 10
    assert war.level(rows["date"], rows["tanks"], "2022-04-01") == 25
    with pytest.raises(KeyError):
        war.level(rows["date"], rows["tanks"], "2022-02-24")


def test_rates_are_per_mean_month():
    dates, lost = pd.Series(["2022-03-01", "2023-03-01"]), pd.Series([10, 40])
    early, late = war.rates(dates, lost, "2022-02-01", "2022-03-01", "2023-03-01")
    assert early == pytest.approx(10 / (28 / 30.4375))
    assert late == pytest.approx(30 / (365 / 30.4375))


# Territory


def test_faulty_days_are_left_out_and_other_flags_are_not():
    frame = pd.DataFrame(
        {
            "date": ["d1", "d2", "d3"],
            "liveuamap_km2": [1.0, 2.0, 3.0],
            "nzz_km2": [4.0, 5.0, 6.0],
            "flag": ["liveuamap_spike", "nzz_frame_broken", "nzz_omits_pre2022_donbas"],
        }
    )
    found = war.usable(frame)
    assert found["liveuamap_km2"].dropna().to_dict() == {"d2": 2, "d3": 3}
    assert found["nzz_km2"].dropna().to_dict() == {"d1": 4, "d3": 6}


def test_square_miles_become_square_kilometres():
    quoted = pd.DataFrame({"value": [17_000.0, 5.0], "unit": ["sq mi", "km2"]})
    # A square mile is 2.589988 km².
    assert war.square_km(quoted).tolist() == pytest.approx([44_029.8, 5], abs=0.1)


def test_month_ends_take_the_last_day_only():
    daily = pd.Series(
        {"2022-01-31": 1.0, "2022-02-27": 2.0, "2022-02-28": None, "2022-04-30": 4.0}
    )
    assert war.month_ends(daily).to_dict() == {"2022-01": 1.0, "2022-04": 4.0}


def test_changes_need_both_ends():
    ends = pd.Series({"2022-01": 10.0, "2022-02": 12.0, "2022-04": 5.0, "2022-05": 8.0})
    assert war.changes(ends, 3).to_dict() == {"2022-01": -5.0, "2022-02": -4.0}


def test_daily_changes_span_calendar_months():
    daily = pd.Series({"2022-08-31": 10.0, "2022-09-01": 11.0, "2022-11-30": 4.0})
    # Three months from 31 August end on 30 November; from 1 September on 1 December.
    assert war.daily_changes(daily, 3).to_dict() == {"2022-08-31": -6.0}


def test_the_placebo_counts_the_others_only():
    windows = pd.Series([-5.0, -1.0, -9.0, -5.0, 3.0], ["a", "b", "c", "d", "e"])
    assert war.as_low(windows, "a") == 50
    assert war.as_low(windows, "c") == 0
    assert war.as_low(windows, "a", apart_by=3) == 50
    assert war.others(windows, "a", 3).index.tolist() == ["d", "e"]
    with pytest.raises(KeyError):
        war.as_low(windows, "z")
    with pytest.raises(ValueError, match="no other"):
        war.as_low(windows, "a", apart_by=9)


def test_announcements_are_dated_distinct_and_sorted():
    rows = pd.DataFrame(
        {
            "item": ["Javelin", "javelin missile", "Javelin", "Javelin", None],
            "date": ["2022-03-02", "2022-03-01", "2022-03-02", None, "2022-01-01"],
        }
    )
    assert war.announcements(rows, "javelin") == ["2022-03-01", "2022-03-02"]
    assert war.announced(rows, "javelin") == "2022-03-01"
    assert war.announced(rows, "himars") is None


# What the publishers' tables hold


def test_every_report_of_an_attack_is_there():
    rows = table("missile_attacks")
    assert len(rows) == 3770
    assert (rows["date"].min(), rows["date"].max()) == ("2022-09-28", "2026-06-06")
    assert rows[["launched", "destroyed"]].isna().any(axis=1).sum() == 9
    first = rows[(rows["date"] == "2022-10-10") & (rows["model"] == "X-101/X-555 and Kalibr")]
    assert first[["launched", "destroyed"]].to_numpy().tolist() == [[84, 43]]


def test_the_classes_catch_what_they_should():
    rows, lookup = table("missile_attacks"), classify.read("missile_class")
    found = classify.caught(rows, lookup).groupby("class")["rows"].sum().to_dict()
    assert found == {
        "mixed": 27,
        "surface-to-air": 112,
        "ballistic": 454,
        "cruise": 690,
        "attack drone": 1054,
        "other drone": 1401,
        "unclassified": 32,
    }
    left = rows[classify.classes(rows, lookup).isna()]["model"].unique()
    assert sorted(left) == ["Aerial Bomb", "GBU", "Unknown Missile"]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("X-47 Kinzhal and Iskander-M/KN-23", "ballistic"),
        ("X-47 Kinzhal and Iskander-M", "ballistic"),
        ("Iskander-K and Kalibr", "cruise"),
        ("Iskander-M and Iskander-K", "mixed"),
        ("X-101/X-555 and Kalibr and Iskander-M/KN-23", "mixed"),
        ("C-300/C-400 and Iskander-M", "mixed"),
        ("C-300/C-400", "surface-to-air"),
        ("Intercontinental ballistic missile", "ballistic"),
        ("Reconnaissance UAV", "other drone"),
        ("Shahed-136/131 and Lancet", "attack drone"),
    ],
)
def test_a_model_falls_into_its_class(model, kind):
    rows = pd.DataFrame({"model": [model]})
    assert classify.classes(rows, classify.read("missile_class")).tolist() == [kind]


def test_the_classes_differ_from_the_publishers_where_it_is_known():
    theirs = table("missile_categories")
    mine = classify.classes(theirs, classify.read("missile_class"))
    same = {"ballistic": "ballistic missile", "cruise": "cruise missile"}
    other = theirs[mine.isin(same) & (mine.map(same) != theirs["category"])]
    assert other["model"].tolist() == ["X-47 Kinzhal and Iskander-M/KN-23"]


def test_known_losses():
    claimed = table("claimed_losses").set_index("date")
    assert len(claimed) == 1626
    assert claimed.loc["2022-12-31", "tanks"] == 3029
    assert claimed.loc[["2022-04-14", "2022-04-15"], "ships"].tolist() == [7, 8]
    fixes = table("claimed_losses_corrections")
    assert len(fixes) == 28
    assert fixes.set_index("date").loc["2023-05-27", "tanks"] == -5
    confirmed = table("confirmed_losses").groupby("type")["date"].agg(["size", "min"])
    assert confirmed["size"].to_dict() == {
        "Aircraft": 95,
        "Helicopters": 13,
        "Naval Ships and Submarines": 1,
        "Tanks": 32,
    }
    # The reason why the claim on tanks of 2022 asks the press.
    assert confirmed.loc["Tanks", "min"] == "2025-03-21"


def test_claimed_losses_never_fall_by_more_than_what_is_corrected():
    months = war.per_month(
        table("claimed_losses"),
        table("claimed_losses_corrections"),
        ["aircraft", "helicopters", "tanks", "ships"],
    )
    assert (months >= 0).all(axis=None)
    total = table("claimed_losses").iloc[-1]["tanks"]
    fixes = table("claimed_losses_corrections")["tanks"].sum()
    assert months["tanks"].sum() == total - fixes


def test_known_areas():
    areas = war.usable(table("occupied_territory"))
    assert len(areas) == 1645
    ends = war.month_ends(areas["nzz_km2"])
    assert ends[["2022-03", "2022-08", "2022-11"]].tolist() == [155331.6, 127862.3, 110215.1]
    assert pd.isna(areas.loc["2022-09-08", "liveuamap_km2"])
    assert areas.loc["2023-12-09":"2023-12-11", "nzz_km2"].isna().all()
    assert len(table("occupied_deepstate")) > 700
    assert len(table("territory_press")) == 11


def test_the_step_in_one_series_is_not_in_the_other():
    """NZZ's series loses 3,351 km² in a day on which Liveuamap's does not move."""
    areas = war.usable(table("occupied_territory"))
    step = config.shown()["F09"].parameters["step"]
    change = areas.diff().loc[step]
    assert change["nzz_km2"] == pytest.approx(-3350.9, abs=0.05)
    assert abs(change["liveuamap_km2"]) < 50


@pytest.mark.parametrize(
    ("event", "pattern"),
    [
        ("Javelin announced", "javelin"),
        ("Stinger announced", "stinger"),
        ("HIMARS announced", "himars"),
        ("IRIS-T announced", "iris-t"),
        ("Patriot announced", "patriot"),
    ],
)
def test_announcements_are_the_trackers_first_dated_ones(event, pattern):
    row = table("war_events").set_index("event").loc[event]
    assert war.announced(activities(), pattern) == row["date"]
    release, found = row["seen_in"].split(": ")
    assert release == "Kiel release 21"
    named = activities()["sub_activity_id"] == found
    items = activities()[named & (activities()["date"] == row["date"])]["item"]
    assert items.str.contains(pattern, case=False).any()


def test_deliveries_follow_announcements():
    days = table("war_events").set_index("event")["date"]
    for weapon in ("HIMARS", "IRIS-T", "Patriot"):
        assert days[f"{weapon} announced"] < days[f"{weapon} delivered"]


# Readers


def test_a_time_of_day_is_cut_off_and_blanks_stay_null(tmp_path):
    head = "time_start,model,launched,destroyed,not_reach_goal\n"
    file = written(tmp_path, head + "2023-05-16 3:30,Kalibr,9.0,,\n2023-05-17,X-59,1,0,1\n")
    name, frame = readers.missile_attacks(file)
    assert name == "missile_attacks"
    assert frame["date"].tolist() == ["2023-05-16", "2023-05-17"]
    assert frame["destroyed"].isna().tolist() == [True, False]
    assert frame["launched"].tolist() == [9, 1]


@pytest.mark.parametrize("value", ["many", "1.5"])
def test_a_count_that_is_none_is_told_at_its_row(tmp_path, value):
    head = "time_start,model,launched,destroyed,not_reach_goal\n"
    file = written(tmp_path, head + f"2023-05-16,a,1,1,\n2023-05-16,b,{value},1,\n")
    error = refused(readers.missile_attacks, file)
    assert (error.row, error.column) == (3, "launched")


def test_losses_without_a_column_are_told(tmp_path):
    file = tmp_path / "losses.json"
    file.write_text(json.dumps([{"date": "2022-02-25", "tank": 1}]), encoding="utf-8")
    assert refused(readers.claimed_losses, file).column == "aircraft"


def test_a_day_without_a_count_of_losses_is_told(tmp_path):
    day = {"date": "2022-02-25", "aircraft": 1, "helicopter": 1, "tank": 1, "naval ship": 1}
    file = tmp_path / "losses.json"
    file.write_text(json.dumps([day, day | {"tank": None}]), encoding="utf-8")
    error = refused(readers.claimed_losses, file)
    assert (error.row, error.column) == (3, "tank")


def test_pages_lose_their_scheme_and_unfindable_rows_are_left_out(tmp_path):
    head = "period,measure,value,unit,source\n"
    file = written(
        tmp_path, head + "2024,a,1,km2,https://www.x.org/y\n2025,b,2,km2,an excerpt\n"
    )
    _, frame = readers.territory_press(file)
    assert frame[["period", "seen_in"]].to_numpy().tolist() == [["2024", "x.org/y"]]


def test_repositories_stand_for_the_source_of_an_area(tmp_path):
    head = "date,liveuamap_km2_published,nzz_held_km2_harmonised,flags,source\n"
    seen = f"a-b/c@{'0' * 40}:t.csv | d/e@{'1' * 40}:t.csv + data/*.json"
    _, frame = readers.occupied_territory(
        written(tmp_path, head + f"2022-02-20,1.5,,,{seen}\n")
    )
    assert frame.loc[0, "seen_in"] == "a-b/c@00000000|d/e@11111111"
    assert frame["nzz_km2"].isna().all()
