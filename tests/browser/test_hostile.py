"""Pages full of hostile text, and files that were tampered with: nothing runs, all is text."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("report", "notebook", "diff")
# Fields that are known to reach a page; others are found by walking, and held to the same.
REPORT = {
    "figures.yaml → name", "claims.yaml → paraphrase", "claims.yaml → why", "config.yaml → why",
    "changed_rules.yaml → new_rule", "claims.csv → reason", "readings.csv → label",
    "numbers.json → display", "numbers.json → job", "datapackage.json → homepage",
    "datapackage.json → publisher", "datapackage.json → title", "plausibility.csv → reason",
    "faults.csv → seen", "perturbations.csv → example", "words.json → alt",
    "words.json → caption", "words.json → header", "words.json → rows", "words.json → title",
    "bibliography.bib → title", "bibliography.bib → author", "view.json → bind → labels",
}  # fmt: skip
WATCH = "window.ranWith = []; window.ran = number => window.ranWith.push(number ?? 'unnamed');"
TEXTS = """() => {
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    if (['SCRIPT', 'STYLE'].includes(one.tagName)) continue;
    for (const name of ['alt', 'title', 'aria-label']) found.push(one.getAttribute(name) ?? '');
  }
  for (const script of document.querySelectorAll('script')) script.remove();
  return [document.title, document.body.textContent, ...found];
}"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The folder of the pages."""
    out = tmp_path_factory.mktemp("hostile")
    python = ROOT / ".venv/bin/python"
    script = Path(__file__).with_name("hostile.py")
    done = subprocess.run([python, script, out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def bare(text):
    """In small letters, without blanks and quotes, which are set in other ways."""
    return re.sub(r"[\s\"'\u2018-\u201f]+", "", text).lower()


def shown(page, fields):
    """Fields of which the page has the marker, and those that it does not show as text."""
    reached, changed = set(), []
    whole = [bare(text) for text in page.evaluate(TEXTS)]
    for number, (field, text) in fields.items():
        wanted = bare(text)
        if field.startswith("bibliography"):  # where braces and backticks are marks, not text
            wanted = wanted.partition("[l]")[0]
        for place in whole:
            for begin in re.finditer(rf"zq{number}z", place):
                reached.add(field)
                told = place[begin.start() : begin.start() + len(wanted)]
                # Where room is short, the end is cut off.
                if told != wanted and not wanted.startswith(told.partition("…")[0]):
                    changed.append((field, told))
    return reached, changed


@pytest.mark.parametrize("policy", ["with its policy", "without its policy"])
@pytest.mark.parametrize("name", PAGES)
def test_text_of_any_field_is_shown_and_nothing_runs(visit, hostile, name, policy):
    url = (hostile / f"{name}.html").as_uri()
    page = visit(url, bypass_csp=policy.startswith("without"), init_script=WATCH)
    if name == "report":
        page.locator(".view svg").wait_for()
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.protocol)")
    assert set(links) <= {"http:", "https:", "file:"}
    assert page.locator("iframe, object, embed, form:not(.filter, .vega-bindings)").count() == 0
    assert (
        page.evaluate(
            "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
            ".filter(name => name.startsWith('on'))"
        )
        == []
    )
    assert page.locator("main, body").first.is_visible()
    for handler in ("mouseover", "click", "focus", "toggle", "load", "error"):
        page.evaluate(
            "type => document.querySelectorAll('body *').forEach("
            "e => e.tagName !== 'A' && e.dispatchEvent(new Event(type)))",
            handler,
        )
    assert page.evaluate("window.ranWith") == []
    fields = json.loads((hostile / "fields.json").read_text("utf-8"))
    reached, changed = shown(page, fields)
    if name == "report":
        assert reached >= REPORT
    if name == "diff":
        assert len([one for one in reached if one.startswith("diff → ")]) > 25
    if name != "notebook":  # what a cell shows as HTML or Markdown is a document
        assert changed == [], {field for field, _ in changed}


# What somebody could put into a finished page, or a hole in all that writes it would let in.
PUT_IN = """
<script>ran('script')</script><script type=module>ran('module')</script>
<script src=other.js></script><img src="data:image/png;base64,AA" onerror="ran('handler')">
<a id=link href="javascript:ran('link')">link</a>
<iframe srcdoc="<script>parent.ran('frame')</script>"></iframe><object data=other.html></object>
<form action=other.html><button id=send>send</button></form>
<style>main { opacity: .1 }</style><p id=styled style="position: fixed">styled</p>
<base href="https://example.org/">
"""
STOPPED = {
    "script-src", "style-src", "frame-src", "object-src", "form-action", "base-uri",
    "script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "default-src",
}  # fmt: skip
TELL = """window.told = [];
document.addEventListener('securitypolicyviolation', e => told.push(e.effectiveDirective));"""


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_stops_what_was_put_into_a_page(chromium, hostile, tmp_path, name):
    text = (hostile / f"{name}.html").read_text("utf-8")
    place = tmp_path / "page.html"
    place.write_text(text.replace("</header>", f"</header>{PUT_IN}", 1), "utf-8")
    (tmp_path / "other.js").write_text("ran('file')")
    (tmp_path / "other.html").write_text("<script>parent.ran('object')</script>other")
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(WATCH + TELL)
    page.goto(place.as_uri())
    page.locator("#link").dispatch_event("click")
    page.locator("#send").dispatch_event("click")
    for _ in range(600):
        if "form-action" in page.evaluate("told"):
            break
        page.wait_for_timeout(50)
    assert page.evaluate("ranWith") == []
    assert page.url == page.evaluate("document.baseURI") == place.as_uri()
    assert page.evaluate("getComputedStyle(document.querySelector('main')).opacity") == "1"
    assert page.evaluate("getComputedStyle(styled).position") == "static"
    told = set(page.evaluate("told"))
    assert told <= STOPPED
    assert {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr",
            "object-src", "base-uri", "form-action"} <= told  # fmt: skip
    context.close()
