"""What the command line has of this audit's own: taking data in, and beginning new parts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError
from nbtrail.cli import EDIT, tell, whole

app = typer.Typer()
new = typer.Typer(no_args_is_help=True, help="Begin a figure, a claim or a release.")
app.add_typer(new, name="new", rich_help_panel=EDIT)


def commands() -> list[typer.Typer]:
    """All of them."""
    return [app]


@app.command(rich_help_panel=EDIT)
def ingest(
    source: Annotated[
        str, typer.Argument(help="kiel, ecb, imf_weo, worldbank, nato or eu")
    ] = "",
    file: Annotated[Path | None, typer.Argument(help="the upstream file")] = None,
    release: Annotated[
        str | None, typer.Option(help="Kiel release number; edition of another source")
    ] = None,
    cut_off: Annotated[str | None, typer.Option(help="last day covered (ISO date)")] = None,
    taken: Annotated[str | None, typer.Option(help="day of download (ISO date)")] = None,
    obtained_from: Annotated[
        str | None, typer.Option(help="who it was obtained from, and where")
    ] = None,
    because: Annotated[
        str | None, typer.Option(help="why it may change or lack rows that are here")
    ] = None,
    every: Annotated[
        Path | None, typer.Option("--all", help="folder with all upstream files")
    ] = None,
    replace: Annotated[bool, typer.Option(help="take a file with another sha256")] = False,
) -> None:
    """Write a raw fact table and its descriptor from an upstream file.

    Example: aidaudit ingest kiel Downloads/tracker.xlsx --release 31 --cut-off 2026-08-31
    """
    from aidaudit import ingest as ingesting
    from aidaudit.data import sources
    from nbtrail.base import foreign

    if every is not None:
        chosen = [(ingesting.upstream(every, origin), origin) for origin in ingesting.origins()]
    elif file is None:
        raise AuditError(
            "name a source and a file, or --all and a folder.",
            mend="see `aidaudit ingest --help`.",
        )
    else:
        origin = ingesting.origin_of(source, file, release, cut_off, taken, obtained_from)
        chosen = [(file, origin)]
    for path, origin in chosen:
        with foreign.bounded(path):
            folder = ingesting.ingest(path, origin, replace=replace, because=because, tell=tell)
        print(
            f"{folder.relative_to(determinism.root())}: "
            f"{sources.table_path(origin.folder).name}"
        )
        for line in ingesting.unstated(origin):
            print(line)
    ingesting.write_overview()


def _begun(written: list[str], run: list[str]) -> None:
    """What was written, and what to run next."""
    print("Written:")
    for path in written:
        print(f"  {path}")
    print("Next:")
    for command in run:
        print(f"  {command}")


@new.command("figure")
def new_figure(
    name: Annotated[str, typer.Argument(help="F and two digits")],
    title: Annotated[str | None, typer.Option(help="the question that it answers")] = None,
    reads: Annotated[
        str | None, typer.Option(help="where it starts: monthly, donor_totals or activities")
    ] = None,
    variants: Annotated[
        str | None, typer.Option(help="which draw it; with commas, or all = drawn once")
    ] = None,
) -> None:
    """Begin a figure: a notebook that draws, its entry, and a test that says what is missing.

    Example: aidaudit new figure F24 --title "Who gave in winter?" --reads monthly
    Example: aidaudit new figure F24 --variants all
    """
    from aidaudit.project import new as module
    from nbtrail.author import scaffold

    chosen = variants.split(",") if variants else None
    begun = module.figure(name, title=title, reads=reads, variants=chosen)
    _begun(scaffold.write(begun), begun.run)
    print(begun.place)


@new.command("claim")
def new_claim(
    name: Annotated[str, typer.Argument(help="paragraph and letter, for example LTS-9b")],
    locator: Annotated[str | None, typer.Option(help="paragraph of the article")] = None,
    section: Annotated[
        str | None, typer.Option(help="its section, where no claim names the paragraph yet")
    ] = None,
    figure: Annotated[str | None, typer.Option(help="the figure that shows it")] = None,
    test: Annotated[str | None, typer.Option(help="what to call its function")] = None,
) -> None:
    """Begin a claim: its entry, a function to write, and a test that says what is missing.

    Example: aidaudit new claim LTS-9b --figure F16 --test months_of_cover
    """
    from aidaudit.project import new as module
    from nbtrail.author import scaffold

    begun = module.claim(name, locator=locator, section=section, figure=figure, test=test)
    _begun(scaffold.write(begun), begun.run)


@new.command("release")
def new_release(
    file: Annotated[Path, typer.Argument(help="the tracker's workbook, as downloaded")],
    release: Annotated[
        int | None, typer.Option(parser=whole, help="its number, if not in the file")
    ] = None,
    cut_off: Annotated[
        str | None, typer.Option(help="its last day (ISO date), likewise")
    ] = None,
    variant: Annotated[str | None, typer.Option(help="what to call the variant")] = None,
    taken: Annotated[str | None, typer.Option(help="day of download (ISO date)")] = None,
    obtained_from: Annotated[
        str | None, typer.Option(help="who it was obtained from, and where")
    ] = None,
) -> None:
    """Take a Kiel release as a further variant: the report grows a column.

    Example: aidaudit new release tracker.xlsx --release 31 --cut-off 2026-08-31
    """
    from aidaudit.project import new as module
    from nbtrail.author import scaffold

    begun, shows = module.release(
        file, release, cut_off, variant, taken=taken, obtained_from=obtained_from, tell=tell
    )
    written = [*scaffold.write(begun), *scaffold.write(scaffold.defaults())]
    print(f"A further variant of the report. {shows}")
    _begun(written, begun.run)
