"""The figures of the build, drawn again so that one mark or one digit can be changed.

A notebook is run in this process with the parameters of the build; what it would save is kept
as a matplotlib figure. Drawn unchanged it has the pixels of the archived picture, which
`figure` asserts: an alteration differs by what was altered, and by nothing else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest import mock

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.ticker
import nbformat
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image

from aidaudit.report import charts
from nbtrail.base import determinism, files, paths, plan

# An alteration changes a value by 2 to 20 %. Where that is less than one pixel of the archived
# picture, which nobody could see, it is 2 to 20 % of what the axis shows instead.
LEAST, MOST = 0.02, 0.20
PIXEL = 1.0
# What is altered under another mark, or beyond the frame, is no alteration of the picture: at
# least so many pixels change by a tenth of the scale from black to white or more.
SEEN_PIXELS, SEEN_BY = 4, 26


@dataclass(frozen=True)
class Change:
    """One possible change: what it does in words, how it is made, and how it is taken back."""

    what: str
    kind: str
    make: Callable[[], None]
    undo: Callable[[], None]


def figure(identifier: str) -> Figure:
    """A figure of the build, such as F16-latest, as its notebook draws it."""
    name, _, variant = identifier.partition("-")
    job = plan.job(variant, name)
    kept: dict[str, Figure] = {}

    def keep(fig: Figure, plotted: object, *, source: str, **words: str) -> None:
        charts.finish(fig, source, f"{identifier} · aidaudit {determinism.VERSION}")
        kept[words["figure"]] = fig

    namespace: dict[str, object] = {}
    with (
        mock.patch.object(charts, "save_figure", keep),
        mock.patch.object(files, "write_text", return_value=None),
    ):
        for cell in nbformat.read(determinism.root() / job.notebook, 4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, job.notebook, "exec"), namespace)
            if "parameters" in cell.metadata.get("tags", ()):
                namespace.update(job.parameters)
    plt.close(kept[name])
    drawn = picture(kept[name])
    with Image.open(determinism.root() / paths.figure(name, variant)["png"]) as archived:
        assert np.array_equal(drawn, archived.convert("RGB")), (
            f"{identifier} is drawn otherwise"
        )
    return kept[name]


def picture(fig: Figure) -> Image.Image:
    """The figure as the build draws it, without metadata."""
    buffer = io.BytesIO()
    with mpl.rc_context(charts.RC):
        fig.savefig(buffer, format="rgba")
    size = (fig.get_size_inches() * charts.RC["savefig.dpi"]).round().astype(int)
    return Image.frombytes("RGBA", tuple(map(int, size)), buffer.getvalue()).convert("RGB")


def altered(
    fig: Figure, unaltered: Image.Image, rng: np.random.Generator
) -> tuple[Image.Image, Change]:
    """The figure with one mark or one digit changed, drawn by lot, so that it can be seen."""
    before = np.asarray(unaltered, dtype=int)
    while True:
        makers = [make for make in (_bars, _points, _lines, _areas, _digits) if make(fig)]
        chosen = makers[rng.integers(len(makers))](fig)
        change = chosen[rng.integers(len(chosen))](rng)
        if change is None:
            continue
        change.make()
        try:
            after = picture(fig)
        finally:
            change.undo()
        if (np.abs(np.asarray(after) - before).max(axis=2) >= SEEN_BY).sum() >= SEEN_PIXELS:
            return after, change


def _moved(
    ax: Axes, axis: str, value: float, rng: np.random.Generator, at: float | None = None
) -> tuple[float, str] | None:
    """Another value for a mark, within the frame, and the change in words.

    at: where its changing end stands, where that is not the value (stacked bars).
    """
    if not np.isfinite(value):
        return None
    low, high = sorted(ax.get_xlim() if axis == "x" else ax.get_ylim())
    which = ax.xaxis if axis == "x" else ax.yaxis
    size = rng.uniform(LEAST, MOST) * rng.choice((-1, 1))
    at = value if at is None else at

    def place(number: float) -> float:
        point = (number, ax.get_ylim()[0]) if axis == "x" else (ax.get_xlim()[0], number)
        return ax.transData.transform(point)["xy".index(axis)] * 2  # 200 dpi, drawn at 100

    step, of = size * value, "its value"
    dated = which.get_converter() is not None  # a date or a name is no amount
    if dated or abs(place(at + step) - place(at)) < PIXEL:
        step, of = size * (high - low), "the axis"
    if not low <= at + step <= high or abs(place(at + step) - place(at)) < PIXEL:
        return None
    pixels = abs(place(at + step) - place(at))
    return value + step, f"by {100 * size:+.1f} % of {of}, {pixels:.1f} pixels"


Maker = Callable[[np.random.Generator], Change | None]


def _bars(fig: Figure) -> list[Maker]:
    """A bar's length."""

    def maker(ax: Axes, bar: object, axis: str) -> Maker:
        get, put = (
            (bar.get_width, bar.set_width) if axis == "x" else (bar.get_height, bar.set_height)
        )
        start = bar.get_x() if axis == "x" else bar.get_y()

        def make(rng: np.random.Generator) -> Change | None:
            old = get()
            new = _moved(ax, axis, old, rng, at=start + old)
            if new is None:
                return None
            return Change(f"bar {new[1]}", "bar", lambda: put(new[0]), lambda: put(old))

        return make

    return [
        maker(ax, bar, "x" if one.orientation == "horizontal" else "y")
        for ax in fig.axes
        for one in ax.containers
        for bar in getattr(one, "patches", ())
    ]


