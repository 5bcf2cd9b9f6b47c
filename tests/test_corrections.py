"""Corrections apply as often as they say, or stop the build."""

import pandas as pd
import pytest

from aidaudit.data import corrections
from aidaudit.data.tables import RAW
from nbtrail.base import schema
from nbtrail.base.errors import AuditError

COLUMNS = list(RAW["corrections"].columns)


@pytest.fixture
def raw():
    return pd.DataFrame(
        {
            "row": pd.array([2, 3, 4, 5], dtype="Int64"),
            "sub_activity_id": pd.Series(["A_1", "A_2", "B_1", None], dtype="str"),
            "donor": pd.Series(["FInland", "FInland", "Finland", None], dtype="str"),
            "allocation_eur": [100.004, -61973576.05, None, 100.0],
        }
    )


def rows(**fields) -> pd.DataFrame:
    """One correction of source kiel, release 21, from fields `from_`, `to` and so on."""
    given = {"source": "kiel", "release": "21", "key": "*", "reason": "test", "expect": 1}
    given |= {key.rstrip("_"): value for key, value in fields.items()}
    table = pd.DataFrame([given], columns=COLUMNS)
    kinds = {c: "Int64" if c == "expect" else "str" for c in COLUMNS}
    return table.astype(kinds)


def apply(raw, table, release=21):
    return corrections.apply(raw, table, "kiel", release)


def refused(raw, table) -> AuditError:
    before = raw.copy()
    with pytest.raises(AuditError) as caught:
        apply(raw, table)
    error = caught.value
    assert str(error).startswith("data/raw/corrections.csv, row 2, column ")
    assert error.mend
    pd.testing.assert_frame_equal(raw, before)
    return error


def test_every_row_is_corrected_and_the_raw_table_stays(raw):
    table = rows(column="donor", from_="FInland", to="Finland", expect=2)
    assert apply(raw, table)["donor"].dropna().tolist() == ["Finland"] * 3
    assert raw["donor"].dropna().tolist() == ["FInland", "FInland", "Finland"]


@pytest.mark.parametrize("expect", [1, 3])
def test_any_other_count_stops(raw, expect):
    error = refused(raw, rows(column="donor", from_="FInland", to="Finland", expect=expect))
    assert error.column == "expect"
    assert (error.found, error.expected) == (2, f"{expect} cells")
    assert "upstream has changed: delete the row" in error.mend


def test_an_upstream_fix_stops(raw):
    raw["donor"] = raw["donor"].replace("FInland", "Finland")
    assert refused(raw, rows(column="donor", from_="FInland", to="Finland")).found == 0


def test_an_unknown_column_stops(raw):
    error = refused(raw, rows(column="donnor", from_="FInland", to="Finland"))
    assert (error.column, error.found) == ("column", "donnor")
    assert "'donor'" in error.expected


@pytest.mark.parametrize("key", ["3", "A_2"])
def test_a_key_is_a_row_number_or_an_id(raw, key):
    fixed = apply(raw, rows(key=key, column="donor", from_="FInland", to="Finland"))
    assert fixed["donor"].iloc[:2].tolist() == ["FInland", "Finland"]


def test_a_key_that_is_not_there_changes_nothing_and_stops(raw):
    error = refused(raw, rows(key="Z_9", column="donor", from_="FInland", to="Finland"))
    assert error.found == 0


def test_a_key_in_a_table_without_keys_stops():
    rates = pd.DataFrame({"currency": pd.Series(["AUD"], dtype="str"), "per_eur": [1.5]})
    error = refused(rates, rows(key="AUD", column="per_eur", from_="1.5", to="1.6"))
    assert (error.column, error.found) == ("expect", 0)


@pytest.mark.parametrize(("release", "changed"), [(21, True), (28, False), (None, False)])
def test_a_release_has_its_own_corrections(raw, release, changed):
    table = rows(key="2", column="donor", from_="FInland", to="Finland")
    fixed = apply(raw, table, release)
    assert (fixed["donor"].iloc[0] == "Finland") == changed


def test_no_release_means_every_release(raw):
    table = rows(release=None, key="2", column="donor", from_="FInland", to="Finland")
    assert apply(raw, table, 28)["donor"].iloc[0] == "Finland"


def test_another_source_is_left_alone(raw):
    table = rows(source="ecb/euro_rates", column="nothing", from_="a", to="b")
    pd.testing.assert_frame_equal(apply(raw, table), raw)


