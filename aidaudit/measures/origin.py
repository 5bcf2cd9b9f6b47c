"""Where a quoted total can come from: every combination of choices, and which print as it.

A search and no reading: what a release held is multiplied by rates until something prints as
the quoted total. What is searched, and what counts as a departure from the sentence, stands in
config/origin.yaml and was fixed before the first search. A match is arithmetic, not a source;
`counts` says how easily any other total would have been matched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pandas as pd

from aidaudit.config import Origin
from aidaudit.data.tables import RESULTS
from aidaudit.data.vocabulary import UNDATED
from aidaudit.measures import aggregate, money
from aidaudit.measures.donors import GROUPS, group, select
from aidaudit.measures.money import FxMethod
from nbtrail.base.errors import AuditError
from nbtrail.record.numbers import Numbers

# Not a method, but what is left when the rate of any day will do.
ANOTHER_DAY = "another_day"
REFUGEES = "refugee costs"
CHOICES = RESULTS["origin_of_total"].key
NEWEST, OLDER, NOT_YET, UNKNOWN = "newest", "older", "not yet published", "unknown"


def span(published: str) -> tuple[str, str]:
    """First and last ISO day that a publication date allows: a day, or a whole month."""
    period = pd.Period(published, "D" if len(published) > len("2025-02") else "M")
    return tuple(f"{day:%Y-%m-%d}" for day in (period.start_time, period.end_time))


def standing(dates: pd.DataFrame, last_days: Mapping[int, str], day: str) -> pd.DataFrame:
    """What each release was on an ISO day: the newest, an older one, or not yet published.

    dates: release, cut_off, published (a day, a month or null). last_days: cut-offs of further
    releases. A release was there if it was published by then, or a later one was; it was not
    if it was published after, ends after, or an earlier one was not there yet. Otherwise it is
    unknown. Returns published, existed (True, False or null) and standing by release.
    """
    ends = dates.set_index("release")["cut_off"].to_dict() | dict(last_days)
    known = dates.dropna(subset="published").set_index("release")["published"]
    spans = {number: span(published) for number, published in known.items()}
    there = {n for n, (_, last) in spans.items() if last <= day}
    absent = {n for n, (first, _) in spans.items() if first > day}
    absent |= {n for n, end in ends.items() if end > day}
    newest, missing = max(there, default=0), min(absent, default=np.inf)
    rows = {}
    for number in sorted(ends):
        existed = True if number <= newest else False if number >= missing else None
        what = {True: OLDER, False: NOT_YET, None: UNKNOWN}[existed]
        rows[number] = {
            "published": known.get(number),
            "existed": existed,
            "standing": NEWEST if number == newest else what,
        }
    return pd.DataFrame.from_dict(rows, orient="index").astype({"existed": "boolean"})


def search(
    releases: Mapping[int, pd.DataFrame],
    last_days: Mapping[int, str],
    dates: pd.DataFrame,
    rule: Origin,
    *,
    total: float,
    day: str,
    donors: pd.DataFrame,
    rates: pd.DataFrame,
    refugee_costs: pd.DataFrame,
    fixed: float,
) -> pd.DataFrame:
    """Every combination of the rule's choices with its value in bn US$, best match first.

    releases: clean Kiel tables by number. last_days: their own cut-offs, that of the refugee
    costs' release among them. dates: release, cut_off, published. total: as quoted, bn US$.
    day: ISO date for which it is quoted. donors, rates, refugee_costs: clean tables. fixed:
    US$ per euro of the method fixed. Raises AuditError where no release reaches back to the
    day. Columns as in `tables.RESULTS['origin_of_total']`; where
    a publication day is not known its row has no value. Ranks go to what prints as the total.
    """
    were = standing(dates, last_days, day)
    parts = []
    for number in rule.releases:
        clean, own = releases[number], last_days[number]
        dated = "month" in clean.columns
        if own > day and not dated:
            continue
        cut_off = min(own, day)
        rows = _rows(clean, refugee_costs, cut_off if own > day else None)
        ways = list(_ways(rows, rates, rule, cut_off, day, were.at[number, "published"], fixed))
        dollars = pd.DataFrame(dict(enumerate(usd for *_, usd in ways)))
        ended = cut_off >= last_days[rule.refugee_costs_release]
        for measure, hosting, name in product(rule.measures, ("out", "in"), rule.donors):
            counted = [measure, REFUGEES] if hosting == "in" else [measure]
            if (
                measure not in aggregate.measures_of(clean)
                or (hosting == "in" and not ended)
                or (group(name).dated and not dated)
            ):
                continue
            chosen = select(rows[rows["measure"].isin(counted)], donors, name, cut_off)
            part = pd.DataFrame(
                [way[:2] for way in ways], columns=["fx_method", "rate_date"]
            ).assign(
                release=number,
                cut_off=cut_off,
                donors=name,
                measure=measure,
                refugee_costs=hosting,
                value_eur_bn=chosen["value_eur"].sum() / 1e9,
                # Without a day of publication there is no value; without rows it is zero.
                value_usd_bn=dollars.loc[chosen.index].sum(skipna=False).to_numpy() / 1e9,
            )
            parts.append(part)
    if not parts:
        raise AuditError(
            f"no release says what had been given by {day}.",
            file="config/origin.yaml",
            found=rule.releases,
            expected="a release that ends by then, or one with months",
            mend="add one under `releases`, or give a later date.",
        )
    table = pd.concat(parts, ignore_index=True)
    table["published"] = table["release"].map(were["published"])
    table["existed_at_article_date"] = table["release"].map(were["existed"])
    table["standing"] = table["release"].map(were["standing"])
    return _ranked(table, rule, total)


def _rows(
    clean: pd.DataFrame, refugee_costs: pd.DataFrame, cut_off: str | None
) -> pd.DataFrame:
    """Aid by donor, [month] and measure, and refugee costs as a measure of their own.

    cut_off: last day counted; None for all that a release holds.
    """
    aid = aggregate.by_measure(clean, aggregate.measures_of(clean))
    costs = pd.DataFrame(
        {
            "donor": refugee_costs["donor"],
            "measure": REFUGEES,
            "value_eur": refugee_costs["refugee_costs_eur_bn"] * 1e9,
        }
    )
    if "month" in aid.columns:
        costs = costs.assign(month=UNDATED)
    if cut_off is not None:
        aid = aggregate.cut(aid, cut_off)
    return pd.concat([aid, costs], ignore_index=True)


def _ways(
    rows: pd.DataFrame,
    rates: pd.DataFrame,
    rule: Origin,
    cut_off: str,
    day: str,
    published: str | None,
    fixed: float,
) -> Iterator[tuple[str, str | None, pd.Series]]:
    """(method, day of the rate, US$ of each row) of every way to convert a release."""
    quoted = money.daily(rates)
    days = pd.Series(quoted.index, index=quoted.index)
    taken = set()
    for method in rule.fx_methods:
        on: list[str | None] = [None]
        if method == FxMethod.month_average and "month" not in rows.columns:
            continue
        if method == FxMethod.at_cut_off:
            on = [cut_off]
        if method == FxMethod.publication_day:
            if pd.isna(published):
                yield method, None, rows["value_eur"] * np.nan
                continue
            on = list(dict.fromkeys(span(published)))
        for date in on:
            given = {"cut_off": cut_off, "fixed": fixed, "published": date}
            # On a day without a rate the last one before it holds.
            held = days[:date].iloc[-1] if date else None
            taken.add(held)
            yield method, held, money.to_usd(rows, rates, method, **given)
    for date, rate in quoted[cut_off:day].items():
        if date not in taken:
            yield ANOTHER_DAY, date, rows["value_eur"] * rate


def _ranked(table: pd.DataFrame, rule: Origin, total: float) -> pd.DataFrame:
    table["value_usd_bn"] = table["value_usd_bn"].astype("float64").round(6)
    table["value_eur_bn"] = table["value_eur_bn"].round(6)
    rate = table["value_usd_bn"] / table["value_eur_bn"].replace(0, np.nan)
    table["usd_per_eur"] = rate.round(6)
    table["prints_as"] = printed(table["value_usd_bn"], rule.step)
    literal = {"standing": rule.literal.release} | rule.literal.model_dump(exclude={"release"})
    departs = pd.DataFrame({c: ~table[c].isin(allowed) for c, allowed in literal.items()})
    table["departures"] = departs.sum(axis=1)
    names = [column.replace("standing", "release") for column in departs]
    table["departs_in"] = [
        ", ".join(np.compress(row, names)) or None for row in departs.to_numpy()
    ]
    table["distance"] = (table["value_usd_bn"] - total).abs().round(6)
    table = table.sort_values(
        ["departures", "distance", *CHOICES], kind="stable", ignore_index=True
    )
    matches = table["prints_as"] == printed(pd.Series([total]), rule.step)[0]
    table["rank"] = matches.cumsum().where(matches).astype("Int64")
    return table.sort_values(["rank", *CHOICES], kind="stable", ignore_index=True)[
        list(RESULTS["origin_of_total"].columns)
    ]


def printed(values: pd.Series, step: float) -> pd.Series:
    """Totals as they are printed: to the nearest multiple of the step, halves up."""
    return np.floor(values / step + 0.5) * step


def counts(table: pd.DataFrame, *, total: float, step: float, around: int) -> pd.DataFrame:
    """How many combinations print as each multiple of the step around the quoted total.

    table: as `search` returns it. Columns as in `tables.RESULTS['origin_counts']`.
    """
    middle = printed(pd.Series([total]), step)[0]
    rows = []
    for place in range(-around, around + 1):
        value = middle + place * step
        prints = table[np.isclose(table["prints_as"], value)]
        rows.append(
            {
                "prints_as": value,
                "combinations": len(prints),
                "at_named_rates": (prints["fx_method"] != ANOTHER_DAY).sum(),
                "up_to_one_departure": (prints["departures"] <= 1).sum(),
                "fewest_departures": prints["departures"].min() if len(prints) else None,
            }
        )
    return pd.DataFrame(rows).astype({"fewest_departures": "Int64"})


def same_basis(table: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    """What each donor group had given on the basis of a combination, by group."""
    basis = [choice for choice in CHOICES if choice != "donors"]
    same = (table[basis].fillna("") == row[basis].fillna("")).all(axis=1)
    return table[same].set_index("donors")


def day_by_day(table: pd.DataFrame, row: pd.Series, day: str) -> pd.DataFrame:
    """A combination at the rate of each day from its release's publication to an ISO day."""
    what = ["release", "cut_off", "donors", "measure", "refugee_costs"]
    same = table[(table[what] == row[what]).all(axis=1)].dropna(subset="rate_date")
    first = span(row["published"])[0] if pd.notna(row["published"]) else day
    return same[same["rate_date"].between(first, day)].sort_values("rate_date")


