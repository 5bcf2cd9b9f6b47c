"""New parts of a project: what a person starts from, which runs as it is.

What is begun is first made as path → text and then written, all of it or nothing. A file that
is there is never replaced; configuration and code only grow, as text, so that comments and
order stay. What a person has to say is marked TO FILL IN.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nbtrail.author import notebook_checks
from nbtrail.base import determinism, files, notebook_form, settings
from nbtrail.base.errors import AuditError, nearest

MARK = "TO FILL IN"


@dataclass
class Scaffold:
    """What is to be written: new files and grown ones, path → text; and what to run next.

    done: paths that are written already. place: where it goes in the report. cached: functions
    that remember what files of settings say.
    """

    new: dict[str, str] = field(default_factory=dict)
    grown: dict[str, str] = field(default_factory=dict)
    run: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    place: str = ""
    cached: Sequence[Any] = ()


def write(scaffold: Scaffold) -> list[str]:
    """Write a scaffold; returns the paths, with what was done to each.

    Raises AuditError where a new file is there already: nothing is written then.
    """
    there = [path for path in scaffold.new if (determinism.root() / path).exists()]
    if there:
        raise taken(Path(there[0]).name, there[0])
    for path, text in (scaffold.new | scaffold.grown).items():
        files.write_text(path, text)
    for function in scaffold.cached:
        function.cache_clear()
    return [*scaffold.done, *(f"{path} (new)" for path in scaffold.new), *scaffold.grown]


def rows_of(path: str, first: int = 0, last: int | None = None) -> list[tuple[str, str]]:
    """(place, text) of each row of a file, from row `first` on, counted from 0."""
    lines = text_of(path).splitlines()[first:last]
    return [(f"{path}, row {first + at}", line) for at, line in enumerate(lines, 1)]


def text_of(path: str) -> str:
    """The text of a file of this checkout."""
    return (determinism.root() / path).read_text(encoding="utf-8")


def begins_of(text: str, *keys: str) -> tuple[dict[str, int], int]:
    """Entry → the row, from 0, at which it begins; and the row at which the last one ends.

    keys: where the entries are, from the top; those of a list go by their `id`.
    """
    node = yaml.compose(text)
    for key in keys:
        node = next(value for name, value in node.value if name.value == key)
    if isinstance(node, yaml.MappingNode):
        found = {name.value: name.start_mark.line for name, _ in node.value}
    else:
        found = {
            next(v.value for k, v in item.value if k.value == "id"): item.start_mark.line
            for item in node.value
        }
    return found, node.end_mark.line


def span_of(path: str, name: str) -> tuple[int, int]:
    """First row of an entry, and the row after it, from 0."""
    begins, end = begins_of(text_of(path))
    if name not in begins:
        raise AuditError(
            f"there is no entry '{name}'.", file=path, mend=nearest(name, list(begins)) or None
        )
    return begins[name], min(
        (row for row in begins.values() if row > begins[name]), default=end
    )


def with_entry(name: str, entry: str, row: int) -> str:
    """config/<name>.yaml with an entry put in before a row; checked against its model."""
    lines = text_of(f"config/{name}.yaml").splitlines(keepends=True)
    # What is said above an entry belongs to it.
    while row < len(lines) and lines[row - 1].lstrip().startswith("#"):
        row -= 1
    text = "".join([*lines[:row], entry, *lines[row:]])
    settings.models()[name].model_validate(yaml.safe_load(text))
    return text


def taken(name: str, where: str) -> AuditError:
    """What to raise for a name that is taken."""
    return AuditError(
        f"'{name}' exists already.",
        file=where,
        mend="take another name; nothing is ever overwritten.",
    )


def _is_sound(notebook: str) -> bool:
    """Whether a notebook can be read for its parameters; `nbtrail notebooks` says why not."""
    try:
        return not any(notebook_checks.faults(notebook_form.read(notebook), notebook))
    except AuditError:
        return False


def defaults() -> Scaffold:
    """Notebooks whose defaults are not what the DAG injects any more, with those that are."""
    texts = {
        path: notebook_checks.with_defaults(path)
        for path in notebook_checks.sources()
        if _is_sound(path)
    }
    return Scaffold(grown={path: text for path, text in texts.items() if text != text_of(path)})


def quoted(value: object) -> str:
    """A literal as YAML and Python both read it."""
    return json.dumps(value, ensure_ascii=False)
