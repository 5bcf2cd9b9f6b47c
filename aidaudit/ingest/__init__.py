"""From an upstream file to a raw fact table with its Frictionless descriptor.

`readers` turns one upstream file into one of our raw tables; this module checks it, writes
the CSV and the descriptor together or not at all, and regenerates data/raw/README.md.
Nothing is corrected here: corrections are rows in data/raw/corrections.csv.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aidaudit import layout
from aidaudit.data import clean, corrections, raw_tables, sources
from aidaudit.data.tables import RAW
from aidaudit.ingest import readers, replacing
from aidaudit.measures import plausibility
from nbtrail.base import determinism, digits, files, schema, workbooks
from nbtrail.base.errors import AuditError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

CATALOGUE = Path("config/sources.yaml")
# What a descriptor says where nobody said it.
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Origin:
    """Where one raw table comes from.

    source: key in config/sources.yaml. folder: below data/raw. upstream: path of the file as
    obtained. release, cut_off, taken, obtained_from: as the descriptor states them, or
    `NOT_STATED`.
    clean: the context table that is made from it.
    """

    source: str
    folder: str
    reader: str
    upstream: str
    taken: str
    obtained_from: str
    release: str | None = None
    cut_off: str | None = None
    inferred: str | None = None
    clean: str | None = None


def catalogue() -> dict:
    """config/sources.yaml: publishers, citations, terms, and the committed tables."""
    return files.read_yaml(CATALOGUE)


def upstream(folder: Path, origin: Origin) -> Path:
    """Where an origin's upstream file lies: in the folder of copies, or in the repository.

    Tables that were compiled row by row for this project have their upstream file in
    config/compiled.
    """
    own = determinism.root() / origin.upstream
    return own if own.exists() else folder / origin.upstream


def origins() -> list[Origin]:
    """The origins of all tables that are committed."""
    return [Origin(**entry) for entry in catalogue()["tables"]]


def ingest(
    file: Path,
    origin: Origin,
    *,
    replace: bool = False,
    because: str | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Read an upstream file and write data/raw/<folder>/<table>.csv and datapackage.json.

    because: why it may change or lack rows that are here. tell: is given lines for people:
    what changes where a table takes the place of another, and what a release has that the one
    before it had not. Returns the folder. Raises AuditError where the file is not what the
    source publishes, or is another file than the one that the descriptor there records
    (unless `replace`, and `because` where that changes what is here). Writes nothing unless
    everything is in order.
    """
    if not file.is_file():
        raise AuditError(
            "there is no such file.", file=file, mend="see data/raw/README.md for the original."
        )
    digest = sources.sha256(file)
    folder = determinism.root() / sources.RAW_FOLDER / origin.folder
    recorded = folder / "datapackage.json"
    before = sources.descriptor(recorded) if recorded.exists() else None
    same = before is not None and before["sources"][0]["hash"] == f"sha256:{digest}"
    if before is not None and not same and not replace:
        made_from = before["sources"][0]
        raise AuditError(
            f"this is not the upstream file from which data/raw/{origin.folder} was made.",
            file=file,
            found=f"sha256 {digest}",
            expected=f"{made_from['hash'].replace(':', ' ')} ({made_from['path']})",
            mend="use that file, or give --replace to take this one from now on.",
        )
    read = readers.READERS.get(origin.reader)
    if read is None:
        raise AuditError(
            f"unknown reader '{origin.reader}'.",
            file=CATALOGUE,
            expected=f"one of {sorted(readers.READERS)}",
            mend=nearest(origin.reader, list(readers.READERS)),
        )
    table, frame = read(file)
    number = int(origin.release) if sources.is_release(origin.folder) else None
    # Of what a correction changes, `_plausible` and the build look at the result.
    known = partial(
        corrections.spoken_of,
        corrections=corrections.read_corrections(),
        source=sources.correction_source(origin.folder),
        release=number,
    )
    if frame.empty:
        raise AuditError(
            "the file has a header but no rows.",
            file=file.name,
            expected=RAW[table].description,
            mend="download it again: it may be cut short.",
        )
    if "row" in frame:
        # Messages then count the upstream file's rows, blank ones included.
        frame.index = frame["row"].astype(int) - 2
        schema.validate(frame, RAW[table], file.name, accepted=known)
    # Staged beside the folders, so that a failure leaves none of them behind.
    with tempfile.TemporaryDirectory(dir=determinism.root() / sources.RAW_FOLDER) as stage:
        path = Path(stage) / f"{table}.csv"
        frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
        staged = schema.read(path, RAW[table], f"{file.name} (as ingested)", accepted=known)
        replaced = (before or {}).get("replaces") if same else None
        if before is not None and not same:
            replaced = _replaces(before, staged, table, origin, file, because, tell)
        if number is not None:
            for line in _plausible(staged, number, table, origin, digest, file):
                tell(line)
        loose = {column for _, column in known(frame) & schema.broken(frame, RAW[table])}
        package = describe(table, path, file, digest, origin, loose)
        if replaced is not None:
            package["replaces"] = replaced
        (Path(stage) / "datapackage.json").write_text(_json(package), encoding="utf-8")
        folder.mkdir(parents=True, exist_ok=True)
        for name in (path.name, "datapackage.json"):
            (Path(stage) / name).replace(folder / name)
    return folder


