"""What went in unseen once: inserted releases, replaced context tables, wrong descriptors."""

from __future__ import annotations

import copy
import csv
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from aidaudit import ingest
from aidaudit.data import sources
from aidaudit.measures import plausibility
from mutations import base
from mutations.workbooks import ACCEPT, REFUSE, Draw, _of
from nbtrail.base.errors import AuditError

POPULATION = "worldbank/population"
ABOUT = "datapackage.json"


def follow(error: AuditError, path: Path, reason: str) -> None:
    """Add the rows of plausibility.csv that a message gives, and delete those that it names."""
    lines = path.read_text("utf-8").splitlines()
    named = re.findall(r"^ *row (\d+): ", error.mend, re.MULTILINE)
    left = [line for at, line in enumerate(lines, start=1) if str(at) not in named]
    offered = re.findall(r"^ *(\d+,.*)$", error.mend, re.MULTILINE)
    left += [row.replace(plausibility.WHY, reason) for row in offered]
    path.write_text("\n".join(left) + "\n", "utf-8")


# ---------------------------------------------------------------- inserted releases


def later(
    chance: random.Random, release: int, jumps: set[str], without: set[str]
) -> list[dict]:
    """Facts of a release with a large package of some donors, and without others."""
    rows = [row for row in base.facts(chance, 31) if row["donor"] not in without]
    for row in rows:
        if row["donor"] in jumps and row["sub_activity_id"].endswith(f"{base.OLD}_1"):
            for name in ("allocation_eur", "commitment_eur", "allocation_eur_entered"):
                row[name] = 5.5e9 + row[name] + 1e6 * release
            row["allocation_reported"] = (
                row["allocation_eur_entered"] * base.CURRENCIES[row["donor"]][1]
            )
    return rows


def jump_before_it(draw: Draw, donor: str) -> tuple[set[str], set[str]]:
    return {donor}, set()


def jump_after_it(draw: Draw, donor: str) -> tuple[set[str], set[str]]:
    return set(), set()


def donor_missing_in_it(draw: Draw, donor: str) -> tuple[set[str], set[str]]:
    return {donor}, {_of(draw, sorted(set(base.CURRENCIES) - {donor}))}


# ---------------------------------------------------------------- replaced tables

Rows = list[list[str]]


def no_row_less(draw: Draw, rows: Rows) -> tuple[str, Rows]:
    newest = max(row[1] for row in rows)
    more = [[row[0], str(int(newest) + 1), row[2]] for row in rows if row[1] == newest]
    return ACCEPT, draw(st.permutations(rows[:40])) + rows[40:] + more


def first_years_left_out(draw: Draw, rows: Rows) -> tuple[str, Rows]:
    years = sorted({row[1] for row in rows})
    since = _of(draw, years[1:])
    return REFUSE, [row for row in rows if row[1] >= since]


def older_edition(draw: Draw, rows: Rows) -> tuple[str, Rows]:
    years = sorted({row[1] for row in rows})
    until = _of(draw, years[:-1])
    return REFUSE, [row for row in rows if row[1] <= until]


def some_rows_left_out(draw: Draw, rows: Rows) -> tuple[str, Rows]:
    out = draw(st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=30))
    return REFUSE, [row for at, row in enumerate(rows) if at not in out]


def past_changed(draw: Draw, rows: Rows) -> tuple[str, Rows]:
    rows = copy.deepcopy(rows)
    for at in draw(st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=30)):
        rows[at][2] = repr(float(rows[at][2]) * _of(draw, [1.5, 0.999, 1.0001, 0.5, 10]))
    return REFUSE, rows


def replaced(root: Path) -> Rows:
    """The rows of the context table that is here."""
    with (root / sources.table_path(POPULATION)).open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))[1:]


def replace(root: Path, rows: Rows, because: str | None) -> list[str]:
    """Ingest rows in the place of those here; what was told."""
    file = root.parent / "population.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["Country Code", "Year", "Value"], *rows])
    told = []
    origin = ingest.origin_of("worldbank", file, None, None, None)
    ingest.ingest(file, origin, replace=True, because=because, tell=told.append)
    return told


# ---------------------------------------------------------------- descriptors


def release_of_another(draw: Draw, package: dict) -> str:
    package["release"] = _of(draw, ["29", "31", "3", "", "030", "thirty", None, 30.5])
    return REFUSE


def cut_off_that_is_no_day(draw: Draw, package: dict) -> str:
    package["cut_off"] = _of(draw, ["2026", "30.06.2026", "June 2026", "", None, "not stated"])
    return REFUSE


def cut_off_before_its_rows(draw: Draw, package: dict) -> str:
    month = draw(st.integers(1, 12))
    package["cut_off"] = f"{_of(draw, [2022, 2023, 2024, 2025])}-{month:02d}-28"
    return REFUSE


def name_of_another_table(draw: Draw, package: dict) -> str:
    package["resources"][0]["name"] = _of(draw, ["rates", "donors", "x", "", "activity"])
    return REFUSE


def another_hash(draw: Draw, package: dict) -> str:
    digest = draw(st.text("0123456789abcdef", min_size=64, max_size=64))
    package["resources"][0]["hash"] = f"sha256:{digest}"
    return REFUSE


def other_notes(draw: Draw, package: dict) -> str:
    words = draw(st.text("abc <>&'", max_size=30))
    package[_of(draw, ["title", "taken", "homepage"])] = words
    package["sources"][0]["obtained_from"] = words
    return ACCEPT


def _kinds(*functions: Callable) -> dict[str, Callable]:
    return {one.__name__.replace("_", " "): one for one in functions}


INSERTED = _kinds(jump_before_it, jump_after_it, donor_missing_in_it)
REPLACED = _kinds(
    no_row_less, first_years_left_out, older_edition, some_rows_left_out, past_changed
)
DESCRIBED = _kinds(
    release_of_another, cut_off_that_is_no_day, cut_off_before_its_rows, name_of_another_table,
    another_hash, other_notes,
)  # fmt: skip


def described(root: Path, release: int) -> tuple[Path, dict]:
    """The descriptor of a release, and what it says."""
    path = root / sources.RAW_FOLDER / f"kiel/release-{release}" / ABOUT
    return path, json.loads(path.read_text("utf-8"))
