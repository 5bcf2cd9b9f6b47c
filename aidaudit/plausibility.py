"""Whether a release can be what it says it is, seen beside the one before it.

Compares totals (all donors, per donor, per type of aid) with the release before, and looks for
what slips leave behind: rows after the cut-off, days in other months, repeated rows, amounts
in another currency than they name. What lies beyond the bounds below stops `aidaudit ingest`
and the build, unless a row of data/raw/plausibility.csv accepts it, with its reason. Such a
row must say what was found, so that it is noticed when upstream changes; it mends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from aidaudit import aggregate, clean, files, paths, schema, sources
from aidaudit.errors import AuditError
from aidaudit.schema import NOT_SPLIT, UNDATED
from aidaudit.tables import RAW

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

# What a release is looked at for by itself.
WORDS = {
    "after_cut_off": "rows dated after the cut-off",
    "ends_early": "months without aid before the cut-off",
    "day_and_month": "rows whose day lies in another month than they name",
    "repeated": "rows that repeat another",
    "currency": "rows in another currency than they name",
    "dollars": "rows whose dollars are at another rate",
}


class Finding(NamedTuple):
    """What was seen of one sum, or of rows of one kind; row: the one to look at first."""

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
    before: tuple[int, pd.DataFrame] | None,
) -> pd.DataFrame:
    """Hold a release against the one before it, and against itself.

    tidy: its clean table, of any depth. raw: the table it is made of, whose index counts the
    rows that errors name from 0. cut_off: ISO date. shown: how errors name the raw table.
    before: number and clean table of the release before, if there is one. Returns one row per
    finding, columns as `Finding` and reason (of what was accepted). Raises AuditError for the
    first finding beyond its bound that nothing accepts, and for an accepted one that is not
    there (any more).
    """
    found = pd.DataFrame(
        [*_jumps(tidy, raw, before), *_within(tidy, raw, cut_off)], columns=Finding._fields
    ).astype({"row": "Int64"})
    rows = accepted()
    rows = rows[rows["release"] == release]
    if before is None:
        # A release alone can be held against nothing.
        rows = rows[~rows["check"].isin(list(BOUNDS))]
    key = ["check", "measure", "part"]
    said = {tuple(row[key]): (at, row) for at, row in rows.iterrows()}
    reasons = {}
    for at, finding in found[found["beyond"]].iterrows():
        at_row, row = said.pop(tuple(finding[key]), (None, None))
        if row is None:
            raise _not_believed(release, finding, shown)
        if abs(row["found"] - finding["found"]) > HAIR:
            raise AuditError(
                "the row accepts something else than there is.",
                file=ACCEPTED,
                row=at_row + 2,
                column="found",
                found=float(row["found"]),
                expected=f"{finding['found']:.3f} {finding['unit']}: {finding['told']}",
                mend="look at the release again; then correct or delete the row.",
            )
        reasons[at] = row["reason"]
    for at_row, row in said.values():
        raise AuditError(
            f"the row accepts what release {release} does not have (any more).",
            file=ACCEPTED,
            row=at_row + 2,
            column="check",
            found=", ".join(filter(None, row[key])),
            expected="something beyond its bound",
            mend="upstream has changed: delete the row, or correct it.",
        )
    return found.assign(reason=pd.Series(reasons, dtype="str").reindex(found.index))


def accepted() -> pd.DataFrame:
    """The rows of `ACCEPTED`, '' where all measures or parts are meant."""
    rows = schema.read(files.source(ACCEPTED), RAW["plausibility"], ACCEPTED)
    return rows.fillna({"part": "", "measure": ""})


def of_release(release: int) -> pd.DataFrame:
    """`check` of a release as ingested, against the last one before it."""
    earlier = [number for number in sources.release_numbers() if number < release]
    folder = paths.raw_release(release)
    raw, shown = clean.corrected(folder), sources.table_path(folder)
    return check(
        release,
        clean.tidied(raw, release, sources.depth(release), shown),
        raw,
        cut_off=sources.release(release)["cut_off"],
        shown=shown,
        before=(earlier[-1], clean.kiel(earlier[-1])) if earlier else None,
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


def _not_believed(release: int, finding: pd.Series, shown: str | Path) -> AuditError:
    row = ",".join(
        [str(release), *finding[["check", "measure", "part"]], f"{finding['found']:.3f}",
         finding["unit"], "<why it is right>"]
    )  # fmt: skip
    return AuditError(
        f"this can hardly be: {finding['told']}.",
        file=shown,
        row=None if pd.isna(finding["row"]) else int(finding["row"]),
        column=_COLUMN.get(finding["check"], f"{finding['measure']}_eur"),
        found=f"{finding['found']:.3f} {finding['unit']}",
        expected=finding["bound"],
        mend="look for thousands or millions read as euros, another currency, a file cut short "
        "or another release under this number. If the publisher means it, add to "
        f"{ACCEPTED} the row: {row}",
    )


# ---------------------------------------------------------------- beside the release before

_COLUMN = {
    "after_cut_off": "month_number",
    "ends_early": "month_number",
    "day_and_month": "announcement_date",
    "currency": "reporting_currency",
    "dollars": "allocation_usd_bn",
}


def _sums(tidy: pd.DataFrame, measure: str, by: str) -> pd.Series:
    rows = aggregate.by_measure(tidy, [measure])
    return rows.groupby(by)["value_eur"].sum() / 1e9


def _jumps(
    tidy: pd.DataFrame, raw: pd.DataFrame, before: tuple[int, pd.DataFrame] | None
) -> list[Finding]:
    if before is None:
        return []
    number, old = before
    found = []
    for measure in aggregate.measures_of(tidy):
        if measure not in aggregate.measures_of(old):
            continue
        for level in BOUNDS:
            now, then = (_level(table, measure, level) for table in (tidy, old))
            # Some releases do not split commitments by type.
            if level == "aid_type" and (NOT_SPLIT in now) != (NOT_SPLIT in then):
                continue
            for part in sorted({*now.index, *then.index}):
                sums = (float(then.get(part, 0)), float(now.get(part, 0)))
                found.append(_jump(measure, level, part, sums, number))
    return [
        one._replace(row=_behind(tidy, raw, old, one)) if one.beyond else one for one in found
    ]


def _behind(
    tidy: pd.DataFrame, raw: pd.DataFrame, old: pd.DataFrame, jump: Finding
) -> int | None:
    """The row to look at first: the largest of the donor that changed most, of those here."""
    chosen, earlier = (
        rows if jump.check == "total" else rows[rows[jump.check] == jump.part]
        for rows in (tidy, old)
    )
    now, then = (_sums(rows, jump.measure, "donor") for rows in (chosen, earlier))
    changes = now.sub(then, fill_value=0).abs().reindex(now.index)
    if changes.empty:
        return None
    own = chosen[chosen["donor"] == changes.idxmax()]
    if "row" in tidy.columns:
        return int(own[f"{jump.measure}_eur"].fillna(0).idxmax()) + 2
    return int((raw["donor"] == changes.idxmax()).idxmax()) + 2


def _level(tidy: pd.DataFrame, measure: str, level: str) -> pd.Series:
    if level == "total":
        return pd.Series({"": _sums(tidy, measure, "donor").sum()})
    return _sums(tidy, measure, level)


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
    return Finding(level, measure, part, "bn EUR", change, since, beyond, None, told)


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
    return Finding(check, "", "", "rows", float(count), "no such row", count > 0, first, told)


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
        found.append(
            Finding(
                "ends_early", "", "", "months", float(months), bound, beyond, newest[0], told
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
