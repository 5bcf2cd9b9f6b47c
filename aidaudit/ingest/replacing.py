"""What changes when a raw table replaces another: told always, accepted with a reason.

A file that is cut short, an old edition, or a value changed by hand is as readable as a sound
one; only beside the table that it replaces can it be seen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from nbtrail.base.errors import AuditError
from nbtrail.base.schema import ISO_DATE, Table

# Where a table says when; the first that it has counts.
TIMES = ("date", "month", "departed", "signed", "enacted", "from", "year", "announcement_date")
# So many of the largest changes are told.
LARGEST = 5


@dataclass
class Changes:
    """What was found: lines for people, reasons to ask for a reason, and counts."""

    told: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)
    added: int = 0
    gone: int = 0
    changed: int = 0


def compare(old: pd.DataFrame, new: pd.DataFrame, table: Table) -> Changes:
    """Hold a table against the one that it replaces, both as `table` and in its units.

    Rows are told apart by the table's key; where that is only a row's number in the file, by
    all that they say.
    """
    found = Changes()
    ends = [_ends(frame) for frame in (old, new)]
    found.told.append(f"rows: {len(old):,} → {len(new):,}")
    if all(ends):
        (first, last), (begins, until) = ends
        found.told.append(f"first and last: {first} to {last} → {begins} to {until}")
        if until < last:
            found.asks.append(f"it ends in {until}, and the table here in {last}")
    if table.key == ["row"]:
        largest = _unkeyed(old, new, found)
    else:
        largest = _keyed(old, new, table.key, found)
    found.told.append(f"rows added: {found.added:,}, gone: {found.gone:,}, changed: "
                      f"{found.changed:,}")  # fmt: skip
    found.told += [f"  {line}" for line in largest]
    if found.changed:
        have = "has" if found.changed == 1 else "have"
        found.asks.append(f"{_here(found.changed)} {have} other values")
    if found.gone:
        found.asks.append(f"{_here(found.gone)} {'is' if found.gone == 1 else 'are'} gone")
    return found


def _here(rows: int) -> str:
    return "1 row that is here" if rows == 1 else f"{rows:,} rows that are here"


def needs_reason(found: Changes, file: str, folder: str) -> AuditError:
    """The error of a replacement for which nobody gave a reason."""
    return AuditError(
        f"the file changes what data/raw/{folder} says: {'; '.join(found.asks)}.",
        file=file,
        found="; ".join(line.strip() for line in found.told),
        expected="the rows that are here as they are, and newer ones",
        mend="look whether the file is complete, in the same units and the newest edition. If "
        "the publisher means the changes, give the same command again with "
        '--because "why they are right".',
    )


def _ends(frame: pd.DataFrame) -> tuple[str, str] | None:
    """The first and last day, month or year that a table names."""
    name = next((name for name in TIMES if name in frame), None)
    if name is None:
        return None
    if {"year", "month"} <= set(frame.columns):
        words = frame["year"].astype("str") + "-" + frame["month"].astype("str").str.zfill(2)
    else:
        words = frame[name].dropna().astype("str")
    if name == "announcement_date":
        words = words[words.str.fullmatch(ISO_DATE)]
    return (words.min(), words.max()) if len(words) else None


def _keyed(old: pd.DataFrame, new: pd.DataFrame, key: list[str], found: Changes) -> list[str]:
    rest = [name for name in old.columns if name not in (*key, "row")]
    then, now = (frame.set_index(key)[rest].sort_index() for frame in (old, new))
    gone, added = then.index.difference(now.index), now.index.difference(then.index)
    both = then.index.intersection(now.index)
    then, now = then.loc[both], now.loc[both]
    differs = {
        name: ~(then[name].eq(now[name]).fillna(False) | (then[name].isna() & now[name].isna()))
        for name in rest
    }
    every = pd.DataFrame(differs, index=both).astype(bool)
    found.gone, found.added = len(gone), len(added)
    found.changed = int(every.any(axis=1).sum())
    changes = []
    for name in rest:
        for place in both[every[name].to_numpy()]:
            one, other = then.at[place, name], now.at[place, name]
            share = _share(one, other)
            told = f"{_words(place)}: {name} {_word(one)} → {_word(other)}"
            told += f" ({share:+.1%})" if 0 < abs(share) < np.inf else ""
            changes.append((-abs(share), told))
    changes.sort()
    firsts = [
        f"first {what}: {_words(places[0])}"
        for what, places in (("added", added), ("gone", gone))
        if len(places)
    ]
    return [*firsts, *(line for _, line in changes[:LARGEST])]


def _words(place: object) -> str:
    return ", ".join(map(str, place if isinstance(place, tuple) else (place,)))


def _share(one: object, other: object) -> float:
    """By which share a number changed: 0 for words, without end from 0 and from or to none."""
    if isinstance(one, str) or isinstance(other, str):
        return 0.0
    if pd.isna(one) or pd.isna(other) or not one:
        return np.inf
    return float(other) / float(one) - 1


def _word(value: object) -> str:
    return "nothing" if pd.isna(value) else f"{value}"


def _unkeyed(old: pd.DataFrame, new: pd.DataFrame, found: Changes) -> list[str]:
    """Rows are the same that say the same; what donors sum to is told beside."""
    said = [frame.drop(columns="row").astype(object) for frame in (old, new)]
    rows = [Counter(one.where(one.notna(), None).itertuples(index=False)) for one in said]
    found.gone, found.added = ((one - other).total() for one, other in (rows, rows[::-1]))
    if "donor" not in old:
        return [f"first gone: {_words(row)}" for row in list(rows[0] - rows[1])[:1]]
    changes = []
    for name in old.select_dtypes("float64").columns:
        then, now = (frame.groupby("donor")[name].sum() for frame in (old, new))
        for donor, change in now.sub(then, fill_value=0).items():
            if abs(change) > 1e-9 * abs(then.get(donor, 0)):
                words = f"{then.get(donor, 0):,.6g} → {now.get(donor, 0):,.6g}"
                changes.append((abs(change), f"{donor}: {name} {words}"))
    changes.sort(key=lambda one: (-one[0], one[1]))
    return [line for _, line in changes[:LARGEST]]
