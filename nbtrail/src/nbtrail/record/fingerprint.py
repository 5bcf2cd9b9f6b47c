"""Which code a notebook uses, as one hash: what must change before it is run again.

Files' times say when something was saved, not whether it matters. Here the package is read
as text: a notebook's cells name functions, these name others, and what can be reached is
hashed without comments, docstrings and annotations of functions. What counts is the text of
each function and which text each of the names in it stands for; in which module that lies does
not, so code that only moves leaves every hash as it was. Where the text cannot tell (a module
handed over whole), everything in the module counts: a notebook may then run once too often,
never once too seldom.

Light on purpose: the Snakefile imports it, and nothing of the package is executed. Parsing all
of it takes longer than the rest of such a start, so what was read is kept in a file and taken
from there for as long as no text has changed.
"""

from __future__ import annotations

import ast
import copy
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

from nbtrail.base import determinism

# The packages whose code counts.
PACKAGES = determinism.PACKAGES
KEPT = ".staging/fingerprint.json"

# A piece of the packages: (module, top-level name), or (module, "") for what its import does.
Piece = tuple[str, str]
# A piece, and the words by which code names it; none for what an import runs.
Use = tuple[str, Piece]
# The hash of a piece's text, and what it uses.
Look = tuple[str, frozenset[Use]]


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

    def named_in(self, code: ast.AST, outer: dict[str, Piece] | None = None) -> set[Use]:
        """The pieces that code names: through its own imports, or `outer` names."""
        nodes = list(ast.walk(code))
        own = self._imports(nodes)
        known = {**(outer or {}), **own}
        found: set[Use] = set()
        through_attribute = set()
        for node in nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=alias) as name, attr=attribute) if (
                    alias in known and known[alias][1] == "*"
                ):
                    through_attribute.add(name)
                    found |= self._member(known[alias][0], attribute, f"{alias}.{attribute}")
        for node in nodes:
            if (
                isinstance(node, ast.Name)
                # A field or variable of the same name is another thing.
                and not isinstance(node.ctx, ast.Store)
                and node.id in known
                and node not in through_attribute
            ):
                found |= self._whole(known[node.id], node.id)
        # What is imported by the code itself is executed, whether it is named or not.
        found |= _run({piece[0] for piece in own.values()})
        return found | self._unnamed(nodes)

    def _unnamed(self, nodes: Iterable[ast.AST]) -> set[Use]:
        """What code can use under names that it does not say: all of a module, or of all."""
        found: set[Use] = set()
        bound: dict[str, Piece] = {}
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for name, piece in self._imports([node]).items():
                    if bound.setdefault(name, piece) != piece:
                        words = f"{name} or"
                        found |= self._whole(piece, words) | self._whole(bound[name], words)
            match node:
                case ast.ImportFrom(module=str(module), names=[ast.alias(name="*")]) if (
                    module in self.pieces
                ):
                    found |= self._whole((module, "*"), "*")
                case ast.Import(names=names):
                    found |= _run(one.name for one in names if one.name in self.pieces)
                case ast.Name(id="globals" | "eval" | "exec" | "__import__"):
                    found |= self._everything()
        return found

    def _everything(self) -> set[Use]:
        """All of the packages."""
        return set().union(*(self._whole((name, "*"), "all") for name in PACKAGES))

    def _imports(self, nodes: Iterable[ast.AST]) -> dict[str, Piece]:
        """Name in the code → what of the package it stands for; '*' is a module as such."""
        found: dict[str, Piece] = {}
        for node in nodes:
            match node:
                case ast.ImportFrom(module=str(module), names=names, level=0) if (
                    module.split(".")[0] in PACKAGES
                ):
                    for alias in names:
                        full = f"{module}.{alias.name}"
                        piece = (full, "*") if full in self.pieces else (module, alias.name)
                        found[alias.asname or alias.name] = piece
                case ast.Import(names=names):
                    for alias in names:
                        if (first := alias.name.split(".")[0]) in PACKAGES:
                            named = alias.name if alias.asname else first
                            found[alias.asname or first] = (named, "*")
        return found

    def _member(self, module: str, name: str, words: str) -> set[Use]:
        if f"{module}.{name}" in self.pieces:
            return self._whole((f"{module}.{name}", "*"), words)
        return self._whole((module, name), words)

    def _whole(self, piece: Piece, words: str) -> set[Use]:
        """A piece; for a module as such, all of its pieces and of the modules below it."""
        module, name = piece
        if name != "*":
            return {(words, piece)}
        found = {one for one in self.pieces if f"{one}.".startswith(f"{module}.")}
        below = {one: one.removeprefix(module) for one in found}
        named = {
            (f"{words}{below[one]}.{name}", (one, name))
            for one in found
            for name in self.pieces[one]
        }
        return named | _run(found)


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
                    if self._unnamed([statement]):
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
            further = _run({alias[0] for alias in module.aliases.values()})
            further |= _run({where.rpartition(".")[0]}) if "." in where else set()
            # What is imported on a condition has its name in no table.
            for node in itertools.chain(*map(_run_at_import, statements)):
                for words, imported in self._imports([node]).items():
                    further |= self._whole(imported, words)
        elif name in module.pieces:
            statements, further = module.pieces[name], _run({where})
        else:
            # Imported here only to be named from here.
            return "", frozenset(self._whole(module.aliases[name], name))
        own = {one: (where, one) for one in module.pieces}
        for statement in statements:
            further |= self.named_in(statement, {**own, **module.aliases})
        further |= self.registered.get(piece, set())
        text = "\n".join(filter(None, map(self._unparsed, statements)))
        return _sha256(text) if text else "", frozenset(further)

    def _unparsed(self, statement: ast.stmt) -> str:
        """A statement as text, without the imports from where its names come."""
        if not self._imports(ast.walk(statement)):
            return ast.unparse(statement)
        if self._imports([statement]):
            return ""
        statement = copy.deepcopy(statement)
        for node in ast.walk(statement):
            for part in ("body", "orelse", "handlers", "finalbody"):
                inner = getattr(node, part, None)
                if isinstance(inner, list):
                    kept = [one for one in inner if not self._imports([one])]
                    setattr(node, part, kept or ([ast.Pass()] if inner else []))
        return ast.unparse(statement)

    def _registered(self) -> dict[Piece, set[Use]]:
        """Register → what decorators put into it: whoever reads the register uses them all.

        A decorator of the package can only reach itself and the registers that its own text
        names.
        """
        found: dict[Piece, set[Use]] = {}
        for where, module in self.modules.items():
            own = {**{one: (where, one) for one in module.pieces}, **module.aliases}
            for name, statements in module.pieces.items():
                used = (self.named_in(one, own) for one in _decorators(statements))
                for _, maker in set().union(*used):
                    home = self.modules.get(maker[0], Module())
                    nodes = [n for s in home.pieces.get(maker[1], ()) for n in ast.walk(s)]
                    named = {node.id for node in nodes if isinstance(node, ast.Name)}
                    for register in {maker[1], *named} & set(home.pieces):
                        use = (f"registered: {name}", (where, name))
                        found.setdefault((maker[0], register), set()).add(use)
        return found


