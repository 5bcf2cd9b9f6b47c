"""What tests of claims share: the data that they may look at, and their register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from aidaudit.claims.verdicts import Evidence, NotTestable
from aidaudit.config import ACTIVITIES
from aidaudit.data import sources


@dataclass(frozen=True)
class Data:
    """What a test may look at.

    tables: clean tables and lookups by name, as the claims name them in `clean` and `lookups`.
    results: result tables of the variant by name. release, cut_off, article_date,
    fixed_usd_per_eur: the variant's parameters; for claims that are judged once, the newest
    release that names items, and the article's date.
    """

    tables: Mapping[str, pd.DataFrame]
    results: Mapping[str, pd.DataFrame]
    release: int
    cut_off: str
    article_date: str
    fixed_usd_per_eur: float

    @property
    def activities(self) -> pd.DataFrame:
        """Clean activity rows of the release, value in EUR."""
        return self.tables[ACTIVITIES]

    @property
    def donors(self) -> pd.DataFrame:
        """Clean table of donors with their memberships."""
        return self.tables["donors"]

    @property
    def rows(self) -> pd.DataFrame:
        """Aid by donor, month, type and measure, value_eur in EUR."""
        monthly = self.results["monthly"]
        return monthly.assign(value_eur=monthly["value_eur_bn"] * 1e9)

    @property
    def allocations(self) -> pd.DataFrame:
        """The rows that are allocations."""
        rows = self.rows
        return rows[rows["measure"] == "allocation"]

    @property
    def claim_date(self) -> str:
        """The article's date, or the variant's cut-off where that comes first."""
        return min(self.article_date, self.cut_off)

    @property
    def last_day(self) -> str:
        """The last day of the tracker that counts: the cut-off, or the release's own end.

        What a release says is never dated later than it reaches.
        """
        return min(self.cut_off, sources.release(self.release)["cut_off"])

    @property
    def tracker_date(self) -> str:
        """The article's date, or the last day of the tracker where that comes first."""
        return min(self.article_date, self.last_day)


TESTS: dict[str, Callable[..., Evidence]] = {}


def test(function: Callable[..., Evidence]) -> Callable[..., Evidence]:
    """Register a test under its function's name."""
    if function.__name__ in TESTS:
        raise ValueError(f"two tests are called {function.__name__}")
    TESTS[function.__name__] = function
    return function


@test
def not_testable(data: Data, reason: str) -> Evidence:
    """Raises NotTestable: no open data at hand can answer, for the reason given."""
    raise NotTestable(reason)
