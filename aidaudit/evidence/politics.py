"""Tests of claims on spending, governance, agreements, opinion and incidents."""

from __future__ import annotations
