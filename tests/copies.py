"""Build the committed state in a copy of it, and hold every output against what is recorded.

What tests/identity/run.py, tests/slurm/run.py and tests/kubernetes/run.py share; and a root
for tests that build nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from nbtrail.base import determinism

ROOT = Path(__file__).parents[1]


class Failed(Exception):
    """What a person is told instead of a traceback."""


def unpacked(root: Path) -> Path:
    """A copy of what is committed, in a new folder."""
    root.mkdir()
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=-1, check=True)
    subprocess.run(["tar", "-x"], cwd=root, input=archive.stdout, check=True)
    return root


def raw_tables(root: Path, *, releases: bool = True) -> Path:
    """A root of configuration and raw tables alone, with or without the tracker's releases and
    their corrections.
    """
    root.mkdir(parents=True, exist_ok=True)
    (root / "Snakefile").touch()
    left_out = None if releases else shutil.ignore_patterns("release-*")
    shutil.copytree(ROOT / "config", root / "config")
    shutil.copytree(ROOT / "data/raw", root / "data/raw", ignore=left_out)
    if not releases:
        corrections = root / "data/raw/corrections.csv"
        rows = corrections.read_text("utf-8").splitlines(keepends=True)
        of_none = (row for row in rows if not re.match("kiel,[0-9]", row))
        corrections.write_text("".join(of_none), "utf-8", newline="")
    return root


def set_up(root: Path) -> None:
    """An environment in a copy as `make` leaves one, with this one's packages."""
    from pip._vendor.distlib.scripts import ScriptMaker

    folder = root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    packages = sysconfig.get_path("purelib")
    (site / "copy.pth").write_text(
        "\n".join([packages, *determinism.code(root).values(), ""]), "utf-8"
    )
    # As pip writes commands: otherwise where a space stands in the path.
    maker = ScriptMaker(None, str(folder / "bin"))
    maker.executable = f'"{folder}/bin/python"'
    maker.variants = {""}
    maker.make("snakemake = snakemake.cli:main")
    maker.make("aidaudit = nbtrail.start:main")
    (folder / ".ready").write_text(f"{root.resolve()}\n", "utf-8")


def modules(root: Path) -> str:
    """The folders from which a copy's packages are imported, as PYTHONPATH has them."""
    return os.pathsep.join(determinism.code(root).values())


def environment(root: Path, *programs: Path) -> dict[str, str]:
    """This environment, with the copy's own code; programs: folders that come first."""
    folders = [*map(str, programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {**os.environ, "PATH": os.pathsep.join(folders), "PYTHONPATH": modules(root)}


def warm_parents(root: Path) -> int:
    """Processes that fork jobs of a copy. A job forked by one runs outside of its cluster."""
    found = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may just have ended
            words = (process / "cmdline").read_bytes().split(b"\0")
            found += b"nbtrail.start" in words and (process / "cwd").readlink() == root
    return found


def build(root: Path, variables: dict[str, str], profile: str, *options: str) -> str:
    """Build all of a copy on a cluster; how many jobs, and minutes. Raises Failed."""
    log = root.parent / "build.log"
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", profile, *options]
    begun = time.monotonic()
    warm = 0
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=root, env=variables, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                warm = max(warm, warm_parents(root))
                time.sleep(1)
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    told = log.read_text("utf-8", "replace")
    if process.returncode:
        raise Failed(told[-3000:])
    if warm:
        raise Failed(
            "jobs were forked outside of the cluster (nbtrail/src/nbtrail/run/warm.py)"
        )
    (jobs,) = re.findall(r"^(\d+) jobs to do", told, re.MULTILINE)
    return f"{jobs} jobs, {(time.monotonic() - begun) / 60:.1f} min"


def differing(root: Path) -> tuple[str, list[str]]:
    """How many outputs of a copy are those recorded, as a person is told; and which are not."""
    lines = (root / "outputs.sha256").read_text("utf-8").splitlines()
    wrong = [line[66:] for line in lines if _hash(root / line[66:]) != line[:64]]
    return f"{len(lines) - len(wrong)} of {len(lines)} outputs the same", wrong


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else "missing"


def compared(root: Path, variables: dict[str, str]) -> str:
    """How many outputs are those recorded. Raises Failed where one is not, or is not kept."""
    told, wrong = differing(root)
    if wrong:
        raise Failed("\n    ".join([told, *wrong[:20]]))
    dry = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run"],
        cwd=root,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if "Nothing to be done" not in dry.stdout + dry.stderr:
        raise Failed(f"{told}, but a build here would do it again:\n{dry.stdout[-1500:]}")
    return told
