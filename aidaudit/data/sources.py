"""The raw fact tables: where they lie, and where they come from.

Each folder under data/raw is one Frictionless data package with one table. `raw_tables` reads
a table, and first holds the file against the sha256 in its descriptor, so that a fact changed
by hand is noticed; changes belong in data/raw/corrections.csv. Writing packages is left to
`ingest`. Light on purpose: Snakemake asks here, at each of its starts.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aidaudit import layout
from nbtrail.base import determinism, digits, files
from nbtrail.base.errors import AuditError, nearest

if TYPE_CHECKING:
    pass

RAW_FOLDER = Path("data/raw")
REGISTER = RAW_FOLDER / "memberships" / "donors.csv"


def sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def packages() -> dict[str, dict]:
    """All descriptors: folder relative to data/raw → descriptor, sorted by folder.

    For overviews; a notebook reads the descriptors that its rule declares, one by one.
    """
    base = determinism.root() / RAW_FOLDER
    return {
        path.parent.relative_to(base).as_posix(): descriptor(path)
        for path in sorted(base.rglob("datapackage.json"))
        if path.parent != base
    }


def package(folder: str) -> dict:
    """The descriptor of one folder below data/raw. Raises AuditError where there is none."""
    path = RAW_FOLDER / folder / "datapackage.json"
    if not (determinism.root() / path).is_file():
        known = list(packages())
        raise AuditError(
            f"there is no raw table in data/raw/{folder}.",
            found=folder,
            expected=f"one of {known}",
            mend=nearest(folder, known) + "`aidaudit ingest --help` says how to add one.",
        )
    content = descriptor(files.source(path))
    if is_release(folder):
        _is_of(folder, content, path)
    return content


def _is_of(folder: str, content: dict, path: Path) -> None:
    """Raise AuditError where the descriptor of a release is not that of its folder."""
    number = str(_number(folder))
    for name, pattern, expected in (
        ("release", re.escape(number), f"'{number}', as the folder is called"),
        ("cut_off", r"20[0-9][0-9]-[01][0-9]-[0-3][0-9]", "a day like 2026-08-31"),
    ):
        if not re.fullmatch(pattern, str(content.get(name))):
            raise AuditError(
                f"the descriptor is not that of release {number}.",
                file=path,
                column=name,
                found=content.get(name),
                expected=expected,
                mend="restore it (`git checkout -- data/raw`), or ingest the release again.",
            )


def correction_source(folder: str) -> str:
    """How corrections.csv names the source of a folder: releases share one name."""
    return "kiel" if is_release(folder) else folder


def is_correctable(source: str, release: str | None, coming: int | None = None) -> bool:
    """Whether data/raw has the table of which a row of corrections.csv speaks.

    coming: a release that is being ingested, and may be spoken of already.
    """
    if source == "kiel":
        known = [*release_numbers(), *([coming] if coming is not None else [])]
        return not release or release in map(str, known)
    here = (determinism.root() / RAW_FOLDER / source / "datapackage.json").is_file()
    return here and not release and not is_release(source)


def is_release(folder: str) -> bool:
    """Whether a folder holds the main table of a Kiel release."""
    return folder.startswith("kiel/release-")


def descriptor(path: Path) -> dict:
    """One descriptor, read. Raises AuditError where it is broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        resource = content["resources"][0]
        resource["path"], resource["name"], content["sources"][0]["hash"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise AuditError(
            f"the descriptor is broken: {error}.",
            file=files.name(path),
            expected="a Frictionless data package with one table, as ingest writes it",
            mend="run the ingest command of this source again.",
        ) from None
    return content


def release_numbers() -> list[int]:
    """Numbers of the ingested Kiel releases, ascending."""
    folders = (determinism.root() / RAW_FOLDER / "kiel").glob("release-*/datapackage.json")
    return sorted(_number(f"kiel/{path.parent.name}") for path in folders)


def _number(folder: str) -> int:
    """The number of a release by which its folder is called."""
    try:
        return digits.whole(folder.removeprefix("kiel/release-"))
    except ValueError:
        raise AuditError(
            "the folder is not called by the number of a release.",
            file=f"{RAW_FOLDER}/{folder}",
            expected="a name like release-21",
            mend="move it out of data/raw, or ingest the release again.",
        ) from None


def neighbours(number: int) -> list[int]:
    """The ingested releases before and after a number, fewer at the ends."""
    others = release_numbers()
    before, after = [n for n in others if n < number], [n for n in others if n > number]
    return [*before[-1:], *after[:1]]


def release(number: int) -> dict:
    """The descriptor of a Kiel release. Raises AuditError for one that is not ingested."""
    if number not in release_numbers():
        raise AuditError(
            f"Kiel release {number} has not been ingested.",
            found=number,
            expected=f"one of {release_numbers()}",
            mend="run `aidaudit ingest kiel FILE --release N --cut-off DATE`.",
        )
    return package(layout.raw_release(number))


def depth(number: int) -> str:
    """The deepest table that a release supports: activities, donor_month or donor_totals."""
    return release(number)["resources"][0]["name"]


def table_path(folder: str) -> Path:
    """The CSV of a package, relative to the root."""
    return RAW_FOLDER / folder / package(folder)["resources"][0]["path"]
