"""What a difference consists of, and the two sides that it is between."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from itertools import chain

from nbtrail.base import digits


@dataclass(frozen=True)
class Side:
    """The outputs of one build.

    name: how a person is told of it. hashes: path → sha256 of every output that is compared.
    read: path → bytes, or None where they are not at hand. hint: what else is known of an
    output whose bytes are not, or an empty text.
    """

    name: str
    hashes: Mapping[str, str]
    read: Callable[[str], bytes | None]
    hint: Callable[[str], str] = lambda path: ""


@dataclass(frozen=True)
class Change:
    """Something that changed. names: what a person may call it when it was expected.

    what: 'added', 'removed' or 'changed'. size: by which it is sorted, in %; infinite for
    what has no percentage.
    """

    names: frozenset[str]
    what: str
    size: float


@dataclass(frozen=True)
class Number(Change):
    """A number of the report; key is variant:key, relative is in % of the old value."""

    key: str
    old: str | None
    new: str | None
    relative: float | None


@dataclass(frozen=True)
class Verdict(Change):
    """A claim in one variant; also: other columns of its row that differ."""

    claim: str
    variant: str
    paraphrase: str
    old_verdict: str | None
    new_verdict: str | None
    old: str | None
    new: str | None
    relative: float | None
    also: tuple[str, ...]

    @property
    def flipped(self) -> bool:
        """Whether the verdict itself is another."""
        return self.old_verdict != self.new_verdict


@dataclass(frozen=True)
class Cell:
    """A value in a row of both sides, or a word of a figure; relative is in %."""

    row: str
    column: str
    old: str | None
    new: str | None
    relative: float | None


@dataclass(frozen=True)
class Table(Change):
    """A table: how many rows differ, and the cells and rows that differ most.

    by: the columns that tell rows apart; empty where whole rows are compared. note: what
    else is another, such as the order. claims: those whose rows differ.
    """

    path: str
    by: tuple[str, ...]
    rows_added: int
    rows_removed: int
    rows_changed: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    note: str
    cells: tuple[Cell, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    claims: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Figure(Change):
    """A figure or table of the report: its drawings (SVG), words, and the data it shows."""

    id: str
    title: str
    drawn: bool
    old: bytes | None
    new: bytes | None
    old_alt: str
    new_alt: str
    words: tuple[Cell, ...]
    table: Table | None


@dataclass(frozen=True)
class Other(Change):
    """An output that is none of these; only that it differs is told."""

    path: str


@dataclass(frozen=True)
class Uncompared(Change):
    """An output that differs in its bytes, and cannot be compared; why, in words."""

    path: str
    why: str


@dataclass(frozen=True)
class Difference:
    """Everything that changed from old to new; each kind sorted, the largest change first.

    same_content: how many outputs have other bytes, but say the same: made by other code, or
    spelt otherwise.
    """

    old: str
    new: str
    numbers: tuple[Number, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    others: tuple[Other, ...] = ()
    uncompared: tuple[Uncompared, ...] = ()
    same_content: int = 0

    def changes(self) -> list[Change]:
        """All that is known to have changed, in order of kinds."""
        kinds = (self.numbers, self.verdicts, self.figures, self.tables, self.others)
        return list(chain(*kinds))

    def only(self, wanted: Callable[[Change], bool]) -> Difference:
        """The part of it that is wanted."""
        kinds = {
            field.name: tuple(one for one in value if wanted(one))
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), tuple)
        }
        return replace(self, **kinds)


class Unreadable(ValueError):
    """An output that is not what its name says."""


def relative(old: object, new: object) -> float | None:
    """The change in % of the old value's size; None for text, null, or a change from zero."""
    try:
        was, now = float(old), float(new)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    if isinstance(old, bool) or isinstance(new, bool) or was == 0:
        return None
    change = (now - was) / abs(was) * 100
    return change if math.isfinite(change) else None


def size(change: float | None) -> float:
    """What a relative change is sorted by: what has none comes first."""
    return math.inf if change is None else abs(change)


def short(text: str) -> str:
    """A cell as a person reads it: six digits, a true minus sign, and null in words."""
    if text == "":
        return "no value"
    try:
        value = digits.number(text)
    except ValueError:
        return text
    if not math.isfinite(value):
        return text
    shown = f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:.6g}"
    return shown.replace("-", "−")


def both(old: str, new: str) -> tuple[str, str]:
    """Two cells as a person reads them; in full where six digits would hide the change."""
    pair = short(old), short(new)
    return pair if pair[0] != pair[1] else (old, new)
