"""People and trade: refugees, displaced persons, grain, exports, energy."""

from __future__ import annotations

from aidaudit.schema import Table

RAW: dict[str, Table] = {}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {}
