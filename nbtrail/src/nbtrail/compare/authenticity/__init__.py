"""Is this file, which somebody cites, one of ours, and unchanged?

By its bytes first, whatever its name; then by what it shows, so that a picture without its
metadata, or a table saved by another program, is still told from one that was altered. What
a file says of itself in its metadata is a hint where to look, never a proof.

Nothing from the file is executed, unpacked or followed; sizes are limited before reading.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import Counter
from pathlib import Path

from nbtrail.base import foreign, paths, terminal, zips
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError
from nbtrail.compare.authenticity import documents, drawings, pictures, text, workbooks
from nbtrail.compare.authenticity.base import Archive, Finding, hinted
from nbtrail.record import manifest as manifests

__all__ = ["EXIT", "Archive", "Finding", "check", "describe", "from_checkout", "from_zip"]
EXIT = {"unchanged": 0, "altered": 1, "unknown": 2, "lossy": 3}


def from_checkout(root: Path) -> Archive:
    """The build in a checkout or an unpacked archive. Raises AuditError if there is none."""
    path = root / paths.MANIFEST
    if not path.is_file():
        raise AuditError(
            "there is no build to check against.",
            file=paths.MANIFEST,
            mend="build first (make report), or name an archive: --archive FILE.zip",
        )
    return Archive(_manifest(path.read_bytes()), lambda one: (root / one).read_bytes())


def from_zip(reader: zips.Reader) -> Archive:
    """The build in an archive that `zips.open_safely` opened."""
    ends = [name for name in reader.names() if name.endswith("/" + paths.MANIFEST)]
    if len(ends) != 1:
        raise AuditError(
            "this is no archive of this project: it has no manifest.", file=reader.path
        )
    top = ends[0].removesuffix(paths.MANIFEST)
    foreign.hold("JSON", reader.size(ends[0]), reader.path)
    manifest = _manifest(reader.read(ends[0]))
    here = set(reader.names())
    _hold_together(
        {path: top + path for path in manifest["outputs"] if top + path in here}, reader
    )
    return Archive(manifest, lambda one: reader.read(top + one))


# Which outputs are held together against which limit.
_KINDS = {
    ".png": "archived pictures",
    ".svg": "archived drawings",
    ".pdf": "archived PDF",
    ".csv": "archived tables",
    ".json": "archived JSON",
    ".ipynb": "archived JSON",
    ".html": "archived pages",
    ".md": "archived pages",
    ".txt": "archived pages",
}


def _hold_together(members: dict[str, str], reader: zips.Reader) -> None:
    """Raise `Beyond` where outputs would be too much to look through, by what they declare.

    members: output → its name in the archive.
    """
    sizes: Counter = Counter()
    pixels = 0
    for path, name in members.items():
        kind = _KINDS.get(Path(path).suffix)
        if kind is None:
            continue
        sizes[kind] += reader.size(name)
        foreign.hold(kind, sizes[kind], reader.path)
        if path.endswith(".png"):
            head = next(reader.chunks(name), b"")[:24]
            # What is no PNG is refused where it is decoded.
            known = len(head) == 24 and head.startswith(b"\x89PNG")
            width, height = struct.unpack(">II", head[16:]) if known else (0, 0)
            foreign.hold(
                "pixels of an archived picture", width * height, f"{reader.path}: {path}"
            )
            pixels += width * height
            foreign.hold("pixels of all archived pictures", pixels, reader.path)


_MANIFEST = {
    "version": str,
    "outputs": {str: {"sha256": str, "job": str}},
    "items": {str: {"kind": str, "title": str, "files": [str]}},
    "jobs": {
        str: {
            "rule": str,
            "notebook": (str, type(None)),
            "made_from": str,
            "inputs": {str: str},
        }
    },
}


def _manifest(content: bytes) -> dict:
    def refused(found: object = None) -> AuditError:
        return AuditError(
            "the manifest cannot be read.",
            file=paths.MANIFEST,
            found=found,
            expected="what a build of this project writes",
            mend="take the archive from where it was published, or build again (make report).",
        )

    try:
        manifest = foreign.json(content, paths.MANIFEST)
    except ValueError:
        raise refused() from None
    if not foreign.fits(manifest, _MANIFEST):
        raise refused()
    for path, about in manifest["outputs"].items():
        # A manifest that somebody made must not lead out of its folder either.
        if path.startswith("/") or {"", ".", ".."} & set(path.split("/")):
            raise refused(path)
        if about["job"] not in manifest["jobs"]:
            raise refused(about["job"])
    return manifest


def check(file: Path, archive: Archive) -> Finding:
    """What is known of a file. Raises AuditError for one that cannot be read safely."""
    content = foreign.content(file)
    digest = hashlib.sha256(content).hexdigest()
    outputs = archive.manifest["outputs"]
    same = [path for path, about in outputs.items() if about["sha256"] == digest]
    if same:
        others = f" (also {', '.join(same[1:])})" if len(same) > 1 else ""
        return Finding("unchanged", same[0], f"the same bytes{others}")
    for fits, compare, names in (
        (pictures.is_picture, pictures.picture, _PICTURES),
        (documents.is_pdf, documents.pdf, {"pdf"}),
        (drawings.is_svg, drawings.svg, {"svg"}),
        (workbooks.is_workbook, workbooks.workbook, {"xlsx"}),
        (text.is_json, text.values, None),
        (text.is_table, text.table, None),
        (text.is_text, text.lines, None),
    ):
        try:
            finding = compare(content, archive, file) if fits(content) else None
        except foreign.Beyond as error:
            error.file = file if error.file == foreign.UNNAMED else error.file
            raise
        if finding is not None:
            return _as_named(finding, file, names)
    hint = hinted(content, archive)
    if hint:
        return Finding(
            "altered", hint, "its metadata name this output, but it shows something else"
        )
    return Finding("unknown", None, "nothing in this build is like it")


_PICTURES = {"png", "jpg", "jpeg", "jpe", "jfif", "gif", "webp", "tif", "tiff", "bmp"}
_ENDING = re.compile(r"\.((?=[0-9]*[A-Za-z])[A-Za-z0-9]+)[. ]*\Z")


def _as_named(finding: Finding, file: Path, names: set[str] | None) -> Finding:
    """A finding, or 'altered' where the file's name has it opened as something else.

    names: the endings of its format, if metadata could hold what would then run: a picture
    that is called .html is a page to a browser.
    """
    ending = _ENDING.search(file.name)
    if names is None or ending is None or ending[1].lower() in names:
        return finding
    if finding.status not in ("unchanged", "lossy"):
        return finding
    told = [f"its name ends in .{ending[1]}", *finding.differences]
    how = f"{finding.how}; but by its name programs open it as something else"
    return Finding("altered", finding.path, how, told)


_PACKAGE = {"title": str, "publisher": str, "sources": [{"path": str, "hash": str}]}


def describe(finding: Finding, archive: Archive) -> str:
    """A finding for a person: the status, what it shows, and the data that it rests on."""
    heads = {
        "unchanged": "unchanged: it belongs to this build",
        "altered": "altered: it is not as this build made it",
        "unknown": "unknown: it does not belong to this build",
        "lossy": "the same, as far as a copy that lost details can show",
    }
    manifest = archive.manifest
    of = f"({NAME} {manifest['version']})"
    lines = [f"{heads[finding.status]} {of}", f"  {finding.how}"]
    mark = "but" if finding.status == "lossy" else "differs"
    lines += [f"  {mark}: {one}" for one in finding.differences]
    if finding.path is None:
        return terminal.lines(lines)
    lines.append(f"  archived as: {finding.path}")
    for identifier, item in manifest["items"].items():
        own = "report" if finding.path.startswith("report/") else ("figure", "table")
        if finding.path in item["files"] and item["kind"] in own:
            lines.append(f"  shows: {identifier}: {item['title']}")
    about = manifest["outputs"].get(finding.path)
    if about is None:
        return terminal.lines(lines)
    job = manifest["jobs"][about["job"]]
    lines.append(f"  made by: {job['notebook'] or job['rule']} ({about['job']})")
    lines.append(f"  made from: {job['made_from']}")
    for path in manifests.raw_before(manifest, finding.path):
        try:
            package = foreign.json(archive.text(path).encode(), path)
        except (OSError, KeyError, ValueError, AuditError):
            continue
        if not foreign.fits(package, _PACKAGE):
            continue
        (source,) = package["sources"][:1] or [{"path": "", "hash": ""}]
        lines.append(
            f"  data: {package['title']} ({package['publisher']}): {source['path']}, "
            f"{source['hash']}"
        )
    return terminal.lines(lines)
