"""Change one value of each raw table, and see that what rests on it changes, and nothing else.

In a built copy of the committed state a value of the table is raised by a quarter, a date moved
by a month, or a word exchanged for another of its column: the largest, the last, others by
chance, one in the middle, the first, until one is not refused by a guard and changes a verdict,
a number or what a figure plots. Everything but the report is built again, and every table,
number and plotted value is compared. What must stay the same is told by the manifest: all that
is not made from that table. Writes docs/perturbations.csv, from which `aidaudit generate` makes
docs/honesty.md. Needs a built checkout; takes half an hour:
python tests/honesty/perturb.py [--seed 1] [TABLE …]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import copies
from copies import ROOT, Failed

from aidaudit.data import sources

TABLE = ROOT / "docs/perturbations.csv"
COLUMNS = ["table", "row", "column", "was", "is", "verdicts", "numbers", "plotted", "shown",
           "tables", "example", "unchanged", "refused", "seed"]  # fmt: skip
BUILT = ("data/processed", "figures", "report/notebooks", "report/build", ".snakemake",
         ".staging")  # fmt: skip
# Values first, then counts; identifiers and places are no values.
NO_VALUES = {"row", "exit", "year", "month", "month_number", "scale", "package", "voyage",
             "dated_sources", "standard_error"}  # fmt: skip
TRIES = 12
# A member is none before it joins; a year more or less lies before every cut-off.
MEMBERSHIP = ("accession",)
NOT_YET = 2026
# What much of the article is about: rows that match most of it are tried before others.
ASKED = {
    "iso3": "UKR|USA|DEU|POL",
    "iso2": "DE|PL|FI",
    "country": "Ukraine|Poland|Germany",
    "currency": "USD",
    "concept": "NGDPD",
    "year": "202[2-5]",
    "month": "202[2-4]",
    "date": "202[2-4]",
    "scope": "Europe$",
    "cut_off": "2025-02",
}
# What is raised by code that did not expect a value, and tells nobody what to do.
WORDLESS = re.compile(
    r"^(Key|Value|Index|Type|Attribute|ZeroDivision|Overflow|Assertion)Error\b.*", re.MULTILINE
)
# Tables that are read and cannot change anything, each with its reason.
INERT = {
    "memberships/eu": "no group of donors is made of them; their dates stand beside donors",
    "kiel/over_time_r16": "its months count for cut-offs before its own, which no figure has",
}
CLEAN = "data/processed/clean/"
NOTEBOOKS = "report/notebooks/"
UNREAD = "no figure, number or claim is made from it; its clean table changed"


class Checkout:
    """A built copy of the committed state."""

    def __init__(self, base: Path) -> None:
        """base: an empty folder."""
        self.root = copies.unpacked(base / "build")
        for name in BUILT:
            shutil.copytree(ROOT / name, self.root / name, dirs_exist_ok=True)
        self.variables = copies.environment(self.root)
        manifest = json.loads((self.root / "data/processed/manifest.json").read_text("utf-8"))
        self.jobs = manifest["jobs"]
        self.targets = sorted(
            path
            for job in self.jobs.values()
            for path in job["outputs"]
            if path.endswith("numbers.json")
            or path.startswith(("data/processed/all/verdicts", CLEAN))
        )
        told = self.build()
        if "Nothing to be done" not in told:
            raise Failed(f"the checkout is not built as committed:\n{told[-1500:]}")
        self.before = self.values()

    def build(self) -> str:
        """Build all but the report; what was said."""
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", "--", *self.targets],
            cwd=self.root,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def values(self) -> dict[str, str]:
        """Path → content of every table, every number and every plotted table."""
        found = {}
        for folder in ("data/processed", "figures"):
            for path in sorted((self.root / folder).rglob("*")):
                name = path.relative_to(self.root).as_posix()
                numbers = path.name == "numbers.json" and "/receipts/" not in name
                if path.suffix == ".csv" or numbers:
                    found[name] = _without_origin(path.read_text("utf-8"))
        for path in sorted((self.root / NOTEBOOKS).rglob("*.ipynb")):
            cells = json.loads(path.read_text("utf-8"))["cells"]
            shown = [cell.get("outputs") for cell in cells]
            found[path.relative_to(self.root).as_posix()] = json.dumps(shown)
        return found

    def unread(self) -> set[str]:
        """Clean tables that no job reads: at hand for whoever asks more than the report."""
        read = {path for job in self.jobs.values() for path in job["inputs"]}
        made = {path for job in self.jobs.values() for path in job["outputs"]}
        return {path for path in made - read if path.startswith(CLEAN)}

    def below(self, raw: str) -> set[str]:
        """All outputs that are made from a raw file, by the manifest."""
        made: set[str] = set()
        jobs = list(self.jobs.values())
        grown = True
        while grown:
            grown = False
            for job in jobs:
                if (raw in job["inputs"] or made & set(job["inputs"])) and not made >= set(
                    job["outputs"]
                ):
                    made |= set(job["outputs"])
                    grown = True
        return made


def _without_origin(text: str) -> str:
    # A plotted table says what it was made from, which changes by design.
    return "\n".join(line for line in text.split("\n") if not line.startswith("#"))


def candidates(path: Path, chance: random.Random) -> Iterator[tuple[int, str, str, str]]:
    """Values to change: index of the row, column, what it is, what it becomes."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    numeric, dates, classes = [], [], []

    def likely(one: tuple[int, str]) -> int:
        row = rows[one[0]]
        return -sum(
            bool(re.match(wanted, row.get(name) or "")) for name, wanted in ASKED.items()
        )

    for column in rows[0]:
        if column in NO_VALUES:
            continue
        words = [(index, row[column]) for index, row in enumerate(rows) if row[column]]
        if not words:
            continue
        if all(re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", word) for _, word in words):
            largest = max(words, key=lambda one: float(one[1]))
            some = [largest, words[-1], words[len(words) // 2], words[0]]
            some[2:2] = sorted(chance.sample(words, len(words)), key=likely)[: TRIES // 2]
            numeric += [(place, column, *one) for place, one in enumerate(dict.fromkeys(some))]
        elif days := [one for one in words if re.fullmatch(r"\d{4}(-\d\d){0,2}", one[1])]:
            some = [days[-1], days[0], *chance.sample(days, min(len(days), TRIES))]
            dates += [(column, *one) for one in dict.fromkeys(some)]
        elif len(known := sorted({word for _, word in words})) < len(words):
            for index, word in chance.sample(words, min(len(words), TRIES)):
                other = known[(known.index(word) + 1) % len(known)]
                classes += [(column, index, word, other)] if other != word else []
    # The largest of each column first, then the last, one in the middle, the first.
    for _, column, index, word in sorted(numeric, key=lambda one: one[0]):
        raised = float(word) * 1.25
        if column in MEMBERSHIP:
            raised = NOT_YET
        yield index, column, word, str(round(raised)) if word.isdigit() else f"{raised:.10g}"
    for column, index, word in dates:
        moved = f"{NOT_YET}{word[4:]}" if column in MEMBERSHIP else _earlier(word)
        yield index, column, word, moved
    for column, index, word, other in classes:
        yield index, column, word, other


def _earlier(date: str) -> str:
    """A day or month moved by a month (back, but for January); a year to the one before."""
    if len(date) == 4:
        return str(int(date) - 1)
    month = int(date[5:7])
    return f"{date[:5]}{month - 1 or 2:02d}{date[7:]}"


def perturbed(path: Path, index: int, column: str, value: str) -> None:
    """Write a table with one other value."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
    rows[index][column] = value
    with path.open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, reader.fieldnames, lineterminator="\n")
        written.writeheader()
        written.writerows(rows)
    # An edited table is refused by its hash; here its origin is forged with it.
    about = path.with_name("datapackage.json")
    content = json.loads(about.read_text("utf-8"))
    whole = path.read_bytes()
    content["resources"][0]["hash"] = f"sha256:{sha256(whole).hexdigest()}"
    content["resources"][0]["bytes"] = len(whole)
    about.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def tried(checkout: Checkout, folder: str, seed: int) -> dict:
    """Perturb one table; a row of the result. Raises Failed."""
    name = str(sources.table_path(folder))
    path = checkout.root / name
    about = path.with_name("datapackage.json")
    whole = {one: one.read_bytes() for one in (path, about)}
    unread = checkout.unread()
    may = checkout.below(name) | checkout.below(name.replace(path.name, about.name))
    reasons: list[str] = []
    refused = 0

    def put_back() -> None:
        for one, content in whole.items():
            one.write_bytes(content)

    try:
        chance = random.Random(f"{seed} {folder}")
        tries = 1 if folder in INERT else TRIES
        for index, column, was, value in list(candidates(path, chance))[:tries]:
            perturbed(path, index, column, value)
            try:
                checkout.build()
            except Failed as failure:
                # A guard that does not believe a value is honest too, but not what is asked.
                if wordless := WORDLESS.search(str(failure)):
                    where = f"{folder}, row {index + 2}, {column} {was} → {value}"
                    raise Failed(f"{where}: {wordless[0]}") from None
                refused += 1
                reasons.append(f"{column} {was} → {value}: refused")
                put_back()
                continue
            now = checkout.values()
            changed = {one for one in now if now[one] != checkout.before.get(one)}
            if beside := changed - may:
                raise Failed(f"{folder}: changed without resting on it: {sorted(beside)[:5]}")
            row = told(folder, checkout, changed, now)
            tables = {path for path in changed if not path.startswith(NOTEBOOKS)}
            if tables and tables <= unread:
                row["example"] = UNREAD
            results = any(not path.startswith(CLEAN) for path in tables)
            seen = (
                row["numbers"] or row["verdicts"] or row["plotted"] or row["shown"] or results
            )
            if seen or row["example"] == UNREAD:
                unchanged = len(set(now) - changed)
                return {**row, "row": index + 2, "column": column, "was": was, "is": value,
                        "unchanged": unchanged, "refused": refused, "seed": seed}  # fmt: skip
            reasons.append(f"{column} {was} → {value}: changes {sorted(changed)[:3]}")
            put_back()
    finally:
        put_back()
    if folder in INERT:
        return {**row, "example": INERT[folder], "row": index + 2, "column": column,
                "was": was, "is": value, "unchanged": len(now) - len(changed),
                "refused": refused, "seed": seed}  # fmt: skip
    raise Failed(
        f"{folder}: no value that was tried changes anything:\n  " + "\n  ".join(reasons)
    )


def told(folder: str, checkout: Checkout, changed: set[str], now: dict[str, str]) -> dict:
    """How many verdicts, numbers, plotted tables and other tables changed, and one of them."""
    numbers: list[str] = []
    verdicts: list[str] = []
    for path in sorted(changed):
        before = checkout.before[path]
        if re.fullmatch(r"data/processed/\w+/numbers\.json", path):
            old, new = json.loads(before), json.loads(now[path])
            variant = path.split("/")[2]
            other = [
                key for key in set(old) & set(new) if old[key]["value"] != new[key]["value"]
            ]
            # Those first that a reader of the report would see change.
            other.sort(key=lambda key: (old[key]["display"] == new[key]["display"], key))
            numbers += [
                f"{variant}:{key} {old[key]['display']} → {new[key]['display']}"
                for key in other
            ]
        elif path.endswith("/claims.csv"):
            old, new = (_verdicts(text) for text in (before, now[path]))
            verdicts += [
                f"{claim}: {old[claim]} → {new[claim]}"
                for claim in sorted(set(old) & set(new))
                if old[claim] != new[claim]
            ]
    plotted = [path for path in changed if path.startswith("figures/")]
    others = [path for path in changed if path.endswith(".csv") and path not in plotted]
    others.sort(key=lambda path: (path.startswith(CLEAN), path))
    # What cleans a table shows it, which is no use that is made of it.
    shown = [
        path for path in changed
        if path.startswith(NOTEBOOKS) and not path.startswith(f"{NOTEBOOKS}clean/")
    ]  # fmt: skip
    examples = verdicts or numbers or sorted(plotted) or sorted(shown) or others
    return {"table": folder, "verdicts": len(verdicts), "numbers": len(numbers),
            "plotted": len(plotted), "shown": len(shown), "tables": len(others),
            "example": (examples or [""])[0]}  # fmt: skip


def _verdicts(text: str) -> dict[str, str]:
    return {row["claim_id"]: row["verdict"] for row in csv.DictReader(text.splitlines())}


def main() -> int:
    """Perturb all tables, or those named; 1 where one changes nothing, or too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rows, failed = {}, False
    if TABLE.exists():
        with TABLE.open(encoding="utf-8") as stream:
            rows = {row["table"]: row for row in csv.DictReader(stream)}
    with tempfile.TemporaryDirectory() as base:
        checkout = Checkout(Path(base))
        for folder in given.names or sorted(sources.packages()):
            try:
                rows[folder] = tried(checkout, folder, given.seed)
                print(f"{folder}: {rows[folder]['example']}", flush=True)
            except Failed as failure:
                failed = True
                print(f"FAILED {failure}", flush=True)
            with TABLE.open("w", encoding="utf-8", newline="") as stream:
                written = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
                written.writeheader()
                written.writerows(rows[name] for name in sorted(rows))
        checkout.build()
        if checkout.values() != checkout.before:
            failed = True
            print("FAILED: with all values put back, something is not as it was")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
