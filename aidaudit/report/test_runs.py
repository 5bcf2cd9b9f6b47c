"""What runners of long tests saw when they broke builds, data and code on purpose.

docs/faults.csv: builds, broken (tests/faults/run.py). docs/mutations.csv: good files, changed
(tests/mutations/run.py). docs/perturbations.csv: one value of each raw table, changed
(tests/honesty/perturb.py). docs/mutants.csv: the modules that every number passes through,
changed (tests/honesty/mutants.py).
"""

from __future__ import annotations

import csv

from aidaudit import layout
from nbtrail.base import determinism, files
from nbtrail.publish.report import code, plain

COUNTS = ("rounds", "accepted", "refused")
MUTANTS = ("mutants", "killed", "survived", "explained")
# Where the modules lie that mutants.csv names.
MODULES = {
    "aggregate": "aidaudit/measures/aggregate.py",
    "money": "aidaudit/measures/money.py",
    "verdicts": "aidaudit/claims/verdicts.py",
}


def faults() -> list[dict]:
    """Rows by fault: rounds, what was told, outputs missing on average, command, seeds."""
    return together(read(layout.FAULTS))


def together(rows: list[dict]) -> list[dict]:
    """Rows of the same fault under several seeds as one."""
    found: dict[str, dict] = {}
    for row in rows:
        rounds, left = int(row["rounds"]), int(row["left"])
        seen = {**row, "rounds": 0, "left": 0, "seeds": []}
        one = found.setdefault(row["fault"], seen)
        one["left"] = (one["left"] * one["rounds"] + left * rounds) / (one["rounds"] + rounds)
        one["rounds"] += rounds
        one["seen"] = one["seen"] or row["seen"]
        one["seeds"] += [row["seed"]] if row["seed"] else []
    return [{**one, "left": round(one["left"])} for one in found.values()]


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


# ---------------------------------------------------------------- pages


def pages() -> dict[str, str]:
    """docs/*.md that tell what runners saw: path → text, for those that were run."""
    found = {}
    if (determinism.root() / layout.FAULTS).is_file():
        found["docs/faults.md"] = faults_page(faults())
    if (determinism.root() / layout.MUTATIONS).is_file():
        found["docs/mutations.md"] = mutations_page(mutations())
    if all(
        (determinism.root() / path).is_file() for path in (layout.PERTURBATIONS, layout.MUTANTS)
    ):
        found["docs/honesty.md"] = honesty_page(perturbations(), mutants())
    return found


def faults_page(rows: list[dict]) -> str:
    """docs/faults.md, from `faults`."""
    whole = sum(row["rounds"] for row in rows)
    seeds = sorted({seed for row in rows for seed in row["seeds"]})
    lines = _table(
        ["fault", "rounds", "what a person was told", "outputs missing", "resumed by"],
        [
            [
                _cell(row["fault"]),
                row["rounds"],
                _cell(row["seen"]),
                row["left"],
                code(row["resumed"]),
            ]
            for row in rows
        ],
    )
    return "\n".join(
        [
            "# Faults, and what came of them",
            "",
            "Written by `aidaudit generate` from [faults.csv](faults.csv), which "
            "`make test-faults` writes. A build of a part of the DAG, or of everything where "
            "a line says so, was broken in "
            f"{whole} rounds (seeds {', '.join(seeds)}: `python tests/faults/run.py kills "
            "--seed S --first N --rounds 1` repeats one). Kills strike at a moment counted in "
            "events, such as the third file that moves into place, after a change of "
            "notebooks; in some rounds a notebook fails for a passing cause. After each the "
            "same command was given again; every output was then what a clean build gives, no "
            "process and no half-made file was left, and nothing was to be done any more.",
            "",
            '"Outputs missing" are those that were not there, or not what a clean build gives, '
            "when the fault had struck (for kills: on average).",
            "",
            *lines,
            "",
        ]
    )


def mutations_page(rows: list[dict]) -> str:
    """docs/mutations.md, from `mutations`."""
    seeds = ", ".join(sorted({row["seed"] for row in rows}))
    lines = [
        "# Bad data, and what came of it",
        "",
        "Written by `aidaudit generate` from [mutations.csv](mutations.csv), which "
        "`make test-mutations` writes. Good files were changed in "
        f"{sum(row['rounds'] for row in rows):,} rounds (seed {seeds}: "
        "`python tests/mutations/run.py --seed S --rounds N 'NAME'` repeats those of a name). "
        "Each was accepted with a result equal to what the file says, to the cell and the "
        "exact sum, or refused with a message that names file, row, column, value, "
        "expectation and mend. Raw tables were changed as somebody would who edits them, and "
        "as somebody who writes the new hash into the descriptor too.",
    ]
    for target in dict.fromkeys(row["target"] for row in rows):
        lines += [
            "",
            f"## {_cell(target.capitalize())}",
            "",
            *_table(
                ["changed", *COUNTS, "most often told"],
                [
                    [
                        _cell(row["mutation"]),
                        *(row[n] for n in COUNTS),
                        _cell(row["seen"]),
                    ]
                    for row in rows
                    if row["target"] == target
                ],
            ),
        ]
    return "\n".join([*lines, ""])


def honesty_page(tables: list[dict], modules: list[dict]) -> str:
    """docs/honesty.md, from `perturbations` and `mutants`."""
    counts = ("verdicts", "numbers", "plotted", "tables", "unchanged")
    lines = [
        "# What results rest on",
        "",
        "Written by `aidaudit generate` from [perturbations.csv](perturbations.csv) and "
        "[mutants.csv](mutants.csv).",
        "",
        "## One value of each raw table",
        "",
        "`make test-perturbations` changes a value of a raw table, forges its hash, builds all "
        "but the report, and compares every table, number and figure with those before. What "
        "is made from the table may change, by the manifest, and nothing else did.",
        "",
        *_table(
            [
                "raw table", "value", "verdicts", "numbers", "figures", "tables", "same",
                "for example",
            ],
            [
                [
                    _cell(row["table"]),
                    _cell(f"row {row['row']}, {row['column']}: {row['was']} → {row['is']}"),
                    *(row[name] for name in counts),
                    _cell(row["example"]),
                ]
                for row in tables
            ],
        ),
    ]  # fmt: skip
    lines += [
        "",
        "## The code that every number passes through",
        "",
        "`make test-mutants` makes one small change at a time and runs the tests of the module "
        "until one fails. What survives is explained in "
        "[survivors.csv](../tests/honesty/survivors.csv).",
        "",
        *_table(
            ["module", "changes", "noticed by a test", "survived", "explained"],
            [[_cell(MODULES[row["module"]]), *(row[n] for n in MUTANTS)] for row in modules],
        ),
    ]
    return "\n".join([*lines, ""])


def _table(header: list[str], rows: list[list]) -> list[str]:
    """Lines of a Markdown table; columns of numbers stand to the right."""
    right = [all(isinstance(row[at], int) for row in rows) for at in range(len(header))]
    rule = "|".join("--:" if numbers else "---" for numbers in right)
    return [
        f"| {' | '.join(header)} |",
        f"|{rule}|",
        *(f"| {' | '.join(map(str, row))} |" for row in rows),
    ]


def _cell(words: str) -> str:
    return plain(words) or "–"
