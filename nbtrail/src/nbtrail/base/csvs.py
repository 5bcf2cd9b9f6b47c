"""CSV as rows of text, strictly: what a lenient reader would shift, join or drop is told."""

from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

from nbtrail.base import foreign
from nbtrail.base.errors import AuditError

# More characters in one cell than the widest table has in a row of them.
LONGEST_CELL = 100_000


def read(path: Path, shown: str, *, mend: str, separator: str = ",") -> list[list[str]]:
    """All rows, the header first; a blank line is a row without cells.

    shown: how errors name the file. mend: what they say last. Raises AuditError for what is
    not UTF-8, holds NUL bytes or stray quotes, or is too large; FileNotFoundError where
    nothing is.
    """
    path.stat()  # FileNotFoundError where nothing is
    data = foreign.content(path).removeprefix(codecs.BOM_UTF8)
    foreign.hold("table", len(data), shown)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AuditError(
            "the file is not UTF-8 text.",
            file=shown,
            row=data[: error.start].count(b"\n") + 1,
            found=data[error.start : error.start + 1],
            expected="UTF-8",
            mend=f"save it again as 'CSV UTF-8', or {mend}",
        ) from None
    if "\0" in text:
        raise AuditError(
            "a NUL byte stands in the text.",
            file=shown,
            row=text[: text.index("\0")].count("\n") + 1,
            found="\0",
            expected="plain CSV",
            mend=mend,
        )
    foreign.hold_table(text, separator, shown)
    rows: list[list[str]] = []
    limit = csv.field_size_limit(LONGEST_CELL)
    # Not strict, an open quote swallows all rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begun = 0
    try:
        for cells in reader:
            rows.append(cells)
            begun = reader.line_num
    except csv.Error as error:
        raise AuditError(
            f"the file is not readable as CSV: {error}.",
            file=shown,
            row=len(rows) + 1,
            found="".join(text.splitlines(keepends=True)[begun : begun + 1]).strip(),
            expected="plain CSV",
            mend=f"look for a stray quote, or {mend}",
        ) from None
    finally:
        csv.field_size_limit(limit)
    return rows


def even(rows: list[list[str]], shown: str, *, mend: str, blank_lines: bool = False) -> None:
    """Raise AuditError for the first row that is longer or shorter than the header."""
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]) and (row or not blank_lines):
            raise AuditError(
                "the row has another number of cells than the header.",
                file=shown,
                row=number,
                found=len(row),
                expected=f"{len(rows[0])} cells",
                mend=f"look for a stray comma, quote or line break there, or {mend}",
            )
