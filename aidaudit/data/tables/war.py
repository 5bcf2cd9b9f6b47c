"""The war as it was counted: attacks, losses, territory."""

from __future__ import annotations

from aidaudit.data.tables.common import DAY, ROW, SEEN_IN
from nbtrail.base.schema import ISO_DATE, Column, Table

_MODEL = Column("string", "Missile or drone, as published; several where fired together")


def _count(description: str, **options) -> Column:
    return Column("integer", description, maximum=100_000, **{"minimum": 0, **options})


def _lost(what: str) -> Column:
    return _count(f"{what} claimed as lost since 24 February 2022")


def _corrected(what: str) -> Column:
    description = f"Part of that day's increase in {what} that corrects earlier days"
    return Column("integer", description, minimum=-1000, maximum=1000)


def _area(description: str) -> Column:
    # Ukraine has 603,628 km² within its internationally recognised borders.
    return Column("number", description, unit="km²", required=False, minimum=0, maximum=603_628)


CONFIRMED = ["Aircraft", "Helicopters", "Naval Ships and Submarines", "Tanks"]

# A day, month or year, or from one to another.
_WHEN = r"20[0-9]{2}(-[0-9]{2}){0,2}"
PERIOD = rf"^{_WHEN}(/{_WHEN})?$"

RAW: dict[str, Table] = {
    "missile_attacks": Table(
        "missile_attacks",
        "Missiles and drones launched at Ukraine and shot down, as its Air Force reports",
        {
            "row": ROW,
            "date": Column("string", "Day on which the attack began", pattern=ISO_DATE),
            "model": _MODEL,
            "launched": _count("Launched, as reported", required=False),
            "destroyed": _count("Shot down, as reported", required=False),
            "not_reached": _count("Lost or jammed on the way, as reported", required=False),
        },
        key=["row"],
    ),
    "missile_categories": Table(
        "missile_categories",
        "Categories of missiles and drones as the compiler of the attacks assigns them",
        {"model": _MODEL, "category": Column("string", "Category, as published")},
        key=["model"],
    ),
    "claimed_losses": Table(
        "claimed_losses",
        "Russian losses as Ukraine's General Staff claims them, cumulative by day",
        {
            "date": DAY,
            "aircraft": _lost("Aircraft"),
            "helicopters": _lost("Helicopters"),
            "tanks": _lost("Tanks"),
            "ships": _lost("Ships and boats"),
        },
        key=["date"],
    ),
    "claimed_losses_corrections": Table(
        "claimed_losses_corrections",
        "Corrections within the claims of Ukraine's General Staff",
        {
            "date": DAY,
            "aircraft": _corrected("aircraft"),
            "helicopters": _corrected("helicopters"),
            "tanks": _corrected("tanks"),
            "ships": _corrected("ships and boats"),
        },
        key=["date"],
    ),
    "confirmed_losses": Table(
        "confirmed_losses",
        "Russian losses confirmed by pictures, cumulative on the days that were recorded",
        {
            "type": Column("string", "Type of equipment", values=CONFIRMED),
            "date": DAY,
            "destroyed": _count("Destroyed"),
            "abandoned": _count("Abandoned"),
            "captured": _count("Captured"),
            "damaged": _count("Damaged"),
            "total": _count("Total, as published"),
        },
        key=["type", "date"],
    ),
    "confirmed_losses_press": Table(
        "confirmed_losses_press",
        "Russian losses confirmed by pictures, cumulative, as the press quotes them",
        {
            "type": Column("string", "Type of equipment", values=CONFIRMED),
            "date": DAY,
            "at_least": _count("Losses, the least that the page states"),
            "seen_in": SEEN_IN,
        },
        key=["type", "date"],
    ),
    "occupied_territory": Table(
        "occupied_territory",
        "Area of Ukraine held by Russia, by day, from two series of maps",
        {
            "date": DAY,
            "liveuamap_km2": _area("Area on Liveuamap's maps"),
            "nzz_km2": _area("Area on NZZ's maps, brought to one definition by the compilers"),
            "flag": Column("string", "Known fault of the day", required=False),
            "seen_in": SEEN_IN,
        },
        key=["date"],
    ),
    "occupied_deepstate": Table(
        "occupied_deepstate",
        "Area of Ukraine held by Russia, by day, computed from DeepState's map",
        {
            "date": DAY,
            "deepstate_km2": Column("number", "Area", unit="km²", minimum=0, maximum=603_628),
        },
        key=["date"],
    ),
    "territory_press": Table(
        "territory_press",
        "Areas and advances that the press quotes from the Institute for the Study of War",
        {
            "period": Column(
                "string", "Day or period of the figure, as compiled", pattern=PERIOD
            ),
            "measure": Column("string", "What was measured, in the words of the compilation"),
            "value": Column("number", "Area", minimum=0, maximum=603_628),
            "unit": Column("string", "Unit of the area", values=["km2", "sq mi"]),
            "seen_in": SEEN_IN,
        },
        key=["period", "measure"],
    ),
    "war_events": Table(
        "war_events",
        "First announcements and deliveries of weapons, and operations that charts mark",
        {
            "event": Column("string", "What happened"),
            "date": DAY,
            "seen_in": SEEN_IN,
        },
        key=["event"],
    ),
}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {}
