"""Readers of attacks, losses and territory."""

from __future__ import annotations

READERS: dict = {}
