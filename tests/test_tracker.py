"""The tracker's other releases and tables: known rows, published totals, and refusals."""

from functools import cache
from pathlib import Path

import pytest

from aidaudit import config
from aidaudit.data import clean, raw_tables, sources
from aidaudit.ingest.readers import tracker
from aidaudit.measures import aggregate
from aidaudit.measures.donors import select
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
FULL = ["allocation", "commitment"]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    config.config.cache_clear()


@cache
def release(number):
    return clean.kiel(number)


@cache
def context(name):
    return clean.context(name, config.context()[name])


def billions(number, measure):
    rows = aggregate.by_measure(release(number), [measure])
    return rows["value_eur"].sum() / 1e9


def of(number, measure, *donors):
    rows = aggregate.by_measure(release(number), [measure])
    return rows[rows["donor"].isin(donors)]["value_eur"].sum() / 1e9


# Release 7: its own figure 1. Release 25: the total row of its file. The others print no total
# in the file at hand; these are the sums of their published rows.
@pytest.mark.parametrize(
    ("number", "measure", "total"),
    [
        (7, "commitment", 93.732),
        (13, "commitment", 237.884),
        (16, "allocation", 169.652),
        (16, "commitment", 259.138),
        (18, "allocation", 203.101),
        (18, "commitment", 310.088),
        (19, "allocation", 221.549),
        (19, "commitment", 317.300),
        (25, "allocation", 320.813),
        (25, "commitment", 429.144),
    ],
)
def test_totals_of_the_other_releases(number, measure, total):
    assert billions(number, measure) == pytest.approx(total, abs=0.0006)


def test_release_7_agrees_with_its_figure_1():
    assert of(7, "commitment", "United States") == pytest.approx(52.311, abs=0.0006)


def test_release_13_agrees_with_what_the_institute_published():
    """News of 7 September 2023: by 31 July 156 bn EUR from Europe, about 70 from the US."""
    europe = select(
        aggregate.by_measure(release(13), ["commitment"]),
        clean.members(),
        "europe",
        "2023-07-31",
    )
    assert europe["value_eur"].sum() / 1e9 == pytest.approx(156, abs=0.8)
    assert of(13, "commitment", "United States") == pytest.approx(70, abs=0.6)


def test_release_19_agrees_with_its_own_tables():
    assert of(19, "allocation", "United States") == pytest.approx(84.727, abs=0.0006)
    usd = release(19)["allocation_usd"].sum() / release(19)["allocation_eur"].sum()
    assert usd == pytest.approx(1.0759, abs=1e-6)


@pytest.mark.parametrize(("number", "rows"), [(7, 376), (13, 813), (18, 3737)])
def test_row_counts(number, rows):
    assert len(release(number)) == rows


@pytest.mark.parametrize("number", [7, 13])
def test_commitments_never_pass_for_allocations(number):
    assert sources.depth(number) == "commitments"
    for measures in (["allocation"], FULL):
        with pytest.raises(AuditError) as caught:
            aggregate.by_measure(release(number), measures)
        assert caught.value.problem == "the release has no allocations."
        assert "release 16" in caught.value.mend
    assert set(aggregate.by_measure(release(number), ["commitment"])["measure"]) == {
        "commitment"
    }
    assert aggregate.measures_of(release(number)) == ["commitment"]


@pytest.mark.parametrize("number", [18, 21, 28, 29, 30, 16, 19, 25])
def test_the_other_releases_know_both(number):
    assert aggregate.measures_of(release(number)) == FULL


def test_first_rows_as_upstream_has_them():
    first = release(7).iloc[0]
    assert (first["donor"], first["date"], first["month"]) == (
        "Australia",
        "2022-03-01",
        "2022-03",
    )
    assert first["commitment_eur"] == pytest.approx(23456872.86, abs=0.01)
    first = release(13).iloc[0]
    assert (first["row"], first["activity_id"], first["date"]) == (2, "AUH1", "2022-03-01")
    assert first["commitment_eur"] == 21311575
    first = release(18).iloc[0]
    assert first["allocation_reported"] == 35e6
    assert first["allocation_eur"] == pytest.approx(35e6 / 1.6206)


def test_words_for_dates_are_undated():
    words = raw_tables.read("kiel/release-13")["announcement_date"] == "until 2/24/2023"
    assert words.sum() > 0
    assert set(release(13).loc[words, "month"]) == {"undated"}


@pytest.mark.parametrize("number", [7, 13, 16, 18, 19])
def test_older_names_of_donors_are_mended_by_corrections_only(number):
    published = set(raw_tables.read(f"kiel/release-{number:02d}")["donor"])
    assert {"Czech Republic", "Turkey"} <= published
    assert {"Czechia", "Turkiye"} <= set(release(number)["donor"])


