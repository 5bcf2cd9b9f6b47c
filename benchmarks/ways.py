"""The ways of running the build's notebooks that are timed against each other.

Each gets the same jobs, told by data/processed/manifest.json: notebooks with the parameters
that the build injects, and what is no notebook as the command that the build runs. Two ways are
the project's own; for the others a Snakefile is written, or a list of commands.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# name → what a table calls it.
WAYS = {
    "warm": "this project",
    "plain": "this project, `execution=plain`",
    "command": "Snakemake, `papermill` command for each notebook",
    "directive": "Snakemake, `notebook:` directive",
    "nbconvert": "`jupyter nbconvert --execute`, one after another",
    "embedded": "Snakemake, `papermill --engine embedded` (ploomber-engine)",
}
# Where a way other than the project's own keeps what it needs, in a copy of the checkout.
FOLDER = "bench"
# The notebook reads and writes in place; what it may read is not checked.
ANYTHING = {"inputs": None, "outputs": None, "made_from": "not recorded: a benchmark"}


@dataclass(frozen=True)
class Job:
    """A job of the DAG. outputs: without the executed notebook."""

    name: str
    inputs: list[str]
    outputs: list[str]
    notebook: str | None = None
    executed: str | None = None
    parameters: dict = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    # Where its outputs go, if not to their places.
    stage: str = "."


def of_manifest(root: Path) -> dict[str, Job]:
    """All jobs of a built checkout but the manifest's own, in an order that can be run."""
    about = json.loads((root / "data/processed/manifest.json").read_text("utf-8"))["jobs"]
    made = {path: name for name, job in about.items() for path in job["outputs"]}
    found: dict[str, Job] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        for path in about[name]["inputs"]:
            if path in made:
                visit(made[path])
        found[name] = _job(name, about[name])

    for name in about:
        visit(name)
    return found


def _job(name: str, about: dict) -> Job:
    # The report's text comes first; otherwise order says nothing.
    inputs = sorted(about["inputs"], key=lambda path: (path != "report/build/report.md", path))
    if about["notebook"]:
        executed = next(path for path in about["outputs"] if path.endswith(".ipynb"))
        outputs = [path for path in about["outputs"] if path != executed]
        return Job(name, inputs, outputs, about["notebook"], executed, about["parameters"])
    receipt = f"{FOLDER}/receipts/{name}.json"
    outputs = sorted(about["outputs"])
    command = ["aidaudit", "job", about["rule"], "--code", "0", "--receipt", receipt, "--"]
    return Job(name, inputs, outputs, command=[*command, *inputs, "::", *outputs])


def below(jobs: dict[str, Job], name: str) -> dict[str, Job]:
    """A job and all that depend on it."""
    changed = {name}
    made: set[str] = set()
    for one, job in jobs.items():
        if one in changed or made & set(job.inputs):
            changed.add(one)
            made |= {*job.outputs, job.executed}
    return {one: job for one, job in jobs.items() if one in changed}


def environment(root: Path) -> dict[str, str]:
    """This environment, with the copy's own code, and notebooks that write in place."""
    from nbtrail.base import determinism

    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    declared = str(root / FOLDER / "declared.json")
    return {
        **determinism.environment(),
        "PATH": programs,
        "PYTHONPATH": os.pathsep.join(determinism.code(root).values()),
        "NBTRAIL_DECLARED": declared,
    }


def prepare(root: Path, jobs: dict[str, Job]) -> None:
    """Write into a copy what the other ways need."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    _write(folder / "declared.json", json.dumps({**ANYTHING, "stage": str(root)}))
    for job in jobs.values():
        if job.notebook:
            bake(root, job)
    for way in ("command", "directive", "embedded"):
        _write(root / f"{FOLDER}/{way}.smk", "\n\n".join(_rules(root, way, jobs)) + "\n")


def bake(root: Path, job: Job) -> None:
    """Write a notebook with its parameters' values, for what cannot pass any."""
    notebook = json.loads((root / job.notebook).read_text("utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            lines = [f"{name} = {value!r}" for name, value in job.parameters.items()]
            # jupyter nbconvert runs a notebook in the folder where it lies.
            lines.append(f"__import__('os').chdir({str(root)!r})")
            if job.stage != ".":
                declared = str(root / job.stage / "declared.json")
                lines.append(f"__import__('os').environ['NBTRAIL_DECLARED'] = {declared!r}")
            cell["source"] = "\n".join(lines)
    notebook["metadata"]["kernelspec"] = {
        "display_name": "Python 3", "language": "python", "name": "python3",
    }  # fmt: skip
    _write(root / baked(job.name), json.dumps(notebook))
    if job.stage != ".":
        stage = str(root / job.stage)
        _write(root / job.stage / "declared.json", json.dumps({**ANYTHING, "stage": stage}))


def baked(name: str) -> str:
    """Where `bake` writes the notebook of a job."""
    return f"{FOLDER}/baked/{name}.ipynb"


def run(way: str, root: Path, job: Job) -> list[str]:
    """The command by which a way runs one job, at the root of a copy."""
    if not job.notebook:
        return job.command
    if way == "nbconvert":
        made = Path(job.executed)
        return [
            "jupyter", "nbconvert", "--log-level", "ERROR", "--to", "notebook", "--execute",
            baked(job.name), "--output", made.name, "--output-dir", str(root / made.parent),
        ]  # fmt: skip
    engine = ["--engine", "embedded"] if way == "embedded" else []
    return [
        "papermill", "--no-progress-bar", "--log-level", "ERROR", "--cwd", ".", *engine,
        job.notebook, job.executed, "--parameters_yaml", json.dumps(job.parameters),
    ]  # fmt: skip


def _rules(root: Path, way: str, jobs: dict[str, Job]) -> Iterator[str]:
    """A Snakefile's rules: what they make, from what, how."""
    yield 'rule nothing:\n    input:\n        "bench/declared.json",'
    for number, job in enumerate(jobs.values()):
        outputs = list(job.outputs)
        source = job.notebook
        if job.notebook and way == "directive":
            source = baked(job.name)
            how = f"    log:\n        notebook={job.executed!r},\n"
            how += f"    notebook:\n        {Path(source).relative_to(FOLDER).as_posix()!r}"
        else:
            outputs += [job.executed] if job.executed else []
            command = shlex.join(run(way, root, job)).replace("{", "{{").replace("}", "}}")
            if job.stage != ".":
                command = f"NBTRAIL_DECLARED={job.stage}/declared.json {command}"
            how = f"    shell:\n        {command!r}"
        inputs = [*([source] if source else []), *job.inputs]
        yield (
            f"rule j{number}:\n    input:\n        {inputs!r},\n"
            f"    output:\n        {outputs!r},\n{how}"
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
