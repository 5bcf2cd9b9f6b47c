"""What rules share: parameters, what notebooks read, and the command that runs one."""

import json

from aidaudit import config as settings
from aidaudit import baseline, fingerprint, paths, plan, repro

# `snakemake --config variants=article,latest` builds a subset, without the report, whose
# text speaks of all of them.
KNOWN = list(settings.config().variants)
VARIANTS = str(config["variants"]).split(",") if "variants" in config else KNOWN
for name in VARIANTS:
    settings.variant(name)
WHOLE = VARIANTS == KNOWN
REPORT = ["report/report.html", "report/report.pdf"]
MANIFESTS = [paths.MANIFEST, *paths.DESCRIPTORS]
CONTEXT = settings.context()
ALL = settings.ALL
LOCK = paths.LOCK
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


def planned(group, name):
    """The job of this group and name, with wildcards filled in."""
    return lambda wildcards: plan.job(
        group.format(**wildcards), name.format(**wildcards), VARIANTS
    )


def reads_of(group, name):
    """What a notebook reads."""
    return lambda wildcards: plan.reads(planned(group, name)(wildcards), VARIANTS)


def offer_of(group, name):
    """Parameters of which a notebook takes those that it declares, as JSON."""
    return lambda wildcards: json.dumps(planned(group, name)(wildcards).offer)


def own_of(group, name):
    """Parameters that a notebook must declare, as JSON."""
    return lambda wildcards: json.dumps(planned(group, name)(wildcards).own)


drawn, tabled = settings.drawn, settings.tabled


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
    names.append("origin" if variant == ALL else "results")
    return [paths.numbers(variant, name) for name in names]


def executed_notebooks(variants):
    """Every executed notebook."""
    return [job.executed for job in plan.jobs(variants)]


def receipts_of(variants):
    """What every job of the build says about itself, but the one that puts them together."""
    executed = executed_notebooks(variants)
    names = [(Path(path).parent.name, Path(path).stem) for path in executed]
    names += [(variant, "numbers") for variant in [*variants, ALL]]
    names += [
        ("report", name) for name in (*(("library", "html", "pdf") if WHOLE else ()), "pages")
    ]
    return [paths.receipt(*name) for name in names]


def pages_of(variants):
    """The HTML page of every executed notebook."""
    return [path.replace(".ipynb", ".html") for path in executed_notebooks(variants)]


def parts_of_sweep(wildcards):
    """The rows that each part of a sweep writes, in the order of its grid."""
    parts = range(1, len(plan.sweep_parts(wildcards.sweep)) + 1)
    return [f"data/processed/sweeps/{wildcards.sweep}/{part}.csv" for part in parts]


def runs_of_part(wildcards):
    """The parameters of each run of a part: when they change, it must run again."""
    part = plan.sweep_parts(wildcards.sweep)[int(wildcards.part) - 1]
    return json.dumps([one.parameters for one in part])