class Package(Names):
    """The packages below a root, read once."""

    def __init__(self, pieces: dict[str, Collection[str]], graph: dict[Piece, Look]) -> None:
        """pieces: module → its top-level names. graph: as `Reading.graph`."""
        super().__init__(pieces)
        self.graph = graph
        # One notebook runs for many tables, variants and releases.
        self._reached: dict[frozenset[Use], frozenset[Piece]] = {}
        self._digests: dict[frozenset[Use], str] = {}
        self._named: dict[str, set[Use]] = {}
        self._ordered: dict[Piece, list[Use]] = {}

    def digest(self, roots: Iterable[Use]) -> str:
        """sha256 of every piece that the roots reach, and of which names which by what words.

        Pieces are numbered in the order in which the words lead to them.
        """
        chosen = frozenset(roots)
        if chosen not in self._digests:
            imported = (piece for piece in self.reached(chosen) if not piece[1])
            looks = {piece: self._look_up(piece) for piece in imported}
            # Most run nothing when they are imported.
            effects = [
                one for one, (text, uses) in looks.items() if text or any(w for w, _ in uses)
            ]
            runs = [("", one) for one in sorted(effects, key=lambda one: (looks[one][0], one))]
            numbers: dict[Piece, int] = {}
            lines = []
            waiting = [self._in_order(chosen) + runs]
            for uses in waiting:
                line = []
                for words, piece in uses:
                    if piece not in numbers:
                        numbers[piece] = len(numbers)
                        text, further = self._look_up(piece)
                        if piece not in self._ordered:
                            self._ordered[piece] = self._in_order(further)
                        waiting.append(self._ordered[piece])
                        line.append(f"{words}: {text}")
                    else:
                        line.append(f"{words}: {numbers[piece]}")
                lines.append("; ".join(line))
            self._digests[chosen] = _sha256("\n".join(lines))
        return self._digests[chosen]

    def _in_order(self, uses: Iterable[Use]) -> list[Use]:
        """What code uses by name, by its words; names that only lead on are left out."""
        found = {(words, self._meant(piece)) for words, piece in uses if words}
        return sorted(found, key=lambda use: (use[0], self._look_up(use[1])[0], use[1]))

    def _meant(self, piece: Piece) -> Piece:
        """What a piece stands for that is imported only to be named from there."""
        text, uses = self._look_up(piece)
        if not text and piece[1] and len(uses) == 1:
            ((_, other),) = uses
            return self._meant(other)
        return piece

    def named_in_text(self, code: str) -> set[Use]:
        """What a notebook's code uses; all of the packages where the text cannot tell."""
        if code not in self._named:
            try:
                found = self.named_in(ast.parse(code))
            except SyntaxError:  # IPython takes more than Python: %time, !ls, name?
                found = self._everything()
            if "importlib" in code:
                found = self._everything()
            self._named[code] = found
        return self._named[code]

    def reached(self, roots: Iterable[Use]) -> frozenset[Piece]:
        """The roots and everything that they name, directly or not."""
        chosen = frozenset(roots)
        if chosen not in self._reached:
            found: set[Piece] = set()
            waiting = [piece for _, piece in chosen]
            while waiting:
                piece = waiting.pop()
                if piece not in found:
                    found.add(piece)
                    waiting += [other for _, other in self._look_up(piece)[1]]
            self._reached[chosen] = frozenset(found)
        return self._reached[chosen]

    def _look_up(self, piece: Piece) -> Look:
        # A name that is not there: running it will say so better than this can.
        return self.graph.get(piece, ("missing", frozenset()))


