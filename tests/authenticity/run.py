"""What `aidaudit check` says of copies of figures that lost details: altered ones, and others.

Each round takes a figure of the build and a way of saving it (JPEG, scaled, both) and, in half
of the rounds, changes one mark or digit before (`drawn`); what, and how far, is drawn by lot.
An altered one must never be called the same, and of the others 19 in 20 must be. It takes about
an hour; interrupted it goes on where it was. Counts go to docs/copies.csv.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from nbtrail.base import determinism, files  # noqa: E402
from nbtrail.compare import authenticity  # noqa: E402

SEED = 20261031
ROUNDS = 1000  # of each: altered and unaltered
RECOGNISED = 0.95  # of the unaltered ones, at least
# Bars, stacked bars, points, lines, steps, areas; many labels and few.
FIGURES = (
    "F01-literal", "F02-article", "F03-latest", "F04-article", "F05-all", "F07-all",
    "F10-all", "F14-all", "F15-all", "F16-latest", "F18-all", "F22-all",
)  # fmt: skip
WAYS = ("jpeg", "scaled", "scaled jpeg")


def rng_of(seed: int, altered: bool, number: int) -> np.random.Generator:
    """The lots of one round."""
    return np.random.default_rng([seed, int(altered), number])


def saved(picture: Image.Image, way: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """A picture as somebody saves it, and how in words."""
    told = []
    if way != "jpeg":
        scale = rng.uniform(0.5, 2)
        kernel = Image.Resampling(int(rng.integers(len(Image.Resampling))))
        size = tuple(round(side * scale) for side in picture.size)
        picture = picture.resize(size, kernel)
        told.append(f"{scale:.3f} {kernel.name.lower()}")
    if way == "screenshot":
        left, upper, right, lower = (int(side) for side in rng.integers(0, 80, 4))
        size = (picture.width + left + right, picture.height + upper + lower)
        page = Image.new("RGB", size, "white")
        page.paste(picture, (left, upper))
        picture = page
        told.append(f"margins {left} {upper} {right} {lower}")
    buffer = io.BytesIO()
    if "jpeg" in way:
        quality, sampling = int(rng.integers(75, 96)), int(rng.choice((0, 2)))
        picture.save(buffer, "JPEG", quality=quality, subsampling=sampling)
        told.append(f"quality {quality} {('4:4:4', '4:2:2', '4:2:0')[sampling]}")
    else:
        picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue(), ", ".join(told)


def archive() -> authenticity.Archive:
    """The build, each of whose files is read once."""
    known = authenticity.from_checkout(determinism.root())
    kept: dict[str, bytes | None] = {}

    def read(path: str) -> bytes | None:
        if path not in kept:
            kept[path] = known.read(path)
        return kept[path]

    once = authenticity.Archive(known.manifest, known.text)
    once.read = read
    return once


def rounds(seed: int, wanted: list[tuple[bool, int]]) -> Iterator[dict]:
    """The rounds (altered or not, number), a dict each."""
    from tests.authenticity import drawn

    against = archive()
    drawings: dict[str, tuple] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "copy"
        for altered, number in wanted:
            name = FIGURES[number % len(FIGURES)]
            if name not in drawings:
                fig = drawn.figure(name)
                drawings[name] = fig, drawn.picture(fig)
            fig, unaltered = drawings[name]
            rng = rng_of(seed, altered, number)
            way = WAYS[number // len(FIGURES) % len(WAYS)]
            picture, kind, what = unaltered, "none", ""
            if altered:
                picture, change = drawn.altered(fig, unaltered, rng)
                kind, what = change.kind, change.what
            content, how = saved(picture, way, rng)
            file.write_bytes(content)
            begun = time.process_time()
            found = authenticity.check(file, against)
            yield {
                "round": number, "altered": altered, "figure": name, "kind": kind,
                "what": what, "way": way, "how": how, "answer": authenticity.EXIT[found.status],
                "seconds": f"{time.process_time() - begun:.2f}",
            }  # fmt: skip


def counted(done: list[dict]) -> str:
    """The table of docs/copies.csv: rounds by what was altered, way and answer."""
    counts = Counter((row["kind"], row["way"], row["answer"]) for row in done)
    lines = ["altered,saved as,exit status,rounds"]
    lines += [",".join((*key, str(counts[key]))) for key in sorted(counts)]
    return "\n".join(lines) + "\n"


def kept_in(seed: int) -> Path:
    """Where the rounds of a seed are kept while the code that they try is this."""
    code = [
        ROOT / "nbtrail/src/nbtrail/compare/authenticity" / name
        for name in ("copies.py", "pictures.py")
    ]
    code += sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in code)).hexdigest()
    return ROOT / files.SCRATCH / f"check-{seed}-{digest[:8]}.jsonl"


def main() -> int:
    """Run what is left of the rounds; 1 if an altered copy was called the same, or too few
    unaltered ones were.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="then stop")
    chosen = parser.parse_args()
    os.environ.update(determinism.ENVIRONMENT)
    os.chdir(ROOT)
    begun = time.monotonic()
    kept = kept_in(chosen.seed)
    kept.parent.mkdir(exist_ok=True)
    done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    over = {(row["altered"], row["round"]) for row in done}
    every = [(altered, one) for one in range(chosen.rounds) for altered in (False, True)]
    left = [one for one in every if one not in over]
    with kept.open("a", encoding="utf-8") as stream:
        for row in rounds(chosen.seed, left):
            done.append(row)
            print(json.dumps(row, ensure_ascii=False), file=stream, flush=True)
            if time.monotonic() - begun > chosen.seconds:
                break
    same = [row for row in done if row["answer"] == 3]
    false = [row for row in same if row["altered"]]
    unaltered = [row for row in done if not row["altered"]]
    right = [row for row in unaltered if row["answer"] in (0, 3)]
    print(f"{len(done)} of {2 * chosen.rounds} rounds")
    print(f"altered: {len(done) - len(unaltered)}, called the same: {len(false)}")
    print(f"unaltered: {len(unaltered)}, called the same: {len(right)}")
    for row in false:
        print(row)
    if len(done) == 2 * chosen.rounds and (chosen.seed, chosen.rounds) == (SEED, ROUNDS):
        for row in done:
            row["answer"] = str(row["answer"])
        (ROOT / "docs/copies.csv").write_text(counted(done), encoding="utf-8", newline="\n")
    return int(bool(false) or len(right) < RECOGNISED * len(unaltered))


if __name__ == "__main__":
    sys.exit(main())
