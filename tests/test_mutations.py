"""A share of the rounds of tests/mutations/run.py, and that it would notice being fooled."""

import os
from pathlib import Path

import pytest
from mutations import run
from mutations.workbooks import ACCEPT, EITHER, REFUSE

from nbtrail.base.errors import AuditError

SEED = 20
ALL = [(target, kind) for target, (_, kinds) in run.TARGETS.items() for kind in kinds]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    here = Path.cwd()
    declared = os.environ.pop("NBTRAIL_DECLARED", None)
    yield run.prepared(tmp_path_factory.mktemp("mutations"))
    os.chdir(here)
    if declared is not None:
        os.environ["NBTRAIL_DECLARED"] = declared


@pytest.mark.parametrize(("target", "kind"), ALL, ids=lambda words: words.replace(" ", "-"))
def test_nobody_is_fooled(root, target, kind):
    try:
        tally = run.rounds(target, kind, 1, SEED, root)
    except run.Unsatisfiable:
        pytest.skip("such a table has nothing that could be changed so")
    assert tally.accepted + tally.refused >= 1


def complete(**without) -> AuditError:
    said = {"file": "f.csv", "row": 2, "column": "a", "found": 1, "expected": "2", "mend": "x"}
    return AuditError("the value is wrong.", **(said | without))


def judge(must, outcome) -> run.Tally:
    def take():
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    tally = run.Tally()
    run.judged(must, take, tally)
    return tally


@pytest.mark.parametrize(
    ("must", "outcome", "told"),
    [
        (REFUSE, [], "accepted, though it is wrong"),
        (EITHER, ["row 2"], "taken for something else"),
        (ACCEPT, complete(), "refused, though nothing is wrong"),
        (REFUSE, complete(row=None), r"does not say \['row'\]"),
        (REFUSE, complete(mend=None, found=None), r"does not say \['mend', 'found'\]"),
    ],
)
def test_being_fooled_is_told(must, outcome, told):
    with pytest.raises(run.Fooled, match=told):
        judge(must, outcome)


def test_a_traceback_is_no_refusal():
    with pytest.raises(KeyError):
        judge(REFUSE, KeyError("donor"))


def test_rounds_are_counted():
    assert judge(EITHER, []).accepted == 1
    assert judge(EITHER, complete()).refused == 1


def test_a_reader_that_drops_a_row_is_noticed(root, monkeypatch):
    read = run.ingest.readers.READERS["kiel_workbook"]

    def without_last(file):
        table, frame = read(file)
        return table, frame.iloc[:-1]

    monkeypatch.setitem(run.ingest.readers.READERS, "kiel_workbook", without_last)
    with pytest.raises(run.Fooled, match="taken for something else"):
        run.rounds("a workbook of a release", "columns reordered", 1, SEED, root)
