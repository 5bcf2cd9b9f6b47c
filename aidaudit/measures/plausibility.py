"""Whether a release can be what it says it is, seen beside the ones before and after it.

Compares totals (all donors, per donor, per type of aid) and who is present (donor, type and
measure, as sets; rows, as counts) with both neighbours, at the depth that both have, and looks
for what slips leave behind: rows after the cut-off, days in other months, repeated rows,
amounts in another currency than they name. What lies beyond the bounds below, and whatever a
later release lacks, stops `aidaudit ingest` and the build, unless a row of
data/raw/plausibility.csv accepts it, with its reason. Such a row names both releases and says
what was found, so that it is noticed when one of them changes; it corrects nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from aidaudit import layout
from aidaudit.data import clean, sources
from aidaudit.data.tables import RAW
from aidaudit.data.vocabulary import NOT_SPLIT, UNDATED
from aidaudit.measures import aggregate
from nbtrail.base import files, schema
from nbtrail.base.errors import AuditError

ACCEPTED = Path("data/raw/plausibility.csv")


@dataclass(frozen=True)
class Bound:
    """By how much a sum may change from one release to the next, as shares of what it was."""

    fall: float
    rise: float

    def __str__(self) -> str:
        """As messages show it."""
        return f"a change between −{self.fall * 100:g} % and +{self.rise * 100:g} %"


# Wide enough for four months of the largest packages, and far from a slip of units.
BOUNDS = {
    "total": Bound(0.02, 0.35),
    "aid_type": Bound(0.05, 0.50),
    "donor": Bound(0.25, 1.00),
}
# A donor's one new package may multiply what it gave before.
SMALL_EUR_BN = 0.5
# A release that ends this many months before its cut-off claims to be a newer one.
LATE_MONTHS = 3
# A currency's rates differ over the years, and hardly within a month. Crowns of one country
# named as another's can be nearer than that; no sum in euros depends on the name.
RATE_OVER_YEARS = 0.20
RATE_IN_MONTH = 0.05
# Euros are not converted, and a publisher's one rate per release is rounded.
SAME_RATE = 0.002
EXACT = 1e-9
# Summaries give billions with three decimals, the sum of three of them is converted.
ROUNDED_EUR = 2e6
# What rows of `plausibility.csv` quote is rounded so.
HAIR = 0.005
# So many rows are named in a message.
SHOWN = 8
# So many rows for `plausibility.csv` are offered at once; a file that needs more is another.
OFFERED = 60

# What one release is held against another for, besides `BOUNDS`; parts of a donor are named
# 'donor: type'.
GONE, NEW, ROWS, EMPTY = "gone", "new", "rows", "empty"
PAIRWISE = [*BOUNDS, GONE, ROWS, EMPTY]
KEY = ["release", "against", "check", "measure", "part"]
# What the other checks look for.
WORDS = {
    GONE: "no longer listed",
    ROWS: "fewer rows",
    EMPTY: "an empty column",
    "after_cut_off": "rows dated after the cut-off",
    "ends_early": "months without aid before the cut-off",
    "day_and_month": "rows whose day lies in another month than they name",
    "repeated": "rows that repeat another",
    "currency": "rows in another currency than they name",
    "dollars": "rows whose dollars are at another rate",
}


class Finding(NamedTuple):
    """What was seen of one sum, or of rows of one kind; row: the one to look at first.

    release, against: the later release and the earlier one; against is 0 where a release is
    looked at by itself.
    """

    release: int
    against: int
    check: str
    measure: str
    part: str
    unit: str
    found: float
    bound: str
    beyond: bool
    row: int | None
    told: str


def check(
    release: int,
    tidy: pd.DataFrame,
    raw: pd.DataFrame,
    *,
    cut_off: str,
    shown: str | Path,
    neighbours: Mapping[int, pd.DataFrame],
) -> pd.DataFrame:
    """Hold a release against those next to it, and against itself.

    tidy: its clean table, of any depth. raw: the table it is made of, whose index counts the
    rows that errors name from 0. cut_off: ISO date. shown: how errors name the raw table.
    neighbours: number and clean table of the releases before and after, where there are any.
    Returns one row per finding, columns as `Finding` and reason (of what was accepted). Raises
    AuditError for whatever lies beyond its bound and is not accepted, with the rows that would
    accept it, and for a row that accepts what is not there.
    """
    found = [
        finding
        for number, other in sorted(neighbours.items())
        for finding in _beside(tidy, raw, release, other, number)
    ]
    found += [one._replace(release=release) for one in _within(tidy, raw, cut_off)]
    found = pd.DataFrame(found, columns=Finding._fields).astype({"row": "Int64"})
    rows = accepted(release)
    stale = rows[[_elsewhere(row, release, neighbours) for _, row in rows.iterrows()]]
    # A release without a neighbour on one side can be held against nothing there.
    pairs = {(max(release, n), min(release, n)) for n in neighbours} | {(release, 0)}
    current = [pair in pairs for pair in zip(rows["release"], rows["against"], strict=True)]
    said = {tuple(row[KEY]): (at, row) for at, row in rows[current].iterrows()}
    reasons, missing, others = {}, [], []
    for at, finding in found[found["beyond"]].iterrows():
        at_row, row = said.pop(tuple(finding[KEY]), (None, None))
        if row is None:
            missing.append(finding)
            continue
        if abs(row["found"] - finding["found"]) > HAIR:
            others.append(_something_else(at_row, row, finding))
        reasons[at] = row["reason"]
    if missing:
        raise _not_believed(missing, stale, shown)
    if others:
        raise others[0]
    if not stale.empty:
        raise _not_beside(stale, release, neighbours)
    for at_row, row in said.values():
        raise AuditError(
            f"the row accepts what {_which(row)} do not show.",
            file=ACCEPTED,
            row=at_row + 2,
            column="check",
            found=", ".join(filter(None, row[["check", "measure", "part"]])),
            expected="something beyond its bound",
            mend="delete the row, or correct it: a table, a correction or the row was changed.",
        )
    return found.assign(reason=pd.Series(reasons, dtype="str").reindex(found.index))


def accepted(release: int | None = None) -> pd.DataFrame:
    """The rows of `ACCEPTED`, all or those that name a release or two around it.

    measure and part are '' where all are meant; against is 0 where a release is looked at by
    itself.
    """
    rows = schema.read(files.source(ACCEPTED), RAW["plausibility"], ACCEPTED)
    rows = rows.fillna({"part": "", "measure": "", "against": 0})
    wrong = rows[rows["check"].isin(PAIRWISE) != rows["against"].gt(0)]
    for at, row in wrong.iterrows():
        pairwise = row["check"] in PAIRWISE
        raise AuditError(
            f"a row of '{row['check']}' names {'no' if pairwise else 'a'} release that it "
            "holds against.",
            file=ACCEPTED,
            row=at + 2,
            column="against",
            found=int(row["against"]) or "",
            expected="the release before" if pairwise else "nothing",
            mend="name the release before it." if pairwise else "empty the cell.",
        )
    if release is None:
        return rows
    around = rows["against"].between(1, release) & rows["release"].ge(release)
    return rows[rows["release"].eq(release) | around]


def of_release(release: int) -> pd.DataFrame:
    """`check` of a release as ingested, against those before and after it."""
    folder = layout.raw_release(release)
    raw, shown = clean.corrected(folder), sources.table_path(folder)
    return check(
        release,
        clean.tidied(raw, release, sources.depth(release), shown),
        raw,
        cut_off=sources.release(release)["cut_off"],
        shown=shown,
        neighbours={n: clean.kiel(n) for n in sources.neighbours(release)},
    )


def twin(tidy: pd.DataFrame, others: dict[int, pd.DataFrame]) -> int | None:
    """The release whose allocations (or commitments) by donor are the same to the cent."""
    for number, other in others.items():
        shared = [m for m in aggregate.measures_of(tidy) if m in aggregate.measures_of(other)]
        if shared and _sums(tidy, shared[0], "donor").round(11).equals(
            _sums(other, shared[0], "donor").round(11)
        ):
            return number
    return None


# ---------------------------------------------------------------- what is told

WHY = "<why it is right>"


def quoted(finding: pd.Series) -> str:
    """What was found, as rows of `ACCEPTED` quote it."""
    value = finding["found"]
    if finding["unit"] != "bn EUR":
        return f"{value:g}"
    # Donors of a few hundred thousand euros would be gone without a digit.
    return f"{value:.3f}" if abs(value) >= HAIR / 10 else f"{value:.1g}"


def row_of(finding: pd.Series, reason: str = WHY) -> str:
    """The row of `ACCEPTED` that accepts a finding."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="").writerow(
        [finding["release"], finding["against"] or "", *finding[["check", "measure", "part"]],
         quoted(finding), finding["unit"], reason]
    )  # fmt: skip
    return stream.getvalue()


