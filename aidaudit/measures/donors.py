"""Who is who and since when: donors, their memberships, and named groups of donors.

A group is a named, dated filter. Nothing else in the project lists donors literally. Europe is
defined once, in the register: what the tracker counts as Europe, and Türkiye, since NATO counts
every ally but the United States and Canada as European. Allies of which the tracker has no row
are in the register too, so that a group can say whom it lacks. Amounts and exchange rates are
left to `money`, sums to `aggregate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from aidaudit.data.vocabulary import UNDATED
from nbtrail.base.errors import AuditError, nearest

US = "United States"

# The partition by which tables and charts colour donors; every donor is in exactly one part.
PARTITION = [
    US,
    "European NATO members",
    "Other NATO members",
    "EU institutions",
    "Europe outside NATO",
    "Other donors",
]


def partition(donors: pd.DataFrame, on: str) -> pd.Series:
    """The part of the partition of each donor on an ISO date, indexed by donor."""
    who = donors.set_index("donor")
    member = (who["nato_from"] <= on).fillna(False).astype(bool)
    europe = who["europe"].astype(bool)
    parts = pd.Series("Other donors", index=who.index)
    parts[europe] = "Europe outside NATO"
    parts[member] = "Other NATO members"
    parts[member & europe] = "European NATO members"
    parts[who["kind"] == "eu_institution"] = "EU institutions"
    parts[who.index == US] = US
    return parts


@dataclass(frozen=True)
class Group:
    """A named group. `phrase` completes 'given by …'; `dated` groups need months.

    said: who is in it, in a sentence.
    """

    name: str
    label: str
    phrase: str
    said: str
    chosen: Callable[[pd.DataFrame, pd.Series], pd.Series]
    dated: bool = False


def _member(who: pd.DataFrame, day: pd.Series) -> pd.Series:
    return (who["nato_from"] <= day).fillna(False).astype(bool)


def _institution(who: pd.DataFrame) -> pd.Series:
    return who["kind"] == "eu_institution"


def _europe(who: pd.DataFrame) -> pd.Series:
    return who["europe"].astype(bool)


# `chosen` gets the donor's attributes and a day for each row of a table: the cut-off, or for
# dated groups the first day of the announcement month.
GROUPS = {
    group.name: group
    for group in (
        Group(
            "all",
            "All donors",
            "all donors",
            "Every donor of the tracker.",
            lambda who, day: who["kind"].notna(),
        ),
        Group(
            "nato",
            "NATO members",
            "NATO members",
            "States that are members on the last day counted, whenever they joined.",
            _member,
        ),
        Group(
            "nato_dated",
            "NATO members, from accession on",
            "NATO members from their accession on",
            "The same states, each with what it announced after it joined.",
            _member,
            dated=True,
        ),
        Group(
            "nato_eu",
            "NATO members + EU institutions",
            "NATO members and the EU institutions together",
            "Members, and the Commission, the investment bank and the peace facility.",
            lambda who, day: _member(who, day) | _institution(who),
        ),
        Group(
            "european_nato",
            "European NATO members",
            "European NATO members",
            "Members but the United States and Canada, as NATO counts; with Türkiye.",
            lambda who, day: _member(who, day) & _europe(who),
        ),
        Group(
            "europe",
            "Europe (states + EU institutions)",
            "European states and the EU institutions",
            "European members, other states of Europe, and the EU institutions.",
            lambda who, day: _europe(who),
        ),
        Group(
            "us",
            US,
            "the United States",
            "The United States alone.",
            lambda who, day: who["donor"] == US,
        ),
    )
}


def group(name: str) -> Group:
    """The group of this name. Raises AuditError for an unknown one."""
    if name not in GROUPS:
        raise AuditError(
            f"'{name}' is not a known donor group.",
            found=name,
            expected=f"one of {list(GROUPS)}",
            mend=nearest(name, list(GROUPS)),
        )
    return GROUPS[name]


def select(table: pd.DataFrame, donors: pd.DataFrame, name: str, on: str) -> pd.DataFrame:
    """The rows of a table whose donor belongs to the group.

    table: a column donor and, for dated groups, month (YYYY-MM or undated). on: ISO date at
    which membership counts; a dated group takes the first day of each row's month instead,
    so an ally's accession month counts from the next month unless it joined on the first.
    Undated rows of a dated group count only for states that were members throughout.
    Raises AuditError for an unknown group, or a dated group on a table without months.
    """
    chosen = group(name)
    day = pd.Series(on, index=table.index)
    if chosen.dated:
        if "month" not in table.columns:
            raise AuditError(
                f"the donor group '{name}' needs announcement months, and this table has none.",
                expected="a release with activity rows or donor-month data",
                mend="use the group 'nato', or a release with months.",
            )
        day = table["month"].where(table["month"] != UNDATED, "2022-01") + "-01"
    who = donors.set_index("donor", drop=False).loc[table["donor"]].set_index(table.index)
    return table[chosen.chosen(who, day)]


def in_groups(donors: pd.DataFrame, given: pd.Series, on: str) -> pd.DataFrame:
    """Every group with those who are in it: group, said, members, with_rows, without_rows.

    given: donors of which a release has rows. on: ISO date at which membership counts.
    members and with_rows are counts, without_rows names; groups that need months have the
    members of the day.
    """
    day = pd.Series(on, index=donors.index)
    rows = set(given)
    out = []
    for one in GROUPS.values():
        names = donors.loc[one.chosen(donors, day), "donor"]
        lacking = sorted(set(names) - rows)
        out.append(
            {
                "group": one.label,
                "said": one.said,
                "members": len(names),
                "with_rows": len(names) - len(lacking),
                "without_rows": ", ".join(lacking),
            }
        )
    return pd.DataFrame(out)
