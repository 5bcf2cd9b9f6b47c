"""The interactive view: what it offers, what it opens on, and what it may not do."""

import json

import pandas as pd
import pytest

from aidaudit import config
from aidaudit.measures.multiverse import CHOICES
from aidaudit.report import interactive_view
from nbtrail.publish import inert

TYPES = "Military + Financial + Humanitarian"


def specifications():
    first = {
        "release": 28,
        "cut_off": "2025-02-28",
        "donors": "nato",
        "membership": "present",
        "measure": "allocation",
        "aid_types": TYPES,
        "refugee_costs": "out",
        "fx_method": "month_average",
        "prices": "nominal",
        "value_usd_bn": 222.9276,
    }
    return pd.DataFrame([first, first | {"donors": "all", "value_usd_bn": 293.1}])


@pytest.fixture
def spec():
    return interactive_view.specification(specifications(), config.multiverse(), 280.0)


def test_every_choice_can_be_made_and_the_view_opens_on_the_words_of_the_article(spec):
    params = {param["name"]: param for param in spec["params"]}
    assert list(params) == CHOICES
    assert params["donors"]["value"] == "nato"
    assert params["donors"]["bind"]["options"] == ["all", "nato"]
    assert params["donors"]["bind"]["labels"] == ["All donors", "NATO members"]
    assert params["release"]["value"] == 28
    assert all(param["bind"]["input"] == "select" for param in params.values())


def test_the_data_are_in_the_view_and_nothing_is_loaded(spec):
    rows = spec["datasets"]["specifications"]
    assert [row["value"] for row in rows] == [222.928, 293.1]
    assert "url" not in json.dumps(spec["layer"])
    assert spec["usermeta"] == {"choices": CHOICES, "total": 280.0}


PAGE = "<html><body><div id='view-headline'></div></body></html>"


def test_the_page_holds_library_data_and_script_and_asks_for_nothing(spec):
    spec["title"] = "</script><b>"
    script = interactive_view.script(interactive_view.library())
    page = interactive_view.embed(PAGE, spec, script)
    assert page.endswith("</body></html>")
    assert page.count("<script") == 2
    assert "</script><b>" not in page
    assert "ast: true" in page
    assert inert.found_in(page, [script]) == []
    data = page.split('id="view-headline-data">')[1].split("</script>")[0]
    assert json.loads(data)["title"] == "</script><b>"


def test_the_same_table_gives_the_same_bytes(spec):
    again = interactive_view.specification(specifications(), config.multiverse(), 280.0)
    assert json.dumps(again) == json.dumps(spec)
