"""Readers of acts, memoranda and decisions on packages of aid."""

from __future__ import annotations

READERS: dict = {}
