"""Which words of the publishers fall into which class, by small tables with a reason per row.

A classification is a table in config/classifications: every row has a class, the column that
it looks at, a pattern, and the reason. What it caught and what it left is counted, so that a
new release with new words is noticed. What follows from a class is left to those who ask.
"""

from __future__ import annotations

import pandas as pd

from aidaudit import files, paths, schema
from aidaudit.errors import AuditError
from aidaudit.schema import Column, Table

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
    shown = paths.lookup(name)
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
