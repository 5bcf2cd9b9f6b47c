"""Every run of a notebook in the build: with which parameters, and from which files.

The one place that knows what the DAG injects. Rules, `aidaudit edit`, `aidaudit run`, the check
of notebooks' defaults and the help for a missing input all ask here. A job is named
`group/name` (latest/F16, clean/kiel_release_21, all/claims), as its receipt and log are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from aidaudit import config, fingerprint, parameters, paths, repro, sources
from aidaudit.errors import AuditError, nearest

CLEAN = "clean"
SCENARIO = "scenario_"
SWEEP = "sweep"
# Runs of a sweep that one job of the DAG does.
TOGETHER = 25
# Tiles in a row of the matrix of verdicts.
ACROSS = 9
# No output of the build depends on what is swept, or on what a notebook may take.
APART = ("sweeps", "limits", "changed_rules")
CONFIG = [f"config/{name}.yaml" for name in config.FILES if name not in APART]
CHANGED = "config/changed_rules.yaml"
OWN = ["data/raw/corrections.csv", "data/raw/memberships/donors.csv"]
JUMPS = "data/raw/plausibility.csv"
# Where config reads, and where the chart style does; what reaches them reads these files.
LOADS = {
    ("aidaudit.config", "_load"): CONFIG,
    ("aidaudit.charts", "events"): ["config/events.yaml"],
}


@dataclass(frozen=True)
class Job:
    """One run of a notebook. offer: parameters of which it takes those that it declares.

    own: parameters that it must declare. notebook: path of its source.
    """

    group: str
    name: str
    notebook: str
    offer: dict[str, Any] = field(hash=False)
    own: dict[str, Any] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        """group/name."""
        return f"{self.group}/{self.name}"

    @property
    def executed(self) -> str:
        """Where its executed form goes."""
        return paths.executed(self.group, self.name)

    @property
    def log(self) -> str:
        """Where it is kept as far as it ran, when it fails."""
        return f"{paths.LOGS}/{self}.ipynb"

    @property
    def parameters(self) -> dict[str, Any]:
        """What is injected: name → value, in the notebook's order."""
        declared = parameters.declared(self.notebook)
        given = {key: value for key, value in self.offer.items() if key in declared} | self.own
        return {key: given[key] for key in declared if key in given} | self.own


# ---------------------------------------------------------------- jobs


def job(group: str, name: str, variants: Sequence[str] | None = None) -> Job:
    """The job of this group and name. variants: those that the report speaks of; default all.

    Raises AuditError where there is none.
    """
    every = list(variants or config.config().variants)
    if group == CLEAN and (release := paths.release_of(name)) is not None:
        return Job(group, name, _notebook("clean/kiel"), {"release": release})
    if group == CLEAN and name in config.context():
        offer = {"table": name, "folders": config.context()[name]}
        return Job(group, name, _notebook("clean/context"), offer)
    if name in config.shown() and _exists(group) and config.answers(name, group):
        folder = "figures" if name.startswith("F") else "tables"
        own = config.shown()[name].parameters
        return Job(group, name, _notebook(f"{folder}/{name}"), config.parameters(group), own)
    if name == "claims" and _exists(group):
        return Job(group, name, _notebook("analysis/claims"), config.parameters(group))
    if name == "switch" and _exists(group) and config.switches(group):
        offer = config.parameters(group)
        return Job(group, name, _notebook("analysis/switch"), offer, config.switch_parameters())
    if name == "results" and group in config.config().variants:
        return Job(group, name, _notebook("analysis/results"), config.parameters(group))
    scenario = name.removeprefix(SCENARIO)
    if group == config.ALL and name != scenario and scenario in config.scenarios().scenarios:
        offer = config.scenario_parameters(scenario)
        return Job(group, name, _notebook("analysis/scenario"), offer)
    once = {
        "multiverse": (
            "analysis/multiverse",
            config.parameters,
            {"total": config.article_total},
        ),
        "V01": ("analysis/verdicts", None, {"across": lambda: ACROSS}),
        "report": ("report", None, {}),
    }
    if group == config.ALL and name in once:
        notebook, offered, own = once[name]
        offer = offered(config.ALL) if offered else {"variants": every}
        return Job(group, name, _notebook(notebook), offer, {k: v() for k, v in own.items()})
    sweep, _, number = name.rpartition("-")
    if group == SWEEP and sweep in config.sweeps() and number.isdecimal():
        points = {one.name: one for one in sweep_points(sweep)}
        if name in points:
            return points[name]
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
    known = list(config.config().variants)
    chosen = list(variants or known)
    names = [(CLEAN, f"{paths.KIEL}{release:02d}") for release in releases(chosen)]
    names += [(CLEAN, table) for table in config.context()]
    names += [(variant, "results") for variant in chosen]
    names += [(variant, "switch") for variant in chosen if config.switches(variant)]
    names += [(variant, "claims") for variant in [*chosen, config.ALL]]
    made = [*config.drawn(chosen), *config.tabled(chosen)]
    names += [(variant, name) for name, variant in made]
    scenarios = [f"{SCENARIO}{name}" for name in config.scenarios().scenarios]
    names += [(config.ALL, name) for name in ("V01", "multiverse", *scenarios)]
    if chosen == known:
        names.append((config.ALL, "report"))
    return [job(group, name, chosen) for group, name in names]