def _replaces(
    before: dict,
    new: pd.DataFrame,
    table: str,
    origin: Origin,
    file: Path,
    because: str | None,
    tell: Callable[[str], None],
) -> dict:
    """Hold a table against the one here; what the descriptor says of it. Raises AuditError.

    before: the descriptor that is there.
    """
    resource, made_from = before["resources"][0], before["sources"][0]
    if resource["name"] == table:
        found = replacing.compare(raw_tables.read(origin.folder), new, RAW[table])
    else:
        kinds = f"{resource['name']} → {table} ({len(new):,} rows)"
        found = replacing.Changes(
            [f"kind of table: {kinds}"], [f"it is another table: {kinds}"]
        )
    for name, words in (("cut_off", "last day"), ("taken", "day of download")):
        old, now = before.get(name) or NOT_STATED, getattr(origin, name) or NOT_STATED
        if NOT_STATED not in (old, now) and now < old:
            found.asks.append(f"its {words} is {now}, and that of the table here {old}")
    tell(f"data/raw/{origin.folder}: {file.name} in the place of {made_from['path']}")
    for line in found.told:
        tell(f"  {line}")
    because = " ".join((because or "").split())
    if found.asks and not because:
        raise replacing.needs_reason(found, file.name, origin.folder)
    said = {"because": because} if because else {}
    return {
        "path": made_from["path"],
        "hash": made_from["hash"],
        "rows": {"added": found.added, "gone": found.gone, "changed": found.changed},
        **said,
    }


def _plausible(
    raw: pd.DataFrame, number: int, table: str, origin: Origin, digest: str, file: Path
) -> list[str]:
    """Hold a release against those that are here already; what is new. Raises AuditError."""
    here = {n: sources.release(n) for n in sources.release_numbers() if n != number}
    again = [
        n for n, about in here.items() if about["sources"][0]["hash"] == f"sha256:{digest}"
    ]
    if again:
        raise _another(number, again[0], file, f"sha256 {digest}")
    if "row" in raw:
        raw.index = raw["row"].astype(int) - 2
    rows = corrections.read_corrections()
    corrected = corrections.applied(raw, rows, "kiel", number, RAW[table], file.name)
    tidy = clean.tidied(corrected, number, table, file.name)
    ends = {n: about["cut_off"] for n, about in here.items()} | {number: origin.cut_off}
    plausibility.ascending(ends, file.name)
    others = {n: clean.kiel(n, number) for n in here}
    if (same := plausibility.twin(tidy, others)) is not None:
        raise _another(number, same, file, "the same amounts of every donor")
    found = plausibility.check(
        number,
        tidy,
        corrected,
        cut_off=origin.cut_off,
        shown=file.name,
        neighbours={n: others[n] for n in sources.neighbours(number)},
    )
    told = found[found["check"].isin([plausibility.NEW]) | found["reason"].notna()]
    return [
        f"{row['told']}" + (f" (accepted: {row['reason']})" if row["beyond"] else "")
        for _, row in told.iterrows()
    ]


def _another(number: int, other: int, file: Path, found: str) -> AuditError:
    return AuditError(
        f"this is release {other}, which is here already, and not release {number}.",
        file=file.name,
        found=found,
        expected="a file of its own for each release",
        mend="look at the number in the workbook's first sheet; give that as --release.",
    )


