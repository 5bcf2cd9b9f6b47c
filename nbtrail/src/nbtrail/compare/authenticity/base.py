"""What all ways of recognising a file share: findings, the archive, hints in metadata."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nbtrail.base.determinism import NAME

MOST_LINES = 10
_MARK = re.compile(f"{NAME}-id=([\\w.-]{{1,80}})".encode())


@dataclass(frozen=True)
class Finding:
    """What is known of a file.

    status: unchanged, lossy (the same as far as such a copy can show), altered or unknown.
    path: the archived file that it is, or comes nearest to. how: how it was recognised.
    differences: what is not the same, a line each.
    """

    status: str
    path: str | None = None
    how: str = ""
    differences: list[str] = field(default_factory=list)


class Archive:
    """The outputs of a build with their manifest: a checkout, an unpacked archive or a zip."""

    def __init__(self, manifest: dict, read: Callable[[str], bytes]) -> None:
        """read: path → bytes; raises AuditError or OSError where it is not there."""
        self.manifest = manifest
        self._read = read

    def read(self, path: str) -> bytes | None:
        """An output's bytes; None where it is missing or not as the manifest has it."""
        try:
            content = self._read(path)
        except (OSError, KeyError):
            return None
        digest = hashlib.sha256(content).hexdigest()
        return content if digest == self.manifest["outputs"][path]["sha256"] else None

    def beside(self, path: str, suffix: str) -> bytes | None:
        """The output of the same name with another suffix, where there is one."""
        other = path.rpartition(".")[0] + suffix
        return self.read(other) if other in self.manifest["outputs"] else None

    def text(self, path: str) -> str:
        """A source file that is no output, such as a descriptor of raw data."""
        return self._read(path).decode("utf-8")

    def of_kind(self, *suffixes: str) -> list[str]:
        """Paths of all outputs with one of these suffixes."""
        return [path for path in self.manifest["outputs"] if path.endswith(suffixes)]


def hinted(content: bytes, archive: Archive, *suffixes: str) -> str | None:
    """The output that the file's own metadata name, if there is such a one."""
    match = _MARK.search(content)
    if match is None and content[:4] == b"\x89PNG":
        match = re.search(f"{NAME}-id\\x00([\\w.-]{{1,80}})".encode(), content)
        # A chunk of text is followed by its checksum, which may look like letters.
    if match is None:
        return None
    said = match[1].decode()
    known = [one for one in archive.manifest["items"] if said.startswith(one)]
    if not known:
        return None
    files = archive.manifest["items"][max(known, key=len)]["files"]
    fitting = [path for path in files if path.endswith(suffixes)] if suffixes else files
    return fitting[0] if fitting else None


def inflated(raw: bytes, most: int) -> Iterator[bytes]:
    """What zlib packed, piece by piece, so that nothing is kept of it.

    Raises ValueError where it is damaged, longer than `most`, or does not end with its end.
    """
    unpacker = zlib.decompressobj()
    for start in range(0, len(raw), 1 << 16):
        left = raw[start : start + (1 << 16)]
        while left and not unpacker.eof:
            try:
                piece = unpacker.decompress(left, 1 << 20)
            except zlib.error as error:
                raise ValueError(str(error)) from None
            left, most = unpacker.unconsumed_tail, most - len(piece)
            if most < 0:
                raise ValueError("it unpacks to more than it should")
            yield piece
        if unpacker.eof:
            if (unpacker.unused_data + raw[start + (1 << 16) :]).strip():
                raise ValueError("something stands behind its end")
            return
    raise ValueError("it is cut short")


def shared(one: Counter, two: Counter) -> float:
    """From 0 to 1: the share of the larger collection that both have."""
    least, most = sorted((one.total(), two.total()))
    # No caller asks further below a half; small parts of something large need no comparing.
    if least < 0.5 * most or not most:
        return 0.0
    return (one & two).total() / most
