"""Change the modules that every number passes through, and show that a test notices.

Each mutant is one small change to `aggregate`, `money` or `verdicts`: a comparison turned
round, a keyword left out, a statement deleted. The tests that concern the module run on
it until one fails. What survives is either a test that is missing or stands with its reason in
tests/honesty/survivors.csv; whatever else survives, and a row that no longer tells the truth,
ends with status 1. Results go into docs/mutants.csv:
python tests/honesty/mutants.py [--only MODULE] [--list] [--mutant ID]

A runner of its own, since mutmut and cosmic-ray want to edit the checkout in place or to be
configured on their own, and neither can hold a reason for each survivor.

Left out are docstrings, annotations and the text of error messages (any string in a `raise`);
what a message computes, and which of its parts it has, is changed like everything else.
"""

from __future__ import annotations

import argparse
import ast
import copy
import csv
import gc
import importlib
import importlib.util
import os
import resource
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path

import hypothesis
import pytest

sys.path.append(str(Path(__file__).parents[1]))
from copies import ROOT, Failed

from aidaudit.report import test_runs
from nbtrail.base import determinism

TABLE = ROOT / "docs/mutants.csv"
KNOWN = Path(__file__).with_name("survivors.csv")
COLUMNS = ["module", "mutants", "killed", "survived", "explained"]
# The tests of each module, those first that are quick and know it best.
TESTS = {
    "aggregate": ["aggregate", "known_answers", "multiverse", "claims"],
    "money": ["money", "aggregate", "multiverse", "claims"],
    "verdicts": ["verdicts", "claims"],
}
# Imported once, for what they import: a fork then has only the project's own modules to read.
HEAVY = [
    "aidaudit.report.charts",
    "aidaudit.claims.judge",
    "aidaudit.data.clean",
    "aidaudit.measures.multiverse",
]
# Of processor time, so that a busy machine ends no mutant that a quiet one would not.
SECONDS = 120


# ---------------------------------------------------------------- what is changed

COMPARED = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_PAIRS = "sum-mean max-min first-last head-tail ceil-floor any-all isna-notna"
PAIRS = {
    one: other
    for pair in _PAIRS.split()
    for one, other in (pair.split("-"), pair.split("-")[::-1])
}
# Calls that give back the kind of thing they were given, and so can be left out.
_METHODS = """
    abs astype copy dropna fillna lower rename replace reset_index round sort_index sort_values
    strip unique where
"""
METHODS = set(_METHODS.split())
FUNCTIONS = {"abs", "float", "int", "list", "round", "set", "sorted", "str"}
UNREAD = {"annotation", "returns", "ctx"}


@dataclass(frozen=True)
class Point:
    """One change. `change` carries it out in the tree in which it was found."""

    function: str
    line: int
    column: int
    kind: str
    what: str
    change: Callable[[], None]


Change = tuple[str, str, Callable[[], None]]


def points(tree: ast.Module) -> list[Point]:
    """Every change to a module, in the order of its text."""
    return list(_below(tree, "", False))


def _below(node: ast.AST, function: str, words: bool) -> Iterator[Point]:
    words = words or isinstance(node, ast.Raise)
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        for place, child in enumerate(value if isinstance(value, list) else [value]):
            if field in UNREAD or not isinstance(child, ast.AST) or _docstring(child):
                continue
            where = place if isinstance(value, list) else None
            for kind, what, change in _changes(node, field, where, child, words):
                at = child if hasattr(child, "lineno") else node
                line, column = getattr(at, "lineno", 1), getattr(at, "col_offset", 0)
                yield Point(function, line, column, kind, what, change)
            yield from _below(child, function, words)


