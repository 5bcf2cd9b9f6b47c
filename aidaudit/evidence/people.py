"""Tests of claims on refugees, grain and energy."""

from __future__ import annotations
