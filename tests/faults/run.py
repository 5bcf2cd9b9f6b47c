"""Break builds in every way that is known, and show that nothing is lost.

Each fault strikes a build of a part of the DAG in a copy of the committed state, in a folder
with spaces and letters outside ASCII; then the same command is given again. What a person saw
is written into docs/faults.csv, if every output is then what a clean build gives; `aidaudit
generate` makes docs/faults.md of it. Kills come at seeded moments that are counted in events
(events.py), in many rounds, each after a change of notebooks; `--seed` and `--first` repeat
one. Takes the better part of an hour:
python tests/faults/run.py [--rounds 200] [--seed 1] [NAME …]

What a machine cannot do (mount, another user, no network) is skipped and said so.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).parents[1]))
import copies
from copies import ROOT, Failed

TABLE = ROOT / "docs/faults.csv"
COLUMNS = ["fault", "rounds", "seen", "left", "resumed", "seed"]
# A part of the DAG: two ways from raw tables to a figure.
TARGETS = ["report/notebooks/all/F05.ipynb", "report/notebooks/all/F10.ipynb"]
NOTEBOOK = "notebooks/figures/F10.ipynb"
RAW = "data/raw/imf_weo/october_2025/outlook.csv"
FOLDER = "a büild of its own"
# Where builds write, and what they write besides.
OUTPUTS = ("data/processed", "figures", "report/notebooks", "report/build")
WRITTEN = (*OUTPUTS, ".snakemake", ".staging", ".baseline", "logs")
# In turn with a remark at its end and without: what is stale then differs.
CHANGED = ["notebooks/figures/F05.ipynb", "notebooks/figures/F10.ipynb"]


class Checkout:
    """A copy of the committed state, with the part built."""

    def __init__(self, base: Path, *, whole: bool = False) -> None:
        """base: an empty folder. whole: build everything, which takes minutes a round."""
        self.root = copies.unpacked(base / FOLDER)
        shutil.copyfile(Path(__file__).with_name("events.py"), self.root / "sitecustomize.py")
        self.variables = copies.environment(self.root)
        self.whole = whole
        self.targets = [] if whole else TARGETS
        # What a clean build gives, of notebooks as they are and of those that are changed.
        self.clean = [self._clean(), self._clean()]

    def _clean(self) -> dict[str, str]:
        told = self.build("--forceall")
        if told.returncode:
            raise Failed(told.stdout[-3000:])
        made = {
            path.relative_to(self.root).as_posix(): _hash(path)
            for folder in OUTPUTS
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file() and path.name != ".gitkeep"
        }
        self.clean = [made]
        self.change()
        return made

    @property
    def expected(self) -> dict[str, str]:
        """Output → its sha256 in a clean build of what is here."""
        return self.clean[0]

    def change(self) -> None:
        """Change some notebooks; the next time, change them back."""
        self.clean.reverse()
        for notebook in CHANGED:
            path = self.root / notebook
            content = json.loads(path.read_text("utf-8"))
            last = content["cells"][-1]
            tried = "\n# tried"
            text = "".join(last["source"])
            last["source"] = text.removesuffix(tried) if text.endswith(tried) else text + tried
            path.write_text(json.dumps(content), "utf-8")

    def start(
        self, *options: str, targets: Sequence[str] | None = None, **variables: str
    ) -> subprocess.Popen:
        """Begin to build the part, or other targets."""
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *options, "--", *(targets or self.targets)],
            cwd=self.root,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell has what it runs in the background ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def build(
        self, *options: str, targets: Sequence[str] | None = None, **variables: str
    ) -> subprocess.CompletedProcess:
        """Build the part, or other targets."""
        process = self.start(*options, targets=targets, **variables)
        told, _ = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, told)

    def wrong(self) -> list[str]:
        """Outputs that are missing or not as a clean build gives them."""
        return [path for path, d in self.expected.items() if _hash(self.root / path) != d]

    def lose(self, chance: random.Random) -> None:
        """Remove a part of the outputs, so that there is something to build."""
        paths = sorted(self.expected)
        for path in chance.sample(paths, len(paths) // 4):
            (self.root / path).unlink(missing_ok=True)

    def processes(self) -> list[psutil.Process]:
        """All that work in the copy."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if Path(process.cwd()).is_relative_to(self.root):
                    found.append(process)
        return found

    def quiet(self, within: float = 20) -> None:
        """Wait until all has ended. Raises Failed where something stays."""
        end = time.monotonic() + within
        while left := self.processes():
            if time.monotonic() > end:
                raise Failed(f"left behind: {[one.cmdline() for one in left]}")
            time.sleep(0.05)

    def resumed(self) -> str:
        """Build again; how that went. Raises Failed unless all is as in a clean build."""
        self.quiet()
        done = self.build()
        if done.returncode or self.wrong():
            said = done.stdout[-2000:]
            raise Failed(f"not resumed: status {done.returncode}, {self.wrong()[:5]}\n{said}")
        self.quiet()
        kept = {"excerpts", "fingerprint.json", "hashes.json"}
        left = {path.name for path in (self.root / ".staging").iterdir()} - kept
        if left:
            raise Failed(f"left in .staging: {sorted(left)}")
        again = self.build("--dry-run")
        if "Nothing to be done" not in again.stdout:
            raise Failed(f"would build again: {again.stdout[-1500:]}")
        return "snakemake"


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


