"""A notebook's parameters: what it declares, and whether what it is given fits.

Light on purpose: the Snakefile imports it. Notebooks are read as the JSON that they are.
"""

from __future__ import annotations

import ast
import io
import json
import symtable
import tokenize
from dataclasses import dataclass
from pathlib import Path

from nbtrail.base.determinism import NAME, root
from nbtrail.base.errors import AuditError, nearest

TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list[str]": list}


@dataclass(frozen=True)
class Parameter:
    """One line `name: type = default  # comment` of the cell tagged 'parameters'.

    type: one of TYPES. The default serves a person in JupyterLab; a build must give every
    parameter, unless its comment ends with '(optional)': then `required` is False.
    """

    name: str
    type: str
    default: object
    comment: str
    required: bool


def declared(path: str | Path) -> dict[str, Parameter]:
    """The notebook's parameters, by name, in the order in which it declares them.

    Raises AuditError when there is not exactly one cell tagged 'parameters', or it holds
    anything but annotated literals of the supported types.
    """
    tagged, _ = _code(path)
    if len(tagged) != 1:
        raise AuditError(
            "a notebook has exactly one cell tagged 'parameters'",
            file=path,
            found=len(tagged),
            mend="tag the cell in JupyterLab, in the property inspector.",
        )
    (text,) = tagged
    try:
        statements = ast.parse(text).body
    except SyntaxError as error:
        raise AuditError(
            f"the cell tagged 'parameters' is not Python: {error.msg}",
            file=path,
            found=error.text,
        ) from error
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = {
        token.start[0]: token.string.strip("# ")
        for token in tokens
        if token.type == tokenize.COMMENT
    }
    found = [_parameter(statement, comments, path) for statement in statements]
    return {parameter.name: parameter for parameter in found}


def _code(path: str | Path) -> tuple[list[str], dict[int, str]]:
    """The text of the cells tagged 'parameters'; and of other code, by the cell's number."""
    try:
        cells = json.loads((root() / path).read_text("utf-8"))["cells"]
        tagged, others = [], {}
        for number, cell in enumerate(cells, 1):
            text = "".join(cell["source"])
            tags = cell["metadata"].get("tags", [])
            if "parameters" in tags:
                tagged.append(text)
            # papermill replaces what was injected before.
            elif cell["cell_type"] == "code" and "injected-parameters" not in tags:
                others[number] = text
        return tagged, others
    except FileNotFoundError as error:
        raise AuditError("there is no such notebook", file=path) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AuditError(
            "not a notebook of format 4",
            file=path,
            found=repr(error),
            mend="open it in JupyterLab and save it.",
        ) from error


def _parameter(statement: ast.stmt, comments: dict[int, str], path: str | Path) -> Parameter:
    match statement:
        case ast.AnnAssign(
            target=ast.Name(id=name), annotation=kind, value=ast.expr() as value
        ):
            type_ = ast.unparse(kind)
        case _:
            raise AuditError(
                "the cell tagged 'parameters' holds more than parameters",
                file=path,
                found=ast.unparse(statement),
                expected="lines like: start: str = '2022-02'  # first month (yyyy-mm)",
            )
    try:
        default = ast.literal_eval(value)
    except ValueError:
        default = None
    if type_ not in TYPES or not _fits(default, type_):
        raise AuditError(
            f"parameter '{name}' is not a literal of a supported type",
            file=path,
            found=ast.unparse(statement),
            expected="a literal of type " + ", ".join(TYPES),
        )
    comment = comments.get(statement.end_lineno, "")
    return Parameter(name, type_, default, comment, not comment.endswith("(optional)"))


def _fits(value: object, type_: str) -> bool:
    if type_ == "list[str]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return type(value) is TYPES[type_] or (type_ == "float" and type(value) is int)


def checked(
    path: str | Path, given: dict[str, object], allowed: dict[str, list] | None = None
) -> dict[str, object]:
    """All parameters with the values to run with, in the notebook's order.

    allowed: the values that a parameter may take (each item, for lists); names that the
    notebook does not declare are of no concern. Raises AuditError for an unknown or missing
    parameter, a wrong type, a value that is not allowed, and a notebook that goes on with
    another value than it is given: what it makes would be told to come from the one given.
    """
    known = declared(path)
    for number, text in _code(path)[1].items():
        for name in sorted(_bound(text) & set(known)):
            raise AuditError(
                f"cell {number} gives the parameter '{name}' another value",
                file=path,
                mend="take it out, or give it another name. To try a value: "
                f"{NAME} run {path} -p {name}=VALUE",
            )
    for name in given:
        if name not in known:
            raise AuditError(
                f"the notebook has no parameter '{name}'",
                file=path,
                expected=", ".join(known) or "no parameters",
                mend=f"{nearest(name, list(known))}Change the rule or the notebook.",
            )
    return {
        name: _one(path, parameter, given, (allowed or {}).get(name))
        for name, parameter in known.items()
    }


def _bound(text: str) -> set[str]:
    """The names to which a cell's code gives values; %magic and !commands are left out."""
    plain = "\n".join("" if line[:1] in ("%", "!") else line for line in text.splitlines())
    try:
        names = symtable.symtable(plain, "cell", "exec").get_symbols()
    except SyntaxError:  # running it will say
        return set()
    return {one.get_name() for one in names if one.is_assigned() or one.is_imported()}


def _one(path: str | Path, parameter: Parameter, given: dict, allowed: list | None) -> object:
    if parameter.name not in given:
        if not parameter.required:
            return parameter.default
        raise AuditError(
            f"parameter '{parameter.name}' is not given",
            file=path,
            expected=f"{parameter.type}: {parameter.comment}",
            mend="give it in the rule that runs the notebook.",
        )
    value = given[parameter.name]
    if not _fits(value, parameter.type):
        raise AuditError(
            f"parameter '{parameter.name}' has the wrong type",
            file=path,
            found=value,
            expected=parameter.type,
        )
    for item in value if isinstance(value, list) else [value]:
        if allowed is not None and item not in allowed:
            raise AuditError(
                f"parameter '{parameter.name}' has a value that is not allowed",
                file=path,
                found=item,
                expected="one of " + ", ".join(map(str, allowed)),
                mend=nearest(item, [str(one) for one in allowed]).strip() or None,
            )
    return float(value) if parameter.type == "float" else value
