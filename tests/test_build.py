"""One whole build in a copy of the checkout, and what a person sees when it cannot go on."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import copies
import frictionless
import pypdf
import pytest
from PIL import Image

from aidaudit import config, layout
from aidaudit.report import interactive_view
from nbtrail.base import determinism, notebook_form, paths, plan
from nbtrail.publish import inert, report, standing
from nbtrail.record import numbers as numbers_
from nbtrail.record import old_outputs, provenance, verify
from tests.authenticity import run as authenticity

ROOT = Path(__file__).parents[1]
BUILT = ("data/processed", "figures", "report/notebooks", "report/build", "report/report.")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".snakemake", ".staging", "logs", "processed", "notebooks.bak",
    ".pytest_cache", ".ruff_cache", "__pycache__", "*.egg-info", "build", "report.html",
    "report.pdf", "dist", ".venv-validators", ".venv-browser", ".venv-cluster", ".venv-bench",
    "scratch",
    ".baseline",
)  # fmt: skip

# Jobs that run no notebook: numbers of each variant, what draws the view, both renderings,
# pages, manifest, all.
OTHER_JOBS = [*config.config().variants, config.ALL, "library", "html", "pdf", "pages",
              "manifest", "all"]  # fmt: skip

pytestmark = pytest.mark.build


def run(root: Path, *command: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a command of the environment in a checkout, with that checkout's package."""
    binaries = Path(sys.executable).parent
    return subprocess.run(
        command,
        cwd=root,
        env={
            **os.environ,
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": copies.modules(root),
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def built_files(root: Path) -> dict[str, str]:
    """sha256 of everything that a build makes, by path."""
    return {
        path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).as_posix().startswith(BUILT)
    }


def jobs(output: str) -> dict[str, int]:
    """The table 'Job stats' of a dry run: rule → count."""
    lines = output.split("Job stats:")[-1].splitlines()
    rows = [line.split() for line in lines]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A copy of the checkout without anything built, then built."""
    root = tmp_path_factory.mktemp("check out")
    shutil.copytree(ROOT, root, dirs_exist_ok=True, ignore=LEFT_OUT)
    shutil.rmtree(root / "figures", ignore_errors=True)
    shutil.rmtree(root / "report/notebooks", ignore_errors=True)
    done = run(root, "snakemake")
    assert done.returncode == 0, done.stdout[-4000:]
    # Plain lines where there is no terminal, the last of which is the end.
    total = len(plan.jobs()) + len(OTHER_JOBS)
    assert f"{total} jobs to do." in done.stdout
    assert f"[{total}/{total}] Everything is built" in done.stdout
    assert "\x1b" not in done.stdout
    # The archive takes its sources from git.
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "as copied")):
        own = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.autocrlf=false")
        assert run(root, "git", *own, *command).returncode == 0
    return root


ARTICLE = {
    "release": 21,
    "cut_off": "2024-12-31",
    "article_date": "2025-02-28",
    "fixed_usd_per_eur": 1.13972,
}
VARIANTS = list(config.config().variants)
COLUMNS = {
    "donor_totals": ["donor", "donor_group", "aid_type", "measure", "value_eur_bn"],
    "monthly": ["month", "donor", "donor_group", "aid_type", "measure", "value_eur_bn"],
    "headline": ["reading", "measure", "donors", "fx_method", "value_eur_bn", "value_usd_bn"],
    "claims": [
        "claim_id", "locator", "verdict", "value", "low", "high", "unit", "asserted", "reason",
    ],
    "readings": ["claim_id", "place", "kind", "label", "value", "unit", "holds"],
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("table", COLUMNS)
def test_result_tables_keep_their_contract(built, variant, table):
    with (built / paths.result(variant, table)).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert set(COLUMNS[table]) <= set(rows[0])


@pytest.mark.parametrize(
    ("variant", "total", "nato"),
    [("article", 267.197, 203.892), ("literal", 274.303, 208.611), ("latest", 374.22, 262.704)],
)
def test_headline_has_the_known_totals(built, variant, total, nato):
    with (built / paths.result(variant, "headline")).open(encoding="utf-8") as stream:
        rows = [
            row
            for row in csv.DictReader(stream)
            if row["reading"] == "total" and row["measure"] == "allocation"
        ]
    found = {row["donors"]: float(row["value_eur_bn"] or "nan") for row in rows}
    assert found["all"] == pytest.approx(total, abs=0.005)
    assert found["nato"] == pytest.approx(nato, abs=0.005)
    assert {row["fx_method"] for row in rows} == {
        "month_average", "period_average", "at_cut_off", "fixed",
    }  # fmt: skip


def test_every_figure_of_every_variant_that_can_answer_is_there(built):
    for variant in [*VARIANTS, config.ALL]:
        for figure in config.figures():
            for path in paths.figure(figure, variant).values():
                assert (built / path).exists() == config.answers(figure, variant), path


def test_every_number_names_its_own_job_cell_and_file(built):
    for variant in [*VARIANTS, config.ALL]:
        numbers = json.loads((built / paths.all_numbers(variant)).read_text("utf-8"))
        assert numbers
        for entry in numbers.values():
            known = {"value", "unit", "display", "job", "cell"}
            assert set(entry) in (known | {"is"}, known | {"from"})
        numbers_.check(numbers, variant, lambda path: (built / path).read_text("utf-8"))
        for entry in numbers.values():
            cells = notebook_form.read(plan.job(*entry["job"].split("/")).notebook).cells
            assert "umbers" in cells[entry["cell"] - 1].source


def test_numbers_of_a_scenario_lead_back_through_its_own_run_alone(built):
    whole = json.loads((built / paths.MANIFEST).read_text("utf-8"))
    every = set(config.scenarios().scenarios)
    keys = json.loads((built / paths.all_numbers(config.ALL)).read_text("utf-8"))
    seen = set()
    for key in keys:
        if key.startswith("F19.") and key != "F19.draws":
            own = key.split(".")[1]
            trail = "\n".join(provenance.way_back(whole, f"all:{key}"))
            assert {name for name in every if f"all/scenario_{name}:" in trail} == {own}
            seen.add(own)
    assert seen == every


def test_report_asks_nothing_of_any_server_and_tells_every_claim(built):
    page = (built / "report/report.html").read_text("utf-8")
    library = (built / layout.LIBRARY).read_text("utf-8")
    own = [*report.own_scripts(built), interactive_view.script(library)]
    assert inert.found_in(page, own) == []
    for claim in config.claims():
        assert f'id="claim-{claim.id}"' in page
    pdf = pypdf.PdfReader(built / "report/report.pdf")
    text = "\n".join(sheet.extract_text() for sheet in pdf.pages)
    assert "References" in text
    assert "supported with qualification" in text
    assert "{{" not in text


def _headings(pdf: pypdf.PdfReader):
    """Every heading of the outline: title, page number, distance from the page's foot."""

    def flat(entries):
        for entry in entries:
            if isinstance(entry, list):
                yield from flat(entry)
            else:
                yield entry

    for entry in flat(pdf.outline):
        yield entry.title, pdf.get_destination_page_number(entry), float(entry.top)


def _runs(page) -> list[tuple[float, float, float, str]]:
    """Runs of text of a page: left, distance from the foot, size, text."""
    found = []

    def visit(text, cm, tm, _font, size):
        if text.strip():
            place = tm[4] * cm[0] + cm[4], tm[5] * cm[3] + cm[5]
            found.append((*place, size * abs(tm[3]) * abs(cm[3]), text))

    page.extract_text(visitor_text=visit)
    return found


MARGIN = 2.5 / 2.54 * 72


def test_no_heading_stands_alone_at_the_foot_of_a_page(built):
    pdf = pypdf.PdfReader(built / "report/report.pdf")
    headings = list(_headings(pdf))
    assert len(headings) > 30
    pages = [_runs(page) for page in pdf.pages]
    alone = [
        (title, number + 1)
        for title, number, top in headings
        # The foot of the page holds its number and the date.
        if sum(MARGIN < y < top - 18 for _, y, _, _ in pages[number]) < 2
    ]
    assert alone == []


def test_nothing_sticks_out_of_the_text_of_the_pdf(built):
    pdf = pypdf.PdfReader(built / "report/report.pdf")
    width = float(pdf.pages[0].mediabox.width)
    for number, page in enumerate(pdf.pages, 1):
        for left, _, _, text in _runs(page):
            assert left > MARGIN - 8, (number, text)
            assert left < width - MARGIN, (number, text)


def test_every_figure_can_be_read_at_print_size(built):
    # Figures are as wide as the text, so that sizes in them are sizes on paper.
    text_width = 21 / 2.54 * 72 - 2 * MARGIN
    for path in sorted((built / "figures").rglob("*.pdf")):
        (page,) = pypdf.PdfReader(path).pages
        assert float(page.mediabox.width) == pytest.approx(text_width, abs=1), path
        assert float(page.mediabox.height) < 24.7 / 2.54 * 72, path
        sizes = [size for _, _, size, _ in _runs(page)]
        assert min(sizes) >= 6.9, path


def test_the_page_filters_claims_opens_evidence_and_has_its_view(built):
    page = (built / "report/report.html").read_text("utf-8")
    assert page.count('<details class="evidence">') == len(config.claims())
    # Real controls, which the keyboard reaches; rows are all there without a script.
    assert "createElement('select')" in page
    assert "words.type = 'search'" in page
    assert "aria-live" in page
    spec = page.split('id="view-headline-data">')[1].split("</script>")[0]
    rows = json.loads(spec)["datasets"]["specifications"]
    table = (built / paths.result("all", "specifications")).read_text("utf-8")
    assert len(rows) == table.count("\n") - 1


def test_executed_notebooks_are_canonical_and_have_pages(built):
    executed = sorted((built / "report/notebooks").rglob("*.ipynb"))
    drawn = [*config.drawn(VARIANTS), *config.tabled(VARIANTS)]
    # Per variant results and claims; claims that are judged once; verdicts and report;
    # specifications; origin; scenarios; the switch, where data reach far enough.
    cleaned = [path for path in executed if path.parent.name == "clean"]
    once = len(config.scenarios().scenarios)
    switches = sum(map(config.switches, VARIANTS))
    analysed = 2 * len(VARIANTS) + 1 + 2 + 1 + 1 + once + switches
    assert len(executed) == len(drawn) + analysed + len(cleaned)
    assert {path.stem for path in cleaned} >= set(config.context())
    for path in executed:
        text = path.read_text("utf-8")
        assert str(built) not in text
        assert "papermill" not in json.loads(text)["metadata"]
        page = path.with_suffix(".html").read_text("utf-8")
        assert inert.found_in(page) == []


def test_nothing_is_left_to_do_after_a_build(built):
    assert "Nothing to be done" in run(built, "snakemake", "--dry-run").stdout


def test_make_tells_where_the_report_is_in_a_folder_with_a_space(built):
    assert " " in built.name
    copies.set_up(built)
    alone = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        ["make", "--no-print-directory", "report"],
        cwd=built,
        env=alone | {"PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    shutil.rmtree(built / ".venv")
    assert done.returncode == 0, done.stdout
    assert "Nothing to be done" in done.stdout
    assert done.stdout.splitlines()[-1] == f"{built}/report/report.pdf"


def test_snakemake_s_own_report_shows_every_figure(built, tmp_path):
    page = tmp_path / "build.html"
    done = run(built, "snakemake", "--report", str(page))
    assert done.returncode == 0, done.stdout[-2000:]
    told = page.read_text("utf-8")
    for figure, variant in config.drawn(VARIANTS):
        assert f"figures/{variant}/{figure}.svg" in told


def test_an_altered_copy_is_never_called_the_same_and_an_unaltered_one_is(built, monkeypatch):
    # Another seed than that of the measured run, and two figures that are drawn quickly.
    seed, figures = 7, (3, 6)
    numbers = [one for one in range(200) if one % len(authenticity.FIGURES) in figures][:14]
    monkeypatch.chdir(built)
    wanted = [(altered, number) for altered in (False, True) for number in numbers]
    rows = list(authenticity.rounds(seed, wanted))
    assert {row["way"] for row in rows} == set(authenticity.WAYS)
    assert [row for row in rows if row["altered"] and row["answer"] == 3] == []
    assert [row for row in rows if not row["altered"] and row["answer"] != 3] == []


def test_a_build_keeps_what_later_builds_are_compared_with(built):
    files = built_files(built)
    known = verify.parsed((built / verify.HASHES).read_text("utf-8")).items()
    as_recorded = {d for path, d in known if old_outputs.is_kept(path) and files.get(path) == d}
    assert as_recorded
    assert as_recorded <= {path.name for path in (built / old_outputs.STORE).iterdir()}


def test_a_changed_figure_notebook_rebuilds_what_depends_on_it_only(built):
    notebook = built / "notebooks/figures/F10.ipynb"
    before = notebook.read_text("utf-8")
    notebook.write_text(before.replace("All three broke", "All of them broke"), "utf-8")
    try:
        planned = jobs(run(built, "snakemake", "--dry-run").stdout)
    finally:
        notebook.write_text(before, "utf-8")
    assert planned.pop("total") == sum(planned.values())
    assert planned == {
        "figure": 1, "numbers": 1, "assemble": 1, "render": 2, "pages": 1, "manifest": 1,
        "all": 1,
    }  # fmt: skip


def test_a_new_row_runs_what_uses_it_and_cited_hashes_stay(built):
    corrections, receipt = (
        built / "data/raw/corrections.csv",
        paths.receipt("clean", "grain_voyages"),
    )
    text, before = corrections.read_text("utf-8"), built_files(built)
    row = "grain_initiative/voyages,,*,income_group,low-income,low-income,as published,23\n"
    corrections.write_text(text + row, "utf-8")
    try:
        planned = jobs(run(built, "snakemake", "--dry-run").stdout)
        done = run(built, "snakemake", receipt)
        after = built_files(built)
    finally:
        corrections.write_text(text, "utf-8")
    assert planned == {
        "clean_context": 1, "claims": 1, "figure": 1, "numbers": 1, "verdicts": 1,
        "assemble": 1, "render": 2, "pages": 1, "manifest": 1, "all": 1, "total": 11,
    }  # fmt: skip
    assert done.returncode == 0, done.stdout
    # The row accepts what is there: the table is the same, and only its receipt says more.
    assert {path for path in before if before[path] != after[path]} == {receipt}
    assert run(built, "snakemake").returncode == 0
    assert built_files(built) == before


def test_a_new_claim_runs_what_judges_and_shows_it(built):
    claims = built / "config/claims.yaml"
    text = claims.read_text("utf-8")
    first, second = (text.index(f"- id: {name}\n") for name in ("INT-5a", "MIL-1a"))
    entry = text[first:second].replace("INT-5a", "INT-5z")
    claims.write_text(text[:second] + entry + text[second:], "utf-8")
    try:
        planned = jobs(run(built, "snakemake", "--dry-run").stdout)
    finally:
        claims.write_text(text, "utf-8")
    assert planned == {
        "claims": 1, "numbers": 1, "verdicts": 1, "assemble": 1, "render": 2, "pages": 1,
        "manifest": 1, "all": 1, "total": 9,
    }  # fmt: skip


def test_snakemake_looks_for_the_next_job_only_when_one_ends(built):
    # Otherwise it takes from the jobs a part of the cores that they wait for.
    chosen = [
        f"data/processed/clean/{name}.csv" for name in ("energy", "exports", "displaced_within")
    ]
    output = run(built, "snakemake", "--cores", "1", "--verbose", "-f", *chosen).stdout
    assert output.count("Ready jobs: ") == len(chosen)


def test_touching_and_saving_rebuild_nothing(built):
    for folder in (
        "notebooks",
        "aidaudit",
        "nbtrail",
        "config",
        "data",
        "envs",
        "report",
        "figures",
    ):
        for path in (built / folder).rglob("*"):
            path.touch()
    for name in ("Snakefile", "CITATION.cff"):
        (built / name).touch()
    notebook = built / "notebooks/figures/F10.ipynb"
    before = notebook.read_text("utf-8")
    saved = json.loads(before)
    saved["metadata"]["language_info"] = {"name": "python", "version": "3.99.0"}
    saved["metadata"]["widgets"] = {"state": {}}
    for number, cell in enumerate(saved["cells"]):
        cell["id"] = f"other-{number}"
        if cell["cell_type"] == "code":
            cell["execution_count"] = 99
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hi"]}]
    notebook.write_text(json.dumps(saved), "utf-8")
    try:
        assert "Nothing to be done" in run(built, "snakemake", "--dry-run").stdout
    finally:
        notebook.write_text(before, "utf-8")


@pytest.mark.parametrize(
    ("module", "old", "new", "figures"),
    [
        (
            "aidaudit/measures/figure_data.py",
            ".between(first, last)",
            '.between(first, last, inclusive="both")',
            1,
        ),
        (
            "aidaudit/measures/figure_data.py",
            "Series of one country",
            "The series of one country",
            0,
        ),
        ("nbtrail/src/nbtrail/cli.py", "nbtrail failures", "nbtrail failures  ", 0),
        (
            "nbtrail/src/nbtrail/base/zips.py",
            "is packed too tightly",
            "is packed far too tightly",
            0,
        ),
    ],
)
def test_a_changed_function_rebuilds_the_notebooks_that_use_it_only(
    built, module, old, new, figures
):
    path = built / module
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new), "utf-8")
    try:
        told = run(built, "snakemake", "--dry-run").stdout
    finally:
        path.write_text(before, "utf-8")
    if figures:
        assert jobs(told)["figure"] == figures
        assert not {"clean_kiel", "clean_context", "results", "claims"} & set(jobs(told))
    else:
        assert "Nothing to be done" in told


