"""The archive of a version: sources, facts, outputs and the crate, in one zip.

A plain zip and not a BagIt bag: a bag keeps its payload below a folder `data/` of its own,
whereas this archive, once unpacked, is a checkout in which `make report` works. What a bag
would add, the hash of every file, stands in `manifest-sha256.txt`, in the form that
`sha256sum --check` reads.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from nbtrail.base import determinism, git, notebook_form, zips
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError
from nbtrail.record import verify
from nbtrail.share import citation, crate

HASHES = "manifest-sha256.txt"
ABOUT = "archive.json"
FOLDER = Path("dist")


def version(manifest: dict, content: dict[str, Path | bytes], *, modified: bool) -> str:
    """What an archive calls its content: the version, or that it differs, and a short hash.

    modified: whether sources differ from their commit. So do outputs that are not recorded,
    by bytes or by value.
    """
    if not modified and verify.check(manifest).level != "different":
        return manifest["version"]
    lines = "".join(f"{sha256(_bytes(one)).hexdigest()}  {p}\n" for p, one in content.items())
    return f"{manifest['version']}+modified-{sha256(lines.encode()).hexdigest()[:8]}"


def write(manifest: dict) -> Path:
    """Write the archive of the build at hand and its sha256; returns the zip's path.

    Raises AuditError where an output is missing or not as the manifest has it, or where
    neither git nor an unpacked archive says what the sources are.
    """
    root = determinism.root()
    sources, commit, modified = _sources()
    built = verify.outputs(manifest)
    for path in built:
        recorded = manifest["outputs"].get(path, {}).get("sha256")
        if not (root / path).is_file() or (recorded and _hash(root / path) != recorded):
            raise AuditError(
                "the output is missing, or not as it was made.",
                file=path,
                mend="build again: make report",
            )
    content: dict[str, Path | bytes] = {path: _as_committed(root / path) for path in sources}
    content |= {path: root / path for path in built}
    content = dict(sorted(content.items()))
    label = version(manifest, content, modified=modified)
    name = f"{NAME}-{label}"
    content[ABOUT] = _json(
        {
            "project": manifest["project"],
            "version": label,
            "released": manifest["released"],
            "commit": commit,
            "modified": modified,
        }
    )
    described = {
        path: crate.Content(len(data), sha256(data).hexdigest())
        for path, data in ((path, _bytes(one)) for path, one in sorted(content.items()))
    }
    about = {**citation.read(), "version": label}
    metadata = crate.metadata(manifest, described, about, commit)
    content[crate.FILE] = crate.text(metadata).encode()
    lines = [f"{sha256(_bytes(one)).hexdigest()}  {path}\n" for path, one in content.items()]
    content[HASHES] = "".join(sorted(lines, key=lambda line: line[66:])).encode()
    out = root / FOLDER / f"{name}.zip"
    zips.write(
        out,
        {f"{name}/{path}": one for path, one in content.items()},
        executable={f"{name}/{path}" for path in sources if _executable(path)},
    )
    digest = _hash(out)
    out.with_name(f"{out.name}.sha256").write_text(f"{digest}  {out.name}\n", encoding="utf-8")
    return out


def _sources() -> tuple[list[str], str | None, bool]:
    """The committed files, the commit, and whether they differ from it.

    In an unpacked archive, which is no repository, the archive's own lists say so.
    """
    root = determinism.root()
    if (root / ABOUT).is_file():
        about = json.loads((root / ABOUT).read_text(encoding="utf-8"))
        lines = (root / HASHES).read_text(encoding="utf-8").splitlines()
        known = {line[66:]: line[:64] for line in lines}
        own = [path for path in known if not verify.is_output(path)]
        own = [path for path in own if path not in (ABOUT, crate.FILE)]
        changed = any(
            sha256(_as_committed(root / path)).hexdigest() != known[path] for path in own
        )
        return own, about["commit"], about["modified"] or changed
    commit = git.told("rev-parse", "HEAD").strip() if git.is_clone() else ""
    listed = git.told("ls-files", "-z").split("\0")
    if not commit:
        raise AuditError(
            "there is neither a git repository nor an unpacked archive here.",
            file=str(root),
            mend=f"run it in a clone, or in a folder made by `{NAME} unpack`.",
        )
    # Whatever the user has git keep quiet about: new files, files marked as unchanged.
    modified = bool(git.told("status", "--porcelain", "--untracked-files=normal").strip())
    marked = git.told("ls-files", "-v", "-z").split("\0")
    modified = modified or any(one[:2] != "H " for one in marked if one)
    return [path for path in listed if path and (root / path).is_file()], commit, modified


def _as_committed(path: Path) -> bytes:
    """Without outputs: those of a notebook that was run by hand are of no commit."""
    content = path.read_bytes()
    return notebook_form.cleaned(content) if path.suffix == ".ipynb" else content


def _executable(path: str) -> bool:
    # By what the file is, not by its mode: a file system may not know modes.
    return (determinism.root() / path).read_bytes()[:2] == b"#!"


def _bytes(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _json(content: dict) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
