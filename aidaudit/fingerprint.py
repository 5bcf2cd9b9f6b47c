"""Which code a notebook uses, as one hash: what must change before it is run again.

Files' times say when something was saved, not whether it matters. Here the package is read
as text: a notebook's cells name functions, these name others, and what can be reached is
hashed without comments, docstrings and annotations of functions. Where the text cannot tell
(a module handed over whole), everything in the module counts: a notebook may then run once
too often, never once too seldom.

Light on purpose: the Snakefile imports it, and nothing of the package is executed. Parsing all
of it takes longer than the rest of such a start, so what was read is kept in a file and taken
from there for as long as no text has changed.
"""

from __future__ import annotations

import ast
import hashlib
import itertools
import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from aidaudit import repro

PACKAGE = "aidaudit"
KEPT = ".staging/fingerprint.json"

# A piece of the package: (module, top-level name), or (module, "") for what its import does.
Piece = tuple[str, str]
# The hash of a piece's text, and the pieces that it names.
Look = tuple[str, frozenset[Piece]]


@dataclass
class Module:
    """A module as text: its top-level names, what its import runs, and what it imports."""

    pieces: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    aliases: dict[str, Piece] = field(default_factory=dict)


class Names:
    """What code means by the names that it uses, given the names of all modules."""

    def __init__(self, pieces: dict[str, Collection[str]]) -> None:
        """pieces: module → its top-level names."""
        self.pieces = pieces

    def named_in(self, code: ast.AST, outer: dict[str, Piece] | None = None) -> set[Piece]:
        """The pieces that code names: through its own imports, or `outer` names."""
        known = {**(outer or {}), **self._imports(ast.walk(code))}
        found: set[Piece] = set()
        through_attribute = set()
        for node in ast.walk(code):
            match node:
                case ast.Attribute(value=ast.Name(id=alias) as name, attr=attribute) if (
                    alias in known and known[alias][1] == "*"
                ):
                    through_attribute.add(name)
                    found |= self._member(known[alias][0], attribute)
        for node in ast.walk(code):
            if (
                isinstance(node, ast.Name)
                # A field or variable of the same name is another thing.
                and not isinstance(node.ctx, ast.Store)
                and node.id in known
                and node not in through_attribute
            ):
                found |= self._whole(known[node.id])
        # What is imported by the code itself is executed, whether it is named or not.
        found |= {(piece[0], "") for piece in self._imports(ast.walk(code)).values()}
        return found | self._unnamed(code)

    def _unnamed(self, code: ast.AST) -> set[Piece]:
        """What code can use under names that it does not say: all of a module, or of all."""
        found: set[Piece] = set()
        bound: dict[str, Piece] = {}
        for node in ast.walk(code):
            for name, piece in self._imports([node]).items():
                if bound.setdefault(name, piece) != piece:
                    found |= self._whole(piece) | self._whole(bound[name])
            match node:
                case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]) if (
                    module in self.pieces
                ):
                    found |= self._whole((module, "*"))
                case ast.Import(names=names):
                    found |= {(one.name, "") for one in names if one.name in self.pieces}
                case ast.Name(id="globals" | "eval" | "exec" | "__import__"):
                    found |= self._whole((PACKAGE, "*"))
        return found

    def _imports(self, nodes: Iterable[ast.AST]) -> dict[str, Piece]:
        """Name in the code → what of the package it stands for; '*' is a module as such."""
        found: dict[str, Piece] = {}
        for node in nodes:
            match node:
                case ast.ImportFrom(module=str(module), names=names, level=0) if (
                    module.split(".")[0] == PACKAGE
                ):
                    for alias in names:
                        full = f"{module}.{alias.name}"
                        piece = (full, "*") if full in self.pieces else (module, alias.name)
                        found[alias.asname or alias.name] = piece
                case ast.Import(names=names):
                    for alias in names:
                        if alias.name.split(".")[0] == PACKAGE:
                            named = alias.name if alias.asname else PACKAGE
                            found[alias.asname or PACKAGE] = (named, "*")
        return found

    def _member(self, module: str, name: str) -> set[Piece]:
        if f"{module}.{name}" in self.pieces:
            return self._whole((f"{module}.{name}", "*"))
        return self._whole((module, name))

    def _whole(self, piece: Piece) -> set[Piece]:
        """A piece; for a module as such, all of its pieces and of the modules below it."""
        module, name = piece
        if name != "*":
            return {piece}
        found = {one for one in self.pieces if f"{one}.".startswith(f"{module}.")}
        return {(one, name) for one in found for name in ("", *self.pieces[one])}


