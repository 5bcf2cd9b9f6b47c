"""Two states of a table: which rows and cells differ.

Rows are matched by the key of the table's schema, or else by the fewest leading columns that
tell rows apart on both sides, or else whole. An empty cell is null, which is no zero.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import PurePosixPath

from nbtrail.base import digits
from nbtrail.base.project import project
from nbtrail.compare.authenticity import text
from nbtrail.compare.diff.model import Cell, Table, Unreadable, both, relative, short, size

MOST = 10
Row = dict[str, str]


def read(content: bytes, path: str) -> tuple[list[str], list[Row]]:
    """Header and rows of a CSV. Raises Unreadable where cells and columns do not match."""
    decoded = text.decoded(content, path)
    lines = text.rows_of(decoded, path) if decoded is not None else None
    if not lines:
        raise Unreadable("it is no table")
    header = lines[0]
    if len(set(header)) < len(header) or any(len(line) != len(header) for line in lines):
        raise Unreadable("its cells do not match its columns")
    return header, [dict(zip(header, line, strict=True)) for line in lines[1:]]


def table(
    path: str, was: bytes | None, now: bytes | None, names: frozenset[str]
) -> Table | None:
    """What differs between two states of a table; None where they say the same.

    was, now: CSV, or None where there is no such table. Raises Unreadable.
    """
    old_header, old = read(was, path) if was is not None else ([], [])
    new_header, new = read(now, path) if now is not None else ([], [])
    shared = [column for column in old_header if column in new_header]
    if was is None or now is None:
        shared = old_header or new_header
    by = _key(path, shared, old, new) if was is not None and now is not None else []
    if by:
        changed, cells = _cells(shared, by, old, new)
        before, after = {_of(row, by) for row in old}, {_of(row, by) for row in new}
        removed = [row for row in old if _of(row, by) not in after]
        added = [row for row in new if _of(row, by) not in before]
    else:
        changed, cells = [], []
        removed, added = _minus(old, new, shared), _minus(new, old, shared)
    gone = [column for column in old_header if column not in shared]
    come = [column for column in new_header if column not in shared]
    note = ""
    if not (changed or removed or added or gone or come):
        if [_of(row, by or shared) for row in old] != [_of(row, by or shared) for row in new]:
            note = "the same rows in another order"
        elif old_header != new_header:
            note = "the same columns in another order"
        else:
            return None
    cells.sort(key=lambda cell: -size(cell.relative))
    touched = [*changed, *removed, *added]
    return Table(
        names=names,
        what="added" if was is None else "removed" if now is None else "changed",
        size=size(cells[0].relative) if cells and not (removed or added) else size(None),
        path=path,
        by=tuple(by),
        rows_added=len(added),
        rows_removed=len(removed),
        rows_changed=len(changed),
        columns_added=tuple(come),
        columns_removed=tuple(gone),
        note=note,
        cells=tuple(cells[:MOST]),
        added=tuple(_said(row) for row in added[:MOST]),
        removed=tuple(_said(row) for row in removed[:MOST]),
        claims=frozenset(row["claim_id"] for row in touched if "claim_id" in row),
    )


def _cells(
    shared: list[str], by: list[str], old: list[Row], new: list[Row]
) -> tuple[list[Row], list[Cell]]:
    """Rows on both sides that differ, as they were, and their cells that do."""
    now = {_of(row, by): row for row in new}
    changed, cells = [], []
    for row in old:
        other = now.get(_of(row, by))
        differ = [c for c in shared if other and not text.equal(row[c], other[c])]
        if other and differ:
            changed.append(row)
            label = ", ".join(row[column] or "no value" for column in by)
            cells += [
                Cell(label, c, *both(row[c], other[c]), relative(row[c], other[c]))
                for c in differ
            ]
    return changed, cells


def _key(path: str, shared: list[str], old: list[Row], new: list[Row]) -> list[str]:
    """The columns that tell rows apart on both sides; empty where there are none."""
    declared = _declared(path, shared)
    if declared and all(
        len({_of(row, declared) for row in rows}) == len(rows) for rows in (old, new)
    ):
        return declared
    return _leading(shared, old, new)


def _declared(path: str, shared: list[str]) -> list[str]:
    """The key that the table's schema names, where both sides have its columns."""
    schema = project().table_of(PurePosixPath(path), shared)
    key = list(schema.key) if schema is not None and schema.key else []
    return key if set(key) <= set(shared) else []


def _leading(shared: list[str], old: list[Row], new: list[Row]) -> list[str]:
    """The fewest columns, from the first on, that tell rows apart; none with measurements.

    Rows that agree so far have one number, so that every cell is looked at once.
    """
    groups = [[0] * len(rows) for rows in (old, new)]
    for number, column in enumerate(shared[:-1], start=1):
        if any(_measured(row[column]) for rows in (old, new) for row in rows):
            return []
        for place, rows in enumerate((old, new)):
            known: dict[tuple[int, str], int] = {}
            groups[place] = [
                known.setdefault((group, row[column]), len(known))
                for group, row in zip(groups[place], rows, strict=True)
            ]
        if all(len(set(one)) == len(one) for one in groups):
            return shared[:number]
    return []


def _measured(cell: str) -> bool:
    """Whether a cell is a number with a fraction, which no row is called by."""
    try:
        digits.number(cell)
    except ValueError:
        return False
    value = Decimal(cell)
    return value != value.to_integral_value()


def _of(row: Row, columns: list[str]) -> tuple[str, ...]:
    return tuple(row[column] for column in columns)


def _minus(one: list[Row], two: list[Row], columns: list[str]) -> list[Row]:
    """Rows of one that two has not, as often as they are more."""
    rest = Counter(_of(row, columns) for row in two)
    found = []
    for row in one:
        if rest[_of(row, columns)] > 0:
            rest[_of(row, columns)] -= 1
        else:
            found.append(row)
    return found


def _said(row: Row) -> str:
    return ", ".join(f"{column} {short(cell)}" for column, cell in row.items())
