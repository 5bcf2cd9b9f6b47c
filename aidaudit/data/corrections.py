"""Corrections to raw tables, as data that retire themselves.

Each row of data/raw/corrections.csv says what to change, why, and how many cells it must
change. Any other count stops the build, so that an upstream fix is noticed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from aidaudit.data import sources
from aidaudit.data.tables import RAW
from nbtrail.base import files, schema
from nbtrail.base.errors import AuditError

CORRECTIONS = Path("data/raw/corrections.csv")

# A row's key may be any of these, whichever the table has.
_KEYS = ("row", "sub_activity_id", "iso3", "iso2", "donor")


def read_corrections() -> pd.DataFrame:
    """The corrections table, columns as in `tables.RAW['corrections']`."""
    return schema.read(files.source(CORRECTIONS), RAW["corrections"], CORRECTIONS)


def check_sources(corrections: pd.DataFrame, coming: int | None = None) -> None:
    """Raise AuditError for a row whose source and release name no raw table.

    coming: as for `sources.is_correctable`.
    """
    for index, row in corrections.iterrows():
        source, release = row["source"], None if pd.isna(row["release"]) else row["release"]
        # A misspelt one would be a correction that silently corrects nothing.
        if not sources.is_correctable(source, release, coming):
            raise AuditError(
                "the correction speaks of no table in data/raw.",
                file=CORRECTIONS,
                row=index + 2,
                column="source, release",
                found=source if release is None else f"{source}, {release}",
                expected="a table's folder below data/raw and no release, or kiel and one of "
                f"{', '.join(map(str, sources.release_numbers()))}",
                mend="edit or delete the row.",
            )


def _mine(corrections: pd.DataFrame, source: str, release: int | None) -> pd.DataFrame:
    same = corrections["release"].isna() | (corrections["release"] == str(release))
    return corrections[(corrections["source"] == source) & same]


def _value(raw: pd.DataFrame, row: pd.Series, name: str) -> object:
    """The value that a correction quotes in its column `name`, typed as the table's column."""
    text, values = row[name], raw[row["column"]]
    if pd.isna(text):
        return pd.NA
    if not pd.api.types.is_numeric_dtype(values):
        return text
    number = pd.to_numeric(text, errors="coerce")
    whole = pd.api.types.is_integer_dtype(values)
    if not np.isfinite(number) or (whole and number % 1 != 0):
        raise AuditError(
            f"the correction of {row['column']} quotes no number.",
            file=CORRECTIONS,
            row=row.name + 2,
            column=name,
            found=text,
            expected=f"a {'whole ' if whole else ''}number, or nothing for null",
            mend="edit the row.",
        )
    return number


def _hit(raw: pd.DataFrame, row: pd.Series) -> pd.Series:
    """Which rows of `raw` a correction speaks of."""
    values = raw[row["column"]]
    if pd.isna(row["from"]):
        hit = values.isna()
    elif pd.api.types.is_numeric_dtype(values):
        # To the cent: a correction quotes an amount as people read it.
        near = (values - _value(raw, row, "from")).abs().lt(0.01)
        hit = near.fillna(False).astype(bool)
    else:
        hit = (values == row["from"]).fillna(False).astype(bool)
    if row["key"] == "*":
        return hit
    named = pd.Series(False, index=raw.index)
    for key in _KEYS:
        if key in raw.columns:
            named |= (raw[key].astype("str") == row["key"]).fillna(False).astype(bool)
    return hit & named


def accepted(
    raw: pd.DataFrame, corrections: pd.DataFrame, source: str, release: int | None = None
) -> set[tuple[int, str]]:
    """Cells (index, column) that a row with `from` equal to `to` accepts as published."""
    same = corrections["from"] == corrections["to"]
    return spoken_of(raw, corrections[same], source, release)


def spoken_of(
    raw: pd.DataFrame, corrections: pd.DataFrame, source: str, release: int | None = None
) -> set[tuple[int, str]]:
    """Cells (index, column) that a row accepts or corrects: somebody has looked at them."""
    return {
        (index, row["column"])
        for _, row in _mine(corrections, source, release).iterrows()
        if row["column"] in raw.columns
        for index in raw.index[_hit(raw, row)]
    }


def apply(
    raw: pd.DataFrame, corrections: pd.DataFrame, source: str, release: int | None = None
) -> pd.DataFrame:
    """Apply the rows that belong to this source and release; returns a corrected copy.

    raw: a raw table. corrections: columns source, release, key, column, from, to, reason,
    expect. `key` is a row's number, sub_activity_id, iso3, iso2 or donor; * means every row.
    Raises AuditError where a row names an unknown column or changes another number of cells
    than it expects.
    """
    corrected = raw.copy()
    for index, row in _mine(corrections, source, release).iterrows():
        place = {"file": CORRECTIONS, "row": index + 2}
        column = row["column"]
        if column not in corrected.columns:
            raise AuditError(
                f"the correction names a column that {source} does not have.",
                **place,
                column="column",
                found=column,
                expected=f"one of {list(corrected.columns)}",
                mend="edit the row.",
            )
        hit = _hit(corrected, row)
        if int(hit.sum()) != int(row["expect"]):
            raise AuditError(
                f"the correction of {column} from '{row['from']}' to '{row['to']}' changes "
                "another number of cells than it expects.",
                **place,
                column="expect",
                found=int(hit.sum()),
                expected=f"{row['expect']} cells",
                mend="upstream has changed: delete the row, or correct `from` and `expect`.",
            )
        if row["from"] != row["to"]:
            corrected.loc[hit, column] = _value(corrected, row, "to")
    return corrected


def applied(
    raw: pd.DataFrame,
    corrections: pd.DataFrame,
    source: str,
    release: int | None,
    table: schema.Table,
    shown: str | Path,
) -> pd.DataFrame:
    """`apply`, held against the table's schema: what a row sets has limits too.

    shown: how errors name the raw table.
    """
    known = partial(accepted, corrections=corrections, source=source, release=release)
    corrected = apply(raw, corrections, source, release)
    return schema.validate(corrected, table, shown, accepted=known)
