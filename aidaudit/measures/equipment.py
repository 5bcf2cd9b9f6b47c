"""What was given in kind: named systems, classes of weapons, and sectors of reconstruction.

Works on clean activity rows and classifications. A count that the tracker calls undisclosed
is not zero: such rows are counted as rows and never as items. Values of items are the
tracker's estimates from list prices, which only part of the rows has.
"""

from __future__ import annotations

import pandas as pd

from aidaudit.data import classify

# The named systems in the order in which the article names them.
SYSTEMS = ["Javelin", "Stinger", "HIMARS", "Patriot", "IRIS-T"]
LAUNCHER, AMMUNITION, PART = "launcher", "ammunition", "part"
# The rungs of the ladder that the claim names, from below.
LADDER = ["equipment", "portable weapons", "tanks", "long-range missiles", "combat aircraft"]
# The tracker's own classes of what is heavy, and the ammunition for it.
HEAVY = r"^heavy weapon|^ammunition for heavy|^aviation|^missile"


def in_kind(activities: pd.DataFrame) -> pd.DataFrame:
    """Military allocations that name an item, one row per item."""
    military = activities["aid_type"] == "Military"
    allocated = activities["measure"] == "allocation"
    return activities[military & allocated & activities["item"].notna()]


def named(activities: pd.DataFrame, systems: pd.DataFrame, roles: pd.DataFrame) -> pd.DataFrame:
    """Rows of the named systems: the activities' columns, system, and role.

    Rows that name several systems with one number have the system `mixed`.
    """
    rows = in_kind(activities)
    system = classify.classes(rows, systems)
    found = rows[system.notna()].copy()
    found["system"] = system[system.notna()]
    found["role"] = classify.classes(found, roles)
    return found


def counts(named: pd.DataFrame) -> pd.DataFrame:
    """By system, donor and role: items disclosed, rows, rows without a number, first day.

    items counts disclosed numbers only; first is the first announcement (ISO date or null).
    zero: rows whose number is disclosed as zero. Zero is a number: such rows give money for
    items that others give.
    """
    rows = named.assign(
        unnumbered=named["item_count"].isna().astype("int64"),
        zero=(named["item_count"] == 0).astype("int64"),
    )
    table = rows.groupby(["system", "donor", "role"], as_index=False).agg(
        items=("item_count", "sum"),
        rows=("item", "size"),
        unnumbered=("unnumbered", "sum"),
        zero=("zero", "sum"),
        first=("date", "min"),
    )
    return table.sort_values(["system", "items", "donor"], ascending=[True, False, True])


