"""`make` as people call it: set-up that was moved or cut off, goals at once, odd folders."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Stands in for a Python whose environments hold nothing: it writes down what it is asked.
PYTHON = """\
#!/bin/sh
case "$*" in
"-m venv --clear .venv")
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo venv >> log
    printf '#!/bin/sh\\necho aidaudit $1 >> log\\n' > .venv/bin/aidaudit
    printf '#!/bin/sh\\necho begin >> log; sleep 0.2; echo end >> log\\n' > .venv/bin/snakemake
    chmod +x .venv/bin/* ;;
*pip*) echo pip >> log; if test -e hold; then exec sleep 60; fi ;;
esac
"""
SET_UP = ["venv", "pip", "pip", "aidaudit setup-git"]


@pytest.fixture(params=["plain", "with a space, $HOME and 'quotes'"])
def checkout(tmp_path, request):
    folder = tmp_path / request.param
    (folder / "envs").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "nbtrail").mkdir()
    for name in ("envs/requirements.txt", "pyproject.toml", "nbtrail/pyproject.toml"):
        (folder / name).touch()
    (folder / "report").mkdir()
    for kind in ("html", "pdf"):
        (folder / f"report/report.{kind}").touch()
    python = folder / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return folder


def command(*arguments: str) -> list[str]:
    return ["make", "--no-print-directory", "PYTHON=./python", *arguments]


def make(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        command(*arguments), cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def log(folder: Path) -> list[str]:
    """What was done since one asked before."""
    path = folder / "log"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_a_checkout_is_set_up_once_and_the_report_s_place_is_told(checkout):
    told = make(checkout, "report")
    assert log(checkout) == [*SET_UP, "begin", "end"]
    assert told.splitlines()[-2:] == [
        f"{checkout}/report/report.html",
        f"{checkout}/report/report.pdf",
    ]
    make(checkout, "report")
    assert log(checkout) == ["begin", "end"]


def test_a_checkout_that_was_moved_or_copied_is_set_up_again(checkout):
    make(checkout, ".venv/.ready")
    log(checkout)
    moved = checkout.rename(checkout.with_name("moved to here"))
    make(moved, ".venv/.ready")
    assert log(moved) == SET_UP
    copied = moved.with_name("copy of it")
    shutil.copytree(moved, copied)
    make(copied, ".venv/.ready")
    assert log(copied) == SET_UP
    # By another name the folder is the same.
    (moved.with_name("link")).symlink_to(moved)
    make(moved.with_name("link"), ".venv/.ready")
    assert log(moved) == []


def test_new_versions_are_put_into_the_environment_that_is_there(checkout):
    make(checkout, ".venv/.ready")
    log(checkout)
    later = time.time() + 60
    os.utime(checkout / "envs/requirements.txt", (later, later))
    make(checkout, ".venv/.ready")
    assert log(checkout) == SET_UP[1:]


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGINT])
def test_a_set_up_that_was_cut_off_begins_from_nothing(checkout, ended_by):
    (checkout / "hold").touch()
    process = subprocess.Popen(
        command(".venv/.ready"), cwd=checkout, stdout=subprocess.DEVNULL, start_new_session=True
    )
    while "pip" not in (checkout / "log").read_text() if (checkout / "log").exists() else True:
        time.sleep(0.01)
    os.killpg(process.pid, ended_by)
    process.wait()
    (checkout / "hold").unlink()
    log(checkout)
    make(checkout, ".venv/.ready")
    assert log(checkout) == SET_UP


def test_goals_wait_for_each_other_whatever_make_is_told(checkout):
    make(checkout, ".venv/.ready")
    log(checkout)
    make(checkout, "-j4", "report", "verify", "record", "archive")
    told = log(checkout)
    assert told == [
        "begin", "end", "aidaudit verify", "aidaudit generate", "aidaudit verify",
        "aidaudit archive",
    ]  # fmt: skip


def test_a_clone_has_git_s_bytes_whatever_line_ends_it_asks_for(tmp_path):
    if subprocess.run(["git", "rev-parse"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("an archive holds no repository to clone")
    clone = tmp_path / "clone"
    options = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf")
    subprocess.run(
        ["git", "clone", "--quiet", "--shared", *options, str(ROOT), str(clone)], check=True
    )

    def git(*arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=clone, input=given, stdout=subprocess.PIPE, check=True
        ).stdout

    entries = git("ls-files", "-s", "-z").decode().rstrip("\0").split("\0")
    hashes = {path: about.split()[1] for about, path in (e.split("\t") for e in entries)}
    names = "".join(f"{path}\n" for path in hashes).encode()
    # As they lie there: without filters.
    found = git("hash-object", "--no-filters", "--stdin-paths", given=names).decode().split()
    assert len(hashes) > 400
    assert [p for p, h in zip(hashes, found, strict=True) if hashes[p] != h] == []
