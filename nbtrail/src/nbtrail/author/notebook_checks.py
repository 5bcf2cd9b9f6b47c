"""Checks of the committed notebooks: their form, and that defaults are what the DAG injects."""

from __future__ import annotations

import ast
import calendar
import itertools
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from nbtrail.base import determinism, notebook_form, parameters, plan
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError

# A line of code that is longer is broken (pyproject.toml).
WIDE = 96
PATHS = re.compile(
    r"(?<![\w./:~-])(?:/(?:home|root|work|tmp|Users|usr|var|etc|opt|mnt|srv|media)(?![\w-])"
    r"|~/|[A-Za-z]:[\\/])"
)


def sources() -> list[str]:
    """The committed notebooks, as paths relative to the root."""
    found = sorted((determinism.root() / "notebooks").rglob("*.ipynb"))
    return [
        path.relative_to(determinism.root()).as_posix()
        for path in found
        if ".ipynb_checkpoints" not in path.parts
    ]


# ---------------------------------------------------------------- form


def problems(path: str | Path) -> list[str]:
    """What keeps a source notebook from being committed, a sentence each; empty when good."""
    try:
        nb = notebook_form.read(path)
    except AuditError as error:
        return [str(error)]
    found = [*faults(nb, path)]
    if (determinism.root() / path).read_bytes() != notebook_form.serialise(
        notebook_form.clean_source(nb)
    ).encode():
        found.append(f"is not in its clean form; run: {NAME} notebooks --fix")
    return found


def faults(nb: NotebookNode, path: str | Path) -> Iterator[str]:
    """What is wrong with a source notebook in whatever form it was saved, a sentence each."""
    yield from _form_problems(nb)
    yield from _parameter_problems(path)
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type == "code":
            yield from (f"cell {number}: {problem}" for problem in _code_problems(cell))


def _form_problems(nb: NotebookNode) -> Iterator[str]:
    if not nb.cells or nb.cells[0].cell_type != "markdown" or nb.cells[0].source[:2] != "# ":
        yield "the first cell must be markdown and start with a title, '# …'"
    before_code = itertools.takewhile(lambda cell: cell.cell_type != "code", nb.cells)
    if not any("?" in cell.source for cell in before_code):
        yield "no text before the first code cell asks the notebook's question (no '?')"
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if not code or not any(map(_is_writer, _nodes(code[-1].source))):
        yield "the last code cell must write the outputs: write_outputs(), write_… or save_…"


def _parameter_problems(path: str | Path) -> Iterator[str]:
    try:
        declared = parameters.declared(path)
    except AuditError as error:
        yield str(error)
        return
    for parameter in declared.values():
        if not parameter.comment:
            yield f"parameter '{parameter.name}' has no comment saying what it is"


def _code_problems(cell: NotebookNode) -> Iterator[str]:
    if cell.get("outputs"):
        yield f"has outputs; run: {NAME} notebooks --fix"
    if cell.get("execution_count") is not None:
        yield f"has an execution count; run: {NAME} notebooks --fix"
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        yield f"is not plain Python, line {error.lineno}: {error.msg}"
    for node in _nodes(cell.source):
        match node:
            case ast.ImportFrom(names=[ast.alias(name="*")], module=module):
                yield f"imports * from {module}; import names"
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield f"defines '{node.name}'; move it to the package {NAME}"
            case ast.Assign(value=ast.Lambda()) | ast.AnnAssign(value=ast.Lambda()):
                yield f"names a lambda (line {node.lineno}); move it to the package {NAME}"
            case ast.Constant(value=str(text)) if PATHS.search(text):
                yield f"holds an absolute path, {text!r}; use one relative to the root"


def _nodes(code: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return []


def _is_writer(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=called)) | ast.Call(func=ast.Attribute(attr=called)):
            return called.startswith(("write_", "save_"))
    return False


# ---------------------------------------------------------------- defaults


def defaults_differ(notebook: str) -> list[str]:
    """How a notebook's defaults are not what the DAG injects, a sentence each.

    They are held against the default variant, or the first job that runs the notebook.
    """
    job = plan.default(notebook)
    if job is None:
        return [
            "no job of the build runs it: a figure or table needs its entry in "
            "config/figures.yaml, any other notebook a rule and a place among the "
            "project's jobs"
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
    text = (determinism.root() / notebook).read_text(encoding="utf-8")
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
    nb = notebook_form.clean_source(notebook_form.read(notebook))
    for cell in nb.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = _assigned(cell.source, wrong)
    return notebook_form.serialise(nb)


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
        f"{NAME} notebooks --fix && git add {path}"
        for path, content in staged.items()
        if content and notebook_form.cleaned(content) != content
    ]


# ---------------------------------------------------------------- words that repeat parameters

_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTH = re.compile(r"[0-9]{4}-([0-9][0-9])")
_DAY = re.compile(r"([0-9]{4})-([0-9][0-9])-([0-9][0-9])")
# What the article says is no choice of a parameter.
_ARTICLE = re.compile(r"\bThe article [a-z]+ [^.?!]*")
# A year that belongs to a date is no year of its own.
_IN_DATE = re.compile(
    rf"(?:{'|'.join(filter(None, (*calendar.month_name, *calendar.month_abbr)))})\.? [0-9]{{4}}"
)


