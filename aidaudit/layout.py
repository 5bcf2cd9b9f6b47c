"""Where the audit's own tables lie, relative to the root, beside those of every project.

Light on purpose: the Snakefile imports it.
"""

from __future__ import annotations

from nbtrail.base.paths import clean

KIEL = "kiel_release_"
# The interactive view of the report's page, as a Vega-Lite specification with its data.
VIEW = "data/processed/all/view.json"
LIBRARY = "report/build/view.js"
# What tests/faults/run.py saw.
FAULTS = "docs/faults.csv"
MUTATIONS = "docs/mutations.csv"
PERTURBATIONS = "docs/perturbations.csv"
MUTANTS = "docs/mutants.csv"
# Stem of a notebook → what it makes, in words.
MAKES = {
    "kiel": "Clean tables of the tracker's releases",
    "context": "Clean tables of the context",
    "results": "Totals by donor, month and reading, and their numbers",
    "claims": "Verdicts of all claims, what they rest on, and their numbers",
    "multiverse": "Every specification",
    "origin": "Where the quoted total can come from, and its numbers",
    "switch": "The switch of 2025 by last month counted",
    "scenario": "Scenarios",
    "verdicts": "V01",
    "report": "The report's text",
}


def raw_release(release: int) -> str:
    """Folder of a Kiel release below data/raw."""
    return f"kiel/release-{release:02d}"


def lookup(name: str) -> str:
    """A classification: which words of the publishers fall into which class."""
    return f"config/classifications/{name}.csv"


def clean_release(release: int) -> str:
    """The clean table of a Kiel release."""
    return clean(f"{KIEL}{release:02d}")


def release_of(name: str) -> int | None:
    """The release of a clean table's name, or None for a context table."""
    return int(name.removeprefix(KIEL)) if name.startswith(KIEL) else None
