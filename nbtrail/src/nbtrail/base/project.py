"""The seam: all that the engine knows of the project that it runs.

The project's pyproject.toml says where it is told, as an entry point; in a folder without one,
the environment does:

    [project.entry-points."nbtrail.project"]
    default = "package.module:PROJECT"

Light on purpose: the Snakefile asks here, and so does every command.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.base import determinism
from nbtrail.base.errors import AuditError

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    import pandas as pd
    import typer
    from pydantic import BaseModel

    from nbtrail.base.excerpts import Excerpt
    from nbtrail.base.job import Job
    from nbtrail.base.schema import Table

GROUP = "nbtrail.project"


def at(place: str) -> Any:
    """What stands at 'module:name', imported now."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def late(place: str) -> Callable[..., Any]:
    """The function at 'module:name', whose module is imported when it is first called."""

    def function(*given: Any, **named: Any) -> Any:
        return at(place)(*given, **named)

    function.__qualname__ = function.__doc__ = place
    return function


@dataclass(frozen=True)
class Project:
    """What a project tells the engine. Functions may be `late`: a start imports none of them.

    groups: names under which notebooks run, the last one for what depends on no variant.
    default_group: the one whose parameters notebooks have as defaults.
    jobs: the runs of notebooks for some groups (default: all), as data flow.
    job: that of a group and a name, for a report on some groups; None where there is none.
    reads, excerpts: the files that a job's notebook reads whole, and in part.
    steps: (group, name) of the jobs that run no notebook, before the manifest.
    step: kind and files read of such a job; None where there is none.
    does: kind → 'module:function' that does it, beside the engine's own kinds.
    parameters: of a group: all that its notebooks may be given.
    allowed: parameter of a closed kind → its values.
    models: name → model of config/<name>.yaml, beside the engine's own.
    table_of: the schema of a built table, by path and header; None where it has none.
    meant: an id without its group → the id that is meant where several are made.
    titles: id → what it says, where a title is not enough.
    makes: stem of a notebook → what it makes, in words.
    generated: path → text of committed files that the project writes itself.
    picture: (figure, group) with which the README begins.
    rows_of: manifest and name → the rows that make up a number. Raises AuditError.
    commands: what the command line has beside the engine's own commands.
    """

    groups: Callable[[], list[str]]
    default_group: Callable[[], str]
    jobs: Callable[[Sequence[str] | None], list[Job]]
    job: Callable[[str, str, Sequence[str] | None], Job | None]
    reads: Callable[[Job], list[str]]
    excerpts: Callable[[Job], list[Excerpt]]
    steps: Callable[[Sequence[str] | None], list[tuple[str, str]]]
    step: Callable[[str, str, Sequence[str] | None], tuple[str, list[str]] | None]
    does: Mapping[str, str]
    parameters: Callable[[str], dict[str, Any]]
    allowed: Callable[[], dict[str, list]]
    models: Callable[[], dict[str, type[BaseModel]]]
    table_of: Callable[[PurePosixPath, list[str]], Table | None]
    meant: Callable[[], dict[str, str]]
    titles: Callable[[], dict[str, str]]
    makes: Mapping[str, str] = field(default_factory=dict)
    generated: Callable[[], dict[str, str]] = dict
    picture: tuple[str, str] | None = None
    rows_of: Callable[[dict, str], pd.DataFrame] | None = None
    commands: Callable[[], Sequence[typer.Typer]] = tuple


def project() -> Project:
    """The project of this checkout. Raises AuditError where none is declared."""
    return _declared(determinism.root())


@cache
def _declared(root: Path) -> Project:
    # That of the folder, which a start reads faster than it asks what is installed.
    with suppress(FileNotFoundError), (root / "pyproject.toml").open("rb") as stream:
        points = tomllib.load(stream).get("project", {}).get("entry-points", {}).get(GROUP, {})
        for place in points.values():
            return at(place)
    for point in metadata.entry_points(group=GROUP):
        return at(point.value)
    raise AuditError(
        "no project is declared here.",
        file="pyproject.toml",
        expected=f'[project.entry-points."{GROUP}"] and default = "package.module:NAME"',
        mend="add it, install the project, and run the command again.",
    )
