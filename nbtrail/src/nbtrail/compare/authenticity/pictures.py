"""Pictures: by their pixels, and by what they show where these differ."""

from __future__ import annotations

import functools
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from nbtrail.base import foreign
from nbtrail.compare.authenticity import copies
from nbtrail.compare.authenticity.base import Archive, Finding, hinted, inflated

# Of what is drawn in small grey pictures, two different figures of this project share at most
# 0.30; a figure and its copy, as JPEG or scaled down to a quarter, 0.85 and more.
ALIKE = 0.6
# Variants of one figure are alike: so many of the likest, and so near to the likest, are
# compared in full.
MOST_NEAR, NEAR = 3, 0.15
_ORIENTATION = 274  # the tag of EXIF
# What PNG files say of themselves and programs do not draw.
_UNSEEN = (b"tEXt", b"zTXt", b"iTXt", b"tIME")
# What says that colours are those of sRGB, as they are taken for where nothing is said.
_COMMON = {
    b"sRGB": (b"\x00", b"\x01", b"\x02", b"\x03"),
    b"gAMA": (struct.pack(">I", 45455),),
    b"cHRM": (struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),),
}
_PROFILE = "a colour profile makes its colours others, or may"
# Words in XMP that have a picture turned.
_TURNED = rb"Orientation(?!(?:=[\"']|>)1[\"'<])"
# Tags of TIFF that say how its pixels are stored, or are words.
_PLAIN_TAGS = {
    254, 256, 257, 258, 259, 262, 266, 269, 270, 271, 272, 273, 274, 277, 278, 279, 282, 283,
    284, 296, 305, 306, 315, 316, 317, 322, 323, 324, 325, 338, 339,
}  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """A decoded picture (RGBA) and what is known of its file.

    lossy: whether its format loses something. kind: the format. encoded: how a JPEG was
    encoded. why: what in the file may make programs show other than its pixels, or is no part
    of the picture. density: pixels across, in which unit, where a PNG says so.
    """

    picture: Image.Image
    lossy: bool
    kind: str
    encoded: copies.Encoding | None = None
    why: tuple[str, ...] = ()
    density: tuple[int, int] | None = None


def is_picture(content: bytes) -> bool:
    """Whether the bytes begin as PNG, JPEG, GIF, WebP, TIFF or BMP do."""
    starts = (b"\x89PNG", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"\xff\xd8\xff", b"BM")
    return content.startswith(starts)


def _opened(
    content: bytes, file: Path | str, pixels: str = "pixels of a picture"
) -> Opened | None:
    """A decoded picture, or None for one that is damaged. Raises AuditError for a bomb."""
    picture = foreign.picture(content, file, pixels)
    if picture is None:
        return None
    try:
        kind = picture.format
        why, density = [], None
        if kind == "PNG":
            why, density = _of_png(content)
        elif kind == "JPEG":
            why = _of_jpeg(content)
        elif kind == "TIFF" and not set(picture.tag_v2) <= _PLAIN_TAGS:
            why.append("its TIFF has tags that programs may follow or not")
        if picture.mode == "P" and picture.getextrema()[1] * 3 >= len(
            picture.getpalette() or ()
        ):
            why.append("it uses colours that its list of them does not have")
        if foreign.is_several(picture):
            why.append("it holds more than one picture")
        if picture.getexif().get(_ORIENTATION, 1) != 1:
            why.append("it says that it has to be turned")
        if "icc_profile" in picture.info:
            why.append(_PROFILE)
        if picture.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"):
            why.append(
                "its pixels have more than 8 bits, of which programs show different ones"
            )
        encoded = copies.encoding(picture) if kind == "JPEG" and not why else None
        opened = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error):
        return None
    if b"bKGD" in why:
        why.remove(b"bKGD")
        if opened.getextrema()[3][0] < 255:
            why.append("it says what lies behind it, and lets it shine through")
    lossy = kind in ("JPEG", "GIF") or (kind == "WEBP" and b"VP8L" not in content[:64])
    return Opened(opened, lossy, kind, encoded, tuple(dict.fromkeys(why)), density)


