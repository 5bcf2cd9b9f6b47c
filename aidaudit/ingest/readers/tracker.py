"""Readers of what the Ukraine Support Tracker publishes beside its activities and totals."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from aidaudit.data.tables import RAW
from aidaudit.ingest.readers.common import (
    csv_table,
    days_or_words,
    iso_day,
    missing_column,
    number,
    ordered,
    pages,
    text,
    whole,
    wrong_cell,
)
from nbtrail.base import workbooks
from nbtrail.base.errors import AuditError

# What the summaries of releases add below or between the donors.
AGGREGATES = {"Total", "Average EU", "Average non-EU-NATO"}


def _named(
    raw: pd.DataFrame, file: Path, what: str, table: str, names: dict[str, str]
) -> pd.DataFrame:
    """Columns under our names (ours → theirs), typed; `raw` is indexed by upstream's rows.

    Raises AuditError for a missing column, or a cell of the wrong type with its place.
    """
    missing = [theirs for theirs in names.values() if theirs not in raw.columns]
    if missing:
        raise missing_column(file, what, missing, list(map(str, raw.columns)))
    out = {}
    for ours, theirs in names.items():
        kind = RAW[table].columns[ours].type
        out[ours] = text(raw[theirs]) if kind == "string" else number(raw[theirs], file, theirs)
        if kind == "integer":
            out[ours] = whole(out[ours], file, theirs)
    frame = pd.DataFrame(out, index=raw.index)
    if "donor" in frame:
        frame = frame[~frame["donor"].isin(AGGREGATES)]
    if "row" in RAW[table].columns:
        frame["row"] = frame.index + 2
    return ordered(frame, table)


def _csv(file: Path, what: str, table: str, names: dict[str, str]) -> tuple[str, pd.DataFrame]:
    return table, _named(csv_table(file, what, list(names.values())), file, what, table, names)


def _sheet(file: Path, sheet: str, header: int) -> pd.DataFrame:
    """A sheet as a table, its header being the row with this number (1 = the first).

    A header given twice counts once, at its first place.
    """
    rows = workbooks.cells(file, sheet)
    names = [" ".join(str(cell).split()) for cell in rows[header - 1]]
    frame = pd.DataFrame(rows[header:], dtype=object)
    frame.columns = names
    frame.index += header - 1
    return frame.loc[:, ~frame.columns.duplicated()]


def _database(file: Path, query: str) -> pd.DataFrame:
    """What a query of a DuckDB file returns. Raises AuditError for a file that is none."""
    import duckdb

    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(query).df()
    except (duckdb.IOException, duckdb.CatalogException, duckdb.BinderException) as error:
        raise AuditError(
            "the file is not a readable DuckDB database of release 19.",
            file=file.name,
            found=str(error).splitlines()[0],
            expected="a database with the tables of the release's summary sheets",
            mend="download it again: it may be cut short, or of another release.",
        ) from None


def kiel_commitments_workbook(file: Path) -> tuple[str, pd.DataFrame]:
    """The full workbook of release 7: commitments; rows of items without a value left out."""
    sheets = [s for s in workbooks.names(file) if s.lower().startswith("bilateral assistance")]
    raw = _sheet(file, (sheets or ["Bilateral assistance, MAIN DATA"])[0], 1)
    return _commitments(raw, file, "countries", lambda days: text(days.map(iso_day)))


def kiel_commitments_csv(file: Path) -> tuple[str, pd.DataFrame]:
    """The main data of release 13 as CSV: commitments; rows without a value left out."""
    raw = csv_table(file, "the main data of release 13", ["ID"])

    def days(words: pd.Series) -> pd.Series:
        words = text(words)
        dates = pd.to_datetime(words, format="%m/%d/%Y", errors="coerce")
        return dates.dt.strftime("%Y-%m-%d").where(dates.notna(), words)

    if "Converted Value in EUR" in raw:
        raw = raw.assign(
            **{"Converted Value in EUR": raw["Converted Value in EUR"].str.replace(",", "")}
        )
    return _commitments(raw, file, "Countries", days)


def _commitments(raw: pd.DataFrame, file: Path, donor: str, days) -> tuple[str, pd.DataFrame]:
    names = {
        "activity_id": "ID",
        "donor": donor,
        "announcement_date": "Announcement Date",
        "aid_type": "Type of Aid General",
        "reporting_currency": "Original Currency",
        "commitment_eur": "Converted Value in EUR",
    }
    what = "the main data of a release with commitments only"
    missing = [theirs for theirs in names.values() if theirs not in raw.columns]
    if missing:
        raise missing_column(file, what, missing, list(map(str, raw.columns)))
    name = names["announcement_date"]
    raw = raw.assign(**{name: days_or_words(days(raw[name]), file, name)})
    valued = text(raw[names["commitment_eur"]]).notna()
    return "commitments", _named(raw[valued], file, what, "commitments", names)


# The columns of the country summary, as release 16 and release 25 name them alike.
SUMMARY = {
    "donor": "Country",
    "financial_eur_bn": "Financial allocations",
    "humanitarian_eur_bn": "Humanitarian allocations",
    "military_eur_bn": "Military allocations",
    "commitment_eur_bn": "Total bilateral commitments",
}


def kiel_summary_workbook(file: Path) -> tuple[str, pd.DataFrame]:
    """The country summary of release 16: totals by donor, in bn EUR."""
    raw = _sheet(file, "Sheet2", 1)
    return "donor_totals", _named(raw, file, "a country summary", "donor_totals", SUMMARY)


def kiel_summary_csv(file: Path) -> tuple[str, pd.DataFrame]:
    """The country summary of release 25: totals by donor, in bn EUR; its total left out."""
    return _csv(file, "a country summary", "donor_totals", SUMMARY)


def kiel_summary_database(file: Path) -> tuple[str, pd.DataFrame]:
    """The country summary of release 19: totals by donor, in bn EUR and bn US$."""
    raw = _database(
        file,
        """select eur.*, usd.total_bilateral_allocations__billion as usd
        from "a_summary_€" eur join "b_summary_$" usd using (country) order by eur.rowid""",
    )
    names = {
        "donor": "country",
        "financial_eur_bn": "financial_allocations__billion",
        "humanitarian_eur_bn": "humanitarian_allocations__billion",
        "military_eur_bn": "military_allocations__billion",
        "commitment_eur_bn": "total_bilateral_commitments__billion",
        "allocation_usd_bn": "usd",
    }
    return "donor_totals", _named(raw, file, "a country summary", "donor_totals", names)


def kiel_over_time_workbook(file: Path) -> tuple[str, pd.DataFrame]:
    """Allocations by month as release 16 saw them."""
    what = "the table of allocations over time"
    raw = _sheet(file, "Sheet1", 1)
    names = {
        "month": "Month",
        "us_eur_bn": "United States, allocated (€ billion)",
        "europe_eur_bn": "Europe, allocated (€ billion)",
        "allocation_eur_bn": "Total aid, allocated (€ billion)",
        "financial_eur_bn": "Financial aid, allocated (€ billion)",
        "humanitarian_eur_bn": "Humanitarian aid, allocated (€ billion)",
        "military_eur_bn": "Military aid, allocated (€ billion)",
        "commitment_eur_bn": "Total aid, committed (€ billion)",
    }
    return _over_time(raw, file, what, names)


def kiel_over_time_database(file: Path) -> tuple[str, pd.DataFrame]:
    """Allocations by month as release 19 saw them."""
    raw = _database(file, "select * from c_allocated_over_time order by rowid")
    names = {
        "month": "month",
        "us_eur_bn": "united_states_allocated__billion",
        "europe_eur_bn": "europe_allocated__billion",
        "allocation_eur_bn": "total_aid_allocated__billion",
        "financial_eur_bn": "financial_aid_allocated__billion",
        "humanitarian_eur_bn": "humanitarian_aid_allocated__billion",
        "military_eur_bn": "military_aid_allocated__billion",
        "commitment_eur_bn": "total_aid_committed__billion",
    }
    return _over_time(raw, file, "the table of allocations over time", names)


def _over_time(
    raw: pd.DataFrame, file: Path, what: str, names: dict[str, str]
) -> tuple[str, pd.DataFrame]:
    table = "allocations_over_time"
    frame = _named(raw.assign(**_day_of(raw, names["month"])), file, what, table, names)
    # The sheets name a month by its first day.
    frame["month"] = frame["month"].str.slice(0, 7)
    return table, frame


def _day_of(raw: pd.DataFrame, column: str) -> dict[str, pd.Series]:
    return {column: raw[column].map(iso_day)} if column in raw.columns else {}


def kiel_refugee_costs(file: Path) -> tuple[str, pd.DataFrame]:
    """Refugee costs by donor, as release 19 estimates them."""
    raw = _database(file, 'select * from "e_allocations_refugees_€" order by rowid')
    names = {"donor": "country", "refugee_costs_eur_bn": "refugee_cost_estimation"}
    table = "refugee_costs"
    return table, _named(raw, file, "the table of refugee costs", table, names)


def kiel_budget_support(file: Path) -> tuple[str, pd.DataFrame]:
    """Budget support by donor, allocated and disbursed, as of release 19."""
    raw = _database(file, "select * from i_budget_support_by_donor order by rowid")
    names = {
        "donor": "country",
        "allocation_eur_bn": "allocations_loans_grants_and_guarantees",
        "disbursement_eur_bn": "disbursements",
    }
    table = "budget_support"
    return table, _named(raw, file, "the table of budget support", table, names)


def kiel_stocks_pledged(file: Path) -> tuple[str, pd.DataFrame]:
    """Shares of stocks pledged, by donor, as of release 19; averages left out."""
    raw = _database(file, "select * from k_share_of_stocks_pledged order by rowid")
    names = {
        "donor": "country",
        "average": "average_total_committed",
        "delivered": "average_total_delivered",
        "tanks": "tanks",
        "howitzers": "155mm152mm_howitzers",
        "rocket_launchers": "mlrs",
    }
    table = "stocks_pledged"
    return table, _named(raw, file, "the table of pledged stocks", table, names)


SIDES = {"Russian pre-war stock (2021)": "Russia", "Ukrainian pre-war stock (2021)": "Ukraine"}


def kiel_stocks_before_war(file: Path) -> tuple[str, pd.DataFrame]:
    """Stocks of heavy weapons of both sides before the war, from the workbook of release 7."""
    what, sheet = "the figure of the military aid gap", "Figure 7 Military gap"
    raw = _sheet(file, sheet, 4)
    raw = raw.loc[:, [name != "" for name in raw.columns]]
    missing = [name for name in ("Item", "Source") if name not in raw.columns]
    if missing:
        raise missing_column(file, what, missing, list(raw.columns))
    of_sides = raw[raw["Item"].isin(list(SIDES))]
    classes = list(raw.columns[1 : list(raw.columns).index("Source")])
    long = of_sides.melt(["Item", "Source"], classes, "weapon_class", "item_count")
    long["Item"] = long["Item"].map(SIDES)
    names = {
        "side": "Item",
        "weapon_class": "weapon_class",
        "item_count": "item_count",
        "seen_in": "Source",
    }
    return "stocks_before_war", _named(long, file, what, "stocks_before_war", names)


def kiel_disbursements(file: Path) -> tuple[str, pd.DataFrame]:
    """Budget support disbursed by donor and month, processed by a third party."""
    names = {
        "donor": "giver",
        "year": "aar",
        "month": "maaned",
        "disbursement_eur_bn": "verdi_eur_mrd",
    }
    return _csv(file, "the table of disbursements", "disbursements", names)


def kiel_heavy_weapons(file: Path) -> tuple[str, pd.DataFrame]:
    """Heavy weapons by donor and class, from the tracker's website."""
    names = {
        "donor": "donor",
        "weapon_class": "category",
        "item_count": "number_of_weapons",
        "allocation_eur": "monetary_value_eur",
    }
    return _csv(file, "the table of weapons", "heavy_weapons", names)


