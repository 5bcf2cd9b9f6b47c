"""Of which notebook a working copy is that somebody has open in JupyterLab."""

from __future__ import annotations

import json
from pathlib import Path

from nbtrail.base import determinism, files
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError


def noted(note: Path) -> dict:
    """What stands beside a working copy. Raises AuditError unless its source is one of ours."""
    try:
        state = json.loads(note.read_text(encoding="utf-8"))
        source, _ = state["source"], state["sha256"]
        # Where it is really: a branch may hold links that lead out.
        real = (determinism.root() / source).resolve()
        own = real.is_relative_to(determinism.root() / "notebooks") and real.suffix == ".ipynb"
    except (ValueError, KeyError, TypeError, OSError):
        source, own = None, False
    if not own:
        raise AuditError(
            "this working copy belongs to no notebook of this checkout.",
            file=files.name(note),
            found=source,
            expected="a notebook below notebooks/",
            mend=f"nothing was written; open the notebook anew with {NAME} edit, and take "
            "over what you need.",
        )
    return state


def source_of(path: Path) -> str | None:
    """The source of a notebook that is open in JupyterLab: itself, or that of a copy."""
    full = determinism.root() / path
    if (note := full.with_suffix(".json")).is_file() and full.parent.name == "edit":
        return noted(note)["source"]
    name = files.name(path)
    return name if name.startswith("notebooks/") else None
