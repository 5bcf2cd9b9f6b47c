"""The very rows that a total of aid was summed from.

They are selected with the build's own functions, and must add up to the total.
"""

from __future__ import annotations

import json

import pandas as pd

from aidaudit import config
from aidaudit.data import clean
from aidaudit.measures import aggregate, result_tables
from aidaudit.measures.donors import partition, select
from nbtrail.base import determinism, paths
from nbtrail.base.errors import AuditError
from nbtrail.record import manifest as manifests

# A claim whose number is one cell of the headline table → reading, donors, measure.
TOTALS = {"MIL-2a": "at_article_date.nato.allocation"}


def rows_of(manifest: dict, name: str) -> pd.DataFrame:
    """The clean rows that make up a total of aid, with their rows in the raw table.

    name: a claim of `TOTALS`, or the key of a total: `[variant:]<reading>.<donors>.<measure>…`
    as in the headline table, or `[variant:]allocation.<type or donor group>.eur_bn`. Amounts
    in EUR, nominal, zeros left out. Raises AuditError for anything else, and where the rows do
    not add up to the number.
    """
    identifier = manifests.find(manifest, name)
    item = manifest["items"][identifier]
    variant, _, key = item["title"].partition(":")
    if item["kind"] == "claim":
        claim, _, variant = identifier.rpartition("-")
        key = TOTALS.get(claim, "")
    parts = key.split(".")
    if parts[0] in ("total", "at_article_date") and len(parts) >= 3:
        return _of_headline(variant, *parts[:3])
    if parts[0] == "allocation" and item["kind"] == "number":
        return _of_part(variant, parts[1], item)
    raise AuditError(
        f"the rows of {name} cannot be listed: it is no total of aid.",
        expected="a total such as article:at_article_date.nato.allocation.eur_bn, or MIL-2a",
        mend=f"see the whole way back: aidaudit trace {name}",
    )


def _of_headline(variant: str, reading: str, group: str, measure: str) -> pd.DataFrame:
    table = result_tables.read(variant, "headline")
    cell = table[
        (table["reading"] == reading)
        & (table["donors"] == group)
        & (table["measure"] == measure)
    ].iloc[0]
    rows = _clean(int(cell["release"]), measure, cell["cut_off"])
    rows = select(rows, clean.read("donors"), group, cell["cut_off"])
    return _adding_up(rows, cell["value_eur_bn"] * 1e9, f"{reading}.{group}.{measure}")


def _of_part(variant: str, part: str, item: dict) -> pd.DataFrame:
    """A donor group's or an aid type's share of all allocations."""
    chosen = config.variant(variant)
    cut_off = aggregate.last_day(chosen.totals_release, chosen.cut_off, chosen.release)
    rows = _clean(chosen.totals_release, "allocation", cut_off)
    groups = rows["donor"].map(partition(clean.read("donors"), cut_off))
    rows = rows[
        (rows["aid_type"].str.lower() == part)
        | (groups.str.lower().str.replace(" ", "_") == part)
    ]
    numbers = json.loads((determinism.root() / item["files"][0]).read_text(encoding="utf-8"))
    value = numbers[item["title"].partition(":")[2]]["value"]
    return _adding_up(rows, value * 1e9, item["title"])


def _clean(release: int, measure: str, cut_off: str) -> pd.DataFrame:
    """Clean rows of a release up to a day: raw row, ids, donor, month, type, value_eur."""
    table = clean.read_kiel(release).rename(columns={f"{measure}_eur": "value_eur"})
    if "month" in table.columns:
        table = aggregate.cut(table, cut_off)
    kept = ("row", "activity_id", "sub_activity_id", "donor", "month", "aid_type", "value_eur")
    table = table[[column for column in kept if column in table.columns]]
    table.insert(0, "release", release)
    return table[table["value_eur"].notna() & (table["value_eur"] != 0)]


def _adding_up(rows: pd.DataFrame, expected: float, what: str) -> pd.DataFrame:
    total = rows["value_eur"].sum()
    # Tables keep twelve significant digits.
    if abs(total - expected) > max(abs(expected) * 1e-9, 1):
        raise AuditError(
            f"the rows of {what} do not add up to its number.",
            file=paths.MANIFEST,
            found=f"{total:.2f} EUR",
            expected=f"{expected:.2f} EUR",
            mend="rebuild: snakemake",
        )
    return rows.reset_index(drop=True)
