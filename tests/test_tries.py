"""What is run outside the build says so, in its stamp, words and metadata."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from PIL import Image
from pypdf import PdfReader

from aidaudit.report import charts
from nbtrail.base import determinism, files, paths, plan
from nbtrail.publish import standing, tables

ROOT = Path(__file__).parents[1]
CHANGED = "changed: since=2025-03; not a release"


@pytest.fixture(autouse=True)
def written(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")

    def target(path):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        return tmp_path / path

    monkeypatch.setattr(charts.files, "target", target)
    yield tmp_path
    plt.close("all")


def by_hand(monkeypatch, job, changed, values=None):
    monkeypatch.setattr(files, "by_hand", lambda: (job, changed, values or {}))


def test_the_build_stamps_its_version(monkeypatch, tmp_path):
    declared = tmp_path / "declared.json"
    declared.write_text(json.dumps({"inputs": [], "outputs": [], "job": "latest/F16"}))
    monkeypatch.setenv("NBTRAIL_DECLARED", str(declared))
    run = standing.standing("F16", "latest")
    assert run.stamp == f"F16-latest · aidaudit {determinism.VERSION}"
    assert (run.version, run.beside("Aid.")) == (determinism.VERSION, "Aid.")


def test_a_try_names_what_was_changed(monkeypatch):
    by_hand(monkeypatch, "latest/F16", {"since": "2025-03"})
    run = standing.standing("F16", "latest")
    assert run.stamp == "F16-latest, changed: since=2025-03 · not a release"
    assert run.beside("Aid.") == f"Aid. ({CHANGED})"


def test_a_try_with_another_variant_is_not_that_variant_s_figure(monkeypatch):
    by_hand(monkeypatch, "latest/F01", {"variant": "article"})
    assert standing.standing("F01", "article").stamp == (
        "F01-latest, changed: variant=article · not a release"
    )


def test_a_long_stamp_keeps_its_end(monkeypatch):
    changed = {"named": ["POL", "GBR"], "article_date": "2025-01-31", "since": "2025-03"}
    by_hand(monkeypatch, "all/F22", {**changed, "first": "2022-01", "last": "2024-12"})
    stamp = standing.standing("F22", "all").stamp
    assert stamp.startswith("F22-all, changed: named=POL+GBR,")
    assert stamp.endswith(" … · not a release")
    assert len(stamp) <= 72


def test_edited_parameters_are_found_where_no_runner_says_them(monkeypatch):
    values = {**plan.job("latest", "F16").parameters, "other": 1}
    by_hand(monkeypatch, None, {}, values)
    assert standing.standing("F16", "latest").stamp == (
        "F16-latest · not a release, run outside the workflow"
    )
    values["since"] = "2025-03"
    assert standing.standing("F16", "latest").changed == {"since": "2025-03"}


def test_a_new_figure_that_no_entry_names_is_no_release_either(monkeypatch):
    by_hand(monkeypatch, None, {}, {"since": "2025-03"})
    assert "not a release" in standing.standing("F99", "latest").stamp


@pytest.mark.parametrize("source", ["Source: nobody.", "Source: " + "a long list; " * 14 + "."])
def test_words_and_metadata_of_a_try_carry_it_in_every_format(written, monkeypatch, source):
    by_hand(monkeypatch, "latest/F16", {"since": "2025-03"})
    fig, (ax,) = charts.canvas(2.5, title="Aid rose", unit="bn EUR")
    ax.bar([1, 2], [1, 2])
    charts.save_figure(
        fig, pd.DataFrame({"x": [1]}), figure="F16", variant="latest",
        title="Aid", caption="Bars.", alt="A bar.", source=source,
    )  # fmt: skip
    assert "F16-latest, changed: since=2025-03 · not a release" in [
        text.get_text() for text in fig.texts
    ]
    where = {kind: written / path for kind, path in paths.figure("F16", "latest").items()}
    words = json.loads(where["json"].read_text("utf-8"))
    for name in ("title", "caption", "alt"):
        assert words[name].endswith(f"({CHANGED})")
    texts = " ".join(element.text or "" for element in ET.parse(where["svg"]).iter())
    with Image.open(where["png"]) as picture:
        png = " ".join(f"{key}={value}" for key, value in picture.text.items())
    pdf = " ".join(map(str, PdfReader(where["pdf"]).metadata.values()))
    for said in (texts, png, pdf):
        assert CHANGED in said
        assert "aidaudit-version=not a release" in said
        assert "aidaudit-changed=since=2025-03" in said
        assert f"aidaudit-version={determinism.VERSION}" not in said


def test_a_table_of_a_try_says_so_in_its_caption(written, monkeypatch):
    by_hand(monkeypatch, "all/T07", {"last_year": 2023})
    shown = pd.DataFrame({"Year": ["2019"]})
    tables.save_table(
        shown, shown, table="T07", variant="all", caption="Gas used.", widths=[10]
    )
    words = json.loads((written / paths.table("T07", "all")["json"]).read_text("utf-8"))
    assert words["caption"] == "Gas used. (changed: last_year=2023; not a release)"
