"""Running notebooks; knows nothing of aid.

A notebook either succeeds as a whole or leaves everything as it was: it writes into a
stage (`nbtrail.base.files`), and its outputs move into place once all of them exist.
Relative paths are relative to the repository's root.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from traitlets.config import Config

from nbtrail.base import excerpts as parts
from nbtrail.base import files
from nbtrail.base import parameters as checking
from nbtrail.base.determinism import NAME, code, environment, root, staging
from nbtrail.base.errors import AuditError
from nbtrail.base.excerpts import Excerpt
from nbtrail.base.files import DECLARED, name
from nbtrail.base.notebook_form import added, read, tidy, write_canonical
from nbtrail.base.paths import LOGS

if TYPE_CHECKING:
    from nbtrail.base.settings import Limits

# Set in every kernel: its warning that it talks over local TCP would stand before every real
# message, and what nobody types needs no history, a database on disk and a thread. Extensions
# are loaded before the first cell, and before IPython takes hold of what cells print. ipykernel
# takes its folder off the path to modules, also where PYTHONPATH names it.
PROFILE = f"""\
import sys
sys.path[:0] = [one for one in {list(code().values())!r} if one not in sys.path]
c.InteractiveShellApp.exec_PYTHONSTARTUP = False
c.InteractiveShellApp.ignore_cwd = True
c.IPKernelApp.log_level = "CRITICAL"
c.HistoryManager.enabled = False
c.IPKernelApp.extensions = ["nbtrail.run.guard"]
"""
# ---------------------------------------------------------------- running


def run(
    source: str | Path,
    executed: str | Path,
    *,
    parameters: dict[str, object],
    inputs: list[str],
    outputs: list[str],
    excerpts: Sequence[Excerpt] = (),
    log: str | Path,
    allowed: dict[str, list] | None = None,
    limits: Limits | None = None,
    made_from: str = "",
) -> None:
    """Run the notebook; write its executed, canonical form and all its outputs, or nothing.

    inputs, outputs: the only files it may read and must write. excerpts: what it finds under
    the names of files that it may not read whole. limits: those of
    config/limits.yaml, if none are given.
    made_from: the hash that outputs carry of what they were made from.
    Raises AuditError naming notebook, cell and error; the notebook as far as it ran is then
    at `log`, and the message in '<log>.error.txt'. Both go when the notebook succeeds.
    """
    here = root()
    log = here / log
    note = log.with_name(log.name + ".error.txt")
    for old in (log, note):
        old.unlink(missing_ok=True)
    finals = [name(path) for path in outputs]
    stage = _stage(executed)
    # A killed run leaves its stage behind; its files must not pass for this run's.
    shutil.rmtree(stage, ignore_errors=True)
    try:
        values = checking.checked(source, parameters, allowed)
        declared = {
            "inputs": [name(path) for path in inputs],
            "excerpts": parts.write(excerpts, stage / "excerpts"),
            "outputs": finals,
            "stage": str(stage / "outputs"),
            "made_from": made_from,
            "job": job_of(executed),
        }
        trial = _execute(source, values, declared, stage, log=log, limits=limits)
        missing = [path for path in finals if not (stage / "outputs" / path).is_file()]
        if missing:
            _keep(trial, log)
            raise AuditError(
                "the notebook ran but did not write all its outputs",
                file=source,
                found=f"nothing at {', '.join(missing)}",
                mend="write them with nbtrail.base.files, or take them from the outputs.",
            )
        write_canonical(read(trial), trial)
        moves = {stage / "outputs" / path: here / path for path in finals}
        moves[trial] = here / executed
        for final in moves.values():
            final.parent.mkdir(parents=True, exist_ok=True)
        for staged, final in moves.items():
            _move(staged, final)
    except AuditError as error:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{error}\n", encoding="utf-8")
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _move(staged: Path, final: Path) -> None:
    """Put a file where it goes, whole or not at all, also on another disk."""
    try:
        staged.replace(final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        files.replace(final, staged.read_bytes())


def table_of(
    source: str | Path,
    table: str,
    *,
    parameters: dict[str, object],
    inputs: list[str],
    excerpts: Sequence[Excerpt] = (),
    log: str | Path,
    allowed: dict[str, list] | None = None,
    limits: Limits | None = None,
) -> str:
    """Run the notebook for one of the tables that it writes; nothing else of it is kept.

    table: its file's name without '.csv'. Returns the CSV. Raises AuditError as `run`, leaving
    notebook and message as that does.
    """
    log = root() / log
    note = log.with_name(log.name + ".error.txt")
    for old in (log, note):
        old.unlink(missing_ok=True)
    stage = _stage(log)
    shutil.rmtree(stage, ignore_errors=True)
    try:
        values = checking.checked(source, parameters, allowed)
        declared = {
            "inputs": [name(path) for path in inputs],
            "excerpts": parts.write(excerpts, stage / "excerpts"),
            "outputs": None,
            "stage": str(stage / "outputs"),
            "made_from": "not recorded: one run of a sweep",
            "job": job_of(log),
        }
        trial = _execute(source, values, declared, stage, log=log, limits=limits)
        found = sorted((stage / "outputs").rglob(f"{table}.csv"))
        if len(found) != 1:
            _keep(trial, log)
            raise AuditError(
                f"the notebook does not write one table '{table}'",
                file=source,
                found=[path.relative_to(stage / "outputs").as_posix() for path in found],
                mend="name a table that it writes in config/sweeps.yaml.",
            )
        return found[0].read_text("utf-8")
    except AuditError as error:
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{error}\n", encoding="utf-8")
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def try_out(
    source: str | Path,
    folder: str | Path,
    *,
    parameters: dict[str, object],
    allowed: dict[str, list] | None = None,
    lacks: Sequence[str] = (),
    limits: Limits | None = None,
    job: str | None = None,
    changed: dict[str, object] | None = None,
) -> None:
    """Run the notebook by hand: it may read any file, and all that it writes goes to a folder.

    folder: emptied first; its `notebook.ipynb` is then the executed notebook, also when it
    fails. lacks: inputs that are not there, named when it fails. job: whose parameters it has
    but for those that are `changed`. Raises AuditError as `run`.
    """
    full = root() / folder
    shutil.rmtree(full, ignore_errors=True)
    values = checking.checked(source, parameters, allowed)
    if lacks:
        raise AuditError(
            "inputs of the notebook are not built yet",
            file=source,
            found=", ".join(lacks),
            mend=f"snakemake {' '.join(lacks)}" if len(lacks) <= 8 else "make report",
        )
    declared = {
        "inputs": None,
        "outputs": None,
        "stage": str(full),
        "made_from": "not recorded: run by hand",
        "job": job,
        "changed": changed or {},
    }
    stage = staging() / f"by-hand-{os.getpid()}"
    executed = full / "notebook.ipynb"
    full.mkdir(parents=True)
    try:
        trial = _execute(source, values, declared, stage, log=executed, limits=limits)
        write_canonical(read(trial), executed)
    except AuditError as error:
        told = ", ".join(f"{name}={value}" for name, value in (changed or {}).items())
        error.problem += f"\n  with the parameters that you changed: {told}" * bool(told)
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def job_of(executed: str | Path) -> str:
    """The name of the job, group/name, whose executed notebook or log this is."""
    return f"{Path(executed).parent.name}/{Path(executed).stem}"


def _stage(executed: str | Path) -> Path:
    """Where a notebook's run writes before all of it moves into place."""
    return staging() / name(executed).replace("/", "__")