class Reading(Names):
    """Modules, parsed: their pieces with what each names."""

    def __init__(self, texts: dict[str, str]) -> None:
        """texts: module → its source. Raises SyntaxError."""
        super().__init__(dict.fromkeys(texts, ()))
        packages = {name.rpartition(".")[0] for name in texts}
        self.modules = {
            name: self._module(text, name if name in packages else name.rpartition(".")[0])
            for name, text in texts.items()
        }
        self.pieces = {name: list(module.pieces) for name, module in self.modules.items()}
        self.registered = self._registered()

    def graph(self) -> dict[Piece, Look]:
        """Every piece, and what it names."""
        return {
            (where, name): self._look((where, name))
            for where, module in self.modules.items()
            for name in ("", *module.pieces, *module.aliases)
        }

    def _module(self, text: str, package: str) -> Module:
        """package: the one in which it is, from which its relative imports count."""
        module = Module()
        for statement in ast.parse(text).body:
            statement = _bare(_absolute(statement, package))
            match statement:
                case ast.Import() | ast.ImportFrom():
                    module.aliases.update(self._imports([statement]))
                    if self._unnamed(statement):
                        module.effects.append(statement)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    module.pieces.setdefault(name, []).append(statement)
                case ast.Assign(targets=targets) if all(
                    isinstance(node, (ast.Name, ast.Tuple, ast.Starred)) for node in targets
                ):
                    for name in _targets(targets):
                        module.pieces.setdefault(name, []).append(statement)
                case ast.AnnAssign(target=ast.Name(id=name)):
                    module.pieces.setdefault(name, []).append(statement)
                case ast.Expr(value=ast.Constant()):
                    pass
                case _:
                    module.effects.append(statement)
        return module

    def _look(self, piece: Piece) -> Look:
        where, name = piece
        module = self.modules[where]
        if not name:
            statements = module.effects
            # Importing a module imports what it imports, and the packages that it is in.
            further = {(alias[0], "") for alias in module.aliases.values()}
            further |= {(where.rpartition(".")[0], "")} if "." in where else set()
            # What is imported on a condition has its name in no table.
            for node in itertools.chain(*map(_run_at_import, statements)):
                further.update(*map(self._whole, self._imports([node]).values()))
        elif name in module.pieces:
            statements, further = module.pieces[name], {(where, "")}
        else:
            # Imported here only to be named from here.
            return "", frozenset(self._whole(module.aliases[name]))
        own = {one: (where, one) for one in module.pieces}
        for statement in statements:
            further |= self.named_in(statement, {**own, **module.aliases})
        further |= self.registered.get(piece, set())
        text = "\n".join(map(ast.unparse, statements))
        return _sha256(text), frozenset(further - {piece})

    def _registered(self) -> dict[Piece, set[Piece]]:
        """Register → what decorators put into it: whoever reads the register uses them all.

        A decorator of the package can only reach itself and the registers that its own text
        names.
        """
        found: dict[Piece, set[Piece]] = {}
        for where, module in self.modules.items():
            own = {**{one: (where, one) for one in module.pieces}, **module.aliases}
            for name, statements in module.pieces.items():
                for maker in set().union(
                    *(self.named_in(d, own) for d in _decorators(statements))
                ):
                    home = self.modules.get(maker[0], Module())
                    nodes = [n for s in home.pieces.get(maker[1], ()) for n in ast.walk(s)]
                    named = {node.id for node in nodes if isinstance(node, ast.Name)}
                    for register in {maker[1], *named} & set(home.pieces):
                        found.setdefault((maker[0], register), set()).add((where, name))
        return found


class Package(Names):
    """The package below a root, read once."""

    def __init__(self, pieces: dict[str, Collection[str]], graph: dict[Piece, Look]) -> None:
        """pieces: module → its top-level names. graph: as `Reading.graph`."""
        super().__init__(pieces)
        self.graph = graph
        # One notebook runs for many tables, variants and releases.
        self._reached: dict[frozenset[Piece], frozenset[Piece]] = {}
        self._digests: dict[frozenset[Piece], str] = {}
        self._named: dict[str, set[Piece]] = {}

    def digest(self, roots: Iterable[Piece]) -> str:
        """sha256 of every piece that the roots reach."""
        chosen = frozenset(roots)
        if chosen not in self._digests:
            reached = sorted(self.reached(chosen))
            text = "\n".join(f"{piece}: {self._look_up(piece)[0]}" for piece in reached)
            self._digests[chosen] = _sha256(text)
        return self._digests[chosen]

    def named_in_text(self, code: str) -> set[Piece]:
        """The pieces that a notebook's code names; all where the text cannot tell."""
        if code not in self._named:
            try:
                found = self.named_in(ast.parse(code))
            except SyntaxError:  # IPython takes more than Python: %time, !ls, name?
                found = self._whole((PACKAGE, "*"))
            if "importlib" in code:
                found = self._whole((PACKAGE, "*"))
            self._named[code] = found
        return self._named[code]

    def reached(self, roots: Iterable[Piece]) -> frozenset[Piece]:
        """The roots and everything that they name, directly or not."""
        chosen = frozenset(roots)
        if chosen not in self._reached:
            found: set[Piece] = set()
            waiting = list(chosen)
            while waiting:
                piece = waiting.pop()
                if piece not in found:
                    found.add(piece)
                    waiting += self._look_up(piece)[1]
            self._reached[chosen] = frozenset(found)
        return self._reached[chosen]

    def _look_up(self, piece: Piece) -> Look:
        # A name that is not there: running it will say so better than this can.
        return self.graph.get(piece, ("missing", frozenset()))


