"""Rebuilds, edits, starts and sweeps: this project against other ways to run its notebooks.

Usage: python benchmarks/rebuild.py [--rounds 3] [TASK …], or `make bench`. The ways
(benchmarks/ways.py) take turns within a round, in copies of the committed state on the same
machine, so that what else the machine does falls on all of them. Writes
benchmarks/results.csv, keeping the rows of tasks that were not run again;
benchmarks/summary.py makes of it benchmarks/README.md and its plot.

A full build takes the slowest ways ten minutes, so it is done by the project in every round,
and by the others in the first.
"""

from __future__ import annotations

import argparse
import compileall
import csv
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import psutil
import ways
import yaml
from ways import WAYS, Job

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results.csv"
MACHINE = ROOT / "benchmarks/machine.json"
COLUMNS = ["task", "way", "what", "round", "jobs", "seconds", "mb"]
BUILT = ("data/processed", "figures", "report/notebooks", "report/build", "report/report.html",
         "report/report.pdf", ".snakemake", ".staging", "logs")  # fmt: skip
# Notebooks whose overhead is told: of every kind.
ALONE = [
    "clean/rates", "clean/kiel_release_21", "article/results", "article/claims", "article/F01",
    "latest/F16", "all/F10", "article/T02", "all/scenario_ceasefire",
]  # fmt: skip
EDITED = "all/F10"
# Runs of a sweep by each way; the project also does all of them, and so many of its days.
POINTS = 16
SWEEP = "totals"
DAYS = (5, 10)
# As profiles/default has it.
CORES = 2


class Copy:
    """A copy of the committed state that one way builds in."""

    def __init__(self, base: Path, way: str) -> None:
        """base: where copies lie."""
        self.root = base / way
        self.way = way
        self.told = ""  # what the last command said
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=-1, check=True)
        self.root.mkdir()
        subprocess.run(["tar", "-x"], cwd=self.root, input=archive.stdout, check=True)
        # What was once imported has its bytecode kept; the first run of a way would write it.
        for folder in ("aidaudit", "nbtrail/src"):
            compileall.compile_dir(self.root / folder, quiet=1)

    def empty(self) -> None:
        """Remove what is built."""
        for name in BUILT:
            path = self.root / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def fill(self, built: Path) -> None:
        """Have everything built, as another copy has."""
        self.empty()
        # The project's own Snakefile goes by the record of what outputs were made by.
        for name in BUILT if self.way in ("warm", "plain") else BUILT[:6]:
            _copied(built / name, self.root / name)

    def call(self, command: Sequence[str], **more: str) -> float:
        """Seconds that a command takes; it must succeed."""
        variables = {**ways.environment(self.root), **more}
        if self.way in ("warm", "plain"):
            del variables["NBTRAIL_DECLARED"]
        begun = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=self.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{self.way}: {' '.join(command)[:300]}\n{done.stdout[-3000:]}")
        self.told = done.stdout
        return time.perf_counter() - begun

    def build(self, jobs: dict[str, Job], *, all_: bool = False) -> float:
        """Seconds to run jobs, all of whose inputs are there or made by one of them."""
        if self.way == "nbconvert":
            return sum(self.call(ways.run(self.way, self.root, job)) for job in jobs.values())
        targets = sorted(path for job in jobs.values() for path in job.outputs)
        if self.way in ("warm", "plain"):
            told = ["--config", f"execution={self.way}"]
            return self.call(["snakemake", *told, *([] if all_ else ["--", *targets])])
        # What was built by another way has no record of its code and parameters.
        return self.call(
            ["snakemake", "-s", f"{ways.FOLDER}/{self.way}.smk", "--rerun-triggers", "mtime",
             "--quiet", "rules", "--", *targets]
        )  # fmt: skip


