"""The report as a reader uses it: filter, evidence, the view, links, and who cannot see it."""

import csv
import re
from collections import Counter
from pathlib import Path

import axe_playwright_python
import pytest

ROOT = Path(__file__).parents[2]
REPORT = (ROOT / "report/report.html").as_uri()
NOTEBOOKS = ("literal/F02", "all/claims")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

every_size = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
every_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])


def rows_of(path):
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def report(visit):
    """Open the report and wait until its view is drawn."""

    def open_(size=SIZES["desktop"], at="", **options):
        page = visit(REPORT + at, size, **options)
        page.locator(".view svg").wait_for()
        return page

    return open_


# ---------------------------------------------------------------- the claims

CLAIMS = ".claims tbody tr"


def shown(page):
    return page.locator(f"{CLAIMS}:visible")


def verdicts(page):
    """What the shown rows say: claim → verdict."""
    ids = shown(page).locator("[id^=claim-]").all_inner_texts()
    said = [
        text.split(maxsplit=1)[1] for text in shown(page).locator(".verdict").all_inner_texts()
    ]
    return dict(zip(ids, said, strict=True))


def every_claim():
    return {row["claim_id"] for row in rows_of("figures/all/V01.csv")}


def told(page):
    return page.locator(".filter output").inner_text()


def control(page, name):
    return page.get_by_role("combobox", name=name, exact=True)


@every_size
def test_the_filter_shows_the_claims_of_a_verdict_and_tells_how_many(report, size):
    page = report(size)
    whole = verdicts(page)
    assert set(whole) == every_claim()
    for verdict, count in Counter(whole.values()).items():
        control(page, "Verdict").select_option(verdict)
        assert verdicts(page) == {one: said for one, said in whole.items() if said == verdict}
        assert told(page) == f"{count} of {len(whole)} claims"
    control(page, "Verdict").select_option("all")
    assert verdicts(page) == whole


@every_size
def test_verdict_section_and_text_narrow_the_claims_together(report, size):
    page = report(size)
    whole = verdicts(page)
    control(page, "Section").select_option("MIL")
    military = {one for one in whole if one.startswith("MIL-")}
    assert set(verdicts(page)) == military
    control(page, "Verdict").select_option("supported")
    both = {one for one in military if whole[one] == "supported"}
    assert set(verdicts(page)) == both != military
    page.get_by_role("searchbox", name="Text").fill("no such words")
    assert verdicts(page) == {}
    assert told(page) == f"0 of {len(whole)} claims"


def test_the_filter_is_used_with_the_keyboard_alone(report):
    page = report()
    control(page, "Verdict").focus()
    page.keyboard.press("ArrowDown")
    chosen = control(page, "Verdict").input_value()
    assert chosen
    assert 0 < shown(page).count() < page.locator(CLAIMS).count()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "Section"


def expanded(page, summary):
    """What a screen reader is told of the summary: open or not."""
    devtools = page.context.new_cdp_session(page)
    handle = summary.evaluate("s => { s.id = 'asked'; return s.id }")
    node = devtools.send("DOM.getDocument")["root"]["nodeId"]
    node = devtools.send("DOM.querySelector", {"nodeId": node, "selector": f"#{handle}"})
    (told, *_) = devtools.send(
        "Accessibility.getPartialAXTree", {"nodeId": node["nodeId"], "fetchRelatives": False}
    )["nodes"]
    summary.evaluate("s => s.removeAttribute('id')")
    (value,) = [
        one["value"]["value"] for one in told["properties"] if one["name"] == "expanded"
    ]
    return value


@every_size
def test_evidence_opens_by_click_and_by_key_and_says_so(report, size):
    page = report(size)
    summary = page.locator(".claims .evidence summary").first
    evidence = page.locator(".claims .evidence li").first
    assert not evidence.is_visible()
    assert expanded(page, summary) is False
    summary.click()
    assert evidence.is_visible()
    assert expanded(page, summary) is True
    for key, is_open in (("Enter", False), ("Space", True)):
        summary.press(key)
        assert evidence.is_visible() is is_open
        assert expanded(page, summary) is is_open


def test_all_evidence_opens_and_closes_at_once(report):
    page = report()
    page.get_by_role("button", name="Open all evidence").click()
    assert page.locator(".claims details:not([open])").count() == 0
    page.get_by_role("button", name="Close all evidence").click()
    assert page.locator(".claims details[open]").count() == 0


# ---------------------------------------------------------------- the interactive view


def value_of(choices):
    """The total of a specification; None where the release cannot answer it."""
    for row in rows_of("data/processed/all/specifications.csv"):
        if all(row[name] == value for name, value in choices.items()):
            return float(row["value_usd_bn"])
    return None


def choices_in(page):
    """What stands in the view's controls: choice → option, as in the table."""
    controls = page.locator(".view select")
    return {
        one.get_attribute("name"): one.input_value()
        for one in (controls.nth(number) for number in range(controls.count()))
    }


def bar(page):
    return page.locator(".view .layer_1_marks path").first.bounding_box()["width"]


