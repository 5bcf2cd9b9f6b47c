"""What somebody may do to a file that is cited: alterations, and ways to save it again.

Each is a function of the file's bytes and a generator of lots; what it draws by lot differs
from round to round. An alteration changes what some program shows, or runs, or reads.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import openpyxl
import pandas as pd
import pypdf
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, PatternFill
from PIL import Image, ImageCms, PngImagePlugin
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

VISIBLE, HIDDEN, ACTIVE = "visible change", "hidden change", "active content"
SWAPPED, SPELT = "swapped resources", "encoding tricks"
AGAIN = "saved again"
Lots = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """One thing that is done to files of a format."""

    format: str
    group: str
    what: str
    do: Callable[[bytes, Lots], bytes]

    @property
    def name(self) -> str:
        return f"{self.format}: {self.what}"


ALTERATIONS: list[Kind] = []
SAVINGS: list[Kind] = []


def kind(format_: str, group: str, what: str) -> Callable:
    """Register a function as an alteration, or as a way to save without altering."""

    def keep(do: Callable[[bytes, Lots], bytes]) -> Callable:
        (SAVINGS if group == AGAIN else ALTERATIONS).append(Kind(format_, group, what, do))
        return do

    return keep


# ---------------------------------------------------------------- PNG


def _picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=("PNG",))


def _png(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(name: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + body))
    return struct.pack(">I", len(body)) + name + body + checksum


def _with_chunk(content: bytes, name: bytes, body: bytes, before: bytes = b"IDAT") -> bytes:
    """A PNG with one part more, without what it says itself of the same."""
    place, parts = 8, [content[:8]]
    while place < len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        said, part = content[place + 4 : place + 8], content[place : place + 12 + length]
        place += 12 + length
        if said == before and name:
            parts.append(_chunk(name, body))
            name = b""
        parts.append(part)
    return b"".join(parts)


def _place(size: tuple[int, int], lots: Lots, room: int = 0) -> tuple[int, int]:
    return int(lots.integers(size[0] - room)), int(lots.integers(size[1] - room))


@kind("PNG", VISIBLE, "one pixel")
def _(content, lots):
    picture = _picture(content).convert("RGBA")
    place = _place(picture.size, lots)
    red, green, blue, alpha = picture.getpixel(place)
    picture.putpixel(place, (red, green ^ (1 << int(lots.integers(8))), blue, alpha))
    return _png(picture)


@kind("PNG", VISIBLE, "a part moved over another")
def _(content, lots):
    picture = _picture(content).convert("RGB")
    while True:
        x, y = _place(picture.size, lots, 40)
        part = picture.crop((x, y, x + 40, y + 40))
        to = _place(picture.size, lots, 40)
        if part.tobytes() != picture.crop((*to, to[0] + 40, to[1] + 40)).tobytes():
            picture.paste(part, to)
            return _png(picture)


@kind("PNG", VISIBLE, "a part that lets the background through")
def _(content, lots):
    picture = _picture(content).convert("RGBA")
    x, y = _place(picture.size, lots, 20)
    picture.paste((255, 255, 255, int(lots.integers(255))), (x, y, x + 20, y + 20))
    return _png(picture)


@kind("PNG", SWAPPED, "a colour profile")
def _(content, lots):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    one, two = lots.permutation([b"rXYZ", b"gXYZ", b"bXYZ"])[:2]
    swapped = profile.replace(one, b"????", 1).replace(two, one, 1).replace(b"????", two, 1)
    return _png(_picture(content).convert("RGB"), icc_profile=swapped)


@kind("PNG", SWAPPED, "another brightness (gAMA)")
def _(content, lots):
    return _with_chunk(content, b"gAMA", struct.pack(">I", int(lots.integers(5000, 40000))))


@kind("PNG", SWAPPED, "other colours (cHRM)")
def _(content, lots):
    sides = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]
    sides[int(lots.integers(2, 8))] += int(lots.integers(5000, 9000))
    gamma = _with_chunk(content, b"gAMA", struct.pack(">I", 45455))
    return _with_chunk(gamma, b"cHRM", struct.pack(">8I", *sides))


@kind("PNG", SWAPPED, "another space of colours (cICP)")
def _(content, lots):
    return _with_chunk(content, b"cICP", bytes([9, int(lots.choice((16, 18))), 0, 1]))


@kind("PNG", HIDDEN, "a second frame")
def _(content, lots):
    picture = _picture(content).convert("RGB")
    other = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _png(
        picture, save_all=True, append_images=[other], duration=int(lots.integers(9999))
    )


@kind("PNG", HIDDEN, "to be turned (eXIf)")
def _(content, lots):
    exif = Image.Exif()
    exif[274] = int(lots.integers(2, 9))
    return _png(_picture(content), exif=exif)


@kind("PNG", HIDDEN, "pixels that are not square (pHYs)")
def _(content, lots):
    density = struct.pack(">IIB", 3937, int(lots.integers(500, 3000)), 1)
    return _with_chunk(_png(_picture(content)), b"pHYs", density)


@kind("PNG", HIDDEN, "a page behind the picture")
def _(content, lots):
    return content + b"<script>alert(%d)</script>" % int(lots.integers(99))


@kind("PNG", HIDDEN, "a part of an unknown kind")
def _(content, lots):
    return _with_chunk(content, b"vpAg", lots.bytes(9))


@kind("PNG", SPELT, "sixteen bits that differ in the lower eight")
def _(content, lots):
    pixels = np.asarray(_picture(content).convert("RGB")).astype(">u2") * 256
    pixels += lots.integers(256, dtype=np.uint16)
    height, width, _ = pixels.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return content[:8] + parts


@kind("PNG", SPELT, "the name of another figure")
def _(content, lots):
    info = PngImagePlugin.PngInfo()
    info.add_text("aidaudit-id", "F02-article")
    return _png(_picture(content), pnginfo=info, compress_level=int(lots.integers(1, 9)))


@kind("PNG", VISIBLE, "a part painted over, then a JPEG")
def _(content, lots):
    picture = _picture(content).convert("RGB")
    x, y = _place(picture.size, lots, 24)
    picture.paste(
        tuple(int(step) for step in lots.integers(90, 160, 3)), (x, y, x + 24, y + 24)
    )
    return _png(picture, "JPEG", quality=int(lots.integers(80, 95)))


@kind("PNG", SWAPPED, "a JPEG with a colour profile")
def _(content, lots):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ")
    options = {"icc_profile": swapped.replace(b"????", b"gXYZ")}
    picture = _picture(content).convert("RGB")
    return _png(picture, "JPEG", quality=int(lots.integers(80, 95)), **options)


@kind("PNG", HIDDEN, "a JPEG with something behind it")
def _(content, lots):
    picture = _picture(content).convert("RGB")
    return _png(picture, "JPEG", quality=90) + lots.bytes(int(lots.integers(1, 99)))


# ---------------------------------------------------------------- SVG

_STYLE = b"path { display: none } g { opacity: .3 }"


def _before(content: bytes, mark: bytes, what: bytes) -> bytes:
    assert mark in content, mark
    return content.replace(mark, what + mark, 1)


def _after(content: bytes, mark: bytes, what: bytes) -> bytes:
    assert mark in content, mark
    return content.replace(mark, mark + what, 1)


def _digit(content: bytes, pattern: bytes, lots: Lots) -> bytes:
    """Another digit in one of the places that a pattern finds."""
    found = [*re.finditer(pattern, content)]
    place = found[int(lots.integers(len(found)))].start(1)
    digit = (content[place] - 48 + int(lots.integers(1, 9))) % 10
    return content[:place] + b"%d" % digit + content[place + 1 :]


@kind("SVG", VISIBLE, "a colour")
def _(content, lots):
    return content.replace(b"#0b5fa5", b"#%06x" % int(lots.integers(1 << 23)), 1)


@kind("SVG", VISIBLE, "a bar's length")
def _(content, lots):
    return _digit(content, rb"\nL [\d.]+ ([1-9])\d+\.", lots)


@kind("SVG", VISIBLE, "a label added")
def _(content, lots):
    label = b'<text x="%d" y="40">281</text>' % int(lots.integers(10, 200))
    return _before(content, b"</svg>", label)


@kind("SVG", VISIBLE, "a style sheet behind the metadata")
def _(content, lots):
    style = b'<style type="text/css"><metadata/>%s</style>' % _STYLE
    return _before(content, b" <defs>", b"%s" % style)


@kind("SVG", VISIBLE, "metadata that hide what stands behind them")
def _(content, lots):
    style = b"<metadata/>path { opacity: .%d }" % int(lots.integers(5))
    return _before(content, b"</style>", style)


@kind("SVG", VISIBLE, "a drawing in the metadata")
def _(content, lots):
    at = int(lots.integers(100))
    shape = b'<rect x="%d" y="20" width="90" height="60"/>' % at
    return (
        content.replace(b"</metadata>", b"</metadata>" + shape)
        if at % 2
        else _before(content, b"</metadata>", b"<style>%s</style>" % _STYLE)
    )


@kind("SVG", ACTIVE, "a script")
def _(content, lots):
    return _before(content, b"</svg>", b"<script>document.documentElement.remove()</script>")


@kind("SVG", ACTIVE, "a handler")
def _(content, lots):
    name = lots.choice([b"onload", b"onclick", b"onmouseover"])
    return _after(content, b"<svg ", bytes(name) + b'="alert(1)" ')


@kind("SVG", ACTIVE, "a handler within the metadata")
def _(content, lots):
    return content.replace(
        b"<cc:Work>", b'<cc:Work onload="alert(%d)">' % int(lots.integers(9))
    )


@kind("SVG", ACTIVE, "an animation")
def _(content, lots):
    animation = b'<set attributeName="visibility" to="hidden" begin="%dms"/>' % int(
        lots.integers(9)
    )
    return _after(content, b'<g id="figure_1">', animation)


@kind("SVG", ACTIVE, "a page within it")
def _(content, lots):
    page = b'<foreignObject width="300" height="%d"><body xmlns="http://www.w3.org/1999/xhtml">'
    page += b"<p>281 bn</p></body></foreignObject>"
    return _before(content, b"</svg>", page % int(lots.integers(100, 200)))


@kind("SVG", SWAPPED, "a style sheet from elsewhere")
def _(content, lots):
    sheet = b'<?xml-stylesheet href="data:text/css,path%7Bdisplay:none%7D" type="text/css"?>'
    return _before(content, b"<svg", sheet)


@kind("SVG", SWAPPED, "a base for its links")
def _(content, lots):
    return _after(
        content, b"<svg ", b'xml:base="https://example.org/%d" ' % int(lots.integers(99))
    )


@kind("SVG", SWAPPED, "another mark in place of one")
def _(content, lots):
    used = [*re.finditer(rb'<use xlink:href="#([^"]+)"', content)]
    one = used[int(lots.integers(len(used)))]
    other = next(two[1] for two in used if two[1] != one[1])
    return content[: one.start(1)] + other + content[one.end(1) :]


@kind("SVG", SPELT, "an entity")
def _(content, lots):
    entity = b"<!DOCTYPE svg [<!ENTITY a \"<path d='M0 0L99 %d'/>\">]>" % int(lots.integers(99))
    head = re.sub(rb"<!DOCTYPE[^>]*>", lambda _: entity, content)
    return _before(head, b"</svg>", b"&a;")


@kind("SVG", SPELT, "UTF-16 with a style sheet")
def _(content, lots):
    text = _before(content, b"</svg>", b"<style>%s</style>" % _STYLE).decode()
    text = re.sub(r"<\?xml[^>]*>", "", text)
    return text.encode("utf-16")


@kind("SVG", SPELT, "UTF-16 whose bytes look like UTF-8")
def _(content, lots):
    # In UTF-16 these two letters are the bytes '<svg'.
    marks = b"<svg".decode("utf-16-le")
    text = re.sub(r"<\?xml[^>]*>\s*|<!DOCTYPE[^>]*>", "", content.decode())
    colour = f"%23{lots.integers(100, 999)}"
    sheet = f'<?xml-stylesheet href="data:text/css,path%7Bfill:{colour}%7D" type="text/css"?>'
    return f"{sheet}<!--{marks}-->{text}".encode("utf-16")


@kind("SVG", SPELT, "an encoding that it is not in")
def _(content, lots):
    encoding = lots.choice([b"UTF-7", b"ISO-8859-1", b"windows-1252"])
    return content.replace(b'encoding="utf-8"', b'encoding="%s"' % encoding)


@kind("SVG", SPELT, "a style that outdoes the next")
def _(content, lots):
    return re.sub(
        rb'style="fill: #0b5fa5([^"]*)"',
        lambda found: (
            b'style="fill: #%06x !important; fill: #0b5fa5%s"'
            % (int(lots.integers(1 << 23)), found[1])
        ),
        content,
    )


@kind("SVG", SPELT, "a style with an escape")
def _(content, lots):
    return content.replace(b'style="fill: #0b5fa5', b'style="fill: #0b5fa5; \\66ill: #f00')


@kind("SVG", SPELT, "a transform that programs give up on")
def _(content, lots):
    wrong = lots.choice([b"trans late(", b"translate (,", b"translat\xc3\xa9("])
    return content.replace(b"translate(", bytes(wrong), int(lots.integers(1, 9)))


@kind("SVG", SPELT, "a path that programs give up on")
def _(content, lots):
    found = [*re.finditer(rb'd="M [\d.]+ ', content)]
    place = found[int(lots.integers(len(found)))].end()
    return content[:place] + bytes(lots.choice([b",,", b", , "])) + content[place:]


@kind("SVG", SPELT, "digits of another script")
def _(content, lots):
    return re.sub(
        rb'd="M (\d)', lambda found: b'd="M ' + "٠١٢٣٤٥٦٧٨٩"[int(found[1])].encode(), content
    )


@kind("SVG", HIDDEN, "an element of no drawing")
def _(content, lots):
    return _after(content, b'<g id="figure_1">', b'<g xmlns="x:%d"/>' % int(lots.integers(9)))


@kind("SVG", HIDDEN, "elements in another order")
def _(content, lots):
    parts = re.search(
        rb'(<g id="patch_1">.*?</g>)\s*(<g id="axes_1">.*?)(\n </g>)', content, re.S
    )
    return content.replace(parts[0], parts[2] + parts[1] + parts[3])


# ---------------------------------------------------------------- PDF


def _writer(content: bytes) -> pypdf.PdfWriter:
    return pypdf.PdfWriter(clone_from=io.BytesIO(content))


def _pdf(writer: pypdf.PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def _object(**entries) -> DictionaryObject:
    return DictionaryObject({NameObject("/" + name): value for name, value in entries.items()})


def _links(writer: pypdf.PdfWriter) -> list[DictionaryObject]:
    return [note.get_object() for page in writer.pages for note in page["/Annots"]]


def _resources(writer: pypdf.PdfWriter) -> DictionaryObject:
    return writer.pages[0]["/Resources"].get_object()


@kind("PDF", VISIBLE, "a thick border of a link")
def _(content, lots):
    writer = _writer(content)
    link = _links(writer)[int(lots.integers(6))]
    link[NameObject("/Border")] = ArrayObject(
        [*map(NumberObject, (0, 0, int(lots.integers(20, 90))))]
    )
    link[NameObject("/C")] = ArrayObject([FloatObject(1), FloatObject(0), FloatObject(0)])
    link[NameObject("/Rect")] = ArrayObject([*map(NumberObject, (40, 40, 200, 140))])
    return _pdf(writer)


@kind("PDF", VISIBLE, "everything transparent")
def _(content, lots):
    writer = _writer(content)
    for state in _resources(writer)["/ExtGState"].get_object().values():
        state.get_object()[NameObject("/ca")] = FloatObject(int(lots.integers(5)) / 100)
    return _pdf(writer)


@kind("PDF", VISIBLE, "other widths of letters")
def _(content, lots):
    writer = _writer(content)
    for font in _resources(writer)["/Font"].get_object().values():
        widths = font.get_object()["/Widths"].get_object()
        widths[:] = [NumberObject(int(lots.integers(300, 1500))) for _ in widths]
    return _pdf(writer)


@kind("PDF", VISIBLE, "what the page draws")
def _(content, lots):
    writer = _writer(content)
    page = writer.pages[0]
    stream = DecodedStreamObject()
    shape = b"\n1 0 0 rg 20 20 %d 90 re f\n" % int(lots.integers(9, 200))
    stream.set_data(page.get_contents().get_data() + shape)
    page[NameObject("/Contents")] = writer._add_object(stream)
    return _pdf(writer)


@kind("PDF", VISIBLE, "a stamp over the page")
def _(content, lots):
    writer = _writer(content)
    note = pypdf.annotations.FreeText(text="281", rect=(10, 10, 90, int(lots.integers(40, 90))))
    writer.add_annotation(0, note)
    return _pdf(writer)


@kind("PDF", VISIBLE, "a link that is drawn")
def _(content, lots):
    writer = _writer(content)
    drawn = DecodedStreamObject()
    drawn.set_data(b"1 0 0 rg 0 0 %d 90 re f" % int(lots.integers(9, 90)))
    drawn.update(_object(Type=NameObject("/XObject"), Subtype=NameObject("/Form")))
    drawn[NameObject("/BBox")] = ArrayObject([*map(NumberObject, (0, 0, 99, 99))])
    _links(writer)[0][NameObject("/AP")] = _object(N=writer._add_object(drawn))
    return _pdf(writer)


@kind("PDF", VISIBLE, "a page turned")
def _(content, lots):
    writer = _writer(content)
    writer.pages[int(lots.integers(3))].rotate(90 * int(lots.integers(1, 4)))
    return _pdf(writer)


@kind("PDF", VISIBLE, "pages turned where their tree says so")
def _(content, lots):
    writer = _writer(content)
    tree = writer.root_object["/Pages"].get_object()
    tree[NameObject("/Rotate")] = NumberObject(90 * int(lots.integers(1, 4)))
    return _pdf(writer)


@kind("PDF", VISIBLE, "a part of the page alone")
def _(content, lots):
    writer = _writer(content)
    box = ArrayObject([*map(NumberObject, (0, int(lots.integers(20, 90)), 200, 150))])
    writer.pages[0][NameObject("/CropBox")] = box
    return _pdf(writer)


@kind("PDF", VISIBLE, "larger units")
def _(content, lots):
    writer = _writer(content)
    writer.pages[0][NameObject("/UserUnit")] = FloatObject(1 + int(lots.integers(1, 9)) / 4)
    return _pdf(writer)


@kind("PDF", SWAPPED, "fonts")
def _(content, lots):
    writer = _writer(content)
    for font in _resources(writer)["/Font"].get_object().values():
        font.get_object()[NameObject("/Encoding")] = _object(
            Type=NameObject("/Encoding"),
            Differences=ArrayObject(
                [NumberObject(48), *map(NameObject, ["/nine", "/eight", "/seven"])]
            ),
        )
    return _pdf(writer)


@kind("PDF", SWAPPED, "glyphs")
def _(content, lots):
    writer = _writer(content)
    for font in _resources(writer)["/Font"].get_object().values():
        glyphs = font.get_object()["/CharProcs"].get_object()
        names = sorted(glyphs)
        one, two = lots.permutation(len(names))[:2]
        one, two = NameObject(names[one]), NameObject(names[two])
        first, second = glyphs.raw_get(one), glyphs.raw_get(two)
        glyphs[one], glyphs[two] = second, first
    return _pdf(writer)


@kind("PDF", SWAPPED, "the text of what is copied")
def _(content, lots):
    writer = _writer(content)
    said = DecodedStreamObject()
    said.set_data(b"1 beginbfchar <30> <003%d> endbfchar" % int(lots.integers(10)))
    for font in _resources(writer)["/Font"].get_object().values():
        font.get_object()[NameObject("/ToUnicode")] = writer._add_object(said)
    return _pdf(writer)


@kind("PDF", HIDDEN, "where links lead")
def _(content, lots):
    writer = _writer(content)
    for link in _links(writer):
        if "/A" in link:
            to = TextStringObject(f"https://example.net/{int(lots.integers(99))}")
            link["/A"].get_object()[NameObject("/URI")] = to
    return _pdf(writer)


@kind("PDF", HIDDEN, "to which page a link leads")
def _(content, lots):
    writer = _writer(content)
    link = next(one for one in _links(writer) if "/Dest" in one)
    link["/Dest"].get_object()[0] = writer.pages[0].indirect_reference
    return _pdf(writer)


@kind("PDF", HIDDEN, "a title in its outline")
def _(content, lots):
    writer = _writer(content)
    item = writer.root_object["/Outlines"].get_object()["/First"].get_object()
    item[NameObject("/Title")] = TextStringObject(f"Figure {int(lots.integers(9, 99))}")
    return _pdf(writer)


@kind("PDF", HIDDEN, "a layer that is not shown")
def _(content, lots):
    writer = _writer(content)
    layer = writer._add_object(_object(Type=NameObject("/OCG"), Name=TextStringObject("chart")))
    off = ArrayObject([layer])
    writer.root_object[NameObject("/OCProperties")] = _object(
        OCGs=ArrayObject([layer]), D=_object(BaseState=NameObject("/ON"), OFF=off)
    )
    return _pdf(writer)


@kind("PDF", HIDDEN, "a file within it")
def _(content, lots):
    writer = _writer(content)
    writer.add_attachment("figures.csv", lots.bytes(30))
    return _pdf(writer)


@kind("PDF", HIDDEN, "a field of a form")
def _(content, lots):
    writer = _writer(content)
    field = _object(FT=NameObject("/Tx"), T=TextStringObject("a"), V=TextStringObject("281"))
    form = _object(Fields=ArrayObject([writer._add_object(field)]))
    writer.root_object[NameObject("/AcroForm")] = form
    return _pdf(writer)


def _script(lots: Lots) -> DictionaryObject:
    words = TextStringObject(f"app.alert({int(lots.integers(99))})")
    return _object(S=NameObject("/JavaScript"), JS=words)


@kind("PDF", ACTIVE, "a script on opening")
def _(content, lots):
    writer = _writer(content)
    writer.root_object[NameObject("/OpenAction")] = _script(lots)
    return _pdf(writer)


@kind("PDF", ACTIVE, "a script by name")
def _(content, lots):
    writer = _writer(content)
    names = writer.root_object["/Names"].get_object()
    scripts = ArrayObject([TextStringObject("a"), writer._add_object(_script(lots))])
    names[NameObject("/JavaScript")] = _object(Names=scripts)
    return _pdf(writer)


@kind("PDF", ACTIVE, "a script when a page is turned to")
def _(content, lots):
    writer = _writer(content)
    writer.pages[int(lots.integers(3))][NameObject("/AA")] = _object(O=_script(lots))
    return _pdf(writer)


@kind("PDF", ACTIVE, "a link that starts a program")
def _(content, lots):
    writer = _writer(content)
    action = _object(S=NameObject("/Launch"), F=TextStringObject("calc.exe"))
    _links(writer)[int(lots.integers(6))][NameObject("/A")] = action
    return _pdf(writer)


def _contents(content: bytes, lots: Lots) -> tuple[int, bytes]:
    """The number of what the first page draws, and an object that draws another."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    number = reader.pages[0].raw_get("/Contents").idnum
    drawn = b"1 0 0 rg 20 20 %d 90 re f" % int(lots.integers(9, 200))
    return number, b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (
        number, len(drawn), drawn,
    )  # fmt: skip


