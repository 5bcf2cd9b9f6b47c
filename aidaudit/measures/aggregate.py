"""Sums: by donor, month, type and measure, and the headline under each reading.

Takes clean tables of any depth and derives the coarser ones; asking a table for more than it
has is an error that says so. Judging what a sum means is left to `claims`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from aidaudit.data import sources
from aidaudit.data.vocabulary import MEASURES, UNDATED
from aidaudit.measures import money
from aidaudit.measures.donors import GROUPS, partition, select
from aidaudit.measures.money import READINGS, FxMethod
from nbtrail.base.errors import AuditError
from nbtrail.record.numbers import Numbers

HEADLINE_VALUES = ["value_eur_bn", "value_usd_bn", "usd_per_eur"]
HEADLINE_GROUPS = ["all", "nato", "nato_dated", "nato_eu", "european_nato"]


def measures_of(clean: pd.DataFrame) -> list[str]:
    """What a clean Kiel table can be asked for: early releases know commitments only."""
    return [measure for measure in MEASURES if f"{measure}_eur" in clean.columns]


def by_measure(clean: pd.DataFrame, measures: list[str] = MEASURES) -> pd.DataFrame:
    """Any clean Kiel table → donor, [month], aid_type, measure, value_eur; zeros left out.

    allocation_eur and commitment_eur become rows. Sums over what identifies a row. Raises
    AuditError where a measure is asked of a release that does not know it: commitments of
    2022 and 2023 must never pass for allocations.
    """
    unknown = [measure for measure in measures if measure not in measures_of(clean)]
    if unknown:
        raise AuditError(
            f"the release has no {unknown[0]}s.",
            found=", ".join(clean.columns),
            expected=f"one of {measures_of(clean)}",
            mend="allocations exist from release 16 on: take that one or a later one.",
        )
    index = [c for c in ("donor", "month", "aid_type") if c in clean.columns]
    parts = [
        clean.groupby(index)[f"{measure}_eur"]
        .sum()
        .rename("value_eur")
        .reset_index()
        .assign(measure=measure)
        for measure in measures
    ]
    rows = pd.concat(parts)
    # What is null throughout sums to zero, and goes with the zeros.
    rows = rows[rows["value_eur"] != 0]
    return rows.sort_values([*index, "measure"], ignore_index=True)[
        [*index, "measure", "value_eur"]
    ]


def cut(rows: pd.DataFrame, cut_off: str) -> pd.DataFrame:
    """The rows announced up to the month of the cut-off (ISO date); undated rows are kept.

    The tracker dates activities by month, so a month counts as a whole from its first day
    on. Raises AuditError on a table without months.
    """
    if "month" not in rows.columns:
        raise AuditError(
            "the table has no announcement months, so it cannot be cut at a date.",
            found=cut_off,
            expected="a release with activity rows or donor-month data",
            mend="use the release at its own cut-off, or another release.",
        )
    return rows[(rows["month"] == UNDATED) | (rows["month"] + "-01" <= cut_off)]


def donor_totals(rows: pd.DataFrame, donors: pd.DataFrame, cut_off: str) -> pd.DataFrame:
    """Totals: donor, donor_group (at the cut-off), aid_type, measure, value_eur_bn."""
    index = ["donor", "aid_type", "measure"]
    totals = rows.groupby(index, as_index=False)["value_eur"].sum()
    return _grouped(totals, donors, cut_off)[
        ["donor", "donor_group", "aid_type", "measure", "value_eur_bn"]
    ]


def monthly(rows: pd.DataFrame, donors: pd.DataFrame, cut_off: str) -> pd.DataFrame:
    """Rows by month: month, donor, donor_group, aid_type, measure, value_eur_bn."""
    ordered = rows.sort_values(["month", "donor", "aid_type", "measure"])
    return _grouped(ordered, donors, cut_off)[
        ["month", "donor", "donor_group", "aid_type", "measure", "value_eur_bn"]
    ].reset_index(drop=True)


def _grouped(rows: pd.DataFrame, donors: pd.DataFrame, on: str) -> pd.DataFrame:
    part = partition(donors, on)
    return rows.assign(
        donor_group=rows["donor"].map(part), value_eur_bn=rows["value_eur"] / 1e9
    )


def headline(
    rows: pd.DataFrame,
    donors: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    reading: str,
    release: int,
    cut_off: str,
    fixed: float,
    groups: Sequence[str] = HEADLINE_GROUPS,
) -> pd.DataFrame:
    """The total for every donor group, measure and exchange-rate method of `money.READINGS`.

    rows: donor, [month], aid_type, measure, value_eur, already cut. cut_off: ISO date of the
    last day counted. fixed: US$ per euro of the method fixed. Returns one row per
    combination, columns as in `tables.RESULTS['headline']`; values that the release cannot
    answer (it has no months) are null.
    """
    has_months = "month" in rows.columns
    out = []
    for measure in MEASURES:
        of_measure = rows[rows["measure"] == measure]
        for name in groups:
            answerable = has_months or not GROUPS[name].dated
            chosen = select(of_measure, donors, name, cut_off) if answerable else None
            for method in READINGS:
                eur = usd = None
                if chosen is not None:
                    eur = chosen["value_eur"].sum() / 1e9
                    if has_months or method != FxMethod.month_average:
                        usd = (
                            money.to_usd(
                                chosen, rates, method, cut_off=cut_off, fixed=fixed
                            ).sum()
                            / 1e9
                        )
                out.append(
                    {
                        "reading": reading,
                        "measure": measure,
                        "donors": name,
                        "fx_method": str(method),
                        "value_eur_bn": eur,
                        "value_usd_bn": usd,
                        "usd_per_eur": usd / eur if usd and eur else None,
                        "release": release,
                        "cut_off": cut_off,
                    }
                )
    return pd.DataFrame(out).astype(dict.fromkeys(HEADLINE_VALUES, "float64"))


def covered(headline: pd.DataFrame, last_day: str) -> pd.DataFrame:
    """The headline without values where its cut-off lies after a release's last day.

    What a release does not reach is not known from it, which is not the same as nothing more.
    """
    return headline.assign(**headline[HEADLINE_VALUES].where(headline["cut_off"] <= last_day))


def with_refugee_costs(
    headline: pd.DataFrame,
    costs: pd.DataFrame,
    donors: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    groups: list[str],
    cut_off: str,
    fixed: float,
) -> pd.DataFrame:
    """Allocations of donor groups with the estimated costs of hosting refugees added.

    headline: rows of one reading. costs: donor, refugee_costs_eur_bn, without dates, so that
    they take the period's average rate where months would be converted. groups: not dated
    ones. Returns donors, measure ('allocation with refugee costs'), fx_method, value_usd_bn.
    """
    hosts = pd.DataFrame(
        {
            "donor": costs["donor"],
            "month": UNDATED,
            "value_eur": costs["refugee_costs_eur_bn"] * 1e9,
        }
    )
    rows = headline[(headline["measure"] == "allocation") & headline["donors"].isin(groups)]
    out = rows[["donors", "fx_method", "value_usd_bn"]].dropna()
    for place, row in out.iterrows():
        own = select(hosts, donors, row["donors"], cut_off)
        usd = money.to_usd(own, rates, row["fx_method"], cut_off=cut_off, fixed=fixed)
        out.loc[place, "value_usd_bn"] += usd.sum() / 1e9
    return out.assign(measure="allocation with refugee costs").reset_index(drop=True)


def last_day(totals_release: int, cut_off: str, release: int) -> str:
    """The last day that the donor totals count: the cut-off, or a newer release's own end."""
    if totals_release == release:
        return cut_off
    return sources.release(totals_release)["cut_off"]


