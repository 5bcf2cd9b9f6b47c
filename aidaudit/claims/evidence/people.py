"""Tests of claims on refugees, grain and energy."""

from __future__ import annotations

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence, NotTestable
from aidaudit.measures import grain, people


@test
def displaced_abroad(data: Data) -> Evidence:
    """Refugees recorded abroad at the last year-end before the article, in millions.

    The other reading adds the persons displaced within Ukraine.
    """
    year = people.last_year_end(data.claim_date)
    table = people.year_ends(data.tables["refugees_year_end"], data.tables["displaced_within"])
    if year not in table.index or table.loc[year, ["abroad", "within"]].isna().any():
        raise NotTestable(f"Refugees or displaced persons at the end of {year} are missing.")
    abroad, within = table.loc[year, "abroad"], table.loc[year, "within"]
    return Evidence(
        {
            "refugees recorded abroad": float(abroad),
            "with the displaced within Ukraine": float(abroad + within),
        },
        f"At the end of {year}, {abroad:.2f} million refugees from Ukraine were recorded "
        f"abroad; {within:.2f} million more persons were displaced within the country.",
    )


@test
def refuge_per_thousand(data: Data, hosts: list[str], end_of: int, breaks: str) -> Evidence:
    """Refugees recorded per 1,000 inhabitants, the smallest rate among the hosts (ISO codes).

    At the last record before the article; at the end of a year; and at the last record
    before the definition changed in the month `breaks` (YYYY-MM).
    """
    recorded = data.tables["refugees_recorded"]
    recorded = recorded[recorded["iso3"].isin(hosts)]
    whens = {
        "last record before the article": data.claim_date[:7],
        f"end of {end_of}": f"{end_of}-12",
        "last record before the change of definition": people.month_before(breaks),
    }
    readings, told = {}, []
    for label, until in whens.items():
        last = people.last_records(recorded, until)
        table = people.per_thousand(last, data.tables["population"])
        missing = sorted(set(hosts) - set(table["iso3"]))
        if missing:
            raise NotTestable(f"No record up to {until} for {', '.join(missing)}.")
        smallest = table.loc[table["per_thousand"].idxmin()]
        readings[label] = float(smallest["per_thousand"])
        rates = table.sort_values("per_thousand", ascending=False, kind="stable")
        each = [f"{r.country} {r.per_thousand:.1f}" for r in rates.itertuples()]
        told.append(f"{', '.join(each)} ({label})")
    return Evidence(readings, f"Refugees recorded per 1,000 inhabitants: {'; '.join(told)}.")


@test
def grain_per_month(data: Data, began: str, ended: str) -> Evidence:
    """Mean tonnage that left per month under the grain initiative, in million tonnes.

    began, ended: first and last day of the initiative (ISO dates). The list of voyages may
    end before the initiative did; the least reading then counts nothing after it.
    """
    voyages = data.tables["grain_voyages"]
    try:
        means = grain.means_per_month(voyages, began, ended)
    except ValueError:
        raise NotTestable("The list of voyages covers no whole month.") from None
    literal, *_, least = means.values()
    last = voyages["departed"].max()
    total = voyages["tonnes"].sum() / grain.MILLION
    return Evidence(
        means,
        f"{literal:.2f} million tonnes left in a mean month; the list ends on {last} with "
        f"{total:.1f} million tonnes, {least:.2f} a month even if spread over the whole "
        f"initiative to {ended}; what would have happened without it cannot be observed.",
    )
