"""The crate: every job an action with what it used and made, and nothing dangling."""

import json

import pytest

from nbtrail.share import crate

FILES = {
    path: crate.Content(len(path), f"{number:064d}")
    for number, path in enumerate(
        [
            "Snakefile", "README.md", "notebooks/figures/F01.ipynb", "data/raw/a.csv",
            "data/processed/clean/a.csv", "figures/article/F01.png", "report/report.html",
            "report/report.pdf",
        ]
    )
}  # fmt: skip
JOBS = {
    "clean/a": {
        "rule": "clean", "notebook": None, "parameters": {}, "made_from": "1",
        "inputs": {"data/raw/a.csv": "0"}, "outputs": ["data/processed/clean/a.csv"],
    },
    "article/F01": {
        "rule": "figure", "notebook": "notebooks/figures/F01.ipynb", "made_from": "2",
        "parameters": {"variant": "article", "release": 21, "variants": ["a", "b"]},
        "inputs": {"data/processed/clean/a.csv": "0"}, "outputs": ["figures/article/F01.png"],
    },
    "report/html": {
        "rule": "render", "notebook": None, "parameters": {}, "made_from": "3",
        "inputs": {"figures/article/F01.png": "0"},
        "outputs": ["report/report.html", "report/report.pdf"],
    },
}  # fmt: skip
MANIFEST = {"environment": {"path": "envs/requirements.txt", "sha256": "e" * 64}, "jobs": JOBS}
ABOUT = {
    "title": "T", "abstract": "A\nb", "version": "1.0", "date-released": "2026-10-31",
    "license": "MIT", "keywords": ["k"], "authors": [{"name": "N"}],
}  # fmt: skip


@pytest.fixture
def graph():
    whole = crate.metadata(MANIFEST, FILES, ABOUT, "c0ffee")
    return {entity["@id"]: entity for entity in whole["@graph"]}


def referred(value):
    """Every id that something refers to."""
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            for key, part in value.items():
                if key != "@id":
                    yield from referred(part)
    elif isinstance(value, list):
        for part in value:
            yield from referred(part)


def ids(value):
    return set(referred(value))


def test_every_job_is_an_action_with_what_it_used_and_made(graph):
    for job, what in JOBS.items():
        action = graph[f"#job/{job}"]
        assert action["@type"] == "CreateAction"
        assert ids(action["result"]) == set(what["outputs"])
        values = {f"#value/{job}/{key}" for key in what["parameters"]}
        files = {source.partition("#")[0] for source in what["inputs"]}
        assert ids(action["object"]) == files | values
        assert what["made_from"] in action["description"]
        (tool,) = ids(action["instrument"])
        assert "Software" in json.dumps(graph[tool]["@type"])
    assert graph["#value/article/F01/release"]["value"] == 21
    assert graph["#value/article/F01/variants"]["value"] == '["a", "b"]'


def test_every_file_has_its_size_hash_and_kind(graph):
    for path, content in FILES.items():
        assert graph[path]["sha256"] == content.sha256
        assert graph[path]["contentSize"] == str(content.bytes)
        assert path in ids(graph["./"]["hasPart"])
    assert graph["data/raw/a.csv"]["encodingFormat"] == "text/csv"


def test_nothing_that_is_referred_to_is_missing(graph):
    known = {*graph, "https://w3id.org/ro/crate/1.1"}
    assert {one for entity in graph.values() for one in referred(entity)} <= known


def test_profiles_commit_and_day_are_told_and_no_time_of_a_run(graph):
    assert set(crate.PROFILES) <= ids(graph["./"]["conformsTo"])
    assert graph["./"]["identifier"] == "commit c0ffee"
    assert graph["./"]["datePublished"] == "2026-10-31"
    assert not any("endTime" in entity or "startTime" in entity for entity in graph.values())


def test_the_order_of_files_and_jobs_does_not_matter():
    turned = {**MANIFEST, "jobs": dict(reversed(JOBS.items()))}
    one = crate.metadata(MANIFEST, FILES, ABOUT, None)
    two = crate.metadata(turned, dict(reversed(FILES.items())), ABOUT, None)
    assert [entity["@id"] for entity in one["@graph"]] == [
        entity["@id"] for entity in two["@graph"]
    ]
    assert one["@graph"][0]["@id"] == crate.FILE
    assert "identifier" not in one["@graph"][1]
