"""What somebody else made is opened here: in formats by name, within limits, checked first.

Every opener looks at what the bytes declare (sizes, pixels, marks, depth) before anything is
decoded, and raises `Beyond` for more than `MOST` allows; docs/limits.md explains the numbers.
What is damaged is None, or ValueError, as each opener says. `bounded` is the last resort for
shapes that nobody thought of: it ends what takes too much memory or time with a message.
"""

from __future__ import annotations

import io
import json as jsons
import re
import signal
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.parsers import expat

from nbtrail.base.errors import AuditError

if TYPE_CHECKING:
    from PIL.Image import Image

MIB = 1 << 20
# What is opened at most. Bytes where nothing else is said; docs/limits.md has the same table.
MOST = {
    "file": 100 * MIB,
    "text": 24 * MIB,
    "lines of text": 500_000,
    "picture": 32 * MIB,
    "pixels of a picture": 16_000_000,
    "parts of a picture": 20_000,
    "scans of a JPEG": 64,
    "metadata of a picture": MIB,
    "pixels of an archived picture": 4_000_000,
    "pixels of all archived pictures": 120_000_000,
    "XML": 4 * MIB,
    "elements of XML": 100_000,
    "attributes of XML": 400_000,
    "attributes of an element": 256,
    "namespaces of XML": 64,
    "depth of XML": 64,
    "JSON": 24 * MIB,
    "marks of JSON": 1_000_000,
    "depth of JSON": 64,
    "letters of a key": 1_000,
    "places in JSON": 32 * MIB,
    "table": 24 * MIB,
    "cells of a table": 1_500_000,
    "rows of a table": 300_000,
    "columns of a table": 1_000,
    "PDF": 16 * MIB,
    "objects of a PDF": 20_000,
    "decoded streams of a PDF": 64 * MIB,
    "archived pictures": 32 * MIB,
    "archived drawings": 12 * MIB,
    "archived PDF": 24 * MIB,
    "archived tables": 48 * MIB,
    "archived JSON": 24 * MIB,
    "archived pages": 48 * MIB,
    "memory": 1024 * MIB,
    "seconds": 9,
}
UNNAMED = "the file"
PICTURES = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")


class Beyond(AuditError):
    """Something foreign is larger than what is opened here."""


def hold(what: str, found: int, file: str | Path) -> None:
    """Raise `Beyond` where something is more than `MOST` allows. what: a key of `MOST`."""
    if found > MOST[what]:
        raise _beyond(what, file, found)


def _beyond(what: str, file: str | Path, found: int | None = None) -> Beyond:
    return Beyond(
        f"more than is opened here ({what}).",
        file=file,
        found=found,
        expected=f"at most {MOST[what]:,}",
        mend="take the file from where it was published; docs/limits.md says why.",
    )


def content(file: Path) -> bytes:
    """The bytes of a regular file. Raises AuditError where it is none, or too large."""
    if not file.is_file():
        raise AuditError("there is no such file.", file=file)
    with file.open("rb") as stream:
        found = stream.read(MOST["file"] + 1)
    hold("file", max(len(found), file.stat().st_size), file)
    return found


# ---------------------------------------------------------------- the last resort


class _TooLong(BaseException):
    """Passes what catches every Exception."""


@contextmanager
def bounded(file: str | Path) -> Iterator[None]:
    """Within it, more memory than `MOST` allows, or more of the processor, is a message.

    Memory where the system can limit a process; time is that of the processor, whatever else
    the machine does.
    """

    def late(*_: object) -> None:
        raise _TooLong

    timed = threading.current_thread() is threading.main_thread()
    try:
        with _memory():
            before = signal.signal(signal.SIGPROF, late) if timed else None
            try:
                if timed:
                    signal.setitimer(signal.ITIMER_PROF, MOST["seconds"])
                yield
            finally:
                if timed:
                    signal.setitimer(signal.ITIMER_PROF, 0)
                    signal.signal(signal.SIGPROF, before)
    except MemoryError:
        raise _beyond("memory", file) from None
    except _TooLong:
        raise _beyond("seconds", file) from None


