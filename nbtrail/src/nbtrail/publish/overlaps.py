"""What overlaps in a picture: texts with texts, legends with what they should explain.

Looked for when a figure is saved, as nobody looks at every picture of every variant.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

# Extents are those of whole lines, with room above and below the letters; what is less is near,
# not over.
BOUND = 0.2  # share of the smaller text
EDGE = 2  # pixels, at 100 a inch


def overlaps(fig: Figure) -> list[str]:
    """What lies over what in a figure that is laid out, a phrase each, worst first.

    Texts over texts by more than BOUND of the smaller one, texts outside the picture, and
    legends over texts or data.
    """
    renderer = fig._get_renderer()  # whatever the canvas, also where none is shown
    texts = [(_named(text), box) for text, box in _texts(fig, renderer)]
    found = []
    for (one, box), (other, under) in itertools.combinations(texts, 2):
        share = _share(box, under)
        if share > BOUND:
            found.append((share, f"{one} over {other} ({share * 100:.0f} % of it)"))
    edges = fig.bbox.padded(EDGE)
    for one, box in texts:
        if not (edges.x0 <= box.x0 and box.x1 <= edges.x1) or not (
            edges.y0 <= box.y0 and box.y1 <= edges.y1
        ):
            found.append((1.0, f"{one} reaches out of the picture"))
    for ax in fig.axes:
        found += [(1.0, phrase) for phrase in _under_legend(ax, texts, renderer)]
    return [phrase for _, phrase in sorted(found, key=lambda pair: -pair[0])]


def _texts(fig: Figure, renderer: object) -> Iterator[tuple[Text, Bbox]]:
    """The texts that are drawn, but for those of legends, with the boxes of their letters."""
    for text in [*fig.texts, *(text for ax in fig.axes for text in _of_axes(ax))]:
        drawn = text.get_visible() and text.get_text().strip()
        if isinstance(text, Annotation):
            drawn = drawn and text._check_xy(renderer)
        if drawn:
            yield from ((text, box) for box in _lines(text, renderer))


def _lines(text: Text, renderer: object) -> Iterator[Bbox]:
    """The box of each line: one box around all holds much that is empty."""
    whole = Text.get_window_extent(text, renderer)  # an annotation's own has its arrow in it
    if text.get_rotation() or "\n" not in text.get_text():
        yield whole
        return
    x, y = text.get_transform().transform(text.get_unitless_position())
    for words, (width, up, down), (right, base) in text._get_layout(renderer)[1]:
        if words.strip():
            yield Bbox.from_bounds(x + right, y + base - down, width, up + down)


def _of_axes(ax: Axes) -> Iterator[Text]:
    if not ax.get_visible():
        return
    yield from (ax.title, ax._left_title, ax._right_title, *ax.texts)
    for axis in (ax.xaxis, ax.yaxis):
        if not axis.get_visible():
            continue
        yield axis.label
        # Only those that lie within the axis are drawn.
        for tick in axis._update_ticks():
            for label in (tick.label1, tick.label2):
                if tick.get_visible():
                    yield label


def _under_legend(ax: Axes, texts: list[tuple[str, Bbox]], renderer: object) -> Iterator[str]:
    legend = ax.get_legend()
    if legend is None or not legend.get_visible():
        return
    box = legend.get_window_extent(renderer)
    for one, under in texts:
        if _share(under, box, smaller=under) > BOUND:
            yield f"a legend over {one}"
    inside = box.padded(-EDGE)
    for line in ax.lines:
        drawn = line.get_transform().transform_path(line.get_path())
        if drawn.intersects_bbox(inside, filled=False):
            yield f"a legend over the line '{line.get_label()}'"
    for marks in ax.collections:
        if isinstance(marks, PathCollection):
            points = marks.get_offset_transform().transform(marks.get_offsets())
            if any(inside.contains(*point) for point in points):
                yield "a legend over points"
    for patch in ax.patches:
        bar = patch.get_window_extent(renderer)
        # A band behind everything is no mark.
        if patch.get_zorder() >= 1 and bar.overlaps(inside) and bar.width and bar.height:
            yield f"a legend over a bar of '{patch.get_label() or 'the chart'}'"


def _share(box: Bbox, other: Bbox, smaller: Bbox | None = None) -> float:
    """The part of the smaller box that both have in common."""
    common = Bbox.intersection(box, other)
    area = [one.width * one.height for one in ((box, other) if smaller is None else (smaller,))]
    return 0.0 if common is None else common.width * common.height / max(min(area), 1e-9)


def _named(text: Text) -> str:
    words = " ".join(text.get_text().split())
    return f"'{words[:30]}…'" if len(words) > 31 else f"'{words}'"
