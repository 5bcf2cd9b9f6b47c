"""What readers share: cells as text, numbers and days, columns under our names, and errors."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from aidaudit import sources
from aidaudit.errors import AuditError, nearest
from aidaudit.tables import RAW

# What Kiel types into cells that have no value.
BLANKS = {"", ".", "nan", "NaN", "#N/A", "No value available"}


def text(values: pd.Series) -> pd.Series:
    """Text with outer and double spaces removed; the publisher's blanks become null."""

    def one(value: object) -> object:
        if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NaT:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        words = " ".join(str(value).replace("\xa0", " ").split())
        return None if words in BLANKS else words

    return values.map(one).astype("str")


def number(values: pd.Series, file: Path, column: str) -> pd.Series:
    """Numbers; blanks become null. Raises AuditError for anything else, with its place.

    values: indexed by the file's rows, 0 being the first one below the header.
    """
    words = text(values)
    numbers = pd.to_numeric(words, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite)
    wrong = words.notna() & numbers.isna()
    if wrong.any():
        at = wrong.idxmax()
        raise AuditError(
            "the value is not a number.",
            file=file.name,
            row=int(at) + 2,
            column=column,
            found=values[at],
            expected="a number, or '.' for none",
            mend="correct the cell in a copy of the file, or ask the publisher.",
        )
    return numbers


def iso_day(value: object) -> object:
    """A date as ISO text; anything else as it is."""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    return value


def missing_column(file: Path, what: str, columns: list[str], present: list[str]) -> AuditError:
    """The error of a file that lacks a required column."""
    return AuditError(
        f"this is not {what}: the required column {columns[0]} is missing"
        + (f" (and {len(columns) - 1} more: {', '.join(columns[1:])})" if columns[1:] else "")
        + ".",
        file=file.name,
        row=1,
        column=columns[0],
        found=", ".join(present[:12]) + (" …" if len(present) > 12 else ""),
        expected=columns[0],
        mend=nearest(columns[0], present) + "Download the file again from the publisher.",
    )


def whole(
    numbers: pd.Series, file: Path, column: str, expected: str = "a whole number"
) -> pd.Series:
    """Whole numbers as Int64. Raises AuditError for a fraction or a blank, with its place."""
    wrong = numbers.isna() | (numbers % 1 != 0)
    if wrong.any():
        at = wrong.idxmax()
        raise AuditError(
            "the value is not a whole number.",
            file=file.name,
            row=int(at) + 2,
            column=column,
            found=None if pd.isna(numbers[at]) else float(numbers[at]),
            expected=expected,
            mend="correct the cell in a copy of the file, or ask the publisher.",
        )
    return numbers.astype("Int64")


def ordered(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """The columns of a raw table in order and typed; those that are missing are null."""
    columns = list(RAW[table].columns)
    typed = frame.reset_index(drop=True).reindex(columns=columns)
    kinds = {"integer": "Int64", "number": "float64", "string": "str", "boolean": "boolean"}
    return typed.astype({c: kinds[RAW[table].columns[c].type] for c in columns})


def csv_table(file: Path, what: str, required: list[str], **options) -> pd.DataFrame:
    """A CSV of text cells, with its required columns. Raises AuditError."""
    try:
        frame = pd.read_csv(file, dtype="str", keep_default_na=False, **options)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise AuditError(
            f"the file is not readable as {what}: {error}.",
            file=file.name,
            expected="CSV in UTF-8",
            mend="download it again from the publisher.",
        ) from None
    frame.columns = [str(c).strip() for c in frame.columns]
    missing = [c for c in required if c not in frame.columns]
    if missing:
        raise missing_column(file, what, missing, list(frame.columns))
    return frame


def picked(file: Path, what: str, table: str, names: dict[str, str]) -> pd.DataFrame:
    """The columns of a CSV under our names (ours → theirs), typed, with upstream's row."""
    raw = csv_table(file, what, list(names.values()))
    frame = pd.DataFrame({"row": raw.index + 2})
    for ours, theirs in names.items():
        words = RAW[table].columns[ours].type == "string"
        frame[ours] = text(raw[theirs]) if words else number(raw[theirs], file, theirs)
    return frame


def pages(first: pd.Series, more: pd.Series) -> dict[str, pd.Series]:
    """The first two pages that a row names, as seen_in and seen_in_too.

    Words around the addresses are left out. Scheme and www. too: a raw table holds no links,
    but whoever wants to check a row must be able to find the page.
    """
    found = (first + " " + more).str.findall(r"https?://(?:www\.)?([^\s|]+)")
    names = found.map(lambda each: list(dict.fromkeys(each)))
    return {"seen_in": names.str[0].astype("str"), "seen_in_too": names.str[1].astype("str")}


def donor_codes() -> list[str]:
    """ISO codes of the donors that the project knows."""
    return sources.read_register()["iso3"].dropna().tolist()


# A full workbook has 37 sheets and under 5 MB; one that unpacks to more than this is a bomb.
MAX_UNPACKED = 500_000_000


def workbook_sheets(file: Path) -> list[str]:
    """Names of a workbook's sheets. Raises AuditError for a file that is none, or a bomb."""
    return _workbook(file).sheet_names


def sheet_rows(file: Path, sheet: str) -> list[list]:
    """All cells of a sheet, row by row, header included; dates are dates. Raises AuditError."""
    import python_calamine

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
        return workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except python_calamine.CalamineError:
        raise _unreadable(file) from None


def _unreadable(file: Path) -> AuditError:
    return AuditError(
        "the file is not a readable .xlsx workbook.",
        file=file.name,
        expected="an Excel workbook as the publisher offers it",
        mend="download it again: it may be cut short, or a web page saved under this name.",
    )


def _workbook(file: Path):
    import python_calamine

    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        raise _unreadable(file) from None
    if size > MAX_UNPACKED:
        raise AuditError(
            "the workbook unpacks to more than a tracker workbook can hold.",
            file=file.name,
            found=f"{size:,} bytes",
            expected=f"at most {MAX_UNPACKED:,} bytes",
            mend="download it again from the publisher.",
        )
    try:
        return python_calamine.CalamineWorkbook.from_path(str(file))
    except python_calamine.CalamineError:
        raise _unreadable(file) from None
