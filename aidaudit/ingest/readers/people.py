"""Readers of refugees, displaced persons, grain, exports and energy."""

from __future__ import annotations

READERS: dict = {}
