"""Jobs in processes that need not import anything: forks of a parent that has imported all.

The Snakefile starts the parent (`begin`). It listens itself, in a folder that nobody else can
enter, and the parent inherits that: so jobs learn from the kernel who listens, and there is no
moment and no name that others could take. The parent ends with the Snakemake process that it
belongs to, and ends what it has forked. docs/warm.md says what this trusts.

The parent imports and forks, and never runs a command, so no run can find traces of another.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError
from nbtrail.run import client
from nbtrail.run.client import SLOWER, give_up, is_running, peer

# What running a notebook or job imports besides what its code reaches.
MODULES = (
    "nbtrail.cli", "nbtrail.author.jupyterlab", "nbtrail.run.kernels", "papermill",
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
# How often a parent that was killed, as where memory ends, is started anew.
_AGAIN = 3
# The folder of this checkout's last parent: whoever kills all at once leaves it behind.
_KEPT = ".snakemake/warm"


# ---------------------------------------------------------------- in Snakemake's process


def begin() -> None:
    """Start the warm parent of this build, and tell jobs where; or say why there is none."""
    os.environ.pop(client.ADDRESS, None)
    why = _lacks()
    if not why:
        try:
            listener, folder = _listening()
        except (OSError, AuditError) as error:
            why = f"this system refuses what they need ({error})"
    if why:
        print(f"No warm starts here: {why}. So {SLOWER}", file=sys.stderr)
        return
    os.environ[client.ADDRESS] = f"{client.owner()}:{folder}"
    threading.Thread(target=_keep, args=(listener, folder), daemon=True).start()


def _lacks() -> str | None:
    """Why this system has no warm starts; None where it may have."""
    if sys.platform != "linux":
        return f"they need Linux, and this is {sys.platform}"
    for name in ("fork", "pidfd_open"):
        if not hasattr(os, name):
            return f"this Python has no os.{name}"
    return None


def _listening() -> tuple[socket.socket, Path]:
    """A socket at which this process listens, and its folder. Raises OSError, AuditError."""
    from nbtrail.base.sockets import short

    os.close(os.pidfd_open(os.getpid()))
    kept = Path(_KEPT)
    kept.parent.mkdir(exist_ok=True)
    with suppress(OSError, ValueError):
        _clear(Path(kept.read_text("utf-8")))
    folder = Path(
        tempfile.mkdtemp(prefix=f"{determinism.NAME}-", dir=short())
    )  # for this user alone
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        client.fresh(_KEPT, str(folder))
        listener.bind(str(folder / client.SOCKET))
        listener.listen(64)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(listener.getsockname())
            if peer(probe) != (os.getpid(), os.getuid()):
                raise OSError("it does not say who listens")
    except OSError:
        listener.close()
        _clear(folder)
        raise
    return listener, folder


def _clear(folder: Path) -> None:
    """Remove a parent's folder; of any other at most such a socket, and what is empty."""
    with suppress(OSError):
        if (path := folder / client.SOCKET).is_socket():
            path.unlink()
        folder.rmdir()


def _keep(listener: socket.socket, folder: Path) -> None:
    """Start the parent, and another where one is killed; jobs wait at the socket meanwhile."""
    whose = client.owner()
    status = 0
    try:
        for _ in range(1 + _AGAIN):
            status = _start(whose, listener).wait()
            if status >= 0:
                return
    except OSError as error:
        give_up(whose, str(error))
    finally:
        if status:
            give_up(whose, f"it ended with status {status}")
        # Jobs must not wait for what does not come.
        listener.close()
        _clear(folder)


