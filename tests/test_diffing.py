"""What a rebuild changed: found, told and sorted by what was expected."""

import hashlib
import json
import re
import zipfile
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nbtrail import cli
from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.compare import diff
from nbtrail.compare.diff import model, render, rows
from nbtrail.record import verify

ROOT = Path(__file__).parents[1]
NUMBERS = "data/processed/latest/numbers.json"
CLAIMS = "data/processed/latest/claims.csv"
MONTHLY = "data/processed/latest/monthly.csv"
HEAD = "claim_id,locator,verdict,value,unit,reason\n"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    'syntax-ns#" viewBox="0 0 9 9"><metadata><rdf:RDF>made-from={made}</rdf:RDF></metadata>'
    '<rect width="{width}" height="4"/></svg>'
)


def number(value, unit="bn EUR", display=None, job="latest/results", **where):
    shown = display or f"{value} {unit}"
    return {"value": value, "unit": unit, "display": shown, "job": job, **where}


def figure(name="F16", width=5, made="a", data="month,eur\n2025-01,1\n2025-02,2\n", **words):
    """The files of a figure that `diff` compares."""
    said = {"figure": name, "variant": "latest", "title": "Aid", "alt": "A bar."} | words
    where = paths.figure(name, "latest")
    return {
        where["svg"]: SVG.format(width=width, made=made),
        where["csv"]: data,
        where["json"]: json.dumps(said),
    }


def side(name, outputs, lacking=()):
    """A side from path → text, JSON or bytes; the bytes of some may not be at hand."""
    contents = {
        path: one if isinstance(one, bytes) else one.encode() if isinstance(one, str)
        else json.dumps(one).encode()
        for path, one in outputs.items()
    }  # fmt: skip
    hashes = {path: hashlib.sha256(one).hexdigest() for path, one in contents.items()}
    return model.Side(name, hashes, lambda path: None if path in lacking else contents[path])


def compare(old, new, **about):
    return diff.compare(side("old", old, **about), side("new", new))


def sorted_by(old, new, *patterns, **about):
    one, two = side("old", old, **about), side("new", new)
    return diff.split(diff.compare(one, two), patterns, one, two)


def names(changes):
    return [
        getattr(one, "key", None) or getattr(one, "id", None) or one.path for one in changes
    ]


# ---------------------------------------------------------------- numbers


def test_a_number_is_told_with_old_new_and_percent():
    found = compare({NUMBERS: {"a": number(200.0)}}, {NUMBERS: {"a": number(150.0)}})
    (one,) = found.numbers
    assert (one.key, one.old, one.new) == ("latest:a", "200.0 bn EUR", "150.0 bn EUR")
    assert one.relative == pytest.approx(-25)
    assert render.percent(one.relative) == "−25.0 %"


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (-20.0, -15.0, 25.0),  # of the old value's size: up is up
        (0, 5, None),  # from zero there is no percentage
        (5, 0, -100.0),
        (None, 0, None),  # null is not zero
        (0, None, None),
        ("Kyiv", "Lviv", None),
    ],
)
def test_percentages_are_of_the_old_value_s_size(old, new, change):
    found = compare({NUMBERS: {"a": number(old)}}, {NUMBERS: {"a": number(new)}})
    assert found.numbers[0].relative == (None if change is None else pytest.approx(change))


def test_null_is_not_zero():
    found = compare({NUMBERS: {"a": number(0)}}, {NUMBERS: {"a": number(None)}})
    assert (found.numbers[0].old, found.numbers[0].new) == ("0 bn EUR", "no value")


def test_numbers_that_come_and_go_are_told_as_such():
    found = compare({NUMBERS: {"a": number(1)}}, {NUMBERS: {"b": number(1)}})
    assert [(one.key, one.what, one.old, one.new) for one in found.numbers] == [
        ("latest:a", "removed", "1 bn EUR", None),
        ("latest:b", "added", None, "1 bn EUR"),
    ]


