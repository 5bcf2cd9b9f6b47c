"""A small tracker: a release that is there, and one that could follow it, as files and facts.

What a file says is kept as plain rows beside what is written; sums over them by `math.fsum`
are what an accepted file has to give, whatever the project's own code makes of it.
"""

from __future__ import annotations

import io
import random
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from math import fsum
from pathlib import Path
from types import FunctionType

import copies
import openpyxl

from aidaudit import ingest
from aidaudit.ingest.readers import kiel

ROOT = Path(__file__).parents[2]
CUT_OFF = {30: "2026-06-30", 31: "2026-08-31"}
CURRENCIES = {
    "Germany": ("EUR", 1.0), "France": ("EUR", 1.0), "United States": ("USD", 1.08),
    "Norway": ("NOK", 11.6), "Poland": ("PLN", 4.3), "Denmark": ("DKK", 7.46),
    "Japan": ("JPY", 162.0), "Canada": ("CAD", 1.5),
}  # fmt: skip
TYPES = ("Military", "Financial", "Humanitarian")
# Rows of a donor in release 30; release 31 has one more of each.
OLD = 5
# What a person would compare: every fact that a total or a chart is made from.
FACTS = (
    "donor", "month_number", "aid_type", "measure", "allocation_eur", "commitment_eur",
    "reporting_currency", "item", "item_count",
)  # fmt: skip


def month_day(number: int) -> datetime:
    """The fifth of a month; 1 = January 2022."""
    return datetime(2022 + (number - 1) // 12, (number - 1) % 12 + 1, 5)


def facts(chance: random.Random, release: int) -> list[dict]:
    """Rows of a release by our names, None where a cell is blank."""
    rows = []
    for donor, (currency, rate) in CURRENCIES.items():
        for turn in range(OLD + (release == 31)):
            new = turn == OLD
            euros = round(chance.uniform(2, 4) * 1e7 if new else (turn + 1) * 3e8, 2)
            month = chance.choice((55, 56)) if new else 4 + 12 * turn
            kind = TYPES[turn % 3]
            military = kind == "Military"
            rows.append(
                {
                    "activity_id": f"{donor[:3].upper()}{turn}",
                    "sub_activity_id": f"{donor[:3].upper()}{turn}_1",
                    "donor": donor,
                    "announcement_date": month_day(month),
                    "month_number": month,
                    "aid_type": kind,
                    "aid_subtype": "Weapons and equipment" if military else "Grant",
                    "measure": "Allocation",
                    "reporting_currency": currency,
                    "allocation_eur": euros,
                    "commitment_eur": round(1.25 * euros, 2),
                    "allocation_reported": euros * rate,
                    "allocation_eur_entered": euros,
                    "item": f"Item {turn}" if military else None,
                    "item_type": "Heavy weapon" if military else None,
                    "item_sub_type": "Howitzer" if military else None,
                    "item_count": str(turn + 1) if military else None,
                    "item_count_delivered": None,
                    "item_value_usd": None,
                    "weapon_source": "stocks" if military else None,
                    "reconstruction_sector": None,
                }
            )
    return rows


def checkout(folder: Path) -> Path:
    """A root with register, corrections and context tables, and release 30 of this tracker."""
    root = copies.raw_tables(folder / "root", releases=False)
    # What is accepted of the real releases is nothing that these could show.
    accepted = root / "data/raw/plausibility.csv"
    accepted.write_text(accepted.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    return root


def add_release_30(root: Path) -> None:
    """Ingest the release that is there before; the working folder must be the root."""
    file = Workbook(facts(random.Random(30), 30)).write(root.parent / "release_30.xlsx")
    ingest.ingest(file, origin(file, 30))


def origin(file: Path, release: int, cut_off: str | None = None) -> ingest.Origin:
    """As `aidaudit ingest kiel FILE --release … --cut-off …` would have it."""
    return ingest.origin_of("kiel", file, release, cut_off or CUT_OFF[release], "2026-11-25")


@dataclass
class Workbook:
    """A workbook in the making: facts, how columns are called, and what is done to it after."""

    rows: list[dict]
    columns: list[str] = field(default_factory=lambda: list(kiel.KIEL_COLUMNS))
    names: dict[str, str] = field(
        default_factory=lambda: {ours: names[0] for ours, names in kiel.KIEL_COLUMNS.items()}
    )
    # (row, column) → what is written instead of the fact.
    cells: dict[tuple[int, str], object] = field(default_factory=dict)
    edits: list[Callable] = field(default_factory=list)
    parts: list[Callable[[dict[str, bytes]], None]] = field(default_factory=list)
    data: list[Callable[[bytes], bytes]] = field(default_factory=list)
    sheet: str = kiel.KIEL_SHEET
    release: int = 31
    cut_off: str | None = None

    def letter(self, column: str) -> str:
        """The letter of a column in the sheet."""
        return openpyxl.utils.get_column_letter(self.columns.index(column) + 1)

    def write(self, path: Path) -> Path:
        """Save it."""
        book = openpyxl.Workbook()
        page = book.active
        page.title = self.sheet
        page.append([self.names.get(column, column) for column in self.columns])
        for at, row in enumerate(self.rows):
            for place, column in enumerate(self.columns, start=1):
                value = self.cells.get((at, column), row.get(column))
                if value is not None:
                    page.cell(at + 2, place, value)
        for edit in self.edits:
            edit(book, page)
        stream = io.BytesIO()
        book.save(stream)
        data = stream.getvalue()
        if self.parts:
            data = _with_parts(data, self.parts)
        for change in self.data:
            data = change(data)
        path.write_bytes(data)
        return path


def _with_parts(data: bytes, changes: list[Callable]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for change in changes:
        change(parts)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


def sums(rows: list[dict], by: str, measure: str) -> dict[str, float]:
    """Exact sums in EUR of what rows say, 0 left out."""
    parts: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row[f"{measure}_eur"] is not None:
            parts[row[by]].append(row[f"{measure}_eur"])
    return {part: total for part, values in parts.items() if (total := fsum(values))}


def kinds(module: dict[str, object]) -> dict[str, Callable]:
    """A module's own functions without an underscore, in order, by their names in words."""
    return {
        name.replace("_", " "): value
        for name, value in module.items()
        if isinstance(value, FunctionType)
        and value.__module__ == module["__name__"]
        and not name.startswith("_")
    }
