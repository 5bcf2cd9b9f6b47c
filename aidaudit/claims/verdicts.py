"""From a rule and the computed readings to a verdict; never typed, always computed.

Knows nothing of aid: it compares numbers with what is asserted. Where the numbers come from
is left to `evidence`, in which order claims are shown to `report`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from aidaudit.config import Asserts

SUPPORTED = "supported"
QUALIFIED = "supported with qualification"
NOT_SUPPORTED = "not supported"
NOT_CAUSAL = "consistent, not causal"
NOT_TESTABLE = "not testable with open data"
VERDICTS = [SUPPORTED, QUALIFIED, NOT_SUPPORTED, NOT_CAUSAL, NOT_TESTABLE]


@dataclass(frozen=True)
class Look:
    """How a verdict looks wherever it is shown.

    style: its class in style.css and template.typ. symbol: a character of DejaVu Sans.
    """

    style: str
    symbol: str
    colour: str


# Symbols and words carry the meaning; colours alone never do.
LOOKS = {
    SUPPORTED: Look("supported", "✔", "#1b7f5c"),
    QUALIFIED: Look("qualified", "◐", "#b57f00"),
    NOT_SUPPORTED: Look("not-supported", "✘", "#b3261e"),
    NOT_CAUSAL: Look("consistent", "~", "#5b5b9d"),
    NOT_TESTABLE: Look("not-testable", "–", "#6b7280"),
}


@dataclass(frozen=True)
class Evidence:
    """What a test found.

    readings: label → value, every admissible reading in the unit of the assertion; the first
    is the literal one. conditions: label → whether a further condition of the claim holds.
    caveat: a weakness of the data that qualifies even full support. reason: one sentence.
    interval: of the literal reading; one that spans the asserted value is a caveat.
    """

    readings: dict[str, float]
    reason: str
    conditions: dict[str, bool] = field(default_factory=dict)
    caveat: str | None = None
    interval: tuple[float, float] | None = None

    @property
    def literal(self) -> float:
        """The value under the literal reading."""
        return next(iter(self.readings.values()))


class NotTestable(Exception):
    """The variant's data cannot answer; the message is the reason, one sentence."""


def holds(asserts: Asserts, value: float) -> bool:
    """Whether a value stands to the asserted one as the rule says; bounds of ≈ included."""
    wanted = asserts.value
    match asserts.compare:
        case "≈":
            # A hair of slack: 5 % of a decimal is not exact in binary.
            bound = abs(wanted) * asserts.tolerance
            return abs(value - wanted) <= bound * (1 + 1e-12)
        case ">":
            return value > wanted
        case ">=":
            return value >= wanted
        case "<":
            return value < wanted
        case "<=":
            return value <= wanted
    raise ValueError(asserts.compare)


def weighed(asserts: Asserts, evidence: Evidence) -> Evidence:
    """The evidence, with a caveat where the literal reading's interval decides nothing.

    The reason says so too: a verdict that chance could have turned is none by itself.
    """
    if evidence.interval is None:
        return evidence
    low, high = evidence.interval
    if not low <= asserts.value <= high:
        return evidence
    spans = f"the interval of the literal reading spans {asserts.value:g} {asserts.unit}"
    return replace(
        evidence,
        caveat="; ".join(filter(None, (evidence.caveat, spans))),
        reason=f"{evidence.reason} {spans[0].upper()}{spans[1:]}, so that it alone decides "
        "nothing.",
    )


def judge(asserts: Asserts, evidence: Evidence, *, causal: bool = False) -> str:
    """The verdict on the evidence.

    All admissible readings and all conditions hold: supported, or with qualification where
    the data have a caveat. Some hold: supported with qualification. None holds, or a
    condition fails: not supported. A causal claim can reach 'consistent, not causal' at most.
    """
    if not evidence.readings:
        raise ValueError("there is no reading to judge")
    if any(math.isnan(value) for value in evidence.readings.values()):
        raise ValueError("a reading is not a number")
    met = [holds(asserts, value) for value in evidence.readings.values()]
    if not any(met) or not all(evidence.conditions.values()):
        return NOT_SUPPORTED
    if causal:
        return NOT_CAUSAL
    if all(met) and evidence.caveat is None:
        return SUPPORTED
    return QUALIFIED


def asserted(asserts: Asserts) -> str:
    """The assertion as the claims table shows it, with its tolerance."""
    value = f"{asserts.value:,.12g}".replace("-", "−")
    sign = {">=": "≥", "<=": "≤"}.get(asserts.compare, asserts.compare)
    text = f"{sign} {value} {asserts.unit}"
    return f"{text} ± {asserts.tolerance * 100:g} %" if asserts.tolerance else text
