"""Tests of claims on packages of aid and appropriations."""

from __future__ import annotations
