"""Checks that tie notebooks to the configuration: defaults equal what the DAG injects."""

from __future__ import annotations

from aidaudit import config, notebooks, repro

# Analyses that depend on no variant.
ONCE = ("multiverse",)


def defaults_differ() -> list[str]:
    """Notebooks whose defaults are not what the DAG injects for the default variant.

    A figure that the default variant cannot answer is held against the first that can, one
    that is drawn once against what is injected then; the scenarios' notebook against the first.
    """
    default = config.config().default_variant
    found = []
    for path in sorted((repro.root() / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        variant = default
        figure = config.shown().get(path.stem)
        if figure is not None and not config.answers(path.stem, default):
            known = [config.ALL, *config.config().variants]
            variant = next(name for name in known if config.answers(path.stem, name))
        if path.stem in ONCE:
            variant = config.ALL
        injected = {**config.parameters(variant), **(figure.parameters if figure else {})}
        if path.stem == "scenario":
            variant = next(iter(config.scenarios().scenarios))
            injected = config.scenario_parameters(variant)
        for name, parameter in notebooks.declared_parameters(path).items():
            if name in injected and injected[name] != parameter.default:
                found.append(
                    f"{path.relative_to(repro.root())}: parameter {name} is "
                    f"{parameter.default!r}, and the DAG injects {injected[name]!r} "
                    f"for the variant {variant}."
                )
    return found
