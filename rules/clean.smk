rule clean_kiel:
    input:
        notebook=source("clean/kiel"),
        reads=lambda wildcards: [*raw(paths.raw_release(int(wildcards.release))), *OWN],
        environment=LOCK,
    output:
        writes=update("data/processed/clean/kiel_release_{release}.csv"),
        executed=update("report/notebooks/clean/kiel_release_{release}.ipynb"),
        receipt=update(paths.receipt("clean", "kiel_release_{release}")),
    log:
        "logs/clean/kiel_release_{release}.log",
    wildcard_constraints:
        release=r"\d\d",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("clean_kiel"),
        code=code_of("clean/kiel"),
        offer=lambda wildcards: offer(release=int(wildcards.release)),
        own="{}",
    message:
        "Clean Kiel release {wildcards.release} (notebooks/clean/kiel.ipynb)."
    shell:
        NOTEBOOK


rule clean_context:
    input:
        notebook=source("clean/context"),
        reads=lambda wildcards: [
            *[path for folder in CONTEXT[wildcards.table] for path in raw(folder)],
            *OWN,
        ],
        environment=LOCK,
    output:
        writes=update("data/processed/clean/{table}.csv"),
        executed=update("report/notebooks/clean/{table}.ipynb"),
        receipt=update(paths.receipt("clean", "{table}")),
    log:
        "logs/clean/{table}.log",
    wildcard_constraints:
        table="|".join(CONTEXT),
    conda:
        "../envs/environment.yaml"
    params:
        step=named("clean_context"),
        code=code_of("clean/context"),
        offer=lambda wildcards: offer(table=wildcards.table, folders=CONTEXT[wildcards.table]),
        own="{}",
    message:
        "Clean {wildcards.table} (notebooks/clean/context.ipynb)."
    shell:
        NOTEBOOK
