# What all rules share that run a notebook: with its parameters, its declared inputs, excerpts
# and outputs. The excerpts are what it reads of files that many share, as one hash: Snakemake
# runs it anew when that changes, and not when other rows or entries do. What it prints goes to
# the terminal and to the log alike.
rule notebook:
    log:
        "logs/notebook.log",
    conda:
        "../envs/environment.yaml"
    params:
        rule=lambda wildcards, output: job_of(output).rule,
        parameters=lambda wildcards, output: json.dumps(job_of(output).parameters),
        code=code_of,
        excerpts=lambda wildcards, output: excerpts.keep(plan.excerpts(job_of(output))),
    shell:
        "aidaudit notebook {input.notebook:q} {output.executed:q} --rule {params.rule:q} "
        "--code {params.code:q} --receipt {output.receipt:q} "
        "--parameters {params.parameters:q} --excerpts {params.excerpts:q} "
        "-- {input.reads:q} :: {output.writes:q} 2>&1 | tee {log:q}"


# And what the others share. Each gives its kind and the hash of the code that it uses.
rule job:
    log:
        "logs/job.log",
    conda:
        "../envs/environment.yaml"
    shell:
        "aidaudit job {params.kind:q} --code {params.code:q} --receipt {output.receipt:q} "
        "-- {input.read:q} :: {output.made:q} 2>&1 | tee {log:q}"
