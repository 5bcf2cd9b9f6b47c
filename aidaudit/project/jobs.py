"""Which notebook does which step of the audit: with which parameters, and from which files.

The one place that knows what the DAG injects. A job is named `group/name` (latest/F16,
clean/kiel_release_21, all/claims).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from aidaudit import config, layout
from aidaudit.data import sources
from nbtrail.base import determinism, files, paths, plan
from nbtrail.base import excerpts as parts
from nbtrail.base.errors import AuditError
from nbtrail.base.excerpts import Excerpt
from nbtrail.base.job import Job, Kind
from nbtrail.base.plan import CLEAN
from nbtrail.record import fingerprint

SCENARIO = "scenario_"
# Tiles in a row of the matrix of verdicts.
ACROSS = 9
CORRECTIONS = "data/raw/corrections.csv"
JUMPS = "data/raw/plausibility.csv"
REGISTER = sources.REGISTER.as_posix()
# What loads a file of configuration: a notebook whose code reaches it reads entries of the
# file. No output depends on what is swept, or on what a notebook may take.
LOADS: dict[fingerprint.Piece, tuple[str, Callable[[], Any]]] = {
    ("aidaudit.config", "config"): ("config/config.yaml", config.config),
    ("aidaudit.config", "shown"): (
        "config/figures.yaml",
        lambda: config.Figures(config.shown()),
    ),
    ("aidaudit.config", "changed_rules"): (
        "config/changed_rules.yaml",
        lambda: config.ChangedRules(config.changed_rules()),
    ),
    ("aidaudit.config", "multiverse"): ("config/multiverse.yaml", config.multiverse),
    ("aidaudit.config", "origin"): ("config/origin.yaml", config.origin),
    ("aidaudit.config", "scenarios"): ("config/scenarios.yaml", config.scenarios),
    ("aidaudit.report.charts", "events"): (
        "config/events.yaml",
        lambda: files.read_yaml("config/events.yaml"),
    ),
}
CLAIMS = ("aidaudit.config", "claims")


def _kinds() -> Iterator[Kind]:
    """Every rule that runs notebooks, in the order in which data flow."""
    variant, scenario = "{variant}", f"{SCENARIO}{{scenario}}"
    release = f"{layout.KIEL}{{release}}"
    for rule, name in (("clean_kiel", release), ("clean_context", "{table}")):
        notebook = plan.notebook(rule.replace("_", "/"))
        yield Kind(rule, CLEAN, name, notebook, (paths.clean(name),))

    def analysis(rule: str, group: str, name: str, *writes: str) -> Kind:
        return Kind(rule, group, name, plan.notebook(f"analysis/{rule}"), writes)

    def results(group: str, *names: str) -> list[str]:
        return [paths.result(group, name) for name in names]

    totals = results(variant, "donor_totals", "monthly", "headline")
    yield analysis("results", variant, "results", *totals, paths.numbers(variant, "results"))
    yield analysis("switch", variant, "switch", *results(variant, "switch"))
    specifications = (*results(config.ALL, "specifications"), layout.VIEW)
    yield analysis("multiverse", config.ALL, "multiverse", *specifications)
    found = (*results(config.ALL, "origin_of_total", "origin_counts"),)
    yield analysis("origin", config.ALL, "origin", *found, paths.numbers(config.ALL, "origin"))
    both = results(config.ALL, scenario, scenario.replace(SCENARIO, "scenario_paths_"))
    yield analysis("scenario", config.ALL, scenario, *both)
    for rule, name, files_of in (
        ("figure", "{figure}", paths.figure),
        ("table", "{item}", paths.table),
    ):
        writes = (*files_of(name, variant).values(), paths.numbers(variant, name))
        yield Kind(rule, variant, name, plan.notebook(f"{rule}s/{name}"), writes)
    judged = (*results(variant, "claims", "readings"), paths.numbers(variant, "claims"))
    yield analysis("claims", variant, "claims", *judged)
    yield analysis("verdicts", config.ALL, "V01", *paths.figure("V01", config.ALL).values())
    text = ("report/build/report.md",)
    yield Kind("assemble", config.ALL, "report", plan.notebook("report"), text)


KINDS = {kind.rule: kind for kind in _kinds()}


# ---------------------------------------------------------------- jobs


def groups() -> list[str]:
    """The variants, and the group of what depends on none."""
    return [*config.config().variants, config.ALL]


def default_group() -> str:
    """The variant whose parameters notebooks have as defaults."""
    return config.config().default_variant


def job(group: str, name: str, variants: Sequence[str] | None = None) -> Job | None:
    """The job of this group and name. variants: those that the report speaks of; default all.
    None where there is none.
    """
    if group == CLEAN and (release := layout.release_of(name)) is not None:
        return KINDS["clean_kiel"].job({"release": release}, release=f"{release:02d}")
    if group == CLEAN and name in config.context():
        offer = {"table": name, "folders": config.context()[name]}
        return KINDS["clean_context"].job(offer, table=name)
    if name in config.shown() and _exists(group) and config.answers(name, group):
        kind = KINDS["figure" if name.startswith("F") else "table"]
        own = config.shown()[name].parameters
        return kind.job(config.parameters(group), own, variant=group, figure=name, item=name)
    if name == "claims" and _exists(group):
        return KINDS[name].job(config.parameters(group), variant=group)
    if name == "switch" and _exists(group) and config.switches(group):
        own = config.switch_parameters()
        return KINDS[name].job(config.parameters(group), own, variant=group)
    if name == "results" and group in config.config().variants:
        return KINDS[name].job(config.parameters(group), variant=group)
    scenario = name.removeprefix(SCENARIO)
    if group == config.ALL and name != scenario and scenario in config.scenarios().scenarios:
        return KINDS["scenario"].job(config.scenario_parameters(scenario), scenario=scenario)
    if group == config.ALL and name in ("multiverse", "origin"):
        own = {"total": config.article_total()}
        own |= {"step": config.origin().step} if name == "origin" else {}
        return KINDS[name].job(config.parameters(group), own)
    if group == config.ALL and name in ("V01", "report"):
        offer = {"variants": list(variants or config.config().variants)}
        if name == "report":
            return KINDS["assemble"].job(offer)
        return KINDS["verdicts"].job(offer, {"across": ACROSS})
    return None


def jobs(variants: Sequence[str] | None = None) -> list[Job]:
    """Every run of a notebook for these variants, in the order in which data flow.

    The report's is among them when they are all variants.
    """
    config.check_names()
    known = list(config.config().variants)
    chosen = list(variants or known)
    names = [(CLEAN, f"{layout.KIEL}{release:02d}") for release in releases(chosen)]
    names += [(CLEAN, table) for table in config.context()]
    names += [(variant, "results") for variant in chosen]
    names += [(variant, "switch") for variant in chosen if config.switches(variant)]
    names += [(variant, "claims") for variant in [*chosen, config.ALL]]
    made = [*config.drawn(chosen), *config.tabled(chosen)]
    names += [(variant, name) for name, variant in made]
    scenarios = [f"{SCENARIO}{name}" for name in config.scenarios().scenarios]
    names += [(config.ALL, name) for name in ("V01", "multiverse", "origin", *scenarios)]
    if chosen == known:
        names.append((config.ALL, "report"))
    return [plan.job(group, name, chosen) for group, name in names]


def releases(variants: Sequence[str]) -> list[int]:
    """The Kiel releases that a build of these variants cleans, ascending."""
    chosen = [config.variant(name) for name in variants]
    entries = [*config.shown().values(), *config.claims()]
    named = {layout.release_of(name) for entry in entries for name in entry.clean}
    return sorted(
        {number for one in chosen for number in (one.release, one.totals_release)}
        | {number for number in named if number is not None}
        | {config.config().shared.items_release, config.scenarios().release}
        | set(config.multiverse().releases)
        | set(config.origin().releases)
    )


def _exists(group: str) -> bool:
    return group == config.ALL or group in config.config().variants


# ---------------------------------------------------------------- what they read


def reads(one: Job) -> list[str]:
    """The files that a job's notebook reads whole, relative to the root."""
    match PurePosixPath(one.notebook).parts[1:]:
        case ("clean", _):
            return [path for folder in _raw_folders(one) for path in raw(folder)]
        case ("figures" | "tables", _):
            entry = config.shown()[one.name]
            results = [paths.result(one.group, name) for name in entry.reads]
            return [*results, *_looked_at(entry, one.group)]
        case ("analysis", "claims.ipynb"):
            return [
                *(paths.result(one.group, name) for name in config.results_of(one.group)),
                *_looked_at(config.reads_of_claims(one.group), one.group),
            ]
        case ("analysis", "switch.ipynb"):
            return [paths.result(one.group, "monthly"), paths.clean("donors")]
        case ("analysis", "results.ipynb"):
            chosen = config.variant(one.group)
            return [
                *map(layout.clean_release, (chosen.release, chosen.totals_release)),
                *map(paths.clean, ("donors", "rates")),
                *_descriptors(one.group),
            ]
        case ("analysis", "total.ipynb"):
            release = one.own["release"]
            return [*_releases([release]), *map(paths.clean, ("donors", "rates"))]
        case ("analysis", "multiverse.ipynb"):
            numbers = config.multiverse().releases
            context = map(paths.clean, ("donors", "rates", "economy", "refugee_costs"))
            return [*_releases(numbers), *context]
        case ("analysis", "origin.ipynb"):
            searched = config.origin()
            numbers = sorted({*searched.releases, searched.refugee_costs_release})
            context = ("donors", "rates", "refugee_costs", "release_dates")
            return [*_releases(numbers), *map(paths.clean, context)]
        case ("analysis", "scenario.ipynb"):
            context = map(paths.clean, ("donors", "rates", "economy"))
            return [*_releases([config.scenarios().release]), *context]
        case ("analysis", "verdicts.ipynb"):
            return [paths.result(v, "claims") for v in [*one.offer["variants"], config.ALL]]
        case ("report.ipynb",):
            return _report(one.offer["variants"])
    raise AuditError("nothing says what this notebook reads.", file=one.notebook)


