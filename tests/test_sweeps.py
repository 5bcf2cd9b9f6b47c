"""One notebook over a grid of parameters: every run a row of one tidy table, or told."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from nbtrail.base import notebook_form, plan, settings
from nbtrail.base.errors import AuditError
from nbtrail.run import sweeps

ROOT = Path(__file__).parents[1]
SETTINGS = 'label: str = "x"  # what is written (name)\nsize: int = 1  # how many (number)\n'
WRITE = "from nbtrail.base import files\nfiles.write_text('data/rows.csv', {0})"
TIDY = "f'label,size,twice\\n{label},{size},{2 * size}\\n'"
# A part's runs in forks, as where a warm parent forked the process, or one by one.
PART = """
import json, sys
from nbtrail.run import kernels, sweeps
kernels.forking = {forking}
points = json.loads(sys.argv[1])
sweeps.part(
    "notebooks/n.ipynb", points, ["label", "size"], "part.csv",
    table="rows", inputs=[], allowed={{}},
)
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for folder in ("notebooks", "data"):
        (tmp_path / folder).mkdir()
    for name in ("Snakefile", "CITATION.cff"):
        (tmp_path / name).touch()
    for folder in ("config", "data/raw", "envs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notebook(checkout: Path, *code: str) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\nA question?"),
        nbformat.v4.new_code_cell(SETTINGS, metadata={"tags": ["parameters"]}),
        *map(nbformat.v4.new_code_cell, code),
    ]
    nb = notebook_form.clean_source(nbformat.v4.new_notebook(cells=cells))
    (checkout / "notebooks/n.ipynb").write_text(notebook_form.serialise(nb), "utf-8")


POINTS = {
    f"sweep/s-{number:04d}": {"label": label, "size": size}
    for number, (label, size) in enumerate([("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1)])
}


def start(forking: bool) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PART.format(forking=forking), json.dumps(POINTS)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def part(forking: bool = True) -> str:
    told, _ = start(forking).communicate(timeout=120)
    return told


pytestmark = pytest.mark.build
FORKS = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")


@FORKS
def test_rows_of_all_runs_are_one_table_forked_or_not(checkout):
    notebook(checkout, WRITE.format(TIDY))
    made = []
    for forking in (True, False):
        assert part(forking) == ""
        made.append(Path("part.csv").read_text("utf-8"))
        Path("part.csv").unlink()
    assert made[0] == "label,size,twice\na,1,2\na,2,4\nb,1,2\nb,2,4\nc,1,2\n"
    assert made[1] == made[0]
    # Of a run that went well nothing but its rows is left.
    left = {path.name for path in checkout.rglob("*") if path.is_file()}
    assert left == {"Snakefile", "CITATION.cff", "n.ipynb"}


@FORKS
def test_a_run_that_fails_is_named_with_its_parameters_after_all_have_run(checkout):
    notebook(
        checkout,
        "open(f'.staging/ran-{label}-{size}', 'w').close()\nassert (label, size) != ('a', 2)",
        WRITE.format(TIDY),
    )
    told = part()
    assert "1 of 5 runs failed; sweep/s-0001 (label=a, size=2) says:" in told
    assert "failed in cell 3" in told
    assert len(list(checkout.glob(".staging/ran-*"))) == 5
    assert not Path("part.csv").exists()
    assert Path("logs/notebooks/sweep/s-0001.ipynb").exists()


@FORKS
def test_a_run_that_is_killed_is_told(checkout):
    notebook(
        checkout,
        "import os, signal\nif label == 'c':\n    os.kill(os.getppid(), signal.SIGKILL)",
        WRITE.format(TIDY),
    )
    told = part()
    assert "1 of 5 runs failed; sweep/s-0004 (label=c, size=1)" in told
    assert "was killed before it could say anything" in told


@FORKS
def test_runs_end_with_their_job(checkout):
    notebook(
        checkout,
        "import os, time\nopen(f'.staging/here-{os.getpid()}', 'w').close()\ntime.sleep(300)",
    )
    job = start(forking=True)
    end = time.monotonic() + 60
    while len(kernels := list(checkout.glob(".staging/here-*"))) < sweeps.TOGETHER:
        assert time.monotonic() < end, job.stdout
        time.sleep(0.05)
    job.kill()
    job.wait()
    numbers = [int(path.name.removeprefix("here-")) for path in kernels]
    while any(alive(number) for number in numbers):
        assert time.monotonic() < end
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        os.kill(process, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("f'label,twice\\nother,{size}\\n'", "a column 'label' that is not the parameter"),
        ("f'only-{label}\\n1\\n'", "the runs' tables have different columns"),
    ],
)
def test_tables_that_would_be_ambiguous_are_refused(checkout, text, told):
    notebook(checkout, WRITE.format(text))
    assert told in part()
    assert not Path("part.csv").exists()


def test_a_table_that_is_not_written_is_told(checkout):
    notebook(checkout, "1 + 1")
    assert "does not write one table 'rows'" in part()


# ---------------------------------------------------------------- the grid


def test_every_combination_is_one_run_in_the_order_of_the_grid():
    entry = settings.sweeps()["totals"]
    points = plan.sweep_points("totals")
    assert len(points) == 500
    assert len({str(one) for one in points}) == 500
    values = [tuple(one.parameters[axis] for axis in entry.grid) for one in points]
    assert len(set(values)) == 500
    assert values[:2] == [(18, "all", "2022-02-28"), (18, "all", "2022-04-30")]
    assert values[-1] == (29, "european_nato", "2026-02-28")
    assert [one for part in plan.sweep_parts("totals") for one in part] == points


def test_a_run_can_be_named_like_any_job():
    assert plan.named("sweep/totals-0007").own["cut_off"] == "2023-02-28"
    assert str(plan.named("analysis/total")) == "sweep/totals-0001"
    with pytest.raises(AuditError, match="the build has no job sweep/totals-0501"):
        plan.named("sweep/totals-0501")


def test_all_files_that_a_parameter_chooses_are_read():
    reads = plan.sweep_reads("totals")
    for release in settings.sweeps()["totals"].grid["release"]:
        assert [path for path in reads if f"release_{release}" in path]


@pytest.mark.parametrize(
    ("axis", "values", "told"),
    [
        ("donor_group", ["all", "nto"], "'donor_group' has a value that is not allowed"),
        ("release", [18, "21"], "'release' has the wrong type"),
        ("colour", ["red"], "has no parameter 'colour'"),
    ],
)
def test_a_wrong_grid_is_told_before_any_run(monkeypatch, axis, values, told):
    entry = settings.sweeps()["totals"]
    other = entry.model_copy(update={"grid": {**entry.grid, axis: values}})
    monkeypatch.setattr(settings, "sweeps", lambda: {"totals": other})
    plan.sweep_points.cache_clear()
    try:
        with pytest.raises(AuditError, match=told):
            plan.check_sweep("totals")
    finally:
        plan.sweep_points.cache_clear()
