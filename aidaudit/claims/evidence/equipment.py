"""Tests of claims on weapons, goods and reconstruction in kind."""

from __future__ import annotations

import pandas as pd

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence, NotTestable
from aidaudit.data import classify
from aidaudit.measures import equipment
from aidaudit.measures.donors import select
from aidaudit.measures.equipment import LAUNCHER

FUNDED = "Funding for Weapon Acquisition Program"


def _named(data: Data) -> pd.DataFrame:
    return equipment.named(data.activities, data.tables["systems"], data.tables["role"])


def _members(data: Data, rows: pd.DataFrame, group: str) -> list[str]:
    return sorted(set(select(rows, data.donors, group, data.tracker_date)["donor"]))


@test
def heavier_over_time(
    data: Data, first: list[str], last: list[str], ordered: bool = False
) -> Evidence:
    """Share of heavy weapons in a later period over that in an earlier one, in times.

    first, last: first and last month of either period (YYYY-MM). ordered: whether the first
    announcements must come in the order of the ladder.
    """
    rows = equipment.in_kind(data.activities)
    given = rows[~rows["aid_subtype"].fillna("").str.startswith(FUNDED)]
    shares = {
        name: [equipment.heavy_share(part, *period, by=by) for period in (first, last)]
        for name, part, by in (
            ("by estimated value", rows, "value"),
            ("by number of rows", rows, "rows"),
            ("by number of rows, without funded purchases", given, "rows"),
        )
    }
    for name, (before, after) in shares.items():
        if not before > 0 or pd.isna(after):
            raise NotTestable(f"No heavy weapons are on record to compare with ({name}).")
    label = classify.classes(rows, data.tables["weapon_class"])
    days = equipment.firsts(rows, label).set_index("label")["date"]
    ladder = [days.get(rung) for rung in equipment.LADDER]
    # The last two rungs are named together: either may come first.
    rising = (
        None not in ladder and ladder[:3] == sorted(ladder[:3]) and ladder[2] <= min(ladder[3:])
    )
    value, count = shares["by estimated value"], shares["by number of rows"]
    told = ", ".join(
        f"{rung} {day}" for rung, day in zip(equipment.LADDER, ladder, strict=True)
    )
    return Evidence(
        {name: after / before for name, (before, after) in shares.items()},
        f"Heavy weapons, aviation and their ammunition were {value[0]:.0f} % of the estimated "
        f"value in kind announced from {first[0]} to {first[1]} and {value[1]:.0f} % from "
        f"{last[0]} to {last[1]}; by rows {count[0]:.0f} and {count[1]:.0f} %. First "
        f"announcements: {told}.",
        conditions={"first announcements in the order named": rising} if ordered else {},
    )


@test
def added_later(data: Data) -> Evidence:
    """Months from the first weapons to the first funding of weapons and to first training."""
    military = data.activities[
        (data.activities["aid_type"] == "Military")
        & (data.activities["measure"] == "allocation")
    ]
    items = equipment.in_kind(data.activities)
    weapons = items[
        items["item_type"].fillna("").str.contains("weapon|defence|arma", case=False)
    ]
    kinds = military["aid_subtype"].fillna("")
    funded = military[kinds.str.startswith(FUNDED)]
    training = classify.readings(military, data.tables["training"], wanted=["training"])
    days = {
        "weapons": equipment.first(weapons),
        "funding": equipment.first(funded),
        "any training": equipment.first(military[training.literal]),
        "training": equipment.first(military[training.other]),
    }
    for name, day in days.items():
        if day is None:
            raise NotTestable(f"The tracker has no dated row of {name}.")

    def months(until: str) -> float:
        days_between = pd.Timestamp(until) - pd.Timestamp(days["weapons"])
        return float(days_between.days / (365.25 / 12))

    funding = months(days["funding"])
    return Evidence(
        {
            "training by class, item or text": min(funding, months(days["any training"])),
            "by class or item alone": min(funding, months(days["training"])),
        },
        f"First weapons on {days['weapons']}, first funding of purchases on {days['funding']}, "
        f"first training by the tracker's class or an item on {days['training']}, named in a "
        f"text on {days['any training']}.",
    )


