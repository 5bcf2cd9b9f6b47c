use rule notebook as clean_kiel with:
    input:
        **inputs("clean_kiel"),
    output:
        **outputs("clean_kiel"),
    log:
        log_of("clean_kiel"),
    message:
        "Clean Kiel release {wildcards.release} (notebooks/clean/kiel.ipynb)."


use rule notebook as clean_context with:
    input:
        **inputs("clean_context"),
    output:
        **outputs("clean_context"),
    log:
        log_of("clean_context"),
    message:
        "Clean {wildcards.table} (notebooks/clean/context.ipynb)."
