"""How a build may be called: flags, `--config` and surroundings that would give wrong outputs.

The Snakefile calls `check` before it reads anything else. What changes nothing that is built
is the user's own choice: cores, targets, `--forceall`, `--until`, groups, what is printed.
What would leave outputs stale, half made or made by other code is refused with the reason.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from nbtrail.base import determinism, paths
from nbtrail.base.determinism import NAME, PACKAGES
from nbtrail.base.errors import AuditError, nearest

# What `--config` knows: for a build, and for `snakemake ingest`. None: any value.
CONFIG = {
    "variants": None,
    "execution": ("warm", "plain"),
    "source": None,
    "file": None,
    "release": None,
    "cut_off": None,
    "taken": None,
}
# Modules of the checkout's top folder that are its own.
OWN = PACKAGES
TRIGGERS = {"code", "input", "mtime", "params"}
# Settings of Snakemake by object and name → what must hold, the flag, why it is refused.
SETTINGS: dict[tuple[str, str], tuple[Callable[[Any], bool], str, str]] = {
    ("dag_settings", "rerun_triggers"): (
        lambda chosen: {str(one) for one in chosen} >= TRIGGERS,
        "--rerun-triggers",
        "edits of notebooks, code and settings would go unseen; all triggers are needed",
    ),
    ("dag_settings", "allowed_rules"): (
        lambda rules: not rules,
        "--allowed-rules",
        "inputs that other rules make would be used as they lie there, stale or not",
    ),
    ("dag_settings", "batch"): (
        lambda batch: batch is None,
        "--batch",
        "inputs of earlier batches would be used as they lie there, stale or not",
    ),
    ("dag_settings", "trust_io_cache"): (
        lambda trusted: not trusted,
        "--trust-io-cache",
        "what has changed since it was remembered would go unseen",
    ),
    ("workflow_settings", "consider_ancient"): (
        lambda inputs: not inputs,
        "--consider-ancient",
        "changes of these inputs would go unseen",
    ),
    ("workflow_settings", "persistence_backend"): (
        lambda backend: str(backend) == "file",
        "--persistence-backend",
        "what other builds recorded of outputs stands in files, and would go unseen",
    ),
    ("storage_settings", "omit_flags"): (
        lambda flags: not flags,
        "--omit-flags",
        "a job that fails would take its old outputs with it",
    ),
    ("storage_settings", "all_temp"): (
        lambda temporary: not temporary,
        "--all-temp",
        "outputs would be deleted as soon as other jobs have read them",
    ),
    ("storage_settings", "default_storage_provider"): (
        lambda provider: not provider,
        "--default-storage-provider",
        "outputs would have other paths, which are part of what is recorded",
    ),
    ("execution_settings", "ignore_incomplete"): (
        lambda ignored: not ignored,
        "--ignore-incomplete",
        "outputs of jobs that failed or were killed would count as made",
    ),
    ("execution_settings", "keep_metadata"): (
        lambda kept: kept,
        "--drop-metadata",
        "later builds could not tell what has changed",
    ),
    ("execution_settings", "no_hooks"): (
        lambda none: not none,
        "--no-hooks",
        f"they keep two builds of one folder apart and old outputs for `{NAME} diff`",
    ),
}
# A marker that git, or nbdime in a cell, leaves where two sides disagree.
_MARKERS = ("^<{7} ", '^ *"<{7} ')
_OPEN_FILES = 256


def check(workflow: Any, config: Mapping[str, object]) -> None:
    """Refuse what would give wrong outputs, and tidy the environment that jobs inherit.

    workflow: Snakemake's. config: what `--config` gave. Raises AuditError.
    """
    tidied = determinism.at_home(determinism.tidied(os.environ))
    # The commands of jobs are those of this environment, activated or not.
    folders = [str(Path(sys.executable).parent), tidied.get("PATH", os.defpath)]
    os.environ.clear()
    os.environ.update(tidied | {"PATH": os.pathsep.join(folders)})
    if not workflow.is_main_process:
        return  # what runs a job for it has flags of its own
    root = Path(workflow.basedir)
    if not root.samefile(Path.cwd()):
        raise AuditError(
            "a build belongs into its own checkout.",
            found=str(Path.cwd()),
            expected=str(root),
            mend=f"cd {shlex.quote(str(root))} && snakemake",
        )
    determinism.check_package(root)
    _packages(root)
    _modules(root)
    _conflicts(root)
    _open_files()
    _config(config)
    # What was chosen, Snakemake says only once it has read the Snakefile.
    prepare = workflow._prepare_dag

    def prepared(*args: Any, **kwargs: Any) -> None:
        try:
            _settings(workflow)
            _writable(root)
        except AuditError as error:
            raise WorkflowError(str(error)) from None  # told without a traceback
        prepare(*args, **kwargs)
        _tell_full_disk(workflow.persistence)

    workflow._prepare_dag = prepared
    workflow.cleanup_metadata = _refuse(
        "--cleanup-metadata is refused: without what it deletes edits would go unseen.",
        "leave it out; to have something made again: snakemake --force FILE",
    )
    workflow.archive = _refuse(
        "Snakemake's own archive would pack conda's packages, and no outputs.",
        "make archive",
    )


def _writable(root: Path) -> None:
    for name in (
        "",
        ".snakemake",
        ".snakemake/metadata",
        "data/processed",
        "figures",
        "report",
    ):
        folder = root / name
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            raise AuditError(
                "a build writes into its checkout, and may not.",
                file=name,
                mend="build in a copy of your own: git clone "
                f"{shlex.quote(str(root))} my-copy && cd my-copy && make report",
            )


def _tell_full_disk(persistence: Any) -> None:
    """Have it said in one message where old outputs cannot be kept while a job runs."""
    backup = persistence.backup_output

    def backup_output(path: Path) -> None:
        try:
            backup(path)
        except OSError as error:
            told = AuditError(
                f"the old output cannot be kept while its job runs: {error.strerror}",
                file=path,
                mend=f"make room where {error.filename2 or error.filename} lies, or let it be "
                "written to; then give the same command again.",
            )
            raise WorkflowError(str(told)) from None

    persistence.backup_output = backup_output


def _refuse(problem: str, mend: str) -> Callable[..., None]:
    """What Snakemake is to do for a command of its own that is refused."""

    def refused(*_: object, **__: object) -> None:
        raise WorkflowError(str(AuditError(problem, mend=mend)))

    return refused


def _settings(workflow: Any) -> None:
    """Refuse flags, wherever they come from: command line, profile, environment."""
    refused = [
        f"{flag} is refused: {why}."
        for (kind, name), (holds, flag, why) in SETTINGS.items()
        # What a version of Snakemake does not know cannot have been chosen.
        if hasattr(getattr(workflow, kind, None), name)
        and not holds(getattr(getattr(workflow, kind), name))
    ]
    if workflow.touch:
        refused.append("--touch is refused: outputs would count as made that are not.")
    if refused:
        raise AuditError(
            " ".join(refused),
            mend="leave it out; if you did not type it, it stands in a profile of yours.",
        )


def _config(config: Mapping[str, object]) -> None:
    for key, value in config.items():
        if key not in CONFIG:
            raise AuditError(
                f"--config knows no '{key}'.",
                found=f"{key}={value}",
                expected=", ".join(CONFIG),
                mend=f"{nearest(key, list(CONFIG))}Otherwise leave it out.",
            )
        known = CONFIG[key]
        if known and value not in known:
            raise AuditError(
                f"--config does not know this value of '{key}'.",
                found=value,
                expected=" or ".join(known),
                mend=f"{nearest(value, list(known))}Otherwise leave it out.",
            )


def _modules(root: Path) -> None:
    """Refuse a file of the checkout that Python would take for a package of the environment."""
    elsewhere = [path for path in sys.path if path and Path(path).resolve() != root.resolve()]
    for path in sorted(root.iterdir()):
        module = path.suffix == ".py" or (path / "__init__.py").is_file()
        if not module or path.name in OWN:
            continue
        if path.stem in sys.stdlib_module_names or PathFinder.find_spec(path.stem, elsewhere):
            raise AuditError(
                "Python would import this file for the package of the same name.",
                file=path.name,
                mend="rename it, or move it out of the checkout's top folder.",
            )


def _packages(root: Path) -> None:
    """Refuse other versions than the lock has: by its hash receipts tell the environment."""
    lock = root / paths.LOCK
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)(?:\[.*?\])?==([^\s;\\]+)",
        lock.read_text("utf-8") if lock.is_file() else "",
        re.MULTILINE,
    ):
        pinned.setdefault(_normal(name), set()).add(version)
    # By the folders' names: to read what they hold takes a third of a second.
    installed = Path(sysconfig.get_paths()["purelib"]).glob("*.dist-info")
    for name, version in sorted(one.stem.rsplit("-", 1) for one in installed):
        if version not in pinned.get(_normal(name), {version}):
            raise AuditError(
                "a package of this environment has another version than the lock names.",
                file=paths.LOCK,
                found=f"{name} {version}",
                expected=" or ".join(sorted(pinned[_normal(name)])),
                mend=f"pip install --require-hashes -r {paths.LOCK}",
            )


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _conflicts(root: Path) -> None:
    """Refuse a file in which a merge left both sides."""
    asked = [part for marker in _MARKERS for part in ("-e", marker)]
    try:
        done = subprocess.run(
            ["git", "grep", "--no-color", "-nIEz", "--max-count=1", *asked],
            cwd=root,
            env=determinism.at_home(os.environ),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return  # without git nothing is merged
    if done.returncode == 0:
        file, row, _ = done.stdout.split("\0", 2)
        told = shlex.quote(file)
        raise AuditError(
            "a merge left both sides in the file.",
            file=file,
            row=int(row),
            mend=f"take one side whole, `git checkout --ours -- {told}` or `--theirs`, or "
            "choose between the marks <<<<<<<, ======= and >>>>>>> and delete these; "
            f"then: git add {told}",
        )


def _open_files() -> None:
    """Have as many files open as a build needs, or say that they are too few."""
    try:
        import resource
    except ImportError:  # not on Windows, where there is no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _OPEN_FILES:
        return
    if hard != resource.RLIM_INFINITY and hard < _OPEN_FILES:
        raise AuditError(
            "a build opens more files at once than this machine allows it.",
            found=hard,
            expected=f"at least {_OPEN_FILES}",
            mend="raise the limit where it is set, or open a new terminal: ulimit -n 1024",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, hard))
