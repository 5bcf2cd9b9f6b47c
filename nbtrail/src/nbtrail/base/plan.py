"""Every run of a notebook in the build, as the project says it, and what follows from that.

Rules, `nbtrail edit`, `nbtrail run`, the check of notebooks' defaults and the help for a
missing input all ask here. A job is named `group/name`, as its receipt and log are.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from nbtrail.base import determinism, files, parameters, paths, settings, working_copies
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError, nearest
from nbtrail.base.excerpts import Excerpt
from nbtrail.base.job import Job
from nbtrail.base.project import project

CLEAN = "clean"
SWEEP = "sweep"
# Runs of a sweep that one job of the DAG does.
TOGETHER = 25
# What runs a notebook, and several of a sweep: module and function.
RUNNER, SWEEPER = ("nbtrail.run.jobs", "notebook"), ("nbtrail.run.jobs", "sweep_part")
# What does a job that runs no notebook: kind → where its function stands.
DOES = {
    "numbers": "nbtrail.run.jobs:numbers",
    "pages": "nbtrail.run.jobs:pages",
    "sweep": "nbtrail.run.jobs:sweep",
}


def notebook(name: str) -> str:
    """Where the source of a notebook lies. name: without its ending."""
    return f"notebooks/{name}.ipynb"


# ---------------------------------------------------------------- jobs


def job(group: str, name: str, variants: Sequence[str] | None = None) -> Job:
    """The job of this group and name. variants: those that the report speaks of; default all.

    Raises AuditError where there is none.
    """
    sweep, _, number = name.rpartition("-")
    if group == SWEEP and sweep in settings.sweeps() and re.fullmatch("[0-9]+", number):
        found = {one.name: one for one in sweep_points(sweep)}.get(name)
    else:
        found = project().job(group, name, variants)
    if found is not None:
        return found
    known = [str(one) for one in runs()]
    raise AuditError(
        f"the build has no job {group}/{name}.",
        expected="one of " + ", ".join(known),
        mend=nearest(f"{group}/{name}", known) or None,
    )


def jobs(variants: Sequence[str] | None = None) -> list[Job]:
    """Every run of a notebook for these variants, in the order in which data flow.

    The report's is among them when they are all variants.
    """
    return project().jobs(variants)


def runs() -> list[Job]:
    """What a person may want to run by hand: every job, and the first run of each sweep."""
    return [*jobs(), *(sweep_points(name)[0] for name in settings.sweeps())]


def reads(one: Job) -> list[str]:
    """The files that a job's notebook reads whole, relative to the root."""
    return project().reads(one)


def excerpts(one: Job) -> list[Excerpt]:
    """What a job's notebook reads of files that many jobs share, sorted by name.

    It sees nothing else of these files.
    """
    return project().excerpts(one)


def named(name: str, variant: str | None = None) -> Job:
    """The job that a person means by an id (F16, F16-latest), a job's name or a notebook.

    variant: where the notebook runs for several; left out, the default variant, or the first
    that can answer. Raises AuditError.
    """
    group, _, rest = name.partition("/")
    known_groups = [*project().groups(), CLEAN, SWEEP]
    if rest and group in known_groups:
        return job(group, rest)
    head, _, tail = name.partition("-")
    if tail in project().groups() and any(one.name == head for one in jobs()):
        return job(tail, head)
    source = notebook(name.removeprefix("notebooks/").removesuffix(".ipynb"))
    found = [one for one in runs() if name == one.name or source == one.notebook]
    if not found:
        known = sorted({one.name for one in runs()} | {one.notebook for one in runs()})
        raise AuditError(
            "there is no such notebook or output.",
            found=name,
            expected="an id (F16), a job (latest/F16, results) or a notebook's path",
            mend=nearest(name, known) or None,
        )
    if variant is None:
        default = project().default_group()
        return next((one for one in found if one.group == default), found[0])
    # A notebook that runs once for each table or release has no variants.
    for one in found:
        if variant in (one.group, one.name):
            return one
    raise AuditError(
        f"{name} is not made for '{variant}'.",
        found=variant,
        expected="one of " + ", ".join(_choices(found)),
        mend=nearest(variant, _choices(found)) or None,
    )


def _choices(found: list[Job]) -> list[str]:
    """What may follow --variant: groups, or names where a notebook runs often for one group."""
    groups = list(dict.fromkeys(one.group for one in found))
    return groups if len(groups) == len(found) else [one.name for one in found]


def of_notebook(source: str, values: dict[str, Any]) -> Job | None:
    """The job of a notebook whose parameters agree best with these values, if it has any."""
    found = [one for one in runs() if one.notebook == source]
    agree = [sum(values.get(k) == v for k, v in one.parameters.items()) for one in found]
    return found[agree.index(max(agree))] if found else None


def default(source: str) -> Job | None:
    """The job whose parameters a notebook's defaults are: that of the default variant.

    A notebook that the default variant does not run has those of the first job that does;
    one that cleans any table, its defaults' own.
    """
    if source.startswith(f"notebooks/{CLEAN}/"):
        declared = parameters.declared(source)
        return of_notebook(source, {key: one.default for key, one in declared.items()})
    found = [one for one in runs() if one.notebook == source]
    first = project().default_group()
    return next((one for one in found if one.group == first), found[0] if found else None)