def test_null_is_filled_and_emptied(raw):
    filled = apply(raw, rows(column="donor", from_=None, to="Norway"))
    assert filled["donor"].iloc[3] == "Norway"
    emptied = apply(raw, rows(column="donor", from_="Finland", to=None))
    assert emptied["donor"].isna().tolist() == [False, False, True, True]
    amount = apply(raw, rows(column="allocation_eur", from_=None, to="7.5"))
    assert amount["allocation_eur"].iloc[2] == 7.5
    amount = apply(raw, rows(key="5", column="allocation_eur", from_="100", to=None))
    assert amount["allocation_eur"].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize(("quoted", "found"), [("100", 2), ("100.02", 0), ("100.012", 1)])
def test_an_amount_matches_to_the_cent(raw, quoted, found):
    table = rows(column="allocation_eur", from_=quoted, to="5", expect=9)
    assert refused(raw, table).found == found


@pytest.mark.parametrize(
    ("fields", "column", "found"),
    [
        ({"column": "allocation_eur", "from_": "abc", "to": "5"}, "from", "abc"),
        ({"column": "allocation_eur", "key": "2", "from_": "100", "to": "5,0"}, "to", "5,0"),
        ({"column": "allocation_eur", "key": "2", "from_": "100", "to": "inf"}, "to", "inf"),
        ({"column": "row", "from_": "2", "to": "2.5"}, "to", "2.5"),
    ],
)
def test_a_quoted_amount_that_is_no_number_stops(raw, fields, column, found):
    error = refused(raw, rows(**fields))
    assert (error.column, error.found) == (column, found)
    assert "number" in error.expected


def test_an_amount_accepted_as_published_is_counted_but_kept(raw):
    same = {"column": "allocation_eur", "from_": "-61973576.05", "to": "-61973576.05"}
    pd.testing.assert_frame_equal(apply(raw, rows(**same)), raw)
    assert refused(raw, rows(**same, expect=2)).found == 1
    assert corrections.accepted(raw, rows(**same), "kiel", 21) == {(1, "allocation_eur")}
    assert corrections.accepted(raw, rows(**same), "kiel", 28) == set()
    other = rows(**same | {"to": "0"})
    assert corrections.accepted(raw, other, "kiel", 21) == set()
    # A cell that is corrected need not be within the limits before.
    assert corrections.spoken_of(raw, other, "kiel", 21) == {(1, "allocation_eur")}


def test_an_accepted_amount_passes_the_limits_and_another_negative_one_does_not():
    limits = schema.Table("t", "d", {"v": schema.Column("number", "Amount", minimum=0)})
    table = rows(release=None, column="v", from_="-5", to="-5")

    def accepted(frame):
        return corrections.accepted(frame, table, "kiel")

    good = pd.DataFrame({"v": [1.0, -5.0]})
    assert schema.validate(good, limits, "t.csv", accepted=accepted) is good
    with pytest.raises(AuditError, match=r"t\.csv, row 3, column v"):
        schema.validate(pd.DataFrame({"v": [-5.0, -6.0]}), limits, "t.csv", accepted=accepted)


def test_corrections_apply_in_their_order(raw):
    table = pd.concat(
        [
            rows(column="donor", from_="FInland", to="Finland", expect=2),
            rows(column="donor", from_="Finland", to="Suomi", expect=3),
        ],
        ignore_index=True,
    )
    assert apply(raw, table)["donor"].dropna().tolist() == ["Suomi"] * 3


@pytest.mark.parametrize(
    "wrong",
    ["keil,21", "kiel,99", "kiel,21.0", "kiel,021", "kiel/release-21,", "rates,21", "folder,"],
)
def test_a_row_that_speaks_of_no_table_is_told_instead_of_correcting_nothing(
    tmp_path, monkeypatch, wrong
):
    for path in ("Snakefile", "config/x", "data/raw/folder/x"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    for folder in ("kiel/release-21", "rates"):
        (tmp_path / "data/raw" / folder).mkdir(parents=True)
        (tmp_path / "data/raw" / folder / "datapackage.json").touch()
    monkeypatch.chdir(tmp_path)
    good = "source,release,key,column,from,to,reason,expect\nkiel,21,*,donor,A,B,why,1\n"
    good += "kiel,,*,donor,A,B,why,1\nrates,,*,donor,A,B,why,1\n"
    table = tmp_path / corrections.CORRECTIONS
    table.write_text(good, "utf-8")
    corrections.check_sources(corrections.read_corrections())
    table.write_text(f"{good}{wrong},*,donor,C,D,why,1\n", "utf-8")
    with pytest.raises(AuditError) as caught:
        corrections.check_sources(corrections.read_corrections())
    assert (caught.value.row, caught.value.found) == (5, wrong.rstrip(",").replace(",", ", "))
