"""Refugees and grain: small tables worked out by hand, readers, and published totals."""

from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from aidaudit import config
from aidaudit.data import clean, raw_tables
from aidaudit.ingest.readers import people as readers
from aidaudit.measures import grain, people
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


def refused(call, *args) -> AuditError:
    with pytest.raises(AuditError) as caught:
        call(*args)
    assert caught.value.mend
    return caught.value


def written(folder, text) -> Path:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


# Year-ends.


@pytest.mark.parametrize(
    ("day", "year"), [("2025-02-28", 2024), ("2024-12-31", 2024), ("2024-12-30", 2023)]
)
def test_the_last_year_that_was_over(day, year):
    assert people.last_year_end(day) == year


def test_the_month_before_crosses_the_year():
    assert people.month_before("2023-05") == "2023-04"
    assert people.month_before("2023-01") == "2022-12"


def test_year_ends_add_hosts_and_keep_what_is_missing_null():
    refugees = pd.DataFrame(
        [("POL", 2021, 1_000_000), ("RUS", 2021, 500_000), ("POL", 2022, 2_000_000)],
        columns=["iso3", "year", "refugees"],
    )
    displaced = pd.DataFrame({"year": [2020, 2022], "displaced": [9, 3_000_000]})
    found = people.year_ends(refugees, displaced)
    assert found.index.tolist() == [2021, 2022]
    assert found["abroad"].tolist() == [1.5, 2.0]
    assert found["in_russia"].iloc[0] == 0.5
    assert found["in_russia"].isna().tolist() == [False, True]
    assert found["within"].isna().tolist() == [True, False]


# Records of hosts.

RECORDS = pd.DataFrame(
    [
        ("HUN", "Hungary", "2022-12", 30),
        ("HUN", "Hungary", "2024-01", 60),
        ("MDA", "Republic of Moldova", "2024-01", 100),
        ("HUN", "Hungary", "2025-03", 90),
        ("POL", "Poland", "2023-01", 500),
        ("POL", "Poland", "2023-06", 450),
    ],
    columns=["iso3", "country", "month", "refugees"],
)
PEOPLE = pd.DataFrame(
    [
        ("HUN", 2022, 10_000.0),
        ("HUN", 2023, 9_000.0),
        ("POL", 2023, 50_000.0),
        ("MDA", 2024, 2_000.0),
        ("POL", 2025, 1.0),
    ],
    columns=["iso3", "year", "population"],
)


def test_last_records_stop_at_a_month_and_start_at_another():
    found = people.last_records(RECORDS, "2025-02").set_index("iso3")["month"].to_dict()
    assert found == {"HUN": "2024-01", "MDA": "2024-01", "POL": "2023-06"}
    found = people.last_records(RECORDS, "2025-02", since="2023-07")["iso3"].tolist()
    assert found == ["HUN", "MDA"]
    assert people.last_records(RECORDS, "2022-12")["refugees"].tolist() == [30]
    assert people.last_records(RECORDS, "2022-11").empty


def test_rates_take_the_population_of_the_year_or_the_last_before_it():
    found = people.per_thousand(RECORDS, PEOPLE)
    rates = found.set_index(["iso3", "month"])["per_thousand"].round(6).to_dict()
    assert rates == {
        ("HUN", "2022-12"): 3.0,
        # No population of 2024 or 2025 is published: that of 2023 it is.
        ("HUN", "2024-01"): round(60 / 9, 6),
        ("HUN", "2025-03"): 10.0,
        ("MDA", "2024-01"): 50.0,
        ("POL", "2023-01"): 10.0,
        ("POL", "2023-06"): 9.0,
    }


def test_a_population_of_a_later_year_is_never_used():
    record = RECORDS[RECORDS["iso3"] == "POL"].assign(month="2022-12")
    assert people.per_thousand(record, PEOPLE).empty


