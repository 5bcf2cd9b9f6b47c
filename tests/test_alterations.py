"""A round of each kind of tests/alterations/run.py, and that it would notice being fooled."""

import io

import pypdf
import pytest
from alterations import kinds, made, renderers, run

SEED = 8


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alterations")
    return folder, made.build(folder)


@pytest.mark.parametrize("kind", kinds.ALTERATIONS, ids=lambda kind: kind.name)
def test_no_altered_file_is_called_unchanged(built, kind):
    _, _, answer = run.one_round(kind, 0, SEED, *built)
    assert answer in ("altered", "unknown")


@pytest.mark.parametrize("kind", kinds.SAVINGS, ids=lambda kind: kind.name)
def test_a_file_saved_again_stays_unchanged(built, kind):
    _, _, answer = run.one_round(kind, 0, SEED, *built)
    assert answer == "unchanged"


@pytest.mark.parametrize("answer", ["unchanged", "lossy"])
def test_an_alteration_that_is_not_found_fails(built, monkeypatch, answer):
    monkeypatch.setattr(made, "status_of", lambda *_: answer)
    with pytest.raises(run.Fooled, match=answer):
        run.one_round(kinds.ALTERATIONS[0], 0, SEED, *built)


def test_a_file_saved_again_that_is_called_altered_fails(built, monkeypatch):
    monkeypatch.setattr(made, "status_of", lambda *_: "altered")
    with pytest.raises(run.Fooled, match="altered"):
        run.one_round(kinds.SAVINGS[0], 0, SEED, *built)


def test_there_are_enough_kinds_of_every_group_and_format():
    assert len(kinds.ALTERATIONS) >= 40
    assert len(kinds.SAVINGS) >= 10
    assert {kind.group for kind in kinds.ALTERATIONS} == {
        kinds.VISIBLE, kinds.HIDDEN, kinds.ACTIVE, kinds.SWAPPED, kinds.SPELT,
    }  # fmt: skip
    formats = {"PNG", "SVG", "PDF", "CSV", "xlsx", "JSON", "ipynb", "HTML"}
    assert {kind.format for kind in kinds.ALTERATIONS} == formats
    assert {kind.format for kind in kinds.SAVINGS} == formats


def test_another_program_sees_what_is_altered_and_nothing_else(built):
    folder, files = built
    content = (folder / files["PDF"]).read_bytes()
    drawn = renderers.pdf(content)
    if drawn is None:
        pytest.skip("neither poppler nor Ghostscript is here")
    turned = next(kind for kind in kinds.ALTERATIONS if kind.what == "a page turned")
    altered, _, _ = run.one_round(turned, 0, SEED, *built)
    assert renderers.differ(renderers.pdf(altered), drawn)
    assert not renderers.differ(renderers.pdf(content), drawn)


@pytest.mark.parametrize("change", ["none", "no links", "another target", "another page"])
def test_a_page_taken_out_may_lose_links_and_nothing_else(built, change):
    folder, files = built
    reader = pypdf.PdfReader(folder / files["PDF"])
    writer = pypdf.PdfWriter()
    for number in (0, 1):
        writer.add_page(reader.pages[number])
    buffer = io.BytesIO()
    writer.write(buffer)
    writer = pypdf.PdfWriter(clone_from=buffer)
    within, without = (note.get_object() for note in writer.pages[0]["/Annots"])
    if change == "no links":
        within["/Dest"].get_object()[0] = pypdf.generic.NullObject()
    elif change == "another target":
        uri = pypdf.generic.TextStringObject("https://example.net")
        without["/A"].get_object()[pypdf.generic.NameObject("/URI")] = uri
    elif change == "another page":
        within["/Dest"].get_object()[0] = writer.pages[0].indirect_reference
    buffer = io.BytesIO()
    writer.write(buffer)
    answer = made.status_of(buffer.getvalue(), folder)
    assert answer == ("altered" if change.startswith("another") else "unchanged")
