"""From raw tables to tidy ones: one spelling of everything, real months, known donors.

Applies data/raw/corrections.csv, then renames and reshapes; what a value means or sums to is
left to the modules after it. Undated rows are kept and marked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from aidaudit import config, layout
from aidaudit.data import corrections, raw_tables, sources
from aidaudit.data.tables import CLEAN, RAW
from aidaudit.data.vocabulary import AID_TYPES, NOT_SPLIT, UNDATED
from nbtrail.base import files, paths, schema
from nbtrail.base.errors import AuditError
from nbtrail.base.schema import ISO_DATE


def corrected(folder: str, coming: int | None = None) -> pd.DataFrame:
    """A raw table with the rows of corrections.csv applied.

    folder: below data/raw. coming: a release that is being ingested, of which rows may speak.
    Kiel releases are then held against the register of donors.
    """
    raw = raw_tables.read(folder)
    release = sources.package(folder).get("release")
    number = int(release) if sources.is_release(folder) else None
    source = sources.correction_source(folder)
    rows = corrections.read_corrections()
    corrections.check_sources(rows, coming)
    table = RAW[sources.package(folder)["resources"][0]["name"]]
    return corrections.applied(raw, rows, source, number, table, sources.table_path(folder))


def kiel(release: int, coming: int | None = None) -> pd.DataFrame:
    """The clean table of a release at its own depth. coming: as for `corrected`.

    Columns as in `tables.CLEAN[depth]`; amounts in nominal EUR. Raises AuditError naming the
    raw file, row and column of an unknown donor, type or measure.
    """
    # Tells of a release that is not there by its number.
    depth = sources.depth(release)
    folder = layout.raw_release(release)
    return tidied(corrected(folder, coming), release, depth, sources.table_path(folder))


def tidied(raw: pd.DataFrame, release: int, depth: str, place: Path | str) -> pd.DataFrame:
    """The clean table from a corrected raw one.

    depth: the kind of table. place: how errors name it; they count its rows by its index.
    """
    donors = raw_tables.register()["donor"].tolist()
    _known(raw, "donor", donors, "donor", place)
    tidy = {
        "activities": _activities,
        "commitments": _commitments,
        "donor_month": _months,
        "donor_totals": _totals,
    }
    frame = tidy[depth](raw, place)
    frame.insert(0, "release", release)
    table = CLEAN[depth]
    frame = frame.reindex(columns=list(table.columns))
    return schema.validate(frame, table, layout.clean_release(release), {"donor": donors})


def members() -> pd.DataFrame:
    """The clean table of donors with their memberships."""
    frame = register(
        raw_tables.register(), corrected("memberships/nato"), corrected("memberships/eu")
    )
    return schema.validate(frame, CLEAN["donors"], paths.clean("donors"))


def over_time() -> pd.DataFrame:
    """Allocations by month as releases saw them that are at hand without dated rows."""
    parts = []
    for folder in ("kiel/over_time_r16", "kiel/over_time_r19"):
        frame = corrected(folder)
        frame.insert(0, "release", int(sources.package(folder)["release"]))
        parts.append(frame)
    return pd.concat(parts, ignore_index=True).astype({"release": "Int64"})


# Context tables that take more than correcting: name → function without arguments.
TIDY: dict[str, Callable[[], pd.DataFrame]] = {
    "donors": members,
    "allocations_over_time": over_time,
}


def context(name: str, folders: list[str]) -> pd.DataFrame:
    """A context table, corrected and checked.

    name: as `clean:` in config/sources.yaml. folders: below data/raw. Its columns are those
    of `tables.CLEAN`, or of the raw table of this name where nothing is said there.
    """
    frame = TIDY[name]() if name in TIDY else corrected(*folders)
    registers = {"donor": raw_tables.register()["donor"].tolist()}
    return schema.validate(frame, _table(name), paths.clean(name), registers)


def _table(name: str) -> schema.Table:
    """The table of a clean context table: the raw one of the same name, unless tidied."""
    return CLEAN.get(name) or RAW[name]


def read(name: str) -> pd.DataFrame:
    """A clean table by name, checked: a context table, or kiel_release_NN."""
    release = layout.release_of(name)
    if release is not None:
        return read_kiel(release)
    shown = paths.clean(name)
    return schema.read(files.source(shown), _table(name), shown)


def read_all(names: list[str], release: int) -> dict[str, pd.DataFrame]:
    """Clean tables by name, each as `read`; 'activities' is the table of `release`."""
    return {
        name: read_kiel(release) if name == config.ACTIVITIES else read(name) for name in names
    }


def read_kiel(release: int) -> pd.DataFrame:
    """The clean table of a release, checked, at its own depth."""
    shown = layout.clean_release(release)
    return schema.read(files.source(shown), CLEAN[sources.depth(release)], shown)


def _known(
    frame: pd.DataFrame, column: str, known: list[str], what: str, place: Path | str
) -> None:
    """Raise the error of an unknown word at its place in the raw file."""
    kept_in = sources.REGISTER.as_posix() if what == "donor" else ""
    only = schema.Column("string", what, register=what, kept_in=kept_in)
    checked = schema.Table(column, what, {column: only})
    schema.validate(frame[[column]], checked, place, {what: known})


def _activities(raw: pd.DataFrame, place: Path | str) -> pd.DataFrame:
    _known(raw, "aid_type", AID_TYPES, "aid type", place)
    _known(raw, "measure", ["Allocation", "Commitment"], "measure", place)
    day = raw["announcement_date"]
    count = raw["item_count"]
    undisclosed = count == "undisclosed"
    number = pd.to_numeric(count.where(~undisclosed), errors="coerce")
    wrong = count.notna() & ~undisclosed & number.isna()
    if wrong.any():
        at = wrong.idxmax()
        raise AuditError(
            "the count is neither a number nor 'undisclosed'.",
            file=place,
            row=at + 2,
            column="item_count",
            found=count[at],
            expected="a number, 'undisclosed' or nothing",
            mend="add a row to data/raw/corrections.csv.",
        )
    return raw.assign(
        date=day.where(day.str.fullmatch(ISO_DATE).fillna(False)),
        month=raw["month_number"].map(_month),
        measure=raw["measure"].str.lower(),
        item_count=number.astype("float64"),
        item_count_undisclosed=undisclosed.fillna(False).astype("boolean"),
    )


def _commitments(raw: pd.DataFrame, place: Path | str) -> pd.DataFrame:
    """Commitments; the months of words such as 'until 6/7/2022' are unknown."""
    _known(raw, "aid_type", AID_TYPES, "aid type", place)
    day = raw["announcement_date"]
    dated = day.str.fullmatch(ISO_DATE).fillna(False)
    return raw.assign(date=day.where(dated), month=day.str.slice(0, 7).where(dated, UNDATED))


def _month(number: int) -> str:
    """YYYY-MM of the tracker's month number (1 = January 2022, 0 = undated)."""
    if number == 0:
        return UNDATED
    return f"{2022 + (number - 1) // 12}-{(number - 1) % 12 + 1:02d}"


