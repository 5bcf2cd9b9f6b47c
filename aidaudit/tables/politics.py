"""Defence spending, governance, agreements, opinion and incidents."""

from __future__ import annotations

from aidaudit.schema import Table

RAW: dict[str, Table] = {}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {}
