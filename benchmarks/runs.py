"""Where the time of a notebook run goes, in a part of a sweep that runs in forks.

Usage: python benchmarks/runs.py. py-spy looks at all processes a hundred times a second and
tells what ran; what waited is not told. Writes benchmarks/runs.csv.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

OUT = Path(__file__).with_name("runs.csv")
RATE = 100  # looks a second
SWEEP = "totals"
# What a stack is counted as: the first of these of which it holds all frames.
PARTS = {
    "cells": ["run_code (IPython"],
    "a kernel starts": ["_become_kernel (", "initialize (ipykernel"],
    "a kernel takes and answers messages": ["_become_kernel ("],
    "papermill starts and hears the kernel": ["execute_managed_notebook ("],
    "papermill reads, fills and writes the notebook": ["execute_notebook (papermill"],
    "the project itself": ["part (nbtrail/src/nbtrail/run/sweeps"],
}
RUN = """
import os, sys
from aidaudit import config
from nbtrail.base import determinism, plan
from nbtrail.run import kernels, sweeps, warm
from nbtrail.base import settings
os.environ.update(determinism.environment())
warm.load()
kernels.forking = True
sweeps.TOGETHER = 1
entry, points = settings.sweeps()[sys.argv[1]], plan.sweep_parts(sys.argv[1])[0]
sweeps.part(
    entry.notebook, {str(one): one.parameters for one in points}, list(entry.grid), sys.argv[2],
    table=entry.table, inputs=plan.sweep_reads(sys.argv[1]), allowed=project().allowed(),
)
os._exit(0)  # what it imported has threads of its own that would be waited for
"""


def parts(stacks: list[str]) -> Counter[str]:
    """Looks by part. stacks: lines of py-spy's raw format, 'frame;frame;… looks'."""
    found: Counter[str] = Counter()
    for line in stacks:
        stack, _, looks = line.rpartition(" ")
        for part, frames in PARTS.items():
            if all(frame in stack for frame in frames):
                found[part] += int(looks)
                break
    return found


def main() -> None:
    """Run a part of the sweep, and write what its time went into."""
    from nbtrail.base import plan

    runs = len(plan.sweep_parts(SWEEP)[0])
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        out = Path("scratch") / "profiled.csv"
        command = ["py-spy", "record", "--subprocesses", "--rate", str(RATE), "--format", "raw"]
        run = [sys.executable, "-c", RUN, SWEEP, str(out)]
        subprocess.run([*command, "--output", raw, "--", *run], check=True)
        found = parts(raw.read_text("utf-8").splitlines())
        out.unlink()
    with OUT.open("w", encoding="utf-8", newline="") as stream:
        written = csv.writer(stream, lineterminator="\n")
        written.writerow(["part", "ms_per_run"])
        written.writerows([part, round(found[part] / RATE / runs * 1000)] for part in PARTS)


if __name__ == "__main__":
    main()
