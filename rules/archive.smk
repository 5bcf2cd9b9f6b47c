use rule job as manifest with:
    input:
        read=read_by("report", "manifest"),
        environment=LOCK,
        citation="CITATION.cff",
    output:
        made=[update(path) for path in MANIFESTS],
        receipt=update(paths.receipt("report", "manifest")),
    log:
        "logs/manifest.log",
    params:
        **kind("manifest"),
    message:
        "Write down what was made from what ({output.made[0]})."
