"""Flags, settings and surroundings of a user: they change no byte, or are refused with why."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.exceptions import WorkflowError

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError
from nbtrail.run import invocation

ROOT = Path(__file__).parents[1]
WORKFLOW = """\
from nbtrail.run import invocation
invocation.check(workflow, config)
rule a:
    output:
        update("a.txt"),
    params:
        code="first",
    shell:
        "echo {params.code} > {output}; env -0 > environment"
"""
REFUSED = {
    "--rerun-triggers mtime": "edits of notebooks, code and settings would go unseen",
    "--allowed-rules a": "stale or not",
    "--batch a=1/1": "stale or not",
    "--trust-io-cache": "would go unseen",
    "--consider-ancient a=0": "changes of these inputs would go unseen",
    "--persistence-backend db": "would go unseen",
    "--omit-flags update": "take its old outputs with it",
    "--all-temp": "outputs would be deleted",
    "--ignore-incomplete": "would count as made",
    "--drop-metadata": "could not tell what has changed",
    "--no-hooks": "two builds of one folder",
    "--touch": "outputs would count as made that are not",
}
HARMLESS = (
    "--forceall --until a --retries 1 --notemp --keep-incomplete --shadow-prefix elsewhere "
    "--force-use-threads --latency-wait 1 --max-checksum-file-size 1 --allow-ambiguity"
)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A workflow of one rule, called as this project's is."""
    (tmp_path / "Snakefile").write_text(WORKFLOW, "utf-8")
    shutil.copytree(ROOT / "profiles/default", tmp_path / "profiles/default")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def snakemake(*options: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


# ---------------------------------------------------------------- flags and profiles


@pytest.mark.build
def test_flags_that_leave_outputs_stale_are_refused_with_the_reason(tiny):
    done = snakemake(*" ".join(REFUSED).split())
    assert done.returncode
    assert "Traceback" not in done.stdout
    for flag, why in REFUSED.items():
        (told,) = [s for s in done.stdout.split(". ") if f"{flag.split()[0]} is refused" in s]
        assert why in told
    assert not (tiny / "a.txt").exists()


@pytest.mark.build
def test_what_only_forgets_is_refused_and_its_advice_works(tiny):
    assert snakemake().returncode == 0
    done = snakemake("--cleanup-metadata", "a.txt")
    assert done.returncode
    assert "--cleanup-metadata is refused" in done.stdout
    assert "make archive" in snakemake("--archive", "all.tar.gz").stdout
    Path("a.txt").write_text("old")
    assert snakemake("--force", "a.txt").returncode == 0
    assert Path("a.txt").read_text() == "first\n"


@pytest.mark.build
def test_a_profile_of_one_s_own_does_not_hide_edits_nor_do_harmless_flags_harm(tiny):
    assert snakemake(*HARMLESS.split()).returncode == 0
    assert Path("a.txt").read_text() == "first\n"
    Path("own").mkdir()
    Path("own/config.yaml").write_text("rerun-triggers: mtime\n", "utf-8")
    Path("Snakefile").write_text(WORKFLOW.replace("first", "second"), "utf-8")
    assert snakemake(SNAKEMAKE_PROFILE="own").returncode == 0
    assert Path("a.txt").read_text() == "second\n"
    Path("own/config.yaml").write_text("touch: true\n", "utf-8")
    done = snakemake(SNAKEMAKE_PROFILE="own")
    assert "--touch is refused" in done.stdout
    assert "a profile of yours" in done.stdout


@pytest.mark.build
def test_a_build_is_at_home_in_its_checkout_alone(tiny):
    (tiny / "inside").mkdir()
    done = snakemake("--directory", "inside")
    assert done.returncode
    assert f"cd {tiny}" in done.stdout


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"variant": "latest"}, "Did you mean 'variants'?"),
        ({"cutoff": "2026-01-01"}, "Did you mean 'cut_off'?"),
        ({"execution": "wram"}, "Did you mean 'warm'?"),
        ({"pathvars": {}}, "variants, execution, source, file, release, cut_off, taken"),
    ],
)
def test_what_config_does_not_know_is_told_with_what_it_knows(given, told):
    with pytest.raises(AuditError) as error:
        invocation._config(given)
    assert told in str(error.value)


