"""Copies of this build's figures that lost details: the altered ones are never the same."""

import pytest

from tests.authenticity import run

pytestmark = pytest.mark.build
# Another seed than that of the measured run, and two figures that are drawn quickly.
SEED, NUMBERS = 7, [number for number in range(200) if number % len(run.FIGURES) in (3, 6)][:14]


def test_an_altered_copy_is_never_called_the_same_and_an_unaltered_one_is():
    wanted = [(altered, number) for altered in (False, True) for number in NUMBERS]
    rows = list(run.rounds(SEED, wanted))
    assert {row["way"] for row in rows} == set(run.WAYS)
    assert [row for row in rows if row["altered"] and row["answer"] == 3] == []
    assert [row for row in rows if not row["altered"] and row["answer"] != 3] == []
