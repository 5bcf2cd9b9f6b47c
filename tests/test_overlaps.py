"""What lies over what in a picture is named before the picture is saved."""

from pathlib import Path

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from aidaudit.report import charts
from nbtrail.base import files
from nbtrail.base.errors import AuditError
from nbtrail.publish.overlaps import overlaps

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)
    yield
    plt.close("all")


def drawn(draw=lambda ax: None, source="Source: nobody."):
    fig, (ax,) = charts.canvas(2.5, title="Aid rose", unit="bn EUR")
    ax.bar(range(4), [3, 2, 1, 4], label="aid")
    draw(ax)
    charts.finish(fig, source, "F99-article · aidaudit 0.1.0")
    return fig


def test_a_plain_chart_has_no_overlaps():
    assert overlaps(drawn()) == []


def test_a_long_source_runs_under_nothing():
    # Two lines, the first as wide as the picture: only the second one is beside the mark.
    assert overlaps(drawn(source="Source: " + "a long list of names, " * 7 + "end.")) == []


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda ax: [ax.text(1, 2, word) for word in ("Europe 5.40", "States 5.38")],
         "'Europe 5.40' over 'States 5.38'"),
        (lambda ax: ax.annotate("far", (1, 2), (0, 400), textcoords="offset points"),
         "'far' reaches out of the picture"),
        (lambda ax: ax.set_xticks(range(4), ["a very long name of a donor, or of two"] * 4),
         "'a very long name of a donor, o…' over"),
        (lambda ax: ax.legend(loc="upper right"), "a legend over a bar of"),
        (lambda ax: (ax.plot([-0.5, 3], [3.6, 3.6]), ax.legend(loc="upper left")),
         "a legend over the line"),
        (lambda ax: (ax.set_ylim(0, 20), ax.text(-0.5, 18, "x"), ax.legend(loc="upper left")),
         "a legend over 'x'"),
    ],
)  # fmt: skip
def test_what_overlaps_is_named(draw, told):
    assert told in "; ".join(overlaps(drawn(draw)))


def test_near_hidden_and_undrawn_texts_do_not_count():
    def draw(ax):
        ax.set_ylim(0, 20)
        ax.text(0, 10, "one")
        ax.text(0, 12, "two")
        ax.text(0, 10, "hidden", visible=False)
        ax.annotate("of a point beyond the axis", (99, 99))
        ax.legend(loc="upper center")

    assert overlaps(drawn(draw)) == []


@pytest.mark.parametrize("official", [True, False])
def test_the_build_refuses_and_a_try_only_tells(monkeypatch, tmp_path, capsys, official):
    monkeypatch.setattr(files, "target", lambda path: tmp_path / path.replace("/", "_"))
    monkeypatch.setattr(files, "by_hand", lambda: None if official else ("a/F99", {}, {}))
    fig, (ax,) = charts.canvas(2.5, title="Aid rose", unit="bn EUR")
    ax.text(0.5, 0.5, "Europe")
    ax.text(0.5, 0.5, "States")
    words = {"title": "t", "caption": "c", "alt": "a", "source": "Source: nobody."}
    told = "'Europe' over 'States'"

    def save():
        frame = pd.DataFrame({"x": [1]})
        charts.save_figure(fig, frame, figure="F99", variant="article", **words)

    if official:
        with pytest.raises(AuditError, match="something overlaps") as caught:
            save()
        assert told in str(caught.value)
        assert list(tmp_path.iterdir()) == []
    else:
        save()
        assert told in capsys.readouterr().out
