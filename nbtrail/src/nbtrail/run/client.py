"""The command line, which has its jobs done by the warm parent where there is one.

Snakemake starts each job as a command, `nbtrail notebook …`. Where `ADDRESS` is set, which the
Snakefile does, that command hands its arguments, folder, environment and terminal to the warm
parent (`warm`), which forks; the fork runs the very same command line. Wherever something is
missing the command runs by itself. docs/warm.md says who trusts whom in this, and why.

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

from nbtrail.base import terminal

# Where the warm parent is asked: the process that it belongs to, and the folder of its socket.
ADDRESS = "NBTRAIL_WARM"
# The Snakemake process to which a job belongs.
OWNER = "NBTRAIL_OWNER"
SOCKET = "parent"
# Commands worth a fork; all others are run by the process that was asked.
COMMANDS = ("notebook", "job", "sweep-part")
# Why there is no parent any more, until the first job has told it; and then.
FAILED, TOLD = ".snakemake/warm-failed", ".snakemake/warm-told"
SLOWER = "each job starts by itself, and the build takes about four times as long."


def owner() -> str:
    """This process, as jobs know it that are to end with it."""
    return f"{os.getpid()}-{_begun(os.getpid())}"


def keep_strangers_out() -> None:
    """Have nothing that this process and its children write be writable for everybody."""
    os.umask(os.umask(0o077) | 0o002)


def main(by_itself: Callable[[], None]) -> None:
    """A command: through the warm parent where there is one, or else by itself."""
    terminal.guard()
    keep_strangers_out()
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        if os.environ.get(ADDRESS):
            status = _ask(os.environ[ADDRESS])
            if status is not None:
                sys.exit(status)
        if _process(os.environ.get(OWNER, "")) and sys.platform == "linux":
            _end_with(os.environ[OWNER])
    by_itself()


def _ask(where: str) -> int | None:
    """The exit status of the command as the warm parent ran it; None where it could not."""
    whose, _, folder = where.partition(":")
    if sys.platform != "linux" or not is_running(whose) or _has_failed(whose):
        return None
    connection = _connected(whose, folder)
    if connection is None:
        _has_failed(whose)
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
    if not is_running(whose):
        return 1
    print("The warm parent went away; this job runs by itself.", file=sys.stderr)
    return None


def _connected(whose: str, folder: str) -> socket.socket | None:
    """A connection to the parent of a process; None, and a note why, where there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(f"{folder}/{SOCKET}")
        process, user = peer(connection)
    except OSError as error:
        why = f"it cannot be reached ({error})"
    else:
        # The kernel knows who listens, and nobody can pass for another before it.
        if process == _process(whose) and user == os.getuid():
            return connection
        why = f"process {process} of user {user} answers in its place, and was told nothing"
    connection.close()
    give_up(whose, why)
    return None


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process and user at the other end; of a listener, those who began to listen. OSError."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    process, user, _ = struct.unpack("iII", credentials)
    return process, user


def give_up(whose: str, why: str) -> None:
    """Have no job of a process look for its parent any more, and the next one say why."""
    if _note(TOLD)[0] == whose:
        return
    try:
        os.makedirs(os.path.dirname(FAILED), exist_ok=True)  # noqa: PTH103, PTH120
        if _note(FAILED)[0] != whose:
            fresh(FAILED, f"{whose}\n{why}")
    except FileExistsError:
        pass  # another job was first
    except OSError:
        print(f"The warm parent has ended: {why}. So {SLOWER}", file=sys.stderr)


def fresh(path: str, text: str) -> None:
    """Write a file anew, never through a link that lies there. Raises OSError."""
    if os.path.lexists(path):
        os.unlink(path)  # noqa: PTH108
    with open(path, "x", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text)


def _has_failed(whose: str) -> bool:
    """Whether a process has no parent any more; the first job that finds out says why."""
    known, why = _note(FAILED)
    if known == whose:
        try:
            os.rename(FAILED, TOLD)  # noqa: PTH104
            print(f"The warm parent has ended: {why}. So {SLOWER}", file=sys.stderr)
        except OSError:
            pass  # another job was first
        return True
    return _note(TOLD)[0] == whose


def _note(path: str) -> tuple[str, str]:
    """To which process a note belongs, and what it says; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as note:  # noqa: PTH123
            whose, _, why = note.read().partition("\n")
        return whose, why
    except OSError:
        return "", ""


def is_running(whose: str) -> bool:
    """Whether a process runs, on this machine; what names none does not."""
    number = _process(whose)
    return bool(number) and _begun(number) == whose.partition("-")[2]


def _process(whose: str) -> int:
    """The number of a process as `owner` names it; 0 for what is no such name."""
    number, _, begun = whose.partition("-")
    digits = set("0123456789")
    plain = bool(number and begun) and digits.issuperset(number + begun)
    # The kernel counts neither processes nor ticks with more digits.
    return int(number) if plain and len(number) < 10 and len(begun) < 21 else 0


def _end_with(owner: str) -> None:
    """End this process when the one that it belongs to has ended, however that ended.

    A job that a killed Snakemake leaves behind would write into the stage of the same job of
    the next build.
    """
    import select
    import threading

    try:
        watched = os.pidfd_open(_process(owner))
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
        # A name may be cut within a letter.
        with open(f"/proc/{process}/stat", encoding="latin-1") as stat:  # noqa: PTH123
            text = stat.read()
    except OSError:
        return ""
    state, *fields = text.rpartition(")")[2].split()
    # One that nobody has asked yet how it ended still stands there.
    return "" if state in "ZX" else fields[18]


def _send(connection: socket.socket, order: bytes, ends: list[int]) -> None:
    import array

    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", ends))
    head = struct.pack("i", len(order))
    connection.sendmsg([head], [rights])
    connection.sendall(order)
