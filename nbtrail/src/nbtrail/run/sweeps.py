"""Sweeps: one notebook over a grid of parameters, and one tidy table of all runs.

Every run is a notebook run like any other, through papermill and with a kernel of its own, but
of what it writes only the one table is kept. Where this process is a fork of the warm parent,
each run is a fork again, so that memory does not grow with the number of runs.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from nbtrail.base import files, paths
from nbtrail.base.errors import AuditError
from nbtrail.base.excerpts import Excerpt
from nbtrail.run import kernels, notebooks

# Runs that a job has going at once: while one waits for its kernel another computes.
TOGETHER = 2
# What a run gives: whether it succeeded, and its table or its message.
Outcome = tuple[bool, str]


def part(
    source: str,
    points: dict[str, dict],
    axes: Sequence[str],
    out: str,
    *,
    table: str,
    inputs: Sequence[str],
    allowed: dict[str, list],
    excerpts: Sequence[Excerpt] = (),
) -> None:
    """Run a notebook at several points, and write their rows as CSV.

    points: name of a run (its log's, below logs/notebooks) → all its parameters. axes: those
    that the grid varies; they become the first columns. table: name of the table that each run
    writes. Runs on after a failure; then raises AuditError, writing nothing.
    """

    def run(name: str) -> str:
        return notebooks.table_of(
            source,
            table,
            parameters=points[name],
            inputs=list(inputs),
            excerpts=excerpts,
            log=f"{paths.LOGS}/{name}.ipynb",
            allowed=allowed,
        )

    # Where nothing can be forked, papermill runs here and each kernel is a process anyway.
    outcomes = _forked(run, list(points)) if kernels.forking else map(_outcome(run), points)
    told = dict(zip(points, outcomes, strict=True))
    failed = {name: text for name, (done, text) in told.items() if not done}
    if failed:
        name = next(iter(failed))
        given = ", ".join(f"{axis}={points[name][axis]}" for axis in axes)
        raise AuditError(
            f"{len(failed)} of {len(points)} runs failed; {name} ({given}) says:\n"
            f"{failed[name]}"
        )
    tables = [
        _with_parameters(text, {axis: points[name][axis] for axis in axes}, source)
        for name, (_, text) in told.items()
    ]
    files.write_text(out, _joined(tables, source))


def together(parts: Sequence[str], out: str) -> None:
    """Put the parts of a sweep together, in the order of its grid."""
    tables = [
        list(csv.reader(io.StringIO(files.source(one).read_text("utf-8")))) for one in parts
    ]
    files.write_text(out, _joined(tables, parts[0]))


def _with_parameters(text: str, values: dict[str, object], source: str) -> list[list[str]]:
    """A table's rows, the header first, with a run's parameters before them.

    A column that a parameter already says is left out; one that says something else under the
    same name would make the tidy table ambiguous. Raises AuditError.
    """
    header, *rows = csv.reader(io.StringIO(text))
    given = {name: str(value) for name, value in values.items()}
    for name in set(header) & set(given):
        at = header.index(name)
        if other := sorted({row[at] for row in rows} - {given[name]}):
            raise AuditError(
                f"the table has a column '{name}' that is not the parameter of this name.",
                file=source,
                column=name,
                found=other[0],
                expected=given[name],
                mend="rename the column in the notebook, or the parameter.",
            )
    kept = [at for at, name in enumerate(header) if name not in given]
    return [
        [*given, *(header[at] for at in kept)],
        *([*given.values(), *(row[at] for at in kept)] for row in rows),
    ]


def _joined(tables: list[list[list[str]]], source: str) -> str:
    """Tables below one another, as CSV. Raises AuditError where columns differ."""
    header = tables[0][0]
    for other, *_ in tables:
        if other != header:
            raise AuditError(
                "the runs' tables have different columns.",
                file=source,
                found=", ".join(other),
                expected=", ".join(header),
                mend="let the notebook write the same columns for all parameters.",
            )
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\n")
    written.writerows([header, *(row for _, *rows in tables for row in rows)])
    return text.getvalue()


# ---------------------------------------------------------------- forks


def _outcome(run: Callable[[str], str]) -> Callable[[str], Outcome]:
    def told(name: str) -> Outcome:
        try:
            return True, run(name)
        except AuditError as error:
            return False, str(error)

    return told


def _forked(run: Callable[[str], str], names: Sequence[str]) -> Iterator[Outcome]:
    """What `run` gives for each name, in their order, each in a fork of its own."""
    waiting, going = iter(names), deque()
    for name in itertools.islice(waiting, TOGETHER):
        going.append(_fork(run, name))
    while going:
        process, end = going.popleft()
        with os.fdopen(end, "rb") as pipe:
            said = pipe.read()
        os.waitpid(process, 0)
        for name in itertools.islice(waiting, 1):
            going.append(_fork(run, name))
        if not said:
            yield False, "its process was killed before it could say anything."
        else:
            yield tuple(json.loads(said))


def _fork(run: Callable[[str], str], name: str) -> tuple[int, int]:
    """A process that runs one, and the end of a pipe at which its outcome comes."""
    here, there = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(here)
        _answer(run, name, there)
    os.close(there)
    return process, here


def _answer(run: Callable[[str], str], name: str, there: int) -> NoReturn:
    try:
        kernels.die_with_parent()
        with os.fdopen(there, "wb") as pipe:
            pipe.write(json.dumps(_outcome(run)(name)).encode())
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(0)
