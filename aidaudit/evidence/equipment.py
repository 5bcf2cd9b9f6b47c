"""Tests of claims on weapons and goods, by name and class."""

from __future__ import annotations
