"""Chromium for the tests of this folder: a page that may fetch nothing but what is under test.

`make test-browser` runs them, in the environment of envs/browser.txt. What a page logs as an
error or asks of any other address fails the test; a test that fails leaves a screenshot.
"""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "logs/browser"
DESKTOP, PHONE = (1280, 900), (390, 844)
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OPEN = pytest.StashKey[list]()
TOLD = pytest.StashKey[set]()


def pytest_configure(config):
    config.stash[OPEN], config.stash[TOLD] = [], set()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed or call.when == "teardown":
        return
    for number, page in enumerate(item.config.stash[OPEN]):
        name = "".join(letter if letter.isalnum() else "-" for letter in item.name)
        path = SHOTS / f"{name}-{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path)
        report.sections.append(("screenshot", str(path)))


def pytest_terminal_summary(terminalreporter, config):
    for line in sorted(config.stash[TOLD]):
        terminalreporter.write_line(line)


@pytest.fixture
def tell(request):
    """Say something in the summary that is no failure."""
    return request.config.stash[TOLD].add


@pytest.fixture(scope="session")
def chromium():
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert found, "no Chromium on this machine (Debian: apt-get install chromium)"
    # Chromium's own sandbox refuses to run as root.
    options = (*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else []))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, request):
    """Open an address: `visit(url, size)`. Nothing is let through that starts unlike `own`.

    init_script: runs before anything of the page. Further arguments are those of a browser
    context. Files are read with the network off.
    """
    pages, contexts, wrong = request.config.stash[OPEN], [], []

    def open_(url, size=DESKTOP, own=None, init_script="", **options):
        own = own or url.partition("#")[0]
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            offline=url.startswith("file:"),
            **options,
        )
        contexts.append(context)

        def only_own(route):
            if route.request.url.startswith(own):
                route.continue_()
            else:
                wrong.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", only_own)
        page = context.new_page()
        page.set_default_navigation_timeout(
            120_000
        )  # a busy machine takes long, and is no fault
        if init_script:
            page.add_init_script(init_script)
        page.on(
            "console",
            lambda said: said.type == "error" and wrong.append(f"{said.text} {said.location}"),
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda one: (wrong.append(f"dialog: {one.message}"), one.dismiss()))
        page.goto(url)
        pages.append(page)
        return page

    try:
        yield open_
        assert wrong == []
    finally:
        pages.clear()
        for context in contexts:
            context.close()
