"""Where everything lies, relative to the root: the one place that rules and notebooks share.

Light on purpose: the Snakefile imports it.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode

# What does not depend on a variant is made once, under this name.
ALL = "all"
CLEAN = "data/processed/clean"
MANIFEST = "data/processed/manifest.json"
# The pinned environment: outputs name its hash among what they were made from.
LOCK = "envs/requirements.txt"
# Descriptors of built tables, each at the top of the folders that it describes.
DESCRIPTORS = ("data/processed/datapackage.json", "figures/datapackage.json")
# Below it, group/name.ipynb: how far a notebook ran that failed.
LOGS = "logs/notebooks"
FORMATS = ("svg", "pdf", "png", "csv", "json")


def clean(name: str) -> str:
    """A clean table, by its name."""
    return f"{CLEAN}/{name}.csv"


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