def test_a_change_below_the_digits_shown_is_told_in_more_digits():
    old, new = number(5.4001, display="5.4 bn"), number(5.4002, display="5.4 bn")
    (one,) = compare({NUMBERS: {"a": old}}, {NUMBERS: {"a": new}}).numbers
    assert (one.old, one.new) == ("5.4 bn (5.4001)", "5.4 bn (5.4002)")


def test_a_number_that_moves_to_another_notebook_has_not_changed():
    first, second = (f"data/processed/latest/numbers/{name}.json" for name in ("F01", "F02"))
    moved, stays = number(1), number(2)
    found = compare(
        {first: {"a": moved, "b": stays}, second: {}},
        {first: {"b": stays}, second: {"a": moved | {"job": "latest/F02"}}},
    )
    assert found.changes() == []


def test_a_notebook_s_own_numbers_count_where_only_a_part_was_rebuilt():
    part = "data/processed/latest/numbers/F16.json"
    old = {NUMBERS: {"F16.a": number(1)}, part: {"F16.a": number(1)}}
    found = compare(old, {**old, part: {"F16.a": number(2)}})
    assert [(one.key, one.new) for one in found.numbers] == [("latest:F16.a", "2 bn EUR")]


def test_the_largest_change_comes_first():
    old = {key: number(100) for key in "abc"}
    new = {"a": number(101), "b": number(50), "c": number(120), "d": number(1)}
    found = compare({NUMBERS: old}, {NUMBERS: new})
    assert names(found.numbers) == ["latest:d", "latest:b", "latest:c", "latest:a"]


# ---------------------------------------------------------------- verdicts


def test_flipped_verdicts_come_before_changed_values():
    old = HEAD + "A-1,A,supported,10,%,x\nB-1,B,supported,10,%,x\nC-1,C,supported,1,%,x\n"
    new = HEAD + "A-1,A,supported,90,%,x\nB-1,B,not supported,10,%,y\nC-1,C,supported,1,%,x\n"
    found = diff.compare(
        side("old", {CLAIMS: old}), side("new", {CLAIMS: new}), {"B-1": "Somebody said so."}
    )
    flipped, value = found.verdicts
    assert (flipped.claim, flipped.old_verdict, flipped.new_verdict) == (
        "B-1", "supported", "not supported",
    )  # fmt: skip
    assert flipped.flipped
    assert flipped.also == ("reason",)
    assert flipped.paraphrase == "Somebody said so."
    assert (value.claim, value.old, value.new, value.relative) == (
        "A-1",
        "10.0 %",
        "90.0 %",
        800,
    )
    assert not value.flipped
    # What the claims' table shows is told once.
    assert found.tables == ()


def test_a_value_that_becomes_null_is_told_in_words():
    old, new = HEAD + "A-1,A,supported,0,%,x\n", HEAD + "A-1,A,supported,,%,x\n"
    (one,) = compare({CLAIMS: old}, {CLAIMS: new}).verdicts
    assert (one.old, one.relative) == ("0.0 %", None)
    assert one.new.startswith("no value")


def test_new_and_dropped_claims_are_told():
    found = compare(
        {CLAIMS: HEAD + "A-1,A,supported,1,%,x\n"}, {CLAIMS: HEAD + "B-1,B,supported,1,%,x\n"}
    )
    assert [(v.claim, v.what) for v in found.verdicts] == [("A-1", "removed"), ("B-1", "added")]


# ---------------------------------------------------------------- tables


def table(old, new, path=MONTHLY):
    return rows.table(path, old and old.encode(), new and new.encode(), frozenset())


def test_rows_are_matched_by_the_key_of_the_schema():
    head = "claim_id,place,kind,label,value,unit,holds\n"
    found = table(
        head + "A,1,reading,x,1.5,%,True\nA,2,reading,x,2,%,True\nB,1,reading,x,0,%,True\n",
        head + "B,1,reading,x,,%,True\nA,1,reading,x,3,%,False\nC,1,reading,x,9,%,True\n",
        "data/processed/latest/readings.csv",
    )
    assert found.by == ("claim_id", "place")
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (1, 1, 2)
    told = {(c.row, c.column): (c.old, c.new, c.relative) for c in found.cells}
    assert told == {
        ("A, 1", "value"): ("1.5", "3", 100),
        ("A, 1", "holds"): ("True", "False", None),
        ("B, 1", "value"): ("0", "no value", None),
    }
    assert found.claims == {"A", "B", "C"}


