"""The table of claims with their verdicts."""

from __future__ import annotations

from aidaudit.schema import Column, Table
from aidaudit.tables.common import OPTIONAL_TEXT

RESULTS = {
    "claims": Table(
        "claims",
        "Every claim with its computed verdict",
        {
            "claim_id": Column("string", "Claim"),
            "locator": Column("string", "Paragraph of the article"),
            "verdict": Column("string", "Computed verdict"),
            "value": Column("number", "Computed value, literal reading", required=False),
            "low": Column("number", "Lowest admissible reading", required=False),
            "high": Column("number", "Highest admissible reading", required=False),
            "unit": Column(**OPTIONAL_TEXT, description="Unit of value, low and high"),
            "asserted": Column(
                **OPTIONAL_TEXT, description="What the article asserts, with the tolerance"
            ),
            "reason": Column("string", "One sentence"),
            "figure": Column(**OPTIONAL_TEXT, description="Figure that shows it"),
        },
        key=["claim_id"],
    ),
}
