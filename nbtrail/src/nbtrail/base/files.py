"""The only door through which notebooks read and write files.

Paths are given relative to the repository's root (absolute ones are taken as they are).
Inside the DAG the runner sets NBTRAIL_DECLARED to the path of a JSON file,
{"inputs": [...], "outputs": [...], "stage": folder, "made_from": hash}: a notebook then
reads declared inputs only, and its outputs go to the stage, from where the runner moves them
into place once all of them exist. A list that is null allows any file. In JupyterLab the
variable is unset: files are read where they are, and outputs go to SCRATCH, under the same
names. Only the workflow writes what it declares, so that an output is always what the
manifest says it is.
"""

from __future__ import annotations

import importlib
import json
import linecache
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.base.determinism import root
from nbtrail.base.errors import AuditError, nearest

if TYPE_CHECKING:
    import pandas as pd

DECLARED = "NBTRAIL_DECLARED"
SCRATCH = "scratch"
BUILT = "data/processed/"
# What this process has read of BUILT, and where it has written which outputs.
_read: set[str] = set()
_written: dict[str, Path] = {}
# What was said already in this process.
_told: set[str] = set()


def name(path: str | Path) -> str:
    """The path as rules spell it: relative to the root, with '/'; absolute if outside it."""
    here = root()
    # normpath, not resolve: a symlinked data folder keeps the name that the rules give it.
    full = Path(os.path.normpath(here / path))
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()


def source(path: str | Path) -> Path:
    """The absolute path of an input file.

    Raises AuditError when the running rule has not declared it, or it does not exist.
    """
    wanted = name(path)
    if (declared := _declared()) is not None:
        if own := declared.get("excerpts", {}).get(wanted):
            return Path(own["file"])
        _check(wanted, declared["inputs"], verb="reads", list_name="inputs")
    full = root() / wanted
    if not full.exists():
        kept = wanted.startswith(("data/raw/", "config/", "report/sections/"))
        raise AuditError(
            "there is no such file" if kept else "this input is not built yet",
            file=wanted,
            mend="restore it: git checkout -- " + wanted
            if kept
            else _help(wanted) or f"build it with: snakemake {wanted}",
        )
    if wanted.startswith(BUILT):
        _read.add(wanted)
    return full


def row_numbers(file: Path) -> list[int] | None:
    """Where the rows of an excerpt stand in its whole file; None for any other file."""
    told = (_declared() or {}).get("excerpts", {}).values()
    return next((one["rows"] for one in told if one["file"] == str(file)), None)


def read_so_far() -> set[str]:
    """The built tables that this notebook has read, relative to the root."""
    return set(_read)


def read_back(path: str | Path) -> str:
    """The text of a table that this notebook has written, or that it reads.

    Raises AuditError for an output that is not written yet.
    """
    wanted = name(path)
    declared = _declared()
    if wanted in _written:
        return _written[wanted].read_text(encoding="utf-8")
    if declared and wanted in (declared["outputs"] or ()):
        raise AuditError(
            "a number is a cell of a table that is not written yet",
            file=wanted,
            mend="write the numbers last: after save_figure, save_table and write_table.",
        )
    return source(wanted).read_text(encoding="utf-8")


def read_yaml(path: str | Path) -> Any:
    """What a YAML file says, read safely: plain values, lists and dicts alone."""
    import yaml

    if name(path) in (_declared() or {}).get("excerpts", {}):
        return json.loads(source(path).read_text("utf-8"))

    # The parser in C, which most machines have, is seven times faster.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(source(path).read_text(encoding="utf-8"), Loader=loader)


def target(path: str | Path) -> Path:
    """Where to write an output file; its folder is made. In JupyterLab: below SCRATCH.

    Raises AuditError when the running rule has not declared it.
    """
    wanted = name(path)
    if (declared := _declared()) is None:
        full = root() / SCRATCH / wanted if _in_notebook() else root() / wanted
        _warn(wanted)
    else:
        _check(wanted, declared["outputs"], verb="writes", list_name="outputs")
        full = Path(declared["stage"]) / wanted
    full.parent.mkdir(parents=True, exist_ok=True)
    _written[wanted] = full
    return full