def test_ranking_leaves_out_few_and_old_and_shortens_names():
    found = people.ranking(RECORDS, PEOPLE, "2025-02", "2023-01", 50)
    assert found["country"].tolist() == ["Moldova", "Poland", "Hungary"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert people.ranking(RECORDS, PEOPLE, "2025-02", "2023-01", 70)["iso3"].tolist() == [
        "MDA",
        "POL",
    ]
    assert people.ranking(RECORDS, PEOPLE, "2025-02", "2024-01", 50)["iso3"].tolist() == [
        "MDA",
        "HUN",
    ]


def test_pieces_leave_the_months_of_the_change_out():
    found = people.pieces(RECORDS, ["HUN", "POL"], "2023-05", "2023-12")
    assert found[["iso3", "month", "piece"]].to_numpy().tolist() == [
        ["HUN", "2022-12", "before"],
        ["HUN", "2024-01", "after"],
        ["HUN", "2025-03", "after"],
        ["POL", "2023-01", "before"],
    ]


PRESS = pd.DataFrame(
    [
        ("POL", "2022-03-09", "border arrivals", 9),
        ("POL", "2022-03-08", "border arrivals", 8),
        ("POL", "2023-06-20", "recorded (rounded)", 7),
        ("DEU", "2023-06-20", "recorded", 6),
        ("POL", "2023-06-21", "registered for protection", 5),
        ("POL", "2023-04-30", "recorded", 4),
    ],
    columns=["iso3", "date", "measure", "persons"],
)


def test_quoted_points_are_records_within_the_months():
    assert people.quoted(PRESS, ["POL"], "2023-05", "2023-12")["persons"].tolist() == [7]


def test_arrivals_are_the_last_that_are_quoted():
    assert people.arrivals(PRESS).to_dict() == {"POL": 9}


# Grain.


def voyages(*rows):
    columns = ["voyage", "departed", "income_group", "commodity", "tonnes"]
    return pd.DataFrame(rows, columns=columns)


SMALL = voyages(
    (1, "2022-08-01", "high-income", "Corn", 1e6),
    (1, "2022-08-01", "low-income", "Wheat", 1e6),
    (2, "2022-08-31", "lower-middle-income", "Peas", 2e6),
    (3, "2022-10-15", "upper-middle-income", "Wheat", 3e6),
)


def test_months_count_a_voyage_once_and_none_is_missing():
    found = grain.monthly(SMALL)
    assert found["month"].tolist() == ["2022-08", "2022-09", "2022-10"]
    assert found["voyages"].tolist() == [2, 0, 1]
    assert found["tonnes_million"].tolist() == [4.0, 0.0, 3.0]
    assert found["whole"].tolist() == [True, True, False]


def test_a_month_that_starts_late_is_not_whole():
    found = grain.monthly(SMALL.assign(departed=SMALL["departed"].str.replace("-01", "-02")))
    assert found["whole"].tolist() == [False, True, False]


def test_means_per_month_by_hand():
    found = grain.means_per_month(SMALL, "2022-08-01", "2023-07-31")
    whole, listed, least = found.values()
    # August and September are whole: (4 + 0) / 2.
    assert whole == 2.0
    # 7 in 76 days, and in the 365 days of the initiative; a mean month has 30.436875 days.
    assert listed == pytest.approx(7 / 76 * 30.436875)
    assert least == pytest.approx(7 / 365 * 30.436875)


def test_no_whole_month_has_no_mean():
    with pytest.raises(ValueError, match="no whole month"):
        grain.means_per_month(SMALL[SMALL["voyage"] == 3], "2022-08-01", "2023-07-31")


def test_tonnes_between_count_both_ends():
    assert grain.tonnes_between(SMALL, "2022-08-31", "2022-10-15") == 5.0
    assert grain.tonnes_between(SMALL, "2022-09-01", "2022-10-14") == 0.0


def test_income_groups_by_kind_add_up():
    found = grain.by_income(SMALL)
    assert found.index.tolist() == grain.GROUPS
    assert found["total"].tolist() == [1.0, 3.0, 2.0, 1.0]
    assert found["Other"].tolist() == [0.0, 0.0, 2.0, 0.0]
    assert found["share"].sum() == pytest.approx(100)


def test_the_share_of_poorer_countries():
    assert grain.lower_income_share(SMALL) == pytest.approx(300 / 7)
    assert grain.lower_income_share(SMALL, "Wheat") == pytest.approx(25)


def test_gas_beside_exports():
    energy = pd.DataFrame(
        {"year": [2021, 2022], "gas_twh": [30.0, 20.0], "primary_twh": [100.0, 50.0]}
    )
    exports = pd.DataFrame({"year": [2020, 2021], "exports_usd": [4e9, 8e9]})
    found = grain.gas_and_exports(energy, exports, [2020, 2021, 2022])
    assert found["gas_share"].tolist()[1:] == [30.0, 40.0]
    assert found["exports_usd_bn"].tolist()[:2] == [4.0, 8.0]
    assert found.isna().any(axis=1).tolist() == [True, False, True]
    assert grain.change_percent(found, 2021, 2022)["primary_twh"] == pytest.approx(-50)


# Totals that were published elsewhere, and rows checked by eye against upstream.


@pytest.mark.parametrize(
    ("last", "tonnes"),
    [
        # The Joint Coordination Centre by 22 August and 23 September 2022, Ukraine's ministry
        # by 3 November, and the United Nations by mid-January 2023. Ships that were cleared
        # and ships that left differ by a day or two.
        ("2022-08-22", 721_449),
        ("2022-09-23", 4_556_311),
        ("2022-11-03", 10e6),
        ("2023-01-17", 17.8e6),
    ],
)
def test_the_list_of_voyages_agrees_with_totals_on_the_way(last, tonnes):
    found = grain.tonnes_between(table("grain_voyages"), "2022-07-22", last)
    assert found == pytest.approx(tonnes / 1e6, rel=0.02)


def test_nearly_44_per_cent_of_the_wheat_went_to_poorer_countries():
    rows = table("grain_voyages")
    rows = rows[rows["departed"] <= "2023-01-17"]
    assert grain.lower_income_share(rows, "Wheat") == pytest.approx(44, abs=0.7)


def test_the_list_of_voyages():
    rows = table("grain_voyages")
    assert len(rows) == 936
    assert rows["voyage"].nunique() == 825
    assert rows["tonnes"].sum() == 25_012_238
    assert set(rows["income_group"]) == set(grain.GROUPS)
    first = rows[rows["row"] == 937].iloc[0]
    assert first[["departed", "country", "tonnes"]].tolist() == ["2022-07-31", "Egypt", 25_000]


def test_refugees_at_year_end():
    rows = table("refugees_year_end").set_index(["iso3", "year"])["refugees"]
    assert rows["POL", 2024] == 991_223
    assert rows["HUN", 2022] == 29_632
    # The break: Russia's record all but vanishes.
    assert (rows["RUS", 2023], rows["RUS", 2024]) == (1_227_554, 6_894)
    assert rows[:, 2022].sum() == 5_684_177
    assert "UKR" not in rows.index.get_level_values("iso3")


def test_displaced_within():
    rows = table("displaced_within").set_index("year")["displaced"]
    assert (rows[2021], rows[2022], rows[2024]) == (854_000, 5_914_000, 3_665_000)


def test_recorded_refugees_and_their_break():
    rows = table("refugees_recorded")
    assert len(rows) == 937
    at = rows.set_index(["iso3", "month"])["refugees"]
    assert (at["POL", "2023-04"], at["POL", "2023-12"]) == (1_583_563, 956_635)
    assert (at["HUN", "2022-12"], at["HUN", "2025-02"]) == (33_218, 63_665)
    assert (at["ROU", "2024-06"], at["ROU", "2024-07"]) == (80_655, 162_180)
    within = rows[rows["month"].between("2023-05", "2023-11")]
    assert not set(within["iso3"]) & {"POL", "ROU", "HUN"}


def test_press_and_protection():
    press = people.arrivals(table("refugees_press"))
    assert press[["HUN", "POL"]].tolist() == [214_160, 1_412_502]
    protected = table("temporary_protection").set_index(["iso3", "month"])["beneficiaries"]
    assert len(protected) == 41
    assert (protected["POL", "2023-05"], protected["HUN", "2023-04"]) == (991_375, 30_960)
    # Hungary and Romania have no value for the incomplete last month.
    assert ("HUN", "2023-05") not in protected.index


def test_gas_and_exports_of_2024():
    found = grain.gas_and_exports(table("energy"), table("exports"), [2021, 2024])
    assert found.loc[2024, "gas_twh"] == 199.438
    assert found.loc[2021, "exports_usd_bn"] == pytest.approx(81.2814, abs=1e-4)


def test_hosts_have_a_population():
    hosts = set(raw_tables.read("unhcr/recorded")["iso3"])
    assert not hosts - set(table("population")["iso3"])


# Wrong files.

VOYAGE = "Outbound Sequence,Departure,Country,Income group,Commodity,Tonnage\n"
MONTHLY = (
    "country,iso3,data_month,refugees_recorded_latest_version,source_latest_version\n"
    "Poland,POL,2022-07,5,repo\n"
)
POINTS = "iso3,as_of,persons,measure,source\n"


@pytest.mark.parametrize(
    ("reader", "text", "row", "column", "found"),
    [
        (
            readers.grain_voyages,
            f'{VOYAGE}1,31-Jul-22,Egypt,low-income,Corn,"25,000"\n2,2022-08-01,Egypt,x,Corn,5\n',
            3,
            "Departure",
            "2022-08-01",
        ),
        (
            readers.grain_voyages,
            f"{VOYAGE}1,31-Jul-22,Egypt,low-income,Corn,many\n",
            2,
            "Tonnage",
            "many",
        ),
        (
            readers.grain_voyages,
            f"{VOYAGE}1.5,31-Jul-22,Egypt,low-income,Corn,5\n",
            2,
            "Outbound Sequence",
            1.5,
        ),
        (
            readers.unhcr_recorded,
            f"{MONTHLY}Poland,POL,2022-08,,repo\n",
            3,
            "refugees_recorded_latest_version",
            "",
        ),
        (
            readers.unhcr_press,
            f"{POINTS}POL,2022-06-09,5,recorded,https://a.b\nPOL,2022-06-10,x,recorded,p\n",
            3,
            "persons",
            "x",
        ),
        (
            readers.unhcr_year_end,
            "year,coo_iso,coa_iso,refugees\n2022,SYR,DEU,oops\n2022,UKR,POL,oops\n",
            3,
            "refugees",
            "oops",
        ),
        (
            readers.idmc_displaced,
            "year,coa_iso,total\n2022,UKR,1.5\n",
            2,
            "total",
            1.5,
        ),
        (
            readers.wdi_exports,
            "iso3,indicator,year,value_usd\nUKR,NE.EXP.GNFS.CD,2022,much\n",
            2,
            "value_usd",
            "much",
        ),
        (
            readers.energy_mix,
            "year;iso_code;gas_consumption;primary_energy_consumption\n2022;UKR;?;1\n",
            2,
            "gas_consumption",
            "?",
        ),
    ],
)
def test_a_bad_cell_is_told_at_its_upstream_row(tmp_path, reader, text, row, column, found):
    error = refused(reader, written(tmp_path, text))
    assert (error.file, error.row, error.column) == ("file.csv", row, column)
    assert error.found == found


def test_press_points_without_a_host_or_a_day_are_left_out(tmp_path):
    text = (
        f"{POINTS},2022-08-26,7,recorded,https://a.b\nPOL,2026-02,6,hosts about,repo\n"
        'POL,2022-06-09,5,registered,"https://a.b/c (another prints 6)"\n'
    )
    _, frame = readers.unhcr_press(written(tmp_path, text))
    assert frame[["persons", "seen_in"]].to_numpy().tolist() == [[5, "a.b/c"]]


def parquet(folder, sql) -> Path:
    path = folder / "file.parquet"
    duckdb.sql(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return path


def test_protection_keeps_the_hosts_and_drops_nothing_else(tmp_path):
    rows = (
        "SELECT * FROM (VALUES ('Poland', DATE '2022-03-01', 5.0), ('Spain', DATE '2022-03-01',"
        " 6.0), ('Hungary', DATE '2022-03-01', NULL)) AS t(geo, time, \"values\")"
    )
    _, frame = readers.eurostat_protection(parquet(tmp_path, rows))
    assert frame.to_numpy().tolist() == [["POL", "2022-03", 5]]


def test_another_parquet_is_refused(tmp_path):
    error = refused(readers.eurostat_protection, parquet(tmp_path, "SELECT 1 AS geo, 2 AS b"))
    assert (error.file, error.column) == ("file.parquet", "time")


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    error = refused(readers.eurostat_protection, written(tmp_path, "geo,time,values\n"))
    assert "not a readable Parquet" in error.problem
