"""The texts with which a figure or a claim starts: cells, entries, functions and tests.

They are plain on purpose: a person reads them once, and writes over them. Where they go, and
what is refused, is left to `new`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nbtrail.author.scaffold import MARK, quoted
from nbtrail.base.notebook_form import METADATA

# ---------------------------------------------------------------- a figure


@dataclass(frozen=True)
class Start:
    """One way in which a figure can start.

    reads: line of its entry. table: where its contract stands (tables.RESULTS or CLEAN) and
    its name there. The other texts are Python: what a notebook's cells hold, and rows for
    its test.
    """

    reads: str
    table: tuple[str, str]
    parameters: tuple[str, ...]
    imports: str
    heading: str
    compute: str
    draw: str
    source: str
    columns: str
    rows: str


_BY_MONTH = """\
ax.bar(charts.months(plotted["month"]), plotted["value_eur_bn"], width=25, color=charts.ACCENT)
ax.set_ylim(0)
ax.grid(axis="y")"""
_BY_DONOR = """\
ax.barh(plotted["donor"].map(charts.short), plotted["value_eur_bn"], color=charts.ACCENT)
ax.invert_yaxis()
ax.grid(axis="x")"""
_MONTHS = "Allocations by announcement month, bn EUR (nominal)"

STARTS = {
    "monthly": Start(
        reads="reads: [monthly]",
        table=("RESULTS", "monthly"),
        parameters=("variant", "release", "cut_off"),
        imports="from aidaudit.measures import result_tables\n"
        "from aidaudit.report import charts\n"
        "from nbtrail.base import paths\n"
        "from nbtrail.record.numbers import Numbers\n"
        "from aidaudit.data.vocabulary import UNDATED",
        heading="## Allocations by month\n\nUndated rows cannot be placed in time.",
        compute="""\
monthly = result_tables.read(variant, "monthly")
dated = monthly[(monthly["measure"] == "allocation") & (monthly["month"] != UNDATED)]
plotted = dated.groupby("month", as_index=False)["value_eur_bn"].sum()
plotted.tail(3).round(2)""",
        draw=f'    unit="{_MONTHS}",\n)\n{_BY_MONTH}',
        source="release=release, cut_off=cut_off",
        columns='["month", "donor", "aid_type", "measure", "value_eur_bn"]',
        rows="""\
    ("2024-01", "Germany", "Military", "allocation", 1.5),
    ("2024-02", "Norway", "Financial", "allocation", 0.5),
    ("2024-02", "Norway", "Financial", "commitment", 4.0),""",
    ),
    "donor_totals": Start(
        reads="reads: [donor_totals]",
        table=("RESULTS", "donor_totals"),
        parameters=("variant", "release", "totals_release", "cut_off"),
        imports="from aidaudit.measures import aggregate, result_tables\n"
        "from aidaudit.report import charts\nfrom nbtrail.base import paths\n"
        "from nbtrail.record.numbers import Numbers",
        heading="## The fifteen largest donors",
        compute="""\
totals = result_tables.read(variant, "donor_totals")
allocations = totals[totals["measure"] == "allocation"]
plotted = (
    allocations.groupby("donor", as_index=False)["value_eur_bn"]
    .sum()
    .sort_values("value_eur_bn", ascending=False, kind="stable", ignore_index=True)
    .head(15)
)
plotted.head(3).round(2)""",
        draw=f'    unit="Allocations of all types, bn EUR (nominal)",\n)\n{_BY_DONOR}',
        source="\n        release=totals_release,\n"
        "        cut_off=aggregate.last_day(totals_release, cut_off, release),\n    ",
        columns='["donor", "aid_type", "measure", "value_eur_bn"]',
        rows="""\
    ("Germany", "Military", "allocation", 1.5),
    ("Norway", "Financial", "allocation", 0.5),
    ("Norway", "Financial", "commitment", 4.0),""",
    ),
    "activities": Start(
        reads="clean: [activities]",
        table=("CLEAN", "activities"),
        parameters=("variant", "release", "cut_off"),
        imports="from aidaudit.data import clean\nfrom aidaudit.measures import aggregate\n"
        "from aidaudit.report import charts\nfrom nbtrail.base import paths\n"
        "from nbtrail.record.numbers import Numbers\n"
        "from aidaudit.data.vocabulary import UNDATED",
        heading="## Allocations by month\n\nUndated rows cannot be placed in time.",
        compute="""\
