"""What a rebuild changed: numbers, verdicts, figures and tables, old against new.

`compare` is pure: two sides that give bytes by path, and out comes a `Difference`. What
changes in every build by construction, such as the hash of the code in a picture's metadata,
is no difference. Showing it is left to `telling`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.compare.authenticity import drawings, text
from nbtrail.compare.diff import rows
from nbtrail.compare.diff.builds import archived, built, committed
from nbtrail.compare.diff.expected import Split, of_claim, of_number, of_output, split
from nbtrail.compare.diff.model import (
    Cell,
    Difference,
    Figure,
    Number,
    Other,
    Side,
    Uncompared,
    Unreadable,
    Verdict,
    both,
    relative,
    short,
    size,
)
from nbtrail.compare.diff.reading import (
    claims_in,
    holds_numbers,
    json_in,
    numbers_in,
    same_json,
)
from nbtrail.record import numbers

__all__ = ["Difference", "Side", "Split", "archived", "built", "committed", "compare", "split"]
Pair = tuple[bytes | None, bytes | None]


def compare(old: Side, new: Side, paraphrases: Mapping[str, str] | None = None) -> Difference:
    """What changed from old to new. paraphrases: claim → what the article says, in words."""
    comparison = _Comparison(old, new, paraphrases or {})
    return comparison.difference()


class _Comparison:
    """Goes through the outputs that differ in their bytes, kind by kind."""

    def __init__(self, old: Side, new: Side, paraphrases: Mapping[str, str]) -> None:
        self.old, self.new, self.paraphrases = old, new, paraphrases
        self.uncompared: list[Uncompared] = []
        # Outputs in which something was found.
        self.changed: set[str] = set()
        self.pairs: dict[str, Pair] = {}
        for path in _differing(old, new):
            was, now = _content(old, path), _content(new, path)
            lost = [side for side, content in ((old, was), (new, now))
                    if content is None and path in side.hashes]  # fmt: skip
            if lost:
                self.give_up(path, f"its bytes in {lost[0].name} are not at hand")
            else:
                self.pairs[path] = (was, now)

    def give_up(self, path: str, why: str) -> None:
        """Tell that an output cannot be compared."""
        why = "; ".join(part for part in (why, self.old.hint(path)) if part)
        self.uncompared.append(
            Uncompared(of_output(path), self.what(path), size(None), path, why)
        )
        self.pairs.pop(path, None)

    def what(self, path: str) -> str:
        """Whether a path was added, removed or changed."""
        if path not in self.old.hashes:
            return "added"
        return "changed" if path in self.new.hashes else "removed"

    def difference(self) -> Difference:
        """All kinds, each sorted by size."""
        numbers_, verdicts, tables, others = self.numbers(), [], [], []
        shown = sorted({_shown(path) for path in self.pairs} - {None})
        figures = [figure for one in shown if (figure := self.figure(*one))]
        for path in list(self.pairs):
            if _shown(path) or holds_numbers(path):
                continue
            try:
                if path.endswith("/claims.csv"):
                    verdicts += self.verdicts(path)
                elif path.endswith(".csv"):
                    table = rows.table(path, *self.pairs[path], of_output(path))
                    if table is not None:
                        self.changed.add(path)
                        tables.append(table)
                else:
                    others += self.other(path)
            except Unreadable as error:
                self.give_up(path, str(error))
        return Difference(
            old=self.old.name,
            new=self.new.name,
            numbers=_sorted(numbers_, lambda one: one.key),
            verdicts=tuple(
                sorted(verdicts, key=lambda v: (not v.flipped, -v.size, v.claim, v.variant))
            ),
            figures=_sorted(figures, lambda one: one.id),
            tables=_sorted(tables, lambda one: one.path),
            others=_sorted(others, lambda one: one.path),
            uncompared=_sorted(self.uncompared, lambda one: one.path),
            same_content=len(set(self.pairs) - self.changed),
        )

    def numbers(self) -> list[Number]:
        """Numbers that differ in value, unit or display, from all collections of them."""
        # A notebook's own numbers count more: a part of the build may leave the others old.
        collections = sorted(filter(holds_numbers, self.pairs), key=lambda p: "/numbers/" in p)
        was: dict[str, dict] = {}
        now: dict[str, dict] = {}
        for path in collections:
            try:
                before, after = (numbers_in(path, content) for content in self.pairs[path])
            except Unreadable as error:
                self.give_up(path, str(error))
                continue
            # Where a key moves from one notebook to another, the number stays what it is.
            was, now = {**was, **before}, {**now, **after}
            if _differ(before, after):
                self.changed.add(path)
        return _differ(was, now)

    def verdicts(self, path: str) -> list[Verdict]:
        """Claims whose row differs."""
        variant = PurePosixPath(path).parent.name
        was, now = (claims_in(content, path) for content in self.pairs[path])
        found = []
        for claim in sorted({*was, *now}):
            before, after = was.get(claim, {}), now.get(claim, {})
            differ = [
                column
                for column in {**before, **after}
                if not text.equal(before.get(column, ""), after.get(column, ""))
            ]
            if not differ and before and after:
                continue
            change = relative(before.get("value"), after.get("value"))
            old_value, new_value = (_value(row) for row in (before, after))
            if old_value == new_value and "value" in differ:
                old_value, new_value = before["value"], after["value"]
            found.append(
                Verdict(
                    names=of_claim(claim, variant),
                    what="added" if not before else "removed" if not after else "changed",
                    size=size(change) if "value" in differ else 0,
                    claim=claim,
                    variant=variant,
                    paraphrase=self.paraphrases.get(claim, ""),
                    old_verdict=before.get("verdict"),
                    new_verdict=after.get("verdict"),
                    old=old_value,
                    new=new_value,
                    relative=change,
                    also=tuple(c for c in differ if c not in ("verdict", "value", "claim_id")),
                )
            )
        if found:
            self.changed.add(path)
        return found

    def figure(self, variant: str, name: str) -> Figure | None:
        """A figure or table of the report; None where all that differs is its provenance."""
        where = paths.figure(name, variant)
        names = frozenset().union(*(of_output(path) for path in where.values()))
        table, words, drawn = None, [], False
        for kind, path in where.items():
            if path not in self.pairs:
                continue
            was, now = self.pairs[path]
            try:
                if kind == "csv":
                    table = rows.table(path, was, now, names)
                elif kind == "json":
                    words = _words(json_in(was, path), json_in(now, path))
                else:
                    drawn = _drawn(was, now, path)
            except Unreadable as error:
                self.give_up(path, str(error))
                continue
            if (kind == "csv" and table) or (kind == "json" and words) or (
                kind == "svg" and drawn
            ):  # fmt: skip
                self.changed.add(path)
        if not (table or words or drawn):
            return None
        present = [side for side in (self.old, self.new) if {*where.values()} & {*side.hashes}]
        what = "changed"
        if len(present) == 1:
            what = "removed" if present[0] is self.old else "added"
        before, after = (self.said(side, where["json"]) for side in (self.old, self.new))
        about = after or before
        return Figure(
            names=names,
            what=what,
            size=table.size if table else 0,
            id=paths.identifier(name, variant),
            title=str(about.get("title") or about.get("caption") or ""),
            drawn=drawn,
            old=self.either(self.old, where["svg"]),
            new=self.either(self.new, where["svg"]),
            old_alt=str(before.get("alt", "")),
            new_alt=str(after.get("alt", "")),
            words=tuple(words) if what == "changed" else (),
            table=table,
        )

    def either(self, side: Side, path: str) -> bytes | None:
        """An output on one side; where both have the same bytes, from the new side."""
        digest = side.hashes.get(path)
        same = digest is not None and digest == self.new.hashes.get(path)
        return _content(self.new if same else side, path)

    def said(self, side: Side, path: str) -> dict:
        """A figure's words on one side; nothing where they cannot be read."""
        try:
            return json_in(self.either(side, path), path)
        except Unreadable:
            return {}

    def other(self, path: str) -> list[Other]:
        """JSON of another kind, by its values."""
        was, now = self.pairs[path]
        json_in(was, path), json_in(now, path)  # or it is told that they are none
        if was is not None and now is not None and same_json(was, now, path):
            return []
        self.changed.add(path)
        return [Other(of_output(path), self.what(path), size(None), path)]