def _start(whose: str, listener: socket.socket) -> subprocess.Popen:
    """Start a parent, which finds the listener in place of its input."""
    # A session of its own: Ctrl-C in the terminal ends Snakemake, and that ends the parent.
    return subprocess.Popen(
        [sys.executable, "-m", "nbtrail.start", whose],
        env={**determinism.environment(), client.ADDRESS: ""},
        stdin=listener,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


# ---------------------------------------------------------------- the parent


def main(whose: str, command: Callable[[], None]) -> None:
    """Be the warm parent of a process, and leave word why where that goes wrong."""
    listener = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    try:
        serve(whose, listener, command)
    except Exception as error:
        give_up(whose, f"{type(error).__name__}: {error}")
        sys.exit(1)
    finally:
        if not is_running(whose):
            _clear(Path(listener.getsockname()).parent)


def serve(whose: str, listener: socket.socket, command: Callable[[], None]) -> None:
    """Be the warm parent at a socket until the process to which it belongs ends."""
    watched = os.pidfd_open(int(whose.partition("-")[0]))
    if not is_running(whose):
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
            for process, asking in list(running.items()):
                # A client says nothing more; that it can be read means that it is gone.
                if asking in readable and running.get(process) is asking:
                    _end(process)
            if listener in readable:
                _fork(listener, [watched, awake, wakes], running, command)
    finally:
        for process in running:
            _end(process)


def load() -> None:
    """Import what notebooks and jobs import."""
    for _ in _importing():
        pass


def modules() -> list[str]:
    """What notebooks and jobs import: `MODULES`, and whatever their code reaches."""
    from nbtrail.base import plan
    from nbtrail.base.project import project
    from nbtrail.record import fingerprint

    root = determinism.root()
    code = fingerprint.package(root)
    does = [plan.RUNNER, plan.SWEEPER, *map(plan.does, [*plan.DOES, *project().does])]
    used = {(name, (module, name)) for module, name in does}
    for source in sorted((root / "notebooks").rglob("*.ipynb")):
        used |= fingerprint.named_in(source, root)
    return [*MODULES, *sorted({module for module, _ in code.reached(used)})]


def _importing() -> Iterator[None]:
    """Import it; yields between modules."""
    # Looking for garbage again and again takes an eighth of the time of importing.
    gc.disable()
    for module in modules():
        yield
        importlib.import_module(module)
    import nbformat

    # The first notebook that is checked has the check compiled.
    nbformat.validate(nbformat.v4.new_notebook())
    # What is there now is never freed; unfrozen, the first collection would copy all of it.
    gc.freeze()
    gc.enable()


def _fork(
    listener: socket.socket,
    others: list,
    running: dict[int, socket.socket],
    command: Callable[[], None],
) -> None:
    """Take one order and fork a process for it."""
    asking, _ = listener.accept()
    asking.settimeout(10)
    try:
        if peer(asking)[1] != os.getuid():
            raise PermissionError
        order, ends = _receive(asking)
    except (OSError, ValueError):
        asking.close()
        return
    asking.settimeout(None)
    process = os.fork()
    if process == 0:
        for other in (listener, asking, *running.values(), *others):
            os.close(other if isinstance(other, int) else other.detach())
        _run(order, ends, command)
    for end in ends:
        os.close(end)
    running[process] = asking


def _run(text: bytes, ends: list[int], command: Callable[[], None]) -> None:
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
        from nbtrail.run import kernels

        kernels.die_with_parent()
        kernels.forking = True
        command()
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
    for process, asking in list(running.items()):
        done, status = os.waitpid(process, os.WNOHANG)
        if not done:
            continue
        code = os.waitstatus_to_exitcode(status)
        with suppress(OSError):  # it may be gone
            asking.send(struct.pack("i", code if code >= 0 else 128 - code))
        asking.close()
        del running[process]


def _end(process: int) -> None:
    """Kill a fork and what it started; its kernel dies with it."""
    with suppress(OSError):  # it may just have ended
        os.killpg(process, signal.SIGKILL)


def _drain(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        while end.recv(4096):
            pass


def _receive(asking: socket.socket) -> tuple[bytes, list[int]]:
    """An order and the file descriptors that came with it. Raises ValueError, OSError."""
    head, ends, _, _ = socket.recv_fds(asking, 4, 3)
    try:
        (length,) = struct.unpack("i", head) if len(head) == 4 else (0,)
        if len(ends) != 3 or not 0 < length <= _LARGEST:
            raise ValueError("not an order")
        order = bytearray()
        while len(order) < length:
            part = asking.recv(length - len(order))
            if not part:
                raise ValueError("an order that breaks off")
            order += part
    except (OSError, ValueError):
        for end in ends:
            os.close(end)
        raise
    return bytes(order), ends