def failures(logs: str | Path) -> list[str]:
    """The messages of all notebooks that failed, in the order of their logs' names."""
    notes = sorted((root() / logs).rglob("*.error.txt"))
    return [note.read_text("utf-8").rstrip("\n") for note in notes]


def _execute(
    source: str | Path,
    values: dict,
    declared: dict,
    stage: Path,
    *,
    log: Path,
    limits: Limits | None,
) -> Path:
    """The path of the executed notebook within the stage."""
    import papermill  # takes a while to import, which no other command should wait for

    from nbtrail.base import settings, sockets
    from nbtrail.run import kernels

    limits = limits or settings.limits()
    Path(declared["stage"]).mkdir(parents=True, exist_ok=True)
    stage.mkdir(parents=True, exist_ok=True)
    list_ = stage / "declared.json"
    cells = [(n, cell.source) for n, cell in enumerate(read(source).cells, 1)]
    told = {
        **declared,
        "cells": cells,
        "memory_gb": limits.memory_gb,
        "output_mb": limits.output_mb,
    }
    list_.write_text(json.dumps(told), encoding="utf-8")
    trial = stage / "executed.ipynb"
    # A start-up file in a person's own IPython profile would change results.
    profile = stage / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(PROFILE)
    own = {DECLARED: str(list_), "IPYTHONDIR": str(stage / "ipython")}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="kernel-", dir=sockets.short()) as temporary,
            _environ({**environment(), **own, "TMPDIR": temporary}),
        ):
            kernels.prepare(root())
            papermill.execute_notebook(
                root() / source,
                trial,
                values,
                engine_name="nbtrail",
                kernel_name="python3",
                progress_bar=False,
                cwd=root(),
                minutes=limits.minutes,
                output_mb=limits.output_mb,
                config=Config(kernels.settings(f"{temporary}/k")),
            )
    except Exception as error:
        raise _failure(source, trial, log, error, limits) from error
    if left := _left_early(trial):
        raise _failure(source, trial, log, left, limits)
    return trial


