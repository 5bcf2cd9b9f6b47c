"""Receipts and the manifest: what was made from what, and what does not add up."""

import json
from hashlib import sha256

import pytest

from aidaudit import layout
from aidaudit.report import rows_of_totals
from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.publish import generated
from nbtrail.record import manifest, provenance, receipts, verify

TABLE = "claim_id,verdict,value\nMIL-2a,supported,1.5\nMIL-2b,not supported,2.5\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with a raw table, two jobs, a figure and numbers."""
    (tmp_path / "Snakefile").write_text("")
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    put(tmp_path, paths.LOCK, "pandas==3\n")
    put(tmp_path, "data/raw/kiel/r/activities.csv", "a,b\n1,2\n")
    put(
        tmp_path,
        "data/raw/kiel/r/datapackage.json",
        json.dumps(
            {
                "title": "Tracker", "publisher": "Kiel",
                "sources": [{"path": "tracker.xlsx", "hash": "sha256:abc"}],
            }
        ),
    )  # fmt: skip
    put(tmp_path, "data/processed/clean/kiel.csv", "a,b\n1,2\n")
    job(
        "clean", "kiel", "notebooks/clean/kiel.ipynb",
        ["data/raw/kiel/r/activities.csv", "data/raw/kiel/r/datapackage.json"],
        ["data/processed/clean/kiel.csv"],
    )  # fmt: skip
    put(tmp_path, "figures/article/F01.csv", "x,y\n1,2\n")
    words = {"figure": "F01", "variant": "article", "title": "A title"}
    put(tmp_path, "figures/article/F01.json", json.dumps(words))
    entry = {"value": 2, "unit": "%", "display": "2 %", "job": "article/F01", "cell": 4}
    entry["is"] = {"file": "figures/article/F01.csv", "row": {"x": 1}, "column": "y"}
    put(tmp_path, "data/processed/article/numbers/F01.json", json.dumps({"F01.y": entry}))
    job(
        "article", "F01", "notebooks/figures/F01.ipynb", ["data/processed/clean/kiel.csv"],
        [
            "figures/article/F01.csv", "figures/article/F01.json",
            "data/processed/article/numbers/F01.json",
        ],
    )  # fmt: skip
    return tmp_path


