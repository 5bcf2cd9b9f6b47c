"""Pictures: by their pixels, and by what they show where these differ."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops

from aidaudit.checking.base import Archive, Finding, hinted
from aidaudit.errors import AuditError

MOST_PIXELS = 50_000_000
# Of what is drawn in small grey pictures, two different figures of this project share at most
# 0.30; a figure and its copy, as JPEG or scaled down to a quarter, 0.85 and more.
ALIKE = 0.6
_ORIENTATION = 274  # the tag of EXIF


def is_picture(content: bytes) -> bool:
    """Whether the bytes begin as PNG, JPEG, GIF, WebP or TIFF do."""
    return content[:4] in (b"\x89PNG", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*") or (
        content[:3] == b"\xff\xd8\xff"
    )


def _opened(content: bytes, file: Path) -> Image.Image | None:
    """A decoded picture, or None for one that is damaged. Raises AuditError for a bomb."""
    try:
        picture = Image.open(
            io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP", "TIFF")
        )
        if picture.width * picture.height > MOST_PIXELS:
            raise AuditError(
                "the picture is too large to check.",
                file=file,
                found=f"{picture.width} × {picture.height} pixels",
                expected=f"at most {MOST_PIXELS} pixels",
            )
        # Programs show the second frame, or turn the picture; our own have neither.
        if getattr(picture, "n_frames", 1) > 1 or picture.getexif().get(_ORIENTATION, 1) != 1:
            picture = picture.transpose(Image.Transpose.ROTATE_90)
        return picture.convert("RGBA")
    except Image.DecompressionBombError as error:
        raise AuditError(
            "the picture is too large to check.", file=file, found=str(error)
        ) from None
    except (OSError, ValueError, SyntaxError):
        return None


def picture(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A picture against all archived ones; None where nothing is like it.

    Raises AuditError for one that would unpack to too many pixels.
    """
    mine = _opened(content, file)
    hint = hinted(content, archive, ".png")
    if mine is None:
        return Finding("altered", hint, "damaged: it cannot be decoded") if hint else None
    scores: list[tuple[float, str, Image.Image]] = []
    for path in archive.of_kind(".png"):
        there = archive.read(path)
        if there is None:
            continue
        picture = Image.open(io.BytesIO(there)).convert("RGBA")
        if (
            picture.size == mine.size
            and ImageChops.difference(picture, mine).getbbox(alpha_only=False) is None
        ):
            if hint and hint != path:
                return Finding("altered", path, f"its pixels, but its metadata name {hint}")
            how = "the same pixels; its metadata are missing or others"
            return Finding("unchanged", path, how)
        scores.append((likeness(mine, picture), path, picture))
    scores.sort(key=lambda score: (-score[0], score[1]))
    if not scores or scores[0][0] < ALIKE:
        if hint:
            return Finding("altered", hint, "its metadata name this figure; it shows another")
        return None
    _, path, picture = scores[0]
    told = [
        "it was scaled or cropped: its size is {} × {}, not {} × {}".format(
            *mine.size, *picture.size
        )
    ]
    if picture.size == mine.size:
        told = _pixels(mine, picture)
    if hint and hint != path:
        told.append(f"its metadata name {hint}")
    return Finding("altered", path, "it shows nearly the same", told)


def _pixels(mine: Image.Image, there: Image.Image) -> list[str]:
    differ = (np.asarray(mine) != np.asarray(there)).any(axis=2)
    y, x = np.argwhere(differ)[0]
    return [
        f"{differ.sum():,} of {differ.size:,} pixels differ, the first at x {x}, y {y} "
        "from the upper left"
    ]


def likeness(one: Image.Image, two: Image.Image) -> float:
    """From 0 to 1: how far what is drawn agrees, in small grey pictures of one size.

    Background is most of every chart and would make all alike: it is left out.
    """
    if abs(one.width / one.height / (two.width / two.height) - 1) > 0.02:
        return 0.0
    inks = []
    for picture in (one, two):
        flat = Image.new("RGBA", picture.size, "white")
        flat.alpha_composite(picture)
        grey = flat.convert("L").resize((64, 64), Image.Resampling.BOX)
        inks.append(255 - np.asarray(grey, dtype=float))
    # JPEG leaves faint traces on white.
    inks = [np.where(ink < 4, 0, ink) for ink in inks]
    most = np.maximum(*inks).sum()
    return float(np.minimum(*inks).sum() / most) if most else 0.0
