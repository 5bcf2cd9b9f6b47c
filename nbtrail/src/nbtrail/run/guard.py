"""What a notebook in the DAG may not do, refused in its own kernel: memory, files, network.

Every kernel of the DAG installs it before the first cell (`notebooks.PROFILE`). `files` is the
door for what is declared; this keeps the windows shut, so that `open`, pandas or a library
cannot read what the rule does not name or write past the stage. It is no wall against malice:
code in C, and processes that a notebook starts, are not watched.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from nbtrail.base.determinism import NAME, PACKAGES, code, root
from nbtrail.base.errors import AuditError, nearest
from nbtrail.base.files import DECLARED

# Where runners and Python keep what is no output.
OWN = (".staging/", ".git/")
# Code and environment are accounted for otherwise (`fingerprint`, the lock); and so is what
# comes with the system. All else is data: declared, or not to be read.
_PACKAGES = (Path(folder, name) for name, folder in code().items())
_CODE = tuple(f"{one}{os.sep}" for one in (*_PACKAGES, sys.prefix, sys.base_prefix))
_SYSTEM = ("/usr/", "/etc/", "/opt/", "/nix/", "/snap/", "/proc/", "/sys/", "/dev/",
           "/Library/", "/System/")  # fmt: skip
# Elsewhere a library may keep what it likes, but not what results come from.
_DATA = (".csv", ".tsv", ".xlsx", ".xls", ".ods", ".json", ".parquet", ".yaml", ".yml", ".txt",
         ".zip", ".gz", ".pkl", ".py", ".ipynb")  # fmt: skip
_HIDDEN = re.compile(r"(^|[/\\])\.[^/\\.]")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.truncate": 1, "os.link": 2,
            "os.symlink": 2}  # fmt: skip


def load_ipython_extension(_: object) -> None:
    """Called by IPython as a kernel starts."""
    install()


def install() -> None:
    """Guard this process from here on, by what its runner declared; nothing takes it off."""
    path = os.environ.get(DECLARED)
    if not path:
        return
    declared = json.loads(Path(path).read_text("utf-8"))
    if sys.platform == "linux":
        # ipykernel looks once a second whether its runner is gone, and may write till then.
        from nbtrail.run.kernels import die_with_parent

        die_with_parent()
    _limit(declared["memory_gb"])
    _printing(declared["output_mb"])
    # A notebook that is run by hand may read anything, and ask anyone.
    if declared["inputs"] is not None:
        _forget()
        sys.addaudithook(_Guard(declared).heard)


def _forget() -> None:
    """Forget what this process had read, whole, before it was forked to be a kernel."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PACKAGES:
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()


def _limit(gigabytes: float) -> None:
    if sys.platform == "linux":
        import resource

        most = int(gigabytes * 1e9)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


class TooMuchOutput(Exception):
    """A notebook shows more than it may."""


def _printing(megabytes: float) -> None:
    from ipykernel.iostream import OutStream

    write = OutStream.write

    def short(stream: OutStream, string: str) -> int | None:
        # On its way to the runner it would be copied till memory ends, and be lost unnoticed.
        if len(string) > megabytes * 1e6:
            raise TooMuchOutput("the cell shows more at once than it may")
        return write(stream, string)

    OutStream.write = short


class _Guard:
    """Hears of what Python does (PEP 578), and raises AuditError where it may not."""

    def __init__(self, declared: dict) -> None:
        self.here = f"{root()}{os.sep}"
        # A kernel has one of its own, which may lie in the checkout.
        self.temporary = f"{os.path.normpath(tempfile.gettempdir())}{os.sep}"
        self.inputs = declared["inputs"]

    def heard(self, event: str, args: tuple) -> None:
        """The audit hook."""
        if event == "open":
            path, _, flags = args
            if isinstance(path, str | bytes | os.PathLike):
                self._file(path, writes=bool((flags or 0) & _WRITES))
        elif event in _CHANGES:
            for path in args[: _CHANGES[event]]:
                if isinstance(path, str | bytes | os.PathLike):
                    self._file(path, writes=True)
        elif event in ("socket.connect", "socket.getaddrinfo"):
            self._address(args)

    def _file(self, path: str | bytes | os.PathLike, *, writes: bool) -> None:
        # normpath, not resolve: a linked data folder keeps the name that the rules give it.
        full = os.path.normpath(Path.cwd() / os.fsdecode(path))
        if full.startswith(self.temporary) or "__pycache__" in full:
            return
        inside = full.startswith(self.here)
        name = full[len(self.here) :].replace(os.sep, "/") if inside else full
        if name.startswith(OWN):
            return
        if not inside and (writes or full.startswith(_SYSTEM) or not full.endswith(_DATA)):
            return
        if writes:
            raise AuditError(
                "the notebook writes past its outputs",
                file=name,
                mend="write with nbtrail.base.files, and declare the file in the rule's "
                "outputs.",
            )
        # What is hidden is a library's own: ~/.cache may lie in the checkout, too.
        own = full.startswith(_CODE) or _HIDDEN.search(name)
        if own or name in self.inputs or Path(full).is_dir():
            return
        if name.endswith(".py"):
            mend = f"move what it defines into the package {NAME}."
        elif inside:
            mend = (
                f"{nearest(name, self.inputs)}Declare it in nbtrail/src/nbtrail/base/plan.py, "
                "and read it "
                "with nbtrail.base.files."
            )
        else:
            mend = f"put it into data/raw with its origin (`{NAME} ingest`)."
        raise AuditError("the notebook reads an undeclared file", file=name, mend=mend)

    def _address(self, args: tuple) -> None:
        where = args[1] if len(args) == 2 else args[0]
        # A path is a socket of this machine; an address is a place in a network.
        if not isinstance(where, str | bytes) or len(args) > 2:
            raise AuditError(
                "the notebook asks for something in a network",
                found=where,
                mend=f"put the file into data/raw with its origin (`{NAME} ingest`).",
            )
