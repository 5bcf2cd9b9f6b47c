"""What rules share: parameters, what notebooks read, and the command that runs one."""

import json
import sys

from aidaudit import config as settings
from aidaudit import fingerprint, notebooks, paths, repro, sources

# `snakemake --config variants=article,latest` builds a subset, without the report, whose
# text speaks of all of them.
KNOWN = list(settings.config().variants)
VARIANTS = str(config["variants"]).split(",") if "variants" in config else KNOWN
for name in VARIANTS:
    settings.variant(name)
WHOLE = VARIANTS == KNOWN
REPORT = ["report/report.html", "report/report.pdf"]
MANIFESTS = [paths.MANIFEST, *paths.DESCRIPTORS]
SHOWN = settings.shown()
CONTEXT = settings.context()
SCENARIOS = [f"scenario_{name}" for name in settings.scenarios().scenarios]
ALL = settings.ALL
LOCK = paths.LOCK
CONFIG = [f"config/{name}.yaml" for name in settings.FILES]
OWN = ["data/raw/corrections.csv", "data/raw/memberships/donors.csv"]
# Runs a notebook with the parameters offered, its declared inputs and its declared outputs.
# Output goes to the terminal and to the log alike.
NOTEBOOK = (
    "aidaudit notebook {input.notebook:q} {output.executed:q} --step {params.step:q} "
    "--code {params.code:q} --receipt {output.receipt:q} --offer {params.offer:q} "
    "--own {params.own:q} -- {input.reads:q} :: {output.writes:q} 2>&1 | tee {log:q}"
)


def named(step):
    """A name for receipts; a function, since `snakemake --lint` takes text for a path."""
    return lambda wildcards: step


def source(path):
    """A notebook's source: what its code says counts (`code_of`), not when it was saved."""
    return ancient(f"notebooks/{path}.ipynb")


def code_of(path):
    """The hash of a notebook's cells and of the code of the package that it uses.

    As a parameter it makes Snakemake run what it changes for, and nothing else.
    """
    return lambda wildcards: fingerprint.notebook(
        repro.root() / f"notebooks/{path}.ipynb".format(**wildcards),
        repro.root(),
        ("aidaudit.jobs", "notebook"),
    )


def code_of_job(name):
    """The hash of the code of the package that a job uses which is no notebook."""
    return fingerprint.command(repro.root(), ("aidaudit.jobs", name))


def configuration(path):
    """The files of configuration that a notebook reads, by what it calls."""
    root = repro.root()
    used = fingerprint.package(root).reached(
        fingerprint.named_in(root / f"notebooks/{path}.ipynb", root)
    )
    return [
        *(CONFIG if ("aidaudit.config", "_load") in used else []),
        *(["config/events.yaml"] if ("aidaudit.charts", "events") in used else []),
    ]


def raw(folder):
    """A raw table's descriptor and CSV."""
    descriptor = f"data/raw/{folder}/datapackage.json"
    return [descriptor, str(sources.table_path(folder))]


def descriptors(variant):
    """Descriptors of the releases that a variant uses."""
    chosen = settings.parameters(variant)
    numbers = sorted({chosen["release"], chosen["totals_release"]})
    return [f"data/raw/{paths.raw_release(n)}/datapackage.json" for n in numbers]


def looked_at(reads, variant):
    """Clean tables and lookups that an entry of figures.yaml or claims.yaml names."""
    release = settings.parameters(variant)["release"]
    names = [
        f"{paths.KIEL}{release:02d}" if name == settings.ACTIVITIES else name
        for name in reads.clean
    ]
    releases = [n for n in map(paths.release_of, names) if n is not None]
    return sorted(
        {
            *map(paths.clean, names),
            *map(paths.lookup, reads.lookups),
            *(f"data/raw/{paths.raw_release(n)}/datapackage.json" for n in releases),
            *descriptors(variant),
        }
    )


def offer(**given):
    """Parameters as the JSON that the notebook command takes."""
    return json.dumps(given)


def offer_of_variant(wildcards):
    """Everything that a notebook of this variant may be given."""
    return offer(**settings.parameters(wildcards.variant))


def own_of_figure(wildcards):
    """The parameters that a figure's entry gives to its notebook alone."""
    return json.dumps(SHOWN[wildcards.figure].parameters)


def tables_of_figure(wildcards):
    """Result tables, clean tables and descriptors that a figure's notebook reads."""
    entry = SHOWN[wildcards.figure]
    folder = "figures" if wildcards.figure.startswith("F") else "tables"
    return [
        *[paths.result(wildcards.variant, name) for name in entry.reads],
        *looked_at(entry, wildcards.variant),
        *configuration(f"{folder}/{wildcards.figure}"),
    ]


drawn, tabled = settings.drawn, settings.tabled


def words_of_figures(variants):
    """The files with title, caption and alt text of every figure in the report."""
    return [paths.figure(f, v)["json"] for f, v in [*drawn(variants), ("V01", ALL)]]


def words_of_tables(variants):
    """What the report shows of every table that has a notebook of its own."""
    return [paths.table(name, variant)["json"] for name, variant in tabled(variants)]


def figure_files(variants):
    """Every figure in every format, and the data of every table."""
    return [
        path
        for figure, variant in [*drawn(variants), ("V01", ALL)]
        for path in paths.figure(figure, variant).values()
    ] + [paths.table(name, variant)["csv"] for name, variant in tabled(variants)]


def pictures_in_report(variants):
    """The pictures that HTML and PDF embed."""
    return [
        paths.figure(f, v)[kind]
        for f, v in [*drawn(variants), ("V01", ALL)]
        for kind in ("svg", "pdf")
    ]


def numbers_of_variant(wildcards):
    """The numbers that the notebooks of a variant contribute."""
    variant = wildcards.variant
    made = [*drawn([variant]), *tabled([variant])]
    names = ["claims", *[name for name, v in made if v == variant]]
    if variant != ALL:
        names.append("results")
    return [paths.numbers(variant, name) for name in names]


def executed_notebooks(variants):
    """Every executed notebook."""
    chosen = [settings.variant(v) for v in variants]
    named = {n for entry in [*SHOWN.values(), *settings.claims()] for n in entry.clean}
    releases = sorted(
        {r for v in chosen for r in (v.release, v.totals_release)}
        | {n for n in map(paths.release_of, named) if n is not None}
        | {settings.config().shared.items_release, settings.scenarios().release}
        | set(settings.multiverse().releases)
    )
    return [
        *[paths.executed("clean", f"kiel_release_{r:02d}") for r in releases],
        *[paths.executed("clean", table) for table in CONTEXT],
        *[paths.executed(v, "results") for v in variants],
        *[paths.executed(v, "claims") for v in [*variants, ALL]],
        *[paths.executed(v, f) for f, v in [*drawn(variants), *tabled(variants)]],
        *[paths.executed(ALL, name) for name in ("V01", "multiverse", *SCENARIOS)],
        *([paths.executed(ALL, "report")] if WHOLE else []),
    ]


def receipts_of(variants):
    """What every job of the build says about itself, but the one that puts them together."""
    executed = executed_notebooks(variants)
    names = [(Path(path).parent.name, Path(path).stem) for path in executed]
    names += [(variant, "numbers") for variant in [*variants, ALL]]
    names += [("report", name) for name in (*(("html", "pdf") if WHOLE else ()), "pages")]
    return [paths.receipt(*name) for name in names]


def pages_of(variants):
    """The HTML page of every executed notebook."""
    return [path.replace(".ipynb", ".html") for path in executed_notebooks(variants)]
