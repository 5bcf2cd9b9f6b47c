"""Jobs that run no notebook: what they make again, and what they leave."""

from pathlib import Path

import pytest

from aidaudit import jobs, paths, report

NAMES = ("a", "b")
RECEIPT = paths.receipt("report", "pages")


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Runs the job over two notebooks and a style; the names of the pages that it made."""
    (tmp_path / "Snakefile").write_text("")
    (tmp_path / "config").mkdir()
    (tmp_path / "envs").mkdir()
    (tmp_path / paths.LOCK).write_text("pandas==3\n")
    (tmp_path / "style.css").write_text("p {}")
    for name in NAMES:
        (tmp_path / f"{name}.ipynb").write_text(f"notebook {name}")
    monkeypatch.chdir(tmp_path)
    made = []

    def pages(pairs, _):
        for source, out in pairs:
            made.append(source.stem)
            out.write_text(f"page of {source.read_text()}")

    monkeypatch.setattr(report, "notebook_pages", pages)

    def run(code="1"):
        made.clear()
        inputs = [*(f"{name}.ipynb" for name in NAMES), "style.css"]
        jobs.pages(inputs, [f"{name}.html" for name in NAMES], code=code, receipt=RECEIPT)
        return sorted(made)

    return run


def test_an_edit_of_one_notebook_makes_one_page(pages):
    assert pages() == ["a", "b"]
    assert pages() == []
    Path("a.ipynb").write_text("notebook a, edited")
    assert pages() == ["a"]
    assert Path("a.html").read_text() == "page of notebook a, edited"
    reused = Path(RECEIPT).read_bytes()
    Path(RECEIPT).unlink()
    assert pages() == ["a", "b"]
    assert Path(RECEIPT).read_bytes() == reused


@pytest.mark.parametrize("change", ["style.css", paths.LOCK, "code", "receipt"])
def test_what_counts_for_all_pages_makes_all_of_them(pages, change):
    pages()
    if change in ("style.css", paths.LOCK):
        Path(change).write_text("other")
    elif change == "receipt":
        Path(RECEIPT).write_text("{")
    assert pages("2" if change == "code" else "1") == ["a", "b"]


def test_a_page_that_is_not_as_it_was_left_is_made_again(pages):
    pages()
    Path("a.html").write_text("altered")
    Path("b.html").unlink()
    assert pages() == ["a", "b"]
    assert Path("a.html").read_text() == "page of notebook a"
