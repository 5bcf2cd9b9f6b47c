"""Where everything lies, relative to the root: the one place that rules and notebooks share.

Light on purpose: the Snakefile imports it.
"""

from __future__ import annotations

CLEAN = "data/processed/clean"
FORMATS = ("svg", "pdf", "png", "csv", "json")
# Context table ← the raw folders that it is made from.
CONTEXT = {
    "donors": ["memberships/nato", "memberships/eu"],
    "rates": ["ecb/euro_rates"],
    "economy": ["imf_weo/october_2025"],
    "population": ["worldbank/population"],
}


def raw_release(release: int) -> str:
    """Folder of a Kiel release below data/raw."""
    return f"kiel/release-{release:02d}"


def clean(name: str) -> str:
    """A clean context table."""
    return f"{CLEAN}/{name}.csv"


def clean_release(release: int) -> str:
    """The clean table of a Kiel release."""
    return f"{CLEAN}/kiel_release_{release:02d}.csv"


def result(variant: str, name: str) -> str:
    """A result table of a variant."""
    return f"data/processed/{variant}/{name}.csv"


def numbers(variant: str, notebook: str) -> str:
    """The numbers that one notebook contributes."""
    return f"data/processed/{variant}/numbers/{notebook}.json"


def all_numbers(variant: str) -> str:
    """All numbers of a variant."""
    return f"data/processed/{variant}/numbers.json"


def figure(name: str, variant: str) -> dict[str, str]:
    """The files of a figure: format → path; json holds its words."""
    return {kind: f"figures/{variant}/{name}.{kind}" for kind in FORMATS}


def executed(variant: str, notebook: str) -> str:
    """An executed notebook."""
    return f"report/notebooks/{variant}/{notebook}.ipynb"
