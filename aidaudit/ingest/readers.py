"""Readers of upstream files: each returns the kind of raw table and the table itself.

A reader renames, types and drops; it never corrects and never fills in. Columns with free
text (explanations, sources, notes) are left upstream. The Kiel workbook is recognised by its
columns, whatever the release, because file and sheet names change from copy to copy.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from aidaudit import sources
from aidaudit.errors import AuditError, nearest
from aidaudit.tables import RAW

KIEL_SHEET = "Bilateral Assistance, MAIN DATA"
# A full workbook has 37 sheets and under 5 MB; one that unpacks to more than this is a bomb.
MAX_UNPACKED = 500_000_000

# Our column ← the names that releases have given it (21 and later; 18 to 20).
KIEL_COLUMNS = {
    "activity_id": ["activity_id", "ID"],
    "sub_activity_id": ["sub_activity_id", "Allocation ID"],
    "donor": ["donor", "Countries"],
    "announcement_date": ["announcement_date", "Announcement Date"],
    "month_number": ["month", "Month3"],
    "aid_type": ["aid_type_general", "Type of Aid General"],
    "aid_subtype": ["aid_type_specific", "Type of Aid Specific"],
    "measure": ["measure", "Type of donation"],
    "reporting_currency": ["reporting_currency", "Original Currency"],
    "allocation_eur": [
        "tot_sub_activity_value_EUR_redistr",
        "Allocated Total in EUR (redistributed)",
    ],
    "commitment_eur": ["tot_activity_value_EUR", "Converted Value in EUR"],
    "item": ["item", "Items"],
    "item_type": ["item_type", "Type of Item"],
    "item_sub_type": ["item_sub_type", "Sub-type of item"],
    "item_count": ["item_numb", "No. of Units"],
    "item_count_delivered": [
        "item_numb_deliv",
        "No. of Units Delivered (in-kind military aid)",
    ],
    "weapon_source": ["source_of_weapon"],
    "reconstruction_sector": ["reconstruction_sector", "Reconstruction/Modernization"],
}
KIEL_OPTIONAL = {"weapon_source", "reconstruction_sector", "item_count_delivered"}
MONTHS = "1 = January 2022 and so on; 0 for an undated row"
# What Kiel types into cells that have no value.
BLANKS = {"", ".", "nan", "NaN", "#N/A"}


def _text(values: pd.Series) -> pd.Series:
    """Text with outer and double spaces removed; the publisher's blanks become null."""

    def one(value: object) -> object:
        if value is None or (isinstance(value, float) and pd.isna(value)) or value is pd.NaT:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        words = " ".join(str(value).replace("\xa0", " ").split())
        return None if words in BLANKS else words

    return values.map(one).astype("str")


def _number(values: pd.Series, file: Path, column: str) -> pd.Series:
    """Numbers; blanks become null. Raises AuditError for anything else, with its place.

    values: indexed by the file's rows, 0 being the first one below the header.
    """
    text = _text(values)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    numbers = numbers.where(np.isfinite)
    wrong = text.notna() & numbers.isna()
    if wrong.any():
        at = wrong.idxmax()
        raise AuditError(
            "the value is not a number.",
            file=file.name,
            row=int(at) + 2,
            column=column,
            found=values[at],
            expected="a number, or '.' for none",
            mend="correct the cell in a copy of the file, or ask the publisher.",
        )
    return numbers


def _day(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    return value


def _missing(file: Path, what: str, columns: list[str], present: list[str]) -> AuditError:
    return AuditError(
        f"this is not {what}: the required column {columns[0]} is missing"
        + (f" (and {len(columns) - 1} more: {', '.join(columns[1:])})" if columns[1:] else "")
        + ".",
        file=file.name,
        row=1,
        column=columns[0],
        found=", ".join(present[:12]) + (" …" if len(present) > 12 else ""),
        expected=columns[0],
        mend=nearest(columns[0], present) + "Download the file again from the publisher.",
    )


def _sheets(file: Path) -> dict[str, list[list]]:
    """The candidate sheets of a workbook: the main-data sheet, or the lone one."""
    import python_calamine

    broken = AuditError(
        "the file is not a readable .xlsx workbook.",
        file=file.name,
        expected="an Excel workbook as the publisher offers it",
        mend="download it again: it may be cut short, or a web page saved under this name.",
    )
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (zipfile.BadZipFile, OSError):
        raise broken from None
    if size > MAX_UNPACKED:
        raise AuditError(
            "the workbook unpacks to more than a tracker workbook can hold.",
            file=file.name,
            found=f"{size:,} bytes",
            expected=f"at most {MAX_UNPACKED:,} bytes",
            mend="download it again from the publisher.",
        )
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(file))
        names = workbook.sheet_names
        chosen = next((n for n in names if n.strip() == KIEL_SHEET), None)
        if chosen is None and len(names) == 1:
            chosen = names[0]
        if chosen is not None:
            return {chosen: workbook.get_sheet_by_name(chosen).to_python(skip_empty_area=False)}
    except python_calamine.CalamineError:
        raise broken from None
    raise AuditError(
        f"the workbook has no sheet '{KIEL_SHEET}', and more than one sheet.",
        file=file.name,
        found=", ".join(names[:8]),
        expected=f"a sheet '{KIEL_SHEET}', or a lone sheet with its columns",
        mend="download the full workbook; the summary sheets alone are not enough.",
    )