def _table(content: bytes) -> tuple[bytes, bytes, int]:
    """A PDF up to its table of objects, from there, and where that is."""
    place = int(re.search(rb"startxref\s+(\d+)", content)[1])
    return content[:place], content[place:], place


@kind("PDF", SPELT, "a second state saved over the first")
def _(content, lots):
    content = _pdf(_writer(content))
    number, drawn = _contents(content, lots)
    trailer = re.search(rb"trailer\s*<<(.*?)>>\s*startxref\s+(\d+)", content, re.S)
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<<%s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
    at = len(content)
    return content + drawn + table % (number, at, trailer[1], trailer[2], at + len(drawn))


@kind("PDF", SPELT, "an object that its table leaves out")
def _(content, lots):
    head, tail, place = _table(_pdf(_writer(content)))
    _, drawn = _contents(content, lots)
    tail = tail.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place + len(drawn)))
    return head + drawn + tail


@kind("PDF", SPELT, "a table that leads to a second object")
def _(content, lots):
    content = _pdf(_writer(content))
    head, tail, place = _table(content)
    number, drawn = _contents(content, lots)
    old = re.search(rb"(?<![0-9])%d 0 obj" % number, head).start()
    tail = tail.replace(b"%010d 00000 n" % old, b"%010d 00000 n" % place, 1)
    tail = tail.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place + len(drawn)))
    return head + drawn + tail


