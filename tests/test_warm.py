"""Jobs in forks of a warm parent: as if each ran by itself, and nothing of them is left."""

import ctypes
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from nbtrail import start as start_
from nbtrail.base import notebook_form, sockets
from nbtrail.base.errors import AuditError
from nbtrail.run import client, warm

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


# A process to which a warm parent belongs, as Snakemake is one, until its input ends.
OWNER = """
import os, subprocess, sys
from nbtrail.run import client, warm
{0}
warm.begin()
print(os.environ.get(client.ADDRESS, ""), flush=True)
sys.stdin.read()
"""


def begun(*lines: str, **variables: str) -> tuple[subprocess.Popen, str]:
    """Such a process, and the address that its jobs have."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER.format("\n".join(lines))],
        env={**os.environ, "PYTHONPATH": path, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip()


@pytest.fixture
def owner(checkout):
    process, where = begun()
    # Whoever is killed before there is a parent leaves an empty folder to the next build.
    end = time.monotonic() + 60
    while not parents(where) and time.monotonic() < end:
        time.sleep(0.02)
    yield process, where
    process.kill()
    process.communicate()
    assert gone(where)


def notebook(checkout: Path, name: str, *code: str) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\nA question?"),
        nbformat.v4.new_code_cell(SETTINGS, metadata={"tags": ["parameters"]}),
        *map(nbformat.v4.new_code_cell, code),
    ]
    nb = notebook_form.clean_source(nbformat.v4.new_notebook(cells=cells))
    (checkout / f"notebooks/{name}.ipynb").write_text(notebook_form.serialise(nb), "utf-8")


def start(name: str, where: str, *outputs: str) -> subprocess.Popen:
    # As from a terminal: whatever a shell runs in the background is deaf to it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [
        sys.executable, "-c", "from nbtrail.start import main; main()",
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
    whose, found = where.partition(":")[0].encode(), []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if whose in words and b"nbtrail.start" in words:
            found.append(int(folder.name))
    return sorted(found)


def folder_of(where: str) -> Path:
    return Path(where.partition(":")[2])


def gone(where: str, within: float = 60) -> bool:
    """Whether all of it has ended, sooner or later, and left nothing."""
    end = time.monotonic() + within
    while parents(where) or folder_of(where).exists():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def until(path: Path, within: float = 60) -> None:
    end = time.monotonic() + within
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not come"
        time.sleep(0.02)


WRITE = "from nbtrail.base import files\nfiles.write_text('{0}.txt', label)\nprint(label)"
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
import aidaudit.report.charts

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
    own = "import os\nassert os.stat(os.environ['TMPDIR']).st_mode & 0o777 == 0o700"
    notebook(checkout, "n", own, WRITE.format("a"))
    for where in (owner[1], ""):
        status, told = run("n", where, "a.txt")
        assert (status, told) == (0, ""), told
        Path("a.txt").unlink()


def test_a_machine_without_a_folder_for_sockets_is_told_how_to_name_one(monkeypatch):
    monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: "/" + "x" * 120)
    monkeypatch.setattr(sockets.os, "access", lambda *_: False)
    with pytest.raises(AuditError, match="TMPDIR"):
        sockets.short()


def test_no_run_finds_traces_of_another(checkout, owner):
    look = (
        "import glob, json, os, sys, random\nimport numpy as np, matplotlib as mpl\n"
        "from nbtrail.base import files\n"
        "seen = {'globals': 'mine' in dir(), 'cwd': os.getcwd(),"
        " 'environ': 'MINE' in os.environ,"
        " 'rc': mpl.rcParams['lines.linewidth'], 'modules': 'mine' in sys.modules,"
        " 'attribute': hasattr(files, 'MINE'), 'builtins': hasattr(__builtins__, 'MINE'),"
        " 'files': any(os.path.realpath('/proc/self/fd/' + one).endswith('left.txt')"
        " for one in os.listdir('/proc/self/fd')),"
        " 'parent': any(f'{os.path.realpath(end).rpartition(chr(91))[2][:-1]} ' in line"
        " for end in glob.glob('/proc/self/fd/*') for line in open('/proc/net/unix')"
        " if line.endswith('/parent\\n')),"
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
        first[key] for key in ("globals", "environ", "modules", "attribute", "files", "parent")
    )
    assert one[0] != other[0]
    assert one[1] != other[1]


def test_many_at_once_each_have_a_kernel_of_their_own(checkout, owner):
    names = [f"n{number}" for number in range(6)]
    for name in names:
        code = f"files.write_text('{name}.txt', str(__import__('os').getpid()))"
        notebook(checkout, name, f"from nbtrail.base import files\n{code}")
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
    process.kill()
    process.wait()
    assert gone(where)  # in the midst of importing


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
        f"import time, pathlib\nfrom nbtrail.base import files\nhere = pathlib.Path('{HERE}')\n"
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
    # Another has taken its place.
    assert run("n", owner[1], "a.txt") == (0, "")
    assert len(parents(owner[1])) == 1


# Has such a process start something else as the parent.
STARTS = """
warm._start = lambda whose, at: subprocess.Popen([sys.executable, "-c", {0!r}, whose], stdin=at)
"""


def test_a_parent_that_cannot_be_says_why_once_and_jobs_go_on(checkout):
    broken = (
        "import sys; from nbtrail import start; from nbtrail.run import warm; "
        "warm.MODULES = ('nosuch',)\n"
    )
    process, where = begun(STARTS.format(broken + "warm.main(sys.argv[1], start.COMMANDS)"))
    assert gone(where)
    notebook(checkout, "n", WRITE.format("a"))
    status, told = run("n", where, "a.txt")
    assert status == 0
    assert told.startswith(
        "The warm parent has ended: ModuleNotFoundError: No module named 'nosuch'."
    )
    assert "four times as long" in told
    assert run("n", where, "a.txt") == (0, "")
    process.communicate()


def test_a_parent_that_is_killed_again_and_again_is_told_with_its_status(checkout, capsys):
    process, where = begun(STARTS.format("import os; os.kill(os.getpid(), 9)"))
    assert gone(where)
    assert client._ask(where) is None
    assert client._ask(where) is None
    assert capsys.readouterr().err.count("it ended with status -9") == 1
    process.communicate()


def no_sockets(*_):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        (lambda patch: patch.setattr(warm.sys, "platform", "darwin"), "this is darwin"),
        (lambda patch: patch.delattr(warm.os, "fork"), "no os.fork"),
        (lambda patch: patch.delattr(warm.os, "pidfd_open"), "no os.pidfd_open"),
        (lambda patch: patch.setattr(warm.socket.socket, "bind", no_sockets), "refuses"),
        (lambda patch: patch.setattr(warm, "peer", lambda _: (1, 1)), "who listens"),
    ],
)
def test_a_system_without_warm_starts_says_so_and_how_much_longer_it_takes(
    checkout, monkeypatch, capsys, lacks, told
):
    monkeypatch.setenv(client.ADDRESS, "1-1:/tmp/of-another-build")
    monkeypatch.setenv("TMPDIR", str(checkout))
    monkeypatch.setattr(warm.tempfile, "tempdir", None)
    with monkeypatch.context() as patch:
        lacks(patch)
        patch.setattr(warm, "_start", lambda *_: pytest.fail("it was started"))
        warm.begin()
    said = capsys.readouterr().err
    assert told in said
    assert "four times as long" in said
    assert client.ADDRESS not in os.environ
    assert not list(checkout.glob("aidaudit-*"))


def test_a_job_by_itself_ends_with_its_snakemake_too(checkout, owner, monkeypatch):
    process, where = owner
    monkeypatch.setenv(client.OWNER, where.partition(":")[0])
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


@pytest.mark.parametrize("where", ["1-1:/tmp/abc", f"{2**22 + 5}-77:/tmp/abc"])
def test_an_address_of_no_process_here_is_no_use(checkout, where):
    # As on another machine, to which the environment was handed on.
    assert client._ask(where) is None
    assert parents(where) == []


def test_the_parent_has_one_thread_and_has_read_no_configuration():
    code = (
        "import os\nfrom nbtrail.base import determinism\n"
        "os.environ.update(determinism.ENVIRONMENT)\n"
        "from aidaudit import config\nfrom nbtrail.run import warm\nwarm.load()\n"
        "print(len(os.listdir('/proc/self/task')), config.config.cache_info().currsize)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["1", "0"]


# ---------------------------------------------------------------- other users

NOBODY = 65534
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user too"
)
# A parent that can do little, and so is there at once.
LIGHT = (
    "import sys; from nbtrail import start; from nbtrail.run import warm; warm.modules = list; "
    "warm.main(sys.argv[1], start.COMMANDS)"
)
ORDER = ["aidaudit", "job", "nosuch", "--", "::"]


@contextmanager
def somebody(does: Callable, *given: object, user: int = NOBODY) -> Iterator[Callable]:
    """Have another process, of this user, do something; call what this gives for its result.

    does: gets what is given, a function to call once it is ready, and a pipe that ends when
    the result is asked for.
    """
    told, tells = os.pipe()
    ends, end = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(end)
        try:
            if user != os.getuid():
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            said = does(*given, lambda: os.write(tells, b"!"), ends)
        except BaseException as error:
            said = type(error).__name__
        os.write(tells, json.dumps(said).encode())
        os._exit(0)
    os.close(tells)
    assert os.read(told, 1) == b"!", os.read(told, 999)

    def result() -> object:
        os.close(end)
        return json.loads(os.read(told, 9999))

    try:
        yield result
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(told)


def impostor(names: list[str], ready: Callable, ends: int) -> list:
    """Answers 'done' at addresses of sockets; gives the bytes and descriptors that it got."""
    listeners = []
    for name in names:
        listener = socket.socket(socket.AF_UNIX)
        if not name.startswith("\0"):
            Path(name).parent.mkdir(0o755)
        listener.bind(name)
        if not name.startswith("\0"):
            Path(name).chmod(0o777)
        listener.listen()
        listeners.append(listener)
    ready()
    heard = []
    while True:
        asked = [one for one in select.select([*listeners, ends], [], [])[0] if one != ends]
        if not asked:
            break
        with asked[0].accept()[0] as client:
            words, descriptors, *_ = socket.recv_fds(client, 1 << 20, 9)
            heard.append([len(words), len(descriptors)])
            if words:
                client.send(struct.pack("i", 0))
    return heard


def order_of(path: str, made: str, ready: Callable, ends: int) -> list:
    """Asks a parent to write a file, and gives the answer."""
    ready()
    code = f"open({made!r}, 'w')"
    order = json.dumps({"argv": ["x", code], "cwd": "/", "environ": {}}).encode()
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(path)
            socket.send_fds(asking, [struct.pack("i", len(order)) + order], [0, 1, 2])
            return [len(asking.recv(9))]
        except OSError as error:
            return [type(error).__name__]


@pytest.fixture
def order(monkeypatch):
    monkeypatch.setattr(sys, "argv", ORDER)


@pytest.fixture
def elsewhere():
    """A folder that is not there yet, where anybody can make it."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.rmdir()
    yield folder
    (folder / client.SOCKET).unlink(missing_ok=True)
    if folder.exists():
        folder.rmdir()