def runs() -> list[Job]:
    """What a person may want to run by hand: every job, and the first run of each sweep."""
    return [*jobs(), *(sweep_points(name)[0] for name in config.sweeps())]


@cache
def sweep_points(name: str) -> list[Job]:
    """The runs of a sweep, in the order of its grid."""
    entry = config.sweeps()[name]
    offer = config.parameters(entry.variant)
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
    entry = config.sweeps()[name]
    first = sweep_points(name)[0].parameters
    for axis, values in entry.grid.items():
        for value in values:
            parameters.checked(entry.notebook, {**first, axis: value}, allowed())


def sweep_parts(name: str) -> list[list[Job]]:
    """The runs of a sweep, as jobs of the DAG do them."""
    points = sweep_points(name)
    return [points[at : at + TOGETHER] for at in range(0, len(points), TOGETHER)]


def sweep_reads(name: str) -> list[str]:
    """The files that the runs of a sweep read, sorted.

    Those that its notebook reads in the build, where it runs there for the same variant. What
    a parameter of the grid chooses in another way must be told in `reads`.
    """
    entry = config.sweeps()[name]
    same = [
        one for one in jobs() if (one.notebook, one.group) == (entry.notebook, entry.variant)
    ]
    every = [replace(same[0], own=point.own) if same else point for point in sweep_points(name)]
    return sorted({path for one in every for path in reads(one)})


def releases(variants: Sequence[str]) -> list[int]:
    """The Kiel releases that a build of these variants cleans, ascending."""
    chosen = [config.variant(name) for name in variants]
    entries = [*config.shown().values(), *config.claims()]
    named = {paths.release_of(name) for entry in entries for name in entry.clean}
    return sorted(
        {number for one in chosen for number in (one.release, one.totals_release)}
        | {number for number in named if number is not None}
        | {config.config().shared.items_release, config.scenarios().release}
        | set(config.multiverse().releases)
    )


def named(name: str, variant: str | None = None) -> Job:
    """The job that a person means by an id (F16, F16-latest), a job's name or a notebook.

    variant: where the notebook runs for several; left out, the default variant, or the first
    that can answer. Raises AuditError.
    """
    group, _, rest = name.partition("/")
    if rest and (group in (CLEAN, config.ALL, SWEEP) or group in config.config().variants):
        return job(group, rest)
    head, _, tail = name.partition("-")
    if tail and _exists(tail) and head in config.shown():
        return job(tail, head)
    notebook = _notebook(name.removeprefix("notebooks/").removesuffix(".ipynb"))
    found = [one for one in runs() if name == one.name or notebook == one.notebook]
    if not found:
        known = sorted({one.name for one in runs()} | {one.notebook for one in runs()})
        raise AuditError(
            "there is no such notebook or output.",
            found=name,
            expected="an id (F16), a job (latest/F16, results) or a notebook's path",
            mend=nearest(name, known) or None,
        )
    if variant is None:
        default = config.config().default_variant
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
    by_group = len({one.group for one in found}) > 1
    return [one.group if by_group else one.name for one in found]


