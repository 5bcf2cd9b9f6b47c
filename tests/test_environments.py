"""Every way to get the environment gives the same versions: those of the lock file."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = "envs/requirements.txt"
PYTHON = "3.11"


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def locked(path: str = LOCK) -> dict[str, list[tuple[Requirement, int]]]:
    """Name → requirements with the number of their hashes."""
    found: dict[str, list[tuple[Requirement, int]]] = {}
    for entry in re.split(r"\n(?=\S)", text(path).strip()):
        if entry.startswith("#"):
            continue
        requirement = Requirement(entry.split("\\")[0].split("\n")[0].strip())
        name = canonicalize_name(requirement.name)
        found.setdefault(name, []).append((requirement, entry.count("--hash=sha256:")))
    return found


@pytest.mark.parametrize(
    "path", sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("envs/*.txt"))
)
def test_every_package_is_pinned_with_hashes_and_no_address(path):
    entries = locked(path)
    assert entries
    for versions in entries.values():
        for requirement, hashes in versions:
            assert str(requirement.specifier).startswith("=="), requirement
            assert hashes > 0, requirement
    assert "://" not in text(path)


def test_what_is_asked_for_is_locked():
    for name in text("envs/requirements.in").split():
        assert canonicalize_name(Requirement(name).name) in locked()


def test_what_is_installed_here_is_what_is_locked():
    for name, versions in locked().items():
        wanted = [one for one, _ in versions if one.marker is None or one.marker.evaluate()]
        for requirement in wanted:
            assert metadata.version(name) in requirement.specifier, requirement


def options(name: str) -> list[str]:
    """How the Makefile has pip install."""
    (found,) = re.findall(
        rf"^{name} := -m (.+)$", text("Makefile").replace("\\\n", ""), re.MULTILINE
    )
    return [one for one in found.split() if one not in QUIET]


QUIET = ("--quiet", "--disable-pip-version-check")
INSTALLED = {"INSTALL": f" -r {LOCK}", "INSTALL_CHECKOUT": ""}


@pytest.mark.parametrize("path", [".binder/postBuild", "envs/environment.yaml"])
def test_other_ways_install_as_the_makefile_does(path):
    for name, rest in INSTALLED.items():
        assert " ".join(options(name)) + rest + "\n" in text(path)


def test_conda_takes_python_alone_and_binder_the_same():
    environment = yaml.safe_load(text("envs/environment.yaml"))
    assert environment["dependencies"] == [f"python={PYTHON}", "pip"]
    assert text(".binder/runtime.txt").strip() == f"python-{PYTHON}"
    assert (ROOT / ".binder/postBuild").stat().st_mode & 0o100


def test_containers_and_codespaces_go_the_way_of_the_makefile():
    recipe = text("envs/Dockerfile")
    assert re.search(rf"^ARG BASE=python:{re.escape(PYTHON)}-\S+$", recipe, re.MULTILINE)
    assert "FROM ${BASE} AS base\n" in recipe
    assert "RUN make .venv/.ready" in recipe
    assert "pip install" not in recipe
    space = json.loads(text(".devcontainer/devcontainer.json"))
    folder = ROOT / ".devcontainer"
    assert (folder / space["build"]["dockerfile"]).resolve() == ROOT / "envs/Dockerfile"
    assert (folder / space["build"]["context"]).resolve() == ROOT
    assert f" AS {space['build']['target']}\n" in recipe
    assert space["postCreateCommand"] == "make .venv/.ready"
    assert f"-r {LOCK}" in text("Makefile")


def sdist(folder: Path, name: str, code: str, requires: str = "") -> Path:
    """A package as source alone, which runs code when it is built."""
    files = {
        "setup.py": f"import setuptools\n{code}\nsetuptools.setup(name='{name}')\n",
        "pyproject.toml": f"[build-system]\nrequires = [{requires}]\n",
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
    }
    path = folder / f"{name}-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file, content in files.items():
            entry = tarfile.TarInfo(f"{name}-1/{file}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content.encode()))
    return path


def wheel(folder: Path, name: str, needs: str = "") -> Path:
    """A package that holds nothing."""
    path, about = folder / f"{name}-1-py3-none-any.whl", f"{name}-1.dist-info"
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needs}",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(f"{about}/{file}", content)
        record = "".join(f"{about}/{file},,\n" for file in (*files, "RECORD"))
        archive.writestr(f"{about}/RECORD", record)
    return path


@pytest.mark.parametrize("case", ["another file", "only source", "more needed"])
def test_what_no_hash_names_is_neither_fetched_nor_run(tmp_path, case):
    offered, ran = tmp_path / "offered", tmp_path / "ran"
    offered.mkdir()
    code = f"open({str(ran)!r}, 'w').close()"
    kept = wheel(offered, "kept", "Requires-Dist: more\n" if case == "more needed" else "")
    # What a build would ask for: any file of this name, by no hash.
    sdist(offered, "asked", code)
    wheel(offered, "more")
    source = sdist(offered, "source", code, requires="'asked'")
    named = source if case == "only source" else kept
    digest = hashlib.sha256(named.read_bytes()).hexdigest()
    name = named.name.partition("-")[0]
    (tmp_path / "lock.txt").write_text(f"{name}==1 --hash=sha256:{digest}\n")
    if case == "another file":
        kept.write_bytes(kept.read_bytes() + b"\0")
    done = subprocess.run(
        [sys.executable, "-m", *options("INSTALL"), "-r", "lock.txt", "--target", "here",
         "--no-index", f"--find-links={offered}", "--no-cache-dir"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},
    )  # fmt: skip
    installed = {
        path.name.partition("-")[0] for path in (tmp_path / "here").glob("*.dist-info")
    }
    assert not ran.exists()
    assert installed == ({"kept"} if case == "more needed" else set()), done
    assert (done.returncode == 0) == (case == "more needed"), done.stderr


def test_nothing_is_installed_but_by_the_makefile_s_two_ways():
    asked = re.findall(r"-m pip .*", text("Makefile"))
    # The third is what is pinned on purpose nowhere: the oldest and the newest Snakemake.
    assert len(asked) == 3
    assert asked[2].endswith("\\")
    assert '--target "$$place" "$$wanted"' in text("Makefile")
    assert "pip install uv" not in text("Makefile")


def test_every_way_names_a_python_that_the_project_runs_on():
    (wanted,) = re.findall(r'^requires-python = "(.+)"$', text("pyproject.toml"), re.MULTILINE)
    assert PYTHON in Requirement(f"python{wanted}").specifier
    assert sys.version_info >= tuple(map(int, PYTHON.split(".")))


def test_the_executors_of_clusters_stand_on_the_same_versions():
    shared, more = locked(), locked("envs/cluster.txt")
    assert {name: more[name] for name in shared} == shared
    asked = re.findall(r"^snakemake-.+$", text("envs/cluster.in"), re.MULTILINE)
    assert asked
    assert set(asked) <= set(more)


def profile(name: str) -> dict:
    return yaml.safe_load(text(f"profiles/{name}/config.yaml"))


def rules() -> set[str]:
    """The rules that run something, as the files of the workflow name them."""
    workflow = "\n".join(path.read_text("utf-8") for path in ROOT.glob("rules/*.smk"))
    used = re.findall(r"^use rule (\w+) as (\w+) with:$", workflow, flags=re.MULTILINE)
    bodies = re.split(r"^(?:use )?rule (\w+)", workflow, flags=re.MULTILINE)[1:]
    own = {n for n, body in zip(bodies[::2], bodies[1::2], strict=True) if "shell:" in body}
    # What others use is run by these alone.
    bases = {base for base, _ in used}
    return own - bases | {name for base, name in used if base in own}


CLUSTERS = ("slurm", "kubernetes")


@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_build_by_the_same_settings(name):
    default, cluster = profile("default"), profile(name)
    # Cores are those of one job there.
    assert {key: cluster.get(key) for key in default if key != "cores"} == {
        key: value for key, value in default.items() if key != "cores"
    }


@pytest.mark.parametrize("name", CLUSTERS)
def test_clusters_run_every_rule_in_a_group(name):
    groups = profile(name)["groups"]
    # `ingest` is run by hand, and where it was asked.
    assert set(groups) == rules() - {"ingest"}
    assert set(profile(name)["group-components"]) <= set(groups.values())


def test_pods_enter_the_volume_that_they_mount():
    settings = profile("kubernetes")
    (volume,) = settings["kubernetes-persistent-volumes"]
    _, folder = volume.split(":")
    assert settings["precommand"].startswith(f"cd {folder} && . .venv/bin/activate")


@pytest.mark.parametrize("fails", ["ruff", "pytest"])
def test_make_test_runs_everything_and_sums_up(tmp_path, fails):
    """Form comes last and hides nothing; whatever fails is named at the end."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in (".venv/bin", ".venv-validators/bin", "envs", "nbtrail"):
        (tmp_path / folder).mkdir(parents=True)
    locks = ("envs/requirements.txt", "envs/validators.txt")
    for file in (*locks, "pyproject.toml", "nbtrail/pyproject.toml"):
        (tmp_path / file).touch()
    for name in ("pytest", "ruff", "snakefmt", "snakemake", "aidaudit"):
        stub = tmp_path / ".venv/bin" / name
        stub.write_text(f"#!/bin/sh\necho ran {name} $1\nexit {int(name == fails)}\n")
        stub.chmod(0o755)
    for ready in (".venv/.ready", ".venv-validators/.ready"):
        (tmp_path / ready).write_text(f"{tmp_path.resolve()}\n", encoding="utf-8")
    done = subprocess.run(
        ["make", "test"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    ran = [line for line in done.stdout.splitlines() if line.startswith("ran ")]
    assert ran == [
        "ran pytest -n", "ran aidaudit notebooks", "ran aidaudit generate",
        "ran aidaudit schemas", "ran snakemake --lint", "ran ruff check", "ran ruff format",
        "ran snakefmt --check",
    ]  # fmt: skip
    assert done.returncode != 0
    told = done.stderr.partition("FAILED:")[2]
    assert ("ruff check ." in told, "pytest -n 2" in told) == (
        fails == "ruff",
        fails == "pytest",
    )
    assert "make fix" in told


def test_the_version_can_be_read_before_the_package_is_installed():
    code = (
        "import runpy, sys; sys.modules['nbtrail'] = None; "
        "print(runpy.run_path('nbtrail/src/nbtrail/base/determinism.py')['VERSION'])"
    )
    read = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(read, cwd=ROOT, capture_output=True, text=True, check=False)
    stated = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"]
    assert done.stdout == f"{stated}\n", done.stderr
