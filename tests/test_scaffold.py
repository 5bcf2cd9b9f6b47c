"""Beginning a figure, a claim or a release: it works at once, and says what is still to do."""

import difflib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import copies
import openpyxl
import pandas as pd
import pytest

from aidaudit import config
from aidaudit.data import raw_tables
from aidaudit.ingest.readers import kiel
from aidaudit.project import new
from nbtrail.author import jupyterlab, notebook_checks, scaffold
from nbtrail.base import notebook_form, parameters, paths, plan
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
COPIED = ("aidaudit", "nbtrail", "config", "data/raw", "envs", "notebooks", "profiles", "rules")
FILES = ("Snakefile", "CITATION.cff", "pyproject.toml", "report/abstract.md")
PYTHON = [sys.executable, "-c", "from nbtrail.cli import main; main()"]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    root = tmp_path / "root"
    for folder in (*COPIED, "docs", "report/sections"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=left_out)
    for file in FILES:
        shutil.copy(ROOT / file, root / file)
    for path in (root / "notebooks").rglob("*.ipynb"):
        path.write_bytes(notebook_form.cleaned(path.read_bytes()))
    monkeypatch.chdir(root)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    forget()
    yield root
    forget()


def forget():
    for function in new.CACHED:
        function.cache_clear()


def command(root: Path, *command: str) -> subprocess.CompletedProcess:
    """Run a command with the checkout's own package."""
    found = os.pathsep.join(filter(None, (copies.modules(root), os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        command,
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": found,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def outcome(root: Path, test: str, *options: str) -> subprocess.CompletedProcess:
    options = ("-p", "no:cacheprovider", *options)
    return command(root, sys.executable, "-m", "pytest", *options, test)


def texts(root: Path) -> dict[str, str]:
    found = [path for path in sorted(root.rglob("*")) if path.suffix in (".yaml", ".py")]
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in found}


def only_grew(before: dict[str, str], after: dict[str, str]) -> bool:
    """Whether every line that was there is there still, in its order."""
    return all(
        not [line for line in difflib.ndiff(old.splitlines(), after[path].splitlines())
             if line.startswith("- ")]
        for path, old in before.items()
        if old != after[path]
    )  # fmt: skip


def in_order() -> bool:
    """What `aidaudit notebooks` looks at, for every notebook; and the configuration loads."""
    found = notebook_checks.sources()
    assert [told for path in found for told in notebook_checks.problems(path)] == []
    assert [told for path in found for told in notebook_checks.defaults_differ(path)] == []
    return bool(config.shown() and config.claims() and config.config())


def fill_in(path: Path, **words: str) -> None:
    """Replace marks as a person would: by first words, or as they say."""
    text = path.read_text("utf-8")
    for old, said in words.items():
        pattern = rf'(None  # )?TO FILL IN: {old.replace("_", " ")}[^"\n]*'
        text, count = re.subn(pattern, said, text)
        assert count, old
    path.write_text(text.replace("TO FILL IN: ", ""), "utf-8")


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("options", "job"),
    [
        ({}, "article/F24"),
        ({"title": "Who gave in winter?"}, "article/F24"),
        ({"reads": "donor_totals"}, "latest/F24"),
        ({"reads": "activities", "variants": ["literal", "latest"]}, "literal/F24"),
        ({"variants": ["all"]}, "all/F24"),
    ],
)
def test_a_begun_figure_is_in_order_and_planned(checkout, options, job):
    before = texts(checkout)
    begun = new.figure("F24", **options)
    assert texts(checkout) == before
    scaffold.write(begun)
    assert in_order()
    assert only_grew(before, texts(checkout))
    assert list(config.shown()) == sorted(config.shown())
    planned = [one for one in plan.jobs() if one.name == "F24"]
    assert job in map(str, planned)
    assert all(plan.reads(one) for one in planned)
    if "title" in options:
        text = (checkout / "notebooks/figures/F24.ipynb").read_text("utf-8")
        assert "# Who gave in winter?" in text


def test_variants_are_those_from_a_cut_off_on(checkout):
    scaffold.write(new.figure("F24", variants=["latest", "literal"]))
    assert config.shown()["F24"].needs_cut_off == "2025-02-28"
    assert [v for f, v in config.drawn(list(config.config().variants)) if f == "F24"] == [
        "literal",
        "latest",
    ]


def test_a_begun_figure_names_all_that_is_to_fill_in(checkout):
    scaffold.write(new.figure("F24"))
    told = "\n".join(new.left("F24"))
    for place, what in (
        ("notebooks/figures/F24.ipynb, cell 7", "the finding"),
        ("notebooks/figures/F24.ipynb, cell 8", "the reading"),
        ("notebooks/figures/F24.ipynb, cell 9", "alt text"),
        ("notebooks/figures/F24.ipynb, cell 9", "caption"),
        ("config/figures.yaml, row ", "one to three words"),
        ("tests/test_figure_F24.py, row ", "known answer"),
    ):
        assert re.search(rf"{re.escape(place)}.*{what}", told), (place, what)


@pytest.mark.build
@pytest.mark.parametrize("reads", ["monthly", "donor_totals", "activities"])
def test_a_figure_s_test_fails_until_all_is_filled_in(checkout, reads):
    scaffold.write(new.figure("F24", reads=reads))
    test = "tests/test_figure_F24.py"
    failed = outcome(checkout, test)
    assert failed.returncode == 1
    assert "2 failed" in failed.stdout
    for what in ("the finding", "the reading", "alt text", "caption", "known answer"):
        assert re.search(rf"TO FILL IN: .*{what}", failed.stdout), what

    fill_in(checkout / "notebooks/figures/F24.ipynb")
    fill_in(checkout / "config/figures.yaml")
    fill_in(checkout / test, known_answer="2.0")
    passed = outcome(checkout, test)
    assert passed.returncode == 0, passed.stdout
    forget()
    assert in_order()

    # Another number is noticed: the test looks at what the notebook computes.
    path = checkout / "notebooks/figures/F24.ipynb"
    total = 'total = plotted[\\"value_eur_bn\\"]'
    text = path.read_text("utf-8")
    assert f"{total}.sum()" in text
    path.write_text(text.replace(f"{total}.sum()", f"{total}.max()"), "utf-8")
    assert "1 failed, 1 passed" in outcome(checkout, test).stdout


@pytest.mark.parametrize(
    ("variants", "group"),
    [(None, "article"), (["all"], "all"), (["literal", "latest"], "literal")],
)
def test_a_begun_figure_says_where_it_goes(checkout, variants, group):
    reads = "activities" if variants == ["all"] else None
    told = new.figure("F24", variants=variants, reads=reads).place
    assert "report/sections/" in told
    assert f"\n  {{{{figure:F24:{group}}}}}\n" in told
    assert f"{{{{{group}:F24.total}}}}" in told


@pytest.mark.build
def test_a_begun_figure_runs_on_what_is_built(checkout):
    monthly = checkout / paths.result("article", "monthly")
    monthly.parent.mkdir(parents=True)
    row = "2024-01,Germany,European NATO members,Military,allocation,1.5,21"
    monthly.write_text(f"{','.join(scaffold_columns())}\n{row}\n", "utf-8")
    scaffold.write(new.figure("F24"))
    folder, _ = jupyterlab.run(plan.named("F24"), {})
    made = {Path(path).name for path in jupyterlab.written(folder)}
    assert {"F24.svg", "F24.pdf", "F24.png", "F24.csv", "F24.json"} <= made


def scaffold_columns() -> list[str]:
    from aidaudit.data.tables import RESULTS

    return list(RESULTS["monthly"].columns)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("F1", {}, "F and two digits, for example F24"),
        ("f24", {}, "F and two digits, for example F24"),
        ("../x", {}, "F and two digits, for example F24"),
        ("T12", {}, "F and two digits, for example F24"),
        ("F02", {}, "config/figures.yaml: 'F02' exists already"),
        ("F24", {"title": "Winter"}, "the title is no question"),
        ("F24", {"reads": "headlines"}, "'monthly', 'donor_totals', 'activities'"),
        ("F24", {"reads": "monthly", "variants": ["all"]}, r"drawn once.*\['activities'\]"),
        ("F24", {"variants": ["literal"]}, "all .drawn once., or literal, latest"),
        ("F24", {"variants": ["literl"]}, "Did you mean 'literal'"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(checkout, name, options, told):
    with pytest.raises(AuditError, match=f"(?s){told}"):
        new.figure(name, **options)


def test_nothing_is_overwritten(checkout):
    scaffold.write(new.figure("F24"))
    with pytest.raises(AuditError, match="'F24' exists already"):
        new.figure("F24")
    # Files without an entry are somebody's work too.
    stray = checkout / "tests/test_figure_F27.py"
    stray.write_text("mine")
    before = texts(checkout)
    with pytest.raises(AuditError, match=r"tests/test_figure_F27.py: .*exists already"):
        scaffold.write(new.figure("F27"))
    assert texts(checkout) == before
    assert not (checkout / "notebooks/figures/F27.ipynb").exists()


# ---------------------------------------------------------------- claims


@pytest.mark.parametrize(
    ("name", "options", "before", "after", "module"),
    [
        ("LTS-9b", {}, "LTS-9a", "SCN-2a", "scenarios"),
        ("ECO-2f", {"figure": "F10"}, "ECO-2e", "ECO-3a", "economy"),
        ("MIL-2e", {"test": "months_of_cover"}, "MIL-2d", "MIL-3a", "aid"),
        ("SCN-6a", {"section": "scenarios"}, "SCN-5a", None, "aid"),
        ("INT-1a", {"section": "economic"}, None, "INT-5a", "people"),
        ("MEM-9z", {"locator": "MEM-5"}, "MEM-5a", "LTS-1a", "politics"),
    ],
)
def test_a_begun_claim_is_in_order_and_in_the_article_s_order(
    checkout, name, options, before, after, module
):
    files = texts(checkout)
    scaffold.write(new.claim(name, **options))
    assert in_order()
    assert only_grew(files, texts(checkout))
    ids = [None, *(one.id for one in config.claims()), None]
    at = ids.index(name)
    assert (ids[at - 1], ids[at + 1]) == (before, after)
    (claim,) = [one for one in config.claims() if one.id == name]
    assert claim.figure == options.get("figure")
    assert (
        f"def {claim.test}(" in (checkout / f"aidaudit/claims/evidence/{module}.py").read_text()
    )


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("LTS9b", {}, "a paragraph of the article and a letter, for example LTS-9b"),
        ("LTS-9", {}, "a paragraph of the article and a letter"),
        ("../x", {}, "a paragraph of the article and a letter"),
        ("lts-9b", {}, "a paragraph of the article and a letter"),
        ("LTS-9a", {}, "config/claims.yaml: 'LTS-9a' exists already"),
        ("LTS-8a", {}, "no claim names this paragraph yet.*--section strategy"),
        ("LTS-9b", {"locator": "LTS-99"}, "no claim names this paragraph yet"),
        ("LTS-8a", {"section": "milit"}, "unknown section.*Did you mean 'military'"),
        ("LTS-9b", {"figure": "F99"}, "there is no such figure.*F22"),
        (
            "LTS-9b",
            {"test": "total_given"},
            "aidaudit/claims/evidence/aid.py: .*exists already",
        ),
        ("LTS-9b", {"test": "import os"}, "a function cannot be called so"),
    ],
)
def test_a_claim_that_cannot_be_is_refused(checkout, name, options, told):
    with pytest.raises(AuditError, match=f"(?s){told}"):
        new.claim(name, **options)


