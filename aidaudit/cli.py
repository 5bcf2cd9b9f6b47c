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


Files = Annotated[list[str], typer.Argument(help="inputs, '::', outputs")]
Code = Annotated[str, typer.Option(help="hash of the code that the job uses")]
Receipt = Annotated[str | None, typer.Option(help="where its receipt goes")]


def _split(files: list[str]) -> tuple[list[str], list[str]]:
    """Inputs and outputs, on both sides of '::'."""
    if "::" not in files:
        raise AuditError("inputs and outputs are not told apart.", expected="'::' between them")
    at = files.index("::")
    return files[:at], files[at + 1 :]


@app.command()
def notebook(
    source: Annotated[Path, typer.Argument(help="the notebook")],
    executed: Annotated[Path, typer.Argument(help="where its executed form goes")],
    offer: Annotated[str, typer.Option(help="JSON of parameters; those it declares are used")],
    files: Files,
    own: Annotated[str, typer.Option(help="JSON of parameters; it must declare all")] = "{}",
    step: Annotated[str, typer.Option(help="name of the rule that runs it")] = "",
    code: Code = "",
    receipt: Receipt = None,
) -> None:
    """Run a notebook with its declared inputs and outputs (the DAG calls this).

    Example: aidaudit notebook notebooks/clean/kiel.ipynb out.ipynb --offer '{"release": 21}'
    -- data/raw/corrections.csv :: data/processed/clean/kiel_release_21.csv
    """
    from aidaudit import jobs

    begun = time.monotonic()
    inputs, outputs = _split(files)
    # The folders of figures and tables become those of the notebook and its log.
    name = executed.as_posix().removeprefix("report/notebooks/")
    jobs.notebook(
        str(source),
        str(executed),
        rule=step,
        code=code,
        offer=json.loads(offer),
        own=json.loads(own),
        inputs=inputs,
        outputs=outputs,
        log=f"{LOGS}/{name}",
        receipt=receipt,
        allowed=allowed(),
    )
    started = float(os.environ.get("AIDAUDIT_STARTED", time.time()))
    minutes, seconds = divmod(int(time.time() - started), 60)
    print(
        f"  {name.removesuffix('.ipynb')}: done in {time.monotonic() - begun:.1f} s; "
        f"{minutes}:{seconds:02d} since the build began",
        flush=True,
    )


@app.command()
def job(
    kind: Annotated[str, typer.Argument(help="numbers, render, pages or manifest")],
    files: Files,
    code: Code = "",
    receipt: Receipt = None,
) -> None:
    """Run a job of the build that is no notebook (the DAG calls this).

    Example: aidaudit job manifest -- data/processed/receipts/*/*.json ::
    data/processed/manifest.json
    """
    from aidaudit import jobs

    kinds = {"numbers": jobs.numbers, "render": jobs.render, "pages": jobs.pages}
    inputs, outputs = _split(files)
    if kind == "manifest":
        jobs.manifest(inputs, outputs)
    elif kind in kinds:
        kinds[kind](inputs, outputs, code=code, receipt=receipt)
    else:
        raise AuditError("unknown kind of job", found=kind, expected=", ".join(kinds))


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
