"""Tests of claims on interceptions, losses and territory."""

from __future__ import annotations