def _which(finding: pd.Series) -> str:
    if not finding["against"]:
        return f"the rows of release {finding['release']}"
    return f"releases {finding['against']} and {finding['release']}"


def _not_believed(
    missing: list[pd.Series], stale: pd.DataFrame, shown: str | Path
) -> AuditError:
    """The error of findings that nothing accepts: the first one, and the rows for all.

    stale: rows that held between releases that have a new neighbour; their reasons are offered
    for the same parts.
    """
    first = missing[0]
    reasons = {tuple(row[KEY[2:]]): row["reason"] for _, row in stale.iterrows()}
    rows = [row_of(one, reasons.get(tuple(one[KEY[2:]]), WHY)) for one in missing[:OFFERED]]
    left = len(missing) - len(rows)
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return AuditError(
        f"implausible{more}: {first['told']}.",
        file=shown,
        row=None if pd.isna(first["row"]) else int(first["row"]),
        column=first["part"]
        if first["check"] == EMPTY
        else _COLUMN.get(first["check"], f"{first['measure']}_eur"),
        found=f"{quoted(first)} {first['unit']}",
        expected=first["bound"],
        mend="look for thousands or millions read as euros, another currency, rows left out, a "
        "file cut short or another release under this number. If the publisher means it, add "
        f"to {ACCEPTED}, each with its reason"
        + (f" ({left} more follow in the next run)" if left else "")
        + ":"
        + "".join(f"\n    {row}" for row in rows)
        + _deleted(stale),
    )