@contextmanager
def _memory() -> Iterator[None]:
    """The process may grow by `MOST['memory']`."""
    import resource

    try:
        now = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    except OSError:
        yield  # no Linux: nothing says how large it is
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = now * resource.getpagesize() + MOST["memory"]
    if soft != resource.RLIM_INFINITY:
        most = min(most, soft)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


# ---------------------------------------------------------------- pictures


def picture(
    content: bytes, file: str | Path, pixels: str = "pixels of a picture"
) -> Image | None:
    """A decoded picture of a format named in `PICTURES`; None for one that is damaged.

    pixels: the key of `MOST` that limits width times height. `is_several` says whether more
    frames follow. Raises `Beyond`, from headers alone.
    """
    from PIL import Image

    several = _declared(content, file)
    if several is None:
        return None
    try:
        with warnings.catch_warnings():
            # Pillow's own limits lie far beyond ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(content), formats=PICTURES)
        hold(pixels, opened.width * opened.height, file)
        opened.load()
    except Image.DecompressionBombError as error:
        hold(pixels, int(re.findall(r"[0-9]+", str(error))[0]), file)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error,
            OverflowError, AttributeError, zlib.error, RuntimeError):  # fmt: skip
        return None
    opened.info["several"] = several
    return opened


def is_several(opened: Image) -> bool:
    """Whether a picture that `picture` opened has more frames than the one that it shows."""
    return bool(opened.info.get("several"))


def _declared(content: bytes, file: str | Path) -> bool | None:
    """Whether a picture has several frames; None where it is damaged. Raises `Beyond`."""
    hold("picture", len(content), file)
    for start, look in (
        (b"\x89PNG\r\n\x1a\n", _png),
        (b"\xff\xd8\xff", _jpeg),
        (b"GIF8", _gif),
        (b"II*\0", _tiff),
        (b"MM\0*", _tiff),
        (b"RIFF", _webp),
        (b"BM", lambda *_: False),
    ):
        if content.startswith(start):
            try:
                return look(content, file)
            except (struct.error, IndexError):
                return None
    return None


def _png(content: bytes, file: str | Path) -> bool | None:
    place, parts, said, several, header = 8, 0, 0, False, False
    while place + 12 <= len(content):
        (length,), kind = (
            struct.unpack_from(">I", content, place),
            content[place + 4 : place + 8],
        )
        parts += 1
        hold("parts of a picture", parts, file)
        if (kind == b"IHDR") != (parts == 1):
            return None
        header = header or kind == b"IHDR"
        if kind not in (b"IHDR", b"IDAT", b"PLTE", b"fdAT"):
            said += length
            hold("metadata of a picture", said, file)
        if kind == b"eXIf":
            hold("metadata of a picture", 16 * length, file)
        several = several or kind in (b"acTL", b"fcTL", b"fdAT")
        place += 12 + length
        if kind == b"IEND":
            break
    return several if header else None


def _jpeg(content: bytes, file: str | Path) -> bool | None:
    hold("scans of a JPEG", content.count(b"\xff\xda"), file)
    place, parts, said = 2, 0, 0
    while content[place] == 0xFF:
        kind = content[place + 1]
        if kind == 0xDA:
            return False
        parts += 1
        hold("parts of a picture", parts, file)
        (length,) = struct.unpack_from(">H", content, place + 2)
        if kind in (0x00, 0x01, 0xFF, 0xD8, 0xD9) or 0xD0 <= kind <= 0xD7 or length < 2:
            return None
        if kind == 0xE1:
            said += 16 * length
        elif kind >= 0xE0:
            said += length
        hold("metadata of a picture", said, file)
        place += 2 + length
    return None


