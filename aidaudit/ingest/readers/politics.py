"""Readers of defence spending, governance, agreements, opinion and incidents."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from aidaudit.ingest.readers.common import (
    csv_table,
    missing_column,
    number,
    ordered,
    pages,
    text,
    whole,
    wrong_cell,
)
from nbtrail.base import workbooks

# Ukraine, all its land neighbours, and Georgia, which asked to join the EU when Ukraine and
# Moldova did. Chosen by geography, so that no result could choose them.
PEERS = ["BLR", "GEO", "HUN", "MDA", "POL", "ROU", "RUS", "SVK", "UKR"]
FIRST_YEAR = 2012


def defence_spending(file: Path) -> tuple[str, pd.DataFrame]:
    """NATO's core defence expenditure, members and the two aggregates, 2014 on."""
    names = ["geo", "iso3", "year", "estimate", "core_share_gdp_pct", "core_usd_current_m"]
    raw = csv_table(file, "NATO's table of defence expenditure", names)
    iso3 = text(raw["iso3"])
    group = text(raw["geo"]).isin(["NATO_TOTAL", "NATO_EUR_CAN"])
    frame = pd.DataFrame(
        {
            "member": iso3.mask(group, text(raw["geo"])),
            "year": whole(number(raw["year"], file, "year"), file, "year", "a year"),
            "status": _known(
                file, raw["estimate"], "estimate", {"False": "actual", "True": "estimate"}
            ),
            "share_gdp": number(raw["core_share_gdp_pct"], file, "core_share_gdp_pct"),
            "usd_m": number(raw["core_usd_current_m"], file, "core_usd_current_m"),
        }
    ).sort_values(["member", "year"], kind="stable")
    return "defence_spending", ordered(frame, "defence_spending")


def _known(file: Path, values: pd.Series, column: str, words: dict[str, str]) -> pd.Series:
    """Upstream's words as ours. Raises AuditError for one that is not known."""
    given = text(values)
    out = given.map(words)
    wrong = out.isna()
    if wrong.any():
        raise wrong_cell(
            "the publisher uses a word that is not known.",
            given[wrong],
            file,
            column,
            f"one of {list(words)}",
            "if it is right, teach it to aidaudit/ingest/readers/politics.py.",
        )
    return out


def corruption_perceptions(file: Path) -> tuple[str, pd.DataFrame]:
    """CPI scores and standard errors since 2012, Ukraine and peers, from the workbook."""
    rows = workbooks.cells(file, "CPI Timeseries 2012 - 2025")
    head = next((i for i, row in enumerate(rows[:10]) if "ISO3" in row), 0)
    header = [str(cell).strip() for cell in rows[head]]
    raw = pd.DataFrame(rows[head + 1 :], columns=header)
    # Messages count the rows of the sheet.
    raw.index = raw.index + head
    parts = []
    # Upper and lower case change from year to year.
    scores = (re.fullmatch(r"CPI score ([0-9]{4})", name, re.IGNORECASE) for name in header)
    years = sorted(int(found[1]) for found in scores if found)
    if "ISO3" not in header or not years:
        missing = "CPI score 2012" if "ISO3" in header else "ISO3"
        raise missing_column(file, "TI's time series of the index", [missing], header)
    peers = raw[raw["ISO3"].isin(PEERS)]
    for year in years:
        score = _column(file, header, f"CPI score {year}")
        error = _column(file, header, f"Standard error {year}")
        parts.append(
            pd.DataFrame(
                {
                    "iso3": peers["ISO3"],
                    "year": year,
                    "score": number(peers[score], file, score),
                    "standard_error": number(peers[error], file, error),
                }
            )
        )
    frame = pd.concat(parts).sort_values(["iso3", "year"], kind="stable")
    return "corruption_perceptions", ordered(frame, "corruption_perceptions")


def _column(file: Path, header: list[str], name: str) -> str:
    """The header's own spelling of a column."""
    found = [given for given in header if given.lower() == name.lower()]
    if not found:
        raise missing_column(file, "TI's time series of the index", [name], header)
    return found[0]


def corruption_control(file: Path) -> tuple[str, pd.DataFrame]:
    """WGI control of corruption (indicator cc) since 2012, Ukraine and peers."""
    rows = workbooks.cells(file, "Sheet1")
    header = [str(cell).strip() for cell in rows[0]]
    names = ["code", "year", "indicator", "estimate", "stddev"]
    missing = [name for name in names if name not in header]
    if missing:
        raise missing_column(file, "the governance indicators", missing, header)
    raw = pd.DataFrame(rows[1:], columns=header)
    # The World Bank kept ROM as this table's code of Romania; ISO's is ROU.
    raw["code"] = raw["code"].replace("ROM", "ROU")
    raw = raw[raw["code"].isin(PEERS) & (raw["indicator"] == "cc")]
    raw = raw[number(raw["year"], file, "year") >= FIRST_YEAR]
    # '..' is the publisher's mark of a missing value.
    values = {c: number(raw[c].replace("..", ""), file, c) for c in ("estimate", "stddev")}
    frame = pd.DataFrame(
        {
            "iso3": raw["code"],
            "year": whole(number(raw["year"], file, "year"), file, "year", "a year"),
            "estimate": values["estimate"],
            "standard_error": values["stddev"],
        }
    ).dropna()
    frame = frame.sort_values(["iso3", "year"], kind="stable")
    return "corruption_control", ordered(frame, "corruption_control")