@kind("PDF", SPELT, "a stream whose length and end disagree")
def _(content, lots):
    content = _pdf(_writer(content))
    head, tail, place = _table(content)
    more = b"\nendstream\nendobj\n" + lots.bytes(0)
    at = head.index(b"endstream")
    # What is put in stands in the stream by its length, and behind it by its end.
    head = head[:at] + more + head[at:]
    tail = re.sub(
        rb"(\d{10}) 00000 n",
        lambda one: b"%010d 00000 n" % (int(one[1]) + len(more) * (int(one[1]) > at)),
        tail,
    )
    return head + tail.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place + len(more)))


@kind("PDF", SPELT, "one entry given twice")
def _(content, lots):
    content = _pdf(_writer(content))
    head, tail, place = _table(content)
    at = head.index(b"/MediaBox")
    more = b"/MediaBox [ 0 0 %d 99 ] " % int(lots.integers(50, 99))
    head = head[:at] + more + head[at:]
    tail = re.sub(
        rb"(\d{10}) 00000 n",
        lambda one: b"%010d 00000 n" % (int(one[1]) + len(more) * (int(one[1]) > at)),
        tail,
    )
    return head + tail.replace(b"startxref\n%d" % place, b"startxref\n%d" % (place + len(more)))


@kind("PDF", SPELT, "something before its beginning")
def _(content, lots):
    return b"%%PDF-1.4\n<script>alert(%d)</script>\n" % int(lots.integers(9)) + content


