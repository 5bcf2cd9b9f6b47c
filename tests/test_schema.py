"""Every breach of a raw table ends with one message that says where, what and how to fix it."""

import json
from pathlib import Path

import copies
import pytest

from aidaudit.data import clean, raw_tables, sources
from nbtrail.base import schema
from nbtrail.base.errors import AuditError
from nbtrail.base.schema import Column, Table

HERE = Path(__file__).parents[1]
FOLDER = "kiel/release-21"
TABLE = Path("data/raw") / FOLDER / "activities.csv"
MONTHS = "data/raw/kiel/release-29/donor_month.csv"

SMALL = Table(
    "small",
    "A table for tests",
    {
        "id": Column("integer", "Number"),
        "value": Column("number", "Amount", unit="EUR", required=False, minimum=0),
        "sure": Column("boolean", "Flag", required=False),
        "kind": Column("string", "Kind", values=["apple", "pear"]),
    },
    key=["id", "kind"],
)
HEADER = "id,value,sure,kind\n"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    copies.raw_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    return tmp_path


def edit(path, row, column, value):
    """Put a value into one cell; row counts as in a spreadsheet. Returns what stood there."""
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    at = lines[0].split(",").index(column)
    cells = lines[row - 1].split(",")
    assert len(cells) == len(lines[0].split(",")), "choose a row without quoted commas"
    before, cells[at] = cells[at], value
    lines[row - 1] = ",".join(cells)
    Path(path).write_text("\n".join(lines), encoding="utf-8")
    return before


def rehash(path):
    """Let the descriptor describe the table as it is now, as an ingest would have done."""
    about = Path(path).with_name("datapackage.json")
    package = json.loads(about.read_text(encoding="utf-8"))
    package["resources"][0]["hash"] = f"sha256:{sources.sha256(Path(path))}"
    about.write_text(json.dumps(package), encoding="utf-8")


def refused(call, *args) -> AuditError:
    with pytest.raises(AuditError) as caught:
        call(*args)
    assert caught.value.mend, "a message says what to do"
    return caught.value


def small(tmp_path, text: str | bytes):
    path = tmp_path / "small.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return schema.read(path, SMALL, "small.csv")


# A committed table, mutated.


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("allocation_eur", "12,5", "number (EUR, nominal)"),
        ("allocation_eur", "abc", "number (EUR, nominal)"),
        ("allocation_eur", "inf", "number (EUR, nominal)"),
        ("allocation_eur", "1_000", "number (EUR, nominal)"),
        ("allocation_eur", "1e999", "number (EUR, nominal)"),
        ("allocation_eur", "-5", "at least 0 (EUR, nominal)"),
        ("commitment_eur", "5.1e11", "at most 5e+11 (EUR, nominal)"),
        ("month_number", "3.5", "integer"),
        ("month_number", "1e30", "integer"),
        ("month_number", "999", "at most 240"),
        ("month_number", "", "a value in every row"),
        ("donor", "", "a value in every row"),
    ],
)
def test_a_bad_cell_is_told_before_the_hash(checkout, column, value, expected):
    edit(TABLE, 3, column, f'"{value}"' if "," in value else value)
    error = refused(raw_tables.read, FOLDER)
    message = str(error)
    assert message.startswith(f"{TABLE.as_posix()}, row 3, column {column}: ")
    found = error.found if isinstance(error.found, str) else f"{error.found:g}"
    assert found == value or float(found) == float(value)
    assert error.expected == expected
    assert "descriptor" not in message
    assert "corrections.csv" in error.mend


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "@SUM(A1)", "+cmd|x", "-A1", "\tx"])
def test_text_that_a_spreadsheet_would_run_is_refused(checkout, text):
    edit(TABLE, 3, "item", '"' + text.replace('"', '""') + '"')
    error = refused(raw_tables.read, FOLDER)
    assert (error.row, error.column, error.found) == (3, "item", text)
    assert error.expected == "text that no spreadsheet takes for a formula"


@pytest.mark.parametrize("text", ["-5", "+3.5", "-", "a=b", "1-2", "x@y"])
def test_other_text_is_left_alone(checkout, text):
    edit(TABLE, 3, "item", text)
    rehash(TABLE)
    assert raw_tables.read(FOLDER)["item"].iloc[1] == text


def test_a_changed_but_valid_value_is_noticed(checkout):
    assert edit(TABLE, 3, "allocation_eur", "1.5") != "1.5"
    error = refused(raw_tables.read, FOLDER)
    assert error.problem == "the table is not the one that its descriptor describes."
    assert Path(error.file) == TABLE
    assert "git checkout -- data/raw" in error.mend
    assert "data/raw/corrections.csv" in error.mend
    rehash(TABLE)
    assert raw_tables.read(FOLDER)["allocation_eur"].iloc[1] == 1.5


