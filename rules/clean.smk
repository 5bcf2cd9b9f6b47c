rule clean_kiel:
    input:
        notebook="notebooks/clean/kiel.ipynb",
        reads=lambda wildcards: [*raw(paths.raw_release(int(wildcards.release))), *OWN],
        package=PACKAGE,
        environment=LOCK,
    output:
        writes=update("data/processed/clean/kiel_release_{release}.csv"),
        executed=update("report/notebooks/clean/kiel_release_{release}.ipynb"),
    log:
        "logs/clean/kiel_release_{release}.log",
    wildcard_constraints:
        release=r"\d\d",
    conda:
        "../envs/environment.yaml"
    params:
        offer=lambda wildcards: offer(release=int(wildcards.release)),
        own="{}",
    message:
        "Clean Kiel release {wildcards.release} (notebooks/clean/kiel.ipynb)."
    shell:
        NOTEBOOK


rule clean_context:
    input:
        notebook="notebooks/clean/context.ipynb",
        reads=lambda wildcards: [
            *[path for folder in CONTEXT[wildcards.table] for path in raw(folder)],
            *OWN,
        ],
        package=PACKAGE,
        environment=LOCK,
    output:
        writes=update("data/processed/clean/{table}.csv"),
        executed=update("report/notebooks/clean/{table}.ipynb"),
    log:
        "logs/clean/{table}.log",
    wildcard_constraints:
        table="|".join(CONTEXT),
    conda:
        "../envs/environment.yaml"
    params:
        offer=lambda wildcards: offer(table=wildcards.table, folders=CONTEXT[wildcards.table]),
        own="{}",
    message:
        "Clean {wildcards.table} (notebooks/clean/context.ipynb)."
    shell:
        NOTEBOOK
