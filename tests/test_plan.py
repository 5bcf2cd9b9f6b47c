"""What the DAG injects, told from one place; and what people call its jobs."""

import subprocess
import sys
from pathlib import Path

import pytest

from aidaudit import config
from nbtrail.author import notebook_checks
from nbtrail.base import parameters, plan
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
SOURCES = notebook_checks.sources()


@pytest.mark.parametrize("notebook", SOURCES)
def test_defaults_of_every_notebook_are_what_the_dag_injects(notebook):
    assert notebook_checks.defaults_differ(notebook) == []
    declared = parameters.declared(notebook)
    injected = plan.default(notebook).parameters
    assert injected == {name: one.default for name, one in declared.items()}


@pytest.mark.parametrize(
    ("name", "variant", "job"),
    [
        ("F02", None, "article/F02"),
        ("F02", "literal", "literal/F02"),
        ("F02-literal", None, "literal/F02"),
        ("latest/F16", None, "latest/F16"),
        # The default variant ends before what F16 shows.
        ("F16", None, "latest/F16"),
        ("F07", None, "all/F07"),
        ("T02-latest", None, "latest/T02"),
        ("notebooks/figures/F02.ipynb", "latest", "latest/F02"),
        ("analysis/results", None, "article/results"),
        ("claims", "all", "all/claims"),
        ("kiel_release_21", None, "clean/kiel_release_21"),
        ("notebooks/clean/kiel.ipynb", "kiel_release_28", "clean/kiel_release_28"),
        ("donors", None, "clean/donors"),
        ("notebooks/report.ipynb", None, "all/report"),
    ],
)
def test_people_name_jobs_in_several_ways(name, variant, job):
    assert str(plan.named(name, variant)) == job


@pytest.mark.parametrize(
    ("name", "variant", "told"),
    [
        ("F99", None, "no such notebook or output"),
        ("resluts", None, "Did you mean 'results'"),
        ("F02", "literl", "Did you mean 'literal'"),
        ("F16", "article", "(?s)not made for 'article'.*expected: one of latest$"),
        ("F05", "latest", "(?s)not made for 'latest'.*expected: one of all$"),
        ("article/F16", None, "the build has no job article/F16"),
    ],
)
def test_unknown_names_are_told_with_the_nearest(name, variant, told):
    with pytest.raises(AuditError, match=told):
        plan.named(name, variant)


def test_a_release_that_is_not_ingested_has_nothing_to_read():
    with pytest.raises(AuditError, match="no raw table in data/raw/kiel/release-99"):
        plan.reads(plan.job("clean", "kiel_release_99"))


def test_a_release_is_cleaned_beside_those_before_and_after_it():
    read = plan.reads(plan.job("clean", "kiel_release_21"))
    folders = {path.split("/")[3] for path in read if path.startswith("data/raw/kiel/")}
    assert folders == {"release-19", "release-21", "release-25"}


def test_a_job_gets_what_its_notebook_declares_and_nothing_else():
    job = plan.named("F16")
    assert job.parameters == {
        "variant": "latest",
        "release": config.variant("latest").release,
        "cut_off": config.variant("latest").cut_off,
        **config.shown()["F16"].parameters,
    }
    assert "fixed_usd_per_eur" in job.offer


def test_a_subset_of_variants_is_what_the_matrix_of_verdicts_shows():
    assert plan.job("all", "V01", ["article"]).parameters["variants"] == ["article"]
    assert "all/report" not in map(str, plan.jobs(["article"]))
    assert plan.reads(plan.job("all", "V01", ["article"]))[:2] == [
        "data/processed/article/claims.csv",
        "data/processed/all/claims.csv",
    ]


def test_a_changed_default_is_named_with_both_values(monkeypatch):
    monkeypatch.setattr(
        parameters,
        "declared",
        lambda path: {
            "variant": parameters.Parameter("variant", "str", "latest", "its name", True),
            "colour": parameters.Parameter("colour", "str", "red", "of bars", True),
        },
    )
    first, second = notebook_checks.defaults_differ("notebooks/figures/F02.ipynb")
    assert "'latest', and the DAG injects 'article' for article/F02" in first
    assert "colour is given by nobody" in second


def test_a_notebook_that_no_job_runs_is_told():
    (told,) = notebook_checks.defaults_differ("notebooks/figures/F99.ipynb")
    assert "config/figures.yaml" in told


def test_parameters_of_no_job_are_told_with_the_command_that_changes_some():
    job = plan.named("F02", "literal")
    path = "figures/literal/F02.svg"
    assert plan.unplanned(path, job.parameters) is None
    # As papermill leaves it: -p variant literal, and defaults for the rest.
    given = plan.named("F02", "article").parameters | {"variant": "literal"}
    told = plan.unplanned(path, given)
    assert f"cut_off is {given['cut_off']!r}, not {job.parameters['cut_off']!r}" in told
    assert "aidaudit run literal/F02 -p NAME=VALUE" in told
    # The build draws this one for the newest data alone.
    given = plan.named("F16").parameters | {"variant": "literal"}
    assert "variant is 'literal'" in plan.unplanned("figures/literal/F16.svg", given)
    assert plan.unplanned("scratch/mine.csv", {}) is None


@pytest.mark.build
def test_a_notebook_that_papermill_runs_says_once_that_its_parameters_are_of_no_job(
    tmp_path, monkeypatch
):
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()\n"
        "s.user_ns.update(variant='literal', release=21, cut_off='2024-12-31')\n"
        "from nbtrail.base import files\n"
        "made = [files.target(f'figures/literal/F02.{kind}') for kind in ('svg', 'pdf')]\n"
        "print([path.parts[-4] for path in made])"
    )
    for folder in ("config", "data", "notebooks", "report", "envs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "Snakefile").touch()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "['scratch', 'scratch']\n", done.stderr
    assert done.stderr.count("are those of no job of the build") == 1
