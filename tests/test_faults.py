"""A few of the rounds of tests/faults/run.py, and how it tells what a person saw."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faults import run as faults

from aidaudit.report import test_runs
from aidaudit.report.test_runs import together

ROOT = Path(__file__).parents[1]


def in_git() -> bool:
    """Whether a copy of the committed state can be had."""
    if shutil.which("git") is None:
        return False
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True)
    return done.returncode == 0


@pytest.mark.build
@pytest.mark.skipif(sys.platform != "linux", reason="jobs are forked on Linux")
@pytest.mark.skipif(not in_git(), reason="an unpacked archive has no committed state")
def test_killed_builds_are_taken_up_as_if_nothing_had_been(tmp_path):
    checkout = faults.Checkout(tmp_path)
    assert len(checkout.expected) > 20
    for asked in (
        faults.Round("SIGHUP (the terminal was closed)", "failed", 1, 1, True, "a"),
        faults.Round(faults.TWICE, "failed", 1, 1, False, "b"),
        faults.Round(faults.LOSS, "moved", 3, 0, True, "c"),
        faults.Round("kill -9 of Snakemake", "recorded", 1, 2, False, "d"),
    ):
        struck, _, wrong = faults.struck_by(checkout, asked)
        assert struck
        assert wrong


def test_what_was_said_is_told_without_what_differs():
    told = (
        "2 jobs to do.\n\nnotebooks/figures/F10.ipynb: failed in cell 9: while True:\n"
        "CellTimeoutError: A cell timed out\n  the notebook as far as it ran: logs/x.ipynb\n"
        "  fix:      a notebook has 0.2 minutes\n\nmore"
    )
    assert faults.seen(told) == (
        "notebooks/figures/F10.ipynb: failed in cell 9: while True: / "
        "CellTimeoutError: A cell timed out / fix:      a notebook has 0.2 minutes"
    )
    assert faults.seen("another build is at work\n  found:    'process 77'") == (
        "another build is at work / found:    'process …'"
    )
    assert faults.seen("3 jobs to do.\nEverything is built.") == ""


def test_the_page_counts_rounds_and_keeps_its_columns():
    row = {"fault": "a fault", "rounds": "3", "seen": "", "left": "4", "resumed": "snakemake",
           "seed": "7"}  # fmt: skip
    more = {**row, "rounds": "1", "seen": "a | b <c>", "left": "8", "seed": "9"}
    (one,) = together([row, more])
    assert (one["rounds"], one["left"]) == (4, 5)
    page = test_runs.faults_page([one])
    assert "was broken in 4 rounds (seeds 7, 9:" in page
    assert "| a fault | 4 | a \\| b \\<c\\> | 5 | `snakemake` |" in page