def _copied(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


@contextmanager
def memory(root: Path) -> Iterator[list[float]]:
    """Looks, in MB, at what all processes that work in a folder have, twice a second.

    Memory that processes share counts once (PSS).
    """
    looks, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            looks.append(sum(_memory_of(one, root) for one in psutil.process_iter()) / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield looks
    finally:
        over.set()
        thread.join()


def _memory_of(process: psutil.Process, root: Path) -> int:
    with suppress(psutil.Error, OSError):
        if Path(process.cwd()).is_relative_to(root):
            return process.memory_full_info().pss
    return 0


# ---------------------------------------------------------------- tasks

Row = dict[str, object]


def full(copies: dict[str, Copy], jobs: dict[str, Job], rounds: int) -> list[Row]:
    """Build everything from nothing, each way in turn."""
    rows = []
    for number in range(1, rounds + 1):
        for way, copy in copies.items():
            if number > 1 and way != "warm":
                continue
            copy.empty()
            if way not in ("warm", "plain"):
                # The report tells what was made from what, which no other way writes down.
                receipts = "data/processed/receipts"
                _copied(copies["warm"].root / receipts, copy.root / receipts)
            seconds = copy.build(jobs, all_=True)
            rows.append(_row("full", way, number, len(jobs), seconds))
            if way == "warm":
                rows += _parts("full", copy, number)
    copy = copies["nbconvert"]
    copy.fill(copies["warm"].root)
    cells = _cells(copy, jobs)
    path = _critical(jobs, cells)
    rows.append(_row("full", "floor", 1, len(jobs), max(sum(cells.values()) / CORES, path)))
    copies["warm"].empty()
    with memory(copies["warm"].root) as looks:
        seconds = copies["warm"].build(jobs, all_=True)
    rows.append(_row("memory of full", "warm", 1, len(jobs), seconds, max(looks)))
    return rows


def _parts(task: str, copy: Copy, number: int) -> list[Row]:
    """What the jobs of a build took, from its lines: "[2/8] Collect the …: 0.1 s; …"."""
    told = re.findall(r"^\[.+?\] (.+): ([\d.]+) s;", copy.told, re.M)
    return [
        _row(f"parts of {task}", copy.way, number, 1, float(seconds), what=what)
        for what, seconds in told
    ]


def edit(copies: dict[str, Copy], jobs: dict[str, Job], rounds: int) -> list[Row]:
    """Change a cell of one figure, until the report has it."""
    copies["warm"].build(jobs, all_=True)
    chosen = ways.below(jobs, EDITED)
    for way, copy in copies.items():
        if way != "warm":
            copy.fill(copies["warm"].root)
    rows = []
    for number in range(1, rounds + 1):
        for way, copy in copies.items():
            _change(copy.root / jobs[EDITED].notebook, number)
            ways.bake(copy.root, jobs[EDITED])
            rows.append(_row("edit", way, number, len(chosen), copy.build(chosen, all_=True)))
            if way == "warm":
                rows += _parts("edit", copy, number)
    return rows


def nothing(copies: dict[str, Copy], jobs: dict[str, Job], rounds: int) -> list[Row]:
    """Find that nothing is to be done."""
    copies["warm"].build(jobs, all_=True)
    copies["command"].fill(copies["warm"].root)
    empty = copies["nbconvert"]
    text = ['rule all:\n    input:\n        "made/0",']
    text += [f"rule e{n}:\n    output:\n        'made/{n}'," for n in range(len(jobs))]
    (empty.root / "empty.smk").write_text("\n\n".join(text) + "\n", "utf-8")
    (empty.root / "made").mkdir(exist_ok=True)
    for number in range(len(jobs)):
        (empty.root / f"made/{number}").touch()
    made = [f"made/{number}" for number in range(len(jobs))]
    rows = []
    for number in range(1, rounds + 1):
        for way in ("warm", "command"):
            seconds = copies[way].build(jobs, all_=True)
            rows.append(_row("nothing", way, number, len(jobs), seconds))
        for what, command in (
            ("version", ["snakemake", "--version"]),
            ("empty", ["snakemake", "-s", "empty.smk", "--quiet", "all", "--", *made]),
        ):
            rows.append(_row("nothing", what, number, len(jobs), empty.call(command)))
    return rows


def alone(copies: dict[str, Copy], jobs: dict[str, Job], rounds: int) -> list[Row]:
    """Run notebooks one by one with nothing else running: what each takes beside its cells."""
    from nbtrail.run import client

    copies["warm"].build(jobs, all_=True)
    for way, copy in copies.items():
        if way != "warm":
            copy.fill(copies["warm"].root)
    where = {client.ADDRESS: client.address()}
    chosen = {name: jobs[name] for name in ALONE}
    ours = {name: _ours(job) for name, job in chosen.items()}
    copies["warm"].call(ours[ALONE[0]], **where)  # starts what the first job of a build starts
    rows = []
    for number in range(1, rounds + 1):
        cells = _cells(copies["nbconvert"], chosen)
        for name, job in chosen.items():
            rows.append(_row("alone", "cells", number, 1, cells[name], what=name))
            for way, copy in copies.items():
                if way == "directive":
                    continue  # it has no command of its own
                command = (
                    ours[name] if way in ("warm", "plain") else ways.run(way, copy.root, job)
                )
                more = where if way == "warm" else {}
                seconds = copy.call(command, **more)
                rows.append(_row("alone", way, number, 1, seconds, what=name))
    return rows


def _ours(job: Job) -> list[str]:
    return [
        "aidaudit", "notebook", job.notebook, job.executed, "--parameters",
        json.dumps(job.parameters), "--", *job.inputs, "::", *job.outputs,
    ]  # fmt: skip


def sweep(copies: dict[str, Copy], jobs: dict[str, Job], rounds: int) -> list[Row]:
    """Run one notebook many times: POINTS of a sweep by each way, all of it by the project."""
    from nbtrail.base import plan

    copies["warm"].build(jobs, all_=True)
    points = plan.sweep_points(SWEEP)
    step = len(points) // POINTS
    chosen = {}
    for point in points[::step][:POINTS]:
        stage = f"{ways.FOLDER}/runs/{point.name}"
        chosen[point.name] = Job(
            point.name,
            plan.reads(point),
            [f"{stage}/data/processed/latest/headline.csv"],
            point.notebook,
            f"{stage}/executed.ipynb",
            point.parameters,
            stage=stage,
        )
    rows = []
    others = {way: copy for way, copy in copies.items() if way not in ("warm", "plain")}
    for copy in others.values():
        copy.fill(copies["warm"].root)
        ways.prepare(copy.root, chosen)
    for number in range(1, rounds + 1):
        for way, copy in others.items():
            shutil.rmtree(copy.root / f"{ways.FOLDER}/runs")
            ways.prepare(copy.root, chosen)
            rows.append(_row("sweep", way, number, len(chosen), copy.build(chosen)))
        rows.append(_row("sweep", "warm", number, len(points), _swept(copies["warm"], {})))
    # The project's own, without forks: as many runs as the others have.
    copies["plain"].fill(copies["warm"].root)
    few = {"release": 4, "donor_group": 4, "cut_off": 1}
    rows.append(_row("sweep", "plain", 1, POINTS, _swept(copies["plain"], few)))
    for days in DAYS:
        runs = len(points) * days // len({point.parameters["cut_off"] for point in points})
        seconds = _swept(copies["warm"], {"cut_off": days})
        rows.append(_row("growth of sweep", "warm", 1, runs, seconds))
    # Looking takes a tenth of the time, so it is no part of a run that is timed.
    with memory(copies["warm"].root) as looks:
        seconds = _swept(copies["warm"], {})
    rows.append(_row("memory of sweep", "warm", 1, len(points), seconds, max(looks)))
    cells = _cells(copies["nbconvert"], chosen)
    rows.append(_row("sweep", "floor", 1, len(chosen), sum(cells.values()) / CORES))
    return rows


def _swept(copy: Copy, first: dict[str, int]) -> float:
    """Seconds of the project's sweep over the first values of some axes of its grid."""
    path = copy.root / "config/sweeps.yaml"
    whole = path.read_text("utf-8")
    config = yaml.safe_load(whole)
    grid = config[SWEEP]["grid"]
    grid.update({axis: grid[axis][:count] for axis, count in first.items()})
    path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")
    shutil.rmtree(copy.root / "data/processed/sweeps", ignore_errors=True)
    try:
        return copy.call(["snakemake", "--config", f"execution={copy.way}", "--", "sweep"])
    finally:
        path.write_text(whole, "utf-8")


def _cells(copy: Copy, jobs: dict[str, Job]) -> dict[str, float]:
    """Seconds of the cells of those jobs that are notebooks, each by itself."""
    names = [name for name, job in jobs.items() if job.notebook]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("cells.py"), copy.root, *names],
        env=ways.environment(copy.root),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _critical(jobs: dict[str, Job], cells: dict[str, float]) -> float:
    """Seconds of the longest chain of notebooks each of which needs the one before."""
    made = {path: name for name, job in jobs.items() for path in [*job.outputs, job.executed]}
    ends: dict[str, float] = {}
    for name, job in jobs.items():
        before = [ends[made[path]] for path in job.inputs if path in made]
        ends[name] = max(before, default=0.0) + cells.get(name, 0.0)
    return max(ends.values())


def _change(notebook: Path, number: int) -> None:
    """Change what a notebook's last cell of code says, not what it gives."""
    content = json.loads(notebook.read_text("utf-8"))
    cell = [cell for cell in content["cells"] if cell["cell_type"] == "code"][-1]
    cell["source"] = f"round_of_benchmark = {number}\n" + "".join(cell["source"])
    notebook.write_text(json.dumps(content), "utf-8")


TASKS: dict[str, Callable[[dict[str, Copy], dict[str, Job], int], list[Row]]] = {
    "nothing": nothing, "alone": alone, "edit": edit, "sweep": sweep, "full": full,
}  # fmt: skip


def _row(
    task: str, way: str, number: int, jobs: int, seconds: float, mb: float = 0, what: str = ""
) -> Row:
    row = dict(zip(COLUMNS, [task, way, what, number, jobs, seconds, mb], strict=True))
    print(f"{task} {what} {WAYS.get(way, way)}: {seconds:.2f} s {mb:.0f} MB", flush=True)
    return row


def _keep(task: str, rows: list[Row]) -> None:
    """Put the rows of a task in place of those that were there."""
    old: list[Row] = []
    if RESULTS.exists():
        with RESULTS.open(encoding="utf-8") as stream:
            old = [row for row in csv.DictReader(stream) if row["task"].split()[-1] != task]
    for row in rows:
        row["seconds"], row["mb"] = f"{row['seconds']:.3f}", f"{row['mb']:.0f}"
    with RESULTS.open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        written.writeheader()
        written.writerows(sorted([*old, *rows], key=lambda row: row["task"]))


def _machine() -> dict:
    """Where it ran, without its name."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    tools = ("snakemake", "papermill", "nbconvert", "ploomber-engine", "ipykernel")
    return {
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "versions": {"Python": platform.python_version(), **{t: version(t) for t in tools}},
    }


def main() -> None:
    """Run the tasks that were asked for, or all."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("tasks", nargs="*", metavar="TASK", help=" ".join(TASKS))
    asked.add_argument("--rounds", type=int, default=3)
    given = asked.parse_args()
    os.chdir(ROOT)
    jobs = ways.of_manifest(ROOT)
    MACHINE.write_text(json.dumps(_machine(), indent=1) + "\n", "utf-8")
    with tempfile.TemporaryDirectory() as base:
        for task in given.tasks or TASKS:
            folder = Path(base) / task
            folder.mkdir()
            copies = {way: Copy(folder, way) for way in WAYS}
            for copy in copies.values():
                ways.prepare(copy.root, jobs)
            _keep(task, TASKS[task](copies, jobs, given.rounds))
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
