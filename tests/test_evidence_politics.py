"""Claims on burden, governance, membership and incidents, from both sides of each threshold."""

from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import Data
from aidaudit.claims.verdicts import (
    NOT_CAUSAL,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    QUALIFIED,
    SUPPORTED,
)

ROOT = Path(__file__).parents[1]
CACHED = (config.config, config.shown, config.claims)
MINE = ["MIL-8a", "ECO-5b", "LTS-7a", "MEM-3a", "MEM-3b", "MEM-4a", "MEM-5a"]


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    for function in CACHED:
        function.cache_clear()
    yield
    for function in CACHED:
        function.cache_clear()


def incidents(changed=None, incidents=2):
    """Two incidents with a Russian initiator in each year; changed: year → Russian ones."""
    russian = dict.fromkeys(range(2014, 2024), 2) | (changed or {})
    table = pd.DataFrame({"year": list(russian), "russian": list(russian.values())})
    return table.assign(incidents=table["russian"].clip(lower=incidents))


def index(**changed):
    """Ukraine's scores with standard errors of 3 and 4 in the years compared."""
    score = {"y2014": 20.0, "y2021": 30.0, "y2024": 50.0} | changed
    rows = [("UKR", int(year[1:]), value) for year, value in score.items()]
    table = pd.DataFrame(rows, columns=["iso3", "year", "score"])
    table["standard_error"] = table["year"].map({2014: 3.0, 2021: 3.0, 2024: 4.0})
    # A peer that must not count.
    return pd.concat([table.assign(iso3="MDA", score=0.0), table], ignore_index=True)


def control(change=1.0):
    rows = [("UKR", 2014, -1.0), ("UKR", 2021, -0.9), ("UKR", 2023, -0.9 + change)]
    table = pd.DataFrame(rows, columns=["iso3", "year", "estimate"])
    return table.assign(standard_error=table["year"].map({2014: 0.1, 2021: 0.3, 2023: 0.4}))


def spending(others=None, us=600.0, at_two=None):
    """Others' spending by year beside a constant US one, bn US$, and allies at two per cent."""
    others = {2014: 300.0, 2021: 350.0, 2024: 400.0, 2026: 450.0} | (others or {})
    at_two = {2014: 1, 2021: 1, 2024: 2, 2026: 2} | (at_two or {})
    rows = []
    for year, value in others.items():
        rows.append(("USA", year, 3.0, us))
        rows.append(("NATO_EUR_CAN", year, 1.8, value))
        rows.append(("NATO_TOTAL", year, 2.4, us + value))
        rows.append(("FRA", year, 2.0 if at_two[year] > 1 else 1.9, value))
    table = pd.DataFrame(rows, columns=["member", "year", "share_gdp", "usd_m"])
    return table.assign(status="actual")


POLLS = [
    ("Long", "2023-01", 52, None),
    ("Long", "2024-02", 55, None),
    ("Voters", "2024-09", 70, 80),
    # After the article.
    ("Long", "2025-07", 10, None),
]


def polls(*rows):
    frame = pd.DataFrame(rows or POLLS, columns=["pollster", "to", "support", "would_vote"])
    return frame.assign(**{"from": frame["to"]}).astype({"would_vote": "float64"})


STATES = ["POL", "GBR", "EST", "LVA", "LTU"]


def agreements(**changed):
    """The five named states and Japan; changed: code → (day, dated sources)."""
    given = dict.fromkeys([*STATES, "JPN"], ("2024-06-01", 2)) | changed
    rows = [(code, code, day, pages) for code, (day, pages) in given.items()]
    return pd.DataFrame(rows, columns=["partner", "iso3", "signed", "dated_sources"])


def data(article_date="2025-02-28", **tables):
    given = {
        "cyber_initiators": incidents(),
        "corruption_perceptions": index(),
        "corruption_control": control(),
        "defence_spending": spending(),
        "membership_polls": polls(),
        "security_agreements": agreements(),
    }
    return Data(
        tables=given | tables,
        results={},
        release=21,
        cut_off="2025-02-28",
        article_date=article_date,
        fixed_usd_per_eur=1.1,
    )


def row(claim_id, given):
    claim = {claim.id: claim for claim in config.claims()}[claim_id]
    return judge.evaluate(claim, given)


