rule clean_kiel:
    input:
        notebook=source("clean/kiel"),
        reads=reads_of("clean", "kiel_release_{release}"),
        environment=LOCK,
    output:
        writes=update("data/processed/clean/kiel_release_{release}.csv"),
        executed=update("report/notebooks/clean/kiel_release_{release}.ipynb"),
        receipt=update(paths.receipt("clean", "kiel_release_{release}")),
    log:
        "logs/clean/kiel_release_{release}.log",
    wildcard_constraints:
        release=r"[0-9][0-9]",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("clean_kiel"),
        code=code_of("clean/kiel"),
        offer=offer_of("clean", "kiel_release_{release}"),
        own=own_of("clean", "kiel_release_{release}"),
        excerpts=excerpts_of("clean", "kiel_release_{release}"),
    message:
        "Clean Kiel release {wildcards.release} (notebooks/clean/kiel.ipynb)."
    shell:
        NOTEBOOK


rule clean_context:
    input:
        notebook=source("clean/context"),
        reads=reads_of("clean", "{table}"),
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
        offer=offer_of("clean", "{table}"),
        own=own_of("clean", "{table}"),
        excerpts=excerpts_of("clean", "{table}"),
    message:
        "Clean {wildcards.table} (notebooks/clean/context.ipynb)."
    shell:
        NOTEBOOK
