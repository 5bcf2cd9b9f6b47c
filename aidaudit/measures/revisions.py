"""How later releases of the tracker change what earlier ones said about the same period.

Two questions: what each release gives as the total up to the same day, and of which parts the
change between two releases consists. Sums are in whole cents, so that parts add up exactly.
Whether a revision was right is left to the reader; no release is taken as the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from aidaudit.data.vocabulary import UNDATED
from aidaudit.measures import aggregate
from aidaudit.measures.donors import select
from nbtrail.base.errors import AuditError

# The parts of a change, in the order in which they are shown.
NEW, REMOVED = "activities entered later", "activities taken out"
REDATED = "moved across the cut-off"
RECLASSIFIED = "reclassified"
RATES = "exchange rates"
REVISED = "amounts revised"
PARTS = [NEW, REMOVED, REDATED, RECLASSIFIED, RATES, REVISED]

# How a row found its counterpart in the other release, best first.
BY_ID = "activity id"
BY_AMOUNT = "donor, month, type and amount"
BY_DONOR = "donor and amount"
BY_CELL = "donor, month and type"
UNMATCHED = "no counterpart"
RULES = [BY_ID, BY_AMOUNT, BY_DONOR, BY_CELL, UNMATCHED]

_COLUMNS = [
    "activity_id",
    "donor",
    "month",
    "aid_type",
    "measure",
    "reporting_currency",
    "allocation_eur",
    "commitment_eur",
    "allocation_reported",
    "allocation_eur_entered",
]


@dataclass(frozen=True)
class Change:
    """The change of a total between two releases.

    before, after: totals in cents. parts: cents by part (`PARTS`), adding up to after −
    before. matching: release (before, after), rule, rows, cents: how counted rows with a
    value found a counterpart. switched: cents of matched activities whose type of aid is
    another one, which changes no total. undated: cents of what was entered later without a
    date, so that it counts at every cut-off. rates_told: whether amounts in the reporting
    currency let the effect of exchange rates be told; if not, its part is 0 for want of data.
    """

    before: int
    after: int
    parts: pd.Series
    matching: pd.DataFrame
    switched: int
    undated: int
    rates_told: bool


def decompose(
    before: pd.DataFrame,
    after: pd.DataFrame,
    donors: pd.DataFrame,
    cut_off: str,
    group: str = "all",
) -> Change:
    """Of which parts the change of the allocations up to a cut-off consists.

    before, after: clean activity rows of two releases, uncut. donors: clean table of donors.
    cut_off: ISO date at which both are cut (and membership counts). Rules, in this order:

    1. Rows with an activity id that both releases know belong together. Counted in both, the
       difference is split into what the later release's rates did (its amounts at its own
       rates, less the same at the earlier ones) and a revised amount. Counted in one only,
       the activity moved across the cut-off, or is no longer an allocation of these donors
       (reclassified), or lost or gained its amount (revised).
    2. Remaining rows are matched one to one by donor, month, type and amount; then by donor
       and amount, also with rows that the other release does not count (they moved across
       the cut-off or were reclassified).
    3. What remains of the same donor, month and type on both sides is a revised amount.
    4. The rest was entered later, or taken out.

    Exchange rates can be told only where both releases keep amounts in the reporting
    currency; elsewhere their effect is part of revised amounts. Raises AuditError for tables
    that are not activity rows.
    """
    old, new = (_rows(frame, donors, cut_off, group) for frame in (before, after))
    parts = dict.fromkeys(PARTS, 0)
    switched = _by_id(old, new, parts)
    switched += _by_amount(old, new, parts)
    _by_cell(old, new, parts)
    for rows, part, sign in ((old, REMOVED, -1), (new, NEW, 1)):
        left = _open(rows)
        rows.loc[left, "rule"] = UNMATCHED
        parts[part] += sign * int(rows.loc[left, "cents"].sum())
    late = new[(new["rule"] == UNMATCHED) & (new["month"] == UNDATED)]
    totals = [int(rows.loc[rows["counted"], "cents"].sum()) for rows in (old, new)]
    return Change(
        *totals,
        parts=pd.Series(parts, name="cents").astype("int64"),
        matching=_matching(old, new),
        switched=switched,
        undated=int(late["cents"].sum()),
        rates_told=all(rates(rows[rows["rule"] == BY_ID]).notna().any() for rows in (old, new)),
    )


def _rows(clean: pd.DataFrame, donors: pd.DataFrame, cut_off: str, group: str) -> pd.DataFrame:
    """The rows with cents, whether they count, and how they were matched (nothing yet)."""
    missing = [name for name in _COLUMNS[:6] if name not in clean.columns]
    if missing:
        raise AuditError(
            "a revision can be taken apart only where both releases have activity rows.",
            found=", ".join(clean.columns),
            expected=f"the column {missing[0]}",
            mend="take releases whose table is 'activities'.",
        )
    rows = clean.reset_index(drop=True).reindex(columns=_COLUMNS)
    allocated = rows["measure"] == "allocation"
    ours = pd.Series(False, index=rows.index)
    ours[select(rows, donors, group, cut_off).index] = True
    in_time = (rows["month"] == UNDATED) | (rows["month"] <= cut_off[:7])
    amount = rows["allocation_eur"].where(allocated, rows["commitment_eur"])
    cents = (amount.astype("float64").fillna(0) * 100).round().astype("int64")
    return rows.assign(
        cents=cents,
        # A row of amount zero says nothing of a total.
        counted=allocated & ours & in_time & (cents != 0),
        beyond=allocated & ours & ~in_time & (cents != 0),
        rule=pd.Series(pd.NA, index=rows.index, dtype="str"),
        used=False,
    )


def _open(rows: pd.DataFrame) -> pd.Series:
    """Counted rows that have no counterpart yet."""
    return rows["counted"] & rows["rule"].isna()


def _by_id(old: pd.DataFrame, new: pd.DataFrame, parts: dict[str, int]) -> int:
    """Rule 1; returns the cents of activities whose type changed."""
    shared = set(old["activity_id"].dropna()) & set(new["activity_id"].dropna())
    mine = [rows["activity_id"].isin(shared) for rows in (old, new)]
    for rows, chosen in zip((old, new), mine, strict=True):
        rows.loc[chosen & rows["counted"], "rule"] = BY_ID
        rows.loc[chosen, "used"] = True
    if not shared:
        return 0
    table = pd.DataFrame(
        {
            **_of_ids(old, mine[0], "old"),
            **_of_ids(new, mine[1], "new"),
            "at_old": _at_rates_of(old, new, mine[1]),
        }
    )
    sums = [name for name in table if name in ("old", "new", "at_old")]
    table[sums] = table[sums].fillna(0).astype("int64")
    flags = [name for name in table if name.startswith(("counts", "beyond"))]
    table[flags] = table[flags].fillna(False).astype(bool)
    both = table["counts_old"] & table["counts_new"]
    parts[RATES] += int((table["new"] - table["at_old"])[both].sum())
    parts[REVISED] += int((table["at_old"] - table["old"])[both].sum())
    for one, other, rows, sign in (("old", "new", new, -1), ("new", "old", old, 1)):
        alone = table[table[f"counts_{one}"] & ~table[f"counts_{other}"]]
        why = _why(alone.index, alone[f"beyond_{other}"], rows)
        for part, cents in alone[one].groupby(why).sum().items():
            parts[str(part)] += sign * int(cents)
    changed = both & (table["types_old"] != table["types_new"])
    return int(table.loc[changed, "new"].sum())


def _of_ids(rows: pd.DataFrame, chosen: pd.Series, side: str) -> dict[str, pd.Series]:
    """By activity id: cents counted, whether any row counts or lies beyond, and the types."""
    own = rows[chosen]
    counted = own[own["counted"]].groupby("activity_id")
    return {
        side: counted["cents"].sum(),
        f"counts_{side}": own.groupby("activity_id")["counted"].any(),
        f"beyond_{side}": own.groupby("activity_id")["beyond"].any(),
        f"types_{side}": counted["aid_type"].agg(lambda types: "+".join(sorted(set(types)))),
    }


def _why(ids: pd.Index, beyond: pd.Series, other: pd.DataFrame) -> pd.Series:
    """Why an activity that both releases know counts in one only."""
    # An allocation of these donors without an amount would count if it had one.
    amounts = other[other["cents"] != 0]
    why = pd.Series(REVISED, index=ids)
    why[ids.isin(list(amounts["activity_id"].dropna()))] = RECLASSIFIED
    why[beyond.reindex(ids).to_numpy(dtype=bool)] = REDATED
    return why


def rates(rows: pd.DataFrame) -> pd.Series:
    """Units of the reporting currency per euro at which each row was converted, or null."""
    rate = rows["allocation_reported"] / rows["allocation_eur_entered"]
    return rate.where((rows["allocation_reported"] > 0) & (rows["allocation_eur_entered"] > 0))


def _at_rates_of(old: pd.DataFrame, new: pd.DataFrame, chosen: pd.Series) -> pd.Series:
    """Cents of the later release by activity id, at the earlier release's rates."""
    known = old.assign(rate=rates(old)).dropna(subset=["rate"])
    by_month = known.groupby(["reporting_currency", "month"])["rate"].median()
    by_currency = known.groupby("reporting_currency")["rate"].median()
    own = new[chosen & new["counted"]]
    keys = pd.MultiIndex.from_frame(own[["reporting_currency", "month"]])
    earlier = pd.Series(by_month.reindex(keys).to_numpy(), index=own.index)
    earlier = earlier.fillna(own["reporting_currency"].map(by_currency))
    factor = (rates(own) / earlier).fillna(1.0)
    at_old = (own["cents"] * factor).groupby(own["activity_id"]).sum()
    return at_old.round().astype("int64")