def verdict(claim_id, given):
    return row(claim_id, given)["verdict"]


def quiet(years, russian=0):
    return dict.fromkeys(years, russian)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Full support is qualified, since the collection ends two years before the article.
        pytest.param(incidents(), QUALIFIED, id="every year"),
        pytest.param(incidents(quiet(range(2014, 2018))), QUALIFIED, id="5 of 9 years"),
        pytest.param(incidents(quiet(range(2014, 2019))), QUALIFIED, id="4 of 9, but all two"),
        pytest.param(
            incidents(quiet(range(2014, 2019)), incidents=1), NOT_SUPPORTED, id="4 of 9 years"
        ),
        pytest.param(
            incidents(quiet(range(2014, 2019), 1), incidents=1), NOT_SUPPORTED, id="one a year"
        ),
        # The part of 2023 is no full year.
        pytest.param(incidents(quiet([*range(2014, 2018), 2023])), QUALIFIED, id="2023"),
    ],
)
def test_repeated_incidents(table, expected):
    assert verdict("MIL-8a", data(cyber_initiators=table)) == expected


def test_a_collection_up_to_the_article_needs_no_qualification():
    given = data(article_date="2023-06-30")
    assert verdict("MIL-8a", given) == SUPPORTED
    assert "last full year" not in row("MIL-8a", given)["reason"]


def test_repeated_incidents_says_which_years_lack():
    found = row("MIL-8a", data(cyber_initiators=incidents({2016: 1, 2020: 0})))
    assert found["value"] == pytest.approx(700 / 9)
    assert found["high"] == 100
    for part in ("15 incidents", "78 %", "not in 2016, 2020", "year is 2022"):
        assert part in found["reason"]


# Errors of 3 and 4 make the standard error of a change 5; 1.64 of them are 8.2 points. That
# of control of corruption is 0.5, and 1.64 of them 0.82.
@pytest.mark.parametrize("claim", ["ECO-5b", "LTS-7a"])
@pytest.mark.parametrize(
    ("scores", "change", "expected"),
    [
        ({"y2021": 41.7, "y2014": 41.7}, 0.83, NOT_CAUSAL),
        ({"y2021": 41.7, "y2014": 41.7}, 0.81, NOT_CAUSAL),
        ({"y2021": 41.9, "y2014": 41.9}, 0.83, NOT_CAUSAL),
        ({"y2021": 41.9, "y2014": 41.7}, 0.81, NOT_CAUSAL),
        ({"y2021": 41.9, "y2014": 41.9}, 0.81, NOT_SUPPORTED),
        ({"y2021": 60.0, "y2014": 60.0}, -1, NOT_SUPPORTED),
    ],
)
def test_perceived_corruption(claim, scores, change, expected):
    given = data(corruption_perceptions=index(**scores), corruption_control=control(change))
    assert verdict(claim, given) == expected


def test_perceived_corruption_says_how_many_changes_are_sure():
    scores = index(y2021=45.0, y2014=40.0)
    given = data(corruption_perceptions=scores, corruption_control=control(-0.5))
    found = row("ECO-5b", given)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((1, -1, 2))
    for part in ("from 45 to 50", "+1.00", "+2.00", "to 2023 −1.00", "above 1.64 is 1,"):
        assert part in found["reason"]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, SUPPORTED),
        ({2024: 599.0, 2026: 450.0}, SUPPORTED),
        ({2024: 600.0}, QUALIFIED),
        ({2026: 601.0}, QUALIFIED),
        ({2014: 601.0}, QUALIFIED),
        (dict.fromkeys([2014, 2021, 2024, 2026], 600.0), NOT_SUPPORTED),
    ],
)
def test_us_share_of_spending(others, expected):
    assert verdict("MEM-3a", data(defence_spending=spending(others))) == expected


def test_us_share_says_which_year_is_the_smallest():
    table = spending({2026: 900.0})
    table.loc[table["year"] == 2026, "status"] = "estimate"
    found = row("MEM-3a", data(defence_spending=table))
    assert (found["value"], found["low"]) == pytest.approx((60, 40))
    assert "40.0 %, in 2026 by the publisher's estimate" in found["reason"]


