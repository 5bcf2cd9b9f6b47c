"""Tests of claims on packages of aid and appropriations."""

from __future__ import annotations

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence
from aidaudit.measures import aggregate, aid_packages


@test
def eu_package(data: Data, until: str) -> Evidence:
    """Size of the EU's package of May 2022 as announced, adopted and paid, in bn EUR."""
    table = data.tables["eu_assistance"]
    steps = aid_packages.eu_steps(table, aid_packages.PACKAGE_2022, until)
    emergency = aid_packages.eu_steps(table, aid_packages.EMERGENCY_2022, until)
    loans = aid_packages.kiel_loans(data.activities, until[:4])
    return Evidence(
        {
            "announced": steps["announced"],
            "adopted by the Council": steps["adopted"],
            "paid": steps["paid"],
            "paid, with the emergency loan decided before": steps["paid"] + emergency["paid"],
        },
        f"Of {steps['announced']:.0f} bn EUR announced in May 2022 the Council adopted "
        f"{steps['adopted']:.0f} by {until}, and {steps['paid']:.0f} were paid; an emergency "
        f"loan of {emergency['paid']:.1f} had been decided before. The tracker has "
        f"{loans:.1f} of EU loans for that year (release {data.release}).",
    )


@test
def act_size(data: Data) -> Evidence:
    """Size of the US act of May 2022: derived from published sums, and by its accounts."""
    accounts = data.tables["act_of_may_2022"]
    total = aid_packages.act(data.tables["us_acts"], aid_packages.ACT_OF_MAY_2022)
    listed = float(accounts["usd_m"].sum() / 1000)
    parts = aid_packages.purposes(accounts)
    return Evidence(
        {
            "total derived from the sum of four acts": total,
            "sum of the listed accounts": listed,
        },
        f"The act has {total:.1f} bn US$ by the published sums, and {listed:.1f} in the "
        f"accounts at hand. Of these, {parts['Budget support']:.1f} bn "
        f"({parts['Budget support'] / listed * 100:.0f} %) go to the fund that paid budget "
        f"support, {parts['Military']:.1f} bn ({parts['Military'] / listed * 100:.0f} %) are "
        "military.",
    )


@test
def appropriated_over_allocated(data: Data, first_until: str) -> Evidence:
    """US appropriations over US allocations, and totals with refugee costs over without.

    first_until: the last day before the fifth act, for the ratio of the first four.
    """
    rates, acts = data.tables["rates"], data.tables["us_acts"]
    until = data.tracker_date
    allocated = aid_packages.us_allocations(data.activities, data.donors, rates, until)
    earlier = aid_packages.us_allocations(data.activities, data.donors, rates, first_until)
    five, four = (aid_packages.act(acts, law) for law in ("All five", "First four"))
    rows = aggregate.by_measure(data.activities, ["allocation"])
    direct = float(rows["value_eur"].sum() / 1e9)
    refugees = float(data.tables["refugee_costs"]["refugee_costs_eur_bn"].sum())
    return Evidence(
        {
            "five acts over allocations": five / allocated,
            "first four acts over allocations before the fifth": four / earlier,
            "total with refugee costs over total without": (direct + refugees) / direct,
        },
        f"Five acts appropriated {five:.1f} bn US$ for the response to the war, of which the "
        f"tracker counts {allocated:.1f} as allocated to Ukraine by {until[:7]}; the rest "
        "includes US forces in Europe, the refilling of stocks and other countries. Refugee "
        f"costs of {refugees:.0f} bn EUR to August 2024 would add "
        f"{refugees / direct * 100:.0f} % to the total of all donors.",
    )
