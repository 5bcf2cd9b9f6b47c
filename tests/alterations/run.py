"""What `aidaudit check` says of files that somebody altered, thousands of times.

Each round takes a file of a small build (`made`) and alters it in one of the ways of `kinds`,
in turn, with lots of its own. No altered file may be called unchanged, nor the same as far as
a copy shows. Files that were saved again without altering them have to stay unchanged. A
program that shares no code with the check says whether the alteration is seen (`renderers`).
Counts go to docs/alterations.csv.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from alterations import kinds, made, renderers  # noqa: E402
from nbtrail.base import determinism  # noqa: E402

SEED, ROUNDS, SAVINGS = 21, 2000, 200
ANSWERS = ("unchanged", "lossy", "altered", "unknown")
HEAD = "format,group,what,rounds,unchanged,as far as seen,altered,unknown,"
HEAD += "shown otherwise,shown the same"


class Fooled(Exception):
    """A file that was altered and called unchanged, or the other way round."""


def one_round(kind: kinds.Kind, number: int, seed: int, folder: Path, files: dict) -> tuple:
    """An altered file, and what the check says of it. Raises Fooled."""
    content = (folder / files[kind.format]).read_bytes()
    place = [*kinds.ALTERATIONS, *kinds.SAVINGS].index(kind)
    altered = kind.do(content, np.random.default_rng([seed, place, number]))
    if altered == content:
        raise Fooled(f"{kind.name}, round {number} of seed {seed}: nothing was altered")
    answer = made.status_of(altered, folder)
    if (answer == "unchanged") != (kind.group == kinds.AGAIN) or answer == "lossy":
        raise Fooled(f"{kind.name}, round {number} of seed {seed}: called {answer}")
    return altered, content, answer


def rounds_of(every: list[kinds.Kind], number: int) -> list[tuple[kinds.Kind, int]]:
    """So many rounds, the kinds in turn."""
    return [(every[n % len(every)], n // len(every)) for n in range(number)]


def main() -> int:
    """Run all rounds; 1 if the check was fooled in any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="with altered files")
    chosen = parser.parse_args()
    os.environ.update(determinism.ENVIRONMENT)
    for program in renderers.missing():
        print(f"{program} is not here: nobody looks whether an alteration is seen")
    counts = {kind: Counter() for kind in (*kinds.ALTERATIONS, *kinds.SAVINGS)}
    every = rounds_of(kinds.ALTERATIONS, chosen.rounds) + rounds_of(kinds.SAVINGS, SAVINGS)
    fooled = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = made.build(folder)
        unaltered = renderers.pdf((folder / files["PDF"]).read_bytes())
        waiting = []
        for place, (kind, number) in enumerate(every):
            counts[kind]["rounds"] += 1
            try:
                altered, content, answer = one_round(kind, number, chosen.seed, folder, files)
            except Fooled as error:
                print(error)
                fooled += 1
                continue
            counts[kind][answer] += 1
            if kind.format == "PDF" and unaltered is not None:
                seen = renderers.differ(renderers.pdf(altered), unaltered)
                counts[kind]["seen" if seen else "unseen"] += 1
            waiting.append((kind, altered, content))
            if len(waiting) == 1000 or place + 1 == len(every):
                shown = renderers.shown((one.format, *two) for one, *two in waiting)
                for (one, *_), seen in zip(waiting, shown, strict=True):
                    if seen is not None:
                        counts[one]["seen" if seen else "unseen"] += 1
                waiting = []
                print(f"{place + 1} of {len(every)} rounds", flush=True)
    lines = [
        ",".join([
            kind.format, kind.group, f'"{kind.what}"', str(count["rounds"]),
            *(str(count[one]) for one in (*ANSWERS, "seen", "unseen")),
        ])
        for kind, count in counts.items()
    ]  # fmt: skip
    print(f"{len(every)} rounds, {len(counts)} kinds, fooled in {fooled}")
    if (chosen.seed, chosen.rounds) == (SEED, ROUNDS) and not fooled:
        text = "\n".join([HEAD, *lines]) + "\n"
        (ROOT / "docs/alterations.csv").write_text(text, encoding="utf-8", newline="\n")
    return int(bool(fooled))


if __name__ == "__main__":
    sys.exit(main())
