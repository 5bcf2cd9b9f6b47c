"""The house style of charts, and saving them in every format with what they plot.

A chart carries its finding as title, its unit under it, and source, release and cut-off
beneath. The drawing itself stands in the figure's notebook.
"""

from __future__ import annotations

import io
import textwrap

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from aidaudit import files, paths, repro, sources
from aidaudit.errors import AuditError

WIDTH = 6.3  # inches: the text width of an A4 page with 2.5 cm margins
INK, GREY, PALE, ACCENT = "#222222", "#6B7280", "#D1D5DB", "#0B5FA5"

# Okabe and Ito's colours, told apart by readers with any colour vision.
PARTS = {
    "United States": "#0072B2",
    "European NATO members": "#D55E00",
    "EU institutions": "#009E73",
    "Other NATO members": "#56B4E9",
    "Europe outside NATO": "#CC79A7",
    "Other donors": "#999999",
}
TYPES = {"Military": "#D55E00", "Financial": "#0072B2", "Humanitarian": "#009E73"}

RC = {
    "font.family": repro.FONT,
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


def source_line(
    *, release: int | None = None, cut_off: str | None = None, also: str = ""
) -> str:
    """'Source: …, release 21 (cut-off 2024-12-31); …' from the descriptors.

    release: a Kiel release. cut_off: where it was cut earlier than it ends. also: further
    sources, already in words.
    """
    parts = []
    if release is not None:
        package = sources.release(release)
        until = min(cut_off or package["cut_off"], package["cut_off"])
        title = package["title"].split(",")[0].removesuffix(" Data")
        # The publisher's short name is how the field cites it.
        parts.append(f"Kiel Institute, {title}, release {release}, to {until}")
    if also:
        parts.append(also)
    return "Source: " + "; ".join(parts) + "."


def finish(fig: Figure, source: str) -> None:
    """Write the source line under the chart."""
    height = fig.get_size_inches()[1]
    fig.text(
        0.008, 0.06 / height, "\n".join(textwrap.wrap(source, 112)), va="bottom", size=7,
        color=GREY, linespacing=1.3,
    )  # fmt: skip


def events() -> list[dict]:
    """The dates that charts over time mark: dicts of date (ISO) and label."""
    return yaml.safe_load(files.source("config/events.yaml").read_text(encoding="utf-8"))


def months(frame: pd.Series) -> pd.Series:
    """YYYY-MM → the first day of the month as a time stamp, for an axis of dates."""
    return pd.to_datetime(frame + "-01")


def mark_events(ax: Axes, until: str) -> None:
    """Mark the dated events up to a month (YYYY-MM) on an axis of dates, with their labels.

    Labels stand at the top, one below the other, beside their lines; leave room for them.
    """
    past = [event for event in events() if event["date"][:7] <= until]
    for place, event in enumerate(past):
        day = pd.Timestamp(event["date"])
        ax.axvline(day, color=INK, lw=0.7, ls=(0, (3, 2)))
        first = place == 0
        ax.annotate(
            event["label"], (day, 1 - 0.075 * place), (3 if first else -3, -1), size=7,
            xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="left" if first else "right", va="top",
        )  # fmt: skip


def spread(places: list[float], gap: float) -> list[float]:
    """Ascending label positions moved apart so that neighbours are at least `gap` apart."""
    out: list[float] = []
    for place in places:
        out.append(max(place, out[-1] + gap) if out else place)
    return out


VERDICTS = {
    "supported": ("#1B7F5C", "✔"),
    "supported with qualification": ("#B57F00", "◐"),
    "not supported": ("#B3261E", "✘"),
    "consistent, not causal": ("#5B5B9D", "~"),
    "not testable with open data": ("#6B7280", "–"),
}


def verdict_matrix(ax: Axes, grid: pd.DataFrame, claims: dict[str, tuple[str, str]]) -> None:
    """Draw verdicts by claim (rows) and variant (columns) as coloured cells with symbols.

    grid: verdicts. claims: id → (paraphrase, variant that decides).
    """
    for y, (claim, row) in enumerate(grid.iterrows()):
        words, decides = claims[str(claim)]
        for x, (variant, verdict) in enumerate(row.items()):
            colour, symbol = VERDICTS[verdict]
            edge = INK if variant == decides else "white"
            ax.barh(y, 0.92, left=x + 0.04, height=0.8, color=colour, edgecolor=edge, lw=1.6)
            ax.text(x + 0.5, y, symbol, ha="center", va="center", color="white", weight="bold")
        ax.text(
            len(row) + 0.1,
            y,
            textwrap.shorten(words, 74, placeholder=" …"),
            va="center",
            size=7,
        )
    used = [v for v in VERDICTS if (grid == v).any(axis=None)]
    place = 0.0
    for verdict in used:
        colour, symbol = VERDICTS[verdict]
        words = f"{symbol} {verdict}"
        ax.text(place, len(grid) + 0.1, words, color=colour, weight="bold", size=7, va="center")
        place += 0.12 * len(words) + 0.4
    ax.set_yticks(range(len(grid)), grid.index)
    ax.set_xticks([x + 0.5 for x in range(len(grid.columns))], grid.columns)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xlim(0, len(grid.columns) + 6.2)
    ax.set_ylim(len(grid) + 0.5, -0.6)
    ax.spines[:].set_visible(False)


def short(name: str) -> str:
    """A donor's name short enough for an axis."""
    return {"EU (Commission and Council)": "EU institutions", "Turkiye": "Türkiye"}.get(
        name, name
    )


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
    finish(fig, source)
    where = paths.figure(figure, variant)
    described = f"{figure} · {variant}"
    metadata = {
        "svg": {"Date": None, "Title": described, "Description": alt},
        "pdf": {"CreationDate": None, "ModDate": None, "Title": described, "Subject": alt},
        "png": {"Title": described, "Description": alt, "Software": None},
    }
    # Without a fixed salt, SVG ids differ from run to run.
    with mpl.rc_context({"svg.hashsalt": repro.SVG_HASH_SALT}):
        for kind, about in metadata.items():
            # Drawn into memory first, so that a full disk leaves no half picture.
            buffer = io.BytesIO()
            fig.savefig(buffer, format=kind, metadata=about)
            files.target(where[kind]).write_bytes(buffer.getvalue())
    files.write_csv(plotted, where["csv"])
    files.write_json({"figure": figure, "variant": variant, **words}, where["json"])
