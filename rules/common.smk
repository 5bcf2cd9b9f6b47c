"""What rules ask: which files their jobs read and write, and which code these use."""

import json

from aidaudit import config as audit, layout
from aidaudit.project import jobs as planned
from nbtrail.base import determinism, excerpts, paths, plan, settings
from nbtrail.record import fingerprint, old_outputs, receipts

# `snakemake --config variants=article,latest` builds a subset, without the report, whose
# text speaks of all of them.
KNOWN = list(audit.config().variants)
VARIANTS = str(config["variants"]).split(",") if "variants" in config else KNOWN
for name in VARIANTS:
    audit.variant(name)
WHOLE = VARIANTS == KNOWN
REPORT = ["report/report.html", "report/report.pdf"]
MANIFESTS = [paths.MANIFEST, *paths.DESCRIPTORS]
CONTEXT = audit.context()
ALL = audit.ALL
LOCK = paths.LOCK


wildcard_constraints:
    release="[0-9][0-9]",
    table="|".join(CONTEXT),
    scenario="|".join(audit.scenarios().scenarios),
    figure="F[0-9][0-9]",
    item="T[0-9][0-9]",


def inputs(name):
    """What the jobs of a rule read that runs notebooks. Of a notebook's source counts what its
    code says (`code_of`), not when it was saved."""
    kind = planned.KINDS[name]

    def job(wildcards):
        return plan.job(kind.group.format(**wildcards), kind.name.format(**wildcards), VARIANTS)

    return {
        "notebook": ancient(kind.notebook),
        "reads": lambda wildcards: plan.reads(job(wildcards)),
        "environment": LOCK,
    }


def outputs(name):
    """What they write. The drawings of figures are what `snakemake --report` shows."""
    kind = planned.KINDS[name]

    def made(path):
        if name != "figure" or not path.endswith(".svg"):
            return update(path)
        labels = {"figure": "{figure}", "variant": "{variant}"}
        return report(update(path), category="Figures", subcategory="{variant}", labels=labels)

    return {
        "writes": [made(path) for path in kind.writes],
        "executed": update(paths.executed(kind.group, kind.name)),
        "receipt": update(paths.receipt(kind.group, kind.name)),
    }


def log_of(name):
    """Where their words are kept."""
    return f"logs/{planned.KINDS[name].group}/{planned.KINDS[name].name}.log"


def job_of(output):
    """The job that writes these files."""
    return plan.job(*receipts.job_of(output.receipt).split("/"), VARIANTS)


def code_of(wildcards, output):
    """The hash of a notebook's cells and of the code of the package that it uses.

    As a parameter it makes Snakemake run what it changes for, and nothing else.
    """
    notebook = determinism.root() / job_of(output).notebook
    return fingerprint.notebook(notebook, determinism.root(), plan.RUNNER)


def kind(name):
    """The kind of a job that runs no notebook, and the hash of the code that it uses."""
    # A function, since `snakemake --lint` takes text for a path.
    code = fingerprint.command(determinism.root(), plan.does(name))
    return {"kind": lambda wildcards: name, "code": code}


drawn, tabled = audit.drawn, audit.tabled


def figure_files(variants):
    """Every figure in every format, and the data of every table."""
    return [
        path
        for figure, variant in [*drawn(variants), ("V01", ALL)]
        for path in paths.figure(figure, variant).values()
    ] + [paths.table(name, variant)["csv"] for name, variant in tabled(variants)]


def read_by(group, name):
    """What a job reads that runs no notebook."""
    return lambda wildcards: plan.step(
        group.format(**wildcards), name.format(**wildcards), VARIANTS
    )[1]


def pages_of(variants):
    """The HTML page of every executed notebook."""
    return [job.executed.replace(".ipynb", ".html") for job in plan.jobs(variants)]


def runs_of_part(wildcards):
    """The parameters of each run of a part: when they change, it must run again."""
    part = plan.sweep_parts(wildcards.sweep)[int(wildcards.part) - 1]
    return json.dumps([one.parameters for one in part])
