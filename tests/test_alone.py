"""One build at a time, and nothing in the way of the next one, however the last one ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrail.base.errors import AuditError
from nbtrail.run import build_lock

ROOT = Path(__file__).parents[1]
BUILD = """
from nbtrail.run import build_lock
build_lock.build()
print('builds', flush=True)
input()
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing keeps builds apart")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").touch()
    for folder in ("config", "data/raw", "envs"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def build() -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "builds\n"
    return process


def test_a_second_build_is_refused_and_told_which_is_the_first(checkout):
    first = build()
    with pytest.raises(AuditError) as caught:
        build_lock.build()
    first.kill()
    first.wait()
    assert "another build is at work in this folder" in str(caught.value)
    assert f"process {first.pid}" in str(caught.value)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_build_that_was_killed_is_not_in_the_way(checkout, how):
    first = build()
    first.send_signal(how)
    first.wait()
    second = build()
    second.communicate("\n", timeout=20)
    assert second.returncode == 0


def test_a_file_system_without_locks_is_told_and_no_second_build_is_blamed(
    checkout, monkeypatch, capsys
):
    def refused(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    build_lock.build()
    assert "Nothing keeps two builds apart here" in capsys.readouterr().err