def test_a_change_of_the_runner_rebuilds_every_notebook(built):
    path = built / "nbtrail/src/nbtrail/base/notebook_form.py"
    before = path.read_text("utf-8")
    path.write_text(before.replace('f"cell-{number:02d}"', 'f"cell-{number:03d}"'), "utf-8")
    try:
        planned = jobs(run(built, "snakemake", "--dry-run").stdout)
    finally:
        path.write_text(before, "utf-8")
    assert planned["clean_context"] == len(config.context())
    assert planned["figure"] == len(config.drawn(VARIANTS))


def test_a_failing_cell_is_named_last_and_changes_no_output(built):
    notebook = built / "notebooks/figures/F10.ipynb"
    source = notebook.read_text("utf-8")
    before = built_files(built)
    notebook.write_text(source.replace("ax.axhline(0,", "ax.no_such_thing(0,"), "utf-8")
    failed = run(built, "snakemake", "figures/all/F10.svg")
    assert failed.returncode != 0
    told = run(built, "aidaudit", "failures").stdout
    assert "notebooks/figures/F10.ipynb: failed in cell" in told
    assert "no_such_thing" in told
    assert "aidaudit edit --failed all/F10" in told
    assert told.strip().splitlines()[0] in failed.stdout[-2500:]
    assert (built / "logs/notebooks/all/F10.ipynb").is_file()
    assert built_files(built) == before
    assert "F10" in run(built, "snakemake", "--dry-run").stdout
    notebook.write_text(source, "utf-8")
    assert run(built, "snakemake").returncode == 0
    assert built_files(built) == before