def _something_else(at: int, row: pd.Series, finding: pd.Series) -> AuditError:
    return AuditError(
        "the row accepts something else than there is.",
        file=ACCEPTED,
        row=at + 2,
        column="found",
        found=float(row["found"]),
        expected=f"{quoted(finding)} {finding['unit']}: {finding['told']}",
        mend=f"look at {_which(finding)} and their corrections again: one of them, or this "
        "row, was changed. Then write what is found now, or delete the row.",
    )


def _deleted(stale: pd.DataFrame) -> str:
    if stale.empty:
        return ""
    told = [f"\n    row {at + 2}: {row_of(row, row['reason'])}" for at, row in stale.iterrows()]
    return f"\n  delete there, since other releases are next to each other:{''.join(told)}"


def _elsewhere(row: pd.Series, release: int, neighbours: Mapping[int, object]) -> bool:
    """Whether a row holds two releases against each other that are not next to each other."""
    pair = {int(row["release"]), int(row["against"])} - {0}
    if release not in pair:
        return pair <= set(neighbours)
    others = pair - {release} - set(neighbours)
    return any((n < release) == (other < release) for other in others for n in neighbours)


def _not_beside(
    stale: pd.DataFrame, release: int, neighbours: Mapping[int, object]
) -> AuditError:
    at, row = stale.index[0], stale.iloc[0]
    one, other = int(row["against"]), int(row["release"])
    if release in (one, other):
        far = other if release == one else one
        (beside,) = [n for n in neighbours if (n < release) == (far < release)]
        pair, come = (
            sorted((release, beside)),
            f"if release {far} is still to come, ingest it. ",
        )
    else:
        pair, come = [one, release], ""
    return AuditError(
        f"the row holds release {other} against release {one}, but next to release {pair[0]} "
        f"is release {pair[1]}.",
        file=ACCEPTED,
        row=at + 2,
        column="against",
        found=one,
        expected=f"releases {pair[0]} and {pair[1]}",
        mend=f"{come}Otherwise nothing needs it any more.{_deleted(stale)}",
    )


# ---------------------------------------------------------------- beside another release

_COLUMN = {
    ROWS: "donor",
    "after_cut_off": "month_number",
    "ends_early": "month_number",
    "day_and_month": "announcement_date",
    "currency": "reporting_currency",
    "dollars": "allocation_usd_bn",
}


def _sums(tidy: pd.DataFrame, measure: str, by: str) -> pd.Series:
    rows = aggregate.by_measure(tidy, [measure])
    return rows.groupby(by)["value_eur"].sum() / 1e9


