"""Jobs: what they make again, what they leave, and what may not change while they run."""

import json
import shutil
from pathlib import Path

import pytest

from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.publish import report
from nbtrail.record import fingerprint
from nbtrail.run import jobs, notebooks

NAMES = ("a", "b")
RECEIPT = paths.receipt("report", "pages")


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Runs the job over two notebooks and a style; the names of the pages that it made."""
    (tmp_path / "Snakefile").write_text("")
    (tmp_path / "config").mkdir()
    (tmp_path / "envs").mkdir()
    (tmp_path / paths.LOCK).write_text("pandas==3\n")
    (tmp_path / "style.css").write_text("p {}")
    for name in NAMES:
        (tmp_path / f"{name}.ipynb").write_text(f"notebook {name}")
    monkeypatch.chdir(tmp_path)
    made = []

    def pages(pairs, _):
        for source, out in pairs:
            made.append(source.stem)
            out.write_text(f"page of {source.read_text()}")

    monkeypatch.setattr(report, "notebook_pages", pages)

    def run(code="1"):
        made.clear()
        inputs = [*(f"{name}.ipynb" for name in NAMES), "style.css"]
        jobs.pages(inputs, [f"{name}.html" for name in NAMES], code=code, receipt=RECEIPT)
        return sorted(made)

    return run


def test_an_edit_of_one_notebook_makes_one_page(pages):
    assert pages() == ["a", "b"]
    assert pages() == []
    Path("a.ipynb").write_text("notebook a, edited")
    assert pages() == ["a"]
    assert Path("a.html").read_text() == "page of notebook a, edited"
    reused = Path(RECEIPT).read_bytes()
    Path(RECEIPT).unlink()
    assert pages() == ["a", "b"]
    assert Path(RECEIPT).read_bytes() == reused


@pytest.mark.parametrize("change", ["style.css", paths.LOCK, "code", "receipt"])
def test_what_counts_for_all_pages_makes_all_of_them(pages, change):
    pages()
    if change in ("style.css", paths.LOCK):
        Path(change).write_text("other")
    elif change == "receipt":
        Path(RECEIPT).write_text("{")
    assert pages("2" if change == "code" else "1") == ["a", "b"]


def test_a_page_that_is_not_as_it_was_left_is_made_again(pages):
    pages()
    Path("a.html").write_text("altered")
    Path("b.html").unlink()
    assert pages() == ["a", "b"]
    assert Path("a.html").read_text() == "page of notebook a"


# ---------------------------------------------------------------- edits while a build runs

CELL = "from aidaudit.helpers import one\none()"
SOURCE, HELPERS = "notebooks/n.ipynb", "aidaudit/helpers.py"


def _source(text: str) -> str:
    cells = [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": "x: int = 1  # a",
        },
        {"cell_type": "code", "metadata": {}, "source": text},
    ]
    full = [{**one, "id": f"c{n}", "execution_count": None, "outputs": []}
            for n, one in enumerate(cells)]  # fmt: skip
    return json.dumps({"cells": full, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Runs a job of one notebook; what it is given happens before and after it is executed."""
    for path, text in (
        ("Snakefile", ""), ("config/x", ""), (paths.LOCK, ""), ("in.csv", "1"),
        (SOURCE, _source(CELL)), (HELPERS, "def one(): return 1"),
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.chdir(tmp_path)
    fingerprint.package.cache_clear()
    code = fingerprint.notebook(tmp_path / SOURCE, tmp_path, ("nbtrail.run.jobs", "notebook"))

    def run(before=None, after=None):
        def executing(source, executed, **_):
            fingerprint.package.cache_clear()
            for path, text in (before or {}).items():
                Path(path).write_text(text)
            shutil.copy(source, executed)
            Path("out.csv").write_text("made")
            for path, text in (after or {}).items():
                Path(path).write_text(text)

        monkeypatch.setattr(notebooks, "run", executing)
        jobs.notebook(
            SOURCE, "n.ipynb", rule="figure", code=code, parameters={"x": 1},
            inputs=["in.csv"], outputs=["out.csv"], log="n.log", allowed={}, receipt=RECEIPT,
        )  # fmt: skip

    return run


def test_what_did_not_change_leaves_a_receipt(planned):
    planned()
    assert Path(RECEIPT).exists()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({SOURCE: _source("2")}, {}, rf"{SOURCE}: it or the code"),
        ({}, {SOURCE: _source("2")}, rf"{SOURCE}: it or the code"),
        # Taken back before the job has ended, and yet it is what ran.
        ({SOURCE: _source("2")}, {SOURCE: _source(CELL)}, rf"{SOURCE}: it or the code"),
        ({}, {HELPERS: "def one(): return 2"}, rf"{SOURCE}: it or the code"),
        ({}, {"in.csv": "2"}, r"in\.csv: it has changed while the job report/pages read it"),
    ],
)
def test_what_changes_while_a_job_runs_is_told_and_leaves_no_receipt(
    planned, before, after, told
):
    with pytest.raises(AuditError, match=told):
        planned(before, after)
    assert not Path(RECEIPT).exists()