def repeated(notebook: str) -> list[str]:
    """Where a notebook's text repeats the value of a parameter, a sentence each.

    Looks at the text cells and at the strings in code, but for what the article says: words
    that a parameter decides are made from it, or they are wrong as soon as it changes.
    """
    declared = parameters.declared(notebook)
    found = []
    for number, cell in enumerate(notebook_form.read(notebook).cells, 1):
        if "parameters" in cell.metadata.get("tags", []):
            continue
        for text in _texts(cell):
            for name, parameter in declared.items():
                for words in repeats(text, name, parameter.default):
                    found.append(
                        f"cell {number}: '{words}' repeats the value of the parameter {name}; "
                        + (
                            "say it without the value"
                            if cell.cell_type == "markdown"
                            else f"make it from {name} (charts.in_words makes words of dates)"
                        )
                    )
    return found


def repeated_in_sections() -> list[str]:
    """Where a section of the report types a date that a figure shown there has as parameter."""
    found, own = [], {job.name: job.own for job in plan.jobs()}
    for path in sorted((determinism.root() / "report/sections").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        shown = set(re.findall(r"\{\{(?:figure|table):(\w+):", text)) & set(own)
        for figure in sorted(shown):
            for name, value in own[figure].items():
                for words in repeats(text, name, value) if _is_date(value) else ():
                    found.append(
                        f"{path.relative_to(determinism.root())}: '{words}' repeats the value "
                        "of "
                        f"{figure}'s parameter {name}; name a number, such as {figure}.{name}"
                    )
    return found


def repeats(text: str, name: str, value: object) -> list[str]:
    """The words of a text that spell the value of a parameter, in their order.

    Dates count in every spelling, numbers where it is clear that they mean this parameter:
    years, large ones, shares as per cent, and others beside the parameter's own word.
    """
    text = _ARTICLE.sub("", text)
    if not _is_date(value):
        text = _IN_DATE.sub("", text)
    places = {
        match.start(): match[0]
        for pattern in _spellings(name, tuple(value) if isinstance(value, list) else value)
        for match in pattern.finditer(text)
    }
    return [places[start] for start in sorted(places)]


def _texts(cell: dict) -> Iterator[str]:
    """A text cell; of a code cell each string, the fixed parts of f-strings together."""
    if cell.cell_type != "code":
        yield cell.source
        return
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one for one in node.values if isinstance(one, ast.Constant)]
            inside.update(map(id, parts))
            # A value stands between two parts, so that they make no word together.
            yield "\0".join(one.value for one in parts)
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            yield node.value if isinstance(node.value, str) else ""


def _is_date(value: object) -> bool:
    return isinstance(value, str) and bool(_MONTH.fullmatch(value) or _DAY.fullmatch(value))


@cache
def _spellings(name: str, value: object) -> list[re.Pattern[str]]:
    if isinstance(value, tuple):
        return [pattern for one in value for pattern in _spellings(name, _number(one))]
    if isinstance(value, bool):
        return []
    if _is_date(value):
        return [re.compile(spelling) for spelling in _dates(value)]
    if isinstance(value, str):
        # A name of several words; single ones are names that code needs.
        several = len(value.split()) > 1
        return [re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")] if several else []
    return [re.compile(spelling, re.IGNORECASE) for spelling in _amounts(name, value)]


def _number(text: str) -> object:
    return int(text) if re.fullmatch("[0-9]+", text) else text


def _dates(value: str) -> Iterator[str]:
    """Regular expressions for a day, and for the month that it lies in, or for a month."""
    year, month = value[:4], int(value[5:7])
    names = f"(?:{calendar.month_name[month]}|{calendar.month_abbr[month]}\\.?)"
    day = int(value[8:]) if len(value) > len("2025-01") else None
    # The month of a day counts too, but not where another day stands before it.
    before = r"\b[0-9]{1,2} |\b" if day is None else rf"\b0?{day} |(?<![0-9] )\b"
    yield rf"(?:{before}){names},? {year}\b"
    yield (
        rf"(?<![-0-9]){year}-{month:02d}"
        + ("" if day is None else rf"(?:-{day:02d})")
        + r"(?![-0-9])"
    )
    if day is not None:
        yield rf"\b{names} 0?{day},? {year}\b"


def _amounts(name: str, value: float) -> Iterator[str]:
    """Regular expressions for a number that means the parameter."""
    plain = f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, float):
        if 0 < value < 1:
            percent = f"{value * 100:g}"
            spelled = (
                f"|{_SMALL[int(percent)]}" if percent in map(str, range(1, len(_SMALL))) else ""
            )
            yield rf"(?<![\w.,-])(?:{re.escape(percent)}{spelled})[ \u00a0]?(?:%|per ?cent)"
        elif value > 12:
            yield rf"(?<![\w.,-]){re.escape(plain)}(?![\w]|[.,][0-9])"
        return
    if "year" in name and 1900 <= value <= 2100:
        yield rf"(?<![\w.-]){value}(?![\w-])"
        return
    if value >= 1000:
        yield rf"(?<![\w.,-])(?:{value}|{value:,})(?![\w]|[.,][0-9])"
    spelled = f"|{_SMALL[value]}" if 0 < value < len(_SMALL) else ""
    word = name.rsplit("_", 1)[-1].removesuffix("s")
    number = rf"(?:{value}{spelled})"
    # Beside its own word, before or after, also in a list: release 21, releases 18 and 21.
    yield rf"\b{word}s? (?:[0-9]+(?:, | and | or | to ))*{number}\b(?![.,][0-9])"
    yield rf"(?<![\w.,-]){number} {word}s?\b"