def _beside(
    tidy: pd.DataFrame, raw: pd.DataFrame, release: int, other: pd.DataFrame, number: int
) -> list[Finding]:
    """A release held against another, the later one against the earlier one.

    Rows are those of `tidy`, whichever of the two that is.
    """
    old, new = (other, tidy) if number < release else (tidy, other)
    place = {"release": max(release, number), "against": min(release, number)}
    found = _jumps(old, new, place["against"])
    gone = {one.part for one in found if one.check == GONE}
    found += _emptied(old, new, place["against"])
    found += [
        one
        for one in _fewer_rows(old, new, place["against"])
        if not {one.part, one.part.partition(": ")[0], ""} & gone
    ]
    return [
        one._replace(
            row=_behind(tidy, raw, other, one) if one.beyond and one.check != EMPTY else None,
            **place,
        )
        for one in found
    ]


def _jumps(old: pd.DataFrame, new: pd.DataFrame, number: int) -> list[Finding]:
    """Sums and sets of two releases; number: of the earlier one."""
    found = []
    measures = {id(table): aggregate.measures_of(table) for table in (old, new)}
    for measure in measures[id(old)]:
        then = _amounts(old, measure)
        if measure not in measures[id(new)]:
            found.append(_absent(GONE, measure, "", then.sum(), number))
            continue
        now = _amounts(new, measure)
        if then.empty or now.empty:
            found += [_absent(GONE, measure, "", then.sum(), number)] * (not then.empty)
            continue
        split = all(NOT_SPLIT not in sums.index.unique("aid_type") for sums in (then, now))
        absent = [
            *_absentees(then, now, split, GONE, measure, number),
            *_absentees(now, then, split, NEW, measure, number),
        ]
        gone = {one.part for one in absent if one.check == GONE}
        for level in BOUNDS:
            # Some releases do not split commitments by type.
            if level == "aid_type" and not split:
                continue
            sums = [_level(table, level) for table in (then, now)]
            for part in sorted({*sums[0].index, *sums[1].index} - gone):
                both = tuple(float(one.get(part, 0)) for one in sums)
                found.append(_jump(measure, level, part, both, number))
        found += absent
    return found


def _amounts(table: pd.DataFrame, measure: str) -> pd.Series:
    """Sums in bn EUR by donor and type, those of zero left out."""
    rows = aggregate.by_measure(table, [measure])
    return rows.groupby(["donor", "aid_type"])["value_eur"].sum() / 1e9


def _absentees(
    there: pd.Series, here: pd.Series, split: bool, check: str, measure: str, number: int
) -> list[Finding]:
    """Donors, and types of donors, with a sum in `there` and none in `here`."""
    donors = here.index.unique("donor")
    found = []
    for donor, sums in there.groupby(level="donor"):
        if donor not in donors:
            found.append(_absent(check, measure, donor, sums.sum(), number))
        elif split:
            found += [
                _absent(check, measure, f"{donor}: {key[1]}", value, number)
                for key, value in sums.items()
                if key not in here.index
            ]
    return found


def _absent(check: str, measure: str, part: str, value: float, number: int) -> Finding:
    gone = check == GONE
    of = f" of {part}" if part else ""
    told = (
        f"{measure}s{of} ({value:.3g} bn EUR) are in release {number} and not in the next one"
        if gone
        else f"{measure}s{of} ({value:.3g} bn EUR) are new since release {number}"
    )
    found = -float(value) if gone else float(value)
    bound = f"everybody and everything that release {number} lists"
    return Finding(0, 0, check, measure, part, "bn EUR", found, bound, gone, None, told)


def _emptied(old: pd.DataFrame, new: pd.DataFrame, number: int) -> list[Finding]:
    """Columns that have values in the earlier of two like tables, and none in the later one."""
    if list(old.columns) != list(new.columns):
        return []
    counts = old.count()[new.count() == 0]
    return [
        Finding(
            0, 0, EMPTY, "", name, "rows", -float(count), f"as in release {number}", True, None,
            f"the column {name} is empty, and has {count:,} values in release {number}",
        )
        for name, count in counts.items()
        # Amounts are told as a measure that is gone.
        if count and not name.endswith("_eur")
    ]  # fmt: skip


