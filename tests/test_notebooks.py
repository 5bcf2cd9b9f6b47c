import json
import os
import subprocess
import sys
from pathlib import Path

import copies
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nbtrail.author import notebook_checks
from nbtrail.base import notebook_form, parameters, settings
from nbtrail.base.errors import AuditError
from nbtrail.run import notebooks

PARAMETERS = """\
donor: str = "Germany"  # whose aid
rate: float = 1.5  # per cent
months: int = 3  # window (months)
net: bool = False  # minus repayments
kinds: list[str] = ["military"]  # of aid
title: str = ""  # above the figure (optional)
"""
GIVEN = {"donor": "France", "rate": 2, "months": 6, "net": True, "kinds": ["military"]}
WRITE = 'files.write_text("out/a.txt", donor)'


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").touch()
    for folder in ("config", "data", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "data/in.txt").write_text("input")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(*code, parameters=PARAMETERS, path="notebooks/n.ipynb"):
    cells = [
        new_markdown_cell("# A title\n\nWho gives?"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, code),
    ]
    nb = notebook_form.clean_source(new_notebook(cells=cells))
    (notebooks.root() / path).write_text(notebook_form.serialise(nb), "utf-8")
    return path


def execute(path, **changes):
    given = {
        "parameters": {"donor": "France"},
        "inputs": ["data/in.txt"],
        "outputs": ["out/a.txt"],
        "log": "logs/n.ipynb",
        "limits": settings.Limits(minutes=1),
    }
    notebooks.run(path, "out/n.ipynb", **{**given, **changes})


@pytest.mark.build
def test_a_number_knows_its_job_its_cell_and_the_tables_that_were_read(checkout):
    (checkout / "data/processed").mkdir()
    (checkout / "data/processed/in.csv").write_text("a,b\n1,2\n")
    path = save(
        "from nbtrail.base import files\nfrom nbtrail.publish import standing\n"
        "from nbtrail.record.numbers import Numbers",
        "files.source('data/processed/in.csv')\nn = Numbers('out/a.csv')\n"
        "n.add('x', 5, 'count')",
        "n.add('y', 2, 'count', row={'a': 1}, column='b', table='data/processed/in.csv')\n"
        "n.add('z', 8, 'count', row={'a': 7}, column='b')",
        "files.write_text('out/a.csv', 'a,b\\n7,8\\n')\n"
        "print(standing.standing('F01', 'latest').official)\nn.write('out/n.json')",
        parameters=ONE,
    )
    told = {"inputs": ["data/processed/in.csv"], "outputs": ["out/a.csv", "out/n.json"]}
    execute(path, **told)
    found = json.loads((checkout / "out/n.json").read_text())
    assert {key: (entry["job"], entry["cell"]) for key, entry in found.items()} == {
        "x": ("out/n", 4), "y": ("out/n", 5), "z": ("out/n", 5),
    }  # fmt: skip
    assert found["x"]["from"] == ["data/processed/in.csv"]
    assert found["z"]["is"] == {"file": "out/a.csv", "row": {"a": 7}, "column": "b"}
    assert "True" in (checkout / "out/n.ipynb").read_text()
    # Another value than the cell's, and a table that is written too late.
    for old, new, message in (
        ("'z', 8", "'z', 9", "the number 'z' is not the cell that it names"),
        ("files.write_text('out/a.csv'", "n.write('out/n.json'); files.write_text('out/a.csv'",
         "not written yet"),
    ):  # fmt: skip
        text = (checkout / path).read_text()
        (checkout / path).write_text(text.replace(old, new))
        with pytest.raises(AuditError, match=message):
            execute(path, **told)
        (checkout / path).write_text(text)


