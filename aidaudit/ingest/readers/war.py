"""Readers of attacks, losses and territory."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from aidaudit.data.tables.war import CONFIRMED
from aidaudit.ingest.readers.common import (
    csv_table,
    missing_column,
    number,
    ordered,
    text,
    whole,
)
from nbtrail.base import foreign
from nbtrail.base.errors import AuditError


def _count(values: pd.Series, file: Path, column: str) -> pd.Series:
    return whole(number(values, file, column), file, column)


def _count_or_blank(values: pd.Series, file: Path, column: str) -> pd.Series:
    """Whole numbers; a blank stays null, since an unknown count is not zero."""
    numbers = number(values, file, column)
    known = whole(numbers.dropna(), file, column)
    return known.reindex(values.index)


def _page(values: pd.Series) -> pd.Series:
    """Where a row was seen, without scheme and www., since a raw table holds no links."""
    return text(values.str.replace(r"https?://(?:www\.)?", "", regex=True))


def missile_attacks(file: Path) -> tuple[str, pd.DataFrame]:
    """Attacks by missile or drone and day; rows as published, the latest first upstream."""
    names = ["time_start", "model", "launched", "destroyed", "not_reach_goal"]
    raw = csv_table(file, "the list of missile attacks", names)
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            # Some rows give the hour, most the day only.
            "date": text(raw["time_start"]).str.slice(0, 10),
            "model": text(raw["model"]),
            "launched": _count_or_blank(raw["launched"], file, "launched"),
            "destroyed": _count_or_blank(raw["destroyed"], file, "destroyed"),
            "not_reached": _count_or_blank(raw["not_reach_goal"], file, "not_reach_goal"),
        }
    )
    return "missile_attacks", ordered(frame, "missile_attacks")


def missile_categories(file: Path) -> tuple[str, pd.DataFrame]:
    """The compiler's own category of each model."""
    raw = csv_table(file, "the list of missiles and drones", ["model", "category"])
    frame = pd.DataFrame({name: text(raw[name]) for name in ("model", "category")})
    frame = frame.sort_values("model", kind="stable")
    return "missile_categories", ordered(frame, "missile_categories")


# Ours → theirs; what no claim asks for is left upstream.
LOST = {
    "aircraft": "aircraft",
    "helicopters": "helicopter",
    "tanks": "tank",
    "ships": "naval ship",
}


def _losses(file: Path, table: str) -> tuple[str, pd.DataFrame]:
    what = "the General Staff's list of losses"
    try:
        entries = foreign.json(foreign.content(file), file.name)
        entries = entries if isinstance(entries, list) else [entries]
        if not foreign.fits(entries, [{}]):
            raise ValueError("its entries are no objects")
    except ValueError as error:
        raise AuditError(
            f"the file is not a readable copy of {what}: {error}.",
            file=file.name,
            expected="a JSON list with one entry per day",
            mend="obtain it again.",
        ) from None
    names = ("date", *LOST.values())
    here = set().union(*entries)
    if missing := [name for name in names if name not in here]:
        raise missing_column(file, what, missing, sorted(here))
    # A table of all keys of all entries could be their product.
    raw = pd.DataFrame({name: [entry.get(name) for entry in entries] for name in names})
    frame = pd.DataFrame(
        {"date": text(raw["date"])}
        | {ours: _count(raw[theirs], file, theirs) for ours, theirs in LOST.items()}
    ).sort_values("date", kind="stable")
    return table, ordered(frame, table)


def claimed_losses(file: Path) -> tuple[str, pd.DataFrame]:
    """Cumulative losses by day, as the General Staff claims them."""
    return _losses(file, "claimed_losses")


def claimed_losses_corrections(file: Path) -> tuple[str, pd.DataFrame]:
    """What part of some days' increases corrects earlier days."""
    return _losses(file, "claimed_losses_corrections")


