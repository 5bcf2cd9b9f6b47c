"""Tests of claims on what support could cost."""

from __future__ import annotations
