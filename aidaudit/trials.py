"""What runners of long tests saw when they changed data and code on purpose.

docs/mutations.csv: good files, changed (tests/mutations/run.py). docs/perturbations.csv: one
value of each raw table, changed (tests/honesty/perturb.py). docs/mutants.csv: the modules that
every number passes through, changed (tests/honesty/mutants.py).
"""

from __future__ import annotations

import csv

from aidaudit import files, layout

COUNTS = ("rounds", "accepted", "refused")
MUTANTS = ("mutants", "killed", "survived", "explained")


def mutations() -> list[dict]:
    """A row for each kind of file and way to change it; counts are numbers."""
    return read(layout.MUTATIONS, COUNTS)


def by_target(rows: list[dict]) -> list[dict]:
    """The kinds of file, each with its number of ways and the sums of its counts."""
    found: dict[str, dict] = {}
    for row in rows:
        empty = {"target": row["target"], "ways": 0, **dict.fromkeys(COUNTS, 0)}
        one = found.setdefault(row["target"], empty)
        one["ways"] += 1
        for name in COUNTS:
            one[name] += row[name]
    return list(found.values())


def perturbations() -> list[dict]:
    """A row for each raw table: what was changed, and how much changed with it."""
    counts = ("verdicts", "numbers", "plotted", "shown", "tables", "unchanged", "refused")
    return read(layout.PERTURBATIONS, counts)


def mutants() -> list[dict]:
    """A row for each module: changes to it, killed by a test, survived, explained."""
    return read(layout.MUTANTS, MUTANTS)


def read(path: str, counts: tuple[str, ...] = ()) -> list[dict]:
    """The rows of a table that a runner wrote; counts: columns that are whole numbers."""
    rows = csv.DictReader(files.source(path).read_text("utf-8").splitlines())
    return [{**row, **{name: int(row[name]) for name in counts}} for row in rows]
