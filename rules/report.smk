rule assemble:
    input:
        notebook=source("report"),
        reads=reads_of("all", "report"),
        environment=LOCK,
    output:
        writes=update("report/build/report.md"),
        executed=update("report/notebooks/all/report.ipynb"),
        receipt=update(paths.receipt("all", "report")),
    log:
        "logs/all/report.log",
    conda:
        "../envs/environment.yaml"
    params:
        step=named("assemble"),
        code=code_of("report"),
        offer=offer_of("all", "report"),
        own=own_of("all", "report"),
        excerpts=excerpts_of("all", "report"),
    message:
        "Put the report together (notebooks/report.ipynb)."
    shell:
        NOTEBOOK


rule library:
    input:
        environment=LOCK,
    output:
        made=update(paths.LIBRARY),
        receipt=update(paths.receipt("report", "library")),
    log:
        "logs/library.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of_job("library"),
    message:
        "Put together what draws the report's view."
    shell:
        "aidaudit job library --code {params.code:q} --receipt {output.receipt:q} "
        "-- :: {output.made:q} 2>&1 | tee {log:q}"


rule render:
    input:
        read=read_by("report", "{format}"),
        environment=LOCK,
    output:
        made=update("report/report.{format}"),
        receipt=update(paths.receipt("report", "{format}")),
    log:
        "logs/render_{format}.log",
    wildcard_constraints:
        format="html|pdf",
    # The longest of what comes last.
    priority: 1
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of_job("render"),
    message:
        "Render report/report.{wildcards.format}."
    shell:
        "aidaudit job render --code {params.code:q} --receipt {output.receipt:q} "
        "-- {input.read:q} :: {output.made:q} 2>&1 | tee {log:q}"


rule pages:
    input:
        read=read_by("report", "pages"),
        environment=LOCK,
    output:
        made=[update(path) for path in pages_of(VARIANTS)],
        receipt=update(paths.receipt("report", "pages")),
    log:
        "logs/pages.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of_job("pages"),
    message:
        "Turn the executed notebooks into pages."
    shell:
        "aidaudit job pages --code {params.code:q} --receipt {output.receipt:q} "
        "-- {input.read:q} :: {output.made:q} 2>&1 | tee {log:q}"
