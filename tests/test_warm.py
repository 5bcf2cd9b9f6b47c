"""Jobs in forks of a warm parent: as if each ran by itself, and nothing of them is left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from aidaudit import client, kernels, notebooks
from aidaudit.errors import AuditError

pytestmark = [
    pytest.mark.build,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere jobs run by themselves"),
]
ROOT = Path(__file__).parents[1]
SETTINGS = 'label: str = "x"  # what is written (name)\n'


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    for name in ("Snakefile", "CITATION.cff"):
        (tmp_path / name).touch()
    for folder in ("config", "data/raw", "envs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def owner():
    """A process to which a warm parent belongs, as Snakemake is one; and its address."""
    process = subprocess.Popen(["sleep", "600"])
    where = f"{process.pid}-{client._begun(process.pid)}-{os.urandom(4).hex()}"
    yield process, where
    process.kill()
    process.wait()
    assert gone(where)


def notebook(checkout: Path, name: str, *code: str) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\nA question?"),
        nbformat.v4.new_code_cell(SETTINGS, metadata={"tags": ["parameters"]}),
        *map(nbformat.v4.new_code_cell, code),
    ]
    nb = notebooks.clean_source(nbformat.v4.new_notebook(cells=cells))
    (checkout / f"notebooks/{name}.ipynb").write_text(notebooks.serialise(nb), "utf-8")


def start(name: str, where: str, *outputs: str) -> subprocess.Popen:
    # As from a terminal: whatever a shell runs in the background is deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [
        sys.executable, "-c", "from aidaudit.client import main; main()",
        "notebook", f"notebooks/{name}.ipynb", f"out/{name}.ipynb",
        "--parameters", '{"label": "given"}', "--", "::", *outputs,
    ]  # fmt: skip
    return subprocess.Popen(
        command,
        env={
            **os.environ,
            client.ADDRESS: where,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(name: str, where: str, *outputs: str) -> tuple[int, str]:
    process = start(name, where, *outputs)
    told, _ = process.communicate(timeout=120)
    return process.returncode, told


def parents(where: str) -> list[int]:
    """Processes of the warm parent: itself and its forks."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if where.encode() in words:
            found.append(int(folder.name))
    return sorted(found)


def gone(where: str, within: float = 20) -> bool:
    """Whether all of it has ended, sooner or later."""
    end = time.monotonic() + within
    # A process that ends gives back its memory, by which it is known here, before its sockets.
    while parents(where) or where in Path("/proc/net/unix").read_text():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def until(path: Path, within: float = 60) -> None:
    end = time.monotonic() + within
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not come"
        time.sleep(0.02)


WRITE = "from aidaudit import files\nfiles.write_text('{0}.txt', label)\nprint(label)"
# Says that it is there, past the guard's eyes, then stays as long as nobody ends it.
HERE = ".staging/here"
STAY = "import time, pathlib\npathlib.Path('{0}').write_text('here')\ntime.sleep(300)"


def test_outputs_are_the_same_bytes_with_and_without(checkout, owner):
    notebook(checkout, "n", WRITE.format("a"), "import sys\nsys.version_info[:2]")
    made = []
    for where in (owner[1], ""):
        assert run("n", where, "a.txt") == (0, "")
        made.append([Path("a.txt").read_bytes(), Path("out/n.ipynb").read_bytes()])
        Path("a.txt").unlink()
    assert made[0] == made[1]
    assert len(parents(owner[1])) == 1


