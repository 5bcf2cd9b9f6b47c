use rule notebook as assemble with:
    input:
        **inputs("assemble"),
    output:
        **outputs("assemble"),
    log:
        log_of("assemble"),
    message:
        "Put the report together (notebooks/report.ipynb)."


use rule job as library with:
    input:
        read=[],
        environment=LOCK,
    output:
        made=update(layout.LIBRARY),
        receipt=update(paths.receipt("report", "library")),
    log:
        "logs/library.log",
    params:
        **kind("library"),
    message:
        "Put together what draws the report's view."


use rule job as render with:
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
    params:
        **kind("render"),
    message:
        "Render report/report.{wildcards.format}."


use rule job as pages with:
    input:
        read=read_by("report", "pages"),
        environment=LOCK,
    output:
        made=[update(path) for path in pages_of(VARIANTS)],
        receipt=update(paths.receipt("report", "pages")),
    log:
        "logs/pages.log",
    params:
        **kind("pages"),
    message:
        "Turn the executed notebooks into pages."
