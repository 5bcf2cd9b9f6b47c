"""How results depend on definitions: specifications, revisions, scenarios."""

from __future__ import annotations

from aidaudit.schema import Table

RAW: dict[str, Table] = {}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {}
