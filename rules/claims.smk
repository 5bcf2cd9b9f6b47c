rule claims:
    input:
        notebook="notebooks/analysis/claims.ipynb",
        reads=lambda wildcards: [
            *(
                []
                if wildcards.variant == ALL
                else [paths.result(wildcards.variant, "monthly")]
            ),
            *looked_at(settings.reads_of_claims(wildcards.variant), wildcards.variant),
            *CONFIG,
        ],
        package=PACKAGE,
        environment=LOCK,
    output:
        writes=[
            update(paths.result("{variant}", "claims")),
            update(paths.result("{variant}", "readings")),
            update(paths.numbers("{variant}", "claims")),
        ],
        executed=update("report/notebooks/{variant}/claims.ipynb"),
    log:
        "logs/{variant}/claims.log",
    conda:
        "../envs/environment.yaml"
    params:
        offer=offer_of_variant,
        own="{}",
    message:
        "Judge the claims against {wildcards.variant} (notebooks/analysis/claims.ipynb)."
    shell:
        NOTEBOOK


rule numbers:
    input:
        parts=numbers_of_variant,
        package=PACKAGE,
    output:
        update("data/processed/{variant}/numbers.json"),
    log:
        "logs/{variant}/numbers.log",
    conda:
        "../envs/environment.yaml"
    message:
        "Collect the numbers of {wildcards.variant}."
    shell:
        "aidaudit numbers {output:q} {input.parts:q} 2>&1 | tee {log:q}"


rule verdicts:
    input:
        notebook="notebooks/analysis/verdicts.ipynb",
        reads=[*[paths.result(variant, "claims") for variant in [*VARIANTS, ALL]], *CONFIG],
        package=PACKAGE,
        environment=LOCK,
    output:
        writes=[update(path) for path in paths.figure("V01", ALL).values()],
        executed=update("report/notebooks/all/V01.ipynb"),
    log:
        "logs/all/V01.log",
    conda:
        "../envs/environment.yaml"
    params:
        offer=offer(variants=VARIANTS),
        own='{"across": 9}',
    message:
        "Draw all verdicts (notebooks/analysis/verdicts.ipynb)."
    shell:
        NOTEBOOK
