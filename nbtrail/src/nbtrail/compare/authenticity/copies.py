"""Copies of a picture that lost something: re-encoded as JPEG, scaled, with other margins.

What an unaltered copy would look like is made from the archived picture in the same way:
scaled to its size with each of the usual kernels, and encoded with the very tables that the
JPEG holds. Then almost nothing is left, but for an altered mark or digit. How small a change
is found was measured (docs/copies.md, `make test-check`); what was not measured, smaller or
more compressed copies, is never taken for the same.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape

import numpy as np
from PIL import Image, ImageChops, ImageStat, JpegImagePlugin

from nbtrail.compare.authenticity.base import MOST_LINES

# Four pixels that change by a tenth of the scale from black to white are the least that anybody
# sees. At half the size they leave one, sqrt(3 * 26²) = 45 over its three channels.
SAME = 40.0
WINDOW = 8  # pixels: the side of the windows over which differences are summed
SMALLEST, LARGEST = 0.5, 2.0  # times the archived size
# The mean of the first table of a JPEG of quality 75, as libjpeg writes it, is 29.03.
COARSEST = 29.5
# Where more of what is drawn differs, the copy was made in a way that is not known here.
SPREAD = 0.10
KERNELS = tuple(Image.Resampling)
_MOST_SHIFT = 4.0  # pixels by which the edge of what is drawn may be misjudged


@dataclass(frozen=True)
class Encoding:
    """How a JPEG was encoded: its tables of quantisation and its subsampling of colours."""

    tables: list[list[int]]
    subsampling: int


@dataclass(frozen=True)
class Match:
    """How far a copy is from what an unaltered one would be.

    scale: its size in times of the archived picture's. margins: how much farther left and up
    its corner lies, in its own pixels. rest: the largest difference within a window, as the
    root of the sum of squares over its pixels and channels, in steps of 255. places: where it
    differs, as left, upper, right, lower in pixels of the archived picture, largest first.
    spread: the share of what is drawn that differs.
    """

    scale: float
    margins: tuple[int, int]
    rest: float
    places: list[tuple[float, float, float, float]]
    spread: float


def encoding(picture: Image.Image) -> Encoding | None:
    """How a JPEG was encoded; None where that is not the usual way, in colour."""
    tables = [list(table) for table in picture.quantization.values()]
    used = [layer[3] for layer in picture.layer]
    sampling = JpegImagePlugin.get_sampling(picture)
    usual = picture.mode == "RGB" and used in ([0, 0, 0], [0, 1, 1]) and sampling in (0, 1, 2)
    if not usual or any(not 1 <= step <= 255 for table in tables for step in table):
        return None
    return Encoding(tables, sampling)


def too_lossy(scale: float, encoded: Encoding | None) -> str | None:
    """Why a copy can never be told to be the same, or None where it can."""
    if not SMALLEST - 0.005 <= scale <= LARGEST + 0.005:
        return f"its size is {100 * scale:.0f} % of the archived one, not 50 to 200 %"
    if encoded is not None and np.mean(encoded.tables[0]) > COARSEST:
        return "it is compressed more than a JPEG of quality 75"
    return None


def match(mine: Image.Image, there: Image.Image, encoded: Encoding | None) -> Match:
    """A copy against the whole archived picture, scaled to its size. Both are RGB."""
    scale = mine.width / there.width
    if too_lossy(scale, None):
        # Nothing would come of comparing it, and it may be very large.
        return Match(scale, (0, 0), float("inf"), [], 1.0)
    whole = (0.0, 0.0, *map(float, there.size))
    return _best(mine, (0, 0, *mine.size), there, whole, encoded)


def match_with_margins(
    mine: Image.Image, there: Image.Image, encoded: Encoding | None
) -> Match | None:
    """A copy with other margins, such as a screenshot, by the edges of what both draw.

    None where there is nothing drawn, or the two have other shapes.
    """
    here, known = drawn_in(mine), drawn_in(there)
    if here is None or known is None:
        return None
    scales = [(here[n + 2] - here[n]) / (known[n + 2] - known[n]) for n in (0, 1)]
    if not 0.97 < scales[0] / scales[1] < 1.03 or too_lossy(min(scales), None):
        return None
    # Room for what scaling spreads beyond the edge.
    frame = [max(0, here[0] - 4), max(0, here[1] - 4)]
    frame += [min(mine.width, here[2] + 4), min(mine.height, here[3] + 4)]
    # Margins are paper: as much of it as the copy may have.
    room = 64
    wide = Image.new("RGB", (there.width + 2 * room, there.height + 2 * room), "white")
    wide.paste(there, (room, room))
    box = np.array([
        room + known[n % 2] + (frame[n] - here[n % 2]) / scales[n % 2] for n in range(4)
    ])  # fmt: skip
    box = np.clip(box, 0, np.array(wide.size * 2))
    part = mine.crop(frame)
    box = _registered(part, wide, box)
    found = None
    for one in (_on_pixels(box, frame, there.size, room), box):
        if one is None or not _inside(one, wide):
            continue
        tried = _best(mine, tuple(frame), wide, tuple(one), encoded)
        corner = [round(frame[n] + (room - one[n]) * tried.scale) for n in (0, 1)]
        tried = replace(tried, margins=tuple(corner))
        found = tried if found is None or tried.rest < found.rest else found
        if found.rest <= SAME:
            break
    if found is None:
        return None
    places = [tuple(side - room for side in one) for one in found.places]
    return replace(found, places=places)


def drawn_in(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """The box of what is not paper, the colour of the upper left corner; None for nothing."""
    paper = Image.new("RGB", picture.size, picture.getpixel((0, 0)))
    away = ImageChops.difference(picture, paper).split()
    most = ImageChops.lighter(ImageChops.lighter(away[0], away[1]), away[2])
    box = most.point(lambda step: 255 * (step > 48)).getbbox()
    return box if box and box[2] - box[0] >= 8 and box[3] - box[1] >= 8 else None


def _inside(box: np.ndarray, picture: Image.Image) -> bool:
    left, upper, right, lower = box
    return 0 <= left < right <= picture.width and 0 <= upper < lower <= picture.height


def _registered(part: Image.Image, wide: Image.Image, box: np.ndarray) -> np.ndarray:
    """The box of the archived picture that fits a part best, to a fraction of a pixel."""
    shrunk = max(1.0, max(part.size) / 800)
    size = tuple(round(side / shrunk) for side in part.size)
    small = part.convert("L").resize(size, Image.Resampling.BOX)
    seen = np.asarray(small, dtype=np.float32).ravel()
    grey = wide.convert("L").convert("F")

    def shown(one: np.ndarray) -> np.ndarray:
        return np.asarray(grey.resize(size, Image.Resampling.BICUBIC, box=tuple(one))).ravel()

    start = box
    for step in (0.5, 0.25, 0.1, 0.1):
        sides = [box + np.where(np.arange(4) == side, step, 0.0) for side in range(4)]
        if not all(_inside(one, wide) for one in (box, *sides)):
            return start
        now = shown(box)
        slopes = np.array([(shown(one) - now) / step for one in sides])
        moved, *_ = np.linalg.lstsq(slopes @ slopes.T, slopes @ (seen - now), rcond=None)
        box = box + np.clip(moved, -1, 1)
    return box if np.abs(box - start).max() < _MOST_SHIFT else start


def _on_pixels(
    box: np.ndarray, frame: list[int], size: tuple[int, int], room: int
) -> np.ndarray | None:
    """The box as it is where the whole archived picture was drawn onto whole pixels."""
    shown = np.array([frame[2] - frame[0], frame[3] - frame[1]], dtype=float)
    scale = shown / (box[2:] - box[:2])
    whole = np.round(np.array(size) * scale)
    at = np.round((room - box[:2]) * scale)
    exact = np.array(size) / whole
    start = room - at * exact
    return np.concatenate([start, start + shown * exact])


def _best(
    mine: Image.Image,
    frame: tuple[int, int, int, int],
    there: Image.Image,
    box: tuple[float, float, float, float],
    encoded: Encoding | None,
) -> Match:
    """The frame of a copy against what the best kernel makes of a box of what is archived."""
    part = mine.crop(frame)
    as_it_is = part.size == there.size and box == (0.0, 0.0, *there.size)
    made = [there] if as_it_is else [there.resize(part.size, one, box=box) for one in KERNELS]
    made.sort(key=lambda one: sum(ImageStat.Stat(ImageChops.difference(part, one)).sum2))
    found = None
    for picture in made[:2]:
        if encoded is not None:
            # Encoded where it stands: the blocks of a JPEG begin at the corner of the copy.
            whole = mine.copy()
            whole.paste(picture, frame[:2])
            picture = _encoded(whole, encoded).crop(frame)
        rest = _rest(ImageChops.difference(part, picture))
        found = rest if found is None or rest.max() < found.max() else found
        if found.max() <= SAME:
            break
    places, spread = _places(found, np.asarray(part.convert("L")), part.size, box)
    scale = part.width / (box[2] - box[0])
    return Match(scale, (0, 0), float(found.max()), places, spread)


def _encoded(picture: Image.Image, encoded: Encoding) -> Image.Image:
    """A picture as a JPEG with these tables shows it."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", qtables=encoded.tables, subsampling=encoded.subsampling)
    return Image.open(buffer, formats=("JPEG",)).convert("RGB")


