"""Where sockets lie: in folders that are short enough for their paths, and of one user."""

from __future__ import annotations

import os
import tempfile

from nbtrail.base.errors import AuditError

# Bytes of a folder: a socket's path has 103 (macOS), and '/kernel-????????/k-5' is one.
_LONGEST = 83


def short() -> str:
    """A folder for temporary files with a path that is short enough for those of sockets.

    The folder for temporary files, or else one of the system's. Raises AuditError.
    """
    own = tempfile.gettempdir()
    for folder in (own, "/tmp", "/var/tmp", "/dev/shm"):
        if len(os.fsencode(folder)) <= _LONGEST and os.access(folder, os.W_OK | os.X_OK):
            return folder
    raise AuditError(
        "kernels find no folder for their sockets.",
        found=own,
        expected=f"a path of at most {_LONGEST} letters that can be written to",
        mend="name one: export TMPDIR=/tmp",
    )
