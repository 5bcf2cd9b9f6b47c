"""Timings are told as they were taken: ratios by hand, and a README that is their summary."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def summary():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import summary

        yield summary
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def runs():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import runs

        yield runs
    finally:
        sys.path.remove(str(BENCHMARKS))


# task, way, what, round, jobs, seconds, mb
ROWS = [
    ("alone", "cells", "n", 1, 1, 0.5, 0),
    ("alone", "warm", "n", 1, 1, 0.7, 0),
    ("alone", "command", "n", 1, 1, 4.5, 0),
    ("alone", "cells", "n", 2, 1, 1.0, 0),
    ("alone", "warm", "n", 2, 1, 1.4, 0),
    ("alone", "command", "n", 2, 1, 5.0, 0),
    ("edit", "warm", "", 1, 7, 5.0, 0),
    ("edit", "command", "", 1, 7, 10.0, 0),
    ("full", "warm", "", 1, 90, 60.0, 0),
    ("full", "command", "", 1, 90, 480.0, 0),
    ("full", "floor", "", 1, 90, 39.0, 0),
    ("memory of full", "warm", "", 1, 90, 61.0, 1600),
    ("nothing", "warm", "", 1, 90, 1.8, 0),
    ("nothing", "version", "", 1, 90, 1.0, 0),
    ("nothing", "empty", "", 1, 90, 1.0, 0),
    ("sweep", "warm", "", 1, 500, 100.0, 0),
    ("sweep", "command", "", 1, 10, 25.0, 0),
    ("sweep", "floor", "", 1, 10, 1.0, 0),
    ("memory of sweep", "warm", "", 1, 500, 110.0, 900),
]  # fmt: skip
COLUMNS = ["task", "way", "what", "round", "jobs", "seconds", "mb"]


def test_targets_by_hand(summary):
    results = pd.DataFrame(ROWS, columns=COLUMNS)
    told = summary.targets(results, summary.measured(results))
    # 0.2 and 0.4 s beside the cells; 4 and 4 s with the command.
    assert told["measured"].tolist() == pytest.approx(
        [0.3, (20 + 10) / 2, 8, 60 / 40, 0.5, 0.9, 1.8, 0.2 / 0.1, 1.6, 0.9]
    )
    met = [True, True, True, True, False, True, None, False, False, True]
    assert told["met"].where(told["met"].notna(), None).tolist() == met


def test_a_time_is_told_with_its_range_and_as_so_many_of_the_projects(summary):
    results = pd.DataFrame(ROWS, columns=COLUMNS)
    table = summary.table(summary.measured(results)).splitlines()
    assert table[0].startswith("| way | a notebook beside its cells, s |")
    assert table[2].startswith("| this project | 0.30 (0.20–0.40) | 60.00 | 5.00 | 0.20 |")
    (command,) = [line for line in table if "papermill` command" in line]
    assert "| 4.00 (4.00–4.00)<br>15.0 × | 480.00<br>8.0 × | 10.00<br>2.0 × |" in command


def test_a_look_counts_for_the_first_part_that_it_fits(runs):
    kernel = (
        "part (nbtrail/src/nbtrail/run/sweeps.py:1);_become_kernel "
        "(nbtrail/src/nbtrail/run/kernels.py:1)"
    )
    told = runs.parts(
        [
            f"{kernel};run_code (IPython/core/interactiveshell.py:1) 7",
            f"{kernel};initialize (ipykernel/kernelapp.py:1) 5",
            f"{kernel} 3",
            "part (nbtrail/src/nbtrail/run/sweeps.py:1) 2",
            "main (other.py:1) 11",
        ]
    )
    assert dict(told) == {
        "cells": 7,
        "a kernel starts": 5,
        "a kernel takes and answers messages": 3,
        "the project itself": 2,
    }


def test_the_readme_is_what_the_results_give():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "summary.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