def _fewer_rows(old: pd.DataFrame, new: pd.DataFrame, number: int) -> list[Finding]:
    """Donors (and types) of which the later release has fewer rows, or fewer months with aid.

    Two tables of activities are compared by rows, a table of activities and one of months by
    months; totals have one row for each donor. Who is gone altogether is told as gone.
    """
    both = (old, new)
    if "row" in new and list(old.columns) == list(new.columns):
        kind, counts = "rows", [table.groupby(["donor", "aid_type"]).size() for table in both]
    elif all("month" in table for table in both):
        measures = [m for m in aggregate.measures_of(old) if m in aggregate.measures_of(new)]
        dated = [
            aggregate.by_measure(table[table["month"] != UNDATED], measures[:1])
            for table in both
        ]
        kind, counts = "months", [t.groupby(["donor"])["month"].nunique() for t in dated]
    else:
        return []
    then, now = counts
    found = []
    for key, count in then.items():
        left = int(now.get(key, 0))
        if left >= count:
            continue
        part = ": ".join([key] if isinstance(key, str) else key)
        told = f"{part} has {left} {kind} and had {count} in release {number}"
        bound = f"at least the {count} of release {number}"
        found.append(
            Finding(0, 0, ROWS, "", part, kind, float(left - count), bound, True, None, told)
        )
    return found


def _behind(
    tidy: pd.DataFrame, raw: pd.DataFrame, other: pd.DataFrame, found: Finding
) -> int | None:
    """The row to look at first: the largest of the donor that changed most, of those here."""
    chosen, earlier = (_of_part(table, found) for table in (tidy, other))
    if found.measure and found.measure in aggregate.measures_of(tidy):
        now, then = (
            _sums(rows, found.measure, "donor")
            if found.measure in aggregate.measures_of(rows)
            else pd.Series(dtype="float64")
            for rows in (chosen, earlier)
        )
        changes = now.sub(then, fill_value=0).abs().reindex(now.index)
        chosen = chosen[chosen["donor"] == changes.idxmax()] if len(changes) else chosen[:0]
    if chosen.empty:
        return None
    if "row" not in tidy.columns:
        return int((raw["donor"] == chosen["donor"].iloc[0]).idxmax()) + 2
    by = f"{found.measure}_eur"
    return int(chosen[by].fillna(0).idxmax() if by in chosen else chosen.index[-1]) + 2


def _of_part(table: pd.DataFrame, found: Finding) -> pd.DataFrame:
    if not found.part:
        return table
    if found.check == "aid_type":
        return table[table["aid_type"] == found.part]
    donor, _, aid_type = found.part.partition(": ")
    own = table[table["donor"] == donor]
    return own[own["aid_type"] == aid_type] if aid_type else own


def _level(amounts: pd.Series, level: str) -> pd.Series:
    if level == "total":
        return pd.Series({"": amounts.sum()})
    return amounts.groupby(level=level).sum()


def _jump(
    measure: str,
    level: str,
    part: str,
    sums: tuple[float, float],
    number: int,
) -> Finding:
    then, now = sums
    bound = BOUNDS[level]
    change = now - then
    beyond = not -bound.fall * then <= change <= bound.rise * then
    if level == "donor" and abs(change) < SMALL_EUR_BN:
        beyond = False
    who = f" of {part}" if level == "donor" else f" ({part})" if part else ""
    told = f"{measure}s{who} go from {then:.3f} to {now:.3f} bn EUR since release {number}"
    since = f"{bound} since release {number}"
    return Finding(0, 0, level, measure, part, "bn EUR", change, since, beyond, None, told)


# ---------------------------------------------------------------- a release by itself


def _within(tidy: pd.DataFrame, raw: pd.DataFrame, cut_off: str) -> list[Finding]:
    found = []
    if "month" in tidy.columns:
        found += _months(tidy, raw, cut_off)
    if "date" in tidy.columns:
        named = tidy["date"].notna() & (tidy["month"] != UNDATED)
        wrong = named & (tidy["date"].str.slice(0, 7) != tidy["month"])
        found.append(
            _rows(
                _places(tidy, raw, wrong),
                "day_and_month",
                "a day lies in another month than the row's",
            )
        )
    if "sub_activity_id" in tidy.columns and tidy["sub_activity_id"].notna().any():
        columns = [name for name in tidy.columns if name != "row"]
        valued = (tidy[["allocation_eur", "commitment_eur"]].fillna(0) != 0).any(axis=1)
        again = tidy.duplicated(columns) & valued
        found.append(
            _rows(
                _places(tidy, raw, again), "repeated", "a row repeats another, amount and all"
            )
        )
    if "allocation_reported" in tidy.columns:
        wrong = _other_currency(tidy)
        told = "an amount and its euros are not in the currency that the row names"
        found.append(_rows(_places(tidy, raw, wrong), "currency", told))
    if "allocation_usd" in tidy.columns:
        told = "a donor's dollars are not at the release's one rate"
        found.append(_rows(_places(tidy, raw, _other_rate(tidy)), "dollars", told))
    return found


