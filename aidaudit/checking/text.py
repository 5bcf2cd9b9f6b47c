"""Tables, JSON and text: by cells, values and lines, however they are spelt."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

from aidaudit.checking.base import MOST_LINES, Archive, Finding, shared

MOST_CELL = 10_000_000


def decoded(content: bytes) -> str | None:
    """UTF-8 text, or None where it is none."""
    if b"\x00" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def is_table(content: bytes) -> bool:
    """Whether the first line has a delimiter of tables."""
    text = decoded(content)
    return text is not None and any(mark in text.partition("\n")[0] for mark in ",;\t")


def delimiter_of(text: str) -> str:
    """What parts the cells of a table, judged by its first line."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def rows_of(text: str) -> list[list[str]] | None:
    """The cells of a table, whatever the delimiter and line ends; None where it is none.

    Empty lines are rows too. Quotes that programs read in different ways make it none.
    """
    csv.field_size_limit(MOST_CELL)
    lines = io.StringIO(text, newline="")
    try:
        return [
            [cell.replace("\r\n", "\n") for cell in row]
            for row in csv.reader(lines, delimiter=delimiter_of(text), strict=True)
        ]
    except csv.Error:
        return None


# As programs write numbers; others, such as 007, +5 or ٥, are words or show something else.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,4})?")
_LONGEST = 100


def number(cell: str) -> tuple[bool, Decimal] | None:
    """A cell's number with its sign, which zero has too; None where it is no number."""
    if len(cell) > _LONGEST or not _NUMBER.fullmatch(cell):
        return None
    return cell.startswith("-"), Decimal(cell)


def equal(one: str, two: str) -> bool:
    """Whether two cells say the same: the same text, or exactly the same number."""
    return one == two or (number(one) is not None and number(one) == number(two))


_COMMA = re.compile(r"(-?(?:0|[1-9][0-9]*)),([0-9]+(?:[eE][-+]?[0-9]{1,4})?)")
_POINT = re.compile(r"-?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?")


def with_points(rows: list[list[str]]) -> list[list[str]]:
    """Rows with decimal points where a program wrote commas; one that mixes them is left.

    So is one whose commas might all group thousands.
    """
    cells = [cell for row in rows for cell in row]
    found = [match[2] for match in map(_COMMA.fullmatch, cells) if match]
    if all(len(digits) == 3 for digits in found) or any(map(_POINT.fullmatch, cells)):
        return rows
    return [
        [cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell for cell in row]
        for row in rows
    ]


def table(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A table against all archived ones, cell by cell; None where nothing is like it."""
    text = decoded(content) or ""
    rows = rows_of(text)
    if not rows:
        return None
    # Where commas part cells, a quoted 1,234 is a thousand to most readers.
    pointed = rows if delimiter_of(text) == "," else with_points(rows)
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
    for path in archive.of_kind(".csv"):
        there = archive.read(path)
        rows = rows_of(decoded(there) or "") if there is not None else None
        # Another table with other columns is another table.
        if not rows or len(set(rows[0]) & set(mine[0])) * 2 < len(set(rows[0]) | set(mine[0])):
            continue
        if _same(mine, rows):
            return Finding("unchanged", path, how)
        score = shared(lines, Counter(map(tuple, rows)))
        best = max(best, (score, path, rows), key=lambda one: one[0])
    score, path, rows = best
    if not path or (score < 0.5 and not _near(mine, rows)):
        return None
    return Finding("altered", path, "most rows are the same", list(_cells(mine, rows)))


def _same(mine: list[list[str]], rows: list[list[str]]) -> bool:
    """Whether all cells are; in columns of numbers alone another spelling is the same."""
    if list(map(len, mine)) != list(map(len, rows)) or mine[0] != rows[0]:
        return False
    numbers = _of_numbers(rows)
    return all(
        one == two or (column in numbers and equal(one, two))
        for left, right in zip(mine[1:], rows[1:], strict=True)
        for column, (one, two) in enumerate(zip(left, right, strict=True))
    )


def _of_numbers(rows: list[list[str]]) -> set[int]:
    """Columns whose cells are all numbers or empty."""
    words = {
        column
        for row in rows[1:]
        for column, cell in enumerate(row)
        if cell and number(cell) is None
    }
    return set(range(len(rows[0]))) - words


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
    told, numbers = 0, _of_numbers(rows)
    for row, (one, two) in enumerate(zip(mine, rows, strict=True), start=1):
        if len(one) != len(two):
            yield f"row {row}: {len(one)} cells instead of {len(two)}"
        for column, (found, expected) in enumerate(zip(one, two, strict=False)):
            same = found == expected or (column in numbers and equal(found, expected))
            if not same and told < MOST_LINES - 2:
                told += 1
                name = rows[0][column] if column < len(rows[0]) else column + 1
                yield f"row {row}, column {name}: {found!r} instead of {expected!r}"


def is_json(content: bytes) -> bool:
    """Whether the bytes are JSON."""
    text = decoded(content)
    return text is not None and text.lstrip()[:1] in ("{", "[") and loaded(text) is not None


def loaded(text: str) -> object:
    """What JSON holds, or None where it is none, or programs would read it differently.

    Numbers are pairs of their type and value, which is exact.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_number,
            parse_float=lambda spelt: _exact("a fraction", spelt),
            parse_int=lambda spelt: _exact("a whole number", spelt),
        )
    except (ValueError, RecursionError):
        return None