def test_a_claim_s_test_fails_until_all_is_filled_in(checkout):
    scaffold.write(new.claim("LTS-9b"))
    test = "tests/test_claim_LTS_9b.py"
    failed = outcome(checkout, test)
    assert failed.returncode == 1
    assert "2 failed" in failed.stdout
    for what in ("compare .* tolerance", "the reason", "the readings", "known answer"):
        assert re.search(rf"TO FILL IN: .*{what}", failed.stdout), what
    # Without its function there is no verdict, and the message says which one to write.
    assert "LTS-9b: its test computes nothing yet, so there is no verdict" in failed.stdout
    assert "aidaudit/claims/evidence/scenarios.py" in failed.stdout

    fill_in(checkout / "config/claims.yaml", one_of_those="bn EUR")
    fill_in(checkout / test, known_answer="2.0", the_verdict='"supported"')
    module = checkout / "aidaudit/claims/evidence/scenarios.py"
    code = module.read_text("utf-8")
    begun = code[code.index("def lts_9b") :]
    written = (
        "def lts_9b(data: Data) -> Evidence:\n"
        '    """All that was allocated, in bn EUR."""\n'
        '    total = data.activities["allocation_eur"].sum() / 1e9\n'
        '    return Evidence({"all rows": total}, f"{total:.1f} bn EUR.")\n'
    )
    module.write_text(code.replace(begun, written), "utf-8")
    passed = outcome(checkout, test)
    assert passed.returncode == 0, passed.stdout