def security_agreements(file: Path) -> tuple[str, pd.DataFrame]:
    """Bilateral agreements: partner, day, duration, and the pages that date them."""
    names = [
        "partner", "code", "date_signed", "duration_years", "n_dated_sources",
        "in_mod_ukraine_list_nov2025", "source_1", "source_2",
    ]  # fmt: skip
    raw = csv_table(file, "the compiled list of security agreements", names)
    sources = number(raw["n_dated_sources"], file, "n_dated_sources")
    frame = pd.DataFrame(
        {
            "partner": text(raw["partner"]),
            "iso3": text(raw["code"]),
            "signed": text(raw["date_signed"]),
            "years": number(raw["duration_years"], file, "duration_years"),
            "dated_sources": whole(sources, file, "n_dated_sources"),
            "listed": _known(
                file,
                raw["in_mod_ukraine_list_nov2025"],
                "in_mod_ukraine_list_nov2025",
                {"yes": "yes", "no": "no"},
            )
            == "yes",
            **pages(raw["source_1"], raw["source_2"]),
        }
    ).sort_values(["signed", "partner"], kind="stable")
    return "security_agreements", ordered(frame, "security_agreements")


# What was asked, by how the compilers of the list call it.
QUESTIONS = {
    "referendum, all respondents": "referendum, all",
    "referendum, those who would take part": "referendum, voters",
    "want NATO by 2030": "wants membership",
    "want Ukraine in NATO": "wants membership",
}


def membership_polls(file: Path) -> tuple[str, pd.DataFrame]:
    """Polls on joining NATO; a single month or day is both the first and the last."""
    names = [
        "fieldwork_start", "fieldwork_end", "pollster", "pct_for", "pct_against",
        "question_base", "source_1", "source_2", "note",
    ]  # fmt: skip
    raw = csv_table(file, "the compiled list of polls", names)
    first = text(raw["fieldwork_start"])
    # '… (82 % would)': how many would take part stands behind who was asked.
    asked = raw["question_base"].str.extract(r"^(.*?)(?: \(([0-9]+) % would\))?$")
    frame = pd.DataFrame(
        {
            "from": first,
            "to": text(raw["fieldwork_end"]).fillna(first),
            "pollster": text(raw["pollster"]),
            "question": _known(file, asked[0], "question_base", QUESTIONS),
            "would_vote": number(asked[1], file, "question_base"),
            "support": number(raw["pct_for"], file, "pct_for"),
            "against": number(raw["pct_against"], file, "pct_against"),
            "derived": raw["note"].str.startswith("DERIVED").astype("boolean"),
            **pages(raw["source_1"], raw["source_2"]),
        }
    ).sort_values(["from", "pollster"], kind="stable")
    return "membership_polls", ordered(frame, "membership_polls")


CERT = "CERT-UA (SSSCIP)"
CERT_MEASURES = {
    "incidents handled manually": "handled",
    "incidents handled": "handled",
    "incidents handled (as restated in 2025)": "restated",
    "all recorded incl. automated (about)": "all recorded",
}


def cyber_incidents(file: Path) -> tuple[str, pd.DataFrame]:
    """CERT-UA's counts of whole years; other bodies count other things and are left out."""
    names = ["period", "body", "measure", "count", "source_1", "source_2"]
    raw = csv_table(file, "the compiled list of incidents", names)
    raw = raw[(raw["body"] == CERT) & raw["period"].str.fullmatch(r"[0-9]{4}")]
    frame = pd.DataFrame(
        {
            "year": whole(number(raw["period"], file, "period"), file, "period", "a year"),
            "measure": _known(file, raw["measure"], "measure", CERT_MEASURES),
            "incidents": whole(number(raw["count"], file, "count"), file, "count"),
            **pages(raw["source_1"], raw["source_2"]),
        }
    ).sort_values(["year", "measure"], kind="stable")
    return "cyber_incidents", ordered(frame, "cyber_incidents")


def cyber_initiators(file: Path) -> tuple[str, pd.DataFrame]:
    """EuRepoC's incidents with Ukraine among the receivers, and those with a Russian hand."""
    counts = {
        "incidents": "incidents_with_ukraine_among_receivers",
        "russian": "of_which_initiator_includes_russia",
    }
    raw = csv_table(file, "the yearly counts of EuRepoC", ["year", *counts.values(), "source"])
    frame = pd.DataFrame(
        {"year": whole(number(raw["year"], file, "year"), file, "year", "a year")}
        | {
            ours: whole(number(raw[theirs], file, theirs), file, theirs)
            for ours, theirs in counts.items()
        }
    )
    # The repository, commit and file; the words after it stand with the publisher below.
    frame["seen_in"] = text(raw["source"]).str.split(" (", regex=False).str[0]
    return "cyber_initiators", ordered(frame.sort_values("year"), "cyber_initiators")


READERS = {
    "defence_spending": defence_spending,
    "corruption_perceptions": corruption_perceptions,
    "corruption_control": corruption_control,
    "security_agreements": security_agreements,
    "membership_polls": membership_polls,
    "cyber_incidents": cyber_incidents,
    "cyber_initiators": cyber_initiators,
}
