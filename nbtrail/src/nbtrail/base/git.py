"""What git knows of this checkout, and what it is told.

Git runs commands that `.git/config` names, for instance to clean files that it stores. What is
in the work tree any branch can bring along; so no command there is set, and git is kept from
writing into the environments of this clone, in which shells look for commands.
"""

from __future__ import annotations

import os
import shlex
import subprocess

from nbtrail.base import determinism
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError

# Sections of `.git/config` by which earlier versions had git run commands of the work tree.
FORMER = (f"filter.{NAME}-notebook", "diff.jupyternotebook", "merge.jupyternotebook")
# What git writes of a commit: all but environments, which commands are found in.
WRITTEN = "/*\n!/.venv*\n"
_SPARSE = {
    "core.sparseCheckout": "true",
    "core.sparseCheckoutCone": "false",
    # Environments are there, though git does not write them.
    "sparse.expectFilesOutsideOfPatterns": "true",
}


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git here. Raises AuditError where it refuses the checkout of another user."""
    root = determinism.root()
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            env={**determinism.at_home(os.environ), "LC_ALL": "C"},
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(["git", *arguments], 127, b"", b"there is no git")
    if done.returncode and b"dubious ownership" in done.stderr:
        raise AuditError(
            "git refuses this checkout: it belongs to another user.",
            file=root,
            mend="if you trust them, since git then does what its .git/config says: "
            f"git config --global --add safe.directory {shlex.quote(str(root))}",
        )
    return done


def told(*arguments: str) -> str:
    """What git prints; nothing where it fails."""
    done = run(*arguments)
    return "" if done.returncode else os.fsdecode(done.stdout)


def is_clone() -> bool:
    """Whether this folder is the top of a git checkout, and not an unpacked archive."""
    # One that is unpacked inside another repository has no business with it.
    return (determinism.root() / ".git").exists() and told("rev-parse", "--git-dir") != ""


def unknown() -> list[str]:
    """Files that git neither knows nor ignores, and that `git commit -a` leaves out."""
    if not is_clone():
        return []
    found = told("ls-files", "-z", "--others", "--exclude-standard")
    return [name for name in found.split("\0") if name]


def staged() -> dict[str, bytes]:
    """Notebooks as git's index has them: path → bytes."""
    names = told("ls-files", "-z", "--", "notebooks/*.ipynb").split("\0")
    return {name: run("show", f":{name}").stdout for name in names if name}


# ---------------------------------------------------------------- what git is told


def set_up() -> list[str]:
    """Settings of this clone alone (.git/config); returns what was done, a sentence each."""
    if not is_clone():
        return []
    return [*_without_former(), *_without_environments()]


def _without_former() -> list[str]:
    sections = [one for one in FORMER if _names_work_tree(one)]
    for one in sections:
        run("config", "--local", "--remove-section", one)
    if not sections:
        return []
    # Files that a filter had made seem unchanged are looked at again.
    run("update-index", "-q", "--refresh")
    return [
        f"Removed from .git/config, for git ran them from the checkout: {', '.join(sections)}. "
        "Any branch could have brought commands of its own in their place."
    ]


def _names_work_tree(section: str) -> bool:
    """Whether a section has git run a command of this checkout's environment."""
    found = told("config", "--local", "--get-regexp", f"^{section.replace('.', '[.]')}[.]")
    values = [line.partition(" ")[2] for line in found.splitlines()]
    return any(value.startswith(".venv/") for value in values)


def _without_environments() -> list[str]:
    if told("config", "--get", "core.sparseCheckout").strip() == "true":
        return []  # so it was told before, or somebody chose what is to be here
    patterns = (
        determinism.root() / told("rev-parse", "--git-path", "info/sparse-checkout").strip()
    )
    patterns.parent.mkdir(exist_ok=True)
    patterns.write_text(WRITTEN, encoding="utf-8")
    for key, value in _SPARSE.items():
        run("config", "--local", key, value)
    return ["Set in .git/config: no branch that is checked out writes into .venv."]