def _rows(rows: list[int], check: str, told: str) -> Finding:
    count = len(rows)
    which = f"{', '.join(map(str, rows[:SHOWN]))}{', …' * (count > SHOWN)}"
    told = f"{told} ({count} such rows: {which})"
    first = rows[0] if rows else None
    return Finding(
        0, 0, check, "", "", "rows", float(count), "no such row", count > 0, first, told
    )


def _places(tidy: pd.DataFrame, raw: pd.DataFrame, wrong: pd.Series) -> list[int]:
    """The rows of the raw table from which rows of the clean one were made."""
    if "row" in tidy.columns:
        return [int(at) + 2 for at in wrong[wrong].index]
    # Elsewhere a row is split by type of aid, and sorted.
    keys = ["donor", "month"] if "month" in tidy.columns else ["donor"]
    told = raw[["donor"]].assign(
        **({"month": clean.month_of(raw)} if "month" in keys else {}), at=raw.index
    )
    found = told.merge(tidy.loc[wrong, keys].drop_duplicates(), on=keys)
    return [int(at) + 2 for at in found["at"]]


def _months(tidy: pd.DataFrame, raw: pd.DataFrame, cut_off: str) -> list[Finding]:
    amounts = tidy[[f"{m}_eur" for m in aggregate.measures_of(tidy)]]
    valued = (amounts.fillna(0) != 0).any(axis=1) & (tidy["month"] != UNDATED)
    late = valued & (tidy["month"] > cut_off[:7])
    found = [
        _rows(
            _places(tidy, raw, late),
            "after_cut_off",
            f"aid is dated after the cut-off {cut_off}",
        )
    ]
    if valued.any():
        last = tidy.loc[valued, "month"].max()
        newest = _places(tidy, raw, valued & (tidy["month"] == last))
        months = (pd.Period(cut_off[:7]) - pd.Period(last)).n
        told = f"the last aid is of {last}, {months} months before the cut-off {cut_off}"
        bound, beyond = f"fewer than {LATE_MONTHS} months", months >= LATE_MONTHS
        at = newest[0]
        found.append(
            Finding(
                0, 0, "ends_early", "", "", "months", float(months), bound, beyond, at, told
            )
        )
    return found


def _other_currency(tidy: pd.DataFrame) -> pd.Series:
    """Rows whose rate is far from that of most in the same currency, all or of the month.

    Euros are at 1, and nothing else is.
    """
    known = (tidy["allocation_reported"] > 0) & (tidy["allocation_eur_entered"] > 0)
    rate = (tidy["allocation_reported"] / tidy["allocation_eur_entered"]).where(known)
    currency = tidy["reporting_currency"]
    far = pd.Series(False, index=tidy.index)
    for keys, tolerance in (
        ([currency], RATE_OVER_YEARS),
        ([currency, tidy["month"]], RATE_IN_MONTH),
    ):
        of_same = rate.groupby(keys)
        # Of two rates neither is the usual one.
        usual = of_same.transform("median").where(of_same.transform("count") > 2)
        far |= ((rate / usual) - 1).abs() > tolerance
    at_one = (rate - 1).abs()
    euros = currency.eq("EUR").fillna(False).astype(bool)
    return known & (far | at_one.gt(SAME_RATE).where(euros, at_one < EXACT))


def _other_rate(tidy: pd.DataFrame) -> pd.Series:
    """Rows whose dollars are not their donor's euros at the rate of the release."""
    euros = tidy.groupby("donor")["allocation_eur"].transform("sum")
    rate = (tidy["allocation_usd"] / euros).where(euros > 0).median()
    off = (tidy["allocation_usd"] - euros * rate).abs()
    return (off > euros * SAME_RATE + ROUNDED_EUR).fillna(False).astype(bool)


def ascending(releases: dict[int, str], shown: str) -> None:
    """Raise AuditError where a later release has an earlier cut-off (number → ISO date)."""
    for (one, day), (other, later) in pairwise(sorted(releases.items())):
        if later <= day:
            raise AuditError(
                f"release {other} ends on {later}, which release {one} passed ({day}).",
                file=shown,
                column="cut_off",
                found=later,
                expected=f"a day after {day}",
                mend="correct --release or --cut-off.",
            )
