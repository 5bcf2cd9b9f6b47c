"""Tests of claims on interceptions, losses and territory."""

from __future__ import annotations

import pandas as pd

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence, NotTestable
from aidaudit.data import classify
from aidaudit.measures import war

INVASION = "2022-02-24"


def _day(data: Data, event: str) -> str:
    """The day of an event in the compiled table (ISO date)."""
    known = data.tables["war_events"].set_index("event")["date"]
    if event not in known:
        raise NotTestable(f"No day is known for the event '{event}'.")
    return str(known[event])


def _type(data: Data, name: str) -> pd.DataFrame:
    confirmed = data.tables["confirmed_losses"]
    return confirmed[confirmed["type"] == name]


@test
def tanks_lost(data: Data, by: str, weapon: str) -> Evidence:
    """Russian tanks confirmed by pictures as lost by a day (ISO date), the least quoted.

    weapon: a regular expression for the items that must have been announced by then. The
    daily counts of tanks begin in 2025, so the press is asked; the other reading is the
    claim of Ukraine's General Staff.
    """
    press = data.tables["confirmed_losses_press"]
    quoted = press[(press["type"] == "Tanks") & (press["date"] <= by)].sort_values("date")
    claims = data.tables["claimed_losses"]
    if quoted.empty:
        raise NotTestable(f"No count of tanks confirmed by pictures is at hand up to {by}.")
    last = quoted.iloc[-1]
    claimed = war.level(claims["date"], claims["tanks"], by)
    first = war.announced(data.activities, weapon)
    return Evidence(
        {
            "confirmed by pictures, the least that the press quotes": float(last["at_least"]),
            "claimed by Ukraine's General Staff": claimed,
        },
        f"At least {last['at_least']:,} tanks were confirmed by pictures by {last['date']}, "
        f"and Ukraine's General Staff, a belligerent, claimed {claimed:,.0f} by {by}; the "
        f"first dated announcement of Javelins is of {first or 'no known day'}; which weapon "
        "destroyed a tank is in no open data.",
        conditions={f"announced by {by}": first is not None and first <= by},
    )


@test
def aircraft_losses_fell(data: Data, turn: str) -> Evidence:
    """Losses a month from a day on over those from the invasion to it (ISO date), in times.

    Helicopters confirmed by pictures are at hand from September 2024 only, so the literal
    reading counts aircraft without them; the other one takes the claims of the General Staff,
    helicopters included.
    """
    until = data.claim_date
    planes = _type(data, "Aircraft")
    claims = data.tables["claimed_losses"]
    both = claims["aircraft"] + claims["helicopters"]
    try:
        early, late = war.rates(planes["date"], planes["total"], INVASION, turn, until)
        before, after = war.rates(claims["date"], both, INVASION, turn, until)
    except KeyError:
        raise NotTestable(f"No count of aircraft lost is at hand up to {turn}.") from None
    if min(early, before) <= 0:
        raise NotTestable(f"No aircraft were recorded as lost up to {turn}.")
    year_end = f"{turn[:4]}-12-31"
    _, rest = war.rates(planes["date"], planes["total"], INVASION, turn, year_end)
    return Evidence(
        {
            "aircraft without helicopters, confirmed by pictures": late / early,
            "aircraft and helicopters, claimed by Ukraine's General Staff": after / before,
        },
        f"{early:.1f} aircraft a month were confirmed as lost up to {turn} and {late:.1f} from "
        f"then to {until} ({rest:.1f} to the end of {turn[:4]}), helicopters not counted; "
        f"Ukraine's General Staff, a belligerent, claimed {before:.0f} and {after:.0f} "
        "aircraft and helicopters; flights are not counted in open data.",
    )


