"""Upstream files become raw tables, or one message; never half a folder."""

import dataclasses
import json
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import copies
import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter

from aidaudit import ingest
from aidaudit.data import clean, raw_tables, sources
from aidaudit.data.tables import RAW
from aidaudit.ingest import replacing
from aidaudit.ingest.readers import READERS, context, kiel
from nbtrail.base import schema, workbooks
from nbtrail.base.errors import AuditError

HERE = Path(__file__).parents[1]
NEW = [names[0] for names in kiel.KIEL_COLUMNS.values()]
OLD = [names[-1] for names in kiel.KIEL_COLUMNS.values() if len(names) > 1]
VALUES = {
    "activity_id": "SEM1",
    "sub_activity_id": "SEM1_1",
    "donor": "Sweden",
    "announcement_date": datetime(2022, 3, 1),
    "month_number": 3,
    "aid_type": "Military",
    "aid_subtype": "Weapons and equipment",
    "measure": "Allocation",
    "reporting_currency": "SEK",
    "allocation_eur": 1234.5,
    "commitment_eur": 2000,
    "allocation_reported": 14000,
    "allocation_eur_entered": 1200,
    "item": "Strv 122",
    "item_type": "Heavy weapon",
    "item_sub_type": "Main Battle Tank (MBT)",
    "item_count": 10,
    "item_count_delivered": "undisclosed",
    "item_value_usd": "No price",
    "weapon_source": "stocks",
    "reconstruction_sector": None,
    "named_in_text": "A long sentence on ambulances, and on schools (NOH1).",
    "nato_member": 1,
}
COMMAND = [sys.executable, "-c", "from nbtrail.cli import main; main()"]
AMOUNT = "tot_sub_activity_value_EUR_redistr"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    # Two rows are no successor of a release; tests/test_plausibility.py looks at those.
    root = copies.raw_tables(tmp_path / "root", releases=False)
    monkeypatch.chdir(root)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    return root


def row(old: bool = False, **changed) -> dict:
    """A workbook row in one of the two namings, from our names."""
    values = VALUES | changed
    return {names[-1 if old else 0]: values[ours] for ours, names in kiel.KIEL_COLUMNS.items()}


def workbook(path, rows, header=NEW, sheet="Sheet1", beside=()) -> Path:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    page.append(header)
    for number, values in enumerate(rows, start=2):
        for at, name in enumerate(header, start=1):
            if values.get(name) is not None:
                page.cell(number, at, values[name])
    for name in beside:
        book.create_sheet(name).append(["country", "total"])
    path.parent.mkdir(exist_ok=True)
    book.save(path)
    return path


def refused(call, *args, **kwargs) -> AuditError:
    with pytest.raises(AuditError) as caught:
        call(*args, **kwargs)
    assert caught.value.mend
    return caught.value


