"""Change one row or entry at a time: does the build plan what uses it, all of it, nothing else?

For each change of a seeded sample, in a copy of what is built:
- Snakemake must plan the jobs that use the row or entry, as told here by hand and not by
  `plan`, with all that is made from them; no other.
- Every notebook that could read the changed file is run with the whole file before it. A job
  that is not planned must give what lies there; one that is must give, or complain of, the
  same as with its excerpts.
With --build, some changes are built, and then everything again from nothing: the same bytes.
Writes docs/dependence.csv; exits with 1 where anything differs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CORRECTIONS, PLAUSIBILITY = "data/raw/corrections.csv", "data/raw/plausibility.csv"
REGISTER = "data/raw/memberships/donors.csv"
SOURCES, CLAIMS, FIGURES = (f"config/{name}.yaml" for name in ("sources", "claims", "figures"))
OUT = "docs/dependence.csv"


class Change(NamedTuple):
    """A change of one file: what is done, its new text, and the jobs that use what changed."""

    file: str
    told: str
    text: str
    users: set[str]


# ---------------------------------------------------------------- the sample


def rows_of(path: str) -> list[list[str]]:
    """The rows of a CSV, the header first."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def text_of(rows: list[list[str]]) -> str:
    """Rows as CSV."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
        stream.seek(0)
        return stream.read()


def edits(
    path: str, number: int, draw: random.Random, column: str, value: str
) -> Iterator[tuple[str, list[str], str]]:
    """A row removed, one cell changed, and the row added again under another key, in turn."""
    for turn in range(number):
        header, *rows = rows_of(path)
        at = draw.randrange(len(rows))
        row = rows[at]
        where = f"row {at + 2} ({','.join(row[:4])})"
        if turn % 3 == 0:
            rows = rows[:at] + rows[at + 1 :]
            yield f"{where} removed", row, text_of([header, *rows])
        elif turn % 3 == 1:
            changed = row.copy()
            changed[header.index(column)] = value
            rows = [*rows[:at], changed, *rows[at + 1 :]]
            yield f"{where}: {column} → {value}", row, text_of([header, *rows])
        else:
            added = row.copy()
            added[3] = f"{row[3]} too"
            yield f"{where} added as '{added[3]}'", row, text_of([header, *rows, added])


def changes(numbers: dict[str, int], seed: int) -> Iterator[Change]:
    """The sample; numbers: file → how many changes."""
    import yaml

    draw = random.Random(seed)
    tables = yaml.safe_load(Path(SOURCES).read_text("utf-8"))["tables"]
    clean = {one["folder"]: one["clean"] for one in tables if "clean" in one}
    releases = sorted(int(p.name[-2:]) for p in Path("data/raw/kiel").glob("release-*"))

    def cleaned(source: str, release: str) -> set[str]:
        if source != "kiel":
            return {f"clean/{clean[source]}"} if source in clean else set()
        # A release is held against those before and after it.
        at = releases.index(int(release))
        beside = releases[max(at - 1, 0) : at + 2]
        return {f"clean/kiel_release_{n:02d}" for n in beside}

    for told, row, text in edits(CORRECTIONS, numbers[CORRECTIONS], draw, "expect", "9999"):
        yield Change(CORRECTIONS, told, text, cleaned(row[0], row[1]))
    for told, row, text in edits(PLAUSIBILITY, numbers[PLAUSIBILITY], draw, "found", "1.5"):
        # Of one release, or of two next to each other.
        pair = {int(one) for one in row[:2] if one}
        users = {f"clean/kiel_release_{n:02d}" for n in pair}
        yield Change(PLAUSIBILITY, told, text, users | {"all/report"})
    yield from of_register(numbers[REGISTER], draw, clean, releases)
    lines = Path(SOURCES).read_text("utf-8").splitlines(keepends=True)
    places = [n for n, line in enumerate(lines) if line.startswith("    title: ")]
    for at in draw.sample(places, numbers[SOURCES]):
        told = lines[at].strip()
        other = lines[at].rstrip("\n") + " (as named)\n"
        text = "".join([*lines[:at], other, *lines[at + 1 :]])
        # What descriptors say changes with the next ingest.
        yield Change(SOURCES, f"{told} → … (as named)", text, set())
    yield from of_claims(numbers[CLAIMS], draw)
    yield from of_figures(numbers[FIGURES], draw)


def of_register(
    number: int, draw: random.Random, clean: dict[str, str], releases: list[int]
) -> Iterator[Change]:
    """Donors added, removed, and moved to another continent."""
    header, *rows = rows_of(REGISTER)
    # Who stands in which clean table, by the table.
    named: dict[str, set[str]] = {}
    for file in Path("data/processed/clean").glob("*.csv"):
        head, *lines = rows_of(str(file))
        if "donor" in head and file.stem != "donors":
            named[file.stem] = {line[head.index("donor")] for line in lines}
    # A release is held against those before and after it.
    own = {n: named[f"kiel_release_{n:02d}"] for n in releases}
    for old, new in itertools.pairwise(releases):
        named[f"kiel_release_{new:02d}"] |= own[old]
        named[f"kiel_release_{old:02d}"] |= own[new]
    for turn in range(number):
        row = rows[draw.randrange(len(rows))]
        users = {f"clean/{table}" for table, names in named.items() if row[0] in names}
        users |= {"clean/donors"}
        if turn % 3 == 0:
            added = [f"{row[0]} and others", "", "", "state", "False"]
            text = text_of([header, *rows, added])
            yield Change(REGISTER, f"{added[0]} added", text, {"clean/donors"})
        elif turn % 3 == 1:
            text = text_of([header, *(one for one in rows if one != row)])
            yield Change(REGISTER, f"{row[0]} removed", text, users)
        else:
            other = [*row[:4], "False" if row[4] == "True" else "True"]
            text = text_of([header, *(other if one == row else one for one in rows)])
            yield Change(REGISTER, f"{row[0]}: europe → {other[4]}", text, users)


def of_claims(number: int, draw: random.Random) -> Iterator[Change]:
    """Paraphrases reworded, reasons reworded, asserted values changed, claims added."""
    text = Path(CLAIMS).read_text("utf-8")
    head, *entries = text.split("\n- id: ")
    head, entries = (f"{head}\n", entries) if not head.startswith("- id") else ("", entries)
    at = [n for n, one in enumerate(entries) if one.startswith("MIL-2a")]
    for turn, place in enumerate([*at, *draw.sample(range(len(entries)), number - 1)]):
        entry = entries[place]
        name = entry.split("\n")[0]
        judged = next(
            line.split(": ")[1].strip()
            for line in entry.splitlines()
            if line.startswith("  judged_in: ")
        )
        groups = ["all"] if judged == "all" else ["article", "literal", "latest"]
        users = {f"{group}/claims" for group in groups} | {"all/V01", "all/report"}
        quoted = {f"{one}/F01" for one in ("article", "literal", "latest")}
        changed = list(entries)
        if turn % 3 == 2:
            changed.insert(place + 1, entry.replace(name, "ZZZ-1a", 1))
            what = f"{name} added as ZZZ-1a"
        elif turn % 3 == 1:
            changed[place] = entry.replace("paraphrase: ", "paraphrase: That is, ", 1)
            what = f"{name}: paraphrase reworded"
        else:
            changed[place] = entry.replace(" value: ", " value: 1", 1)
            what = f"{name}: asserted value changed"
            if changed[place] == entry:
                changed[place] = entry.replace("why: >-\n    ", "why: >-\n    Also, ", 1)
                what = f"{name}: reason reworded"
            elif name == "MIL-2a":
                # The specification curve looks for its total.
                users |= {"all/multiverse"}
        if name == "MIL-2a" and turn % 3 != 2:
            users |= quoted
        joined = "\n- id: ".join(["", *changed])
        yield Change(CLAIMS, what, head.rstrip("\n") + joined, users)


def of_figures(number: int, draw: random.Random) -> Iterator[Change]:
    """Figures renamed, and what they read extended."""
    lines = Path(FIGURES).read_text("utf-8").splitlines(keepends=True)
    places = [n for n, line in enumerate(lines) if line.startswith("  name: ")]
    for turn, at in enumerate(draw.sample(places, number)):
        name = lines[at - 1].rstrip(":\n")
        rest = list(lines)
        if turn % 2 == 0:
            rest[at] = lines[at].rstrip("\n") + ", renamed\n"
            yield Change(FIGURES, f"{name} renamed", "".join(rest), {"all/report"})
            continue
        later = range(at + 1, len(lines))
        end = next((n for n in later if not lines[n].startswith((" ", "#"))), len(lines))
        known = [n for n in range(at, end) if lines[n].startswith("  lookups: ")]
        now = lines[known[0]] if known else ""
        more = "training" if "training" not in now else "renewable"
        if known:
            rest[known[0]] = now.replace("[", f"[{more}, ", 1)
        else:
            rest.insert(at + 1, f"  lookups: [{more}]\n")
        made = [p.parent.name for p in Path("data/processed/receipts").glob(f"*/{name}.json")]
        users = {f"{group}/{name}" for group in made} | {"all/report"}
        yield Change(FIGURES, f"{name} looks at {more} too", "".join(rest), users)


# Who could read a file at all, by the folder of notebooks or by job.
READERS: dict[str, Callable[[str], bool]] = {
    CORRECTIONS: lambda job: job.startswith("clean/"),
    PLAUSIBILITY: lambda job: job.startswith("clean/kiel") or job == "all/report",
    REGISTER: lambda job: job.startswith("clean/"),
    SOURCES: lambda job: job in ("clean/donors", "clean/rates", "all/report"),
    CLAIMS: lambda job: job.endswith(("/claims", "/F01", "/V01")) or job == "all/report",
    FIGURES: lambda job: job in ("all/report", "all/V01", "all/T09", "all/T10", "literal/F01"),
}


# ---------------------------------------------------------------- runs


def planned() -> set[str]:
    """The jobs that Snakemake would run: those whose receipts it would write."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--summary"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = set()
    for line in done.stdout.splitlines():
        path, *_, plan = line.split("\t")
        if path.startswith("data/processed/receipts/") and plan != "no update":
            found.add(Path(path).parent.name + "/" + Path(path).stem)
    return found