def test_config_takes_what_the_readme_says():
    invocation._config({"variants": "article,latest", "execution": "plain"})
    invocation._config(
        {"source": "kiel", "file": "t.xlsx", "release": 31, "cut_off": "2026-08-31"}
    )


# ---------------------------------------------------------------- environment

# What people have in their shells, and what it would do.
USERS = {
    "PYTHONSTARTUP": "runs before the first cell",
    "PYTHONHOME": "other modules",
    "PYTHONOPTIMIZE": "no asserts",
    "PYTHONWARNINGS": "warnings as errors",
    "PYTHONINSPECT": "never ends",
    "IPYTHONDIR": "other profiles",
    "JUPYTER_PATH": "other kernels",
    "JUPYTER_CONFIG_DIR": "other settings",
    "MPLCONFIGDIR": "other settings",
    "MATPLOTLIBRC": "other settings",
    "PYPANDOC_PANDOC": "another pandoc",
    "BASH_ENV": "runs before each command",
    "BASH_FUNC_aidaudit%%": "() { true; }",
    "OMP_PROC_BIND": "x",
    "LANGUAGE": "tr",
    "COLUMNS": "40",
}
MACHINES = {"LD_LIBRARY_PATH": "/x", "TMPDIR": "/y", "SLURM_JOB_ID": "1", "HOME": "/home/x"}


def test_an_environment_holds_what_is_the_machine_s_and_nothing_that_steers_python():
    tidied = determinism.tidied({**USERS, **MACHINES, "PYTHONPATH": "/stray"})
    assert not set(USERS) & set(tidied)
    assert {name: tidied[name] for name in MACHINES} == MACHINES
    assert tidied["PYTHONPATH"] == f"{ROOT}:{ROOT}/nbtrail/src"


@pytest.mark.build
def test_jobs_have_this_environment_s_commands_and_no_settings_of_the_user(tiny):
    (tiny / "stray").mkdir()
    (tiny / "stray/seaborn.py").write_text("raise ImportError", "utf-8")
    (tiny / "start.sh").write_text("exit 3", "utf-8")
    done = snakemake(
        BASH_ENV=str(tiny / "start.sh"),
        PYTHONPATH=f"{ROOT}:{tiny}/stray",
        PYTHONSTARTUP="start.py",
        PATH="/usr/bin:/bin",
    )
    assert done.returncode == 0, done.stdout
    seen = dict(one.split("=", 1) for one in Path("environment").read_text().split("\0") if one)
    assert not {"BASH_ENV", "PYTHONSTARTUP"} & set(seen)
    assert seen["PYTHONPATH"] == f"{ROOT}:{ROOT}/nbtrail/src"
    assert seen["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_the_environment_of_another_checkout_is_refused(tmp_path):
    determinism.check_package(ROOT)
    # A folder of that name is no package yet.
    (tmp_path / "aidaudit").mkdir()
    determinism.check_package(tmp_path)
    (tmp_path / "aidaudit/__init__.py").touch()
    with pytest.raises(AuditError, match="another checkout"):
        determinism.check_package(tmp_path)


@pytest.mark.build
def test_a_command_of_another_checkout_does_nothing_here(tiny):
    (tiny / "config").mkdir()
    (tiny / "aidaudit").mkdir()
    (tiny / "aidaudit/__init__.py").touch()
    done = subprocess.run(
        [Path(sys.executable).with_name("aidaudit"), "cite", "F01-literal"],
        env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the environment of another checkout" in done.stderr


@pytest.mark.parametrize("name", ["seaborn.py", "statistics.py", "numpy/__init__.py"])
def test_a_file_that_hides_a_package_is_named(tmp_path, name):
    (tmp_path / "notes.py").touch()
    (tmp_path / "aidaudit").mkdir()
    (tmp_path / "aidaudit/__init__.py").touch()
    invocation._modules(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(AuditError, match=name.partition("/")[0]):
        invocation._modules(tmp_path)


def test_few_open_files_are_made_enough_or_refused(monkeypatch):
    limits = {"now": (64, 4096)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.update(now=new))
    invocation._open_files()
    assert limits["now"] == (256, 4096)
    limits["now"] = (64, 64)
    with pytest.raises(AuditError, match="ulimit -n"):
        invocation._open_files()


def test_a_checkout_of_somebody_else_is_told_to_be_cloned(tmp_path, monkeypatch):
    (tmp_path / "figures").mkdir()
    invocation._writable(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "figures")
    with pytest.raises(AuditError, match=f"figures: .*\n.*git clone {tmp_path} my-copy"):
        invocation._writable(tmp_path)


def test_a_full_disk_of_old_outputs_is_one_message():
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path), None, f".snakemake/{path}")

    persistence = SimpleNamespace(backup_output=full)
    invocation._tell_full_disk(persistence)
    with pytest.raises(WorkflowError) as error:
        persistence.backup_output(Path("a.txt"))
    assert "a.txt: the old output cannot be kept" in str(error.value)
    assert "make room where .snakemake/a.txt lies" in str(error.value)


def test_another_version_than_the_lock_s_is_refused_with_both(tmp_path, monkeypatch):
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/requirements.txt").write_text(
        "typing-extensions==4.1 ; python_version < '3.12' \\\n    --hash=sha256:0\n"
        "typing-extensions==4.2 ; python_version >= '3.12'\npandas[excel]==3.0 \\\n"
    )
    monkeypatch.setattr(invocation.sysconfig, "get_paths", lambda: {"purelib": tmp_path})
    for folder in ("typing_extensions-4.2.dist-info", "own-1.dist-info"):
        (tmp_path / folder).mkdir()
    invocation._packages(tmp_path)
    (tmp_path / "pandas-2.2.3.dist-info").mkdir()
    with pytest.raises(AuditError, match=r"(?s)pandas 2\.2\.3.*3\.0.*pip install --require"):
        invocation._packages(tmp_path)