def write_text(path: str | Path, text: str) -> Path:
    """Write UTF-8 text with '\\n' line ends to `target(path)`; returns where it went."""
    full = target(path)
    replace(full, text.encode())
    return full


def replace(full: Path, content: bytes) -> None:
    """Put a file where it goes, whole or not at all, and never through a link beside it."""
    # A reader, or a build stopped half way, must never see half a file.
    part = full.with_name(f".{full.name}.{os.getpid()}.part")
    try:
        part.unlink(missing_ok=True)
        # 'x' makes a new file, or none: it does not follow what somebody put there.
        with part.open("xb") as stream:
            stream.write(content)
        part.replace(full)
    finally:
        part.unlink(missing_ok=True)


def write_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write the frame's columns, without its index, as CSV; returns where it went.

    Numbers have 12 significant digits: the last ones of a sum differ between processors.
    """
    text = frame.to_csv(index=False, lineterminator="\n", float_format="%.12g")
    return write_text(path, text)


def write_json(obj: object, path: str | Path) -> Path:
    """Write JSON with sorted keys; returns where it went. NaN raises ValueError."""
    text = json.dumps(obj, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return write_text(path, text + "\n")


def made_from() -> str:
    """The hash of everything that this notebook's outputs are made from (`receipts`).

    Outside the DAG nothing is recorded, and outputs say so.
    """
    declared = _declared()
    return declared["made_from"] if declared else "not recorded: run outside the workflow"


def job() -> str | None:
    """The job (group/name) of the build that this notebook is; None outside the workflow."""
    declared = _declared()
    return declared["job"] if declared and "changed" not in declared else None


def by_hand() -> tuple[str | None, dict[str, Any], dict[str, Any]] | None:
    """None in a job of the build; else job, changed parameters and the kernel's variables.

    job: None where no runner says whose notebook it is.
    """
    declared = _declared()
    if declared is not None and "changed" not in declared:
        return None
    shell = _shell()
    values = shell.user_ns if shell is not None else {}
    if declared is None:
        return None, {}, values
    return declared["job"], declared["changed"], values


def cell() -> int | None:
    """The number of the notebook's cell that runs now, as its source has it; None if unknown.

    Cells count from the top, text included.
    """
    declared = _declared()
    frame = sys._getframe(1) if declared else None
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        frame = frame.f_back
    if frame is None:
        return None
    # What IPython compiles it also keeps, as the text of a file of that name.
    text = "".join(linecache.getlines(frame.f_code.co_filename)).strip()
    return next((n for n, source in declared["cells"] if source.strip() == text), None)


def _in_notebook() -> bool:
    return _shell() is not None


def _shell() -> object | None:
    # Loaded is not enough: the process that runs notebooks for the DAG has loaded it too.
    loaded = sys.modules.get("IPython")
    return loaded.get_ipython() if loaded is not None else None


def _help(wanted: str) -> str | None:
    """All inputs that the notebook lacks, and what builds them, where a person runs it."""
    if _declared() is not None or (shell := _shell()) is None:
        return None
    # Imported by name, so that what only explains is no code from which outputs are made.
    plan = importlib.import_module("nbtrail.base.plan")
    return plan.help_for(wanted, os.environ.get("JPY_SESSION_NAME"), shell.user_ns)


def _warn(wanted: str) -> None:
    """Say once where a notebook that somebody runs has parameters of no job of the build."""
    values = getattr(_shell(), "user_ns", None)
    if not values:
        return
    plan = importlib.import_module("nbtrail.base.plan")
    told = plan.unplanned(wanted, values)
    if told and told not in _told:
        _told.add(told)
        print(told, file=sys.stderr)


def _declared() -> dict | None:
    declared = os.environ.get(DECLARED)
    return json.loads(Path(declared).read_text("utf-8")) if declared else None


def _check(wanted: str, declared: list[str] | None, *, verb: str, list_name: str) -> None:
    if declared is not None and wanted not in declared:
        hint = nearest(wanted, declared)
        raise AuditError(
            f"the notebook {verb} an undeclared file",
            file=wanted,
            expected="one of " + ", ".join(declared) if declared else f"no {list_name} at all",
            mend=f"{hint}{'Otherwise add' if hint else 'add'} it to the rule's {list_name}.",
        )
