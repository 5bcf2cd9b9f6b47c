"""Jobs in processes that need not import anything: forks of a parent that has imported all.

Snakemake starts each job as a command, `aidaudit notebook …`. Where `ADDRESS` is set, which the
Snakefile does, that command is a thin client: it hands its arguments, folder, environment and
terminal to the warm parent, which forks; the fork runs the very same command line. The first
client starts the parent; it ends with the Snakemake process that it belongs to, and ends what
it has forked. Its socket is an abstract one (Linux), so that nothing is left behind, however
anything ends. Wherever something is missing the client runs the command itself.

The parent imports and forks, and never runs a command, so no run can find traces of another.
"""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ADDRESS = "AIDAUDIT_WARM"
# The Snakemake process to which a job belongs.
OWNER = "AIDAUDIT_OWNER"
# Commands worth a fork; all others are run by the process that was asked.
COMMANDS = ("notebook", "job", "sweep-part")
# What notebooks and jobs import, papermill and the kernel included.
MODULES = (
    "aidaudit.cli", "aidaudit.jobs", "aidaudit.plan", "aidaudit.lab", "aidaudit.report",
    "aidaudit.numbers", "aidaudit.manifest", "aidaudit.evidence", "aidaudit.claims",
    "aidaudit.views", "aidaudit.results", "aidaudit.revisions", "aidaudit.scenarios",
    "aidaudit.multiverse", "aidaudit.assembly", "aidaudit.clean", "aidaudit.tabulate",
    "aidaudit.charts", "aidaudit.explorer", "aidaudit.kernels", "aidaudit.sweeps", "papermill",
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
_STARTS_WITHIN = 60  # seconds


def owner() -> str:
    """This process, as jobs know it that are to end with it."""
    return f"{os.getpid()}-{_begun(os.getpid())}"


def address() -> str:
    """An address for the warm parent of this process, to be set in the environment."""
    return f"{owner()}-{os.urandom(8).hex()}"


def main() -> None:
    """The command `aidaudit`: through the warm parent where there is one, or else by itself."""
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        if os.environ.get(ADDRESS):
            status = _ask(os.environ[ADDRESS])
            if status is not None:
                sys.exit(status)
        if os.environ.get(OWNER) and sys.platform == "linux":
            _end_with(os.environ[OWNER])
    from aidaudit import cli

    cli.main()


# ---------------------------------------------------------------- the client


def _ask(where: str) -> int | None:
    """The exit status of the command as the warm parent ran it; None where it could not."""
    if sys.platform != "linux" or not _is_running(where):
        return None
    connection = _connected(where)
    if connection is None:
        return None
    with connection:
        order = {"argv": sys.argv, "cwd": str(Path.cwd()), "environ": dict(os.environ)}
        try:
            _send(connection, json.dumps(order).encode(), [0, 1, 2])
            answer = connection.recv(8)
        except OSError:
            answer = b""
    if len(answer) == 4:
        return struct.unpack("i", answer)[0]
    # Whatever it forked has died with it; outputs are written whole or not at all.
    if not _is_running(where):
        return 1
    print("The warm parent went away; this job runs by itself.", file=sys.stderr)
    return None


def _connected(where: str) -> socket.socket | None:
    """A connection to the parent, which is started if need be; None where it does not start."""
    started: subprocess.Popen | None = None
    end = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < end:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(f"\0aidaudit-{where}")
            return connection
        except OSError:
            connection.close()
        if started is None:
            started = _start(where)
        elif started.poll() not in (None, 0):
            return None
        time.sleep(0.01)
    return None


def _start(where: str) -> subprocess.Popen:
    from aidaudit import repro

    # A session of its own: Ctrl-C in the terminal ends Snakemake, and that ends the parent.
    return subprocess.Popen(
        [sys.executable, "-m", "aidaudit.warm", where],
        env={**repro.environment(), ADDRESS: ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _is_running(where: str) -> bool:
    """Whether the process to which an address belongs runs, on this machine."""
    number, begun, *_ = where.split("-")
    return _begun(int(number)) == begun


def _end_with(owner: str) -> None:
    """End this process when the one that it belongs to has ended, however that ended.

    A job that a killed Snakemake leaves behind would write into the stage of the same job of
    the next build.
    """
    import threading

    try:
        watched = os.pidfd_open(int(owner.partition("-")[0]))
    except OSError:
        os._exit(1)
    if not _is_running(owner):
        os._exit(1)

    def watch() -> None:
        select.select([watched], [], [])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _begun(process: int) -> str:
    """When a process began, in the kernel's ticks; '' where it does not run."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]


# ---------------------------------------------------------------- the parent


def serve(where: str) -> None:
    """Be the warm parent at an address until the process to which it belongs ends."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(f"\0aidaudit-{where}")
    except OSError:
        return  # another client was first
    listener.listen(64)
    owner = int(where.partition("-")[0])
    watched = os.pidfd_open(owner)
    if not _is_running(where):
        return
    _import()
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


def _import() -> None:
    import gc
    import importlib

    # Looking for garbage again and again takes an eighth of the time of importing.
    gc.disable()
    import nbformat

    for module in MODULES:
        importlib.import_module(module)
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
        _run(json.loads(order), ends)
    for end in ends:
        os.close(end)
    running[process] = client


def _run(order: dict, ends: list[int]) -> None:
    """Run one command in this fork, and end it."""
    status = 1
    try:
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


# ---------------------------------------------------------------- orders


def _send(connection: socket.socket, order: bytes, ends: list[int]) -> None:
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", ends))
    head = struct.pack("i", len(order))
    connection.sendmsg([head], [rights])
    connection.sendall(order)


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
    serve(sys.argv[1])