def _rest(difference: Image.Image) -> np.ndarray:
    """The size of the difference in the window that begins at each pixel."""
    if difference.getbbox() is None:
        return np.zeros((difference.height, difference.width))
    squares = np.square(np.asarray(difference, dtype=np.int32)).sum(axis=2)
    height, width = squares.shape
    sums = np.zeros((height + WINDOW, width + WINDOW), dtype=np.int64)
    sums[1 : height + 1, 1 : width + 1] = squares.cumsum(0).cumsum(1)
    sums[height + 1 :] = sums[height]
    sums[:, width + 1 :] = sums[:, [width]]
    ends = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:]
    return np.sqrt(ends - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW])


def _places(
    rest: np.ndarray,
    grey: np.ndarray,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
) -> tuple[list[tuple[float, float, float, float]], float]:
    """Where a copy differs, in archived pixels, and the share of what is drawn that does."""
    side = 2 * WINDOW
    rows, columns = -(-rest.shape[0] // side), -(-rest.shape[1] // side)
    padded = ((0, rows * side - rest.shape[0]), (0, columns * side - rest.shape[1]))

    def cells(field: np.ndarray) -> np.ndarray:
        return np.pad(field, padded).reshape(rows, side, columns, side).max(axis=(1, 3))

    most = cells(rest)
    drawn = cells(np.abs(grey.astype(int) - int(np.median(grey))) > 16)
    differs = most > SAME
    spread = float((differs & drawn).sum() / max(drawn.sum(), 1))
    scale = ((box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1])
    found = []
    for parts in _together(differs):
        (upper, left), (lower, right) = parts.min(axis=0), parts.max(axis=0) + 1
        place = tuple(
            box[n % 2] + min(end * side, size[n % 2]) * scale[n % 2]
            for n, end in enumerate((left, upper, right, lower))
        )
        found.append((float(most[parts[:, 0], parts[:, 1]].max()), place))
    found.sort(reverse=True)
    return [place for _, place in found[:MOST_LINES]], spread


def _together(marked: np.ndarray) -> Iterator[np.ndarray]:
    """Groups of marked cells that touch: arrays of (row, column)."""
    left = {tuple(cell) for cell in np.argwhere(marked)}
    while left:
        group, waiting = [], [left.pop()]
        while waiting:
            row, column = waiting.pop()
            group.append((row, column))
            for down in (-1, 0, 1):
                for across in (-1, 0, 1):
                    near = (row + down, column + across)
                    if near in left:
                        left.remove(near)
                        waiting.append(near)
        yield np.array(group)


# ---------------------------------------------------------------- places in words


def in_words(
    place: tuple[float, float, float, float], size: tuple[int, int], svg: str | None
) -> str:
    """'upper right, x 10 to 30, y 40 to 56, next to '280''; svg: the figure as a drawing."""
    left, upper, right, lower = place
    x, y = (left + right) / 2 / size[0], (upper + lower) / 2 / size[1]
    rows, columns = ("upper", "middle", "lower"), ("left", "centre", "right")
    where = f"{rows[min(int(y * 3), 2)]} {columns[min(int(x * 3), 2)]}"
    told = f"{where}, x {left:.0f} to {right:.0f}, y {upper:.0f} to {lower:.0f}"
    near = _nearest_text(((left + right) / 2, (upper + lower) / 2), size, svg)
    return f"{told}, next to {near!r}" if near else told


_NUMBER = r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_TEXT = re.compile(
    r'<g id="text_[0-9]+">\s*<!--(?P<text>.{0,400}?)-->\s*<g[^>]*?translate\('
    rf"(?P<x>{_NUMBER})[ ,]+(?P<y>{_NUMBER})\)(?:[^>]*?scale\((?P<scale>{_NUMBER}))?",
    re.DOTALL,
)
_BOX = re.compile(rf'viewBox="0 0 ({_NUMBER}) ({_NUMBER})"')
_LETTER = 55.0  # the width of a letter, in the glyphs' units, which are scaled


def _nearest_text(point: tuple[float, float], size: tuple[int, int], svg: str | None) -> str:
    """The label next to a place: drawings name their labels in comments."""
    frame = _BOX.search(svg or "")
    if frame is None or not float(frame[1]):
        return ""
    scale = size[0] / float(frame[1])
    nearest = (np.inf, "")
    for one in _TEXT.finditer(svg):
        text = " ".join(unescape(one["text"]).split())
        left, base = float(one["x"]) * scale, float(one["y"]) * scale
        unit = float(one["scale"] or 0.1) * scale
        right, top = left + len(text) * _LETTER * unit, base - 100 * unit
        away = np.hypot(
            max(left - point[0], 0, point[0] - right), max(top - point[1], 0, point[1] - base)
        )
        nearest = min(nearest, (float(away), text))
    return nearest[1][:60]
