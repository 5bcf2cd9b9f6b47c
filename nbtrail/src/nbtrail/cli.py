"""The command line: run and check notebooks, look at outputs, cite and share them.

Every command ends with one clear message and status 1 where a person can mend the problem.
Heavy modules are imported by the command that needs them: `--help` answers at once.
"""

from __future__ import annotations

import errno
import importlib
import inspect
import json
import os
import shlex
import sys
import time
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from nbtrail.base import determinism, digits, paths, terminal
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError
from nbtrail.base.project import project
from nbtrail.run.client import COMMANDS

# What people do, in the order in which `--help` tells it.
EDIT, BUILT, CITE, SHARE = "Write and run", "Look at a build", "Cite and check", "Share"


class Grouped(typer.core.TyperGroup):
    """Commands that people type, by what they do."""

    def format_commands(self, ctx: typer.Context, formatter: typer.core.HelpFormatter) -> None:
        """Write the commands that are not hidden, a section for each thing that people do."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            if not command.hidden:
                section = getattr(command, "rich_help_panel", None) or EDIT
                line = (name, command.get_short_help_str(200))
                sections.setdefault(section, []).append(line)
        order = [*(one for one in (EDIT, BUILT, CITE, SHARE) if one in sections)]
        for section in [*order, *(one for one in sections if one not in order)]:
            with formatter.section(section):
                formatter.write_dl(sections[section])


app = typer.Typer(
    cls=Grouped,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


# No space, a quota, a read-only disk, no permission: what a person can mend.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


# What a page or a PDF puts into a key and nobody sees: places to break, and joins.
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\u00ad\ufeff"))


def copied(text: str) -> str:
    """An argument as it was meant, where it was copied from a page: without unseen letters.

    Of spaces that do not break those at the ends go, and the others are plain ones. A path of
    a file that is there stays as it is.
    """
    meant = text.translate(UNSEEN).replace("\u00a0", " ").replace("\u202f", " ").strip(" ")
    return text if meant == text or Path(text).exists() else meant


def main() -> None:
    """Run the command line; an AuditError becomes its message and exit status 1."""
    # Also where a fork of the warm parent begins here.
    terminal.guard()
    # Held before anything reads the clock, the locale or a font.
    os.environ.update(determinism.ENVIRONMENT)
    if hasattr(time, "tzset"):  # not on Windows
        time.tzset()
    by_a_person = not set(sys.argv[1:2]) & set(COMMANDS)
    if by_a_person:
        sys.argv[1:] = map(copied, sys.argv[1:])
    try:
        with suppress(FileNotFoundError):  # outside a checkout there is none to belong to
            determinism.check_package(determinism.root())
            # The jobs of a build start a hundred times, and need none of them.
            if by_a_person:
                _join()
        app()
    except AuditError as error:
        print(f"\n{error}", file=sys.stderr)
        sys.exit(1)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        told = AuditError(
            f"cannot be written: {error.strerror}",
            file=error.filename2 or error.filename,
            mend="make room, or let it be written to; then give the same command again.",
        )
        print(f"\n{told}", file=sys.stderr)
        sys.exit(1)


@cache
def _join(to: typer.Typer = app) -> None:
    """Add the project's own commands, once, and what the project is."""
    to.info.help = f"{metadata.metadata(NAME)['Summary']}."
    for further in project().commands():
        to.add_typer(further)


def whole(given: object) -> int:
    """A whole number as typed; a default is one already."""
    return given if isinstance(given, int) else digits.whole(str(given))


def tell(told: str) -> None:
    """Print what is one line, whatever is quoted in it."""
    print(terminal.line(told))


Files = Annotated[list[str], typer.Argument(help="inputs, '::', outputs")]
Code = Annotated[str, typer.Option(help="hash of the code that the job uses")]
Excerpts = Annotated[str, typer.Option(help="hash of what it reads of shared files")]
Receipt = Annotated[str | None, typer.Option(help="where its receipt goes")]


