"""Build the committed state under differing conditions and compare every output's bytes.

Takes minutes a build, so it is no part of `make test`, which rebuilds once, from the archive,
under several of these at once. Run it from the root, with the environment active:
python tests/identity/run.py [NAME …]

Conditions whose means are missing (a C compiler, another user) are skipped and said so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import copies

SHIFT = "shift.so"  # built from shift.c, beside the builds
FEATURES = "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"
# name → (command before snakemake, environment, options of snakemake, folder)
CONDITIONS = {
    "one core": ([], {}, ["--cores", "1"], "one"),
    "time zone, language, hash seed": (
        [],
        {"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "4711"},
        [],
        "zone",
    ),
    "another user, home, umask, folder": (
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c",
         'umask 077; exec "$@"', "sh"],
        {"USER": "somebody", "LOGNAME": "somebody"},
        [],
        "ünder a nother näme",
    ),
    # Five years on, which is also a later year than any that the outputs name.
    "another date": ([], {"LD_PRELOAD": SHIFT, "SHIFT": str(5 * 366 * 86400)}, [], "date"),
    "each job a process of its own": ([], {}, ["--config", "execution=plain"], "plain"),
    "everything again over an earlier build": ([], {}, ["--forceall"], "one"),
    "a processor without AVX2 and FMA": (
        [],
        {"NPY_DISABLE_CPU_FEATURES": FEATURES, "OPENBLAS_CORETYPE": "Nehalem"},
        [],
        "processor",
    ),
}  # fmt: skip


def build(name: str, base: Path) -> str:
    """Build under one condition; a line of the result."""
    before, variables, options, folder = CONDITIONS[name]
    if before and shutil.which(before[0]) is None:
        return f"skipped: no {before[0]} on this machine"
    if "LD_PRELOAD" in variables:
        if shutil.which("cc") is None:
            return "skipped: no C compiler (cc) on this machine"
        library = base / variables["LD_PRELOAD"]
        made = ["cc", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("shift.c")]
        subprocess.run(made, check=True)
        variables = {**variables, "LD_PRELOAD": str(library)}
    python = [*before, sys.executable, "-c", ""]
    if before and subprocess.run(python, cwd="/", capture_output=True, check=False).returncode:
        return f"skipped: {before[0]} cannot run {sys.executable}"
    root = base / folder
    if not root.exists():
        copies.unpacked(root)
    home = base / f"home of {folder}"
    home.mkdir(exist_ok=True)
    if "setpriv" in before:
        for path in (root, home):
            subprocess.run(["chown", "-R", "65534:65534", path], check=True)
        base.chmod(0o755)
    begun = time.monotonic()
    done = subprocess.run(
        [*before, sys.executable, "-m", "snakemake", *options],
        cwd=root,
        env={**copies.environment(root), "HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return "failed: " + (done.stdout + done.stderr)[-1500:]
    minutes = (time.monotonic() - begun) / 60
    told, wrong = copies.differing(root)
    return f"{told}, {minutes:.1f} min" + "".join(f"\n    {path}" for path in wrong[:20])


def main(*names: str) -> int:
    """Build under each condition, or under those named; 1 where bytes differ."""
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        for name in names or CONDITIONS:
            told = build(name, Path(temporary))
            print(f"{name}: {told}", flush=True)
            failed |= "\n" in told or told.startswith("failed")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
