"""JupyterLab as a person uses it: open, edit, run all, save; then git and the build look."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ("data/processed", "figures", "report")
SOURCE = "notebooks/figures/F02.ipynb"
TOKEN = "of-this-test-alone"
READING = "Months after the last one are not filled in."
ROUNDED = "cumulative = cumulative.round(1)\nprint('rounded for this test')"


def run(root, *command):
    """The output of a command of the environment, in a clone and with its package."""
    done = subprocess.run(
        command, cwd=root, env=environment(root), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + (done.stderr if command[0] == "snakemake" else "")


def environment(root):
    """That of the clone. Settings of whoever runs the tests are neither read nor changed."""
    own = root.parent / "home"
    return {
        **{key: text for key, text in os.environ.items() if not key.startswith("JUPYTER")},
        "HOME": str(own),
        "IPYTHONDIR": str(own / "ipython"),
        "PATH": f"{root / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(root),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def commit(root):
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    run(root, "git", *own, "commit", "-q", "-a", "--allow-empty", "-m", "as it is here")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A clone with what is built, and what is changed here but not committed yet."""
    root = tmp_path_factory.mktemp("lab") / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
    (root / ".venv").symlink_to((ROOT / ".venv").resolve())
    (root / ".git/info/exclude").write_text("/.venv\n")
    changes = subprocess.run(
        ["git", "diff", "--no-ext-diff", "--binary", "HEAD"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    if changes:
        subprocess.run(["git", "apply"], cwd=root, input=changes, check=True)
    run(root, "aidaudit", "setup-git")
    commit(root)
    for folder in BUILT:
        shutil.copytree(
            ROOT / folder, root / folder, dirs_exist_ok=True,
            ignore=lambda at, names, root=root: [
                name for name in names
                if (root / Path(at, name).relative_to(ROOT)).is_file()
            ],
        )  # fmt: skip
    # A copy is as fresh as what it was copied from.
    run(root, "snakemake", "--touch")
    assert status(root) == ""
    return root


@pytest.fixture
def clone(whole):
    """The clone, left as it was found."""
    yield whole
    run(whole, "git", "checkout", "-q", "--", "notebooks")
    shutil.rmtree(whole / "scratch", ignore_errors=True)


@pytest.fixture
def lab(clone, visit):
    """Start JupyterLab by a command of the project, and open a notebook in Chromium."""
    servers = []

    def open_(notebook, *command):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        root = ["--allow-root"] if os.geteuid() == 0 else []
        log = clone.parent / "jupyterlab.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                [
                    *("aidaudit", *command, "--no-browser", *root),
                    *(f"--port={port}", "--ServerApp.port_retries=0"),
                    f"--IdentityProvider.token={TOKEN}",
                    "--LabApp.extension_manager=readonly",
                ],
                cwd=clone, env=environment(clone), stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        servers.append(server)
        address = f"http://127.0.0.1:{port}/"
        wait(lambda: answers(f"{address}api/status?token={TOKEN}"), lambda: log.read_text())
        # Whoever listens to every address of the machine hears this one too.
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), 5):
            pass
        # Where it would have opened a browser, but for the token.
        page = visit(f"{address}lab?token={TOKEN}", own=address)
        if notebook:
            page.goto(f"{address}lab/tree/{notebook}?reset")
        page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
        idle(page)
        return page

    try:
        yield open_
    finally:
        for server in servers:
            # It ends its kernels before itself.
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait(until, told=lambda: "", seconds=90):
    for _ in range(seconds * 5):
        if until():
            return
        time.sleep(0.2)
    raise AssertionError(f"waited for {seconds} seconds\n{told()}")


# ---------------------------------------------------------------- what a person does


def idle(page):
    page.get_by_text(re.compile(r"\| Idle$")).wait_for(timeout=60_000)


def append(page, shown, text):
    """Open the cell that shows this text, go to its end and type."""
    cell = page.locator(".jp-Notebook .jp-Cell", has_text=shown).first
    cell.scroll_into_view_if_needed()
    if "jp-MarkdownCell" in cell.get_attribute("class"):
        cell.locator(".jp-RenderedMarkdown").dblclick()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def run_all(page):
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
    wait(lambda: all(re.search(r"\d", text) for text in prompts.all_inner_texts()))
    idle(page)
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0


def save(page, path):
    before = path.stat().st_mtime_ns
    page.locator(".jp-Notebook").click(position={"x": 2, "y": 2})
    page.keyboard.press("Control+s")
    wait(lambda: path.stat().st_mtime_ns != before)
    page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty").wait_for(state="detached")


def picture(page):
    """The picture that the last cell shows, as it is drawn: its width."""
    image = page.locator(".jp-OutputArea-output img").last
    image.scroll_into_view_if_needed()
    return image.evaluate("one => one.complete && one.naturalWidth")


# ---------------------------------------------------------------- what git and the build see


def status(root):
    return run(root, "git", "status", "--porcelain")


def changed(root):
    """Lines that git would commit: with their sign, without the indentation of JSON."""
    lines = run(root, "git", "diff", "--no-ext-diff", "-U0").splitlines()
    body = [line for line in lines if re.match(r"[+-](?![+-]{2} )", line)]
    return [line[0] + line[1:].strip() for line in body]


def planned(root, *targets):
    """What a dry run would do, a line each."""
    told = run(root, "snakemake", "-n", *targets).partition("Job stats:")[0]
    return re.findall(r"^Job \d+: (.*)$", told, re.MULTILINE)


def test_running_and_saving_shows_the_picture_and_changes_nothing(clone, lab):
    page = lab(SOURCE, "lab")
    run_all(page)
    assert picture(page) > 300
    save(page, clone / SOURCE)
    assert "image/png" in (clone / SOURCE).read_text("utf-8")
    assert (clone / "scratch/figures/article/F02.svg").is_file()
    assert status(clone) == ""
    assert planned(clone) == []


def test_an_edited_cell_is_all_that_changes_and_the_build_follows_it(clone, lab):
    page = lab(SOURCE, "lab")
    append(page, "Until early 2025", f" {READING}")
    append(page, "views.cumulative", f"\n{ROUNDED}")
    run_all(page)
    assert picture(page) > 300
    assert page.get_by_text("rounded for this test", exact=True).is_visible()
    save(page, clone / SOURCE)

    assert status(clone) == f" M {SOURCE}\n"
    lines = changed(clone)
    print(lines)
    assert len(lines) == 6
    whole = planned(clone)
    print(whole)
    assert planned(clone, "figures/literal/F02.csv") == [
        "Draw F02 for literal (notebooks/figures/F02.ipynb)."
    ]


def test_a_working_copy_saves_its_cells_to_the_source_alone(clone, lab):
    copy = "scratch/edit/F02-literal.ipynb"
    page = lab(copy, "edit", "F02", "--variant", "literal")
    assert page.get_by_text("What the build injects for literal/F02").is_visible()
    append(page, "Until early 2025", f" {READING}")
    run_all(page)
    assert picture(page) > 300
    save(page, clone / copy)
    wait(lambda: READING in (clone / SOURCE).read_text("utf-8"))
    assert "injects" not in (clone / SOURCE).read_text("utf-8")
    assert "image/png" not in (clone / SOURCE).read_text("utf-8")
    print(changed(clone))
    assert status(clone) == f" M {SOURCE}\n"
