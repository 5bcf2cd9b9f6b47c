"""Tables, JSON and text: by cells, values and lines, however they are spelt."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aidaudit import foreign
from aidaudit.checking.base import MOST_LINES, Archive, Finding, shared

MOST_CELL = 10_000_000


def decoded(content: bytes, file: str | Path = foreign.UNNAMED) -> str | None:
    """UTF-8 or, marked as such, UTF-16 text, or None where it is none.

    Raises AuditError for too much of it.
    """
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError:
            return None
    return foreign.text(content, file)


def is_table(content: bytes) -> bool:
    """Whether the first line has a delimiter of tables."""
    text = decoded(content)
    return text is not None and any(mark in text.partition("\n")[0] for mark in ",;\t")


def rows_of(text: str, file: str | Path = foreign.UNNAMED) -> list[list[str]] | None:
    """The cells of a table, whatever the delimiter and line ends; None where it is none.

    Raises AuditError for one that is too large, named by file.
    """
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    foreign.hold_table(text, delimiter, file)
    csv.field_size_limit(MOST_CELL)
    try:
        return [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
        ]
    except csv.Error:
        return None


def equal(one: str, two: str) -> bool:
    """Whether two cells say the same: the same text, truth or exactly the same number."""
    if one == two:
        return True
    left, right = _number(one), _number(two)
    if left is None or right is None:
        return one.lower() == two.lower() and one.lower() in ("true", "false")
    return left == right


def _number(cell: str) -> Decimal | None:
    """A cell's number, or None where it is none."""
    # Decimal would take 5_6 for 56, and the digits of other scripts for ours.
    if not cell.isascii() or "_" in cell:
        return None
    try:
        number = Decimal(cell)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _digits(number: Decimal) -> int:
    """How many digits after the point are written."""
    return max(0, -number.as_tuple().exponent)


def _rounded(mine: list[list[str]], rows: list[list[str]]) -> list[str]:
    """In which columns a table's numbers are those of another, rounded; else nothing.

    Each of a column has to be so: one short number among long ones was made by no program.
    """
    shown: dict[int, int] = {}
    for left, right in zip(mine, rows, strict=True):
        for at, (one, two) in enumerate(zip(left, right, strict=True)):
            if equal(one, two):
                continue
            number, whole = _number(one), _number(two)
            if number is None or whole is None or _digits(number) >= _digits(whole):
                return []
            if abs(number - whole) * 2 > Decimal(1).scaleb(-_digits(number)):
                return []
            shown[at] = max(shown.get(at, 0), _digits(number))
    for row in mine[1:]:
        if any((_digits(_number(row[at]) or Decimal(0))) > most for at, most in shown.items()):
            return []
    return [
        f"column {rows[0][at]} is rounded; digits after the point: {most}"
        for at, most in sorted(shown.items())
    ]