def kiel_procurement(file: Path) -> tuple[str, pd.DataFrame]:
    """Military allocations by month and origin of the weapons, from the tracker's website."""
    names = {
        "year": "year",
        "month": "month",
        "stockpile_eur_bn": "stockpile",
        "procurement_eur_bn": "procurement",
        "unspecified_eur_bn": "unspecified",
        "nato_purl_eur_bn": "nato_purl",
    }
    return _csv(file, "the table of procurement", "procurement", names)


def kiel_eu_shares(file: Path) -> tuple[str, pd.DataFrame]:
    """Shares of member states in the aid of the EU, from the tracker's website."""
    names = {
        "donor": "country",
        "bilateral_percent": "bilateral_pct_gdp",
        "eu_share_percent": "eu_share_pct_gdp",
        "eu_share_eur_bn": "eu_share_bn",
    }
    return _csv(file, "the table of EU shares", "eu_shares", names)


# How the compilers of the list say what a day of publication rests on.
BASES = {
    "unknown": r"not printed\b",
    "printed": r"printed\b",
    "inferred": r"scheduled date\b",
    "dated copy": r".*\b(copy|dated|published on|report|Thursday)\b",
}
# A site with its path, or with the name or number by which the page is found there.
_SITE = re.compile(r"((?:[\w-]+\.)+(?:de|com|ch)\b(?:/[^\s,;:)]+)?)(?: \(?([\w-]{8,})\)?)?")


