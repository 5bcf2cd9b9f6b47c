"""The way back: from what is cited, through tables and notebooks, to upstream files and rows.

Reads the manifest for what was made from what; for a total of aid it selects the very rows
that the build summed, with the build's own functions, and checks that they add up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd

from aidaudit import aggregate, clean, config, paths, repro, results
from aidaudit import manifest as manifests
from aidaudit.donors import partition, select
from aidaudit.errors import AuditError

# A claim whose number is one cell of the headline table → reading, donors, measure.
TOTALS = {"MIL-2a": "at_article_date.nato.allocation"}


def way_back(manifest: dict, name: str) -> list[str]:
    """Lines from an item to the upstream files that it rests on, each step indented further.

    name: an id, a claim, a figure or a number's key. Every file stands with its sha256, every
    job once with its notebook, cell and parameters. Raises AuditError for an unknown name.
    """
    identifier = manifests.find(manifest, name)
    item = manifest["items"][identifier]
    value = f" = {item['value']}" if "value" in item else ""
    lines = [f"{identifier} ({item['kind']}): {item['title']}{value}"]
    job = manifest["jobs"][item["job"]]
    shown = [path for path in item["files"] if path.endswith((".csv", ".html", ".pdf"))]
    for path in shown if item["kind"] != "figure" else item["files"]:
        lines.append(f"  {_file(manifest, path)}")
    seen: set[str] = set()
    only = None
    if item["kind"] == "number":
        lines.insert(1, f"  {item['origin']}")
        # A table of the job itself rests on all that it read.
        only = set(item["files"][1:])
        only = None if only & set(job["outputs"]) else only
    lines += _made(manifest, item["job"], item.get("cell"), depth=1, seen=seen, only=only)
    lines.append(f"  made from, as one hash: {job['made_from']}")
    return lines


def _made(
    manifest: dict,
    name: str,
    cell: int | None,
    *,
    depth: int,
    seen: set[str],
    only: set[str] | None = None,
) -> Iterator[str]:
    """What a job is, and below it the way back of all that it read, or of `only` some."""
    pad = "  " * depth
    job = manifest["jobs"][name]
    given = ", ".join(f"{key}={value}" for key, value in job["parameters"].items())
    what = f"{job['notebook']}" if job["notebook"] else f"aidaudit job {job['rule']}"
    at = f", cell {cell}" if cell and job["notebook"] else ""
    if name in seen:
        yield f"{pad}made by {name}: as above"
        return
    seen.add(name)
    yield f"{pad}made by {name}: {what}{at}{f' ({given})' if given else ''}"
    for path in job["inputs"]:
        if path.startswith("config/") or (only is not None and path not in only):
            continue
        maker = manifest["outputs"].get(path)
        if maker is not None:
            yield f"{pad}  {_file(manifest, path)}"
            yield from _made(manifest, maker["job"], None, depth=depth + 2, seen=seen)
        elif not (path.startswith("data/raw/") and path.endswith("datapackage.json")):
            yield f"{pad}  {path}  sha256 {job['inputs'][path]}"
        else:
            yield from _upstream(path, pad + "  ")


def _upstream(path: str, pad: str) -> Iterator[str]:
    """The upstream files that a raw table's descriptor names."""
    about = json.loads((repro.root() / path).read_text(encoding="utf-8"))
    for source in about.get("sources", ()):
        digest = source["hash"].removeprefix("sha256:")
        yield f"{pad}{path}: {about['title']} ({about['publisher']})"
        yield f"{pad}  upstream: {source['path']}  sha256 {digest}"


def _file(manifest: dict, path: str) -> str:
    if path not in manifest["outputs"]:
        return path
    return f"{path}  sha256 {manifest['outputs'][path]['sha256']}"


# ---------------------------------------------------------------- rows of a total


def rows_of(manifest: dict, name: str) -> pd.DataFrame:
    """The clean rows that make up a total of aid, with their rows in the raw table.

    name: a claim of `TOTALS`, or the key of a total: `[variant:]<reading>.<donors>.<measure>…`
    as in the headline table, or `[variant:]allocation.<type or donor group>.eur_bn`. Amounts
    in EUR, nominal, zeros left out. Raises AuditError for anything else, and where the rows do
    not add up to the number.
    """
    identifier = manifests.find(manifest, name)
    item = manifest["items"][identifier]
    variant, _, key = item["title"].partition(":")
    if item["kind"] == "claim":
        claim, _, variant = identifier.rpartition("-")
        key = TOTALS.get(claim, "")
    parts = key.split(".")
    if parts[0] in ("total", "at_article_date") and len(parts) >= 3:
        return _of_headline(variant, *parts[:3])
    if parts[0] == "allocation" and item["kind"] == "number":
        return _of_part(variant, parts[1], item)
    raise AuditError(
        f"the rows of {name} cannot be listed: it is no total of aid.",
        expected="a total such as article:at_article_date.nato.allocation.eur_bn, or MIL-2a",
        mend=f"see the whole way back: aidaudit trace {name}",
    )


def _of_headline(variant: str, reading: str, group: str, measure: str) -> pd.DataFrame:
    table = results.read(variant, "headline")
    cell = table[
        (table["reading"] == reading)
        & (table["donors"] == group)
        & (table["measure"] == measure)
    ].iloc[0]
    rows = _clean(int(cell["release"]), measure, cell["cut_off"])
    rows = select(rows, clean.read("donors"), group, cell["cut_off"])
    return _adding_up(rows, cell["value_eur_bn"] * 1e9, f"{reading}.{group}.{measure}")


def _of_part(variant: str, part: str, item: dict) -> pd.DataFrame:
    """A donor group's or an aid type's share of all allocations."""
    chosen = config.variant(variant)
    cut_off = aggregate.last_day(chosen.totals_release, chosen.cut_off, chosen.release)
    rows = _clean(chosen.totals_release, "allocation", cut_off)
    groups = rows["donor"].map(partition(clean.read("donors"), cut_off))
    rows = rows[
        (rows["aid_type"].str.lower() == part)
        | (groups.str.lower().str.replace(" ", "_") == part)
    ]
    numbers = json.loads((repro.root() / item["files"][0]).read_text(encoding="utf-8"))
    value = numbers[item["title"].partition(":")[2]]["value"]
    return _adding_up(rows, value * 1e9, item["title"])


def _clean(release: int, measure: str, cut_off: str) -> pd.DataFrame:
    """Clean rows of a release up to a day: raw row, ids, donor, month, type, value_eur."""
    table = clean.read_kiel(release).rename(columns={f"{measure}_eur": "value_eur"})
    if "month" in table.columns:
        table = aggregate.cut(table, cut_off)
    kept = ("row", "activity_id", "sub_activity_id", "donor", "month", "aid_type", "value_eur")
    table = table[[column for column in kept if column in table.columns]]
    table.insert(0, "release", release)
    return table[table["value_eur"].notna() & (table["value_eur"] != 0)]


def _adding_up(rows: pd.DataFrame, expected: float, what: str) -> pd.DataFrame:
    total = rows["value_eur"].sum()
    # Tables keep twelve significant digits.
    if abs(total - expected) > max(abs(expected) * 1e-9, 1):
        raise AuditError(
            f"the rows of {what} do not add up to its number.",
            file=paths.MANIFEST,
            found=f"{total:.2f} EUR",
            expected=f"{expected:.2f} EUR",
            mend="rebuild: snakemake",
        )
    return rows.reset_index(drop=True)
