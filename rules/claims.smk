use rule notebook as claims with:
    input:
        **inputs("claims"),
    output:
        **outputs("claims"),
    log:
        log_of("claims"),
    message:
        "Judge the claims against {wildcards.variant} (notebooks/analysis/claims.ipynb)."


use rule job as numbers with:
    input:
        read=read_by("{variant}", "numbers"),
        environment=LOCK,
    output:
        made=update("data/processed/{variant}/numbers.json"),
        receipt=update(paths.receipt("{variant}", "numbers")),
    log:
        "logs/{variant}/numbers.log",
    params:
        **kind("numbers"),
    message:
        "Collect the numbers of {wildcards.variant}."


use rule notebook as verdicts with:
    input:
        **inputs("verdicts"),
    output:
        **outputs("verdicts"),
    log:
        log_of("verdicts"),
    message:
        "Draw all verdicts (notebooks/analysis/verdicts.ipynb)."