def matches(table: pd.DataFrame) -> pd.DataFrame:
    """The combinations that print as the total, each at its nearest day, best first.

    Columns of the table, and days: of how many days the rate gives the same print.
    """
    found = table.dropna(subset="rank")
    what = [choice for choice in CHOICES if choice != "rate_date"]
    days = found.groupby(what)["rank"].transform("size")
    return found.assign(days=days).drop_duplicates(what).reset_index(drop=True)


def matches_shown(found: pd.DataFrame) -> pd.DataFrame:
    """The matches as text, for a reader. found: as `matches` returns them."""
    hosting = found["refugee_costs"].map({"in": " with refugee costs", "out": ""})
    on = found["rate_date"].map(lambda day: f", {day}" if pd.notna(day) else "")
    named = {"donors": "donors", "fx_method": "rate", "refugee_costs": "refugee costs"}
    return pd.DataFrame(
        {
            "": found["rank"].astype("str"),
            "Release": found["release"].astype("str") + ", " + found["standing"],
            "Donors": found["donors"].map(lambda name: GROUPS[name].label),
            "Measure": found["measure"] + hosting,
            "Exchange rate": found["fx_method"].map(method_label) + on,
            "Days": found["days"].astype("str"),
            "bn EUR": found["value_eur_bn"].map("{:,.1f}".format),
            "bn US$": found["value_usd_bn"].map("{:,.2f}".format),
            "Departs in": found["departs_in"].fillna("–").replace(named, regex=True),
        }
    )


