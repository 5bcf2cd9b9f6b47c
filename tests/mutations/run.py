"""Mutate good files thousands of times: each is taken for what it says, or refused in words.

Workbooks and CSV tables of a release are ingested, raw tables are read, with the hash of their
descriptor as it was and as a forger would write it. What was accepted is compared, cell by
cell and by exact sums, with what the file says; a refusal has to name file, row, column, value,
expectation and mend. Writes docs/mutations.csv, from which `aidaudit generate` makes
docs/mutations.md: python tests/mutations/run.py [--rounds 5000] [--seed 1] [NAME …]
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from math import fsum
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import pandas as pd
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from aidaudit import ingest, layout
from aidaudit.data import clean, raw_tables, sources
from aidaudit.data.tables import RAW
from aidaudit.ingest.readers import common, kiel
from aidaudit.measures import plausibility
from mutations import base, grids, unseen, workbooks
from mutations.workbooks import ACCEPT, REFUSE
from nbtrail.base import schema
from nbtrail.base.errors import AuditError

TABLE = base.ROOT / "docs/mutations.csv"
COLUMNS = ["target", "mutation", "rounds", "accepted", "refused", "seen", "seed"]
# Larger ones take long to read, and have no other columns.
LARGEST = 60_000
# A message of these speaks of a whole file, in which no row or cell is wrong.
WHOLE = (
    "the file is not a readable",
    "the table is not the one that its descriptor",
    "this is release",
    "the file has a header but no rows",
    "the workbook has no",
    "release ",
    "the file changes what",
    "the descriptor is",
)
# A message of these speaks of a row, and no column of it is wrong.
OF_A_ROW = (
    "the row has another number of cells",
    "the file is not UTF-8",
    "more than is opened here",
    "a NUL byte",
    "the file is not readable as CSV",
    "the columns are in another order",
    "implausible: the last aid",
)


# What is not in a file any more has no row.
VANISHED = re.compile(
    r" to 0\.000 bn EUR since| and not in the next one|the column \w+ is empty"
)


class Fooled(AssertionError):
    """A file was taken for something else than it says, or refused without saying why."""


@dataclass
class Tally:
    """What came of the rounds of one mutation."""

    accepted: int = 0
    refused: int = 0
    seen: Counter = field(default_factory=Counter)


def lacking(error: AuditError) -> list[str]:
    """What a message does not say though it could."""
    wanted = ["file", "mend", "expected"]
    if not error.problem.startswith(WHOLE):
        wanted += ["found", *(["row"] if not VANISHED.search(error.problem) else [])]
        if not error.problem.startswith(OF_A_ROW):
            wanted.append("column")
    return [name for name in wanted if getattr(error, name) is None]


def judged(must: str, take: Callable[[], list[str]], tally: Tally) -> None:
    """One round. take: reads the file, and returns in what it differs from what that says."""
    try:
        differs = take()
    except AuditError as error:
        if missing := lacking(error):
            raise Fooled(f"the message does not say {missing}:\n{error}") from None
        if must == ACCEPT:
            raise Fooled(f"refused, though nothing is wrong:\n{error}") from None
        tally.refused += 1
        tally.seen[_told(error)] += 1
        return
    if differs:
        raise Fooled(f"taken for something else: {differs[:3]}")
    if must == REFUSE:
        raise Fooled("accepted, though it is wrong")
    tally.accepted += 1


def _told(error: AuditError) -> str:
    """The first line of a message, without the names of this round's files."""
    return str(error).splitlines()[0][:200].replace("\0", "\\0")


# ---------------------------------------------------------------- workbooks


def workbook(change: Callable, data: st.DataObject, tally: Tally, root: Path) -> None:
    """Ingest a changed workbook as release 31."""
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    book = base.Workbook(base.facts(chance, 31))
    must = change(data.draw, book)
    file = root.parent / "tracker.xlsx"
    book.write(file)

    def take() -> list[str]:
        origin = base.origin(file, book.release, book.cut_off)
        ingest.ingest(file, origin)
        said = [{**row, "item": _words(row["item"])} for row in book.rows]
        return _facts_differ(said, book.release) + _sums_differ(said, book.release)

    _on_a_clean_root(root, book.release, lambda: judged(must, take, tally))


def _words(value: object) -> object:
    return None if value is None else " ".join(str(value).split()) or None


def _on_a_clean_root(root: Path, release: int, do: Callable[[], None]) -> None:
    folder = root / sources.RAW_FOLDER / layout.raw_release(release)
    try:
        do()
        left = [path.name for path in (root / sources.RAW_FOLDER).glob("tmp*")]
        if left:
            raise Fooled(f"left behind: {left}")
    finally:
        if release != 30 and folder.is_dir():
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()


