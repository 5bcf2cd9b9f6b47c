"""Tables with a notebook of their own: what is written, and what is refused."""

import json

import pandas as pd
import pytest

from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.publish.tables import save_table

DATA = pd.DataFrame({"donor": ["Norway", "Spain"], "value_eur_bn": [1.25, 0.5]})
SHOWN = pd.DataFrame({"Donor": ["Norway", "Spain"], "bn EUR": ["1.2", "0.5"]})


@pytest.fixture(autouse=True)
def checkout(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").touch()
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    return tmp_path


def save(**changed):
    given = {
        "shown": SHOWN, "data": DATA, "table": "T02", "variant": "all", "caption": "Donors.",
        "widths": [20, -10],
    } | changed  # fmt: skip
    save_table(given.pop("shown"), given.pop("data"), **given)


def test_data_and_words_are_written_apart(checkout):
    save()
    where = paths.table("T02", "all")
    assert pd.read_csv(checkout / where["csv"])["value_eur_bn"].tolist() == [1.25, 0.5]
    words = json.loads((checkout / where["json"]).read_text())
    assert words["header"] == ["Donor", "bn EUR"]
    assert words["rows"] == [["Norway", "1.2"], ["Spain", "0.5"]]
    assert words["widths"] == [20, -10]


@pytest.mark.parametrize(
    "changed",
    [{"data": DATA[:0]}, {"shown": SHOWN[:0]}, {"caption": " "}, {"widths": [1]}],
    ids=["no data", "no rows", "no caption", "widths"],
)
def test_an_incomplete_table_is_refused(changed):
    with pytest.raises(AuditError, match="T02"):
        save(**changed)