def snapshot(root) -> dict[str, bytes | None]:
    """Every file and folder, hidden ones too."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def release(number=31, file="tracker.xlsx") -> ingest.Origin:
    return ingest.origin_of("kiel", Path(file), number, "2022-04-30", "2026-09-15")


# Workbooks, in both generations of names.


@pytest.mark.parametrize(
    ("old", "sheet", "beside"),
    [
        (False, "whatever it is called", []),
        (False, "Bilateral Assistance, MAIN DATA", ["Country Summary (€)"]),
        (True, "Bilateral Assistance, MAIN DATA", ["Read me", "Country Summary (€)"]),
        (True, "Tabelle1", []),
    ],
)
def test_both_generations_give_the_same_table(tmp_path, old, sheet, beside):
    path = workbook(tmp_path / "w.xlsx", [row(old)], OLD if old else NEW, sheet, beside)
    table, frame = kiel.kiel_workbook(path)
    assert table == "activities"
    (got,) = frame.astype(object).where(frame.notna(), None).to_dict("records")
    wanted = VALUES | {
        "row": 2,
        "announcement_date": "2022-03-01",
        "item_count": "10",
        # No list price is no price of zero.
        "item_value_usd": None,
        "weapon_source": None if old else "stocks",
        # What a text names is a fact; its sentence stays with the publisher.
        "named_in_text": "medical",
        "nato_member": None if old else 1,
    }
    assert got == wanted
    assert list(frame.columns) == list(RAW["activities"].columns)


def test_blanks_are_null_and_text_is_trimmed_but_not_corrected(tmp_path):
    rows = [
        row(donor=" FInland ", aid_type="Humanitarian ", item="Leopard\xa0 2", item_type="."),
        row(allocation_eur=".", commitment_eur=" . ", item_sub_type=" . ", item_count=""),
    ]
    _, frame = kiel.kiel_workbook(workbook(tmp_path / "w.xlsx", rows))
    first, second = frame.iloc[0], frame.iloc[1]
    assert (first["donor"], first["aid_type"]) == ("FInland", "Humanitarian")
    assert first["item"] == "Leopard 2"
    blank = ["allocation_eur", "commitment_eur", "item_sub_type", "item_count"]
    assert second[blank].isna().all()
    assert frame["item_type"].isna().tolist() == [True, False]


def test_words_in_the_place_of_a_date_are_kept(tmp_path):
    words = ["until 12/31/2022", "unclear", "."]
    rows = [row(announcement_date=text, month_number=0) for text in words]
    _, frame = kiel.kiel_workbook(workbook(tmp_path / "w.xlsx", rows))
    assert frame["announcement_date"].tolist()[:2] == ["until 12/31/2022", "unclear"]
    assert frame["announcement_date"].isna().tolist() == [False, False, True]
    assert frame["month_number"].tolist() == [0, 0, 0]


def test_rows_count_as_in_the_workbook_and_blank_ones_are_passed_over(tmp_path):
    blank = {NEW[0]: "."}
    rows = [row(), blank, {}, row(donor="Norway"), {}, blank, blank]
    _, frame = kiel.kiel_workbook(workbook(tmp_path / "w.xlsx", rows))
    assert frame["row"].tolist() == [2, 5]
    assert frame["donor"].tolist() == ["Sweden", "Norway"]


def test_a_blank_month_is_that_of_the_date_or_is_told(tmp_path):
    rows = [row(month_number="\xa0", announcement_date=datetime(2024, 2, 14))]
    _, frame = kiel.kiel_workbook(workbook(tmp_path / "w.xlsx", rows))
    assert frame["month_number"].tolist() == [26]
    rows = [row(), row(month_number=".", announcement_date="unclear")]
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", rows))
    assert (error.file, error.row, error.column) == ("w.xlsx", 3, "month")


@pytest.mark.parametrize("value", ["n/k", "12,5", "1_000", "inf", True])
def test_text_in_an_amount_cell_is_told_at_its_workbook_row(tmp_path, value):
    rows = [row(), {}, row(), row(allocation_eur=value)]
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", rows))
    assert error.problem == "the value is not a number."
    assert (error.file, error.row, error.column) == ("w.xlsx", 5, AMOUNT)
    assert error.found == value


def test_a_month_that_is_not_whole_is_told_at_its_workbook_row(tmp_path):
    rows = [row(), {}, row(month_number=3.5)]
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", rows))
    assert (error.file, error.row, error.column) == ("w.xlsx", 4, "month")
    assert error.found == 3.5


@pytest.mark.parametrize("ours", [c for c in VALUES if c not in kiel.KIEL_OPTIONAL])
@pytest.mark.parametrize("old", [False, True])
def test_a_missing_column_is_named_as_the_workbook_names_its_own(tmp_path, ours, old):
    name = kiel.KIEL_COLUMNS[ours][-1 if old else 0]
    header = [n for n in (OLD if old else NEW) if n != name]
    path = workbook(tmp_path / "w.xlsx", [row(old)], header)
    error = refused(kiel.kiel_workbook, path)
    assert (error.file, error.row, error.column) == ("w.xlsx", 1, name)
    assert f"the required column {name} is missing." in error.problem
    assert error.expected == name


def test_a_renamed_column_is_guessed(tmp_path):
    header = ["measures" if name == "measure" else name for name in NEW]
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", [row()], header))
    assert error.column == "measure"
    assert "Did you mean 'measures'?" in error.mend


@pytest.mark.parametrize("ours", sorted(kiel.KIEL_OPTIONAL))
def test_an_optional_column_may_be_missing(tmp_path, ours):
    header = [name for name in NEW if name != kiel.KIEL_COLUMNS[ours][0]]
    _, frame = kiel.kiel_workbook(workbook(tmp_path / "w.xlsx", [row()], header))
    assert frame[ours].isna().all()
    assert frame["allocation_eur"].tolist() == [1234.5]


def test_a_column_that_occurs_twice_must_say_the_same(tmp_path):
    path = workbook(tmp_path / "w.xlsx", [row(), row()], [*NEW, "item"])
    _, frame = kiel.kiel_workbook(path)
    assert frame["item"].tolist() == ["Strv 122"] * 2
    book = openpyxl.load_workbook(path)
    book.active.cell(3, len(NEW) + 1, "CV 90")
    book.save(path)
    error = refused(kiel.kiel_workbook, path)
    assert (error.file, error.row, error.column) == ("w.xlsx", 3, "item")
    assert "occurs twice" in error.problem
    assert error.found == "Strv 122, CV 90"


def test_several_sheets_without_the_main_data_are_told(tmp_path):
    path = workbook(tmp_path / "w.xlsx", [row()], sheet="Fig 1", beside=["Fig 2"])
    error = refused(kiel.kiel_workbook, path)
    assert error.found == "Fig 1, Fig 2"
    assert "Bilateral Assistance, MAIN DATA" in error.expected


def test_another_workbook_is_told(tmp_path):
    path = workbook(tmp_path / "w.xlsx", [], ["country", "total"])
    error = refused(kiel.kiel_workbook, path)
    assert "this is not a tracker workbook" in error.problem
    assert error.found == "country, total"


def _html(path):
    path.write_text("<!DOCTYPE html><html><body>Just a moment …</body></html>")


def _truncated(path):
    whole = workbook(path, [row()]).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _other_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "not a workbook")


def _without_sheet(path):
    with zipfile.ZipFile(workbook(path, [row()])) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part[: len(part) // 2] if "sheet1" in name else part)


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("make", [_html, _truncated, _other_zip, _without_sheet, _empty])
def test_a_file_that_is_no_workbook_is_told_and_nothing_is_written(checkout, make):
    path = checkout.parent / "tracker.xlsx"
    make(path)
    before = snapshot(checkout)
    error = refused(ingest.ingest, path, release())
    assert error.problem == "the file is not a readable .xlsx workbook."
    assert error.file == "tracker.xlsx"
    assert "download it again" in error.mend
    assert snapshot(checkout) == before


def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1000)
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", [row()]))
    assert "unpacks to more" in error.problem
    assert error.expected == "at most 1,000 bytes"


def edited(path, change) -> Path:
    """A workbook after `change`, given its sheet and the letter of a column by our name."""
    book = openpyxl.load_workbook(path)
    letters = {ours: get_column_letter(at) for at, ours in enumerate(VALUES, start=1)}
    change(book.active, letters)
    book.save(path)
    return path


def _put(page, place, value):
    page[place] = value


@pytest.mark.parametrize(
    ("change", "told", "at", "ours"),
    [
        (
            lambda page, at: _put(page, f"{at['allocation_eur']}3", "=2*3"),
            "the formula was saved without its result",
            3,
            "allocation_eur",
        ),
        (
            lambda page, at: _put(page, f"{at['donor']}2", "#N/A"),
            "the cell shows an error instead of a value",
            2,
            "donor",
        ),
        (
            lambda page, at: _put(page, f"{at['item']}4", "#REF!"),
            "the cell shows an error instead of a value",
            4,
            "item",
        ),
        (
            lambda page, at: page.merge_cells(
                f"{at['commitment_eur']}3:{at['commitment_eur']}4"
            ),
            "the cells {commitment_eur}3:{commitment_eur}4 are merged into one",
            3,
            "commitment_eur",
        ),
    ],
)
def test_a_cell_without_a_value_of_its_own_is_told(tmp_path, change, told, at, ours):
    rows = [row(donor=donor) for donor in ("Sweden", "Norway", "Poland")]
    path = edited(workbook(tmp_path / "w.xlsx", rows), change)
    error = refused(kiel.kiel_workbook, path)
    letters = {name: get_column_letter(at) for at, name in enumerate(VALUES, start=1)}
    assert error.problem == told.format(**letters) + "."
    assert (error.file, error.row, error.column) == ("w.xlsx", at, letters[ours])


def test_such_cells_do_no_harm_where_nothing_is_read(tmp_path):
    def change(page, at):
        beyond = len(VALUES) + 1
        page.cell(1, beyond, "Explanation")
        page.cell(2, beyond, "=1/0")
        page.cell(3, beyond, "#REF!")

    path = edited(workbook(tmp_path / "w.xlsx", [row(), row()]), change)
    _, frame = kiel.kiel_workbook(path)
    assert frame["allocation_eur"].tolist() == [1234.5, 1234.5]


def test_a_date_that_a_spreadsheet_made_of_an_item_is_told(tmp_path):
    rows = [row(), row(item=datetime(2026, 5, 3))]
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", rows))
    assert (error.file, error.row, error.column) == ("w.xlsx", 3, "item")
    assert "made a date of the value" in error.problem
    assert error.found == "2026-05-03"


def test_a_lone_cell_in_the_last_row_and_column_is_told_before_it_fills_the_memory(tmp_path):
    path = edited(
        workbook(tmp_path / "w.xlsx", [row()]), lambda page, at: _put(page, "XFD1048576", "x")
    )
    error = refused(kiel.kiel_workbook, path)
    assert (error.file, error.row, error.column) == ("w.xlsx", 1048576, "XFD")
    assert error.expected.startswith("at most 1,500,000 cells")


def test_rows_of_formatting_are_no_rows(tmp_path):
    path = workbook(tmp_path / "w.xlsx", [row()])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    empty = "".join(f'<row r="{r}"><c r="A{r}" s="0"/></row>' for r in range(3, 200_003))
    parts[name] = parts[name].replace(b"</sheetData>", f"{empty}</sheetData>".encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    _, frame = kiel.kiel_workbook(path)
    assert frame["row"].tolist() == [2]


def test_two_sheets_of_main_data_are_told_though_one_is_hidden(tmp_path):
    path = workbook(tmp_path / "w.xlsx", [row()], sheet=kiel.KIEL_SHEET)
    book = openpyxl.load_workbook(path)
    book.copy_worksheet(book.active).title = f"{kiel.KIEL_SHEET} "
    book[f"{kiel.KIEL_SHEET} "].sheet_state = "hidden"
    book.save(path)
    error = refused(kiel.kiel_workbook, path)
    assert error.found == f"{kiel.KIEL_SHEET}, {kiel.KIEL_SHEET} "


# Writing the folder.


def test_a_new_release_is_written_with_its_descriptor_and_can_be_read(checkout):
    path = workbook(checkout.parent / "tracker.xlsx", [row(), row(donor="Norway")])
    folder = ingest.ingest(path, release())
    assert folder == checkout / "data/raw/kiel/release-31"
    assert sorted(p.name for p in folder.iterdir()) == ["activities.csv", "datapackage.json"]
    package = json.loads((folder / "datapackage.json").read_text())
    assert (package["release"], package["cut_off"]) == ("31", "2022-04-30")
    assert package["taken"] == "2026-09-15"
    assert package["sources"][0]["hash"] == f"sha256:{sources.sha256(path)}"
    assert package["resources"][0]["hash"] == (
        f"sha256:{sources.sha256(folder / 'activities.csv')}"
    )
    assert clean.kiel(31)["donor"].tolist() == ["Sweden", "Norway"]
    assert 31 in sources.release_numbers()
    assert "31, 2022-04-30" in ingest.readme()


def test_the_same_file_again_gives_the_same_bytes(checkout):
    path = workbook(checkout.parent / "tracker.xlsx", [row()])
    ingest.ingest(path, release())
    before = snapshot(checkout)
    ingest.ingest(path, release())
    assert snapshot(checkout) == before


def test_another_file_is_refused_unless_it_may_replace(checkout):
    first = workbook(checkout.parent / "tracker.xlsx", [row()])
    digest = sources.sha256(first)
    ingest.ingest(first, release())
    before = snapshot(checkout)
    second = workbook(checkout.parent / "later.xlsx", [row(), row(donor="Norway")])
    error = refused(ingest.ingest, second, release())
    assert "data/raw/kiel/release-31" in error.problem
    assert error.found == f"sha256 {sources.sha256(second)}"
    assert error.expected == f"sha256 {digest} (tracker.xlsx)"
    assert "--replace" in error.mend
    assert snapshot(checkout) == before
    ingest.ingest(second, release(file="later.xlsx"), replace=True)
    assert raw_tables.read("kiel/release-31")["donor"].tolist() == ["Sweden", "Norway"]
    assert sources.package("kiel/release-31")["sources"][0]["path"] == "later.xlsx"


@pytest.mark.parametrize(
    ("changed", "column", "found"),
    [
        ({"allocation_eur": -5}, "allocation_eur", -5),
        ({"commitment_eur": 6e11}, "commitment_eur", 6e11),
        ({"month_number": 500}, "month_number", 500),
        ({"donor": "."}, "donor", ""),
    ],
)
def test_a_value_out_of_limits_is_told_at_its_upstream_row(checkout, changed, column, found):
    path = workbook(checkout.parent / "tracker.xlsx", [row(), {}, row(), row(**changed)])
    before = snapshot(checkout)
    error = refused(ingest.ingest, path, release())
    assert (error.file, error.row, error.column) == ("tracker.xlsx", 5, column)
    assert error.found == found
    assert snapshot(checkout) == before


def test_a_failing_replacement_leaves_the_old_table(checkout):
    ingest.ingest(workbook(checkout.parent / "first.xlsx", [row()]), release())
    before = snapshot(checkout)
    path = workbook(checkout.parent / "tracker.xlsx", [row(), row(allocation_eur=-5)])
    refused(ingest.ingest, path, release(), replace=True)
    assert snapshot(checkout) == before


def test_a_header_without_rows_is_told(checkout):
    before = snapshot(checkout)
    path = workbook(checkout.parent / "tracker.xlsx", [])
    error = refused(ingest.ingest, path, release())
    assert (error.file, error.problem) == ("tracker.xlsx", "the file has a header but no rows.")
    assert snapshot(checkout) == before


@pytest.mark.parametrize("changed", [{"reader": "kiel_workbok"}, {"source": "kiell"}])
def test_a_slip_in_the_catalogue_leaves_nothing_behind(checkout, changed):
    path = workbook(checkout.parent / "tracker.xlsx", [row()])
    origin = dataclasses.replace(release(), folder="elsewhere/new", **changed)
    before = snapshot(checkout)
    error = refused(ingest.ingest, path, origin)
    assert str(error.file) == "config/sources.yaml"
    assert "Did you mean 'kiel" in error.mend
    assert snapshot(checkout) == before


def test_a_missing_amount_can_be_corrected_as_the_message_says_and_not_accepted(checkout):
    file = csv(
        checkout.parent, f"{EXPLORER}Norway,NOR,2022,2,0,0,,0\nSweden,SWE,2022,3,0,0,1,1\n"
    )
    origin = ingest.origin_of("kiel", file, 31, "2022-03-31", None)
    error = refused(ingest.ingest, file, origin)
    assert (error.row, error.column) == (2, "military_eur_bn")
    assert "add a row to data/raw/corrections.csv" in error.mend
    table = checkout / "data/raw/corrections.csv"
    before = table.read_text()
    for to, told in (("", "missing"), ("-1", "outside what is allowed")):
        table.write_text(f"{before}kiel,31,2,military_eur_bn,,{to},as another page says,1\n")
        error = refused(ingest.ingest, file, origin)
        assert told in error.problem
        assert not (checkout / "data/raw/kiel/release-31").exists()
    table.write_text(f"{before}kiel,31,2,military_eur_bn,,0.5,as another page says,1\n")
    ingest.ingest(file, origin)
    # The raw table says what upstream says, and its descriptor does not claim more.
    assert raw_tables.read("kiel/release-31")["military_eur_bn"].isna().tolist() == [
        True,
        False,
    ]
    fields = {
        field["name"]: field
        for field in sources.release(31)["resources"][0]["schema"]["fields"]
    }
    assert "constraints" not in fields["military_eur_bn"]
    assert fields["donor"]["constraints"]["required"]
    tidy = clean.kiel(31).set_index(["donor", "aid_type"])["allocation_eur"]
    assert tidy["Norway", "Military"] == 0.5e9


def test_a_missing_file_is_told(checkout):
    error = refused(ingest.ingest, checkout / "none.xlsx", release())
    assert error.problem == "there is no such file."
    assert error.file == checkout / "none.xlsx"


# Readers of CSV.

EXPLORER = "country,iso,year,month,financial,humanitarian,military,commitments\n"
RATES = ",".join(["Date", *context.CURRENCIES])


def csv(tmp_path, text: str | bytes) -> Path:
    path = tmp_path / "file.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("line", "column", "found"),
    [
        ("Norway,NOR,2022,2,abc,0,0,0", "financial", "abc"),
        ("Norway,NOR,2022,2.5,0,0,0,0", "month", 2.5),
        ("Norway,NOR,2022.5,2,0,0,0,0", "year", 2022.5),
        ("Norway,NOR,,2,0,0,0,0", "year", ""),
    ],
)
def test_a_bad_cell_of_the_explorer_is_told_in_its_words(tmp_path, line, column, found):
    path = csv(tmp_path, f"{EXPLORER}Sweden,SWE,2022,3,0,0,1,1\n{line}\n")
    error = refused(kiel.kiel_donor_month, path)
    assert (error.file, error.row, error.column) == ("file.csv", 3, column)
    assert error.found == found


@pytest.mark.parametrize(
    ("text", "told", "row"),
    [
        (b"", "this is not the data explorer's table", 1),
        (EXPLORER.encode() + b"C\xf4te,CIV,2022,2,0,0,0,0\n", "not UTF-8", 2),
        (EXPLORER.encode() + b"Nor\0way,NOR,2022,2,0,0,0,0\n", "a NUL byte", 2),
        (b'"a\nb,c\n', "not readable as CSV", 1),
        (EXPLORER.encode() + b'"Norway,NOR,2022,2,0,0,0,0\n', "not readable as CSV", 2),
        (EXPLORER.encode() + b"Norway,NOR,2022,2,0,1,5,0,0\n", "another number of cells", 2),
        (EXPLORER.encode() + b"Norway,NOR,2022,2,0,0,0\n", "another number of cells", 2),
        (EXPLORER.encode().replace(b"iso", b"year"), "column iso is missing", 1),
        (EXPLORER.encode()[:-1] + b",military\n", "the column military occurs twice", 1),
    ],
)
def test_an_unreadable_csv_is_told(tmp_path, text, told, row):
    error = refused(kiel.kiel_donor_month, csv(tmp_path, text))
    assert told in error.problem
    assert (error.file, error.row) == ("file.csv", row)


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path):
    text = f"{EXPLORER}\nNorway,NOR,2022,2,1,0,0,0\n\nSweden,SWE,2022,3,0,0,2,0\n"
    _, frame = kiel.kiel_donor_month(csv(tmp_path, "\ufeff".encode() + text.encode()))
    assert frame["row"].tolist() == [3, 5]
    assert frame["military_eur_bn"].tolist() == [0, 2]


@pytest.mark.parametrize("reader", [r for r in READERS if r not in {"kiel_workbook"}])
def test_another_file_is_told_by_every_reader(tmp_path, reader):
    error = refused(READERS[reader], csv(tmp_path, "a,b\n1,2\n"))
    assert error.file == "file.csv"
    assert error.problem.startswith(("this is not ", "the file is not a readable"))


def test_a_bad_rate_is_told_at_its_row_and_currency(tmp_path):
    lines = [
        ",".join([day, *("1.5" for _ in context.CURRENCIES)])
        for day in ("2026-10-30", "2026-10-29", "2020-01-02")
    ]
    at = context.CURRENCIES.index("USD") + 1
    cells = lines[1].split(",")
    cells[at] = "N/A"
    lines[1] = ",".join(cells)
    _, frame = context.ecb_rates(csv(tmp_path, "\n".join([RATES, *lines])))
    assert len(frame) == 2 * len(context.CURRENCIES) - 1
    assert frame["date"].unique().tolist() == ["2026-10-29", "2026-10-30"]
    cells[at] = "oops"
    lines[1] = ",".join(cells)
    error = refused(context.ecb_rates, csv(tmp_path, "\n".join([RATES, *lines])))
    assert (error.row, error.column, error.found) == (3, "USD", "oops")


def test_a_bad_population_is_told_at_its_upstream_row(checkout):
    head = "Country Name,Country Code,Year,Value\n"
    text = f"{head}Aruba,ABW,2010,1\nNorway,NOR,2010,5000000\nNorway,NOR,2011,many\n"
    error = refused(context.population, csv(checkout, text))
    assert (error.row, error.column, error.found) == (4, "Value", "many")


# What a person says of a file.


def test_an_unknown_source_is_told_with_the_nearest(checkout):
    error = refused(ingest.origin_of, "kie", Path("f.xlsx"), None, None, None)
    assert error.found == "kie"
    assert "'kiel'" in error.expected
    assert "Did you mean 'kiel'?" in error.mend
    assert "config/sources.yaml" in error.mend


@pytest.mark.parametrize(("number", "cut_off"), [(None, "2026-08-31"), (31, None)])
def test_kiel_needs_a_release_and_a_cut_off(checkout, number, cut_off):
    error = refused(ingest.origin_of, "kiel", Path("f.xlsx"), number, cut_off, None)
    assert error.problem == "a Kiel release needs --release and --cut-off."
    assert "--release 31 --cut-off 2026-08-31" in error.expected


@pytest.mark.parametrize("day", ["31.08.2026", "August 2026", ""])
def test_a_cut_off_must_be_a_date(checkout, day):
    error = refused(ingest.origin_of, "kiel", Path("f.xlsx"), 31, day, None)
    assert (error.problem, error.found) == ("--cut-off is not a date.", day)


def test_a_source_with_one_table_needs_no_more(checkout):
    origin = ingest.origin_of("ecb", Path("eurofxref-hist.csv"), None, None, "2026-11-02")
    assert (origin.folder, origin.reader) == ("ecb/euro_rates", "ecb_rates")
    assert (origin.obtained_from, origin.taken) == ("not stated", "2026-11-02")


@pytest.mark.parametrize("options", [[], ["--release", "31", "--cut-off", "2026-08-31"]])
def test_the_command_line_prints_one_message(checkout, options):
    path = checkout.parent / "tracker.xlsx"
    _html(path)
    before = snapshot(checkout)
    done = subprocess.run(
        [*COMMAND, "ingest", "kiel", str(path), *options],
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "tracker.xlsx: " in done.stderr
    assert "fix:" in done.stderr
    assert snapshot(checkout) == before


def test_the_command_line_takes_a_new_release(checkout):
    path = workbook(checkout.parent / "tracker.xlsx", [row()])
    done = subprocess.run(
        [*COMMAND, "ingest", "kiel", str(path), "--release", "31", "--cut-off", "2022-04-30"],
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "data/raw/kiel/release-31: activities.csv" in done.stdout
    assert "31, 2022-04-30" in (checkout / "data/raw/README.md").read_text()


# A table that replaces another, and what a descriptor says.


def rates(path, change=lambda frame: frame) -> Path:
    """The ECB's file as it would have been downloaded, from the rates that are here."""
    long = raw_tables.read("ecb/euro_rates")
    wide = long.pivot(index="date", columns="currency", values="per_eur").sort_index()
    wide = change(wide).sort_index(ascending=False).reset_index(names="Date")
    wide.to_csv(path, index=False, na_rep="N/A", lineterminator="\n")
    return path


