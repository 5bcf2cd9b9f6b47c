"""What a job of the build says about itself: made by which rule, from which files, into which.

A receipt is written beside the outputs of every job; the manifest is all of them together.
Its `made_from` is one hash over everything that could change the outputs, known before the
job runs, so that outputs can carry it. It names no commit: an output that did could never
be recorded in that commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from nbtrail.base import determinism, files, paths
from nbtrail.base.errors import AuditError
from nbtrail.base.excerpts import Excerpt


def sha256(path: str | Path) -> str:
    """Hex sha256 of a file's bytes; path relative to the root."""
    with (determinism.root() / path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def opened(
    *,
    rule: str,
    code: str,
    inputs: Sequence[str],
    excerpts: Sequence[Excerpt] = (),
    notebook: str | None = None,
    cell: int | None = None,
    parameters: dict | None = None,
) -> dict:
    """A receipt of a job that is about to run.

    rule: its name. code: the hash of the code it uses (`fingerprint`). inputs: the files it
    reads. excerpts: parts of files that it reads. notebook, parameters: what it runs, with the
    values it gets; cell: the number of the one that writes the outputs. Its key made_from is
    the sha256 of all the others.
    """
    receipt = {
        "rule": rule,
        "notebook": notebook,
        "cell": cell,
        "parameters": parameters or {},
        "code": code,
        "version": determinism.VERSION,
        "environment": sha256(paths.LOCK),
        "inputs": dict(
            sorted(
                {
                    **{files.name(path): sha256(path) for path in inputs},
                    **{one.name: one.sha256 for one in excerpts},
                }.items()
            )
        ),
    }
    text = json.dumps(receipt, sort_keys=True, ensure_ascii=False)
    return {**receipt, "made_from": hashlib.sha256(text.encode()).hexdigest()}


def close(receipt: dict, outputs: Sequence[str], path: str) -> None:
    """Add the hashes of the outputs, and write the receipt to its path.

    Raises AuditError where an input is no longer what it was when the job began.
    """
    if one := changed(receipt):
        raise AuditError(
            f"it has changed while the job {job_of(path)} read it.",
            file=one,
            mend="give the same command again.",
        )
    made = {files.name(output): sha256(output) for output in sorted(outputs)}
    files.write_json({**receipt, "outputs": made}, path)


def changed(receipt: dict) -> str | None:
    """The first input that is not as a receipt says; None where all are. OSError."""
    for one, digest in receipt["inputs"].items():
        # An excerpt is no file.
        if (determinism.root() / one).is_file() and sha256(one) != digest:
            return one
    return None


def still_made(receipt: dict, path: str, pairs: Sequence[tuple[str, str]]) -> set[str]:
    """The outputs that need not be made again, as they are what this run would make.

    receipt: of the job that is about to run. path: where its last run left its own, if it did.
    pairs: input, output; each output is made from this one of them and all other inputs.
    """
    try:
        last = read(path)
    except (OSError, AuditError):
        return set()
    own = {files.name(source) for source, _ in pairs}
    if _common(receipt, own) != _common(last, own):
        return set()
    return {
        output
        for source, output in pairs
        if last["inputs"].get(files.name(source)) == receipt["inputs"][files.name(source)]
        and (determinism.root() / output).is_file()
        and last["outputs"].get(files.name(output)) == sha256(output)
    }


def _common(receipt: dict, own: set[str]) -> tuple:
    """What counts for every output of a job."""
    rest = {path: digest for path, digest in receipt["inputs"].items() if path not in own}
    return (*(receipt.get(key) for key in ("rule", "code", "version", "environment")), rest)


def read(path: str) -> dict:
    """A receipt. Raises AuditError for a file that is none."""
    try:
        receipt = json.loads((determinism.root() / path).read_text(encoding="utf-8"))
        receipt["rule"], receipt["inputs"], receipt["outputs"], receipt["made_from"]
    except (ValueError, KeyError, TypeError) as error:
        raise AuditError(
            f"the receipt is broken: {error!r}.",
            file=path,
            mend="remove it; the next build runs the job again.",
        ) from None
    return receipt


def job_of(path: str) -> str:
    """The name of the job that a receipt is of: group/name."""
    return Path(path).parent.name + "/" + Path(path).stem