def _array(ax: Axes, get: Callable, put: Callable, kind: str, axes: str = "xy") -> list[Maker]:
    """One of the coordinates of an array of points (x, y)."""

    def maker(place: int) -> Maker:
        def make(rng: np.random.Generator) -> Change | None:
            old = np.array(get(), dtype=float)
            axis = rng.choice(list(axes))
            new = _moved(ax, axis, old[place, "xy".index(axis)], rng)
            if new is None:
                return None
            changed = old.copy()
            changed[place, "xy".index(axis)] = new[0]
            return Change(f"{kind} {new[1]}", kind, lambda: put(changed), lambda: put(old))

        return make

    return [maker(place) for place in range(len(get()))]


def _points(fig: Figure) -> list[Maker]:
    """A point's place."""
    found: list[Maker] = []
    for ax in fig.axes:
        for one in ax.collections:
            if isinstance(one, PathCollection) and one.get_offset_transform() == ax.transData:
                get = lambda one=one: np.ma.filled(one.get_offsets(), np.nan)  # noqa: E731
                found += _array(ax, get, one.set_offsets, "point")
        for line in _data_lines(ax):
            if line.get_linestyle() == "None":
                found += _line(ax, line, "point")
    return found


def _data_lines(ax: Axes) -> Iterator[Line2D]:
    """Lines through data; lines across the whole frame have other transforms."""
    for line in ax.lines:
        if line.get_transform() == ax.transData:
            yield line


def _line(ax: Axes, line: Line2D, kind: str) -> list[Maker]:
    get = lambda: np.column_stack([line.get_xdata(orig=False), line.get_ydata(orig=False)])  # noqa: E731
    return _array(ax, get, lambda points: line.set_data(*points.T), kind, "y")


def _lines(fig: Figure) -> list[Maker]:
    """A line's vertex; of a line between two points one end."""
    found: list[Maker] = []
    for ax in fig.axes:
        for line in _data_lines(ax):
            if line.get_linestyle() != "None":
                found += _line(ax, line, "line")
        for one in ax.collections:
            if isinstance(one, LineCollection) and one.get_transform() == ax.transData:
                found += _paths(ax, one, one.get_segments, one.set_segments, "line")
    return found


def _paths(ax: Axes, one: object, get: Callable, put: Callable, kind: str) -> list[Maker]:
    """One vertex of one of several paths."""
    found: list[Maker] = []
    for place in range(len(get())):

        def put_one(points: np.ndarray, place: int = place) -> None:
            every = [np.array(path) for path in get()]
            every[place] = points
            put(every)

        found += _array(ax, lambda place=place: get()[place], put_one, kind)
    return found


def _areas(fig: Figure) -> list[Maker]:
    """A vertex of the outline of an area."""
    found: list[Maker] = []
    for ax in fig.axes:
        for one in ax.collections:
            if isinstance(one, PolyCollection):
                get = lambda one=one: [path.vertices for path in one.get_paths()]  # noqa: E731
                put = lambda every, one=one: one.set_verts(every, closed=False)  # noqa: E731
                found += _paths(ax, one, get, put, "area")
    return found


def _digits(fig: Figure) -> list[Maker]:
    """One digit of a label, a title, an annotation, or a number at an axis."""

    def digit(text: str, rng: np.random.Generator) -> tuple[str, str]:
        places = [match.start() for match in re.finditer(r"\d", text)]
        place = places[rng.integers(len(places))]
        new = rng.choice([one for one in "0123456789" if one != text[place]])
        line = text.splitlines()[text[:place].count("\n")]
        return text[:place] + new + text[
            place + 1 :
        ], f"digit {text[place]} → {new} in {line!r}"

    def of_text(text: Text) -> Maker:
        def make(rng: np.random.Generator) -> Change:
            old = text.get_text()
            new, what = digit(old, rng)
            return Change(what, "digit", lambda: text.set_text(new), lambda: text.set_text(old))

        return make

    def of_axis(axis: object, place: int) -> Maker:
        def make(rng: np.random.Generator) -> Change:
            formatter, locator = axis.get_major_formatter(), axis.get_major_locator()
            places = axis.get_majorticklocs()
            labels = [tick.label1.get_text() for tick in axis.get_major_ticks()]
            labels[place], what = digit(labels[place], rng)

            def make_it() -> None:
                axis.set_major_locator(mpl.ticker.FixedLocator(places))
                axis.set_major_formatter(mpl.ticker.FixedFormatter(labels))

            def undo() -> None:
                axis.set_major_locator(locator)
                axis.set_major_formatter(formatter)

            return Change(what, "digit", make_it, undo)

        return make

    ticks = {
        id(tick.label1): (axis, place)
        for ax in fig.axes
        for axis in (ax.xaxis, ax.yaxis)
        for place, tick in enumerate(axis.get_major_ticks())
    }
    labels2 = {
        id(label)
        for ax in fig.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
    } - set(ticks)
    return [
        of_axis(*ticks[id(text)]) if id(text) in ticks else of_text(text)
        for text in fig.findobj(Text)
        if text.get_visible() and re.search(r"\d", text.get_text()) and id(text) not in labels2
    ]