@pytest.mark.parametrize(
    ("path", "old", "new", "made", "rule"),
    [
        # As when memory runs out: whoever ran the notebook can say nothing more.
        ("notebooks/figures/F10.ipynb", "ax.axhline(0,",
         "__import__('os').kill(__import__('os').getppid(), 9)\\nax.axhline(0,",
         "figures/all/F10.svg", "figure"),
        ("report/template.typ", "#let", "#nothing-of-this-name()\n#let",
         "report/report.pdf", "render"),
    ],
)  # fmt: skip
def test_what_was_killed_or_failed_is_made_the_next_time(built, path, old, new, made, rule):
    source = (built / path).read_text("utf-8")
    before = built_files(built)
    (built / path).write_text(source.replace(old, new, 1), "utf-8")
    failed = run(built, "snakemake", made)
    left = jobs(run(built, "snakemake", "--dry-run", made).stdout)
    (built / path).write_text(source, "utf-8")
    assert failed.returncode != 0
    assert left[rule] == 1
    assert run(built, "snakemake").returncode == 0
    assert built_files(built) == before
    staged = {one.name for one in (built / ".staging").iterdir()}
    assert staged == {"excerpts", "fingerprint.json", "hashes.json"}


def test_an_unknown_number_stops_the_report_with_its_place(built):
    section = built / "report/sections/40-economic.md"
    text = section.read_text("utf-8")
    before = built_files(built)
    section.write_text(text.replace("all:F10.growth_2022", "all:F10.grwth_2022"), "utf-8")
    try:
        failed = run(built, "snakemake", "report/report.html")
    finally:
        section.write_text(text, "utf-8")
    assert failed.returncode != 0
    assert "report/sections/40-economic.md, row 5" in failed.stdout
    assert "F10.growth_2022" in failed.stdout
    assert built_files(built)["report/report.html"] == before["report/report.html"]
    assert run(built, "snakemake").returncode == 0