@pytest.mark.build
def test_a_kernel_that_is_no_fork_finds_the_package_of_the_checkout_that_it_runs_in(checkout):
    # As `aidaudit run` and builds without warm starts have it: from the checkout's own folder.
    for name in ("aidaudit", "nbtrail", "CITATION.cff", "pyproject.toml"):
        (checkout / name).symlink_to(Path(__file__).parents[1] / name)
    ran = subprocess.run(
        [sys.executable, "-c", "import sys; from nbtrail.base import settings; from "
                               "nbtrail.run import notebooks as n\n"
         "n.run(sys.argv[1], 'out/n.ipynb', parameters={'donor': 'France'}, inputs=[],"
         " outputs=['out/a.txt'], log='logs/n.ipynb', limits=settings.Limits(minutes=1))",
         save("import aidaudit\nfrom nbtrail.base import files",
              "files.write_text('out/a.txt', aidaudit.__file__)", parameters=ONE)],
        env={**os.environ, "PYTHONPATH": copies.modules(checkout)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert (checkout / "out/a.txt").read_text() == f"{checkout}/aidaudit/__init__.py"


# ---------------------------------------------------------------- parameters


def test_declared_parameters_have_type_default_and_comment(checkout):
    declared = parameters.declared(save())
    assert list(declared) == ["donor", "rate", "months", "net", "kinds", "title"]
    assert declared["months"] == parameters.Parameter(
        "months", "int", 3, "window (months)", required=True
    )
    assert declared["kinds"].default == ["military"]
    assert not declared["title"].required


@pytest.mark.parametrize(
    "line",
    ["donor = 'Germany'", "day: str = today()", "n: int = True", "n: int", "n: dict = {}"],
)
def test_parameters_cell_holds_annotated_literals_only(checkout, line):
    with pytest.raises(AuditError, match=r"notebooks/n\.ipynb: "):
        parameters.declared(save(parameters=line))


def test_given_parameters_come_in_the_notebooks_order_with_optional_ones(checkout):
    checked = parameters.checked(save(), dict(reversed(GIVEN.items())))
    assert list(checked.items()) == [*GIVEN.items(), ("title", "")]
    assert type(checked["rate"]) is float


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"doner": "x"}, "no parameter 'doner'.*Did you mean 'donor'"),
        ({"months": True}, "'months' has the wrong type.*True.*int"),
        ({"months": 1.0}, "'months' has the wrong type.*1.0.*int"),
        ({"kinds": "military"}, "'kinds' has the wrong type.*list"),
        ({"donor": "Germny"}, "'donor'.*'Germny'.*France, Germany.*Did you mean 'Germany'"),
        ({"kinds": ["miltary"]}, "'kinds'.*'miltary'.*Did you mean 'military'"),
    ],
)
def test_wrong_parameters_are_explained(checkout, change, message):
    allowed = {"donor": ["France", "Germany"], "kinds": ["military"], "elsewhere": [1]}
    with pytest.raises(AuditError) as refused:
        parameters.checked(save(), {**GIVEN, **change}, allowed)
    assert str(refused.value).startswith("notebooks/n.ipynb: ")
    refused.match(f"(?s){message}")


@pytest.mark.parametrize(
    "code",
    ["months = 12", "%matplotlib inline\nmonths += 1", "for months in (1, 2):\n    pass",
     "if net:\n    months = 9"],
)  # fmt: skip
def test_a_notebook_goes_on_with_the_values_that_it_is_given(checkout, code):
    with pytest.raises(AuditError, match="cell 4 gives the parameter 'months' another value"):
        parameters.checked(save("1", code), GIVEN)
    parameters.checked(
        save("[months for months in (1,)]\nother = months\ndef f(months): pass"), GIVEN
    )


def test_missing_parameter_shows_its_comment(checkout):
    with pytest.raises(AuditError, match=r"(?s)'months' is not given.*window \(months\)"):
        parameters.checked(save(), {k: GIVEN[k] for k in GIVEN if k != "months"})


def test_parameters_are_checked_before_any_kernel_starts(checkout, monkeypatch):
    monkeypatch.setattr(notebooks, "_execute", lambda *_, **__: pytest.fail("a kernel ran"))
    with pytest.raises(AuditError):
        execute(save(), parameters={"doner": "x"})
    assert "Did you mean" in (checkout / "logs/n.ipynb.error.txt").read_text()


# ---------------------------------------------------------------- running


ONE = 'donor: str = "Germany"  # whose aid'