SETTINGS_OF_LIBRARIES = """
import decimal, json, locale, logging, os, sys, warnings
import matplotlib, numpy, pandas, seaborn
from pandas._config.config import _registered_options
import aidaudit.charts

# Other libraries add filters for their own warnings, when they are imported.
filters = [one for one in warnings.filters if one[2].__module__ == "builtins"]
json.dump(
    {
        "pandas": {
            name: repr(pandas.get_option(name)).lower() for name in sorted(_registered_options)
        },
        "matplotlib": {name: repr(one) for name, one in sorted(matplotlib.rcParams.items())},
        "numpy": [repr(numpy.get_printoptions()), repr(numpy.geterr())],
        "python": [
            repr(decimal.getcontext()), repr(locale.setlocale(locale.LC_ALL)),
            sys.getrecursionlimit(), logging.getLogger().level, os.umask(0o22),
            sys.flags.hash_randomization, sys.displayhook.__class__.__name__,
        ],
        "warnings": sorted(map(repr, filters)),
    },
    sys.stdout, indent=1, sort_keys=True,
)
"""


def test_libraries_are_set_alike_with_and_without(checkout, owner):
    # What a library sets when it is imported may depend on where that happens.
    wide = "pandas.DataFrame([range(18)], columns=[f'column {n}' for n in range(18)])"
    notebook(checkout, "n", SETTINGS_OF_LIBRARIES, wide, WRITE.format("a"))
    made = []
    for where in (owner[1], ""):
        assert run("n", where, "a.txt") == (0, "")
        _, _, _, settings, shown, _ = json.loads(Path("out/n.ipynb").read_text())["cells"]
        made.append(json.loads("".join(settings["outputs"][0]["text"])))
        assert "column 17" in "".join(shown["outputs"][0]["data"]["text/plain"])
    assert made[0] == made[1]


