"""The project's tables, column by column: the vocabulary that every stage shares.

Raw tables hold what the publisher says, in our columns; clean tables hold one spelling of
everything; result tables hold what was computed. Units stand in the names and in the
descriptions. A clean context table without an entry of its own is like the raw one of its name.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from aidaudit.data.tables import (
    claims,
    context,
    equipment,
    kiel,
    packages,
    people,
    politics,
    sensitivity,
    tracker,
    war,
)
from aidaudit.layout import KIEL
from nbtrail.base.schema import Table

_TOPICS = [
    kiel,
    tracker,
    context,
    equipment,
    packages,
    people,
    politics,
    war,
    sensitivity,
    claims,
]


def _merged(kind: str) -> dict:
    """All tables of a kind; a name given twice would hide a table."""
    merged: dict = {}
    for topic in _TOPICS:
        for name, table in getattr(topic, kind, {}).items():
            if name in merged:
                raise ValueError(f"two {kind} tables are called {name}")
            merged[name] = table
    return merged


RAW = _merged("RAW")
CLEAN = _merged("CLEAN")
RESULTS = _merged("RESULTS")


def of_built(place: PurePosixPath, header: list[str]) -> Table | None:
    """The schema of a built table; None where it has none.

    place: its path, relative to the root. Releases of the tracker are told by their columns.
    """
    if place.parts[:2] != ("data", "processed"):
        return None
    if place.stem.startswith(KIEL):
        return next((one for one in CLEAN.values() if list(one.columns) == header), None)
    known = {**RAW, **CLEAN} if place.parent.name == "clean" else RESULTS
    return known.get(place.stem)
