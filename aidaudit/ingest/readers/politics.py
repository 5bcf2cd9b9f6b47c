"""Readers of defence spending, governance, agreements, opinion and incidents."""

from __future__ import annotations

READERS: dict = {}
