"""JupyterLab on the project: opening notebooks with the build's parameters, and saving them.

`edit` opens a working copy below scratch/ which has the cell that the DAG would inject; each
time JupyterLab saves the copy, `saved` writes its cells back to the source, in clean form. A
file beside the copy says which source that is, and in which state it was left. A source that is
opened itself is saved in clean form too (`saving`).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from nbformat import NotebookNode, from_dict

from nbtrail.base import determinism, digits, files, notebook_form, parameters, plan
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError
from nbtrail.base.plan import Job
from nbtrail.base.project import project
from nbtrail.base.working_copies import noted
from nbtrail.run import notebooks

FOLDER = f"{files.SCRATCH}/edit"
SETTINGS = "envs/jupyterlab"
INJECTED = "injected-parameters"


def command(arguments: list[str], open_at: str = "notebooks") -> list[str]:
    """The command that starts JupyterLab at a folder or notebook of this checkout."""
    root = determinism.root()
    # A folder as an argument would become the root, and the rest of the checkout vanish.
    at = [f"--LabApp.default_url=/lab/tree/{open_at}"]
    if any(one.endswith(".ipynb") for one in arguments):
        at = []
    return [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        f"--ServerApp.root_dir={root}",
        # Where the list of files begins; the address alone decides only what is open.
        "--FileContentsManager.preferred_dir=notebooks",
        f"--LabApp.app_settings_dir={root / SETTINGS}",
        "--FileContentsManager.pre_save_hook=nbtrail.author.jupyterlab.saving",
        "--FileContentsManager.post_save_hook=nbtrail.author.jupyterlab.saved",
        *at,
        *arguments,
    ]


def environment() -> dict[str, str]:
    """The build's environment, but pictures appear in the notebook."""
    kept = {
        key: value for key, value in determinism.environment().items() if key != "MPLBACKEND"
    }
    # Terminals and `!snakemake` in a cell then find the project's own commands.
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"}


def start(arguments: list[str], open_at: str = "notebooks") -> NoReturn:
    """Become JupyterLab: whoever ends this process ends the server and its kernels."""
    os.chdir(determinism.root())
    sys.stdout.flush()
    line = command(arguments, open_at)
    os.execve(line[0], line, environment())


# ---------------------------------------------------------------- working copies


def copy_of(job: Job) -> str:
    """Write the working copy of a job's notebook, with its parameters; returns its path."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    nb = load_notebook_node(str(determinism.root() / job.notebook))
    nb = parameterize_notebook(
        nb, job.parameters, comment=f"What the build injects for {job}; not saved"
    )
    nb = notebook_form.clean_source(nb)
    _number_added(nb)
    return _write_copy(job, nb)


def stopped_copy(job: Job) -> str:
    """Write the working copy of a failed notebook as far as it ran, outputs included.

    Raises AuditError where nothing failed, or the source was changed since.
    """
    if not (determinism.root() / job.log).is_file():
        raise AuditError(
            f"{job} has not failed.",
            file=job.log,
            mend=f"open it as it is: {NAME} edit {job}",
        )
    nb = notebook_form.read(job.log)
    own = [cell for cell in nb.cells if not notebook_form.added(cell)]
    source = notebook_form.clean_source(notebook_form.read(job.notebook)).cells
    if [cell.source for cell in own] != [cell.source for cell in source]:
        raise AuditError(
            "the notebook was changed since it stopped.",
            file=job.notebook,
            mend=f"open it as it is: {NAME} edit {job}; only look: {NAME} lab {job.log}",
        )
    # The log's cells are numbered anew; what is saved must keep the source's ids.
    for cell, kept in zip(own, source, strict=True):
        cell.id = kept.id
    _number_added(nb)
    return _write_copy(job, nb)


def _number_added(nb: NotebookNode) -> None:
    for number, cell in enumerate(cell for cell in nb.cells if notebook_form.added(cell)):
        cell.id = f"added-{number}"


def _write_copy(job: Job, nb: NotebookNode) -> str:
    path = f"{FOLDER}/{job.name}-{job.group}.ipynb"
    full = determinism.root() / path
    full.parent.mkdir(parents=True, exist_ok=True)
    (full.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    # As JupyterLab would write it, which else takes the copy for changed as soon as its kernel
    # has told what it is.
    nb.metadata = _as_the_kernel_says()
    full.write_text(notebook_form.serialise(nb), encoding="utf-8", newline="\n")
    _note(full, job.notebook)
    return path


def _as_the_kernel_says() -> NotebookNode:
    """A notebook's metadata as JupyterLab sets them from its kernel."""
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelspec import get_kernel_dict

    language = IPythonKernel.__dict__["language_info"]
    spec = get_kernel_dict()
    named = {"display_name": spec["display_name"], "language": spec["language"]}
    return from_dict({"kernelspec": {**named, "name": "python3"}, "language_info": language})


