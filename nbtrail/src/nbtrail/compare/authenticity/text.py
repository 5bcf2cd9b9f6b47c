"""Tables, JSON and text: by cells, values and lines, however they are spelt."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

from nbtrail.base import foreign
from nbtrail.compare.authenticity.base import MOST_LINES, Archive, Finding, shared

MOST_CELL = 10_000_000


def decoded(content: bytes, file: str | Path = foreign.UNNAMED) -> str | None:
    """UTF-8 text, or None where it is none. Raises AuditError for too much of it."""
    return foreign.text(content, file)


def _of_table(content: bytes, file: str | Path = foreign.UNNAMED) -> str | None:
    """As `decoded`; also UTF-16 that is marked as such, which is Excel's 'Unicode text'."""
    if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        try:
            # One mark is taken away; a second one belongs to the first cell.
            content = content.decode("utf-16").encode("utf-8-sig")
        except UnicodeError:
            return None
    return decoded(content, file)


def is_table(content: bytes) -> bool:
    """Whether the first line has a delimiter of tables."""
    text = _of_table(content)
    return text is not None and any(mark in text.partition("\n")[0] for mark in ",;\t")


def delimiter_of(text: str) -> str:
    """What parts the cells of a table, judged by its first line."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def rows_of(text: str, file: str | Path = foreign.UNNAMED) -> list[list[str]] | None:
    """The cells of a table, whatever the delimiter and line ends; None where it is none.

    Empty lines are rows too. Quotes that programs read in different ways make it none. Raises
    AuditError for one that is too large, named by file.
    """
    foreign.hold_table(text, delimiter_of(text), file)
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
    text = _of_table(content, file) or ""
    rows = rows_of(text, file)
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
    rounded = excerpt = None
    for path in archive.of_kind(".csv"):
        there = archive.read(path)
        rows = rows_of(decoded(there, path) or "", path) if there is not None else None
        # Another table with other columns is another table.
        if not rows or len(set(rows[0]) & set(mine[0])) * 2 < len(set(rows[0]) | set(mine[0])):
            continue
        if _same(mine, rows):
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


def _same(mine: list[list[str]], rows: list[list[str]]) -> bool:
    """Whether all cells are; in columns of numbers or truths alone another spelling is the
    same.
    """
    if list(map(len, mine)) != list(map(len, rows)) or mine[0] != rows[0]:
        return False
    same = _comparison(rows)
    return all(
        same(column, one, two)
        for left, right in zip(mine[1:], rows[1:], strict=True)
        for column, (one, two) in enumerate(zip(left, right, strict=True))
    )


def _comparison(rows: list[list[str]]) -> Callable[[int, str, str], bool]:
    """Says of a column whether a cell says the same as another, which stands in these rows."""
    numbers, truths = _of_numbers(rows), _of_truths(rows)

    def same(column: int, one: str, two: str) -> bool:
        return (
            one == two
            or (column in numbers and equal(one, two))
            or (column in truths and one in (two.upper(), two.lower()))
        )

    return same


def _of_numbers(rows: list[list[str]]) -> set[int]:
    """Columns whose cells are all numbers or empty."""
    words = {
        column
        for row in rows[1:]
        for column, cell in enumerate(row)
        if cell and number(cell) is None
    }
    return set(range(len(rows[0]))) - words


def _of_truths(rows: list[list[str]]) -> set[int]:
    """Columns whose cells are all True, False or empty: Excel writes TRUE."""
    columns = {column: {row[column] for row in rows[1:] if column < len(row)}
               for column in range(len(rows[0]))}  # fmt: skip
    return {column for column, found in columns.items() if found <= {"True", "False", ""}}


def _digits(cell: str) -> int:
    """How many digits after the point a number is written with; none for what is no number."""
    read = number(cell)
    return max(0, -read[1].as_tuple().exponent) if read else 0


def _rounded(mine: list[list[str]], rows: list[list[str]]) -> list[str]:
    """In which columns a table's numbers are those of another, rounded; else nothing.

    Each of a column has to be so: one short number among long ones was made by no program.
    """
    if list(map(len, mine)) != list(map(len, rows)) or mine[0] != rows[0]:
        return []
    numbers = _of_numbers(rows)
    shown: dict[int, int] = {}
    for left, right in zip(mine[1:], rows[1:], strict=True):
        for at, (one, two) in enumerate(zip(left, right, strict=True)):
            if one == two or (at in numbers and equal(one, two)):
                continue
            if at not in numbers or number(one) is None or number(two) is None:
                return []
            if _digits(one) >= _digits(two):
                return []
            shown[at] = max(shown.get(at, 0), _digits(one))
    for left, right in zip(mine[1:], rows[1:], strict=True):
        for at, most in shown.items():
            one, two = number(left[at]), number(right[at])
            if one is None or two is None:
                continue
            # Programs leave out zeros at the end; what is left is still rounded to as many.
            if _digits(left[at]) > most or abs(one[1] - two[1]) * 2 > Decimal(1).scaleb(-most):
                return []
    return [
        f"column {rows[0][at]} is rounded; digits after the point: {most}"
        for at, most in sorted(shown.items())
    ]


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
    told, same = 0, _comparison(rows)
    for row, (one, two) in enumerate(zip(mine, rows, strict=True), start=1):
        if len(one) != len(two):
            yield f"row {row}: {len(one)} cells instead of {len(two)}"
        for column, (found, expected) in enumerate(zip(one, two, strict=False)):
            if not same(column, found, expected) and told < MOST_LINES - 2:
                told += 1
                name = rows[0][column] if column < len(rows[0]) else column + 1
                yield f"row {row}, column {name}: {found!r} instead of {expected!r}"


def is_json(content: bytes) -> bool:
    """Whether the bytes begin as JSON does."""
    text = decoded(content)
    return text is not None and text.lstrip()[:1] in ("{", "[")


def loaded(text: str, file: str | Path = foreign.UNNAMED) -> object:
    """What JSON holds, or None where it is none, or programs would read it differently.

    Numbers are pairs of their type and value, which is exact. Raises AuditError for one that is
    too large, named by file.
    """
    try:
        return foreign.json(
            text.encode(),
            file,
            parse_constant=_no_number,
            parse_float=lambda spelt: _exact("a fraction", spelt),
            parse_int=lambda spelt: _exact("a whole number", spelt),
        )
    except ValueError:
        return None


def _exact(kind: str, spelt: str) -> tuple[str, object]:
    read = number(spelt)
    # Of a number without end or with a huge exponent each program keeps what it likes.
    return (kind, spelt if read is None else read)


def _no_number(spelt: str) -> object:
    raise ValueError(f"{spelt} is no JSON")


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
    """JSON against all archived documents, value by value; None where nothing is like it, or
    where it is none.
    """
    mine = loaded(decoded(content, file) or "", file)
    if mine is None:
        return None
    leaves = _leaves(mine)
    best: tuple[float, str, object] = (0.0, "", None)
    for path in archive.of_kind(".json", ".ipynb"):
        there = archive.read(path)
        known = loaded(decoded(there, path) or "", path) if there is not None else None
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
    mine = _lines(content, file)
    counted = Counter(mine)
    suffixes = (".html",) if b"<html" in content[:2048].lower() else (".md", ".txt", ".html")
    best: tuple[float, str, list[str]] = (0.0, "", [])
    for path in archive.of_kind(*suffixes):
        there = archive.read(path)
        lines = _lines(there, path) if there is not None else []
        if any(lines) and lines == mine:
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


def _lines(content: bytes, file: str | Path) -> list[str]:
    """Lines as browsers and editors part them: other marks of ends are letters to a program."""
    text = (decoded(content, file) or "").replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _around(one: str, two: str) -> str:
    """Two lines from a little before the place where they begin to differ."""
    same = next(
        (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    start = max(0, same - 25)
    return f"{one[start : same + 35]!r} instead of {two[start : same + 35]!r}"