@test
def territory_placebo(data: Data, begins: str, months: int, weapon: str) -> Evidence:
    """Share of other windows with as large a fall of the occupied area, in per cent.

    begins: month at whose end the window begins (YYYY-MM); months: its length. weapon: a
    regular expression for the items that must have been announced by then.
    """
    areas = war.usable(data.tables["occupied_territory"])
    nzz, live = (war.month_ends(areas[name]) for name in ("nzz_km2", "liveuamap_km2"))
    # The day on which the window begins, and how many days it takes.
    first_day = f"{pd.Period(begins).end_time:%Y-%m-%d}"
    days = (pd.Period(begins) + months).end_time - pd.Period(begins).end_time
    until = data.claim_date[:7]
    try:
        windows = war.changes(nzz, months)
        seen = war.changes(nzz[nzz.index <= until], months)
        second = war.changes(live, months)
        daily = war.daily_changes(areas["nzz_km2"], months)
        shares = {
            "NZZ, month ends": war.as_low(windows, begins),
            f"NZZ, month ends to {until}": war.as_low(seen, begins),
            "Liveuamap, month ends": war.as_low(second, begins),
            "NZZ, daily, windows that do not overlap": war.as_low(daily, first_day, days.days),
        }
    except (KeyError, ValueError):
        raise NotTestable(f"The series do not hold the window that begins {begins}.") from None
    rest = war.others(windows, begins)
    larger = int((rest <= windows[begins]).sum())
    first = war.announced(data.activities, weapon)
    lowest = rest.idxmin()
    change = f"{windows[begins]:,.0f}".replace("-", "−")
    deepest = f"{rest[lowest]:,.0f}".replace("-", "−")
    return Evidence(
        shares,
        f"The area held by Russia changed by {change} km² in the {months} months from the end "
        f"of {begins}; {larger} of {len(rest)} other windows fell by as much, the lowest "
        f"({deepest} km² from the end of {lowest}) "
        f"{'before' if first and lowest < first[:7] else 'after'} HIMARS were first announced "
        f"({first or 'no known day'}).",
        conditions={
            f"announced by the end of {begins}": first is not None and first <= first_day
        },
    )


@test
def interception_change(data: Data, delivered: dict[str, str]) -> Evidence:
    """Share of missiles shot down since a delivery minus the share before, in points.

    delivered: class of missiles → event from which its share counts as after; the first
    class is the literal reading. The intervals before and after must not overlap.
    """
    attacks = data.tables["missile_attacks"]
    lookup = data.tables["missile_class"]
    rows = war.counted(attacks, classify.classes(attacks, lookup))
    readings, conditions, told = {}, {}, []
    for kind, event in delivered.items():
        since = _day(data, event)
        table = war.around(rows, kind, since, data.claim_date)
        if len(table) < 2:
            raise NotTestable(f"No {kind} missiles are on record before or after {since}.")
        before, after = table.loc["before"], table.loc["after"]
        readings[f"{kind} missiles since {event} ({since})"] = after["share"] - before["share"]
        # Shares that fell beyond doubt do not meet the rule either.
        rose = after["share"] > before["share"]
        conditions[f"{kind}: higher, intervals do not overlap"] = bool(rose) and war.apart(
            table
        )
        told.append(
            f"{kind} {_told(before)} before {since} and {_told(after)} since "
            f"(intervals {'apart' if war.apart(table) else 'overlap'})"
        )
    return Evidence(
        readings,
        f"Shot down of those launched, with 95 % intervals: {'; '.join(told)}; "
        "the counts are claims of the Ukrainian Air Force.",
        conditions=conditions,
    )


def _told(side: pd.Series) -> str:
    return (
        f"{side['share']:.1f} % ({side['destroyed']:,.0f} of {side['launched']:,.0f}, "
        f"{side['low']:.1f} to {side['high']:.1f} %)"
    )


@test
def ships_lost(data: Data, first: str, last: str) -> Evidence:
    """Russian ships first claimed as lost from one day to another, both included (ISO dates).

    The other reading counts ships confirmed by pictures, which were recorded much later.
    """
    claims = data.tables["claimed_losses"]
    before = f"{pd.Timestamp(first) - pd.Timedelta(days=1):%Y-%m-%d}"
    ships = _type(data, "Naval Ships and Submarines").sort_values("date")
    try:
        start = war.level(claims["date"], claims["ships"], before)
        end = war.level(claims["date"], claims["ships"], last)
    except KeyError:
        raise NotTestable(f"No count of ships lost is at hand up to {before}.") from None
    if ships.empty:
        raise NotTestable("No count of ships confirmed by pictures is at hand.")
    record = ships.iloc[0]
    return Evidence(
        {
            "claimed by Ukraine's General Staff": end - start,
            f"confirmed by pictures, recorded on {record['date']}": float(record["total"]),
        },
        f"The General Staff's count of ships and boats rose from {start:.0f} to {end:.0f} "
        f"from {first} to {last}; {record['total']} ships and submarines were confirmed by "
        f"pictures by {record['date']}; neither series names the ship.",
        caveat="neither series names the ship",
    )