def _facts_differ(said: list[dict], release: int) -> list[str]:
    frame = raw_tables.read(layout.raw_release(release))
    frame = frame[list(base.FACTS)].astype(object).where(frame[list(base.FACTS)].notna(), None)
    taken = Counter(tuple(row) for row in frame.itertuples(index=False))
    wanted = Counter(tuple(row[name] for name in base.FACTS) for row in said)
    return [f"only taken {row}" for row in taken - wanted] + [
        f"not taken {row}" for row in wanted - taken
    ]


def _sums_differ(said: list[dict], release: int) -> list[str]:
    tidy = clean.kiel(release)
    found = []
    for measure in ("allocation", "commitment"):
        for by in ("donor", "aid_type"):
            taken = tidy.groupby(by)[f"{measure}_eur"].agg(fsum_of)
            for part, total in base.sums(said, by, measure).items():
                if taken.get(part) != total:
                    found.append(f"{measure} of {part}: {taken.get(part)} for {total}")
        total = fsum(row[f"{measure}_eur"] or 0 for row in said)
        if abs(tidy[f"{measure}_eur"].sum() - total) > 1e-12 * total:
            found.append(f"{measure} in all: {tidy[f'{measure}_eur'].sum()} for {total}")
    return found


def fsum_of(values: pd.Series) -> float:
    """The exact sum of what is not null."""
    return fsum(values.dropna())


# ---------------------------------------------------------------- CSV tables of a release


def _totals() -> list[list[str]]:
    rows = base.facts(random.Random(31), 31)
    table = []
    for donor in base.CURRENCIES:
        own = [row for row in rows if row["donor"] == donor]
        euros = [
            fsum(row["allocation_eur"] for row in own if row["aid_type"] == kind) / 1e9
            for kind in ("Financial", "Humanitarian", "Military")
        ]
        promised = fsum(row["commitment_eur"] for row in own) / 1e9
        table.append([donor, *map(repr, euros), repr(promised), repr(1.12 * fsum(euros))])
    return table


def _months() -> list[list[str]]:
    rows = base.facts(random.Random(31), 31)
    codes = raw_tables.register().set_index("donor")["iso3"]
    table = []
    for row in rows:
        year, month = 2022 + (row["month_number"] - 1) // 12, (row["month_number"] - 1) % 12 + 1
        euros = row["allocation_eur"] / 1e9
        kinds = ("Financial", "Humanitarian", "Military")
        split = [repr(euros) if row["aid_type"] == kind else "0.0" for kind in kinds]
        promised = repr(row["commitment_eur"] / 1e9)
        place = [row["donor"], codes[row["donor"]], str(year), str(month)]
        table.append([*place, *split, promised])
    return table


def release_csv(
    names: dict[str, str], rows: Callable, table: str
) -> Callable[[Callable, st.DataObject, Tally, Path], None]:
    """A target: one of the tables of a release that are offered as CSV."""

    def target(change: Callable, data: st.DataObject, tally: Tally, root: Path) -> None:
        grid = grids.Grid(
            header=list(names.values()),
            rows=rows(),
            needed=list(names.values()),
            numbers=[t for o, t in names.items() if RAW[table].columns[o].type != "string"],
            upstream=True,
            register=names["donor"],
        )
        good = grid.bytes()
        must = change(data.draw, grid)
        content = grid.bytes()
        file = root.parent / "table.csv"
        file.write_bytes(content)

        def take() -> list[str]:
            ingest.ingest(file, base.origin(file, 31))
            frame = raw_tables.read(layout.raw_release(31))
            clean.kiel(31)
            theirs = frame.rename(columns=names)[list(names.values())]
            return _cells_differ(_plain(content), theirs, list(theirs), trimmed=True)

        if content == good:
            must = ACCEPT
        _on_a_clean_root(root, 31, lambda: judged(must, take, tally))

    return target


def _plain(content: bytes) -> list[list[str]]:
    """A CSV as Python itself reads it, blank lines left out."""
    text = content.decode("utf-8-sig")
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def _cells_differ(
    plain: list[list[str]], frame: pd.DataFrame, columns: list[str], *, trimmed: bool = False
) -> list[str]:
    header, *rows = plain
    header = [name.strip() for name in header]
    if len(rows) != len(frame):
        return [f"{len(frame)} rows for {len(rows)}"]
    found = []
    for column in columns:
        at = header.index(column)
        for number, (row, taken) in enumerate(zip(rows, frame[column], strict=True), start=2):
            if not _same(row[at], taken, trimmed):
                found.append(f"row {number}, {column}: {taken!r} for {row[at]!r}")
    return found