def _split(files: list[str]) -> tuple[list[str], list[str]]:
    """Inputs and outputs, on both sides of '::'."""
    if "::" not in files:
        raise AuditError("inputs and outputs are not told apart.", expected="'::' between them")
    at = files.index("::")
    return files[:at], files[at + 1 :]


@app.command(hidden=True)
def notebook(
    source: Annotated[Path, typer.Argument(help="the notebook")],
    executed: Annotated[Path, typer.Argument(help="where its executed form goes")],
    files: Files,
    parameters: Annotated[str, typer.Option(help="JSON of all parameters")] = "{}",
    rule: Annotated[str, typer.Option(help="name of the rule that runs it")] = "",
    code: Code = "",
    excerpts: Excerpts = "none",
    receipt: Receipt = None,
) -> None:
    """Run a notebook with its declared inputs and outputs (the DAG calls this).

    Example: nbtrail notebook notebooks/clean/table.ipynb out.ipynb
    --parameters '{"table": "a"}' -- data/raw/a/a.csv ::
    data/processed/clean/a.csv
    """
    from nbtrail.base import excerpts as parts
    from nbtrail.run import jobs

    inputs, outputs = _split(files)
    # The folders of figures and tables become those of the notebook and its log.
    name = executed.as_posix().removeprefix("report/notebooks/")
    jobs.notebook(
        str(source),
        str(executed),
        rule=rule,
        code=code,
        parameters=json.loads(parameters),
        inputs=inputs,
        excerpts=parts.kept(excerpts),
        outputs=outputs,
        log=f"{paths.LOGS}/{name}",
        receipt=receipt,
        allowed=project().allowed(),
    )


@app.command(hidden=True)
def job(
    kind: Annotated[str, typer.Argument(help="numbers, render, pages, sweep or manifest")],
    files: Files,
    code: Code = "",
    receipt: Receipt = None,
) -> None:
    """Run a job of the build that is no notebook (the DAG calls this).

    Example: nbtrail job manifest -- data/processed/receipts/*/*.json ::
    data/processed/manifest.json
    """
    from nbtrail.base import plan

    module, name = plan.does(kind)
    inputs, outputs = _split(files)
    do = getattr(importlib.import_module(module), name)
    do(inputs, outputs, code=code, receipt=receipt)


@app.command("sweep-part", hidden=True)
def sweep_part(
    sweep: Annotated[str, typer.Argument(help="name in config/sweeps.yaml")],
    number: Annotated[int, typer.Argument(parser=whole, help="which part of it, from 1")],
    files: Files,
    code: Code = "",
    excerpts: Excerpts = "none",
    receipt: Receipt = None,
) -> None:
    """Do a part of the runs of a sweep, and write their rows (the DAG calls this).

    Example: nbtrail sweep-part totals 1 -- data/processed/clean/a.csv :: part.csv
    """
    from nbtrail.base import excerpts as parts
    from nbtrail.base import plan, settings
    from nbtrail.run import jobs

    inputs, outputs = _split(files)
    entry = settings.sweeps()[sweep]
    plan.check_sweep(sweep)
    jobs.sweep_part(
        inputs,
        outputs,
        notebook=entry.notebook,
        points={str(one): one.parameters for one in plan.sweep_parts(sweep)[number - 1]},
        axes=list(entry.grid),
        table=entry.table,
        allowed=project().allowed(),
        excerpts=parts.kept(excerpts),
        code=code,
        receipt=receipt,
    )


