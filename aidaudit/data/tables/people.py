"""People and trade: refugees, displaced persons, grain, exports, gas."""

from __future__ import annotations

from dataclasses import replace

from aidaudit.data.tables.common import DAY, ISO3, ROW, SEEN_IN, YEAR
from nbtrail.base.schema import MONTH, Column, Table


def _persons(description: str, minimum: int = 0) -> Column:
    return Column("integer", description, unit="persons", minimum=minimum, maximum=5e7)


_MONTH = Column("string", "Month of the record (YYYY-MM)", pattern=MONTH)

RAW: dict[str, Table] = {
    "refugees_year_end": Table(
        "refugees_year_end",
        "Refugees from Ukraine by host country at the end of the year",
        {
            "iso3": ISO3,
            "year": YEAR,
            "refugees": _persons("Refugees from Ukraine, those under temporary protection too"),
        },
        key=["iso3", "year"],
    ),
    "displaced_within": Table(
        "displaced_within",
        "Persons displaced within Ukraine at the end of the year",
        {"year": YEAR, "displaced": _persons("Internally displaced persons")},
        key=["year"],
    ),
    "refugees_recorded": Table(
        "refugees_recorded",
        "Refugees from Ukraine recorded by host country, the last record of each month",
        {
            "iso3": ISO3,
            "country": Column("string", "Host country, as published"),
            "month": _MONTH,
            "refugees": _persons("Refugees from Ukraine recorded in the country"),
            "seen_in": SEEN_IN,
        },
        key=["iso3", "month"],
    ),
    "refugees_press": Table(
        "refugees_press",
        "Numbers of refugees and of arrivals from Ukraine that the press quotes, by host",
        {
            "iso3": ISO3,
            "date": DAY,
            "measure": Column("string", "What was counted, in the words of the compilation"),
            "persons": _persons("Persons counted"),
            "seen_in": SEEN_IN,
        },
        key=["iso3", "date", "measure"],
    ),
    "temporary_protection": Table(
        "temporary_protection",
        "Beneficiaries of temporary protection in Poland, Romania and Hungary",
        {
            "iso3": ISO3,
            "month": _MONTH,
            "beneficiaries": _persons("Beneficiaries at the end of the month"),
        },
        key=["iso3", "month"],
    ),
    "grain_voyages": Table(
        "grain_voyages",
        "Cargoes that left Ukraine under the Black Sea Grain Initiative",
        {
            "row": ROW,
            "voyage": Column(
                "integer", "Outbound voyage; it may carry several cargoes", minimum=1
            ),
            "departed": DAY,
            "country": Column("string", "Destination, as published"),
            "income_group": Column(
                "string", "Income group of the destination, as the World Bank classes it"
            ),
            "commodity": Column("string", "Commodity, as published"),
            "tonnes": Column("number", "Cargo", unit="t", minimum=1, maximum=200_000),
        },
        key=["row"],
    ),
    "exports": Table(
        "exports",
        "Ukraine's exports of goods and services",
        {
            "year": YEAR,
            "exports_usd": Column(
                "number", "Exports", unit="US$, current", minimum=1e9, maximum=1e12
            ),
        },
        key=["year"],
    ),
    "energy": Table(
        "energy",
        "Ukraine's use of gas and of primary energy",
        {
            "year": YEAR,
            "gas_twh": Column("number", "Gas used", unit="TWh", minimum=0, maximum=5000),
            "primary_twh": Column(
                "number", "Primary energy used", unit="TWh", minimum=1, maximum=20_000
            ),
        },
        key=["year"],
    ),
}

_GROUPS = ["high-income", "upper-middle-income", "lower-middle-income", "low-income"]
_VOYAGES = RAW["grain_voyages"]
CLEAN: dict[str, Table] = {
    "grain_voyages": replace(
        _VOYAGES,
        columns=_VOYAGES.columns
        | {"income_group": replace(_VOYAGES.columns["income_group"], values=_GROUPS)},
    )
}
RESULTS: dict[str, Table] = {}
