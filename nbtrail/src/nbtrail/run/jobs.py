"""What the rules of the build run, one function a kind of job; each leaves a receipt.

These functions are the roots from which `fingerprint` finds the code that a job uses: what
they do not reach rebuilds nothing when it changes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError
from nbtrail.base.excerpts import Excerpt
from nbtrail.record import receipts as receipting


def notebook(
    source: str,
    executed: str,
    *,
    rule: str,
    code: str,
    parameters: dict,
    inputs: Sequence[str],
    excerpts: Sequence[Excerpt] = (),
    outputs: Sequence[str],
    log: str,
    receipt: str | None,
    allowed: dict[str, list],
) -> None:
    """Run a notebook with its declared inputs and outputs.

    excerpts: what it reads of files of which it must not see the rest. allowed: the values of
    closed kinds of parameters. Raises AuditError as `notebooks.run` does.
    """
    from nbtrail.base import notebook_form
    from nbtrail.run import notebooks

    opened = receipting.opened(
        rule=rule,
        code=code,
        inputs=inputs,
        excerpts=excerpts,
        notebook=source,
        cell=notebook_form.last_code_cell(source),
        parameters=parameters,
    )
    notebooks.run(
        source,
        executed,
        parameters=parameters,
        inputs=list(inputs),
        excerpts=excerpts,
        outputs=list(outputs),
        log=log,
        allowed=allowed,
        made_from=opened["made_from"],
    )
    _as_planned(opened, "notebook", executed)
    if receipt:
        receipting.close(opened, [*outputs, executed], receipt)


def _as_planned(opened: dict, runner: str, executed: str | None = None) -> None:
    """Raises AuditError where a notebook or its code has changed since the job was planned.

    Outputs would bear the hash of what was planned, and count as made by it once the edit is
    taken back: `git stash`, a build of another, `git stash pop`.
    """
    # Imported by name: what only compares is no code from which outputs are made.
    fingerprint = importlib.import_module("nbtrail.record.fingerprint")
    source, root = opened["notebook"], determinism.root()
    now = fingerprint.notebook(root / source, root, ("nbtrail.run.jobs", runner))
    same = executed is None or fingerprint.is_of(root / executed, root / source)
    if opened["code"] and not (same and now == opened["code"]):
        raise AuditError(
            "it or the code that it uses has changed while the build was running.",
            file=source,
            mend="give the same command again.",
        )


def numbers(inputs: Sequence[str], outputs: Sequence[str], *, code: str, receipt: str) -> None:
    """Merge the numbers that notebooks contribute into one file."""
    from nbtrail.base import files
    from nbtrail.record import numbers as module

    opened = receipting.opened(rule="numbers", code=code, inputs=inputs)
    (out,) = outputs
    files.write_json(module.merge(inputs), out)
    receipting.close(opened, outputs, receipt)


def render(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    code: str,
    receipt: str,
    views: Callable | None = None,
) -> None:
    """Render the assembled report, the first input, as an HTML page or a PDF.

    views: what puts interactive views into the page, as for `report.to_html`.
    """
    from nbtrail.publish import report

    opened = receipting.opened(rule="render", code=code, inputs=inputs)
    (out,) = outputs
    text, of = Path(inputs[0]).read_text(encoding="utf-8"), {"made_from": opened["made_from"]}
    if out.endswith(".pdf"):
        report.to_pdf(text, Path(out), determinism.root(), **of)
    else:
        report.to_html(text, Path(out), determinism.root(), **of, views=views)
    receipting.close(opened, outputs, receipt)


def pages(inputs: Sequence[str], outputs: Sequence[str], *, code: str, receipt: str) -> None:
    """Turn executed notebooks into pages; the other inputs are styles and filters.

    Pages that are still what their notebook gives are left alone: after an edit of one
    notebook the others' would take most of the rebuild.
    """
    from nbtrail.publish import report

    opened = receipting.opened(rule="pages", code=code, inputs=inputs)
    executed = [path for path in inputs if path.endswith(".ipynb")]
    pairs = list(zip(executed, outputs, strict=True))
    kept = receipting.still_made(opened, receipt, pairs)

    left = [(Path(ipynb), Path(page)) for ipynb, page in pairs if page not in kept]
    report.notebook_pages(left, determinism.root())
    receipting.close(opened, outputs, receipt)


def sweep_part(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    notebook: str,
    points: dict[str, dict],
    axes: Sequence[str],
    table: str,
    allowed: dict[str, list],
    code: str,
    receipt: str | None,
    excerpts: Sequence[Excerpt] = (),
) -> None:
    """Run a notebook at some points of a sweep's grid; arguments as for `sweeps.part`."""
    from nbtrail.base import notebook_form
    from nbtrail.run import sweeps

    opened = receipting.opened(
        rule="sweep_part",
        code=code,
        inputs=inputs,
        excerpts=excerpts,
        notebook=notebook,
        cell=notebook_form.last_code_cell(notebook),
        parameters={"runs": list(points.values())},
    )
    (out,) = outputs
    sweeps.part(
        notebook,
        points,
        axes,
        out,
        table=table,
        inputs=inputs,
        excerpts=excerpts,
        allowed=allowed,
    )
    _as_planned(opened, "sweep_part")
    if receipt:
        receipting.close(opened, outputs, receipt)


def sweep(inputs: Sequence[str], outputs: Sequence[str], *, code: str, receipt: str) -> None:
    """Put the parts of a sweep together into its table."""
    from nbtrail.run import sweeps

    opened = receipting.opened(rule="sweep", code=code, inputs=inputs)
    (out,) = outputs
    sweeps.together(inputs, out)
    receipting.close(opened, outputs, receipt)


def manifest(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    code: str,
    receipt: str,
    further: Callable = lambda path: (),
    table_of: Callable = lambda place, header: None,
) -> None:
    """Put all receipts together, and describe the built tables.

    further, table_of: as for `manifest.build` and `manifest.descriptor`.
    """
    from nbtrail.base import files, paths
    from nbtrail.record import manifest as module

    opened = receipting.opened(rule="manifest", code=code, inputs=inputs)
    whole = module.build(inputs, further)
    for path in outputs:
        whole_or_part = whole
        if path != paths.MANIFEST:
            whole_or_part = module.descriptor(whole, path, table_of)
        files.write_json(whole_or_part, path)
    receipting.close(opened, outputs, receipt)