def _docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(
    parent: ast.AST, field: str, place: int | None, node: ast.AST, words: bool
) -> Iterator[Change]:
    """What can be done to a node that stands in a field of its parent."""

    def put(new: ast.AST) -> None:
        if place is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[place] = new

    def leave_out() -> None:
        del getattr(parent, field)[place]
        if isinstance(parent, ast.Dict):
            del parent.values[place]

    if _left_out(parent, field):
        yield "keyword" if field == "keywords" else "element", f"{_text(node)} → ∅", leave_out
    for kind, new in _instead(parent, field, node, words):
        before, after = _text(node), _text(new)
        # A constant says little by itself.
        if isinstance(node, ast.Constant) and _short(parent):
            before = _text(parent)
            put(new)
            after = _text(parent)
            put(node)
        yield kind, f"{before} → {after}", lambda new=new: put(new)


def _left_out(parent: ast.AST, field: str) -> bool:
    if isinstance(parent, ast.List | ast.Tuple | ast.Set):
        return field == "elts" and not isinstance(getattr(parent, "ctx", None), ast.Store)
    if isinstance(parent, ast.Dict):
        return field == "keys"
    return field in ("keywords", "decorator_list")


def _instead(
    parent: ast.AST, field: str, node: ast.AST, words: bool
) -> Iterator[tuple[str, ast.AST]]:
    """What can stand in the place of a node."""
    match node:
        case ast.Compare():
            for number, operator in enumerate(node.ops):
                for other in COMPARED[type(operator)]:
                    new = copy.deepcopy(node)
                    new.ops[number] = other()
                    yield "comparison", new
        case ast.BinOp() | ast.BoolOp() | ast.AugAssign():
            if type(node.op) in OPERATORS:
                new = copy.deepcopy(node)
                new.op = OPERATORS[type(node.op)]()
                yield "operator", new
        case ast.UnaryOp():
            yield "operator", node.operand
        case ast.Constant(value=value):
            if not (words and isinstance(value, str)):
                yield from (("constant", ast.Constant(other)) for other in _other(value))
        case ast.Call():
            yield from (("call", other) for other in _called(node))
        case ast.Slice():
            for end in ("lower", "upper", "step"):
                if getattr(node, end) is not None:
                    new = copy.deepcopy(node)
                    setattr(new, end, None)
                    yield "slice", new
        case ast.Return(value=ast.expr()):
            yield "return", ast.Return(ast.Constant(None))
    if _condition(parent, field) and not isinstance(node, ast.Compare | ast.UnaryOp):
        yield "condition", ast.UnaryOp(ast.Not(), node)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Raise):
        yield "statement", ast.Pass()


def _other(value: object) -> list[object]:
    match value:
        case bool():
            return [not value]
        case None:
            return [0]
        case str():
            return ["XX"]
        case int() | float():
            return [value + 1, 0] if value == 1 else [value + 1]
    return []


def _called(node: ast.Call) -> Iterator[ast.expr]:
    match node.func:
        case ast.Attribute(value=inner, attr=name):
            if name in METHODS:
                yield inner
        case ast.Name(id=name):
            if name in FUNCTIONS and len(node.args) == 1:
                yield node.args[0]
        case _:
            return
    if name in PAIRS:
        new = copy.deepcopy(node)
        setattr(new.func, "attr" if isinstance(new.func, ast.Attribute) else "id", PAIRS[name])
        yield new


def _condition(parent: ast.AST, field: str) -> bool:
    if isinstance(parent, ast.comprehension):
        return field == "ifs"
    return isinstance(parent, ast.If | ast.IfExp | ast.While) and field == "test"


def _text(node: ast.AST) -> str:
    """Code in a line, its middle left out where it is long."""
    whole = " ".join(ast.unparse(node).split())
    return whole if len(whole) <= 90 else f"{whole[:44]} … {whole[-44:]}"


def _short(node: ast.AST) -> bool:
    return isinstance(node, ast.expr | ast.keyword) and len(ast.unparse(node)) <= 60


def named(module: str, found: list[Point]) -> list[str]:
    """Names of changes with their place: MODULE:L12:C8:kind:before → after."""
    return [f"{module}:L{one.line}:C{one.column}:{one.kind}:{one.what}" for one in found]