def _gif(content: bytes, file: str | Path) -> bool | None:
    """The first frame as it declares itself; whether another follows."""
    flags = content[10]
    place = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    frames = 0
    for _ in range(MOST["parts of a picture"]):
        if place >= len(content) or content[place] == 0x3B:
            return frames > 1 if frames else None
        if content[place] == 0x2C:
            frames += 1
            width, height = struct.unpack_from("<HH", content, place + 5)
            hold("pixels of a picture", width * height, file)
            if frames > 1:
                return True
            flags = content[place + 9]
            place += 11 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
        elif content[place] == 0x21:
            place += 2
        else:
            return None
        while content[place]:
            place += 1 + content[place]
        place += 1
    hold("parts of a picture", MOST["parts of a picture"] + 1, file)
    return None


def _tiff(content: bytes, file: str | Path) -> bool | None:
    order = "<" if content[:2] == b"II" else ">"
    (place,) = struct.unpack_from(f"{order}I", content, 4)
    (count,) = struct.unpack_from(f"{order}H", content, place)
    hold("attributes of an element", count, file)
    sizes = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
    said = 0
    for number in range(count):
        _, kind, length = struct.unpack_from(f"{order}HHI", content, place + 2 + 12 * number)
        said += length * (sizes[kind] if kind < len(sizes) else 8)
        hold("metadata of a picture", said, file)
    (following,) = struct.unpack_from(f"{order}I", content, place + 2 + 12 * count)
    return following != 0


