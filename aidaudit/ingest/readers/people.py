"""Readers of refugees, displaced persons, grain, exports and energy."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from aidaudit.ingest.readers.common import (
    csv_table,
    missing_column,
    number,
    ordered,
    text,
    whole,
)
from nbtrail.base.errors import AuditError

UKRAINE = "UKR"
# The hosts that the article names; Eurostat writes names, not codes.
HOSTS = {"Hungary": "HUN", "Poland": "POL", "Romania": "ROU"}


def _count(values: pd.Series, file: Path, column: str) -> pd.Series:
    return whole(number(values, file, column), file, column)


def unhcr_year_end(file: Path) -> tuple[str, pd.DataFrame]:
    """Refugees of Ukrainian origin by host at year-end (UNHCR's population table)."""
    names = ["year", "coo_iso", "coa_iso", "refugees"]
    raw = csv_table(file, "UNHCR's table of populations", names)
    # The row of Ukraine itself holds its displaced persons, no refugees.
    rows = raw[(raw["coo_iso"] == UKRAINE) & (raw["coa_iso"] != UKRAINE)]
    frame = pd.DataFrame(
        {
            "iso3": rows["coa_iso"],
            "year": _count(rows["year"], file, "year"),
            "refugees": _count(rows["refugees"], file, "refugees"),
        }
    ).sort_values(["iso3", "year"], kind="stable")
    return "refugees_year_end", ordered(frame, "refugees_year_end")


def idmc_displaced(file: Path) -> tuple[str, pd.DataFrame]:
    """Persons displaced within Ukraine at year-end."""
    raw = csv_table(file, "IDMC's table of displaced persons", ["year", "coa_iso", "total"])
    rows = raw[raw["coa_iso"] == UKRAINE]
    frame = pd.DataFrame(
        {
            "year": _count(rows["year"], file, "year"),
            "displaced": _count(rows["total"], file, "total"),
        }
    ).sort_values("year", kind="stable")
    return "displaced_within", ordered(frame, "displaced_within")


def unhcr_recorded(file: Path) -> tuple[str, pd.DataFrame]:
    """Refugees recorded by host and month; where the portal revised one, its last version."""
    names = {
        "iso3": "iso3",
        "country": "country",
        "month": "data_month",
        "refugees": "refugees_recorded_latest_version",
        "seen_in": "source_latest_version",
    }
    raw = csv_table(file, "the compilation of recorded refugees", list(names.values()))
    frame = pd.DataFrame({ours: text(raw[theirs]) for ours, theirs in names.items()})
    frame["refugees"] = _count(raw[names["refugees"]], file, names["refugees"])
    frame = frame.sort_values(["iso3", "month"], kind="stable")
    return "refugees_recorded", ordered(frame, "refugees_recorded")


def unhcr_press(file: Path) -> tuple[str, pd.DataFrame]:
    """Points quoted in the press that have a host and a day; the page without its scheme."""
    names = ["iso3", "as_of", "persons", "measure", "source"]
    raw = csv_table(file, "the compilation of points quoted in the press", names)
    rows = raw[(raw["iso3"] != "") & (raw["as_of"].str.len() == len("2022-03-09"))]
    frame = pd.DataFrame(
        {
            "iso3": text(rows["iso3"]),
            "date": text(rows["as_of"]),
            "measure": text(rows["measure"]),
            "persons": _count(rows["persons"], file, "persons"),
            # A remark may follow the address; it is not part of where the row was seen.
            "seen_in": rows["source"].str.split().str[0].str.removeprefix("https://"),
        }
    ).sort_values(["iso3", "date", "measure"], kind="stable")
    return "refugees_press", ordered(frame, "refugees_press")


def eurostat_protection(file: Path) -> tuple[str, pd.DataFrame]:
    """Beneficiaries of temporary protection by month in the hosts that the article names."""
    import duckdb

    try:
        raw = duckdb.read_parquet(str(file)).df()
    except duckdb.Error as error:
        raise AuditError(
            f"the file is not a readable Parquet table: {str(error).splitlines()[0]}",
            file=file.name,
            expected="a Parquet file with geo, time and values",
            mend="obtain it again.",
        ) from None
    missing = [c for c in ("geo", "time", "values") if c not in raw.columns]
    if missing:
        raise missing_column(file, "Eurostat's table of beneficiaries", missing, [*raw.columns])
    rows = raw[raw["geo"].isin(HOSTS) & raw["values"].notna()]
    frame = pd.DataFrame(
        {
            "iso3": rows["geo"].map(HOSTS),
            "month": pd.to_datetime(rows["time"]).dt.strftime("%Y-%m"),
            "beneficiaries": _count(rows["values"], file, "values"),
        }
    ).sort_values(["iso3", "month"], kind="stable")
    return "temporary_protection", ordered(frame, "temporary_protection")


def grain_voyages(file: Path) -> tuple[str, pd.DataFrame]:
    """Outbound cargoes of the Black Sea Grain Initiative, one row per cargo."""
    names = {
        "voyage": "Outbound Sequence",
        "departed": "Departure",
        "country": "Country",
        "income_group": "Income group",
        "commodity": "Commodity",
        "tonnes": "Tonnage",
    }
    raw = csv_table(file, "the list of voyages of the grain initiative", list(names.values()))
    frame = pd.DataFrame({ours: text(raw[theirs]) for ours, theirs in names.items()})
    frame["row"] = raw.index + 2
    frame["voyage"] = _count(raw["Outbound Sequence"], file, "Outbound Sequence")
    # Thousands are set off by commas.
    frame["tonnes"] = number(raw["Tonnage"].str.replace(",", ""), file, "Tonnage")
    frame["departed"] = _days(raw["Departure"], file, "Departure")
    frame = frame.sort_values(["voyage", "row"], kind="stable")
    return "grain_voyages", ordered(frame, "grain_voyages")


def _days(values: pd.Series, file: Path, column: str) -> pd.Series:
    """Days written like 17-Mar-23, as ISO dates. Raises AuditError with the place."""
    days = pd.to_datetime(values, format="%d-%b-%y", errors="coerce")
    if days.isna().any():
        at = days.isna().idxmax()
        raise AuditError(
            "the value is not a day.",
            file=file.name,
            row=int(at) + 2,
            column=column,
            found=values[at],
            expected="a day like 17-Mar-23",
            mend="correct the cell in a copy of the file, or ask the publisher.",
        )
    return days.dt.strftime("%Y-%m-%d")


def wdi_exports(file: Path) -> tuple[str, pd.DataFrame]:
    """Ukraine's exports of goods and services in current US$, from 2010 on."""
    names = ["iso3", "indicator", "year", "value_usd"]
    raw = csv_table(file, "the World Bank's table of exports", names)
    rows = raw[(raw["iso3"] == UKRAINE) & (raw["indicator"] == "NE.EXP.GNFS.CD")]
    frame = pd.DataFrame(
        {
            "year": _count(rows["year"], file, "year"),
            "exports_usd": number(rows["value_usd"], file, "value_usd"),
        }
    ).sort_values("year", kind="stable")
    return "exports", ordered(frame, "exports")


def energy_mix(file: Path) -> tuple[str, pd.DataFrame]:
    """Gas and primary energy that Ukraine used, from 2010 on."""
    names = {
        "gas_twh": "gas_consumption",
        "primary_twh": "primary_energy_consumption",
    }
    needed = ["year", "iso_code", *names.values()]
    raw = csv_table(file, "the subset of the energy mix", needed, ";")
    rows = raw[(raw["iso_code"] == UKRAINE) & (raw["year"] >= "2010")]
    frame = pd.DataFrame(
        {"year": _count(rows["year"], file, "year")}
        | {ours: number(rows[theirs], file, theirs) for ours, theirs in names.items()}
    ).sort_values("year", kind="stable")
    return "energy", ordered(frame, "energy")


READERS: dict = {
    "unhcr_year_end": unhcr_year_end,
    "idmc_displaced": idmc_displaced,
    "unhcr_recorded": unhcr_recorded,
    "unhcr_press": unhcr_press,
    "eurostat_protection": eurostat_protection,
    "grain_voyages": grain_voyages,
    "wdi_exports": wdi_exports,
    "energy_mix": energy_mix,
}