def test_raw_facts_changed_by_hand_stop_the_build(built):
    raw = built / "data/raw/kiel/release-21/activities.csv"
    text = raw.read_text("utf-8")
    raw.write_text(text.replace("Australia", "Austria", 1), "utf-8")
    try:
        failed = run(built, "snakemake", "data/processed/clean/kiel_release_21.csv")
    finally:
        raw.write_text(text, "utf-8")
    assert failed.returncode != 0
    assert "is not the one that its descriptor describes" in failed.stdout
    assert run(built, "snakemake").returncode == 0


@pytest.mark.parametrize(
    ("name", "own", "told"),
    [
        ("clean/kiel", {"colour": "red"}, ["no parameter 'colour'", "release"]),
        ("clean/kiel", {"release": "21"}, ["'release'", "int"]),
        ("clean/kiel", {"release": 22}, ["'release'", "22", "7, 13, 16, 18, 19, 21, 25, 28"]),
        ("clean/kiel", {}, ["'release' is not given"]),
        (
            "analysis/claims",
            {**ARTICLE, "variant": "artcle"},
            ["'variant'", "article, literal"],
        ),
        (
            "figures/F02",
            {
                "variant": "article",
                "release": 21,
                "cut_off": "2024-12-31",
                "donor_group": "nat",
            },
            ["'donor_group'", "nato_eu", "Did you mean 'nato'"],
        ),
    ],
)
def test_a_wrong_parameter_stops_before_any_kernel_starts(built, name, own, told):
    stopped = run(
        built, "aidaudit", "notebook", f"notebooks/{name}.ipynb", "out.ipynb",
        "--parameters", json.dumps(own), "--", "::",
    )  # fmt: skip
    assert stopped.returncode == 1
    assert "Traceback" not in stopped.stdout
    assert f"notebooks/{name}.ipynb" in stopped.stdout
    for words in told:
        assert words in stopped.stdout.replace("[", "").replace("]", "")
    assert not (built / "out.ipynb").exists()
    assert not (built / "logs/notebooks/out.ipynb").exists()


