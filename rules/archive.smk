rule manifest:
    input:
        receipts=receipts_of(VARIANTS),
        environment=LOCK,
        citation="CITATION.cff",
    output:
        update(paths.MANIFEST),
        [update(path) for path in paths.DESCRIPTORS],
    log:
        "logs/manifest.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of_job("manifest"),
    message:
        "Write down what was made from what ({output[0]})."
    shell:
        "aidaudit job manifest -- {input.receipts:q} :: {output:q} 2>&1 | tee {log:q}"
