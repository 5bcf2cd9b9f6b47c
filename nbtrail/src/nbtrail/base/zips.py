"""Zip archives: written the same each time, read as if somebody hostile had made them.

Reading checks the whole table of contents before a byte is unpacked: names that lead out of
the target or that some file system takes for another, links, sizes beyond declared limits, and
bytes that another unzipper would take for another archive: every byte must belong to a member,
to the table or to the one end record. Sizes are counted again while reading, since what an
archive says of itself may lie.
"""

from __future__ import annotations

import io
import re
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError

MIB = 1 << 20
CHUNK = MIB
_BAD = re.compile(r"[\x00-\x1f\x7f\\]|^/|^[A-Za-z]:")
# What Windows gives a meaning of its own: streams, wildcards, devices, short names.
_MARKS = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]|conin\$|conout\$)\s*(\..*)?", re.I)
_SHORT = re.compile(r"[^.]{1,6}~[0-9]{1,6}(\.[^.]{0,3})?")
# What is not seen, or turns the order of what is: control, format, surrogate, line ends.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
# Bits of a member: how hard it was packed, sizes that follow it, a name in UTF-8.
_FLAGS = 0x080E
_NEWEST = 63  # the version of the format that any reader knows, times ten
_UNICODE_NAME = 0x7075
_CENTRAL, _LOCAL = struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s5H3I2H")
_END, _END64 = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most; sizes in bytes, ratio unpacked to packed."""

    file: int = 100 * MIB
    members: int = 20_000
    folders: int = 20_000
    member: int = 100 * MIB
    total: int = 512 * MIB
    ratio: int = 200  # of one member
    ratio_from: int = MIB  # smaller members may be packed as tightly as they like
    total_ratio: int = 50  # of all together
    name: int = 255
    depth: int = 32


# ---------------------------------------------------------------- writing


def write(
    out: Path, members: Mapping[str, Path | bytes], executable: Collection[str] = ()
) -> None:
    """Write a zip whose bytes depend on names and contents only; all or nothing.

    members: name in the archive → file or bytes. executable: names that keep that bit.
    """
    when = datetime.fromtimestamp(determinism.SOURCE_DATE_EPOCH, UTC).timetuple()[:6]
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

    def size(self, name: str) -> int:
        """How many bytes a file says that it has; no more are ever read."""
        return self._members[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's bytes in parts. Raises AuditError where it is damaged, or its size lies."""
        about = self._members[name]
        left = about.file_size
        try:
            with self._archive.open(about) as stream:
                # A size that lies makes the reader stop early, or leaves something over.
                while part := stream.read(min(CHUNK, left + 1)):
                    left -= len(part)
                    if left < 0:
                        break
                    yield part
        except _DAMAGED as error:
            raise _refusal(self.path, name, "cannot be unpacked", str(error)) from None
        if left:
            raise _refusal(
                self.path, name, "is not as long as it says", f"not {about.file_size} bytes"
            )

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises AuditError where it is longer than it says, or damaged."""
        return b"".join(self.chunks(name))

    def executable(self, name: str) -> bool:
        """Whether the file is to be executable."""
        return bool(self._members[name].external_attr >> 16 & 0o100)


# What zipfile raises where a byte is wrong.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError,
    OverflowError,
)  # fmt: skip


@contextmanager
def open_safely(path: Path, limits: Limits = Limits()) -> Iterator[Reader]:
    """Open a zip after checking its whole table of contents.

    Raises AuditError for what is no zip, and for names, kinds or sizes that are refused.
    """
    if not path.is_file():
        raise AuditError("there is no such file.", file=path)
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        if size > limits.file:
            raise _refusal(path, "", "is too large", size, f"at most {limits.file} bytes")
        _Table(path, stream, size, limits).check()
        try:
            archive = zipfile.ZipFile(stream)
        except _DAMAGED as error:
            raise _no_zip(path, error) from None
        with archive:
            _check(path, archive, size, limits)
            yield Reader(path, archive, limits)


def unpack(path: Path, target: Path, limits: Limits = Limits()) -> Path:
    """Unpack an archive into a folder that is not there yet, or empty; returns it.

    Nothing is written beside the target, and nothing stays when the archive is refused. A
    folder that is there keeps its mode; a new one, and files, get what the umask leaves.
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
        inside = stage / "unpacked"
        inside.mkdir()
        with open_safely(path, limits) as archive:
            for name in archive.names():
                full = inside / name
                full.parent.mkdir(parents=True, exist_ok=True)
                with full.open("xb") as stream:
                    stream.writelines(archive.chunks(name))
                if archive.executable(name):
                    mode = full.stat().st_mode
                    # Whoever may read it may run it.
                    full.chmod(mode | (mode & 0o444) >> 2)
                # One time for all: what was built is not newer than what it was built from.
                _dated(full)
        if target.exists():
            inside.chmod(stat.S_IMODE(target.stat().st_mode))
        # Takes the place of an empty folder, and of nothing else.
        inside.rename(target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return target


def _dated(path: Path) -> None:
    import os

    os.utime(path, (determinism.SOURCE_DATE_EPOCH, determinism.SOURCE_DATE_EPOCH))


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [about for about in archive.infolist() if not about.filename.endswith("/")]


@dataclass(frozen=True)
class _Table:
    """The end of a zip, its table of contents, and the headers of members, before zipfile.

    zipfile reads a table of any length, whatever the end record says, and believes the table
    where others believe the headers.
    """

    path: Path
    stream: BinaryIO
    size: int
    limits: Limits

    def check(self) -> None:
        """Raises AuditError where the parts do not agree, or do not cover the whole file."""
        start, size, count = self._end()
        if count > self.limits.members:
            raise self._refusal("has too many members", count, f"at most {self.limits.members}")
        if size > count * (_CENTRAL.size + 4 * self.limits.name + 1024):
            raise self._refusal("has a table of contents that is too long", size)
        table = self._read(start, size)
        entries, place = [], 0
        while place < size:
            if len(entries) == count or table[place : place + 4] != b"PK\x01\x02":
                break
            if place + _CENTRAL.size > size:
                break
            fields = _CENTRAL.unpack_from(table, place)
            lengths = fields[10:13]
            begin = place + _CENTRAL.size
            name = table[begin : begin + lengths[0]]
            extra = table[begin + lengths[0] : begin + sum(lengths[:2])]
            self._check_member(name, fields, extra)
            entries.append((fields[16], name, fields))
            place = begin + sum(lengths)
        if place != size or len(entries) != count:
            raise self._refusal(
                "has another table of contents than its end says", len(entries), count
            )
        self._check_headers(sorted(entries), start)

    def _end(self) -> tuple[int, int, int]:
        """Where the table begins, its bytes, and how many members it lists."""
        at = self.size - _END.size
        last = self._read(max(at, 0), _END.size)
        if last[:4] != b"PK\x05\x06" or last[-2:] != b"\0\0":
            before = self._read(max(0, self.size - 70_000), min(self.size, 70_000))
            if b"PK\x05\x06" in before:
                raise self._refusal(
                    "goes on after its end", "a comment or other bytes", "nothing after the end"
                )
            raise _no_zip(self.path, "it has no end record")
        _, disk, first, here, count, size, start, _ = _END.unpack(last)
        locator = self._read(max(0, at - _LOCATOR.size), min(at, _LOCATOR.size))
        if locator[:4] == b"PK\x06\x07":
            at -= _LOCATOR.size + _END64.size
            long = self._read(max(at, 0), _END64.size)
            sign, length, *_, disk, first, here, count, size, start = _END64.unpack(long)
            if (
                at < 0
                or sign != b"PK\x06\x06"
                or length != 44
                or _LOCATOR.unpack(locator)[2] != at
            ):
                raise self._refusal(
                    "has two ends that do not agree", "another ZIP64 end record"
                )
            short = _END.unpack(last)[4:7]
            for said, other, most in zip(
                short, (count, size, start), (0xFFFF, *2 * (0xFFFFFFFF,)), strict=True
            ):
                if said not in (other, most):
                    raise self._refusal("has two ends that do not agree", other, said)
        if (disk, first) != (0, 0) or here != count:
            raise self._refusal("is one part of several", f"part {disk}", "a whole archive")
        if start + size != at:
            raise self._refusal(
                "has bytes that belong to nothing", f"{start + size} bytes to the end", at
            )
        return start, size, count

    def _check_member(self, name: bytes, fields: tuple, extra: bytes) -> None:
        flags, shown = fields[3], name.decode("utf-8", "replace")
        if flags & 1:
            raise _refusal(self.path, shown, "is encrypted", "encrypted", "plain files")
        if flags & ~_FLAGS:
            raise _refusal(self.path, shown, "is packed in an unknown way", f"flags {flags:#x}")
        if fields[2] & 0xFF > _NEWEST:
            raise _refusal(
                self.path, shown, "needs a newer reader", f"version {fields[2] & 0xFF}",
                f"at most {_NEWEST}",
            )  # fmt: skip
        try:
            name.decode("utf-8" if flags & 0x800 else "ascii")
        except UnicodeDecodeError:
            raise _refusal(
                self.path, shown, "has a name in an unknown encoding", name, "UTF-8"
            ) from None
        if _UNICODE_NAME in _extras(extra):
            raise _refusal(self.path, shown, "has a second name", "an extra field with it")

    def _check_headers(self, entries: list[tuple], start: int) -> None:
        """What others read: each member's own header, and every byte between them."""
        end, follows = 0, False
        for offset, name, fields in [*entries, (start, b"", ())]:
            shown = name.decode("utf-8", "replace")
            if offset < end:
                raise _refusal(self.path, shown, "overlaps another member", offset)
            # Sizes that stand behind a member, with or without a mark.
            if offset - end not in ((0, 12, 16) if follows else (0,)):
                raise _refusal(
                    self.path, shown, "comes after bytes of no member", offset, f"at {end}"
                )
            if not fields:
                return
            header = self._read(offset, _LOCAL.size)
            local = _LOCAL.unpack(header)
            length, more = local[9:11]
            own = self._read(offset + _LOCAL.size, length + more)
            follows = bool(fields[3] & 8)
            said = (*local[2:4], *(() if follows else local[6:9]))
            told = (*fields[3:5], *(() if follows else fields[7:10]))
            if header[:4] != b"PK\x03\x04" or own[:length] != name or said != told:
                raise _refusal(
                    self.path, shown, "says something else in its own header",
                    own[:length], "the same as the table of contents",
                )  # fmt: skip
            if _UNICODE_NAME in _extras(own[length:]):
                raise _refusal(self.path, shown, "has a second name", "an extra field with it")
            end = offset + _LOCAL.size + length + more + fields[8]

    def _read(self, place: int, length: int) -> bytes:
        self.stream.seek(place)
        content = self.stream.read(length)
        if len(content) != length:
            raise _no_zip(self.path, "it is cut short")
        return content

    def _refusal(self, problem: str, found: object, expected: object = None) -> AuditError:
        return _refusal(self.path, "", problem, found, expected)


def _extras(extra: bytes) -> set[int]:
    """The kinds of a member's extra fields."""
    found, place = set(), 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        found.add(kind)
        place += 4 + length
    return found


def _check(path: Path, archive: zipfile.ZipFile, packed: int, limits: Limits) -> None:
    """Refuse the archive for what its table of contents says. packed: the file's bytes."""
    everything = archive.infolist()
    seen: dict[str, str] = {}
    folders: set[str] = set()
    for about in everything:
        _check_name(path, about, limits)
        alike = _alike(about.filename.rstrip("/"))
        if alike in seen:
            raise _refusal(path, about.filename, "stands there twice", seen[alike])
        seen[alike] = about.filename
        above = alike.rpartition("/")[0]
        while above and above not in folders:
            folders.add(above)
            above = above.rpartition("/")[0]
        _check_size(path, about, limits)
    if len(folders) > limits.folders:
        raise _refusal(path, "", "has too many folders", len(folders), limits.folders)
    for alike, name in seen.items():
        if alike in folders and not name.endswith("/"):
            raise _refusal(path, name, "is a file with members in it", name)
    total = sum(about.file_size for about in everything)
    if total > limits.total:
        raise _refusal(path, "", "is too large", total, f"at most {limits.total} bytes")
    if total > limits.ratio_from and total > packed * limits.total_ratio:
        raise _refusal(
            path, "", "is packed too tightly", f"{total / packed:.0f} to 1", limits.total_ratio
        )


def _alike(name: str) -> str:
    """A name as file systems may compare it: without case, in one form of Unicode."""
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", folded)


def _check_name(path: Path, about: zipfile.ZipInfo, limits: Limits) -> None:
    name = about.filename
    # zipfile cuts names at NUL; the original must not hide anything either.
    original = getattr(about, "orig_filename", name)
    parts = name.rstrip("/").split("/")
    if _BAD.search(original) or any(part in ("", ".", "..") for part in parts):
        raise _refusal(path, original, "has a name that could lead out of the target", original)
    for part in parts:
        if part[-1] in ". " or _MARKS.search(part) or _DEVICE.fullmatch(part):
            raise _refusal(path, name, "has a name that another system reads otherwise", part)
        if _SHORT.fullmatch(part):
            raise _refusal(path, name, "has a name that could be short for another", part)
        if part.casefold() == ".git":
            raise _refusal(path, name, "has a name that git keeps for itself", part)
    if any(unicodedata.category(letter) in _UNSEEN for letter in name):
        raise _refusal(path, name, "has a name with letters that nobody sees", ascii(name))
    if len(name.encode()) > limits.name:
        raise _refusal(path, name, "has a name that is too long", len(name), limits.name)
    if len(parts) > limits.depth:
        raise _refusal(path, name, "lies too deep in folders", len(parts), limits.depth)
    kind = stat.S_IFMT(about.external_attr >> 16)
    folder = name.endswith("/")
    fitting = (0, stat.S_IFDIR) if folder else (0, stat.S_IFREG)
    if kind not in fitting or (about.external_attr & 0x10 and not folder):
        raise _refusal(path, name, "is a link or a device", oct(kind), "files only")
    if folder and about.file_size:
        raise _refusal(path, name, "is a folder with content", about.file_size, 0)
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


def _no_zip(path: Path, why: object) -> AuditError:
    return AuditError(
        f"cannot be opened as a zip archive: {why}.",
        file=path,
        mend="take the archive from where it was published.",
    )


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