def with_items(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that give items, disclosed or not: all but those whose number is zero."""
    return rows[rows["item_count"] != 0]


def share_of(named: pd.DataFrame, system: str, donor: str, roles: list[str]) -> float | None:
    """A donor's share of the disclosed items of a system, in %, or None without any."""
    rows = named[(named["system"] == system) & named["role"].isin(roles)]
    total = rows["item_count"].sum()
    if not total > 0:
        return None
    return float(rows.loc[rows["donor"] == donor, "item_count"].sum() / total * 100)


def first(rows: pd.DataFrame) -> str | None:
    """The first announcement day among rows (ISO date), or None without a dated one."""
    days = rows["date"].dropna()
    return str(days.min()) if len(days) else None


def is_heavy(rows: pd.DataFrame) -> pd.Series:
    """Whether each row is a heavy weapon, aviation, or ammunition for them."""
    return rows["item_type"].fillna("").str.contains(HEAVY, case=False, regex=True)


def heavy_share(rows: pd.DataFrame, first_month: str, last_month: str, by: str) -> float:
    """Share of heavy weapons in items announced from month to month (YYYY-MM), in %.

    rows: as from `in_kind`. by: `value` (the tracker's estimates; rows without one are left
    out) or `rows`. Not a number where nothing was announced.
    """
    part = rows[rows["month"].between(first_month, last_month)]
    weight = part["item_value_usd"].fillna(0) if by == "value" else pd.Series(1.0, part.index)
    total = float(weight.sum())
    return float(weight[is_heavy(part)].sum()) / total * 100 if total else float("nan")


def heavy_by_quarter(rows: pd.DataFrame, last: str) -> pd.DataFrame:
    """Share of heavy weapons by quarter up to a month: quarter, value and rows (%), items."""
    dated = rows[rows["month"].str.fullmatch(r"[0-9]{4}-[0-9]{2}") & (rows["month"] <= last)]
    every = pd.period_range("2022-01", last, freq="Q")
    out = []
    for quarter in every:
        months = quarter.asfreq("M", "start"), quarter.asfreq("M", "end")
        ends = [str(month) for month in months]
        part = dated[dated["month"].between(*ends)]
        out.append(
            {
                "quarter": f"{quarter.year}-Q{quarter.quarter}",
                "value": heavy_share(part, *ends, by="value"),
                "rows": heavy_share(part, *ends, by="rows"),
                "items": len(part),
            }
        )
    return pd.DataFrame(out)


def firsts(rows: pd.DataFrame, label: pd.Series) -> pd.DataFrame:
    """The first announcement of each label: label, date, donor, item, in the order of dates."""
    dated = rows.assign(label=label).dropna(subset=["label", "date"])
    ordered = dated.sort_values(["date", "row"], kind="stable").groupby("label").head(1)
    return ordered[["label", "date", "donor", "item"]].reset_index(drop=True)


def flags(rows: pd.DataFrame, lookup: pd.DataFrame) -> pd.DataFrame:
    """Which classes each row belongs to: one column per class; a row may have several."""
    out = {}
    for name, rules in lookup.groupby("class", sort=False):
        out[name] = classify.classes(rows, rules).notna()
    return pd.DataFrame(out, index=rows.index)


def reconstruction(activities: pd.DataFrame) -> pd.DataFrame:
    """Allocations that carry a code of reconstruction or modernisation."""
    coded = activities["reconstruction_sector"].notna()
    return activities[coded & (activities["measure"] == "allocation")]


def rebuilt(activities: pd.DataFrame) -> pd.DataFrame:
    """Civil allocations that rebuild or modernise, by the tracker's code or by the text."""
    named = activities[classify.TEXT].fillna("").str.contains(r"\brebuilding\b")
    civil = (activities["aid_type"] != "Military") & (activities["measure"] == "allocation")
    return activities[civil & (activities["reconstruction_sector"].notna() | named)]


def by_sector(rows: pd.DataFrame, lookup: pd.DataFrame) -> pd.DataFrame:
    """Coded allocations in bn EUR by donor and sector; several sectors count as `several`.

    Returns donor × sector, largest donor first, sectors in the order of the lookup. An amount
    for several sectors is not divided, as nobody says how.
    """
    mine = flags(rows, lookup)
    several = mine.sum(axis=1) > 1
    label = mine.idxmax(axis=1).where(~several, "several")
    label = label.where(mine.any(axis=1), "not said")
    table = rows.assign(sector=label).pivot_table(
        index="donor", columns="sector", values="allocation_eur", aggfunc="sum", fill_value=0
    )
    order = [*[c for c in mine.columns if c in table], *(["several"] if several.any() else [])]
    table = (table / 1e9).reindex(columns=order, fill_value=0)
    table.columns.name = None
    total = table.sum(axis=1)
    return table.loc[sorted(table.index, key=lambda donor: (-total[donor], donor))]


def rank(totals: pd.Series, donor: str) -> int:
    """Rank of a donor among positive totals, 1 the largest; donors without any come last."""
    if not totals.get(donor, 0) > 0:
        return int((totals > 0).sum()) + 1
    return int((totals > totals[donor]).sum()) + 1


def caught(
    rows: pd.DataFrame, lookup: pd.DataFrame, name: str, considered: str
) -> pd.DataFrame:
    """What a classification caught: classification, considered, class, rows, eur_bn, share.

    rows: the rows that it looks at. eur_bn: what these rows carry; a package's value stands in
    its first row. share: of the rows, in %. The last row is `unclassified`.
    """
    label = classify.classes(rows, lookup).fillna("unclassified")
    groups = rows.groupby(label)["allocation_eur"].agg(["size", "sum"])
    order = [*dict.fromkeys(lookup["class"]), "unclassified"]
    groups = groups.reindex(order, fill_value=0)
    return pd.DataFrame(
        {
            "classification": name,
            "considered": considered,
            "class": order,
            "rows": groups["size"].to_numpy(),
            "eur_bn": groups["sum"].to_numpy() / 1e9,
            "share": groups["size"].to_numpy() / len(rows) * 100,
        }
    )


def systems_shown(counts: pd.DataFrame) -> pd.DataFrame:
    """The table of systems in words; a system stands in its first row only."""
    order = {name: place for place, name in enumerate([*SYSTEMS, "mixed"])}
    rows = counts.sort_values(
        ["system", "donor", "role"],
        key=lambda c: c.map(order).fillna(0) if c.name == "system" else c,
    )
    again = rows["system"].duplicated()
    return pd.DataFrame(
        {
            "System": rows["system"].where(~again, ""),
            "Donor": rows["donor"],
            "Role": rows["role"].fillna("not said"),
            # Nothing where no row discloses a number.
            "Number": [
                "" if unknown else f"{items:,.0f}"
                for items, unknown in zip(
                    rows["items"], rows["unnumbered"] == rows["rows"], strict=True
                )
            ],
            "Rows": rows["rows"].map(str),
            "Without number": rows["unnumbered"].map(str),
            "First announced": rows["first"].fillna("no date"),
        }
    ).reset_index(drop=True)


def caught_shown(caught: pd.DataFrame) -> pd.DataFrame:
    """The table of what was caught in words; a classification stands in its first row only."""
    again = caught["classification"].duplicated()
    amounts = caught["eur_bn"].where(caught["classification"] != "missile_class")
    return pd.DataFrame(
        {
            "Classification": caught["classification"].where(~again, ""),
            "Looks at": caught["considered"].where(~again, ""),
            "Class": caught["class"],
            "Rows": caught["rows"].map("{:,}".format),
            "Share": caught["share"].map("{:.1f} %".format),
            "bn EUR": ["" if pd.isna(value) else f"{value:.2f}" for value in amounts],
        }
    )
