"""Numbers that prose may cite: key → {value, unit, display, job, cell, …}.

Each knows the job and the cell of its notebook that gave it, and either the very cell of a
table that it is (`is`: file, row, column), or the files that it was computed from (`from`).
Every notebook writes its own numbers; they are merged per variant into numbers.json. Prose
names keys only, never digits.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from nbtrail.base import files
from nbtrail.base.errors import AuditError

# How a unit is written and how many decimals it deserves.
_FORMATS = {
    "bn EUR": ("{:,.1f} bn EUR", 1),
    "bn EUR a month": ("{:,.2f} bn EUR a month", 2),
    "bn EUR a year": ("{:,.1f} bn EUR a year", 1),
    "bn US$": ("{:,.1f} bn US$", 1),
    "US$ per EUR": ("{:.4f} US$ per EUR", 4),
    "%": ("{:,.1f} %", 1),
    "% of GDP": ("{:,.2f} % of GDP", 2),
    "times": ("{:,.2f} times", 2),
    "million": ("{:,.2f} million", 2),
    "million tonnes": ("{:,.2f} million tonnes", 2),
    "million US$": ("{:,.0f} million US$", 0),
    "per 1,000 inhabitants": ("{:,.1f} per 1,000 inhabitants", 1),
    "percentage points": ("{:,.1f} percentage points", 1),
    "standard errors": ("{:,.2f} standard errors", 2),
    "months": ("{:,.0f} months", 0),
    "km²": ("{:,.0f} km²", 0),
    "points": ("{:,.0f} points", 0),
    "rank": ("{:,.0f}", 0),
    "count": ("{:,.0f}", 0),
    "text": ("{}", None),
    "date": ("{}", None),
    "year": ("{}", None),
}


def display(value: float | str, unit: str) -> str:
    """The value as prose shows it, with its unit; a true minus sign."""
    if unit not in _FORMATS:
        raise AuditError(f"'{unit}' is not a known unit.", expected=f"one of {list(_FORMATS)}")
    template, decimals = _FORMATS[unit]
    if decimals is not None:
        value = round(float(value), decimals) + 0.0
    return template.format(value).replace("-", "−" if decimals is not None else "-")


class Numbers:
    """A collection of numbers on its way to a file."""

    def __init__(self, table: str = "") -> None:
        """table: the one that `row` and `column` speak of, relative to the root."""
        self.table = table
        self.entries: dict[str, dict] = {}

    def add(
        self,
        key: str,
        value: float | str,
        unit: str,
        *,
        shown: str | None = None,
        row: dict | None = None,
        column: str | None = None,
        table: str | None = None,
        of: Sequence[str] | None = None,
    ) -> None:
        """Add a number; `shown` replaces the usual display.

        row, column: the cell of `table` (or of the collection's table) that the number is;
        row picks one row by the values of some columns, and `write` holds the number against
        it. Without them the number is computed from `of`, or from all built tables that this
        notebook has read so far. Raises AuditError for a key given twice or a null value.
        """
        if key in self.entries:
            raise AuditError("a number is given twice.", found=key)
        if value is None or value != value:
            raise AuditError(
                f"the number '{key}' has no value.", mend="leave it out: null is not zero."
            )
        entry = {
            "value": _plain(value),
            "unit": unit,
            "display": shown or display(value, unit),
            "job": files.job(),
            "cell": files.cell(),
        }
        if column is None:
            entry["from"] = sorted(files.read_so_far() if of is None else of)
        else:
            picked = {name: _plain(one) for name, one in (row or {}).items()}
            entry["is"] = {"file": table or self.table, "row": picked, "column": column}
        self.entries[key] = entry

    def write(self, path: str) -> None:
        """Write the numbers as JSON, after the tables whose cells they are.

        Raises AuditError as `check` does.
        """
        check(self.entries, path, files.read_back)
        files.write_json(self.entries, path)


def _plain(value: object) -> float | str:
    """A value as JSON and tables have it: text, or a number of twelve significant digits."""
    if isinstance(value, str) or str(value) in ("True", "False"):
        return str(value)
    return float(f"{float(value):.12g}")


def check(entries: dict[str, dict], file: str, read: Callable[[str], str]) -> None:
    """Hold every number that is a cell of a table against that cell.

    read: path of a table → its text. Raises AuditError naming the key, for a cell that is not
    there, not one alone, or another value.
    """
    tables: dict[str, list[dict]] = {}
    for key, entry in entries.items():
        if "is" not in entry:
            continue
        at = entry["is"]
        table = at["file"]
        if table not in tables:
            tables[table] = list(csv.DictReader(io.StringIO(read(table), newline="")))
        rows = tables[table]
        columns = set(rows[0]) if rows else set()
        if unknown := {*at["row"], at["column"]} - columns:
            raise AuditError(
                f"the number '{key}' names a column that its table does not have.",
                file=table,
                found=", ".join(sorted(unknown)),
                expected=f"one of {sorted(columns)}",
                mend="change row and column where the number is added.",
            )
        found = [
            row[at["column"]]
            for row in rows
            if all(_same(wanted, row[name]) for name, wanted in at["row"].items())
        ]
        if len(found) != 1 or not _same(entry["value"], found[0]):
            raise AuditError(
                f"the number '{key}' is not the cell that it names.",
                file=table,
                column=at["column"],
                found=found[0] if len(found) == 1 else f"{len(found)} rows",
                expected=f"{entry['value']} in the one row with {_words(at['row'])}",
                mend=f"change row or column where the number is added, or leave them out: it "
                f"is then computed. Its numbers: {file}",
            )


def _same(value: float | str, cell: str) -> bool:
    if isinstance(value, str):
        return value == cell
    try:
        return value == float(f"{float(cell):.12g}")
    except ValueError:
        return False


def check_origin(
    entries: dict[str, dict], file: str, *, job: str, known: Collection[str] | None = None
) -> None:
    """Check that numbers name the job that wrote them, and only files that it read or wrote.

    known: those files, where they are known. Raises AuditError naming the key.
    """
    for key, entry in entries.items():
        if entry["job"] != job or not isinstance(entry["cell"], int):
            raise AuditError(
                f"the number '{key}' names another job than the one that gave it, or no cell.",
                file=file,
                found=f"{entry['job']}, cell {entry['cell']}",
                expected=f"{job}, and the number of a cell",
                mend=f"make it again: snakemake {file} --force",
            )
        strange = [] if known is None else sorted(set(files_of(entry)) - set(known))
        if strange:
            raise AuditError(
                f"the number '{key}' comes from a file that {job} neither reads nor writes.",
                file=file,
                found=", ".join(strange),
                expected="one of " + ", ".join(sorted(known)),
                mend="name a file of this job where the number is added.",
            )


def files_of(entry: dict) -> list[str]:
    """The files that a number is a cell of, or was computed from."""
    return [entry["is"]["file"]] if "is" in entry else entry["from"]


def origin(entry: dict, *, most: int | None = None) -> str:
    """Where a number comes from, in words: the cell that it is, or what computed it.

    most: so many tables are named, more are counted.
    """
    by = f"cell {entry['cell']} of {entry['job']}"
    if "is" not in entry:
        sources = [path.removeprefix("data/processed/") for path in entry["from"]]
        if most is not None and len(sources) > most:
            return f"computed in {by} from {len(sources)} tables"
        return f"computed in {by}" + (f" from {', '.join(sources)}" if sources else "")
    at = entry["is"]
    where = f" where {_words(at['row'])}" if at["row"] else ""
    return f"{at['column']}{where} in {at['file'].removeprefix('data/processed/')}, by {by}"


def _words(row: dict) -> str:
    shown = {name: f"{one:g}" if isinstance(one, float) else one for name, one in row.items()}
    return ", ".join(f"{name} = {one}" for name, one in shown.items())


def merge(paths: Iterable[str | Path]) -> dict[str, dict]:
    """Merge the numbers of several notebooks. Raises AuditError for a key in two files, and
    for a number that names another job than that of its file (…/group/numbers/name.json)."""
    merged: dict[str, dict] = {}
    for path in map(Path, paths):
        entries = json.loads(path.read_text(encoding="utf-8"))
        job = f"{path.parent.parent.name}/{path.stem}"
        check_origin(entries, str(path), job=job)
        for key, entry in entries.items():
            if key in merged:
                raise AuditError(
                    f"the number '{key}' comes from two notebooks.",
                    file=path,
                    found=entry["job"],
                    expected=f"only {merged[key]['job']}",
                    mend="rename one of them.",
                )
            merged[key] = entry
    return merged


def read(path: str | Path) -> dict[str, dict]:
    """A numbers.json as written."""
    return json.loads(files.source(path).read_text(encoding="utf-8"))
