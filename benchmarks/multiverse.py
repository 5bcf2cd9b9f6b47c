"""All specifications in one pass against one at a time, in the same run.

Usage: python benchmarks/multiverse.py. Prints seconds of both and their ratio; both must give
the same values, else it stops.
"""

from __future__ import annotations

import time

from aidaudit import config
from aidaudit.data import clean, sources
from aidaudit.measures import aggregate, money, multiverse
from aidaudit.measures.donors import select

SAMPLE = 200


def main() -> None:
    """Time both ways and print the ratio."""
    choices = config.multiverse()
    releases = {number: clean.kiel(number) for number in choices.releases}
    context = {
        name: clean.context(name, config.context()[name])
        for name in ("rates", "economy", "refugee_costs")
    }
    donors, fixed = clean.members(), config.config().shared.fixed_usd_per_eur
    begun = time.perf_counter()
    table = multiverse.specify(
        releases,
        {number: sources.release(number)["cut_off"] for number in choices.releases},
        choices,
        donors=donors,
        fixed=fixed,
        **context,
    )
    together = time.perf_counter() - begun

    # What `select` and `to_usd` can do by themselves: no refugee costs, nominal prices.
    plain = table[
        (table["refugee_costs"] == "out")
        & (table["prices"] == "nominal")
        & (table["membership"] == "present")
        & table["release"].isin([21, 28])
        & table["cut_off"].ge("2024-12-31")
    ]
    sample = plain.sample(SAMPLE, random_state=1)
    begun = time.perf_counter()
    for spec in sample.to_dict("records"):
        rows = aggregate.cut(aggregate.by_measure(releases[spec["release"]]), spec["cut_off"])
        rows = rows[
            (rows["measure"] == spec["measure"])
            & rows["aid_type"].isin(spec["aid_types"].split(" + "))
        ]
        chosen = select(rows, donors, spec["donors"], choices.window[1])
        usd = money.to_usd(
            chosen, context["rates"], spec["fx_method"], cut_off=spec["cut_off"], fixed=fixed
        )
        if abs(usd.sum() / 1e9 - spec["value_usd_bn"]) > 1e-5:
            raise SystemExit(f"the two ways differ: {spec}")
    each = (time.perf_counter() - begun) / SAMPLE
    print(f"one pass: {together:.2f} s for {len(table):,} specifications")
    print(f"one at a time: {each * 1000:.1f} ms each, {each * len(table):.0f} s for all")
    print(f"ratio: {each * len(table) / together:.0f}")


if __name__ == "__main__":
    main()
