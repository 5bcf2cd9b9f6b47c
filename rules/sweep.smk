# Nothing of the report rests on a sweep: `snakemake sweep` runs those of config/sweeps.yaml.
rule sweep:
    input:
        lambda wildcards: [paths.sweep(name) for name in settings.sweeps()],
    message:
        "The sweeps of config/sweeps.yaml are done: data/processed/sweeps/."


rule sweep_part:
    input:
        notebook=lambda wildcards: ancient(settings.sweeps()[wildcards.sweep].notebook),
        reads=lambda wildcards: plan.sweep_reads(wildcards.sweep),
        environment=LOCK,
    output:
        rows=update("data/processed/sweeps/{sweep}/{part}.csv"),
        receipt=update(paths.receipt("sweeps", "{sweep}-{part}")),
    log:
        "logs/sweeps/{sweep}-{part}.log",
    wildcard_constraints:
        sweep=r"[a-z][a-z0-9_]*",
        part=r"[0-9]+",
    conda:
        "../envs/environment.yaml"
    params:
        runs=runs_of_part,
        excerpts=lambda wildcards: excerpts.keep(plan.sweep_excerpts(wildcards.sweep)),
        code=lambda wildcards: fingerprint.notebook(
            determinism.root() / settings.sweeps()[wildcards.sweep].notebook,
            determinism.root(),
            plan.SWEEPER,
        ),
    message:
        "Run part {wildcards.part} of the sweep {wildcards.sweep}."
    shell:
        "aidaudit sweep-part {wildcards.sweep:q} {wildcards.part:q} --code {params.code:q} "
        "--excerpts {params.excerpts:q} --receipt {output.receipt:q} "
        "-- {input.reads:q} :: {output.rows:q} 2>&1 | tee {log:q}"


use rule job as sweep_table with:
    input:
        read=read_by("sweeps", "{sweep}"),
        environment=LOCK,
    output:
        made=update("data/processed/sweeps/{sweep}.csv"),
        receipt=update(paths.receipt("sweeps", "{sweep}")),
    log:
        "logs/sweeps/{sweep}.log",
    wildcard_constraints:
        sweep=r"[a-z][a-z0-9_]*",
    params:
        **kind("sweep"),
    message:
        "Put the runs of the sweep {wildcards.sweep} into one table ({output.made})."