def of_notebook(notebook: str, values: dict[str, Any]) -> Job | None:
    """The job of a notebook whose parameters agree best with these values, if it has any."""
    found = [one for one in runs() if one.notebook == notebook]
    agree = [sum(values.get(k) == v for k, v in one.parameters.items()) for one in found]
    return found[agree.index(max(agree))] if found else None


def default(notebook: str) -> Job | None:
    """The job whose parameters a notebook's defaults are: that of the default variant.

    A notebook that the default variant does not run has those of the first job that does;
    one that cleans any table, its defaults' own.
    """
    if notebook.startswith(_notebook("clean/")[: -len(".ipynb")]):
        declared = parameters.declared(notebook)
        return of_notebook(notebook, {key: one.default for key, one in declared.items()})
    found = [one for one in runs() if one.notebook == notebook]
    first = config.config().default_variant
    return next((one for one in found if one.group == first), found[0] if found else None)


def _notebook(name: str) -> str:
    return f"notebooks/{name}.ipynb"


def _exists(group: str) -> bool:
    return group == config.ALL or group in config.config().variants


# ---------------------------------------------------------------- what they read


def reads(one: Job, variants: Sequence[str] | None = None) -> list[str]:
    """The files that a job's notebook reads, relative to the root."""
    every = list(variants or config.config().variants)
    match PurePosixPath(one.notebook).parts[1:]:
        case ("clean", "kiel.ipynb"):
            number = one.offer["release"]
            # The release before is what it is held against.
            before = [n for n in sources.release_numbers() if n < number][-1:]
            folders = map(paths.raw_release, (number, *before))
            return [*(path for folder in folders for path in raw(folder)), *OWN, JUMPS]
        case ("clean", "context.ipynb"):
            return [*(path for folder in one.offer["folders"] for path in raw(folder)), *OWN]
        case ("figures" | "tables", _):
            entry = config.shown()[one.name]
            results = [paths.result(one.group, name) for name in entry.reads]
            return [*results, *_looked_at(entry, one.group), *_configuration(one.notebook)]
        case ("analysis", "claims.ipynb"):
            return [
                *(paths.result(one.group, name) for name in config.results_of(one.group)),
                *_looked_at(config.reads_of_claims(one.group), one.group),
                *CONFIG,
            ]
        case ("analysis", "switch.ipynb"):
            return [paths.result(one.group, "monthly"), paths.clean("donors")]
        case ("analysis", "results.ipynb"):
            chosen = config.variant(one.group)
            return [
                *map(paths.clean_release, (chosen.release, chosen.totals_release)),
                *map(paths.clean, ("donors", "rates")),
                *_descriptors(one.group),
            ]
        case ("analysis", "total.ipynb"):
            release = one.own["release"]
            return [*_releases([release]), *map(paths.clean, ("donors", "rates"))]
        case ("analysis", "multiverse.ipynb"):
            numbers = config.multiverse().releases
            context = map(paths.clean, ("donors", "rates", "economy", "refugee_costs"))
            return [*_releases(numbers), *context, *CONFIG]
        case ("analysis", "scenario.ipynb"):
            context = map(paths.clean, ("donors", "rates", "economy"))
            return [*_releases([config.scenarios().release]), *context, *CONFIG]
        case ("analysis", "verdicts.ipynb"):
            return [*(paths.result(v, "claims") for v in [*every, config.ALL]), *CONFIG]
        case ("report.ipynb",):
            return _report(every)
    raise AuditError("nothing says what this notebook reads.", file=one.notebook)


def raw(folder: str) -> list[str]:
    """A raw table's descriptor and CSV."""
    return [f"data/raw/{folder}/datapackage.json", str(sources.table_path(folder))]