rows = aggregate.cut(aggregate.by_measure(clean.read_kiel(release), ["allocation"]), cut_off)
dated = rows[rows["month"] != UNDATED].assign(value_eur_bn=lambda t: t["value_eur"] / 1e9)
plotted = dated.groupby("month", as_index=False)["value_eur_bn"].sum()
plotted.tail(3).round(2)""",
        draw=f'    unit="{_MONTHS}",\n)\n{_BY_MONTH}',
        source="release=release, cut_off=cut_off",
        columns='["row", "month", "donor", "aid_type", "measure", "allocation_eur"]',
        rows="""\
    (2, "2024-01", "Germany", "Military", "allocation", 1.5e9),
    (3, "2024-02", "Norway", "Financial", "allocation", 0.5e9),""",
    ),
}

_SAID = {
    "variant": "name of the variant (config/config.yaml)",
    "release": "Kiel release with months (number)",
    "totals_release": "Kiel release of the headline totals (number)",
    "cut_off": "last day counted; its whole month counts (ISO date)",
}
_SAID_ONCE = _SAID | {
    "variant": "drawn once, for all variants (name)",
    "release": "Kiel release whose rows name items (number)",
}


def entry_of_figure(name: str, start: Start, which: str) -> str:
    """The entry in figures.yaml. which: lines that say which variants draw it."""
    return (
        f'{name}:\n  name: "{MARK}: one to three words"\n'
        f'  section: "{MARK}: military, economic, membership, strategy …"\n'
        f"{which}  {start.reads}\n"
    )


def notebook_of_figure(
    name: str, title: str | None, start: Start, values: dict[str, object], *, once: bool
) -> dict:
    """The notebook, of nbformat 4. values: what the DAG injects, by parameter."""
    title = title or f"{MARK}: the question in a few words?"
    comments = _SAID_ONCE if once else _SAID
    parameters = "\n".join(
        f"{key}: {type(values[key]).__name__} = {quoted(values[key])}  # {comments[key]}"
        for key in start.parameters
    )
    picture = f"""\