@app.command(rich_help_panel=EDIT)
def notebooks(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="rewrite them in clean form, with the build's defaults"),
    ] = False,
) -> None:
    """Check the committed notebooks: no outputs, stable ids, title, question, parameters.

    Example: nbtrail notebooks --fix
    """
    from nbtrail.author import notebook_checks, scaffold
    from nbtrail.base import git, notebook_form

    paths_ = notebook_checks.sources()
    if fix:
        for path in paths_:
            notebook_form.fix(path)
        for path in scaffold.write(scaffold.defaults()):
            print(f"{path}: its defaults are again what the build injects.")
    found = []
    for path in paths_:
        told = notebook_checks.problems(path)
        # What cannot be read has no parameters to hold against anything.
        told = told or [*notebook_checks.defaults_differ(path), *notebook_checks.repeated(path)]
        found += [f"{path}: {problem}" for problem in told]
    found += notebook_checks.repeated_in_sections()
    if git.is_clone():
        found += notebook_checks.slipped_through(git.staged())
    if found:
        raise AuditError("\n".join(found), mend="edit the notebook, or run with --fix.")
    print(f"{len(paths_)} notebooks are in order.")


@app.command("setup-git", hidden=True)
def setup_git() -> None:
    """Keep git from running commands of a branch that is checked out, and from bringing any.

    Writes to .git/config of this clone alone; `make` calls it.

    Example: nbtrail setup-git
    """
    from nbtrail.base import git

    try:
        for told in git.set_up():
            print(told)
    except AuditError as error:  # the build goes on without
        print(f"\n{error}", file=sys.stderr)


def _targets(incomplete: str) -> list[str]:
    """What Tab offers where a notebook or output is to be named."""
    from nbtrail.base import plan

    names = {name for job in plan.jobs() for name in (job.name, str(job))}
    return sorted(name for name in names if name.startswith(incomplete))


def _variants(incomplete: str) -> list[str]:
    """What Tab offers for a variant."""
    return [name for name in project().groups() if name.startswith(incomplete)]


Arguments = Annotated[list[str] | None, typer.Argument(help="further arguments of jupyter lab")]
Chosen = Annotated[
    str | None,
    typer.Option(help="variant whose parameters are injected", autocompletion=_variants),
]
Target = Annotated[
    str,
    typer.Argument(
        help="an id (F16, F16-literal), a job (latest/F16), or a notebook",
        autocompletion=_targets,
    ),
]


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(arguments: Arguments = None) -> None:
    """Open JupyterLab at the notebooks, in the environment of the build.

    Example: nbtrail lab
    Example: nbtrail lab --no-browser --port 8899
    """
    from nbtrail.author import jupyterlab as module

    module.start(arguments or [])


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def edit(
    name: Target,
    variant: Chosen = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="as it stopped in the last build, with outputs")
    ] = False,
    arguments: Arguments = None,
) -> None:
    """Open a notebook in JupyterLab with exactly the parameters that the build injects.

    Each time you save, its cells go back to the source, without the injected cell and outputs.

    Example: nbtrail edit F16 --variant latest
    Example: nbtrail edit --failed latest/F16
    """
    from nbtrail.author import jupyterlab as module
    from nbtrail.base import plan

    job = plan.named(name, variant)
    copy = module.stopped_copy(job) if failed else module.copy_of(job)
    print(f"{copy}: {job.notebook} with the parameters of {job}; saving it saves the source.")
    module.start(arguments or [], copy)


@app.command("run", rich_help_panel=EDIT)
def run_by_hand(
    name: Target,
    variant: Chosen = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", help="name=value; lists with commas"),
    ] = None,
) -> None:
    """Run one notebook with parameters of your own into scratch/, never into outputs.

    Example: nbtrail run F16 --variant latest -p cut_off=2025-12-31
    """
    from nbtrail.author import jupyterlab as module
    from nbtrail.base import plan

    changes = {}
    for one in parameter or []:
        key, is_, value = one.partition("=")
        if not is_:
            raise AuditError(
                "a parameter has no value.", found=one, expected="-p cut_off=2025-12-31"
            )
        changes[key] = value
    job = plan.named(name, variant)
    folder, given = module.run(job, changes)
    print(f"Ran {job.notebook} with")
    for key, value in given.items():
        print(f"  {key} = {value!r}" + ("" if key not in changes else "   (yours)"))
    print("It wrote, and changed nothing else:")
    print(terminal.lines(f"  {path}" for path in module.written(folder)))


