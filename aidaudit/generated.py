"""Committed files that are written by the project, never by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import PurePosixPath

from aidaudit import (
    citation,
    config,
    faults,
    files,
    layout,
    licences,
    manifest,
    numbers,
    paths,
    report,
    repro,
    trials,
)
from aidaudit.errors import AuditError, nearest

README = "README.md"
# The picture with which the README begins: all verdicts.
PICTURE = "docs/verdicts.svg"
SHOWN = ("V01", config.ALL)
# What it says first, with placeholders for numbers as in the report.
FINDING = "report/finding.md"


def texts() -> dict[str, str]:
    """Path → text. What needs a manifest is left out where nothing has been built yet."""
    found = citation.texts()
    found[licences.PAGE] = licences.page()
    if (repro.root() / layout.FAULTS).is_file():
        found["docs/faults.md"] = faults_page(faults.read())
    if (repro.root() / layout.MUTATIONS).is_file():
        found["docs/mutations.md"] = mutations_page(trials.mutations())
    if all((repro.root() / path).is_file() for path in (layout.PERTURBATIONS, layout.MUTANTS)):
        found["docs/honesty.md"] = honesty_page(trials.perturbations(), trials.mutants())
    if (repro.root() / paths.MANIFEST).is_file():
        built = manifest.read()
        found[citation.CODECHECK] = citation.codecheck(built)
        found[PICTURE] = _drawing(files.source(paths.figure(*SHOWN)["svg"]).read_text("utf-8"))
        words = json.loads(files.source(paths.figure(*SHOWN)["json"]).read_text("utf-8"))
        blocks = {
            "picture": lambda: picture(words),
            "finding": lambda: finding(files.source(FINDING).read_text(encoding="utf-8")),
            "dag": lambda: diagram(built["jobs"]),
            "outputs": lambda: outputs(built["jobs"]),
        }
        found[README] = filled(files.source(README).read_text(encoding="utf-8"), blocks)
    return found


def faults_page(rows: list[dict]) -> str:
    """docs/faults.md, from `faults.read`."""
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
                report.code(row["resumed"]),
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
    """docs/mutations.md, from `trials.mutations`."""
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
                ["changed", *trials.COUNTS, "most often told"],
                [
                    [
                        _cell(row["mutation"]),
                        *(row[n] for n in trials.COUNTS),
                        _cell(row["seen"]),
                    ]
                    for row in rows
                    if row["target"] == target
                ],
            ),
        ]
    return "\n".join([*lines, ""])


def honesty_page(tables: list[dict], modules: list[dict]) -> str:
    """docs/honesty.md, from `trials.perturbations` and `trials.mutants`."""
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
            [
                [_cell(f"aidaudit/{row['module']}.py"), *(row[n] for n in trials.MUTANTS)]
                for row in modules
            ],
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
    return report.plain(words) or "–"


def marks(name: str) -> tuple[str, str]:
    """The lines between which a generated part of the README stands."""
    return f"<!-- {name}: generated by `aidaudit generate` -->", f"<!-- end of {name} -->"


def filled(text: str, blocks: dict[str, Callable[[], str]]) -> str:
    """The README with its generated parts.

    Raises AuditError where the lines between which one stands are gone.
    """
    for name, make in blocks.items():
        begin, end = marks(name)
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise AuditError(
                f"the generated part '{name}' has no place.",
                file=README,
                expected=f"lines {begin} and {end}",
                mend="put them back where it is to stand.",
            )
        text = f"{before}{begin}\n{make()}\n{end}{after}"
    return text


def picture(words: dict) -> str:
    """All verdicts, as an image with its text."""
    told = report.plain(f"{words['title']}. {words['alt']}")
    return f"![{told}]({PICTURE})"


def finding(text: str) -> str:
    """A text of the report with its numbers, without the marks that they have there.

    Raises AuditError for a typed number, or a placeholder that no number answers.
    """
    report.typed_numbers(text, FINDING)

    def shown(match: re.Match) -> str:
        variant, _, key = match["name"].partition(":")
        path = paths.all_numbers(variant)
        known = numbers.read(path)
        if key not in known:
            raise AuditError(
                f"the placeholder {match[0]} names no number.",
                file=FINDING,
                expected=f"a key of {path}",
                mend=nearest(key, list(known)) or None,
            )
        return report.plain(known[key]["display"])

    return report.PLACEHOLDER.sub(shown, text.strip())


def _drawing(text: str) -> str:
    """A drawing without its metadata, which change with every change of the code."""
    return re.sub(r"\n *<metadata>.*?</metadata>", "", text, flags=re.DOTALL)


def outputs(jobs: dict[str, dict]) -> str:
    """The table of which notebook and cell makes what, from the manifest's jobs."""
    rows = []
    for row in manifest.programs(jobs):
        name = report.code(row["notebook"].removeprefix("notebooks/"))
        made = "<br>".join(map(report.code, row["files"]))
        cells = [_cell(row["makes"]), report.link(name, row["notebook"]), row["cell"], made]
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(["| what | notebook | cell | files |", "|---|---|---|---|", *rows])


def diagram(jobs: dict[str, dict]) -> str:
    """The DAG of the build as a Mermaid flow chart, from the manifest's jobs.

    A box a rule, with how often it runs; an arrow where one reads what another wrote, unless a
    longer way says so already. Hosts of repositories, and JupyterLab, draw it.
    """
    made = {path: about["rule"] for about in jobs.values() for path in about["outputs"]}
    arrows = {
        (made[path], about["rule"])
        for about in jobs.values()
        for path in about["inputs"]
        if path in made and made[path] != about["rule"]
    }
    raw = {
        about["rule"]
        for about in jobs.values()
        if any(path.startswith("data/raw/") for path in about["inputs"])
    }
    arrows = _reduced(arrows | {("data", rule) for rule in raw})
    boxes = ['  data[("data/raw")]']
    for rule in sorted({about["rule"] for about in jobs.values()}):
        own = [about for about in jobs.values() if about["rule"] == rule]
        times = f" × {len(own)}" if len(own) > 1 else ""
        what = own[0]["notebook"]
        name = _stage(what) if what else f"aidaudit job {rule}"
        boxes.append(f'  {_node(rule)}["{_label(rule + times)}<br>{_label(name)}"]')
    lines = [f"  {_node(one)} --> {_node(other)}" for one, other in sorted(arrows)]
    return "\n".join(["```mermaid", "flowchart LR", *boxes, *lines, "```"])


def _node(rule: str) -> str:
    return re.sub(r"\W", "_", rule)


def _label(words: str) -> str:
    """Words that a Mermaid chart shows as these very characters."""
    return re.sub(r"[^\w ./*×-]", lambda match: f"#{ord(match[0])};", words)


def _stage(notebook: str) -> str:
    """figures/F01.ipynb stands for all figures; any other notebook for itself."""
    place = PurePosixPath(notebook).relative_to("notebooks")
    many = place.parent.name in ("figures", "tables")
    return f"{place.parent}/*.ipynb" if many else place.as_posix()


def _reduced(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows without those that a longer way replaces; there are no cycles."""
    after: dict[str, set[str]] = {}
    for one, other in arrows:
        after.setdefault(one, set()).add(other)

    def reached(start: str) -> set[str]:
        direct = after.get(start, set())
        return direct.union(*(reached(one) for one in direct)) if direct else set()

    return {
        (one, other)
        for one, other in arrows
        if not any(other in reached(via) for via in after[one] - {other})
    }
