"""What rules share: parameters, what notebooks read, and the command that runs one."""

import json

from aidaudit import config as settings
from aidaudit import baseline, excerpts, fingerprint, parameters, paths, plan, repro

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
# Runs a notebook with its parameters, its declared inputs, excerpts and outputs.
# Output goes to the terminal and to the log alike.
NOTEBOOK = (
    "aidaudit notebook {input.notebook:q} {output.executed:q} --step {params.step:q} "
    "--code {params.code:q} --receipt {output.receipt:q} --offer {params.offer:q} "
    "--own {params.own:q} --excerpts {params.excerpts:q} -- {input.reads:q} :: {output.writes:q} 2>&1 | tee {log:q}"
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
    """Those parameters offered to a notebook that it declares, as JSON: others change nothing."""

    def offer(wildcards):
        job = planned(group, name)(wildcards)
        declared = parameters.declared(job.notebook)
        return json.dumps({key: job.offer[key] for key in declared if key in job.offer})

    return offer


def own_of(group, name):
    """Parameters that a notebook must declare, as JSON."""
    return lambda wildcards: json.dumps(planned(group, name)(wildcards).own)


def excerpts_of(group, name):
    """What a notebook reads of files that many share, as one hash: Snakemake runs it anew when
    that changes, and not when other rows or entries do."""
    return lambda wildcards: excerpts.keep(plan.excerpts(planned(group, name)(wildcards)))


drawn, tabled = settings.drawn, settings.tabled


def figure_files(variants):
    """Every figure in every format, and the data of every table."""
    return [
        path
        for figure, variant in [*drawn(variants), ("V01", ALL)]
        for path in paths.figure(figure, variant).values()
    ] + [paths.table(name, variant)["csv"] for name, variant in tabled(variants)]


def read_by(group, name):
    """What a job reads that runs no notebook."""
    return lambda wildcards: plan.further(
        group.format(**wildcards), name.format(**wildcards), VARIANTS
    )[1]


def pages_of(variants):
    """The HTML page of every executed notebook."""
    return [job.executed.replace(".ipynb", ".html") for job in plan.jobs(variants)]


def runs_of_part(wildcards):
    """The parameters of each run of a part: when they change, it must run again."""
    part = plan.sweep_parts(wildcards.sweep)[int(wildcards.part) - 1]
    return json.dumps([one.parameters for one in part])
