"""Packages as they were decided: sizes, parts, and how far along they came.

Pure functions from the compiled tables; what the amounts mean for a claim is left to
`evidence`. Amounts keep the currency in which they were decided.
"""

from __future__ import annotations

import pandas as pd

from aidaudit.measures import aggregate, money
from aidaudit.measures.donors import US, select
from aidaudit.measures.money import FxMethod
from nbtrail.base.errors import AuditError

# The package of May 2022 and the two decisions that it led to.
PACKAGE_2022 = "Exceptional MFA up to 9bn"
EMERGENCY_2022 = "MFA emergency 1.2bn (2022)"
ACT_OF_MAY_2022 = "P.L. 117-128"
BUDGET = "Economic Support Fund"

# Sections of the act by what they are for; every account is in exactly one.
PURPOSES = {
    "Military": ("Department of Defense", "International Security Assistance"),
    "Budget support": (BUDGET,),
    "Humanitarian": (
        "International Disaster Assistance",
        "Migration and Refugee Assistance",
    ),
    "Refugees in the United States": ("Refugee and Entrant Assistance",),
}
OTHER = "Other"


def purposes(accounts: pd.DataFrame) -> pd.Series:
    """The act of May 2022 by purpose, in bn US$, largest first; `Other` is the rest.

    accounts: heading, section, account, usd_m. International security assistance holds money
    for foreign armies and, a tenth of it, for police and demining.
    """
    labels = pd.Series(OTHER, index=accounts.index)
    for purpose, words in PURPOSES.items():
        labels[accounts["heading"].isin(words) | accounts["account"].isin(words)] = purpose
    sums = accounts.groupby(labels)["usd_m"].sum() / 1000
    return sums.sort_values(ascending=False, kind="stable")


def act(acts: pd.DataFrame, law: str) -> float:
    """Total of an act, or of a published sum of acts, in bn US$. Raises AuditError."""
    found = acts.loc[acts["law"] == law, "total_usd_bn"]
    if len(found) != 1:
        raise AuditError(
            f"there is no act '{law}'.",
            file="data/processed/clean/us_acts.csv",
            found=sorted(acts["law"]),
            expected=law,
        )
    return float(found.iloc[0])


def eu_steps(assistance: pd.DataFrame, instrument: str, until: str) -> dict[str, float]:
    """Announced, adopted and paid amounts of an instrument up to a day, in bn EUR.

    instrument: how the instrument's name begins. Adopted is by the Council. Rows without a
    date do not count.
    """
    rows = assistance[
        assistance["instrument"].str.startswith(instrument) & (assistance["date"] <= until)
    ]

    def sum_of(event: str) -> float:
        return float(rows.loc[rows["event"] == event, "eur_bn"].sum())

    return {
        "announced": sum_of("announced"),
        "adopted": sum_of("council_adoption"),
        "paid": sum_of("disbursement"),
    }


def eu_path(assistance: pd.DataFrame, instrument: str, until: str) -> pd.DataFrame:
    """Cumulative amounts by step and date: step, date (ISO), eur_bn. Months take their 1st."""
    rows = assistance[assistance["instrument"].str.startswith(instrument)].dropna(
        subset=["date"]
    )
    steps = {"announced": "announced", "council_adoption": "adopted", "disbursement": "paid"}
    rows = rows[rows["event"].isin(steps) & (rows["date"] <= until)]
    day = rows["date"].where(rows["date"].str.len() == 10, rows["date"] + "-01")
    frame = pd.DataFrame(
        {"step": rows["event"].map(steps), "date": day, "eur_bn": rows["eur_bn"]}
    ).sort_values(["step", "date"], kind="stable", ignore_index=True)
    frame["eur_bn"] = frame.groupby("step")["eur_bn"].cumsum()
    return frame


def kiel_loans(activities: pd.DataFrame, year: str) -> float:
    """Loans of the EU institutions that the tracker dates in a year, allocated, in bn EUR."""
    rows = activities[
        (activities["donor"] == "EU (Commission and Council)")
        & (activities["aid_subtype"] == "Loan")
        & activities["date"].fillna("").str.startswith(year)
        & (activities["measure"] == "allocation")
    ]
    return float(rows["allocation_eur"].sum() / 1e9)


def us_allocations(
    activities: pd.DataFrame, donors: pd.DataFrame, rates: pd.DataFrame, until: str
) -> float:
    """US allocations announced up to the month of a day, in bn US$ at monthly rates."""
    rows = aggregate.cut(aggregate.by_measure(activities, ["allocation"]), until)
    own = select(rows, donors, "us", until)
    return float(money.to_usd(own, rates, FxMethod.month_average, cut_off=until).sum() / 1e9)


def drawdowns(
    memoranda: pd.DataFrame, listed: pd.DataFrame, activities: pd.DataFrame, rates: pd.DataFrame
) -> pd.DataFrame:
    """Cumulative drawdowns by three books: series, date (ISO), usd_bn.

    memoranda and listed: date, usd_m (memoranda without an amount are left out). activities:
    rows of the tracker; those of the United States from its stocks count at the month's
    rate, on the first day of their month where they have no day.
    """
    stocks = activities[
        (activities["donor"] == US)
        & (activities["measure"] == "allocation")
        & activities["weapon_source"].fillna("").str.contains("stocks")
        & (activities["month"] != "undated")
    ]
    usd = money.to_usd(
        stocks.rename(columns={"allocation_eur": "value_eur"}),
        rates,
        FxMethod.month_average,
        cut_off=stocks["month"].max() + "-28",
    )
    books = {
        "memoranda": memoranda[["date", "usd_m"]].dropna(),
        "list": listed[["date", "usd_m"]],
        "tracker": pd.DataFrame(
            {"date": stocks["date"].fillna(stocks["month"] + "-01"), "usd_m": usd / 1e6}
        ),
    }
    parts = []
    for series, rows in books.items():
        rows = rows.groupby("date", as_index=False)["usd_m"].sum().sort_values("date")
        usd_bn = rows["usd_m"].cumsum() / 1000
        parts.append(pd.DataFrame({"series": series, "date": rows["date"], "usd_bn": usd_bn}))
    return pd.concat(parts, ignore_index=True)


def unmatched(listed: pd.DataFrame) -> pd.DataFrame:
    """Packages on the list without a memorandum of that amount within six days."""
    same = listed["memorandum_usd_m"] == listed["usd_m"]
    return listed[~same.fillna(False)]