def headline_numbers(headline: pd.DataFrame, numbers: Numbers) -> None:
    """Add every cell of the headline table: <reading>.<donors>.<measure>.eur_bn and .usd_bn."""
    for row in headline.to_dict("records"):
        key = f"{row['reading']}.{row['donors']}.{row['measure']}"
        own = {name: row[name] for name in ("reading", "donors", "measure", "fx_method")}
        for name, unit, column in (
            (f"{key}.eur_bn", "bn EUR", "value_eur_bn"),
            (f"{key}.usd_bn.{row['fx_method']}", "bn US$", "value_usd_bn"),
        ):
            if name not in numbers.entries and pd.notna(row[column]):
                numbers.add(name, row[column], unit, row=own, column=column)


def total_numbers(totals: pd.DataFrame, numbers: Numbers) -> None:
    """Add the allocations of all donors by type: allocation.<type>.eur_bn, and of the US."""
    allocations = totals[totals["measure"] == "allocation"]
    for aid_type, value in allocations.groupby("aid_type")["value_eur_bn"].sum().items():
        numbers.add(f"allocation.{aid_type.lower()}.eur_bn", value, "bn EUR")
    for group, value in allocations.groupby("donor_group")["value_eur_bn"].sum().items():
        key = group.lower().replace(" ", "_")
        numbers.add(f"allocation.{key}.eur_bn", value, "bn EUR")