def put(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def job(group, name, notebook, inputs, outputs, code="1"):
    opened = receipts.opened(
        rule=group, code=code, inputs=inputs, notebook=notebook, cell=5,
        parameters={"variant": group},
    )  # fmt: skip
    receipts.close(opened, outputs, paths.receipt(group, name))
    return opened


WRITTEN = [paths.receipt("clean", "kiel"), paths.receipt("article", "F01")]


def test_the_hash_of_what_outputs_are_made_from_knows_all_of_it(root):
    given = {"rule": "r", "code": "1", "inputs": ["data/raw/kiel/r/activities.csv"]}
    whole = {"notebook": "n", "cell": 3, "parameters": {"a": 1}}
    first = receipts.opened(**given, **whole)["made_from"]
    assert receipts.opened(**given, **whole)["made_from"] == first
    others = [
        receipts.opened(**{**given, "code": "2"}, **whole),
        receipts.opened(**{**given, "inputs": []}, **whole),
        receipts.opened(**given, **{**whole, "parameters": {"a": 2}}),
        receipts.opened(**given, **{**whole, "notebook": "m"}),
    ]
    put(root, "data/raw/kiel/r/activities.csv", "a,b\n1,3\n")
    others.append(receipts.opened(**given, **whole))
    put(root, paths.LOCK, "pandas==4\n")
    others.append(receipts.opened(**given, **whole))
    assert len({first, *(one["made_from"] for one in others)}) == len(others) + 1


def test_the_manifest_tells_every_output_with_its_job_and_inputs(root):
    whole = manifest.build(WRITTEN)
    digest = sha256(b"x,y\n1,2\n").hexdigest()
    assert whole["outputs"]["figures/article/F01.csv"] == {
        "sha256": digest, "job": "article/F01",
    }  # fmt: skip
    made = whole["jobs"]["article/F01"]
    assert made["inputs"] == {
        "data/processed/clean/kiel.csv": sha256(b"a,b\n1,2\n").hexdigest()
    }
    assert (made["notebook"], made["parameters"]) == (
        "notebooks/figures/F01.ipynb", {"variant": "article"},
    )  # fmt: skip
    assert whole["environment"]["sha256"] == sha256(b"pandas==3\n").hexdigest()
    figure = whole["items"]["F01-article"]
    assert (figure["kind"], figure["title"], figure["cell"]) == ("figure", "A title", 5)
    number = whole["items"][paths.number_id("article", "F01.y")]
    assert (number["title"], number["value"]) == ("article:F01.y", "2 %")
    assert (number["job"], number["cell"]) == ("article/F01", 4)
    assert (
        number["origin"] == "y where x = 1 in figures/article/F01.csv, by cell 4 of article/F01"
    )
    assert number["files"] == ["figures/article/F01.csv"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"value": 3}, "is not the cell that it names"),
        ({"job": "article/F02"}, "names another job"),
        ({"cell": None}, "names another job than the one that gave it, or no cell"),
        (
            {"is": {"file": "figures/article/F02.csv", "row": {}, "column": "y"}},
            "neither reads nor writes",
        ),
    ],
)
def test_a_number_with_a_wrong_source_stops_the_build(root, change, told):
    path = "data/processed/article/numbers/F01.json"
    entries = json.loads((root / path).read_text())
    entries["F01.y"] |= change
    put(root, path, json.dumps(entries))
    job(
        "article", "F01", "notebooks/figures/F01.ipynb", ["data/processed/clean/kiel.csv"],
        ["figures/article/F01.csv", "figures/article/F01.json", path],
    )  # fmt: skip
    with pytest.raises(AuditError, match=told):
        manifest.build(WRITTEN)


def test_a_file_that_was_changed_afterwards_is_refused(root):
    put(root, "figures/article/F01.csv", "x,y\n1,3\n")
    with pytest.raises(AuditError, match="changed after it was made") as error:
        manifest.build(WRITTEN)
    assert "figures/article/F01.csv --force" in str(error.value)


def test_a_job_that_read_an_older_state_is_refused(root):
    put(root, "data/processed/clean/kiel.csv", "a,b\n1,9\n")
    job(
        "clean", "kiel", "notebooks/clean/kiel.ipynb", ["data/raw/kiel/r/activities.csv"],
        ["data/processed/clean/kiel.csv"],
    )  # fmt: skip
    with pytest.raises(AuditError, match="article/F01 read another state"):
        manifest.build(WRITTEN)


def test_two_items_may_not_share_an_id(root, monkeypatch):
    monkeypatch.setattr(paths, "number_id", lambda variant, key: "F01-article")
    with pytest.raises(AuditError, match="two items have the id F01-article"):
        manifest.build(WRITTEN)


def test_a_broken_receipt_is_named(root):
    put(root, WRITTEN[0], "{}")
    with pytest.raises(AuditError, match="receipt is broken") as error:
        manifest.build(WRITTEN)
    assert WRITTEN[0] in str(error.value)


def test_ids_of_numbers_are_stable_and_differ_between_variants():
    # Published ids: they must never change for the same key.
    assert paths.number_id("article", "F01.nato.gap") == "nrutdrc"
    assert paths.number_id("literal", "F01.nato.gap") != "nrutdrc"


def test_the_way_back_reaches_the_upstream_file(root):
    whole = manifest.build(WRITTEN)
    assert manifest.jobs_before(whole, "figures/article/F01.csv") == [
        "article/F01", "clean/kiel",
    ]  # fmt: skip
    assert manifest.raw_before(whole, "figures/article/F01.csv") == [
        "data/raw/kiel/r/datapackage.json"
    ]