def test_an_unknown_variant_is_told_with_the_known_ones(built):
    stopped = run(built, "snakemake", "--dry-run", "--config", "variants=artcle")
    assert stopped.returncode != 0
    assert "'artcle' is not a known variant" in stopped.stdout
    assert "Did you mean 'article'" in stopped.stdout


def test_a_subset_of_variants_is_built_without_the_report(built):
    planned = run(built, "snakemake", "--dry-run", "--forceall", "--config", "variants=article")
    assert jobs(planned.stdout)["figure"] == len(config.drawn(["article"]))
    assert "render" not in jobs(planned.stdout)


def test_notebooks_run_from_their_own_folder_as_jupyterlab_does(built):
    assert determinism.root() == ROOT
    before = built_files(built)
    done = run(
        built / "notebooks/figures", "jupyter", "execute", "--inplace", "F10.ipynb",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    # What the workflow made stays as it is; the copy has the same words, and says what it is.
    assert built_files(built) == before
    words = "figures/all/F10.json"
    copy = (built / "scratch" / words).read_text("utf-8")
    assert copy.count(f" ({standing.OUTSIDE})") == 3
    assert copy.replace(f" ({standing.OUTSIDE})", "") == (built / words).read_text("utf-8")
    assert "Nothing to be done" in run(built, "snakemake", "--dry-run").stdout
    assert run(built, "git", "checkout", "-q", "notebooks").returncode == 0


# ---------------------------------------------------------------- citing and archiving


def manifest_of(root: Path) -> dict:
    return json.loads((root / paths.MANIFEST).read_text("utf-8"))


def test_the_build_gives_what_is_recorded(built):
    verified = run(built, "aidaudit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert verified.stdout.startswith(("The same bytes", "The same values"))


@pytest.fixture
def unbuilt(built):
    """Changes a file of the checkout, until the test is done."""
    kept = {}

    def change(path: str, old: str, new: str) -> None:
        kept[path] = (built / path).read_text("utf-8")
        assert old in kept[path]
        (built / path).write_text(kept[path].replace(old, new, 1), "utf-8")

    yield change
    for path, before in kept.items():
        (built / path).write_text(before, "utf-8")


def test_a_notebook_that_is_not_built_yet_is_told_by_all_that_speaks_of_outputs(built, unbuilt):
    record = (built / verify.HASHES).read_bytes()
    unbuilt("notebooks/figures/F10.ipynb", "All three broke", "All of them broke")
    told = "all/F10: notebooks/figures/F10.ipynb or its code has changed"
    for command in (("verify",), ("verify", "--record"), ("archive",)):
        refused = run(built, "aidaudit", *command)
        assert refused.returncode == 1
        assert told in refused.stdout
        assert "fix:      build it: make report" in refused.stdout
    assert (built / verify.HASHES).read_bytes() == record
    for command in (("cite", "F10-all"), ("trace", "F10-all")):
        assert told in run(built, "aidaudit", *command).stdout
    # What has nothing to do with it is cited as ever.
    assert told not in run(built, "aidaudit", "cite", "T02-article").stdout


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("config/config.yaml", "fixed_usd_per_eur: 1.13972", "fixed_usd_per_eur: 1.13973",
         "article/results: its parameters have changed: fixed_usd_per_eur"),
        ("report/style.css", "body", "body ",
         "report/html: what it reads has changed: report/style.css"),
        ("nbtrail/src/nbtrail/record/numbers.py", "comes from two", "comes from several",
         "all/numbers: its code has changed"),
    ],
)  # fmt: skip
def test_whatever_is_not_built_yet_is_not_verified(built, unbuilt, path, old, new, told):
    unbuilt(path, old, new)
    refused = run(built, "aidaudit", "verify")
    assert refused.returncode == 1
    assert told in refused.stdout