def kiel_workbook(file: Path) -> tuple[str, pd.DataFrame]:
    """A Ukraine Support Tracker workbook as users download it, release 18 or later.

    Returns activity rows, columns as in `tables.RAW['activities']`, values in EUR. Raises
    AuditError naming the required column that is missing, or the cell that is not a number.
    """
    ((sheet, rows),) = _sheets(file).items()
    header = [" ".join(str(cell).split()) for cell in rows[0]] if rows else []
    place = {}
    for ours, names in KIEL_COLUMNS.items():
        place[ours] = next((header.index(n) for n in names if n in header), None)
    # Which generation of names the workbook uses decides which name is called missing.
    generation = 0 if sum(n[0] in header for n in KIEL_COLUMNS.values()) > 9 else -1
    missing = [
        KIEL_COLUMNS[ours][generation]
        for ours, at in place.items()
        if at is None and ours not in KIEL_OPTIONAL
    ]
    if len(missing) > len(KIEL_COLUMNS) - 6:
        missing = [names[0] for names in KIEL_COLUMNS.values()]
    if missing:
        raise _missing(file, f"a tracker workbook (sheet '{sheet}')", missing, header)
    for ours, at in place.items():
        same = [i for i, name in enumerate(header) if at is not None and name == header[at]]
        # Release 18 repeats a column word for word, which does no harm.
        differs = [row for row in rows[1:] if len({str(row[i]) for i in same}) > 1]
        if differs and ours not in KIEL_OPTIONAL:
            raise AuditError(
                f"the column {header[at]} occurs twice, with different values.",
                file=file.name,
                row=rows.index(differs[0]) + 1,
                column=header[at],
                found=", ".join(str(differs[0][i]) for i in same),
                expected="each required column once",
                mend="download the workbook again from the publisher.",
            )
    body = pd.DataFrame(rows[1:], columns=range(len(header)), dtype=object)
    # Blank rows at the end of a sheet are formatting, not data.
    filled = body[[place["donor"], place["aid_type"], place["measure"]]].apply(_text)
    body = body[filled.notna().any(axis=1)]
    out = {"row": body.index + 2}
    for ours, at in place.items():
        column = pd.Series(None, index=body.index, dtype=object) if at is None else body[at]
        if ours in {"allocation_eur", "commitment_eur", "month_number"}:
            out[ours] = _number(column, file, header[at])
        elif ours == "announcement_date":
            out[ours] = _text(column.map(_day))
        else:
            out[ours] = _text(column)
    frame = pd.DataFrame(out, index=body.index)
    # Release 18 leaves the month of some dated rows blank; the date names the same month.
    day = pd.to_datetime(frame["announcement_date"], format="%Y-%m-%d", errors="coerce")
    months = frame["month_number"].fillna((day.dt.year - 2022) * 12 + day.dt.month)
    frame["month_number"] = _whole(months, file, header[place["month_number"]])
    return "activities", _ordered(frame, "activities")


def _whole(numbers: pd.Series, file: Path, column: str, expected: str = MONTHS) -> pd.Series:
    wrong = numbers.isna() | (numbers % 1 != 0)
    if wrong.any():
        at = wrong.idxmax()
        raise AuditError(
            "the value is not a whole number.",
            file=file.name,
            row=int(at) + 2,
            column=column,
            found=None if pd.isna(numbers[at]) else float(numbers[at]),
            expected=expected,
            mend="correct the cell in a copy of the file, or ask the publisher.",
        )
    return numbers.astype("Int64")


