"""Where everything lies, relative to the root: the one place that rules and notebooks share.

Light on purpose: the Snakefile imports it.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode

CLEAN = "data/processed/clean"
KIEL = "kiel_release_"
# The interactive view of the report's page, as a Vega-Lite specification with its data.
VIEW = "data/processed/all/view.json"
LIBRARY = "report/build/view.js"
# What tests/faults/run.py saw.
FAULTS = "docs/faults.csv"
MUTATIONS = "docs/mutations.csv"
PERTURBATIONS = "docs/perturbations.csv"
MUTANTS = "docs/mutants.csv"
MANIFEST = "data/processed/manifest.json"
# The pinned environment: outputs name its hash among what they were made from.
LOCK = "envs/requirements.txt"
# Descriptors of built tables, each at the top of the folders that it describes.
DESCRIPTORS = ("data/processed/datapackage.json", "figures/datapackage.json")
# Below it, group/name.ipynb: how far a notebook ran that failed.
LOGS = "logs/notebooks"
FORMATS = ("svg", "pdf", "png", "csv", "json")


def raw_release(release: int) -> str:
    """Folder of a Kiel release below data/raw."""
    return f"kiel/release-{release:02d}"


def clean(name: str) -> str:
    """A clean table: a context table, or kiel_release_NN."""
    return f"{CLEAN}/{name}.csv"


def lookup(name: str) -> str:
    """A classification: which words of the publishers fall into which class."""
    return f"config/classifications/{name}.csv"


def clean_release(release: int) -> str:
    """The clean table of a Kiel release."""
    return clean(f"{KIEL}{release:02d}")


def release_of(name: str) -> int | None:
    """The release of a clean table's name, or None for a context table."""
    return int(name.removeprefix(KIEL)) if name.startswith(KIEL) else None


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


def table(name: str, variant: str) -> dict[str, str]:
    """The files of a table of the report: csv holds its data, json what the report shows."""
    return {kind: f"figures/{variant}/{name}.{kind}" for kind in ("csv", "json")}


def executed(variant: str, notebook: str) -> str:
    """An executed notebook."""
    return f"report/notebooks/{variant}/{notebook}.ipynb"


def sweep(name: str) -> str:
    """The tidy table of all runs of a sweep."""
    return f"data/processed/sweeps/{name}.csv"


def receipt(group: str, name: str) -> str:
    """What a job of the build writes about itself: the job is `group/name`."""
    return f"data/processed/receipts/{group}/{name}.json"


def of_manifest() -> tuple[str, ...]:
    """The manifest, its descriptors, and the receipt of the job that writes them."""
    return (MANIFEST, *DESCRIPTORS, receipt("report", "manifest"))


def identifier(name: str, variant: str) -> str:
    """The short id of a figure or table, by which it is cited: F01-article."""
    return f"{name}-{variant}"


def number_id(variant: str, key: str) -> str:
    """The short id of a number: 'n' and six letters or digits; stable while its key is."""
    digest = hashlib.sha256(f"{variant}:{key}".encode()).digest()
    return "n" + b32encode(digest).decode().lower()[:6]