def test_programs_are_one_row_a_notebook_with_patterns():
    jobs = {
        f"{variant}/F01": {
            "notebook": "notebooks/figures/F01.ipynb", "cell": 9,
            "outputs": [f"figures/{variant}/F01.{kind}" for kind in ("csv", "png")]
            + [f"data/processed/{variant}/numbers/F01.json"],
        }
        for variant in ("article", "latest")
    }  # fmt: skip
    jobs["clean/a"] = {
        "notebook": "notebooks/clean/context.ipynb", "cell": 3,
        "outputs": [f"data/processed/clean/t{n}.csv" for n in range(9)],
    }  # fmt: skip
    clean, figure = manifest.programs(jobs, layout.MAKES)
    assert clean["files"] == ["data/processed/clean/*.csv"]
    assert (figure["makes"], figure["cell"]) == ("F01 and its numbers", 9)
    assert figure["files"] == [
        "data/processed/{article,latest}/numbers/F01.json",
        "figures/{article,latest}/F01.{csv,png}",
    ]


def test_the_readme_keeps_its_text_and_needs_its_marks():
    jobs = {"a/F01": {"notebook": "notebooks/figures/F01.ipynb", "cell": 1,
            "outputs": ["figures/a/F01.csv"]}}  # fmt: skip
    begin, end = generated.marks("outputs")
    text = f"before\n{begin}\nold\n{end}\nafter\n"
    blocks = {"outputs": lambda: generated.outputs(jobs)}
    new = generated.filled(text, blocks)
    assert new.startswith("before\n")
    assert new.endswith("\nafter\n")
    assert "old" not in new
    row = "| [`figures/F01.ipynb`](notebooks/figures/F01.ipynb) | 1 | `figures/a/F01.csv` |"
    assert row in new
    assert generated.filled(new, blocks) == new
    with pytest.raises(AuditError, match="no place"):
        generated.filled("nothing", blocks)


def test_the_dag_is_drawn_with_counts_and_without_detours():
    def job(rule, inputs, outputs, notebook=None):
        return {"rule": rule, "notebook": notebook, "inputs": inputs, "outputs": outputs}

    jobs = {
        "clean/a": job("clean", ["data/raw/a.csv"], ["a"], "notebooks/clean/context.ipynb"),
        "clean/b": job("clean", ["data/raw/b.csv"], ["b"], "notebooks/clean/context.ipynb"),
        "v/F01": job("figure", ["a", "b"], ["f"], "notebooks/figures/F01.ipynb"),
        "v/all": job("render", ["f", "a", "data/raw/a.csv"], ["r"]),
    }
    drawn = generated.diagram(jobs).splitlines()
    assert '  clean["clean × 2<br>clean/context.ipynb"]' in drawn
    assert '  figure["figure<br>figures/*.ipynb"]' in drawn
    # What is drawn takes the longer way: render reads clean tables too, and raw ones.
    assert [line for line in drawn if "-->" in line] == [
        "  clean --> figure",
        "  data --> clean",
        "  figure --> render",
    ]


def test_the_picture_of_the_readme_has_no_metadata_that_change_with_the_code():
    drawing = "<svg>\n <title>V01</title>\n <metadata>\n  <a/>\n </metadata>\n <g/>\n</svg>"
    assert generated._drawing(drawing) == "<svg>\n <title>V01</title>\n <g/>\n</svg>"


# ---------------------------------------------------------------- verifying


@pytest.fixture
def recorded(root):
    """A build that has been recorded."""
    put(root, "data/processed/article/claims.csv", TABLE)
    entries = {"a": {"value": 1.5, "unit": "%"}, "b": {"value": "text", "unit": "text"}}
    put(root, "data/processed/article/numbers.json", json.dumps(entries))
    paths_ = ["data/processed/article/claims.csv", "data/processed/article/numbers.json"]
    whole = {"jobs": {}, "outputs": {path: {} for path in paths_}}
    for path in paths.of_manifest():
        put(root, path, "{}")
    assert verify.record(whole) == 6
    return whole


