"""Who wrote what the project stands on, and that it is what was locked."""

import re
from pathlib import Path

import pytest

from nbtrail.publish import licences

ROOT = Path(__file__).parents[1]
LOCKS = sorted(ROOT.glob("envs/*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_a_hash(lock):
    text = lock.read_text("utf-8").replace("\\\n", " ")
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pinned
    for line in pinned:
        assert re.match(r"[A-Za-z0-9._\[\]-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_every_package_says_its_licence():
    told = {name: licences.of(name) for name in licences.pinned()}
    assert len(told) > 100
    assert [name for name, licence in told.items() if licence == "not said"] == []
    assert told["snakemake"] == "MIT"
    assert "BSD" in told["pandas"]


def test_the_page_has_a_row_for_each_in_order():
    rows = [line for line in licences.page().splitlines() if line.startswith("| ")][1:]
    names = [row.split(" | ")[0].removeprefix("| ") for row in rows]
    assert names == sorted(licences.pinned())