def _same(said: str, taken: object, trimmed: bool) -> bool:
    words = " ".join(said.replace("\xa0", " ").split()) if trimmed else said
    if taken is None or taken != taken or str(taken) == "<NA>":
        return words == "" or (trimmed and words in common.BLANKS)
    if str(taken) in ("True", "False"):
        return words.lower() == str(taken).lower()
    if isinstance(taken, str):
        return words == taken
    return float(words) == float(taken)


# ---------------------------------------------------------------- raw tables


@cache
def small_folders(root: Path) -> list[str]:
    """Raw tables that are read quickly, and the release that is there."""
    return [
        name
        for name in sources.packages()
        if (root / sources.table_path(name)).stat().st_size < LARGEST
    ]


def raw_table(forged: bool) -> Callable[[Callable, st.DataObject, Tally, Path], None]:
    """A target: tables in data/raw, with the hash of the change in the descriptor or not."""

    def target(change: Callable, data: st.DataObject, tally: Tally, root: Path) -> None:
        folder = data.draw(st.sampled_from(small_folders(root)))
        path = root / sources.table_path(folder)
        about = path.with_name("datapackage.json")
        good, described = path.read_bytes(), about.read_text("utf-8")
        header, *rows = _plain(good)
        table = RAW[sources.package(folder)["resources"][0]["name"]]
        grid = grids.Grid(
            header=header,
            rows=rows,
            needed=list(header),
            numbers=[n for n in header if table.columns[n].type in ("number", "integer")],
            upstream=False,
        )
        must = change(data.draw, grid)
        content = grid.bytes()

        def take() -> list[str]:
            frame = raw_tables.read(folder)
            _used(folder)
            return _cells_differ(_plain(content), frame, list(table.columns))

        try:
            path.write_bytes(content)
            if forged:
                package = json.loads(described)
                package["resources"][0]["hash"] = f"sha256:{sources.sha256(path)}"
                about.write_text(json.dumps(package), "utf-8")
            elif content != good:
                must = REFUSE
            if content == good:
                must = ACCEPT
            judged(must, take, tally)
        finally:
            path.write_bytes(good)
            about.write_text(described, "utf-8")

    return target


def _used(folder: str) -> None:
    """What a build does with a raw table first."""
    corrected = clean.corrected(folder)
    if sources.is_release(folder):
        plausibility.of_release(30)
        return
    name = sources.package(folder)["resources"][0]["name"]
    donors = raw_tables.register()["donor"].tolist()
    schema.validate(corrected, RAW[name], sources.table_path(folder), {"donor": donors})


# ---------------------------------------------------------------- what went in unseen


def inserted(change: Callable, data: st.DataObject, tally: Tally, root: Path) -> None:
    """Ingest a release between two, of which the later one has an accepted jump."""
    chance = random.Random(data.draw(st.integers(0, 2**32)))
    donor = data.draw(st.sampled_from(["Germany", "France", "Norway"]))
    facts = unseen.later(chance, 32, {donor}, set())
    jumps, without = change(data.draw, donor)
    between = unseen.later(random.Random(data.draw(st.integers(0, 99))), 31, jumps, without)
    accepted = root / plausibility.ACCEPTED
    was = accepted.read_text("utf-8")

    def put(rows: list[dict], release: int, cut_off: str) -> str:
        """Ingest, doing once what a message says; that message."""
        file = base.Workbook(rows).write(root.parent / f"tracker_{release}.xlsx")
        origin = base.origin(file, release, cut_off)
        try:
            ingest.ingest(file, origin)
        except AuditError as error:
            if missing := lacking(error):
                raise Fooled(f"the message does not say {missing}:\n{error}") from None
            unseen.follow(error, accepted, "the publisher says so")
            ingest.ingest(file, origin)
            return _told(error)
        raise Fooled(f"release {release} went in unseen")

    def take() -> list[str]:
        put(facts, 32, "2026-10-31")
        told = put(between, 31, "2026-08-31")
        tally.seen[told] += 1
        for number in (30, 31, 32):
            plausibility.of_release(number)
        return _facts_differ(between, 31)

    try:
        _on_a_clean_root(root, 32, lambda: _on_a_clean_root(
            root, 31, lambda: judged(ACCEPT, take, tally)))  # fmt: skip
    finally:
        accepted.write_text(was, "utf-8")