# ---------------------------------------------------------------- CSV


def _cell(
    content: bytes, pattern: bytes, lots: Lots, change: Callable[[bytes], bytes]
) -> bytes:
    """One of the places that a pattern finds, changed."""
    found = [*re.finditer(pattern, content, re.M)]
    one = found[int(lots.integers(len(found)))]
    return content[: one.start(1)] + change(one[1]) + content[one.end(1) :]


_VALUE = rb"^2022-\d\d,([\d.]+),"
_WORD = rb",(of [^\n]+)$"


@kind("CSV", VISIBLE, "one digit")
def _(content, lots):
    return _digit(content, rb"([1-9])(?=[\d.]*,\d{3},)", lots)


@kind("CSV", VISIBLE, "a row moved")
def _(content, lots):
    head, *rows = content.decode().splitlines()
    at = int(lots.integers(11))
    rows[at : at + 2] = rows[at + 1], rows[at]
    return "\n".join([head, *rows, ""]).encode()


@kind("CSV", VISIBLE, "an empty line")
def _(content, lots):
    return _cell(content, rb"(\n)(?=2)", lots, lambda end: end + b"\n")


@kind("CSV", VISIBLE, "a sign of zero")
def _(content, lots):
    return _cell(content, _VALUE, lots, lambda value: b"-" + value)