@needs_root
def test_another_user_in_the_parents_place_is_told_nothing_and_not_believed(
    checkout, elsewhere, order, capsys
):
    where = f"{client.owner()}:{elsewhere}"
    with somebody(impostor, [f"{elsewhere}/{client.SOCKET}"]) as result:
        assert client._ask(where) is None
        assert client._ask(where) is None
        assert result() == [[0, 0]]
    told = capsys.readouterr().err
    assert told.count(f"of user {NOBODY} answers in its place, and was told nothing") == 1
    assert told.count("\n") == 1


def test_another_process_of_the_same_user_is_not_the_parent_either(
    checkout, elsewhere, order, capsys
):
    where = f"{client.owner()}:{elsewhere}"
    path = f"{elsewhere}/{client.SOCKET}"
    with somebody(impostor, [path], user=os.getuid()) as result:
        assert client._ask(where) is None
        assert result() == [[0, 0]]
    assert "answers in its place, and was told nothing" in capsys.readouterr().err


@needs_root
def test_another_user_reaches_no_parent_that_runs(checkout, order):
    process, where = begun(STARTS.format(LIGHT))
    path, made = folder_of(where) / client.SOCKET, "/tmp/made-by-another-user"
    assert folder_of(where).stat().st_mode & 0o777 == 0o700
    with somebody(order_of, str(path), made) as result:
        assert result() == ["PermissionError"]
    # Even where somebody opens the folder, the parent looks who asks.
    folder_of(where).chmod(0o755)
    path.chmod(0o777)
    with somebody(order_of, str(path), made) as result:
        assert result() in ([0], ["ConnectionResetError"], ["BrokenPipeError"])
    assert not Path(made).exists()
    assert client._ask(where) == 1  # which is what it says of a job that there is not
    # What a process was started with can be read by all.
    for one in (process.pid, *parents(where)):
        words = Path(f"/proc/{one}/cmdline").read_bytes()
        assert folder_of(where).name.encode() not in words
    process.communicate()
    assert gone(where)