def test_what_is_generated_is_up_to_date(built):
    checked = run(built, "aidaudit", "generate", "--check")
    assert checked.returncode == 0, checked.stdout


def test_every_notebook_ran_with_what_the_plan_says(built):
    jobs = json.loads((built / paths.MANIFEST).read_text("utf-8"))["jobs"]
    planned = {str(job): job for job in plan.jobs()}
    assert set(planned) == {name for name, about in jobs.items() if about["notebook"]}
    for name, job in planned.items():
        assert jobs[name]["parameters"] == job.parameters, name
        assert set(jobs[name]["inputs"]) >= set(plan.reads(job)), name


def test_the_manifest_knows_every_output(built):
    manifest = manifest_of(built)
    own = {paths.receipt(*job.split("/")) for job in manifest["jobs"]}
    known = {*manifest["outputs"], *own, *paths.of_manifest()}
    found = {path for path in built_files(built) if not path.endswith(".gitkeep")}
    assert found == known
    for path, about in manifest["outputs"].items():
        assert about["sha256"] == sha256((built / path).read_bytes()).hexdigest()
        job = manifest["jobs"][about["job"]]
        # The view's library comes out of the environment; the manifest has its lock besides.
        assert job["inputs"] or about["job"] == "report/library", path
        for source in job["inputs"]:
            assert (built / source.partition("#")[0]).is_file()


