"""The command `aidaudit`, which has its jobs done by the warm parent where there is one.

Snakemake starts each job as a command, `aidaudit notebook …`. Where `ADDRESS` is set, which the
Snakefile does, that command hands its arguments, folder, environment and terminal to the warm
parent (`warm`), which forks; the fork runs the very same command line. Wherever something is
missing the command runs by itself.

A hundred of them start in a build and are waited for: what few need is imported where it is
needed, and pathlib alone would be a tenth of a start.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from collections.abc import Callable

from aidaudit import terminal

ADDRESS = "AIDAUDIT_WARM"
# The Snakemake process to which a job belongs.
OWNER = "AIDAUDIT_OWNER"
# Commands worth a fork; all others are run by the process that was asked.
COMMANDS = ("notebook", "job", "sweep-part")
_STARTS_WITHIN = 60  # seconds
# Why there is no parent at an address, until the first job has told it; and then.
FAILED, TOLD = ".snakemake/warm-failed", ".snakemake/warm-told"
_SLOWER = "each job starts by itself, and the build takes about four times as long."


def owner() -> str:
    """This process, as jobs know it that are to end with it."""
    return f"{os.getpid()}-{_begun(os.getpid())}"


def address() -> str:
    """An address for the warm parent of this process, to be set in the environment."""
    return f"{owner()}-{os.urandom(8).hex()}"


def main() -> None:
    """The command `aidaudit`: through the warm parent where there is one, or else by itself."""
    terminal.guard()
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        if os.environ.get(ADDRESS):
            status = _ask(os.environ[ADDRESS])
            if status is not None:
                sys.exit(status)
        if os.environ.get(OWNER) and sys.platform == "linux":
            _end_with(os.environ[OWNER])
    from aidaudit import cli

    cli.main()


def _ask(where: str) -> int | None:
    """The exit status of the command as the warm parent ran it; None where it could not."""
    if sys.platform != "linux" or not is_running(where) or _has_failed(where):
        return None
    connection = _connected(where)
    if connection is None:
        return None
    import json

    with connection:
        order = {"argv": sys.argv, "cwd": os.getcwd(), "environ": dict(os.environ)}  # noqa: PTH109
        try:
            _send(connection, json.dumps(order).encode(), [0, 1, 2])
            answer = connection.recv(8)
        except OSError:
            answer = b""
    if len(answer) == 4:
        return struct.unpack("i", answer)[0]
    # Whatever it forked has died with it; outputs are written whole or not at all.
    if not is_running(where):
        return 1
    print("The warm parent went away; this job runs by itself.", file=sys.stderr)
    return None


def _connected(where: str) -> socket.socket | None:
    """A connection to the parent, which is started if need be; None where it does not start."""
    ended: Callable[[], int | None] | None = None
    end = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < end:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(f"\0aidaudit-{where}")
            return connection
        except OSError:
            connection.close()
        if ended is None:
            ended = start(where)
        elif status := ended():
            if not _has_failed(where):
                give_up(where, f"it ended with status {status}")
                _has_failed(where)
            return None
        time.sleep(0.01)
    give_up(where, f"it does not answer within {_STARTS_WITHIN} s")
    _has_failed(where)
    return None


def begin(where: str) -> None:
    """Start the warm parent of a build; where this system cannot have one, say so."""
    if why := _lacks():
        print(f"No warm starts here: {why}. So {_SLOWER}", file=sys.stderr)
        os.environ.pop(ADDRESS, None)
    else:
        start(where)


def _lacks() -> str | None:
    """Why this system has no warm starts; None where it has."""
    if sys.platform != "linux":
        return f"they need Linux, and this is {sys.platform}"
    for name in ("fork", "pidfd_open"):
        if not hasattr(os, name):
            return f"this Python has no os.{name}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.bind(f"\0aidaudit-{owner()}-{os.urandom(4).hex()}")
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"this system refuses what they need ({error})"
    return None


def give_up(where: str, why: str) -> None:
    """Have no job look for a parent at an address any more, and the next one say why."""
    if _note(TOLD)[0] == where:
        return
    os.makedirs(os.path.dirname(FAILED), exist_ok=True)  # noqa: PTH103, PTH120
    with open(FAILED, "w", encoding="utf-8") as note:  # noqa: PTH123
        note.write(f"{where}\n{why}")


def _has_failed(where: str) -> bool:
    """Whether there is no parent at an address; the first job that finds out says why."""
    whose, why = _note(FAILED)
    if whose == where:
        try:
            os.rename(FAILED, TOLD)  # noqa: PTH104
            print(f"The warm parent has ended: {why}. So {_SLOWER}", file=sys.stderr)
        except OSError:
            pass  # another job was first
        return True
    return _note(TOLD)[0] == where


def _note(path: str) -> tuple[str, str]:
    """To which address a note belongs, and what it says; empty where there is none."""
    try:
        with open(path, encoding="utf-8") as note:  # noqa: PTH123
            whose, _, why = note.read().partition("\n")
        return whose, why
    except OSError:
        return "", ""


def start(where: str) -> Callable[[], int | None]:
    """Start the warm parent at an address. Returns what tells how it ended, None before."""
    import subprocess

    from aidaudit import repro

    # A session of its own: Ctrl-C in the terminal ends Snakemake, and that ends the parent.
    return subprocess.Popen(
        [sys.executable, "-m", "aidaudit.warm", where],
        env={**repro.environment(), ADDRESS: ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).poll


def is_running(where: str) -> bool:
    """Whether the process to which an address belongs runs, on this machine."""
    number, begun, *_ = where.split("-")
    return _begun(int(number)) == begun


def _end_with(owner: str) -> None:
    """End this process when the one that it belongs to has ended, however that ended.

    A job that a killed Snakemake leaves behind would write into the stage of the same job of
    the next build.
    """
    import select
    import threading

    try:
        watched = os.pidfd_open(int(owner.partition("-")[0]))
    except (OSError, AttributeError):  # gone, or there is none such on this system
        watched = None
    if not is_running(owner):
        os._exit(1)

    def watch() -> None:
        if watched is not None:
            select.select([watched], [], [])
        while watched is None and is_running(owner):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _begun(process: int) -> str:
    """When a process began, in the kernel's ticks; '' where it does not run."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as stat:  # noqa: PTH123
            text = stat.read()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]


def _send(connection: socket.socket, order: bytes, ends: list[int]) -> None:
    import array

    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", ends))
    head = struct.pack("i", len(order))
    connection.sendmsg([head], [rights])
    connection.sendall(order)