@pytest.mark.build
def test_two_runs_give_the_same_bytes_and_clear_old_failures(checkout):
    path = save(
        "import os, sys, warnings\nfrom pathlib import Path\nfrom nbtrail.base import files",
        "print('out'); print('err', file=sys.stderr); print(Path.cwd(), object())\nobject()",
        "warnings.warn('careful')\nprint(os.environ['TZ'], files.source('data/in.txt'))",
        "print(hash(donor)); print(files.target('out/a.txt'))",
        WRITE,
        parameters=ONE,
    )
    (checkout / "logs").mkdir()
    for old in ("n.ipynb", "n.ipynb.error.txt"):
        (checkout / "logs" / old).write_text("stale")
    execute(path)
    first = (checkout / "out/n.ipynb").read_bytes()
    assert list((checkout / "logs").iterdir()) == []
    assert list((checkout / ".staging").iterdir()) == []
    assert (checkout / "out/a.txt").read_text() == "France"
    assert str(checkout).encode() not in first
    assert b"UTC data/in.txt" in first or b"UTC ./data/in.txt" in first
    execute(path)
    assert (checkout / "out/n.ipynb").read_bytes() == first
    nbformat.validate(nbformat.reads(first.decode(), as_version=4))


@pytest.mark.build
def test_failure_names_cell_and_whole_message_and_touches_no_output(checkout):
    (checkout / "out").mkdir()
    (checkout / "out/a.txt").write_text("old")
    path = save(
        f"from nbtrail.base import files\nfrom nbtrail.base.errors import AuditError\n{WRITE}",
        "\nx = 1\nraise AuditError('is odd', file='d.csv', row=3, mend='mend it')",
        "print('never')",
        parameters=ONE,
    )
    with pytest.raises(AuditError) as failed:
        execute(path)
    message = str(failed.value)
    assert message.splitlines() == [
        "notebooks/n.ipynb: failed in cell 4: x = 1",
        "AuditError: d.csv, row 3: is odd",
        "  fix:      mend it",
        "  the notebook as far as it ran: logs/n.ipynb",
        "  open it as it stopped: aidaudit lab logs/n.ipynb",
    ]
    assert notebooks.failures("logs") == [message]
    assert (checkout / "out/a.txt").read_text() == "old"
    assert not (checkout / "out/n.ipynb").exists()
    assert list((checkout / ".staging").iterdir()) == []
    kept = notebook_form.read("logs/n.ipynb")
    assert any("is odd" in str(cell.get("outputs")) for cell in kept.cells)


@pytest.mark.build
def test_declared_output_that_is_not_written_fails_the_run(checkout):
    path = save(f"from nbtrail.base import files\n{WRITE}", parameters=ONE)
    with pytest.raises(AuditError, match=r"(?s)not write all.*out/b\.csv"):
        execute(path, outputs=["out/a.txt", "out/b.csv"])
    assert not (checkout / "out").exists()
    assert (checkout / "logs/n.ipynb").exists()


@pytest.mark.build
def test_undeclared_read_fails_the_run(checkout):
    path = save("from nbtrail.base import files\nfiles.source('data/in.txt')", parameters=ONE)
    with pytest.raises(AuditError, match="reads an undeclared file"):
        execute(path, inputs=[])


@pytest.mark.build
@pytest.mark.parametrize(
    ("code", "error"), [("import time; time.sleep(60)", "timed out"), ("os._exit(1)", "died")]
)
def test_hung_and_dead_kernels_name_their_cell(checkout, code, error):
    path = save(f"import os\n{code}", parameters=ONE)
    with pytest.raises(AuditError, match=f"(?s)failed in cell 3: import os.*{error}"):
        execute(path, limits=settings.Limits(minutes=8 / 60))
    assert (checkout / "logs/n.ipynb").exists()


# ---------------------------------------------------------------- limits

SMALL = settings.Limits(minutes=0.5, memory_gb=2, output_mb=0.1)
AT_ONCE = "print('x' * 10**6)"
A_GIGABYTE = "try:\n    print('x' * 10**9)\nfinally:\n    done = True"
BIT_BY_BIT = "while True:\n    print('x' * 1000, flush=True)"
FULL = "import numpy\nblocks = []\nwhile True:\n    blocks.append(numpy.ones(10**8))"
LISTS = "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))"


