"""Set the project up from a folder that holds the hashed files alone, with no network.

The files are fetched as README.md says, into a folder that is empty before. Then a copy of the
checkout is set up by its Makefile in a network namespace of its own, with an empty environment
and an empty home, and asked for its help. Two minutes, and 0.3 GB; Linux only.

`make test-offline` runs it; by hand: python3 tests/offline/run.py
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = "envs/requirements.txt"
FETCH = re.compile(r"^pip (download .*) -d wheels$", re.MULTILINE)
ALONE = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")


def main() -> None:
    """Fetch, set up without network, and say how many files it took and how long."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="aidaudit-") as top:
        wheels, copy, home = (Path(top, name) for name in ("wheels", "copy", "home"))
        home.mkdir()
        fetch(wheels)
        files = unexpected(wheels)
        copied(copy)
        variables = {
            "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8",
            # What a user's or the machine's settings add would be a way around the folder.
            "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels),
        }  # fmt: skip

        def run(*command: str) -> str:
            done = subprocess.run(
                [*ALONE, *command], cwd=copy, env=variables, check=True,
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            return done.stdout

        routes = run("cat", "/proc/net/route").splitlines()
        if len(routes) > 1:
            sys.exit(f"There is a network: {routes[1:]}")
        run("make", f"PYTHON={sys.executable}", ".venv/.ready")
        told = run(".venv/bin/aidaudit", "--help")
        if "executable audit" not in told:
            sys.exit(f"aidaudit --help says something else:\n{told}")
        run(".venv/bin/snakemake", "--version")
    python = ".".join(map(str, sys.version_info[:3]))
    print(
        f"Set up from {files} hashed files, without network, with Python {python}, "
        f"in {time.monotonic() - begun:.0f} s."
    )


def fetch(wheels: Path) -> None:
    """Fetch what the lock file names, by the command of the README."""
    (command,) = FETCH.findall((ROOT / "README.md").read_text("utf-8"))
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    subprocess.run([*pip, *command.split(), "-d", str(wheels)], cwd=ROOT, check=True)


def unexpected(wheels: Path) -> int:
    """How many files there are; ends where the lock file lacks the hash of one."""
    known = set(re.findall(r"--hash=sha256:(\w+)", (ROOT / LOCK).read_text("utf-8")))
    found = sorted(wheels.iterdir())
    for path in found:
        if hashlib.sha256(path.read_bytes()).hexdigest() not in known:
            sys.exit(f"{path.name} is not in {LOCK}.")
    return len(found)


def copied(copy: Path) -> None:
    """Copy what git knows of the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


if __name__ == "__main__":
    main()
