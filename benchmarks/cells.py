"""What the cells of notebooks cost by themselves: no kernel, no papermill, nothing to import.

Usage: python benchmarks/cells.py ROOT NAME …, in the environment that `ways.environment` gives,
where `ways.bake` has written the notebooks of the jobs so named. Each one's cells run one after
another in a process forked from one that has imported what they need, with nothing else
running. Prints JSON: name of the job → seconds.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path

import ways


def main(root: str, *names: str) -> None:
    """Run the jobs' cells and print their seconds."""
    from nbtrail.run import warm

    os.chdir(root)
    warm.load()
    print(json.dumps({name: _forked(ways.baked(name)) for name in names}))


def _forked(notebook: str) -> float:
    here, there = os.pipe()
    if os.fork() == 0:
        try:
            os.write(there, json.dumps(_seconds(notebook)).encode())
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here, "rb") as pipe:
        said = pipe.read()
    os.wait()
    return json.loads(said)


def _seconds(notebook: str) -> float:
    from IPython.core.interactiveshell import InteractiveShell

    cells = json.loads(Path(notebook).read_text("utf-8"))["cells"]
    shell = InteractiveShell.instance()
    sys.stdout = sys.stderr = io.StringIO()
    begun = time.perf_counter()
    for cell in cells:
        if cell["cell_type"] == "code":
            shell.run_cell("".join(cell["source"]), store_history=True).raise_error()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
