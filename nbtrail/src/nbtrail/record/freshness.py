"""Is what is built what would be built now? Receipts, held against what is here.

A job's outputs are fresh when its receipt names the code, parameters and inputs that it would
get now, and every output is as the receipt says. What 'now' means is said in one place, `now`.
Builds run again what is not fresh (`done`); what speaks of a build to others asks here first.

Content counts, not times: files are hashed once and looked at again when their size, times or
place on the disk change, or the machine has been started since.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from nbtrail.base import determinism, paths, plan, terminal
from nbtrail.base.errors import AuditError
from nbtrail.base.excerpts import Excerpt
from nbtrail.record import fingerprint, receipts

KEPT = ".staging/hashes.json"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
# A file that is written twice within the clock's grain shows the same times.
_GRAIN = 2  # seconds


class Hashes:
    """sha256 of files of a checkout, remembered for as long as they look the same."""

    def __init__(self) -> None:
        """What was remembered; nothing after a restart, which files may not have survived."""
        self.root = determinism.root()
        # After power loss a file can have its size and times, and not its content.
        self.boot = _BOOT.read_text() if _BOOT.exists() else ""
        self.known: dict[str, list] = {}
        with suppress(OSError, ValueError, KeyError, TypeError):
            content = json.loads((self.root / KEPT).read_text("utf-8"))
            self.known = dict(content["files"]) if content["boot"] == self.boot else {}
        self.before = len(self.known)
        self.new: dict[str, list] = {}
        self.looked: dict[str, str] = {}

    def of(self, path: str) -> str:
        """Hex sha256 of a file; '' where there is none."""
        if path not in self.looked:
            self.looked[path] = self._look(path)
        return self.looked[path]

    def _look(self, path: str) -> str:
        try:
            at = os.stat(os.path.join(self.root, path))  # noqa: PTH116, PTH118 (pathlib is slow)
            seen = [at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino]
            known = self.known.get(path)
            if known and known[:4] == seen:
                return known[4]
            digest = receipts.sha256(path)
        except OSError:
            return ""
        if time.time() - max(at.st_mtime, at.st_ctime) > _GRAIN:
            self.new[path] = [*seen, digest]
        return digest

    def keep(self) -> None:
        """Remember for the next time."""
        if not self.new:
            return
        kept = self.root / KEPT
        own = kept.with_suffix(f".{os.getpid()}")
        content = {"boot": self.boot, "files": {**self.known, **self.new}}
        with suppress(OSError):
            determinism.staging()
            own.write_text(json.dumps(content), "utf-8")
            own.replace(kept)


class Now:
    """What jobs would get now, for a build of some variants (default: all)."""

    def __init__(self, variants: Sequence[str] | None = None) -> None:
        """variants: those that the report speaks of."""
        self.variants = variants
        self.hashes = Hashes()
        self._codes: dict[tuple[str, fingerprint.Piece], str] = {}

    def of(self, name: str) -> dict | None:
        """Code, parameters and inputs (path → sha256) of the job group/name, as in its receipt.

        None for what is no job of the build, as when a figure was taken out.
        """
        found = self._job(*name.split("/"))
        if found is None:
            return None
        code, parameters, inputs, excerpts = found
        return {
            "code": code,
            "parameters": json.loads(json.dumps(parameters)),
            "version": determinism.VERSION,
            "environment": self.hashes.of(paths.LOCK),
            "inputs": {
                **{path: self.hashes.of(path) for path in inputs},
                **{one.name: one.sha256 for one in excerpts},
            },
        }

    def _job(self, group: str, name: str) -> tuple[str, dict, list[str], list[Excerpt]] | None:
        if (other := plan.step(group, name, self.variants)) is not None:
            kind, inputs = other
            return fingerprint.command(determinism.root(), plan.does(kind)), {}, inputs, []
        sweep, _, part = name.rpartition("-")
        if group == "sweeps":
            points = plan.sweep_parts(sweep)[int(part) - 1]
            runs = {"runs": [one.parameters for one in points]}
            code = self._code(points[0].notebook, plan.SWEEPER)
            return code, runs, plan.sweep_reads(sweep), plan.sweep_excerpts(sweep)
        try:
            job = plan.job(group, name, self.variants)
        except AuditError:
            return None
        return (
            self._code(job.notebook, plan.RUNNER),
            job.parameters,
            plan.reads(job),
            plan.excerpts(job),
        )

    def _code(self, notebook: str, runner: fingerprint.Piece) -> str:
        if (notebook, runner) not in self._codes:
            root = determinism.root()
            self._codes[notebook, runner] = fingerprint.notebook(root / notebook, root, runner)
        return self._codes[notebook, runner]

    def why_stale(self, receipt: str, outputs: Iterable[str] = ()) -> str:
        """Why a job would have to run, in words; '' where what it left is fresh.

        receipt: its path. outputs: what it is to have left, if more is known than the receipt.
        """
        try:
            left = receipts.read(receipt)
        except OSError:
            return "it has left no receipt"
        except AuditError:
            return "its receipt is broken"
        now = self.of(receipts.job_of(receipt))
        if now is None:
            return "the build has no such job"
        if left["code"] != now["code"]:
            what = left.get("notebook")
            return f"{what} or its code has changed" if what else "its code has changed"
        if left["parameters"] != now["parameters"]:
            changed = _differing(left["parameters"], now["parameters"])
            return f"its parameters have changed: {', '.join(changed)}"
        for key, word in (("version", "the version"), ("environment", paths.LOCK)):
            if left[key] != now[key]:
                return f"{word} has changed"
        if changed := _differing(left["inputs"], now["inputs"]):
            return f"what it reads has changed: {_some(changed)}"
        made = {path: self.hashes.of(path) for path in (*left["outputs"], *outputs)}
        lost = _differing(left["outputs"], {p: d for p, d in made.items() if p != receipt})
        return f"it is not as the job left it: {_some(lost)}" if lost else ""


def _differing(one: dict, other: dict) -> list[str]:
    return [key for key in sorted({*one, *other}) if one.get(key) != other.get(key)]


def _some(paths_: list[str]) -> str:
    return paths_[0] + (f" and {len(paths_) - 1} more" if len(paths_) > 1 else "")


def stale(names: Iterable[str] | None = None) -> dict[str, str]:
    """Jobs whose outputs are not fresh → why, in words.

    names: jobs (group/name); default: every job of a whole build.
    """
    now = Now()
    every = [*plan.receipts(), paths.receipt("report", "manifest")]
    asked = every if names is None else [paths.receipt(*one.split("/")) for one in names]
    found = {receipts.job_of(path): now.why_stale(path) for path in asked}
    now.hashes.keep()
    return {name: why for name, why in found.items() if why}


def told(found: dict[str, str], *, most: int = 10) -> str:
    """Stale jobs for a person, a line each."""
    lines = [f"  {name}: {why}" for name, why in found.items()]
    more = [f"  … and {len(lines) - most} more"] if len(lines) > most else []
    return terminal.lines([*lines[:most], *more])


def required() -> None:
    """Raises AuditError, naming the jobs, unless all that is built is fresh."""
    if found := stale():
        raise AuditError(
            "what is built is not what would be built now.\n" + told(found),
            mend="build it: make report",
        )