@test
def share_of_system(
    data: Data, system: str, donor: str, roles: list[str], bought_by: str | None = None
) -> Evidence:
    """A donor's share of the disclosed number of a system, in per cent.

    roles: launcher, ammunition or both; each alone is a reading too. bought_by: a donor whose
    items came from the first donor's stocks; counting them so is then the other reading.
    """
    rows = _named(data)
    mine = rows[rows["system"] == system]
    names = {
        " and ".join(chosen): chosen
        for chosen in ([roles] + [[r] for r in roles if len(roles) > 1])
    }
    readings = {}
    for name, chosen in names.items():
        share = equipment.share_of(rows, system, donor, chosen)
        if share is not None:
            readings[name] = share
    if not readings:
        raise NotTestable(f"No number of {system} is disclosed.")
    if bought_by is not None:
        moved = rows.assign(donor=rows["donor"].replace({bought_by: donor}))
        share = equipment.share_of(moved, system, donor, roles)
        readings[f"what {bought_by} paid for counted with its origin"] = share
    table = equipment.counts(mine[mine["role"].isin(roles)])
    each = table.groupby("donor")["items"].sum().sort_values(ascending=False, kind="stable")
    told = ", ".join(f"{name} {items:,.0f}" for name, items in each.items() if items > 0)
    unnumbered = int(table["unnumbered"].sum())
    mixed = rows[(rows["system"] == "mixed") & rows["item"].str.contains(system, case=False)]
    also = (
        f" {mixed['item_count'].sum():,.0f} more stand in {len(mixed)} rows that name several "
        f"weapons with one number."
        if len(mixed)
        else ""
    )
    return Evidence(
        readings,
        f"Disclosed: {told}; {unnumbered} of {int(table['rows'].sum())} rows say no number."
        + also,
    )


@test
def members_that_gave(
    data: Data, system: str, roles: list[str], wider: list[str], needs: list[str] | None = None
) -> Evidence:
    """NATO members that gave a system, a count.

    roles: what counts in the literal reading, wider in the other. needs: a system and a donor
    that must have given launchers of it. Rows whose number is zero do not count.
    """
    rows = equipment.with_items(_named(data))
    mine = rows[rows["system"] == system]
    literal = mine[mine["role"].isin(roles)]
    then = _members(data, literal, "nato_dated")
    also = _members(data, mine[mine["role"].isin(wider)], "nato")
    conditions = {}
    more = ""
    if needs:
        other, donor = needs
        given = rows[(rows["system"] == other) & (rows["role"] == LAUNCHER)]
        own = given[given["donor"] == donor]
        conditions[f"{donor} gave {other}"] = len(own) > 0
        more = (
            f" {other}: {donor} with {own['item_count'].sum():,.0f} systems, first announced "
            f"{equipment.first(own)}; others: "
            f"{', '.join(sorted(set(given['donor']) - {donor})) or 'none'}."
        )
    day = equipment.first(literal)
    return Evidence(
        {
            f"members when they gave, {' and '.join(roles)}": float(len(then)),
            f"present members, {' and '.join(wider)}": float(len(also)),
        },
        f"{', '.join(then)} gave {system} ({' and '.join(roles)}; first announced {day}); "
        f"with {' and '.join(wider)} {len(also)} members did.{more}",
        conditions=conditions,
    )


@test
def training_by(data: Data, donor: str) -> Evidence:
    """A donor's rows of training: by class, item or text, and without texts."""
    rows = data.activities[
        (data.activities["donor"] == donor) & (data.activities["measure"] == "allocation")
    ]
    training = classify.readings(rows, data.tables["training"], wanted=["training"])
    known, without = rows[training.literal], rows[training.other]
    return Evidence(
        {
            "named as training by class, item or text": float(len(known)),
            "by class or item alone": float(len(without)),
        },
        f"Rows of {donor} that name training by class, item or text: {len(known)}, the first "
        f"of {equipment.first(known)}; by class or item alone: {len(without)}. The tracker "
        "begins in 2022.",
        caveat="the beginning in 2015 lies before the tracker's",
    )


@test
def rebuilt_by_each(data: Data, donors: list[str], sectors: list[str]) -> Evidence:
    """The smallest, among donors, of allocations for sectors of reconstruction, in bn EUR."""
    coded = equipment.reconstruction(data.activities)
    civil = data.activities[
        (data.activities["aid_type"] != "Military")
        & (data.activities["measure"] == "allocation")
    ]
    words = data.tables["energy_transport"]
    wanted = [*sectors, *words["class"].unique()]
    purpose = classify.readings(civil, data.tables["sector"], words, wanted=wanted)
    mine, named = civil[purpose.literal], civil[purpose.other]

    def smallest(rows: pd.DataFrame) -> float:
        sums = rows.groupby("donor")["allocation_eur"].sum() / 1e9
        return float(min(sums.get(donor, 0.0) for donor in donors))

    each = mine.groupby("donor")["allocation_eur"].sum() / 1e9
    widest = named.groupby("donor")["allocation_eur"].sum() / 1e9
    return Evidence(
        {
            "coded for energy or infrastructure": smallest(mine),
            "any code of reconstruction or modernisation": smallest(coded),
            "coded, or named in an item or a text": smallest(named),
        },
        "; ".join(
            f"{donor} {each.get(donor, 0):.2f} bn EUR by code and {widest.get(donor, 0):.2f} "
            "with items or texts that name energy, transport or infrastructure"
            for donor in donors
        )
        + ". The tracker has no code for transport alone.",
    )