@pytest.mark.build
@pytest.mark.parametrize(
    ("code", "told"),
    [
        (AT_ONCE, "TooMuchOutput.*may show 0.1 MB; raise `output_mb` in config/limits.yaml"),
        (A_GIGABYTE, "TooMuchOutput: the cell shows more at once.*raise `output_mb`"),
        (BIT_BY_BIT, "TooMuchOutput.*raise `output_mb`"),
        (FULL, "MemoryError: Unable to allocate.*has 2 GB of memory; raise `memory_gb`"),
        (LISTS, "MemoryError.*has 2 GB of memory; raise `memory_gb`"),
        ("import sys\nsys.exit()", "SystemExit: cells after it.*let it run to its last cell"),
        ("import sys\nsys.exit(3)", "SystemExit: 3.*let it run to its last cell"),
    ],
)
def test_a_notebook_that_takes_too_much_is_ended_by_name(checkout, code, told):
    path = save(f"label = 1\n{code}", "from nbtrail.base import files", WRITE, parameters=ONE)
    with pytest.raises(AuditError, match=f"(?s)n.ipynb: failed in cell 3: label = 1.*{told}"):
        execute(path, limits=SMALL)
    assert not (checkout / "out").exists()
    assert (checkout / "logs/n.ipynb").exists()


@pytest.mark.build
def test_the_limit_of_time_is_that_of_the_whole_notebook(checkout):
    path = save("import time", *["time.sleep(1)"] * 60, parameters=ONE)
    with pytest.raises(AuditError, match=r"(?s)failed in cell .*raise `minutes` in config/l"):
        execute(path, limits=settings.Limits(minutes=8 / 60))


@pytest.mark.build
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("open('data/other.txt').read()", "reads an undeclared file"),
        ("import pandas\npandas.read_csv('data/other.txt')", "reads an undeclared file"),
        ("import os\nos.open('data/other.txt', os.O_RDONLY)", "reads an undeclared file"),
        ("open('scratch/tried.csv').read()", r"scratch/tried\.csv: .*undeclared file"),
        ("import sys\nsys.path.insert(0, '.')\nimport mine", "into the package aidaudit"),
        ("open(files.root().parent / 'a.csv').read()", "(?s)undeclared file.*aidaudit ingest"),
        ("open('data/in.txt', 'a').write('x')", "writes past its outputs"),
        ("open('other.txt', 'w').write('x')", "writes past its outputs"),
        ("import os\nos.remove('data/other.txt')", "writes past its outputs"),
        ("import os\nos.rename('data/other.txt', 'x')", "writes past its outputs"),
        ("import shutil\nshutil.rmtree('data')", "writes past its outputs"),
        (
            "import urllib.request\nurllib.request.urlopen('http://example.org')",
            "asks for something in a network",
        ),
        (
            "import socket\nsocket.create_connection(('127.0.0.1', 9))",
            "asks for something in a network",
        ),
        (
            "import socket\nsocket.socket().connect(('127.0.0.1', 9))",
            "asks for something in a network",
        ),
    ],
)
def test_what_is_not_declared_is_refused_by_whatever_means(checkout, code, told):
    (checkout / "scratch").mkdir()
    for name in ("data/other.txt", "scratch/tried.csv", "mine.py", "../a.csv"):
        (checkout / name).write_text("a\n1\n")
    path = save("from nbtrail.base import files", code, WRITE, parameters=ONE)
    with pytest.raises(AuditError, match=told):
        execute(path)
    assert not (checkout / "out").exists()
    assert sorted(one.name for one in (checkout / "data").iterdir()) == ["in.txt", "other.txt"]
    assert (checkout / "data/in.txt").read_text() == "input"


@pytest.mark.build
def test_what_a_notebook_starts_ends_with_it(checkout):
    start = "import subprocess\nprocess = subprocess.Popen(['sleep', '600'])"
    fork = "import os, time\nif not os.fork():\n    time.sleep(600)"
    told = "files.write_text('out/a.txt', str(process.pid))"
    path = save(start, fork, "from nbtrail.base import files", told, parameters=ONE)
    execute(path)
    number = int((checkout / "out/a.txt").read_text())
    state = Path(f"/proc/{number}/stat")
    # It may be a zombie until whatever adopted it looks.
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


# ---------------------------------------------------------------- canonical forms


