"""Tests of claims on what the tracker counts besides aid: stocks, procurement, refugees."""

from __future__ import annotations
