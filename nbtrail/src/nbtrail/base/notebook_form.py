"""The one canonical form of notebooks: as they are committed, and as a build leaves them.

Paths are relative to the repository's root.
"""

from __future__ import annotations

import copy
import itertools
import re
from pathlib import Path

import nbformat.v4
from nbformat import NotebookNode

from nbtrail.base.determinism import root
from nbtrail.base.errors import AuditError

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
ADDED_BY_PAPERMILL = {"injected-parameters", "papermill-error-cell-tag"}


def read(path: str | Path) -> NotebookNode:
    """The notebook, unvalidated. Raises AuditError when it is missing or not nbformat 4."""
    try:
        # Not nbformat.read: it repairs missing cell ids with random ones.
        nb = nbformat.v4.reads((root() / path).read_text("utf-8"))
    except FileNotFoundError as error:
        raise AuditError("there is no such notebook", file=path) from error
    except (ValueError, AttributeError) as error:
        lines = (root() / path).read_text("utf-8", errors="replace").splitlines()
        merged = [row for row, line in enumerate(lines, 1) if line.startswith("<" * 7)]
        raise AuditError(
            "a merge left both sides in the notebook"
            if merged
            else "not a notebook of format 4",
            file=path,
            row=merged[0] if merged else None,
            found=str(error),
            mend=f"take one side whole: git checkout --ours -- {path}, or --theirs."
            if merged
            else "open it in JupyterLab and save it.",
        ) from error
    return nb


def canonical(nb: NotebookNode) -> NotebookNode:
    """A copy of an executed notebook that is the same, to the byte, whenever it is run."""
    nb = _framed(nb)
    counts = itertools.count(1)
    for number, cell in enumerate(nb.cells, 1):
        cell.id = f"cell-{number:02d}"
        if cell.cell_type == "code":
            if cell.execution_count is not None:
                cell.execution_count = next(counts)
            cell.outputs = _merge_streams(cell.outputs)
            for output in cell.outputs:
                _tidy_output(output)
                if "execution_count" in output:
                    output.execution_count = cell.execution_count
    return nb


def clean_source(nb: NotebookNode) -> NotebookNode:
    """A copy of a notebook as it is committed: no outputs, counts or metadata but tags.

    Cell ids stay when all are valid and unique; otherwise all become ordinal.
    """
    nb = _framed(nb)
    ids = [cell.get("id", "") for cell in nb.cells]
    valid = all(re.fullmatch(r"[\w-]{1,64}", one, re.ASCII) for one in ids)
    if not valid or len(set(ids)) < len(ids):
        ids = [f"cell-{number:02d}" for number in range(1, len(ids) + 1)]
    for cell, one in zip(nb.cells, ids, strict=True):
        cell.id = one
        if cell.cell_type == "code":
            cell.update(execution_count=None, outputs=[])
    return nb


def serialise(nb: NotebookNode) -> str:
    """The notebook as JSON: sorted keys, indent 1, UTF-8 as it is, a newline at the end."""
    return nbformat.v4.writes(nb) + "\n"


def write_canonical(nb: NotebookNode, path: str | Path) -> None:
    """Write the canonical form of an executed notebook."""
    _write(canonical(nb), path)


def cleaned(content: bytes) -> bytes:
    """The bytes of a notebook in its clean form; what is no notebook, as it is."""
    try:
        nb = nbformat.v4.reads(content.decode("utf-8"))
        return serialise(clean_source(nb)).encode()
    except (ValueError, AttributeError, KeyError):
        return content


def fix(path: str | Path) -> None:
    """Write the clean form of a source notebook over it."""
    _write(clean_source(read(path)), path)


def _write(nb: NotebookNode, path: str | Path) -> None:
    (root() / path).write_text(serialise(nb), encoding="utf-8", newline="\n")


def added(cell: NotebookNode) -> bool:
    """Whether a cell is not the notebook's own but was added to run it."""
    return bool(ADDED_BY_PAPERMILL & set(_tags(cell)))


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _framed(nb: NotebookNode) -> NotebookNode:
    nb = copy.deepcopy(nb)
    nb.metadata = nbformat.from_dict(METADATA)
    nb.nbformat, nb.nbformat_minor = 4, 5
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({"tags": _tags(cell)} if _tags(cell) else {})
    return nb


def _merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """All of stdout, then all of stderr, between other outputs.

    The kernel flushes both on timers: how it cuts and interleaves them differs each run.
    """
    merged = []
    for is_stream, group in itertools.groupby(outputs, lambda o: o.output_type == "stream"):
        group = list(group)
        for stream in ("stdout", "stderr") if is_stream else ():
            text = "".join(output.text for output in group if output.name == stream)
            if text:
                merged.append(nbformat.v4.new_output("stream", name=stream, text=text))
        merged += [] if is_stream else group
    return merged


def _tidy_output(output: NotebookNode) -> None:
    match output.output_type:
        case "stream":
            output.text = tidy(output.text)
        case "error":
            output.evalue = tidy(output.evalue)
            output.traceback = [tidy(line) for line in output.traceback]
        case _:
            # An image's base64 text may by chance hold a path or an address.
            for mime, data in output.data.items():
                if mime.startswith(("text/", "image/svg")):
                    output.data[mime] = tidy(data)


def tidy(text: str) -> str:
    """The text without what differs between machines and runs."""
    here, home = (re.escape(str(path)) for path in (root(), Path.home()))
    for pattern, plain in (
        (r"\x1b\[[0-9;]*m", ""),
        (rf"{here}/\.staging/[^/\s]+/outputs/", ""),
        (rf"(?<![\w.-])(?:{here}|{home})(?![\w-])", "."),
        (r"[^\s\"'(]*ipykernel_[0-9]+/", "ipykernel/"),
        (r" at 0x[0-9a-fA-F]+", " at 0x…"),
    ):
        text = re.sub(pattern, plain, text)
    return text


def last_code_cell(path: str | Path) -> int:
    """The number of the cell that writes a notebook's outputs, as `problems` demands."""
    cells = read(path).cells
    return max((n for n, cell in enumerate(cells, 1) if cell.cell_type == "code"), default=0)
