"""From a quoted number to what it is in the build: keys, sentences, trail."""

import hashlib
import json

import pytest
from typer.testing import CliRunner

from nbtrail import cli
from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.compare import authenticity, finding

NUMBERS = {
    "literal": {
        "nato.usd_bn": (222.8746, "bn US$", "222.9 bn US$"),
        "gap": (-20.4018, "%", "−20.4 %"),
        "months": (24.0, "months", "24 months"),
        "share": (23.61, "%", "23.6 %"),
        "who": ("all donors", "text", "all donors"),
    },
    "latest": {
        "other": (222.9049, "bn EUR", "222.9 bn EUR"),
        "small": (1234.4, "million US$", "1,234 million US$"),
        "near": (222.94, "bn US$", "223 bn US$"),
        "area": (17647.0, "km²", "17,647 km²"),
        "people": (1_583_563.0, "count", "1,583,563"),
    },
}
NUMBER = '[[{}](#{})]{{.number key="{}" title="{} · {} · t.csv"}}'


def span(variant, key):
    name, identifier = f"{variant}:{key}", paths.number_id(variant, key)
    shown = NUMBERS[variant][key][2].replace("$", "\\$").replace(" ", "\u00a0")
    return NUMBER.format(shown, identifier, name, identifier, name)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A build of two variants with a report of an abstract and one section."""
    folder = tmp_path_factory.mktemp("build")
    abstract = json.dumps(f"They gave **{span('literal', 'nato.usd_bn')}**. Not more.")
    files = {
        finding.REPORT: f"---\nabstract: {abstract}\n---\n\n## The gap {{#gap}}\n\n"
        "*Finding.* It is "
        f"{span('literal', 'gap')} *too* low [@kiel]. Another sentence.\n\n"
        "::: {#F01-literal .plate}\n\n:::\n",
    }
    for variant, numbers in NUMBERS.items():
        files[paths.all_numbers(variant)] = json.dumps(
            {
                key: {
                    "value": value,
                    "unit": unit,
                    "display": display,
                    "job": "all/T",
                    "cell": 2,
                    "from": ["t.csv"],
                }
                for key, (value, unit, display) in numbers.items()
            }
        )
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    items = {"F01-literal": {"kind": "figure", "title": "Total", "job": "a", "files": []}} | {
        paths.number_id(variant, key): {
            "kind": "number", "title": f"{variant}:{key}", "job": "a", "files": [],
            "value": display,
        }
        for variant, numbers in NUMBERS.items() for key, (_, _, display) in numbers.items()
    }  # fmt: skip
    outputs = {path: {"sha256": digest, "job": "a"} for path, digest in digests.items()}
    job = {"rule": "a", "notebook": None, "made_from": "", "inputs": {}}
    manifest = {"version": "1", "jobs": {"a": job}, "items": items, "outputs": outputs}
    (folder / paths.MANIFEST).write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def names(root):
    """The names of the numbers that a quotation is found to mean, the likeliest first."""

    def found(text):
        (one,) = finding.quoted(text)
        return [hit.name for hit in finding.find(one, authenticity.from_checkout(root))]

    return found


@pytest.mark.parametrize(
    ("quoted", "expected"),
    [
        # Printed so and cited, printed so, and what rounds to it.
        ("222.9", ["literal:nato.usd_bn", "latest:other", "latest:near"]),
        ("222,9", ["literal:nato.usd_bn", "latest:other", "latest:near"]),
        ("222.9 bn US$", ["literal:nato.usd_bn", "latest:near"]),
        ("$222.9 billion", ["literal:nato.usd_bn", "latest:near"]),
        ("222,900 million dollars", []),
        ("222,875 million dollars", ["literal:nato.usd_bn"]),
        ("0.22 trillion dollars", ["literal:nato.usd_bn", "latest:near"]),
        ("223 billion euros", ["latest:other"]),
        ("222.90", ["latest:other"]),
        ("222.8", []),
        # A fall by 20.4 % is −20.4 %; a rise by as much, said with its sign, is not.
        ("20.4 per cent", ["literal:gap"]),
        ("−20.4 %", ["literal:gap"]),
        ("+20.4 %", []),
        ("24 %", ["literal:share"]),
        ("24", ["literal:months", "literal:share"]),
        ("1,234", ["latest:small"]),
        ("1.234 million US$", ["latest:small"]),
        ("1.2 billion US$", ["latest:small"]),
        ("222\u200b.9 bn EUR", ["latest:other"]),
        # Thousands are set apart by spaces in many languages; what is counted has no unit.
        ("17 647 km²", ["latest:area"]),
        ("17\u2009647", ["latest:area"]),
        ("1 583 563", ["latest:people"]),
        ("1.58 million", ["latest:people"]),
        ("1,584 thousand", ["latest:people"]),
        ("1 234,4 million US$", ["latest:small"]),
        # Written out, zeros at the end may be rounded off.
        ("222,874,600,000 dollars", ["literal:nato.usd_bn"]),
        ("1,234,000,000", ["latest:small"]),
        ("$222,875,100,000", []),
    ],
)
def test_a_number_is_found_however_it_is_quoted(names, quoted, expected):
    assert names(quoted) == expected


def test_sentences_sections_and_the_trail_are_told(root):
    archive = authenticity.from_checkout(root)
    lines, every = finding.told("In 2025 it gave 222.9 bn US$, 20.4 % less", archive)
    assert every
    text = "\n".join(lines)
    identifier = paths.number_id("literal", "nato.usd_bn")
    for words in (
        "222.9 bn US$  (printed so)",
        f"{identifier}: nato.usd_bn, variant literal, unit bn US$, "
        "computed in cell 2 of all/T from t.csv",
        "report, Abstract: “They gave 222.9 bn US$.”",
        f"trail: aidaudit trace {identifier}",
        "−20.4 %  (with the other sign, printed so)",
        "report, The gap: “It is −20.4 % too low.”",
    ):
        assert words in text
    assert "2025" not in text


def test_ids_lead_to_where_they_stand(root):
    archive = authenticity.from_checkout(root)
    assert finding.told("F01-literal", archive)[0][1] == "  report, The gap"
    for name in ("literal:gap", paths.number_id("literal", "gap"), "literal:\u200bgap"):
        assert "It is −20.4 % too low." in finding.told(name, archive)[0][1]


def test_neighbouring_numbers_are_not_thousands():
    texts = [one.text for one in finding.quoted("3 14, 12 1000, 2022 145 and 7 2023")]
    assert texts == ["3", "14", "12", "1000", "145", "7"]


def test_what_is_not_there_is_said_so(root):
    archive = authenticity.from_checkout(root)
    assert finding.told("77.7", archive) == (["77.7: no number of this build"], False)
    assert not finding.told("222.9 and 77.7", archive)[1]
    assert not finding.told("nothing of the kind", archive)[1]
    with pytest.raises(AuditError, match="nothing is quoted"):
        finding.told(" ", archive)


@pytest.mark.parametrize(
    ("words", "status"), [(["222,9", "bn"], 0), (["-20.4", "%"], 0), (["77.7"], 2)]
)
def test_the_exit_status_says_whether_it_was_found(root, monkeypatch, words, status):
    monkeypatch.setattr("nbtrail.base.determinism.root", lambda: root)
    monkeypatch.setattr("aidaudit.config.claims", list)
    monkeypatch.setattr("nbtrail.cli.determinism.root", lambda: root)
    assert CliRunner().invoke(cli.app, ["find", *words]).exit_code == status


_MERGES = "\n".join(
    f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)
)


@pytest.mark.parametrize(
    "head",
    [
        f"a0: &a0 {{x: 1}}\n{_MERGES}",
        f'x: !!float "{"1:" * 5000}1"',
        'x: !!int ""',
        "x: !!bool y",
    ],
    ids=["merges", "float", "int", "bool"],
)
def test_the_head_of_somebody_s_report_is_read_as_text_alone(head):
    text = f"---\n{head}\nabstract: In all.\n---\n".encode()
    digest = hashlib.sha256(text).hexdigest()
    manifest = {"outputs": {finding.REPORT: {"sha256": digest}}}
    archive = authenticity.Archive(manifest, lambda path: text)
    assert finding._paragraphs(archive).__next__() == ("Abstract", "In all.")
