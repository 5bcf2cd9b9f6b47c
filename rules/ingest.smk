# Not part of a build: raw tables are committed. Run it as
# snakemake ingest --config source=kiel file=tracker.xlsx release=31 cut_off=2026-08-31


rule ingest:
    log:
        "logs/ingest.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        source=config.get("source", ""),
        file=config.get("file", ""),
        options=[
            part
            for name in ("release", "cut_off", "taken", "obtained_from")
            if name in config
            for part in (f"--{name.replace('_', '-')}", str(config[name]))
        ],
    message:
        "Ingest {params.file}."
    shell:
        "aidaudit ingest {params.source:q} {params.file:q} {params.options:q} 2>&1 | tee {log:q}"