def _json(content: dict) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def describe(
    table: str, path: Path, file: Path, digest: str, origin: Origin, loose: set[str]
) -> dict:
    """The Frictionless descriptor of one raw table.

    path: the CSV as written. file, digest: the upstream file and its sha256. loose: columns
    in which corrections.csv accepts a value outside the limits. Units stand in each field;
    terms that nobody has confirmed are called 'unconfirmed'.
    """
    known = catalogue()["sources"]
    if origin.source not in known:
        raise AuditError(
            f"unknown source '{origin.source}'.",
            file=CATALOGUE,
            expected=f"one of {sorted(known)}",
            mend=nearest(origin.source, list(known)) + "Add it under `sources`.",
        )
    about = known[origin.source]
    release = None if origin.release == NOT_STATED else origin.release
    taken = None if origin.taken == NOT_STATED else origin.taken
    package = {
        "profile": "data-package",
        "name": origin.folder.replace("/", "-").replace("_", "-"),
        "title": about["title"] + (f", release {release}" if release else ""),
        "description": RAW[table].description,
        "homepage": about["landing_page"],
        "publisher": about["publisher"],
        "citation": about["citation"],
        "licenses": [{"name": about["terms"], "title": about["terms_note"]}],
        "version": release or taken,
        "release": origin.release,
        "release_inferred": origin.inferred,
        "cut_off": origin.cut_off,
        "taken": origin.taken,
        "sources": [
            {
                "title": f"{about['publisher']}: {about['title']}",
                "path": Path(origin.upstream).name,
                "hash": f"sha256:{digest}",
                "bytes": file.stat().st_size,
                "obtained_from": origin.obtained_from,
            }
        ],
        "resources": [
            {
                "name": table,
                "path": path.name,
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "hash": f"sha256:{sources.sha256(path)}",
                "bytes": path.stat().st_size,
                "schema": {
                    "fields": RAW[table].fields(loose),
                    "missingValues": [""],
                    "primaryKey": RAW[table].key,
                },
            }
        ],
    }
    return {key: value for key, value in package.items() if value is not None}


def readme() -> str:
    """data/raw/README.md, made from the descriptors: what lies here and whose it is."""
    lines = [
        "# Raw fact tables",
        "",
        "This page is generated from the descriptors by `aidaudit ingest`; edit those, not it.",
        "",
        "Code and text of this project are under the MIT licence. The tables below are not:",
        "each stands under its publisher's terms. 'unconfirmed' means that no statement of the",
        "terms was seen with the file itself; ask the publisher before you redistribute.",
        "The tables hold facts only (identifiers, dates, codes, amounts, counts, names).",
        "",
        "| table | release, cut-off | publisher | terms | original |",
        "|---|---|---|---|---|",
    ]
    for folder, package in sources.packages().items():
        resource = package["resources"][0]
        when = ", ".join(
            part for part in (package.get("release", ""), package.get("cut_off", "")) if part
        )
        if "release_inferred" in package:
            when += " (release inferred)"
        upstream = package["sources"][0]
        lines.append(
            f"| [`{folder}/{resource['path']}`]({folder}/{resource['path']}) "
            f"| {when or '–'} | {package['publisher']} "
            f"| {package['licenses'][0]['title']} "
            f"| `{upstream['path']}`, from {package['homepage']} "
            f"(this copy: {upstream['obtained_from']}, taken {package['taken']}) |"
        )
    lines += ["", "## How to cite", ""]
    cited = dict.fromkeys(package["citation"] for package in sources.packages().values())
    lines += [f"- {citation}" for citation in cited]
    lines += [
        "",
        "Three tables are the project's own and kept by hand (described in "
        "`datapackage.json`): `corrections.csv`, every correction to these tables with its "
        "reason and the number of cells that it must change; `plausibility.csv`, what a "
        "release says against all expectation and why it is accepted; and "
        "`memberships/donors.csv`, the register of donors.",
    ]
    return "\n".join(lines) + "\n"


def own_tables() -> dict:
    """The descriptor of the tables that are kept by hand; no hashes, since people edit them."""
    return {
        "profile": "data-package",
        "name": "own-tables",
        "title": "Tables kept by hand: corrections, accepted jumps and the register of donors",
        "licenses": [{"name": "MIT", "title": "MIT licence"}],
        "resources": [
            {
                "name": name,
                "path": path.relative_to(sources.RAW_FOLDER).as_posix(),
                "profile": "tabular-data-resource",
                "schema": {"fields": RAW[name].fields(), "missingValues": [""]},
            }
            for name, path in (
                ("corrections", corrections.CORRECTIONS),
                ("plausibility", plausibility.ACCEPTED),
                ("donors", sources.REGISTER),
            )
        ],
    }


def write_overview() -> None:
    """Write data/raw/README.md and the descriptor of the tables kept by hand."""
    base = determinism.root() / sources.RAW_FOLDER
    (base / "README.md").write_text(readme(), encoding="utf-8")
    (base / "datapackage.json").write_text(_json(own_tables()), encoding="utf-8")