_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)
_POINT = re.compile(r"[-+]?[0-9]+\.[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)


def with_points(rows: list[list[str]]) -> list[list[str]]:
    """Rows with decimal points where a program wrote commas; one that mixes them is left."""
    cells = [cell for row in rows for cell in row]
    if not any(map(_COMMA.fullmatch, cells)) or any(map(_POINT.fullmatch, cells)):
        return rows
    return [
        [cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in row]
        for row in rows
    ]


def table(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A table against all archived ones, cell by cell; None where nothing is like it."""
    rows = rows_of(decoded(content, file) or "", file)
    if not rows:
        return None
    pointed = with_points(rows)
    how = "the same cells; only their spelling, delimiters or line ends differ"
    if pointed is not rows:
        how = "the same values, other format: decimal commas"
    return cells(pointed, archive, how)


def cells(mine: list[list[str]], archive: Archive, how: str) -> Finding | None:
    """Rows of cells against all archived tables; None where nothing is like them.

    how: what to say where all cells are the same.
    """
    if len(mine) < 2:
        return None
    lines = Counter(map(tuple, mine))
    best: tuple[float, str, list[list[str]]] = (0.0, "", [])
    rounded = excerpt = None
    for path in archive.of_kind(".csv"):
        there = archive.read(path)
        rows = rows_of(decoded(there, path) or "", path) if there is not None else None
        # Another table with other columns is another table.
        if not rows or len(set(rows[0]) & set(mine[0])) * 2 < len(set(rows[0]) | set(mine[0])):
            continue
        if list(map(len, rows)) == list(map(len, mine)):
            if all(all(map(equal, one, two)) for one, two in zip(mine, rows, strict=True)):
                return Finding("unchanged", path, how)
            if rounded is None and (told := _rounded(mine, rows)):
                rounded = Finding("lossy", path, "the same table, with rounded numbers", told)
        there_too = Counter(map(tuple, rows))
        score = shared(lines, there_too)
        best = max(best, (score, path, rows), key=lambda one: one[0])
        if excerpt is None and not lines - there_too:
            how_many = [f"{len(mine) - 1:,} rows instead of {len(rows) - 1:,}"]
            words = "all its rows are in this table, which has more"
            excerpt = Finding("altered", path, words, how_many)
    if rounded is not None:
        return rounded
    score, path, rows = best
    if score < 0.5 and excerpt is not None:
        return excerpt
    if not path or (score < 0.5 and not _near(mine, rows)):
        return None
    return Finding("altered", path, "most rows are the same", list(_cells(mine, rows)))


def _near(mine: list[list[str]], rows: list[list[str]]) -> bool:
    """Whether most cells agree in place, though few whole rows do."""
    if mine[0] != rows[0] or len(mine) != len(rows):
        return False
    pairs = [
        equal(one, two)
        for left, right in zip(mine, rows, strict=True)
        for one, two in zip(left, right, strict=False)
    ]
    return sum(pairs) >= 0.5 * len(pairs)


def _cells(mine: list[list[str]], rows: list[list[str]]) -> Iterator[str]:
    """The first differences of two tables."""
    left, right = Counter(map(tuple, mine)), Counter(map(tuple, rows))
    if left == right:
        yield "the same rows in another order"
        return
    if mine[0] != rows[0]:
        yield f"other columns: {', '.join(mine[0])} instead of {', '.join(rows[0])}"
    if len(mine) != len(rows):
        yield f"{len(mine) - 1:,} rows instead of {len(rows) - 1:,}"
        for what, part in (("added", left - right), ("missing", right - left)):
            yield from (f"{what}: {', '.join(row)[:120]}" for row in list(part)[:4])
        return
    told = 0
    for number, (one, two) in enumerate(zip(mine, rows, strict=True), start=1):
        for column, (found, expected) in enumerate(zip(one, two, strict=False)):
            if not equal(found, expected) and told < MOST_LINES - 2:
                told += 1
                name = rows[0][column]
                yield f"row {number}, column {name}: {found!r} instead of {expected!r}"


def is_json(content: bytes) -> bool:
    """Whether the bytes are JSON."""
    return content[:4096].lstrip()[:1] in (b"{", b"[") and loaded(content) is not None


def loaded(content: bytes, file: str | Path = foreign.UNNAMED) -> object:
    """What JSON holds, or None where it is none, or gives a key twice.

    Raises AuditError for one that is too large, named by file.
    """
    try:
        return foreign.json(content, file)
    except ValueError:
        return None


def _leaves(value: object, file: str | Path) -> dict[str, str]:
    """Every value, as JSON spells it, under its place in a document."""
    return {
        place: json.dumps(one, ensure_ascii=False) for place, one in foreign.leaves(value, file)
    }


def values(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """JSON against all archived documents, value by value; None where nothing is like it."""
    mine = _leaves(loaded(content, file), file)
    counted = Counter(mine.items())
    best: tuple[float, str, dict] = (0.0, "", {})
    for path in archive.of_kind(".json", ".ipynb"):
        there = archive.read(path)
        if there is None:
            continue
        leaves = _leaves(loaded(there, path), path)
        if leaves == mine:
            return Finding("unchanged", path, "the same values; only their spelling differs")
        score = shared(counted, Counter(leaves.items()))
        best = max(best, (score, path, leaves), key=lambda one: one[0])
    score, path, leaves = best
    if score < 0.5:
        return None
    told = [
        f"{place.lstrip('.')}: {mine.get(place, 'missing')[:80]} instead of "
        f"{leaves.get(place, 'nothing')[:80]}"
        for place in [*leaves, *(place for place in mine if place not in leaves)]
        if mine.get(place) != leaves.get(place)
    ]
    return Finding("altered", path, "most values are the same", told[:MOST_LINES])


def is_text(content: bytes) -> bool:
    """Whether the bytes are UTF-8 text."""
    return decoded(content) is not None


def lines(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """Text against all archived pages, line by line; None where nothing is like it."""
    mine = (decoded(content, file) or "").splitlines()
    counted = Counter(mine)
    suffixes = (".html",) if b"<html" in content[:2048].lower() else (".md", ".txt", ".html")
    best: tuple[float, str, list[str]] = (0.0, "", [])
    for path in archive.of_kind(*suffixes):
        there = archive.read(path)
        lines = (decoded(there, path) or "").splitlines() if there is not None else []
        if lines and lines == mine:
            return Finding("unchanged", path, "the same lines; only their ends differ")
        score = shared(counted, Counter(lines))
        best = max(best, (score, path, lines), key=lambda one: one[0])
    score, path, lines = best
    if score < 0.5:
        return None
    told = [
        f"line {number}: {_around(one, two)}"
        for number, (one, two) in enumerate(zip(mine, lines, strict=False), start=1)
        if one != two
    ]
    if len(mine) != len(lines):
        told.insert(0, f"{len(mine):,} lines instead of {len(lines):,}")
    return Finding("altered", path, "most lines are the same", told[:MOST_LINES])


def _around(one: str, two: str) -> str:
    """Two lines from a little before the place where they begin to differ."""
    same = next(
        (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    start = max(0, same - 25)
    return f"{one[start : same + 35]!r} instead of {two[start : same + 35]!r}"
