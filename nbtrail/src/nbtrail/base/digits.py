"""Numbers as text holds them: of the digits 0 to 9.

Python's `int`, `float`, `Decimal`, `str.isdigit` and `\\d` take the digits of some sixty other
scripts for them, and `1_0` for ten; a table or an argument that says so means something else.
"""

from __future__ import annotations

import re

WHOLE = r"[+-]?[0-9]+"
NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"


def whole(text: str) -> int:
    """The whole number that a text is. Raises ValueError for anything else."""
    if not re.fullmatch(WHOLE, text):
        raise ValueError(f"no whole number of the digits 0 to 9: {text!r}")
    return int(text)


def number(text: str) -> float:
    """The number that a text is, finite or not. Raises ValueError for anything else."""
    if not re.fullmatch(NUMBER, text):
        raise ValueError(f"no number of the digits 0 to 9: {text!r}")
    return float(text)