def raw(folder: str) -> list[str]:
    """A raw table's descriptor and CSV."""
    return [f"data/raw/{folder}/datapackage.json", str(sources.table_path(folder))]


def _releases(numbers: Sequence[int]) -> list[str]:
    tables = [layout.clean_release(number) for number in numbers]
    return [*tables, *(_descriptor(number) for number in numbers)]


def _descriptor(release: int) -> str:
    return f"data/raw/{layout.raw_release(release)}/datapackage.json"


def _descriptors(variant: str) -> list[str]:
    """Descriptors of the releases that a variant uses."""
    chosen = config.parameters(variant)
    return [_descriptor(n) for n in sorted({chosen["release"], chosen["totals_release"]})]


def _looked_at(entry: config.Reads, variant: str) -> list[str]:
    """Clean tables and lookups that an entry of figures.yaml or claims.yaml names."""
    release = config.parameters(variant)["release"]
    names = [
        f"{layout.KIEL}{release:02d}" if name == config.ACTIVITIES else name
        for name in entry.clean
    ]
    numbers = [n for n in map(layout.release_of, names) if n is not None]
    return sorted(
        {
            *map(paths.clean, names),
            *map(layout.lookup, entry.lookups),
            *map(_descriptor, numbers),
            *_descriptors(variant),
        }
    )


