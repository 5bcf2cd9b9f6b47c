"""Old outputs, kept so that `nbtrail diff` can show what a rebuild changed.

Outputs are not in git, their hashes are (`verify.HASHES`). The store holds those that the
record names, a file each, named by its sha256; what a build makes otherwise is never kept.
Comparing is left to `diffing`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path, PurePosixPath

from nbtrail.base import determinism, files, git, paths
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError
from nbtrail.record import verify

STORE = ".baseline"
# PDF and PNG show what the SVG shows.
_KINDS = (".csv", ".json", ".svg")
_PROVENANCE = ("data/processed/receipts/", paths.MANIFEST, *paths.DESCRIPTORS)


def is_kept(path: str) -> bool:
    """Whether an output is one that differences are told of, and so is kept."""
    return (
        path.startswith(("data/processed/", "figures/"))
        and PurePosixPath(path).suffix in _KINDS
        and not path.startswith(_PROVENANCE)
    )


def recorded() -> dict[str, str]:
    """Path → sha256 of what the last commit records, of the outputs that are kept.

    Where there is no commit, as in an unpacked archive, the file at hand is the record.
    """
    text = _committed(verify.HASHES)
    known = verify.recorded() if text is None else verify.parsed(text)
    return {path: digest for path, digest in known.items() if is_kept(path)}


def accounts() -> dict[str, dict]:
    """Path → the short account of values that the last commit has (`verify.VALUES`)."""
    text = _committed(verify.VALUES)
    return json.loads(files.source(verify.VALUES).read_text("utf-8") if text is None else text)


def read(digest: str) -> bytes | None:
    """The output with this sha256; None where it is not kept, or was damaged."""
    path = determinism.root() / STORE / digest
    content = path.read_bytes() if path.is_file() else None
    return content if content is not None and sha256(content).hexdigest() == digest else None


def keep() -> int:
    """Keep the outputs that are as recorded; returns how many are new in the store.

    Recorded by the last commit, or by the file at hand, which the next commit will have. What
    neither names is dropped. Builds call it, so it says what it cannot do and goes on.
    """
    try:
        wanted = {(digest, path) for path, digest in recorded().items()}
        wanted |= {(digest, path) for path, digest in verify.recorded().items()}
        digests = {digest for digest, path in wanted if is_kept(path)}
        store = determinism.root() / STORE
        store.mkdir(exist_ok=True)
        for old in store.iterdir():
            if old.name not in digests:
                old.unlink()
        return _take(determinism.root(), wanted)
    except (OSError, AuditError) as error:
        print(f"`{NAME} diff` may lack old outputs: {error}", file=sys.stderr)
        return 0


def _take(folder: Path, wanted: set[tuple[str, str]]) -> int:
    """Copy into the store what it lacks of (sha256, path), where the file has that sha256."""
    new = 0
    for digest, path in sorted(wanted):
        full = folder / path
        if not is_kept(path) or not full.is_file() or read(digest) is not None:
            continue
        content = full.read_bytes()
        if sha256(content).hexdigest() == digest:
            out = determinism.root() / STORE / digest
            files.replace(out, content)
            new += 1
    return new


# ---------------------------------------------------------------- building what is missing


def lacking() -> list[str]:
    """Paths that the last commit records and the store lacks, sorted."""
    return sorted(path for path, digest in recorded().items() if read(digest) is None)


def snakemake(folder: Path, targets: list[str]) -> None:
    """Build targets in a checkout, with this environment and that checkout's package."""
    binaries = Path(sys.executable).parent
    variables = {
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(folder),
    }
    # The terminal's output stays free for what changed.
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *targets],
        cwd=folder,
        env=determinism.environment() | variables,
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode:
        raise AuditError(
            "the last commit does not build in this environment.",
            mend="see the message above; or compare with an archive: "
            f"{NAME} diff --archive FILE.zip",
        )


def build(make: Callable[[Path, list[str]], None] = snakemake) -> list[str]:
    """Build what the store lacks from the last commit, in a folder of its own, and keep it.

    make: builds targets in a folder. Returns the paths that came out otherwise than recorded.
    Raises AuditError without a commit, or where it does not build; the folder goes away
    in every case.
    """
    keep()
    targets = lacking()
    if not targets:
        return []
    if _committed(verify.HASHES) is None:
        raise AuditError(
            "there is no commit to build.",
            file=str(determinism.root()),
            mend=f"run it in a clone, or name an archive: {NAME} diff --archive FILE.zip",
        )
    top = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
    folder = top / "last-commit"
    try:
        done = git.run("worktree", "add", "--quiet", "--detach", str(folder), "HEAD")
        if done.returncode:
            raise AuditError(
                "git cannot check out the last commit.", found=done.stderr.decode().strip()
            )
        make(folder, targets)
        known = recorded()
        _take(folder, {(known[path], path) for path in targets})
    finally:
        shutil.rmtree(top, ignore_errors=True)
        git.run("worktree", "prune")
    return lacking()


def _committed(path: str) -> str | None:
    """A file as the last commit has it; None without a commit that has it."""
    # An archive may be unpacked inside another repository.
    done = git.run("show", f"HEAD:./{path}") if git.is_clone() else None
    return done.stdout.decode("utf-8") if done and done.returncode == 0 else None