def _webp(content: bytes, file: str | Path) -> bool | None:
    place, parts, said, several = 12, 0, 0, False
    while place + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, place)
        parts += 1
        hold("parts of a picture", parts, file)
        if kind == b"EXIF":
            said += 16 * length
        elif kind not in (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANMF", b"ANIM"):
            said += length
        hold("metadata of a picture", said, file)
        several = several or kind in (b"ANIM", b"ANMF")
        place += 8 + length + length % 2
    return several


# ---------------------------------------------------------------- XML


def xml(content: bytes, file: str | Path, times: int = 1) -> ElementTree.Element | None:
    """The tree of an XML document; None where it is damaged, or declares or asks for anything.

    A DOCTYPE may stand there by name; one with declarations of its own, and a style sheet from
    elsewhere, may not. times: so many times the usual size. Raises `Beyond`, before a tree is
    made.
    """
    if not harmless(content, file, times):
        return None
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


class _Declares(Exception):
    """A document that could expand or load something, or is nested as no drawing is."""


def harmless(content: bytes, file: str | Path, times: int = 1) -> bool:
    """Read a document once without keeping it; False where it is damaged, or declares.

    times: as for `xml`. Raises `Beyond`.
    """
    hold("XML", len(content) // times, file)
    counts = dict.fromkeys(
        ("elements of XML", "attributes of XML", "namespaces of XML", "depth of XML"), 0
    )

    def count(what: str, more: int = 1) -> None:
        counts[what] += more
        hold(what, counts[what] // times, file)

    def start(_: str, attributes: list[str]) -> None:
        count("elements of XML")
        counts["depth of XML"] += 1
        if counts["depth of XML"] > MOST["depth of XML"]:
            raise _Declares
        count("attributes of XML", len(attributes) // 2)
        hold("attributes of an element", len(attributes) // 2, file)

    def end(_: str) -> None:
        counts["depth of XML"] -= 1

    def doctype(_: str, __: str | None, ___: str | None, own: int) -> None:
        if own:
            raise _Declares

    def instruction(target: str, _: str) -> None:
        count("elements of XML")
        if target.lower() == "xml-stylesheet":
            raise _Declares

    def entity(*_: object) -> None:
        raise _Declares

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartNamespaceDeclHandler = lambda *_: count("namespaces of XML")
    parser.CommentHandler = lambda _: count("elements of XML")
    parser.StartDoctypeDeclHandler, parser.EntityDeclHandler = doctype, entity
    parser.ProcessingInstructionHandler = instruction
    try:
        # In one piece: expat begins a long token anew with every further one.
        parser.Parse(content, True)
    except (expat.ExpatError, _Declares, ValueError, LookupError):
        return False
    return True


# ---------------------------------------------------------------- JSON


def json(content: bytes, file: str | Path, **spelt: Callable) -> object:
    """What JSON holds. spelt: as for json.loads, how numbers are read.

    Raises ValueError where it is none, or gives a key twice; `Beyond`.
    """
    hold("JSON", len(content), file)
    # Within texts they count too: as a whole a few thousand of them are nothing.
    hold("marks of JSON", sum(map(content.count, (b",", b"[", b"{", b":"))), file)
    try:
        value = jsons.loads(
            content, object_pairs_hook=_unique, **{"parse_int": _whole, **spelt}
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _hold_places(value, file)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict:
    """An object; a key given twice would show a person one value and us the other."""
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key is given twice")
    return dict(pairs)


def _whole(digits: str) -> int:
    """A whole number that a float can hold, as all that compute with it assume."""
    if len(digits) > 300:
        raise ValueError("a number is too long")
    return int(digits)


def _hold_places(value: object, file: str | Path) -> None:
    """Raise `Beyond` where the places of all values, spelt out, would be too long.

    Raises ValueError for a document that is nested too deeply.
    """
    waiting, length = [(0, value, 0)], 0
    while waiting:
        place, one, depth = waiting.pop()
        if not isinstance(one, dict | list):
            continue
        if depth > MOST["depth of JSON"]:
            raise ValueError("it is nested too deeply")
        named = isinstance(one, dict)
        for key, part in one.items() if named else enumerate(one):
            letters = len(key) if named else len(str(key)) + 1
            if named:
                hold("letters of a key", letters, file)
            below = place + 1 + letters
            length += below
            hold("places in JSON", length, file)
            waiting.append((below, part, depth + 1))


def fits(value: object, shape: object) -> bool:
    """Whether JSON has a shape: a type or several, [shape] or {str: shape} for as many as there
    are, or {"key": shape} for keys that must be there, beside others.
    """
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        if str in shape:
            return all(fits(one, shape[str]) for one in value.values())
        return all(key in value and fits(value[key], shape[key]) for key in shape)
    return isinstance(value, shape)


# ---------------------------------------------------------------- text and tables


def text(content: bytes, file: str | Path) -> str | None:
    """UTF-8 text without NUL, its mark of order removed; None where it is none. `Beyond`."""
    if b"\0" in content:
        return None
    hold("text", len(content), file)
    hold("lines of text", content.count(b"\n") + content.count(b"\r"), file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def hold_table(text: str, delimiter: str, file: str | Path) -> None:
    """Raise `Beyond` where a table would have too many rows, columns or cells."""
    hold("table", len(text), file)
    rows = max(text.count("\n"), text.count("\r")) + 1
    hold("rows of a table", rows, file)
    hold("columns of a table", text.partition("\n")[0].count(delimiter) + 1, file)
    hold("cells of a table", rows + text.count(delimiter), file)


# ---------------------------------------------------------------- PDF


def hold_pdf(content: bytes, file: str | Path) -> None:
    """Raise `Beyond` for a PDF of too many objects, or whose streams unpack to too much.

    They are counted in the bytes, whatever the document says of them.
    """
    hold("PDF", len(content), file)
    hold("objects of a PDF", len(re.findall(rb"\bobj\b", content)), file)
    left = MOST["decoded streams of a PDF"]
    for begin in re.finditer(rb"stream\r?\n", content):
        left -= _inflated(content, begin.end(), left)
        if left < 0:
            hold("decoded streams of a PDF", MOST["decoded streams of a PDF"] + 1, file)


def _inflated(content: bytes, place: int, most: int) -> int:
    """How many bytes a compressed stream gives, at most one more than allowed; 0 for others."""
    stream, found = zlib.decompressobj(), 0
    try:
        while not stream.eof and found <= most:
            part = stream.unconsumed_tail
            if not part:
                part = content[place : place + 65_536]
                place += len(part)
                if not part:
                    break
            found += len(stream.decompress(part, MIB))
    except zlib.error:
        pass
    return min(found, most + 1)
