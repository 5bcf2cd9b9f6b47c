"""Workbooks (.xlsx) that hold one of our tables: by the values of their cells."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from aidaudit.checking import text
from aidaudit.checking.base import Archive, Finding
from aidaudit.errors import AuditError
from aidaudit.ingest.readers import workbooks

_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are a zip with a workbook of Excel in it."""
    if content[:4] != b"PK\x03\x04":
        return False
    return b"xl/workbook.xml" in content


def workbook(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A workbook's sheets against all archived tables; None where none is like one.

    It is the same only if it holds one table, and no formula that would show other values
    than those that were saved. Raises AuditError for one that is too large to read.
    """
    filled = [
        rows
        for sheet in workbooks.names(file)
        if (rows := [row for row in workbooks.cells(file, sheet) if any(map(_spelt, row))])
    ]
    findings = []
    for rows in filled:
        cells = [[_spelt(cell) for cell in row] for row in rows]
        how = "the same values, other format: a workbook"
        findings.append(text.cells(cells, archive, how))
    known = [finding for finding in findings if finding is not None]
    if not known:
        return None
    if len(filled) > 1:
        told = [f"it has {len(filled)} sheets", *known[0].differences]
        return Finding("altered", known[0].path, "one of its sheets is like it", told)
    if known[0].status == "unchanged" and _has_formulas(file):
        told = ["formulas show other values than those that were saved, once they are computed"]
        return Finding("altered", known[0].path, "the same values, but formulas too", told)
    return known[0]


def _has_formulas(file: Path) -> bool:
    with workbooks.opened(file) as archive:
        sheets = [name for name in archive.names() if name.startswith("xl/worksheets/")]
        return any(_FORMULA.search(archive.read(name)) for name in sheets)


def _spelt(cell: object) -> str:
    """A cell as our tables spell it."""
    if isinstance(cell, workbooks.Odd):
        raise AuditError(str(cell.why))
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return repr(cell).removesuffix(".0")
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, datetime.date) else str(cell)
