"""The objects of a PDF, read so strictly that every program reads the same.

Readers repair what is odd, each in its own way, so one shows what another does not: of two
objects with one number the first or the last, an older state that was saved over, a stream
up to its length or up to its end mark. Here whatever leaves a choice is refused (`Unclear`):
the table of objects has to lead to every object in the file, and nothing may lie between
them. After ISO 32000-1, 7.2 to 7.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import NamedTuple

from nbtrail.compare.authenticity.base import inflated

MOST_PARTS = 1_000_000  # words, numbers and brackets; the report has a third of a million
MOST_TABLE = 16 << 20  # bytes of a table or collection of objects
MOST_STREAM = 64 << 20  # of a longer one only the packed bytes are compared
MOST_DEPTH = 100
_SPACE = re.compile(rb"(?:[\x00\t\n\f\r ]+|%[^\r\n]*)*")
_HEADER = re.compile(rb"%PDF-(?:1\.[0-7]|2\.0)[\r\n ]")
_END = re.compile(rb"startxref[\r\n ]+([0-9]{1,10})[\r\n ]+%%EOF[\r\n ]*\Z")
_ENTRY = re.compile(rb"([0-9]{10}) ([0-9]{5}) ([nf])(?: \r| \n|\r\n)")
_RANGE = re.compile(rb"([0-9]{1,8}) ([0-9]{1,8})[ ]?(?:\r\n|\r|\n)")
_OBJECT = re.compile(
    rb"([0-9]{1,8})[\x00\t\n\f\r ]+([0-9]{1,5})[\x00\t\n\f\r ]+obj(?![0-9A-Za-z])"
)
_ENDS = rb"(?=[\x00\t\n\f\r ()<>\[\]{}/%]|\Z)"
_PART = re.compile(
    rb"(?P<ref>[0-9]{1,8}[\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+R)" + _ENDS
    + rb"|(?P<number>[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))" + _ENDS
    + rb"|(?P<name>/[^\x00\t\n\f\r ()<>\[\]{}/%]*)"
    rb"|(?P<open><<|\[)|(?P<close>>>|\])"
    rb"|<(?P<hex>[0-9A-Fa-f\x00\t\n\f\r ]*)>"
    rb"|(?P<text>\()|(?P<word>true|false|null)" + _ENDS
)  # fmt: skip
_WORDS = {b"true": True, b"false": False, b"null": None}
_TEXT = re.compile(rb"[^()\\\r]+|\r\n?|\\(?:[0-7]{1,3}|\r\n|.)|[()]", re.DOTALL)
_ESCAPES = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f",
    b"\n": b"", b"\r": b"", b"\r\n": b"",
}  # fmt: skip


class Unclear(ValueError):
    """Why a file cannot be read in one way only."""


class Name(bytes):
    """A name, without its slash."""


class Ref(NamedTuple):
    """A reference to an object."""

    number: int
    generation: int


@dataclass(eq=False)
class Stream:
    """A stream: what stands before it, and its bytes as they are in the file."""

    about: dict
    raw: bytes
    _seen: tuple[bytes, bool] | None = None

    def told(self) -> tuple[bytes, bool]:
        """A hash of what it holds, and whether that was unpacked; nothing is kept of it."""
        if self._seen is None:
            self._seen = self._unpacked() if self._deflated() else (_hash(self.raw), False)
        return self._seen

    def content(self, most: int) -> bytes:
        """Its bytes, unpacked. Raises Unclear for other filters, and for more than `most`."""
        if b"Filter" not in self.about:
            return self.raw
        if not self._deflated():
            raise Unclear("its table of objects is packed in a way that is not known here")
        try:
            return b"".join(inflated(self.raw, most))
        except ValueError:
            raise Unclear("its table of objects cannot be unpacked, or is too large") from None

    def _deflated(self) -> bool:
        names = self.about.get(b"Filter")
        return (names[0] if isinstance(names, list) and len(names) == 1 else names) == Name(
            b"FlateDecode"
        )

    def _unpacked(self) -> tuple[bytes, bool]:
        digest = sha256()
        try:
            for piece in inflated(self.raw, MOST_STREAM):
                digest.update(piece)
        except ValueError:
            return _hash(self.raw), False
        return digest.digest(), True


def _hash(content: bytes) -> bytes:
    return sha256(content).digest()


def read(content: bytes) -> tuple[dict[Ref, object], dict]:
    """All objects by number and generation, and the trailer. Raises Unclear."""
    if content.count(b"startxref") > 1 or content.count(b"%%EOF") > 1:
        raise Unclear("it holds more than one state, as if it had been saved over")
    head, end = _HEADER.match(content), _END.search(content)
    if head is None or end is None:
        raise Unclear("its beginning or its end is not that of a PDF")
    return _File(content).read(head.end() - 1, int(end[1]), end.start())


class _File:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.parts = 0
        self.places: dict[Ref, int] = {}
        self.packed: dict[int, dict[int, int]] = {}  # collection → position in it → number
        self.free: set[int] = set()

    def read(self, begin: int, table: int, end: int) -> tuple[dict[Ref, object], dict]:
        """All objects and the trailer; begin, table, end: where these are."""
        if self.content[table : table + 4] == b"xref":
            trailer, place = self._table(table)
            if _SPACE.match(self.content, place).end() != end:
                raise Unclear("something stands between its table of objects and its end")
        else:
            trailer = self._packed_table(table)
            table = end
        if {b"Prev", b"XRefStm", b"Encrypt"} & set(trailer):
            raise Unclear("it is encrypted, or has a second table of objects")
        numbers = [ref.number for ref in self.places]
        numbers += [one for them in self.packed.values() for one in them.values()]
        if len(set(numbers)) < len(numbers):
            raise Unclear("an object is listed twice")
        objects: dict[Ref, object] = {}
        place = _SPACE.match(self.content, begin).end()
        for ref, at in sorted(self.places.items(), key=lambda one: one[1]):
            if at != place:
                raise Unclear("its table of objects leaves out what stands in the file")
            found, objects[ref], place = self._object(at)
            if found != ref:
                raise Unclear("its table of objects leads to another object")
            place = _SPACE.match(self.content, place).end()
        if place != table:
            raise Unclear("its table of objects leaves out what stands in the file")
        for number, members in self.packed.items():
            objects.update(self._collection(objects.get(Ref(number, 0)), members))
        for one in objects.values():
            about = one.about if isinstance(one, Stream) else one
            # Some programs then take the table behind the first object, with its own pages.
            if isinstance(about, dict) and b"Linearized" in about:
                raise Unclear("it is linearised, which has a second table of objects")
        return objects, trailer

    def _table(self, place: int) -> tuple[dict, int]:
        start = re.compile(rb"xref[ ]?(?:\r\n|\r|\n)").match(self.content, place)
        if start is None:
            raise Unclear("its table of objects cannot be read")
        place = start.end()
        while part := _RANGE.match(self.content, place):
            place = part.end()
            for number in range(int(part[1]), int(part[1]) + int(part[2])):
                entry = _ENTRY.match(self.content, place)
                if entry is None:
                    raise Unclear("its table of objects cannot be read")
                place = entry.end()
                ref = Ref(number, int(entry[2]))
                if number in self.free or ref in self.places:
                    raise Unclear("an object is listed twice")
                if entry[3] == b"n":
                    self.places[ref] = int(entry[1])
                else:
                    self.free.add(number)
        place = _SPACE.match(self.content, place).end()
        if self.content[place : place + 7] != b"trailer":
            raise Unclear("its table of objects cannot be read")
        trailer, place = self._value(self.content, place + 7)
        if not isinstance(trailer, dict):
            raise Unclear("its table of objects cannot be read")
        return trailer, place

    def _packed_table(self, place: int) -> dict:
        ref, table, _ = self._object(place)
        if not isinstance(table, Stream) or table.about.get(b"Type") != Name(b"XRef"):
            raise Unclear("its table of objects is not where it says")
        about = table.about
        try:
            widths = [int(one) for one in about[b"W"]]
            ranges = [int(one) for one in about.get(b"Index", [Decimal(0), about[b"Size"]])]
            content = _without_predictor(table.content(MOST_TABLE), about)
            rows = iter(_rows(content, widths))
            for first, count in zip(ranges[::2], ranges[1::2], strict=True):
                for number in range(first, first + count):
                    kind, one, two = next(rows)
                    if kind == 1:
                        self.places[Ref(number, two)] = one
                    elif kind == 2:
                        self.packed.setdefault(one, {})[two] = number
            if next(rows, None) is not None:
                raise Unclear("its table of objects is longer than it says")
        except (AttributeError, LookupError, TypeError, ValueError, StopIteration) as error:
            if isinstance(error, Unclear):
                raise
            raise Unclear("its table of objects cannot be read") from None
        self.places.setdefault(ref, place)
        return about

    def _collection(self, stream: object, members: dict[int, int]) -> dict[Ref, object]:
        if not isinstance(stream, Stream) or b"Extends" in stream.about:
            raise Unclear("a collection of objects is not where it should be")
        content = stream.content(MOST_TABLE)
        try:
            first, count = int(stream.about[b"First"]), int(stream.about[b"N"])
            listed = [int(one) for one in content[:first].split()]
        except (KeyError, TypeError, ValueError):
            raise Unclear("a collection of objects cannot be read") from None
        if dict(enumerate(listed[::2])) != members or len(listed) != 2 * count:
            raise Unclear("a collection holds other objects than are listed")
        found = {}
        place = 0
        for number, start in zip(listed[::2], listed[1::2], strict=True):
            if start < 0 or _SPACE.match(content, first + place).end() < first + start:
                raise Unclear("something stands between its objects")
            found[Ref(number, 0)], place = self._value(content, first + start)
            place -= first
        if _SPACE.match(content, first + place).end() != len(content):
            raise Unclear("something stands between its objects")
        return found

    def _object(self, place: int) -> tuple[Ref, object, int]:
        """An object where one begins, and where it ends."""
        head = _OBJECT.match(self.content, place)
        if head is None:
            raise Unclear("its table of objects leads to none")
        value, place = self._value(self.content, head.end())
        place = _SPACE.match(self.content, place).end()
        if self.content.startswith(b"stream", place):
            value, place = self._stream(value, place + 6)
        if not self.content.startswith(b"endobj", place):
            raise Unclear("an object does not end where it should")
        return Ref(int(head[1]), int(head[2])), value, place + 6

    def _stream(self, about: object, place: int) -> tuple[Stream, int]:
        start = re.compile(rb"\r?\n").match(self.content, place)
        if start is None or not isinstance(about, dict):
            raise Unclear("a stream does not begin as it should")
        length = about.get(b"Length")
        if isinstance(length, Ref):
            at = self.places.get(length)
            head = _OBJECT.match(self.content, at) if at is not None else None
            length = self._value(self.content, head.end())[0] if head is not None else None
        if not isinstance(length, Decimal) or length != int(length) or length < 0:
            raise Unclear("a stream has no length")
        end = start.end() + int(length)
        raw = self.content[start.end() : end]
        close = re.compile(rb"(?:\r\n|\r|\n)?endstream\s+").match(self.content, end)
        if close is None or b"endstream" in raw:
            raise Unclear("a stream does not end where it says")
        return Stream(about, raw), close.end()

    def _value(self, content: bytes, place: int) -> tuple[object, int]:
        """The value that begins at a place, and where it ends."""
        open_: list[list] = []  # what is begun: its bracket, then what is in it
        while True:
            place = _SPACE.match(content, place).end()
            part = _PART.match(content, place)
            self.parts += 1
            if part is None or self.parts > MOST_PARTS or len(open_) > MOST_DEPTH:
                raise Unclear("it holds what is no part of a PDF, or more than can be read")
            place, kind = part.end(), part.lastgroup
            if kind == "open":
                open_.append([part[0]])
                continue
            if kind == "close":
                if not open_ or (open_[-1][0] == b"<<") != (part[0] == b">>"):
                    raise Unclear("its brackets do not match")
                bracket, *inside = open_.pop()
                value = _dictionary(inside) if bracket == b"<<" else inside
            elif kind == "text":
                value, place = _text(content, place)
            else:
                value = _simple(kind, part[kind])
            if not open_:
                return value, place
            open_[-1].append(value)


def _simple(kind: str, part: bytes) -> object:
    if kind == "ref":
        number, generation, _ = part.split()
        return Ref(int(number), int(generation))
    if kind == "number":
        return Decimal(part.decode("ascii"))
    if kind == "name":
        if b"#" not in part:
            return Name(part[1:])
        if re.search(rb"#(?![0-9A-Fa-f]{2})|#00", part):
            raise Unclear("a name is not spelt as names are")
        return Name(re.sub(rb"#(..)", lambda code: bytes([int(code[1], 16)]), part[1:]))
    if kind == "hex":
        digits = b"".join(part.replace(b"\x00", b" ").split())
        return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return _WORDS[part]


def _dictionary(inside: list) -> dict:
    names, values = inside[::2], inside[1::2]
    if len(names) != len(values) or not all(isinstance(one, Name) for one in names):
        raise Unclear("a dictionary has a value without a name")
    if len(set(names)) < len(names):
        raise Unclear("a dictionary has one name twice")
    return dict(zip(map(bytes, names), values, strict=True))


def _text(content: bytes, place: int) -> tuple[bytes, int]:
    found: list[bytes] = []
    depth = 1
    while True:
        part = _TEXT.match(content, place)
        if part is None:
            raise Unclear("a text does not end")
        place, piece = part.end(), part[0]
        if piece == b"(":
            depth += 1
        elif piece == b")":
            depth -= 1
            if not depth:
                return b"".join(found), place
        elif piece[:1] == b"\r":
            piece = b"\n"
        elif piece[:1] == b"\\":
            code = piece[1:]
            if code and set(code) <= set(b"0123456789"):
                if int(code, 8) > 255:
                    raise Unclear("a text holds what is no letter")
                piece = bytes([int(code, 8)])
            else:
                piece = _ESCAPES.get(code, code)
        found.append(piece)


def _without_predictor(content: bytes, about: dict) -> bytes:
    """A table whose rows were stored as differences from the one above."""
    how = about.get(b"DecodeParms") or {}
    predictor, columns = int(how.get(b"Predictor", 1)), int(how.get(b"Columns", 1))
    if predictor == 1:
        return content
    if predictor < 10 or columns < 1 or set(how) - {b"Predictor", b"Columns"}:
        raise Unclear("its table of objects is packed in a way that is not known here")
    above, found = bytes(columns), bytearray()
    for start in range(0, len(content), columns + 1):
        how, row = content[start], content[start + 1 : start + 1 + columns]
        if how not in (0, 2) or len(row) < columns:
            raise Unclear("its table of objects is packed in a way that is not known here")
        above = bytes((a + b) & 255 for a, b in zip(row, above, strict=True)) if how else row
        found += above
    return bytes(found)


def _rows(content: bytes, widths: list[int]) -> list[tuple[int, int, int]]:
    if len(widths) != 3 or min(widths) < 0 or max(widths) > 8 or not sum(widths):
        raise Unclear("its table of objects cannot be read")
    if len(content) % sum(widths):
        raise Unclear("its table of objects is cut short")
    ends = [widths[0], widths[0] + widths[1], sum(widths)]
    found = []
    for start in range(0, len(content), ends[2]):
        row = content[start : start + ends[2]]
        kind = int.from_bytes(row[: ends[0]]) if widths[0] else 1
        one, two = int.from_bytes(row[ends[0] : ends[1]]), int.from_bytes(row[ends[1] :])
        found.append((kind, one, two))
    return found
