"""Burden, governance, opinion and incidents: readers, committed rows, and arithmetic."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from aidaudit.data import raw_tables
from aidaudit.ingest.readers import politics as readers
from aidaudit.measures import politics
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]


@pytest.fixture
def raw(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    return raw_tables.read


def refused(reader, path) -> AuditError:
    with pytest.raises(AuditError) as caught:
        reader(path)
    assert caught.value.mend
    return caught.value


def written(tmp_path, text) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    return path


def book(tmp_path, sheet, rows) -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.title = sheet
    for row in rows:
        workbook.active.append(row)
    workbook.save(tmp_path / "file.xlsx")
    return tmp_path / "file.xlsx"


# The committed tables, against what the publishers print.


def test_defence_spending_as_published(raw):
    table = raw("nato_defence/defence_spending")
    assert len(table) == 33 * 13
    at = table.set_index(["member", "year"])
    assert at.at[("USA", 2024), "usd_m"] == 967707
    assert at.at[("NATO_EUR_CAN", 2024), "usd_m"] == 515198
    assert at.at[("POL", 2024), "share_gdp"] == 3.75
    assert set(table.loc[table["status"] == "estimate", "year"]) == {2025, 2026}


def test_the_allies_of_each_year_add_up_to_the_publishers_total(raw):
    table = raw("nato_defence/defence_spending")
    joined = raw("memberships/nato").set_index("iso3")["accession"].str[:4].astype(int)
    states = table[table["member"].isin(joined.index)]
    assert states["member"].nunique() == 31
    allies = states[states["year"] >= states["member"].map(joined)]
    sums = allies.groupby("year")["usd_m"].sum()
    total = table[table["member"] == "NATO_TOTAL"].set_index("year")["usd_m"]
    # Rounding of 31 values; the smallest state that joined late is worth more than 50.
    assert (sums - total).abs().max() <= 3


def test_corruption_indices_as_published(raw):
    index = raw("transparency/cpi_2025").set_index(["iso3", "year"])
    assert len(index) == 9 * 14
    scores = [index.at[("UKR", year), "score"] for year in (2014, 2021, 2024, 2025)]
    assert scores == [26, 32, 35, 36]
    assert index.at[("UKR", 2021), "standard_error"] == pytest.approx(1.294409)
    control = raw("worldbank/corruption_control").set_index(["iso3", "year"])
    assert len(control) == 9 * 12
    assert control.at[("UKR", 2023), "estimate"] == pytest.approx(-0.686146, abs=1e-6)
    # ROM upstream.
    assert ("ROU", 2023) in control.index


def test_agreements_polls_and_incidents_as_compiled(raw):
    agreements = raw("compiled/security_agreements")
    assert len(agreements) == 30
    signed = agreements.set_index("partner")["signed"]
    assert (signed["United Kingdom"], signed["Poland"]) == ("2024-01-12", "2024-07-08")
    assert agreements.loc[~agreements["listed"], "partner"].tolist() == [
        "Croatia",
        "United Kingdom (100-year partnership)",
    ]
    polls = raw("compiled/membership_polls")
    assert len(polls) == 29
    assert polls.loc[polls["derived"], ["from", "support"]].to_numpy().tolist() == [
        ["2022-06", 72]
    ]
    # Where the page behind the figure can be found.
    assert polls["seen_in"].str.contains(r"^[a-z0-9.-]+\.[a-z]+/", regex=True).all()
    assert polls.set_index("to")["would_vote"].dropna().to_dict() == {"2024-09-26": 82}
    handled = raw("compiled/cyber_incidents").query("measure == 'handled'")
    assert handled.set_index("year")["incidents"].to_dict() == {
        2022: 2194,
        2023: 2543,
        2024: 4315,
        2025: 5927,
    }
    named = raw("eurepoc/cyber_initiators").set_index("year")
    assert named.at[2022, "incidents"] == 12
    assert named.loc[2014:2022, "russian"].tolist() == [2, 3, 3, 3, 2, 3, 0, 3, 8]
    assert (named["russian"] <= named["incidents"]).all()


# Files that are not what they should be.

SPENDING = "geo,iso3,year,estimate,core_share_gdp_pct,core_usd_current_m\n"
POLLS = (
    "fieldwork_start,fieldwork_end,pollster,pct_for,pct_against,question_base,"
    "source_1,source_2,note\n"
)


def test_a_bad_amount_is_told_at_its_row(tmp_path):
    path = written(
        tmp_path, SPENDING + "US,USA,2014,False,3.7,653942\nUS,USA,2015,False,3.5,n/k\n"
    )
    error = refused(readers.defence_spending, path)
    assert (error.row, error.column, error.found) == (3, "core_usd_current_m", "n/k")


def test_an_unknown_mark_of_an_estimate_is_told(tmp_path):
    path = written(tmp_path, SPENDING + "US,USA,2014,maybe,3.7,653942\n")
    error = refused(readers.defence_spending, path)
    assert (error.row, error.column, error.found) == (2, "estimate", "maybe")
    assert "True" in error.expected


def test_an_unknown_question_is_told(tmp_path):
    rows = '2022-03,,KIIS,50,,"some other question",https://a.ua/1,,\n'
    error = refused(readers.membership_polls, written(tmp_path, POLLS + rows))
    assert (error.row, error.found) == (2, "some other question")


def test_a_poll_keeps_its_pages_without_words_and_its_voters(tmp_path):
    asked = '"referendum, those who would take part (82 % would)"'
    pages = "https://www.a.ua/1?x=2 (only the method),first: http://b.ua/2 | https://c.ua/3"
    _, frame = readers.membership_polls(
        written(tmp_path, f"{POLLS}2022-03,,Rating,50,,{asked},{pages},DERIVED: 60 minus 10\n")
    )
    (row,) = frame.to_dict("records")
    assert (row["from"], row["to"], row["question"]) == (
        "2022-03",
        "2022-03",
        "referendum, voters",
    )
    assert (row["would_vote"], row["support"], row["derived"]) == (82, 50, True)
    assert pd.isna(row["against"])
    assert (row["seen_in"], row["seen_in_too"]) == ("a.ua/1?x=2", "b.ua/2")


CPI = "CPI Timeseries 2012 - 2025"


def test_scores_are_found_whatever_the_case_of_their_headers(tmp_path):
    years = ["CPI score 2014", "Standard error 2014", "CPI Score 2013", "Standard error 2013"]
    rows = [
        ["Corruption Perceptions Index"],
        ["Country", "ISO3", *years],
        ["Ukraine", "UKR", 26, 1.64, 25, 1.7],
        ["Norway", "NOR", 86, 2, 86, 2],
    ]
    _, frame = readers.corruption_perceptions(book(tmp_path, CPI, rows))
    assert frame.to_numpy().tolist() == [["UKR", 2013, 25, 1.7], ["UKR", 2014, 26, 1.64]]
    rows[1][3] = "Error 2014"
    error = refused(readers.corruption_perceptions, book(tmp_path, CPI, rows))
    assert error.column == "Standard error 2014"
    rows[1][3], rows[2][2] = "Standard error 2014", "high"
    error = refused(readers.corruption_perceptions, book(tmp_path, CPI, rows))
    assert (error.row, error.column, error.found) == (3, "CPI score 2014", "high")


def test_missing_values_of_the_governance_indicators_are_left_out(tmp_path):
    rows = [
        ["code", "year", "indicator", "estimate", "stddev"],
        ["ROM", 2012, "cc", -0.2, 0.1],
        ["UKR", 2012, "cc", "..", ".."],
        ["UKR", 2011, "cc", -1, 0.1],
        ["UKR", 2012, "rl", -1, 0.1],
        ["NOR", 2012, "cc", 2, 0.1],
    ]
    _, frame = readers.corruption_control(book(tmp_path, "Sheet1", rows))
    assert frame.to_numpy().tolist() == [["ROU", 2012, -0.2, 0.1]]
    rows[0][4] = "error"
    error = refused(readers.corruption_control, book(tmp_path, "Sheet1", rows))
    assert error.column == "stddev"


def test_counts_of_other_bodies_and_parts_of_years_are_left_out(tmp_path):
    path = written(
        tmp_path,
        "period,body,measure,count,source_1,source_2\n"
        "2024,CERT-UA (SSSCIP),incidents handled,4315,https://a.ua/1,\n"
        "2024-H1,CERT-UA (SSSCIP),incidents handled,1739,https://a.ua/2,\n"
        "2024,EuRepoC v1.3,incidents handled,8,https://a.ua/3,\n",
    )
    _, frame = readers.cyber_incidents(path)
    assert frame[["year", "incidents"]].to_numpy().tolist() == [[2024, 4315]]


# Arithmetic.


def spending(*rows):
    return pd.DataFrame(rows, columns=["member", "year", "status", "share_gdp", "usd_m"])


SMALL = spending(
    ("USA", 2014, "actual", 3.0, 700_000),
    ("FRA", 2014, "actual", 1.9, 200_000),
    # Not yet an ally, so that it is not in the aggregate of the year.
    ("SWE", 2014, "actual", 1.0, 100_000),
    ("NATO_EUR_CAN", 2014, "actual", 1.9, 200_000),
    ("NATO_TOTAL", 2014, "actual", 2.5, 900_000),
    ("USA", 2025, "actual", 3.0, 600_000),
    ("FRA", 2025, "estimate", 2.0, 250_000),
    ("SWE", 2025, "actual", 2.1, 150_000),
    ("NATO_EUR_CAN", 2025, "actual", 2.0, 400_000),
    ("NATO_TOTAL", 2025, "actual", 2.4, 1_000_000),
)


def test_burden_by_hand():
    got = politics.burden(SMALL)
    assert got["us_share"].tolist() == pytest.approx([700 / 9, 60])
    assert got["others_share"].tolist() == pytest.approx([200 / 9, 40])
    assert got["others_share_same"].tolist() == pytest.approx([30, 40])
    assert got["at_guideline"].tolist() == [1, 3]
    assert got["states"].tolist() == [3, 3]
    assert got["status"].tolist() == ["actual", "estimate"]
    assert got["others_usd_bn"].tolist() == [200, 400]


def test_a_state_without_a_value_leaves_no_share_of_the_same_states():
    got = politics.burden(SMALL.drop(index=2))
    assert got["others_share_same"].isna().tolist() == [True, False]
    assert got["states"].tolist() == [2, 3]


def test_a_change_over_its_standard_error():
    series = pd.DataFrame(
        {"score": [30.0, 99.0, 35.0], "standard_error": [3.0, 99.0, 4.0]},
        index=[2021, 2022, 2023],
    )
    # The error of the difference is √(9 + 16) = 5.
    assert politics.change_in_errors(series, "score", 2021, 2023) == 1
    assert politics.change_in_errors(series, "score", 2023, 2021) == -1


def polls(*rows):
    frame = pd.DataFrame(rows, columns=["pollster", "from", "to", "support", "would_vote"])
    return frame.astype({"would_vote": "float64"})


def test_the_last_poll_of_each_pollster_with_the_longest_series_first():
    given = polls(
        ("B", "2024-01", "2024-01", 60, None),
        ("A", "2023-01", "2023-01", 50, None),
        ("A", "2025-02", "2025-02", 55, None),
        ("A", "2025-02-27", "2025-03-02", 99, None),
        ("C", "2024-09-01", "2024-09-09", 80, 75),
        ("D", "2025-03", "2025-03", 99, None),
    )
    last = politics.last_polls(given, "2025-02-28")
    assert last["pollster"].tolist() == ["A", "B", "C"]
    assert last["respondents"].tolist() == [55, 60, 60]
    assert last["polls"].tolist() == [2, 1, 1]


def agreements(*rows):
    columns = ["partner", "iso3", "signed", "years", "dated_sources", "listed"]
    pages = {"seen_in": "a.ua/x/1", "seen_in_too": "b.com/2"}
    return pd.DataFrame(rows, columns=columns).assign(**pages)


SIGNED = agreements(
    ("United Kingdom (100)", "GBR", "2025-01-16", 100, 1, False),
    ("Poland", "POL", "2024-07-08", 10, 4, True),
    ("United Kingdom", "GBR", "2024-01-12", 10, 2, True),
    ("Croatia", "HRV", "2024-10-09", None, 2, False),
)


def test_a_second_instrument_is_no_second_partner():
    got = politics.agreements_by(SIGNED, "2025-02-28")
    assert got["partner"].tolist() == ["United Kingdom", "Poland", "Croatia"]
    assert got["place"].tolist() == [1, 2, 3]
    assert len(politics.agreements_by(SIGNED, "2024-07-08")) == 2
    assert len(politics.agreements_by(SIGNED, "2024-07-07")) == 1


def test_the_table_of_agreements_shows_sites_and_dashes():
    given = politics.agreements_by(SIGNED, "2025-02-28")
    given.loc[0, "seen_in_too"] = "a.ua/y/2"
    given.loc[1, "seen_in_too"] = None
    shown = politics.agreements_shown(given, ["POL"])
    assert shown["Named"].tolist() == ["–", "yes", "–"]
    assert shown["Years"].tolist() == ["10", "10", "–"]
    assert shown["List"].tolist() == ["yes", "yes", "no"]
    assert shown["Seen in"].tolist() == ["a.ua", "a.ua", "a.ua, b.com"]


def test_years_without_a_row_count_as_years_without_incidents():
    counts = pd.Series({2014: 2, 2015: 1, 2017: 5, 2018: 9})
    assert politics.repeated(counts, 2014, 2017) == 50
    assert politics.repeated(counts, 2014, 2017, least=1) == 75


def test_the_middle_of_the_fieldwork():
    first = pd.Series(["2024-12", "2024-09-20", "2021-11"])
    last = pd.Series(["2024-12", "2024-09-26", "2021-12"])
    got = politics.midpoint(first, last).dt.strftime("%Y-%m-%d").tolist()
    assert got == ["2024-12-15", "2024-09-23", "2021-11-30"]
