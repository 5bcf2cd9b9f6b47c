"""What may be wrong with a CSV, each as a change to a good one: cells, text or bytes.

A change returns what must come of it, as in `workbooks`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import assume
from hypothesis import strategies as st

from mutations import base
from mutations.workbooks import ACCEPT, EITHER, REFUSE, Draw, _flipped, _of, _shortened


@dataclass
class Grid:
    """A CSV in the making; `needed` and `numbers` are the columns so read."""

    header: list[str]
    rows: list[list[str]]
    needed: list[str]
    numbers: list[str]
    # Whether a reader of upstream files takes it, which allows more than our own tables.
    upstream: bool
    register: str | None = None
    separator: str = ","
    newline: str = "\n"
    text: list[Callable[[str], str]] = field(default_factory=list)
    data: list[Callable[[bytes], bytes]] = field(default_factory=list)

    def bytes(self) -> bytes:
        """As the file is written."""
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.separator, lineterminator=self.newline)
        writer.writerows([self.header, *self.rows])
        text = stream.getvalue()
        for change in self.text:
            text = change(text)
        data = text.encode()
        for change in self.data:
            data = change(data)
        return data

    def at(self, column: str) -> int:
        """The place of a column."""
        return self.header.index(column)


def _cell(
    draw: Draw, grid: Grid, columns: list[str], *, filled: bool = True
) -> tuple[int, int]:
    assume(columns)
    at = grid.at(_of(draw, columns))
    rows = [n for n, row in enumerate(grid.rows) if row[at] or not filled]
    assume(rows)
    return _of(draw, rows), at


# ---------------------------------------------------------------- columns


def column_dropped(draw: Draw, grid: Grid) -> str:
    at = grid.at(_of(draw, grid.needed))
    for row in (grid.header, *grid.rows):
        del row[at]
    return REFUSE


def column_renamed(draw: Draw, grid: Grid) -> str:
    at = grid.at(_of(draw, grid.needed))
    name = grid.header[at]
    grid.header[at] = _of(draw, [name.upper(), name + "s", name[:-1], "x", "", f"{name}_2"])
    return REFUSE


def columns_reordered(draw: Draw, grid: Grid) -> str:
    order = draw(st.permutations(range(len(grid.header))))
    assume(order != sorted(order))
    grid.header[:] = [grid.header[at] for at in order]
    grid.rows = [[row[at] for at in order] for row in grid.rows]
    return ACCEPT if grid.upstream else REFUSE


def column_twice(draw: Draw, grid: Grid) -> str:
    at = grid.at(_of(draw, grid.needed))
    for row in (grid.header, *grid.rows):
        row.append(row[at])
    return REFUSE


def column_that_nobody_knows(draw: Draw, grid: Grid) -> str:
    at = draw(st.integers(0, len(grid.header)))
    name = draw(st.text("abcdefgh", min_size=10, max_size=10))
    for row in (grid.header, *grid.rows):
        row.insert(at, name)
    return ACCEPT if grid.upstream else REFUSE


def header_left_out(draw: Draw, grid: Grid) -> str:
    assume(grid.rows)
    grid.header = grid.rows.pop(0)
    return REFUSE


# ---------------------------------------------------------------- values


def comma_for_a_point(draw: Draw, grid: Grid) -> str:
    assume(grid.numbers)
    at = grid.at(_of(draw, grid.numbers))
    rows = [row for row in grid.rows if "." in row[at]]
    assume(rows)
    for row in rows if draw(st.booleans()) else [_of(draw, rows)]:
        row[at] = row[at].replace(".", ",")
    return REFUSE


def thousands_grouped(draw: Draw, grid: Grid) -> str:
    row, at = _cell(draw, grid, grid.numbers)
    value = float(grid.rows[row][at])
    assume(abs(value) >= 1000)
    grid.rows[row][at] = (
        _of(draw, ["{:,.0f}", "{:_.0f}"])
        .format(value)
        .replace("_", _of(draw, ["_", " ", "'", "\xa0"]))
    )
    return REFUSE


def words_for_a_number(draw: Draw, grid: Grid) -> str:
    row, at = _cell(draw, grid, grid.numbers, filled=False)
    words = [
        "n/k",
        "-",
        "inf",
        "1e999",
        "0x10",
        "1_0",
        "5 %",
        "€5",
        "=1+1",
        "True",
        "--1",
        "١٢",
    ]
    grid.rows[row][at] = _of(draw, words)
    return REFUSE


def another_unit(draw: Draw, grid: Grid) -> str:
    assume(grid.numbers)
    at, factor = grid.at(_of(draw, grid.numbers)), _of(draw, [1e3, 1e6, 1e-3, 1e-6])
    rows = [row for row in grid.rows if row[at]]
    assume(rows)
    for row in rows if draw(st.booleans()) else [_of(draw, rows)]:
        row[at] = repr(float(row[at]) * factor)
    return EITHER


def another_sign(draw: Draw, grid: Grid) -> str:
    row, at = _cell(draw, grid, grid.numbers)
    assume(float(grid.rows[row][at]))
    grid.rows[row][at] = repr(-float(grid.rows[row][at]))
    return EITHER


def another_number(draw: Draw, grid: Grid) -> str:
    row, at = _cell(draw, grid, grid.numbers, filled=False)
    numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**20), 10**20)
    grid.rows[row][at] = repr(draw(numbers))
    return EITHER


def cell_left_out(draw: Draw, grid: Grid) -> str:
    row, at = _cell(draw, grid, grid.header)
    grid.rows[row][at] = ""
    return EITHER


def another_word(draw: Draw, grid: Grid) -> str:
    words = [name for name in grid.header if name not in grid.numbers]
    assume(words)
    row, at = _cell(draw, grid, words)
    word = grid.rows[row][at]
    assume(any(letter.isalpha() for letter in word))
    grid.rows[row][at] = _of(draw, [word.swapcase(), word[1:], word + "x", "Atlantis", "Total"])
    return REFUSE if grid.header[at] == grid.register else EITHER


def days_in_another_order(draw: Draw, grid: Grid) -> str:
    iso = re.compile(r"\d{4}-\d{2}-\d{2}")
    places = [
        (n, at) for n, row in enumerate(grid.rows) for at, cell in enumerate(row)
        if iso.fullmatch(cell) and grid.header[at] not in grid.numbers
    ]  # fmt: skip
    assume(places)
    row, at = _of(draw, places)
    # The tracker writes words in the place of days; months are what counts.
    words = grid.header[at] == "announcement_date"
    year, month, day = grid.rows[row][at].split("-")
    grid.rows[row][at] = _of(
        draw, [f"{day}/{month}/{year}", f"{month}/{day}/{year}", f"{day}.{month}.{year}"]
    )
    return EITHER if words else REFUSE


def long_text(draw: Draw, grid: Grid) -> str:
    words = [name for name in grid.header if name not in grid.numbers and name in grid.needed]
    assume(words)
    row, at = _cell(draw, grid, words, filled=False)
    grid.rows[row][at] = "x" * _of(draw, [1_001, 40_000, 99_999, 150_000, 1_000_000])
    return REFUSE


def hostile_text(draw: Draw, grid: Grid) -> str:
    words = [name for name in grid.header if name not in grid.numbers]
    assume(words)
    row, at = _cell(draw, grid, words)
    hostile = [
        "<script>alert(1)</script>", "{{number:x}}", "$(touch x)", "../../x", "%s%n{0}", '"x"',
        "'; drop table", "=HYPERLINK(1)", "a\nb", "\ufeffx", "#import", "| a |", "a, b",
    ]  # fmt: skip
    grid.rows[row][at] = _of(draw, hostile)
    return REFUSE if grid.header[at] == grid.register else EITHER


# ---------------------------------------------------------------- rows


def row_repeated(draw: Draw, grid: Grid) -> str:
    at = draw(st.integers(0, len(grid.rows) - 1))
    grid.rows.insert(draw(st.integers(0, len(grid.rows))), list(grid.rows[at]))
    return EITHER


def rows_left_out(draw: Draw, grid: Grid) -> str:
    first = draw(st.integers(0, len(grid.rows) - 1))
    last = draw(st.integers(first, len(grid.rows) - 1))
    del grid.rows[first : last + 1]
    return EITHER


def rows_in_another_order(draw: Draw, grid: Grid) -> str:
    chance = draw(st.randoms(use_true_random=False))
    chance.shuffle(grid.rows)
    return EITHER


def row_of_another_length(draw: Draw, grid: Grid) -> str:
    row = grid.rows[draw(st.integers(0, len(grid.rows) - 1))]
    if draw(st.booleans()):
        row.insert(draw(st.integers(0, len(row))), draw(st.sampled_from(["", "0", "x"])))
    else:
        del row[draw(st.integers(0, len(row) - 1))]
    return REFUSE


def blank_lines(draw: Draw, grid: Grid) -> str:
    grid.rows.insert(draw(st.integers(0, len(grid.rows))), [])
    return ACCEPT if grid.upstream else REFUSE


# ---------------------------------------------------------------- files


def other_separator(draw: Draw, grid: Grid) -> str:
    assume(len(grid.header) > 1)
    grid.separator = _of(draw, [";", "\t", "|"])
    return REFUSE


def other_line_ends(draw: Draw, grid: Grid) -> str:
    grid.newline = _of(draw, ["\r\n", "\r"])
    return ACCEPT


def byte_order_mark(draw: Draw, grid: Grid) -> str:
    grid.data.append(lambda data: b"\xef\xbb\xbf" + data)
    return ACCEPT


def other_encoding(draw: Draw, grid: Grid) -> str:
    encoding = _of(draw, ["latin-1", "cp1252", "utf-16", "utf-32"])
    if encoding in ("latin-1", "cp1252"):
        words = [name for name in grid.header if name not in grid.numbers]
        assume(words)
        row, at = _cell(draw, grid, words)
        grid.rows[row][at] = "Türkiye"
    grid.data.append(lambda data: data.decode().encode(encoding, "replace"))
    return REFUSE


def nul_byte(draw: Draw, grid: Grid) -> str:
    share = draw(st.floats(0, 1))

    def put(data: bytes) -> bytes:
        at = int(len(data) * share)
        return data[:at] + b"\0" + data[at:]

    grid.data.append(put)
    return REFUSE


def stray_quote(draw: Draw, grid: Grid) -> str:
    share = draw(st.floats(0, 1))

    def put(text: str) -> str:
        at = int(len(text) * share)
        return f'{text[:at]}"{text[at:]}'

    grid.text.append(put)
    return EITHER


def cut_short(draw: Draw, grid: Grid) -> str:
    grid.data.append(_shortened(draw, 0.999))
    return EITHER


def byte_changed(draw: Draw, grid: Grid) -> str:
    grid.data.append(_flipped(draw))
    return EITHER


KINDS: dict[str, Callable[[Draw, Grid], str]] = base.kinds(globals())
