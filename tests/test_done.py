"""What builds rely on in Snakemake: held against the one that is installed.

`make test-snakemakes` holds the oldest and the newest Snakemake 9 to the same.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

from nbtrail.record import receipts
from nbtrail.run import done

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.build

# Two jobs that keep their old outputs; both leave a receipt.
SNAKEFILE = """
from nbtrail.run import done
from snakemake import jobs
done.only_if_well(["one"])
wrap_up = jobs.Job.postprocess
async def postprocess(self, *args, **kwargs):
    await wrap_up(self, *args, **kwargs)
    if kwargs.get("error"):
        print("all is written about the failure", flush=True)
jobs.Job.postprocess = postprocess
rule library:
    input: "in.txt"
    output:
        update("report/build/view.js"),
        update("data/processed/receipts/report/library.json"),
    params: note=config.get("note", "")
    shell: "python make.py library {output}"
rule other:
    input: "in.txt"
    output: update("other.txt")
    shell: "cp {input} {output}; sleep $(cat wait)"
rule all:
    default_target: True
    input: "report/build/view.js", "other.txt"
"""
# Fails or lies where 'how' says so; the receipt is what the plan expects of one.
MAKE = """
import pathlib, sys
from nbtrail.record import freshness, receipts
kind, made, receipt = sys.argv[1:]
with open("ran", "a") as ran: print(kind, file=ran)
how = pathlib.Path("how").read_text()
if how == "fail": sys.exit("a passing cause")
if how == "say so": sys.exit()
old = pathlib.Path(made).read_text() if how == "receipt alone" else ""
pathlib.Path(made).write_text(pathlib.Path("in.txt").read_text())
if how == "outputs alone": sys.exit()
now = freshness.Now(["one"]).of(f"report/{kind}")
receipts.close({"rule": kind, "made_from": "", **now}, [made], receipt)
if how == "receipt alone": pathlib.Path(made).write_text(old)
if how == "no outputs": pathlib.Path(made).unlink()
"""


class Toy:
    """A checkout of two jobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, text in (
            ("Snakefile", SNAKEFILE), ("make.py", MAKE), ("in.txt", "old"), ("how", ""),
            ("wait", "0"), ("envs/requirements.txt", ""), ("config/config.yaml", ""),
        ):  # fmt: skip
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(text)
        self.build()
        assert self.made == "old"

    @property
    def made(self) -> str:
        made = self.root / "report/build/view.js"
        # The first Snakemake 9 removed what a failed job was to update; later ones put it back.
        return made.read_text() if made.exists() else "nothing"

    @property
    def ran(self) -> int:
        return (self.root / "ran").read_text().count("library")

    def start(self, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nolock",
                   "--keep-going", *options]  # fmt: skip
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{ROOT}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def build(self, *options: str) -> str:
        process = self.start(*options)
        told, _ = process.communicate(timeout=120)
        return told

    def fails(self, number: int) -> None:
        """One job fails, and the build is struck while the other still runs."""
        (self.root / "in.txt").write_text("new")
        (self.root / "how").write_text("fail")
        (self.root / "wait").write_text("60")
        process = self.start()
        assert any("all is written about the failure" in line for line in process.stdout)
        os.killpg(process.pid, number)
        process.wait(60)
        (self.root / "how").write_text("")
        (self.root / "wait").write_text("0")


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)


def test_what_failed_is_made_when_the_build_is_killed_after_it(toy):
    toy.fails(signal.SIGKILL)
    assert toy.made in ("old", "nothing")
    toy.build("report/build/view.js")
    assert toy.made == "new"
    assert "Nothing to be done" in toy.build("--dry-run", "report/build/view.js")


def test_what_failed_without_any_change_is_made_again(toy):
    # Its old output is right, and its receipt too: only the mark says that it failed.
    (toy.root / "how").write_text("fail")
    toy.build("--forcerun", "library")
    (toy.root / "how").write_text("")
    ran = toy.ran
    assert "update pending" in next(
        line for line in toy.build("--summary").splitlines() if "view.js" in line
    )
    toy.build("other.txt", "report/build/view.js", "--ignore-incomplete")
    assert toy.ran == ran + 1


def test_what_failed_on_a_node_of_a_cluster_is_made_again(toy):
    toy.fails(signal.SIGKILL)
    (toy.root / "how").write_text("fail")
    # As executors start it there; it neither looks for what is incomplete nor records anything.
    toy.build("--mode", "remote", "--ignore-incomplete", "--force", "report/build/view.js")
    (toy.root / "how").write_text("")
    assert toy.made in ("old", "nothing")
    toy.build("report/build/view.js")
    assert toy.made == "new"


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("say so", "no receipt of this run"),
        ("outputs alone", "no receipt of this run"),
        ("receipt alone", "report/build/view.js is not as the receipt says"),
        ("no outputs", "view.js"),
    ],
)
def test_a_job_that_only_says_it_is_done_has_failed(toy, how, told):
    # Its outputs and receipt of the time before are all in place.
    (toy.root / "in.txt").write_text("new")
    (toy.root / "how").write_text(how)
    said = toy.build("report/build/view.js")
    assert "library.json: the job says that it is done, and is not" in said
    assert told in said
    assert "Error in rule library" in said
    assert 'done.py"' not in said
    assert toy.made in ("old", "nothing")
    (toy.root / "how").write_text("")
    toy.build("report/build/view.js")
    assert toy.made == "new"
    assert "Nothing to be done" in toy.build("--dry-run", "report/build/view.js")


def test_an_old_receipt_written_again_is_no_receipt_of_this_run(tmp_path, monkeypatch):
    for path in ("Snakefile", "config/config.yaml", "in.txt", "out.txt", "receipts/a.json"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("old")
    monkeypatch.chdir(tmp_path)
    old = {"rule": "a", "made_from": "", "inputs": {"in.txt": receipts.sha256("in.txt")}}
    receipts.close(old, ["out.txt"], "receipts/a.json")
    job = types.SimpleNamespace(output=["out.txt", "receipts/a.json"])
    assert not done._lacks(job, "receipts/a.json", before=(0,))
    Path("in.txt").write_text("new")
    assert "of another in.txt" in done._lacks(job, "receipts/a.json", before=(0,))


def test_a_first_run_that_only_says_it_is_done_has_failed(toy):
    shutil.rmtree(toy.root / "report")
    shutil.rmtree(toy.root / "data")
    (toy.root / "how").write_text("say so")
    said = toy.build("report/build/view.js")
    assert "the job says that it is done, and is not" in said


@pytest.mark.parametrize(
    "path", ["report/build/view.js", "data/processed/receipts/report/library.json"]
)
@pytest.mark.parametrize("how", ["emptied", "removed"])
def test_what_power_loss_took_is_made_again_by_whatever_target(toy, path, how):
    full = toy.root / path
    full.unlink()
    if how == "emptied":
        full.touch()
    shutil.rmtree(toy.root / ".snakemake/metadata")
    toy.build("report/build/view.js")
    assert toy.made == "old"
    assert json.loads((toy.root / "data/processed/receipts/report/library.json").read_text())[
        "outputs"
    ]
    assert "Nothing to be done" in toy.build("--dry-run")


def test_a_lost_record_hides_no_change(toy):
    # Older than what was made from it, as backups and archives restore files.
    (toy.root / "in.txt").write_text("new")
    (toy.root / "envs/requirements.txt").write_text("another environment")
    os.utime(toy.root / "in.txt", (1, 1))
    shutil.rmtree(toy.root / ".snakemake/metadata")
    toy.build("--touch")
    toy.build("report/build/view.js")
    assert toy.made == "new"
