"""The command line: ingest data, run and check notebooks, render the report.

Every command ends with one clear message and status 1 where a person can mend the problem.
Heavy modules are imported by the command that needs them: `--help` answers at once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from aidaudit import repro
from aidaudit.errors import AuditError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="An executable audit of a 2025 article on NATO's support for Ukraine.",
)
LOGS = "logs/notebooks"


def main() -> None:
    """Run the command line; an AuditError becomes its message and exit status 1."""
    # Held before anything reads the clock, the locale or a font.
    os.environ.update(repro.ENVIRONMENT)
    time.tzset()
    try:
        app()
    except AuditError as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(1)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


@app.command()
def ingest(
    source: Annotated[
        str, typer.Argument(help="kiel, ecb, imf_weo, worldbank, nato or eu")
    ] = "",
    file: Annotated[Path | None, typer.Argument(help="the upstream file")] = None,
    release: Annotated[int | None, typer.Option(help="Kiel release number")] = None,
    cut_off: Annotated[str | None, typer.Option(help="last day covered (ISO date)")] = None,
    taken: Annotated[str | None, typer.Option(help="day of download (ISO date)")] = None,
    every: Annotated[
        Path | None, typer.Option("--all", help="folder with all upstream files")
    ] = None,
    replace: Annotated[bool, typer.Option(help="take a file with another sha256")] = False,
) -> None:
    """Write a raw fact table and its descriptor from an upstream file.

    Example: aidaudit ingest kiel Downloads/tracker.xlsx --release 31 --cut-off 2026-08-31
    """
    from aidaudit import ingest as ingesting
    from aidaudit import sources

    if every is not None:
        chosen = [(ingesting.upstream(every, origin), origin) for origin in ingesting.origins()]
    elif file is None:
        raise AuditError(
            "name a source and a file, or --all and a folder.",
            mend="see `aidaudit ingest --help`.",
        )
    else:
        origin = ingesting.origin_of(source, file, release, cut_off, taken)
        chosen = [(file, origin)]
    for path, origin in chosen:
        folder = ingesting.ingest(path, origin, replace=replace)
        print(f"{folder.relative_to(repro.root())}: {sources.table_path(origin.folder).name}")
    ingesting.write_overview()


@app.command()
def notebook(
    source: Annotated[Path, typer.Argument(help="the notebook")],
    executed: Annotated[Path, typer.Argument(help="where its executed form goes")],
    offer: Annotated[str, typer.Option(help="JSON of parameters; those it declares are used")],
    files: Annotated[list[str], typer.Argument(help="inputs, '::', outputs")],
    own: Annotated[str, typer.Option(help="JSON of parameters; it must declare all")] = "{}",
) -> None:
    """Run a notebook with its declared inputs and outputs (the DAG calls this).

    Example: aidaudit notebook notebooks/clean/kiel.ipynb out.ipynb --offer '{"release": 21}'
    -- data/raw/corrections.csv :: data/processed/clean/kiel_release_21.csv
    """
    from aidaudit import notebooks

    begun = time.monotonic()
    declared = notebooks.declared_parameters(source)
    offered = json.loads(offer)
    given = {name: value for name, value in offered.items() if name in declared}
    given.update(json.loads(own))
    at = files.index("::")
    # The folders of figures and tables become those of the notebook and its log.
    name = executed.as_posix().removeprefix("report/notebooks/")
    notebooks.run(
        source,
        executed,
        parameters=given,
        inputs=files[:at],
        outputs=files[at + 1 :],
        log=f"{LOGS}/{name}",
        allowed=allowed(),
    )
    started = float(os.environ.get("AIDAUDIT_STARTED", time.time()))
    minutes, seconds = divmod(int(time.time() - started), 60)
    print(
        f"  {name.removesuffix('.ipynb')}: done in {time.monotonic() - begun:.1f} s; "
        f"{minutes}:{seconds:02d} since the build began",
        flush=True,
    )


def allowed() -> dict[str, list]:
    """The values that parameters of a closed kind may take."""
    from aidaudit import config, sources
    from aidaudit.donors import GROUPS

    releases = sources.release_numbers()
    variants = list(config.config().variants)
    return {
        "variant": [*variants, config.ALL],
        "variants": variants,
        "release": releases,
        "totals_release": releases,
        "table": list(config.context()),
        "donor_group": list(GROUPS),
    }


@app.command()
def notebooks(
    fix: Annotated[bool, typer.Option("--fix", help="rewrite them in clean form")] = False,
) -> None:
    """Check the committed notebooks: no outputs, stable ids, title, question, parameters.

    Example: aidaudit notebooks --fix
    """
    from aidaudit import checks
    from aidaudit import notebooks as module

    paths = sorted((repro.root() / "notebooks").rglob("*.ipynb"))
    paths = [path for path in paths if ".ipynb_checkpoints" not in path.parts]
    if fix:
        for path in paths:
            module.fix(path)
    found = [f"{path}: {problem}" for path in paths for problem in module.problems(path)]
    found += checks.defaults_differ()
    if found:
        raise AuditError("\n".join(found), mend="edit the notebook, or run with --fix.")
    print(f"{len(paths)} notebooks are in order.")


@app.command()
def numbers(
    out: Annotated[Path, typer.Argument(help="numbers.json to write")],
    parts: Annotated[list[Path], typer.Argument(help="numbers of single notebooks")],
) -> None:
    """Merge the numbers that notebooks contribute into one file.

    Example: aidaudit numbers numbers.json data/processed/article/numbers/F*.json
    """
    from aidaudit import files
    from aidaudit import numbers as module

    files.write_json(module.merge(parts), out)


@app.command()
def render(
    markdown: Annotated[Path, typer.Argument(help="the assembled report")],
    out: Annotated[Path, typer.Argument(help="report.html or report.pdf")],
) -> None:
    """Render the assembled report as a self-contained HTML page or a PDF.

    Example: aidaudit render report/build/report.md report/report.pdf
    """
    from aidaudit import report

    write = report.to_pdf if out.suffix == ".pdf" else report.to_html
    write(markdown.read_text(encoding="utf-8"), out, repro.root())


@app.command("notebook-html")
def notebook_html(
    pairs: Annotated[list[Path], typer.Argument(help="executed notebooks, '::', pages")],
) -> None:
    """Turn executed notebooks into self-contained HTML pages.

    Example: aidaudit notebook-html report/notebooks/article/F01.ipynb :: F01.html
    """
    from aidaudit import report

    at = [str(path) for path in pairs].index("::")
    for source, page in zip(pairs[:at], pairs[at + 1 :], strict=True):
        report.notebook_html(source, page, repro.root())


@app.command()
def schemas(
    check: Annotated[
        bool, typer.Option("--check", help="only say what is out of date")
    ] = False,
) -> None:
    """Write config/schemas/*.json from the models in aidaudit/config.py.

    Example: aidaudit schemas --check
    """
    from aidaudit import config, files

    for path, text in config.schema_texts().items():
        full = repro.root() / path
        if full.is_file() and full.read_text(encoding="utf-8") == text:
            continue
        if check:
            raise AuditError(
                "the schema is out of date.", file=path, mend="run `aidaudit schemas`."
            )
        files.write_text(path, text)


@app.command()
def failures() -> None:
    """Print what stopped the notebooks of the last build, and where to look.

    Example: aidaudit failures
    """
    from aidaudit import notebooks as module

    for text in module.failures(LOGS):
        print(f"\n{text}", file=sys.stderr)