def _by_type(raw: pd.DataFrame, index: list[str]) -> pd.DataFrame:
    """Columns per type in bn EUR → rows per type in EUR, commitments in rows of their own.

    The publisher splits allocations by type, but not commitments.
    """
    parts = [
        raw[index].assign(aid_type=aid_type, allocation_eur=raw[column] * 1e9)
        for aid_type, column in (
            ("Financial", "financial_eur_bn"),
            ("Humanitarian", "humanitarian_eur_bn"),
            ("Military", "military_eur_bn"),
        )
    ]
    parts.append(
        raw[index].assign(aid_type=NOT_SPLIT, commitment_eur=raw["commitment_eur_bn"] * 1e9)
    )
    return pd.concat(parts).sort_values([*index, "aid_type"], kind="stable", ignore_index=True)


def _months(raw: pd.DataFrame, place: Path | str) -> pd.DataFrame:
    return _by_type(raw.assign(month=month_of(raw)), ["donor", "month"])


def month_of(raw: pd.DataFrame) -> pd.Series:
    """YYYY-MM from the columns year and month."""
    return raw["year"].astype("str") + "-" + raw["month"].astype("str").str.zfill(2)


def _totals(raw: pd.DataFrame, place: Path | str) -> pd.DataFrame:
    rows = _by_type(raw, ["donor"])
    usd = rows["donor"].map(raw.set_index("donor")["allocation_usd_bn"]) * 1e9
    return rows.assign(allocation_usd=usd.where(rows["aid_type"] == NOT_SPLIT))


def register(donors: pd.DataFrame, nato: pd.DataFrame, eu: pd.DataFrame) -> pd.DataFrame:
    """Join the register of donors with NATO and EU membership dates.

    donors: donor, iso3, iso2, kind, europe. nato: iso3, accession (year or ISO date).
    eu: iso2, accession, exit (ISO dates). Returns donor, iso3, kind, europe, nato_from,
    eu_from, eu_to, sorted by donor; a bare year becomes its 1 January.
    """
    accession = nato.set_index("iso3")["accession"]
    union = eu.set_index("iso2")
    frame = donors.sort_values("donor", kind="stable").reset_index(drop=True)
    nato_from = frame["iso3"].map(accession)
    return pd.DataFrame(
        {
            "donor": frame["donor"],
            "iso3": frame["iso3"],
            "kind": frame["kind"],
            "europe": frame["europe"],
            "nato_from": nato_from.where(nato_from.str.len() != 4, nato_from + "-01-01"),
            "eu_from": frame["iso2"].map(union["accession"]),
            "eu_to": frame["iso2"].map(union["exit"]),
        }
    ).astype({"nato_from": "str", "eu_from": "str", "eu_to": "str"})