def confirmed_losses(file: Path) -> tuple[str, pd.DataFrame]:
    """Oryx's cumulative counts of four types, Russia, on the days that were recorded."""
    counts = {
        "destroyed": "destroyed",
        "abandoned": "abandoned",
        "captured": "captured",
        "damaged": "damaged",
        "total": "type_total",
    }
    names = ["country", "equipment_type", "date_recorded", *counts.values()]
    raw = csv_table(file, "the daily counts of confirmed losses", names)
    rows = raw[(raw["country"] == "Russia") & raw["equipment_type"].isin(CONFIRMED)]
    frame = pd.DataFrame(
        {"type": text(rows["equipment_type"]), "date": text(rows["date_recorded"])}
        | {ours: _count(rows[theirs], file, theirs) for ours, theirs in counts.items()}
    ).sort_values(["type", "date"], kind="stable")
    return "confirmed_losses", ordered(frame, "confirmed_losses")


def confirmed_losses_press(file: Path) -> tuple[str, pd.DataFrame]:
    """Counts of confirmed losses that the press quotes."""
    names = ["date", "equipment_type", "at_least", "source"]
    raw = csv_table(file, "the compilation of quoted losses", names)
    frame = pd.DataFrame(
        {
            "type": text(raw["equipment_type"]),
            "date": text(raw["date"]),
            "at_least": _count(raw["at_least"], file, "at_least"),
            "seen_in": _page(raw["source"]),
        }
    ).sort_values(["type", "date"], kind="stable")
    return "confirmed_losses_press", ordered(frame, "confirmed_losses_press")


def occupied_territory(file: Path) -> tuple[str, pd.DataFrame]:
    """Occupied area by day on two series of maps; blank where a series has no frame."""
    areas = {"liveuamap_km2": "liveuamap_km2_published", "nzz_km2": "nzz_held_km2_harmonised"}
    names = ["date", *areas.values(), "flags", "source"]
    raw = csv_table(file, "the compilation of occupied territory", names)
    frame = pd.DataFrame(
        {"date": text(raw["date"])}
        | {ours: number(raw[theirs], file, theirs) for ours, theirs in areas.items()}
        | {"flag": text(raw["flags"])}
    )
    # Repository and the start of the commit; which files were read is left upstream.
    seen = raw["source"].str.findall(r"([\w-]+/[\w-]+@[0-9a-f]{8})")
    frame["seen_in"] = seen.str.join("|")
    frame = frame.sort_values("date", kind="stable")
    return "occupied_territory", ordered(frame, "occupied_territory")


def occupied_deepstate(file: Path) -> tuple[str, pd.DataFrame]:
    """Occupied area by day as computed from DeepState's map."""
    names = ["date", "occupied_area_km2"]
    raw = csv_table(file, "the area computed from DeepState's map", names)
    area = number(raw["occupied_area_km2"], file, "occupied_area_km2")
    frame = pd.DataFrame({"date": text(raw["date"]), "deepstate_km2": area})
    frame = frame.sort_values("date", kind="stable")
    return "occupied_deepstate", ordered(frame, "occupied_deepstate")


def territory_press(file: Path) -> tuple[str, pd.DataFrame]:
    """Figures of the Institute for the Study of War that a page quotes."""
    names = ["period", "measure", "value", "unit", "source"]
    raw = csv_table(file, "the compilation of quoted areas", names)
    # One row was seen in an excerpt without an address; nobody could find it again.
    rows = raw[raw["source"].str.startswith("http")]
    frame = pd.DataFrame(
        {name: text(rows[name]) for name in ("period", "measure", "unit")}
        | {"value": number(rows["value"], file, "value"), "seen_in": _page(rows["source"])}
    ).sort_values(["period", "measure"], kind="stable")
    return "territory_press", ordered(frame, "territory_press")


def war_events(file: Path) -> tuple[str, pd.DataFrame]:
    """Dated events with the page, or the row of the tracker, that dates them."""
    raw = csv_table(file, "the compilation of events", ["event", "date", "source"])
    frame = pd.DataFrame(
        {
            "event": text(raw["event"]),
            "date": text(raw["date"]),
            "seen_in": _page(raw["source"]),
        }
    ).sort_values(["date", "event"], kind="stable")
    return "war_events", ordered(frame, "war_events")


READERS: dict = {
    "missile_attacks": missile_attacks,
    "missile_categories": missile_categories,
    "claimed_losses": claimed_losses,
    "claimed_losses_corrections": claimed_losses_corrections,
    "confirmed_losses": confirmed_losses,
    "confirmed_losses_press": confirmed_losses_press,
    "occupied_territory": occupied_territory,
    "occupied_deepstate": occupied_deepstate,
    "territory_press": territory_press,
    "war_events": war_events,
}