# ---------------------------------------------------------------- releases


def successor(grown: float = 1.03) -> pd.DataFrame:
    """Activities such as could follow release 30: a row per donor and type, all a bit more."""
    donors = raw_tables.read("kiel/release-30").set_index("donor")
    of_type = [
        pd.DataFrame(
            {
                "allocation_eur": donors[f"{kind.lower()}_eur_bn"] * grown * 1e9,
                # A release with totals only has commitments of all types together.
                "commitment_eur": donors["commitment_eur_bn"] * grown * 1e9
                if kind == "Financial"
                else None,
                "aid_type": kind,
            }
        ).reset_index()
        for kind in ("Financial", "Humanitarian", "Military")
    ]
    rows = pd.concat(of_type, ignore_index=True)
    return rows.assign(
        activity_id=[f"A{at}" for at in rows.index],
        sub_activity_id=[f"A{at}_1" for at in rows.index],
        measure="Allocation",
        announcement_date=pd.Timestamp("2026-06-01"),
        month_number=54,
        aid_subtype="Grant",
        reporting_currency="EUR",
    ).reindex(columns=list(kiel.KIEL_COLUMNS))


@pytest.fixture
def workbook(tmp_path):
    """A workbook as the publisher's, of a release after 30; `said` is its first sheet."""

    def make(name="tracker.xlsx", said=None, donor=None) -> Path:
        table = successor()
        if donor is not None:
            table = table.assign(donor=table["donor"].replace("Norway", donor))
        book = openpyxl.Workbook()
        page = book.active
        page.title = kiel.KIEL_SHEET
        page.append([names[0] for names in kiel.KIEL_COLUMNS.values()])
        for row in table.astype(object).where(table.notna(), None).to_dict("records"):
            page.append([row[ours] for ours in kiel.KIEL_COLUMNS])
        if said is not None:
            book.create_sheet("ReadMe", 0).append([said])
        book.save(tmp_path / name)
        return tmp_path / name

    return make