def _pairs(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Rows of equal keys, one to one in their order: index of the left and of the right."""
    sides = []
    for name, rows in (("left", left), ("right", right)):
        side = rows[keys].assign(turn=rows.groupby(keys).cumcount())
        sides.append(side.rename_axis(name).reset_index())
    return sides[0].merge(sides[1], on=[*keys, "turn"])[["left", "right"]]


def _by_amount(old: pd.DataFrame, new: pd.DataFrame, parts: dict[str, int]) -> int:
    """Rule 2; returns the cents of rows whose type changed."""
    switched = 0
    for keys, rule in (
        (["donor", "month", "aid_type", "cents"], BY_AMOUNT),
        (["donor", "cents"], BY_DONOR),
    ):
        found = _pairs(old[_open(old)], new[_open(new)], keys)
        for rows, side in ((old, "left"), (new, "right")):
            rows.loc[found[side], "rule"] = rule
            rows.loc[found[side], "used"] = True
        types = [
            rows.loc[found[side], "aid_type"].to_numpy()
            for rows, side in ((old, "left"), (new, "right"))
        ]
        changed = found["right"][types[0] != types[1]]
        switched += int(new.loc[changed, "cents"].sum())
    for rows, other, sign in ((old, new, -1), (new, old, 1)):
        free = other[~other["counted"] & ~other["used"] & (other["cents"] != 0)]
        found = _pairs(rows[_open(rows)], free, ["donor", "cents"])
        rows.loc[found["left"], "rule"] = BY_DONOR
        other.loc[found["right"], "used"] = True
        late = other.loc[found["right"], "beyond"].to_numpy(dtype=bool)
        cents = rows.loc[found["left"], "cents"].to_numpy()
        parts[REDATED] += sign * int(cents[late].sum())
        parts[RECLASSIFIED] += sign * int(cents[~late].sum())
    return switched


def _by_cell(old: pd.DataFrame, new: pd.DataFrame, parts: dict[str, int]) -> None:
    """Rule 3: what is left of the same donor, month and type on both sides."""
    cell = ["donor", "month", "aid_type"]
    left = [rows[_open(rows)] for rows in (old, new)]
    shared = set(left[0].groupby(cell).groups) & set(left[1].groupby(cell).groups)
    for rows, open_rows, sign in ((old, left[0], -1), (new, left[1], 1)):
        keys = pd.Series(list(zip(*(open_rows[c] for c in cell), strict=True)), dtype=object)
        chosen = open_rows.index[keys.isin(shared).to_numpy(dtype=bool)]
        rows.loc[chosen, "rule"] = BY_CELL
        parts[REVISED] += sign * int(rows.loc[chosen, "cents"].sum())


def _matching(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """release (before, after), rule, rows, cents of the counted rows; every rule is there."""
    out = []
    for name, rows in (("before", old), ("after", new)):
        counted = rows[rows["counted"]].groupby("rule")["cents"].agg(["size", "sum"])
        counted = counted.reindex(RULES, fill_value=0).rename_axis("rule").reset_index()
        counted.columns = ["rule", "rows", "cents"]
        counted.insert(0, "release", name)
        out.append(counted)
    return pd.concat(out, ignore_index=True)


def bridge(change: Change) -> pd.DataFrame:
    """A change as steps from 0: part, from_bn, to_bn, change_bn (bn EUR), in `PARTS` order."""
    steps = change.parts.reindex(PARTS)
    ends = steps.cumsum()
    return pd.DataFrame(
        {
            "part": PARTS,
            "from_bn": ((ends - steps) / 1e11).to_numpy(),
            "to_bn": (ends / 1e11).to_numpy(),
            "change_bn": (steps / 1e11).to_numpy(),
        }
    )


def matched_shares(change: Change) -> pd.DataFrame:
    """How much of either total each rule matched, in %: index rule, columns before, after."""
    cents = change.matching.pivot(index="rule", columns="release", values="cents")
    shares = cents.loc[RULES, ["before", "after"]].astype("float64")
    shares.columns.name = None
    return shares / [change.before, change.after] * 100


def by_donor(before: pd.DataFrame, after: pd.DataFrame, cut_off: str) -> pd.Series:
    """Change of each donor's allocations up to a cut-off, bn EUR, from rise to fall."""
    old, new = (
        aggregate.cut(aggregate.by_measure(table, ["allocation"]), cut_off)
        .groupby("donor")["value_eur"]
        .sum()
        for table in (before, after)
    )
    change = (new.sub(old, fill_value=0) / 1e9).rename("change_bn").sort_index()
    return change.sort_values(ascending=False, kind="stable")


def as_seen(
    tables: Mapping[int, pd.DataFrame],
    over_time: pd.DataFrame,
    ends: Mapping[int, str],
    donors: pd.DataFrame,
    cut_offs: list[str],
    groups: list[str],
) -> pd.DataFrame:
    """Total allocations up to each cut-off, by every release that can answer.

    tables: release → clean table of any depth that knows allocations. over_time: months of
    releases whose table has none (all donors only). ends: release → its own cut-off.
    Returns cut_off, group, release, value_eur_bn, and since_first_percent against the first
    release that answers; sorted. A release answers up to its own cut-off; without months, at
    its own cut-off only. Undated allocations count always, as in `aggregate.cut`.
    """
    out = []
    for number, table in sorted(tables.items()):
        rows = aggregate.by_measure(table, ["allocation"])
        months = over_time[over_time["release"] == number]
        for cut_off in cut_offs:
            if cut_off > ends[number]:
                continue
            for group in groups:
                value = _seen(rows, months, donors, cut_off, group, ends[number])
                if value is not None:
                    out.append((cut_off, group, number, value))
    frame = pd.DataFrame(out, columns=["cut_off", "group", "release", "value_eur_bn"])
    frame = frame.sort_values(["group", "cut_off", "release"], ignore_index=True)
    first = frame.groupby(["group", "cut_off"])["value_eur_bn"].transform("first")
    return frame.assign(since_first_percent=(frame["value_eur_bn"] / first - 1) * 100)


def gap_to_published(
    seen: pd.DataFrame,
    published: pd.DataFrame,
    *,
    scope: str,
    on: str,
    release: int,
    before: tuple[int, str],
) -> dict[str, float]:
    """How far a release's total for a day is from the printed one, and why, in bn EUR.

    seen: rows of one group, as from `as_seen`. published: as in `tables.RAW`. before: an
    earlier release and its last day, whose own printed total we reproduce, so that the gap is
    no matter of who is counted. Returns published, ours, gap, revised (what `release`
    changed up to that earlier day), and later (the rest: months since, and rounding).
    """
    printed = published[
        (published["cut_off"] == on)
        & (published["measure"] == "allocations")
        & (published["scope"] == scope)
        & (published["aid_type"] == "total")
    ]
    (total,) = printed["value_eur_bn"]
    value = seen.set_index(["release", "cut_off"])["value_eur_bn"]
    ours = value[release, on]
    revised = value[release, before[1]] - value[before]
    gap = ours - total
    return {
        "published": float(total),
        "ours": float(ours),
        "gap": float(gap),
        "revised": float(revised),
        "later": float(gap - revised),
    }


def _seen(
    rows: pd.DataFrame,
    months: pd.DataFrame,
    donors: pd.DataFrame,
    cut_off: str,
    group: str,
    end: str,
) -> float | None:
    """A release's total in bn EUR up to a cut-off, or None where it cannot answer."""
    if "month" in rows.columns:
        rows = aggregate.cut(rows, cut_off)
    elif cut_off != end:
        if months.empty or group != "all":
            return None
        dated = months["allocation_eur_bn"]
        undated = rows["value_eur"].sum() / 1e9 - dated.sum()
        return float(dated[months["month"] <= cut_off[:7]].sum() + undated)
    return float(select(rows, donors, group, cut_off)["value_eur"].sum() / 1e9)