def _exact(kind: str, spelt: str) -> tuple[str, object]:
    read = number(spelt)
    # Of a number without end or with a huge exponent each program keeps what it likes.
    return (kind, spelt if read is None else read)


def _no_number(spelt: str) -> object:
    raise ValueError(f"{spelt} is no JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict:
    """An object; a key given twice would show a person one value and us the other."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _leaves(top: object) -> Counter:
    """Every value with its place in a JSON document, as one number each.

    Good enough to say what is alike; places in words would take a hundred times the memory.
    """
    found: Counter = Counter()
    waiting = [(hash(()), top)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(hash((place, key)), part) for key, part in value.items()]
        elif isinstance(value, list) and value:
            waiting += [(hash((place, number)), part) for number, part in enumerate(value)]
        else:
            found[hash((place, type(value), str(value)))] += 1
    return found


def _unlike(mine: object, there: object) -> Iterator[str]:
    """What differs between two JSON documents, each with its place."""
    waiting = [("", mine, there)]
    while waiting:
        place, one, two = waiting.pop()
        if one == two and type(one) is type(two):
            continue
        if isinstance(one, dict) and isinstance(two, dict):
            keys = [*two, *(key for key in one if key not in two)]
            inside = [(key, one.get(key, _NOTHING), two.get(key, _NOTHING)) for key in keys]
            steps = [(_step(key), left, right) for key, left, right in inside]
        elif isinstance(one, list) and isinstance(two, list):
            most = max(len(one), len(two))
            steps = [
                (
                    f"[{n}]",
                    one[n] if n < len(one) else _NOTHING,
                    two[n] if n < len(two) else _NOTHING,
                )
                for n in range(most)
            ]
        else:
            yield f"{place.lstrip('.')}: {_spelt(one)} instead of {_spelt(two)}"
            continue
        waiting += [
            ((place + step)[-300:], left, right) for step, left, right in reversed(steps)
        ]


_NOTHING = object()


def _step(key: str) -> str:
    plain = re.fullmatch(r"[\w.-]{1,80}", key, re.ASCII)
    return f".{key}" if plain else f"[{json.dumps(key)[:80]}]"


def _spelt(value: object) -> str:
    """A value as a person is told."""
    if value is _NOTHING:
        return "nothing"
    if isinstance(value, tuple):
        return str(value[1][1] if isinstance(value[1], tuple) else value[1])[:80]
    if isinstance(value, dict | list):
        what = "object" if isinstance(value, dict) else "list"
        return f"{what} of {len(value):,}"
    return json.dumps(value)[:80]


def values(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """JSON against all archived documents, value by value; None where nothing is like it."""
    mine = loaded(decoded(content) or "")
    leaves = _leaves(mine)
    best: tuple[float, str, object] = (0.0, "", None)
    for path in archive.of_kind(".json", ".ipynb"):
        there = archive.read(path)
        known = loaded(decoded(there) or "") if there is not None else None
        if known is None:
            continue
        if known == mine:
            return Finding("unchanged", path, "the same values; only their spelling differs")
        score = shared(leaves, _leaves(known))
        best = max(best, (score, path, known), key=lambda one: one[0])
    score, path, known = best
    if score < 0.5:
        return None
    told = [*islice(_unlike(mine, known), MOST_LINES)]
    return Finding("altered", path, "most values are the same", told)


def is_text(content: bytes) -> bool:
    """Whether the bytes are UTF-8 text."""
    return decoded(content) is not None


def lines(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """Text against all archived pages, line by line; None where nothing is like it."""
    mine = _lines(content)
    suffixes = (".html",) if b"<html" in content[:2048].lower() else (".md", ".txt", ".html")
    best: tuple[float, str, list[str]] = (0.0, "", [])
    for path in archive.of_kind(*suffixes):
        there = archive.read(path)
        lines = _lines(there) if there is not None else []
        if any(lines) and lines == mine:
            return Finding("unchanged", path, "the same lines; only their ends differ")
        score = shared(Counter(mine), Counter(lines))
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


def _lines(content: bytes) -> list[str]:
    """Lines as browsers and editors part them: other marks of ends are letters to a program."""
    text = (decoded(content) or "").replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _around(one: str, two: str) -> str:
    """Two lines from a little before the place where they begin to differ."""
    same = next(
        (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    start = max(0, same - 25)
    return f"{one[start : same + 35]!r} instead of {two[start : same + 35]!r}"