def one_more_day(wide):
    wide.loc["2026-11-02"] = wide.iloc[-1] * 1.01
    return wide


def one_old_rate(wide):
    wide.loc["2023-05-15", "USD"] *= 1.5
    return wide


REPLACED = {
    "ninety days": (lambda wide: wide.tail(90), r"[\d,]+ rows that are here are gone"),
    "an old rate": (one_old_rate, "1 row that is here has other values"),
    "an older edition": (
        lambda wide: wide[:"2026-05-29"],
        "it ends in 2026-05-29, and the table here in 2026-10-30",
    ),
}


@pytest.mark.parametrize(("change", "told"), REPLACED.values(), ids=REPLACED)
def test_a_context_table_is_held_against_the_one_that_it_replaces(checkout, change, told):
    file = rates(checkout.parent / "eurofxref-hist.csv", change)
    before, lines = snapshot(checkout), []
    origin = ingest.origin_of("ecb", file, None, "2026-10-30", None)
    with pytest.raises(AuditError, match=told) as caught:
        ingest.ingest(file, origin, replace=True, tell=lines.append)
    assert "rows added: 0" in "\n".join(lines)
    assert snapshot(checkout) == before
    assert '--because "why they are right"' in caught.value.mend
    ingest.ingest(file, origin, replace=True, because=" the ECB says  so ")
    said = sources.package("ecb/euro_rates")["replaces"]
    assert said["because"] == "the ECB says so"
    # The same bytes again change nothing, the reason least of all.
    after = snapshot(checkout)
    ingest.ingest(file, ingest.origin_of("ecb", file, None, None, None))
    assert snapshot(checkout) == after


