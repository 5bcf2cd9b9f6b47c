use rule notebook as results with:
    input:
        **inputs("results"),
    output:
        **outputs("results"),
    log:
        log_of("results"),
    message:
        "Add up {wildcards.variant} (notebooks/analysis/results.ipynb)."


use rule notebook as switch with:
    input:
        **inputs("switch"),
    output:
        **outputs("switch"),
    log:
        log_of("switch"),
    message:
        "Draw the months of {wildcards.variant} again (notebooks/analysis/switch.ipynb)."


use rule notebook as multiverse with:
    input:
        **inputs("multiverse"),
    output:
        **outputs("multiverse"),
    log:
        log_of("multiverse"),
    message:
        "Compute every specification (notebooks/analysis/multiverse.ipynb)."


use rule notebook as origin with:
    input:
        **inputs("origin"),
    output:
        **outputs("origin"),
    log:
        log_of("origin"),
    message:
        "Search where the quoted total can come from (notebooks/analysis/origin.ipynb)."


use rule notebook as scenario with:
    input:
        **inputs("scenario"),
    output:
        **outputs("scenario"),
    log:
        log_of("scenario"),
    message:
        "Compute the scenario {wildcards.scenario} (notebooks/analysis/scenario.ipynb)."


use rule notebook as figure with:
    input:
        **inputs("figure"),
    output:
        **outputs("figure"),
    log:
        log_of("figure"),
    message:
        "Draw {wildcards.figure} for {wildcards.variant} (notebooks/figures/{wildcards.figure}.ipynb)."


use rule notebook as table with:
    input:
        **inputs("table"),
    output:
        **outputs("table"),
    log:
        log_of("table"),
    message:
        "Set {wildcards.item} for {wildcards.variant} (notebooks/tables/{wildcards.item}.ipynb)."
