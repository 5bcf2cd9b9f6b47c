"""Which words of the publishers fall into which class, by small tables with a reason per row.

A classification is a table in config/classifications: every row has a class, the column that
it looks at, a pattern, and the reason. What it caught and what it left is counted, so that a
new release with new words is noticed. What follows from a class is left to those who ask.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from aidaudit import layout
from nbtrail.base import files, schema
from nbtrail.base.errors import AuditError
from nbtrail.base.schema import Column, Table

# The column in which the tracker itself says what a row is for, those of its form and items,
# and that of what its text names.
CODE = "reconstruction_sector"
ITEMS = ["aid_subtype", "item", "item_type", "item_sub_type"]
TEXT = "named_in_text"

LOOKUP = Table(
    "classification",
    "Patterns by class, in the order in which they are tried",
    {
        "class": Column("string", "Class that a matching row falls into"),
        "column": Column("string", "Column of the table that is looked at"),
        "pattern": Column("string", "Regular expression, upper and lower case alike"),
        "reason": Column("string", "Why such a row belongs there"),
        "version": Column(
            "string", "Day of the last change (ISO date)", pattern=schema.ISO_DATE
        ),
    },
    key=["class", "column", "pattern"],
)


def read(name: str) -> pd.DataFrame:
    """A classification, checked; columns class, column, pattern, reason, version."""
    shown = layout.lookup(name)
    return schema.read(files.source(shown), LOOKUP, shown)


def read_all(names: list[str]) -> dict[str, pd.DataFrame]:
    """Classifications by name."""
    return {name: read(name) for name in names}


def _hits(rows: pd.DataFrame, rule: pd.Series) -> pd.Series:
    if rule["column"] not in rows.columns:
        raise AuditError(
            "a classification looks at a column that the table does not have.",
            found=rule["column"],
            expected=f"one of {list(rows.columns)}",
            mend="edit the row in config/classifications.",
        )
    words = rows[rule["column"]].fillna("").astype("str")
    return words.str.contains(rule["pattern"], case=False, regex=True)


def classes(rows: pd.DataFrame, lookup: pd.DataFrame) -> pd.Series:
    """The class of each row, by the first pattern that matches; null where none does."""
    found = pd.Series(pd.NA, index=rows.index, dtype="str")
    for _, rule in lookup.iterrows():
        found = found.mask(found.isna() & _hits(rows, rule), rule["class"])
    return found


def joined(rows: pd.DataFrame, lookup: pd.DataFrame) -> pd.Series:
    """Every class that each row belongs to, joined by '; ' in alphabetical order, or null."""
    found = pd.Series("", index=rows.index, dtype="str")
    for name in sorted(lookup["class"].unique()):
        hit = classes(rows, lookup[lookup["class"] == name]).notna()
        found = found.where(~hit, found.where(found == "", found + "; ") + name)
    return found.where(found != "")


@dataclass(frozen=True)
class Readings:
    """Rows by the ways in which they can be for something; each a boolean per row.

    coded: by the tracker's own code. item: by the form of aid or the item. text: named in the
    text. has_code: whether the tracker has a code for it at all.
    """

    coded: pd.Series
    item: pd.Series
    text: pd.Series
    has_code: bool

    @property
    def literal(self) -> pd.Series:
        """By code; where there is none, by item or text."""
        return self.coded if self.has_code else self.item | self.text

    @property
    def other(self) -> pd.Series:
        """Where there is a code, by code, item or text; else by item alone."""
        return self.coded | self.item | self.text if self.has_code else self.item


def readings(rows: pd.DataFrame, *lookups: pd.DataFrame, wanted: list[str]) -> Readings:
    """Which rows are for something: the one rule for all claims on what aid was for.

    wanted: classes of the lookups. Where the tracker has a code for them, the code is the
    literal reading; where it has none, item or text is. Texts were read at ingest.
    """
    rules = pd.concat(lookups)
    rules = rules[rules["class"].isin(wanted)]
    known = rules["column"].isin([CODE, *ITEMS, TEXT])
    if not known.all():
        raise AuditError(
            "a claim on what aid was for reads a code, an item or what a text names.",
            found=rules.loc[~known, "column"].iloc[0],
            expected=f"one of {[CODE, *ITEMS, TEXT]}",
            mend="edit the row in config/classifications.",
        )

    def by(columns: pd.Series) -> pd.Series:
        return classes(rows, rules[columns]).notna()

    coded, text = rules["column"] == CODE, rules["column"] == TEXT
    return Readings(by(coded), by(~coded & ~text), by(text), bool(coded.any()))


def caught(rows: pd.DataFrame, lookup: pd.DataFrame) -> pd.DataFrame:
    """How many rows each pattern caught first: class, column, pattern, rows; then the rest.

    The last row, of class 'unclassified', counts the rows that no pattern matched.
    """
    left = pd.Series(True, index=rows.index)
    out = []
    for _, rule in lookup.iterrows():
        hit = left & _hits(rows, rule)
        out.append((rule["class"], rule["column"], rule["pattern"], int(hit.sum())))
        left &= ~hit
    out.append(("unclassified", "", "", int(left.sum())))
    return pd.DataFrame(out, columns=["class", "column", "pattern", "rows"])