@contextmanager
def _environ(variables: dict[str, str]) -> Iterator[None]:
    # papermill has no argument for the kernel's environment; kernels inherit this one.
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _left_early(trial: Path) -> SystemExit | None:
    """papermill takes `sys.exit()` for success, though no later cell has run."""
    outputs = [one for cell in read(trial).cells for one in cell.get("outputs", [])]
    left = any(one.get("ename") == "SystemExit" for one in outputs)
    return SystemExit("cells after it have not run") if left else None


def _mend(ename: str, limits: Limits) -> str | None:
    """What to do about an error that a limit or the kernel's end is behind."""
    raise_it = "raise `{}` in config/limits.yaml, if it must be so much."
    match ename:
        case "CellTimeoutError":
            return f"a notebook has {limits.minutes:g} minutes; " + raise_it.format("minutes")
        case "MemoryError" | "_ArrayMemoryError":
            return f"a notebook has {limits.memory_gb:g} GB of memory; " + raise_it.format(
                "memory_gb"
            )
        case "TooMuchOutput":
            return f"a notebook may show {limits.output_mb:g} MB; " + raise_it.format(
                "output_mb"
            )
        case "DeadKernelError":
            return "its process ended: something killed it, or the machine ran out of memory."
        case "SystemExit":
            return "let it run to its last cell, or raise an error that says why it stops."
    return None


def _failure(
    source: str | Path, trial: Path, log: Path, error: BaseException, limits: Limits
) -> AuditError:
    ename = getattr(error, "ename", type(error).__name__)
    said = tidy(f"{ename}: {getattr(error, 'evalue', error)}")
    mend = _mend(ename, limits)
    if not trial.exists():
        return AuditError(f"failed before its first cell\n{said}", file=source, mend=mend)
    cells = [cell for cell in read(trial).cells if not added(cell)]
    started = [
        (number, cell)
        for number, cell in enumerate(cells, 1)
        if cell.metadata.get("papermill", {}).get("start_time")
    ]
    where = "before its first cell"
    if started:
        number, cell = started[-1]
        line = next((line for line in cell.source.splitlines() if line.strip()), "")
        where = f"in cell {number}: {line.strip()}"
    _keep(trial, log)
    kept = (
        f"  the notebook as far as it ran: {name(log)}\n  open it as it stopped: {_opens(log)}"
    )
    return AuditError(f"failed {where}\n{said}\n{kept}", file=source, mend=mend)


def _opens(log: Path) -> str:
    """The command that opens a failed notebook in JupyterLab; a job's goes to its source."""
    if name(log).startswith(f"{LOGS}/"):
        return f"{NAME} edit --failed {name(log)[len(LOGS) + 1 : -len('.ipynb')]}"
    return f"{NAME} lab {name(log)}"


def _keep(trial: Path, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    write_canonical(read(trial), log)
