"""The tests that claims name: each turns data into readings, conditions and a reason.

One small function per test, registered under its name, in a module per subject. A function
says what it measured, in the unit of the assertion; `verdicts` judges it. Where the data
cannot answer, it raises NotTestable with the reason.
"""

from aidaudit.claims.evidence import (  # noqa: F401  (importing them registers their tests)
    aid,
    economy,
    equipment,
    packages,
    people,
    politics,
    scenarios,
    tracker,
    war,
)
from aidaudit.claims.evidence.base import TESTS, Data, test

__all__ = ["TESTS", "Data", "test"]