def test_every_format_carries_id_version_and_what_it_was_made_from(built):
    manifest = manifest_of(built)
    descriptor = json.loads((built / "figures/datapackage.json").read_text("utf-8"))
    tables = {f"figures/{one['path']}": one for one in descriptor["resources"]}
    figures = {k: i for k, i in manifest["items"].items() if i["kind"] == "figure"}
    assert len(figures) == len(config.drawn(VARIANTS)) + 1
    for identifier, item in figures.items():
        svg, pdf, png, table, _ = item["files"]
        made_from = manifest["jobs"][item["job"]]["made_from"]
        with Image.open(built / png) as picture:
            assert picture.text["aidaudit-id"] == identifier
            assert picture.text["aidaudit-version"] == determinism.VERSION
            assert picture.text["aidaudit-made-from"] == made_from
        line = (
            f"aidaudit-id={identifier}; aidaudit-version={determinism.VERSION}; "
            f"aidaudit-made-from={made_from}"
        )
        assert pypdf.PdfReader(built / pdf).metadata["/Keywords"] == line
        assert line in (built / svg).read_text("utf-8")
        about = tables[table]
        assert about["aidaudit-id"] == identifier
        assert about["aidaudit-made-from"] == made_from
    pdf = pypdf.PdfReader(built / "report/report.pdf")
    made_from = manifest["jobs"]["report/pdf"]["made_from"]
    assert f"aidaudit-made-from={made_from}" in pdf.metadata["/Keywords"]
    assert 'content="aidaudit-id=report-html;' in (built / "report/report.html").read_text()


@pytest.mark.parametrize("path", paths.DESCRIPTORS)
def test_built_tables_are_valid_packages(built, path):
    report_ = frictionless.validate(str(built / path))
    assert report_.valid, report_.flatten(["rowNumber", "fieldName", "type", "note"])[:5]
    assert len(report_.tasks) > 30


def test_every_number_of_the_text_has_its_id_beside_it(built):
    page = (built / "report/report.html").read_text("utf-8")
    cited_ = set(re.findall(r'href="#(n[a-z2-7]{6})"', page))
    assert len(cited_) > 200
    listed = dict(re.findall(r'<span id="(n[a-z2-7]{6})">(n[a-z2-7]{6})</span>', page))
    assert set(listed) == cited_
    assert all(key == shown for key, shown in listed.items())
    known = manifest_of(built)["items"]
    assert cited_ <= set(known)