# ---------------------------------------------------------------- merges


def git(*arguments: str) -> str:
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", *own, *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout


MERGED = {
    "notebooks/a.ipynb": '{\n "cells": [\n  "{}"\n ]\n}\n',
    "config/claims.yaml": "a: 1\nb: {}\n",
    "data/raw/corrections.csv": "a,b\n1,{}\n",
    "data/raw/t/datapackage.json": '{\n "a": "{}"\n}\n',
    "CITATION.cff": 'version: "{}"\n',
    "report/sections/10.md": "Words.\n\n{}\n",
}


@pytest.mark.parametrize("path", MERGED)
def test_a_merge_conflict_is_told_with_file_and_row_and_the_advice_resolves_it(
    tmp_path, monkeypatch, path
):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)

    def commit(word: str) -> None:
        file.write_text(MERGED[path].replace("{}", word), "utf-8")
        git("add", "-A")
        git("commit", "-qm", word)

    git("init", "-q")
    commit("base")
    git("checkout", "-qb", "other")
    commit("theirs")
    git("checkout", "-q", "main")
    commit("ours")
    invocation._conflicts(tmp_path)
    git("merge", "other")
    # As a user may have set git, and as a hook of another repository calls a build.
    git("config", "color.ui", "always")
    git("init", "-q", "another")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another/.git"))
    with pytest.raises(AuditError) as error:
        invocation._conflicts(tmp_path)
    monkeypatch.delenv("GIT_DIR")
    assert str(error.value.file) == path
    assert file.read_text().splitlines()[error.value.row - 1].startswith("<<<<<<< ")
    assert f"git checkout --ours -- {path}" in error.value.mend
    git("checkout", "--ours", "--", path)
    git("add", path)
    invocation._conflicts(tmp_path)
    assert file.read_text("utf-8") == MERGED[path].replace("{}", "ours")


def test_the_conflict_that_nbdime_writes_into_a_cell_is_told_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    cell = '{\n "source": [\n  "x = 1\\n",\n  "<<<<<<< local\\n",\n  "y\\n"\n ]\n}\n'
    (tmp_path / "a.ipynb").write_text(cell, "utf-8")
    git("add", "-A")
    with pytest.raises(AuditError, match=r"a\.ipynb, row 4"):
        invocation._conflicts(tmp_path)
