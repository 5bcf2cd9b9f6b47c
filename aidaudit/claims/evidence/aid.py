"""Tests of claims on how much was given, of what kind, by whom and when."""

from __future__ import annotations

import pandas as pd

from aidaudit import config, layout
from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence, NotTestable, holds
from aidaudit.data.vocabulary import AID_TYPES, UNDATED
from aidaudit.measures import aggregate, money, switch
from aidaudit.measures.donors import GROUPS, select
from aidaudit.measures.money import READINGS, FxMethod


def _headline(data: Data) -> pd.DataFrame:
    rows = aggregate.cut(data.rows, data.tracker_date)
    return aggregate.headline(
        rows,
        data.donors,
        data.tables["rates"],
        reading="at_article_date",
        release=data.release,
        cut_off=data.tracker_date,
        fixed=data.fixed_usd_per_eur,
    )


def _months_since(data: Data, since: str, needed: int) -> None:
    months = len(pd.period_range(since, data.last_day[:7], freq="M"))
    if months < needed:
        raise NotTestable(
            f"Release {data.release} is cut at {data.last_day}, and {needed} months from "
            f"{since} on are needed."
        )


@test
def total_given(
    data: Data, literal: str, readings: list[str], contrast: str, traced: str
) -> Evidence:
    """Total allocations of donor groups by the claim's date, in bn US$, all four methods.

    literal: the group of the literal reading, at the announcement months' average rates.
    readings: admissible groups. contrast: a group that is named in the reason only, beside the
    literal one: what both had given by the release `traced` (its clean table), at the rate of
    the day on which it was published.
    """
    table = _headline(data).query("measure == 'allocation'")
    usd = table.set_index(["donors", "fx_method"])["value_usd_bn"]
    order = [literal, *[name for name in readings if name != literal]]
    values = {
        f"{GROUPS[name].label}, {money.LABELS[method]}": usd[name, method]
        for name in order
        for method in READINGS
    }
    base, asserted = FxMethod.month_average, config.article_asserts()
    near = holds(asserted, usd["nato_eu", base])
    then = {name: _by_publication_day(data, traced, name) for name in (contrast, literal)}
    prints = round(then[contrast]) == asserted.value
    return Evidence(
        values,
        f"{GROUPS[literal].label} alone allocated {usd[literal, base]:.1f} bn US$ by "
        f"{data.tracker_date[:7]}; {GROUPS['nato_eu'].phrase} {usd['nato_eu', base]:.1f}"
        + (f", which comes within {asserted.tolerance * 100:.0f} %" if near else "")
        + f" (release {data.release}, {money.LABELS[base]}). By release "
        f"{layout.release_of(traced)}, at the {money.LABELS[FxMethod.publication_day]}, "
        f"{GROUPS[contrast].phrase} had allocated {then[contrast]:.2f}"
        + (f", which prints as {asserted.value:g}" if prints else "")
        + f"; on that basis {GROUPS[literal].phrase} {then[literal]:.1f}.",
    )


def _by_publication_day(data: Data, table: str, group: str) -> float:
    """Allocations of a group in a release, bn US$ at the rate of its day of publication."""
    rows = aggregate.by_measure(data.tables[table], ["allocation"])
    dates = data.tables["release_dates"].set_index("release")["published"]
    usd = money.to_usd(
        select(rows, data.donors, group, data.claim_date),
        data.tables["rates"],
        FxMethod.publication_day,
        cut_off=data.claim_date,
        published=dates[layout.release_of(table)],
    )
    return float(usd.sum() / 1e9)


@test
def spread_of_readings(data: Data) -> Evidence:
    """(max − min) / median over donor group × measure × exchange rate, in per cent.

    Admissible readings also hold the measure, or the donors, fixed.
    """
    table = _headline(data)

    def spread(part: pd.DataFrame) -> float:
        usd = part["value_usd_bn"]
        return float((usd.max() - usd.min()) / usd.median() * 100)

    allocations = table[table["measure"] == "allocation"]
    readings = {
        "all combinations": spread(table),
        "allocations only": spread(allocations),
        "NATO members only": spread(table[table["donors"] == "nato"]),
    }
    usd = table["value_usd_bn"]
    return Evidence(
        readings,
        f"{len(table)} combinations of donors, measure and exchange rate run from "
        f"{usd.min():.0f} to {usd.max():.0f} bn US$ around a median of {usd.median():.0f}.",
    )


@test
def smallest_share_of_type(data: Data, literal: str, readings: list[str]) -> Evidence:
    """Share of the smallest of the three types in allocations by donor group, in per cent."""
    rows = aggregate.cut(data.allocations, data.tracker_date)
    values, smallest = {}, {}
    for name in [literal, *[r for r in readings if r != literal]]:
        chosen = select(rows, data.donors, name, data.tracker_date)
        shares = chosen.groupby("aid_type")["value_eur"].sum().reindex(AID_TYPES, fill_value=0)
        shares = shares / shares.sum() * 100
        values[GROUPS[name].label] = float(shares.min())
        smallest[name] = shares
    shares = smallest[literal]
    return Evidence(
        values,
        f"Of what {GROUPS[literal].phrase} allocated, {shares['Military']:.0f} % was "
        f"military, {shares['Financial']:.0f} % financial and "
        f"{shares['Humanitarian']:.0f} % humanitarian.",
    )


