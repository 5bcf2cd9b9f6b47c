"""Tables of the report that have a notebook of their own: saved with their data and words.

The notebook says what each column shows; setting it in HTML and PDF is left to `assembly`.
"""

from __future__ import annotations

import pandas as pd

from nbtrail.base import files, paths
from nbtrail.base.errors import AuditError
from nbtrail.publish import standing


def save_table(
    shown: pd.DataFrame,
    data: pd.DataFrame,
    *,
    table: str,
    variant: str,
    caption: str,
    widths: list[int],
) -> None:
    """Write a table's data as CSV and what the report shows of it as JSON.

    shown: text cells, column names as the header. data: the values behind it, tidy. caption:
    what it shows, with source. widths: relative, one per column of `shown`; negative ones
    align right. Raises AuditError for an empty table, or widths that do not fit.
    """
    if data.empty or shown.empty or not caption.strip() or len(widths) != len(shown.columns):
        raise AuditError(
            f"table {table} is empty, has no caption, or not one width per column.",
            found=f"{len(shown)} rows, {len(shown.columns)} columns, {len(widths)} widths",
            mend="every table needs rows, a caption and one width per column.",
        )
    where = paths.table(table, variant)
    files.write_csv(data, where["csv"])
    cells = shown.astype("str").to_numpy().tolist()
    header = [str(name) for name in shown.columns]
    caption = standing.standing(table, variant).beside(caption)
    words = {"caption": caption, "header": header, "rows": cells, "widths": widths}
    files.write_json({"table": table, "variant": variant, **words}, where["json"])
