"""Items in kind: classifications against rows read by hand, counts, shares and sectors."""

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from aidaudit.data import classify, clean
from aidaudit.ingest.readers import kiel
from aidaudit.measures import equipment

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)


@cache
def activities():
    return clean.kiel(21)


@cache
def labelled(name):
    """By item: a text speaks of a whole package and not of one good in it."""
    rules = classify.read(name)
    rules = rules[rules["column"] != classify.TEXT]
    return classify.classes(activities(), rules).set_axis(activities()["row"])


# ---------------------------------------------------------------- rows read by hand

# Row of release 21 → what it is, by its item and what the tracker says of it.
WEAPONS = {
    1071: "long-range missiles",  # SCALP missile
    726: "ammunition",  # fuse, of ammunition for heavy weapons
    57: "ammunition",  # Air Defence Missile
    384: "ammunition",  # 81mm mortar smoke ammunition
    3434: "ammunition",  # precision-guided 155mm artillery round
    3138: "ammunition",  # Brimstone missile
    1472: "ammunition",  # Leopard ammunition, entered as a heavy weapon
    1940: "helicopters",  # Mi-17, entered as a combat aircraft
    500: "helicopters",  # Mi-24 attack helicopter
    1495: "helicopters",  # Sea King Mk41
    443: "helicopters",  # Mi-8, entered as a transport aircraft
    2525: "combat aircraft",  # MiG-29
    660: "combat aircraft",  # F-16AM/BM
    2044: "combat aircraft",  # L-39ZA light attack aircraft
    1324: "tanks",  # Leopard-2A6
    3101: "tanks",  # Challenger 2
    2518: "tanks",  # PT-91 Twardy
    67: "tanks",  # M1A1 Abrams
    493: "tanks",  # Modified T-72
    1043: "air defence",  # Crotale
    2425: "air defence",  # Patriot air defense system
    2019: "air defence",  # NASAMS launcher
    775: "air defence",  # Anti-drone weapon: against drones, not one of them
    1955: "air defence",  # anti-aircraft gun
    3102: "artillery",  # AS-90 howitzer
    2861: "artillery",  # Archer
    2508: "artillery",  # 60 mm mortar
    752: "artillery",  # D-30 howitzer
    2187: "armoured vehicles",  # YPR-765
    450: "armoured vehicles",  # M80A
    365: "armoured vehicles",  # BPz-3 recovery vehicle
    2230: "armoured vehicles",  # bridge-laying Leopard 1
    2882: "other aircraft",  # ASC 890
    2509: "drones",  # FlyEye
    3229: "drones",  # Switchblade 600
    3087: "drones",  # undersea minehunter drones
    208: "ships",  # Alkmaar class mine hunter
    2262: "ships",  # Combat Boat 90
    609: "other heavy weapons",  # Harpoon coastal defense
    3153: "other heavy weapons",  # artillery radar
    2858: "portable weapons",  # NLAW
    2506: "portable weapons",  # Piorun
    3317: "portable weapons",  # Javelin anti-armor systems
    316: "small arms",  # FN Minimi
    762: "small arms",  # Rifle
    782: "small arms",  # Recoilless anti-tank gun, as the tracker classes it
    736: "equipment",  # Field hospital
    56: "equipment",  # generator
    3240: "equipment",  # optics
}
MEDICAL = {
    1693: "medical",  # patient monitor
    1689: "medical",  # x-ray machine
    1687: "medical",  # Medicines
    829: "medical",  # Medical supplies
    546: "medical",  # ambulance
    72: "protection",  # medical protective mask
    540: "protection",  # disposable glove
    2619: "soldiers",  # First aid kit
    962: None,  # Rescue vehicle
    75: None,  # sleeping bag
    852: None,  # protective gear (including first aid)
}
ENERGY = {
    2830: "energy",  # Solar panel
    280: "energy",  # generator
    435: "energy",  # transformer
    2828: "energy",  # Gas turbine
    2944: "transport",  # Tram
    853: "transport",  # public transport bus
    539: "transport",  # temporary bridge
    991: None,  # inflatable boat
    878: None,  # school furniture
    2615: None,  # ton of fuel
}


@pytest.mark.parametrize(("row", "expected"), WEAPONS.items())
def test_weapons_are_what_a_reader_calls_them(row, expected):
    assert labelled("weapon_class")[row] == expected


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        *(("medical", row, expected) for row, expected in MEDICAL.items()),
        *(("energy_transport", row, expected) for row, expected in ENERGY.items()),
    ],
)
def test_goods_are_what_a_reader_calls_them(name, row, expected):
    got = labelled(name)[row]
    assert (None if pd.isna(got) else got) == expected