def _of_png(content: bytes) -> tuple[list, tuple[int, int] | None]:
    """What in a PNG may make programs show other than its pixels, and its density.

    Raises ValueError where its chunks are not in order. After PNG (third edition), 5 and 11.
    """
    why: list = []
    names: list[bytes] = []
    density = None
    place, data, depth, kind, most = 8, [], 0, 0, 0
    while place < len(content) and names[-1:] != [b"IEND"]:
        (length,) = struct.unpack(">I", content[place : place + 4])
        name, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if content[place + 8 + length : place + 12 + length] != struct.pack(
            ">I", zlib.crc32(name + body)
        ):
            raise ValueError("a checksum is wrong")
        place += 12 + length
        if name == b"IDAT":
            if names[-1] != b"IDAT" and b"IDAT" in names:
                raise ValueError("its pixels are in two places")
            data.append(body)
        elif name in names and name not in _UNSEEN:
            why.append("it says something twice")
        elif b"IDAT" in names and name not in (*_UNSEEN, b"IEND"):
            why.append("it says something of its pixels after them")
        names.append(name)
        if name == b"IHDR":
            width, height, depth, kind, *how = struct.unpack(">IIBBBBB", body)
            if how not in ([0, 0, 0], [0, 0, 1]):
                raise ValueError("its pixels are stored in a way that is none")
            # Four channels, and with seven passes at most as many rows again.
            most = (width * 4 * max(depth // 8, 1) + 8) * (height + 8) * 2
        elif name == b"pHYs":
            across, down, unit = struct.unpack(">IIB", body)
            density = (across, unit)
            if across != down:
                why.append("its pixels are not to be square")
        elif name == b"bKGD":
            why.append(b"bKGD")
        elif name == b"eXIf":
            # Programs differ in where they look for it.
            if re.search(rb"\x01\x12\x00\x03|\x12\x01\x03\x00", body):
                why.append("it says that it has to be turned, or may")
        elif name == b"iCCP":
            why.append(_PROFILE)
        elif name == b"tRNS" and kind != 3:
            why.append("one of its colours is to be transparent")
        elif name in _COMMON:
            if body not in _COMMON[name]:
                why.append("it says that its colours are others than they are taken for")
        elif name in _UNSEEN:
            packed = body[:19] == b"XML:com.adobe.xmp\x00\x01"
            if packed or b"Raw profile type" in body[:80] or re.search(_TURNED, body):
                why.append("it says that it has to be turned or coloured, or may")
        elif name not in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            said = name.decode("ascii", "replace")
            why.append(f"it has a part {said!r}, which some programs follow")
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"]:
        raise ValueError("its beginning or end is missing")
    if place < len(content):
        why.append(f"{len(content) - place} bytes stand behind the picture")
    if depth > 8:
        why.append("its pixels have more than 8 bits, of which programs show different ones")
    try:
        for _ in inflated(b"".join(data), most):
            pass
    except ValueError:
        why.append("its pixels end before or after their end")
    return why, density


def _of_jpeg(content: bytes) -> list[str]:
    """What in a JPEG may make programs show other than its pixels. Raises ValueError."""
    why = []
    place, pictures = 2, 0
    while True:
        if content[place : place + 1] != b"\xff" or place + 2 > len(content):
            raise ValueError("a part does not begin as it should")
        mark = content[place + 1]
        if mark == 0xFF:
            place += 1
            continue
        if mark == 0xD9:
            break
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        body = content[place + 4 : place + 2 + length]
        place += 2 + length
        pictures += 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC)
        if mark == 0xDA:
            # Coded pixels go on to the next mark that is not part of them.
            end = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(content, place)
            place = end.start() if end is not None else len(content)
        elif mark == 0xE2:
            why.append(_PROFILE)
        elif mark == 0xEE and body[:5] == b"Adobe" and body[11:] != b"\x01":
            why.append("it says that its colours are stored in another way")
        elif mark == 0xE1 and re.search(
            rb"\x01\x12\x00\x03\x00\x00\x00\x01\x00[^\x01]"
            rb"|\x12\x01\x03\x00\x01\x00\x00\x00[^\x01]|" + _TURNED,
            body,
            re.DOTALL,
        ):
            why.append("it says that it has to be turned, or may")
    if pictures != 1:
        why.append("it holds more than one picture")
    if place + 2 < len(content):
        why.append(f"{len(content) - place - 2} bytes stand behind the picture")
    return why


def picture(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A picture against all archived ones; None where nothing is like it.

    Raises AuditError for one that would unpack to too many pixels.
    """
    opened = _opened(content, file)
    hint = hinted(content, archive, ".png")
    if opened is None:
        return Finding("altered", hint, "damaged: it cannot be decoded") if hint else None
    mine = opened.picture
    flat = _flat(mine)
    ways = _ways(flat)
    scores: list[tuple[float, str]] = []
    for path in archive.of_kind(".png"):
        there = archive.read(path)
        known = _known(there, path) if there is not None else None
        if known is None:
            continue
        if (
            known.size == mine.size
            and ImageChops.difference(_archived(there, path).picture, mine).getbbox(
                alpha_only=False
            )
            is None
        ):
            return _same(opened, known, path, hint)
        scores.append((max(map(_shared, ways, known.ways)), path))
    scores.sort(key=lambda score: (-score[0], score[1]))
    if not scores or scores[0][0] < ALIKE:
        if hint:
            return Finding("altered", hint, "its metadata name this figure; it shows another")
        return None
    near = [path for score, path in scores[:MOST_NEAR] if score > scores[0][0] - NEAR]
    pictures = {path: _flat(_archived(archive.read(path), path).picture) for path in near}
    match, path = _nearest(flat, pictures, opened.encoded)
    return _copy(opened, match, path, pictures[path], hint, archive)


def _nearest(
    mine: Image.Image, pictures: dict[str, Image.Image], encoded: copies.Encoding | None
) -> tuple[copies.Match, str]:
    """Which picture the copy comes from: as a whole, or else with other margins."""
    found = []
    for path, there in pictures.items():
        found.append((copies.match(mine, there, encoded), path))
        if found[-1][0].rest <= copies.SAME:
            break
    found.sort(key=lambda one: (one[0].spread, one[0].rest))
    if found[0][0].spread > copies.SPREAD:
        for path, there in pictures.items():
            framed = copies.match_with_margins(mine, there, encoded)
            if framed is not None:
                found.append((framed, path))
                if framed.rest <= copies.SAME:
                    break
        found.sort(key=lambda one: (one[0].spread, one[0].rest))
    return found[0]


def _same(opened: Opened, known: Known, path: str, hint: str | None) -> Finding:
    """What is known of a picture that has the pixels of an archived one."""
    if hint and hint != path:
        return Finding("altered", path, f"its pixels, but its metadata name {hint}")
    if opened.why:
        how = "the same pixels, but programs may show them in another way"
        return Finding("altered", path, how, list(opened.why))
    if opened.kind != "PNG":
        return Finding("lossy", path, f"the same pixels, in another format: {opened.kind}")
    if opened.density not in (None, known.density):
        told = ["it says that it has to be shown at another size"]
        return Finding("lossy", path, "the same pixels", told)
    how = "the same pixels; its metadata are missing or others"
    return Finding("unchanged", path, how)


@dataclass(frozen=True)
class Known:
    """An archived picture: its size, what `_ways` says of it, and its density."""

    size: tuple[int, int]
    ways: list[tuple[float, np.ndarray]]
    density: tuple[int, int] | None


def _archived(content: bytes, path: str) -> Opened | None:
    """An archived picture, which somebody may have made too; None if it is no good PNG.

    Raises AuditError for one that is too large.
    """
    opened = _opened(content, path, "pixels of an archived picture")
    return opened if opened is not None and opened.kind == "PNG" else None


@functools.lru_cache(maxsize=64)
def _known(content: bytes, path: str) -> Known | None:
    """None for one that is no good PNG, or that programs may show in another way."""
    opened = _archived(content, path)
    if opened is None or opened.why:
        return None
    ways = _ways(_flat(opened.picture))
    return Known(opened.picture.size, ways, opened.density)


def _copy(
    opened: Opened,
    match: copies.Match,
    path: str,
    there: Image.Image,
    hint: str | None,
    archive: Archive,
) -> Finding:
    """What is known of a picture that shows nearly the same as an archived one."""
    mine = opened.picture
    aligned = match.margins == (0, 0)
    told = []
    if opened.lossy:
        told.append("it was encoded again, in a format that loses details")
    if not aligned:
        told.append("it has other margins, as a screenshot has")
    if mine.size != there.size and not (not aligned and abs(match.scale - 1) < 0.001):
        told.append(
            "it was scaled or cropped: its size is {} × {}, not {} × {}".format(
                *mine.size, *there.size
            )
        )
    why = "; ".join(opened.why) or copies.too_lossy(match.scale, opened.encoded)
    if mine.getextrema()[3][0] < 255:
        why = why or "what lies behind it shines through"
    if opened.lossy and opened.encoded is None:
        why = why or "it is encoded in a way that cannot be repeated here"
    exact = mine.size == there.size and aligned and not opened.lossy
    if hint and hint != path:
        told.append(f"its metadata name {hint}")
    elif why is None and not exact and match.rest <= copies.SAME:
        how = "the same picture, re-encoded or scaled"
        return Finding("lossy", path, how, told)
    if exact:
        told += _pixels(mine, there.convert("RGBA"))
    if match.spread > copies.SPREAD:
        why = why or "it was scaled or encoded in a way that cannot be repeated here"
    if why is not None:
        how = f"it shows nearly the same; whether anything was altered cannot be told: {why}"
        return Finding("altered", path, how, told)
    svg = archive.beside(path, ".svg")
    drawing = svg.decode("utf-8", "replace") if svg is not None else None
    told += [copies.in_words(place, there.size, drawing) for place in match.places]
    how = "it shows nearly the same, but not everywhere"
    if not aligned:
        how += "; what differs was altered, or comes from how the copy was made"
    return Finding("altered", path, how, told)


def _pixels(mine: Image.Image, there: Image.Image) -> list[str]:
    differ = (np.asarray(mine) != np.asarray(there)).any(axis=2)
    y, x = np.argwhere(differ)[0]
    return [
        f"{differ.sum():,} of {differ.size:,} pixels differ, the first at x {x}, y {y} "
        "from the upper left"
    ]


def _flat(picture: Image.Image) -> Image.Image:
    """A picture as it looks on white paper, RGB."""
    flat = Image.new("RGBA", picture.size, "white")
    flat.alpha_composite(picture)
    return flat.convert("RGB")


def _ways(picture: Image.Image) -> list[tuple[float, np.ndarray]]:
    """What to recognise a picture by: small, as a whole and without its margins."""
    return [_small(picture), _small(_trimmed(picture))]


def _trimmed(picture: Image.Image) -> Image.Image:
    """A picture without its margins."""
    box = copies.drawn_in(picture)
    return picture.crop(box) if box is not None else picture


def _small(picture: Image.Image) -> tuple[float, np.ndarray]:
    """The ratio of its sides, and how much ink a small grey picture of it has where.

    Background is most of every chart and would make all alike: it is left out.
    """
    grey = picture.convert("L").resize((64, 64), Image.Resampling.BOX)
    ink = 255 - np.asarray(grey, dtype=float)
    # JPEG leaves faint traces on white.
    return picture.width / picture.height, np.where(ink < 4, 0, ink)


def _shared(one: tuple[float, np.ndarray], two: tuple[float, np.ndarray]) -> float:
    """From 0 to 1: how far what is drawn agrees, in small pictures of one shape."""
    if abs(one[0] / two[0] - 1) > 0.02:
        return 0.0
    most = np.maximum(one[1], two[1]).sum()
    return float(np.minimum(one[1], two[1]).sum() / most) if most else 0.0