def origin_of(
    source: str,
    file: Path,
    release: int | str | None,
    cut_off: str | None,
    taken: str | None,
    obtained_from: str | None = None,
) -> Origin:
    """The origin of a file that a person downloaded, from what they said of it.

    For Kiel a release and its cut-off are needed, and the reader follows from the file;
    other sources have one table, which is taken again. Of bytes that are here already
    everything stays as it is recorded, but for what is said; of others, what nobody said is
    `NOT_STATED`. Raises AuditError.
    """
    known = [origin for origin in origins() if origin.source == source]
    if not known:
        names = sorted({origin.source for origin in origins()})
        raise AuditError(
            f"'{source}' is not a known source.",
            found=source,
            expected=f"one of {names}",
            mend=nearest(source, names) + "Sources stand in config/sources.yaml.",
        )
    for option, day in (("--cut-off", cut_off), ("--taken", taken)):
        if day is not None and not re.fullmatch(schema.ISO_DATE, day):
            raise AuditError(
                f"{option} is not a date.",
                found=day,
                expected="a date like 2026-08-31",
                mend="give the day as YYYY-MM-DD.",
            )
    said = {"cut_off": cut_off, "taken": taken, "obtained_from": obtained_from}
    said = {name: words for name, words in said.items() if words}
    unsaid = {"upstream": file.name, "taken": NOT_STATED, "obtained_from": NOT_STATED}
    if source != "kiel":
        said |= {"release": str(release)} if release else {}
        first = known[0]
        # Which edition it is, where the source has editions.
        edition = {name: NOT_STATED for name in ("release", "cut_off") if getattr(first, name)}
        facts = _recorded(first.folder, file) or {**unsaid, **edition, "inferred": None}
        return changed(first, **facts | said)
    if release is not None and not re.fullmatch(digits.WHOLE, str(release)):
        raise AuditError(
            "--release is not a number.",
            found=release,
            expected="for example --release 31",
            mend="it is named on the tracker's page and in the workbook's first sheet.",
        )
    folder = layout.raw_release(int(release)) if release is not None else ""
    facts = _recorded(folder, file) if folder else None
    if not folder or (cut_off is None and facts is None):
        raise AuditError(
            "a Kiel release needs --release and --cut-off.",
            file=file,
            expected="for example --release 31 --cut-off 2026-08-31",
            mend="both are named on the tracker's page and in the workbook's first sheet.",
        )
    same = next((o for o in known if o.folder == folder), None)
    reader = "kiel_workbook"
    if facts is not None and same is not None:
        reader = same.reader
    elif file.suffix != ".xlsx" and file.is_file():
        reader = same.reader if same is not None else readers.kiel.reader_of_csv(file)
    facts = facts or {**unsaid, "release": str(int(release))}
    return Origin("kiel", folder, reader, **facts | said)


def _recorded(folder: str, file: Path) -> dict | None:
    """What the descriptor of a folder says of these very bytes; None where they are others."""
    place = determinism.root() / sources.RAW_FOLDER / folder / "datapackage.json"
    if not place.is_file() or not file.is_file():
        return None
    package = sources.descriptor(place)
    made_from = package["sources"][0]
    if made_from["hash"] != f"sha256:{sources.sha256(file)}":
        return None
    return {
        "upstream": made_from["path"],
        "obtained_from": made_from["obtained_from"],
        "taken": package["taken"],
        "release": package.get("release"),
        "cut_off": package.get("cut_off"),
        "inferred": package.get("release_inferred"),
    }


def unstated(origin: Origin) -> list[str]:
    """What the descriptor of a table does not state, and how to state it."""
    names = ("release", "cut_off", "taken", "obtained_from")
    lacks = [name for name in names if getattr(origin, name) == NOT_STATED]
    options = " ".join(f"--{name.replace('_', '-')} …" for name in lacks)
    return [f"not stated: {', '.join(lacks)} (again with {options})"] if lacks else []


def first_rows(file: Path, rows: int = 12) -> list[str]:
    """The first rows of a workbook's sheet ReadMe, a line each; nothing where there is none."""
    if file.suffix != ".xlsx" or not file.is_file():
        return []
    names = workbooks.names(file)
    chosen = next((n for n in names if re.fullmatch("read ?me", n.strip().lower())), None)
    cells = workbooks.cells(file, chosen)[:rows] if chosen else []
    return [" ".join(str(cell) for cell in row if cell is not None) for row in cells]
