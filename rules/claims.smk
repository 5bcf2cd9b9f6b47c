rule claims:
    input:
        notebook=source("analysis/claims"),
        reads=reads_of("{variant}", "claims"),
        environment=LOCK,
    output:
        writes=[
            update(paths.result("{variant}", "claims")),
            update(paths.result("{variant}", "readings")),
            update(paths.numbers("{variant}", "claims")),
        ],
        executed=update("report/notebooks/{variant}/claims.ipynb"),
        receipt=update(paths.receipt("{variant}", "claims")),
    log:
        "logs/{variant}/claims.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("claims"),
        code=code_of("analysis/claims"),
        offer=offer_of("{variant}", "claims"),
        own=own_of("{variant}", "claims"),
        excerpts=excerpts_of("{variant}", "claims"),
    message:
        "Judge the claims against {wildcards.variant} (notebooks/analysis/claims.ipynb)."
    shell:
        NOTEBOOK


rule numbers:
    input:
        parts=read_by("{variant}", "numbers"),
        environment=LOCK,
    output:
        made=update("data/processed/{variant}/numbers.json"),
        receipt=update(paths.receipt("{variant}", "numbers")),
    log:
        "logs/{variant}/numbers.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of_job("numbers"),
    message:
        "Collect the numbers of {wildcards.variant}."
    shell:
        "aidaudit job numbers --code {params.code:q} --receipt {output.receipt:q} "
        "-- {input.parts:q} :: {output.made:q} 2>&1 | tee {log:q}"


rule verdicts:
    input:
        notebook=source("analysis/verdicts"),
        reads=reads_of("all", "V01"),
        environment=LOCK,
    output:
        writes=[update(path) for path in paths.figure("V01", ALL).values()],
        executed=update(paths.executed(ALL, "V01")),
        receipt=update(paths.receipt(ALL, "V01")),
    log:
        "logs/all/V01.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("verdicts"),
        code=code_of("analysis/verdicts"),
        offer=offer_of("all", "V01"),
        own=own_of("all", "V01"),
        excerpts=excerpts_of("all", "V01"),
    message:
        "Draw all verdicts (notebooks/analysis/verdicts.ipynb)."
    shell:
        NOTEBOOK