@needs_root
def test_another_user_gains_nothing_by_the_name_of_a_parent_that_was_killed(
    checkout, order, capsys
):
    process, where = begun(STARTS.format("import os; os.kill(os.getpid(), 9)"))
    assert gone(where)
    with somebody(impostor, [str(folder_of(where) / client.SOCKET)]) as result:
        assert client._ask(where) is None
        for note in (client.FAILED, client.TOLD):  # as if nobody had noticed yet
            Path(note).unlink(missing_ok=True)
        assert client._ask(where) is None
        assert result() == [[0, 0]]
    assert f"of user {NOBODY}" in capsys.readouterr().err
    (folder_of(where) / client.SOCKET).unlink()
    folder_of(where).rmdir()
    process.communicate()


@needs_root
def test_names_in_another_network_mean_nothing(checkout, order):
    process, where = begun(STARTS.format(LIGHT))
    path = folder_of(where) / client.SOCKET

    def asks(ready: Callable, ends: int) -> list:
        if ctypes.CDLL(None).unshare(0x40000000):  # CLONE_NEWNET
            ready()
            return ["no other network here"]
        names = [f"\0aidaudit-{where}", f"\0{path}"]
        with somebody(impostor, names) as result:
            ready()
            return [client._ask(where), result()]

    with somebody(asks, user=os.getuid()) as result:
        said = result()
    process.communicate()
    assert gone(where)
    if said == ["no other network here"]:
        pytest.skip("this system lets nobody have a network of its own")
    assert said == [1, []]