@kind("CSV", VISIBLE, "a leading zero less")
def _(content, lots):
    return _cell(content, rb",(0\d\d),", lots, lambda code: code.lstrip(b"0"))


@kind("CSV", VISIBLE, "a leading zero more")
def _(content, lots):
    return _cell(content, _VALUE, lots, lambda value: b"0" + value)


@kind("CSV", VISIBLE, "a plus or space before a number")
def _(content, lots):
    mark = bytes(lots.choice([b"+", b" ", b"\xc2\xa0", b"'"]))
    return _cell(content, _VALUE, lots, lambda value: mark + value)


@kind("CSV", HIDDEN, "a mark that is not seen")
def _(content, lots):
    mark = str(lots.choice(["\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"])).encode()
    return _cell(content, bytes(lots.choice([_WORD, _VALUE])), lots, lambda cell: cell + mark)


@kind("CSV", HIDDEN, "a mark that turns letters round")
def _(content, lots):
    mark = str(lots.choice(["\u202e", "\u2067", "\u200f"])).encode()
    return _cell(content, _WORD, lots, lambda word: mark + word)


@kind("CSV", HIDDEN, "a letter that looks the same")
def _(content, lots):
    return _cell(content, rb"(o)(?=f |te)", lots, lambda _: "о".encode())


@kind("CSV", HIDDEN, "a column named twice")
def _(content, lots):
    return content.replace(b"code,note", b"code,code" if lots.integers(2) else b"note,note")


@kind("CSV", SPELT, "digits of another script")
def _(content, lots):
    digits = str(lots.choice(["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९"]))
    return _cell(
        content, _VALUE, lots,
        lambda value: value.decode().translate(str.maketrans("0123456789", digits)).encode(),
    )  # fmt: skip


@kind("CSV", SPELT, "an underscore in a number")
def _(content, lots):
    return _cell(
        content, rb"^2022-\d\d,(\d[\d.]*\d),", lots, lambda one: one[:1] + b"_" + one[1:]
    )


