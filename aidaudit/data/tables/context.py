"""What aid stands against: rates, economies, people, memberships; and our own registers."""

from __future__ import annotations

from aidaudit.data.tables.common import OPTIONAL_TEXT
from aidaudit.data.vocabulary import MEASURES
from nbtrail.base.schema import ISO_DATE, Column, Table

RAW = {
    "euro_rates": Table(
        "euro_rates",
        "Euro foreign exchange reference rates of the currencies that donors report in",
        {
            "date": Column("string", "Day of the rate", pattern=ISO_DATE),
            "currency": Column("string", "ISO 4217 code", pattern="^[A-Z]{3}$"),
            "per_eur": Column(
                "number",
                "Units of the currency per euro",
                unit="currency per EUR",
                minimum=1e-6,
                maximum=1e6,
            ),
        },
        key=["date", "currency"],
    ),
    "outlook": Table(
        "outlook",
        "World Economic Outlook series: donors' GDP and Ukraine's macro-economy",
        {
            "iso3": Column("string", "Country", pattern="^[A-Z]{3}$"),
            "concept": Column("string", "WEO subject code", pattern="^[A-Z_]+$"),
            "year": Column("integer", "Calendar year", minimum=1980, maximum=2040),
            "value": Column("number", "Value in the unit and scale beside it"),
            "unit": Column("string", "USD, XDC (national currency), PT (per cent), IX, na"),
            "scale": Column("integer", "Power of ten of the value", minimum=0, maximum=12),
            "status": Column(
                "string",
                "actual up to the last actual year, estimate after it, else unknown",
                values=["actual", "estimate", "unknown"],
            ),
        },
        key=["iso3", "concept", "year"],
    ),
    "population": Table(
        "population",
        "Mid-year population",
        {
            "iso3": Column("string", "Country", pattern="^[A-Z]{3}$"),
            "year": Column("integer", "Calendar year", minimum=2000, maximum=2040),
            "population": Column(
                "number", "Mid-year population", unit="persons", minimum=1, maximum=2e9
            ),
        },
        key=["iso3", "year"],
    ),
    "nato_members": Table(
        "nato_members",
        "NATO members with the year of accession",
        {
            "iso3": Column("string", "Country", pattern="^[A-Z]{3}$"),
            "country": Column("string", "Country name"),
            "accession": Column(
                "string",
                "Accession: a year, or a date once corrected",
                pattern=r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$",
            ),
        },
        key=["iso3"],
    ),
    "eu_members": Table(
        "eu_members",
        "EU members with the date of accession, and of exit once corrected",
        {
            "iso2": Column("string", "Country", pattern="^[A-Z]{2}$"),
            "country": Column("string", "Country name"),
            "accession": Column("string", "Date of accession", pattern=ISO_DATE),
            "exit": Column(
                "string",
                "Date of exit, empty for present members",
                required=False,
                pattern=ISO_DATE,
            ),
        },
        key=["iso2"],
    ),
    "donors": Table(
        "donors",
        "The donors that this project knows, with all allies: one spelling each, codes, kind",
        {
            "donor": Column("string", "The project's spelling"),
            "iso3": Column(**OPTIONAL_TEXT, description="ISO 3166-1 alpha-3"),
            "iso2": Column(**OPTIONAL_TEXT, description="ISO 3166-1 alpha-2"),
            "kind": Column("string", "What it is", values=["state", "eu_institution"]),
            "europe": Column(
                "boolean",
                "In Europe: as the tracker counts it, and all allies but the US and Canada",
            ),
        },
        key=["donor"],
    ),
    "corrections": Table(
        "corrections",
        "Corrections to raw tables: what, why, and how many cells each must touch",
        {
            "source": Column("string", "Folder under data/raw"),
            "release": Column(**OPTIONAL_TEXT, description="Release, where there are several"),
            "key": Column("string", "sub_activity_id or first key column; * for every row"),
            "column": Column("string", "Column to correct"),
            "from": Column(**OPTIONAL_TEXT, description="Value found (empty = null)"),
            "to": Column(**OPTIONAL_TEXT, description="Value put in its place (empty = null)"),
            "reason": Column("string", "Why"),
            "expect": Column("integer", "Number of cells it must change", minimum=1),
        },
        key=["source", "release", "key", "column", "from"],
    ),
    "plausibility": Table(
        "plausibility",
        "What a Kiel release says against all expectation, and is accepted as published",
        {
            "release": Column("integer", "Release", minimum=1),
            "against": Column(
                "integer",
                "The release before it that it is held against; empty where it is by itself",
                required=False,
                minimum=1,
            ),
            "check": Column(
                "string", "What was checked, see aidaudit/measures/plausibility.py"
            ),
            "measure": Column(
                "string", "allocation or commitment", required=False, values=MEASURES
            ),
            "part": Column(**OPTIONAL_TEXT, description="Donor, type of aid, or donor: type"),
            "found": Column("number", "Change since that release, or number of rows"),
            "unit": Column("string", "Unit of found", values=["bn EUR", "rows", "months"]),
            "reason": Column("string", "Why it is accepted", pattern="^[^<].*$"),
        },
        key=["release", "against", "check", "measure", "part"],
    ),
}

CLEAN = {
    "donors": Table(
        "donors",
        "Who is who and since when: donors with their memberships",
        {
            "donor": Column("string", "Donor"),
            "iso3": Column(**OPTIONAL_TEXT, description="ISO 3166-1 alpha-3"),
            "kind": Column("string", "What it is", values=["state", "eu_institution"]),
            "europe": Column(
                "boolean",
                "In Europe: as the tracker counts it, and all allies but the US and Canada",
            ),
            "nato_from": Column(
                "string",
                "NATO accession (1 January where only the year is published)",
                required=False,
                pattern=ISO_DATE,
            ),
            "eu_from": Column("string", "EU accession", required=False, pattern=ISO_DATE),
            "eu_to": Column("string", "EU exit", required=False, pattern=ISO_DATE),
        },
        key=["donor"],
    ),
    "rates": RAW["euro_rates"],
    "economy": RAW["outlook"],
}
