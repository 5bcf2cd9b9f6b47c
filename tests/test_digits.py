"""Numbers are read of the digits 0 to 9 alone, wherever text is read as a number."""

import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from aidaudit import ingest
from aidaudit.data import corrections, sources
from aidaudit.ingest.readers import common
from aidaudit.project import new
from aidaudit.report import tables
from nbtrail import cli
from nbtrail.author import jupyterlab, notebook_checks
from nbtrail.base import digits, plan, schema, workbooks
from nbtrail.base.errors import AuditError
from nbtrail.base.schema import Column, Table
from nbtrail.compare import finding  # fmt: skip
from nbtrail.compare.authenticity import drawings
from nbtrail.compare.authenticity import text as checked
from nbtrail.compare.diff import model, rows

ROOT = Path(__file__).parents[1]
# 12 in Arabic, Persian, Devanagari, full width and mathematical digits; and what is no digit
# but is called one, or is a way to write 12 in Python alone.
OTHERS = ("١٢", "۱۲", "१२", "１２", "𝟏𝟐", "1²", "1_2", "١2")


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    "text", [*OTHERS, "", " 12", "12 ", "12\n", "0x12", "1e", "inf", "nan"]
)
def test_neither_way_takes_anything_else(text):
    for read in (digits.whole, digits.number):
        with pytest.raises(ValueError, match="0 to 9"):
            read(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12.0), ("-1.5", -1.5), (".5", 0.5), ("2.", 2.0), ("+1E3", 1000.0)],
)
def test_numbers_are_read(text, value):
    assert digits.number(text) == value
    if text == "12":
        assert digits.whole(text) == 12


def raw(text: str) -> pd.DataFrame:
    table = Table("a", "a table", {"a": Column("number", "how much", "EUR")})
    return schema._typed(pd.DataFrame({"a": [text]}), table, "a.csv")


def row(text: str) -> None:
    sheet = f'<a><row r="{text}"><c r="A1"><v>1</v></c></row></a>'
    workbooks.looked_at(sheet.encode())


# What refuses such text with an error, and how it is asked.
REFUSING = {
    "a raw table": raw,
    "a raw table being ingested": lambda text: common.number(pd.Series([text]), Path("a"), "a"),
    "a correction": lambda text: corrections._value(
        pd.DataFrame({"a": [1.5]}), pd.Series({"column": "a", "to": text}, name=0), "to"
    ),
    "the release of an ingest": lambda text: ingest.origin_of(
        "kiel", Path("a.xlsx"), release=text, cut_off="2026-08-31", taken=None
    ),
    "the day of an ingest": lambda text: ingest.origin_of(
        "kiel", Path("a.xlsx"), release="31", cut_off=f"2026-08-{text}", taken=None
    ),
    "the folder of a release": lambda text: sources._number(f"kiel/release-{text}"),
    "a row of a workbook": row,
    "a new figure": lambda text: new.figure(f"F{text}"),
    "a new claim": lambda text: new.claim(f"MIL-{text}a"),
    "a part of a sweep": lambda text: plan.job("sweep", f"totals-{text}"),
}


@pytest.mark.parametrize("name", REFUSING)
@pytest.mark.parametrize("text", OTHERS)
def test_other_digits_are_refused(name, text):
    with pytest.raises((AuditError, ValueError)):
        REFUSING[name](text)


@pytest.mark.parametrize("text", OTHERS)
def test_other_digits_stay_text_where_text_may_be(text):
    assert jupyterlab._typed("int", text) == text
    assert jupyterlab._typed("float", text) == text
    assert tables._rounded(text) == text
    assert model.short(text) == text
    assert notebook_checks._number(text) == text
    assert not rows._measured(text.replace("2", "2.5"))
    assert not checked.equal(text, "12")
    assert checked.with_points([[f"{text},5"]]) == [[f"{text},5"]]
    assert re.fullmatch(drawings._NUMBER, text) is None
    assert new.said_of_release([f"release {text}, until August {text}, 2026"])[0] != 12


@pytest.mark.parametrize("text", ["٢٢٢.٩ bn", "２２２.９ bn", "𝟐𝟐𝟐.𝟗 bn"])
def test_a_quotation_in_other_digits_is_none_of_a_number(text):
    assert finding.quoted(text) == []
    (plain,) = finding.quoted("222.9 bn")
    assert plain.values[0][0] == 222.9


@pytest.mark.parametrize(
    "words",
    [
        ("find", "1", "--most"),
        ("new", "release", "a.xlsx", "--release"),
        ("sweep-part", "totals"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("text", OTHERS[:4])
def test_arguments_in_other_digits_are_refused(words, text):
    files = ["--", "a", "::", "b"] if words[0] == "sweep-part" else []
    cli._join()
    done = CliRunner().invoke(cli.app, [*words, text, *files])
    assert done.exit_code == 2
    assert "0 to 9" in done.output


def test_no_way_of_python_that_takes_them_is_left():
    """But where text is searched for digits that somebody typed, of whatever script."""
    searched = {"nbtrail/src/nbtrail/publish/report.py"}
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(
            [
                *ROOT.glob("aidaudit/**/*.py"),
                *ROOT.glob("nbtrail/src/**/*.py"),
                *ROOT.glob("rules/*.smk"),
            ]
        )
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\\d|\.is(digit|decimal|numeric)\(", line)
        and path.relative_to(ROOT).as_posix() not in searched
        and not line.startswith("Python's")
    ]
    assert found == []