def test_without_a_key_the_fewest_leading_columns_tell_rows_apart():
    head = "panel,year,count,share\n"
    found = table(
        head + "a,2024,3,0.5\na,2025,4,0.5\nb,2024,3,0.5\n",
        head + "a,2024,3,0.5\na,2025,5,0.5\nb,2024,3,0.25\n",
    )
    assert found.by == ("panel", "year")
    assert [(c.row, c.column, c.relative) for c in found.cells] == [
        ("b, 2024", "share", -50), ("a, 2025", "count", 25),
    ]  # fmt: skip


def test_rows_that_nothing_tells_apart_are_counted_whole():
    head = "share,name\n"
    found = table(head + "0.5,a\n0.5,a\n0.1,b\n", head + "0.5,a\n0.2,b\n0.1,b\n")
    assert found.by == ()
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (1, 1, 0)
    assert found.added == ("share 0.2, name b",)


def test_columns_that_come_and_go_are_no_changed_rows():
    found = table("k,a,b\nx,1,2\n", "k,a,c\nx,1,2\n")
    assert (found.columns_added, found.columns_removed) == (("c",), ("b",))
    assert found.rows_changed == 0
    assert render.rows(found) == "1 column added (c), 1 column removed (b)"


def test_another_spelling_of_a_number_is_no_change():
    assert table("k,v\na,1.50\n", "k,v\r\na,1.5\r\n") is None


def test_another_order_is_told_as_such():
    assert table("k,v\na,1\nb,2\n", "k,v\nb,2\na,1\n").note == "the same rows in another order"
    assert "columns in another order" in table("k,v\na,1\n", "v,k\n1,a\n").note


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("k,v\na\n", "cells do not match"),
        ("k,k\na,b\n", "cells do not match"),
        (b"\xff\xfe", "is no table"),
        ("", "is no table"),
    ],
)
def test_what_is_no_table_is_not_compared_and_says_why(broken, why):
    found = compare({MONTHLY: broken}, {MONTHLY: "k,v\na,1\n"})
    assert found.changes() == []
    assert why in found.uncompared[0].why


# ---------------------------------------------------------------- figures


def test_other_code_alone_is_no_change():
    found = compare(figure(made="a"), figure(made="b"))
    assert found.changes() == []
    assert found.same_content == 1
    assert "1 output has other bytes, but the same content" in render.same_content(found)


@pytest.mark.parametrize(
    ("new", "what"),
    [
        ({"width": 6}, "changed: drawing"),
        ({"data": "month,eur\n2025-01,1\n2025-02,3\n"}, "changed: data (1 row changed)"),
        ({"alt": "A tall bar."}, "changed: words"),
    ],
)
def test_drawing_data_and_words_are_told_apart(new, what):
    found = compare(figure(), figure(**new))
    (one,) = found.figures
    assert one.id == "F16-latest"
    assert render.figure(one) == what
    assert one.old
    assert one.new
    assert found.tables == ()


def test_a_new_figure_has_no_old_picture():
    (one,) = compare({}, figure()).figures
    assert (one.what, one.old, one.new_alt) == ("added", None, "A bar.")


def test_a_table_of_the_report_tells_how_many_rows_it_shows_otherwise():
    where = paths.table("T02", "latest")
    old = {"table": "T02", "caption": "Donors", "rows": [["a", "1"], ["b", "2"]]}
    new = old | {"rows": [["a", "1"], ["b", "3"]]}
    (one,) = compare({where["json"]: old}, {where["json"]: new}).figures
    assert [(w.column, w.old, w.new) for w in one.words] == [
        ("rows", "2 rows", "2 rows, 1 of them other")
    ]


# ---------------------------------------------------------------- what was expected