def test_what_a_user_sets_for_python_reaches_no_kernel(checkout, owner, monkeypatch):
    stray = checkout / "stray"
    stray.mkdir()
    for path in (stray / "seaborn.py", checkout / "scipy.py", stray / "start.py"):
        path.write_text("raise ImportError('not this one')", "utf-8")
    for name, value in {
        "PYTHONPATH": str(stray), "PYTHONSTARTUP": str(stray / "start.py"),
        "PYTHONOPTIMIZE": "2", "PANDAS_COPY_ON_WRITE": "x", "JUPYTER_PATH": str(stray),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    spec = stray / "kernels/python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["false"], "display_name": "x"}')
    code = "import os, seaborn, scipy, sys\nassert 'PYTHONSTARTUP' not in os.environ\n"
    notebook(checkout, "n", f"{code}sys.flags.optimize", WRITE.format("a"))
    for where in (owner[1], ""):
        assert run("n", where, "a.txt") == (0, "")
        Path("a.txt").unlink()


@pytest.mark.parametrize("kind", ["long", "missing", "not to be written to"])
def test_kernels_start_whatever_folder_is_for_temporary_files(
    checkout, owner, monkeypatch, kind
):
    folder = checkout / ("x" * 120 if kind == "long" else "temporary")
    if kind == "long":
        folder.mkdir()
    elif kind != "missing":
        folder.touch()  # no folder at all: root may write to any
    monkeypatch.setenv("TMPDIR", str(folder))
    notebook(checkout, "n", WRITE.format("a"))
    for where in (owner[1], ""):
        status, told = run("n", where, "a.txt")
        assert (status, told) == (0, ""), told
        Path("a.txt").unlink()


def test_a_machine_without_a_folder_for_sockets_is_told_how_to_name_one(monkeypatch):
    monkeypatch.setattr(kernels.tempfile, "gettempdir", lambda: "/" + "x" * 120)
    monkeypatch.setattr(kernels.os, "access", lambda *_: False)
    with pytest.raises(AuditError, match="TMPDIR"):
        kernels.short()


def test_no_run_finds_traces_of_another(checkout, owner):
    look = (
        "import json, os, sys, random\nimport numpy as np, matplotlib as mpl\n"
        "from aidaudit import files\n"
        "seen = {'globals': 'mine' in dir(), 'cwd': os.getcwd(),"
        " 'environ': 'MINE' in os.environ,"
        " 'rc': mpl.rcParams['lines.linewidth'], 'modules': 'mine' in sys.modules,"
        " 'attribute': hasattr(files, 'MINE'), 'builtins': hasattr(__builtins__, 'MINE'),"
        " 'files': any(os.path.realpath('/proc/self/fd/' + one).endswith('left.txt')"
        " for one in os.listdir('/proc/self/fd')),"
        "}\n"
        "drawn = [random.random(), float(np.random.random())]\n"
    )
    leave = (
        "mine = 1\nos.environ['MINE'] = '1'\nmpl.rcParams['lines.linewidth'] = 9\n"
        "sys.modules['mine'] = sys\nfiles.MINE = 1\nimport builtins\nbuiltins.MINE = 1\n"
        "random.seed(1)\nnp.random.seed(1)\nkept = open('.staging/left', 'w')\nos.chdir('/')"
    )
    write = "files.write_text('{0}.json', json.dumps([seen, drawn]))"
    for name in ("a", "b"):
        notebook(checkout, name, look + write.format(name), leave)
        assert run(name, owner[1], f"{name}.json") == (0, "")
    (first, one), (second, other) = (
        json.loads(Path(f"{name}.json").read_text()) for name in "ab"
    )
    assert first == second
    assert first["cwd"] == str(checkout)
    assert not any(
        first[key] for key in ("globals", "environ", "modules", "attribute", "files")
    )
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_many_at_once_each_have_a_kernel_of_their_own(checkout, owner):
    names = [f"n{number}" for number in range(6)]
    for name in names:
        code = f"files.write_text('{name}.txt', str(__import__('os').getpid()))"
        notebook(checkout, name, f"from aidaudit import files\n{code}")
    processes = [start(name, owner[1], f"{name}.txt") for name in names]
    told = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(names), told
    kernels = {Path(f"{name}.txt").read_text() for name in names}
    assert len(kernels) == len(names)
    # Kernels end with their runs, and one parent served all of them.
    assert len(parents(owner[1])) == 1


def test_a_failure_has_its_message_and_status(checkout, owner):
    notebook(checkout, "n", "1 / 0")
    for where in (owner[1], ""):
        status, told = run("n", where, "a.txt")
        assert status == 1
        assert "notebooks/n.ipynb: failed in cell 3: 1 / 0" in told
        assert "ZeroDivisionError" in told


def test_whoever_kills_snakemake_ends_all_of_it(checkout, owner):
    process, where = owner
    notebook(checkout, "n", STAY.format(HERE))
    client = start("n", where, "a.txt")
    until(checkout / HERE)
    assert len(parents(where)) == 3  # the parent, the runner, its kernel
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert gone(where)
    client.kill()
    client.wait()


def test_a_parent_that_nobody_has_asked_yet_ends_with_snakemake(owner):
    process, where = owner
    ended = client.start(where)
    end = time.monotonic() + 20
    while where not in Path("/proc/net/unix").read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert gone(where)
    while (status := ended()) is None:
        assert time.monotonic() < end + 20
    assert status == 0  # by itself, in the midst of importing


def test_a_job_that_is_cancelled_ends_with_its_kernel_and_the_parent_goes_on(checkout, owner):
    notebook(checkout, "n", STAY.format(HERE))
    client = start("n", owner[1], "a.txt")
    until(checkout / HERE)
    client.send_signal(signal.SIGINT)
    client.wait(20)
    end = time.monotonic() + 20
    while len(parents(owner[1])) > 1 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(parents(owner[1])) == 1
    notebook(checkout, "m", WRITE.format("m"))
    assert run("m", owner[1], "m.txt") == (0, "")


def test_jobs_go_on_by_themselves_when_the_parent_is_killed(checkout, owner):
    once = (
        f"import time, pathlib\nfrom aidaudit import files\nhere = pathlib.Path('{HERE}')\n"
        "again = here.exists()\nhere.write_text('')\n"
        "time.sleep(0 if again else 300)\nfiles.write_text('a.txt', label)"
    )
    notebook(checkout, "n", once)
    client = start("n", owner[1], "a.txt")
    until(checkout / HERE)
    os.kill(parents(owner[1])[0], signal.SIGKILL)
    told, _ = client.communicate(timeout=120)
    assert client.returncode == 0, told
    assert "The warm parent went away" in told
    assert Path("a.txt").read_text() == "given"


def test_a_parent_that_cannot_be_says_why_once_and_jobs_go_on(checkout, owner):
    where = owner[1]
    broken = f"from aidaudit import warm\nwarm.MODULES = ('nosuch',)\nwarm.main({where!r})"
    done = subprocess.run([sys.executable, "-c", broken], capture_output=True, check=False)
    assert done.returncode == 1
    notebook(checkout, "n", WRITE.format("a"))
    status, told = run("n", where, "a.txt")
    assert status == 0
    assert told.startswith(
        "The warm parent has ended: ModuleNotFoundError: No module named 'nosuch'."
    )
    assert "four times as long" in told
    assert run("n", where, "a.txt") == (0, "")
    assert parents(where) == []


def test_a_parent_that_is_killed_while_it_starts_is_told_with_its_status(
    checkout, owner, monkeypatch, capsys
):
    monkeypatch.setattr(client, "start", lambda _: lambda: -9)
    assert client._ask(owner[1]) is None
    assert client._ask(owner[1]) is None
    assert capsys.readouterr().err.count("it ended with status -9") == 1


def no_abstract_sockets(*_):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        (lambda patch: patch.setattr(client.sys, "platform", "darwin"), "this is darwin"),
        (lambda patch: patch.delattr(client.os, "fork"), "no os.fork"),
        (lambda patch: patch.delattr(client.os, "pidfd_open"), "no os.pidfd_open"),
        (lambda patch: patch.setattr(client.socket, "socket", no_abstract_sockets), "refuses"),
    ],
)
def test_a_system_without_warm_starts_says_so_and_how_much_longer_it_takes(
    monkeypatch, capsys, lacks, told
):
    monkeypatch.setenv(client.ADDRESS, "1-1-abc")
    with monkeypatch.context() as patch:
        lacks(patch)
        patch.setattr(client, "start", lambda _: pytest.fail("it was started"))
        client.begin("1-1-abc")
    said = capsys.readouterr().err
    assert told in said
    assert "four times as long" in said
    assert client.ADDRESS not in os.environ