def test_allocations_over_time():
    table = context("allocations_over_time")
    last = table.groupby("release")["month"].max()
    assert last.to_dict() == {16: "2024-02", 19: "2024-08"}
    totals = table.groupby("release")["allocation_eur_bn"].sum()
    assert totals[16] == pytest.approx(169.399, abs=0.0006)
    assert totals[19] == pytest.approx(220.984, abs=0.0006)
    us = table.groupby("release")["us_eur_bn"].sum()
    assert us[19] == pytest.approx(84.727, abs=0.0006)


def test_refugee_costs():
    costs = context("refugee_costs").set_index("donor")["refugee_costs_eur_bn"]
    assert len(costs) == 41
    assert costs.sum() == pytest.approx(116.841, abs=0.0006)
    assert costs["Germany"] == pytest.approx(30.588, abs=0.0006)
    assert costs["Czechia"] == pytest.approx(6.996, abs=0.0006)
    assert costs["United States"] == 0


def test_budget_support():
    table = context("budget_support").set_index("donor")
    eu = table.loc["EU (Commission and Council)"]
    assert eu["allocation_eur_bn"] == pytest.approx(41.485, abs=0.0006)
    assert eu["disbursement_eur_bn"] == pytest.approx(34.263, abs=0.0006)
    assert len(table) == 23


def test_stocks_pledged():
    table = context("stocks_pledged").set_index("donor")
    assert len(table) == 28
    assert table.at["Norway", "average"] == pytest.approx(0.528, abs=0.0006)
    assert table.at["Netherlands", "tanks"] == 1


def test_stocks_before_the_war():
    table = context("stocks_before_war").pivot_table(
        index="weapon_class", columns="side", values="item_count"
    )
    assert table.loc["Tanks"].to_dict() == {"Russia": 3417, "Ukraine": 987}
    assert table.loc["MLRS"].to_dict() == {"Russia": 1056, "Ukraine": 354}
    assert len(table) == 4


def test_procurement_covers_nearly_all_military_allocations_of_its_release():
    """The two tables of release 29 differ by month, in both directions, by 3 % in all."""
    table = context("procurement")
    assert len(table) == 52
    columns = [name for name in table.columns if name.endswith("_eur_bn")]
    assert table[columns].sum().sum() == pytest.approx(168.047, abs=0.0006)
    monthly = release(29)
    military = monthly[monthly["aid_type"] == "Military"]["allocation_eur"].sum() / 1e9
    assert military == pytest.approx(172.993, abs=0.0006)
    assert table["nato_purl_eur_bn"].sum() == pytest.approx(4.122, abs=0.0006)


def test_heavy_weapons_and_shares_and_disbursements():
    weapons = context("heavy_weapons").set_index(["donor", "weapon_class"])
    assert weapons.at[("Poland", "Tanks"), "item_count"] == 318
    shares = context("eu_shares").set_index("donor")["eu_share_eur_bn"]
    assert shares["Germany"] == pytest.approx(19.113, abs=0.0006)
    assert len(shares) == 27
    paid = context("disbursements")
    assert len(paid) == 131
    italy = paid[(paid["donor"] == "Italy") & (paid["disbursement_eur_bn"] < 0)]
    assert italy[["year", "month"]].values.tolist() == [[2022, 5]]


# Readers.


def refused(call, *arguments) -> AuditError:
    with pytest.raises(AuditError) as caught:
        call(*arguments)
    assert caught.value.mend
    return caught.value


def csv(tmp_path, text) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_bad_cell_of_a_summary_is_told_at_its_row(tmp_path):
    head = ",".join(tracker.SUMMARY.values())
    path = csv(tmp_path, f"{head}\nNorway,1,2,3,7\nSweden,1,two,3,7\n")
    error = refused(tracker.kiel_summary_csv, path)
    assert (error.file, error.row) == ("file.csv", 3)
    assert (error.column, error.found) == ("Humanitarian allocations", "two")


def test_the_total_row_of_a_summary_is_left_out(tmp_path):
    head = ",".join(tracker.SUMMARY.values())
    path = csv(tmp_path, f"{head}\nNorway,1,2,3,7\nTotal,1,2,3,7\nSweden,1,2,3,7\n")
    _, frame = tracker.kiel_summary_csv(path)
    assert frame["donor"].tolist() == ["Norway", "Sweden"]
    assert frame["row"].tolist() == [2, 4]
    assert frame["allocation_usd_bn"].isna().all()