CELL = {"is": {"file": "figures/latest/F16.csv", "row": {}, "column": "eur"}}
OLD = {
    **figure(), **figure("F17"),
    NUMBERS: {
        "F16.mean": number(1, job="latest/F16", **CELL), "headline.all": number(5),
        "claim.A-1.value": number(1, job="latest/claims"),
    },
    CLAIMS: HEAD + "A-1,A,supported,10,%,x\n",
    MONTHLY: "k,v\na,1\n",
}  # fmt: skip
F16 = {**OLD, **figure(width=6), NUMBERS: OLD[NUMBERS] | {
    "F16.mean": number(2, job="latest/F16", **CELL)}}  # fmt: skip


@pytest.mark.parametrize("pattern", ["F16", "F16-latest", "F1?", "figures/latest/F16.csv"])
def test_an_expected_figure_covers_its_files_and_numbers(pattern):
    split = sorted_by(OLD, F16, pattern)
    assert split.status == 0
    assert names(split.expected.changes()) == ["latest:F16.mean", "F16-latest"]
    assert render.heading(split) == "Only what was expected changed."


def test_what_else_changed_is_told_first():
    new = F16 | {MONTHLY: "k,v\na,7\n"}
    split = sorted_by(OLD, new, "F16", "F17")
    assert split.status == 1
    assert names(split.unexpected.changes()) == [MONTHLY]
    assert split.unmet == ("F17",)
    told = render.text(split)
    assert told.index("NOT EXPECTED") < told.index(MONTHLY) < told.index("\nEXPECTED")
    assert "Expected, but unchanged: F17" in told
    page = render.page(split)
    assert page.index(">Not expected</h2>") < page.index(">Expected</h2>")


@pytest.mark.parametrize(
    ("pattern", "path", "new"),
    [
        ("headline.*", NUMBERS, OLD[NUMBERS] | {"headline.all": number(6)}),
        ("latest:headline.all", NUMBERS, OLD[NUMBERS] | {"headline.all": number(6)}),
        (paths.number_id("latest", "headline.all"), NUMBERS,
         OLD[NUMBERS] | {"headline.all": number(6)}),
        ("A-1", CLAIMS, HEAD + "A-1,A,not supported,10,%,x\n"),
        ("A-1", NUMBERS, OLD[NUMBERS] | {"claim.A-1.value": number(2, source=CLAIMS)}),
        (MONTHLY, MONTHLY, "k,v\na,2\n"),
        ("monthly-latest", MONTHLY, "k,v\na,2\n"),
    ],
)  # fmt: skip
def test_numbers_claims_and_tables_can_be_expected(pattern, path, new):
    split = sorted_by(OLD, OLD | {path: new}, pattern)
    assert split.expected.changes()
    assert split.status == 0


def test_an_expected_claim_covers_its_own_readings_only():
    path, head = "data/processed/latest/readings.csv", "claim_id,place,value\n"
    old = OLD | {path: head + "A-1,1,1\nB-1,1,1\n"}
    own = sorted_by(old, old | {path: head + "A-1,1,2\nB-1,1,1\n"}, "A-1")
    both = sorted_by(old, old | {path: head + "A-1,1,2\nB-1,1,2\n"}, "A-1")
    assert (own.status, both.status) == (0, 1)
    assert own.unmet == ()


def test_a_name_that_is_unknown_names_the_nearest():
    with pytest.raises(AuditError, match=r"called headline\.al\.") as error:
        sorted_by(OLD, OLD, "headline.al")
    assert "Did you mean 'headline.all'" in str(error.value)


def test_what_cannot_be_compared_is_told_unless_it_was_expected():
    new = OLD | {MONTHLY: "k,v\na,2\n"}
    split = sorted_by(OLD, new, lacking=[MONTHLY])
    assert split.status == 2
    assert "not everything could be compared" in render.heading(split)
    assert f"{MONTHLY}\n    its bytes in old are not at hand" in render.text(split)
    assert sorted_by(OLD, new, MONTHLY, lacking=[MONTHLY]).status == 0
    # A known change weighs more than what is not known.
    assert sorted_by(OLD, F16 | {MONTHLY: "k,v\na,2\n"}, lacking=[MONTHLY]).status == 1


# ---------------------------------------------------------------- text and page

HOSTILE = '<script>alert(1)</script>" onload="x\x1b[2J'