def test_a_job_by_itself_ends_with_its_snakemake_too(checkout, owner, monkeypatch):
    process, where = owner
    monkeypatch.setenv(client.OWNER, where.rpartition("-")[0])
    told = f"import os\npathlib.Path('{HERE}').write_text(str(os.getpid()))\ntime.sleep(300)"
    notebook(checkout, "n", f"import pathlib, time\n{told}")
    job = start("n", "", "a.txt")
    until(checkout / HERE)
    kernel = Path(f"/proc/{(checkout / HERE).read_text()}")
    process.send_signal(signal.SIGKILL)
    assert job.wait(20) == 1
    end = time.monotonic() + 20
    while kernel.exists() and " Z " not in (kernel / "stat").read_text():
        assert time.monotonic() < end
    # Nor does a job begin whose Snakemake is gone.
    process.wait()
    assert run("n", "", "a.txt") == (1, "")


@pytest.mark.parametrize("where", ["1-1-abc", f"{2**22 + 5}-77-abc"])
def test_an_address_of_no_process_here_is_no_use(checkout, where):
    # As on another machine, to which the environment was handed on.
    assert client._ask(where) is None
    assert parents(where) == []


def test_the_parent_has_one_thread_and_has_read_no_configuration():
    code = (
        "import os\nfrom aidaudit import repro\nos.environ.update(repro.ENVIRONMENT)\n"
        "from aidaudit import config, warm\nwarm.load()\n"
        "print(len(os.listdir('/proc/self/task')), config.config.cache_info().currsize)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["1", "0"]
