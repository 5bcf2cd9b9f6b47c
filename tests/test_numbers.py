"""Numbers on their way into prose."""

import json
import re

import pytest

from nbtrail.base.errors import AuditError
from nbtrail.record import numbers
from nbtrail.record.numbers import Numbers, display


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (267.197, "bn EUR", "267.2 bn EUR"),
        (1234.56, "bn EUR", "1,234.6 bn EUR"),
        (-1234.56, "bn EUR", "−1,234.6 bn EUR"),
        (0.834, "bn EUR a month", "0.83 bn EUR a month"),
        (280, "bn US$", "280.0 bn US$"),
        (1.13972, "US$ per EUR", "1.1397 US$ per EUR"),
        (-28.759, "%", "−28.8 %"),
        (-0.04, "%", "0.0 %"),
        (0.456, "% of GDP", "0.46 % of GDP"),
        (2.4935, "times", "2.49 times"),
        (1234567, "count", "1,234,567"),
        ("not supported", "text", "not supported"),
        ("2025-02-28", "date", "2025-02-28"),
        (2022, "year", "2022"),
    ],
)
def test_display(value, unit, shown):
    assert display(value, unit) == shown


def test_unknown_unit_lists_the_known_ones():
    with pytest.raises(AuditError, match="'bn' is not a known unit") as caught:
        display(1, "bn")
    assert "bn EUR" in str(caught.value)


def test_entry_holds_value_unit_display_and_where_it_comes_from(monkeypatch):
    monkeypatch.setattr(
        numbers.files, "_read", {"data/processed/b.csv", "data/processed/a.csv"}
    )
    found = Numbers()
    found.add("a.b", 1 / 3, "bn EUR")
    found.add("a.c", 280.0, "bn US$", shown="280 bn US$")
    assert found.entries["a.b"] == {
        "value": 0.333333333333,
        "unit": "bn EUR",
        "display": "0.3 bn EUR",
        # Nobody says outside the workflow which job it is.
        "job": None,
        "cell": None,
        "from": ["data/processed/a.csv", "data/processed/b.csv"],
    }
    assert found.entries["a.c"]["display"] == "280 bn US$"


def test_key_given_twice_is_refused():
    found = Numbers("F01")
    found.add("a", 1, "count")
    with pytest.raises(AuditError, match="given twice"):
        found.add("a", 1, "count")


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_null_is_refused(nothing):
    found = Numbers("F01")
    with pytest.raises(AuditError, match=r"(?s)'a' has no value.*null is not zero"):
        found.add("a", nothing, "count")
    assert found.entries == {}


def test_zero_is_a_number():
    found = Numbers("F01")
    found.add("a", 0, "count")
    assert found.entries["a"]["display"] == "0"


def write(path, job=None, **values):
    path = path.parent / "latest/numbers" / path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    job = job or f"latest/{path.stem}"
    path.write_text(
        json.dumps(
            {key: {"value": v, "job": job, "cell": 3, "from": []} for key, v in values.items()}
        )
    )
    return path


def test_merge_joins_files(tmp_path):
    merged = numbers.merge(
        [write(tmp_path / "F01.json", a=1), write(tmp_path / "F02.json", b=2)]
    )
    assert {key: entry["value"] for key, entry in merged.items()} == {"a": 1, "b": 2}


def test_merge_refuses_a_key_of_two_notebooks(tmp_path):
    paths = [write(tmp_path / "F01.json", a=1), write(tmp_path / "F02.json", a=1)]
    with pytest.raises(AuditError, match="'a' comes from two notebooks") as caught:
        numbers.merge(paths)
    assert "F01" in str(caught.value)
    assert "F02" in str(caught.value)


def test_written_numbers_read_back(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").touch()
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    found = Numbers("F01")
    found.add("a", 1.5, "%")
    found.write("out/F01.json")
    assert numbers.read("out/F01.json") == found.entries


# ---------------------------------------------------------------- where numbers come from

TABLE = """donors,measure,low,label
nato,allocation,209.9,NATO members
nato,commitment,1234.5678,NATO members
all,allocation,,All donors
all,allocation,3,All donors
"""


def held(value, row, column="low"):
    found = Numbers("figures/article/F01.csv")
    found.add(
        "a", value, "text" if isinstance(value, str) else "bn US$", row=row, column=column
    )
    numbers.check(found.entries, "F01.json", {"figures/article/F01.csv": TABLE}.__getitem__)
    return found.entries["a"]


def test_a_number_that_is_a_cell_names_file_row_and_column():
    entry = held(1234.5678, {"donors": "nato", "measure": "commitment"})
    assert entry["is"] == {
        "file": "figures/article/F01.csv",
        "row": {"donors": "nato", "measure": "commitment"},
        "column": "low",
    }
    assert "from" not in entry
    assert held("NATO members", {"low": 209.9}, "label")["value"] == "NATO members"
    words = numbers.origin({**entry, "job": "article/F01", "cell": 11})
    assert words == (
        "low where donors = nato, measure = commitment in figures/article/F01.csv, "
        "by cell 11 of article/F01"
    )
    assert numbers.origin(
        {"from": ["data/processed/a/monthly.csv"], "job": "a/F16", "cell": 9}
    ) == ("computed in cell 9 of a/F16 from a/monthly.csv")


@pytest.mark.parametrize(
    ("value", "row", "column", "told"),
    [
        (209.8, {"donors": "nato", "measure": "allocation"}, "low", "found: 209.9"),
        (209.9, {"donors": "nato"}, "low", "found: 2 rows"),
        (209.9, {"donors": "all"}, "low", "found: 2 rows"),
        (209.9, {"donors": "eu"}, "low", "found: 0 rows"),
        (209.9, {"donor": "nato"}, "low", "found: donor"),
        (209.9, {"donors": "nato"}, "high", "found: high"),
        ("nato members", {"low": 209.9}, "label", "found: NATO members"),
    ],
)
def test_a_number_that_is_not_the_cell_that_it_names_is_refused(value, row, column, told):
    with pytest.raises(AuditError, match="the number 'a'") as caught:
        held(value, row, column)
    assert told in re.sub("found: +'?", "found: ", str(caught.value))


def test_a_number_of_another_job_or_file_is_refused(tmp_path):
    path = write(tmp_path / "F19.json", job="all/attrition", a=1)
    with pytest.raises(AuditError, match=r"(?s)names another job.*found: +.all/attrition"):
        numbers.merge([path])
    entry = {"job": "all/F19", "cell": 9, "from": ["data/processed/all/b.csv"]}
    with pytest.raises(AuditError, match="neither reads nor writes"):
        numbers.check_origin({"a": entry}, "F19.json", job="all/F19", known={"a.csv"})