def method_label(method: str) -> str:
    """A method in words, another day among them."""
    return money.LABELS.get(method, "ECB rate of another day")


def origin_numbers(table: pd.DataFrame, numbers: Numbers, *, day: str) -> None:
    """Add how many combinations there are and, if one prints as the total, what the best is.

    table: as `search` returns it. day: the quoted total's date.
    """
    valued = table.dropna(subset="value_usd_bn")
    matches = table.dropna(subset="rank")
    numbers.add("origin.combinations", len(valued), "count")
    numbers.add("origin.matches", len(matches), "count")
    if matches.empty:
        return
    best = matches.iloc[0]
    usd = best["value_usd_bn"]
    numbers.add("origin.usd_bn", usd, "bn US$", shown=f"{usd:,.2f} bn US$")
    numbers.add("origin.printed", best["prints_as"], "bn US$", shown=f"{best['prints_as']:,g}")
    numbers.add("origin.eur_bn", best["value_eur_bn"], "bn EUR")
    numbers.add("origin.rate", best["usd_per_eur"], "US$ per EUR")
    numbers.add("origin.release", f"release {best['release']}", "text")
    numbers.add("origin.donors", GROUPS[best["donors"]].phrase, "text")
    numbers.add("origin.method", method_label(best["fx_method"]), "text")
    few = int(best["departures"])
    said = f"{few} departure" + ("" if few == 1 else "s")
    numbers.add("origin.departures", few, "count", shown=said)
    level = (matches["departures"] == few).sum()
    numbers.add("origin.as_few", level, "count")
    if pd.notna(best["published"]):
        numbers.add("origin.published", best["published"], "date")
        days = day_by_day(table, best, day)
        numbers.add("origin.rate_days", len(days), "count")
        printing = (days["prints_as"] == best["prints_as"]).sum()
        numbers.add("origin.rate_days_printing", printing, "count")
    for name, row in same_basis(table, best).iterrows():
        numbers.add(f"origin.{name}.usd_bn", row["value_usd_bn"], "bn US$")
        gap = (1 - row["value_usd_bn"] / usd) * 100
        numbers.add(f"origin.{name}.less", gap, "%")
