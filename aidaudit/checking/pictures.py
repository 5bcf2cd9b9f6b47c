"""Pictures: by their pixels, and by what they show where these differ."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from aidaudit import foreign
from aidaudit.checking import copies
from aidaudit.checking.base import Archive, Finding, hinted
from aidaudit.errors import AuditError

# Of what is drawn in small grey pictures, two different figures of this project share at most
# 0.30; a figure and its copy, as JPEG or scaled down to a quarter, 0.85 and more.
ALIKE = 0.6
# Variants of one figure are alike: so many of the likest, and so near to the likest, are
# compared in full.
MOST_NEAR, NEAR = 3, 0.15
_ORIENTATION = 274  # the tag of EXIF


@dataclass(frozen=True)
class Opened:
    """A decoded picture (RGBA), whether its format loses something, and how a JPEG did."""

    picture: Image.Image
    lossy: bool = False
    encoded: copies.Encoding | None = None


def is_picture(content: bytes) -> bool:
    """Whether the bytes begin as PNG, JPEG, GIF, WebP, TIFF or BMP do."""
    starts = (b"\x89PNG", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*", b"\xff\xd8\xff", b"BM")
    return content.startswith(starts)


def _opened(content: bytes, file: Path) -> Opened | None:
    """A decoded picture, or None for one that is damaged. Raises AuditError for a bomb."""
    picture = foreign.picture(content, file)
    if picture is None:
        return None
    try:
        encoded = copies.encoding(picture) if picture.format == "JPEG" else None
        lossy = picture.format in ("JPEG", "GIF") or (
            picture.format == "WEBP" and b"VP8 " in content[:64]
        )
        # Programs show the second frame, or turn the picture; our own have neither.
        if foreign.is_several(picture) or picture.getexif().get(_ORIENTATION, 1) != 1:
            picture, encoded = picture.transpose(Image.Transpose.ROTATE_90), None
        return Opened(picture.convert("RGBA"), lossy, encoded)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error):
        return None


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
        if there is None:
            continue
        size, known = _known(there, path)
        if (
            size == mine.size
            and ImageChops.difference(_archived(there, path), mine).getbbox(alpha_only=False)
            is None
        ):
            if hint and hint != path:
                return Finding("altered", path, f"its pixels, but its metadata name {hint}")
            how = "the same pixels; its metadata are missing or others"
            return Finding("unchanged", path, how)
        scores.append((max(map(_shared, ways, known)), path))
    scores.sort(key=lambda score: (-score[0], score[1]))
    if not scores or scores[0][0] < ALIKE:
        if hint:
            return Finding("altered", hint, "its metadata name this figure; it shows another")
        return None
    near = [path for score, path in scores[:MOST_NEAR] if score > scores[0][0] - NEAR]
    pictures = {path: _flat(_archived(archive.read(path), path)) for path in near}
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


def _archived(content: bytes, path: str) -> Image.Image:
    """A picture of a build. Raises AuditError for one that is none, or too large."""
    picture = foreign.picture(content, path, "pixels of an archived picture")
    if picture is None or picture.format != "PNG":
        raise AuditError(
            "the picture in the build that it is held against cannot be decoded.",
            file=path,
            expected="a PNG picture",
            mend="take the archive from where it was published, or build again (make report).",
        )
    return picture.convert("RGBA")


@functools.lru_cache(maxsize=64)
def _known(content: bytes, path: str) -> tuple[tuple[int, int], list[tuple[float, np.ndarray]]]:
    """The size of an archived picture, and what `_ways` says of it."""
    picture = _archived(content, path)
    return picture.size, _ways(_flat(picture))


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
    why = copies.too_lossy(match.scale, opened.encoded)
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
