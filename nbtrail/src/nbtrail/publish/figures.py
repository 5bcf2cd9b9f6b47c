"""The house style of charts, and saving them in every format with what they plot.

A chart carries its finding as title, its unit under it, and its source beneath. The drawing
itself stands in the figure's notebook.
"""

from __future__ import annotations

import io
import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nbtrail.base import determinism, files, paths
from nbtrail.base.errors import AuditError
from nbtrail.publish import overlaps, standing

WIDTH = 6.3  # inches: the text width of an A4 page with 2.5 cm margins
INK, GREY, PALE, ACCENT = "#222222", "#6B7280", "#D1D5DB", "#0B5FA5"


RC = {
    "font.family": determinism.FONT,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": GREY,
    "ytick.color": INK,
    "xtick.labelcolor": INK,
    "ytick.left": False,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "patch.linewidth": 0,
    "grid.color": "#E5E7EB",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    # Outlines instead of text: the picture is the same where the font is missing.
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


def canvas(
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    title: str = "",
    unit: str = "",
    **options,
) -> tuple[Figure, list[Axes]]:
    """A figure in the house style with room for title, unit line and source line.

    height: inches. title: the finding. unit: what the axis measures. Returns the figure and
    its axes as a flat list. `finish` adds the source line.
    """
    sns.set_theme(style="white", rc=RC)
    # A number and its sign stay on one line.
    lines = textwrap.wrap(title.replace(" %", "\u00a0%"), 70)
    top = 0.12 + 0.185 * len(lines) + 0.24
    fig, axes = plt.subplots(
        rows, columns, figsize=(WIDTH, height), layout="constrained", squeeze=False, **options
    )
    fig.get_layout_engine().set(rect=(0, 0.34 / height, 1, 1 - (top + 0.34) / height))
    fig.text(
        0.008, 1 - 0.10 / height, "\n".join(lines), va="top", weight="bold", size=10,
        linespacing=1.3,
    )  # fmt: skip
    fig.text(0.008, 1 - (top - 0.2) / height, unit, va="top", color=GREY)
    return fig, list(axes.flat)


def finish(fig: Figure, source: str, mark: str = "") -> None:
    """Write the source under the chart, and at its right a mark by which it is cited."""
    height = fig.get_size_inches()[1]
    lines = textwrap.wrap(source, 112)
    # About 112 letters go on a line, and there is room for two.
    if len(lines) == 1 and len(source) + len(mark) > 108:
        lines = textwrap.wrap(source, 104 - len(mark))
        lines = lines if len(lines) <= 2 else [source, ""]
    if len(lines) > 2 or len(lines[-1]) + len(mark) > 110:
        raise AuditError(
            "the source does not fit under the chart.",
            found=source,
            expected=f"at most {220 - len(mark)} letters",
            mend="shorten it in the notebook.",
        )
    look = {"va": "bottom", "size": 7, "color": GREY, "linespacing": 1.3}
    fig.text(0.008, 0.06 / height, "\n".join(lines), **look)
    if mark:
        fig.text(0.992, 0.06 / height, mark, ha="right", **look)
    settle(fig)


def settle(fig: Figure) -> None:
    """Lay the figure out once, for every format, at places rounded to a millionth of it.

    The solver behind the layout works in an order that depends on where things lie in memory,
    so its last digits differ from run to run, and SVG names clipping areas by all digits.
    """
    fig.draw_without_rendering()
    for ax in fig.axes:
        ax.set_position([round(x, 6) for x in ax.get_position(original=True).bounds])
    fig.set_layout_engine("none")


def months(frame: pd.Series) -> pd.Series:
    """YYYY-MM → the first day of the month as a time stamp, for an axis of dates."""
    return pd.to_datetime(frame + "-01")


def in_words(date: str) -> str:
    """A day or month in words: 2025-02-28 → 28 February 2025, 2025-01 → January 2025."""
    day = pd.Timestamp(date)
    return f"{day:%B %Y}" if len(date) == len("2025-01") else f"{day.day} {day:%B %Y}"


def spread(places: list[float], gap: float) -> list[float]:
    """Ascending label positions moved apart so that neighbours are at least `gap` apart."""
    out: list[float] = []
    for place in places:
        out.append(max(place, out[-1] + gap) if out else place)
    return out


def save_figure(
    fig: Figure,
    plotted: pd.DataFrame,
    *,
    figure: str,
    variant: str,
    title: str,
    caption: str,
    alt: str,
    source: str,
) -> None:
    """Write a figure as SVG, PDF and PNG, what it plots as CSV, and its words as JSON.

    plotted: tidy, one row per mark. title: what the figure is, for its caption; the finding
    stands in the picture. caption: how to read it. alt: what a person who cannot see it needs
    to know. source: the source line. Raises AuditError for an empty table or missing words.
    """
    words = {"title": title, "caption": caption, "alt": alt, "source": source}
    missing = [name for name, text in words.items() if not text.strip()]
    if missing or plotted.empty:
        raise AuditError(
            f"figure {figure} has no {missing[0] if missing else 'plotted data'}.",
            mend="every figure needs title, caption, alt text, source and what it plots.",
        )
    run = standing.standing(figure, variant)
    identifier = run.identifier
    for name in ("title", "caption", "alt"):
        words[name] = run.beside(words[name])
    title, alt = words["title"], words["alt"]
    # A try says what it is, at the cost of the end of its source.
    room = None if run.official else 200 - len(run.stamp)
    finish(fig, textwrap.shorten(source, room, placeholder=" …") if room else source, run.stamp)
    where = paths.figure(figure, variant)
    _refuse_overlaps(fig, identifier, official=run.official)
    # Whoever meets the file alone can tell what it is and what it was made from.
    marks = {
        f"{determinism.NAME}-id": identifier,
        f"{determinism.NAME}-version": run.version,
        f"{determinism.NAME}-made-from": files.made_from(),
    }
    if run.changed:
        marks[f"{determinism.NAME}-changed"] = run.told
    line = "; ".join(f"{key}={value}" for key, value in marks.items())
    about = {"Title": f"{identifier}: {title}"}
    metadata = {
        "svg": {
            **about, "Date": None, "Description": alt, "Identifier": identifier,
            "Keywords": [line],
        },
        "pdf": {
            **about, "CreationDate": None, "ModDate": None, "Subject": alt, "Keywords": line,
        },
        "png": {**about, "Description": alt, "Software": None, **marks},
    }  # fmt: skip
    _embed_glyphs_only()
    # Without a fixed salt, SVG ids differ from run to run.
    with mpl.rc_context({"svg.hashsalt": determinism.SVG_HASH_SALT}):
        for kind, about in metadata.items():
            # Drawn into memory first, so that a full disk leaves no half picture.
            buffer = io.BytesIO()
            fig.savefig(buffer, format=kind, metadata=about)
            files.target(where[kind]).write_bytes(buffer.getvalue())
    files.write_csv(plotted, where["csv"])
    files.write_json({"figure": figure, "variant": variant, **words}, where["json"])


def _refuse_overlaps(fig: Figure, identifier: str, *, official: bool) -> None:
    """Raise AuditError for what overlaps in a figure of the build; a try only tells."""
    found = overlaps.overlaps(fig)
    if not found:
        return
    error = AuditError(
        f"something overlaps in the picture of {identifier}.",
        found="; ".join(found[:4]) + (f"; {len(found) - 4} more" if len(found) > 4 else ""),
        expected="texts apart from each other, within the picture, and no legend over them",
        mend="move a label or shorten it, leave more room (height, xlim, ylim), or name the "
        "parts beside the marks rather than in a legend.",
    )
    if official:
        raise error
    print(error)


def _embed_glyphs_only() -> None:
    """Have fonts embedded in PDFs without the tables by which programs lay out text.

    A PDF places each glyph by itself, so nobody reads them; to cut them down to the glyphs
    that are left takes longer than all else in writing a PDF. matplotlib offers no option.
    """
    from fontTools import subset

    dropped = subset.Options._drop_tables_default
    dropped += [table for table in ("GDEF", "GPOS", "GSUB") if table not in dropped]