@kind("CSV", SPELT, "a comma for a point in one number")
def _(content, lots):
    return _cell(content, _VALUE, lots, lambda one: b'"%s"' % one.replace(b".", b","))


@kind("CSV", SPELT, "a quote that programs read differently")
def _(content, lots):
    return _cell(content, _WORD, lots, lambda word: b'"%s"%s' % (word[:4], word[4:]))


@kind("CSV", SPELT, "a quote that never ends")
def _(content, lots):
    return content[: content.rindex(b"of")] + b'"' + content[content.rindex(b"of") :]


@kind("CSV", SPELT, "a zero byte")
def _(content, lots):
    return _cell(content, _WORD, lots, lambda word: word + b"\x00")


@kind("CSV", ACTIVE, "a formula")
def _(content, lots):
    formula = bytes(lots.choice([b"=%s", b"=%s+0", b"@SUM(%s)", b'"=HYPERLINK(""x"",%s)"']))
    return _cell(content, _VALUE, lots, lambda value: formula % value)


@kind("CSV", ACTIVE, "a word for Excel in the first line")
def _(content, lots):
    return b"sep=%s\n" % bytes(lots.choice([b".", b";", b"-"])) + content


# ---------------------------------------------------------------- xlsx


def _sheet(content: bytes, *more_sheets: str) -> openpyxl.Workbook:
    """A table as a workbook: numbers as numbers, codes as text."""
    frame = pd.read_csv(io.BytesIO(content), dtype={"code": str})
    book = openpyxl.Workbook()
    for row in [list(frame), *frame.to_numpy().tolist()]:
        book.active.append(row)
    return book