def test_a_number_leads_back_to_the_upstream_file_and_its_rows(built):
    key = "article:at_article_date.nato.allocation.eur_bn"
    told = run(built, "aidaudit", "trace", key).stdout
    for words in (
        "notebooks/analysis/results.ipynb",
        "kiel_release_21.csv",
        "upstream: Ukraine",
    ):
        assert words in told
    source = json.loads(
        (built / "data/raw/kiel/release-21/datapackage.json").read_text("utf-8")
    )["sources"][0]["hash"]
    assert source.removeprefix("sha256:") in told
    rows = run(built, "aidaudit", "trace", "--rows", key).stdout
    listed = list(csv.DictReader(rows.splitlines()))
    assert sum(float(row["value_eur"]) for row in listed) / 1e9 == pytest.approx(
        203.892, abs=0.001
    )
    # Rows of the raw table, by their places in it.
    raw = list(csv.DictReader(
        (built / "data/raw/kiel/release-21/activities.csv").open(encoding="utf-8")
    ))  # fmt: skip
    by_row = {row["row"]: row for row in raw}
    assert all(by_row[row["row"]]["activity_id"] == row["activity_id"] for row in listed)


def test_cited_files_are_told_by_exit_status(built, tmp_path):
    figure = built / "figures/all/F10.png"
    copy = tmp_path / "image.png"
    copy.write_bytes(figure.read_bytes())
    found = run(built, "aidaudit", "check", str(copy))
    assert (found.returncode, found.stdout[:9]) == (0, "unchanged")
    assert "F10-all" in found.stdout
    assert "upstream" in found.stdout or "data:" in found.stdout
    with Image.open(figure) as picture:
        altered = picture.convert("RGB")
    altered.putpixel((5, 5), (1, 2, 3))
    altered.save(copy)
    assert run(built, "aidaudit", "check", str(copy)).returncode == 1
    copy.write_bytes(b"something else")
    assert run(built, "aidaudit", "check", str(copy)).returncode == 2
    assert "@misc{aidaudit-" in run(built, "aidaudit", "cite", "F10-all").stdout


# What must make no difference: another folder with letters and spaces, time zone, language,
# hash seed, user, home and file permissions. HOME is made for the test.
OTHERWISE = {
    "TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8",
    "PYTHONHASHSEED": "4711", "USER": "somebody", "LOGNAME": "somebody",
    "MPLBACKEND": "svg", "SOURCE_DATE_EPOCH": "1", "OMP_NUM_THREADS": "2",
}  # fmt: skip


@pytest.fixture(scope="module")
def archived(built) -> Path:
    done = run(built, "aidaudit", "archive")
    assert done.returncode == 0, done.stdout
    (made,) = (built / "dist").glob("*.zip")
    return made


def test_the_archive_alone_rebuilds_the_same_bytes_and_the_same_archive(
    built, archived, tmp_path
):
    other = tmp_path / "Ünpacked elsewhere"
    unpacked = run(built, "aidaudit", "unpack", str(archived), str(other))
    assert unpacked.returncode == 0, unpacked.stdout
    other = other / archived.stem
    assert unpacked.stdout.strip() == str(other)
    assert not (other / ".git").exists()
    hashes = (other / "manifest-sha256.txt").read_text("utf-8").splitlines()
    for line in hashes:
        assert sha256((other / line[66:]).read_bytes()).hexdigest() == line[:64], line
    before = built_files(built)
    assert {k: v for k, v in built_files(other).items() if ".gitkeep" not in k} == {
        k: v for k, v in before.items() if ".gitkeep" not in k
    }
    assert "Nothing to be done" in run(other, "snakemake", "--dry-run").stdout
    assert run(other, "make", "clean").returncode == 0
    home = tmp_path / "home"
    home.mkdir()
    # A network of its own, with nothing in it, where the machine allows that.
    alone = (
        ["unshare", "--net"] if run(other, "unshare", "--net", "true").returncode == 0 else []
    )
    done = run(other, *alone, "snakemake", HOME=str(home), **OTHERWISE)
    assert done.returncode == 0, done.stdout[-4000:]
    after = built_files(other)
    differing = [path for path in after if after[path] != before.get(path)]
    assert differing == []
    assert set(after) == {path for path in before if ".gitkeep" not in path}
    again = run(other, "aidaudit", "archive", HOME=str(home), **OTHERWISE)
    assert again.returncode == 0, again.stdout
    assert (other / f"dist/{archived.name}").read_bytes() == archived.read_bytes()


def test_the_archive_meets_its_specifications(built, archived):
    python = ROOT / ".venv-validators/bin/python"
    if not python.is_file():
        pytest.skip("no environment of validators: make test makes it")
    done = run(built, str(python), "tests/validators/run.py", str(archived), "--quick")
    assert done.returncode == 0, done.stdout
    assert "All requirements are met." in done.stdout