def after(jobs: dict[str, dict], users: set[str]) -> set[str]:
    """Jobs, and all that is made from what they make."""
    found, waiting = set(), set(users)
    while waiting:
        found |= waiting
        made = {path for job in waiting for path in jobs[job]["outputs"]}
        made |= {f"data/processed/receipts/{job}.json" for job in waiting}
        waiting = {job for job, about in jobs.items() if made & set(about["inputs"])} - found
    return found


def given(name: str, *, whole: bool) -> dict[str, str] | str:
    """Run a job's notebook in a fork: each table, number or text → hash; or what it says.

    whole: with all files as they are, and not with the job's excerpts.
    """
    end, start = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(end)
        with os.fdopen(start, "w", encoding="utf-8") as pipe:
            pipe.write(json.dumps(_given(name, whole=whole)))
        os._exit(0)
    os.close(start)
    with os.fdopen(end, encoding="utf-8") as pipe:
        answer = pipe.read()
    os.waitpid(process, 0)
    return json.loads(answer) if answer else "its process was killed"


def _given(name: str, *, whole: bool) -> dict[str, str] | str:
    from nbtrail.base import excerpts, files, plan
    from nbtrail.base.errors import AuditError
    from nbtrail.run import guard

    try:
        guard._forget()
        job = plan.job(*name.split("/"))
        with tempfile.TemporaryDirectory(prefix="dependence-") as folder:
            stage = Path(folder)
            told = {
                "inputs": None if whole else plan.reads(job),
                "excerpts": {} if whole else excerpts.write(plan.excerpts(job), stage / "own"),
                "outputs": None,
                "stage": str(stage / "made"),
                "made_from": "tried",
            }
            (stage / "declared.json").write_text(json.dumps(told))
            os.environ[files.DECLARED] = str(stage / "declared.json")
            values = job.parameters
            guard._forget()
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
            run_cells(job.notebook, values)
            made = stage / "made"
            return {
                path.relative_to(made).as_posix(): _hash(path)
                for path in sorted(made.rglob("*"))
                if path.suffix in (".csv", ".md") or (path.suffix == ".json" and path.is_file()
                                                      and "figures" not in path.parts)
            }  # fmt: skip
    except AuditError as error:
        return str(error)
    except BaseException:
        return traceback.format_exc(limit=1)