def lasting(found: list[Point]) -> list[str]:
    """The same changes by names that edits elsewhere in the module leave as they are."""
    seen: Counter[str] = Counter()
    names = []
    for one in found:
        name = f"{one.function or 'the module'}: {one.kind}: {one.what}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} (no. {seen[name]})")
    return names


def mutated(source: str, number: int | None) -> ast.Module:
    """The module with one change; with none, as it is."""
    tree = ast.parse(source)
    if number is not None:
        points(tree)[number].change()
    return ast.fix_missing_locations(tree)


# ---------------------------------------------------------------- whether a test notices


class Changed(MetaPathFinder, SourceFileLoader):
    """Gives a changed module to whoever imports it; neither file nor bytecode is written."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        """name: as it is imported."""
        super().__init__(name, str(path))
        self.tree = tree
        self.taken = False

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """The changed module alone."""
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def get_code(self, fullname: str):
        """The code of the changed module."""
        self.taken = True
        return compile(self.tree, self.path, "exec")


class Order:
    """Generated examples last: most mutants fall to the others."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sorts in place, and keeps the order otherwise."""
        items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))


def outcome(changed: Changed, files: list[Path], told: int | None = None) -> str:
    """'killed', 'never ends' or 'survived' the tests; told: a descriptor for their output.

    Runs in a fork, since a module cannot be taken back. Raises Failed where the tests cannot
    be run at all.
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = pytest.ExitCode.INTERNAL_ERROR
        try:
            # Tracebacks that nobody reads take longer than most tests.
            options = ["--tb=no", "-p", "no:warnings"] if told is None else []
            told = os.open(os.devnull, os.O_WRONLY) if told is None else told
            os.dup2(told, 1)
            os.dup2(told, 2)
            code = _run(changed, files, options)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in ENDS:
        raise Failed(f"no test of {changed.name} was run (status {code}): {files}")
    return ENDS[code]


# What ends otherwise, as by a lack of memory, shows nothing of the tests. One that cannot be
# imported any more interrupts their collection.
ENDS = {
    pytest.ExitCode.OK: "survived",
    pytest.ExitCode.TESTS_FAILED: "killed",
    pytest.ExitCode.INTERRUPTED: "killed",
    -signal.SIGXCPU: "never ends",
    -signal.SIGALRM: "never ends",
}
# The tests passed, but none of them imported the changed module.
UNUSED = 100


def _run(changed: Changed, files: list[Path], more: list[str]) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    # For one that only waits.
    signal.alarm(20 * SECONDS)
    # The parent's own may have been caught by a test.
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    _forget(changed.name.partition(".")[0])
    sys.meta_path.insert(0, changed)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-m", "not build", *more]
    # The same examples each time, or the table would differ from run to run.
    hypothesis.settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None
    )
    hypothesis.settings.load_profile("mutants")
    for path in files:
        code = pytest.main([*options, "--import-mode=importlib", str(path)], [Order()])
        if code != pytest.ExitCode.OK:
            return code
    return pytest.ExitCode.OK if changed.taken else UNUSED


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def warm(modules: list[str]) -> None:
    """Import what is heavy, so that forks find it there."""
    for name in modules:
        importlib.import_module(name)
    for package in determinism.PACKAGES:
        _forget(package)
    gc.collect()
    gc.freeze()


# ---------------------------------------------------------------- what is told


def wrong(module: str, names: list[str], survivors: set[str], known: list[dict]) -> list[str]:
    """What stands between a run over a module and the table of survivors; empty if nothing.

    names: all mutants; survivors: those of them that no test noticed.
    """
    rows = {row["mutant"]: row["reason"] for row in known if row["module"] == module}
    missing = [f"{module}: survives: {name}" for name in names if name in survivors - set(rows)]
    unknown = [f"{module}: is not there, delete the row: {one}" for one in rows
               if one not in names]  # fmt: skip
    dead = [f"{module}: no longer survives, delete the row: {one}" for one in rows
            if one in names and one not in survivors]  # fmt: skip
    bare = [f"{module}: has no reason: {name}" for name, reason in rows.items() if not reason]
    return missing + unknown + dead + bare


def read(path: Path) -> list[dict]:
    """The rows of a table; none where it is not there yet."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def keep(rows: list[dict]) -> None:
    """Put rows in place of those of the same modules."""
    new = {row["module"]: row for row in rows}
    whole = [row for row in read(TABLE) if row["module"] not in new] + rows
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        written = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        written.writeheader()
        written.writerows(sorted(whole, key=lambda row: row["module"]))


