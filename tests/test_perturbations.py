"""How tests/honesty/perturb.py chooses values and tells what came of them."""

import json
import random
from hashlib import sha256
from types import SimpleNamespace

import pytest
from honesty import perturb

TABLE = "row,iso3,year,value,day,kind,empty\n" + "".join(
    f"{n + 2},{iso},20{20 + n},{value},2022-0{n + 1}-05,{kind},\n"
    for n, (iso, value, kind) in enumerate(
        [("ALB", "1.5", "a"), ("UKR", "40", "b"), ("POL", "7", "a")]
    )
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE, "utf-8")
    about = {"resources": [{"hash": "sha256:0", "bytes": 0}]}
    path.with_name("datapackage.json").write_text(json.dumps(about), "utf-8")
    return path


def test_the_largest_and_the_last_value_come_first_and_identifiers_never(table):
    found = list(perturb.candidates(table, random.Random(1)))
    assert found[0] == (1, "value", "40", "50")
    assert found[1] == (2, "value", "7", "9")
    assert {column for _, column, *_ in found} == {"value", "day", "kind"}


def test_days_move_by_a_month_and_words_become_others_of_their_column(table):
    found = list(perturb.candidates(table, random.Random(1)))
    assert (0, "day", "2022-01-05", "2022-02-05") in found
    assert (2, "day", "2022-03-05", "2022-02-05") in found
    for index, column, was, now in found:
        assert was != now, (index, column)
        if column == "kind":
            assert {was, now} == {"a", "b"}


def test_one_cell_changes_and_the_hash_is_forged_with_it(table):
    perturb.perturbed(table, 1, "value", "50")
    assert table.read_text("utf-8") == TABLE.replace(",40,", ",50,")
    about = json.loads(table.with_name("datapackage.json").read_text("utf-8"))
    digest = sha256(table.read_bytes()).hexdigest()
    assert about["resources"][0]["hash"] == f"sha256:{digest}"


BEFORE = {
    "data/processed/all/numbers.json": json.dumps(
        {"F01.a": {"value": 1.0, "display": "1"}, "F01.b": {"value": 2.0, "display": "2"}}
    ),
    "data/processed/all/claims.csv": "claim_id,verdict\nA-1a,supported\nA-1b,supported\n",
    "figures/all/F01.csv": "x\n1\n",
    "report/notebooks/clean/t.ipynb": "[]",
    "data/processed/clean/t.csv": "x\n1\n",
}
# What `told` asks of a checkout.
BUILT = SimpleNamespace(before=BEFORE)


def test_a_verdict_is_told_before_a_number_and_a_number_before_a_figure():
    now = dict(BEFORE)
    now["figures/all/F01.csv"] = "x\n2\n"
    told = perturb.told("t", BUILT, {"figures/all/F01.csv"}, now)
    assert (told["plotted"], told["numbers"], told["example"]) == (1, 0, "figures/all/F01.csv")
    name = "data/processed/all/numbers.json"
    now[name] = json.dumps(
        {"F01.a": {"value": 1.01, "display": "1"}, "F01.b": {"value": 3.0, "display": "3"}}
    )
    told = perturb.told("t", BUILT, {"figures/all/F01.csv", name}, now)
    assert (told["numbers"], told["example"]) == (2, "all:F01.b 2 → 3")
    claims = "data/processed/all/claims.csv"
    now[claims] = BEFORE[claims].replace("A-1b,supported", "A-1b,not supported")
    told = perturb.told("t", BUILT, {"figures/all/F01.csv", name, claims}, now)
    assert (told["verdicts"], told["example"]) == (1, "A-1b: supported → not supported")


def test_what_only_cleans_a_table_makes_no_use_of_it():
    now = {**BEFORE, "report/notebooks/clean/t.ipynb": "[1]"}
    assert perturb.told("t", BUILT, {"report/notebooks/clean/t.ipynb"}, now)["shown"] == 0


def test_an_error_without_words_is_told_from_a_refusal():
    assert perturb.WORDLESS.search("failed in cell 9: x\nKeyError: '2021'\n")
    assert not perturb.WORDLESS.search(
        "t.csv, row 2: a value is missing.\n  fix:      edit it."
    )