def test_numbers_that_lie_beside_all_variants_are_not_compared():
    path = "figures/numbers.json"
    found = compare({path: b"{}"}, {})
    assert [(one.path, one.what) for one in found.uncompared] == [(path, "removed")]


def test_json_of_another_type_is_another():
    path = "data/processed/latest/other.json"
    found = compare({path: {"a": 1}}, {path: {"a": True}})
    assert [one.path for one in found.others] == [path]


def hostile():
    """A difference in which every text is hostile."""
    old = {
        NUMBERS: {HOSTILE: number(1, display="1")},
        CLAIMS: HEAD + "A-1,A,supported,10,%,x\n",
        MONTHLY: "k,v\na,1\n",
        **figure(),
    }
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    new = {
        NUMBERS: {HOSTILE: number(HOSTILE, display=HOSTILE)},
        CLAIMS: HEAD + f"A-1,A,{quoted},10,%,x\n{quoted},A,supported,1,%,x\n",
        MONTHLY: f"k,v\na,{quoted}\n{quoted},2\n",
        **figure(title=HOSTILE, alt=HOSTILE, width=7),
        f"data/processed/latest/{HOSTILE}.csv": "a\n1\n",
    }
    return sorted_by(old, new)


class Elements(HTMLParser):
    """Tags with their attributes, and headings in order."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


def test_text_from_data_is_escaped():
    page = render.page(hostile())
    found = Elements(page).tags
    assert "script" not in {tag for tag, _ in found}
    assert not [about for _, about in found if any(key.startswith("on") for key in about)]
    assert "&lt;script&gt;" in page


def test_no_control_character_of_the_data_reaches_the_terminal():
    told = render.text(hostile())
    assert [one for one in told if not one.isprintable() and one != "\n"] == []


def test_the_page_asks_nothing_of_any_server():
    split = sorted_by(OLD, F16 | figure("F17", data="month,eur\n2025-01,1\n2025-02,9\n"))
    page = render.page(split)
    fetched = [
        about[key]
        for tag, about in Elements(page).tags
        for key in ("src", "href", "data", "srcset", "action")
        if key in about and not about[key].startswith(("#", "data:image/svg+xml;base64,"))
    ]
    assert fetched == []
    assert not re.search(r"https?:|url\(|@import", page)


def test_the_page_has_one_heading_above_all_and_tables_that_can_be_heard():
    page = render.page(sorted_by(OLD, F16 | {MONTHLY: "k,v\na,2\n"}, "F16"))
    found = Elements(page).tags
    tags = [tag for tag, _ in found]
    assert tags.count("h1") == 1
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert all(below - above <= 1 for above, below in pairwise(levels))
    assert tags.count("caption") == tags.count("table") > 0
    assert all(about.get("scope") for tag, about in found if tag == "th")
    assert all(about["alt"] for tag, about in found if tag == "img")
    links = {about["href"][1:] for tag, about in found if tag == "a"}
    assert links
    assert links <= {about.get("id") for _, about in found}


def test_the_same_difference_gives_the_same_page():
    assert render.page(sorted_by(OLD, F16)) == render.page(
        sorted_by(dict(reversed(OLD.items())), dict(reversed(F16.items())))
    )


def test_long_lists_end_in_how_many_more_there_are():
    old = {NUMBERS: {f"n{one:02d}": number(1) for one in range(25)}}
    new = {NUMBERS: {f"n{one:02d}": number(2) for one in range(25)}}
    split = sorted_by(old, new)
    assert "… and 5 more (see the page)" in render.text(split)
    assert "latest:n24" in render.page(split)


# ---------------------------------------------------------------- command


def put(root, outputs):
    for path, text in outputs.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text if isinstance(text, str) else json.dumps(text))


def manifest(root, outputs):
    """A manifest of what lies in a folder."""
    about = {
        path: {"sha256": hashlib.sha256((root / path).read_bytes()).hexdigest(), "job": "j"}
        for path in outputs
    }
    job = {"rule": "a", "notebook": None, "made_from": "", "inputs": {}}
    whole = {"version": "0", "jobs": {"j": job}, "items": {}, "outputs": about}
    put(root, {paths.MANIFEST: whole})


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout in which all is built as recorded, and no repository."""
    (tmp_path / "Snakefile").write_text("")
    (tmp_path / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(tmp_path)
    put(tmp_path, OLD)
    manifest(tmp_path, OLD)
    lines = [
        f"{hashlib.sha256((tmp_path / path).read_bytes()).hexdigest()}  {path}\n"
        for path in OLD
    ]
    (tmp_path / verify.HASHES).write_text("".join(lines))
    values = {MONTHLY: verify._account(MONTHLY)}
    (tmp_path / verify.VALUES).write_text(json.dumps(values))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli.app, ["diff", *arguments])


