"""Files are looked at again when they may have changed, and not else."""

import os
from hashlib import sha256

import pytest

from nbtrail.record import freshness, receipts


@pytest.fixture
def root(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").touch()
    (tmp_path / "config").mkdir()
    monkeypatch.chdir(tmp_path)
    # A file is remembered at once, as if it had been written some time ago.
    monkeypatch.setattr(freshness, "_GRAIN", -1)
    (tmp_path / "a.csv").write_text("1")
    look()
    return tmp_path


def look() -> str:
    """The hash of the file, as a build would find and remember it."""
    hashes = freshness.Hashes()
    found = hashes.of("a.csv")
    hashes.keep()
    return found


def of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_what_looks_the_same_is_not_read_again(root, monkeypatch):
    monkeypatch.setattr(receipts, "sha256", lambda path: "read again")
    assert look() == of("1")


@pytest.mark.parametrize("text", ["2", "", "1\n"])
def test_what_was_written_again_is_read_again_whatever_its_time_says(root, text):
    before = (root / "a.csv").stat()
    (root / "a.csv").write_text(text)
    os.utime(root / "a.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert look() == of(text)
    (root / "a.csv").unlink()
    assert look() == ""


def test_what_was_written_just_now_is_not_remembered(root, monkeypatch):
    monkeypatch.setattr(freshness, "_GRAIN", 3600)
    (root / "a.csv").write_text("2")
    assert look() == of("2")
    monkeypatch.setattr(receipts, "sha256", lambda path: "read again")
    assert look() == "read again"


@pytest.mark.parametrize("kept", ["", "{}", "[]", '{"boot": "another", "files": {}}'])
def test_nothing_is_remembered_after_a_restart_or_when_memory_is_torn(root, monkeypatch, kept):
    (root / freshness.KEPT).write_text(kept)
    monkeypatch.setattr(receipts, "sha256", lambda path: "read again")
    assert look() == "read again"
