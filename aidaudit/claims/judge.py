"""Claims: running their tests on a variant's data and laying the verdicts out as a table.

The claims themselves stand in config/claims.yaml, their tests in `evidence`, the rule of
judgement in `verdicts`.
"""

from __future__ import annotations

import inspect

import pandas as pd

from aidaudit import config
from aidaudit.claims.evidence import TESTS, Data
from aidaudit.claims.verdicts import NOT_TESTABLE, NotTestable, asserted, holds, judge, weighed
from aidaudit.config import Asserts, Claim
from aidaudit.data.tables import RESULTS
from aidaudit.measures.money import LABELS
from nbtrail.base.errors import AuditError, nearest
from nbtrail.base.schema import validate
from nbtrail.record.numbers import Numbers


def examine(claim: Claim, data: Data) -> tuple[dict, list[dict]]:
    """The verdict on one claim, and what it rests on: rows of claims and of readings.

    Raises AuditError where claims.yaml names a test or an argument that does not exist.
    """
    row = {
        "claim_id": claim.id,
        "locator": claim.locator,
        "verdict": NOT_TESTABLE,
        "value": None,
        "low": None,
        "high": None,
        "unit": claim.asserts and claim.asserts.unit,
        "asserted": claim.asserts and asserted(claim.asserts),
        "reason": "",
        "figure": claim.figure,
    }
    if claim.test not in TESTS:
        raise AuditError(
            f"{claim.id}: there is no test of this name.",
            file="config/claims.yaml",
            found=claim.test,
            expected=f"one of {sorted(TESTS)}",
            mend=nearest(claim.test, list(TESTS)) + "Tests stand in aidaudit/claims/evidence/.",
        )
    signature = inspect.signature(TESTS[claim.test])
    try:
        signature.bind(data, **claim.arguments)
    except TypeError as error:
        raise AuditError(
            f"{claim.id}: {claim.test}: {error}.",
            file="config/claims.yaml",
            found=list(claim.arguments),
            expected=f"the arguments {list(signature.parameters)[1:]}",
            mend="correct `with`; arguments are explained in aidaudit/claims/evidence/.",
        ) from None
    try:
        found = TESTS[claim.test](data, **claim.arguments)
    except NotTestable as reason:
        return {**row, "reason": str(reason)}, []
    found = weighed(claim.asserts, found)
    parts = [
        {
            "kind": "reading",
            "label": label,
            "value": value,
            "holds": holds(claim.asserts, value),
        }
        for label, value in found.readings.items()
    ] + [
        {"kind": "condition", "label": label, "value": None, "holds": held}
        for label, held in found.conditions.items()
    ]
    if found.caveat is not None:
        parts.append({"kind": "caveat", "label": found.caveat, "value": None, "holds": False})
    own = {"claim_id": claim.id, "unit": claim.asserts.unit}
    judged = {
        **row,
        "verdict": judge(claim.asserts, found, causal=claim.causal),
        "value": found.literal,
        "low": min(found.readings.values()),
        "high": max(found.readings.values()),
        "reason": found.reason,
    }
    return judged, [{**own, "place": place, **part} for place, part in enumerate(parts, 1)]


def evaluate(claim: Claim, data: Data) -> dict:
    """The verdict on one claim: a row as in `tables.RESULTS['claims']`."""
    return examine(claim, data)[0]


def tables(claims: list[Claim], data: Data) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All claims with their verdicts, in the order of claims.yaml, and all their readings.

    Columns as in `tables.RESULTS`, claims and readings.
    """
    examined = [examine(claim, data) for claim in claims]
    columns = list(RESULTS["readings"].columns)
    parts = pd.DataFrame([part for _, found in examined for part in found], columns=columns)
    parts = parts.astype({"value": "float64", "place": "Int64", "holds": "boolean"})
    text = ["claim_id", "kind", "label", "unit"]
    readings = validate(
        parts.astype(dict.fromkeys(text, "str")), RESULTS["readings"], "readings.csv"
    )
    return _table([row for row, _ in examined]), readings


def table(claims: list[Claim], data: Data) -> pd.DataFrame:
    """All claims with their verdicts, in the order of claims.yaml."""
    return tables(claims, data)[0]


def _table(rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    frame = frame.reindex(columns=list(RESULTS["claims"].columns))
    frame = frame.astype(dict.fromkeys(["value", "low", "high"], "float64"))
    text = [c for c in frame.columns if c not in {"value", "low", "high"}]
    frame = frame.astype(dict.fromkeys(text, "str"))
    return validate(frame, RESULTS["claims"], "claims.csv")


def asserts(claim_id: str) -> Asserts | None:
    """What a claim asserts, if it can be tested. Raises AuditError for an unknown claim."""
    known = {claim.id: claim for claim in config.claims()}
    if claim_id not in known:
        raise AuditError(
            f"there is no claim '{claim_id}'.",
            file="config/claims.yaml",
            expected=f"one of {list(known)}",
            mend=nearest(claim_id, list(known))
            + "A figure sees the claims that its entry in config/figures.yaml names.",
        )
    return known[claim_id].asserts


def nearest_reading(headline: pd.DataFrame, asserted: Asserts) -> dict:
    """The reading of the headline that comes nearest to the asserted value.

    headline: rows of one reading, bn US$. Only allocations are looked at. Returns donors,
    fx_method, method (in words), value_usd_bn and usd_per_eur.
    """
    allocations = headline[(headline["measure"] == "allocation")].dropna(subset="value_usd_bn")
    distance = (allocations["value_usd_bn"] - asserted.value).abs()
    row = allocations.loc[distance.sort_values(kind="stable").index[0]]
    return {
        "donors": row["donors"],
        "fx_method": row["fx_method"],
        "method": LABELS[row["fx_method"]],
        "value_usd_bn": row["value_usd_bn"],
        "usd_per_eur": row["usd_per_eur"],
    }


def add_numbers(table: pd.DataFrame, numbers: Numbers) -> None:
    """Add verdicts, values and what is asserted: claim.<id>.verdict, .value, .asserted …"""
    for row in table.to_dict("records"):
        key = f"claim.{row['claim_id']}"
        own = {"claim_id": row["claim_id"]}
        for name in ("verdict", "reason"):
            numbers.add(f"{key}.{name}", row[name], "text", row=own, column=name)
        if asserted_value := asserts(row["claim_id"]):
            shown = f"{asserted_value.value:,g} {asserted_value.unit}"
            unit = asserted_value.unit
            numbers.add(
                f"{key}.asserted", asserted_value.value, unit, shown=shown, of=[numbers.table]
            )
        for name in ("value", "low", "high"):
            if pd.notna(row[name]):
                numbers.add(f"{key}.{name}", row[name], row["unit"], row=own, column=name)