def kiel_release_dates(file: Path) -> tuple[str, pd.DataFrame]:
    """Releases with their days of publication, from a list of totals that the press quotes.

    Rows without a release's number are left out: nobody can tell which one they are of.
    """
    names = [
        "release_number", "release_number_basis", "cut_off_date", "publication_date",
        "publication_date_basis", "seen_in",
    ]  # fmt: skip
    raw = csv_table(file, "the compiled list of releases", names)
    raw = raw[text(raw["release_number"]).notna()]
    raw = raw.assign(
        release=whole(
            number(raw["release_number"], file, "release_number"), file, "release_number"
        ),
        printed=text(raw["release_number_basis"]).str.startswith("printed"),
    )
    rows = []
    for release, part in raw.groupby("release", sort=True):
        for column in ("cut_off_date", "publication_date", "publication_date_basis"):
            other = part.loc[part[column] != part[column].iloc[0], column]
            if len(other):
                raise wrong_cell(
                    f"two rows of release {release} say different things.",
                    other, file, column, part[column].iloc[0],
                )  # fmt: skip
        said = part["publication_date_basis"]
        basis = next((b for b, words in BASES.items() if re.match(words, said.iloc[0])), None)
        if basis is None:
            raise wrong_cell(
                "the day of publication rests on something that is not known.",
                said, file, "publication_date_basis", f"one of {list(BASES)}",
                "if it is right, teach its words to aidaudit/ingest/readers/tracker.py.",
            )  # fmt: skip
        rows.append(
            {
                "release": release,
                "number_printed": part["printed"].any(),
                "cut_off": text(part["cut_off_date"]).iloc[0],
                "published": text(part["publication_date"]).iloc[0],
                "basis": basis,
                **dict(zip(("seen_in", "seen_in_too"), _dated_by(part), strict=False)),
            }
        )
    return "release_dates", ordered(pd.DataFrame(rows), "release_dates")


