"""What was meant to change, by the names that people use, and what changed besides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from nbtrail.base import paths
from nbtrail.base.errors import AuditError, nearest
from nbtrail.compare.diff.model import Change, Difference, Side, Table, Unreadable
from nbtrail.compare.diff.reading import claims_in, holds_numbers, numbers_in

_SHOWN_ID = re.compile(r"[A-Z][0-9][0-9]")


def of_output(path: str) -> frozenset[str]:
    """What a person may call an output: its path, its name, its id."""
    place = PurePosixPath(path)
    variant = place.parent.parent if place.parent.name == "numbers" else place.parent
    names = {path, place.stem, paths.identifier(place.stem, variant.name)}
    return frozenset(names - {"numbers"})


def of_number(key: str, entry: dict) -> frozenset[str]:
    """What a person may call a number: its key, its id, and what it is computed for."""
    variant, _, own = key.partition(":")
    first, _, rest = own.partition(".")
    names = {key, own, paths.number_id(variant, own)}
    of = first if _SHOWN_ID.fullmatch(first) else rest.partition(".")[0] * (first == "claim")
    if of:
        names |= {of, paths.identifier(of, variant)}
    job = entry.get("job")
    # All verdicts come from one job and table; a claim is expected by its id.
    if isinstance(job, str) and not job.endswith("/claims"):
        names |= of_output(paths.numbers(*job.split("/", 1)))
        if "is" in entry:
            names |= of_output(entry["is"]["file"])
    return frozenset(names)


def of_claim(claim: str, variant: str) -> frozenset[str]:
    """What a person may call a claim: its id, alone or with the variant."""
    return frozenset({claim, paths.identifier(claim, variant)})


@dataclass(frozen=True)
class Split:
    """A difference, sorted by whether it was expected.

    patterns: what was expected, as written. unmet: those of which nothing changed. Without
    patterns everything is unexpected.
    """

    unexpected: Difference
    expected: Difference
    patterns: tuple[str, ...]
    unmet: tuple[str, ...]

    @property
    def status(self) -> int:
        """Exit status: 0 nothing unexpected changed, 1 something did, 2 cannot tell."""
        return 1 if self.unexpected.changes() else 2 if self.unexpected.uncompared else 0


def split(difference: Difference, patterns: Iterable[str], old: Side, new: Side) -> Split:
    """Sort a difference by patterns: ids, claims, keys of numbers, paths, or globs of these.

    Raises AuditError for a pattern that names nothing on either side.
    """
    patterns = tuple(dict.fromkeys(patterns))
    if patterns:
        known = set(_known(old, new))
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                raise AuditError(
                    f"nothing in either build is called {pattern}.",
                    mend=nearest(pattern, sorted(known), cutoff=60)
                    + "Expect an id (F16, F16-latest), a claim, the key of a number, the path "
                    "of a table, or a pattern of these (headline.*).",
                )
    met: set[str] = set()

    def expected(change: Change) -> bool:
        fitting = _fitting(patterns, change)
        met.update(fitting)
        return bool(fitting)

    within = difference.only(expected)
    rest = difference.only(lambda change: not expected(change))
    return Split(rest, within, patterns, tuple(p for p in patterns if p not in met))


def _fitting(patterns: Iterable[str], change: Change) -> set[str]:
    """The patterns that a change was expected by; empty where it was not."""
    fitting = _matching(patterns, change.names)
    if fitting or not isinstance(change, Table):
        return fitting
    # A table of readings is as expected where all rows that differ are of expected claims.
    variant = PurePosixPath(change.path).parent.name
    own = [_matching(patterns, of_claim(claim, variant)) for claim in change.claims]
    return set().union(*own) if all(own) else set()


def _matching(patterns: Iterable[str], names: Iterable[str]) -> set[str]:
    return {pattern for pattern in patterns for name in names if fnmatchcase(name, pattern)}


def _known(old: Side, new: Side) -> Iterator[str]:
    """Every name of everything on both sides, as far as it can be read."""
    for side in (old, new):
        for path in side.hashes:
            yield from of_output(path)
            # What both have alike is read once, from the side that has all.
            if side is old and old.hashes[path] == new.hashes.get(path):
                continue
            if not (holds_numbers(path) or path.endswith("/claims.csv")):
                continue
            try:
                content = side.read(path)
                if path.endswith("/claims.csv"):
                    variant = PurePosixPath(path).parent.name
                    for claim in claims_in(content):
                        yield from of_claim(claim, variant)
                else:
                    for key, entry in numbers_in(path, content).items():
                        yield from of_number(key, entry)
            except Unreadable:
                continue
