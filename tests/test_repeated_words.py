"""Words that repeat the value of a parameter are found, and others are left alone."""

import json
from pathlib import Path

import pytest

from nbtrail.author import notebook_checks

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("text", "name", "value", "found"),
    [
        ("the fall after January 2025, and", "since", "2025-01", ["January 2025"]),
        ("from Jan 2025 to Jan. 2025", "since", "2025-01", ["Jan 2025", "Jan. 2025"]),
        ("since 2025-01 on", "since", "2025-01", ["2025-01"]),
        ("on 1 January 2025", "since", "2025-01", ["1 January 2025"]),
        ("to December 2024", "cut_off", "2024-12-31", ["December 2024"]),
        ("31 December 2024", "cut_off", "2024-12-31", ["31 December 2024"]),
        ("December 31, 2024", "cut_off", "2024-12-31", ["December 31, 2024"]),
        ("Days of release 21.", "release", 21, ["release 21"]),
        ("Releases 18 and 21 share ids", "releases", ["18", "21"], ["Releases 18 and 21"]),
        ("in release 28", "compared_releases", ["18", "28"], ["release 28"]),
        ("windows of three months", "months", 3, ["three months"]),
        ("3 months", "months", 3, ["3 months"]),
        ("10,000 draws, 10000 of them", "draws", 10000, ["10,000", "10000"]),
        ("the rise since 2014", "base_year", 2014, ["2014"]),
        ("about 280 bn US$", "total", 280.0, ["280"]),
        ("within 5 % or five per cent", "tolerance", 0.05, ["5 %", "five per cent"]),
        ("once Patriot delivered", "event", "Patriot delivered", ["Patriot delivered"]),
    ],
)
def test_a_repeated_value_is_found_in_every_spelling(text, name, value, found):
    assert notebook_checks.repeats(text, name, value) == found


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        # Other dates, and parts of longer ones.
        ("in January 2026 and June 2025", "since", "2025-01"),
        ("2025-01-15", "since", "2025-01"),
        ("on 30 December 2024", "cut_off", "2024-12-31"),
        # A year in a date or an edition is that of the date.
        ("World Economic Outlook, October 2025", "last_year", 2025),
        ("COVID-2019, $2019", "first_year", 20190),
        ("kiel_release_21", "release", 21),
        ("release 210; 21 donors, release 21.5", "release", 21),
        ("three panels, 3 donors", "months", 3),
        ("2,280 rows and 280.5", "total", 280.0),
        ("15 % and 5 panels, 0.5 %", "tolerance", 0.05),
        # Names that code needs, and switches.
        ("all donors of the latest variant", "donor_group", "all"),
        ("Javelin", "javelin", "javelin"),
        ("one draw", "other_aid", True),
        # What the article says is what it says.
        ("The article says that about 280 bn US$ came by February 2025.", "d", "2025-02-28"),
        ("The article says that about 280 bn US$ came (MIL-2).", "total", 280.0),
    ],
)
def test_other_words_are_left_alone(text, name, value):
    assert notebook_checks.repeats(text, name, value) == []


def test_after_the_article_s_sentence_words_count_again():
    text = "# Since 2014\n\nThe article says so since 2014. Since 2014 it has been so."
    assert notebook_checks.repeats(text, "base_year", 2014) == ["2014", "2014"]


def test_a_notebook_is_told_by_cell_and_its_own_parts_do_not_count(tmp_path, monkeypatch):
    cells = [
        ("markdown", "# What came after January 2025?", []),
        ("code", 'since: str = "2025-01"  # first month (YYYY-MM)', ["parameters"]),
        ("code", 'title = f"after {since}"\nplain = "after January 2025"  # January 2025', []),
        # A value stands between the parts.
        ("code", 'f"in January {since} 2025"', []),
    ]
    (tmp_path / "Snakefile").touch()
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    notebook = {
        "cells": [
            {"id": f"c{n}", "cell_type": kind, "metadata": {"tags": tags}, "source": source}
            | ({} if kind == "markdown" else {"outputs": [], "execution_count": None})
            for n, (kind, source, tags) in enumerate(cells)
        ],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    told = notebook_checks.repeated("n.ipynb")
    assert [line.partition(" repeats")[0] for line in told] == [
        "cell 1: 'January 2025'", "cell 3: 'January 2025'",
    ]  # fmt: skip
    assert "charts.in_words" in told[1]


def test_the_notebooks_and_sections_of_this_project_repeat_nothing():
    assert [
        line for path in notebook_checks.sources() for line in notebook_checks.repeated(path)
    ] == []
    assert notebook_checks.repeated_in_sections() == []
