"""The table of claims with their verdicts."""

from __future__ import annotations

from aidaudit.data.tables.common import OPTIONAL_TEXT
from nbtrail.base.schema import Column, Table

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
    "readings": Table(
        "readings",
        "What the verdicts rest on: every reading and condition, and caveats of the data",
        {
            "claim_id": Column("string", "Claim"),
            "place": Column("integer", "Order within the claim; 1 is literal", minimum=1),
            "kind": Column("string", "What it is", values=["reading", "condition", "caveat"]),
            "label": Column("string", "Reading, condition or caveat in words"),
            "value": Column("number", "Value of a reading", required=False),
            "unit": Column("string", "Unit of the value"),
            "holds": Column("boolean", "Whether it meets the claim"),
        },
        key=["claim_id", "place"],
    ),
}
