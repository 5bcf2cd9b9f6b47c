"""What readers share: cells as text, numbers and days, columns under our names, and errors."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from aidaudit.data import raw_tables
from aidaudit.data.tables import RAW
from nbtrail.base import csvs
from nbtrail.base.errors import AuditError, nearest
from nbtrail.base.schema import ISO_DATE
from nbtrail.base.workbooks import Odd

# What share of a column's filled cells may be unreadable. Releases write 5 to 10 % of their
# days in words ('unspecified', 'until 3/10/2022'); twice that is a column of another form.
UNREADABLE = 0.2
# Of fewer filled cells a share says nothing.
FEWEST = 20
# What Kiel types into cells that have no value.
BLANKS = {"", ".", "nan", "NaN", "No value available"}


def text(values: pd.Series) -> pd.Series:
    """Text with outer and double spaces removed; the publisher's blanks become null.

    Raises AuditError for a cell of a workbook that holds no value of its own.
    """

    def one(value: object) -> object:
        if isinstance(value, Odd):
            raise value.why
        if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NaT:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        words = " ".join(str(value).replace("\xa0", " ").split())
        return None if words in BLANKS else words

    return values.map(one).astype("str")


def wrong_cell(
    problem: str,
    found: pd.Series,
    file: Path,
    column: str,
    expected: str,
    mend: str = "correct the cell in a copy of the file, or ask the publisher.",
) -> AuditError:
    """The error of the first of some values; found: indexed by the file's rows, as `number`."""
    return AuditError(
        problem,
        file=file.name,
        row=int(found.index[0]) + 2,
        column=column,
        found=found.iloc[0],
        expected=expected,
        mend=mend,
    )


def number(values: pd.Series, file: Path, column: str) -> pd.Series:
    """Numbers; blanks become null. Raises AuditError for anything else, with its place.

    values: indexed by the file's rows, 0 being the first one below the header.
    """
    words = text(values)
    numbers = pd.to_numeric(words, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite)
    wrong = words.notna() & numbers.isna()
    if wrong.any():
        expected = "a number, or '.' for none"
        raise wrong_cell("the value is not a number.", values[wrong], file, column, expected)
    return numbers


def readable(
    read: pd.Series, values: pd.Series, file: Path, column: str, expected: str
) -> None:
    """Raise AuditError where more of a column than `UNREADABLE` is not what it should hold.

    values: the filled and blank cells, indexed by the file's rows; read: whether each is.
    """
    filled = text(values).notna()
    lost = values[filled & ~read]
    if filled.sum() < FEWEST or len(lost) <= UNREADABLE * filled.sum():
        return
    examples = [f"'{cell[:40]}'" for cell in dict.fromkeys(lost.map(str))][:3]
    raise wrong_cell(
        f"the column fails as a whole: {len(lost):,} of {filled.sum():,} cells cannot be read.",
        lost.map(str),
        file,
        column,
        f"{expected} in at least {1 - UNREADABLE:.0%} of the cells; not " + ", ".join(examples),
        "download the file again; or, in a copy of it, have a spreadsheet program read the "
        "whole column so, in the order of day and month that the publisher means, and save it.",
    )


def iso_day(value: object) -> object:
    """A date as ISO text; anything else as it is."""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    return value


def days_or_words(values: pd.Series, file: Path, column: str) -> pd.Series:
    """ISO days, and words as they are. Raises AuditError where most are words."""
    words = text(values)
    read = words.str.fullmatch(ISO_DATE).fillna(False).astype(bool)
    readable(read, values, file, column, "a date")
    return words


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
    # Past 2**53 not every whole number can be told from its neighbour.
    wrong = numbers.isna() | (numbers % 1 != 0) | (numbers.abs() >= 2**53)
    if wrong.any():
        found = numbers[wrong].astype(object).where(numbers[wrong].notna(), "")
        raise wrong_cell("the value is not a whole number.", found, file, column, expected)
    return numbers.astype("Int64")


def ordered(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """The columns of a raw table in order and typed; those that are missing are null."""
    columns = list(RAW[table].columns)
    typed = frame.reset_index(drop=True).reindex(columns=columns)
    kinds = {"integer": "Int64", "number": "float64", "string": "str", "boolean": "boolean"}
    return typed.astype({c: kinds[RAW[table].columns[c].type] for c in columns})


def csv_table(file: Path, what: str, required: list[str], separator: str = ",") -> pd.DataFrame:
    """A CSV of text cells, with its required columns; its index counts all of its rows.

    Of columns with the same name the first is kept. Raises AuditError, also where a required
    one occurs twice.
    """
    again = f"download {what} again from the publisher."
    rows = csvs.read(file, file.name, mend=again, separator=separator)
    header = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in required if name not in header]
    if missing:
        raise missing_column(file, what, missing, header)
    csvs.even(rows, file.name, mend=again, blank_lines=True)
    if twice := [name for name in required if header.count(name) > 1]:
        raise AuditError(
            f"the column {twice[0]} occurs twice.",
            file=file.name,
            row=1,
            column=twice[0],
            found=", ".join(header[:12]),
            expected="each required column once",
            mend=again,
        )
    body = {at: cells for at, cells in enumerate(rows[1:]) if cells}
    frame = pd.DataFrame.from_dict(body, orient="index", columns=header, dtype="str")
    return frame.loc[:, ~frame.columns.duplicated()]


def picked(file: Path, what: str, table: str, names: dict[str, str]) -> pd.DataFrame:
    """The columns of a CSV under our names (ours → theirs), typed, with upstream's row."""
    raw = csv_table(file, what, list(names.values()))
    frame = pd.DataFrame({"row": raw.index + 2}, index=raw.index)
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
    return raw_tables.register()["iso3"].dropna().tolist()
