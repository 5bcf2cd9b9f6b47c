"""Columns that several tables share."""

from __future__ import annotations

from aidaudit.data.vocabulary import ABSURD_EUR, UNDATED
from nbtrail.base.schema import ISO_DATE, MONTH, Column

EUR = {"unit": "EUR, nominal", "minimum": 0, "maximum": ABSURD_EUR}
EUR_BN = {"unit": "bn EUR, nominal", "minimum": 0, "maximum": ABSURD_EUR / 1e9}
MONTH_OR_UNDATED = rf"({MONTH})|(^{UNDATED}$)"
OPTIONAL_TEXT = {"type": "string", "required": False}
ROW = Column("integer", "Row in the upstream file (header = 1)", minimum=2)
DONOR = Column(
    "string",
    "Donor, in the project's spelling",
    register="donor",
    kept_in="data/raw/memberships/donors.csv",
)
ISO3 = Column("string", "Country, ISO 3166-1 alpha-3", pattern="^[A-Z]{3}$")
DAY = Column("string", "Day (ISO date)", pattern=ISO_DATE)
YEAR = Column("integer", "Calendar year", minimum=1980, maximum=2040)
SEEN_IN = Column("string", "Page or repository in which the row was seen")
SEEN_IN_TOO = Column("string", "Another page in which the row was seen", required=False)