fig, (ax,) = charts.canvas(
    3.4,
    title="{MARK}: the finding, a sentence with its number",
{start.draw}"""
    written = f"""\
total = plotted["value_eur_bn"].sum()
numbers = Numbers(paths.figure("{name}", variant)["csv"])
numbers.add("{name}.total", total, "bn EUR")

charts.save_figure(
    fig,
    plotted,
    figure="{name}",
    variant=variant,
    title="{MARK}: title, what the figure is",
    caption="{MARK}: caption, how to read it and what is left out.",
    alt=f"{MARK}: alt text, what a person who cannot see it needs: {{total:.0f}} bn euros.",
    source=charts.source_line({start.source}),
)
numbers.write(paths.numbers(variant, "{name}"))"""
    why = f"{MARK}: why it matters, with the paragraph of the article (MIL-2)."
    reading = f"{MARK}: the reading, one sentence on what it shows and one on what it does not."
    cells = [
        ("markdown", f"# {title}\n\n{why}"),
        ("parameters", parameters),
        ("code", start.imports),
        ("markdown", start.heading),
        ("code", start.compute),
        ("markdown", "## The picture"),
        ("code", picture),
        ("markdown", reading),
        ("code", written),
    ]
    return {
        "cells": [_cell(at, *cell) for at, cell in enumerate(cells, 1)],
        "metadata": METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(at: int, kind: str, source: str) -> dict:
    cell = {"id": f"cell-{at:02d}", "cell_type": kind, "metadata": {}, "source": source}
    if kind == "markdown":
        return cell
    tags = {"tags": [kind]} if kind == "parameters" else {}
    code = {"cell_type": "code", "metadata": tags, "execution_count": None, "outputs": []}
    return cell | code


def test_of_figure(name: str, start: Start, table: str, release: int) -> str:
    """The test. table: path of the table that the notebook reads, for the variant it draws."""
    contract, key = start.table
    own = 'donor_group="any"' if contract == "RESULTS" else "item_count_undisclosed=False"
    return f'''\
"""{name}: nothing is left to fill in, and the notebook draws what its rows say."""

import json
from pathlib import Path

import pandas as pd
import pytest

from aidaudit.data.tables import {contract}
from aidaudit.project import new
from nbtrail.author import jupyterlab
from nbtrail.base import paths, plan

ROOT = Path(__file__).parents[1]
NEEDED = (
    "Snakefile", "CITATION.cff", "pyproject.toml", "aidaudit", "nbtrail", "config", "data/raw",
    "notebooks",
)  # fmt: skip
# What the notebook reads: few enough rows to add up by hand.
TABLE = "{table}"
COLUMNS = {start.columns}
ROWS = [
{start.rows}
]
KNOWN = None  # {MARK}: known answer, {name}.total of these rows in bn EUR, by hand


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / TABLE).parent.mkdir(parents=True)
    table = pd.DataFrame(ROWS, columns=COLUMNS).assign(release={release}, {own})
    whole = table.reindex(columns=list({contract}["{key}"].columns))
    whole.to_csv(tmp_path / TABLE, index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_left_to_fill_in(monkeypatch):
    monkeypatch.chdir(ROOT)
    left = new.left("{name}")
    assert not left, "\\n".join(left)


@pytest.mark.build
def test_the_total_is_that_of_the_rows(checkout):
    job = plan.named("{name}")
    folder, _ = jupyterlab.run(job, {{}})
    path = checkout / folder / paths.numbers(job.group, "{name}")
    found = json.loads(path.read_text("utf-8"))
    assert found["{name}.total"]["value"] == pytest.approx(KNOWN)
'''


# ---------------------------------------------------------------- a claim


def entry_of_claim(name: str, locator: str, section: str, test: str, figure: str | None) -> str:
    """The entry in claims.yaml, in the order of the others."""
    shown = f"  figure: {figure}\n" if figure else ""
    return f"""\
- id: {name}
  locator: {locator}
  section: {section}
  paraphrase: "{MARK}: what the article says, one sentence in our words"
  # {MARK}: compare (≈ > >= < <=) and value; for ≈ a tolerance, as a share of the value
  asserts:
    quantity: "{MARK}: what is measured"
    compare: ">"
    value: 0
    unit: "{MARK}: one of those in nbtrail/src/nbtrail/record/numbers.py"
  test: {test}
  # {MARK}: tables that it looks at; judged_in a variant, if releases change the verdict
  clean: [activities]
  judged_in: all
  why: "{MARK}: the reason for this reading, this value and this tolerance"
{shown}"""


def function_of_claim(name: str, test: str, module: str) -> str:
    """The test of a claim, which says that it is not written yet. module: its path."""
    return f'''

@test
def {test}(data: Data) -> Evidence:
    """{MARK}: what it measures, in which unit."""
    from nbtrail.base.errors import AuditError

    # {MARK}: the readings, label to value, the literal one first; then the reason.
    raise AuditError(
        "{name}: its test computes nothing yet, so there is no verdict.",
        file="{module}",
        found="{test} as it was begun",
        expected="Evidence(readings, reason)",
        mend="write it, or take {name} out of config/claims.yaml until it is.",
    )
'''


def test_of_claim(name: str) -> str:
    """The test of a claim's function on small data."""
    return f'''\
"""{name}: nothing is left to fill in, and small data give the verdict worked out by hand."""

from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import Data
from aidaudit.project import new

ROOT = Path(__file__).parents[1]
# What the claim's test looks at: few enough rows to work out by hand.
ACTIVITIES = pd.DataFrame(
    [("Germany", "2024-01", "Military", 1.5e9), ("Norway", "2024-02", "Financial", 0.5e9)],
    columns=["donor", "month", "aid_type", "allocation_eur"],
)
VALUE = None  # {MARK}: known answer, the literal reading of these rows, by hand
VERDICT = None  # {MARK}: the verdict that follows (aidaudit/claims/verdicts.py)


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    config.claims.cache_clear()


def test_nothing_is_left_to_fill_in():
    left = new.left("{name}")
    assert not left, "\\n".join(left)


def test_the_verdict_is_that_of_the_rows():
    (claim,) = [claim for claim in config.claims() if claim.id == "{name}"]
    data = Data(
        tables={{"activities": ACTIVITIES}},
        results={{}},
        release=21,
        cut_off="2025-02-28",
        article_date="2025-02-28",
        fixed_usd_per_eur=1.1,
    )
    found = judge.evaluate(claim, data)
    assert (found["value"], found["verdict"]) == (pytest.approx(VALUE), VERDICT)
'''
