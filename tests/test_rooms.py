"""Two packages, one direction: which room may import which, and what the engine may say."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = {"nbtrail": ROOT / "nbtrail/src", "aidaudit": ROOT}
# A room imports only rooms above it; '' is what lies beside the rooms.
ROOMS = {
    "nbtrail": ["base", "record", "share", "publish", "run", "compare", "author", ""],
    "aidaudit": ["", "data", "measures", "claims", "ingest", "report", "project"],
}
# The highest floors today; they only sink.
FLOORS = {"nbtrail": 11, "aidaudit": 12}
# What only the audit speaks of.
WORDS = re.compile(
    r"(?i)(?<![a-z])(aidaudit|ukraine|kiel|nato|donors?|tracker|refugees?|commitments?"
    r"|disbursements?|ecb|imf)(?![a-z])"
)
MODULES = {
    ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__"): path
    for name, top in FOLDERS.items()
    for path in sorted((top / name).rglob("*.py"))
}


def package(module: str) -> str:
    return module.partition(".")[0]


@cache
def imports(module: str) -> frozenset[str]:
    """The modules that one imports, lazily too; not what only type checkers read."""
    found, never = set(), set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if id(node) in never:
            continue
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                never |= {id(inner) for inner in ast.walk(node)}
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str(origin), names=names):
                inner = {f"{origin}.{one.name}" for one in names}
                found |= {one if one in MODULES else origin for one in inner}
    return frozenset(found & set(MODULES) - {module, package(module)})


def room(module: str) -> int:
    rooms = ROOMS[package(module)]
    first = module.split(".")[1] if "." in module else ""
    return rooms.index(first if first in rooms else "")


@cache
def floor(module: str) -> int:
    """1 + the highest floor of what it imports of its own package."""
    own = [one for one in imports(module) if package(one) == package(module)]
    return 1 + max(map(floor, own), default=0)


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_rooms_above_it(module):
    if module == package(module):
        return
    for other in imports(module):
        if package(other) == package(module):
            assert room(other) <= room(module), f"{module} imports {other}"
        else:
            assert package(module) == "aidaudit", f"{module} imports {other}"


def test_there_is_no_circle():
    over: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " → ".join([*above, module])
        if module not in over:
            for other in sorted(imports(module)):
                visit(other, (*above, module))
            over.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize("name", FLOORS)
def testfloors_only_sink(name):
    assert max(floor(one) for one in MODULES if package(one) == name) == FLOORS[name]


@pytest.mark.parametrize("module", [one for one in MODULES if package(one) == "nbtrail"])
def test_the_engine_holds_no_word_that_only_the_audit_uses(module):
    text = MODULES[module].read_text("utf-8")
    found = [
        f"{module}, row {row}: {line.strip()}"
        for row, line in enumerate(text.splitlines(), 1)
        if WORDS.search(line)
    ]
    assert not found, "\n".join(found)
