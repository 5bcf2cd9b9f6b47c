"""What counts as a change: code that a notebook reaches, and nothing else."""

import json
import textwrap

import pytest

from nbtrail.record import fingerprint

RUNNER = ("aidaudit.runner", "run")
PACKAGE = {
    "__init__": '"""The package."""',
    "runner": "from aidaudit import helpers\n\ndef run():\n    return helpers.start()\n",
    "helpers": """
        import pandas as pd

        LIMIT = 3

        def start():
            return 1

        def used(x):
            '''A docstring.'''
            return x + LIMIT  # a comment

        def unused(x):
            return x
    """,
    "register": """
        TESTS = {}

        def test(function):
            TESTS[function.__name__] = function
            return function

        def pick(name):
            return TESTS[name]
    """,
    "tests_of_it": """
        from aidaudit import helpers
        from aidaudit.register import test

        @test
        def first():
            return helpers.unused(1)
    """,
    "broad": """
        from aidaudit import helpers

        ALL = [helpers]
    """,
    "late": """
        def late():
            from aidaudit.helpers import used
            return used(1)
    """,
    "again": "from aidaudit.helpers import used\n",
    "effects": """
        import os

        from aidaudit import helpers

        if helpers.LIMIT:
            os.environ["X"] = "1"

        NAME = "x"
    """,
}


@pytest.fixture
def root(tmp_path):
    """A small package and a notebook that can be changed."""
    folder = tmp_path / "aidaudit"
    folder.mkdir()
    for name, text in PACKAGE.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))
    return tmp_path


def notebook(root, *cells, **metadata):
    path = root / "n.ipynb"
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": text, "outputs": []}
        for n, text in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4}))
    return path


def digest(root, path):
    fingerprint.package.cache_clear()
    return fingerprint.notebook(path, root, RUNNER)


def edit(root, module, old, new):
    path = root / f"aidaudit/{module}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


USES = "from aidaudit import helpers\nhelpers.used(1)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + LIMIT", "x - LIMIT"),  # the function itself
        ("LIMIT = 3", "LIMIT = 4"),  # what it names
        ("return 1", "return 2"),  # what the runner names
    ],
)
def test_what_a_notebook_reaches_counts(root, old, new):
    path = notebook(root, USES)
    before = digest(root, path)
    edit(root, "helpers", old, new)
    assert digest(root, path) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return x\n", "return -x\n"),  # a function that it does not name
        ("A docstring.", "Other words."),
        ("# a comment", "# other words"),
        ("def used(x):", "def used(x: int) -> int:"),
        ("import pandas as pd", "import pandas as pd\nimport json"),
    ],
)
def test_what_it_does_not_reach_does_not_count(root, old, new):
    path = notebook(root, USES)
    before = digest(root, path)
    edit(root, "helpers", old, new)
    assert digest(root, path) == before


def test_what_decorators_register_counts_for_readers_of_the_register(root):
    reads = notebook(root, "from aidaudit import register\nregister.pick('first')")
    before = digest(root, reads)
    edit(root, "tests_of_it", "unused(1)", "unused(2)")
    after = digest(root, reads)
    assert after != before
    edit(root, "helpers", "return x\n", "return -x\n")
    assert digest(root, reads) != after


def test_a_module_handed_over_whole_counts_whole(root):
    path = notebook(root, "from aidaudit.broad import ALL\nALL")
    before = digest(root, path)
    edit(root, "helpers", "return x\n", "return -x\n")
    assert digest(root, path) != before


@pytest.mark.parametrize(
    "cell",
    [
        "from aidaudit.late import late\nlate()",
        "from aidaudit.again import used\nused(1)",
        "from aidaudit.helpers import used as u\nu(1)",
        "import aidaudit.helpers as h\nh.used(1)",
        "from aidaudit import again\nagain.used(1)",
        "import aidaudit.helpers, aidaudit.late\naidaudit.helpers.used(1)",
        "from aidaudit.helpers import *\nused(1)",
        "import importlib\nimportlib.import_module('aidaudit.helpers').used(1)",
        "from aidaudit.helpers import used as f\nf(1)\nfrom aidaudit.register import pick as f",
        "from aidaudit import helpers\neval('helpers.used(1)')",
        # What IPython runs and Python does not.
        "%matplotlib inline\nfrom aidaudit import helpers\nhelpers.used(1)",
        "%%time\nfrom aidaudit import helpers\nhelpers.used(1)",
    ],
)
def test_every_way_of_importing_is_followed(root, cell):
    path = notebook(root, cell)
    before = digest(root, path)
    edit(root, "helpers", "x + LIMIT", "x - LIMIT")
    assert digest(root, path) != before


