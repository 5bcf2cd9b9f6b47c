"""One kind of error for everything that a person can mend.

An `AuditError` says where (file, row, column), what was found, what was expected
and what to do. The command line prints it and exits with status 1; it never shows
a traceback. Programming mistakes stay ordinary exceptions, with their traceback.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbtrail.base import terminal


@dataclass
class AuditError(Exception):
    """A problem in data, configuration or a notebook, told to the person who can mend it.

    problem: one sentence. file, row, column: the place; `row` counts as a spreadsheet
    does (the header is row 1). found, expected: values. mend: what to edit or run.
    """

    problem: str
    file: str | Path | None = None
    row: int | None = None
    column: str | None = None
    found: object = None
    expected: object = None
    mend: str | None = None

    def __str__(self) -> str:
        """The message as printed: the place and problem first, then indented details."""
        place = ", ".join(
            part
            for part in (
                terminal.line(self.file) if self.file is not None else "",
                f"row {self.row}" if self.row is not None else "",
                f"column {terminal.line(self.column)}" if self.column is not None else "",
            )
            if part
        )
        problem = _short(self.problem, 2000)
        lines = [f"{place}: {problem}" if place else problem]
        if self.found is not None:
            lines.append(f"  found:    {_short(repr(self.found))}")
        if self.expected is not None:
            lines.append(f"  expected: {self.expected}")
        if self.mend is not None:
            lines.append(f"  fix:      {self.mend}")
        return "\n".join(lines)


def _short(words: str, most: int = 400) -> str:
    """A cell of a million characters would bury the message."""
    return words if len(words) <= most else f"{words[:most]}… ({len(words):,} characters)"


def nearest(word: object, known: list[str], *, cutoff: float = 70) -> str:
    """'Did you mean …? ' for the closest known word, or an empty string."""
    from rapidfuzz import fuzz, process

    match = process.extractOne(
        str(word), known, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=cutoff
    )
    return f"Did you mean '{match[0]}'? " if match else ""
