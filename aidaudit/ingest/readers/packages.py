"""Readers of acts, memoranda and decisions on packages of aid."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from aidaudit.ingest.readers.common import csv_table, number, ordered, pages, text, whole

DERIVED = "DERIVED"


def us_acts(file: Path) -> tuple[str, pd.DataFrame]:
    """The acts with their totals, and sums of several acts; derived totals say so."""
    names = ["public_law", "date_enacted", "total_usd_bn", "total_source", "date_source"]
    raw = csv_table(file, "the compiled list of supplemental acts", names)
    law = text(raw["public_law"])
    derived = raw["total_source"].str.startswith(DERIVED)
    frame = pd.DataFrame(
        {
            "law": law,
            "kind": law.str.startswith("P.L.").map({True: "act", False: "sum"}),
            "enacted": text(raw["date_enacted"]),
            "total_usd_bn": number(raw["total_usd_bn"], file, "total_usd_bn"),
            "derived": derived,
            **pages(raw["total_source"].where(~derived, ""), raw["date_source"]),
        }
    )
    return "us_acts", ordered(frame, "us_acts")


def us_accounts(file: Path) -> tuple[str, pd.DataFrame]:
    """Items of the acts; totals and 'of which' stand side by side, as upstream has them."""
    raw = csv_table(
        file, "the compiled list of accounts", ["act", "category", "item", "usd_bn", "source"]
    )
    found = pages(raw["source"], pd.Series("", index=raw.index))
    # What was taken from a repository names it instead of a page.
    found["seen_in"] = found["seen_in"].fillna(raw["source"].str.split("@").str[0])
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            "law": text(raw["act"]),
            "category": text(raw["category"]),
            "item": text(raw["item"]),
            "usd_bn": number(raw["usd_bn"], file, "usd_bn"),
            **found,
        }
    )
    return "us_accounts", ordered(frame, "us_accounts")


def act_of_may_2022(file: Path) -> tuple[str, pd.DataFrame]:
    """Public Law 117-128 by account, in million US$."""
    names = ["heading_of_title", "section_of_heading", "paragraph_of_section", "amount_mil_usd"]
    raw = csv_table(file, "the accounts of Public Law 117-128", names)
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            "heading": text(raw[names[0]]),
            "section": text(raw[names[1]]),
            "account": text(raw[names[2]]),
            "usd_m": number(raw[names[3]], file, names[3]),
        }
    )
    return "act_of_may_2022", ordered(frame, "act_of_may_2022")


def us_counted(file: Path) -> tuple[str, pd.DataFrame]:
    """What a tracker counts of the act of March 2022."""
    names = ["act", "counted", "item", "usd_bn", "source"]
    raw = csv_table(file, "the list of counted items", names)
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            "law": text(raw["act"]),
            "counted": text(raw["counted"]),
            "item": text(raw["item"]),
            "usd_bn": number(raw["usd_bn"], file, "usd_bn"),
            "seen_in": pages(raw["source"], pd.Series("", index=raw.index))["seen_in"],
        }
    )
    return "us_counted", ordered(frame, "us_counted")


def us_memoranda(file: Path) -> tuple[str, pd.DataFrame]:
    """Memoranda with their ceilings; the page is named up to its day, its text by its hash."""
    names = ["memo_date", "drawdown_506a1_usd_million", "source_url", "memo_sha256"]
    raw = csv_table(file, "the list of drawdown memoranda", names)
    page = pages(raw["source_url"], pd.Series("", index=raw.index))["seen_in"]
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            "date": text(raw["memo_date"]),
            "usd_m": number(raw[names[1]], file, names[1]),
            "sha256": text(raw["memo_sha256"]),
            # The slug is longer than a cell may be; the archive lists pages by day.
            "seen_in": page.str.rstrip("/").str.rsplit("/", n=1).str[0] + "/",
        }
    ).sort_values(["date", "row"], kind="stable")
    return "us_memoranda", ordered(frame, "us_memoranda")


def us_drawdowns(file: Path) -> tuple[str, pd.DataFrame]:
    """Packages on the embassy's list, with the memorandum that falls near each."""
    names = [
        "pda_no", "date_on_list", "amount_usd_mn_on_list", "memo_date_matched",
        "memo_506a1_usd_mn", "source",
    ]  # fmt: skip
    raw = csv_table(file, "the list of drawdown packages", names)
    frame = pd.DataFrame(
        {
            "package": whole(number(raw["pda_no"], file, "pda_no"), file, "pda_no"),
            "date": text(raw["date_on_list"]),
            "usd_m": number(raw[names[2]], file, names[2]),
            "memorandum": text(raw["memo_date_matched"]),
            "memorandum_usd_m": number(raw[names[4]], file, names[4]),
            "seen_in": pages(raw["source"], pd.Series("", index=raw.index))["seen_in"],
        }
    ).sort_values("package", kind="stable")
    return "us_drawdowns", ordered(frame, "us_drawdowns")


def eu_assistance(file: Path) -> tuple[str, pd.DataFrame]:
    """Loans and grants of the EU by event; rows that were derived say so."""
    names = ["instrument", "event", "date", "eur_bn", "source_1", "source_2"]
    raw = csv_table(file, "the compiled list of EU assistance", names)
    derived = raw["source_1"].str.startswith(DERIVED)
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            "instrument": text(raw["instrument"]),
            "event": text(raw["event"]),
            "date": text(raw["date"]),
            "eur_bn": number(raw["eur_bn"], file, "eur_bn"),
            "derived": derived,
            **pages(raw["source_1"].where(~derived, ""), raw["source_2"]),
        }
    )
    return "eu_assistance", ordered(frame, "eu_assistance")


READERS = {
    "us_acts": us_acts,
    "us_accounts": us_accounts,
    "act_of_may_2022": act_of_may_2022,
    "us_counted": us_counted,
    "us_memoranda": us_memoranda,
    "us_drawdowns": us_drawdowns,
    "eu_assistance": eu_assistance,
}
