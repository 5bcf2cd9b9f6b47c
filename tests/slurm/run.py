"""Build the committed state through a real Slurm of one node, and compare every output's bytes.

It needs root and Debian's packages (apt-get install slurm-wlm munge), so it is no part of
`make test`. `make test-slurm` sets up its environment and runs it; by hand, there:
python tests/slurm/run.py

munged, slurmctld and slurmd run from a temporary folder for as long as the build, on ports
that are free; what the machine has of its own in /etc is neither read nor changed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import copies
from copies import Failed

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")
# Accounting is off; what Slurm ran it writes into a file, since it soon forgets it.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={base}/munge.socket
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool
SlurmctldPidFile={base}/slurmctld.pid
SlurmdPidFile={base}/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={base}/jobs.txt
MpiDefault=none
KillWait=2
NodeName={node} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """Why this machine cannot run the test; empty where it can."""
    if os.geteuid() != 0:
        return "it starts daemons as root"
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"no {', '.join(absent)} here (Debian: apt-get install slurm-wlm munge)"
    if find_spec("snakemake_executor_plugin_slurm") is None:
        return "no plugin for Slurm in this environment (make test-slurm sets one up)"
    return ""


def until(done: Callable[[], bool], seconds: float, what: str, running: list) -> None:
    """Wait until something holds. Raises Failed when it takes too long or a daemon ends."""
    end = time.monotonic() + seconds
    while not done():
        ended = [daemon.args[0] for daemon in running if daemon.poll() is not None]
        if ended or time.monotonic() > end:
            raise Failed(
                f"{what}: " + (f"{ended[0]} ended" if ended else f"not in {seconds} s")
            )
        time.sleep(0.2)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def configured(base: Path, root: Path) -> dict[str, str]:
    """Write what a Slurm of this machine alone needs; the environment for builds in root."""
    base.chmod(0o755)  # munged insists that everybody can reach its socket
    for name in ("state", "spool", "bin"):
        (base / name).mkdir()
    (base / "munge.key").write_bytes(os.urandom(1024))
    (base / "munge.key").chmod(0o600)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    text = CONFIGURATION.format(
        base=base,
        node=socket.gethostname().partition(".")[0],
        controller=free_port(),
        daemon=free_port(),
        cores=os.cpu_count(),
        memory=memory * 9 // 10,
    )
    settings = base / "slurm.conf"
    settings.write_text(text, "utf-8")
    # On a node the plugin drops all of SLURM_* before srun, which then looks in /etc/slurm.
    srun = base / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={settings} exec {shutil.which("srun")} "$@"\n')
    srun.chmod(0o755)
    return {**copies.environment(root, base / "bin"), "SLURM_CONF": str(settings)}


def asked(environment: dict[str, str], *command: str) -> str:
    """What one of Slurm's commands says; empty where it fails."""
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return "" if done.returncode else done.stdout.strip()


def ends(folder: Path) -> list[str]:
    """The last lines of every log in a folder."""
    logs = sorted(folder.rglob("*.log"))
    return [f"{log.name}:\n{log.read_text('utf-8', 'replace')[-1500:]}" for log in logs]


@contextmanager
def cluster(base: Path, root: Path) -> Iterator[dict[str, str]]:
    """A Slurm of this machine alone, for as long as it is used; the environment for it."""
    environment = configured(base, root)
    running: list[subprocess.Popen] = []

    def start(*command: str) -> None:
        # A session of their own: Ctrl-C ends the build first, and then these.
        with (base / f"{command[0]}.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    command,
                    cwd=base,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    paths = {
        "key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid",
        "log-file": "munged.messages", "seed-file": "munge.seed",
    }  # fmt: skip
    sinfo = ("sinfo", "--noheader", "--format=%T")
    try:
        try:
            start(
                "munged", "--foreground", *(f"--{k}={base / path}" for k, path in paths.items())
            )
            until((base / "munge.socket").exists, 30, "munged's socket", running)
            start("slurmctld", "-D")
            start("slurmd", "-D")
            until(lambda: asked(environment, *sinfo) == "idle", 90, "an idle node", running)
        except Failed as problem:
            raise Failed("\n".join([str(problem), *ends(base)])) from None
        yield environment
    finally:
        # A second Ctrl-C would leave daemons behind.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        if len(running) == 3:
            with suppress(Failed, subprocess.TimeoutExpired):
                asked(environment, "scancel", "--partition=main")
                queue = ("squeue", "--noheader")
                until(lambda: not asked(environment, *queue), 30, "an empty queue", running)
        for daemon in reversed(running):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        signal.signal(signal.SIGINT, before)


def tried(base: Path) -> str:
    """Build, compare and count; one line of result. Raises Failed."""
    root, slurm = copies.unpacked(base / "build"), base / "slurm"
    slurm.mkdir()
    base.chmod(0o755)
    with cluster(slurm, root) as variables:
        try:
            took = copies.build(root, variables, "profiles/slurm")
        except Failed as failure:
            # Those of jobs that went well the executor has removed.
            nodes = ends(root / ".snakemake/slurm_logs")
            raise Failed("\n".join([str(failure), *nodes[:2]])) from None
    ran = re.findall(r"^JobId=(\d+) .* JobState=(\w+)", (slurm / "jobs.txt").read_text(), re.M)
    if not ran or any(state != "COMPLETED" for _, state in ran):
        raise Failed(f"what Slurm says of its jobs: {ran}")
    return f"{copies.compared(root, variables)}; {took}, {len(ran)} jobs of Slurm"


def main() -> int:
    """Print one line of result; 1 where it failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    problem = missing()
    if problem:
        print(f"skipped: {problem}")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        try:
            print(f"Slurm: {tried(Path(temporary))}")
        except Failed as failure:
            print(f"failed: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