def test_the_largest_changes_are_told(checkout):
    file = rates(checkout.parent / "eurofxref-hist.csv", one_old_rate)
    was = raw_tables.read("ecb/euro_rates").set_index(["date", "currency"])["per_eur"]
    rate, lines = was["2023-05-15", "USD"], []
    origin = ingest.origin_of("ecb", file, None, None, None)
    ingest.ingest(file, origin, replace=True, because="x", tell=lines.append)
    told = f"2023-05-15, USD: per_eur {rate} → {rate * 1.5} (+50.0%)"
    assert told in [line.strip() for line in lines]
    assert "rows added: 0, gone: 0, changed: 1" in [line.strip() for line in lines]


def test_a_change_from_zero_is_among_the_largest():
    keys = [f"2023-05-{day:02d}" for day in range(1, 9)]
    then = pd.DataFrame({"date": keys, "tonnes": [0.0, 5, 5, 5, 5, 5, 5, None]})
    now = then.assign(tonnes=[7.0, 6, 6, 6, 6, 6, 6, 3])
    table = schema.Table("t", "d", {}, key=["date"])
    told = [line.strip() for line in replacing.compare(then, now, table).told]
    at = told.index("rows added: 0, gone: 0, changed: 8")
    assert told[at + 1 : at + 3] == [
        "2023-05-01: tonnes 0.0 → 7.0",
        "2023-05-08: tonnes nothing → 3.0",
    ]