def _report(variants: Sequence[str]) -> list[str]:
    every = [*variants, config.ALL]
    words = [
        paths.figure(f, v)["json"] for f, v in [*config.drawn(variants), ("V01", config.ALL)]
    ]
    return [
        *sections(),
        "report/abstract.md",
        *[paths.all_numbers(variant) for variant in every],
        *[paths.result(v, name) for v in every for name in ("claims", "readings")],
        *[paths.result(variant, "headline") for variant in variants],
        *words,
        *[paths.table(name, variant)["json"] for name, variant in config.tabled(variants)],
        *[paths.receipt(*listed) for listed in config.listed(variants)],
        *[f"data/raw/{package}/datapackage.json" for package in sources.packages()],
        layout.FAULTS,
        layout.MUTATIONS,
        layout.PERTURBATIONS,
        layout.MUTANTS,
    ]


# ---------------------------------------------------------------- jobs that are no notebooks


def step(
    group: str, name: str, variants: Sequence[str] | None = None
) -> tuple[str, list[str]] | None:
    """Kind (`aidaudit job KIND`) and files read, of a job that runs no notebook; else None."""
    every = list(variants or config.config().variants)
    match group, name:
        case (variant, "numbers"):
            return "numbers", _contributed(variant)
        case ("report", "library"):
            return "library", []
        case ("report", "html" | "pdf"):
            drawn = [*config.drawn(every), ("V01", config.ALL)]
            pictures = [paths.figure(f, v)[kind] for f, v in drawn for kind in ("svg", "pdf")]
            text = "report/build/report.md"
            return "render", [
                text,
                *sections(),
                *style(),
                *pictures,
                layout.VIEW,
                layout.LIBRARY,
            ]
        case ("report", "pages"):
            return "pages", [*(one.executed for one in plan.jobs(every)), *style()]
        case ("report", "manifest"):
            return "manifest", plan.receipts(every)
    return None