def test_an_oxygen_generator_is_medical_and_no_power_generator():
    rows = activities()[activities()["item"].fillna("").str.lower() == "oxygen generator"]
    assert len(rows) > 0
    assert set(labelled("medical")[rows["row"]]) == {"medical"}
    assert labelled("energy_transport")[rows["row"]].isna().all()


def test_a_bus_is_no_air_defence_and_mixed_rows_stay_apart():
    rows = activities()
    named = equipment.named(rows, classify.read("systems"), classify.read("role"))
    assert not named["item"].str.contains("irisbus", case=False).any()
    mixed = named[named["system"] == "mixed"]
    assert sorted(mixed["item_count"]) == [645, 6000]
    assert not mixed["role"].isna().any()


def test_every_item_in_kind_has_a_class_and_every_named_system_a_role():
    items = equipment.in_kind(activities())
    assert classify.classes(items, classify.read("weapon_class")).notna().all()
    named = equipment.named(activities(), classify.read("systems"), classify.read("role"))
    assert named["role"].notna().all()


# Activities whose texts were read by eye, with what they name.
READ = {
    "CAM1_1": {"training"},  # Canada's training mission
    "DEH19_1": {"energy"},  # Energy Support Fund
    "FRF4_1": {"transport"},  # railways
    "FRH24_1": {"infrastructure"},
    "NOH8_4": {"renewable", "energy"},  # solar panels
    "DEH41_1": {"renewable"},  # a wind power plant
    "ITH14_1": {"renewable", "energy"},  # hydropower
    # 140 m EUR for infrastructure, railways, healthcare, agriculture and mine clearance.
    "ITH16_1": {"health", "infrastructure", "transport", "rebuilding"},
    # Lists what else Italy gave, each with its id: medical equipment is (ITH4)'s.
    "ITH2_1": set(),
    "ITH5_1": set(),
}


@pytest.mark.parametrize(("activity", "subjects"), READ.items())
def test_texts_name_what_a_reader_finds_in_them(activity, subjects):
    rows = activities()[activities()["sub_activity_id"] == activity]
    named = set("; ".join(rows["named_in_text"].dropna()).split("; ")) - {""}
    assert named >= subjects
    if not subjects:
        assert named == set()


def test_a_text_is_read_where_it_speaks_of_its_own_row():
    texts = pd.Series(
        [
            "Medicines and field hospitals (ITH4), and 45 fire engines.",
            "It sent ambulances (ITH3), soldiers were trained (ITM1-ITM3), and a train left.",
            "Renovation of a hospital and two schools; solar panels on the roof.",
            None,
        ]
    )
    named = kiel.subjects(texts, pd.Series(["ITH4", "ITH4", "ITH4", "ITH4"]))
    assert named.fillna("").tolist() == [
        "health; medical",
        "",
        "education; health; renewable",
        "",
    ]


def test_a_code_is_read_before_texts_and_texts_where_there_is_no_code():
    rows = pd.DataFrame(
        {
            "reconstruction_sector": ["reconstruction energy", None, None],
            "item": [None, "solar panel", None],
            "named_in_text": [None, None, "energy; renewable"],
        }
    )
    coded = classify.readings(
        rows, classify.read("sector"), classify.read("energy_transport"), wanted=["energy"]
    )
    assert coded.literal.tolist() == [True, False, False]
    assert coded.other.tolist() == [True, True, True]
    free = classify.readings(rows, classify.read("renewable"), wanted=["renewable"])
    assert free.literal.tolist() == [False, True, True]
    assert free.other.tolist() == [False, True, False]


def test_launchers_of_himars_as_published():
    named = equipment.named(activities(), classify.read("systems"), classify.read("role"))
    launchers = named[(named["system"] == "HIMARS") & (named["role"] == "launcher")]
    # Six rows from stocks with 4, 4, 4, 4, 4 and 1, eighteen ordered, three paid by Germany.
    assert launchers.groupby("donor")["item_count"].sum().to_dict() == {
        "Germany": 3,
        "United States": 39,
    }
    assert equipment.first(launchers) == "2022-06-01"


# ---------------------------------------------------------------- by hand


