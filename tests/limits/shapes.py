"""Files as somebody hostile would make them: mutated good ones, and bombs of all kinds.

A shape takes a random.Random and good files (name → bytes) and returns bytes. Sizes are drawn
so that some lie below the limits of `foreign.MOST` and some far beyond.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random

from PIL import Image

Good = dict[str, bytes]
MIB = 1 << 20


def some(random: Random, most: int, least: int = 1) -> int:
    """A whole number up to most, small ones as likely as large ones."""
    return int(least * (most / least) ** random.random())


# ---------------------------------------------------------------- mutations of good files


def flipped(random: Random, content: bytes) -> bytes:
    """Some bits turned."""
    found = bytearray(content)
    for _ in range(some(random, 200)):
        found[random.randrange(len(found))] ^= 1 << random.randrange(8)
    return bytes(found)


def lengths(random: Random, content: bytes) -> bytes:
    """Numbers of 1, 2, 4 or 8 bytes replaced by extreme ones."""
    found = bytearray(content)
    for _ in range(some(random, 20)):
        width = random.choice((1, 2, 4, 8))
        value = random.choice((0, 1, (1 << 8 * width) - 1, 1 << (8 * width - 1), 0x7FFF))
        place = random.randrange(max(1, len(found) - width))
        order = random.choice(("big", "little"))
        found[place : place + width] = (value % (1 << 8 * width)).to_bytes(width, order)
    return bytes(found)


def digits(random: Random, content: bytes) -> bytes:
    """Digits in text replaced by long runs of them."""
    places = [n for n, byte in enumerate(content) if 48 <= byte < 58] or [0]
    place = random.choice(places)
    run = random.choice((b"9" * some(random, 5_000), b"-1", b"1e999", b"0x1", b"\xd9\xa3"))
    return content[:place] + run + content[place + 1 :]


def cut(random: Random, content: bytes) -> bytes:
    """An end, a beginning or a middle left out."""
    one, two = sorted(random.randrange(len(content)) for _ in range(2))
    return random.choice((content[:one], content[two:], content[:one] + content[two:]))


def doubled(random: Random, content: bytes) -> bytes:
    """A part that stands there many times."""
    one, two = sorted(random.randrange(len(content)) for _ in range(2))
    times = some(random, max(2, 4 * MIB // max(1, two - one)))
    return content[:two] + content[one:two] * min(times, 500_000) + content[two:]


def mixed(random: Random, content: bytes, other: bytes) -> bytes:
    """A part of another file within."""
    place = random.randrange(len(content))
    one, two = sorted(random.randrange(len(other)) for _ in range(2))
    return content[:place] + other[one:two] + content[place:]


def mutated(random: Random, good: Good, name: str) -> bytes:
    """A good file after one to three mutations."""
    content = good[name]
    for _ in range(random.choice((1, 1, 2, 3))):
        way = random.choice((flipped, lengths, digits, cut, doubled, mixed))
        if not content or len(content) > 40 * MIB:
            break
        if way is mixed:
            content = mixed(random, content, good[random.choice(sorted(good))])
        else:
            content = way(random, content)
    return content[: 100 * MIB]


# ---------------------------------------------------------------- pictures


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )


def png(width: int, height: int, data: bytes, *chunks: bytes, mode: int = 2) -> bytes:
    """A PNG with a header of its own, whatever its data."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, mode, 0, 0, 0))
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", header, *chunks, chunk(b"IDAT", data), chunk(b"IEND", b""))
    )


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A picture's bytes in a format."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def png_bomb(random: Random, good: Good) -> bytes:
    """Very many pixels in a small file."""
    width, height = some(random, 100_000, 100), some(random, 100_000, 100)
    packed = zlib.compress(b"\0" * min(3 * width * height + height, 60 * MIB), 1)
    return png(width, height, packed)


def png_text_bomb(random: Random, good: Good) -> bytes:
    """Packed text, profiles and metadata that unpack to much, or very many of them."""
    size = some(random, 60 * MIB, 1000)
    text = b"k\0\0" + zlib.compress(b"x" * size, 1)
    kind = random.choice((b"zTXt", b"iCCP", b"iTXt", b"eXIf", b"tEXt"))
    parts = [chunk(kind, text)] * some(random, 50_000)
    return png(10, 10, zlib.compress(b"\0" * 310), *parts[: max(1, 40 * MIB // len(parts[0]))])


def many_frames(random: Random, good: Good) -> bytes:
    """Frames without end."""
    count = some(random, 1_000_000)
    kind = random.choice(("GIF", "PNG", "TIFF"))
    if kind == "GIF":
        one = saved(Image.new("P", (2, 2)), "GIF")
        head, frame = one[: one.index(b",")], one[one.index(b",") : -1]
        return head + frame * count + b";"
    if kind == "PNG":
        frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 1, 0, 0))
        told = chunk(b"acTL", struct.pack(">II", count, 0))
        return png(10, 10, zlib.compress(b"\0" * 310), told, *[frame] * min(count, 500_000))
    pages = [Image.new("L", (1, 1))] * min(count, 300)
    return saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])


