"""Saving figures: every format, the same bytes, words for those who cannot see."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.transforms import Bbox
from PIL import Image
from pypdf import PdfReader

from aidaudit.claims import verdicts
from aidaudit.data.vocabulary import AID_TYPES
from aidaudit.measures.donors import PARTITION
from aidaudit.report import charts
from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.publish import figures

ROOT = Path(__file__).parents[1]
WORDS = {
    "title": "Aid by month",
    "caption": "Bars are months.",
    "alt": "Aid rose – from 1 to 2 & stayed at <2>.",
    "source": "Source: nobody.",
}
PLOTTED = pd.DataFrame({"month": ["2022-01", "2022-02"], "value_eur_bn": [1.0, 1 / 3]})


@pytest.fixture(autouse=True)
def written(monkeypatch, tmp_path):
    """Where figures go: never into the repository."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    monkeypatch.setattr(figures.files, "by_hand", lambda: None)
    # The build fixes the date of PDFs; so must the test.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")

    def target(path):
        full = tmp_path / path
        full.parent.mkdir(parents=True, exist_ok=True)
        return full

    monkeypatch.setattr(figures.files, "target", target)
    yield tmp_path
    plt.close("all")


def save(plotted=PLOTTED, figure="F99", **words):
    fig, (ax,) = charts.canvas(2.5, title="Aid rose", unit="bn EUR")
    ax.bar(PLOTTED["month"], PLOTTED["value_eur_bn"], color=charts.ACCENT, label="aid")
    ax.fill_between([0, 1], [0, 1], hatch="//", clip_on=True)
    ax.legend()
    charts.save_figure(fig, plotted, figure=figure, variant="article", **(WORDS | words))
    plt.close(fig)


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_every_format_is_written(written):
    save()
    assert set(contents(written)) == set(paths.figure("F99", "article").values())


def test_two_saves_give_the_same_bytes(written):
    save()
    first = contents(written)
    save()
    assert contents(written) == first
    assert len(first) == 5


def test_noise_in_the_layout_s_last_digits_changes_no_byte(written, monkeypatch):
    save()
    first = contents(written)
    execute = ConstrainedLayoutEngine.execute

    def noisy(engine, fig):
        execute(engine, fig)
        for ax in fig.axes:
            x, y, width, height = ax.get_position(original=True).bounds
            ax._set_position(Bbox.from_bounds(x, y, width, height + 1e-13), which="original")

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", noisy)
    save()
    assert contents(written) == first


def test_alternative_text_stands_inside_the_pictures(written):
    save()
    where = {kind: written / path for kind, path in paths.figure("F99", "article").items()}
    texts = [element.text for element in ET.parse(where["svg"]).iter() if element.text]
    assert WORDS["alt"] in texts
    with Image.open(where["png"]) as picture:
        assert picture.text["Description"] == WORDS["alt"]
        assert picture.text["Title"] == "F99-article: Aid by month"
    assert PdfReader(where["pdf"]).metadata.subject == WORDS["alt"]


def test_data_and_words_stand_beside_the_picture(written):
    save()
    where = paths.figure("F99", "article")
    table = (written / where["csv"]).read_text(encoding="utf-8")
    assert table == "month,value_eur_bn\n2022-01,1\n2022-02,0.333333333333\n"
    words = json.loads((written / where["json"]).read_text(encoding="utf-8"))
    assert words == {"figure": "F99", "variant": "article", **WORDS}


@pytest.mark.parametrize("name", list(WORDS))
@pytest.mark.parametrize("text", ["", "  \n"])
def test_missing_words_are_refused(written, name, text):
    with pytest.raises(AuditError, match=f"figure F99 has no {name}"):
        save(**{name: text})
    assert contents(written) == {}


def test_figure_without_data_is_refused(written):
    with pytest.raises(AuditError, match="figure F99 has no plotted data"):
        save(PLOTTED.head(0))
    assert contents(written) == {}


@pytest.mark.parametrize(
    ("release", "cut_off", "shown"),
    [
        (21, None, "release 21, to 2024-12-31"),
        (28, "2025-02-28", "release 28, to 2025-02-28"),
        (28, None, "release 28, to 2026-02-28"),
        (28, "2030-01-01", "release 28, to 2026-02-28"),
    ],
)
def test_source_line_names_release_and_cut_off(release, cut_off, shown):
    line = charts.source_line(release=release, cut_off=cut_off)
    assert line == f"Source: Kiel Institute, Ukraine Support Tracker, {shown}."


def test_source_line_names_further_sources():
    both = charts.source_line(release=21, also="ECB reference rates")
    assert both.endswith("release 21, to 2024-12-31; ECB reference rates.")
    assert charts.source_line(also="IMF") == "Source: IMF."


def test_source_line_of_an_unknown_release_is_an_error():
    with pytest.raises(AuditError, match="release 99 has not been ingested"):
        charts.source_line(release=99)


def test_source_line_stands_in_the_picture():
    fig, _ = charts.canvas(2.5, title="Aid rose", unit="bn EUR")
    charts.finish(fig, "Source: somebody.")
    shown = [text.get_text() for text in fig.texts]
    assert shown == ["Aid rose", "bn EUR", "Source: somebody."]


def test_labels_are_moved_apart_and_no_further():
    assert charts.spread([0, 0.1, 0.2, 9], 1) == [0, 1, 2, 9]
    assert charts.spread([], 1) == []


def test_months_become_days():
    days = charts.months(pd.Series(["2022-01", "2024-12"]))
    assert days.tolist() == [pd.Timestamp("2022-01-01"), pd.Timestamp("2024-12-01")]


def test_events_are_marked_up_to_the_last_month():
    for until, count in (("2022-01", 0), ("2022-02", 1), ("2024-12", 2), ("2025-01", 3)):
        _, (ax,) = charts.canvas(2.5)
        charts.mark_events(ax, until)
        assert len(ax.lines) == len(ax.texts) == count


TILES = pd.DataFrame(
    {
        "section": ["Military"] * 3 + ["Economic"],
        "claim_id": ["MIL-1a", "MIL-2a", "MIL-3a", "ECO-1a"],
        "verdict": ["supported", "not supported", "supported", "consistent, not causal"],
        "differs": [False, True, False, False],
    }
)


def test_tiles_name_every_claim_with_its_symbol_and_frame_those_that_differ():
    # Two names of sections, two rows of military tiles, one of economic ones.
    assert charts.tile_rows(TILES, 2) == 5
    fig, (above, below) = charts.canvas(4, rows=2)
    charts.verdict_key(above, TILES)
    charts.verdict_tiles(below, TILES, 2)
    words = [text.get_text() for text in below.texts]
    assert words == ["Military", "✔ MIL-1a", "✘ MIL-2a", "✔ MIL-3a", "Economic", "~ ECO-1a"]
    framed = [patch.get_linewidth() > 0 for patch in below.patches]
    assert framed == [False, True, False, False]
    assert "2  ✔ supported" in above.texts[0].get_text()
    plt.close(fig)


def test_colours_cover_the_project_s_vocabulary():
    assert set(charts.PARTS) == set(PARTITION)
    assert set(charts.TYPES) == set(AID_TYPES)
    assert set(charts.VERDICTS) == set(verdicts.VERDICTS)
    assert len(set(charts.PARTS.values())) == len(PARTITION)
