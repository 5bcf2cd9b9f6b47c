"""Readers of the Ukraine Support Tracker's releases.

The workbook is recognised by its columns, whatever the release, because file and sheet names
change from copy to copy.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from pathlib import Path

import pandas as pd

from aidaudit.data import classify
from aidaudit.ingest.readers.common import (
    days_or_words,
    iso_day,
    missing_column,
    number,
    ordered,
    picked,
    text,
    whole,
    wrong_cell,
)
from nbtrail.base import csvs, workbooks
from nbtrail.base.errors import AuditError

KIEL_SHEET = "Bilateral Assistance, MAIN DATA"

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
    "allocation_reported": ["tot_sub_activity_value", "Allocated Total"],
    "allocation_eur_entered": ["tot_sub_activity_value_EUR", "Allocated Total in EUR"],
    "item": ["item", "Items"],
    "item_type": ["item_type", "Type of Item"],
    "item_sub_type": ["item_sub_type", "Sub-type of item"],
    "item_count": ["item_numb", "No. of Units"],
    "item_count_delivered": [
        "item_numb_deliv",
        "No. of Units Delivered (in-kind military aid)",
    ],
    "item_value_usd": ["item_value_estimate_USD"],
    "weapon_source": ["source_of_weapon"],
    "reconstruction_sector": ["reconstruction_sector", "Reconstruction/Modernization"],
    "named_in_text": ["explanation", "Explanation"],
    "nato_member": ["nato_dummy"],
}
# Amounts as entered tell what a change of exchange rates alone did (see `revisions`).
AMOUNTS = {"allocation_eur", "commitment_eur", "allocation_reported", "allocation_eur_entered"}
KIEL_OPTIONAL = {
    "weapon_source",
    "reconstruction_sector",
    "item_count_delivered",
    "item_value_usd",
    "allocation_reported",
    "allocation_eur_entered",
    "named_in_text",
    "nato_member",
}
# The columns of tables that are offered as CSV, ours ← theirs.
ACTIVITIES_CSV = {
    "donor": "giver",
    "announcement_date": "dato",
    "month_number": "maaned_nr",
    "aid_type": "kategori",
    "measure": "maal",
    "allocation_eur": "verdi_eur_redistr",
    "commitment_eur": "verdi_eur_activity",
}
DONOR_MONTH = {
    "donor": "country",
    "iso3": "iso",
    "year": "year",
    "month": "month",
    "financial_eur_bn": "financial",
    "humanitarian_eur_bn": "humanitarian",
    "military_eur_bn": "military",
    "commitment_eur_bn": "commitments",
}
DONOR_TOTALS = {
    "donor": "country",
    "financial_eur_bn": "financial_bn_eur",
    "humanitarian_eur_bn": "humanitarian_bn_eur",
    "military_eur_bn": "military_bn_eur",
    "commitment_eur_bn": "total_commitments_bn_eur",
    "allocation_usd_bn": "total_alloc_bn_usd",
}
# An activity as texts name it: donor, type of aid and number, such as (ITH16) or (ITM1-ITM3).
ACTIVITY_ID = re.compile(r"(?<=[(\-–])[A-Z]{2,3}[MFH][0-9]+(?=[)\-–])")
MONTHS = "1 = January 2022 and so on; 0 for an undated row"


def _main_sheet(file: Path) -> tuple[str, list[list]]:
    """Name and rows of the main-data sheet of a workbook, or of its lone one."""
    names = workbooks.names(file)
    chosen = [n for n in names if n.strip() == KIEL_SHEET] or names
    if len(chosen) == 1:
        return chosen[0], workbooks.cells(file, chosen[0])
    raise AuditError(
        f"the workbook has no one sheet '{KIEL_SHEET}', and more than one sheet.",
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
    sheet, rows = _main_sheet(file)
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
    if len(missing) > len(KIEL_COLUMNS) - len(KIEL_OPTIONAL) - 3:
        missing = [names[0] for names in KIEL_COLUMNS.values()]
    if missing:
        raise missing_column(file, f"a tracker workbook (sheet '{sheet}')", missing, header)
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
    filled = body[[place["donor"], place["aid_type"], place["measure"]]].apply(text)
    body = body[filled.notna().any(axis=1)]
    for ours, at in place.items():
        if at is not None and ours != "announcement_date":
            _no_dates(body[at], file, header[at])
    out = {"row": body.index + 2}
    for ours, at in place.items():
        column = pd.Series(None, index=body.index, dtype=object) if at is None else body[at]
        if ours == "item_value_usd":
            # The tracker writes so where it has no list price: unknown, not zero.
            column = column.where(column != "No price")
        if ours in {*AMOUNTS, "month_number", "item_value_usd", "nato_member"}:
            out[ours] = number(column, file, ours if at is None else header[at])
        elif ours == "announcement_date":
            out[ours] = days_or_words(column.map(iso_day), file, header[at])
        else:
            out[ours] = text(column)
    frame = pd.DataFrame(out, index=body.index)
    frame["named_in_text"] = subjects(frame["named_in_text"], frame["activity_id"])
    # Release 18 leaves the month of some dated rows blank; the date names the same month.
    day = pd.to_datetime(frame["announcement_date"], format="%Y-%m-%d", errors="coerce")
    months = frame["month_number"].fillna((day.dt.year - 2022) * 12 + day.dt.month)
    frame["month_number"] = whole(months, file, header[place["month_number"]], MONTHS)
    return "activities", ordered(frame, "activities")


def subjects(texts: pd.Series, activity_ids: pd.Series) -> pd.Series:
    """What the texts of rows name: subjects of texts.csv joined by '; ', null where none.

    A text may list what else its donor gave, each part with the id of that activity in
    brackets; such a part speaks of another row and is not read.
    """

    def own(words: str, activity_id: str) -> str:
        parts = re.split(r"[,.;]", words)
        return ". ".join(
            part for part in parts if set(ACTIVITY_ID.findall(part)) <= {activity_id}
        )

    pairs = zip(texts.fillna(""), activity_ids.fillna(""), strict=True)
    read = pd.DataFrame({"explanation": [own(*pair) for pair in pairs]}, index=texts.index)
    return classify.joined(read, classify.read("texts"))


def _no_dates(column: pd.Series, file: Path, name: str) -> None:
    """Raise AuditError for a date outside the column of dates: Excel makes one of '3-5'."""
    wrong = column.map(lambda value: isinstance(value, date | time | timedelta))
    if wrong.any():
        raise wrong_cell(
            "a spreadsheet program has made a date of the value.",
            column[wrong].map(str),
            file,
            name,
            "text or a number",
            "write in a copy of the file what the publisher meant, as text.",
        )


def kiel_activities_csv(file: Path) -> tuple[str, pd.DataFrame]:
    """Activity rows of release 28, processed by a third party with Norwegian columns."""
    frame = picked(file, "the activity rows of release 28", "activities", ACTIVITIES_CSV)
    days_or_words(frame["announcement_date"], file, ACTIVITIES_CSV["announcement_date"])
    frame["month_number"] = whole(frame["month_number"], file, "maaned_nr", MONTHS)
    # The third party wrote 0 where the tracker has no value; only the activity's first row
    # carries a commitment, and rows of kind Commitment carry no allocation.
    frame["allocation_eur"] = frame["allocation_eur"].where(frame["allocation_eur"] != 0)
    frame["commitment_eur"] = frame["commitment_eur"].where(frame["commitment_eur"] != 0)
    return "activities", ordered(frame, "activities")


def kiel_donor_month(file: Path) -> tuple[str, pd.DataFrame]:
    """The tracker website's data explorer: donor × month × type, in bn EUR."""
    frame = picked(file, "the data explorer's table", "donor_month", DONOR_MONTH)
    for ours in ("year", "month"):
        frame[ours] = whole(frame[ours], file, DONOR_MONTH[ours], f"a calendar {ours}")
    return "donor_month", ordered(frame, "donor_month")


def kiel_donor_totals(file: Path) -> tuple[str, pd.DataFrame]:
    """The tracker's country summary: totals by donor, in bn EUR and bn US$."""
    frame = picked(file, "a country summary", "donor_totals", DONOR_TOTALS)
    return "donor_totals", ordered(frame, "donor_totals")


def reader_of_csv(file: Path) -> str:
    """The reader that knows most columns of a CSV. Raises AuditError for what is no CSV."""
    rows = csvs.read(file, file.name, mend="download the file again from the publisher.")
    header = {name.strip() for name in rows[0]} if rows else set()
    known = {
        "kiel_activities_csv": ACTIVITIES_CSV,
        "kiel_donor_month": DONOR_MONTH,
        "kiel_donor_totals": DONOR_TOTALS,
    }
    found = max(known, key=lambda reader: len(header & set(known[reader].values())))
    # Its message says what a workbook is, which is what a person should download.
    return found if header & set(known[found].values()) else "kiel_workbook"


READERS = {
    "kiel_workbook": kiel_workbook,
    "kiel_activities_csv": kiel_activities_csv,
    "kiel_donor_month": kiel_donor_month,
    "kiel_donor_totals": kiel_donor_totals,
}