def replaced(change: Callable, data: st.DataObject, tally: Tally, root: Path) -> None:
    """Ingest a context table in the place of another."""
    folder = root / sources.RAW_FOLDER / unseen.POPULATION
    was = {path: path.read_bytes() for path in folder.iterdir()}
    must, rows = change(data.draw, unseen.replaced(root))

    def take() -> list[str]:
        try:
            told = unseen.replace(root, rows, None)
        except AuditError:
            # With a reason it goes in, and the reason is kept.
            unseen.replace(root, rows, "the publisher says so")
            if sources.package(unseen.POPULATION)["replaces"]["because"][:3] != "the":
                return ["the reason is not kept"]
            raise
        differs = sorted(unseen.replaced(root)) != sorted(
            [iso, year, repr(float(value))] for iso, year, value in rows
        )
        return ["rows differ"] * differs + ["nothing was told"] * (len(told) < 3)

    try:
        judged(must, take, tally)
    finally:
        for path, content in was.items():
            path.write_bytes(content)


def described(change: Callable, data: st.DataObject, tally: Tally, root: Path) -> None:
    """Read the release that is there with another descriptor."""
    path, package = unseen.described(root, 30)
    was = path.read_bytes()
    must = change(data.draw, package)

    def take() -> list[str]:
        sources.release(30)
        plausibility.of_release(30)
        return _facts_differ(base.facts(random.Random(30), 30), 30)

    try:
        path.write_text(json.dumps(package), "utf-8")
        judged(must, take, tally)
    finally:
        path.write_bytes(was)


# ---------------------------------------------------------------- rounds

TARGETS = {
    "a workbook of a release": (workbook, workbooks.KINDS),
    "a CSV of totals by donor": (
        release_csv(kiel.DONOR_TOTALS, _totals, "donor_totals"), grids.KINDS
    ),
    "a CSV of donors by month": (
        release_csv(kiel.DONOR_MONTH, _months, "donor_month"), grids.KINDS
    ),
    "a raw table": (raw_table(forged=False), grids.KINDS),
    "a raw table with its hash": (raw_table(forged=True), grids.KINDS),
    "a release between two others": (inserted, unseen.INSERTED),
    "a context table that replaces another": (replaced, unseen.REPLACED),
    "a descriptor": (described, unseen.DESCRIBED),
}  # fmt: skip


def rounds(target: str, kind: str, count: int, number: int, root: Path) -> Tally:
    """Several rounds of one mutation. Raises Fooled with the smallest example found."""
    do, kinds = TARGETS[target]
    tally = Tally()

    @seed(f"{number} {target} {kind}")
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def one(data: st.DataObject) -> None:
        do(kinds[kind], data, tally, root)

    one()
    return tally


def prepared(folder: Path) -> Path:
    """A root with a release, as working folder of this process."""
    root = base.checkout(folder)
    os.chdir(root)
    base.add_release_30(root)
    return root


def written(rows: list[dict]) -> str:
    """The table as CSV."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def merged(rows: list[dict]) -> list[dict]:
    """Rows in place of those of the same mutations; others stay, in the order of the kinds."""
    old = TABLE.read_text("utf-8").splitlines() if TABLE.is_file() else []
    found = {(row["target"], row["mutation"]): row for row in [*csv.DictReader(old), *rows]}
    every = [(target, kind) for target, (_, kinds) in TARGETS.items() for kind in kinds]
    return [found[key] for key in every if key in found]


def main() -> None:
    """Run all mutations, or those whose names hold one of the words given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--rounds", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dry", action="store_true", help="write no table")
    given = parser.parse_args()
    chosen = [
        (target, kind)
        for target, (_, kinds) in TARGETS.items()
        for kind in kinds
        if not given.names or any(name in f"{target}: {kind}" for name in given.names)
    ]
    share = -(-given.rounds // len(chosen))
    rows, wrong = [], []
    with tempfile.TemporaryDirectory() as folder:
        root = prepared(Path(folder))
        for target, kind in chosen:
            try:
                tally = rounds(target, kind, share, given.seed, root)
            except Unsatisfiable:
                # Such a file has nothing that could be changed so.
                continue
            except Exception as error:
                wrong.append(f"{target}: {kind}\n{type(error).__name__}: {error}")
                notes = "\n".join(getattr(error, "__notes__", []))
                print(f"FOOLED {wrong[-1]}\n{notes}", flush=True)
                continue
            rows.append(
                {
                    "target": target,
                    "mutation": kind,
                    "rounds": tally.accepted + tally.refused,
                    "accepted": tally.accepted,
                    "refused": tally.refused,
                    "seen": tally.seen.most_common(1)[0][0] if tally.seen else "",
                    "seed": given.seed,
                }
            )
            print(f"{target}: {kind}: {tally.accepted} accepted, {tally.refused} refused",
                  flush=True)  # fmt: skip
        os.chdir(base.ROOT)
    print(f"{sum(row['rounds'] for row in rows):,} rounds, {len(wrong)} mutations that fooled")
    if wrong:
        raise SystemExit(1)
    if not given.dry:
        TABLE.write_text(written(merged(rows)), encoding="utf-8")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
