"""Hostile files in thousands of seeded rounds, each in a process of its own with limits.

A round gives one file to `check`, `unpack`, `diff --archive`, `find --archive` or `ingest`. It
must end in an answer or in one message, within the memory that `foreign.MOST` allows beyond
what Python and its packages take, and ten seconds of the processor. docs/limits.csv records
the last run.

    python tests/limits/run.py [--rounds 2000] [--seed 1] [--only WORDS]
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import os
import resource
import shutil
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import copies  # noqa: E402
import matplotlib  # noqa: E402
import openpyxl  # noqa: E402
from PIL import Image  # noqa: E402
from typer.main import get_command  # noqa: E402

# What commands import is in the parent, so that a child begins at once.
from aidaudit import config, ingest  # noqa: E402
from aidaudit.ingest.readers import kiel  # noqa: E402
from limits import shapes  # noqa: E402
from nbtrail import cli  # noqa: E402
from nbtrail.base import files, foreign, paths  # noqa: E402
from nbtrail.compare import authenticity, diff, finding  # noqa: E402, F401
from nbtrail.compare.diff import render  # noqa: E402, F401
from nbtrail.record import old_outputs  # noqa: E402, F401  # fmt: skip

matplotlib.use("Agg")
RESULT = ROOT / "docs/limits.csv"
HEADER = ["command", "file", "rounds", "answered", "refused", "mib", "seconds", "seed"]
SECONDS = 10
# Built once: children only run it.
COMMAND = get_command(cli.app)
TABLE = "month,value_eur_bn\n" + "".join(f"2022-{m:02d},{m * 1.25}\n" for m in range(1, 13))


class Broken(AssertionError):
    """A round that ended otherwise than in an answer or in one message."""


@dataclass
class Round:
    """What came of a round: its exit status, what was printed, MiB at most, seconds."""

    status: int
    words: str
    memory: float
    seconds: float


# ---------------------------------------------------------------- a small build


def built(root: Path) -> shapes.Good:
    """A small build in a root of its own; good files by kind."""
    import matplotlib.pyplot as plt

    copies.raw_tables(root, releases=False)
    fig, ax = plt.subplots(figsize=(4, 2.5))
    ax.bar(range(5), [1, 4, 2, 5, 3])
    where = paths.figure("F01", "latest")
    for suffix in ("png", "pdf", "svg"):
        path = root / where[suffix]
        path.parent.mkdir(parents=True, exist_ok=True)
        fig.savefig(path, format=suffix)
    plt.close(fig)
    numbers = {
        f"key.{n}": {
            "value": n / 7, "unit": "%", "display": f"{n / 7:.1f} %", "cell": 1,
            "job": "latest/F01", "from": [],
        }
        for n in range(20)
    }  # fmt: skip
    page = "\n".join(f"<p>Sentence {n}.</p>" for n in range(50))
    texts = {
        where["csv"]: "x,value\n" + "".join(f"{n},{n / 3}\n" for n in range(20)),
        where["json"]: json.dumps({"figure": "F01", "title": "A chart", "alt": "bars"}),
        "data/processed/latest/monthly.csv": TABLE,
        "data/processed/latest/numbers.json": json.dumps(numbers, indent=1),
        "data/processed/latest/claims.csv": "claim_id,verdict,value,unit\nA-1,supported,1,%\n",
        "report/report.html": f"<!doctype html>\n<html>\n{page}\n</html>",
        "report/build/report.md": (
            '---\nabstract: "It is so."\n---\n\n# One\n\nText [[1 %](#nabcdef)]{.number x}.\n'
        ),
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    outputs = [*where.values(), *texts]
    write_manifest(root, outputs)
    archive = shapes.zipped(members(root))
    rates = root / "rates.csv"
    header = ["Date", *ingest.readers.context.CURRENCIES]
    rows = [header, *([f"2024-01-{d:02d}", *["1.5"] * (len(header) - 1)] for d in range(1, 28))]
    rates.write_text("\n".join(map(",".join, rows)) + "\n")
    losses = [
        {"date": f"2024-01-{d:02d}", **dict.fromkeys(ingest.readers.war.LOST.values(), d)}
        for d in range(1, 28)
    ]
    book = openpyxl.Workbook()
    book.active.append([names[0] for names in kiel.KIEL_COLUMNS.values()])
    for n in range(30):
        book.active.append([f"ID{n}", f"ID{n}.1", "Germany", "2022-03-01", *[n] * 20])
    stream = io.BytesIO()
    book.save(stream)
    table = openpyxl.Workbook()
    for line in TABLE.splitlines():
        table.active.append(line.split(","))
    own = io.BytesIO()
    table.save(own)
    picture = Image.open(root / where["png"]).convert("RGB")
    return {
        "archive": archive,
        "workbook": stream.getvalue(),
        "table as workbook": own.getvalue(),
        "rates": rates.read_bytes(),
        "losses": json.dumps(losses).encode(),
        "table": TABLE.encode(),
        "PNG": (root / where["png"]).read_bytes(),
        "PDF": (root / where["pdf"]).read_bytes(),
        "SVG": (root / where["svg"]).read_bytes(),
        "JSON": (root / "data/processed/latest/numbers.json").read_bytes(),
        "page": (root / "report/report.html").read_bytes(),
        "manifest": (root / paths.MANIFEST).read_bytes(),
        "report": (root / "report/build/report.md").read_bytes(),
        **{
            kind: shapes.saved(picture, kind) for kind in ("JPEG", "GIF", "WEBP", "TIFF", "BMP")
        },
    }


def write_manifest(root: Path, outputs: list[str]) -> None:
    """A manifest of these outputs."""
    job = {"rule": "figure", "notebook": None, "made_from": "abc", "inputs": {}}
    about = {
        path: {
            "sha256": hashlib.sha256((root / path).read_bytes()).hexdigest(),
            "job": "latest/F01",
        }
        for path in outputs
    }
    item = {
        "kind": "figure",
        "title": "A chart",
        "files": list(paths.figure("F01", "latest").values()),
    }
    whole = {
        "version": "0",
        "jobs": {"latest/F01": job},
        "items": {"F01-latest": item},
        "outputs": about,
    }
    (root / paths.MANIFEST).write_text(json.dumps(whole), "utf-8")


def members(root: Path) -> dict[str, bytes]:
    """What an archive of the small build holds."""
    whole = json.loads((root / paths.MANIFEST).read_text("utf-8"))
    return {
        f"top/{path}": (root / path).read_bytes()
        for path in (*whole["outputs"], paths.MANIFEST)
    }


def holding(random: Random, good: shapes.Good, content: bytes, suffix: str) -> bytes:
    """An archive in which one output, or many, are this content, as its manifest says."""
    with zipfile.ZipFile(io.BytesIO(good["archive"])) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    whole = json.loads(inside[f"top/{paths.MANIFEST}"])
    own = [path for path in whole["outputs"] if path.endswith(suffix)]
    digest = hashlib.sha256(content).hexdigest()
    more = [f"figures/latest/X{n}{suffix}" for n in range(random.choice((0, 0, 5, 60)))]
    for path in [random.choice(own), *more]:
        whole["outputs"][path] = {"sha256": digest, "job": "latest/F01"}
        inside[f"top/{path}"] = content
    inside[f"top/{paths.MANIFEST}"] = json.dumps(whole).encode()
    return shapes.zipped(inside, 1)


# ---------------------------------------------------------------- kinds

SUFFIX = {
    "PNG": ".png", "PDF": ".pdf", "SVG": ".svg", "table": ".csv", "JSON": ".json",
    "page": ".html", "report": ".md", "PNG bomb": ".png", "PNG text bomb": ".png",
    "XML bomb": ".svg",
    "JSON bomb": ".json", "CSV bomb": ".csv", "lines": ".html", "PDF bomb": ".pdf",
    "JPEG bomb": ".png", "frames": ".png",
}  # fmt: skip
CHECKED = ["PNG", "PDF", "SVG", "table", "JSON", "page", "JPEG", "GIF", "WEBP", "TIFF", "BMP",
           "table as workbook"]  # fmt: skip


def kinds() -> list[tuple[str, str]]:
    """(command, shape) of all kinds of rounds."""
    every = [("check", name) for name in (*CHECKED, *shapes.BOMBS)]
    every += [("check --archive", name) for name in SUFFIX if name != "report"]
    every += [("diff --archive", name) for name in SUFFIX]
    every += [
        ("find --archive", name)
        for name in ("JSON", "report", "JSON bomb", "manifest", "archive")
    ]
    every += [
        (command, name)
        for command in ("check --archive", "diff --archive")
        for name in ("manifest", "archive", "zip bomb")
    ]
    every += [("unpack", name) for name in ("archive", "zip bomb", "workbook")]
    every += [
        ("ingest", name)
        for name in (
            "workbook",
            "workbook bomb",
            "rates",
            "CSV bomb",
            "losses",
            "JSON bomb",
            "zip bomb",
        )
    ]
    return every


def made(random: Random, good: shapes.Good, command: str, name: str) -> bytes:
    """The file of a round."""
    if name in shapes.BOMBS:
        content = shapes.BOMBS[name](random, good)
    else:
        content = shapes.mutated(random, good, name)
    if name == "manifest":
        with zipfile.ZipFile(io.BytesIO(good["archive"])) as archive:
            inside = {one: archive.read(one) for one in archive.namelist()}
        if random.random() < 0.7:
            content = reshaped(random, good["manifest"])
        return shapes.zipped(inside | {f"top/{paths.MANIFEST}": content}, 1)
    if command.endswith("--archive") and name not in ("archive", "zip bomb"):
        return holding(random, good, content, SUFFIX[name])
    return content


def reshaped(random: Random, content: bytes) -> bytes:
    """JSON in which one value is of another kind, or missing."""
    value = json.loads(content)
    place = value
    while True:
        key = random.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if isinstance(place[key], dict | list) and place[key] and random.random() < 0.8:
            place = place[key]
            continue
        if random.random() < 0.3:
            del place[key]
        else:
            place[key] = random.choice(
                (None, 0, -1.5, "", "x", "../x", [], {}, [1], {"a": 1}, True, 1e300)
            )
        return json.dumps(value).encode()


# ---------------------------------------------------------------- a process for each


def command_of(command: str, name: str, file: Path, good: Path) -> list[str] | None:
    """What a person would type; None for ingest, which is called."""
    return {
        "check": ["check", str(file)],
        "check --archive": ["check", str(good), "--archive", str(file)],
        "diff --archive": ["diff", "--archive", str(file)],
        "find --archive": ["find", "0.1", "%", "--archive", str(file)],
        "unpack": ["unpack", str(file), str(file.parent / "unpacked")],
        "ingest": None,
    }[command]


def taken(name: str, file: Path) -> None:
    """Ingest as the command does."""
    reader = {
        "rates": "ecb_rates",
        "CSV bomb": "ecb_rates",
        "losses": "claimed_losses",
        "JSON bomb": "claimed_losses",
    }.get(name, "kiel_workbook")
    origin = next(one for one in ingest.origins() if one.reader == reader)
    with foreign.bounded(file):
        ingest.ingest(file, origin, replace=True, because="a round")


def run(command: str, name: str, file: Path, other: Path) -> Round:
    """One round in a process of its own."""
    words = file.with_name("words")
    # A fork has what this process holds, be it much.
    before = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    pid = os.fork()
    if pid == 0:
        _child(command, name, file, other, words)
    _, status, used = os.wait4(pid, 0)
    return Round(
        os.waitstatus_to_exitcode(status),
        words.read_text("utf-8", "replace") if words.exists() else "",
        max(0.0, used.ru_maxrss / 1024 - before * resource.getpagesize() / foreign.MIB),
        used.ru_utime + used.ru_stime,
    )


def _child(command: str, name: str, file: Path, other: Path, words: Path) -> None:
    code = 70
    try:
        now = (
            int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        )
        most = now + foreign.MOST["memory"]
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with (
            words.open("w", encoding="utf-8") as out,
            redirect_stdout(out),
            redirect_stderr(out),
        ):
            typed = command_of(command, name, file, other)
            try:
                if typed is None:
                    taken(name, file)
                else:
                    sys.argv, cli.app = ["aidaudit", *typed], COMMAND
                    cli.main()
                code = 0
            except foreign.AuditError as error:
                print(f"\n{error}")
                code = 1
            except SystemExit as end:
                code = int(end.code or 0)
    except BaseException:
        with words.open("a", encoding="utf-8") as out:
            traceback.print_exc(file=out)
        code = 70
    finally:
        os._exit(code)


def held(done: Round) -> None:
    """Raise `Broken` where a round did not end in an answer or in one message."""
    if done.status not in (0, 1, 2, 3) or "Traceback" in done.words:
        raise Broken(
            f"status {done.status}, {done.memory:.0f} MiB, {done.seconds:.1f} s\n"
            f"{done.words[-3000:]}"
        )
    if done.status and not done.words.strip():
        raise Broken(f"status {done.status} without a word")


def rounds(
    part: list[tuple[str, str, int]], seed: int, folder: Path
) -> Iterator[tuple[tuple[str, str, int], Round, Path]]:
    """The rounds named by command, shape and number, in a small build of their own."""
    root = folder / "root"
    good = built(root)
    os.environ.pop("NBTRAIL_DECLARED", None)
    os.chdir(root)
    config.claims()
    other = folder / "given"
    pristine = folder / "pristine"
    shutil.copytree(root / "data/raw", pristine)
    work = folder / "work"
    for command, name, number in part:
        random = Random(f"{seed} {command} {name} {number}")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        file = work / "given.xlsx"
        file.write_bytes(made(random, good, command, name))
        # Not the same bytes, so that it is held against what the archive has.
        other.write_bytes(good[LIKE.get(SUFFIX.get(name), "PNG")] + b" ")
        done = run(command, name, file, other)
        if command == "ingest" and done.status == 0:
            shutil.rmtree(root / "data/raw")
            shutil.copytree(pristine, root / "data/raw")
        yield (command, name, number), done, file


LIKE = {".pdf": "PDF", ".svg": "SVG", ".csv": "table", ".json": "JSON", ".html": "page"}


def kept_in(seed: int) -> Path:
    """Where the rounds of a seed are kept while the code that they try is this."""
    code = [
        path
        for folder in (ROOT / "aidaudit", ROOT / "nbtrail/src", Path(__file__).parent)
        for path in folder.rglob("*.py")
    ]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(code))).hexdigest()
    return ROOT / files.SCRATCH / f"limits-{seed}-{digest[:8]}.jsonl"


def kept(seed: int) -> dict[tuple[str, str, int], Round]:
    """The rounds of an interrupted run."""
    lines = (
        map(json.loads, kept_in(seed).read_text("utf-8").splitlines())
        if kept_in(seed).is_file()
        else ()
    )
    return {tuple(kind): Round(*done) for kind, done in lines}


def tried(part: list[tuple[str, str, int]], options: argparse.Namespace) -> list[str]:
    """Some rounds, each written down when it is done; what was broken."""
    broken = []
    with (
        tempfile.TemporaryDirectory() as folder,
        kept_in(options.seed).open("a", encoding="utf-8") as out,
    ):
        for kind, done, file in rounds(part, options.seed, Path(folder).resolve()):
            try:
                held(done)
            except Broken as error:
                broken.append(f"{', '.join(map(str, kind))}: {error}")
                print(f"{broken[-1]}\n", flush=True)
                if options.keep:
                    options.keep.mkdir(exist_ok=True, parents=True)
                    shutil.copy(file, options.keep / "-".join(map(str, kind)).replace(" ", "_"))
                continue
            words = "refused" if "fix:" in done.words else "answered"
            told = (kind, (done.status, words, done.memory, done.seconds))
            out.write(json.dumps(told) + "\n")
            out.flush()
    return broken


def main() -> None:
    """Run the rounds, in processes side by side, and record them where all held."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("--keep", type=Path, help="where files that broke something go")
    options = parser.parse_args()
    every = [kind for kind in kinds() if options.only in " ".join(kind)]
    count = -(-options.rounds // len(every))
    wanted = [(*kind, number) for number in range(count) for kind in every]
    kept_in(options.seed).parent.mkdir(parents=True, exist_ok=True)
    known = kept(options.seed)
    left = [kind for kind in wanted if kind not in known]
    parts = [left[n :: options.jobs] for n in range(options.jobs)]
    with ProcessPoolExecutor(options.jobs) as pool:
        broken = [*chain(*pool.map(tried, parts, [options] * len(parts)))]
    print(f"{len(wanted)} rounds of {len(every)} kinds, {len(broken)} broken")
    if not (broken or options.only):
        record(every, kept(options.seed), wanted, options.seed)
        kept_in(options.seed).unlink()
    sys.exit(bool(broken))


def record(
    every: list[tuple[str, str]], known: dict, wanted: list[tuple[str, str, int]], seed: int
) -> None:
    """Write docs/limits.csv."""
    with RESULT.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(HEADER)
        for kind in every:
            done = [known[one] for one in wanted if one[:2] == kind and one in known]
            refused = sum(one.words == "refused" for one in done)
            memory = max(one.memory for one in done)
            seconds = max(one.seconds for one in done)
            counts = (len(done), len(done) - refused, refused)
            table.writerow([*kind, *counts, f"{memory:.0f}", f"{seconds:.1f}", seed])


if __name__ == "__main__":
    main()
