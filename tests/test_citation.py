"""Citing: one source of metadata, and references that programs can read."""

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pypandoc
import pytest
import yaml

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError
from nbtrail.record import manifest, verify
from nbtrail.share import archive, citation

ROOT = Path(__file__).parents[1]
HARD = "100 % of A & B: $5_{x} #1 {über} ~ ^ \\ <tag>"
BUILT = {
    "version": "0.1.0",
    "released": "2026-10-31",
    "jobs": {"a/F01": {"made_from": "0123456789abcdef"}},
    "outputs": {"data/processed/article/claims.csv": {}},
    "items": {
        "F01-article": {
            "kind": "figure", "title": HARD, "job": "a/F01",
            "files": [f"figures/article/F01.{kind}" for kind in ("svg", "pdf", "png", "csv")],
        },
        "nabcdef": {
            "kind": "number", "title": "article:F01.x", "value": "−22.1 %", "job": "a/F01",
            "files": ["data/processed/article/numbers.json"],
            "origin": "computed in cell 11 of a/F01 from article/headline.csv",
        },
        "MIL-2a-article": {
            "kind": "claim", "title": "NATO gave 280.", "value": "supported", "job": "a/F01",
            "files": ["data/processed/article/claims.csv"],
        },
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_all_metadata_agree():
    about = citation.read()
    code, zenodo = citation.codemeta(about), citation.zenodo(about)
    assert about["version"] == code["version"] == zenodo["version"] == determinism.VERSION
    released = str(about["date-released"])
    assert (
        released == code["datePublished"] == zenodo["publication_date"] == determinism.RELEASED
    )
    assert about["title"] == code["name"] == zenodo["title"]
    assert about["keywords"] == code["keywords"] == zenodo["keywords"]
    names = citation.authors(about)
    assert names == [one["name"] for one in code["author"]]
    assert names == [one["name"] for one in zenodo["creators"]]
    assert about["license"] == zenodo["license"] == code["license"].rpartition("/")[2] == "MIT"
    assert names[0] in (ROOT / "LICENSE").read_text()


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    dynamic = project["tool"]["setuptools"]["dynamic"]["version"]["attr"]
    assert dynamic == "nbtrail.src.nbtrail.base.determinism.VERSION"
    # The second in which the day of the release begins.
    assert determinism.SOURCE_DATE_EPOCH % 86400 == 0
    assert determinism.ENVIRONMENT["SOURCE_DATE_EPOCH"] == str(determinism.SOURCE_DATE_EPOCH)


def test_committed_metadata_are_what_the_source_gives():
    for path, text in citation.texts().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "name", [None, "F01-article", "F01", "nabcdef", "article:F01.x", "MIL-2a"]
)
def test_references_can_be_read_by_pandoc(name):
    cited = citation.cite(name, BUILT)
    read = json.loads(pypandoc.convert_text(cited.bibtex, "csljson", format="bibtex"))
    (entry,) = read
    assert entry["id"] == cited.csl["id"]
    # Pandoc sets quotes and spaces as a printer would.
    plain = entry["title"].replace("\u00a0", " ").replace("’", "'")
    assert plain == cited.csl["title"]
    assert entry["issued"]["date-parts"][0][0] == 2026
    assert "The aidaudit authors" in json.dumps(entry["author"])
    (read,) = json.loads(
        pypandoc.convert_text(json.dumps([cited.csl]), "csljson", format="csljson")
    )
    assert read["title"]
    assert "0.1.0" in cited.sentence


def test_a_reference_names_file_version_and_what_it_was_made_from():
    cited = citation.cite("F01-article", BUILT)
    for words in ("figures/article/F01.png", "0.1.0", "0123456789ab", "2026-10-31", HARD):
        assert words in cited.sentence, words
    assert "−22.1 %" in citation.cite("nabcdef", BUILT).sentence


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(AuditError, match="Did you mean 'F01-article'"):
        citation.cite("F01-artcle", BUILT)


def test_a_claim_without_a_variant_is_that_of_the_variant_that_decides():
    items = {
        f"MIL-2a-{variant}": {"kind": "claim", "title": "x"}
        for variant in ("article", "literal")
    }
    assert manifest.find({"items": items}, "MIL-2a") == "MIL-2a-literal"
    assert manifest.find({"items": items}, "MIL-2a-article") == "MIL-2a-article"


def test_codecheck_lists_what_can_be_looked_at():
    content = yaml.safe_load(citation.codecheck(BUILT))
    assert content["version"] == "https://codecheck.org.uk/spec/config/1.0/"
    listed = {one["file"]: one["comment"] for one in content["manifest"]}
    assert listed == {
        "figures/article/F01.pdf": f"F01-article: {HARD}",
        "data/processed/article/claims.csv": "Verdicts of all claims, article",
    }


def test_a_name_without_variant_is_what_the_report_shows(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "Snakefile").touch()
    (tmp_path / "report/build").mkdir(parents=True)
    text = tmp_path / "report/build/report.md"
    monkeypatch.chdir(tmp_path)
    made = ("article", "literal", "latest")
    items = {f"F01-{one}": {"kind": "figure", "title": "x"} for one in made}
    items |= {f"n{one}": {"kind": "number", "title": f"{one}:F01.x"} for one in made}
    text.write_text(
        ':::: {#F01-literal .plate}\n[1 %](#nx){.number key="latest:F01.x" title="n"}'
    )
    assert manifest.find({"items": items}, "F01") == "F01-literal"
    assert manifest.find({"items": items}, "F01.x") == "nlatest"
    assert manifest.find({"items": items}, "F01-article") == "F01-article"
    assert manifest.variants_of({"items": items}, "F01") == [f"F01-{one}" for one in made]
    text.write_text("no figure")
    with pytest.raises(AuditError, match="shows none of them") as caught:
        manifest.find({"items": items}, "F01")
    assert "F01-article, F01-literal, F01-latest" in str(caught.value)


@pytest.mark.parametrize(
    ("modified", "level", "told"),
    [
        (False, "bytes", "0.1.0"),
        (False, "values", "0.1.0"),
        (True, "bytes", "0.1.0+modified-"),
        (False, "different", "0.1.0+modified-"),
    ],
)
def test_an_archive_of_a_modified_tree_says_so(monkeypatch, modified, level, told):
    verdict = verify.Verdict(level, 1, [], [], [], [])
    monkeypatch.setattr(verify, "check", lambda _: verdict)
    label = archive.version({"version": "0.1.0"}, {"a": b"1"}, modified=modified)
    assert label.startswith(told)
    assert (label == told) == ("modified" not in told)
    other = archive.version({"version": "0.1.0"}, {"a": b"2"}, modified=modified)
    assert (other == label) == ("modified" not in told)


def _git(folder: Path, *arguments: str) -> None:
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize(
    "keeping_quiet",
    ["", "config status.showUntrackedFiles no", "update-index --assume-unchanged a.txt",
     "update-index --skip-worktree a.txt"],
)  # fmt: skip
def test_what_git_was_told_to_keep_quiet_about_makes_an_archive_a_modified_one(
    tmp_path, monkeypatch, keeping_quiet
):
    _git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("a")
    _git(tmp_path, "add", "a.txt")
    _git(tmp_path, "commit", "-qm", "a")
    # As in a hook of another repository.
    monkeypatch.setenv("GIT_DIR", str(ROOT / ".git"))
    monkeypatch.setattr("nbtrail.base.determinism.root", lambda: tmp_path)
    paths, commit, modified = archive._sources()
    assert (paths, len(commit), modified) == (["a.txt"], 40, False)
    monkeypatch.delenv("GIT_DIR")
    _git(tmp_path, *(keeping_quiet.split() or ["version"]))
    (tmp_path / ("a.txt" if "update-index" in keeping_quiet else "new.txt")).write_text("b")
    assert archive._sources()[2]
    # What was unpacked into another repository is no clone of it.
    (tmp_path / "inside").mkdir()
    monkeypatch.setattr("nbtrail.base.determinism.root", lambda: tmp_path / "inside")
    with pytest.raises(AuditError, match="neither a git repository"):
        archive._sources()