def _releases(numbers: Sequence[int]) -> list[str]:
    tables = [paths.clean_release(number) for number in numbers]
    return [*tables, *(_descriptor(number) for number in numbers)]


def _descriptor(release: int) -> str:
    return f"data/raw/{paths.raw_release(release)}/datapackage.json"


def _descriptors(variant: str) -> list[str]:
    """Descriptors of the releases that a variant uses."""
    chosen = config.parameters(variant)
    return [_descriptor(n) for n in sorted({chosen["release"], chosen["totals_release"]})]


def _looked_at(entry: config.Reads, variant: str) -> list[str]:
    """Clean tables and lookups that an entry of figures.yaml or claims.yaml names."""
    release = config.parameters(variant)["release"]
    names = [
        f"{paths.KIEL}{release:02d}" if name == config.ACTIVITIES else name
        for name in entry.clean
    ]
    numbers = [n for n in map(paths.release_of, names) if n is not None]
    return sorted(
        {
            *map(paths.clean, names),
            *map(paths.lookup, entry.lookups),
            *map(_descriptor, numbers),
            *_descriptors(variant),
        }
    )


def _configuration(notebook: str) -> list[str]:
    """The files of configuration that a notebook reads, by what it calls."""
    root = repro.root()
    used = fingerprint.package(root).reached(fingerprint.named_in(root / notebook, root))
    return [path for place, read in LOADS.items() if place in used for path in read]


def _report(variants: Sequence[str]) -> list[str]:
    every = [*variants, config.ALL]
    words = [
        paths.figure(f, v)["json"] for f, v in [*config.drawn(variants), ("V01", config.ALL)]
    ]
    folder = repro.root() / "report/sections"
    return [
        *sorted(path.relative_to(repro.root()).as_posix() for path in folder.glob("*.md")),
        "report/abstract.md",
        *[paths.all_numbers(variant) for variant in every],
        *[paths.result(v, name) for v in every for name in ("claims", "readings")],
        *[paths.result(variant, "headline") for variant in variants],
        *words,
        *[paths.table(name, variant)["json"] for name, variant in config.tabled(variants)],
        *[paths.receipt(*listed) for listed in config.listed(variants)],
        *CONFIG,
        CHANGED,
        *[f"data/raw/{package}/datapackage.json" for package in sources.packages()],
        JUMPS,
        paths.FAULTS,
        paths.MUTATIONS,
        paths.PERTURBATIONS,
        paths.MUTANTS,
    ]


# ---------------------------------------------------------------- help


def missing(one: Job) -> list[str]:
    """The files that a job reads and that are not there, sorted."""
    return sorted(path for path in reads(one) if not (repro.root() / path).is_file())


def help_for(file: str, session: str | None, values: dict[str, Any]) -> str | None:
    """What to run where a notebook in JupyterLab lacks an input; None if nobody can tell.

    file: what it lacks. session: path of the notebook, as the server tells its kernel.
    values: the kernel's variables, among them the notebook's parameters.
    """
    from aidaudit import lab

    if session is None:
        return None
    notebook = lab.source_of(Path(session))
    one = of_notebook(notebook, values) if notebook else None
    lacks = missing(one) if one else []
    if file not in lacks:
        return None
    # A shell takes no longer line gladly, and so much means that nothing is built.
    command = f"snakemake {' '.join(lacks)}" if len(lacks) <= 8 else f"snakemake {one.executed}"
    return (
        f"in a terminal (File → New → Terminal): {command}\n"
        f"            it builds all that {one} reads and that is missing: {', '.join(lacks)}"
    )


@cache
def allowed() -> dict[str, list]:
    """The values that parameters of a closed kind may take."""
    from aidaudit.donors import GROUPS

    numbers = sources.release_numbers()
    variants = list(config.config().variants)
    return {
        "variant": [*variants, config.ALL],
        "variants": variants,
        "release": numbers,
        "totals_release": numbers,
        "table": list(config.context()),
        "donor_group": list(GROUPS),
    }