@app.command(rich_help_panel=EDIT)
def schemas(
    check: Annotated[
        bool, typer.Option("--check", help="only say what is out of date")
    ] = False,
) -> None:
    """Write config/schemas/*.json from the models of the settings.

    Example: nbtrail schemas --check
    """
    from nbtrail.base import files, settings

    for path, text in settings.schema_texts().items():
        full = determinism.root() / path
        if full.is_file() and full.read_text(encoding="utf-8") == text:
            continue
        if check:
            raise AuditError(
                "the schema is out of date.", file=path, mend=f"run `{NAME} schemas`."
            )
        files.write_text(path, text)


def _warn_if_stale(whole: dict, name: str | None) -> None:
    """Say aloud where an item, or anything before it, is not what would be built now."""
    from nbtrail.record import freshness, manifest

    if name is None:
        found = freshness.stale()
    else:
        item = whole["items"][manifest.find(whole, name)]
        before = {job for path in item["files"] for job in manifest.jobs_before(whole, path)}
        found = freshness.stale(sorted(before))
    if found:
        print(
            f"Not what would be built now; this tells of the last build:\n"
            f"{freshness.told(found)}\n  fix:      build it: make report\n",
            file=sys.stderr,
        )


@app.command(rich_help_panel=CITE)
def trace(
    name: Annotated[str, typer.Argument(help="an id, a claim, or the key of a number")],
    rows: Annotated[
        bool, typer.Option("--rows", help="list the rows that make up a total, as CSV")
    ] = False,
) -> None:
    """Print the way back from a figure, table, number or claim to the upstream files.

    Example: nbtrail trace F01-article
    Example: nbtrail trace --rows n3k5q7
    """
    from nbtrail.record import manifest, provenance

    whole = manifest.read()
    _warn_if_stale(whole, name)
    if rows:
        listed = project().rows_of(whole, name)
        listed.to_csv(sys.stdout, index=False, float_format="%.12g")
    else:
        print(terminal.lines(provenance.way_back(whole, name)))


@app.command(rich_help_panel=CITE)
def cite(
    name: Annotated[
        str | None, typer.Argument(help="an id, a claim, the key of a number; all if left out")
    ] = None,
    form: Annotated[str, typer.Option("--as", help="bibtex, csl, sentence or all")] = "all",
) -> None:
    """Print a reference to one output, or to the whole project: BibTeX, CSL-JSON, a sentence.

    Example: nbtrail cite F01-article --as bibtex
    """
    from nbtrail.record import manifest
    from nbtrail.share import citation

    whole = manifest.read()
    cited = citation.cite(name, whole)
    _warn_if_stale(whole, name)
    if name is not None and (made := manifest.variants_of(whole, name)):
        chosen = manifest.find(whole, name)
        others = ", ".join(one for one in made if one != chosen) or "no other"
        print(f"{name} is taken for {chosen}; made besides: {others}.", file=sys.stderr)
    forms = {
        "bibtex": cited.bibtex,
        "csl": json.dumps([cited.csl], indent=1, ensure_ascii=False),
        "sentence": cited.sentence,
    }
    if form not in (*forms, "all"):
        raise AuditError("unknown form", found=form, expected=", ".join((*forms, "all")))
    print("\n".join(text for one, text in forms.items() if form in (one, "all")))


