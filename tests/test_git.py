"""git in a clone: nothing of a branch runs, and what it knows is told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrail import cli
from nbtrail.author import notebook_checks
from nbtrail.base import git, notebook_form
from nbtrail.base.errors import AuditError
from nbtrail.record import old_outputs
from nbtrail.share import archive

ROOT = Path(__file__).parents[1]
SOURCE = "notebooks/figures/F02.ipynb"
OWN = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")


def shell(root: Path, *arguments: str, check: bool = True, **variables: str) -> str:
    done = subprocess.run(
        ["git", *OWN, *arguments], cwd=root, capture_output=True, text=True,
        check=False, env={**os.environ, **variables},
    )  # fmt: skip
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A clone as small as it can be, with an environment where `make` puts it."""
    root = tmp_path / "clone"
    for name in ("Snakefile", "CITATION.cff", ".gitignore", ".gitattributes", SOURCE):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "config", root / "config")
    (root / "aidaudit").mkdir()
    (root / "aidaudit/__init__.py").touch()
    (root / ".venv/bin").mkdir(parents=True)
    (root / ".venv/bin/aidaudit").write_text("#!/bin/sh\n# the real one\ncat\n")
    (root / ".venv/bin/aidaudit").chmod(0o755)
    shell(root, "init", "-q")
    shell(root, "add", "-A")
    shell(root, "commit", "-q", "-m", "as copied")
    monkeypatch.chdir(root)
    return root


# ---------------------------------------------------------------- a hostile branch

# As `make` set clones up before.
BEFORE = {
    "filter.aidaudit-notebook.clean": ".venv/bin/aidaudit clean-notebook",
    "filter.aidaudit-notebook.smudge": "cat",
    "diff.jupyternotebook.command": ".venv/bin/git-nbdiffdriver diff",
    "merge.jupyternotebook.driver": ".venv/bin/git-nbmergedriver merge %O %A %B %L %P",
    "merge.jupyternotebook.name": "nbdime",
}
ATTRIBUTES = """\
* filter=aidaudit-notebook diff=jupyternotebook merge=jupyternotebook
*.ipynb filter=aidaudit-notebook diff=jupyternotebook merge=jupyternotebook
"""
COMMANDS = (
    "aidaudit", "git", "git-nbdiffdriver", "git-nbmergedriver", "git-status", "nbdiff",
    "python", "python3", "sh", "cat", "less", "ssh",
)  # fmt: skip
IMPORTED = (
    "sitecustomize.py", "usercustomize.py", "site.py", "json.py", "conftest.py",
    "aidaudit/__init__.py", "nbtrail/src/nbtrail/run/client.py",
    ".venv/lib/python3/site-packages/a.pth",
    "jupyter_server_config.py",
)  # fmt: skip