@test
def lead_over_next_donor(data: Data, donor: str, until: str) -> Evidence:
    """Allocations of a donor up to a month over those of the next largest single donor."""
    rows = aggregate.cut(data.allocations, f"{min(until, data.last_day[:7])}-28")

    def lead(part: pd.DataFrame) -> float:
        totals = part.groupby("donor")["value_eur"].sum()
        return float(totals[donor] / totals.drop(donor).max())

    totals = rows.groupby("donor")["value_eur"].sum()
    next_donor = totals.drop(donor).idxmax()
    europe = select(rows, data.donors, "europe", data.tracker_date)["value_eur"].sum()
    return Evidence(
        {
            "all aid, EU institutions as one donor": lead(rows),
            "military aid": lead(rows[rows["aid_type"] == "Military"]),
            "all aid, states only": lead(rows[rows["donor_group"] != "EU institutions"]),
        },
        f"To {min(until, data.last_day[:7])} the {donor} allocated {totals[donor] / 1e9:.1f} "
        f"bn EUR, {totals[donor] / totals.sum() * 100:.0f} % of all aid and "
        f"{totals[donor] / totals[next_donor]:.1f} times as much as the next donor, "
        f"{next_donor}; Europe taken together gave {europe / 1e9:.1f}.",
    )


def _monthly_mean(rows: pd.DataFrame, first: str, last: str) -> float:
    """Mean per calendar month in bn EUR from first to last (YYYY-MM), undated rows left out."""
    dated = rows[(rows["month"] != UNDATED) & rows["month"].between(first, last)]
    return float(dated["value_eur"].sum() / len(pd.period_range(first, last, freq="M")) / 1e9)


def _before(since: str) -> str:
    return str(pd.Period(since, "M") - 1)


# The base years over which 'before' is taken; the first begins with the invasion.
BASES = {"base 2022–2024": "2022-02", "base 2023–2024": "2023-01", "base 2024": "2024-01"}


@test
def rise_of_donors(data: Data, donors: list[str], since: str, months_needed: int) -> Evidence:
    """Smallest ratio, among donors, of monthly military allocations after to before."""
    _months_since(data, since, months_needed)
    rows = data.allocations
    military = rows[rows["aid_type"] == "Military"]
    last = data.last_day[:7]

    def means(donor: str, first: str) -> tuple[float, float]:
        own = military[military["donor"] == donor]
        return _monthly_mean(own, first, _before(since)), _monthly_mean(own, since, last)

    def ratio(donor: str, first: str) -> float:
        before, after = means(donor, first)
        if before <= 0:
            raise NotTestable(
                f"{donor} allocated no military aid from {first} to {_before(since)}, so there "
                "is nothing to compare with."
            )
        return after / before

    readings = {
        label: min(ratio(donor, first) for donor in donors) for label, first in BASES.items()
    }
    base = BASES["base 2022–2024"]
    each = ", ".join(
        f"{donor} from {means(donor, base)[0]:.2f} to {means(donor, base)[1]:.2f}"
        for donor in donors
    )
    return Evidence(
        readings,
        f"Mean monthly military allocations, bn EUR, {since} to {last} against {base} "
        f"to {_before(since)}: {each}.",
    )


@test
def share_of_fall_made_up(
    data: Data, donors: str, aid: str, since: str, months_needed: int
) -> Evidence:
    """Europe's rise per month as a share of the US fall, in per cent.

    donors, aid: group and types of the literal reading, to the last month. Earlier last
    months, other groups and types, and later bases are the other readings.
    """
    _months_since(data, since, months_needed)
    curve, last = data.results["switch"], data.last_day[:7]
    if curve.loc[curve["end_month"] == last, "share"].isna().any():
        raise NotTestable("US allocations did not fall, so there is nothing to make up.")
    known = curve.dropna(subset="share")
    own = (known["donors"] == donors) & (known["aid"] == aid)
    at_last = known["end_month"] == last
    labels = {switch.MILITARY: "military aid", switch.ALL_AID: "all aid"}

    def label(row: pd.Series) -> str:
        return f"{GROUPS[row['donors']].label}, {labels[row['aid']]}, to {row['end_month']}"

    chosen = pd.concat([known[own & at_last], known[own & ~at_last], known[~own & at_last]])
    readings = {label(row): row["share"] for _, row in chosen.iterrows()}
    groups = list(curve["donors"].unique())
    for base, first in list(BASES.items())[1:]:
        months = switch.by_month(data.allocations, data.donors, groups, first, data.last_day)
        for kind in switch.AIDS:
            for group in groups:
                value = switch.share(months, group, kind, since)
                if pd.notna(value):
                    readings[f"{GROUPS[group].label}, {labels[kind]}, {base}"] = value
    told = switch.told(curve, donors, aid)
    bounds = " to ".join(f"{end:.0f}".replace("-", "−") for end in (told.low, told.high))
    return Evidence(
        readings,
        f"To {told.end_month} {GROUPS[donors].phrase} made up {told.share:.0f} % of the fall "
        f"of US {labels[aid]} (interval {bounds}). By last month counted the share runs from "
        f"{told.least:.0f} % ({told.least_month}) to {told.peak:.0f} % ({told.peak_month}); it "
        f"reaches the whole in {told.reached} of {told.ends} months, and the interval lies on "
        f"one side of the whole in {told.decided}.",
        interval=(told.low, told.high),
    )
