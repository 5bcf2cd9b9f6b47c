"""The total under every admissible combination of choices: a specification curve.

One pass per release and cut-off: rows × masks of what counts, times weights of what a euro is
worth. What the choices are stands in config/multiverse.yaml; `aggregate` and `money` compute
the same one at a time, and tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from aidaudit.config import Multiverse
from aidaudit.data.tables import RESULTS
from aidaudit.data.vocabulary import AID_TYPES, MEASURES, NOT_SPLIT, UNDATED
from aidaudit.measures import aggregate, money
from aidaudit.measures.donors import GROUPS
from aidaudit.measures.money import READINGS, FxMethod
from nbtrail.base.errors import AuditError

CHOICES = RESULTS["specifications"].key
VALUE = "value_usd_bn"
REFUGEES = "Refugee costs"
# What the report calls each choice.
LABELS = {
    "release": "Release",
    "cut_off": "Last day counted",
    "donors": "Donors",
    "membership": "Membership",
    "measure": "Measure",
    "aid_types": "Types of aid",
    "refugee_costs": "Refugee costs",
    "fx_method": "Exchange rate",
    "prices": "Prices",
}


def deflators(economy: pd.DataFrame, base: int) -> pd.Series:
    """US GDP deflator by year, 1 in the base year. economy: iso3, concept, year, value."""
    rows = economy[(economy["iso3"] == "USA") & (economy["concept"] == "NGDP_D")]
    index = rows.set_index("year")["value"].sort_index()
    if base not in index.index:
        raise AuditError(
            f"there is no US deflator for {base}.",
            file="data/processed/clean/economy.csv",
            found=list(index.index),
            expected="a row USA, NGDP_D of that year",
            mend="choose another price_year in config/multiverse.yaml.",
        )
    return index / index[base]


def specify(
    releases: Mapping[int, pd.DataFrame],
    last_days: Mapping[int, str],
    choices: Multiverse,
    *,
    donors: pd.DataFrame,
    rates: pd.DataFrame,
    economy: pd.DataFrame,
    refugee_costs: pd.DataFrame,
    fixed: float,
) -> pd.DataFrame:
    """Every admissible specification with its value in bn US$, sorted by its choices.

    releases: clean Kiel tables by number. last_days: their own cut-offs (ISO dates), that of
    the refugee costs' release among them. donors, rates, economy: clean tables.
    refugee_costs: donor, refugee_costs_eur_bn. fixed: US$ per euro of the method fixed.
    A release answers what its columns can: without months no earlier cut-off, no dated
    membership, no monthly rate and no constant prices; without types no choice of them;
    before release 16 no allocations.
    Columns as in `tables.RESULTS['specifications']`.
    """
    index = deflators(economy, choices.price_year)
    present = choices.window[1]
    costs_until = last_days[choices.refugee_costs_release]
    out = []
    for number in choices.releases:
        rows = _rows(releases[number], refugee_costs)
        own = last_days[number]
        dated = "month" in rows.columns
        days = {own, *(day for day in choices.cut_offs if dated and day <= own)}
        for day in sorted(days):
            cut = aggregate.cut(rows, day) if dated else rows
            masks, what = _masks(cut, donors, choices, present, with_costs=day >= costs_until)
            weights, worth = _weights(cut, rates, index, day, fixed)
            values = masks.T @ weights / 1e9
            table = pd.DataFrame(
                [(*chosen, *how) for chosen in what for how in worth],
                columns=[
                    *("donors", "membership", "measure", "aid_types", "refugee_costs"),
                    *("fx_method", "prices"),
                ],
            )
            table.insert(0, "release", number)
            table.insert(1, "cut_off", day)
            table[VALUE] = values.ravel().round(6)
            out.append(table)
    frame = pd.concat(out, ignore_index=True)
    return frame.sort_values(CHOICES, kind="stable", ignore_index=True)


def _rows(clean: pd.DataFrame, refugee_costs: pd.DataFrame) -> pd.DataFrame:
    """Aid by donor, [month], type and measure, with refugee costs as a type of their own."""
    measures = aggregate.measures_of(clean)
    aid = aggregate.by_measure(clean, measures)
    costs = refugee_costs[refugee_costs["refugee_costs_eur_bn"] > 0]
    parts = [aid]
    for measure in measures:
        part = pd.DataFrame(
            {
                "donor": costs["donor"],
                "aid_type": REFUGEES,
                "measure": measure,
                "value_eur": costs["refugee_costs_eur_bn"] * 1e9,
            }
        )
        parts.append(part.assign(month=UNDATED) if "month" in aid.columns else part)
    return pd.concat(parts, ignore_index=True)


def _masks(
    rows: pd.DataFrame,
    donors: pd.DataFrame,
    choices: Multiverse,
    present: str,
    with_costs: bool,
) -> tuple[np.ndarray, list[tuple]]:
    """What each choice counts: rows × combinations of 0 and 1, and the combinations."""
    who = donors.set_index("donor", drop=False).loc[rows["donor"]].set_index(rows.index)
    days = {"present": pd.Series(present, index=rows.index)}
    if "month" in rows.columns:
        # As in donors.select: undated rows count for states that were members throughout.
        days["dated"] = rows["month"].where(rows["month"] != UNDATED, "2022-01") + "-01"
    groups = {
        (name, kind): GROUPS[name].chosen(who, day).to_numpy()
        for name, (kind, day) in product(choices.donors, days.items())
        if not (name == "all" and kind == "dated")
    }
    kinds = {
        (" + ".join(types), costs): rows["aid_type"]
        .isin([*types, REFUGEES] if costs == "in" else types)
        .to_numpy()
        for types in choices.aid_types
        for costs in ("in", "out")
        if costs == "out" or (with_costs and "Humanitarian" in types)
    }
    measures = {
        m: (rows["measure"] == m).to_numpy() for m in MEASURES if m in set(rows["measure"])
    }
    unsplit = (rows["aid_type"] == NOT_SPLIT).to_numpy()
    what, masks = [], []
    for (group, mine), (measure, such), (kind, these) in product(
        groups.items(), measures.items(), kinds.items()
    ):
        # Amounts that the release does not split answer for all types together only.
        if (unsplit & such).any():
            if set(kind[0].split(" + ")) != set(AID_TYPES):
                continue
            these = these | unsplit
        what.append((*group, measure, *kind))
        masks.append(mine & such & these)
    return np.column_stack(masks).astype("float64"), what


def _weights(
    rows: pd.DataFrame, rates: pd.DataFrame, index: pd.Series, day: str, fixed: float
) -> tuple[np.ndarray, list[tuple]]:
    """US dollars of each row under every method and prices: rows × combinations."""
    dated = "month" in rows.columns
    prices = {"nominal": np.ones(len(rows))}
    if dated:
        months = pd.period_range(money.PERIOD_START, day[:7], freq="M").astype("str")
        by_month = pd.Series([index[int(month[:4])] for month in months], index=months)
        # An undated row takes the period's average, as it does for exchange rates.
        level = rows["month"].map(by_month).where(rows["month"] != UNDATED, by_month.mean())
        prices["constant"] = 1 / level.to_numpy()
    worth, weights = [], []
    for method in READINGS:
        if method == FxMethod.month_average and not dated:
            continue
        usd = money.to_usd(rows, rates, method, cut_off=day, fixed=fixed).to_numpy()
        for name, factor in prices.items():
            worth.append((str(method), name))
            weights.append(usd * factor)
    return np.column_stack(weights), worth


def at_article(specifications: pd.DataFrame, window: tuple[str, str]) -> pd.DataFrame:
    """The specifications that the article can have meant, smallest value first."""
    chosen = specifications[specifications["cut_off"].between(*window)]
    return chosen.sort_values([VALUE, *CHOICES], kind="stable", ignore_index=True)


def within(values: pd.Series, value: float, tolerance: float) -> pd.Series:
    """Which values come within a tolerance (a share) of the value that the article names."""
    return (values - value).abs() <= tolerance * value


def by_option(specs: pd.DataFrame, value: float, tolerance: float) -> pd.DataFrame:
    """For each option of each choice: specifications, share within the tolerance, quartiles.

    Returns choice, option, specifications, within_percent, low, median, high (5th, 50th and
    95th percentile, bn US$), in the order of CHOICES and of the options' names.
    """
    near = within(specs[VALUE], value, tolerance)
    out = []
    for choice in CHOICES:
        for option, part in specs.groupby(choice, sort=True):
            low, median, high = part[VALUE].quantile([0.05, 0.5, 0.95])
            out.append(
                {
                    "choice": choice,
                    "option": str(option),
                    "specifications": len(part),
                    "within_percent": near[part.index].mean() * 100,
                    "low": low,
                    "median": median,
                    "high": high,
                }
            )
    return pd.DataFrame(out)


def influence(specs: pd.DataFrame) -> pd.DataFrame:
    """How much of the variance of the log total each choice accounts for, largest first.

    Returns choice, alone_percent (R² of the choice by itself), beyond_percent (R² that is lost
    when it is left out of a model with all choices as main effects) and factor (highest over
    lowest geometric mean of its options). The two shares differ because not every release
    answers every choice. The last row, 'together', has the R² of the model with all choices;
    what it leaves is due to choices that act differently in company.
    """
    log = np.log(specs[VALUE].to_numpy())
    varied = [choice for choice in CHOICES if specs[choice].nunique() > 1]
    whole = _explained(specs, varied, log)
    rows = []
    for choice in varied:
        means = pd.Series(log, index=specs.index).groupby(specs[choice]).mean()
        others = [name for name in varied if name != choice]
        rows.append(
            {
                "choice": choice,
                "alone_percent": _explained(specs, [choice], log) * 100,
                "beyond_percent": (whole - _explained(specs, others, log)) * 100,
                "factor": float(np.exp(means.max() - means.min())),
            }
        )
    frame = pd.DataFrame(rows).sort_values("alone_percent", ascending=False, kind="stable")
    total = pd.DataFrame([{"choice": "together", "alone_percent": whole * 100}])
    return pd.concat([frame, total], ignore_index=True)


def _explained(specs: pd.DataFrame, choices: list[str], log: np.ndarray) -> float:
    """R² of main effects of the choices on the log total."""
    if not choices:
        return 0.0
    dummies = pd.get_dummies(specs[choices].astype("str"), drop_first=True, dtype="float64")
    design = np.column_stack([np.ones(len(specs)), dummies.to_numpy()])
    fitted = design @ np.linalg.lstsq(design, log, rcond=None)[0]
    return float(1 - ((log - fitted) ** 2).sum() / ((log - log.mean()) ** 2).sum())


def literal(specs: pd.DataFrame, fixed: Mapping[str, object]) -> pd.DataFrame:
    """The specifications with these choices. Raises AuditError where there is none."""
    chosen = specs
    for choice, option in fixed.items():
        chosen = chosen[chosen[choice] == option]
    if chosen.empty:
        raise AuditError(
            "no specification has these choices.",
            file="config/multiverse.yaml",
            found=dict(fixed),
            expected="options that the specifications have",
            mend="mend `literal` or `nearest_to_words`.",
        )
    return chosen


def nearest(specs: pd.DataFrame, value: float) -> pd.Series:
    """The specification whose value is nearest (the first one of equals)."""
    return specs.loc[(specs[VALUE] - value).abs().idxmin()]


def fewest_changes(
    specs: pd.DataFrame, start: pd.Series, value: float, tolerance: float
) -> pd.DataFrame:
    """The specifications within the tolerance that differ from `start` in the fewest choices.

    Returns their choices, value, `changes` (a count) and `changed` (their names), nearest to
    the value first; empty where no specification comes within the tolerance.
    """
    near = specs[within(specs[VALUE], value, tolerance)]
    differs = pd.DataFrame({choice: near[choice] != start[choice] for choice in CHOICES})
    changes = differs.sum(axis=1)
    chosen = near[changes == changes.min()].copy()
    chosen["changes"] = changes[chosen.index]
    chosen["changed"] = [
        ", ".join(choice for choice in CHOICES if differs.at[row, choice])
        for row in chosen.index
    ]
    order = (chosen[VALUE] - value).abs().sort_values(kind="stable").index
    return chosen.loc[order].reset_index(drop=True)


def raster(specs: pd.DataFrame, bins: int) -> pd.DataFrame:
    """How common each option is along the curve.

    specs: smallest value first. Returns choice, option and one column per bin of equally many
    specifications: the share in % of the bin's specifications that take the option.
    """
    place = pd.Series(np.arange(len(specs)) * bins // len(specs), index=specs.index)
    parts = []
    for choice in CHOICES:
        share = pd.crosstab(specs[choice].astype("str"), place, normalize="columns") * 100
        share = share.sort_index().rename_axis("option").reset_index()
        share.insert(0, "choice", choice)
        parts.append(share)
    return pd.concat(parts, ignore_index=True)


_OPTIONS = {
    "fx_method": {
        "month_average": "average of each month",
        "period_average": "average of the period",
        "at_cut_off": "of the last day",
        "fixed": "the tracker's fixed one",
    },
    "donors": {name: group.label for name, group in GROUPS.items()},
    "membership": {"dated": "from accession on", "present": "members of the article's date"},
    "measure": {"allocation": "allocations", "commitment": "commitments"},
    "refugee_costs": {"in": "counted", "out": "not counted"},
    "prices": {"nominal": "of the day", "constant": "constant"},
    "release": {},
    "cut_off": {},
    "aid_types": {
        "Military + Financial + Humanitarian": "all three",
        "Military + Financial": "military, financial",
        "Military + Humanitarian": "military, humanitarian",
        "Military": "military",
    },
}


def option_label(choice: str, option: object) -> str:
    """An option in words short enough for an axis."""
    return _OPTIONS[choice].get(str(option), str(option))


def options_shown(data: pd.DataFrame) -> pd.DataFrame:
    """The table of options in words; a choice and its shares stand in its first row only."""
    first = ~data["choice"].duplicated()
    # A choice without a second option explains nothing and has no share.
    shares = {
        name: data[column].map(lambda share: "" if pd.isna(share) else f"{share:.1f} %")
        for name, column in (("Alone", "alone_percent"), ("Beyond", "beyond_percent"))
    }
    return pd.DataFrame(
        {
            "Choice": data["choice"].map(LABELS).where(first, ""),
            "Option": [
                option_label(choice, option)
                for choice, option in zip(data["choice"], data["option"], strict=True)
            ],
            "Number": data["specifications"].map("{:,}".format),
            "Within": data["within_percent"].map("{:.1f} %".format),
            "Median": data["median"].map("{:.0f}".format),
            "5–95 %": [
                f"{low:.0f}–{high:.0f}"
                for low, high in zip(data["low"], data["high"], strict=True)
            ],
            **{name: share.where(first, "") for name, share in shares.items()},
        }
    )