# ---------------------------------------------------------------- kills


def _roles(checkout: Checkout, build: subprocess.Popen) -> dict[str, list[psutil.Process]]:
    """What there is to kill: the parent, runners and kernels have one command line."""
    forks = [one for one in checkout.processes() if "nbtrail.start" in _words(one)]
    numbers = {one.pid for one in forks}
    above = {one.pid: _parent(one) for one in forks}
    parents = [one for one in forks if above[one.pid] not in numbers]
    first = {one.pid for one in parents}
    runners = [one for one in forks if above[one.pid] in first]
    second = {one.pid for one in runners}
    return {
        "Snakemake": [psutil.Process(build.pid)] if build.poll() is None else [],
        "the warm parent": parents,
        "a runner": runners,
        "a kernel": [one for one in forks if above[one.pid] in second],
        "a job's command": [
            one
            for one in checkout.processes()
            if {"notebook", "job"} & set(_words(one)) and one.pid not in numbers
        ],
    }


def _words(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        return process.cmdline()
    return []


def _parent(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return process.ppid()
    return 0


def sessions(checkout: Checkout, build: subprocess.Popen, number: int) -> None:
    """Send a signal to what a terminal would: Snakemake and its jobs' commands."""
    with suppress(ProcessLookupError):
        os.killpg(build.pid, number)


def one_of(role: str) -> Callable[[Checkout, subprocess.Popen, random.Random], None]:
    """Kill one process of a kind, if there is one."""

    def strike(checkout: Checkout, build: subprocess.Popen, chance: random.Random) -> None:
        if victims := _roles(checkout, build)[role]:
            with suppress(psutil.Error):
                chance.choice(sorted(victims, key=lambda one: one.pid)).kill()

    return strike


def _everything(checkout: Checkout, build: subprocess.Popen, chance: random.Random) -> None:
    for process in checkout.processes():
        with suppress(psutil.Error):
            process.kill()


def to_terminal(number: int) -> Callable[[Checkout, subprocess.Popen, random.Random], None]:
    """Send a signal to all that a terminal would."""
    return lambda checkout, build, chance: sessions(checkout, build, number)


LOSS, TWICE = "power loss", "Ctrl-C twice"
STRIKES = {
    "SIGHUP (the terminal was closed)": to_terminal(signal.SIGHUP),
    "Ctrl-C": to_terminal(signal.SIGINT),
    TWICE: to_terminal(signal.SIGINT),
    "SIGTERM to Snakemake": lambda checkout, build, chance: build.terminate(),
    "kill -9 of Snakemake and its group": to_terminal(signal.SIGKILL),
    **{
        f"kill -9 of {role}": one_of(role)
        for role in ("Snakemake", "the warm parent", "a runner", "a kernel", "a job's command")
    },
    LOSS: _everything,
}
# What happens in a build (events.py), and how often at least in a round.
EVENTS = {
    "begun": 4,
    "run": 4,
    "cell": 20,
    "moved": 10,
    "closed": 3,
    "recorded": 3,
    "failed": 1,
}
# Some can only be struck while they are there.
WHILE = {
    "kill -9 of a runner": ("run", "cell", "moved", "closed"),
    "kill -9 of a kernel": ("cell",),
    "kill -9 of a job's command": ("run", "cell", "moved"),
}


@dataclass(frozen=True)
class Round:
    """What strikes when: at the n-th event of a kind; fails: the n-th notebook to begin, or 0.

    alone: whether one file is asked for first when the build is taken up. seed: of what
    is lost.
    """

    strike: str
    event: str
    number: int
    fails: int
    alone: bool
    seed: str

    def __str__(self) -> str:
        """In words."""
        failing = f", notebook {self.fails} failing" if self.fails else ""
        return f"{self.strike}, at {self.event} {self.number}{failing}"


def drawn(seed: int, number: int) -> Round:
    """A round of a seed: strikes take turns, the rest is chance."""
    chance = random.Random(f"{seed}-{number}")
    strike = list(STRIKES)[number % len(STRIKES)]
    event = chance.choice(WHILE.get(strike, list(EVENTS)))
    fails = chance.randint(1, 2) if event == "failed" or chance.random() < 0.3 else 0
    at = chance.randint(1, EVENTS[event])
    return Round(strike, event, at, fails, chance.random() < 0.3, f"{seed}-{number}")


class Watch:
    """Is told of each event by the process in which it happens, which waits for the answer."""

    def __init__(self, path: Path, asked: Round, strike: Callable[[], None]) -> None:
        """path: of the socket. strike: called once, at the moment that is asked for."""
        self.asked, self.strike = asked, strike
        self.counts: Counter[str] = Counter()
        self.struck = False
        self.turn = threading.Lock()
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self._answer, args=[client], daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            event, pid = client.recv(100).decode().split()
            with self.turn:
                self.counts[event] += 1
                at = self.counts[event]
                if not self.struck and (event, at) == (self.asked.event, self.asked.number):
                    self.struck = True
                    self.strike()
                if event == "stopping" and self.struck and self.asked.strike == TWICE:
                    os.kill(int(pid), signal.SIGINT)
            client.sendall(b"x" if (event, at) == ("run", self.asked.fails) else b".")


def lost(checkout: Checkout, since: float, chance: random.Random) -> None:
    """Leave of what was written last what a disk may have kept: nothing, a part, or no file."""
    for folder in WRITTEN:
        for path in sorted((checkout.root / folder).rglob("*")):
            if path.is_file() and path.stat().st_ctime >= since and chance.random() < 0.4:
                how = chance.choice(("emptied", "removed", "torn"))
                if how == "removed":
                    path.unlink()
                else:
                    size = path.stat().st_size
                    os.truncate(path, 0 if how == "emptied" else size // 2)


def struck_by(checkout: Checkout, asked: Round) -> tuple[bool, str, int]:
    """One round: whether it was struck, what was said, how many outputs were not right then.

    The notebooks have changed since the last build, and a part of the outputs is lost. Raises
    Failed unless the next build makes all of it.
    """
    chance = random.Random(asked.seed)
    checkout.change()
    checkout.lose(chance)
    begun = time.time()
    build: list[subprocess.Popen] = []
    at = checkout.root.parent / "events"
    watch = Watch(at, asked, lambda: STRIKES[asked.strike](checkout, build[0], chance))
    with watch.turn:
        build.append(checkout.start(FAULT_EVENTS=str(at)))
    told, _ = build[0].communicate(timeout=600)
    watch.socket.close()
    checkout.quiet()
    if asked.strike == LOSS and watch.struck:
        lost(checkout, begun, chance)
    wrong = checkout.wrong()
    if asked.alone:
        done = checkout.build(targets=["figures/all/F10.svg"])
        own = [path for path in checkout.wrong() if "F10." in path]
        if done.returncode or own:
            raise Failed(f"not made by itself: {own}\n{done.stdout[-2000:]}")
    checkout.resumed()
    return watch.struck, told, len(wrong)


def kills(checkout: Checkout, seed: int, first: int, rounds: int) -> list[dict]:
    """Rounds of strikes, a row of the table for each kind."""
    counts: Counter[str] = Counter()
    said: dict[str, str] = {}
    left: Counter[str] = Counter()
    number, done = first, 0
    while done < rounds:
        asked = drawn(seed, number)
        try:
            was, told, wrong = struck_by(checkout, asked)
        except Failed as failure:
            raise Failed(f"round {number} of seed {seed} ({asked}): {failure}") from None
        number += 1
        if was:
            done += 1
            what = asked.strike + (
                ", after a job had failed" if asked.event == "failed" else ""
            )
            counts[what] += 1
            left[what] += wrong
            said[what] = seen(told) or said.get(what, "")
            print(f"{done} of {rounds}: round {number - 1}, {asked}", flush=True)
    of_all = ", everything being built" if checkout.whole else ""
    return [
        row(what + of_all, counts[what], said[what], f"{left[what] / counts[what]:.0f}", seed)
        for what in sorted(counts)
    ]


# ---------------------------------------------------------------- single faults


def full(checkout: Checkout, folder: str) -> str:
    """No space left in a folder."""
    checkout.lose(random.Random(5))
    with _mounted(checkout.root / folder, "size=48k"):
        told = checkout.build().stdout
    return told


def read_only(checkout: Checkout, folder: str) -> str:
    """A folder that cannot be written to."""
    with _mounted(checkout.root / folder, "ro"):
        told = checkout.build().stdout
    return told


@contextmanager
def _mounted(path: Path, option: str) -> Iterator[None]:
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def cell(code: str) -> Callable[[Checkout], str]:
    """A fault in a cell of the figure's notebook."""

    def strike(checkout: Checkout) -> str:
        path = checkout.root / NOTEBOOK
        before = path.read_text("utf-8")
        content = json.loads(before)
        last = [one for one in content["cells"] if one["cell_type"] == "code"][-1]
        last["source"] = code + "\n" + "".join(last["source"])
        path.write_text(json.dumps(content), "utf-8")
        limits = checkout.root / "config/limits.yaml"
        kept = limits.read_text("utf-8")
        limits.write_text("minutes: 0.2\nmemory_gb: 2\noutput_mb: 1\n", "utf-8")
        try:
            return checkout.build().stdout
        finally:
            path.write_text(before, "utf-8")
            limits.write_text(kept, "utf-8")

    return strike


def changed(checkout: Checkout) -> str:
    """A raw table that is saved with another value while its notebook runs, and put back."""
    path = checkout.root / RAW
    before = path.read_text("utf-8")
    (checkout.root / "data/processed/clean/economy.csv").unlink()
    build = checkout.start()
    clean = "report__notebooks__clean__economy.ipynb"
    while build.poll() is None and not (checkout.root / ".staging" / clean).exists():
        time.sleep(0.005)
    header, line, rest = before.split("\n", 2)
    value = line.rpartition(",")[2]
    path.write_text(f"{header}\n{line.removesuffix(value)}{value}1\n{rest}", "utf-8")
    told, _ = build.communicate(timeout=600)
    once = checkout.build()
    mixed = {one: _hash(checkout.root / one) for one in checkout.expected}
    checkout.build("--forceall")
    if mixed != {one: _hash(checkout.root / one) for one in checkout.expected}:
        raise Failed(f"a mixture counted as up to date:\n{once.stdout[-1500:]}")
    path.write_text(before, "utf-8")
    return told


def twice(checkout: Checkout) -> str:
    """Two builds at once."""
    checkout.lose(random.Random(1))
    first = checkout.start()
    while first.poll() is None and not (checkout.root / ".snakemake/build.lock").read_text():
        time.sleep(0.01)
    time.sleep(1.5)
    second = checkout.build("--forcerun", "figure")
    told, _ = first.communicate(timeout=600)
    if first.returncode:
        raise Failed(f"the first build failed: {told[-1500:]}")
    return second.stdout


def back(checkout: Checkout) -> str:
    """The clock set back by a year between two builds."""
    library = checkout.root.parent / "shift.so"
    source = ROOT / "tests/identity/shift.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    checkout.lose(random.Random(2))
    done = checkout.build(LD_PRELOAD=str(library), SHIFT=str(-365 * 86400))
    if done.returncode or checkout.wrong():
        raise Failed(f"not built: {checkout.wrong()[:5]}\n{done.stdout[-1500:]}")
    return done.stdout


def homeless(checkout: Checkout) -> str:
    """A home that cannot be written to, as the Makefile meets it."""
    checkout.lose(random.Random(3))
    cache = str(checkout.root / ".snakemake/cache")
    done = checkout.build(HOME="/proc", XDG_CACHE_HOME=cache)
    if done.returncode or checkout.wrong():
        raise Failed(done.stdout[-1500:])
    return done.stdout


def offline(checkout: Checkout) -> str:
    """No network at all."""
    checkout.lose(random.Random(4))
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "snakemake", "--", *checkout.targets],
        cwd=checkout.root,
        env=checkout.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


CASES: dict[str, Callable[[Checkout], str]] = {
    **{
        f"no space left in {folder}": lambda checkout, folder=folder: full(checkout, folder)
        for folder in (".staging", "data/processed", "figures", "report/notebooks")
    },
    **{
        f"{folder} cannot be written to": lambda c, folder=folder: read_only(c, folder)
        for folder in ("data/processed", "figures", "report/notebooks")
    },
    "a raw table is saved otherwise while it is read": changed,
    "two builds at once": twice,
    "the clock is set back by a year": back,
    "a home that cannot be written to": homeless,
    "no network": offline,
    "a notebook that never ends": cell("while True:\n    pass"),
    "a notebook that eats memory": cell("a = []\nwhile True:\n    a.append(bytearray(10**8))"),
    "a notebook that prints without end": cell("while True:\n    print('x' * 1000)"),
    "a notebook that prints a gigabyte": cell("print('x' * 10**9)"),
    "a notebook that starts processes": cell(
        "import subprocess\nsubprocess.Popen(['sleep', '600'])\n1 / 0"
    ),
    "a notebook that forks": cell(
        "import os, time\nif not os.fork():\n    time.sleep(600)\n1 / 0"
    ),
    "a notebook that calls sys.exit": cell("import sys\nsys.exit()"),
    "a notebook that ends its process": cell("import os\nos._exit(0)"),
    "a notebook that writes past its outputs": cell(
        "open('data/raw/corrections.csv', 'w').close()"
    ),
    "a notebook that reads what is not declared": cell(
        "open('data/raw/corrections.csv').read()"
    ),
    "a notebook that asks for something in a network": cell(
        "import urllib.request\nurllib.request.urlopen('http://example.org')"
    ),
}
NEEDS = {"no space": "mount", "cannot be written to": "mount", "network": "unshare",
         "clock": "cc"}  # fmt: skip


def lacks(case: str) -> str:
    """Why this machine cannot strike a fault; empty where it can."""
    if case.startswith("a home") or case.startswith("a notebook"):
        return ""
    for words, program in NEEDS.items():
        if words in case and shutil.which(program) is None:
            return f"no {program} here"
        if words in case and program != "cc" and os.geteuid() != 0:
            return f"{program} is for root"
    return ""


def seen(told: str) -> str:
    """What a person was told, without what differs from time to time."""
    lines = [line.rstrip() for line in told.splitlines()]
    starts = [
        number
        for number, line in enumerate(lines)
        if re.match(
            r"[\w/.-]+\.ipynb: |another build|The warm parent|.*: cannot be written", line
        )
        or "No space left" in line
        or "Read-only file system" in line
    ]
    if not starts:
        return ""
    begin = starts[-1]
    block = [lines[begin]]
    for line in lines[begin + 1 : begin + 40]:
        if re.match(r"WorkflowError|Exiting|Shutting|At least", line):
            break
        if re.match(r"\w*(Error|Exit|Output)\b|  (fix|found|file)|.*: the notebook", line):
            block.append(line.strip())
    text = " / ".join(block)
    # Paths of the copy, numbers of processes and seconds differ each time.
    text = re.sub(r"\.([\w-]+\.\w+)\.\d+\.part", r"\1", text)
    text = re.sub(r"/\S* büild of its own/?", "", text)
    text = re.sub(r"process \d+", "process …", text)
    return re.sub(r"after [\d.]+ seconds", "after … seconds", text)[:600]


def row(fault: str, rounds: int, told: str, left: str, seed: int | str = "") -> dict:
    """A row of the table."""
    return dict(zip(COLUMNS, [fault, rounds, told, left, "snakemake", seed], strict=True))


def struck(checkout: Checkout, case: str) -> dict:
    """Strike one fault, build again, and say how it went."""
    told = CASES[case](checkout)
    checkout.quiet()
    missing = checkout.wrong()
    checkout.resumed()
    return row(case, 1, seen(told), str(len(missing)))


def keep(rows: list[dict]) -> None:
    """Put rows in place of those of the same faults and seed."""
    old = []
    if TABLE.exists():
        with TABLE.open(encoding="utf-8") as stream:
            old = list(csv.DictReader(stream))
    new = {(one["fault"], str(one["seed"])) for one in rows}
    whole = [one for one in old if (one["fault"], one["seed"]) not in new] + rows
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        written.writeheader()
        written.writerows(sorted(whole, key=lambda one: (one["fault"], str(one["seed"]))))


def main() -> int:
    """Strike; 1 where something was lost."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("cases", nargs="*", metavar="NAME", help="'kills', or a fault")
    asked.add_argument("--rounds", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--whole", action="store_true", help="kill builds of everything")
    given = asked.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as base:
        checkout = Checkout(Path(base), whole=given.whole)
        for case in given.cases or ["kills", *CASES]:
            if why := lacks(case):
                print(f"{case}: skipped, {why}", flush=True)
                continue
            try:
                if case == "kills":
                    keep(kills(checkout, given.seed, given.first, given.rounds))
                else:
                    result = struck(checkout, case)
                    keep([result])
                    print(f"{case}: {result['seen']}", flush=True)
            except Failed as failure:
                failed = True
                print(f"{case}: FAILED\n{failure}", flush=True)
                shutil.rmtree(Path(base) / FOLDER)
                checkout = Checkout(Path(base), whole=given.whole)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
