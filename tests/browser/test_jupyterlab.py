"""JupyterLab as a person uses it: open, edit, run all, save; then git and the build look."""

import csv
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT = ("data/processed", "figures", "report", ".snakemake/metadata")
SOURCE = "notebooks/figures/F02.ipynb"
TOKEN = "of-this-test-alone"
READING = "Months after the last one are not filled in."
ROUNDED = "cumulative = cumulative.round(1)\nprint('rounded for this test')"
VARIANTS = ("article", "literal", "latest")
# What git is to commit of these: a line each.
LAST = (
    "Until early 2025 the United States was the largest single donor; what grew fastest after "
    "that were the EU institutions and European allies. The months are those of announcement, "
    "not of delivery."
)
READ_ON = [f'-"{LAST}"', f'+"{LAST} {READING}"']
ROUNDING = [
    '-"cumulative.tail(3).round(1)"',
    '+"cumulative.tail(3).round(1)\\n",',
    '+"cumulative = cumulative.round(1)\\n",',
    "+\"print('rounded for this test')\"",
]


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
        "PYTHONPATH": f"{root}:{root}/nbtrail/src",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A clone with what is built, and what is changed here but not committed yet."""
    root = tmp_path_factory.mktemp("lab") / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
    (root / ".venv").symlink_to((ROOT / ".venv").resolve())
    (root / ".git/info/exclude").write_text("/.venv\n")
    changes = run(ROOT, "git", "diff", "--no-ext-diff", "--binary", "HEAD")
    if changes:
        subprocess.run(["git", "apply"], cwd=root, input=changes, text=True, check=True)
        own = ("-c", "user.name=a", "-c", "user.email=a@b.c")
        run(root, "git", *own, "commit", "-q", "-a", "-m", "as it is here")
    for name in run(root, "git", "ls-files").splitlines():
        # As old as it is here, or what is built would seem older.
        shutil.copystat(ROOT / name, root / name)
    for folder in BUILT:
        for path in (ROOT / folder).rglob("*"):
            copy = root / path.relative_to(ROOT)
            if path.is_file() and not copy.exists():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
    run(root, "aidaudit", "setup-git")
    assert status(root) == ""
    assert planned(root) == []
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
            )  # fmt: skip
        servers.append(server)
        address = f"http://127.0.0.1:{port}/"
        wait(lambda: answers(f"{address}api/status?token={TOKEN}"), told=log.read_text)
        # Whoever listens to every address of the machine hears this one too.
        with (
            pytest.raises(ConnectionRefusedError),
            socket.create_connection(("127.0.0.2", port), 5),
        ):
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
            server.terminate()
            try:
                server.wait(30)
            finally:
                server.kill()


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait(until, pause=time.sleep, told=lambda: "", seconds=60):
    """Wait for something. Where a page is open it must go on meanwhile: its own pause."""
    for _ in range(seconds * 5):
        if until():
            return
        pause(0.2)
    raise AssertionError(f"waited for {seconds} seconds\n{told()}")


def goes_on(page):
    return lambda seconds: page.wait_for_timeout(1000 * seconds)


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
    last = page.locator(".jp-CodeCell .jp-InputPrompt").last
    wait(lambda: re.search(r"\d", last.text_content()), goes_on(page))
    idle(page)
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0


def save(page, path):
    before = path.stat().st_mtime_ns
    page.locator(".jp-Notebook").click(position={"x": 2, "y": 2})
    page.keyboard.press("Control+s")
    wait(lambda: path.stat().st_mtime_ns != before, goes_on(page))
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
    told = run(root, "snakemake", "-n", *targets)
    lines = re.findall(r"^Job \d+: (.*)$", told, re.MULTILINE)
    assert lines or "Nothing to be done" in told
    return sorted(set(lines))


def test_running_and_saving_shows_the_picture_and_changes_nothing(clone, lab):
    page = lab(SOURCE, "lab")
    run_all(page)
    assert picture(page) > 300
    save(page, clone / SOURCE)
    # It goes on to be shown, and is not written into the source.
    assert picture(page) > 300
    assert "image/png" not in (clone / SOURCE).read_text("utf-8")
    assert (clone / "scratch/figures/article/F02.svg").is_file()
    assert status(clone) == ""
    assert planned(clone) == []


def test_an_edited_cell_is_all_that_changes_and_the_build_follows_it(clone, lab):
    page = lab(SOURCE, "lab")
    append(page, "Until early 2025", f" {READING}")
    append(page, "figure_data.cumulative", f"\n{ROUNDED}")
    run_all(page)
    assert picture(page) > 300
    assert page.get_by_text("rounded for this test", exact=True).is_visible()
    save(page, clone / SOURCE)

    assert status(clone) == f" M {SOURCE}\n"
    assert changed(clone) == [*ROUNDING, *READ_ON]
    assert set(planned(clone)) >= {f"Draw F02 for {one} ({SOURCE})." for one in VARIANTS}
    others = [line for line in planned(clone) if line.startswith(("Draw", "Set", "Clean"))]
    assert [line for line in others if "F02" not in line] == []
    built = "figures/literal/F02.csv"
    assert planned(clone, built) == [f"Draw F02 for literal ({SOURCE})."]

    before = (clone / built).read_bytes()
    run(clone, "snakemake", built)
    assert (clone / built).read_bytes() != before
    with (clone / built).open(newline="", encoding="utf-8") as file:
        values = [row["cumulative_eur_bn"] for row in csv.DictReader(file)]
    assert all(float(value) == round(float(value), 1) for value in values)
    executed = (clone / "report/notebooks/literal/F02.ipynb").read_text("utf-8")
    assert "rounded for this test" in executed
    assert status(clone) == f" M {SOURCE}\n"


def test_a_working_copy_saves_its_cells_to_the_source_alone(clone, lab):
    copy = "scratch/edit/F02-literal.ipynb"
    page = lab(copy, "edit", "F02", "--variant", "literal")
    assert page.get_by_text("What the build injects for literal/F02").is_visible()
    append(page, "Until early 2025", f" {READING}")
    run_all(page)
    assert picture(page) > 300
    save(page, clone / copy)
    wait(lambda: READING in (clone / SOURCE).read_text("utf-8"), goes_on(page))
    assert "injects" not in (clone / SOURCE).read_text("utf-8")
    assert "image/png" not in (clone / SOURCE).read_text("utf-8")
    assert changed(clone) == READ_ON
    assert status(clone) == f" M {SOURCE}\n"
