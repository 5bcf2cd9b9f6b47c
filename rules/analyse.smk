rule results:
    input:
        notebook=source("analysis/results"),
        reads=reads_of("{variant}", "results"),
        environment=LOCK,
    output:
        writes=[
            update(f"data/processed/{{variant}}/{name}")
            for name in (
                "donor_totals.csv",
                "monthly.csv",
                "headline.csv",
                "numbers/results.json",
            )
        ],
        executed=update("report/notebooks/{variant}/results.ipynb"),
        receipt=update(paths.receipt("{variant}", "results")),
    log:
        "logs/{variant}/results.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("results"),
        code=code_of("analysis/results"),
        offer=offer_of("{variant}", "results"),
        own=own_of("{variant}", "results"),
        excerpts=excerpts_of("{variant}", "results"),
    message:
        "Add up {wildcards.variant} (notebooks/analysis/results.ipynb)."
    shell:
        NOTEBOOK


rule switch:
    input:
        notebook=source("analysis/switch"),
        reads=reads_of("{variant}", "switch"),
        environment=LOCK,
    output:
        writes=update("data/processed/{variant}/switch.csv"),
        executed=update("report/notebooks/{variant}/switch.ipynb"),
        receipt=update(paths.receipt("{variant}", "switch")),
    log:
        "logs/{variant}/switch.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("switch"),
        code=code_of("analysis/switch"),
        offer=offer_of("{variant}", "switch"),
        own=own_of("{variant}", "switch"),
        excerpts=excerpts_of("{variant}", "switch"),
    message:
        "Draw the months of {wildcards.variant} again (notebooks/analysis/switch.ipynb)."
    shell:
        NOTEBOOK


rule multiverse:
    input:
        notebook=source("analysis/multiverse"),
        reads=reads_of("all", "multiverse"),
        environment=LOCK,
    output:
        writes=[update(paths.result(ALL, "specifications")), update(paths.VIEW)],
        executed=update(paths.executed(ALL, "multiverse")),
        receipt=update(paths.receipt(ALL, "multiverse")),
    log:
        "logs/all/multiverse.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("multiverse"),
        code=code_of("analysis/multiverse"),
        offer=offer_of("all", "multiverse"),
        own=own_of("all", "multiverse"),
        excerpts=excerpts_of("all", "multiverse"),
    message:
        "Compute every specification (notebooks/analysis/multiverse.ipynb)."
    shell:
        NOTEBOOK


rule origin:
    input:
        notebook=source("analysis/origin"),
        reads=reads_of("all", "origin"),
        environment=LOCK,
    output:
        writes=[
            update(paths.result(ALL, "origin_of_total")),
            update(paths.result(ALL, "origin_counts")),
            update(paths.numbers(ALL, "origin")),
        ],
        executed=update(paths.executed(ALL, "origin")),
        receipt=update(paths.receipt(ALL, "origin")),
    log:
        "logs/all/origin.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("origin"),
        code=code_of("analysis/origin"),
        offer=offer_of("all", "origin"),
        own=own_of("all", "origin"),
        excerpts=excerpts_of("all", "origin"),
    message:
        "Search where the quoted total can come from (notebooks/analysis/origin.ipynb)."
    shell:
        NOTEBOOK


rule scenario:
    input:
        notebook=source("analysis/scenario"),
        reads=reads_of("all", "scenario_{scenario}"),
        environment=LOCK,
    output:
        writes=[
            update("data/processed/all/scenario_{scenario}.csv"),
            update("data/processed/all/scenario_paths_{scenario}.csv"),
        ],
        executed=update("report/notebooks/all/scenario_{scenario}.ipynb"),
        receipt=update(paths.receipt("all", "scenario_{scenario}")),
    log:
        "logs/all/scenario_{scenario}.log",
    wildcard_constraints:
        scenario="|".join(settings.scenarios().scenarios),
    conda:
        "../envs/environment.yaml"
    params:
        step=named("scenario"),
        code=code_of("analysis/scenario"),
        offer=offer_of("all", "scenario_{scenario}"),
        own=own_of("all", "scenario_{scenario}"),
        excerpts=excerpts_of("all", "scenario_{scenario}"),
    message:
        "Compute the scenario {wildcards.scenario} (notebooks/analysis/scenario.ipynb)."
    shell:
        NOTEBOOK


rule figure:
    input:
        notebook=source("figures/{figure}"),
        reads=reads_of("{variant}", "{figure}"),
        environment=LOCK,
    output:
        # The drawing is what `snakemake --report` shows.
        writes=[
            (
                report(
                    update(path),
                    category="Figures",
                    subcategory="{variant}",
                    labels={"figure": "{figure}", "variant": "{variant}"},
                )
                if path.endswith(".svg")
                else update(path)
            )
            for path in (
                *paths.figure("{figure}", "{variant}").values(),
                paths.numbers("{variant}", "{figure}"),
            )
        ],
        executed=update("report/notebooks/{variant}/{figure}.ipynb"),
        receipt=update(paths.receipt("{variant}", "{figure}")),
    log:
        "logs/{variant}/{figure}.log",
    wildcard_constraints:
        figure=r"F[0-9][0-9]",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("figure"),
        code=code_of("figures/{figure}"),
        offer=offer_of("{variant}", "{figure}"),
        own=own_of("{variant}", "{figure}"),
        excerpts=excerpts_of("{variant}", "{figure}"),
    message:
        "Draw {wildcards.figure} for {wildcards.variant} (notebooks/figures/{wildcards.figure}.ipynb)."
    shell:
        NOTEBOOK


rule table:
    input:
        notebook=source("tables/{figure}"),
        reads=reads_of("{variant}", "{figure}"),
        environment=LOCK,
    output:
        writes=[
            update(path)
            for path in (
                *paths.table("{figure}", "{variant}").values(),
                paths.numbers("{variant}", "{figure}"),
            )
        ],
        executed=update("report/notebooks/{variant}/{figure}.ipynb"),
        receipt=update(paths.receipt("{variant}", "{figure}")),
    log:
        "logs/{variant}/{figure}.log",
    wildcard_constraints:
        figure=r"T[0-9][0-9]",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("table"),
        code=code_of("tables/{figure}"),
        offer=offer_of("{variant}", "{figure}"),
        own=own_of("{variant}", "{figure}"),
        excerpts=excerpts_of("{variant}", "{figure}"),
    message:
        "Set {wildcards.figure} for {wildcards.variant} (notebooks/tables/{wildcards.figure}.ipynb)."
    shell:
        NOTEBOOK