def _note(copy: Path, notebook: str) -> None:
    state = {"source": notebook, "sha256": _state(notebook)}
    copy.with_suffix(".json").write_text(json.dumps(state), encoding="utf-8")


def _state(notebook: str) -> str:
    """What a notebook says; saving its source again, outputs and all, leaves this the same."""
    text = notebook_form.serialise(notebook_form.clean_source(notebook_form.read(notebook)))
    return hashlib.sha256(text.encode()).hexdigest()


def saving(model: dict, path: str, contents_manager: object, **_: object) -> None:
    """What JupyterLab calls before each save: a source is written as it is committed.

    The page goes on to show outputs, until it is loaded again.
    """
    if model["type"] == "notebook" and path.strip("/").startswith("notebooks/"):
        model["content"] = notebook_form.clean_source(from_dict(model["content"]))


def saved(os_path: str, model: dict, contents_manager: object, **_: object) -> None:
    """What JupyterLab calls after each save: a working copy goes back to its source."""
    path = Path(os_path)
    if model["type"] == "notebook" and path.parent.name == "edit":
        write_back(path)


def write_back(copy: Path) -> str | None:
    """Write a working copy's cells to its source, in clean form; returns the source's path.

    None where the file is no working copy. Raises AuditError where the source was changed
    elsewhere since the copy was opened or last saved: nothing is written then.
    """
    note = copy.with_suffix(".json")
    if not note.is_file():
        return None
    state = noted(note)
    notebook = state["source"]
    if _state(notebook) != state["sha256"]:
        raise AuditError(
            "the notebook was changed elsewhere since this copy was opened.",
            file=notebook,
            expected="the state in which this copy left it",
            mend=f"your copy is kept: {files.name(copy)}; take over what you need, then open "
            f"the notebook again with {NAME} edit.",
        )
    nb = notebook_form.read(copy)
    nb.cells = [cell for cell in nb.cells if not notebook_form.added(cell)]
    (determinism.root() / notebook).write_text(
        notebook_form.serialise(notebook_form.clean_source(nb)), encoding="utf-8", newline="\n"
    )
    _note(copy, notebook)
    return notebook


# ---------------------------------------------------------------- running by hand


def run(job: Job, changes: dict[str, str]) -> tuple[str, dict[str, object]]:
    """Run a job's notebook with some parameters changed; returns its folder and parameters.

    changes: parameter → value as typed. It may read any file; all that it writes goes to the
    folder, below scratch/, with the executed notebook. Raises AuditError as a build would.
    """
    declared = parameters.declared(job.notebook)
    given = job.parameters | {
        name: _typed(declared[name].type, text) if name in declared else text
        for name, text in changes.items()
    }
    folder = f"{files.SCRATCH}/run/{job.name}-{job.group}"
    notebooks.try_out(
        job.notebook,
        folder,
        parameters=given,
        allowed=project().allowed(),
        lacks=plan.missing(job),
        job=str(job),
        changed={k: v for k, v in given.items() if job.parameters.get(k) != v},
    )
    return folder, given


def written(folder: str) -> list[str]:
    """The files in a folder of `run`, sorted, relative to the root."""
    found = sorted((determinism.root() / folder).rglob("*"))
    return [files.name(path) for path in found if path.is_file()]


def _typed(kind: str, text: str) -> object:
    """The value that is meant; what cannot be read stays text, and is refused as such."""
    read = {
        "str": str,
        "int": digits.whole,
        "float": digits.number,
        "bool": lambda given: {"true": True, "false": False}[given.lower()],
        "list[str]": lambda given: [part for part in given.split(",") if part],
    }[kind]
    try:
        return read(text)
    except (ValueError, KeyError):
        return text