def test_newer_rows_alone_need_no_reason_and_are_told(checkout):
    file = rates(checkout.parent / "eurofxref-hist.csv", one_more_day)
    lines = []
    origin = ingest.origin_of("ecb", file, None, "2026-11-02", "2026-11-03", "ecb.europa.eu")
    ingest.ingest(file, origin, replace=True, tell=lines.append)
    ends = next(line for line in lines if "first and last" in line)
    assert ends.endswith("2021-01-04 to 2026-10-30 → 2021-01-04 to 2026-11-02")
    package = sources.package("ecb/euro_rates")
    assert (package["cut_off"], package["taken"]) == ("2026-11-02", "2026-11-03")
    assert package["sources"][0]["obtained_from"] == "ecb.europa.eu"
    assert "because" not in package["replaces"]


def test_an_edition_said_to_be_older_is_told(checkout):
    file = rates(checkout.parent / "eurofxref-hist.csv", one_more_day)
    origin = ingest.origin_of("ecb", file, None, "2026-09-30", None)
    error = refused(ingest.ingest, file, origin, replace=True)
    assert "its last day is 2026-09-30, and that of the table here 2026-10-30" in error.problem


def test_what_nobody_said_is_not_stated(checkout):
    file = rates(checkout.parent / "eurofxref-hist.csv", one_more_day)
    origin = ingest.origin_of("ecb", file, None, None, None)
    ingest.ingest(file, origin, replace=True)
    package = sources.package("ecb/euro_rates")
    said = [package["cut_off"], package["taken"], package["sources"][0]["obtained_from"]]
    assert said == ["not stated"] * 3
    assert "version" not in package
    (line,) = ingest.unstated(origin)
    assert line.endswith("(again with --cut-off … --taken … --obtained-from …)")
    # Said afterwards of the same bytes, it is written, and the rest stays.
    told = ingest.origin_of("ecb", file, None, "2026-11-02", None)
    ingest.ingest(file, told)
    package = sources.package("ecb/euro_rates")
    assert (package["cut_off"], package["taken"]) == ("2026-11-02", "not stated")