def hostile(root: Path, ran: Path, *, link: bool) -> None:
    """A branch with code wherever something might look for it. ran: what it would write."""
    script = f'#!/bin/sh\necho "$0" >> {ran}\nexec /bin/cat\n'
    code = f"import os, sys\nos.system('echo {ran.name} >> {ran}')\n"
    files = {f"{'tools' if link else '.venv'}/bin/{name}": script for name in COMMANDS}
    files |= {f".venv-browser/bin/{name}": script for name in COMMANDS[:2]}
    files |= {f"hooks/{name}": script for name in ("post-checkout", "post-merge", "pre-commit")}
    files |= dict.fromkeys(IMPORTED, code)
    files |= {
        ".gitattributes": ATTRIBUTES,
        ".gitmodules": f'[submodule "a"]\n path = a\n url = ./a\n update = !{script}\n',
        ".gitconfig": f"[core]\n fsmonitor = {ran}\n",
        "pytest.ini": "[pytest]\naddopts = -p evil\n",
        SOURCE: "not a notebook",
    }
    shell(root, "checkout", "-q", "-b", "hostile")
    environment = root.parent / "environment"
    (root / ".venv").rename(environment)
    for name, content in files.items():
        if not (link and name.startswith(".venv/")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
            (root / name).chmod(0o755)
    if link:
        (root / ".venv").symlink_to("tools")
    for name in ("core.attributesFile", "core.hooksPath"):
        assert shell(root, "config", "--get", name, check=False) == ""
    shell(root, "add", "--force", "--all")
    shell(root, "commit", "-q", "-m", "hostile")
    shell(root, "checkout", "-q", "main")
    for left in (root / ".venv", root / ".venv-browser"):
        shutil.rmtree(left, ignore_errors=True)
    environment.rename(root / ".venv")


@pytest.mark.parametrize("link", [False, True], ids=["files", "a link"])
@pytest.mark.parametrize("before", [BEFORE, {}], ids=["set up before", "set up now"])
def test_nothing_of_a_branch_runs_when_git_shows_it(clone, tmp_path, before, link):
    ran = tmp_path / "ran"
    hostile(clone, ran, link=link)
    for key, value in before.items():
        shell(clone, "config", key, value)
    git.set_up()
    real = (clone / ".venv/bin/aidaudit").read_text()
    # As in a shell in which the environment is active.
    path = f"{clone}/.venv/bin{os.pathsep}{os.environ['PATH']}"

    def typed(line: str) -> None:
        own = "-c user.name=a -c user.email=a@b.c"
        command = line.replace("git ", f"git {own} ", 1)
        subprocess.run(
            ["/bin/sh", "-c", command], cwd=clone, capture_output=True, check=False,
            env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        )  # fmt: skip

    typed("git checkout hostile")
    assert shell(clone, "branch", "--show-current") == "hostile\n"
    (clone / "Snakefile").write_text("changed")
    (clone / SOURCE).write_text("changed")
    for line in (
        "git status", "git diff", "git log -p", "git log -p --ext-diff", "git stash",
        "git stash show -p", "git stash pop", "git add -A", "git commit -m mine",
        "git diff main", "git checkout main", "git status", "git merge hostile",
        "git merge --abort", "git cherry-pick hostile", "git cherry-pick --abort",
        "git rebase hostile", "git checkout hostile -- .", "git reset --hard hostile",
        "git status", "git submodule status", "git grep evil", "git blame Snakefile",
        "git switch -f main",
    ):  # fmt: skip
        typed(line)
        assert not ran.exists(), (line, ran.read_text())
        found = {one.name for one in (clone / ".venv/bin").glob("*")}
        assert found <= {"aidaudit"}, line
        if found:
            assert (clone / ".venv/bin/aidaudit").read_text() == real, line


def test_the_test_of_a_hostile_branch_can_fail(clone, tmp_path):
    ran = tmp_path / "ran"
    hostile(clone, ran, link=False)
    for key, value in BEFORE.items():
        shell(clone, "config", key, value)
    shell(clone, "checkout", "-q", "hostile")
    (clone / "Snakefile").write_text("changed")
    shell(clone, "status")
    assert ".venv/bin/aidaudit" in ran.read_text()


def test_an_old_clone_is_told_once_what_was_removed(clone, monkeypatch, capsys):
    for key, value in BEFORE.items():
        shell(clone, "config", key, value)
    shell(clone, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    monkeypatch.setattr(cli.determinism, "check_package", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["aidaudit", "setup-git"])
    for once in (True, False):
        with pytest.raises(SystemExit):
            cli.main()
        told = capsys.readouterr().out
        assert ("Removed from .git/config" in told) == once
        assert ("filter.aidaudit-notebook" in told) == once
    left = shell(clone, "config", "--local", "--list")
    assert ".venv/bin" not in left
    assert "jupyternotebook" not in left
    assert "filter.lfs.clean=git-lfs clean -- %f" in left


def test_what_a_person_chose_stays(clone):
    shell(clone, "config", "diff.jupyternotebook.command", "git-nbdiffdriver diff")
    shell(clone, "sparse-checkout", "set", "--no-cone", "/*", "!/config/schemas")
    patterns = (clone / ".git/info/sparse-checkout").read_text()
    assert git.set_up() == []
    assert (clone / ".git/info/sparse-checkout").read_text() == patterns
    assert "git-nbdiffdriver" in shell(clone, "config", "--list")


def test_set_up_leaves_the_checkout_as_it_is(clone):
    before = sorted(path for path in clone.rglob("*") if ".git" not in path.parts)
    git.set_up()
    assert shell(clone, "status", "--porcelain") == ""
    shell(clone, "checkout", "-q", "-b", "another")
    assert sorted(path for path in clone.rglob("*") if ".git" not in path.parts) == before


def test_an_archive_unpacked_inside_another_repository_sets_nothing(clone, monkeypatch):
    inside = clone / "unpacked"
    shutil.copytree(clone / "config", inside / "config")
    (inside / "Snakefile").touch()
    monkeypatch.chdir(inside)
    assert not git.is_clone()
    assert git.set_up() == []
    assert git.unknown() == []
    assert not (clone / ".git/info/sparse-checkout").exists()


# ---------------------------------------------------------------- what git knows


def test_files_that_git_does_not_know_are_named(clone):
    assert git.unknown() == []
    (clone / SOURCE).write_text("changed")
    odd = ["a new file.csv", "b\n\x1b[31m.csv", "c\udcff.csv", "notebooks/figures/F24.ipynb"]
    for path in (*odd, "scratch/try.csv"):
        (clone / path).parent.mkdir(exist_ok=True)
        (clone / path).write_text("new")
    assert sorted(git.unknown()) == sorted(odd)
    shell(clone, "add", "--all")
    assert git.unknown() == []


def test_a_notebook_that_git_holds_with_outputs_is_named(clone):
    assert notebook_checks.slipped_through(git.staged()) == []
    nb = notebook_form.read(SOURCE)
    code = next(cell for cell in nb.cells if cell.cell_type == "code")
    code.execution_count = 3
    (clone / SOURCE).write_text(notebook_form.serialise(nb), "utf-8")
    shell(clone, "add", SOURCE)
    notebook_form.fix(SOURCE)
    (told,) = notebook_checks.slipped_through(git.staged())
    assert SOURCE in told
    # The advice, followed.
    subprocess.run(["sh", "-c", told.rpartition("&& ")[2]], cwd=clone, check=True)
    assert notebook_checks.slipped_through(git.staged()) == []


@pytest.mark.parametrize("name", ["-x", "a;b", "ä'\"$(id)", "\u202eevil", "a…b"])
def test_odd_names_of_branches_change_nothing(clone, name):
    shell(clone, "update-ref", f"refs/heads/{name}", "HEAD")
    shell(clone, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    assert git.is_clone()
    assert git.unknown() == []
    _, commit, modified = archive._sources()
    assert commit == shell(clone, "rev-parse", "HEAD").strip()
    assert not modified


# ---------------------------------------------------------------- somebody else's checkout


@pytest.fixture
def of_another(clone, tmp_path, monkeypatch):
    """The clone as one of another user, by git's own switch for its tests."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    # A user who reads another language.
    monkeypatch.setenv("LANGUAGE", "de")
    return clone


def test_a_checkout_of_somebody_else_is_told_with_advice_that_works(of_another):
    with pytest.raises(AuditError, match="belongs to another user") as refused:
        archive._sources()
    with pytest.raises(AuditError, match="belongs to another user"):
        git.unknown()
    advice = str(refused.value).rpartition(": ")[2]
    assert advice.startswith("git config")
    subprocess.run(["sh", "-c", advice], cwd=of_another, check=True)
    assert git.unknown() == []
    assert archive._sources()[1]


@pytest.mark.parametrize("options", [[], ["--record"]])
def test_verify_and_record_tell_it_once_and_keep_their_verdict(
    of_another, monkeypatch, capsys, options
):
    monkeypatch.setattr(cli.determinism, "check_package", lambda _: None)
    monkeypatch.setattr("nbtrail.record.manifest.read", dict)
    monkeypatch.setattr("nbtrail.record.freshness.required", lambda: None)
    verdict = type("Verdict", (), {"level": "bytes"})
    monkeypatch.setattr("nbtrail.record.verify.check", lambda _: verdict)
    monkeypatch.setattr("nbtrail.record.verify.told", lambda _: "The same bytes.")
    monkeypatch.setattr("nbtrail.record.verify.record", lambda _: 3)
    monkeypatch.setattr(sys, "argv", ["aidaudit", "verify", *options])
    with pytest.raises(SystemExit) as left:
        cli.main()
    told = capsys.readouterr()
    assert left.value.code in (0, None)
    assert told.out
    assert told.err.count("belongs to another user") == 1
    assert "Traceback" not in told.err


def test_a_build_there_says_what_it_cannot_keep_and_goes_on(of_another, capsys):
    assert old_outputs.keep() == 0
    assert capsys.readouterr().err.count("belongs to another user") == 1