def test_nothing_changed_is_status_0(checkout):
    done = run()
    assert done.exit_code == 0, done.output
    assert "Nothing changed." in done.stdout
    assert (checkout / "scratch/diff.html").is_file()


def test_a_rebuild_is_compared_with_what_was_there_before_it(checkout):
    run()
    put(checkout, F16)
    done = run("--html", "page.html")
    assert done.exit_code == 1
    assert "1 bn EUR → 2 bn EUR  (+100 %)" in done.stdout
    assert "Side by side: page.html" in done.stdout
    assert "F16-latest" in (checkout / "page.html").read_text("utf-8")
    assert run("--expect", "F16").exit_code == 0
    assert run("--expect", "F17").exit_code == 1


def test_an_output_that_is_gone_is_removed(checkout):
    run()
    manifest(checkout, [path for path in OLD if path != MONTHLY])
    done = run()
    assert done.exit_code == 1
    assert f"{MONTHLY}\n    removed: 1 row removed" in done.stdout


def test_missing_old_outputs_are_status_2_with_what_is_known_and_what_to_do(checkout):
    put(checkout, {MONTHLY: "k,v\na,2\n"})
    done = run()
    assert done.exit_code == 2
    assert "column v: sum 2; recorded: sum 1" in done.stdout
    assert "aidaudit diff --build" in done.stdout


def test_an_archive_can_hold_the_old_outputs(checkout):
    with zipfile.ZipFile(checkout / "old.zip", "w") as archive:
        for path in (*OLD, paths.MANIFEST):
            archive.write(checkout / path, f"aidaudit-0/{path}")
    put(checkout, {MONTHLY: "k,v\na,2\n"})
    done = run("--archive", "old.zip")
    assert done.exit_code == 1
    assert "Old: old.zip. New: this build." in done.stdout
    assert "a, v: 1 → 2  (+100 %)" in done.stdout


def test_a_manifest_in_an_archive_leads_nowhere_else(checkout):
    secret = "figures/../../secret.csv"
    (checkout.parent / "secret.csv").write_text("k\nsecret\n")
    manifest(checkout, [])
    about = json.loads((checkout / paths.MANIFEST).read_text())
    about["outputs"][secret] = {"sha256": "0", "job": "j"}
    with zipfile.ZipFile(checkout / "old.zip", "w") as archive:
        archive.writestr(f"aidaudit-0/{paths.MANIFEST}", json.dumps(about))
    done = run("--archive", "old.zip")
    assert done.exit_code == 2
    assert "the manifest cannot be read" in done.stderr
    assert "secret" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--archive", "Snakefile"], "cannot be opened as a zip"),
        (["--archive", "Snakefile", "--build"], "exclude each other"),
        (["--expect", "F61"], "nothing in either build is called F61"),
        (["--build"], "there is no commit to build"),
    ],
)
def test_what_cannot_be_done_is_status_2_and_says_why(checkout, arguments, told):
    put(checkout, {MONTHLY: "k,v\na,2\n"})
    done = run(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_without_a_build_the_command_says_so(checkout):
    (checkout / paths.MANIFEST).unlink()
    done = run()
    assert done.exit_code == 2
    assert "not built yet" in done.stderr


def test_help_says_what_the_exit_status_means():
    told = " ".join(run("--help").stdout.split())
    for words in ("0 nothing changed", "1 something did", "2 it cannot be compared"):
        assert words in told