def test_the_same_bytes_change_nothing_whatever_they_are_called(checkout):
    path = workbook(checkout.parent / "tracker.xlsx", [row()])
    ingest.ingest(path, release())
    before = snapshot(checkout)
    again = path.rename(checkout.parent / "another name.xlsx")
    ingest.ingest(again, ingest.origin_of("kiel", again, 31, None, None))
    assert snapshot(checkout) == before


def test_dates_as_text_fail_as_a_whole(tmp_path):
    rows = [row(announcement_date=f"{day:02d}/03/2022") for day in range(1, 29)]
    rows += [row() for _ in range(4)]
    error = refused(kiel.kiel_workbook, workbook(tmp_path / "w.xlsx", rows))
    assert error.problem == ("the column fails as a whole: 28 of 32 cells cannot be read.")
    assert (error.file, error.row, error.column) == ("w.xlsx", 2, "announcement_date")
    assert error.expected == (
        "a date in at least 80% of the cells; not '01/03/2022', '02/03/2022', '03/03/2022'"
    )


def test_some_words_in_the_place_of_dates_are_the_publisher_s(tmp_path):
    rows = [row(announcement_date="unclear") for _ in range(6)] + [row() for _ in range(24)]
    _, frame = kiel.kiel_workbook(workbook(tmp_path / "w.xlsx", rows))
    assert (frame["announcement_date"] == "unclear").sum() == 6


def test_rates_with_days_in_another_order_are_told(checkout):
    def swapped(wide):
        wide.index = [f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in wide.index]
        return wide

    file = rates(checkout.parent / "eurofxref-hist.csv", swapped)
    error = refused(context.ecb_rates, file)
    assert (error.file, error.row, error.column) == ("eurofxref-hist.csv", 2, "Date")
    assert "the value is not a day (" in error.problem


@pytest.mark.parametrize(
    ("name", "value"), [("release", "13"), ("cut_off", "2024"), ("cut_off", None)]
)
def test_a_descriptor_of_another_release_is_told(checkout, name, value):
    path = workbook(checkout.parent / "tracker.xlsx", [row()])
    about = ingest.ingest(path, release()) / "datapackage.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {name: value}))
    error = refused(sources.release, 31)
    assert error.column == name
    assert error.problem == "the descriptor is not that of release 31."
