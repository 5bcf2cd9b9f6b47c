"""Cells of .xlsx workbooks, and what a reader of cells alone would not notice in them.

calamine reads the values. It cannot say that a formula was saved without its result, that a
cell shows an error, that one value is merged over several rows, or that a lone cell in the
last row makes a table of a thousand million cells; so the sheet's XML is looked at first.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import python_calamine
from openpyxl.utils import get_column_letter, range_boundaries

from aidaudit import digits
from aidaudit.errors import AuditError, nearest

# A full workbook has 37 sheets and under 5 MB; one that unpacks to more than this is a bomb.
MAX_UNPACKED = 500_000_000
# The largest table so far has 93 columns and 5,000 rows.
MAX_CELLS = 5_000_000
# What a file may make its readers raise where a byte of it is wrong.
UNREADABLE = (
    python_calamine.CalamineError,
    ElementTree.ParseError,
    zipfile.BadZipFile,
    zlib.error,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
    OSError,
    EOFError,
)
AGAIN = "download it again from the publisher."


class Odd(str):
    """A cell that must not be read as a value; as text it is what calamine made of it."""

    __slots__ = ("why",)
    why: AuditError

    def __new__(cls, value: object, why: AuditError) -> Odd:
        """value: what calamine read."""
        cell = super().__new__(cls, value)
        cell.why = why
        return cell


@dataclass
class Sheet:
    """What stands in a sheet besides values; rows and columns count from 1."""

    rows: int = 0
    columns: int = 0
    odd: dict[tuple[int, int], str] = field(default_factory=dict)


def names(file: Path) -> list[str]:
    """Names of a workbook's sheets. Raises AuditError for a file that is none, or a bomb."""
    return _workbook(file).sheet_names


def cells(file: Path, sheet: str) -> list[list]:
    """All cells of a sheet, row by row, header included; dates are dates.

    Cells whose value cannot be trusted are `Odd`. Raises AuditError.
    """
    workbook = _workbook(file)
    if sheet not in workbook.sheet_names:
        raise AuditError(
            f"the workbook has no sheet '{sheet}'.",
            file=file.name,
            found=", ".join(workbook.sheet_names[:8]),
            expected=f"a sheet '{sheet}'",
            mend=nearest(sheet, workbook.sheet_names) + "Download the full workbook again.",
        )
    try:
        seen = _looked_at(file, sheet)
        if seen.rows * seen.columns > MAX_CELLS:
            raise AuditError(
                f"the sheet '{sheet}' is larger than a table of the tracker can be.",
                file=file.name,
                row=seen.rows,
                column=get_column_letter(seen.columns),
                found=f"{seen.rows:,} rows by {seen.columns:,} columns",
                expected=f"at most {MAX_CELLS:,} cells from the first to the last",
                mend="delete what stands far away from the table in a copy of the file, or "
                + AGAIN,
            )
        found = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except UNREADABLE:
        raise _unreadable(file) from None
    for (row, column), why in seen.odd.items():
        if row <= len(found) and column <= len(found[row - 1]):
            value = found[row - 1][column - 1]
            found[row - 1][column - 1] = Odd(value, _odd(file, row, column, why, value))
    return found


def _odd(file: Path, row: int, column: int, why: str, value: object) -> AuditError:
    return AuditError(
        f"{why}.",
        file=file.name,
        row=row,
        column=get_column_letter(column),
        found=value,
        expected="one value in one cell, as the publisher saw it",
        mend="open the file in a spreadsheet program, mend the cell and save it there; or "
        + AGAIN,
    )


def _looked_at(file: Path, sheet: str) -> Sheet:
    """Read a sheet's XML once, without keeping it."""
    with zipfile.ZipFile(file) as archive, archive.open(_part(archive, sheet)) as part:
        return looked_at(part)


def looked_at(part: IO[bytes]) -> Sheet:
    """What stands in the XML of a sheet besides values."""
    seen = Sheet()
    row = column = 0
    table = None
    for event, item in ElementTree.iterparse(part, ("start", "end")):
        # Two editions of the format differ in their namespaces only.
        tag = item.tag.rpartition("}")[2]
        if tag == "row":
            if event == "start":
                row, column = digits.whole(item.get("r", str(row + 1))), 0
            elif table is not None:
                # Rows that are kept would fill the memory.
                table.clear()
        elif tag == "c" and event == "end":
            place = item.get("r")
            if place is None:
                column += 1
            else:
                column, row = range_boundaries(place)[:2]
            # Formatting alone makes no cell.
            if len(item):
                seen.rows, seen.columns = max(seen.rows, row), max(seen.columns, column)
                if why := _why(item):
                    seen.odd[row, column] = why
        elif tag == "sheetData":
            table = item
        elif tag == "mergeCell" and event == "end":
            _merged(seen, item.get("ref", ""))
    return seen


def _why(cell: ElementTree.Element) -> str | None:
    if cell.get("t") == "e":
        return "the cell shows an error instead of a value"
    # The result of a formula may be no text at all; then it says so.
    if cell.find("{*}f") is not None and not cell.findtext("{*}v") and cell.get("t") != "str":
        return "the formula was saved without its result"
    return None


def _merged(seen: Sheet, reference: str) -> None:
    left, top, right, bottom = range_boundaries(reference)
    for row in range(top, min(bottom, seen.rows) + 1):
        for column in range(left, min(right, seen.columns) + 1):
            seen.odd[row, column] = f"the cells {reference} are merged into one"


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The file of a sheet within the workbook."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    sheets = [item for item in book.iterfind(".//{*}sheet") if item.get("name") == sheet]
    (part,) = [value for key, value in sheets[0].items() if key.endswith("}id")]
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    (target,) = [link.get("Target", "") for link in links if link.get("Id") == part]
    return posixpath.normpath(posixpath.join("xl", target)).lstrip("/")


def _unreadable(file: Path) -> AuditError:
    return AuditError(
        "the file is not a readable .xlsx workbook.",
        file=file.name,
        expected="an Excel workbook as the publisher offers it",
        mend="download it again: it may be cut short, or a web page saved under this name.",
    )


def _workbook(file: Path) -> python_calamine.CalamineWorkbook:
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except UNREADABLE:
        raise _unreadable(file) from None
    if size > MAX_UNPACKED:
        raise AuditError(
            "the workbook unpacks to more than a tracker workbook can hold.",
            file=file.name,
            found=f"{size:,} bytes",
            expected=f"at most {MAX_UNPACKED:,} bytes",
            mend=AGAIN,
        )
    try:
        return python_calamine.CalamineWorkbook.from_path(str(file))
    except UNREADABLE:
        raise _unreadable(file) from None
