"""Every claim of config/claims.yaml on small data from both sides of its threshold."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.claims import judge
from aidaudit.claims.evidence import TESTS, Data
from aidaudit.claims.verdicts import (
    NOT_CAUSAL,
    NOT_SUPPORTED,
    NOT_TESTABLE,
    QUALIFIED,
    SUPPORTED,
    Evidence,
)
from aidaudit.measures import switch as switch_of_2025
from aidaudit.measures.donors import partition
from nbtrail.base.errors import AuditError
from nbtrail.record.numbers import Numbers

ROOT = Path(__file__).parents[1]
CACHED = (config.config, config.shown, config.claims)

US, GERMANY, FRANCE, UK = "United States", "Germany", "France", "United Kingdom"
JAPAN, EU, FINLAND = "Japan", "EU (Commission and Council)", "Finland"
DONORS = pd.DataFrame(
    [
        (US, "state", False, "1949-01-01"),
        (GERMANY, "state", True, "1955-01-01"),
        (FRANCE, "state", True, "1949-01-01"),
        (UK, "state", True, "1949-01-01"),
        (FINLAND, "state", True, "2023-04-04"),
        (JAPAN, "state", False, None),
        (EU, "eu_institution", True, None),
    ],
    columns=["donor", "kind", "europe", "nato_from"],
).astype({"nato_from": "str"})

MONTHS = [str(month) for month in pd.period_range("2022-01", "2026-04", freq="M")]
BEFORE, SINCE = MONTHS[:36], MONTHS[36:]
# One US$ per euro throughout, so that amounts can be read off; `rate` overrides it.
RATES = pd.DataFrame({"date": [f"{m}-28" for m in MONTHS], "currency": "USD", "per_eur": 1.0})

# What the release of the article's date held, in euros.
PUBLISHED = pd.DataFrame(
    [(US, 190e9), (EU, 40e9), (JAPAN, 50e9)], columns=["donor", "allocation_eur"]
).assign(aid_type="Military", commitment_eur=0.0)

# concept, year, value: the real series, rounded.
ECONOMY = {
    ("NGDP_RPCH", 2009): -15.1,
    ("NGDP_RPCH", 2015): -9.8,
    ("NGDP_RPCH", 2021): 3.4,
    ("NGDP_RPCH", 2022): -28.8,
    ("NGDP_RPCH", 2023): 5.5,
    ("PCPIPCH", 2022): 20.2,
    ("PCPIEPCH", 2022): 26.6,
    ("LUR", 2021): 9.8,
    ("LUR", 2022): 24.5,
}


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    for function in CACHED:
        function.cache_clear()
    yield
    for function in CACHED:
        function.cache_clear()


def aid(donor, value, aid_type="Military", month="2024-06", measure="allocation"):
    return (month, donor, aid_type, measure, float(value))


def each_month(donor, before, since, aid_type="Military"):
    return [
        *[aid(donor, before, aid_type, month) for month in BEFORE],
        *[aid(donor, since, aid_type, month) for month in SINCE],
    ]


def economy(estimates=(), **changed):
    """The series of Ukraine; changed: e.g. LUR_2022=15; estimates: e.g. 'LUR_2022'."""
    values = {f"{concept}_{year}": v for (concept, year), v in ECONOMY.items()} | changed
    rows = [
        ("UKR", *key.rsplit("_", 1), value, "estimate" if key in estimates else "actual")
        for key, value in values.items()
    ]
    frame = pd.DataFrame(rows, columns=["iso3", "concept", "year", "value", "status"])
    # Another country that must not count.
    other = frame.assign(iso3="DEU", value=0.0)
    return pd.concat([other, frame], ignore_index=True).astype({"year": "int64"})


def data(*rows, cut_off="2026-04-30", rate=1.0, fixed=1.0, series=None):
    monthly = pd.DataFrame(
        rows, columns=["month", "donor", "aid_type", "measure", "value_eur_bn"]
    )
    groups = monthly["donor"].map(partition(DONORS, cut_off))
    allocated = monthly[monthly["measure"] == "allocation"]
    months = switch_of_2025.by_month(
        allocated, DONORS, ["european_nato", "europe"], "2022-02", cut_off
    )
    few = {"block": 4, "draws": 100, "seed": 1, "level": 0.95}
    curve = switch_of_2025.curve(months, "2025-01", "2025-03", **few)
    return Data(
        tables={
            "donors": DONORS,
            "rates": RATES.assign(per_eur=rate),
            "economy": economy() if series is None else series,
            "kiel_release_21": PUBLISHED,
            "release_dates": pd.DataFrame({"release": [21], "published": ["2025-02-28"]}),
        },
        results={"monthly": monthly.assign(donor_group=groups), "switch": curve},
        release=29,
        cut_off=cut_off,
        article_date="2025-02-28",
        fixed_usd_per_eur=fixed,
    )


def claim_of(claim_id):
    return {claim.id: claim for claim in config.claims()}[claim_id]


def row(claim_id, given):
    return judge.evaluate(claim_of(claim_id), given)


def verdict(claim_id, given):
    return row(claim_id, given)["verdict"]


TOTAL = [
    pytest.param([aid(US, 280)], SUPPORTED, id="all readings"),
    pytest.param([aid(US, 266)], SUPPORTED, id="lower bound"),
    pytest.param([aid(US, 265)], NOT_SUPPORTED, id="below it"),
    pytest.param([aid(US, 294)], SUPPORTED, id="upper bound"),
    pytest.param([aid(US, 295)], NOT_SUPPORTED, id="above it"),
    pytest.param([aid(US, 200), aid(EU, 80)], QUALIFIED, id="with the EU only"),
    pytest.param([aid(US, 280), aid(EU, 80)], QUALIFIED, id="without the EU only"),
    pytest.param(
        [aid(US, 260), aid(FINLAND, 10, month="2022-06")], QUALIFIED, id="Finland before 2023"
    ),
    pytest.param([aid(US, 200), aid(JAPAN, 80)], NOT_SUPPORTED, id="Japan is no ally"),
    pytest.param(
        [aid(US, 200), aid(US, 80, measure="commitment")], NOT_SUPPORTED, id="promises"
    ),
    pytest.param(
        [aid(US, 200), aid(US, 80, month="2025-03")], NOT_SUPPORTED, id="after the date"
    ),
    pytest.param(
        [aid(US, 200), aid(US, 80, month="2025-02")], SUPPORTED, id="in the date's month"
    ),
    pytest.param(
        [aid(US, 200), aid(US, 80, month="undated")], SUPPORTED, id="undated rows count"
    ),
]


@pytest.mark.parametrize(("rows", "expected"), TOTAL)
def test_total_given(rows, expected):
    assert verdict("MIL-2a", data(*rows)) == expected


@pytest.mark.parametrize(
    ("rate", "fixed", "expected"),
    [
        (1.4, 1.4, SUPPORTED),
        (1.4, 1.0, QUALIFIED),
        (1.0, 1.4, QUALIFIED),
        (1, 1, NOT_SUPPORTED),
    ],
)
def test_total_given_is_read_at_every_rate(rate, fixed, expected):
    assert verdict("MIL-2a", data(aid(US, 200), rate=rate, fixed=fixed)) == expected


def test_total_given_says_what_it_found():
    found = row("MIL-2a", data(aid(US, 200), aid(EU, 50), aid(JAPAN, 30)))
    assert (found["value"], found["low"], found["high"]) == pytest.approx((200, 200, 250))
    assert found["asserted"] == "≈ 280 bn US$ ± 5 %"
    for part in (
        "200.0 bn US$ by 2025-02",
        "together 250.0 (release 29",
        "By release 21, at the ECB rate of the day of publication, all donors had allocated "
        "280.00, which prints as 280; on that basis NATO members 190.0.",
    ):
        assert part in found["reason"]
    near = row("MIL-2a", data(aid(US, 200), aid(EU, 70)))
    assert "together 270.0, which comes within 5 % (release 29" in near["reason"]
    other = row("MIL-2a", data(aid(US, 200), rate=1.1))
    assert "all donors had allocated 308.00; on that basis" in other["reason"]


def test_what_all_donors_gave_is_no_reading():
    found, parts = judge.examine(
        next(claim for claim in config.claims() if claim.id == "MIL-2a"), data(aid(US, 200))
    )
    assert found["verdict"] == NOT_SUPPORTED  # though all donors of release 21 print as 280
    assert not any("All donors" in part["label"] for part in parts)
    assert not any("publication" in part["label"] for part in parts)


def allocated_and_committed(commitment, *more):
    promised = aid(GERMANY, commitment, measure="commitment")
    return data(aid(GERMANY, 100), promised, *more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(lambda: allocated_and_committed(100), NOT_SUPPORTED, id="all the same"),
        # Half of the combinations are 100, half are c: the spread, (c − 100) over the median
        # (100 + c) / 2, is 25 % at c = 128.6. Among allocations alone there is none.
        pytest.param(lambda: allocated_and_committed(128), NOT_SUPPORTED, id="24.6 %"),
        pytest.param(lambda: allocated_and_committed(129), QUALIFIED, id="25.3 %"),
        pytest.param(
            lambda: allocated_and_committed(129, aid(JAPAN, 100)), SUPPORTED, id="donors too"
        ),
    ],
)
def test_spread_of_readings(given, expected):
    assert verdict("MIL-2b", given()) == expected


def of_types(donor, military, financial, humanitarian):
    return [
        aid(donor, military, "Military"),
        aid(donor, financial, "Financial"),
        aid(donor, humanitarian, "Humanitarian"),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (of_types(US, 50, 44, 6), SUPPORTED),
        (of_types(US, 50, 45, 5), NOT_SUPPORTED),
        (of_types(US, 90, 3, 7), NOT_SUPPORTED),
        ([aid(US, 50, "Military"), aid(US, 50, "Financial")], NOT_SUPPORTED),
        ([*of_types(US, 50, 44, 6), aid(EU, 100, "Financial")], QUALIFIED),
        ([*of_types(US, 50, 46, 4), aid(JAPAN, 10, "Humanitarian")], QUALIFIED),
    ],
)
def test_smallest_share_of_type(rows, expected):
    assert verdict("MIL-2d", data(*rows)) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([aid(US, 51), aid(GERMANY, 50)], SUPPORTED),
        ([aid(US, 50), aid(GERMANY, 50)], NOT_SUPPORTED),
        ([aid(US, 49), aid(GERMANY, 50)], NOT_SUPPORTED),
        ([aid(US, 51), aid(GERMANY, 50), aid(EU, 60, "Financial")], QUALIFIED),
        ([aid(US, 9), aid(US, 90, "Financial"), aid(GERMANY, 10)], QUALIFIED),
        ([aid(US, 51), aid(GERMANY, 50), aid(GERMANY, 9, month="2025-01")], NOT_SUPPORTED),
        ([aid(US, 51), aid(GERMANY, 50), aid(GERMANY, 9, month="2025-02")], SUPPORTED),
        ([aid(US, 51), aid(GERMANY, 30), aid(FRANCE, 30)], SUPPORTED),
    ],
)
def test_lead_over_next_donor(rows, expected):
    assert verdict("LTS-2a", data(*rows)) == expected


def three(since, uk_since=None, before=1.0, aid_type="Military"):
    return [
        *each_month(GERMANY, before, since, aid_type),
        *each_month(FRANCE, before, since, aid_type),
        *each_month(UK, before, since if uk_since is None else uk_since, aid_type),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(three(1.25), SUPPORTED, id="all three"),
        pytest.param(three(1), NOT_SUPPORTED, id="unchanged"),
        pytest.param(three(2, uk_since=0.5), NOT_SUPPORTED, id="one fell"),
        pytest.param(
            # 36 more in 2024 lift the base 2022–2024 to 2, and the base 2024 to 4.
            [*three(3), *[aid(UK, 36)]],
            QUALIFIED,
            id="more than in all years, less than in 2024",
        ),
        pytest.param(
            [*three(1), *three(9, before=0, aid_type="Financial")],
            NOT_SUPPORTED,
            id="military only",
        ),
    ],
)
def test_rise_of_donors(rows, expected):
    assert verdict("LTS-2b", data(*rows)) == expected


def test_rise_from_nothing_has_no_ratio():
    rows = [r for r in three(2) if not (r[1] == FRANCE and r[0].startswith("2024"))]
    found = row("LTS-2b", data(*rows))
    assert found["verdict"] == NOT_TESTABLE
    assert "France" in found["reason"]


def switch(us_since, germany_since, eu_since=0.0):
    return [
        *each_month(US, 10, us_since),
        *each_month(GERMANY, 1, germany_since),
        *each_month(EU, 0, eu_since),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(switch(0, 6), SUPPORTED, id="half made up"),
        pytest.param(switch(0, 11), NOT_SUPPORTED, id="just made up"),
        pytest.param(switch(0, 12), NOT_SUPPORTED, id="more than made up"),
        pytest.param(switch(0, 10.75), SUPPORTED, id="nearly made up"),
        pytest.param(switch(0, 6, eu_since=6), QUALIFIED, id="made up with the EU only"),
        pytest.param(switch(0, 0.5), SUPPORTED, id="Europe fell too"),
        pytest.param(switch(10, 12), NOT_TESTABLE, id="no fall"),
        pytest.param(switch(11, 12), NOT_TESTABLE, id="a rise"),
    ],
)
def test_share_of_fall_made_up(rows, expected):
    assert verdict("SCN-3a", data(*rows)) == expected


def test_share_of_fall_is_worked_out_per_month():
    found = row("SCN-3a", data(*switch(2, 5)))
    assert (found["value"], found["low"], found["high"]) == pytest.approx((50, 50, 50))
    assert "To 2026-04 European NATO members made up 50 % of the fall" in found["reason"]
    assert "reaches the whole in 0 of 14 months" in found["reason"]


def one_package(months_later):
    """11 a month of the US gone; Germany gives 44 more in one month, and nothing else."""
    germany = [aid(GERMANY, 1, month=month) for month in MONTHS]
    package = aid(GERMANY, 44, month=SINCE[months_later])
    return data(*each_month(US, 11, 0), *germany, package)


def test_the_last_month_is_a_reading_of_the_switch():
    # 44 over 3 months is 133 % of 11, over 4 it is the whole, over 16 a quarter.
    found, parts = judge.examine(claim_of("SCN-3a"), one_package(2))
    values = {part["label"]: part["value"] for part in parts if part["kind"] == "reading"}
    literal = "European NATO members, military aid, to "
    assert next(iter(values)) == literal + "2026-04"
    assert values[literal + "2026-04"] == pytest.approx(25)
    assert values[literal + "2025-03"] == pytest.approx(400 / 3)
    assert values[literal + "2025-04"] == pytest.approx(100)
    assert found["verdict"] == QUALIFIED
    assert "133 % (2025-03); it reaches the whole in 2 of 14 months" in found["reason"]


def test_an_interval_that_spans_the_whole_is_no_verdict():
    # 11 times 1.5 in every fourth month: each block of four has one, so that no draw differs.
    even = [aid(GERMANY, 16.5, month=month) for month in SINCE[3::4]]
    given = [*each_month(US, 11, 0), *[aid(GERMANY, 1, month=month) for month in MONTHS]]
    steady = row("SCN-3a", data(*given, *even))
    assert steady["value"] == pytest.approx(16.5 / 4 / 11 * 100)
    assert "interval 38 to 38" in steady["reason"]
    assert "spans" not in steady["reason"]
    # As much in one month: what is drawn again has it four times, or not at all.
    _, parts = judge.examine(claim_of("SCN-3a"), data(*given, aid(GERMANY, 66, month=SINCE[8])))
    assert [part["label"] for part in parts if part["kind"] == "caveat"] == [
        "the interval of the literal reading spans 100 %"
    ]


def test_no_fall_gives_its_reason():
    found = row("SCN-3a", data(*switch(10, 12)))
    assert found["reason"] == "US allocations did not fall, so there is nothing to make up."
    assert [found["value"], found["low"], found["high"]] == [None, None, None]


@pytest.mark.parametrize("claim_id", ["LTS-2b", "SCN-3a"])
@pytest.mark.parametrize(
    ("cut_off", "testable"),
    [("2024-12-31", False), ("2025-02-28", False), ("2025-05-31", False), ("2025-06-30", True)],
)
def test_the_switch_needs_half_a_year(claim_id, cut_off, testable):
    rows = [r for r in [*three(2), *each_month(US, 10, 5)] if r[0] <= cut_off[:7]]
    found = row(claim_id, data(*rows, cut_off=cut_off))
    assert (found["verdict"] != NOT_TESTABLE) is testable
    if not testable:
        assert found["reason"] == (
            f"Release 29 is cut at {cut_off}, and 6 months from 2025-01 on are needed."
        )


ECONOMIC = [
    ("ECO-2a", {}, (), SUPPORTED),
    ("ECO-2a", {"NGDP_RPCH_2022": -15.2}, (), SUPPORTED),
    pytest.param("ECO-2a", {"NGDP_RPCH_2022": -12}, (), NOT_SUPPORTED, id="2009 was worse"),
    ("ECO-2a", {"NGDP_RPCH_2022": -10.1, "NGDP_RPCH_2009": -5}, (), SUPPORTED),
    ("ECO-2a", {"NGDP_RPCH_2022": -10, "NGDP_RPCH_2009": -5}, (), NOT_SUPPORTED),
    pytest.param("ECO-2a", {"NGDP_RPCH_2008": -40}, (), SUPPORTED, id="2008 does not count"),
    pytest.param("ECO-2a", {"NGDP_RPCH_2023": -40}, (), SUPPORTED, id="nor does 2023"),
    ("ECO-2a", {}, ("NGDP_RPCH_2022",), QUALIFIED),
    ("ECO-2a", {}, ("NGDP_RPCH_2023",), SUPPORTED),
    ("ECO-2b", {}, (), SUPPORTED),
    ("ECO-2b", {"PCPIPCH_2022": 15.1, "PCPIEPCH_2022": 15.1}, (), SUPPORTED),
    ("ECO-2b", {"PCPIPCH_2022": 15, "PCPIEPCH_2022": 15}, (), NOT_SUPPORTED),
    ("ECO-2b", {"PCPIPCH_2022": 15}, (), QUALIFIED),
    ("ECO-2b", {"PCPIEPCH_2022": 15}, (), QUALIFIED),
    ("ECO-2b", {}, ("PCPIPCH_2022",), QUALIFIED),
    ("ECO-2b", {}, ("PCPIEPCH_2022",), QUALIFIED),
    ("ECO-2c", {}, (), SUPPORTED),
    ("ECO-2c", {"LUR_2022": 15.1, "LUR_2021": 7}, (), SUPPORTED),
    ("ECO-2c", {"LUR_2022": 15, "LUR_2021": 7}, (), NOT_SUPPORTED),
    ("ECO-2c", {"LUR_2022": 20, "LUR_2021": 10}, (), SUPPORTED),
    pytest.param(
        "ECO-2c", {"LUR_2022": 20, "LUR_2021": 10.1}, (), NOT_SUPPORTED, id="not doubled"
    ),
    ("ECO-2c", {}, ("LUR_2022",), QUALIFIED),
]


@pytest.mark.parametrize(("claim_id", "changed", "estimates", "expected"), ECONOMIC)
def test_economy(claim_id, changed, estimates, expected):
    found = row(claim_id, data(series=economy(estimates, **changed)))
    assert found["verdict"] == expected
    # A reader of the table must see what qualifies the verdict.
    assert ("marks 2022 as an estimate" in found["reason"]) is bool(
        {"NGDP_RPCH_2022", "PCPIPCH_2022", "PCPIEPCH_2022", "LUR_2022"} & set(estimates)
    )


def test_reason_writes_a_true_minus():
    reason = row("ECO-2a", data())["reason"]
    assert "−28.8 % in 2022" in reason
    assert "from 2009 to 2021 was −15.1 % in 2009" in reason
    assert "-" not in reason


# Data on which every claim is supported.
BASE_ROWS = [
    *three(1.5),
    *each_month(US, 3.9, 0),
    *of_types(US, 0, 15, 15),
    *of_types(EU, 0, 3, 2),
    *of_types(JAPAN, 5, 5, 5),
]


# The claims on totals, kinds, donors and the economy; others have test files of their own.
HERE = [
    "MIL-2a",
    "MIL-2b",
    "MIL-2d",
    "ECO-2a",
    "ECO-2b",
    "ECO-2c",
    "LTS-2a",
    "LTS-2b",
    "SCN-3a",
]


def verdicts(given):
    own = [claim for claim in config.claims() if claim.id in HERE]
    return judge.table(own, given).set_index("claim_id")["verdict"].to_dict()


def flipped(given, base):
    after, before = verdicts(given), verdicts(base)
    return {claim_id for claim_id in before if after[claim_id] != before[claim_id]}


def test_base_supports_every_claim():
    found = verdicts(data(*BASE_ROWS))
    assert found == dict.fromkeys(HERE, SUPPORTED)
    assert list(found) == HERE


@pytest.mark.parametrize(
    ("changed", "claim_id"),
    [
        ({"NGDP_RPCH_2022": -5}, "ECO-2a"),
        ({"NGDP_RPCH_2009": -50}, "ECO-2a"),
        ({"PCPIPCH_2022": 5}, "ECO-2b"),
        ({"LUR_2022": 10}, "ECO-2c"),
        ({"LUR_2021": 20}, "ECO-2c"),
    ],
)
def test_a_changed_fact_of_the_economy_flips_its_own_verdict_only(changed, claim_id):
    base = data(*BASE_ROWS)
    assert flipped(
        replace(base, tables={**base.tables, "economy": economy(**changed)}), base
    ) == {claim_id}


@pytest.mark.parametrize(
    ("more", "claim_id"),
    [
        # Undated amounts count in totals only, later ones after the article's date only.
        ([aid(US, -30, month="undated")], "MIL-2a"),
        ([aid(US, -3, "Humanitarian", "undated")], "MIL-2d"),
        (
            [
                aid(JAPAN, 100, "Humanitarian", "undated"),
                aid(JAPAN, 100, "Financial", "undated"),
            ],
            "LTS-2a",
        ),
        ([aid(FRANCE, -24, month="2025-06")], "LTS-2b"),
        ([aid(EU, 200, "Financial", "2025-06")], "SCN-3a"),
    ],
)
def test_a_changed_amount_flips_its_own_verdict_only(more, claim_id):
    assert flipped(data(*BASE_ROWS, *more), data(*BASE_ROWS)) == {claim_id}


def test_what_was_announced_later_does_not_touch_claims_about_before():
    base = data(*BASE_ROWS)
    later = [aid(donor, 500, month="2025-06") for donor in (US, GERMANY, JAPAN)]
    untouched = {"MIL-2a", "MIL-2b", "MIL-2d", "LTS-2a", "ECO-2a", "ECO-2b", "ECO-2c"}
    assert not flipped(data(*BASE_ROWS, *later), base) & untouched


def test_every_claim_has_a_test_and_every_test_is_used():
    here = Path(__file__).parent
    files = [Path(__file__), *here.glob("test_evidence_*.py"), *here.glob("test_claim_*.py")]
    text = "\n".join(path.read_text("utf-8") for path in files)
    testable = [claim for claim in config.claims() if claim.test != "not_testable"]
    assert [claim.id for claim in testable if f'"{claim.id}"' not in text] == []
    assert {claim.test for claim in config.claims()} == set(TESTS)


def changed(claim_id, **fields):
    claim = {claim.id: claim for claim in config.claims()}[claim_id]
    return claim.model_copy(update=fields)


def test_unknown_test_names_the_nearest():
    with pytest.raises(AuditError, match="Did you mean 'growth_of_year'") as caught:
        judge.evaluate(changed("ECO-2a", test="growth_of_yaer"), data())
    message = str(caught.value)
    assert message.startswith("config/claims.yaml: ECO-2a: there is no test of this name.")
    assert "aidaudit/claims/evidence/" in message


def test_unknown_argument_names_the_claim():
    wrong = changed("ECO-2b", arguments={"yaer": 2022})
    with pytest.raises(AuditError, match=r"(?s)config/claims.yaml: ECO-2b: .*yaer"):
        judge.evaluate(wrong, data())


def test_a_causal_claim_is_consistent_at_most():
    assert judge.evaluate(changed("ECO-2b", causal=True), data())["verdict"] == NOT_CAUSAL


def test_readings_say_what_a_verdict_rests_on():
    given = [changed("ECO-2b"), changed("MIL-7b")]
    table, readings = judge.tables(given, data())
    assert set(readings["claim_id"]) == {"ECO-2b"}
    own = readings[readings["kind"] == "reading"]
    assert own["place"].tolist() == list(range(1, len(own) + 1))
    assert own["value"].iloc[0] == table["value"].iloc[0]
    assert own["holds"].all() == (table["verdict"].iloc[0] == SUPPORTED)
    assert (own["unit"] == table["unit"].iloc[0]).all()


def test_conditions_and_caveats_stand_beside_the_readings():
    def found(data):
        return Evidence({"a": 1.0, "b": 99.0}, "Why.", {"in order": False}, caveat="partial")

    TESTS["constructed"] = found
    try:
        claim = changed("ECO-2b", test="constructed", arguments={})
        row, parts = judge.examine(claim, data())
    finally:
        del TESTS["constructed"]
    assert row["verdict"] == NOT_SUPPORTED
    assert [(part["kind"], part["label"], part["holds"]) for part in parts] == [
        ("reading", "a", False),
        ("reading", "b", True),
        ("condition", "in order", False),
        ("caveat", "partial", False),
    ]


def test_table_keeps_the_order_and_nulls():
    given = [changed("SCN-3a"), changed("ECO-2b", figure=None)]
    rows = [r for r in switch(10, 5) if r[0] <= "2024-12"]
    table = judge.table(given, data(*rows, cut_off="2024-12-31"))
    assert table["claim_id"].tolist() == ["SCN-3a", "ECO-2b"]
    assert table["value"].isna().tolist() == [True, False]
    assert table["figure"].isna().tolist() == [False, True]


def test_unknown_claim_names_the_nearest():
    with pytest.raises(AuditError, match="Did you mean 'MIL-2a'"):
        judge.asserts("MIL-2A")


def test_numbers_of_claims():
    given = data(aid(US, 10), cut_off="2024-12-31")
    numbers = Numbers("claims.csv")
    judge.add_numbers(judge.table([changed("MIL-2a"), changed("SCN-3a")], given), numbers)
    shown = {key: entry["display"] for key, entry in numbers.entries.items()}
    assert "NATO members alone allocated" in shown.pop("claim.MIL-2a.reason")
    assert "6 months" in shown.pop("claim.SCN-3a.reason")
    assert shown == {
        "claim.MIL-2a.verdict": NOT_SUPPORTED,
        "claim.MIL-2a.asserted": "280 bn US$",
        "claim.MIL-2a.value": "10.0 bn US$",
        "claim.MIL-2a.low": "10.0 bn US$",
        "claim.MIL-2a.high": "10.0 bn US$",
        "claim.SCN-3a.verdict": NOT_TESTABLE,
        "claim.SCN-3a.asserted": "100 %",
    }


def test_what_cannot_be_tested_says_why_and_asserts_nothing():
    found = row("MIL-7b", data())
    assert found["verdict"] == NOT_TESTABLE
    assert "no open data" in found["reason"]
    assert judge.asserts("MIL-7b") is None
    table = judge.table([changed("MIL-7b")], data())
    assert table["asserted"].isna().all()
    numbers = Numbers("claims.csv")
    judge.add_numbers(table, numbers)
    assert list(numbers.entries) == ["claim.MIL-7b.verdict", "claim.MIL-7b.reason"]


def test_nearest_reading_looks_at_allocations_only():
    headline = pd.DataFrame(
        [
            ("allocation", "nato", "fixed", 220.0, 1.1),
            ("allocation", "nato_eu", "at_cut_off", 278.0, 1.2),
            ("allocation", "all", "month_average", 283.0, 1.3),
            ("allocation", "nato_dated", "fixed", None, None),
            ("commitment", "nato", "fixed", 280.0, 1.1),
        ],
        columns=["measure", "donors", "fx_method", "value_usd_bn", "usd_per_eur"],
    )
    found = judge.nearest_reading(headline, judge.asserts("MIL-2a"))
    assert found == {
        "donors": "nato_eu",
        "fx_method": "at_cut_off",
        "method": "ECB rate at the cut-off",
        "value_usd_bn": 278.0,
        "usd_per_eur": 1.2,
    }
