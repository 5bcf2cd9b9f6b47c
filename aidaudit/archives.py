"""Zip archives: written the same each time, read as if somebody hostile had made them.

Reading checks the whole table of contents before a byte is unpacked: names that lead out of
the target, links, names that some file system takes for one, and sizes beyond declared
limits. Sizes are counted again while reading, since what an archive says of itself may lie.
"""

from __future__ import annotations

import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aidaudit import repro
from aidaudit.errors import AuditError

MIB = 1 << 20
_BAD = re.compile(r"[\x00-\x1f\x7f\\]|^/|^[A-Za-z]:")


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most; sizes in bytes, ratio unpacked to packed."""

    members: int = 20_000
    member: int = 200 * MIB
    total: int = 1024 * MIB
    ratio: int = 200
    ratio_from: int = MIB  # smaller members may be packed as tightly as they like
    name: int = 255


# ---------------------------------------------------------------- writing


def write(
    out: Path, members: Mapping[str, Path | bytes], executable: Collection[str] = ()
) -> None:
    """Write a zip whose bytes depend on names and contents only; all or nothing.

    members: name in the archive → file or bytes. executable: names that keep that bit.
    """
    when = datetime.fromtimestamp(repro.SOURCE_DATE_EPOCH, UTC).timetuple()[:6]
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    try:
        part.unlink(missing_ok=True)
        # 'x' makes a new file, or none: it does not follow a link that lies there.
        with part.open("xb") as stream, zipfile.ZipFile(stream, "w") as archive:
            for name in sorted(members):
                content = members[name]
                about = zipfile.ZipInfo(name, when)
                about.create_system = 3  # Unix, whatever writes it: file modes count
                mode = 0o755 if name in executable else 0o644
                about.external_attr = (stat.S_IFREG | mode) << 16
                data = content if isinstance(content, bytes) else content.read_bytes()
                # An entry does not take the level from its archive.
                archive.writestr(about, data, zipfile.ZIP_DEFLATED, 9)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


# ---------------------------------------------------------------- reading


class Reader:
    """An archive whose table of contents has been checked."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
        """Use `open_safely`, which checks first."""
        self.path, self._archive, self._limits = path, archive, limits
        self._members = {about.filename: about for about in _files(archive)}

    def names(self) -> list[str]:
        """The names of all files, sorted."""
        return sorted(self._members)

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises AuditError where it is longer than it says, or damaged."""
        about = self._members[name]
        try:
            with self._archive.open(about) as stream:
                content = stream.read(about.file_size + 1)
                # A size that lies makes the reader stop early, or leaves something over.
                more = len(content) != about.file_size or stream.read(1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise _refusal(self.path, name, "cannot be unpacked", str(error)) from None
        if more:
            raise _refusal(
                self.path, name, "is not as long as it says", f"over {about.file_size} bytes"
            )
        return content

    def executable(self, name: str) -> bool:
        """Whether the file is to be executable."""
        return bool(self._members[name].external_attr >> 16 & 0o100)


@contextmanager
def open_safely(path: Path, limits: Limits = Limits()) -> Iterator[Reader]:
    """Open a zip after checking its whole table of contents.

    Raises AuditError for what is no zip, and for names, kinds or sizes that are refused.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise AuditError(f"cannot be opened as a zip archive: {error}.", file=path) from None
    with archive:
        _check(path, archive, limits)
        yield Reader(path, archive, limits)


