"""Tells tests/faults/run.py what happens in a build, and waits for its answer.

Python imports this by itself where it lies beside the package as sitecustomize.py. Without
FAULT_EVENTS in the environment it does nothing.
"""

import importlib.abc
import importlib.machinery
import os
import socket
import sys

AT = "FAULT_EVENTS"


def event(name):
    """Tell of an event; whether it is to go wrong."""
    with socket.socket(socket.AF_UNIX) as talk:
        try:
            talk.connect(os.environ[AT])
            talk.sendall(f"{name} {os.getpid()}".encode())
            return talk.recv(1) == b"x"
        except OSError:
            return False


def after(owner, name, told):
    """Tell of an event each time that a function has returned."""
    function = getattr(owner, name)

    def wrapped(*args, **kwargs):
        result = function(*args, **kwargs)
        event(told)
        return result

    setattr(owner, name, wrapped)


def _jobs(module):
    """Once a failed job has been wrapped up, which is after all that is written about it."""
    wrap_up = module.Job.postprocess

    async def postprocess(self, *args, **kwargs):
        await wrap_up(self, *args, **kwargs)
        event("failed" if kwargs.get("error") else "recorded")

    module.Job.postprocess = postprocess


def _notebooks(module):
    if "snakemake" in sys.argv[0]:
        event("stopping")
    run = module.run

    def begun(*args, **kwargs):
        if event("run"):
            raise RuntimeError("a passing cause")
        run(*args, **kwargs)

    module.run = begun
    after(module, "_move", "moved")


AFTER_IMPORT = {
    "snakemake.jobs": _jobs,
    "snakemake.persistence": lambda module: after(module.PersistenceBase, "started", "begun"),
    "nbtrail.run.notebooks": _notebooks,
    "nbtrail.run.papermill_engine": lambda module: after(module.Client, "execute_cell", "cell"),
    "nbtrail.record.receipts": lambda module: after(module, "close", "closed"),
}


class Finder(importlib.abc.MetaPathFinder):
    """Finds modules as ever, and has some of them changed once they are loaded."""

    def find_spec(self, name, path, target=None):
        """As importlib asks."""
        if name not in AFTER_IMPORT:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            AFTER_IMPORT[name](module)

        spec.loader.exec_module = loaded
        return spec


if AT in os.environ:
    sys.meta_path.insert(0, Finder())
