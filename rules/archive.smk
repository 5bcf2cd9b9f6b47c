rule manifest:
    input:
        receipts=read_by("report", "manifest"),
        environment=LOCK,
        citation="CITATION.cff",
    output:
        made=[update(path) for path in MANIFESTS],
        receipt=update(paths.receipt("report", "manifest")),
    log:
        "logs/manifest.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of_job("manifest"),
    message:
        "Write down what was made from what ({output.made[0]})."
    shell:
        "aidaudit job manifest --code {params.code:q} --receipt {output.receipt:q} "
        "-- {input.receipts:q} :: {output.made:q} 2>&1 | tee {log:q}"
