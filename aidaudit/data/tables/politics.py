"""Defence spending, governance, agreements, opinion and incidents."""

from __future__ import annotations

from aidaudit.data.tables.common import ISO3, SEEN_IN, SEEN_IN_TOO, YEAR
from nbtrail.base.schema import ISO_DATE, Column, Table

DAY_OR_MONTH = r"^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$"

RAW = {
    "defence_spending": Table(
        "defence_spending",
        "Defence expenditure of NATO's members and of two aggregates",
        {
            "member": Column(
                "string",
                "Member (ISO 3166-1 alpha-3), NATO_TOTAL, or NATO_EUR_CAN for all but the US",
                pattern="^([A-Z]{3}|NATO_TOTAL|NATO_EUR_CAN)$",
            ),
            "year": YEAR,
            "status": Column(
                "string", "As the publisher marks it", values=["actual", "estimate"]
            ),
            "share_gdp": Column(
                "number", "Core defence expenditure", unit="% of GDP", minimum=0, maximum=20
            ),
            "usd_m": Column(
                "number",
                "Core defence expenditure",
                unit="million US$, current prices and exchange rates",
                minimum=0,
                maximum=5e6,
            ),
        },
        key=["member", "year"],
    ),
    "corruption_perceptions": Table(
        "corruption_perceptions",
        "Corruption Perceptions Index of Ukraine and its peers",
        {
            "iso3": ISO3,
            "year": YEAR,
            "score": Column(
                "number", "Score", unit="points, 100 = very clean", minimum=0, maximum=100
            ),
            "standard_error": Column(
                "number", "Standard error of the score", unit="points", minimum=0, maximum=50
            ),
        },
        key=["iso3", "year"],
    ),
    "corruption_control": Table(
        "corruption_control",
        "Worldwide Governance Indicators: control of corruption of Ukraine and its peers",
        {
            "iso3": ISO3,
            "year": YEAR,
            "estimate": Column(
                "number",
                "Estimate of control of corruption",
                unit="standard normal units, higher is better",
                minimum=-4,
                maximum=4,
            ),
            "standard_error": Column(
                "number",
                "Standard error of the estimate",
                unit="standard normal units",
                minimum=0,
                maximum=2,
            ),
        },
        key=["iso3", "year"],
    ),
    "security_agreements": Table(
        "security_agreements",
        "Bilateral security agreements of Ukraine, with the pages that date them",
        {
            "partner": Column("string", "Partner, and the instrument where it has two"),
            "iso3": Column(
                "string", "ISO 3166-1 alpha-3, EU for the Union", pattern="^[A-Z]{2,3}$"
            ),
            "signed": Column("string", "Day of signature", pattern=ISO_DATE),
            "years": Column(
                "number", "Duration", unit="years", required=False, minimum=1, maximum=100
            ),
            "dated_sources": Column(
                "integer", "Independent pages that date it", minimum=1, maximum=10
            ),
            "listed": Column(
                "boolean", "In the list of Ukraine's Ministry of Defence (Nov 2025)"
            ),
            "seen_in": SEEN_IN,
            "seen_in_too": SEEN_IN_TOO,
        },
        key=["partner"],
    ),
    "membership_polls": Table(
        "membership_polls",
        "Polls in Ukraine on joining NATO",
        {
            "from": Column("string", "First day or month of fieldwork", pattern=DAY_OR_MONTH),
            "to": Column("string", "Last day or month of fieldwork", pattern=DAY_OR_MONTH),
            "pollster": Column("string", "Pollster, and for whom"),
            "question": Column(
                "string",
                "What was asked of whom: a vote in a referendum (of all respondents, or of "
                "those who would take part), or whether one wants membership",
                values=["referendum, all", "referendum, voters", "wants membership"],
            ),
            "would_vote": Column(
                "number",
                "Of all respondents, those who would take part, where the poll asked only "
                "them and says so",
                unit="%",
                required=False,
                minimum=0,
                maximum=100,
            ),
            "support": Column("number", "For joining", unit="%", minimum=0, maximum=100),
            "against": Column(
                "number", "Against", unit="%", required=False, minimum=0, maximum=100
            ),
            "derived": Column("boolean", "Derived from another poll and a stated change"),
            "seen_in": SEEN_IN,
            "seen_in_too": SEEN_IN_TOO,
        },
        key=["from", "pollster"],
    ),
    "cyber_incidents": Table(
        "cyber_incidents",
        "Incidents that Ukraine's CERT-UA counted per year; no initiator is named",
        {
            "year": YEAR,
            "measure": Column(
                "string",
                "handled, handled as restated in 2025, or all that were recorded (about)",
                values=["handled", "restated", "all recorded"],
            ),
            "incidents": Column("integer", "Incidents", unit="count", minimum=0),
            "seen_in": SEEN_IN,
            "seen_in_too": SEEN_IN_TOO,
        },
        key=["year", "measure"],
    ),
    "cyber_initiators": Table(
        "cyber_initiators",
        "Incidents with Ukraine among the receivers in EuRepoC 1.1, per year",
        {
            "year": YEAR,
            "incidents": Column("integer", "Incidents", unit="count", minimum=0),
            "russian": Column(
                "integer", "Of which an initiator is Russian", unit="count", minimum=0
            ),
            "seen_in": SEEN_IN,
        },
        key=["year"],
    ),
}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {}