def _differing(old: Side, new: Side) -> list[str]:
    every = sorted({*old.hashes, *new.hashes})
    return [path for path in every if old.hashes.get(path) != new.hashes.get(path)]


def _content(side: Side, path: str) -> bytes | None:
    return side.read(path) if path in side.hashes else None


def _sorted(changes: list[Any], name: Callable[[Any], str]) -> tuple[Any, ...]:
    return tuple(sorted(changes, key=lambda one: (-one.size, name(one))))


def _shown(path: str) -> tuple[str, str] | None:
    """Variant and name of the figure or table of the report that a file is of."""
    folder, *between = PurePosixPath(path).parts[:-1]
    shown = folder == "figures" and len(between) == 1
    return (between[0], PurePosixPath(path).stem) if shown else None


def _drawn(was: bytes | None, now: bytes | None, path: str) -> bool:
    """Whether two pictures draw something else, metadata aside."""
    both_sides = [
        drawings.drawing_of(content, path) if content else None for content in (was, now)
    ]
    return None in both_sides or both_sides[0] != both_sides[1]


def _words(was: dict, now: dict) -> list[Cell]:
    """The words that differ; of a table's cells only that they do."""
    found = []
    for key in sorted({*was, *now}):
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        said = [one if isinstance(one, str) else None for one in (before, after)]
        if isinstance(before, list) and isinstance(after, list):
            said = [f"{len(one)} {key}" for one in (before, after)]
            if len(before) == len(after):
                others = sum(one != two for one, two in zip(before, after, strict=True))
                said[1] += f", {others} of them other"
        found.append(Cell("", key, *said, None))
    return found


def _value(row: Mapping[str, str]) -> str | None:
    """A claim's value with its unit, as prose shows it."""
    if not row:
        return None
    try:
        return numbers.display(float(row["value"]), row["unit"])
    except (AuditError, KeyError, ValueError):
        return " ".join(part for part in (short(row.get("value", "")), row.get("unit")) if part)


# ---------------------------------------------------------------- numbers


def _differ(was: dict[str, dict], now: dict[str, dict]) -> list[Number]:
    keys = sorted({*was, *now})
    return [one for key in keys if (one := _number(key, was.get(key), now.get(key)))]


def _number(key: str, was: dict | None, now: dict | None) -> Number | None:
    """What became of a number; None where value, unit and display are the same."""
    facts = ("value", "unit", "display")
    if was is not None and now is not None and all(was.get(f) == now.get(f) for f in facts):
        return None
    old, new = (entry and _displayed(entry) for entry in (was, now))
    if old == new:
        # In full digits where the display hides the change.
        values = both(*(str(entry.get("value")) for entry in (was, now)))
        old, new = (f"{old} ({value})" for value in values)
    change = None
    if was and now and was.get("unit") == now.get("unit"):
        change = relative(was.get("value"), now.get("value"))
    what = "added" if was is None else "removed" if now is None else "changed"
    return Number(of_number(key, was or now), what, size(change), key, old, new, change)


def _displayed(entry: dict) -> str:
    value = entry.get("value")
    return "no value" if value is None else str(entry.get("display", value))
