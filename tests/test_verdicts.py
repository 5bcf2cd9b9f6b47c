"""From readings to verdicts: every rule on both sides of its bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidaudit import verdicts
from aidaudit.config import Asserts
from aidaudit.verdicts import (
    NOT_CAUSAL,
    NOT_SUPPORTED,
    QUALIFIED,
    SUPPORTED,
    Evidence,
    asserted,
    holds,
    judge,
)


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
    ],
)
def test_assertion_in_words(rule, shown):
    assert asserted(rule) == shown


def test_verdicts_are_five_and_distinct():
    assert len(set(verdicts.VERDICTS)) == 5
    assert {SUPPORTED, QUALIFIED, NOT_SUPPORTED, NOT_CAUSAL} < set(verdicts.VERDICTS)