@pytest.mark.parametrize(
    "module",
    [
        "from .helpers import used\ndef go(): return used(1)",
        "from . import helpers\ndef go(): return helpers.used(1)",
        "from aidaudit.helpers import *\ndef go(): return used(1)",
        "import aidaudit.helpers\ndef go(): return aidaudit.helpers.used(1)",
        "try:\n    from aidaudit.helpers import used\nexcept ImportError:\n    used = None\n"
        "def go(): return used(1)",
        "from aidaudit import helpers\nR = {}\n"
        "def named(name): return lambda function: R.setdefault(name, function)\n"
        "@named('a')\ndef first(): return helpers.used(1)\n"
        "def go(): return R['a']()",
        "import functools\nfrom aidaudit import helpers\n"
        "@functools.singledispatch\ndef go(x=1): pass\n"
        "@go.register\ndef _(x: int): return helpers.used(x)",
        "from aidaudit.helpers import used\ndef go(): return globals()['used'](1)",
    ],
)
def test_every_way_of_naming_within_the_package_is_followed(root, module):
    (root / "aidaudit/extra.py").write_text(module)
    path = notebook(root, "from aidaudit.extra import go\ngo()")
    before = digest(root, path)
    edit(root, "helpers", "x + LIMIT", "x - LIMIT")
    assert digest(root, path) != before


def test_a_picture_put_into_a_cell_counts_by_what_it_shows(root):
    path = notebook(root, USES)
    text = json.loads(path.read_text())
    cell = {"cell_type": "markdown", "metadata": {}, "source": "![](attachment:image.png)"}
    found = set()
    for picture in ("AAAA", "BBBB"):
        cell["attachments"] = {"image.png": {"image/png": picture}}
        path.write_text(json.dumps({**text, "cells": [*text["cells"], cell]}))
        found.add(digest(root, path))
    assert len(found) == 2


def test_what_an_import_runs_counts(root):
    path = notebook(root, "from aidaudit.effects import NAME\nNAME")
    before = digest(root, path)
    edit(root, "effects", '"1"', '"2"')
    assert digest(root, path) != before


def test_code_that_only_moves_leaves_hashes_as_they_were(root):
    cell = "from aidaudit.late import late\nlate()\n"
    own = "from aidaudit import helpers\nhelpers.used(1)"
    before = [digest(root, notebook(root, text)) for text in (cell, own)]
    (root / "aidaudit/deeper").mkdir()
    (root / "aidaudit/deeper/__init__.py").touch()
    (root / "aidaudit/helpers.py").rename(root / "aidaudit/deeper/helpers.py")
    edit(root, "late", "from aidaudit.helpers", "from aidaudit.deeper.helpers")
    edit(root, "runner", "from aidaudit import", "from aidaudit.deeper import")
    for module in ("register", "tests_of_it", "broad", "again", "effects"):
        (root / f"aidaudit/{module}.py").unlink()
    assert digest(root, notebook(root, cell)) == before[0]
    # Also where the old name still leads there, as it does for a while.
    (root / "aidaudit/helpers.py").write_text("from aidaudit.deeper.helpers import used\n")
    assert digest(root, notebook(root, own)) == before[1]


def test_which_of_two_values_a_name_stands_for_counts(root):
    for name, value in (("one", 1), ("two", 2)):
        (root / f"aidaudit/{name}.py").write_text(f"LIMIT = {value}\n")
    text = "from aidaudit import one, two\n\ndef low():\n    return one.LIMIT - two.LIMIT\n"
    (root / "aidaudit/between.py").write_text(text)
    path = notebook(root, "from aidaudit import between\nbetween.low()")
    before = digest(root, path)
    edit(root, "one", "1", "3")
    edit(root, "two", "2", "1")
    edit(root, "one", "3", "2")
    assert digest(root, path) != before
    edit(root, "between", "import one, two", "import one as two, two as one")
    assert digest(root, path) == before


def test_functions_that_name_each_other_are_told_apart(root):
    text = "def a(n):\n    return n and b(n - 1)\n\ndef b(n):\n    return n or a(n)\n"
    (root / "aidaudit/circle.py").write_text(text)
    path = notebook(root, "from aidaudit import circle\ncircle.a(1)")
    before = digest(root, path)
    edit(root, "circle", "n or a(n)", "n or b(n)")
    assert digest(root, path) != before


def test_cells_count_and_what_saving_changes_does_not(root):
    path = notebook(root, USES, kernelspec={"name": "python3"})
    before = digest(root, path)
    saved = json.loads(path.read_text())
    saved["metadata"] = {"language_info": {"version": "3.13"}, "widgets": {"state": 1}}
    saved["cells"][0] |= {"id": "other", "execution_count": 5, "outputs": [{"text": "hi"}]}
    saved["cells"][0]["metadata"] = {"collapsed": True}
    path.write_text(json.dumps(saved, indent=4))
    assert digest(root, path) == before
    saved["cells"][0]["source"] += "\n1"
    path.write_text(json.dumps(saved))
    assert digest(root, path) != before


def test_tags_count_since_they_mark_the_parameters(root):
    path = notebook(root, USES)
    before = digest(root, path)
    tagged = json.loads(path.read_text())
    tagged["cells"][0]["metadata"] = {"tags": ["parameters"]}
    path.write_text(json.dumps(tagged))
    assert digest(root, path) != before


def test_a_notebook_that_is_no_python_still_has_a_hash(root):
    before = digest(root, notebook(root, "this is ("))
    assert digest(root, notebook(root, "that is (")) != before


def test_a_name_that_is_not_there_is_left_to_the_run(root):
    assert digest(root, notebook(root, "from aidaudit import helpers\nhelpers.no_such()"))


def test_the_version_counts(root, monkeypatch):
    path = notebook(root, USES)
    before = digest(root, path)
    monkeypatch.setattr(fingerprint.determinism, "VERSION", "9.9.9")
    assert digest(root, path) != before