@pytest.mark.parametrize(
    ("column", "value", "problem", "guess"),
    [
        ("donor", "Autsria", "'Autsria' is not a known donor", "Did you mean 'Austria'?"),
        ("donor", "Atlantis", "'Atlantis' is not a known donor", ""),
        ("aid_type", "Militry", "'Militry' is not a known aid type", "'Military'?"),
        ("measure", "Alocation", "'Alocation' is not a known measure", "'Allocation'?"),
    ],
)
def test_an_unknown_word_is_told_at_its_place_in_the_raw_file(
    checkout, column, value, problem, guess
):
    edit(TABLE, 7, column, value)
    rehash(TABLE)
    error = refused(clean.kiel, 21)
    assert str(error).startswith(f"{TABLE.as_posix()}, row 7, column {column}: {problem}.")
    assert error.found == value
    assert guess in error.mend
    assert ("Did you mean" in error.mend) == bool(guess)
    assert "data/raw/corrections.csv" in error.mend
    assert ("memberships/donors.csv" in error.mend) == (column == "donor")


def test_a_count_that_is_no_number_is_told(checkout):
    edit(TABLE, 3, "item_count", "many")
    rehash(TABLE)
    error = refused(clean.kiel, 21)
    assert (error.row, error.column, error.found) == (3, "item_count", "many")
    assert Path(error.file) == TABLE


def test_other_depths_are_guarded_too(checkout):
    edit(MONTHS, 4, "military_eur_bn", "-1")
    error = refused(clean.kiel, 29)
    assert (str(error.file), error.row, error.column) == (MONTHS, 4, "military_eur_bn")
    assert error.found == -1
    assert "bn EUR" in error.expected


def test_a_repeated_row_is_told_where_it_repeats(checkout):
    path = Path(MONTHS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[9]]))
    error = refused(raw_tables.read, "kiel/release-29")
    assert error.problem == "the row repeats another with the same key."
    assert error.row == len(lines) + 1
    assert error.column == "donor, year, month"
    assert error.found.startswith("donor=Australia, year=2023")


@pytest.mark.parametrize(
    ("change", "problem", "column"),
    [
        (lambda h: h.replace("donor,", ""), "column is missing: donor.", "donor"),
        (lambda h: h.replace("donor,", "donnor,"), "column is missing: donor.", "donor"),
        (lambda h: h + ",extra", "unknown column: extra.", "extra"),
        (lambda h: h + ",item", "column occurs twice: item.", "item"),
        (lambda h: h.replace("row,activity_id", "activity_id,row"), "another order", None),
    ],
)
def test_a_header_that_differs_is_told(checkout, change, problem, column):
    head, rest = TABLE.read_text().split("\n", 1)
    TABLE.write_text(change(head) + "\n" + rest)
    error = refused(raw_tables.read, FOLDER)
    assert problem in error.problem
    assert (str(error.file), error.row, error.column) == (TABLE.as_posix(), 1, column)
    assert error.found == change(head).split(",")
    assert "ingest the upstream file again" in error.mend
    assert ("Did you mean 'donnor'?" in error.mend) == ("donnor" in change(head))


def test_broken_encoding_is_told_with_its_row(checkout):
    lines = TABLE.read_bytes().split(b"\n")
    lines[4] = lines[4].replace(b"Australia", b"Austr\xe9lia")
    TABLE.write_bytes(b"\n".join(lines))
    error = refused(raw_tables.read, FOLDER)
    assert (str(error.file), error.row) == (TABLE.as_posix(), 5)
    assert error.found == b"\xe9"
    assert error.expected == "UTF-8"


def test_a_nul_byte_is_told_with_its_row(checkout):
    lines = TABLE.read_bytes().split(b"\n")
    lines[4] = lines[4].replace(b"Australia", b"Aus\0tralia")
    TABLE.write_bytes(b"\n".join(lines))
    error = refused(raw_tables.read, FOLDER)
    assert (str(error.file), error.row, error.found) == (TABLE.as_posix(), 5, "\0")


def test_a_stray_quote_that_swallows_the_rest_is_told(checkout):
    lines = TABLE.read_text().split("\n")
    lines[5] = lines[5].replace("Australia", '"Australia', 1)
    TABLE.write_text("\n".join(lines))
    error = refused(raw_tables.read, FOLDER)
    assert (str(error.file), error.row) == (TABLE.as_posix(), 6)
    assert "quote" in error.mend


def test_a_missing_table_is_told(checkout):
    TABLE.unlink()
    error = refused(raw_tables.read, FOLDER)
    assert str(error.file) == TABLE.as_posix()


def test_an_unknown_folder_is_told_with_the_nearest(checkout):
    error = refused(raw_tables.read, "kiel/release-12")
    assert "there is no raw table in data/raw/kiel/release-12" in str(error)
    assert "Did you mean 'kiel/release-" in error.mend


