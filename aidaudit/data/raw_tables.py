"""Reading raw tables, each held against its descriptor and its schema."""

from __future__ import annotations

from functools import partial

import pandas as pd

from aidaudit.data import corrections, sources
from aidaudit.data.tables import RAW
from nbtrail.base import files, schema
from nbtrail.base.errors import AuditError, nearest


def read(folder: str) -> pd.DataFrame:
    """A raw table, held against its descriptor's sha256 and its schema.

    folder: below data/raw, e.g. 'kiel/release-21'. Returns the table as published.
    """
    path = sources.table_path(folder)
    file = files.source(path)
    about = sources.package(folder)
    resource = about["resources"][0]
    if resource["name"] not in RAW:
        raise AuditError(
            "the descriptor is broken: it names a table that the project does not know.",
            file=sources.RAW_FOLDER / folder / "datapackage.json",
            found=resource["name"],
            expected="one of " + ", ".join(RAW),
            mend=nearest(resource["name"], list(RAW))
            + "Restore it (`git checkout -- data/raw`), or ingest the upstream file again.",
        )
    # What a correction changes is held against the schema once it is changed.
    accepted = partial(
        corrections.spoken_of,
        corrections=corrections.read_corrections(),
        source=sources.correction_source(folder),
        release=int(about["release"]) if sources.is_release(folder) else None,
    )
    frame = schema.read(file, RAW[resource["name"]], path, accepted=accepted)
    recorded = resource.get("hash", "").removeprefix("sha256:")
    if recorded and sources.sha256(file) != recorded:
        raise AuditError(
            "the table is not the one that its descriptor describes.",
            file=path,
            found=sources.sha256(file),
            expected=f"sha256 {recorded}",
            mend="restore it (`git checkout -- data/raw`), or ingest the upstream file again; "
            "to change a fact, add a row to data/raw/corrections.csv.",
        )
    return frame


def register() -> pd.DataFrame:
    """The register of donors that this project knows (kept by hand)."""
    return schema.read(files.source(sources.REGISTER), RAW["donors"], sources.REGISTER)