def items(*rows):
    names = ["donor", "date", "item", "item_type", "item_count", "item_value_usd"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(
        row=range(2, len(table) + 2),
        aid_type="Military",
        aid_subtype="Weapons",
        measure="allocation",
        month=table["date"].str[:7].fillna("undated"),
        item_sub_type="",
        sub_activity_id="",
    )


GIVEN = items(
    ("A", "2022-01-05", "Stinger launcher", "Portable defence system", 10, 1.0),
    (
        "A",
        "2022-02-05",
        "Stinger missile",
        "Ammunition for portable defence system",
        None,
        None,
    ),
    ("B", "2022-03-05", "Stinger launcher", "Portable defence system", 30, 2.0),
    ("B", None, "Patriot battery", "Heavy weapon", 0, 9.0),
    ("B", "2024-03-05", "helmet", "Military equipment", 5, 3.0),
    ("A", "2024-04-05", "tank", "Heavy weapon", 5, 9.0),
)


@cache
def found():
    return equipment.named(GIVEN, classify.read("systems"), classify.read("role"))


def test_zero_is_a_number_and_undisclosed_is_none():
    table = equipment.counts(found()).set_index(["system", "donor", "role"])
    assert table.loc[
        ("Stinger", "A", "ammunition"), ["items", "rows", "unnumbered"]
    ].tolist() == [0, 1, 1]
    assert table.loc[("Patriot", "B", "launcher"), ["unnumbered", "zero"]].tolist() == [0, 1]
    given = equipment.counts(equipment.with_items(found()))
    assert set(given["system"]) == {"Stinger"}
    assert table.loc[("Stinger", "B", "launcher"), "unnumbered"] == 0


def test_a_share_is_of_disclosed_items_and_none_without_any():
    assert equipment.share_of(found(), "Stinger", "A", ["launcher"]) == pytest.approx(25)
    assert equipment.share_of(found(), "Patriot", "B", ["launcher"]) is None
    assert equipment.share_of(found(), "HIMARS", "A", ["launcher"]) is None


def test_heavy_weapons_are_counted_by_value_and_by_rows():
    assert equipment.heavy_share(GIVEN, "2022-01", "2022-12", by="value") == pytest.approx(0)
    assert equipment.heavy_share(GIVEN, "2024-01", "2024-12", by="value") == pytest.approx(75)
    assert equipment.heavy_share(GIVEN, "2024-01", "2024-12", by="rows") == pytest.approx(50)
    quarters = equipment.heavy_by_quarter(GIVEN, "2024-06").set_index("quarter")
    assert quarters.loc["2024-Q2", ["value", "items"]].tolist() == [100, 1]
    assert pd.isna(quarters.loc["2023-Q1", "rows"])


def test_firsts_leave_out_rows_without_a_day():
    table = equipment.firsts(GIVEN, GIVEN["donor"])
    assert table[["label", "date"]].to_numpy().tolist() == [
        ["A", "2022-01-05"],
        ["B", "2022-03-05"],
    ]


def coded(*rows):
    table = pd.DataFrame(rows, columns=["donor", "reconstruction_sector", "allocation_eur"])
    return table.assign(measure="allocation")


SECTORS = coded(
    ("A", "reconstruction energy", 2e9),
    ("A", "modernization education; reconstruction healthcare", 1e9),
    ("B", "reconstruction healthcare", 4e9),
    ("C", "reconstruction", 0.5e9),
)


def test_an_amount_for_several_sectors_is_not_divided():
    table = equipment.by_sector(SECTORS, classify.read("sector"))
    assert list(table.index) == ["B", "A", "C"]
    assert table.loc["A", ["energy", "several"]].tolist() == [2, 1]
    assert table.loc["B", "health"] == 4
    assert table.loc["C", "not said"] == 0.5
    assert table.to_numpy().sum() == pytest.approx(7.5)
    mine = equipment.flags(SECTORS, classify.read("sector"))
    assert mine.loc[1, ["health", "education"]].all()


def test_ranks_put_those_without_any_last():
    totals = pd.Series({"A": 3.0, "B": 5.0, "C": 0.0})
    assert [equipment.rank(totals, donor) for donor in ("B", "A", "C", "D")] == [1, 2, 3, 3]


def test_what_was_caught_and_left_adds_up():
    rows = activities()
    table = equipment.caught(rows, classify.read("training"), "training", "all rows")
    assert table["rows"].sum() == len(rows)
    assert table["share"].sum() == pytest.approx(100)
    assert table["class"].tolist() == ["training", "unclassified"]
    shown = equipment.caught_shown(table)
    assert shown["Classification"].tolist() == ["training", ""]


def test_the_table_of_systems_names_a_system_once():
    shown = equipment.systems_shown(equipment.counts(found()))
    assert shown["System"].tolist().count("Stinger") == 1
    assert "no date" in set(shown["First announced"])
    patriot = shown[shown["Donor"].eq("B") & shown["System"].eq("Patriot")]
    assert patriot[["Number", "Without number"]].to_numpy().tolist() == [["0", "0"]]
    assert shown["Number"].tolist().count("") == 1


def test_norway_gave_money_for_patriots_and_no_battery():
    named = equipment.named(activities(), classify.read("systems"), classify.read("role"))
    patriots = named[(named["system"] == "Patriot") & (named["role"] == "launcher")]
    donors = equipment.counts(equipment.with_items(patriots))["donor"]
    assert sorted(donors) == ["Germany", "Netherlands", "Romania", "United States"]
