"""What was given, item by item, and how items are classed."""

from __future__ import annotations

from nbtrail.base.schema import Table

RAW: dict[str, Table] = {}
CLEAN: dict[str, Table] = {}
RESULTS: dict[str, Table] = {}
