"""What long tests found, as pages and tables of the report tell it."""

import csv
from pathlib import Path

import pytest

from aidaudit.data import sources
from aidaudit.report import tables, test_runs

ROOT = Path(__file__).parents[1]
ROWS = [
    {"target": "a file", "mutation": "cut short", "rounds": 3, "accepted": 1, "refused": 2,
     "seen": "f.csv, row 2: a | b <c>", "seed": "7"},
    {"target": "a file", "mutation": "units", "rounds": 4, "accepted": 0, "refused": 4,
     "seen": "", "seed": "9"},
    {"target": "a table", "mutation": "units", "rounds": 5, "accepted": 5, "refused": 0,
     "seen": "", "seed": "7"},
]  # fmt: skip


def test_kinds_of_files_are_summed():
    assert test_runs.by_target(ROWS) == [
        {"target": "a file", "ways": 2, "rounds": 7, "accepted": 1, "refused": 6},
        {"target": "a table", "ways": 1, "rounds": 5, "accepted": 5, "refused": 0},
    ]


def test_the_page_of_bad_data_counts_rounds_and_keeps_its_columns():
    page = test_runs.mutations_page(ROWS)
    assert "changed in 12 rounds (seed 7, 9:" in page
    assert page.count("\n## ") == 2
    assert "| cut short | 3 | 1 | 2 | f.csv, row 2: a \\| b \\<c\\> |" in page
    assert "| units | 4 | 0 | 4 | – |" in page


def test_every_round_was_accepted_or_refused_and_every_kind_of_file_was_refused_something():
    told = test_runs.by_target(test_runs.mutations())
    assert sum(row["rounds"] for row in told) >= 5_000
    for row in told:
        assert row["accepted"] + row["refused"] == row["rounds"]
        assert row["refused"]


def test_every_raw_table_was_perturbed():
    tables = [row["table"] for row in test_runs.perturbations()]
    assert tables == sorted(sources.packages())


def test_what_was_changed_stands_in_the_raw_table():
    for row in test_runs.perturbations():
        with (ROOT / sources.table_path(row["table"])).open(encoding="utf-8") as stream:
            cells = list(csv.DictReader(stream))
        assert cells[int(row["row"]) - 2][row["column"]] == row["was"], row["table"]


def test_what_survived_is_explained():
    found = test_runs.mutants()
    assert {row["module"] for row in found} == {"aggregate", "money", "verdicts"}
    for row in found:
        assert row["mutants"] == row["killed"] + row["survived"]
        assert row["survived"] == row["explained"]


@pytest.mark.parametrize("name", ["_mutations", "_perturbations", "_mutants"])
def test_tables_of_the_report_have_as_many_cells_as_columns(name):
    lines = [line for line in getattr(tables, name)().splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