def run_cells(notebook: str, values: dict) -> None:
    """Run the code of a notebook here, with these parameters."""
    space = {"__name__": "__main__", "display": lambda *_: None}
    for cell in json.loads(Path(notebook).read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), notebook, "exec"), space)
            if "parameters" in cell["metadata"].get("tags", []):
                space.update(values)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def try_out(change: Change, jobs: dict[str, dict], others: int, draw: random.Random) -> dict:
    """A row of the result; what is wrong stands under 'wrong'.

    others: how many jobs that do not use the change are run with the whole file, drawn.
    """
    kept = Path(change.file).read_text("utf-8")
    Path(change.file).write_text(change.text, "utf-8", newline="\n")
    wrong = []
    ran = stopped = 0
    try:
        found, expected = planned(), after(jobs, change.users)
        wrong += [f"not planned: {one}" for one in sorted(expected - found)]
        wrong += [f"planned for nothing: {one}" for one in sorted(found - expected)]
        readers = set(filter(READERS[change.file], jobs))
        rest = sorted(readers - expected)
        drawn = draw.sample(rest, min(others, len(rest)))
        for job in [*sorted(readers & change.users), *drawn]:
            ran += 1
            whole = given(job, whole=True)
            if job in change.users:
                stopped += isinstance(whole, str)
                if given(job, whole=False) != whole:
                    wrong.append(f"{job} differs from what whole files give")
            else:
                here = {path: _hash(Path(path)) for path in whole} if whole else {}
                if here != whole:
                    wrong.append(f"stale: {job}")
    finally:
        Path(change.file).write_text(kept, "utf-8", newline="\n")
    return {
        "file": change.file, "change": change.told, "users": len(change.users),
        "planned": len(found), "held_against_whole_files": ran, "stopped": stopped,
        "wrong": "; ".join(wrong),
    }  # fmt: skip