def test_a_fraction_of_a_weapon_is_told(tmp_path):
    text = "donor,category,number_of_weapons,monetary_value_eur\nNorway,Tanks,8.5,1\n"
    error = refused(tracker.kiel_heavy_weapons, csv(tmp_path, text))
    assert (error.row, error.column, error.found) == (2, "number_of_weapons", 8.5)


def test_a_missing_column_is_told_with_the_nearest(tmp_path):
    text = "year,month,stockpile,procurment,unspecified,nato_purl\n2022,1,0,0,0,0\n"
    error = refused(tracker.kiel_procurement, csv(tmp_path, text))
    assert error.column == "procurement"
    assert "procurment" in error.mend


def test_a_database_of_another_release_is_told(tmp_path):
    import duckdb

    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table something as select 1 as a")
    error = refused(tracker.kiel_refugee_costs, path)
    assert error.problem == "the file is not a readable DuckDB database of release 19."
    assert error.file == "other.duckdb"


def test_commitments_of_a_csv_keep_words_for_dates_and_drop_rows_without_value(tmp_path):
    head = (
        "ID,Countries,Announcement Date,Type of Aid General,Original Currency,"
        "Converted Value in EUR"
    )
    rows = [
        'NOM1,Norway,3/1/2022,Military,NOK,"1,234"',
        "NOM1,Norway,3/1/2022,Military,NOK,.",
        "NOM2,Norway,until 5/7/2022,Military ,NOK,5",
    ]
    _, frame = tracker.kiel_commitments_csv(csv(tmp_path, "\n".join([head, *rows]) + "\n"))
    assert frame["row"].tolist() == [2, 4]
    assert frame["commitment_eur"].tolist() == [1234, 5]
    assert frame["announcement_date"].tolist() == ["2022-03-01", "until 5/7/2022"]
    assert frame["aid_type"].tolist() == ["Military", "Military"]


def test_release_21_was_published_on_the_day_that_dated_copies_name():
    dates = clean.context("release_dates", ["compiled/release_dates"]).set_index("release")
    assert dates.loc[21, ["published", "basis"]].tolist() == ["2025-02-14", "dated copy"]
    assert dates.loc[12, "published"] == "2023-07"  # no page gives the day
    unknown = dates[dates["published"].isna()]
    assert (unknown["basis"] == "unknown").all()
    assert unknown.index.tolist() == [7, 20, 27]
    held = [n for n in sources.release_numbers() if n in dates.index]
    ends = {n: sources.release(n)["cut_off"] for n in held}
    assert dates.loc[held, "cut_off"].to_dict() == ends


DATES = (
    "release_number,release_number_basis,cut_off_date,publication_date,"
    "publication_date_basis,seen_in\n"
)


def test_publication_days_keep_where_they_were_seen_and_how_they_are_known(tmp_path):
    path = tmp_path / "press.csv"
    path.write_text(
        DATES + "3,inferred from order,2022-05-10,2022-05-18,printed,https://www.a.de/x; "
        "https://b.com/y\n"
        + "3,inferred from order,2022-05-10,2022-05-18,printed,https://c.com/z\n"
        + '8,printed,2022-11-20,2022-12-07,"k.de, dated 7.12.2022",https://www.d.at/s\n'
        + "9,printed,2023-01-15,,not printed in the excerpt,https://e.de/t\n"
        + ",release of Feb 2023,2023-01-15,,not printed in the excerpt,https://e.de/u\n",
        "utf-8",
    )
    table, frame = tracker.kiel_release_dates(path)
    assert table == "release_dates"
    assert frame.astype(object).where(frame.notna(), None).values.tolist() == [
        [3, False, "2022-05-10", "2022-05-18", "printed", "a.de/x", "b.com/y"],
        [8, True, "2022-11-20", "2022-12-07", "dated copy", "k.de", None],
        [9, True, "2023-01-15", None, "unknown", "e.de/t", None],
    ]


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        (
            "3,printed,2022-05-10,2022-05-19,printed,https://a.de",
            "publication_date",
            "different",
        ),
        (
            "4,printed,2022-06-07,2022-06-16,a guess,https://a.de",
            "publication_date_basis",
            "rests",
        ),
    ],
)
def test_a_publication_day_that_cannot_be_taken_is_told_at_its_row(tmp_path, row, column, told):
    path = tmp_path / "press.csv"
    first = "3,printed,2022-05-10,2022-05-18,printed,https://a.de\n"
    path.write_text(DATES + first + row + "\n", "utf-8")
    with pytest.raises(AuditError, match=told) as caught:
        tracker.kiel_release_dates(path)
    assert (caught.value.row, caught.value.column) == (3, column)
