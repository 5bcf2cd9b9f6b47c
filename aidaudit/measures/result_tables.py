"""Result tables of a variant: where they lie, and reading and writing them checked."""

from __future__ import annotations

import pandas as pd

from aidaudit.data.tables import RESULTS
from nbtrail.base import files, paths, schema


def read(variant: str, name: str) -> pd.DataFrame:
    """A result table, checked. Raises AuditError."""
    shown = paths.result(variant, name)
    return schema.read(files.source(shown), RESULTS[name], shown)


def write_table(frame: pd.DataFrame, variant: str, name: str) -> None:
    """Check a result table and write it. Raises AuditError, writing nothing."""
    shown = paths.result(variant, name)
    columns = list(RESULTS[name].columns)
    frame = frame[columns].reset_index(drop=True)
    kinds = {"integer": "Int64", "number": "float64", "string": "str", "boolean": "boolean"}
    typed = frame.astype({c: kinds[RESULTS[name].columns[c].type] for c in columns})
    files.write_csv(schema.validate(typed, RESULTS[name], shown), shown)
