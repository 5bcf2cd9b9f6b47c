"""Tests of claims on spending, governance, agreements, opinion and incidents."""

from __future__ import annotations

from aidaudit.claims.evidence.base import Data, test
from aidaudit.claims.verdicts import Evidence, NotTestable
from aidaudit.measures import politics


def _signed(value: float, decimals: int = 2) -> str:
    return f"{value:+,.{decimals}f}".replace("-", "−")


def _ending(caveat: str | None) -> str:
    """How a reason ends: a verdict that the caveat qualifies must say so."""
    return f"; {caveat}." if caveat else "."


@test
def repeated_incidents(data: Data, since: int, until: int) -> Evidence:
    """Share of years with two or more incidents: with a Russian initiator, and of any kind.

    until: the last full year of the collection.
    """
    table = data.tables["cyber_initiators"].set_index("year")
    russian = politics.repeated(table["russian"], since, until)
    years = range(since, until + 1)
    total = table["russian"].reindex(years, fill_value=0).sum()
    quiet = [str(year) for year in years if table["russian"].get(year, 0) < 2]
    gap = int(data.article_date[:4]) - 1 - until
    caveat = (
        f"the collection's last full year is {until}, and the article's is {until + gap}"
        if gap > 0
        else None
    )
    return Evidence(
        {
            "with a Russian initiator": russian,
            "all recorded": politics.repeated(table["incidents"], since, until),
        },
        f"From {since} to {until} the collection names {total:,} incidents with a Russian "
        f"initiator, two or more in {russian:.0f} % of the years"
        + (f" (not in {', '.join(quiet)})" if quiet else "")
        + _ending(caveat),
        caveat=caveat,
    )


@test
def perceived_corruption(data: Data, first: int, last: int, since: int) -> Evidence:
    """Change of Ukraine's corruption indices over their standard errors.

    first, last: the years of the literal reading; the World Bank's series is read to its own
    last year where that comes before. since: the first year of the longer reading.
    """
    cpi = politics.of_country(data.tables["corruption_perceptions"], "UKR")
    wgi = politics.of_country(data.tables["corruption_control"], "UKR")
    newest = int(min(last, wgi.index.max()))
    change = politics.change_in_errors(cpi, "score", first, last)
    longer = politics.change_in_errors(cpi, "score", since, last)
    control = politics.change_in_errors(wgi, "estimate", first, newest)
    readings = {
        f"index, {first} to {last}": change,
        f"index, {since} to {last}": longer,
        f"control of corruption, {first} to {newest}": control,
    }
    sure = sum(value > politics.CRITICAL for value in readings.values())
    return Evidence(
        readings,
        f"The index went from {cpi.at[first, 'score']:.0f} to {cpi.at[last, 'score']:.0f} "
        f"points between {first} and {last}, {_signed(change)} standard errors of the "
        f"change; from {since} on it is {_signed(longer)}, and in the World Bank's control of "
        f"corruption from {first} to {newest} {_signed(control)}; the number of "
        f"these three above {politics.CRITICAL} is {sure}, and none shows a cause.",
    )


@test
def us_share_of_spending(data: Data, year: int) -> Evidence:
    """US share of allies' defence spending, in per cent: in a year, least and latest."""
    burden = politics.burden(data.tables["defence_spending"])
    share, latest = burden["us_share"], int(burden.index.max())
    least = int(share.idxmin())
    estimate = burden.at[least, "status"] != "actual"
    return Evidence(
        {
            f"in {year}": float(share[year]),
            "smallest year": float(share[least]),
            f"in {latest}": float(share[latest]),
        },
        f"The United States spent {share[year]:.1f} % of what all allies spent in {year}; the "
        f"smallest share is {share[least]:.1f} %, in {least}"
        + (" by the publisher's estimate." if estimate else "."),
    )


@test
def others_share_of_spending(data: Data, first: int, last: int, other_first: int) -> Evidence:
    """Change of the share of Europe and Canada, in percentage points.

    first, last: the years of the literal reading. other_first: its other base year.
    """
    burden = politics.burden(data.tables["defence_spending"])
    share, latest = burden["others_share"], int(burden.index.max())
    same, at = burden["others_share_same"], burden["at_guideline"]
    return Evidence(
        {
            f"{first} to {last}": float(share[last] - share[first]),
            f"{other_first} to {last}": float(share[last] - share[other_first]),
            f"{first} to {latest}": float(share[latest] - share[first]),
        },
        f"The share of Europe and Canada went from {share[first]:.1f} % in {first} to "
        f"{share[last]:.1f} % in {last} (with the same states throughout, from "
        f"{same[first]:.1f} %), and from {burden.at[first, 'others_gdp']:.2f} % to "
        f"{burden.at[last, 'others_gdp']:.2f} % of GDP; states at two per cent went from "
        f"{at[first]} to {at[last]}.",
        conditions={"more allies at two per cent": bool(at[last] > at[first])},
    )


@test
def support_for_joining(data: Data) -> Evidence:
    """Support for joining NATO in each pollster's last poll before the article, in %.

    Per cent of all respondents, the pollster with the longest series first.
    """
    last = politics.last_polls(data.tables["membership_polls"], data.article_date)
    if last.empty:
        raise NotTestable(f"No poll at hand ended by {data.article_date}.")
    first, others = last.iloc[0], last["respondents"].iloc[1:]
    return Evidence(
        {f"{row.pollster}, {row.to}": float(row.respondents) for row in last.itertuples()},
        f"In the last poll of the longest series ({first['pollster']}, to {first['to']}) "
        f"{first['respondents']:.0f} % of respondents were for joining"
        + (
            "."
            if others.empty
            else f"; the last polls of the other pollsters give {others.min():.0f} to "
            f"{others.max():.0f} %, to questions that differ."
        ),
    )


@test
def agreements_signed(data: Data, states: list[str]) -> Evidence:
    """How many of the named states have signed an agreement by the article's date."""
    signed = politics.agreements_by(data.tables["security_agreements"], data.article_date)
    named = signed[signed["iso3"].isin(states)]
    sure = named[named["dated_sources"] >= 2]
    if named.empty:
        days = ""
    else:
        days = f", between {named['signed'].min()} and {named['signed'].max()}"
    return Evidence(
        {"all dates": float(len(named)), "dates with two sources": float(len(sure))},
        f"{len(named)} of the {len(states)} states named had signed{days}; "
        f"by {data.article_date} the number of partners was {len(signed)}.",
    )
