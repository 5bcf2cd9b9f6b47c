"""What the audit's charts share: colours of donors, types and verdicts, sources, dated events.

Notebooks find the house style of all charts under this one name too.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from aidaudit.claims.verdicts import LOOKS
from aidaudit.data import sources
from nbtrail.base import files
from nbtrail.publish.figures import (
    ACCENT,
    GREY,
    INK,
    PALE,
    RC,
    WIDTH,
    canvas,
    finish,
    in_words,
    months,
    save_figure,
    settle,
    spread,
)

__all__ = [
    "ACCENT", "GREY", "INK", "PALE", "PARTS", "RC", "TYPES", "VERDICTS", "WIDTH", "canvas",
    "events", "finish", "in_words", "mark_events", "months", "save_figure", "settle", "short",
    "source_line", "spread", "tile_rows", "verdict_key", "verdict_tiles",
]  # fmt: skip

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

# verdict → (colour, symbol)
VERDICTS = {verdict: (look.colour, look.symbol) for verdict, look in LOOKS.items()}


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


def events() -> list[dict]:
    """The dates that charts over time mark: dicts of date (ISO) and label."""
    return files.read_yaml("config/events.yaml")


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


def tile_rows(tiles: pd.DataFrame, across: int) -> int:
    """How many rows of tiles `verdict_tiles` draws, with one line per section's name."""
    sizes = tiles.groupby("section", sort=False).size()
    return int((-(-sizes // across)).sum() + len(sizes))


def verdict_tiles(ax: Axes, tiles: pd.DataFrame, across: int) -> None:
    """Draw one tile per claim, by section, coloured by verdict and marked with its symbol.

    tiles: section, claim_id, verdict, differs. across: tiles in a row. A framed tile differs
    in another variant. A line of verdicts with their counts stands below.
    """
    y = 0.0
    for section, part in tiles.groupby("section", sort=False):
        ax.text(0.04, y + 0.62, section, weight="bold", va="center", size=8.5)
        y += 1
        for place, tile in enumerate(part.itertuples()):
            row, column = divmod(place, across)
            colour, symbol = VERDICTS[tile.verdict]
            ax.barh(
                y + row + 0.5, 0.92, left=column + 0.04, height=0.84, color=colour,
                edgecolor=INK if tile.differs else colour, lw=1.8 if tile.differs else 0,
            )  # fmt: skip
            ax.text(
                column + 0.5, y + row + 0.5, f"{symbol} {tile.claim_id}", ha="center",
                va="center", color="white", weight="bold", size=7.5,
            )  # fmt: skip
        y += -(-len(part) // across)
    ax.set_xlim(0, across)
    ax.set_ylim(y + 0.1, 0)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def verdict_key(ax: Axes, tiles: pd.DataFrame) -> None:
    """The verdicts with symbol, words, colour and the number of claims, one below another."""
    counts = tiles["verdict"].value_counts()
    used = [verdict for verdict in VERDICTS if verdict in counts]
    widest = max(counts[used])
    for place, verdict in enumerate(used):
        colour, symbol = VERDICTS[verdict]
        ax.barh(place, counts[verdict], height=0.7, color=colour)
        ax.text(
            counts[verdict] + 0.01 * widest, place, f" {counts[verdict]}  {symbol} {verdict}",
            va="center", color=colour, weight="bold", size=8,
        )  # fmt: skip
    ax.set_ylim(len(used) - 0.4, -0.6)
    ax.set_xlim(0, widest * 2.1)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def short(name: str) -> str:
    """A donor's name short enough for an axis."""
    return {"EU (Commission and Council)": "EU institutions", "Turkiye": "Türkiye"}.get(
        name, name
    )
