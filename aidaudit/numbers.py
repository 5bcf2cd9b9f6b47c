"""Numbers that prose may cite: key → {value, unit, display, source}.

Every notebook writes its own numbers; they are merged per variant into numbers.json. Prose
names keys only, never digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from aidaudit import files
from aidaudit.errors import AuditError

# How a unit is written and how many decimals it deserves.
_FORMATS = {
    "bn EUR": ("{:,.1f} bn EUR", 1),
    "bn EUR a month": ("{:,.2f} bn EUR a month", 2),
    "bn EUR a year": ("{:,.1f} bn EUR a year", 1),
    "bn US$": ("{:,.1f} bn US$", 1),
    "US$ per EUR": ("{:.4f} US$ per EUR", 4),
    "%": ("{:,.1f} %", 1),
    "% of GDP": ("{:,.2f} % of GDP", 2),
    "times": ("{:,.2f} times", 2),
    "million": ("{:,.2f} million", 2),
    "million tonnes": ("{:,.2f} million tonnes", 2),
    "million US$": ("{:,.0f} million US$", 0),
    "per 1,000 inhabitants": ("{:,.1f} per 1,000 inhabitants", 1),
    "percentage points": ("{:,.1f} percentage points", 1),
    "standard errors": ("{:,.2f} standard errors", 2),
    "months": ("{:,.0f} months", 0),
    "km²": ("{:,.0f} km²", 0),
    "points": ("{:,.0f} points", 0),
    "rank": ("{:,.0f}", 0),
    "count": ("{:,.0f}", 0),
    "text": ("{}", None),
    "date": ("{}", None),
    "year": ("{}", None),
}


def display(value: float | str, unit: str) -> str:
    """The value as prose shows it, with its unit; a true minus sign."""
    if unit not in _FORMATS:
        raise AuditError(f"'{unit}' is not a known unit.", expected=f"one of {list(_FORMATS)}")
    template, decimals = _FORMATS[unit]
    if decimals is not None:
        value = round(float(value), decimals) + 0.0
    return template.format(value).replace("-", "−" if decimals is not None else "-")


class Numbers:
    """A collection of numbers on its way to a file."""

    def __init__(self, source: str) -> None:
        """source: the table or notebook that the numbers come from, relative to the root."""
        self.source = source
        self.entries: dict[str, dict] = {}

    def add(self, key: str, value: float | str, unit: str, *, shown: str | None = None) -> None:
        """Add a number; `shown` replaces the usual display.

        Raises AuditError for a key given twice or a value that is null.
        """
        if key in self.entries:
            raise AuditError("a number is given twice.", file=self.source, found=key)
        if value is None or value != value:
            raise AuditError(
                f"the number '{key}' has no value.",
                file=self.source,
                mend="leave it out: null is not zero.",
            )
        plain = value if isinstance(value, str) else float(f"{float(value):.12g}")
        self.entries[key] = {
            "value": plain,
            "unit": unit,
            "display": shown or display(value, unit),
            "source": self.source,
        }

    def write(self, path: str) -> None:
        """Write the numbers as JSON."""
        files.write_json(self.entries, path)


def merge(paths: Iterable[str | Path]) -> dict[str, dict]:
    """Merge the numbers of several notebooks. Raises AuditError for a key in two files."""
    merged: dict[str, dict] = {}
    for path in paths:
        for key, entry in json.loads(Path(path).read_text(encoding="utf-8")).items():
            if key in merged:
                raise AuditError(
                    f"the number '{key}' comes from two notebooks.",
                    file=path,
                    found=entry["source"],
                    expected=f"only {merged[key]['source']}",
                    mend="rename one of them.",
                )
            merged[key] = entry
    return merged


def read(path: str | Path) -> dict[str, dict]:
    """A numbers.json as written."""
    return json.loads(files.source(path).read_text(encoding="utf-8"))
