"""Is this file, which somebody cites, one of ours, and unchanged?

By its bytes first, whatever its name; then by what it shows, so that a picture without its
metadata, or a table saved by another program, is still told from one that was altered. What
a file says of itself in its metadata is a hint where to look, never a proof.

Nothing from the file is executed, unpacked or followed; sizes are limited before reading.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from aidaudit import archives, paths
from aidaudit import manifest as manifests
from aidaudit.checking import documents, drawings, pictures, text, workbooks
from aidaudit.checking.base import Archive, Finding, hinted
from aidaudit.errors import AuditError

__all__ = ["EXIT", "Archive", "Finding", "check", "describe", "from_checkout", "from_zip"]
MOST_BYTES = 200 * archives.MIB
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


def from_zip(reader: archives.Reader) -> Archive:
    """The build in an archive that `archives.open_safely` opened."""
    ends = [name for name in reader.names() if name.endswith("/" + paths.MANIFEST)]
    if len(ends) != 1:
        raise AuditError(
            "this is no archive of this project: it has no manifest.", file=reader.path
        )
    top = ends[0].removesuffix(paths.MANIFEST)
    return Archive(_manifest(reader.read(ends[0])), lambda one: reader.read(top + one))


def _manifest(content: bytes) -> dict:
    try:
        manifest = json.loads(content)
        manifest["jobs"], manifest["items"]
        for path, about in manifest["outputs"].items():
            about["sha256"], about["job"]
            # A manifest that somebody made must not lead out of its folder either.
            if path.startswith("/") or ".." in path.split("/"):
                raise ValueError(path)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AuditError("the manifest cannot be read.", file=paths.MANIFEST) from None
    return manifest


def check(file: Path, archive: Archive) -> Finding:
    """What is known of a file. Raises AuditError for one that cannot be read safely."""
    if not file.is_file():
        raise AuditError("there is no such file.", file=file)
    if file.stat().st_size > MOST_BYTES:
        raise AuditError(
            "the file is too large to check.",
            file=file,
            found=file.stat().st_size,
            expected=f"at most {MOST_BYTES} bytes",
        )
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    outputs = archive.manifest["outputs"]
    same = [path for path, about in outputs.items() if about["sha256"] == digest]
    if same:
        others = f" (also {', '.join(same[1:])})" if len(same) > 1 else ""
        return Finding("unchanged", same[0], f"the same bytes{others}")
    for fits, compare in (
        (pictures.is_picture, pictures.picture),
        (documents.is_pdf, documents.pdf),
        (drawings.is_svg, drawings.svg),
        (workbooks.is_workbook, workbooks.workbook),
        (text.is_json, text.values),
        (text.is_table, text.table),
        (text.is_text, text.lines),
    ):
        if fits(content):
            finding = compare(content, archive, file)
            if finding is not None:
                return finding
    hint = hinted(content, archive)
    if hint:
        return Finding(
            "altered", hint, "its metadata name this output, but it shows something else"
        )
    return Finding("unknown", None, "nothing in this build is like it")


def describe(finding: Finding, archive: Archive) -> str:
    """A finding for a person: the status, what it shows, and the data that it rests on."""
    heads = {
        "unchanged": "unchanged: it belongs to this build",
        "altered": "altered: it is not as this build made it",
        "unknown": "unknown: it does not belong to this build",
        "lossy": "the same, as far as a copy that lost details can show",
    }
    manifest = archive.manifest
    lines = [f"{heads[finding.status]} (aidaudit {manifest['version']})", f"  {finding.how}"]
    mark = "but" if finding.status == "lossy" else "differs"
    lines += [f"  {mark}: {one}" for one in finding.differences]
    if finding.path is None:
        return "\n".join(lines)
    lines.append(f"  archived as: {finding.path}")
    for identifier, item in manifest["items"].items():
        own = "report" if finding.path.startswith("report/") else ("figure", "table")
        if finding.path in item["files"] and item["kind"] in own:
            lines.append(f"  shows: {identifier}: {item['title']}")
    about = manifest["outputs"].get(finding.path)
    if about is None:
        return "\n".join(lines)
    job = manifest["jobs"][about["job"]]
    lines.append(f"  made by: {job['notebook'] or job['rule']} ({about['job']})")
    lines.append(f"  made from: {job['made_from']}")
    for path in manifests.raw_before(manifest, finding.path):
        try:
            package = json.loads(archive.text(path))
            (source,) = package["sources"]
        except (OSError, KeyError, ValueError, AuditError):
            continue
        lines.append(
            f"  data: {package['title']} ({package['publisher']}): {source['path']}, "
            f"{source['hash']}"
        )
    return "\n".join(lines)
