"""Jobs in processes that need not import anything: forks of a parent that has imported all.

The Snakefile starts the parent, or else the first command that asks for it (`client`). It ends
with the Snakemake process that it belongs to, and ends what it has forked. Its socket is an
abstract one (Linux), so that nothing is left behind, however anything ends.

The parent imports and forks, and never runs a command, so no run can find traces of another.
"""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress

from aidaudit.client import give_up, is_running

# What notebooks and jobs import, papermill and the kernel included.
MODULES = (
    "aidaudit.cli", "aidaudit.jobs", "aidaudit.plan", "aidaudit.lab", "aidaudit.report",
    "aidaudit.numbers", "aidaudit.manifest", "aidaudit.evidence", "aidaudit.claims",
    "aidaudit.views", "aidaudit.results", "aidaudit.revisions", "aidaudit.scenarios",
    "aidaudit.multiverse", "aidaudit.origin", "aidaudit.assembly", "aidaudit.clean",
    "aidaudit.tabulate", "aidaudit.charts", "aidaudit.explorer", "aidaudit.kernels",
    "aidaudit.sweeps", "papermill",
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.debugger",
    "IPython.core.interactiveshell", "IPython.core.debugger", "IPython.core.completerlib",
    "IPython.core.logger", "IPython.core.oinspect", "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "matplotlib.pyplot", "matplotlib_inline.backend_inline", "matplotlib.backends.backend_svg",
    "matplotlib.backends.backend_pdf", "fontTools.subset", "seaborn", "scipy.stats",
    "pandas.io.formats.csvs", "pandas.io.formats.html", "pandas.io.formats.string",
    "pandera.accessors.pandas_accessor", "pandera.api.geopandas.container",
    "pandera.backends.pandas.builtin_checks", "pandera.backends.pandas.container",
    "pandera.backends.pandas.hypotheses", "pandera.backends.pandas.register",
    "PIL.PngImagePlugin", "PIL.JpegImagePlugin",
    "black", "jinja2", "pypandoc", "typst", "sqlite3",
)  # fmt: skip
_LARGEST = 4 << 20


def main(where: str) -> None:
    """Be the warm parent, and leave word why there is none any more where that goes wrong."""
    try:
        serve(where)
    except Exception as error:
        give_up(where, f"{type(error).__name__}: {error}")
        sys.exit(1)


def serve(where: str) -> None:
    """Be the warm parent at an address until the process to which it belongs ends."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(f"\0aidaudit-{where}")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return  # another client was first
        raise
    listener.listen(64)
    owner = int(where.partition("-")[0])
    watched = os.pidfd_open(owner)
    if not is_running(where):
        return
    for _ in _importing():
        if select.select([watched], [], [], 0)[0]:
            return
    awake, wakes = socket.socketpair()
    awake.setblocking(False)
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    running: dict[int, socket.socket] = {}
    try:
        while True:
            ends = [listener, watched, awake, *running.values()]
            readable, _, _ = select.select(ends, [], [])
            if watched in readable:
                return
            if awake in readable:
                _drain(awake)
                _reap(running)
            for process, client in list(running.items()):
                # A client says nothing more; that it can be read means that it is gone.
                if client in readable and running.get(process) is client:
                    _end(process)
            if listener in readable:
                _fork(listener, [watched, awake, wakes], running)
    finally:
        for process in running:
            _end(process)


def load() -> None:
    """Import what notebooks and jobs import."""
    for _ in _importing():
        pass


def _importing() -> Iterator[None]:
    """Import it; yields between modules."""
    # Looking for garbage again and again takes an eighth of the time of importing.
    gc.disable()
    for module in MODULES:
        yield
        importlib.import_module(module)
    import nbformat

    # The first notebook that is checked has the check compiled.
    nbformat.validate(nbformat.v4.new_notebook())
    # What is there now is never freed; unfrozen, the first collection would copy all of it.
    gc.freeze()
    gc.enable()


def _fork(listener: socket.socket, others: list, running: dict[int, socket.socket]) -> None:
    """Take one order and fork a process for it."""
    client, _ = listener.accept()
    client.settimeout(10)
    try:
        if _user(client) != os.getuid():
            raise PermissionError
        order, ends = _receive(client)
    except (OSError, ValueError):
        client.close()
        return
    client.settimeout(None)
    process = os.fork()
    if process == 0:
        for other in (listener, client, *running.values(), *others):
            os.close(other if isinstance(other, int) else other.detach())
        _run(order, ends)
    for end in ends:
        os.close(end)
    running[process] = client


def _run(text: bytes, ends: list[int]) -> None:
    """Run the command of an order in this fork, and end it."""
    status = 1
    try:
        order = json.loads(text)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for number, end in enumerate(ends):
            os.dup2(end, number)
            os.close(end)
        os.chdir(order["cwd"])
        os.environ.clear()
        os.environ.update(order["environ"])
        sys.argv = order["argv"]
        from aidaudit import cli, kernels

        kernels.die_with_parent()
        kernels.forking = True
        cli.main()
        status = 0
    except SystemExit as leaving:
        code = leaving.code
        status = code if isinstance(code, int) else int(code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _reap(running: dict[int, socket.socket]) -> None:
    """Tell clients how their commands ended."""
    for process, client in list(running.items()):
        done, status = os.waitpid(process, os.WNOHANG)
        if not done:
            continue
        code = os.waitstatus_to_exitcode(status)
        with suppress(OSError):  # it may be gone
            client.send(struct.pack("i", code if code >= 0 else 128 - code))
        client.close()
        del running[process]


def _end(process: int) -> None:
    """Kill a fork and what it started; its kernel dies with it."""
    with suppress(OSError):  # it may just have ended
        os.killpg(process, signal.SIGKILL)


def _drain(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        while end.recv(4096):
            pass


def _receive(client: socket.socket) -> tuple[bytes, list[int]]:
    """An order and the file descriptors that came with it. Raises ValueError, OSError."""
    head, ends, _, _ = socket.recv_fds(client, 4, 3)
    (length,) = struct.unpack("i", head) if len(head) == 4 else (0,)
    if len(ends) != 3 or not 0 < length <= _LARGEST:
        for end in ends:
            os.close(end)
        raise ValueError("not an order")
    order = bytearray()
    while len(order) < length:
        part = client.recv(length - len(order))
        if not part:
            raise ValueError("an order that breaks off")
        order += part
    return bytes(order), ends


def _user(client: socket.socket) -> int:
    """The user at the other end."""
    size = struct.calcsize("3i")
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return struct.unpack("3i", credentials)[1]


if __name__ == "__main__":
    main(sys.argv[1])
