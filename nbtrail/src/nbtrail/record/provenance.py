"""The way back: from what is cited, through tables and notebooks, to upstream files and rows.

The manifest says what was made from what.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from nbtrail.base import determinism
from nbtrail.base.determinism import NAME
from nbtrail.record import manifest as manifests


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
    what = f"{job['notebook']}" if job["notebook"] else f"{NAME} job {job['rule']}"
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
    about = json.loads((determinism.root() / path).read_text(encoding="utf-8"))
    for source in about.get("sources", ()):
        digest = source["hash"].removeprefix("sha256:")
        yield f"{pad}{path}: {about['title']} ({about['publisher']})"
        yield f"{pad}  upstream: {source['path']}  sha256 {digest}"


def _file(manifest: dict, path: str) -> str:
    if path not in manifest["outputs"]:
        return path
    return f"{path}  sha256 {manifest['outputs'][path]['sha256']}"