def test_the_same_bytes_are_said_to_be_the_same(recorded):
    verdict = verify.check(recorded)
    assert (verdict.level, verdict.same, verdict.differing) == ("bytes", 6, [])
    assert "all 6 outputs" in verify.told(verdict)


def test_an_unfinished_build_is_not_recorded(root, recorded):
    stale = {"outputs": {"data/processed/article/claims.csv": {"sha256": "0"}}}
    with pytest.raises(AuditError, match="not finished"):
        verify.record({**recorded, **stale})


@pytest.mark.parametrize(
    ("new", "level"),
    [
        (TABLE.replace("1.5", "1.50000000001"), "values"),
        (TABLE.replace("1.5", "1.500"), "values"),
        (TABLE.replace("1.5", "1.5001"), "different"),
        (TABLE.replace("1.5", ""), "different"),
        (TABLE.replace("not supported", "supported"), "different"),
        (TABLE + "MIL-3,supported,0\n", "different"),
        (TABLE.replace("1.5", "x").replace("2.5", "1.5").replace("x", "2.5"), "different"),
        (TABLE.replace("value", "worth"), "different"),
    ],
)
def test_values_decide_where_bytes_differ(root, recorded, new, level):
    put(root, "data/processed/article/claims.csv", new)
    verdict = verify.check(recorded)
    assert verdict.level == level
    told = verify.told(verdict)
    if level == "different":
        assert "data/processed/article/claims.csv" in told
        assert "make record" in told
    else:
        assert "The same values" in told


def test_missing_and_new_outputs_are_told(root, recorded):
    (root / "data/processed/article/numbers.json").unlink()
    put(root, "figures/a/new.csv", "a\n1\n")
    whole = {**recorded, "outputs": {**recorded["outputs"], "figures/a/new.csv": {}}}
    del whole["outputs"]["data/processed/article/numbers.json"]
    told = verify.told(verify.check(whole))
    assert "missing (1):\n    data/processed/article/numbers.json" in told
    assert "built, but not recorded (1):\n    figures/a/new.csv" in told


def test_numbers_are_compared_by_value_and_text(root, recorded):
    entries = {"a": {"value": 1.5, "unit": "%"}, "b": {"value": "other", "unit": "text"}}
    put(root, "data/processed/article/numbers.json", json.dumps(entries))
    assert verify.check(recorded).level == "different"
    entries["b"]["value"] = "text"
    put(root, "data/processed/article/numbers.json", json.dumps(entries, indent=3))
    assert verify.check(recorded).level == "values"


def test_a_broken_line_of_hashes_is_named(root, recorded):
    put(root, verify.HASHES, "no hash\n")
    with pytest.raises(AuditError, match="row 1"):
        verify.check(recorded)


def test_what_is_no_total_has_no_rows(root, monkeypatch):
    whole = manifest.build(WRITTEN)
    monkeypatch.setattr(provenance.manifests, "find", lambda manifest, name: name)
    with pytest.raises(AuditError, match="no total of aid"):
        rows_of_totals.rows_of(whole, "F01-article")


def test_the_finding_has_numbers_where_its_text_names_them(root):
    entry = {"origin.usd_bn": {"display": "279.97 bn US$"}}
    put(root, paths.all_numbers("all"), json.dumps(entry))
    assert generated.finding("It is {{all:origin.usd_bn}}.\n") == "It is 279.97 bn US\\$."
    with pytest.raises(AuditError, match="names no number") as caught:
        generated.finding("It is {{all:origin.usd_bm}}.")
    assert "Did you mean 'origin.usd_bn'" in caught.value.mend
    with pytest.raises(AuditError, match="typed"):
        generated.finding("It is 279.97 bn US$.")