@pytest.mark.parametrize(
    ("others", "at_two", "expected"),
    [
        ({}, {}, SUPPORTED),
        ({2014: 400.0, 2021: 400.0, 2026: 400.0}, {}, NOT_SUPPORTED),
        ({2014: 400.0}, {}, QUALIFIED),
        ({2021: 401.0}, {}, QUALIFIED),
        ({2026: 299.0}, {}, QUALIFIED),
        ({}, {2024: 1}, NOT_SUPPORTED),
    ],
)
def test_others_share_of_spending(others, at_two, expected):
    given = data(defence_spending=spending(others, at_two=at_two))
    assert verdict("MEM-3b", given) == expected


def test_others_share_is_said_with_the_same_states_too():
    table = spending()
    # An ally to be, outside the aggregate of 2014.
    extra = [("SWE", year, 1.0, 100.0, "actual") for year in (2014, 2021, 2024, 2026)]
    table = pd.concat([table, pd.DataFrame(extra, columns=table.columns)], ignore_index=True)
    reason = row("MEM-3b", data(defence_spending=table))["reason"]
    assert "from 33.3 % in 2014" in reason
    assert "with the same states throughout, from 40.0 %" in reason
    assert "from 1 to 2" in reason


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(POLLS, SUPPORTED, id="majorities"),
        pytest.param([("Long", "2024-02", 50, None)], NOT_SUPPORTED, id="half"),
        pytest.param([("Long", "2024-02", 51, None)], SUPPORTED, id="just above"),
        pytest.param(
            [*POLLS, ("Other", "2024-12", 49, None)], QUALIFIED, id="another pollster"
        ),
        pytest.param(
            [("Long", "2024-02", 55, None), ("Voters", "2024-09", 70, 70)],
            QUALIFIED,
            id="70 % of the 70 % who would vote",
        ),
        pytest.param([("Long", "2025-03", 90, None)], NOT_TESTABLE, id="after the article"),
        pytest.param(
            [("Long", "2023-01", 90, None), ("Long", "2024-02", 40, None)],
            NOT_SUPPORTED,
            id="only the last counts",
        ),
    ],
)
def test_support_for_joining(rows, expected):
    assert verdict("MEM-4a", data(membership_polls=polls(*rows))) == expected


def test_the_longest_series_is_the_literal_reading():
    found = row("MEM-4a", data())
    assert (found["value"], found["high"]) == (55, 56)
    assert "Long, to 2024-02" in found["reason"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, SUPPORTED, id="all five"),
        pytest.param({"POL": ("2025-02-28", 2)}, SUPPORTED, id="on the day"),
        pytest.param({"POL": ("2025-03-01", 2)}, NOT_SUPPORTED, id="a day late"),
        pytest.param({"LTU": ("2024-06-01", 1)}, QUALIFIED, id="one page only"),
    ],
)
def test_agreements_signed(changed, expected):
    assert verdict("MEM-5a", data(security_agreements=agreements(**changed))) == expected


def test_agreements_with_others_do_not_count():
    table = agreements()
    given = data(security_agreements=table[table["iso3"] == "JPN"])
    found = row("MEM-5a", given)
    assert (found["verdict"], found["value"]) == (NOT_SUPPORTED, 0)
    assert "0 of the 5" in found["reason"]
    assert "the number of partners was 1" in found["reason"]


@pytest.mark.parametrize(
    ("tables", "flipped"),
    [
        ({"cyber_initiators": incidents(quiet(range(2014, 2023)), 0)}, {"MIL-8a"}),
        (
            {"corruption_perceptions": index(y2024=0.0), "corruption_control": control(0)},
            {"ECO-5b", "LTS-7a"},
        ),
        ({"defence_spending": spending(us=100.0)}, {"MEM-3a"}),
        ({"defence_spending": spending(at_two={2024: 1})}, {"MEM-3b"}),
        ({"membership_polls": polls(("Long", "2024-02", 40, None))}, {"MEM-4a"}),
        ({"security_agreements": agreements(EST=("2025-06-01", 2))}, {"MEM-5a"}),
    ],
)
def test_flipping_a_fact_flips_its_verdict_and_no_other(tables, flipped):
    before = {claim: verdict(claim, data()) for claim in MINE}
    after = {claim: verdict(claim, data(**tables)) for claim in MINE}
    assert {claim for claim in MINE if before[claim] != after[claim]} == flipped
    assert all(after[claim] == NOT_SUPPORTED for claim in flipped)