def test_canonical_removes_what_differs_between_runs(checkout):
    cell = new_code_cell(
        "x",
        execution_count=17,
        metadata={"tags": ["a"], "papermill": {"duration": 1}, "execution": {"t": "now"}},
        outputs=[
            new_output("stream", name="stdout", text="a "),
            new_output(
                "stream", name="stderr", text=f"{checkout}/x.py /tmp/ipykernel_9/1.py\n"
            ),
            new_output("stream", name="stdout", text=f"{os.environ['HOME']}/x\n"),
            new_output(
                "execute_result",
                data={"text/plain": "<A at 0x7f12ab>", "image/png": " at 0x7f"},
                execution_count=17,
            ),
        ],
    )
    nb = new_notebook(cells=[new_markdown_cell("t"), cell], metadata={"papermill": {"v": 1}})
    nb.metadata.language_info = {"name": "python", "version": "3.11.7"}
    clean = notebook_form.canonical(nb)
    assert clean.metadata == notebook_form.METADATA
    assert [one.id for one in clean.cells] == ["cell-01", "cell-02"]
    assert clean.cells[1].metadata == {"tags": ["a"]}
    assert clean.cells[1].execution_count == 1
    out, err, result = clean.cells[1].outputs
    assert (out.name, out.text) == ("stdout", "a ./x\n")
    assert (err.name, err.text) == ("stderr", "./x.py ipykernel/1.py\n")
    assert result.data == {"text/plain": "<A at 0x…>", "image/png": " at 0x7f"}
    assert result.execution_count == 1
    assert nb.cells[1].execution_count == 17
    assert notebook_form.canonical(clean) == clean


def test_clean_source_keeps_good_ids_and_replaces_doubled_ones():
    nb = new_notebook(cells=[new_code_cell("1", id="one"), new_code_cell("2", id="two")])
    assert [cell.id for cell in notebook_form.clean_source(nb).cells] == ["one", "two"]
    nb.cells[1].id = "one"
    assert [cell.id for cell in notebook_form.clean_source(nb).cells] == ["cell-01", "cell-02"]


# ---------------------------------------------------------------- checks


def test_good_notebook_has_no_problems(checkout):
    path = save(f"from nbtrail.base import files\nurl = 'https://x.org/home/a'\n{WRITE}")
    assert notebook_checks.problems(path) == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("from os.path import *", "imports * from os.path"),
        ("def f(): pass", "defines 'f'"),
        ("class C: pass", "defines 'C'"),
        ("f = lambda: 1", "names a lambda"),
        ("open('/home/me/x.csv')", "absolute path, '/home/me/x.csv'"),
        (r"open('C:\\x.csv')", "absolute path"),
        ("f'{x} ~/data'", "absolute path"),
        ("%matplotlib inline", "not plain Python"),
    ],
)
def test_bad_code_is_named_with_its_cell(checkout, code, message):
    (problem,) = notebook_checks.problems(save(code, WRITE))
    assert problem.startswith("cell 3: ")
    assert message in problem


def test_missing_parts_are_each_named(checkout):
    path = save("x = 1", parameters='donor: str = "x"')
    nb = notebook_form.read(path)
    nb.cells[0].source = "No title."
    (checkout / path).write_text(notebook_form.serialise(nb), "utf-8")
    text = "\n".join(notebook_checks.problems(path))
    for part in ("start with a title", "question", "must write the outputs", "'donor' has no"):
        assert part in text


def test_run_notebook_is_refused_and_fix_cleans_it(checkout):
    path = save(WRITE)
    good = (checkout / path).read_bytes()
    raw = json.loads(good)
    raw["cells"][2]["execution_count"] = 4
    raw["cells"][2]["outputs"] = [new_output("stream", name="stdout", text="x")]
    raw["metadata"]["widgets"] = {}
    (checkout / path).write_text(json.dumps(raw))
    text = "\n".join(notebook_checks.problems(path))
    for part in ("cell 3: has outputs", "cell 3: has an execution count", "notebooks --fix"):
        assert part in text
    notebook_form.fix(path)
    assert (checkout / path).read_bytes() == good


@pytest.mark.parametrize("content", ["not json", "[]", '{"nbformat": 3, "worksheets": []}'])
def test_other_files_are_not_notebooks(checkout, content):
    (checkout / "x.ipynb").write_text(content)
    (problem,) = notebook_checks.problems("x.ipynb")
    assert problem.startswith("x.ipynb: not a notebook")


def test_a_notebook_with_both_sides_of_a_merge_is_told_with_the_row(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "Snakefile").touch()
    monkeypatch.chdir(tmp_path)
    Path("n.ipynb").write_text('{\n<<<<<<< HEAD\n "a": 1\n=======\n>>>>>>> b\n}\n', "utf-8")
    with pytest.raises(AuditError, match=r"(?s)n\.ipynb, row 2: a merge .*--ours -- n\.ipynb"):
        notebook_form.read("n.ipynb")