def test_a_release_that_is_not_ingested_is_told(checkout):
    error = refused(clean.kiel, 99)
    assert error.found == 99
    assert "[7, 13, 16, 18, 19, 21, 25, 28, 29, 30]" in error.expected


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"resources": []}', '{"resources": [{"path": "a.csv"}]}']
)
def test_a_broken_descriptor_is_told(checkout, text):
    about = TABLE.with_name("datapackage.json")
    about.write_text(text)
    error = refused(raw_tables.read, FOLDER)
    assert "the descriptor is broken" in error.problem
    assert str(error.file) == about.as_posix()


def test_a_descriptor_of_an_unknown_kind_of_table_is_told(checkout):
    about = TABLE.with_name("datapackage.json")
    about.write_text(about.read_text().replace('"name": "activities"', '"name": "activity"'))
    assert "the descriptor is broken" in str(refused(raw_tables.read, FOLDER))


def test_the_register_and_corrections_are_held_to_their_schema(checkout):
    edit("data/raw/memberships/donors.csv", 2, "kind", "stat")
    error = refused(clean.kiel, 30)
    assert (error.file, error.row, error.column) == (
        "data/raw/memberships/donors.csv",
        2,
        "kind",
    )
    assert "Did you mean 'state'?" in error.mend
    edit("data/raw/corrections.csv", 2, "expect", "six")
    error = refused(clean.kiel, 21)
    assert (error.file, error.row, error.column) == ("data/raw/corrections.csv", 2, "expect")


# A small table, for the rules of reading itself.


def test_values_are_typed_and_blanks_are_null(tmp_path):
    frame = small(tmp_path, HEADER + '1,2.5,True,apple\n2,,,"pear"\n3,1e3,false,apple\n')
    assert frame.index.tolist() == [0, 1, 2]
    assert frame["id"].tolist() == [1, 2, 3]
    assert frame["value"].isna().tolist() == [False, True, False]
    assert frame["value"].sum() == 1002.5
    assert frame["sure"].isna().tolist() == [False, True, False]
    assert frame["sure"].dropna().tolist() == [True, False]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_that_spreadsheets_leave_are_accepted(tmp_path, start, end):
    text = (start + HEADER + "1,2,True,apple\n").replace("\n", end)
    assert small(tmp_path, text)["kind"].tolist() == ["apple"]


def test_the_wrong_byte_is_found_behind_a_byte_order_mark(tmp_path):
    text = "\ufeff".encode() + HEADER.encode() + b"1,2,True,p\xeaar\n"
    error = refused(small, tmp_path, text)
    assert (error.row, error.found) == (2, b"\xea")


@pytest.mark.parametrize("row", ["1,2,True", "1,2,True,apple,", "", "1;2;True;apple"])
def test_another_number_of_cells_is_told(tmp_path, row):
    error = refused(small, tmp_path, f"{HEADER}7,2,True,apple\n{row}\n8,2,True,pear\n")
    assert (error.file, error.row) == ("small.csv", 3)
    assert error.found == len(row.split(",") if row else [])
    assert error.expected == "4 cells"


def test_an_odd_line_separator_in_a_cell_does_not_split_the_row(tmp_path):
    wanted = "ap\N{LINE SEPARATOR}ple"
    error = refused(small, tmp_path, f"{HEADER}1,2,True,{wanted}\n")
    assert (error.row, error.column, error.found) == (2, "kind", wanted)


def test_an_empty_file_names_every_missing_column(tmp_path):
    error = refused(small, tmp_path, "")
    assert error.problem == "column is missing: id, value, sure, kind."


def test_a_missing_file_is_told(tmp_path):
    error = refused(schema.read, tmp_path / "none.csv", SMALL, "data/none.csv")
    assert str(error).startswith("data/none.csv: the file is missing.")


def test_the_first_of_several_breaches_is_told_with_their_number(tmp_path):
    text = HEADER + "1,2,True,apple\n2,-3,True,pear\n3,-4,True,plum\n3,1,True,plum\n"
    error = refused(small, tmp_path, text)
    assert (error.row, error.column, error.found) == (3, "value", -3)
    assert "(5 problems in this file)" in error.problem


def test_an_accepted_cell_may_break_a_limit_and_no_other(tmp_path):
    path = tmp_path / "small.csv"
    path.write_text(HEADER + "1,-1,True,apple\n2,-3,True,pear\n")
    both = {(0, "value"), (1, "value")}
    frame = schema.read(path, SMALL, accepted=lambda frame: both)
    assert frame["value"].tolist() == [-1, -3]
    error = refused(schema.read, path, SMALL, None, None, lambda frame: {(0, "value")})
    assert (error.row, error.found) == (3, -3)