@test
def medical_donors(data: Data) -> Evidence:
    """NATO members with humanitarian rows that name medical goods, a count."""
    every = data.activities[data.activities["measure"] == "allocation"]
    rows, armed = (every[every["aid_type"] == kind] for kind in ("Humanitarian", "Military"))
    lookup = data.tables["medical"]
    medical = classify.readings(rows, lookup, wanted=["medical"])
    wider = classify.readings(rows, lookup, wanted=list(lookup["class"].unique()))
    named = rows[medical.literal]
    members, by_item = (
        _members(data, rows[chosen], "nato") for chosen in (medical.literal, medical.other)
    )
    others = _members(data, rows[wider.literal], "nato")
    only_texts = sorted(set(members) - set(by_item))
    goods = armed[classify.readings(armed, lookup, wanted=["medical"]).literal]
    for_forces = sorted(set(_members(data, goods, "nato")) - set(members))
    return Evidence(
        {
            "medicines, equipment, ambulances and hospitals": float(len(members)),
            "named in an item alone": float(len(by_item)),
            "first aid, protection and health care too": float(len(others)),
        },
        f"{named['donor'].nunique()} donors have humanitarian rows whose item or text names "
        "medical goods. "
        f"NATO members among them by items: {', '.join(by_item) or 'none'}; by texts only: "
        f"{', '.join(only_texts) or 'none'}. With first aid, protection and health care as a "
        f"service: {', '.join(sorted(set(others) - set(members))) or 'none'} too. In rows of "
        f"military aid, which are not counted: {', '.join(for_forces) or 'nobody'} besides.",
    )


@test
def worst_rank(data: Data, donors: list[str], sectors: list[str]) -> Evidence:
    """The worse rank of two donors in sectors of reconstruction, by value and by rows."""
    rebuilt = equipment.rebuilt(data.activities)
    purpose = classify.readings(
        rebuilt, data.tables["sector"], data.tables["hospitals_schools"], wanted=sectors
    )
    mine, named = rebuilt[purpose.literal], rebuilt[purpose.other]
    if mine.empty:
        raise NotTestable("No allocation is coded for these sectors.")
    value = mine.groupby("donor")["allocation_eur"].sum()
    number = mine.groupby("donor").size()
    wider = named.groupby("donor")["allocation_eur"].sum()
    leaders = value.sort_values(ascending=False, kind="stable").head(3)
    own = " and ".join(
        f"{donor} has {value.get(donor, 0) / 1e6:.0f} million EUR by code and "
        f"{wider.get(donor, 0) / 1e6:.0f} with rows whose text names them"
        for donor in donors
    )
    return Evidence(
        {
            "by allocated value": float(max(equipment.rank(value, d) for d in donors)),
            "by number of rows": float(max(equipment.rank(number, d) for d in donors)),
            "by allocated value, named in the text too": float(
                max(equipment.rank(wider, d) for d in donors)
            ),
        },
        f"{len(mine)} rows of {len(number)} donors are coded for health or education; the "
        f"first three by value are {', '.join(leaders.index)}. {own}; an amount for several "
        "purposes counts whole. A donor without any takes the place after all others.",
    )


@test
def renewable_rows(data: Data, donors: list[str]) -> Evidence:
    """The smaller number of rows whose item or text names a renewable source, among donors."""
    rows = data.activities[
        (data.activities["aid_type"] != "Military")
        & (data.activities["measure"] == "allocation")
    ]
    source = classify.readings(rows, data.tables["renewable"], wanted=["renewable"])
    named = rows[source.literal]
    coded = equipment.flags(rows, data.tables["sector"])["energy"]
    energy = rows[coded | rows.index.isin(named.index)]

    millions = energy.groupby("donor")["allocation_eur"].sum() / 1e6

    def least(part: pd.DataFrame) -> float:
        return float(min((part["donor"] == donor).sum() for donor in donors))

    return Evidence(
        {
            "rows that name a renewable source": least(named),
            "named in an item alone": least(rows[source.other]),
            "rows for energy": least(energy),
        },
        "; ".join(
            f"Rows of {donor} that name a renewable source: "
            f"{(named['donor'] == donor).sum()}; "
            f"for energy: {(energy['donor'] == donor).sum()} "
            f"({millions.get(donor, 0):.0f} million EUR)"
            for donor in donors
        )
        + f". Named by {named['donor'].nunique()} donors in all.",
    )
