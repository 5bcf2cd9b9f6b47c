"""An implausible release stops, and so does what one lacks, unless somebody gave a reason."""

import re
from pathlib import Path

import copies
import pandas as pd
import pytest

from aidaudit import ingest, layout
from aidaudit.data import clean, sources
from aidaudit.data.tables import RAW
from aidaudit.ingest.readers import kiel
from aidaudit.measures import plausibility
from nbtrail.base import schema
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
AMOUNTS = ["allocation_eur", "commitment_eur", "allocation_reported", "allocation_eur_entered"]
NUMBER = 21


@pytest.fixture(scope="module")
def raw():
    """Activities of release 21, corrected; the release before is 19, totals by donor."""
    return clean.corrected(layout.raw_release(NUMBER))


@pytest.fixture(scope="module")
def before():
    return 19, clean.kiel(19)


def hold(raw, before, **changed):
    schema.validate(raw, RAW["activities"], "tracker.xlsx")
    tidy = clean.tidied(raw, NUMBER, "activities", "tracker.xlsx")
    beside = {} if before is None else dict([before])
    about = {"cut_off": "2024-12-31", "shown": "tracker.xlsx", "neighbours": beside} | changed
    return plausibility.check(NUMBER, tidy, raw, **about)


def refused(raw, before, **changed) -> AuditError:
    with pytest.raises(AuditError) as caught:
        hold(raw, before, **changed)
    assert caught.value.file == "tracker.xlsx"
    return caught.value


def times(raw, factor, rows=None) -> pd.DataFrame:
    found = raw.copy()
    rows = pd.Series(True, index=raw.index) if rows is None else rows
    found.loc[rows, AMOUNTS] *= factor
    return found


@pytest.mark.parametrize("release", sources.release_numbers())
def test_every_release_here_is_believed_with_its_accepted_rows(release):
    found = plausibility.of_release(release)
    assert found["reason"].notna().equals(found["beyond"])


# ---------------------------------------------------------------- units


def test_euros_in_thousands_pass_no_cell_s_limit(raw, before):
    error = refused(times(raw, 1e3), before)
    assert error.problem.startswith("the value is outside what is allowed")
    assert error.found == raw.loc[error.row - 2, error.column] * 1e3


@pytest.mark.parametrize("factor", [2, 0.5, 1e-3, 1e-6])
def test_another_unit_of_the_whole_release_is_told(raw, before, factor):
    error = refused(times(raw, factor), before)
    total = raw["allocation_eur"].sum() * factor / 1e9
    assert "data/raw/plausibility.csv" in error.mend
    assert f"to {total:.3f} bn EUR since release 19" in error.problem
    assert error.column == "allocation_eur"
    assert error.expected == "a change between −2 % and +35 % since release 19"


@pytest.mark.parametrize("factor", [3, 1e-3])
@pytest.mark.parametrize("donor", ["Norway", "Poland", "Canada"])
def test_another_unit_of_one_donor_is_told_at_its_largest_row(raw, before, donor, factor):
    own = raw["donor"] == donor
    error = refused(times(raw, factor, own), before)
    changed = times(raw, factor, own)["allocation_eur"]
    if f"of {donor} go from" in error.problem:
        assert error.row == changed[own].idxmax() + 2
    else:  # the total or a type of aid has moved beyond its bound already
        assert re.search(r"allocations (\(\w+\) )?go from", error.problem)


def test_one_amount_in_thousands_is_told_at_its_row(raw, before):
    own = raw["donor"] == "Latvia"
    at = raw.loc[own, "allocation_eur"].idxmax()
    error = refused(times(raw, 1e3, raw.index == at), before)
    assert error.row == at + 2


