"""Readers of rates, economies, populations and memberships."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd

from aidaudit.ingest.readers.common import (
    csv_table,
    donor_codes,
    missing_column,
    number,
    ordered,
    whole,
    wrong_cell,
)
from nbtrail.base.errors import AuditError
from nbtrail.base.schema import ISO_DATE

# The currencies in which donors report (releases 21 and 28), and those of the other states
# among the donors that the ECB quotes.
CURRENCIES = [
    "AUD", "BGN", "CAD", "CHF", "CNY", "CZK", "DKK", "GBP", "HRK", "HUF", "INR",
    "ISK", "JPY", "KRW", "NOK", "NZD", "PLN", "RON", "SEK", "TRY", "USD",
]  # fmt: skip


def ecb_rates(file: Path) -> tuple[str, pd.DataFrame]:
    """The ECB's historical reference rates, from 2021 on, donors' currencies, long."""
    raw = csv_table(file, "the ECB's historical rates", ["Date", *CURRENCIES])
    wrong = raw["Date"][~raw["Date"].str.fullmatch(ISO_DATE)]
    if len(wrong):
        # As text a day in another order would be before 2021, and be left out.
        raise wrong_cell(
            f"the value is not a day ({len(wrong):,} of {len(raw):,} cells).",
            wrong,
            file,
            "Date",
            "a day like 2026-10-30",
            "download the ECB's file again, and do not save it in a spreadsheet program.",
        )
    recent = raw[raw["Date"] >= "2021-01-01"].copy()
    for code in CURRENCIES:
        # 'N/A' and blanks mark days on which a currency was not quoted.
        recent[code] = number(recent[code].replace("N/A", ""), file, code)
    long = recent.melt("Date", CURRENCIES, "currency", "per_eur").dropna(subset="per_eur")
    long = long.sort_values(["Date", "currency"], kind="stable").rename(
        columns={"Date": "date"}
    )
    return "euro_rates", ordered(long, "euro_rates")


OUTLOOK_DONORS = ["NGDPD"]
# Constant prices need the deflator of the currency in which totals are told.
OUTLOOK_US = ["NGDP_D"]
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
        raise missing_column(file, "a World Economic Outlook table", missing, list(raw.columns))
    wanted = (
        (raw["concept"].isin(OUTLOOK_DONORS) & raw["ref_area"].isin(donor_codes()))
        | (raw["concept"].isin(OUTLOOK_US) & (raw["ref_area"] == "USA"))
        | (raw["concept"].isin(OUTLOOK_UKRAINE) & (raw["ref_area"] == "UKR"))
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
    return "outlook", ordered(frame, "outlook")


# European states and neighbours that host refugees from Ukraine without being donors.
HOSTS = ["ALB", "ARM", "AZE", "BIH", "BLR", "GEO", "LIE", "MDA", "MKD", "MNE", "RUS", "SRB"]


def population(file: Path) -> tuple[str, pd.DataFrame]:
    """World Bank population of the donors, of Ukraine and of further hosts, from 2010 on."""
    names = ["Country Code", "Year", "Value"]
    raw = csv_table(file, "the World Bank's population table", names)
    wanted = raw["Country Code"].isin([*donor_codes(), *HOSTS, "UKR"]) & (raw["Year"] >= "2010")
    rows = raw[wanted]
    frame = pd.DataFrame(
        {
            "iso3": rows["Country Code"],
            "year": whole(number(rows["Year"], file, "Year"), file, "Year", "a year"),
            "population": number(rows["Value"], file, "Value"),
        }
    ).sort_values(["iso3", "year"], kind="stable")
    return "population", ordered(frame, "population")


def nato_members(file: Path) -> tuple[str, pd.DataFrame]:
    """NATO members with the year of accession."""
    raw = csv_table(file, "the list of NATO members", ["state", "joined_year", "iso3"])
    names = {"state": "country", "joined_year": "accession"}
    frame = raw.rename(columns=names).sort_values("iso3", kind="stable")
    return "nato_members", ordered(frame, "nato_members")


def eu_members(file: Path) -> tuple[str, pd.DataFrame]:
    """EU members with the date of accession (the list has no exits)."""
    raw = csv_table(file, "the list of EU members", ["date", "country", "iso2c"])
    names = {"date": "accession", "iso2c": "iso2"}
    frame = raw.rename(columns=names).sort_values("iso2", kind="stable")
    return "eu_members", ordered(frame, "eu_members")


READERS = {
    "ecb_rates": ecb_rates,
    "imf_outlook": imf_outlook,
    "population": population,
    "nato_members": nato_members,
    "eu_members": eu_members,
}