@every_size
def test_the_view_tells_and_draws_the_total_of_what_is_chosen(report, size):
    page = report(size)
    words = page.locator(".view output")
    at_first, before = bar(page), words.inner_text()
    assert before.startswith(f"{value_of(choices_in(page)):.1f} bn US$")

    # With the keyboard: to the control, and one option up.
    control(page, "Donors").focus()
    page.keyboard.press("ArrowUp")
    assert choices_in(page)["donors"] != "nato"
    value = value_of(choices_in(page))
    assert words.inner_text().startswith(f"{value:.1f} bn US$")
    assert words.inner_text() != before
    assert (bar(page) > at_first) == (value > float(before.split()[0]))

    # With the mouse.
    control(page, "Donors").select_option("NATO members")
    assert words.inner_text() == before
    assert bar(page) == pytest.approx(at_first, abs=0.5)


def test_the_view_says_where_a_release_has_no_answer(report):
    page = report()
    control(page, "Release").select_option("7")
    assert value_of(choices_in(page)) is None
    assert "cannot answer" in page.locator(".view output").inner_text()


def test_the_view_takes_the_width_that_there_is(report):
    page = report()
    wide = page.locator(".view svg").bounding_box()["width"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("document.querySelector('.view svg').clientWidth < 350")
    assert wide > 700


# ---------------------------------------------------------------- links and layout


@every_size
@pytest.mark.parametrize("anchor", ["F01-article", "T03-all", "claim-MIL-2a", "references"])
def test_a_link_from_elsewhere_lands_at_its_place(report, size, anchor):
    page = report(size, f"#{anchor}", reduced_motion="reduce")
    place = page.evaluate("id => document.getElementById(id).getBoundingClientRect()", anchor)
    assert -1 <= place["top"] < size[1] / 2


def test_every_link_leads_somewhere(report):
    page = report()
    lost = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href'))"
        ".filter(href => !document.getElementById(decodeURIComponent(href.slice(1))))"
    )
    assert lost == []
    files = page.evaluate(
        "[...document.querySelectorAll('a[href]')].map(a => a.href)"
        ".filter(href => href.startsWith('file:'))"
    )
    paths = {Path(re.sub("^file://|#.*", "", file).replace("%20", " ")) for file in files}
    assert [str(path) for path in sorted(paths) if not path.exists()] == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(report, width):
    page = report((width, 844))
    page.get_by_role("button", name="Open all evidence").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_captions_and_words_in_pictures_can_be_read_on_a_phone(report):
    page = report(SIZES["phone"])
    for caption in page.locator(".scroll caption > span").all():
        box = caption.bounding_box()
        assert box["x"] + box["width"] <= 390
    assert page.locator("#F01-article img").bounding_box()["width"] > 500


def test_the_contents_fold_on_a_phone_and_stand_beside_the_text_on_a_wide_screen(report):
    page = report(SIZES["phone"])
    contents = page.locator(".contents details")
    assert contents.get_attribute("open") is None
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator(".contents details[open]").wait_for()


def test_the_first_key_skips_to_the_text(report):
    page = report()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")


def test_dark_and_still_for_those_who_ask_for_it(report):
    def colours(page):
        style = "(({backgroundColor, color}) => [backgroundColor, color])"
        told = page.evaluate(f"{style}(getComputedStyle(document.body))")
        return [sum(map(int, re.findall(r"\d+", one)[:3])) for one in told]

    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    light = report(color_scheme="light", reduced_motion="no-preference")
    paper, ink = colours(light)
    assert paper > ink
    assert light.evaluate(behaviour) == "smooth"
    dark = report(color_scheme="dark", reduced_motion="reduce")
    paper, ink = colours(dark)
    assert paper < ink
    assert dark.evaluate(behaviour) == "auto"


def test_on_paper_there_are_all_claims_and_no_controls(report):
    page = report((700, 1000), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="light")
    for control in (".filter", ".skip", "body > footer"):
        assert not page.locator(control).first.is_visible()
    assert set(verdicts(page)) == every_claim()
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )


# ---------------------------------------------------------------- accessibility


def findings(page):
    """Violations of the rules, a line each: impact, rule, how often, where first."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # Listing what passes would take longer than all else.
    asked = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    return [
        f"{found['impact']}: {found['id']}, {len(found['nodes'])} times, first at "
        f"{found['nodes'][0]['target'][0]}: {found['help']}"
        for found in page.evaluate("asked => axe.run(asked)", asked)["violations"]
    ]


def nothing_serious(page, tell, where):
    found = findings(page)
    for one in found:
        tell(f"accessibility of {where}: {one}")
    assert [one for one in found if one.startswith(("serious", "critical"))] == []


@every_size
@every_scheme
def test_the_report_is_accessible_with_all_that_unfolds_open(report, tell, size, scheme):
    page = report(size, color_scheme=scheme)
    page.get_by_role("button", name="Open all evidence").click()
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    nothing_serious(page, tell, f"the report, {size[0]} wide, {scheme}")


@every_size
@every_scheme
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_an_executed_notebook_is_accessible(visit, tell, size, scheme, name):
    url = (ROOT / f"report/notebooks/{name}.html").as_uri()
    page = visit(url, size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    nothing_serious(page, tell, f"{name}, {size[0]} wide, {scheme}")


def test_the_check_finds_what_is_wrong(visit):
    page = visit((ROOT / "report/notebooks/literal/F02.html").as_uri())
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any(one.startswith("serious: html-has-lang, 1 times") for one in findings(page))
