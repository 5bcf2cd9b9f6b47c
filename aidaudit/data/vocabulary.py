"""The words and bounds that every table of aid shares."""

from __future__ import annotations

# No single activity announced so far exceeds 50 bn EUR (the EU's Ukraine Facility); a value
# ten times that is a unit slip (thousands or millions read as euros).
ABSURD_EUR = 5e11
AID_TYPES = ["Financial", "Humanitarian", "Military"]
NOT_SPLIT = "Not split by type"
MEASURES = ["allocation", "commitment"]
UNDATED = "undated"