def test_what_a_build_left_that_was_killed_is_cleared_by_the_next(checkout, monkeypatch):
    monkeypatch.setattr(warm.tempfile, "tempdir", str(checkout))
    left = warm._listening()
    left[0].close()
    assert (left[1] / client.SOCKET).is_socket()
    # A link that somebody put in place of the note is not followed.
    kept = Path(warm._KEPT)
    precious = checkout / "precious"
    precious.write_text(kept.read_text())
    kept.unlink()
    kept.symlink_to(precious)
    listener, _ = warm._listening()
    assert not left[1].exists()
    assert precious.read_text() == str(left[1])
    listener.close()
    # Nor does it clear what is no parent's.
    full = checkout / "full"
    full.mkdir()
    (full / client.SOCKET).write_text("a file")
    kept.write_text(str(full))
    listener, _ = warm._listening()
    assert (full / client.SOCKET).read_text() == "a file"
    listener.close()


def test_a_long_folder_for_temporary_files_does_no_harm(checkout, monkeypatch):
    long = checkout / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(warm.tempfile, "tempdir", str(long))
    listener, folder = warm._listening()
    assert not folder.is_relative_to(long)
    listener.close()
    warm._clear(folder)
    assert not folder.exists()


def test_why_a_parent_ended_is_written_through_no_link(checkout):
    precious = checkout / "precious"
    precious.write_text("mine")
    (checkout / ".snakemake").mkdir()
    Path(client.FAILED).symlink_to(precious)
    client.give_up(client.owner(), "it fell")
    assert precious.read_text() == "mine"
    assert client._note(client.FAILED) == (client.owner(), "it fell")


STRANGE = [
    "garbage", "-", "--", ":", " ", "-5-77:/tmp", "1:2:3", "1e3-0x5:/", "٣-٣:/tmp",
    "9" * 5000, "\udcff-\udcfe:\udcff", f"{os.getpid()}-:/tmp", f"{2**31}-1:/tmp",
    f"{os.getpid()}-{'9' * 5000}:/x",
]  # fmt: skip


# By number: one holds that of this process, and all workers have to see the same tests.
@pytest.mark.parametrize("value", STRANGE, ids=range(len(STRANGE)))
def test_what_is_no_address_and_no_process_is_passed_over(
    checkout, order, monkeypatch, capfd, value
):
    ran = []
    monkeypatch.setattr("nbtrail.cli.main", lambda: ran.append(os.umask(0o22)))
    monkeypatch.setattr(client, "_end_with", lambda _: pytest.fail("it belongs to nobody"))
    monkeypatch.setenv(client.ADDRESS, value)
    monkeypatch.setenv(client.OWNER, value.partition(":")[0])
    start_.main()
    assert len(ran) == 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("folder", ["", "/nowhere", "x" * 5000, "\udcff", "."])
def test_a_parent_that_is_not_where_it_is_said_to_be_is_told_in_a_line(
    checkout, order, capsys, folder
):
    assert client._ask(f"{client.owner()}:{folder}") is None
    assert capsys.readouterr().err.count("\n") == 1


def test_commands_write_nothing_that_everybody_could_change(checkout, order, monkeypatch):
    seen = []
    monkeypatch.setattr("nbtrail.cli.main", lambda: seen.append(os.umask(0o22)))
    monkeypatch.delenv(client.OWNER, raising=False)
    for given, kept in ((0o000, 0o002), (0o022, 0o022), (0o077, 0o077)):
        os.umask(given)
        start_.main()
        assert seen.pop() == kept
