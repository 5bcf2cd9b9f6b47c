"""Checks that tie notebooks to the build: defaults equal what the DAG injects."""

from __future__ import annotations

import ast
import json

from aidaudit import notebooks, parameters, plan, repro

# A line of code that is longer is broken (pyproject.toml).
WIDE = 96


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
    for name, parameter in parameters.declared(notebook).items():
        if name not in injected and parameter.required:
            found.append(f"parameter {name} is given by nobody: {job} has {sorted(injected)}")
        elif name in injected and injected[name] != parameter.default:
            found.append(
                f"parameter {name} is {parameter.default!r}, and the DAG injects "
                f"{injected[name]!r} for {job}"
            )
    return found


def with_defaults(notebook: str) -> str:
    """The text of a notebook with the defaults that the DAG injects; the same where they are.

    A parameter that a notebook lacks, or that nobody gives, stays for a person to mend.
    """
    text = (repro.root() / notebook).read_text(encoding="utf-8")
    job = plan.default(notebook)
    if job is None:
        return text
    declared = parameters.declared(notebook)
    wrong = {
        name: value
        for name, value in job.parameters.items()
        if name in declared and declared[name].default != value
    }
    if not wrong:
        return text
    nb = notebooks.clean_source(notebooks.read(notebook))
    for cell in nb.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = _assigned(cell.source, wrong)
    return notebooks.serialise(nb)


def _assigned(code: str, values: dict[str, object]) -> str:
    """Code of annotated literals, one a line, with other values; comments stay."""
    lines = code.encode().splitlines(keepends=True)
    # From the end, so that places further up stay where they are.
    for statement in reversed(ast.parse(code).body):
        if statement.target.id not in values:
            continue
        old, value = statement.value, values[statement.target.id]
        before = lines[old.lineno - 1][: old.col_offset]
        after = lines[old.end_lineno - 1][old.end_col_offset :]
        new = before + _literal(value).encode() + after
        if isinstance(value, list) and len(new.decode().rstrip()) > WIDE:
            items = "".join(f"    {_literal(one)},\n" for one in value)
            new = before + f"[\n{items}]".encode() + after
        lines[old.lineno - 1 : old.end_lineno] = [new]
    return b"".join(lines).decode()


def _literal(value: object) -> str:
    return str(value) if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


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
