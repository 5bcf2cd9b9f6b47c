"""Excerpts: of a file that many jobs share, the rows or entries that one job uses.

A job that reads a shared file whole has to run again for any line of it. So `plan` tells for
each job which excerpts it needs; Snakemake sees their hash as a parameter, the job's notebook
finds them under the names of the whole files, and nothing else of these. By hand, in
JupyterLab, whole files are read: what a job leaves out it does not use.

Light on purpose: the Snakefile imports it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nbtrail.base import csvs, determinism
from nbtrail.base.errors import AuditError

KEPT = ".staging/excerpts"
# The hash of no excerpts: an empty word would be lost on its way through a shell.
NONE = "none"


@dataclass(frozen=True)
class Excerpt:
    """Part of a file. path: of the whole, relative to the root. key: which part, in a word.

    content: for YAML what the entries say; for CSV the rows of cells, the header first.
    numbers: where these rows stand in the whole file, the header being row 1; none for YAML.
    """

    path: str
    key: str
    content: Any
    numbers: tuple[int, ...] = ()

    def records(self) -> list[dict[str, str]]:
        """Rows of a CSV as column → cell."""
        if not self.numbers:
            return []
        header, *lines = self.content
        return [dict(zip(header, cells, strict=True)) for cells in lines]

    @property
    def name(self) -> str:
        """As receipts name it: path#key."""
        return f"{self.path}#{self.key}"

    @property
    def sha256(self) -> str:
        """Hash of what it says: not of comments, nor of where it stands in its file."""
        text = json.dumps(self.content)
        return hashlib.sha256(text.encode()).hexdigest()


def rows(path: str, key: str, chosen: Callable[[Mapping[str, str]], bool]) -> Excerpt:
    """The rows of a CSV file that `chosen` takes, given column → cell; maybe none.

    A file that is no even table is taken whole: whoever reads it tells best what is wrong.
    """
    file = determinism.root() / path
    about = file.stat()
    table = _table(file, path, about.st_mtime_ns, about.st_size)
    if table is None:
        return _whole(file, path, key)
    header, *lines = table
    try:
        kept = [
            (number, cells)
            for number, cells in enumerate(lines, 2)
            if chosen(dict(zip(header, cells, strict=True)))
        ]
    except KeyError:
        return _whole(file, path, key)
    return Excerpt(path, key, [header, *(c for _, c in kept)], (1, *(n for n, _ in kept)))


def values(path: str, column: str) -> frozenset[str]:
    """The different cells of a column; none where the file has no such column."""
    file = determinism.root() / path
    try:
        with file.open(encoding="utf-8") as stream:
            if column not in stream.readline():
                return frozenset()
        about = file.stat()
    except (OSError, ValueError):
        return frozenset()
    return _values(file, path, column, about.st_mtime_ns, about.st_size)


@cache
def _values(file: Path, path: str, column: str, *about: int) -> frozenset[str]:
    table = _table(file, path, *about)
    if table is None or column not in table[0]:
        return frozenset()
    at = table[0].index(column)
    return frozenset(cells[at] for cells in table[1:])


def _whole(file: Path, path: str, key: str) -> Excerpt:
    return Excerpt(path, key, file.read_text("utf-8", "surrogateescape"))


@cache
def _table(file: Path, path: str, *_: int) -> list[list[str]] | None:
    """All rows; None where it is no table. The rest tells a changed file from this one."""
    try:
        table = csvs.read(file, path, mend="")
        csvs.even(table, path, mend="")
    except AuditError:
        return None
    return table or None


def digest(taken: Sequence[Excerpt]) -> str:
    """One hash of several excerpts; NONE without any."""
    if not taken:
        return NONE
    text = json.dumps([(one.name, one.sha256) for one in taken])
    return hashlib.sha256(text.encode()).hexdigest()


def keep(taken: Sequence[Excerpt]) -> str:
    """Put excerpts where the job that needs them finds them; returns their hash."""
    wanted = digest(taken)
    if taken:
        file = determinism.root() / KEPT / f"{wanted}.json"
        text = json.dumps([vars(one) for one in taken]).encode()
        # What cannot be written here is missed by the job alone, and a dry run has none.
        with suppress(OSError):
            if not file.is_file() or file.read_bytes() != text:
                determinism.staging()
                file.parent.mkdir(exist_ok=True)
                part = file.with_suffix(f".{os.getpid()}.part")
                part.write_bytes(text)
                part.replace(file)
    return wanted


def kept(wanted: str) -> list[Excerpt]:
    """The excerpts of this hash. Raises AuditError where they are not there, or are others."""
    if wanted == NONE:
        return []
    path = f"{KEPT}/{wanted}.json"
    try:
        told = json.loads((determinism.root() / path).read_text("utf-8"))
        taken = [Excerpt(**{**one, "numbers": tuple(one["numbers"])}) for one in told]
    except (OSError, ValueError, KeyError, TypeError):
        taken = []
    if digest(taken) != wanted:
        raise AuditError(
            "the rows and entries that this job was planned with are not there.",
            file=path,
            mend="start the build again: snakemake plans anew.",
        )
    return taken


def write(taken: Iterable[Excerpt], folder: Path) -> dict[str, dict]:
    """Write a file for each path into a folder of its own.

    Returns path → file, and rows (where each row below the header stands in the whole file;
    None where the file is no table), as `files` finds them.
    """
    by_path: dict[str, list[Excerpt]] = {}
    for one in taken:
        by_path.setdefault(one.path, []).append(one)
    found = {}
    for path, parts in by_path.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        numbers = None
        if all(one.numbers for one in parts):
            placed = (zip(one.numbers, one.content, strict=True) for one in parts)
            lines = {number: cells for part in placed for number, cells in part}
            _, *numbers = sorted(lines)
            file.write_text(_csv([lines[n] for n in sorted(lines)]), encoding="utf-8")
        else:
            (content,) = {json.dumps(one.content, ensure_ascii=False) for one in parts}
            whole = json.loads(content) if path.endswith(".csv") else content
            file.write_text(whole, encoding="utf-8", errors="surrogateescape", newline="")
        found[path] = {"file": str(file), "rows": numbers}
    return found


def _csv(lines: Sequence[Sequence[str]]) -> str:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()