# ---------------------------------------------------------------- sweeps


@cache
def sweep_points(name: str) -> list[Job]:
    """The runs of a sweep, in the order of its grid."""
    entry = settings.sweeps()[name]
    offer = project().parameters(entry.variant)
    grid = itertools.product(*entry.grid.values())
    return [
        Job(
            SWEEP,
            f"{name}-{number:04d}",
            entry.notebook,
            offer,
            dict(zip(entry.grid, values, strict=True)),
        )
        for number, values in enumerate(grid, 1)
    ]


def check_sweep(name: str) -> None:
    """Tell a wrong value of the grid before any run, not after a hundred. Raises AuditError."""
    entry = settings.sweeps()[name]
    first = sweep_points(name)[0].parameters
    for axis, values in entry.grid.items():
        for value in values:
            parameters.checked(entry.notebook, {**first, axis: value}, project().allowed())


def sweep_parts(name: str) -> list[list[Job]]:
    """The runs of a sweep, as jobs of the DAG do them."""
    points = sweep_points(name)
    return [points[at : at + TOGETHER] for at in range(0, len(points), TOGETHER)]


def sweep_reads(name: str) -> list[str]:
    """The files that the runs of a sweep read, sorted.

    Those that its notebook reads in the build, where it runs there for the same variant. What
    a parameter of the grid chooses in another way must be told in `reads`.
    """
    return sorted({path for one in _as_built(name) for path in reads(one)})


def sweep_excerpts(name: str) -> list[Excerpt]:
    """What the runs of a sweep read of files that many jobs share, as `excerpts`."""
    found = {part.name: part for one in _as_built(name) for part in excerpts(one)}
    return [found[one] for one in sorted(found)]


def _as_built(name: str) -> list[Job]:
    """The runs of a sweep, as jobs of the build where its notebook is run there."""
    entry = settings.sweeps()[name]
    same = [
        one for one in jobs() if (one.notebook, one.group) == (entry.notebook, entry.variant)
    ]
    return [replace(same[0], own=point.own) if same else point for point in sweep_points(name)]


# ---------------------------------------------------------------- jobs that are no notebooks


def step(
    group: str, name: str, variants: Sequence[str] | None = None
) -> tuple[str, list[str]] | None:
    """Kind (`nbtrail job KIND`) and files read, of a job that runs no notebook; else None."""
    if group == "sweeps" and name in settings.sweeps():
        parts = range(1, len(sweep_parts(name)) + 1)
        return "sweep", [f"data/processed/sweeps/{name}/{part}.csv" for part in parts]
    return project().step(group, name, variants)


def does(kind: str) -> tuple[str, str]:
    """Module and name of the function that does the jobs of a kind. Raises AuditError."""
    known = {**DOES, **project().does}
    if kind not in known:
        raise AuditError("unknown kind of job", found=kind, expected=", ".join(known))
    module, _, name = known[kind].partition(":")
    return module, name


def receipts(variants: Sequence[str] | None = None) -> list[str]:
    """What every job of the build says about itself, but the one that puts them together."""
    names = [(one.group, one.name) for one in jobs(variants)]
    return [paths.receipt(*one) for one in [*names, *project().steps(variants)]]


# ---------------------------------------------------------------- help


def missing(one: Job) -> list[str]:
    """The files that a job reads and that are not there, sorted."""
    return sorted(path for path in reads(one) if not (determinism.root() / path).is_file())


def help_for(file: str, session: str | None, values: dict[str, Any]) -> str | None:
    """What to run where a notebook in JupyterLab lacks an input; None if nobody can tell.

    file: what it lacks. session: path of the notebook, as the server tells its kernel.
    values: the kernel's variables, among them the notebook's parameters.
    """
    if session is None:
        return None
    source = working_copies.source_of(Path(session))
    one = of_notebook(source, values) if source else None
    lacks = missing(one) if one else []
    if file not in lacks:
        return None
    # A shell takes no longer line gladly, and so much means that nothing is built.
    command = f"snakemake {' '.join(lacks)}" if len(lacks) <= 8 else f"snakemake {one.executed}"
    return (
        f"in a terminal (File → New → Terminal): {command}\n"
        f"            it builds all that {one} reads and that is missing: {', '.join(lacks)}"
    )


def unplanned(path: str, values: dict[str, Any]) -> str | None:
    """What to say where a notebook writes an output with parameters of no job; else None.

    path: of the output, relative to the root. values: the kernel's variables. A notebook that
    somebody runs with papermill keeps its defaults for whatever is not given.
    """
    where = PurePosixPath(path)
    same = {one.group: one for one in jobs() if one.name == where.stem}
    if not same:
        return None
    one = same.get(where.parent.name, next(iter(same.values())))
    planned = one.parameters
    other = {key: values.get(key) for key in planned if values.get(key) != planned[key]}
    if not other:
        return None
    changes = ", ".join(f"{k} is {value!r}, not {planned[k]!r}" for k, value in other.items())
    return (
        f"These parameters are those of no job of the build: in {one} {changes}. What is "
        f"written goes to {files.SCRATCH}/ and is no output of the build. To run a job with "
        f"changes of yours: {NAME} run {one} -p NAME=VALUE"
    )
