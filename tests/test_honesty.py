"""How tests/honesty/mutants.py finds changes, tells who survives, and holds its tables true."""

import ast
import os
from pathlib import Path

import pytest
from honesty import mutants

ROOT = Path(__file__).parents[1]
TINY = '''"""A module of a few lines."""


def share(part: float, whole: float) -> float:
    """A share of the whole."""
    if whole <= 0:
        raise ValueError("a share of nothing")
    return part / whole
'''
CHANGES = [
    "share: comparison: whole <= 0 → whole < 0",
    "share: comparison: whole <= 0 → whole > 0",
    "share: constant: whole <= 0 → whole <= 1",
    "share: statement: raise ValueError('a share of nothing') → pass",
    "share: return: return part / whole → return None",
    "share: operator: part / whole → part * whole",
]
# Notices no more than what comes out for a whole of two.
TEST = """from tiny import share


def test_half():
    assert share(1, 2) == 0.5
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="mutants run in forks")


@pytest.fixture
def tiny(tmp_path):
    """The module of a few lines, and its test, as mutants.py takes them."""

    def made(text=TINY, test=TEST):
        (tmp_path / "tiny.py").write_text(text, "utf-8")
        (tmp_path / "test_tiny.py").write_text(test, "utf-8")
        return mutants.Subject(
            "tiny", "tiny", tmp_path / "tiny.py", [tmp_path / "test_tiny.py"]
        )

    return made


def changes(text):
    return mutants.lasting(mutants.points(ast.parse(text)))


def test_every_change_is_found_in_the_order_of_the_text(tiny):
    assert changes(TINY) == CHANGES
    places = tiny().places()
    assert places[0] == "tiny:L6:C7:comparison:whole <= 0 → whole < 0"
    assert places[-1].startswith("tiny:L8:C11:operator:")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = a < b", {"a < b → a <= b", "a < b → a >= b"}),
        ("x = a not in b", {"a not in b → a in b"}),
        ("x = (a == 1) | c", {"(a == 1) | c → (a == 1) & c", "a == 1 → a != 1",
                              "a == 1 → a == 2", "a == 1 → a == 0"}),
        ("x = a and b", {"a and b → a or b"}),
        ("x = not a", {"not a → a"}),
        ("x += 1.5", {"x += 1.5 → x -= 1.5", "1.5 → 2.5"}),
        ("x = rows['eur']", {"rows['eur'] → rows['XX']"}),
        ("x = -a", {"-a → a"}),
        ("f(keep=True)", {"keep=True → ∅", "keep=True → keep=False"}),
        ("x = a.sum()", {"a.sum() → a.mean()"}),
        ("x = any(a)", {"any(a) → all(a)"}),
        ("x = a.fillna(b)", {"a.fillna(b) → a"}),
        ("x = a[b:c]", {"b:c → b:", "b:c → :c"}),
        ("x = b if a else c", {"a → not a"}),
        ("x = [a, *b]", {"a → ∅", "*b → ∅"}),
        ("x = None", {"None → 0"}),
        ("x: int | None = y", set()),
        ("if a:\n    b()", {"a → not a", "b() → pass"}),
        ("if a < b:\n    b()", {"a < b → a <= b", "a < b → a >= b", "b() → pass"}),
    ],
)  # fmt: skip
def test_what_is_changed(text, found):
    whole = f"{text.partition(chr(10))[0]} → pass"
    told = {change.split(": ", 2)[2] for change in changes(text)}
    assert told - {whole} == found


def test_words_of_errors_are_left_as_they_are_but_not_what_they_tell():
    text = "raise Wrong(f'there is no {names[0]}', mend='write one')"
    told = changes(text)
    assert [one for one in told if "XX" in one] == []
    assert "the module: keyword: mend='write one' → ∅" in told
    assert "the module: constant: names[0] → names[1]" in told


def test_changes_that_read_alike_are_told_apart_and_need_no_line():
    told = changes("x = -a\nx = -a")
    assert told[1:4:2] == [
        "the module: operator: -a → a",
        "the module: operator: -a → a (no. 2)",
    ]
    assert changes("# above\n\n" + TINY) == CHANGES


def test_one_change_is_carried_out_and_no_other():
    changed = ast.unparse(mutants.mutated(TINY, 5))
    assert changed == ast.unparse(ast.parse(TINY)).replace("part / whole", "part * whole")
    assert ast.unparse(mutants.mutated(TINY, None)) == ast.unparse(ast.parse(TINY))


def test_what_survives_has_a_reason_or_is_an_error(tiny, capfd):
    known = [
        {"module": "tiny", "mutant": CHANGES[0], "reason": "no whole is zero"},
        {"module": "tiny", "mutant": CHANGES[2], "reason": ""},
        {"module": "tiny", "mutant": CHANGES[5], "reason": "an old one"},
        {"module": "tiny", "mutant": "share: operator: part → whole", "reason": "gone"},
        {"module": "other", "mutant": "of no matter here", "reason": "r"},
    ]
    row, problems = mutants.run(tiny(), known)
    assert row == {"module": "tiny", "mutants": 6, "killed": 3, "survived": 3, "explained": 2}
    assert problems == [
        f"tiny: survives: {CHANGES[3]}",
        "tiny: is not there, delete the row: share: operator: part → whole",
        f"tiny: no longer survives, delete the row: {CHANGES[5]}",
        f"tiny: has no reason: {CHANGES[2]}",
    ]
    told = capfd.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == ["survived"] * 3


def test_tests_that_fail_anyway_or_never_ask_kill_nothing(tiny):
    with pytest.raises(mutants.Failed, match="fail without any change"):
        mutants.run(tiny(test=TEST.replace("0.5", "0.6")), [])
    with pytest.raises(mutants.Failed, match="no test of tiny"):
        mutants.run(tiny(test="def test_nothing():\n    pass\n"), [])
    with pytest.raises(mutants.Failed, match="no test of tiny"):
        mutants.run(tiny(test=""), [])


def test_what_never_ends_is_ended(tiny, monkeypatch):
    monkeypatch.setattr(mutants, "SECONDS", 1)
    assert tiny("while True:\n    pass\n").outcome(None) == "never ends"


def test_table_keeps_the_rows_of_other_modules(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "TABLE", tmp_path / "mutants.csv")
    row = dict(zip(mutants.COLUMNS, ["money", 9, 8, 1, 1], strict=True))
    mutants.keep([row])
    mutants.keep([{**row, "module": "aggregate"}, {**row, "mutants": 10, "killed": 9}])
    assert (tmp_path / "mutants.csv").read_text("utf-8").splitlines() == [
        "module,mutants,killed,survived,explained",
        "aggregate,9,8,1,1",
        "money,10,9,1,1",
    ]


def test_every_reason_is_of_a_change_that_is_there():
    known = mutants.read(mutants.KNOWN)
    for module in mutants.TESTS:
        names = mutants.lasting(mutants.subject(module).points())
        assert len(set(names)) == len(names)
        explained = {row["mutant"] for row in known if row["module"] == module}
        assert mutants.wrong(module, names, explained, known) == []
    assert {row["module"] for row in known} <= set(mutants.TESTS)


def test_table_and_reasons_agree():
    known = [row["module"] for row in mutants.read(mutants.KNOWN)]
    rows = mutants.read(mutants.TABLE)
    assert [row["module"] for row in rows] == sorted(mutants.TESTS)
    for row in rows:
        assert int(row["explained"]) == int(row["survived"]) == known.count(row["module"])
        assert int(row["mutants"]) == int(row["killed"]) + int(row["survived"])
