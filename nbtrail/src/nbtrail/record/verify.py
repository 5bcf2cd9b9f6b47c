"""Does a build give what the commit records? By bytes, or else by value.

`outputs.sha256` holds the hash of every output; `outputs.values.json` a short account of every
table and every collection of numbers, so that a build whose bytes differ, on a processor that
rounds the last digit otherwise, can still be held to its values. Pictures and pages are held
through the tables that they show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbtrail.base import determinism, files, paths, terminal
from nbtrail.base.errors import AuditError
from nbtrail.record import receipts

if TYPE_CHECKING:
    import pandas as pd

HASHES = "outputs.sha256"
VALUES = "outputs.values.json"
# Of a column's sum of absolute values. Tables keep twelve significant digits; six leave room
# for sums whose order differs, and are far finer than anything that the report shows.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Verdict:
    """The result: how many outputs are the same bytes, and what is not.

    level: 'bytes' (every output), 'values' (bytes differ, tables and numbers agree), or
    'different'. differing: outputs of other bytes. missing: recorded, not there. unrecorded:
    built, not recorded. values: lines that name where values differ.
    """

    level: str
    same: int
    differing: list[str]
    missing: list[str]
    unrecorded: list[str]
    values: list[str]


def outputs(manifest: dict) -> list[str]:
    """Every file that a build makes: outputs, receipts, the manifest and its descriptors."""
    written = [paths.receipt(*job.split("/")) for job in manifest["jobs"]]
    return sorted([*manifest["outputs"], *written, *paths.of_manifest()])


def is_output(path: str) -> bool:
    """Whether a path is where builds write, and not a source."""
    folders = ("data/processed/", "figures/", "report/build/", "report/notebooks/")
    own = path.startswith(folders) and not path.endswith("/.gitkeep")
    return own or path in ("report/report.html", "report/report.pdf")


def record(manifest: dict) -> int:
    """Write what this build gives into HASHES and VALUES; returns the number of outputs.

    Raises AuditError where an output is not as its job left it.
    """
    made = outputs(manifest)
    for path, about in manifest["outputs"].items():
        if about and receipts.sha256(path) != about["sha256"]:
            raise AuditError(
                "the output is not as the manifest says: the build is not finished.",
                file=path,
                mend="build first: make report",
            )
    lines = "".join(f"{receipts.sha256(path)}  {path}\n" for path in made)
    files.write_text(HASHES, lines)
    values = {path: _account(path) for path in made if _has_values(path)}
    text = ",\n".join(
        f" {json.dumps(path)}: {json.dumps(about, ensure_ascii=False)}"
        for path, about in values.items()
    )
    files.write_text(VALUES, f"{{\n{text}\n}}\n")
    return len(made)


def recorded() -> dict[str, str]:
    """Path → sha256 as HASHES has it now. Raises AuditError as `parsed` does."""
    return parsed(files.source(HASHES).read_text("utf-8"))


def parsed(text: str) -> dict[str, str]:
    """Path → sha256 from the text of HASHES. Raises AuditError for a line that is neither."""
    found = {}
    for row, line in enumerate(text.splitlines(), start=1):
        digest, gap, path = line.partition("  ")
        if len(digest) != 64 or not gap or not path:
            raise AuditError(
                "the line is no sha256 and path.",
                file=HASHES,
                row=row,
                found=line,
                mend=f"restore it: git checkout -- {HASHES}",
            )
        found[path] = digest
    return found


def check(manifest: dict) -> Verdict:
    """Hold the outputs that are here against what is recorded."""
    known = recorded()
    root = determinism.root()
    missing = [path for path in known if not (root / path).is_file()]
    present = [path for path in known if path not in missing]
    differing = [path for path in present if receipts.sha256(path) != known[path]]
    unrecorded = sorted(set(outputs(manifest)) - set(known))
    values = list(_values_differ(set(differing))) if differing else []
    level = "bytes"
    if missing or unrecorded or values:
        level = "different"
    elif differing:
        level = "values"
    return Verdict(level, len(present) - len(differing), differing, missing, unrecorded, values)


def told(verdict: Verdict, *, most: int = 10) -> str:
    """The verdict for a person: the level first, then what differs."""
    heads = {
        "bytes": f"The same bytes: all {verdict.same} outputs are as recorded.",
        "values": f"The same values: {len(verdict.differing)} outputs have other bytes, "
        f"{verdict.same} the same. Every table and every number agrees within "
        f"{TOLERANCE:g} of its column; pictures and pages show these.",
        "different": "Not as recorded.",
    }
    lines = [heads[verdict.level]]
    for title, found in (
        ("missing", verdict.missing),
        ("built, but not recorded", verdict.unrecorded),
        ("other values", verdict.values),
        ("other bytes", verdict.differing),
    ):
        if found:
            lines += [f"  {title} ({len(found)}):", *(f"    {one}" for one in found[:most])]
            lines += [f"    … and {len(found) - most} more"] if len(found) > most else []
    if verdict.level == "different":
        lines.append(f"  meant to change? Write it down: make record ({HASHES}, {VALUES})")
    return terminal.lines(lines)


# ---------------------------------------------------------------- values


def _has_values(path: str) -> bool:
    numbers = path.endswith("/numbers.json") and "/receipts/" not in path
    return path.endswith(".csv") or numbers


def _account(path: str) -> dict:
    """Rows, and per column a hash of its text or sums of its numbers."""
    frame = _frame(path)
    return {
        "rows": len(frame),
        "columns": {name: _column(frame[name]) for name in frame.columns},
    }


def _frame(path: str) -> pd.DataFrame:
    # Here, since Snakemake reads the record at each start.
    import pandas as pd

    full = determinism.root() / path
    if path.endswith(".csv"):
        return pd.read_csv(full, keep_default_na=False, na_values=[""], low_memory=False)
    entries = json.loads(full.read_text(encoding="utf-8"))
    rows = [
        {
            "key": key,
            "unit": entry["unit"],
            "text": entry["value"] if isinstance(entry["value"], str) else "",
            "number": None if isinstance(entry["value"], str) else entry["value"],
        }
        for key, entry in entries.items()
    ]
    return pd.DataFrame(rows).astype({"number": "float64"})


def _column(column: pd.Series) -> dict | str:
    """Text: its hash. Numbers: how many, their sum, absolute sum, and sum by place.

    The sum by place weighs each value with its row, from 0 to 1, so that two values that
    change places are seen.
    """
    if column.dtype.kind not in "iuf":
        text = "\n".join(column.fillna("").astype("str"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    import pandas as pd

    values = column.astype("float64")
    weights = pd.Series(range(1, len(values) + 1), index=values.index) / max(len(values), 1)
    sums = {
        "n": int(values.notna().sum()),
        "sum": values.sum(),
        "size": values.abs().sum(),
        "placed": (values * weights).sum(),
    }
    return {key: float(f"{value:.10g}") for key, value in sums.items()}


def _values_differ(differing: set[str]) -> Iterator[str]:
    """A line for each column whose values are not those recorded."""
    known = json.loads(files.source(VALUES).read_text(encoding="utf-8"))
    for path in sorted(differing & set(known)):
        yield from differ(path, known[path])


def differ(path: str, there: dict) -> Iterator[str]:
    """A line for each column of an output whose values are not those in its account."""
    here = _account(path)
    if there["rows"] != here["rows"] or list(there["columns"]) != list(here["columns"]):
        yield (
            f"{path}: {here['rows']} rows of {', '.join(here['columns'])}; recorded: "
            f"{there['rows']} rows of {', '.join(there['columns'])}"
        )
        return
    for name, was in there["columns"].items():
        now = here["columns"][name]
        if not _alike(was, now):
            yield f"{path}, column {name}: {_said(now)}; recorded: {_said(was)}"


def _alike(was: dict | str, now: dict | str) -> bool:
    if isinstance(was, str) or isinstance(now, str):
        return was == now
    room = TOLERANCE * max(was["size"], now["size"])
    return was["n"] == now["n"] and all(
        abs(was[key] - now[key]) <= room for key in ("sum", "size", "placed")
    )


def _said(account: dict | str) -> str:
    return "other text" if isinstance(account, str) else f"sum {account['sum']:g}"