def jpeg_bomb(random: Random, good: Good) -> bytes:
    """A progressive JPEG of large size and many scans, junk or segments."""
    side = some(random, 60_000, 100)
    one = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    size = one.index(b"\xff\xc2") + 5
    one = (
        one[:size] + struct.pack(">HH", min(side, 65_500), min(side, 65_500)) + one[size + 4 :]
    )
    scan = one.index(b"\xff\xda")
    way = random.choice(("scans", "segments", "junk", "exif"))
    count = some(random, 2_000_000)
    if way == "scans":
        return one[:-2] + one[scan:-2] * (min(count, 100_000)) + one[-2:]
    if way == "junk":
        return one[:2] + random.choice((b"\xff", b"\0", b"\xff\0")) * (count * 10) + one[2:]
    entries = b"".join(struct.pack("<HHII", n, 1, 60_000, 8) for n in range(2_000))
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2_000) + entries
    kind, data = (b"\xff\xe1", exif) if way == "exif" else (b"\xff\xfe", b"")
    segment = kind + struct.pack(">H", len(data) + 2) + data
    return one[:2] + segment * min(count, 60 * MIB // len(segment)) + one[2:]


def tiff_bomb(random: Random, good: Good) -> bytes:
    """Tags that all hold the same megabytes."""
    size = some(random, 30 * MIB, 1000)
    count = some(random, 60_000)
    entries = [(256, 3, 1, 10), (257, 3, 1, 10), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
               (273, 4, 1, 8), (277, 3, 1, 1), (278, 3, 1, 10), (279, 4, 1, 100)]  # fmt: skip
    entries += [(1_000 + n, random.choice((1, 2, 3)), size // 2, 8) for n in range(count)]
    packed = b"".join(struct.pack("<HHII", *one) for one in sorted(entries)[:65_000])
    directory = struct.pack("<H", len(packed) // 12) + packed + b"\0\0\0\0"
    return b"II*\0" + struct.pack("<I", 8 + size) + b"\0" * size + directory


# ---------------------------------------------------------------- text


def xml_bomb(random: Random, good: Good) -> bytes:
    """Elements, attributes, names, depth, entities and declarations without end."""
    count = some(random, 3_000_000)
    way = random.choice((
        "elements", "attributes", "names", "nested names", "depth", "entities", "doctype",
        "comment", "path", "styles", "text", "instructions", "utf-16", "many attributes",
    ))  # fmt: skip
    head = '<svg xmlns="http://www.w3.org/2000/svg">'
    few = min(count, 50_000)
    body = {
        "elements": lambda: "<g/>" * count,
        "attributes": lambda: "<g" + "".join(f" a{n}='1'" for n in range(few)) + "/>",
        "many attributes": lambda: (
            ("<g" + "".join(f" a{n}='1'" for n in range(200)) + "/>") * few
        ),
        "names": lambda: "<g" + "".join(f" xmlns:n{n}='u{n}'" for n in range(few)) + "/>",
        "nested names": lambda: (
            "".join(f'<n{n}:g xmlns:n{n}="u{n}">' for n in range(few))
            + "".join(f"</n{n}:g>" for n in reversed(range(few)))
        ),
        "depth": lambda: "<g>" * count + "</g>" * count,
        "entities": lambda: "&a9;" * few,
        "doctype": lambda: "<g/>",
        "comment": lambda: "<!--x-->" * count,
        "path": lambda: f'<path d="{"1 " * count}"/>',
        "styles": lambda: f'<path style="{"fill: red;" * few}"/>' * 3,
        "text": lambda: "<g>" + "x" * 10 * count + "</g>",
        "instructions": lambda: "<?x y?>" * count,
        "utf-16": lambda: "<g/>" * few,
    }[way]()
    before = ""
    if way == "entities":
        declared = '<!ENTITY a0 "xxxxxxxxxx">' + "".join(
            f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
        )
        before = f"<!DOCTYPE svg [{declared}]>"
    if way == "doctype":
        before = "<!DOCTYPE" + random.choice((" ", "<!DOCTYPE", "x", "[")) * 10 * count
    text = f"{before}{head}{body}</svg>"
    return text.encode("utf-16" if way == "utf-16" else "utf-8")


def json_bomb(random: Random, good: Good) -> bytes:
    """Depth, lengths, numbers and keys without end."""
    count = some(random, 3_000_000)
    long = "k" * some(random, 2_000_000)
    way = random.choice((
        "lists", "objects", "depth", "key", "key over many", "keys", "digits", "texts", "empty",
        "surrogates", "twice", "long keys nested",
    ))  # fmt: skip
    return {
        "lists": lambda: "[" + "[],[[]]," * count + "1]",
        "objects": lambda: "[" + '{"a":{}},' * count + "1]",
        "depth": lambda: '{"a":' * count + "1" + "}" * count,
        "key": lambda: json.dumps({long: 1}),
        "key over many": lambda: json.dumps({long[:300_000]: [0] * min(count, 50_000)}),
        "keys": lambda: json.dumps({f"key {n}": n for n in range(min(count, 400_000))}),
        "digits": lambda: "[" + "1" * min(10 * count, 20 * MIB) + "]",
        "texts": lambda: json.dumps(["x" * 1000] * min(count, 20_000)),
        "empty": lambda: "[" + '"",' * count + "1]",
        "surrogates": lambda: '["\\ud800"' + ',"\\udfff"' * min(count, 1000) + "]",
        "twice": lambda: '{"a":1' + ',"a":2' * min(count, 100_000) + "}",
        "long keys nested": lambda: (
            f'{{"{long[:900]}":' * 60 + "[" + "0," * min(count, 400_000) + "0]" + "}" * 60
        ),
    }[way]().encode()


def csv_bomb(random: Random, good: Good) -> bytes:
    """Rows, cells, columns, quotes and lengths without end."""
    count = some(random, 8_000_000)
    own = good["table"].decode().partition("\n")[0]
    way = random.choice((
        "rows", "cells", "columns", "cell", "quotes", "own rows", "own cells", "returns",
        "wide", "numbers", "emoji",
    ))  # fmt: skip
    return {
        "rows": lambda: "a,b\n" * count,
        "cells": lambda: "a,b\n" + "1," * count,
        "columns": lambda: ",".join(f"c{n}" for n in range(min(count, 1_000_000))) + "\n1",
        "cell": lambda: f"a,b\n1,{'x' * count}\n",
        "quotes": lambda: "a,b\n" + '"' * count,
        "own rows": lambda: own + "\n" + "2022-01,1.25\n" * count,
        "own cells": lambda: own + "\n" + "1," * min(count, 100_000) + "\n",
        "returns": lambda: own + "\r" * count,
        "wide": lambda: (
            (",".join(f"c{n}" for n in range(900)) + "\n")
            + ("," * 899 + "\n") * min(count // 900, 30_000)
        ),
        "numbers": lambda: own + "\n" + "1e99999999,1\n" * min(count, 300_000),
        "emoji": lambda: own + "\n\U0001f600" + "x,y\n" * count,
    }[way]().encode()[: 100 * MIB]


def lines_bomb(random: Random, good: Good) -> bytes:
    """Lines, or one line, without end."""
    count = some(random, 90 * MIB, 1000)
    way = random.choice((b"\n", b"x", b"<html>\n", b"[[", b"\r\n", b"ab\n", "\u2028".encode()))
    return (b"<html>" + way * (count // len(way)))[: 100 * MIB]


# ---------------------------------------------------------------- PDF


def pdf(objects: list[bytes], root: int = 1) -> bytes:
    """A PDF of these objects, the first being the catalogue."""
    out, places = b"%PDF-1.7\n", []
    parts = [out]
    place = len(out)
    for number, one in enumerate(objects, 1):
        text = b"%d 0 obj\n%s\nendobj\n" % (number, one)
        places.append(place)
        place += len(text)
        parts.append(text)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % one for one in places)
    end = b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return b"".join(parts) + table + end % (len(objects) + 1, root, place)


def stream(data: bytes, about: bytes = b"") -> bytes:
    """An object with a stream."""
    return b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(data), about, data)


def pdf_bomb(random: Random, good: Good) -> bytes:
    """Streams that unpack to much, pages, objects, references and depth without end."""
    count = some(random, 200_000)
    size = some(random, 400 * MIB, 1000)
    way = random.choice((
        "flate", "twice packed", "many streams", "lzw", "run length", "pages", "page tree",
        "contents", "objects", "depth", "array", "open ends", "loop", "hex", "annotations",
    ))  # fmt: skip
    catalogue = b"<</Type/Catalog/Pages 2 0 R>>"
    pages = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</A 4 0 R>>>>"
    flate = b"/Filter/FlateDecode"
    few = min(count, 3_000)

    def plain(content: bytes) -> bytes:
        return pdf([catalogue, pages, page, content])

    def packed(data: bytes) -> bytes:
        return zlib.compress(data, 1)

    return {
        "flate": lambda: plain(stream(packed(b"q Q " * (min(size, 100 * MIB) // 4)), flate)),
        "twice packed": lambda: plain(
            stream(
                packed(packed(b"\0" * min(size, 200 * MIB))),
                b"/Filter[/FlateDecode/FlateDecode]",
            )
        ),
        "many streams": lambda: pdf(
            [
                catalogue,
                pages,
                page.replace(
                    b"/A 4 0 R", b" ".join(b"/A%d %d 0 R" % (n, n) for n in range(4, few + 4))
                ),
            ]
            + [stream(packed(b"\0" * min(size, MIB)), flate)] * few
        ),
        "lzw": lambda: plain(
            stream(bytes(random.randrange(256) for _ in range(9)) * count, b"/Filter/LZWDecode")
        ),
        "run length": lambda: plain(stream(b"\x81x" * count, b"/Filter/RunLengthDecode")),
        "hex": lambda: plain(stream(b"41" * count, b"/Filter[/ASCIIHexDecode/ASCII85Decode]")),
        "pages": lambda: pdf(
            [
                catalogue,
                b"<</Type/Pages/Kids[" + b"3 0 R " * count + b"]/Count %d>>" % count,
                page,
                stream(b"q Q"),
            ]
        ),
        "page tree": lambda: pdf(
            [
                catalogue,
                *(
                    b"<</Type/Pages/Kids[" + b"%d 0 R " % (n + 3) * 10 + b"]/Count 9>>"
                    for n in range(20)
                ),
                page,
            ]
        ),
        "contents": lambda: pdf(
            [
                catalogue,
                pages,
                page.replace(b"4 0 R/R", b"[" + b"4 0 R " * count + b"]/R"),
                stream(packed(b"q Q " * (min(size, MIB) // 4)), flate),
            ]
        ),
        "objects": lambda: pdf([catalogue, pages, page, stream(b"q Q"), *[b"<<>>"] * count]),
        "depth": lambda: plain(b"[" * count + b"]" * count),
        "array": lambda: plain(b"[" + b"1 " * (20 * count) + b"]"),
        "open ends": lambda: (
            b"%PDF-1.7\n"
            + b"1 0 obj\n<</Length 9>>\nstream\nx" * count
            + b"\ntrailer<</Root 1 0 R>>"
        ),
        "loop": lambda: pdf(
            [
                b"<</Type/Catalog/Pages 2 0 R/A 1 0 R>>",
                b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 1/Parent 3 0 R>>",
                page.replace(b"/A 4 0 R", b"/A 3 0 R/B 2 0 R"),
            ]
        ),
        "annotations": lambda: pdf(
            [
                catalogue,
                pages,
                page.replace(b"/MediaBox", b"/Annots[" + b"4 0 R " * count + b"]/MediaBox"),
                b"<</Subtype/Stamp>>",
            ]
        ),
    }[way]()


# ---------------------------------------------------------------- zips and workbooks


def zipped(members: dict[str, bytes], level: int = 1) -> bytes:
    """A zip of members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


NAMES = (
    "../x", "/x", "a/../b", "CON", "nul.txt", "a.", "a ", "a:b", ".git/config", ".GIT/x",
    "git~1/x", "\u202ea", "a\u200b", "a" * 300, "b/" * 60 + "c", "A", "a", "é", "e\u0301",
    "a\\b", "x\x1b[2J",
)  # fmt: skip


def zip_bomb(random: Random, good: Good) -> bytes:
    """Members, sizes, names and headers that lie."""
    count = some(random, 300_000)
    way = random.choice((
        "zeros", "small zeros", "many", "count lies", "names", "flags", "overlap", "behind",
        "before", "two ends", "local name", "deep", "comment", "zip64", "field",
    ))  # fmt: skip
    archive = good["archive"]
    if way == "zeros":
        return zipped({"a": b"\0" * some(random, 300 * MIB, 1000)})
    if way == "small zeros":
        return zipped({f"{n}": b"\0" * 900_000 for n in range(some(random, 300))})
    if way in ("many", "count lies"):
        entry = b"PK\x01\x02" + b"\0" * 24 + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
        table = entry * count
        said = count % 65_536 if way == "many" else some(random, 65_535)
        return table + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, said, said, len(table), 0, 0)
    if way == "names":
        return zipped({random.choice(NAMES): b"1" for _ in range(3)})
    if way == "deep":
        return zipped(
            {
                f"{n}/" + "d/" * random.randrange(120) + "x": b""
                for n in range(some(random, 3000))
            }
        )
    if way == "behind":
        return archive + bytes(random.randrange(256) for _ in range(some(random, 100)))
    if way == "before":
        return b"#!/bin/sh\n" + archive
    if way == "two ends":
        return archive + zipped({"evil": b"1"})
    if way == "comment":
        end = zipped({"evil": b"1"})
        return archive[:-2] + struct.pack("<H", len(end)) + end
    found = bytearray(archive)
    marks = {
        "flags": (b"PK\x01\x02", 8),
        "overlap": (b"PK\x01\x02", 42),
        "local name": (b"PK\x03\x04", 30),
        "field": (b"PK\x01\x02", random.randrange(4, 46)),
        "zip64": (b"PK\x05\x06", random.choice((8, 12, 16))),
    }
    mark, place = marks[way]
    where = [n for n in range(len(found) - 46) if found[n : n + 4] == mark] or [
        found.rindex(mark)
    ]
    at = random.choice(where) + place
    found[at : at + 2] = random.choice(
        (b"\xff\xff", bytes([random.randrange(256), random.randrange(256)]), b"\0\0")
    )
    return bytes(found)


_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)


def workbook_bomb(random: Random, good: Good) -> bytes:
    """Rows, cells, shared texts, merges, sheets and XML without end in a workbook."""
    count = some(random, 8_000_000)
    with zipfile.ZipFile(io.BytesIO(good["workbook"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    way = random.choice((
        "rows", "far cell", "cells in one place", "no places", "shared", "merges", "sheets",
        "token", "depth", "entities", "empty", "huge number", "strange place", "styles",
    ))  # fmt: skip
    end = "</sheetData></worksheet>"
    place = random.choice(("A0", "1A", "AAAA1", "A" * 9999, "A99999999999"))
    cell = '<c r="A1"><v>1</v></c>'
    made = {
        "rows": lambda: _SHEET + '<row><c r="A1"><v>1</v></c></row>' * (count // 4) + end,
        "far cell": lambda: f'{_SHEET}<row r="1"><c r="XFD1048576"><v>1</v></c></row>{end}',
        "cells in one place": lambda: f"{_SHEET}<row>{cell * count}</row>{end}",
        "no places": lambda: f"{_SHEET}<row>{'<c><v>1</v></c>' * count}</row>{end}",
        "merges": lambda: (
            f"{_SHEET}<row>{cell}<c r='ZZ9999'><v>1</v></c></row></sheetData><mergeCells>"
            + '<mergeCell ref="A1:ZZ9999"/>' * (count // 100)
            + "</mergeCells></worksheet>"
        ),
        "token": lambda: f'{_SHEET}<row a="{"x" * 10 * count}"/>{end}',
        "depth": lambda: _SHEET + "<a>" * count + "</a>" * count + end,
        "entities": lambda: '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + _SHEET + "&a;" * 100 + end,
        "empty": lambda: _SHEET + "<row/>" * count + end,
        "huge number": lambda: f'{_SHEET}<row r="{"9" * 5_000}">{cell}</row>{end}',
        "strange place": lambda: f'{_SHEET}<row><c r="{place}"><v>1</v></c></row>{end}',
    }
    if way in made:
        members[sheet] = made[way]().encode()
    elif way == "shared":
        members["xl/sharedStrings.xml"] = (
            '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            + "<si/>" * (2 * count)
            + "</sst>"
        ).encode()
    elif way == "styles":
        members["xl/styles.xml"] = (
            b"<styleSheet><numFmts>"
            + b'<numFmt numFmtId="1" formatCode="0"/>' * (count // 4)
            + b"</numFmts></styleSheet>"
        )
    else:
        members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(
            b"</sheets>",
            b'<sheet name="x" sheetId="9" r:id="rId1"/>' * min(count, 90_000) + b"</sheets>",
        )
    return zipped(members, 1)


BOMBS: dict[str, Callable[[Random, Good], bytes]] = {
    "PNG bomb": png_bomb,
    "PNG text bomb": png_text_bomb,
    "frames": many_frames,
    "JPEG bomb": jpeg_bomb,
    "TIFF bomb": tiff_bomb,
    "XML bomb": xml_bomb,
    "JSON bomb": json_bomb,
    "CSV bomb": csv_bomb,
    "lines": lines_bomb,
    "PDF bomb": pdf_bomb,
    "zip bomb": zip_bomb,
    "workbook bomb": workbook_bomb,
}