def begin(file, number=31, cut_off="2026-08-31", name=None) -> str:
    """What the command does; returns what it says of the release."""
    begun, shows = new.release(file, number, cut_off, name)
    scaffold.write(begun)
    scaffold.write(scaffold.defaults())
    return shows


def test_a_release_becomes_a_variant_by_one_command(checkout, workbook):
    file, before = workbook(), texts(checkout)
    done = command(
        checkout, *PYTHON, "new", "release", str(file),
        "--release", "31", "--cut-off", "2026-08-31",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    for written in (
        "data/raw/kiel/release-31/",
        "config/config.yaml",
        "notebooks/report.ipynb",
    ):
        assert f"  {written}" in done.stdout
    assert "make report" in done.stdout
    forget()
    assert in_order()
    assert only_grew(before, texts(checkout))
    assert list(config.config().variants)[-1] == "r31"
    assert config.parameters("r31")["cut_off"] == "2026-08-31"
    raw = raw_tables.read("kiel/release-31")
    assert len(raw) == 3 * len(raw_tables.read("kiel/release-30"))
    jobs = {str(one) for one in plan.jobs()}
    assert {"clean/kiel_release_31", "r31/results", "r31/claims"} <= jobs
    assert {"r31/F01", "r31/F16", "r31/T02"} <= jobs
    report = plan.job("all", "report")
    assert report.parameters["variants"][-1] == "r31"
    assert paths.result("r31", "headline") in plan.reads(report)
    again = command(checkout, *PYTHON, "schemas", "--check")
    assert again.returncode == 0, again.stdout


@pytest.mark.build
def test_snakemake_plans_the_new_variant(checkout, workbook):
    begin(workbook())
    target = paths.result("r31", "headline")
    planned = command(checkout, "snakemake", "--dry-run", target, "report/build/report.md")
    assert planned.returncode == 0, planned.stdout
    assert "Add up r31" in planned.stdout
    assert "Draw F01 for r31" in planned.stdout
    assert "Judge the claims against r31" in planned.stdout


def test_number_and_last_day_are_read_where_the_workbook_says_them(checkout, workbook):
    said = "Ukraine Support Tracker – 31st release (covering January 24, 2022 to July 5, 2026)"
    begin(workbook(said=said), None, None, "newest")
    chosen = config.variant("newest")
    assert (chosen.release, chosen.cut_off) == (31, "2026-07-05")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["Ukraine_Support_Tracker_Release_31"], (31, None)),
        (["tracker", "Release 24 (until 31 August 2025)"], (24, "2025-08-31")),
        (["7th release (covering January 24 to October 3, 2022)"], (7, "2022-10-03")),
        (["Ukraine_Support_Tracker_2022-10-18"], (None, None)),
        (["Release_312"], (None, None)),
    ],
)
def test_what_names_and_first_rows_say_of_a_release(lines, found):
    assert new.said_of_release(lines) == found


