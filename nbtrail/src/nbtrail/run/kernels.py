"""Kernels for papermill that start at once: forks of the process that runs the notebook.

A kernel is a fresh process either way. Started as usual it first imports what a notebook needs;
forked from a process that has imported it (`warm`), it does not. jupyter_client finds
`ForkedKernel` as the provisioner 'nbtrail-fork' (pyproject.toml). Which of the two is taken,
and nothing else, depends on `forking`: outputs are the same bytes.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import tempfile
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar, NoReturn

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import LocalProvisioner

# Set in processes that `warm` forked: everything is imported, and nothing else runs in them.
forking = False
_PR_SET_PDEATHSIG = 1


def settings(sockets: str) -> dict[str, dict]:
    """Configuration for jupyter_client and nbclient. sockets: prefix of the sockets' paths."""
    return {
        "KernelManager": {
            # Sockets of its own: TCP ports are picked before they are taken, and two kernels
            # that start at once now and then pick the same and die.
            "transport": "ipc",
            "ip": sockets,
            "client_class": "nbtrail.run.kernels.Client",
        },
        # All cells are done and their outputs are here; what a kernel does when it is asked
        # to end is no part of the notebook.
        "NotebookClient": {"shutdown_kernel": "immediate"},
    }


def prepare(folder: Path) -> None:
    """Have the next kernel be a fork, if this process can fork one; it runs in the folder."""
    if forking:
        # papermill gives the factory of provisioners no configuration, so by this way.
        os.environ["JUPYTER_DEFAULT_PROVISIONER_NAME"] = "nbtrail-fork"
        Forked(folder)


class Client(AsyncKernelClient):
    """Knows that a kernel is ready by its answer, not by 0.2 s in which nothing else comes."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return once the kernel has answered and been heard on the channel of outputs."""
        loop = asyncio.get_running_loop()
        end = loop.time() + (timeout or 60)
        while loop.time() < end:
            asked = self.kernel_info()
            try:
                await self._answer(asked)
            except Empty:
                if not await self.is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info") from None
            else:
                return
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answer(self, asked: str) -> None:
        """Wait for the answer, and for the idle that ends it; what came before is old."""
        message: dict = {}
        while message.get("parent_header", {}).get("msg_id") != asked:
            message = await self.shell_channel.get_msg(timeout=1)
        self._handle_kernel_info_reply(message)
        idle = False
        while not idle:
            heard = await self.iopub_channel.get_msg(timeout=0.2)
            idle = (
                heard["parent_header"].get("msg_id") == asked
                and heard["content"].get("execution_state") == "idle"
            )


class Forked:
    """A forked kernel that waits for its connection file; as a process, to jupyter_client.

    Must be made before anything in this process has begun a thread or an event loop.
    """

    stdin = stdout = stderr = None
    waiting: ClassVar[Forked | None] = None

    def __init__(self, folder: Path) -> None:
        """folder: where the notebook's code runs."""
        sys.stdout.flush()
        sys.stderr.flush()
        orders, self._orders = os.pipe()
        self._ready, ready = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            os.close(self._ready)
            _become_kernel(folder, orders, ready)
        os.close(orders)
        os.close(ready)
        Forked.waiting = self

    async def connect(self, connection_file: str) -> None:
        """Tell it its connection file; returns once it listens. Raises RuntimeError."""
        Forked.waiting = None
        os.write(self._orders, connection_file.encode())
        os.close(self._orders)
        heard = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._ready, lambda: heard.done() or heard.set_result(None))
        try:
            await asyncio.wait_for(heard, 60)
            if os.read(self._ready, 1) != b"!":
                raise RuntimeError("the kernel died while it started: too little memory?")
        finally:
            loop.remove_reader(self._ready)
            os.close(self._ready)

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        if self.returncode is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        """Wait until it has ended; its exit status."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class ForkedKernel(LocalProvisioner):
    """Provides jupyter_client with the kernel that was forked for it."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict:
        """Hand the connection file to the kernel that waits."""
        if Forked.waiting is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process = Forked.waiting
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd", Path.cwd())
        await self.process.connect(self.parent.connection_file)
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """End it, and be sure that it has; asked a moment later, others look again in 0.1 s."""
        await super().kill(restart)
        if isinstance(self.process, Forked):
            self.process.wait()


def _become_kernel(folder: Path, orders: int, ready: int) -> NoReturn:
    """Be a kernel, in a session of its own, until it is ended or whoever forked it dies."""
    status = 1
    try:
        os.setsid()
        die_with_parent()
        os.chdir(folder)
        # Whoever forked it looked for one before the environment was the kernel's.
        tempfile.tempdir = None
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        connection_file = os.read(orders, 4096).decode()
        os.close(orders)
        if connection_file:
            from ipykernel.kernelapp import IPKernelApp

            # numpy seeds its global generator when it is imported, so forks would draw alike.
            if "numpy" in sys.modules:
                sys.modules["numpy"].random.seed()
            app = IPKernelApp.instance()
            app.initialize(["-f", connection_file])
            # pandas looks when it is imported whether tables will be shown in a terminal; it
            # was in one then, and would show them otherwise than where it is imported here.
            if "pandas" in sys.modules:
                sys.modules["pandas"].set_option("display.max_columns", 20)
            os.write(ready, b"!")
            os.close(ready)
            app.start()
        status = 0
    finally:
        # Not sys.exit: the stack of the process that was forked is still below.
        os._exit(status)


def die_with_parent() -> None:
    """Have this process killed when its parent ends, however that ends (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
