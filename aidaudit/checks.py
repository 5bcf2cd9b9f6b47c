"""Checks that tie notebooks to the build: defaults equal what the DAG injects."""

from __future__ import annotations

from aidaudit import notebooks, plan, repro


def sources() -> list[str]:
    """The committed notebooks, as paths relative to the root."""
    found = sorted((repro.root() / "notebooks").rglob("*.ipynb"))
    return [
        path.relative_to(repro.root()).as_posix()
        for path in found
        if ".ipynb_checkpoints" not in path.parts
    ]


def defaults_differ(notebook: str) -> list[str]:
    """How a notebook's defaults are not what the DAG injects, a sentence each.

    They are held against the default variant, or the first job that runs the notebook.
    """
    job = plan.default(notebook)
    if job is None:
        return [
            "no job of the build runs it: a figure or table needs its entry in "
            "config/figures.yaml, any other notebook a rule and a place in aidaudit/plan.py"
        ]
    injected, found = job.parameters, []
    for name, parameter in notebooks.declared_parameters(notebook).items():
        if name not in injected and parameter.required:
            found.append(f"parameter {name} is given by nobody: {job} has {sorted(injected)}")
        elif name in injected and injected[name] != parameter.default:
            found.append(
                f"parameter {name} is {parameter.default!r}, and the DAG injects "
                f"{injected[name]!r} for {job}"
            )
    return found


def slipped_through(staged: dict[str, bytes]) -> list[str]:
    """Notebooks that git holds in another form than the clean one, a sentence each.

    staged: path → bytes in git's index.
    """
    return [
        f"{path}: git holds it with outputs, counts or other leftovers; run: "
        f"aidaudit notebooks --fix && git add {path}"
        for path, content in staged.items()
        if content and notebooks.cleaned(content) != content
    ]