def _ordered(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    columns = list(RAW[table].columns)
    typed = frame.reset_index(drop=True).reindex(columns=columns)
    kinds = {"integer": "Int64", "number": "float64", "string": "str", "boolean": "boolean"}
    return typed.astype({c: kinds[RAW[table].columns[c].type] for c in columns})


def _csv(file: Path, what: str, required: list[str], **options) -> pd.DataFrame:
    """A CSV of text cells, with its required columns. Raises AuditError."""
    try:
        frame = pd.read_csv(file, dtype="str", keep_default_na=False, **options)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise AuditError(
            f"the file is not readable as {what}: {error}.",
            file=file.name,
            expected="CSV in UTF-8",
            mend="download it again from the publisher.",
        ) from None
    frame.columns = [str(c).strip() for c in frame.columns]
    missing = [c for c in required if c not in frame.columns]
    if missing:
        raise _missing(file, what, missing, list(frame.columns))
    return frame


def _picked(file: Path, what: str, table: str, names: dict[str, str]) -> pd.DataFrame:
    """The columns of a CSV under our names (ours → theirs), typed, with upstream's row."""
    raw = _csv(file, what, list(names.values()))
    frame = pd.DataFrame({"row": raw.index + 2})
    for ours, theirs in names.items():
        text = RAW[table].columns[ours].type == "string"
        frame[ours] = _text(raw[theirs]) if text else _number(raw[theirs], file, theirs)
    return frame


def kiel_activities_csv(file: Path) -> tuple[str, pd.DataFrame]:
    """Activity rows of release 28, processed by a third party with Norwegian columns."""
    names = {
        "donor": "giver",
        "announcement_date": "dato",
        "month_number": "maaned_nr",
        "aid_type": "kategori",
        "measure": "maal",
        "allocation_eur": "verdi_eur_redistr",
        "commitment_eur": "verdi_eur_activity",
    }
    frame = _picked(file, "the activity rows of release 28", "activities", names)
    frame["month_number"] = _whole(frame["month_number"], file, "maaned_nr")
    # The third party wrote 0 where the tracker has no value; only the activity's first row
    # carries a commitment, and rows of kind Commitment carry no allocation.
    frame["allocation_eur"] = frame["allocation_eur"].where(frame["allocation_eur"] != 0)
    frame["commitment_eur"] = frame["commitment_eur"].where(frame["commitment_eur"] != 0)
    return "activities", _ordered(frame, "activities")


def kiel_donor_month(file: Path) -> tuple[str, pd.DataFrame]:
    """The tracker website's data explorer: donor × month × type, in bn EUR."""
    names = {
        "donor": "country",
        "iso3": "iso",
        "year": "year",
        "month": "month",
        "financial_eur_bn": "financial",
        "humanitarian_eur_bn": "humanitarian",
        "military_eur_bn": "military",
        "commitment_eur_bn": "commitments",
    }
    frame = _picked(file, "the data explorer's table", "donor_month", names)
    for ours in ("year", "month"):
        frame[ours] = _whole(frame[ours], file, names[ours], f"a calendar {ours}")
    return "donor_month", _ordered(frame, "donor_month")


def kiel_donor_totals(file: Path) -> tuple[str, pd.DataFrame]:
    """The tracker's country summary: totals by donor, in bn EUR and bn US$."""
    names = {
        "donor": "country",
        "financial_eur_bn": "financial_bn_eur",
        "humanitarian_eur_bn": "humanitarian_bn_eur",
        "military_eur_bn": "military_bn_eur",
        "commitment_eur_bn": "total_commitments_bn_eur",
        "allocation_usd_bn": "total_alloc_bn_usd",
    }
    frame = _picked(file, "a country summary", "donor_totals", names)
    return "donor_totals", _ordered(frame, "donor_totals")


# The currencies in which donors report (releases 21 and 28), and those of the other states
# among the donors that the ECB quotes.
CURRENCIES = [
    "AUD", "BGN", "CAD", "CHF", "CNY", "CZK", "DKK", "GBP", "HRK", "HUF", "INR",
    "ISK", "JPY", "KRW", "NOK", "NZD", "PLN", "RON", "SEK", "TRY", "USD",
]  # fmt: skip


def ecb_rates(file: Path) -> tuple[str, pd.DataFrame]:
    """The ECB's historical reference rates, from 2021 on, donors' currencies, long."""
    raw = _csv(file, "the ECB's historical rates", ["Date", *CURRENCIES])
    recent = raw[raw["Date"] >= "2021-01-01"].copy()
    for code in CURRENCIES:
        # 'N/A' and blanks mark days on which a currency was not quoted.
        recent[code] = _number(recent[code].replace("N/A", ""), file, code)
    long = recent.melt("Date", CURRENCIES, "currency", "per_eur").dropna(subset="per_eur")
    long = long.sort_values(["Date", "currency"], kind="stable").rename(
        columns={"Date": "date"}
    )
    return "euro_rates", _ordered(long, "euro_rates")


OUTLOOK_DONORS = ["NGDPD"]
OUTLOOK_UKRAINE = [
    "LUR", "NGDPD", "NGDP_D", "NGDP_R", "NGDP_RPCH", "PCPIEPCH", "PCPIPCH",
]  # fmt: skip


def imf_outlook(file: Path) -> tuple[str, pd.DataFrame]:
    """World Economic Outlook: GDP of all donors and Ukraine's macro-economy, from 2000 on.

    file: an .rda of the whole database (columns ref_area, concept, year, value, unit, scale,
    lastactualdate). Years after the last actual year are marked 'estimate'.
    """
    import rdata

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (raw,) = rdata.read_rda(file).values()
    except Exception as error:  # rdata raises whatever its parser meets
        raise AuditError(
            f"the file is not a readable .rda: {error}.",
            file=file.name,
            expected="an R data file with the World Economic Outlook",
            mend="obtain it again.",
        ) from None
    required = ["ref_area", "concept", "year", "value", "unit", "scale", "lastactualdate"]
    missing = [c for c in required if c not in raw.columns]
    if missing:
        raise _missing(file, "a World Economic Outlook table", missing, list(raw.columns))
    wanted = (raw["concept"].isin(OUTLOOK_DONORS) & raw["ref_area"].isin(_donor_codes())) | (
        raw["concept"].isin(OUTLOOK_UKRAINE) & (raw["ref_area"] == "UKR")
    )
    rows = raw[wanted & (raw["year"] >= 2000) & raw["value"].notna()].copy()
    last = pd.to_numeric(rows["lastactualdate"], errors="coerce")
    frame = pd.DataFrame(
        {
            "iso3": rows["ref_area"],
            "concept": rows["concept"],
            "year": rows["year"],
            "value": rows["value"],
            "unit": rows["unit"],
            "scale": rows["scale"],
            "status": (rows["year"] <= last)
            .map({True: "actual", False: "estimate"})
            .where(last.notna(), "unknown"),
        }
    ).sort_values(["iso3", "concept", "year"], kind="stable")
    return "outlook", _ordered(frame, "outlook")


def population(file: Path) -> tuple[str, pd.DataFrame]:
    """World Bank population of the donors and Ukraine, from 2010 on."""
    names = ["Country Code", "Year", "Value"]
    raw = _csv(file, "the World Bank's population table", names)
    wanted = raw["Country Code"].isin([*_donor_codes(), "UKR"]) & (raw["Year"] >= "2010")
    rows = raw[wanted]
    frame = pd.DataFrame(
        {
            "iso3": rows["Country Code"],
            "year": _whole(_number(rows["Year"], file, "Year"), file, "Year", "a year"),
            "population": _number(rows["Value"], file, "Value"),
        }
    ).sort_values(["iso3", "year"], kind="stable")
    return "population", _ordered(frame, "population")


def nato_members(file: Path) -> tuple[str, pd.DataFrame]:
    """NATO members with the year of accession."""
    raw = _csv(file, "the list of NATO members", ["state", "joined_year", "iso3"])
    names = {"state": "country", "joined_year": "accession"}
    frame = raw.rename(columns=names).sort_values("iso3", kind="stable")
    return "nato_members", _ordered(frame, "nato_members")


def eu_members(file: Path) -> tuple[str, pd.DataFrame]:
    """EU members with the date of accession (the list has no exits)."""
    raw = _csv(file, "the list of EU members", ["date", "country", "iso2c"])
    names = {"date": "accession", "iso2c": "iso2"}
    frame = raw.rename(columns=names).sort_values("iso2", kind="stable")
    return "eu_members", _ordered(frame, "eu_members")


def _donor_codes() -> list[str]:
    return sources.read_register()["iso3"].dropna().tolist()


READERS: dict[str, Callable[[Path], tuple[str, pd.DataFrame]]] = {
    "kiel_workbook": kiel_workbook,
    "kiel_activities_csv": kiel_activities_csv,
    "kiel_donor_month": kiel_donor_month,
    "kiel_donor_totals": kiel_donor_totals,
    "ecb_rates": ecb_rates,
    "imf_outlook": imf_outlook,
    "population": population,
    "nato_members": nato_members,
    "eu_members": eu_members,
}
