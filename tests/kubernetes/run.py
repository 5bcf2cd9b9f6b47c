"""Build the committed state through Snakemake's executor for Kubernetes, without a cluster.

A stand-in answers on this machine what the executor asks of a cluster, and runs the command of
each pod in an empty folder and with an empty environment, beside the checkout that stands for
the volume. So it is checked what the pods would be asked to run, and that this builds the same
bytes; not images, volumes, permissions and scheduling of a real cluster.

`make test-kubernetes` sets up its environment and runs it; by hand, there:
python tests/kubernetes/run.py
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml

sys.path.append(str(Path(__file__).parents[1]))
import copies
from copies import Failed

PROFILE = "profiles/kubernetes"
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: here, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: somebody, user: {{}}}}]
contexts: [{{name: here, context: {{cluster: here, user: somebody}}}}]
current-context: here
"""


class Cluster(ThreadingHTTPServer):
    """What the executor asks of a cluster's API; a pod is a process of this machine."""

    def __init__(self, base: Path) -> None:
        """base: an empty folder for the pods."""
        super().__init__(("127.0.0.1", 0), Answer)
        self.base = base
        self.pods: dict[str, dict] = {}
        self.running: dict[str, subprocess.Popen] = {}

    def create(self, job: dict) -> None:
        """Run what a job's container would run."""
        name = job["metadata"]["name"]
        self.pods[name] = job["spec"]["template"]["spec"]
        (container,) = self.pods[name]["containers"]
        folder = self.base / name
        folder.mkdir()
        with (folder / "log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                [*container["command"], *container["args"]],
                cwd=folder,
                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def status(self, name: str) -> dict:
        """What became of a job."""
        code = self.running[name].poll()
        return {} if code is None else {"failed": 1} if code else {"succeeded": 1}

    def end(self) -> None:
        """End what still runs."""
        self.shutdown()
        for process in self.running.values():
            with suppress(OSError):  # it may just have ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Answer(BaseHTTPRequestHandler):
    """One request."""

    server: Cluster

    def do_POST(self) -> None:
        """A job, or the secret that the executor makes at the start."""
        asked = self._asked()
        if self.path.endswith("/jobs"):
            self.server.create(asked)
        self._say(asked, 201)

    def do_GET(self) -> None:
        """The status of a job, or the pods that are left of it: none."""
        *_, kind, name, _ = ["", *self.path.split("/")]
        if kind == "jobs":
            self._say({"metadata": {"name": name}, "status": self.server.status(name)})
        else:
            self._say({"items": []})

    def do_DELETE(self) -> None:
        """Whatever it is."""
        self._asked()
        self._say({"status": "Success"})

    def log_message(self, *_: object) -> None:
        """Nothing: the build has its own log."""

    def _asked(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "{}")

    def _say(self, what: dict, code: int = 200) -> None:
        text = json.dumps(what).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def wrong(pod: dict, profile: dict, root: Path) -> list[str]:
    """What a pod is given otherwise than the profile says."""
    (container,) = pod["containers"]
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    claims = [v["name"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
    memory = profile["default-resources"]["mem_mb"]
    asked = int(container["resources"]["requests"]["memory"].removesuffix("M"))
    found = {
        "image": container["image"] != profile["container-image"],
        "volume": claims != ["audit"] or mounts["audit"] != str(root),
        "memory": asked not in range(memory, memory * profile["cores"] + 1),
    }
    return [name for name, is_wrong in found.items() if is_wrong]


def tried(base: Path) -> str:
    """Build, compare and count; one line of result. Raises Failed."""
    root, pods = copies.unpacked(base / "build"), base / "pods"
    pods.mkdir()
    cluster = Cluster(pods)
    settings = base / "kubeconfig"
    settings.write_text(KUBECONFIG.format(port=cluster.server_port), "utf-8")
    variables = {**copies.environment(root), "KUBECONFIG": str(settings)}
    # As in the profile, but where the checkout and its environment are, and for one machine.
    activate = shlex.quote(str(Path(sys.executable).parent / "activate"))
    enter = f"cd {root} && . {activate} && export PYTHONPATH={copies.modules(root)}"
    threading.Thread(target=cluster.serve_forever, daemon=True).start()
    try:
        took = copies.build(
            root,
            variables,
            PROFILE,
            *("--precommand", enter),
            *("--kubernetes-persistent-volumes", f"audit:{root}"),
            *("--jobs", "2"),
        )
    except Failed as failure:
        logs = [(pods / name / "log").read_text("utf-8")[-1500:] for name in cluster.running]
        raise Failed("\n".join([str(failure), *logs[:1]])) from None
    finally:
        cluster.end()
    profile = yaml.safe_load((root / PROFILE / "config.yaml").read_text("utf-8"))
    problems = {word for pod in cluster.pods.values() for word in wrong(pod, profile, root)}
    if problems:
        raise Failed(f"pods do not have what the profile says: {', '.join(sorted(problems))}")
    return f"{copies.compared(root, variables)}; {took}, {len(cluster.pods)} pods"


def main() -> int:
    """Print one line of result; 1 where it failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as temporary:
        try:
            print(f"Kubernetes, without a cluster: {tried(Path(temporary))}")
        except Failed as failure:
            print(f"failed: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