def build(change: Change) -> str:
    """Build a change, then everything from nothing; which outputs differ, if any."""
    Path(change.file).write_text(change.text, "utf-8", newline="\n")
    hashes = []
    for options in ([], ["--forceall"]):
        command = [sys.executable, "-m", "snakemake", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stdout[-1500:] + done.stderr[-1500:]
        made = json.loads(Path("data/processed/manifest.json").read_text("utf-8"))["outputs"]
        hashes.append({path: _hash(Path(path)) for path in made})
    return ", ".join(path for path, digest in hashes[1].items() if hashes[0][path] != digest)


def main() -> int:
    """Run the sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--numbers", default="12,8,7,4,7,6", help="changes of each file")
    parser.add_argument("--others", type=int, default=1000, help="jobs that do not use it")
    parser.add_argument("--build", action="store_true", help="build one of each file too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dependence ") as folder:
        copy = Path(folder) / "checkout"
        left_out = shutil.ignore_patterns(".git", ".venv*", ".baseline", "scratch", "dist")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=left_out)
        os.chdir(copy)
        folders = [str(copy), str(copy / "nbtrail/src")]
        os.environ["PYTHONPATH"] = os.pathsep.join(folders)
        sys.path[:0] = folders
        from nbtrail.base import determinism
        from nbtrail.run import warm

        os.environ.update(determinism.ENVIRONMENT)
        warm.load()
        if left := planned():
            print(f"build first; this is not up to date: {', '.join(sorted(left)[:5])}")
            return 1
        jobs = json.loads(Path("data/processed/manifest.json").read_text("utf-8"))["jobs"]
        files = (CORRECTIONS, PLAUSIBILITY, REGISTER, SOURCES, CLAIMS, FIGURES)
        numbers = dict(zip(files, map(int, options.numbers.split(",")), strict=True))
        sample = list(changes(numbers, options.seed))
        draw = random.Random(options.seed)
        # Of every file some, should it be stopped.
        draw.shuffle(sample)
        rows = []
        for change in sample:
            row = try_out(change, jobs, options.others, draw)
            rows.append({"seed": options.seed, **row})
            print(*rows[-1].values(), sep=" | ", flush=True)
            with (ROOT / OUT).open("w", encoding="utf-8", newline="") as stream:
                out = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
                out.writeheader()
                out.writerows(sorted(rows, key=lambda one: (one["file"], one["change"])))
        failed = any(row["wrong"] for row in rows)
        if options.build:
            first = {one.file: one for one in sample}
            for change in first.values():
                kept = Path(change.file).read_text("utf-8")
                differs = build(change)
                Path(change.file).write_text(kept, "utf-8", newline="\n")
                print(f"built {change.told}: {differs or 'as from nothing'}", flush=True)
                failed |= bool(differs)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