def unpack(path: Path, target: Path, limits: Limits = Limits()) -> Path:
    """Unpack an archive into a folder that is not there yet, or empty; returns it.

    Nothing is written beside the target, and nothing stays when the archive is refused.
    """
    if target.is_symlink() or (
        target.exists() and (not target.is_dir() or any(target.iterdir()))
    ):
        raise AuditError(
            "the target is not an empty folder.", file=target, mend="name another folder."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with open_safely(path, limits) as archive:
            for name in archive.names():
                full = stage / name
                full.parent.mkdir(parents=True, exist_ok=True)
                full.write_bytes(archive.read(name))
                full.chmod(0o755 if archive.executable(name) else 0o644)
                # One time for all: what was built is not newer than what it was built from.
                _dated(full)
        if target.exists():
            target.rmdir()
        stage.chmod(0o755)
        stage.rename(target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return target


def _dated(path: Path) -> None:
    import os

    os.utime(path, (repro.SOURCE_DATE_EPOCH, repro.SOURCE_DATE_EPOCH))


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [about for about in archive.infolist() if not about.filename.endswith("/")]


def _check(path: Path, archive: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse the archive for what its table of contents says."""
    everything = archive.infolist()
    if len(everything) > limits.members:
        raise _refusal(
            path, "", "has too many members", len(everything), f"at most {limits.members}"
        )
    seen: dict[str, str] = {}
    for about in everything:
        _check_name(path, about, limits)
        alike = unicodedata.normalize("NFC", about.filename.rstrip("/")).casefold()
        if alike in seen:
            raise _refusal(path, about.filename, "stands there twice", seen[alike])
        seen[alike] = about.filename
        _check_size(path, about, limits)
    for alike, name in seen.items():
        above = alike.rpartition("/")[0]
        while above:
            if above in seen and not seen[above].endswith("/"):
                raise _refusal(path, name, "lies in what is a file", seen[above])
            above = above.rpartition("/")[0]
    total = sum(about.file_size for about in everything)
    if total > limits.total:
        raise _refusal(path, "", "is too large", total, f"at most {limits.total} bytes")
    _check_places(path, everything)


def _check_name(path: Path, about: zipfile.ZipInfo, limits: Limits) -> None:
    name = about.filename
    # zipfile cuts names at NUL; the original must not hide anything either.
    original = getattr(about, "orig_filename", name)
    parts = name.rstrip("/").split("/")
    if _BAD.search(original) or any(part in ("", ".", "..") for part in parts):
        raise _refusal(path, original, "has a name that could lead out of the target", original)
    if len(name.encode()) > limits.name:
        raise _refusal(path, name, "has a name that is too long", len(name), limits.name)
    kind = stat.S_IFMT(about.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refusal(path, name, "is a link or a device", oct(kind), "files only")
    if about.flag_bits & 0x1:
        raise _refusal(path, name, "is encrypted", "encrypted", "plain files")
    if about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refusal(
            path, name, "is packed by another method", about.compress_type, "deflate or none"
        )


def _check_size(path: Path, about: zipfile.ZipInfo, limits: Limits) -> None:
    if about.file_size > limits.member:
        raise _refusal(
            path, about.filename, "is too large", about.file_size, f"at most {limits.member}"
        )
    ratio = about.file_size / max(about.compress_size, 1)
    if about.file_size > limits.ratio_from and ratio > limits.ratio:
        raise _refusal(
            path, about.filename, "is packed too tightly", f"{ratio:.0f} to 1", limits.ratio
        )


def _check_places(path: Path, everything: list[zipfile.ZipInfo]) -> None:
    """Members that share their packed bytes make a small archive unpack to a huge one."""
    end = 0
    for about in sorted(everything, key=lambda one: one.header_offset):
        if about.header_offset < end:
            raise _refusal(path, about.filename, "overlaps another member", about.header_offset)
        # 30 bytes of header, then the name, then the packed content.
        end = about.header_offset + 30 + len(about.filename.encode()) + about.compress_size


def _refusal(
    path: Path, member: str, problem: str, found: object, expected: object = None
) -> AuditError:
    what = f"member {member!r} {problem}" if member else f"the archive {problem}"
    return AuditError(
        f"refused: {what}.",
        file=path,
        found=found,
        expected=expected,
        mend="take the archive from where it was published; nothing was unpacked.",
    )