@app.command(rich_help_panel=CITE)
def check(
    file: Annotated[Path, typer.Argument(help="a file that somebody cites, under any name")],
    archive: Annotated[
        Path | None, typer.Option(help="an archive (zip) to check against, not this build")
    ] = None,
) -> None:
    """Say whether a file belongs to this build: unchanged (exit status 0), altered (1), not at
    all (2), or the same as far as a copy that lost details can show (3).

    Example: nbtrail check Downloads/figure-1.png --archive nbtrail-0.2.0.zip
    """
    from nbtrail.base import foreign, zips
    from nbtrail.compare import authenticity

    if archive is None:
        against = authenticity.from_checkout(determinism.root())
        with foreign.bounded(file):
            finding = authenticity.check(file, against)
        print(authenticity.describe(finding, against))
    else:
        with foreign.bounded(archive), zips.open_safely(archive) as reader:
            against = authenticity.from_zip(reader)
            finding = authenticity.check(file, against)
            print(authenticity.describe(finding, against))
    raise typer.Exit(authenticity.EXIT[finding.status])


@app.command(context_settings={"ignore_unknown_options": True}, rich_help_panel=CITE)
def find(
    words: Annotated[list[str], typer.Argument(help="a number, a sentence with one, or an id")],
    archive: Annotated[
        Path | None, typer.Option(help="an archive (zip) to look in, not this build")
    ] = None,
    most: Annotated[int, typer.Option(parser=whole, help="how many numbers to list")] = 10,
) -> None:
    """Say which numbers of this build are quoted: keys, sentences of the report, and trail.

    Exit status: 0 found, 2 where a number of the quotation is none of this build's.

    Example: nbtrail find 222.9 bn
    Example: nbtrail find 'They gave 222,9 billion dollars'
    """
    from nbtrail.base import foreign, zips
    from nbtrail.compare import authenticity, finding

    if archive is None:
        known = authenticity.from_checkout(determinism.root())
        lines, found = finding.told(" ".join(words), known, most=most)
    else:
        with foreign.bounded(archive), zips.open_safely(archive) as reader:
            known = authenticity.from_zip(reader)
            lines, found = finding.told(" ".join(words), known, most=most)
    print(terminal.lines(lines))
    raise typer.Exit(0 if found else 2)


@app.command(rich_help_panel=BUILT)
def verify(
    record: Annotated[
        bool, typer.Option("--record", help="write down what this build gives")
    ] = False,
) -> None:
    """Hold the outputs that are here against outputs.sha256: by bytes, or else by value.

    First they must be what notebooks, code, parameters and data give now.

    Example: nbtrail verify
    """
    from nbtrail.base import git
    from nbtrail.record import freshness, manifest, old_outputs
    from nbtrail.record import verify as module

    whole = manifest.read()
    freshness.required()
    refused, new = None, []
    try:
        new = git.unknown()
    except AuditError as error:  # what is built can be told all the same
        refused = error
    if record:
        print(f"Recorded {module.record(whole)} outputs in {module.HASHES}.")
        if not refused:
            old_outputs.keep()
    else:
        verdict = module.check(whole)
        print(module.told(verdict))
    if refused:
        print(f"\n{refused}", file=sys.stderr)
    if new:
        print("Files that git does not know yet, so that `git commit -a` leaves them out:")
        print(terminal.lines(f"  {path}" for path in new))
        # What is shown by its code cannot be copied.
        plain = all(map(str.isprintable, new))
        print(f"If they belong to it: git add {f'-- {shlex.join(new)}' if plain else '--all'}")
    if record:
        return
    raise typer.Exit(int(verdict.level == "different"))


