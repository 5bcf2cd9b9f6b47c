"""The manifest: every output of a build with its hash, the job that made it, and from what.

Put together from the receipts of all jobs, which must agree with one another. What people
cite, figures, tables, numbers and claims, stands in it as `items` under short ids; the
README's table, codecheck.yml and the archive's crate are generated from it.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from nbtrail.base import determinism, files, paths
from nbtrail.base.errors import AuditError
from nbtrail.base.project import project
from nbtrail.base.schema import Table
from nbtrail.record import numbers, receipts

# pandas' kinds of columns → Frictionless types, for tables without a schema of their own.
_KINDS = {"i": "integer", "u": "integer", "f": "number", "b": "boolean"}

# What the manifest keeps of a receipt; version and environment are the same for all jobs.
_KEPT = ("rule", "notebook", "cell", "parameters", "code", "inputs", "made_from")


def jobs_of(written: Iterable[str]) -> dict[str, dict]:
    """Job → its receipt, from the paths of receipts, sorted by job."""
    found = {receipts.job_of(path): receipts.read(path) for path in written}
    return dict(sorted(found.items()))


# What else can be cited of an output: its path → ids and what they are.
Items = Callable[[str], Iterable[tuple[str, dict]]]


def build(written: Iterable[str], further: Items = lambda path: ()) -> dict:
    """The manifest of a build from the receipts of its jobs.

    written: paths of receipts. further: items beside figures, tables, numbers and the report.
    Returns project, version, released, environment, jobs (name →
    rule, notebook, cell, parameters, code, inputs with sha256, outputs, made_from), outputs
    (path → sha256, job) and items (id → kind, title, job, files, notebook, cell; for numbers
    also value and origin). Raises AuditError for a file that is not as its job left it, or that
    another job read in another state.
    """
    jobs = jobs_of(written)
    outputs = {
        path: {"sha256": digest, "job": job}
        for job, receipt in jobs.items()
        for path, digest in receipt["outputs"].items()
    }
    for path, about in outputs.items():
        if receipts.sha256(path) != about["sha256"]:
            raise AuditError(
                "the file was changed after it was made.",
                file=path,
                found=receipts.sha256(path),
                expected=f"sha256 {about['sha256']}",
                mend=f"make it again: snakemake {path} --force",
            )
    for job, about in jobs.items():
        for path, digest in about["inputs"].items():
            if path in outputs and outputs[path]["sha256"] != digest:
                raise AuditError(
                    f"the job {job} read another state of this file than the one at hand.",
                    file=path,
                    found=digest,
                    expected=f"sha256 {outputs[path]['sha256']}",
                    mend=f"run it again: snakemake {min(about['outputs'])} --force",
                )
    return {
        "project": determinism.NAME,
        "version": determinism.VERSION,
        "released": determinism.RELEASED,
        "environment": {"path": paths.LOCK, "sha256": receipts.sha256(paths.LOCK)},
        "jobs": {
            job: {key: about[key] for key in _KEPT} | {"outputs": sorted(about["outputs"])}
            for job, about in jobs.items()
        },
        "outputs": dict(sorted(outputs.items())),
        "items": dict(_items(jobs, outputs, further)),
    }


def read() -> dict:
    """The manifest of the last build. Raises AuditError when there is none."""
    return json.loads(files.source(paths.MANIFEST).read_text(encoding="utf-8"))


# ---------------------------------------------------------------- what is cited


def _items(jobs: dict, outputs: dict, further: Items) -> Iterator[tuple[str, dict]]:
    """Id → what it is, for everything that can be cited, in the order of ids."""
    found: dict[str, dict] = {}
    for job, about in jobs.items():
        for path in about["outputs"]:
            for identifier, item in [*_of_file(path, about), *further(path)]:
                if identifier in found:
                    raise AuditError(
                        f"two items have the id {identifier}.",
                        file=path,
                        found=item["title"],
                        expected=f"only {found[identifier]['title']}",
                        mend="rename one of the two keys.",
                    )
                item = {"cell": about["cell"]} | item
                item |= {"job": job, "notebook": about["notebook"]}
                found[identifier] = {
                    **item,
                    "files": [f for f in item["files"] if f in outputs],
                }
    yield from sorted(found.items())


def _of_file(path: str, about: dict) -> Iterator[tuple[str, dict]]:
    """What can be cited of one output. about: the receipt of the job that made it.

    Raises AuditError for a number that is not the cell that it names, or names another job.
    """
    folder, place = PurePosixPath(path).parent, PurePosixPath(path)
    if folder.parts[0] == "figures" and place.suffix == ".json":
        words = _json(path)
        name = words.get("figure") or words["table"]
        shown = paths.figure if "figure" in words else paths.table
        yield (
            paths.identifier(name, words["variant"]),
            {
                "kind": "figure" if "figure" in words else "table",
                "title": words.get("title") or words["caption"],
                "files": list(shown(name, words["variant"]).values()),
            },
        )
    elif folder.name == "numbers" and place.suffix == ".json":
        variant, entries = folder.parent.name, _json(path)
        known = {*about["inputs"], *about["outputs"]}
        numbers.check_origin(entries, path, job=f"{variant}/{place.stem}", known=known)
        numbers.check(entries, path, _text)
        for key, number in entries.items():
            yield (
                paths.number_id(variant, key),
                {
                    "kind": "number",
                    "title": f"{variant}:{key}",
                    "value": number["display"],
                    "files": [paths.all_numbers(variant), *numbers.files_of(number)],
                    "cell": number["cell"],
                    "origin": numbers.origin(number),
                },
            )
    elif place.stem == folder.name == "report" and place.suffix in {".html", ".pdf"}:
        yield (
            f"report-{place.suffix[1:]}",
            {"kind": "report", "title": "The report", "files": [path]},
        )


def programs(jobs: dict[str, dict], makes: Mapping[str, str]) -> list[dict]:
    """Which notebook and which cell of it makes what: a row per notebook.

    jobs: as `jobs_of` or the manifest has them. makes: stem of a notebook → what it makes, in
    words. Returns dicts of makes (words), notebook,
    cell and files (patterns such as figures/{article,latest}/F01.csv), in the order of the
    stages. Executed notebooks are left out: they lie in report/notebooks under the same names.
    """
    rows = []
    by_notebook: dict[str, list[tuple[str, dict]]] = {}
    for job, about in jobs.items():
        if about["notebook"]:
            by_notebook.setdefault(about["notebook"], []).append((job, about))
    for notebook, runs in by_notebook.items():
        made = [
            PurePosixPath(path)
            for _, about in runs
            for path in about["outputs"]
            if not path.startswith("report/notebooks/")
        ]
        rows.append(
            {
                "makes": _makes(notebook, makes),
                "notebook": notebook,
                "cell": runs[0][1]["cell"],
                "files": _patterns(made),
            }
        )
    stages = ("clean", "analysis", "figures", "tables", "report.ipynb")
    return sorted(
        rows, key=lambda row: (stages.index(row["notebook"].split("/")[1]), row["notebook"])
    )


def _makes(notebook: str, makes: Mapping[str, str]) -> str:
    """What a notebook makes, in words."""
    stem = PurePosixPath(notebook).stem
    if notebook.startswith(("notebooks/figures/", "notebooks/tables/")):
        return f"{stem} and its numbers"
    return makes.get(stem, stem)


def _patterns(made: list[PurePosixPath]) -> list[str]:
    """Paths with what differs in braces: figures/{article,latest}/F01.{csv,pdf}."""
    by_place: dict[tuple[str, str], dict[str, list[str]]] = {}
    for path in sorted(set(made)):
        # The last folder is the variant, unless its parts lie in a folder of their own.
        numbers = path.parent.name == "numbers"
        variant = path.parent.parent.name if numbers else path.parent.name
        root = path.parent.parent.parent if numbers else path.parent.parent
        name = f"numbers/{path.stem}" if numbers else path.stem
        place = by_place.setdefault((root.as_posix(), variant), {})
        place.setdefault(name, []).append(path.suffix[1:])
    found: dict[tuple[str, str], list[str]] = {}
    for (root, variant), names in by_place.items():
        # Many tables of one folder and kind are told by the folder.
        if len(names) > 4:
            names = {"*": [suffix for suffixes in names.values() for suffix in suffixes]}
        for name, suffixes in names.items():
            found.setdefault((root, f"{name}.{_braced(suffixes)}"), []).append(variant)
    return [f"{root}/{_braced(variants)}/{name}" for (root, name), variants in found.items()]


def _braced(parts: list[str]) -> str:
    parts = sorted(set(parts))
    return parts[0] if len(parts) == 1 else "{" + ",".join(parts) + "}"


def find(manifest: dict, name: str) -> str:
    """The id that a person means: an id, a figure, claim or number key without its variant.

    An id without a variant is what the project means by it; anything else that which the
    report shows. Raises AuditError with the nearest known name, and where the report shows
    none or several.
    """
    from nbtrail.base.errors import nearest

    items = manifest["items"]
    by_title = {item["title"]: one for one, item in items.items() if item["kind"] == "number"}
    if name in items or name in by_title:
        return name if name in items else by_title[name]
    found = variants_of(manifest, name)
    meant = project().meant().get(name)
    if meant in found:
        return meant
    if len(found) > 1:
        shown = [one for one in found if _is_shown(one, items[one]["title"])]
        if len(shown) != 1:
            raise AuditError(
                f"{name} is made for several variants, and the report shows "
                f"{'none' if not shown else 'several'} of them.",
                found=name,
                expected="one of " + ", ".join(found),
                mend="name the variant that you mean.",
            )
        found = shown
    if found:
        return found[0]
    raise AuditError(
        f"nothing in this build is called {name}.",
        mend=nearest(name, [*items, *by_title])
        + "Ids stand below figures and tables; keys of numbers in numbers.json.",
    )


def variants_of(manifest: dict, name: str) -> list[str]:
    """The ids that a figure, table, claim or number key has in the variants that make it."""
    items = manifest["items"]
    by_title = {item["title"]: one for one, item in items.items() if item["kind"] == "number"}
    made = [paths.ALL, *(one for one in project().groups() if one != paths.ALL)]
    known = [(f"{name}-{one}", by_title.get(f"{one}:{name}")) for one in made]
    return [one for pair in known for one in pair if one in items]


def _is_shown(identifier: str, title: str) -> bool:
    """Whether the report as it is built shows an item, or tells a number."""
    text = determinism.root() / "report/build/report.md"
    told = text.read_text("utf-8") if text.is_file() else ""
    anchor = re.search(rf"{{#{re.escape(identifier)}[ }}]", told)
    return bool(anchor) or f'key="{title}"' in told


def jobs_before(manifest: dict, path: str) -> list[str]:
    """The jobs that an output rests on, the one that made it first, nearest first."""
    found: dict[str, None] = {}
    waiting = deque([path])
    while waiting:
        job = manifest["outputs"].get(waiting.popleft(), {}).get("job")
        if job is not None and job not in found:
            found[job] = None
            waiting += sorted(manifest["jobs"][job]["inputs"])
    return list(found)


def raw_before(manifest: dict, path: str) -> list[str]:
    """The descriptors of the raw tables that an output rests on."""
    return sorted(
        {
            source
            for job in jobs_before(manifest, path)
            for source in manifest["jobs"][job]["inputs"]
            if source.startswith("data/raw/") and source.endswith("datapackage.json")
        }
    )


# ---------------------------------------------------------------- descriptors


# The schema of a built table, by path and header.
Schemas = Callable[[PurePosixPath, list[str]], Table | None]


def descriptor(
    manifest: dict, path: str, table_of: Schemas = lambda place, header: None
) -> dict:
    """The Frictionless descriptor of all built tables below the folder that it stands in.

    CSV has no room for a mark of its own: id, version and made_from stand here.
    """
    folder = Path(path).parent
    resources = [
        _resource(table, folder, about, manifest, table_of)
        for table, about in manifest["outputs"].items()
        if table.endswith(".csv") and Path(table).is_relative_to(folder)
    ]
    return {
        "profile": "data-package",
        "name": f"{determinism.NAME}-{folder.name}",
        "title": f"Tables that the build writes to {folder}",
        "version": manifest["version"],
        "licenses": [{"name": "MIT", "title": "MIT licence; facts: their publishers' terms"}],
        "resources": resources,
    }


def _resource(table: str, folder: Path, about: dict, manifest: dict, table_of: Schemas) -> dict:
    place = Path(table)
    full = determinism.root() / table
    return {
        "name": "-".join(place.relative_to(folder).with_suffix("").parts)
        .replace("_", "-")
        .lower(),
        "path": place.relative_to(folder).as_posix(),
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": full.stat().st_size,
        "hash": f"sha256:{about['sha256']}",
        f"{determinism.NAME}-id": "-".join((place.stem, place.parent.name)),
        f"{determinism.NAME}-version": manifest["version"],
        f"{determinism.NAME}-made-from": manifest["jobs"][about["job"]]["made_from"],
        "schema": {"fields": _fields(place, table_of), "missingValues": [""]},
    }


def _fields(place: Path, table_of: Schemas) -> list[dict]:
    """The columns of a built table: as its schema says, or as its values are."""
    header = _table(place.as_posix(), rows=0).columns.tolist()
    schema = table_of(PurePosixPath(place), header)
    if schema is not None and list(schema.columns) == header:
        return schema.fields()
    frame = _table(place.as_posix())
    return [
        {"name": str(name), "type": _KINDS.get(frame[name].dtype.kind, "string")}
        for name in header
    ]


def _text(path: str) -> str:
    return (determinism.root() / path).read_text(encoding="utf-8")


def _json(path: str) -> dict:
    return json.loads(_text(path))


def _table(path: str, rows: int | None = None) -> pd.DataFrame:
    return pd.read_csv(
        determinism.root() / path,
        nrows=rows,
        keep_default_na=False,
        na_values=[""],
        low_memory=False,
    )