@dataclass(frozen=True)
class Subject:
    """A module, as it is imported, and the files of its tests."""

    module: str
    name: str
    path: Path
    tests: list[Path]

    @property
    def text(self) -> str:
        """Its source."""
        return self.path.read_text("utf-8")

    def points(self) -> list[Point]:
        """What can be changed in it."""
        return points(ast.parse(self.text))

    def places(self) -> list[str]:
        """Names of the changes, with the line and column of each."""
        return named(self.module, self.points())

    def outcome(self, number: int | None, told: int | None = None) -> str:
        """How a mutant fares, or the module as it is."""
        return outcome(
            Changed(self.name, self.path, mutated(self.text, number)), self.tests, told
        )


def subject(module: str) -> Subject:
    """One of the modules of TESTS."""
    files = [ROOT / f"tests/test_{name}.py" for name in TESTS[module]]
    path = test_runs.MODULES[module]
    name = path.removesuffix(".py").replace("/", ".")
    return Subject(module, name, ROOT / path, files)


def run(one: Subject, known: list[dict]) -> tuple[dict, list[str]]:
    """All mutants of a module: its row of the table, and what is wrong."""
    if one.outcome(None) != "survived":
        raise Failed(f"the tests of {one.module} fail without any change")
    names = lasting(one.points())
    survivors = set()
    for number, place in enumerate(one.places()):
        ended = one.outcome(number)
        if ended == "survived":
            survivors.add(names[number])
        if ended != "killed":
            print(f"{ended}: {place}", flush=True)
    explained = {row["mutant"] for row in known if row["module"] == one.module}
    counts = [len(names), len(names) - len(survivors), len(survivors)]
    counts.append(len(survivors & explained))
    row = dict(zip(COLUMNS, [one.module, *counts], strict=True))
    return row, wrong(one.module, names, survivors, known)


def show(asked: str) -> int:
    """Run the mutants whose name begins as asked, and print what their tests say."""
    module = asked.partition(":")[0]
    places = subject(module).places() if module in TESTS else []
    chosen = [number for number, place in enumerate(places) if place.startswith(asked)]
    if not chosen:
        raise Failed(f"no mutant is called {asked} (--list)")
    for number in chosen:
        print(places[number], flush=True)
        print(subject(module).outcome(number, sys.stdout.fileno()), flush=True)
    return 0


def main() -> int:
    """Run; 1 where something survived without a reason, or has a reason and did not."""
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    asked.add_argument("--only", choices=list(TESTS))
    asked.add_argument("--list", action="store_true", help="name all mutants, run none")
    asked.add_argument("--mutant", metavar="ID", help="run those whose name begins so")
    given = asked.parse_args()
    os.chdir(ROOT)
    modules = [given.only] if given.only else list(TESTS)
    if given.list:
        print("\n".join(place for module in modules for place in subject(module).places()))
        return 0
    try:
        warm(HEAVY)
        if given.mutant:
            return show(given.mutant)
        known = read(KNOWN)
        done = [run(subject(module), known) for module in modules]
    except Failed as failure:
        print(failure)
        return 1
    keep([row for row, _ in done])
    for row, _ in done:
        print(", ".join(f"{column} {value}" for column, value in row.items()))
    problems = [problem for _, wrongs in done for problem in wrongs]
    print("\n".join(problems) or "No mutant survives without a reason.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