def _run_at_import(statement: ast.AST) -> Iterator[ast.AST]:
    """The imports in a statement that run with it, and not only when a function is called."""
    match statement:
        case ast.Import() | ast.ImportFrom():
            yield statement
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            pass
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
            pass
        case _:
            for part in ast.iter_child_nodes(statement):
                yield from _run_at_import(part)


def _absolute(statement: ast.stmt, package: str) -> ast.stmt:
    """The statement with its relative imports said in full. package: the one that it is in."""
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package.split(".")[: len(package.split(".")) + 1 - node.level]
            node.module = ".".join([*above, *([node.module] if node.module else [])])
            node.level = 0
    return statement


def _decorators(statements: list[ast.stmt]) -> Iterator[ast.expr]:
    for statement in statements:
        yield from getattr(statement, "decorator_list", ())


def _targets(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name))


def _bare(statement: ast.stmt) -> ast.stmt:
    """The statement without docstrings and without annotations of functions."""
    for node in ast.walk(statement):
        match node:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                match node.body[0]:
                    case ast.Expr(value=ast.Constant(value=str())):
                        node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return statement


@cache
def package(root: Path) -> Package:
    """The package of a checkout."""
    base = root / PACKAGE
    texts = {
        ".".join((PACKAGE, *path.relative_to(base).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path.read_text("utf-8")
        for path in sorted(base.rglob("*.py"))
    }
    # Another Python may write the same code in other words.
    state = _sha256(json.dumps([sys.version, texts]))
    kept = root / KEPT
    with suppress(OSError, ValueError, KeyError, TypeError):
        return _recalled(json.loads(kept.read_text("utf-8")), state)
    reading = Reading(texts)
    graph = reading.graph()
    content = {
        "state": state,
        "pieces": reading.pieces,
        "graph": [[*piece, digest, sorted(names)] for piece, (digest, names) in graph.items()],
    }
    with suppress(OSError):
        repro.staging(root)
        # Builds and commands may do this at the same time.
        own = kept.with_suffix(f".{os.getpid()}")
        own.write_text(json.dumps(content), "utf-8")
        own.replace(kept)
    return Package(reading.pieces, graph)


def _recalled(content: dict, state: str) -> Package:
    """The package as it was kept. Raises KeyError when it has changed since."""
    if content["state"] != state:
        raise KeyError(state)
    graph = {
        (where, name): (digest, frozenset(map(tuple, names)))
        for where, name, digest, names in content["graph"]
    }
    return Package(content["pieces"], graph)


def named_in(path: Path, root: Path) -> set[Piece]:
    """The pieces of the package that a notebook's code names."""
    code = "\n".join(text for kind, text, *_ in _cells(path) if kind == "code")
    return package(root).named_in_text(code)


def notebook(path: Path, root: Path, runner: Piece) -> str:
    """sha256 of a notebook's cells and of all code of the package that running it uses.

    runner: the function that runs notebooks. Outputs, execution counts, cell ids and the
    metadata of kernel and widgets do not count: saving without a change changes nothing.
    """
    own = json.dumps(_cells(path), ensure_ascii=False)
    return _joined(own, package(root).digest({runner, *named_in(path, root)}))


def is_of(executed: Path, source: Path) -> bool:
    """Whether an executed notebook has the cells of its source, but for parameters put in."""
    ran = [cell for cell in _cells(executed) if "injected-parameters" not in cell[2]]
    return ran == _cells(source)


def command(root: Path, *runners: Piece) -> str:
    """sha256 of all code that these functions of the package use."""
    return _joined(package(root).digest(runners))


def _cells(path: Path) -> list[tuple]:
    """Kind, text and tags of a notebook's cells, and the pictures put into their text."""
    return [
        (
            cell["cell_type"],
            "".join(cell["source"]),
            cell["metadata"].get("tags", []),
            *([cell["attachments"]] if cell.get("attachments") else []),
        )
        for cell in json.loads(path.read_text("utf-8"))["cells"]
    ]


def _joined(*parts: str) -> str:
    # Outputs name the version and bear the day of its release.
    return _sha256("\n".join((*parts, repro.VERSION, repro.RELEASED)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