def _run(modules: Iterable[str]) -> set[Use]:
    """What importing modules runs, which no words name."""
    return {("", (module, "")) for module in modules}


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
    """The packages of a checkout."""
    texts = {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): (
            path.read_text("utf-8")
        )
        for name, folder in determinism.code(root).items()
        for path in sorted(Path(folder, name).rglob("*.py"))
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
        "graph": [[*piece, digest, sorted(uses)] for piece, (digest, uses) in graph.items()],
    }
    with suppress(OSError):
        determinism.staging(root)
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
        (where, name): (digest, frozenset((words, tuple(piece)) for words, piece in uses))
        for where, name, digest, uses in content["graph"]
    }
    return Package(content["pieces"], graph)


def named_in(path: Path, root: Path) -> set[Use]:
    """What of the packages a notebook's code uses."""
    code = "\n".join(text for kind, text, *_ in _cells(path) if kind == "code")
    return package(root).named_in_text(code)


def notebook(path: Path, root: Path, runner: Piece) -> str:
    """sha256 of a notebook's cells and of all code of the package that running it uses.

    runner: the function that runs notebooks. Outputs, execution counts, cell ids and the
    metadata of kernel and widgets do not count: saving without a change changes nothing.
    """
    own = json.dumps(_cells(path), ensure_ascii=False)
    return _joined(own, package(root).digest({("runner", runner), *named_in(path, root)}))


def is_of(executed: Path, source: Path) -> bool:
    """Whether an executed notebook has the cells of its source, but for parameters put in."""
    ran = [cell for cell in _cells(executed) if "injected-parameters" not in cell[2]]
    return ran == _cells(source)


def command(root: Path, *runners: Piece) -> str:
    """sha256 of all code that these functions of the package use."""
    return _joined(package(root).digest((runner[1], runner) for runner in runners))


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
    return _sha256("\n".join((*parts, determinism.VERSION, determinism.RELEASED)))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