def test_a_file_cut_short_is_told(raw, before):
    error = refused(raw.iloc[: len(raw) // 2].copy(), before)
    assert "bn EUR since release 19" in error.problem


def test_a_type_that_vanished_is_told_though_the_total_hardly_moves(raw, before):
    found = raw.copy()
    found.loc[found["aid_type"] == "Humanitarian", "aid_type"] = "Military"
    error = refused(found, before)
    assert "(Humanitarian) go from" in error.problem
    assert "to 0.000 bn EUR" in error.problem
    assert error.expected == "a change between −5 % and +50 % since release 19"


def test_small_donors_may_multiply(raw, before):
    own = raw["donor"] == "Iceland"
    euros = raw.loc[own, "allocation_eur"].sum()
    assert 0 < 2 * euros < plausibility.SMALL_EUR_BN * 1e9
    hold(times(raw, 3, own), before)


# ---------------------------------------------------------------- within the release


def test_aid_after_the_cut_off_is_told_at_its_row(raw, before):
    error = refused(raw, before, cut_off="2024-10-31")
    given = raw[["allocation_eur", "commitment_eur"]].gt(0).any(axis=1)
    late = given & raw["month_number"].gt(34)  # January 2022 is month 1
    assert error.column == "month_number"
    assert error.row == late[late].index[0] + 2
    assert f"({late.sum()} such rows: {error.row}, " in error.problem


def test_a_release_that_ends_long_before_its_cut_off_is_told(raw, before):
    error = refused(raw, before, cut_off="2025-04-30")
    assert "the last aid is of 2024-12, 4 months before the cut-off 2025-04-30" in error.problem
    hold(raw, before, cut_off="2025-02-28")


def test_dates_in_another_order_are_told(raw, before):
    found = raw.copy()
    day = pd.to_datetime(found["announcement_date"], format="%Y-%m-%d", errors="coerce")
    swapped = day.dt.strftime("%Y-%d-%m").where(day.dt.day <= 12)
    found["announcement_date"] = swapped.fillna(found["announcement_date"])
    error = refused(found, before)
    assert error.column == "announcement_date"
    assert "a day lies in another month than the row's" in error.problem


def test_repeated_rows_are_told_at_the_second(raw, before):
    own = raw[raw["donor"] == "Latvia"].tail(2)
    found = pd.concat([raw, own], ignore_index=True)
    found["row"] = found.index + 2
    error = refused(found, before)
    assert (
        f"a row repeats another, amount and all (2 such rows: {len(raw) + 2}, {len(raw) + 3})"
        in error.problem
    )
    assert error.row == len(raw) + 2


@pytest.mark.parametrize(("was", "named"), [("NOK", "DKK"), ("SEK", "EUR"), ("EUR", "USD")])
def test_a_swapped_currency_is_told_at_its_row(raw, before, was, named):
    known = raw["allocation_reported"].gt(0) & raw["allocation_eur_entered"].gt(0)
    at = raw.index[known & (raw["reporting_currency"] == was)][0]
    found = raw.copy()
    found.loc[at, "reporting_currency"] = named
    with pytest.raises(AuditError) as caught:
        hold(found, before)
    # One such row of this release is accepted; both are named.
    assert "accepts something else than there is" in caught.value.problem
    rows = ", ".join(map(str, sorted((at + 2, 2563))))
    assert f"(2 such rows: {rows})" in caught.value.expected


def test_dollars_read_as_euros_are_told():
    totals = clean.corrected(layout.raw_release(30))
    euros = [c for c in totals if c.endswith("_eur_bn")]
    at = totals.index[totals["donor"] == "Norway"][0]
    totals.loc[at, euros] *= 1.17
    tidy = clean.tidied(totals, 30, "donor_totals", "totals.csv")
    with pytest.raises(AuditError, match="dollars are not at the release's one rate"):
        plausibility.check(
            30,
            tidy,
            totals,
            cut_off="2026-06-30",
            shown="totals.csv",
            neighbours={29: clean.kiel(29)},
        )


# ---------------------------------------------------------------- a release that is another


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    root = copies.raw_tables(tmp_path / "root")
    monkeypatch.chdir(root)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    return root


def totals_of(release: int, path: Path, factor: float = 1) -> Path:
    """The publisher's file of a release with totals by donor."""
    totals = clean.corrected(layout.raw_release(release))[list(kiel.DONOR_TOTALS)]
    totals[totals.select_dtypes("number").columns] *= factor
    totals.rename(columns=kiel.DONOR_TOTALS).to_csv(path, index=False)
    return path


def origin(path: Path, number: int, cut_off: str) -> ingest.Origin:
    return ingest.origin_of("kiel", path, number, cut_off, "2026-11-25")


@pytest.mark.parametrize(
    ("number", "cut_off", "factor", "told"),
    [
        (31, "2026-08-31", 1, "this is release 30, which is here already, and not release 31"),
        (31, "2026-06-01", 1.02, "release 31 ends on 2026-06-01, which release 30 passed"),
        (31, "2026-08-31", 1000, "allocation_usd_bn: the value is outside what is allowed"),
        (31, "2026-08-31", 2, "allocations go from"),
        (31, "2026-08-31", 0.5, "allocations go from"),
    ],
)
def test_what_claims_to_be_another_release_is_not_written(
    checkout, number, cut_off, factor, told
):
    file = totals_of(30, checkout.parent / "totals.csv", factor)
    there = sorted(path for path in checkout.rglob("*"))
    with pytest.raises(AuditError, match=told):
        ingest.ingest(file, origin(file, number, cut_off))
    assert sorted(path for path in checkout.rglob("*")) == there


def test_the_same_file_under_another_number_is_told_by_its_sum(checkout):
    file = totals_of(30, checkout.parent / "totals.csv", 1.02)
    ingest.ingest(file, origin(file, 31, "2026-08-31"))
    with pytest.raises(AuditError, match="this is release 31") as caught:
        ingest.ingest(file, origin(file, 32, "2026-10-31"))
    assert caught.value.found.startswith("sha256 ")


# ---------------------------------------------------------------- accepting


def rows_in(mend: str) -> tuple[list[str], list[str]]:
    """The rows that a message says to add, and those that it says to delete."""
    lines = [line.strip() for line in mend.splitlines()]
    offered = [line for line in lines if re.match(r"\d+,", line)]
    deleted = [line.split(": ", 1)[1] for line in lines if re.match(r"row \d+: ", line)]
    return offered, deleted


def follow(checkout, error: AuditError, reason: str):
    """Do what a message says: add its rows with a reason, and delete those that it names."""
    path = checkout / plausibility.ACCEPTED
    lines = path.read_text("utf-8").splitlines()
    named = re.findall(r"^ *row (\d+): ", error.mend, re.MULTILINE)
    left = [line for at, line in enumerate(lines, start=1) if str(at) not in named]
    offered, _ = rows_in(error.mend)
    left += [row.replace(plausibility.WHY, reason) for row in offered]
    path.write_text("\n".join(left) + "\n", "utf-8")


def accept(checkout, row: str):
    path = checkout / plausibility.ACCEPTED
    path.write_text(path.read_text("utf-8") + row + "\n", "utf-8")


def test_the_row_that_the_message_gives_accepts_it(checkout, raw, before):
    own = raw["donor"] == "Latvia"
    found = times(raw, 1 + 2e9 / raw.loc[own, "allocation_eur"].sum(), own)
    error = refused(found, before)
    assert "(and 1 more): allocations of Latvia go from" in error.problem
    offered, deleted = rows_in(error.mend)
    assert [row.split(",")[:5] for row in offered] == [
        ["21", "19", "donor", measure, "Latvia"] for measure in ("allocation", "commitment")
    ]
    assert not deleted
    follow(checkout, error, "a package of 2 bn announced")
    held = hold(found, before)
    assert (held["reason"] == "a package of 2 bn announced").sum() == 2


def test_a_row_that_accepts_something_else_is_told(checkout, raw, before):
    path = checkout / plausibility.ACCEPTED
    text = path.read_text("utf-8")
    given = "21,19,donor,allocation,Romania,0.99,"
    assert given in text
    path.write_text(text.replace(given, "21,19,donor,allocation,Romania,0.9,"), "utf-8")
    with pytest.raises(AuditError, match="accepts something else than there is") as caught:
        hold(raw, before)
    error = caught.value
    line = text.splitlines().index(next(x for x in text.splitlines() if given in x)) + 1
    assert (error.file, error.row, error.column) == (plausibility.ACCEPTED, line, "found")
    assert error.found == 0.9


def test_a_row_that_nothing_needs_is_told(checkout, raw, before):
    accept(checkout, "21,19,donor,allocation,Iceland,5,bn EUR,none")
    with pytest.raises(AuditError, match="what releases 19 and 21 do not show") as caught:
        hold(raw, before)
    assert caught.value.found == "donor, allocation, Iceland"


def test_a_row_without_a_reason_is_told(checkout, raw, before):
    accept(checkout, "21,19,donor,allocation,Iceland,5,bn EUR,")
    with pytest.raises(AuditError) as caught:
        hold(raw, before)
    assert (str(caught.value.file), caught.value.column) == (
        "data/raw/plausibility.csv",
        "reason",
    )


def test_a_reason_that_nobody_filled_in_is_none(checkout):
    accept(checkout, f"21,19,donor,allocation,Iceland,5,bn EUR,{plausibility.WHY}")
    with pytest.raises(AuditError) as caught:
        plausibility.accepted()
    assert (caught.value.column, caught.value.found) == ("reason", plausibility.WHY)


@pytest.mark.parametrize(
    ("row", "told", "expected"),
    [
        ("21,,donor,allocation,Iceland,5,bn EUR,x", "names no release", "the release before"),
        ("21,19,repeated,,,2,rows,x", "names a release", "nothing"),
    ],
)
def test_a_row_names_the_release_that_it_holds_against(checkout, row, told, expected):
    accept(checkout, row)
    with pytest.raises(AuditError, match=told) as caught:
        plausibility.accepted()
    assert (caught.value.column, caught.value.expected) == ("against", expected)


# ---------------------------------------------------------------- who is present


def small(number: int, **donors: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raw and clean totals of donors with military allocations alone, in bn EUR."""
    rows = [
        {"row": at, "donor": donor.replace("_", " "), "financial_eur_bn": 0.0,
         "humanitarian_eur_bn": 0.0, "military_eur_bn": bn, "commitment_eur_bn": bn}
        for at, (donor, bn) in enumerate(donors.items(), start=2)
    ]  # fmt: skip
    raw = pd.DataFrame(rows).reindex(columns=list(RAW["donor_totals"].columns))
    return raw, clean.tidied(raw, number, "donor_totals", "totals.csv")


def hold_small(number: int, others: dict[int, pd.DataFrame], **donors: float) -> pd.DataFrame:
    raw, tidy = small(number, **donors)
    about = {"cut_off": "2026-12-31", "shown": "totals.csv", "neighbours": others}
    return plausibility.check(number, tidy, raw, **about)


def test_a_donor_that_is_gone_is_told_however_small(checkout):
    before = {40: small(40, Germany=10, Cyprus=0.04)[1]}
    with pytest.raises(AuditError) as caught:
        hold_small(41, before, Germany=10.01)
    error = caught.value
    told = "allocations of Cyprus (0.04 bn EUR) are in release 40 and not in the next one."
    assert error.problem == f"implausible (and 1 more): {told}"
    assert error.expected == "everybody and everything that release 40 lists"
    follow(checkout, error, "the publisher counts it with the EU")
    held = hold_small(41, before, Germany=10.01)
    gone = held[held["check"] == "gone"]
    assert gone[["measure", "part", "found"]].values.tolist() == [
        ["allocation", "Cyprus", -0.04], ["commitment", "Cyprus", -0.04]
    ]  # fmt: skip
    # What it is then, and not that it is gone, was accepted.
    with pytest.raises(AuditError, match="accepts what releases 40 and 41 do not show"):
        hold_small(41, before, Germany=10.01, Cyprus=0.04)


def test_a_donor_that_is_gone_after_it_is_told_of_an_inserted_release(checkout):
    after = {41: small(41, Germany=10.01)[1]}
    with pytest.raises(AuditError) as caught:
        hold_small(40, after, Germany=10, Cyprus=0.04)
    assert caught.value.row == 3
    assert rows_in(caught.value.mend)[0][0].startswith("41,40,gone,allocation,Cyprus,-0.040,")


def test_a_new_donor_is_told_and_accepted():
    held = hold_small(41, {40: small(40, Germany=10)[1]}, Germany=10, Cyprus=0.04)
    new = held[held["check"] == "new"]
    assert new["told"].tolist() == [
        f"{measure}s of Cyprus (0.04 bn EUR) are new since release 40"
        for measure in ("allocation", "commitment")
    ]


def test_a_type_of_a_donor_that_is_gone_is_told_though_its_total_stays(raw, before):
    found = raw.copy()
    own = (found["donor"] == "Estonia") & (found["aid_type"] == "Humanitarian")
    found.loc[own, "aid_type"] = "Military"
    error = refused(found, before)
    assert "allocations of Estonia: Humanitarian (" in error.problem


def test_a_measure_that_is_gone_is_told(raw, before):
    error = refused(raw.assign(commitment_eur=pd.Series(dtype="float64")), before)
    offered, _ = rows_in(error.mend)
    promised = before[1]["commitment_eur"].sum() / 1e9
    assert f"21,19,gone,commitment,,{-promised:.3f},bn EUR,{plausibility.WHY}" in offered


def without(raw: pd.DataFrame, rows: pd.Series) -> pd.DataFrame:
    left = raw[~rows].reset_index(drop=True)
    return left.assign(row=(left.index + 2)).astype({"row": "Int64"})


def test_rows_that_are_gone_are_told_though_no_sum_moves(raw):
    own = (raw["donor"] == "Latvia") & (raw["aid_type"] == "Military")
    unvalued = own & raw["allocation_eur"].isna() & raw["commitment_eur"].isna()
    assert unvalued.sum() > 1
    same = {20: clean.tidied(raw, 20, "activities", "tracker.xlsx")}
    error = refused(without(raw, unvalued), None, neighbours=same)
    had, left = own.sum(), own.sum() - unvalued.sum()
    assert f"Latvia: Military has {left} rows and had {had} in release 20" in error.problem
    assert (error.column, error.found) == ("donor", f"{left - had} rows")


def test_a_column_that_is_empty_now_is_told(raw):
    same = {20: clean.tidied(raw, 20, "activities", "tracker.xlsx")}
    found = raw.assign(item_count=pd.Series(None, index=raw.index, dtype="str"))
    error = refused(found, None, neighbours=same)
    assert "the column item_count is empty" in error.problem
    assert error.column == "item_count"


def test_tables_of_activities_and_of_months_are_compared_by_months(raw):
    months = clean.kiel(29)
    own = months["donor"].eq("Latvia") & months["allocation_eur"].gt(0)
    first = months.loc[own, "month"].min()
    lacks = months[~(months["donor"].eq("Latvia") & months["month"].eq(first))]
    found = plausibility._fewer_rows(clean.kiel(29), lacks, 29)
    count = months.loc[own, "month"].nunique()
    (one,) = found
    assert one.told == f"Latvia has {count - 1} months and had {count} in release 29"


def test_a_copy_without_eight_small_donors_is_told_and_its_rows_accept_it(checkout):
    file = totals_of(30, checkout.parent / "totals.csv", 1.02)
    table = pd.read_csv(file)
    spent = table.set_index("country").filter(regex="^(financial|humanitarian|military)")
    smallest = spent.sum(axis=1).sort_values().index[:8]
    table[~table["country"].isin(smallest)].to_csv(file, index=False)
    with pytest.raises(AuditError, match="are in release 30 and not in the next one") as caught:
        ingest.ingest(file, origin(file, 31, "2026-08-31"))
    offered, _ = rows_in(caught.value.mend)
    assert {row.split(",")[4] for row in offered if ",gone,allocation," in row} == set(smallest)
    follow(checkout, caught.value, "they are counted with the EU")
    ingest.ingest(file, origin(file, 31, "2026-08-31"))
    for release in (30, 31):
        plausibility.of_release(release)


# ---------------------------------------------------------------- between two others


def test_a_release_between_two_others_moves_what_was_accepted(checkout):
    file = totals_of(19, checkout.parent / "totals.csv", 1.01)
    with pytest.raises(AuditError) as caught:
        ingest.ingest(file, origin(file, 20, "2024-10-31"))
    offered, deleted = rows_in(caught.value.mend)
    path = checkout / plausibility.ACCEPTED
    old = [row for row in path.read_text("utf-8").splitlines() if row.startswith("21,19,")]
    assert [row.split(",")[2:5] for row in deleted] == [row.split(",")[2:5] for row in old]
    # The reasons go with the rows that stay what they were.
    bank = "European Investment Bank,3.167,bn EUR,releases known as totals by donor"
    assert any(row.startswith(f"21,20,donor,allocation,{bank}") for row in offered)
    follow(checkout, caught.value, "as published")
    # Until the release is there, rows speak of one that is not, and could be moved back.
    with pytest.raises(AuditError) as between:
        plausibility.of_release(21)
    back, away = rows_in(between.value.mend)
    assert [row.split(",")[:5] for row in back] == [row.split(",")[:5] for row in old]
    assert [row.split(",")[:5] for row in away] == [row.split(",")[:5] for row in offered]
    ingest.ingest(file, origin(file, 20, "2024-10-31"))
    for release in (19, 20, 21):
        plausibility.of_release(release)
    # A row of before is told as that, and not as a change of upstream.
    accept(checkout, old[0])
    with pytest.raises(AuditError, match="21 against release 19, but next to") as late:
        plausibility.of_release(21)
    assert "upstream" not in str(late.value)
    follow(checkout, late.value, "")
    plausibility.of_release(21)


def test_the_first_release_is_held_against_the_next_one_alone():
    first, second = sources.release_numbers()[:2]
    found = plausibility.of_release(first)
    beside = found[found["check"].isin([*plausibility.PAIRWISE, "new"])]
    assert set(beside["against"]) == {first}
    assert set(beside["release"]) == {second}