@app.command(rich_help_panel=BUILT)
def diff(
    archive: Annotated[
        Path | None, typer.Option(help="an archive (zip) that holds the old outputs")
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(help="what was meant to change: an id, a claim, a key, a path, a pattern"),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="where the page goes [default: scratch/diff.html]")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="build old outputs that are missing, beside this")
    ] = False,
) -> None:
    """Say what a rebuild changed against the last commit's outputs, or an archive's.

    Numbers, verdicts, figures and tables, as text and as a page with old and new side by
    side. What was not expected comes first. Exit status: 0 nothing changed (with --expect:
    only what was expected), 1 something did, 2 it cannot be compared.

    Example: nbtrail diff
    Example: nbtrail diff --expect F16 --expect 'headline.*'
    Example: nbtrail diff --archive nbtrail-0.2.0.zip
    """
    from nbtrail.base import files, foreign, zips
    from nbtrail.compare import authenticity, diff
    from nbtrail.compare.diff import render
    from nbtrail.record import old_outputs

    def told(old: diff.Side) -> int:
        new = diff.built()
        difference = diff.compare(old, new, project().titles())
        split = diff.split(difference, expect or (), old, new)
        page = html or determinism.root() / files.SCRATCH / "diff.html"
        files.write_text(page.absolute(), render.page(split))
        print(render.text(split))
        print(f"\nSide by side: {files.name(page.absolute())}")
        return split.status

    try:
        if archive is not None and build:
            raise AuditError("--archive and --build exclude each other.", mend="leave one out.")
        if archive is not None:
            with foreign.bounded(archive), zips.open_safely(archive) as reader:
                status = told(diff.archived(authenticity.from_zip(reader), archive.name))
        else:
            if not build:
                old_outputs.keep()
            elif others := old_outputs.build():
                print(
                    f"{len(others)} outputs of the last commit come out otherwise here than "
                    f"it records; `{NAME} verify` on that commit says how.",
                    file=sys.stderr,
                )
            status = told(diff.committed())
    except (AuditError, FileNotFoundError) as error:
        # Status 1 says that something changed.
        print(f"\n{error}", file=sys.stderr)
        raise typer.Exit(2) from None
    raise typer.Exit(status)


@app.command(rich_help_panel=SHARE)
def archive() -> None:
    """Write the archive of this version: sources, facts, outputs, and how they were made.

    Example: nbtrail archive
    """
    from nbtrail.record import freshness, manifest
    from nbtrail.share import archive

    whole = manifest.read()
    freshness.required()
    out = archive.write(whole)
    print(f"{out.relative_to(determinism.root())}: {out.stat().st_size / 1e6:.1f} MB")
    print(out.with_suffix(".zip.sha256").read_text(encoding="utf-8"), end="")


@app.command(rich_help_panel=SHARE)
def unpack(
    file: Annotated[Path, typer.Argument(help="an archive (zip)")],
    target: Annotated[Path, typer.Argument(help="a folder that is not there yet")],
) -> None:
    """Unpack an archive, refusing whatever could write elsewhere or fill the disk.

    Example: nbtrail unpack nbtrail-0.2.0.zip checked
    """
    from nbtrail.base import foreign, zips

    with foreign.bounded(file):
        folder = zips.unpack(file, target)
    inside = list(folder.iterdir())
    print(terminal.line(inside[0] if len(inside) == 1 else folder))


@app.command(rich_help_panel=EDIT)
def generate(
    check: Annotated[
        bool, typer.Option("--check", help="only say what is out of date")
    ] = False,
) -> None:
    """Write what is generated: codemeta.json, .zenodo.json and, from the manifest of the last
    build, codecheck.yml and the README's table of outputs.

    Example: nbtrail generate --check
    """
    from nbtrail.base import files
    from nbtrail.publish import generated

    for path, text in generated.texts().items():
        full = determinism.root() / path
        if full.is_file() and full.read_text(encoding="utf-8") == text:
            continue
        if check:
            raise AuditError(
                "the file is out of date.", file=path, mend=f"run `{NAME} generate`."
            )
        files.write_text(path, text)
        print(path)


@app.command(rich_help_panel=BUILT)
def failures() -> None:
    """Print what stopped the notebooks of the last build, and where to look.

    Example: nbtrail failures
    """
    from nbtrail.run import notebooks as module

    for text in module.failures(paths.LOGS):
        print(f"\n{text}", file=sys.stderr)


# Examples name the command as people type it here.
for _one in app.registered_commands:
    _one.help = (inspect.getdoc(_one.callback) or "").replace("nbtrail", NAME)
