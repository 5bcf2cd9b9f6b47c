"""Cells of .xlsx workbooks, and what a reader of cells alone would not notice in them.

calamine reads the values. It cannot say that a formula was saved without its result, that a
cell shows an error, that one value is merged over several rows, or that a lone cell in the
last row makes a table of a thousand million cells; so the sheet's XML is looked at first.
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

import python_calamine
from openpyxl.utils import column_index_from_string, get_column_letter, range_boundaries

from nbtrail.base import digits, foreign, zips
from nbtrail.base.errors import AuditError, nearest

# A full workbook has 37 sheets and under 5 MB; one that unpacks to more than this is a bomb.
MAX_UNPACKED = 128_000_000
# The largest table so far has 93 columns and 5,000 rows; another, 11 and 32,000.
MAX_CELLS = foreign.MOST["cells of a table"]
MAX_ELEMENTS = 3 * MAX_CELLS
MAX_SHARED = 1_000_000
MAX_SHEETS = 200
MAX_ODD = 100_000
SHEETS = "xl/worksheets/"
# A sheet of zeros is packed a thousandfold; what is unpacked counts.
_ANY = 1 << 62
LIMITS = zips.Limits(members=5_000, member=_ANY, total=_ANY, ratio=_ANY, total_ratio=_ANY)
# What a file may make its readers raise where a byte of it is wrong.
UNREADABLE = (
    python_calamine.CalamineError,
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
                f"the sheet '{sheet}' is larger than a table of facts can be.",
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
    """Read a sheet's XML once, without keeping a tree."""
    with opened(file) as archive:
        return looked_at(archive.read(_part(archive, sheet, file)))


def looked_at(part: bytes) -> Sheet:
    """What stands in a sheet's XML besides values. Raises ValueError where it is damaged."""
    look = _Look()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler, parser.EndElementHandler = look.start, look.end
    parser.CharacterDataHandler = look.text
    parser.EntityDeclHandler = look.entity
    try:
        # In one piece: expat begins a long token anew with every further one.
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise ValueError(str(error)) from None
    return look.seen


class _Look:
    """Goes through a sheet's elements in their order."""

    def __init__(self) -> None:
        self.seen = Sheet()
        self.row = self.column = self.depth = self.elements = 0
        # The cell that is open: its type, at which depth, and what stands in it.
        self.cell: str | None = None
        self.cell_depth = 0
        self.filled = self.formula = self.valued = self.in_value = False

    def start(self, name: str, about: dict[str, str]) -> None:
        # Two editions of the format differ in their namespaces only.
        tag = name.rpartition("}")[2]
        self.depth += 1
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise ValueError("too many elements")
        if self.cell is not None:
            if self.depth == self.cell_depth + 1:
                self.filled = True
                self.formula = self.formula or tag == "f"
                self.in_value = tag == "v"
        elif tag == "c":
            self.cell, self.cell_depth = about.get("t", ""), self.depth
            self.filled = self.formula = self.valued = False
            place = about.get("r")
            if place is None:
                self.column += 1
            else:
                self.column, self.row = _place(place)
        elif tag == "row":
            self.row, self.column = digits.whole(about.get("r", str(self.row + 1))), 0
        elif tag == "mergeCell":
            _merged(self.seen, about.get("ref", ""))

    def end(self, _: str) -> None:
        if self.cell is not None and self.depth == self.cell_depth:
            seen = self.seen
            # Formatting alone makes no cell.
            if self.filled:
                seen.rows = max(seen.rows, self.row)
                seen.columns = max(seen.columns, self.column)
                if why := self.why():
                    seen.odd[self.row, self.column] = why
            self.cell = None
        self.in_value = False
        self.depth -= 1

    def text(self, _: str) -> None:
        self.valued = self.valued or self.in_value

    def entity(self, *_: object) -> None:
        raise ValueError("it declares entities")

    def why(self) -> str | None:
        if self.cell == "e":
            return "the cell shows an error instead of a value"
        # The result of a formula may be no text at all; then it says so.
        if self.formula and not self.valued and self.cell != "str":
            return "the formula was saved without its result"
        return None


_PLACE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,9})")


def _place(reference: str) -> tuple[int, int]:
    """Column and row of a cell such as B12. Raises ValueError for anything else."""
    match = _PLACE.fullmatch(reference)
    if match is None:
        raise ValueError(f"{reference[:40]!r} is no cell")
    return column_index_from_string(match[1]), int(match[2])


def _merged(seen: Sheet, reference: str) -> None:
    left, top, right, bottom = range_boundaries(reference)
    bottom, right = min(bottom, seen.rows), min(right, seen.columns)
    if max(0, bottom - top + 1) * max(0, right - left + 1) + len(seen.odd) > MAX_ODD:
        raise ValueError("too many merged cells")
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            seen.odd[row, column] = f"the cells {reference} are merged into one"


def _part(archive: zips.Reader, sheet: str, file: Path) -> str:
    """The file of a sheet within the workbook."""
    book = _tree(archive, "xl/workbook.xml", file)
    sheets = [item for item in book.iterfind(".//{*}sheet") if item.get("name") == sheet]
    (part,) = [value for key, value in sheets[0].items() if key.endswith("}id")]
    links = _tree(archive, "xl/_rels/workbook.xml.rels", file)
    (target,) = [link.get("Target", "") for link in links if link.get("Id") == part]
    return posixpath.normpath(posixpath.join("xl", target)).lstrip("/")


def _tree(archive: zips.Reader, name: str, file: Path) -> ElementTree.Element:
    foreign.hold("XML", archive.size(name), file.name)
    tree = foreign.xml(archive.read(name), file.name)
    if tree is None:
        raise ValueError(f"{name} cannot be read")
    return tree


def _unreadable(file: Path, found: str | None = None) -> AuditError:
    return AuditError(
        "the file is not a readable .xlsx workbook.",
        file=file.name,
        found=found,
        expected="an Excel workbook as the publisher offers it",
        mend="download it again: it may be cut short, or a web page saved under this name.",
    )


@contextmanager
def opened(file: Path) -> Iterator[zips.Reader]:
    """A workbook as the archive that it is. Raises AuditError for a file that is none."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zips.open_safely(file, LIMITS))
        except AuditError as error:
            raise _unreadable(file, error.problem) from None
        size = sum(map(archive.size, archive.names()))
        if size > MAX_UNPACKED:
            raise AuditError(
                "the workbook unpacks to more than one of facts can hold.",
                file=file.name,
                found=f"{size:,} bytes",
                expected=f"at most {MAX_UNPACKED:,} bytes",
                mend=AGAIN,
            )
        yield archive


def _workbook(file: Path) -> python_calamine.CalamineWorkbook:
    foreign.hold("file", file.stat().st_size, file)
    about = file.stat()
    return _read(file, about.st_ino, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=1)
def _read(file: Path, *_: int) -> python_calamine.CalamineWorkbook:
    """A workbook, opened once for all of its sheets while its file stays the same."""
    with opened(file) as archive:
        # calamine keeps what all sheets share.
        for name in archive.names():
            if name.startswith("xl/") and not name.startswith(SHEETS):
                count = archive.read(name).count(b"<")
                if count > MAX_SHARED:
                    raise _unreadable(file, f"{count:,} elements in {name}")
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(file))
        names = book.sheet_names
    except UNREADABLE:
        raise _unreadable(file) from None
    if len(names) > MAX_SHEETS:
        raise _unreadable(file, f"{len(names):,} sheets")
    return book
