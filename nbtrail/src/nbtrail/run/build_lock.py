"""One build at a time in a checkout: a lock that ends with the process that has it.

Snakemake's own lock outlives a Snakemake that was killed, and then asks a person to decide
whether another is at work; so profiles switch it off (`nolock`). This one the system gives
back, whatever ends the process.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from nbtrail.base.determinism import root
from nbtrail.base.errors import AuditError

LOCK = ".snakemake/build.lock"
# Open for as long as this process builds.
_held: list[TextIO] = []


def build() -> None:
    """Be the one build of this checkout. Raises AuditError while another is."""
    try:
        import fcntl
    except ImportError:  # not on Windows, where nothing keeps two builds apart
        return
    path = root() / LOCK
    path.parent.mkdir(exist_ok=True)
    lock = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if not isinstance(error, BlockingIOError):
            # As on some network's file systems.
            print(f"Nothing keeps two builds apart here: no locks ({error}).", file=sys.stderr)
            lock.close()
            return
        lock.seek(0)
        other = lock.read().strip()
        lock.close()
        raise AuditError(
            "another build is at work in this folder",
            found=f"process {other}" if other else None,
            mend="wait until it is done, or end it; this one changed nothing.",
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    _held.append(lock)