def _dated_by(part: pd.DataFrame) -> list[str]:
    """The pages that date a release: those that its basis names, or all that quote it."""
    found = part["seen_in"].str.findall(r"https?://(?:www\.)?([^\s|;]+)").explode().dropna()
    pages = list(dict.fromkeys(found))
    named = []
    for site, place in _SITE.findall(part["publication_date_basis"].iloc[0]):
        whole_address = [page for page in pages if site in page]
        named += whole_address or [f"{site} {place}".strip()]
    return named or pages


def published_totals(file: Path) -> tuple[str, pd.DataFrame]:
    """Totals of releases as pages quote them, in bn EUR; rows without a figure are left out."""
    names = ["cut_off_date", "measure", "scope", "aid_type", "value_eur_bn", "seen_in"]
    raw = csv_table(file, "the compiled list of published totals", names)
    frame = pd.DataFrame(
        {
            "row": raw.index + 2,
            "cut_off": text(raw["cut_off_date"]),
            "measure": text(raw["measure"]),
            "scope": text(raw["scope"]),
            "aid_type": text(raw["aid_type"]),
            "value_eur_bn": number(raw["value_eur_bn"], file, "value_eur_bn"),
            **pages(raw["seen_in"].str.replace(";", " "), pd.Series("", index=raw.index)),
        }
    ).dropna(subset="value_eur_bn")
    return "published_totals", ordered(frame, "published_totals")


READERS = {
    "published_totals": published_totals,
    "kiel_commitments_workbook": kiel_commitments_workbook,
    "kiel_commitments_csv": kiel_commitments_csv,
    "kiel_summary_workbook": kiel_summary_workbook,
    "kiel_summary_csv": kiel_summary_csv,
    "kiel_summary_database": kiel_summary_database,
    "kiel_over_time_workbook": kiel_over_time_workbook,
    "kiel_over_time_database": kiel_over_time_database,
    "kiel_refugee_costs": kiel_refugee_costs,
    "kiel_budget_support": kiel_budget_support,
    "kiel_stocks_pledged": kiel_stocks_pledged,
    "kiel_stocks_before_war": kiel_stocks_before_war,
    "kiel_disbursements": kiel_disbursements,
    "kiel_heavy_weapons": kiel_heavy_weapons,
    "kiel_procurement": kiel_procurement,
    "kiel_eu_shares": kiel_eu_shares,
    "kiel_release_dates": kiel_release_dates,
}