def steps(variants: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Group and name of the jobs that run no notebook, but the one of the manifest."""
    known = list(config.config().variants)
    chosen = list(variants or known)
    whole = ("library", "html", "pdf") if chosen == known else ()
    return [
        *((variant, "numbers") for variant in [*chosen, config.ALL]),
        *(("report", name) for name in (*whole, "pages")),
    ]


def sections() -> list[str]:
    """The report's text, a file a section."""
    return _below("report/sections", "*.md")


def style() -> list[str]:
    """What gives pages and PDF their looks, and the bibliography."""
    kinds = (".html", ".css", ".typ", ".lua", ".bib", ".theme")
    found = _below("report", "*.*")
    return [path for path in found if path.endswith(kinds) and path != "report/report.html"]


def _below(folder: str, pattern: str) -> list[str]:
    root = determinism.root()
    return sorted(path.relative_to(root).as_posix() for path in (root / folder).glob(pattern))


def _contributed(variant: str) -> list[str]:
    """The numbers that the notebooks of a variant contribute."""
    made = [*config.drawn([variant]), *config.tabled([variant])]
    names = ["claims", *(name for name, v in made if v == variant)]
    names.append("origin" if variant == config.ALL else "results")
    return [paths.numbers(variant, name) for name in names]


# ---------------------------------------------------------------- rows and entries


def excerpts(one: Job) -> list[Excerpt]:
    """What a job's notebook reads of files that many jobs share, sorted by name.

    It sees nothing else of these files: rows about the raw tables that it cleans, and entries
    of the configuration that its code loads.
    """
    found = _entries(one)
    match PurePosixPath(one.notebook).parts[1:]:
        case ("clean", _):
            folders = _raw_folders(one)
            corrections = [_corrections(folder) for folder in folders]
            found += [*corrections, _donors(one, folders, corrections)]
            if (number := one.offer.get("release")) is not None:
                found.append(parts.rows(JUMPS, f"{number}", lambda row: _between(row, number)))
        case ("report.ipynb",):
            found.append(parts.rows(JUMPS, "all", lambda row: True))
    return sorted(found, key=lambda part: part.name)


def _raw_folders(one: Job) -> list[str]:
    """The raw tables that a job cleans, and those that it holds them against."""
    if "folders" in one.offer:
        return one.offer["folders"]
    number = one.offer["release"]
    # It is held against those before and after it.
    return [layout.raw_release(n) for n in (number, *sources.neighbours(number))]


def _corrections(folder: str) -> Excerpt:
    """The corrections of a raw table.

    A row that speaks of no raw table goes to all jobs, so that one says so.
    """
    source = sources.correction_source(folder)
    release = folder.removeprefix("kiel/release-").lstrip("0") if source != folder else None

    def chosen(row: Mapping[str, str]) -> bool:
        mine = row["source"] == source and row["release"] in ("", release)
        return mine or not _is_correctable(row["source"], row["release"])

    return parts.rows(CORRECTIONS, f"{source},{release}" if release else source, chosen)


@cache
def _is_correctable(source: str, release: str) -> bool:
    return sources.is_correctable(source, release)


def _donors(one: Job, folders: list[str], corrections: list[Excerpt]) -> Excerpt:
    """The rows of the register of donors that a job looks up: those of its tables' donors.

    Where a table has a donor that is not in it, all: a message then names the nearest.
    """
    if one.name == "donors":
        return parts.rows(REGISTER, "all", lambda row: True)
    tables = [str(sources.table_path(folder)) for folder in folders]
    names = {name for table in tables for name in parts.values(table, "donor")}
    for row in (row for part in corrections for row in part.records()):
        if row["column"] == "donor":
            names = names - {row["from"]} | {row["to"]}
    unknown = names - parts.values(REGISTER, "donor")
    return parts.rows(REGISTER, one.name, lambda row: bool(row["donor"] in names or unknown))


def _between(row: Mapping[str, str], number: int) -> bool:
    """Whether an accepted row is of this release, or of two that it is or lies between.

    What is no number is for all to complain of.
    """
    try:
        release = float(row["release"])
        return float(row["against"] or release) <= number <= release
    except ValueError:
        return True


def _entries(one: Job) -> list[Excerpt]:
    """What a notebook's code loads of the configuration."""
    root = determinism.root()
    used = fingerprint.package(root).reached(fingerprint.named_in(root / one.notebook, root))
    found = [
        Excerpt(path, "all", _plain(path, load()))
        for place, (path, load) in LOADS.items()
        if place in used
    ]
    if CLAIMS in used:
        key, claims = one.name, config.claims()
        if one.name == "claims":
            key, claims = str(one), config.claims_of(one.group)
        elif one.name in config.figures():
            claims = [c for c in claims if c.id in config.figures()[one.name].claims]
        else:
            key = "all"
        path = "config/claims.yaml"
        found.append(Excerpt(path, key, _plain(path, config.Claims(claims))))
    return found


def _plain(path: str, content: Any) -> Any:
    """What entries say, as JSON has it. Raises AuditError for what JSON cannot say."""
    if not isinstance(content, BaseModel):
        return json.loads(json.dumps(content))
    plain = content.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if type(content).model_validate(plain) != content:
        raise AuditError(
            "an entry holds a value that is neither text nor number, list nor dict.",
            file=path,
            mend="put quotes around dates.",
        )
    return plain


@cache
def allowed() -> dict[str, list]:
    """The values that parameters of a closed kind may take."""
    from aidaudit.measures.donors import GROUPS

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
