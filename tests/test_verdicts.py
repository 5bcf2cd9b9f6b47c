"""From readings to verdicts: every rule on both sides of its bound."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager, ft2font

from aidaudit.claims import verdicts
from aidaudit.claims.verdicts import (
    NOT_CAUSAL,
    NOT_SUPPORTED,
    QUALIFIED,
    SUPPORTED,
    Evidence,
    asserted,
    holds,
    judge,
)
from aidaudit.config import Asserts

ROOT = Path(__file__).parents[1]


def asserts(compare=">", value=10.0, tolerance=0.0, unit="times"):
    return Asserts(quantity="q", compare=compare, value=value, unit=unit, tolerance=tolerance)


def evidence(*values, **more):
    return Evidence({f"reading {i}": v for i, v in enumerate(values)}, "because", **more)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(280, True), (266, True), (294, True), (265.99, False), (294.01, False), (-280, False)],
)
def test_about_includes_its_bounds(value, expected):
    assert holds(asserts("≈", 280, 0.05), value) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [(-20, True), (-22, True), (-18, True), (-17.99, False), (20, False)]
)
def test_about_a_negative_value(value, expected):
    assert holds(asserts("≈", -20, 0.1), value) is expected


def test_about_without_tolerance_is_equality():
    assert holds(asserts("≈", 3), 3)
    assert not holds(asserts("≈", 3), 3.0001)


@given(st.integers(1, 10**6), st.integers(1, 50))
def test_about_includes_its_bounds_in_binary_too(value, percent):
    rule = asserts("≈", value, percent / 100)
    assert holds(rule, value * (100 + percent) / 100)
    assert holds(rule, value * (100 - percent) / 100)
    assert not holds(rule, value * (100 + percent * 1.001) / 100)
    assert not holds(rule, value * (100 - percent * 1.001) / 100)


@pytest.mark.parametrize(
    ("compare", "below", "at", "above"),
    [
        (">", False, False, True),
        (">=", False, True, True),
        ("<", True, False, False),
        ("<=", True, True, False),
    ],
)
def test_comparison(compare, below, at, above):
    rule = asserts(compare)
    assert [holds(rule, value) for value in (9.999, 10, 10.001)] == [below, at, above]


def test_a_comparison_without_a_rule_is_a_mistake():
    rule = asserts().model_copy(update={"compare": "!="})
    with pytest.raises(ValueError, match="!="):
        holds(rule, 10)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([11], SUPPORTED),
        ([11, 12, 13], SUPPORTED),
        ([11, 9], QUALIFIED),
        ([9, 11], QUALIFIED),
        ([9, 8, 10], NOT_SUPPORTED),
    ],
)
def test_all_some_or_no_readings(values, verdict):
    assert judge(asserts(), evidence(*values)) == verdict


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [
        ({}, SUPPORTED),
        ({"one": True, "two": True}, SUPPORTED),
        ({"one": True, "two": False}, NOT_SUPPORTED),
    ],
)
def test_a_failing_condition_ends_support(conditions, verdict):
    assert judge(asserts(), evidence(11, conditions=conditions)) == verdict


def test_a_caveat_qualifies_support_and_excuses_nothing():
    assert judge(asserts(), evidence(11, caveat="estimated")) == QUALIFIED
    assert judge(asserts(), evidence(9, caveat="estimated")) == NOT_SUPPORTED


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (evidence(11), NOT_CAUSAL),
        (evidence(11, 9), NOT_CAUSAL),
        (evidence(11, caveat="estimated"), NOT_CAUSAL),
        (evidence(9), NOT_SUPPORTED),
        (evidence(11, conditions={"one": False}), NOT_SUPPORTED),
    ],
)
def test_a_causal_claim_is_consistent_at_most(found, verdict):
    assert judge(asserts(), found, causal=True) == verdict


def test_a_reading_that_is_no_number_is_a_mistake():
    with pytest.raises(ValueError, match="not a number"):
        judge(asserts(), evidence(11, float("nan")))


def test_the_first_reading_is_the_literal_one():
    assert evidence(3, 1, 2).literal == 3


@pytest.mark.parametrize(
    ("rule", "shown"),
    [
        (asserts("≈", 280, 0.05, "bn US$"), "≈ 280 bn US$ ± 5 %"),
        (asserts("≈", 280, 0.025, "bn US$"), "≈ 280 bn US$ ± 2.5 %"),
        (asserts("≈", 20, 0.07, "%"), "≈ 20 % ± 7 %"),
        (asserts("<", -10, unit="%"), "< −10 %"),
        (asserts(">", 12345.5), "> 12,345.5 times"),
        (asserts(">=", 2, unit="million"), "≥ 2 million"),
        (asserts("<=", 0.5), "≤ 0.5 times"),
    ],
)
def test_assertion_in_words(rule, shown):
    assert asserted(rule) == shown


def test_verdicts_in_the_words_that_readers_know():
    assert verdicts.VERDICTS == [
        "supported",
        "supported with qualification",
        "not supported",
        "consistent, not causal",
        "not testable with open data",
    ]


def test_a_verdict_looks_the_same_in_page_pdf_and_chart():
    assert list(verdicts.LOOKS) == verdicts.VERDICTS
    page = (ROOT / "report/style.css").read_text("utf-8")
    pdf = (ROOT / "report/template.typ").read_text("utf-8")
    for look in verdicts.LOOKS.values():
        assert f".{look.style} {{ --verdict: light-dark({look.colour}," in page
        assert f'  {look.style}: rgb("{look.colour}"),' in pdf
    assert len({look.colour for look in verdicts.LOOKS.values()}) == 5


def test_verdicts_can_be_told_apart_without_colour():
    symbols = {look.symbol for look in verdicts.LOOKS.values()}
    assert len(symbols) == 5
    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans", fallback_to_default=False))
    assert all(font.get_char_index(ord(symbol)) for symbol in symbols)


@pytest.mark.parametrize("found", [evidence(11), verdicts.LOOKS[SUPPORTED]])
def test_what_was_found_stays_as_it_was_found(found):
    with pytest.raises(FrozenInstanceError):
        found.reason = "another"


def test_no_reading_is_no_verdict():
    with pytest.raises(ValueError, match="no reading"):
        judge(asserts(), evidence())


def test_an_assertion_of_millions_is_written_out():
    assert verdicts.asserted(asserts(">=", 6_500_000.0, unit="people")) == "≥ 6,500,000 people"
