"""Memberships and groups, on the committed register."""

from pathlib import Path

import pandas as pd
import pytest

from aidaudit.data import clean, raw_tables, sources
from aidaudit.measures import donors
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def members():
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return clean.members()


def table(*rows):
    return pd.DataFrame(rows, columns=["donor", "month"])


def names(chosen):
    return sorted(set(chosen["donor"]))


def chosen_on(members, group, on):
    return set(donors.select(members[["donor"]], members, group, on)["donor"])


@pytest.mark.parametrize(
    ("donor", "month", "counts"),
    [
        ("Finland", "2022-06", False),
        ("Finland", "2023-03", False),
        ("Finland", "2023-04", False),
        ("Finland", "2023-05", True),
        ("Sweden", "2024-02", False),
        ("Sweden", "2024-03", False),
        ("Sweden", "2024-04", True),
        ("Finland", "undated", False),
        ("Sweden", "undated", False),
        ("Germany", "undated", True),
        ("Germany", "2022-01", True),
        ("Ireland", "2024-12", False),
    ],
)
def test_dated_group_counts_a_state_from_after_its_accession(members, donor, month, counts):
    chosen = donors.select(table((donor, month)), members, "nato_dated", "2024-12-31")
    assert len(chosen) == counts


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2022-06-30", set()),
        ("2023-04-03", set()),
        ("2023-04-04", {"Finland"}),
        ("2024-03-06", {"Finland"}),
        ("2024-03-07", {"Finland", "Sweden"}),
        ("2024-12-31", {"Finland", "Sweden"}),
    ],
)
def test_undated_group_counts_all_months_of_those_who_are_members_on_the_day(
    members, on, expected
):
    rows = table(("Finland", "2022-02"), ("Sweden", "2022-02"))
    assert set(donors.select(rows, members, "nato", on)["donor"]) == expected


def test_united_kingdom_has_left_the_eu(members):
    uk = members.set_index("donor").loc["United Kingdom"]
    assert (uk["eu_from"], uk["eu_to"]) == ("1973-01-01", "2020-01-31")
    others = members[members["donor"] != "United Kingdom"]
    assert others["eu_to"].isna().all()
    assert others["eu_from"].notna().sum() == 27


def test_register_turns_a_bare_year_into_its_first_day():
    found = clean.register(
        pd.DataFrame(
            {
                "donor": ["Sweden", "Canada", "Fund"],
                "iso3": ["SWE", "CAN", None],
                "iso2": ["SE", "CA", None],
                "kind": ["state", "state", "eu_institution"],
                "europe": [True, False, True],
            }
        ),
        pd.DataFrame({"iso3": ["CAN", "SWE"], "accession": ["1949", "2024-03-07"]}),
        pd.DataFrame({"iso2": ["SE"], "accession": ["1995-01-01"], "exit": [None]}),
    ).set_index("donor")
    assert list(found.index) == ["Canada", "Fund", "Sweden"]
    assert found.loc["Canada", "nato_from"] == "1949-01-01"
    assert found.loc["Sweden", "nato_from"] == "2024-03-07"
    assert found.loc["Sweden", "eu_from"] == "1995-01-01"
    assert found.loc["Fund", ["nato_from", "eu_from", "eu_to"]].isna().all()


@pytest.mark.parametrize("on", ["2022-01-01", "2023-06-01", "2024-12-31"])
def test_partition_holds_every_donor_once(members, on):
    parts = donors.partition(members, on)
    assert parts.index.is_unique
    assert sorted(parts.index) == sorted(members["donor"])
    assert set(parts) <= set(donors.PARTITION)


@pytest.mark.parametrize(
    ("donor", "on", "part"),
    [
        ("United States", "2024-12-31", "United States"),
        ("Germany", "2024-12-31", "European NATO members"),
        ("Canada", "2024-12-31", "Other NATO members"),
        # NATO counts all allies but the United States and Canada as European.
        ("Turkiye", "2024-12-31", "European NATO members"),
        ("European Investment Bank", "2024-12-31", "EU institutions"),
        ("Ireland", "2024-12-31", "Europe outside NATO"),
        ("Japan", "2024-12-31", "Other donors"),
        ("Finland", "2023-04-03", "Europe outside NATO"),
        ("Finland", "2023-04-04", "European NATO members"),
    ],
)
def test_partition_places_a_donor(members, donor, on, part):
    assert donors.partition(members, on)[donor] == part


def test_groups_are_what_the_partition_says(members):
    on = "2024-12-31"
    parts = donors.partition(members, on)

    def of(*names):
        return set(parts.index[parts.isin(names)])

    nato = of("United States", "European NATO members", "Other NATO members")
    assert chosen_on(members, "nato", on) == nato
    assert chosen_on(members, "nato_eu", on) == nato | of("EU institutions")
    assert chosen_on(members, "european_nato", on) == of("European NATO members")
    assert chosen_on(members, "europe", on) == of(
        "European NATO members", "EU institutions", "Europe outside NATO"
    )
    assert chosen_on(members, "us", on) == {"United States"}
    assert chosen_on(members, "all", on) == set(members["donor"])
    assert len(nato) == 32
    assert nato - of("European NATO members") == {"United States", "Canada"}


def test_groups_say_of_whom_the_tracker_has_no_row(members):
    given = clean.kiel(21)["donor"]
    groups = donors.in_groups(members, given, "2025-02-28").set_index("group")
    nato = groups.loc["NATO members"]
    assert (nato["members"], nato["with_rows"]) == (32, 29)
    assert nato["without_rows"] == "Albania, Montenegro, North Macedonia"
    assert groups.loc["United States", "without_rows"] == ""


def test_members_are_those_that_the_tracker_itself_counts(members):
    raw = raw_tables.read("kiel/release-21").dropna(subset="nato_member")
    raw["donor"] = raw["donor"].replace("FInland", "Finland")
    theirs = set(raw.loc[raw["nato_member"] == 1, "donor"])
    assert len(theirs) == 29
    # The tracker counts who is a member now; its release ends with 2024.
    on = sources.release(21)["cut_off"]
    ours = chosen_on(members, "nato", on) & set(raw["donor"])
    assert ours == theirs


def test_selection_keeps_rows_order_and_index(members):
    rows = table(("Germany", "2022-03"), ("Japan", "2022-03"), ("Germany", "2022-03")).set_axis(
        [9, 4, 6]
    )
    assert list(donors.select(rows, members, "nato", "2024-12-31").index) == [9, 6]


def test_selection_of_an_empty_table_is_empty(members):
    for name in donors.GROUPS:
        assert donors.select(table(), members, name, "2024-12-31").empty


def test_unknown_group_names_the_nearest(members):
    with pytest.raises(AuditError, match="Did you mean 'nato_eu'"):
        donors.select(table(("Japan", "2022-03")), members, "nato-eu", "2024-12-31")


def test_dated_group_needs_months(members):
    with pytest.raises(AuditError, match="needs announcement months"):
        donors.select(members[["donor"]], members, "nato_dated", "2024-12-31")


def test_every_group_stands_under_its_own_name():
    assert all(name == group.name for name, group in donors.GROUPS.items())