def test_what_the_workbook_does_not_say_is_asked_for(checkout, workbook):
    with pytest.raises(AuditError, match="needs --release and --cut-off"):
        new.release(workbook("Tracker_Release_31.xlsx"), None, None, None)
    assert not (checkout / "data/raw/kiel/release-31").exists()


def test_a_release_with_totals_only_says_what_it_cannot_do(checkout, tmp_path):
    totals = pd.read_csv(checkout / "data/raw/kiel/release-30/donor_totals.csv")
    totals[totals.select_dtypes("number").columns] *= 1.02
    theirs = totals[list(kiel.DONOR_TOTALS)].rename(columns=kiel.DONOR_TOTALS)
    theirs.to_csv(tmp_path / "totals.csv", index=False)
    shows = begin(tmp_path / "totals.csv")
    assert "totals by donor (to 2026-08-31) but no months" in shows
    assert "release 29, to 2026-04-30" in shows
    chosen = config.variant("r31")
    assert (chosen.release, chosen.totals_release) == (29, 31)
    assert chosen.cut_off == "2026-04-30"
    assert in_order()
    assert "clean/kiel_release_31" in map(str, plan.jobs())


@pytest.mark.parametrize("number", [7, 13])
def test_a_release_that_knows_commitments_only_can_show_nothing(checkout, number):
    with pytest.raises(AuditError, match=f"release {number} has commitments only"):
        new._able_to_show(number, "2023-07-31")


def test_an_unknown_donor_is_told_before_there_is_a_variant(checkout, workbook):
    file = workbook(donor="Norwey")
    before = texts(checkout)
    told = r"(?s)'Norwey' is not a known donor \(3 problems.*'Norway'.*run this command again"
    with pytest.raises(AuditError, match=told):
        begin(file)
    assert texts(checkout) == before
    # Told what to do, the person corrects it, and the same command goes on.
    corrections = checkout / "data/raw/corrections.csv"
    line = "kiel,31,*,donor,Norwey,Norway,typing slip in the release,3\n"
    corrections.write_text(corrections.read_text("utf-8") + line, "utf-8")
    begin(file)
    assert "r31" in config.config().variants


@pytest.mark.parametrize(
    ("number", "name", "told"),
    [
        (31, "latest", "config/config.yaml: 'latest' exists already"),
        (31, "all", "a variant cannot be called so"),
        (31, "Release 31", "at most eight small letters, digits and -, for example r31"),
        (31, "release-31", "at most eight"),
        (31, "../x", "small letters, digits and -"),
        (30, None, "variant 'latest' shows release 30 already"),
        (18, None, "not the upstream file from which data/raw/kiel/release-18 was made"),
    ],
)
def test_a_release_that_is_there_is_refused(checkout, workbook, number, name, told):
    before = texts(checkout)
    with pytest.raises(AuditError, match=told):
        new.release(workbook(), number, "2026-08-31", name)
    assert texts(checkout) == before
    assert not (checkout / "data/raw/kiel/release-31").exists()


def test_a_second_call_for_a_release_is_refused(checkout, workbook):
    file = workbook()
    begin(file)
    before = texts(checkout)
    with pytest.raises(AuditError, match="'r31' exists already"):
        begin(file)
    with pytest.raises(AuditError, match="variant 'r31' shows release 31 already"):
        begin(file, name="another")
    assert texts(checkout) == before


# ---------------------------------------------------------------- defaults


def test_defaults_follow_an_entry_that_was_written_by_hand(checkout):
    path = checkout / "config/config.yaml"
    entry = path.read_text("utf-8").split("  latest:\n")[1]
    many = [f"further-{number}" for number in range(3)]
    more = "".join(f"  {name}:\n{entry}" for name in many)
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    changed = path.read_text("utf-8").replace(
        'article_date: "2025-02-28"', 'article_date: "2025-03-31"'
    )
    path.write_text(changed, "utf-8")
    forget()
    report = "notebooks/report.ipynb"
    assert notebook_checks.defaults_differ(report)
    comment = parameters.declared(report)["variants"].comment
    scaffold.write(scaffold.defaults())
    assert in_order()
    assert scaffold.defaults().grown == {}
    declared = parameters.declared(report)["variants"]
    assert declared.default == ["article", "literal", "latest", *many]
    assert declared.comment == comment
    cells = notebook_form.read(report).cells
    assert max(len(line) for line in cells[1].source.splitlines()) <= 96
    # And back again, from several lines to one.
    path.write_text(changed.replace(more, ""), "utf-8")
    forget()
    scaffold.write(scaffold.defaults())
    assert (checkout / report).read_bytes() == notebook_form.cleaned(
        (ROOT / report).read_bytes()
    )
