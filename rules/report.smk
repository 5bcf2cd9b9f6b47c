SECTIONS = sorted(str(path) for path in Path("report/sections").glob("*.md"))
STYLE = [
    str(path)
    for path in sorted(Path("report").glob("*.*"))
    if path.suffix in {".html", ".css", ".typ", ".lua", ".bib"} and path.stem != "report"
]


rule assemble:
    input:
        notebook="notebooks/report.ipynb",
        reads=[
            *SECTIONS,
            "report/abstract.md",
            *[paths.all_numbers(variant) for variant in [*VARIANTS, ALL]],
            *[
                paths.result(variant, name)
                for variant in [*VARIANTS, ALL]
                for name in ("claims", "readings")
            ],
            *[paths.result(variant, "headline") for variant in VARIANTS],
            *words_of_figures(VARIANTS),
            *words_of_tables(VARIANTS),
            *CONFIG,
        ],
        descriptors=[f"data/raw/{folder}/datapackage.json" for folder in sources.packages()],
        package=PACKAGE,
        environment=LOCK,
    output:
        writes=update("report/build/report.md"),
        executed=update("report/notebooks/all/report.ipynb"),
    log:
        "logs/all/report.log",
    conda:
        "../envs/environment.yaml"
    params:
        offer=offer(variants=VARIANTS),
        own="{}",
    message:
        "Put the report together (notebooks/report.ipynb)."
    shell:
        NOTEBOOK


rule render:
    input:
        text="report/build/report.md",
        sections=SECTIONS,
        style=STYLE,
        pictures=pictures_in_report(VARIANTS),
        view=paths.VIEW,
        package=PACKAGE,
        environment=LOCK,
    output:
        update("report/report.{format}"),
    log:
        "logs/render_{format}.log",
    wildcard_constraints:
        format="html|pdf",
    conda:
        "../envs/environment.yaml"
    message:
        "Render report/report.{wildcards.format}."
    shell:
        "aidaudit render {input.text:q} {output:q} 2>&1 | tee {log:q}"


rule pages:
    input:
        executed=executed_notebooks(VARIANTS),
        style=STYLE,
        package=PACKAGE,
        environment=LOCK,
    output:
        [update(path) for path in pages_of(VARIANTS)],
    log:
        "logs/pages.log",
    conda:
        "../envs/environment.yaml"
    message:
        "Turn the executed notebooks into pages."
    shell:
        "aidaudit notebook-html {input.executed:q} :: {output:q} 2>&1 | tee {log:q}"