def _book(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _in_book(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.namelist():
            part = old.read(one)
            new.writestr(one, change(part) if one == name else part)
    return out.getvalue()


def _any(lots: Lots) -> str:
    return f"B{int(lots.integers(2, 14))}"


def _each(
    what: str, change: Callable[[openpyxl.Workbook, str, Lots], None], group: str
) -> None:
    """Register an alteration of one cell of the table, saved as a workbook."""

    @kind("xlsx", group, what)
    def _(content, lots):
        book = _sheet(content)
        change(book, _any(lots), lots)
        return _book(book)


def _set(name: str, values: Callable[[Lots], object]) -> Callable:
    return lambda book, cell, lots: setattr(book.active[cell], name, values(lots))


_each("a value", _set("value", lambda lots: float(lots.integers(99)) + 0.5), VISIBLE)
_each(
    "a format with other words",
    _set("number_format", lambda lots: f'"{lots.integers(99)}"'),
    VISIBLE,
)
_each("a format that hides", _set("number_format", lambda lots: ";;;"), VISIBLE)
_each("a format that rounds", _set("number_format", lambda lots: "0"), VISIBLE)
_each(
    "a format with the factor of a hundred",
    _set("number_format", lambda lots: "0.00%"),
    VISIBLE,
)
_each("white letters", _set("font", lambda lots: Font(color="FFFFFFFF")), VISIBLE)
_each("letters struck out", _set("font", lambda lots: Font(strike=True)), VISIBLE)
_each("tiny letters", _set("font", lambda lots: Font(size=1)), VISIBLE)
_each(
    "a colour behind",
    _set("fill", lambda lots: PatternFill("solid", fgColor="FF000000")),
    VISIBLE,
)
_each("a value repeated", _set("alignment", lambda lots: Alignment(horizontal="fill")), VISIBLE)
_each("a note", _set("comment", lambda lots: Comment(f"{lots.integers(9)}", "x")), HIDDEN)
_each("a link", _set("hyperlink", lambda lots: "https://example.net"), HIDDEN)
_each("a formula", _set("value", lambda lots: f"={lots.integers(9)}+1"), ACTIVE)


@kind("xlsx", VISIBLE, "a row that is hidden")
def _(content, lots):
    book = _sheet(content)
    row = book.active.row_dimensions[int(lots.integers(2, 14))]
    if lots.integers(2):
        row.hidden = True
    else:
        row.height = 0.5
    return _book(book)


@kind("xlsx", VISIBLE, "a column that is hidden")
def _(content, lots):
    book = _sheet(content)
    column = book.active.column_dimensions["B"]
    if lots.integers(2):
        column.hidden = True
    else:
        column.width = 0.1
    return _book(book)


@kind("xlsx", VISIBLE, "a picture over cells")
def _(content, lots):
    from openpyxl.drawing.image import Image as Drawn

    book = _sheet(content)
    picture = io.BytesIO(_png(Image.new("RGB", (90, 20), "white")))
    book.active.add_image(Drawn(picture), _any(lots))
    return _book(book)


@kind("xlsx", VISIBLE, "colours by condition")
def _(content, lots):
    book = _sheet(content)
    rule = CellIsRule(operator="greaterThan", formula=["0"], font=Font(color="FFFFFFFF"))
    book.active.conditional_formatting.add(f"{_any(lots)}:B14", rule)
    return _book(book)


@kind("xlsx", VISIBLE, "cells joined")
def _(content, lots):
    book = _sheet(content)
    book.active.merge_cells(f"B{int(lots.integers(2, 13))}:C14")
    return _book(book)


@kind("xlsx", HIDDEN, "a second sheet")
def _(content, lots):
    book = _sheet(content)
    more = book.create_sheet("more")
    more.append([float(lots.integers(99))])
    more.sheet_state = str(lots.choice(["visible", "hidden", "veryHidden"]))
    return _book(book)


@kind("xlsx", HIDDEN, "zeros that are not shown")
def _(content, lots):
    book = _sheet(content)
    book.active.sheet_view.showZeros = False
    return _book(book)


@kind("xlsx", SWAPPED, "black that is white")
def _(content, lots):
    white = b'<a:dk1><a:srgbClr val="FFFFF%d"/></a:dk1>' % int(lots.integers(10))
    return _in_book(
        _book(_sheet(content)), "xl/theme/theme1.xml",
        lambda part: re.sub(rb"<a:dk1>.*?</a:dk1>", white, part, flags=re.S),
    )  # fmt: skip


@kind("xlsx", SPELT, "a cell that stands twice")
def _(content, lots):
    cell = b'<c r="B2"><v>%d</v></c>' % int(lots.integers(99))
    return _in_book(
        _book(_sheet(content)), "xl/worksheets/sheet1.xml",
        lambda part: re.sub(rb'(?=<c r="B2")', cell, part),
    )  # fmt: skip


@kind("xlsx", ACTIVE, "a part with a program")
def _(content, lots):
    out = io.BytesIO(_book(_sheet(content)))
    with zipfile.ZipFile(out, "a") as book:
        book.writestr("xl/vbaProject.bin", lots.bytes(40))
    return out.getvalue()


# ---------------------------------------------------------------- JSON and notebooks


def _text(content: bytes, old: str, new: str) -> bytes:
    assert old in content.decode(), old
    return content.decode().replace(old, new, 1).encode()


@kind("JSON", VISIBLE, "one digit")
def _(content, lots):
    return _digit(content, rb'"value": \d\.?(\d)', lots)


@kind("JSON", VISIBLE, "a digit far behind")
def _(content, lots):
    return _text(
        content, '"value": 0.125', f'"value": 0.1250000000000000000{lots.integers(1, 9)}'
    )


@kind("JSON", VISIBLE, "a number as text")
def _(content, lots):
    return _cell(content, rb'"value": (\d[\d.]*)', lots, lambda value: b'"%s"' % value)


@kind("JSON", VISIBLE, "a list in another order")
def _(content, lots):
    numbers = json.loads(content)
    numbers[f"key.{lots.integers(20)}"]["of"].reverse()
    return json.dumps(numbers).encode()


@kind("JSON", HIDDEN, "an empty object for an empty list")
def _(content, lots):
    return (
        _text(content, '"nothing": []', '"nothing": {}')
        if lots.integers(2)
        else _text(content, '"none": {}', '"none": []')
    )


@kind("JSON", HIDDEN, "nothing for an empty object")
def _(content, lots):
    return (
        _text(content, '"none": {},', "")
        if lots.integers(2)
        else _text(content, '"nothing": []', '"nothing": null')
    )


@kind("JSON", HIDDEN, "something empty more")
def _(content, lots):
    return _text(content, '"none": {}', f'"none": {{"{lots.integers(9)}": {{}}}}')


@kind("JSON", HIDDEN, "a fraction for a whole number")
def _(content, lots):
    return (
        _text(content, '"count": 7', '"count": 7.0')
        if lots.integers(2)
        else _text(content, '"whole": 1.0', '"whole": 1')
    )


@kind("JSON", HIDDEN, "a number for true")
def _(content, lots):
    return _text(content, '"said": true', f'"said": {lots.choice(["1", "1.0"])}')


@kind("JSON", HIDDEN, "a key that reads like two")
def _(content, lots):
    numbers = json.loads(content)
    key = f"key.{lots.integers(20)}"
    for name in ("value", "unit"):
        numbers[f"{key}.{name}"] = numbers[key].pop(name)
    return json.dumps(numbers).encode()


@kind("JSON", HIDDEN, "a mark that is not seen in a key")
def _(content, lots):
    mark = str(lots.choice(["\u200b", "\ufeff", "\\u0000", "\\ud800"]))
    return _text(content, '"key.3"', f'"key{mark}.3"')


@kind("JSON", SPELT, "a key given twice")
def _(content, lots):
    return _text(
        content, '"key.3": {', f'"key.3": {{"value": {lots.integers(99)}}}, "key.3": {{'
    )


@kind("JSON", SPELT, "what is no number")
def _(content, lots):
    return _text(
        content, '"value": 0.5', f'"value": {lots.choice(["NaN", "Infinity", "1e400"])}'
    )


@kind("JSON", SPELT, "another encoding")
def _(content, lots):
    encodings = ["utf-16", "utf-16-le", "utf-16-be", "utf-32"]
    return content.decode().encode(str(lots.choice(encodings)))


def _cells(content: bytes, change: Callable[[list], None]) -> bytes:
    document = json.loads(content)
    change(document["cells"])
    return json.dumps(document, indent=1).encode()


@kind("ipynb", VISIBLE, "a number in an output")
def _(content, lots):
    return _digit(content, rb"total (\d)", lots)


@kind("ipynb", VISIBLE, "a cell's code")
def _(content, lots):
    return _text(content, "total = 280.0", f"total = {lots.integers(99)}.0")


@kind("ipynb", VISIBLE, "an output taken away")
def _(content, lots):
    return _cells(content, lambda cells: cells[1]["outputs"].pop(int(lots.integers(2))))


@kind("ipynb", HIDDEN, "outputs that are an empty object")
def _(content, lots):
    return _cells(content, lambda cells: cells[2].update(outputs={}))


@kind("ipynb", HIDDEN, "something attached")
def _(content, lots):
    picture = {"a.svg": {"image/svg+xml": "<svg/>" * int(lots.integers(1, 9))}}
    return _cells(content, lambda cells: cells[0].update(attachments=picture))


@kind("ipynb", HIDDEN, "an order to hide the source")
def _(content, lots):
    return _cells(
        content, lambda cells: cells[1]["metadata"].update(jupyter={"source_hidden": True})
    )


@kind("ipynb", ACTIVE, "a script in an output")
def _(content, lots):
    page = f"<script>alert({lots.integers(9)})</script>"
    return _cells(
        content, lambda cells: cells[1]["outputs"][1]["data"].update({"text/html": page})
    )


@kind("ipynb", ACTIVE, "an output of scripts")
def _(content, lots):
    program = {"application/javascript": f"alert({lots.integers(9)})"}
    return _cells(content, lambda cells: cells[1]["outputs"][1]["data"].update(program))


# ---------------------------------------------------------------- HTML


@kind("HTML", VISIBLE, "one digit")
def _(content, lots):
    return _digit(content, rb"says (\d)", lots)


@kind("HTML", VISIBLE, "a style sheet")
def _(content, lots):
    style = b"<style>p:nth-child(%d) { display: none }</style>" % int(lots.integers(3, 9))
    return _before(content, b"</head>", style)


@kind("HTML", VISIBLE, "spaces in preformatted text")
def _(content, lots):
    return content.replace(b"1.0  2.0", b"1.0" + b" " * int(lots.integers(3, 9)) + b"2.0")


@kind("HTML", VISIBLE, "a mark for the end of a line")
def _(content, lots):
    mark = str(lots.choice(["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])).encode()
    return content.replace(b"2.0\n3.0", b"2.0" + mark + b"3.0")


@kind("HTML", HIDDEN, "a mark that turns letters round")
def _(content, lots):
    number = int(lots.integers(30))
    return content.replace(b"Sentence %d " % number, "\u202eSentence %d ".encode() % number)


@kind("HTML", HIDDEN, "where a link leads")
def _(content, lots):
    return content.replace(b"example.org/source", b"example.net/%d" % int(lots.integers(99)))


@kind("HTML", SWAPPED, "a base for its links")
def _(content, lots):
    return _after(
        content, b'<meta charset="utf-8">', b'<base href="//%d.example">' % lots.integers(9)
    )


@kind("HTML", SPELT, "another encoding named")
def _(content, lots):
    return content.replace(b"utf-8", bytes(lots.choice([b"utf-7", b"iso-2022-jp", b"x-user"])))


@kind("HTML", SPELT, "a comment that ends with a line")
def _(content, lots):
    mark = str(lots.choice(["\u2028", "\u2029", "\x0b", "\x0c"])).encode()
    return content.replace(b"// a line\n", b"// a line" + mark)


@kind("HTML", ACTIVE, "a script")
def _(content, lots):
    return _before(content, b"</body>", b"<script>document.body.remove()</script>")


@kind("HTML", ACTIVE, "a handler")
def _(content, lots):
    return content.replace(b"<h1>", b'<h1 onmouseover="alert(%d)">' % int(lots.integers(99)))


@kind("HTML", ACTIVE, "another page after a while")
def _(content, lots):
    refresh = b'<meta http-equiv="refresh" content="%d; url=//example.net">'
    return _before(content, b"</head>", refresh % int(lots.integers(1, 9)))


# ---------------------------------------------------------------- saved again, not altered


@kind("PNG", AGAIN, "without metadata")
def _(content, lots):
    return _png(_picture(content), compress_level=int(lots.integers(10)))


@kind("PNG", AGAIN, "without transparency")
def _(content, lots):
    return _png(_picture(content).convert("RGB"), optimize=bool(lots.integers(2)))


@kind("PNG", AGAIN, "with a word on its colours (sRGB)")
def _(content, lots):
    return _with_chunk(content, b"sRGB", bytes([int(lots.integers(4))]))


@kind("SVG", AGAIN, "without metadata and comments")
def _(content, lots):
    return re.sub(rb"<!--.*?-->|<metadata>.*?</metadata>", b"", content, flags=re.S)


@kind("SVG", AGAIN, "without idle spaces")
def _(content, lots):
    content = re.sub(rb">\s+<", b"><", content)
    return re.sub(
        rb'(?<= d=")[^"]+', lambda d: re.sub(rb"\s*([A-Z])\s*", rb"\1", d[0]), content
    )


@kind("SVG", AGAIN, "in UTF-16")
def _(content, lots):
    return re.sub(r"<\?xml[^>]*>", "", content.decode()).lstrip().encode("utf-16")


@kind("SVG", AGAIN, "with styles as attributes")
def _(content, lots):
    return re.sub(rb'style="([^":;]+): ([^":;]+)"', rb'\1="\2"', content)


@kind("PDF", AGAIN, "by pypdf, with another title")
def _(content, lots):
    writer = _writer(content)
    writer.metadata = {"/Title": f"Mine {lots.integers(99)}"}
    return _pdf(writer)


@kind("PDF", AGAIN, "one page of it")
def _(content, lots):
    writer = pypdf.PdfWriter()
    writer.add_page(pypdf.PdfReader(io.BytesIO(content)).pages[int(lots.integers(3))])
    return _pdf(writer)


@kind("CSV", AGAIN, "by pandas")
def _(content, lots):
    frame = pd.read_csv(io.BytesIO(content), dtype={"code": str})
    return frame.to_csv(index=False, sep=str(lots.choice([";", "\t"]))).encode()


@kind("CSV", AGAIN, "with other line ends")
def _(content, lots):
    return content.replace(b"\n", b"\r\n" if lots.integers(2) else b"\r")


@kind("CSV", AGAIN, "with a byte order mark and quotes")
def _(content, lots):
    frame = pd.read_csv(io.BytesIO(content), dtype=str)
    return b"\xef\xbb\xbf" + frame.to_csv(index=False, quoting=1).encode()


@kind("CSV", AGAIN, "with decimal commas")
def _(content, lots):
    frame = pd.read_csv(io.BytesIO(content), dtype={"code": str})
    return frame.to_csv(index=False, sep=str(lots.choice([";", "\t"])), decimal=",").encode()


@kind("xlsx", AGAIN, "by openpyxl")
def _(content, lots):
    book = _sheet(content)
    book.active.title = f"table {lots.integers(99)}"
    book.active.column_dimensions["A"].width = int(lots.integers(8, 40))
    return _book(book)


@kind("JSON", AGAIN, "indented otherwise, keys in order")
def _(content, lots):
    options = {"indent": int(lots.integers(2, 9)), "sort_keys": bool(lots.integers(2))}
    return json.dumps(json.loads(content), **options).encode()


@kind("ipynb", AGAIN, "indented otherwise")
def _(content, lots):
    return json.dumps(json.loads(content), indent=int(lots.integers(9))).encode() + b"\n"


@kind("HTML", AGAIN, "with other line ends")
def _(content, lots):
    return content.replace(b"\n", b"\r\n" if lots.integers(2) else b"\r")


@kind("HTML", AGAIN, "with a byte order mark")
def _(content, lots):
    return b"\xef\xbb\xbf" + content
