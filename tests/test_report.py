import json
import re
import shutil
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from pypdf import PdfReader

from aidaudit.report import claims_table, interactive_view
from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.publish import inert, report

REPOSITORY = Path(__file__).parents[1]

NUMBERS = {
    "article": {
        "headline.nato.usd": {
            "value": 220.4,
            "unit": "bn US$",
            "display": "220.4 bn US$",
            "job": "article/F01",
            "cell": 11,
            "is": {"file": "F01.csv", "row": {"donors": "nato"}, "column": "usd"},
        },
        "headline.all.usd": {
            "value": 278.1,
            "unit": "bn US$",
            "display": "278.1 bn US$",
            "job": "article/F01",
            "cell": 11,
            "from": ["F01.csv"],
        },
    },
    "latest": {
        "share.europe": {
            "value": 0.62,
            "unit": "%",
            "display": "62 %",
            "job": "latest/F16",
            "cell": 9,
            "from": [],
        }
    },
}

ABSTRACT = """The audit tests every checkable statement of the article [@article] against open
data. The headline holds only for all donors together, {{article:headline.all.usd}}; members of
the alliance gave {{article:headline.nato.usd}}.
"""

FIRST = """# Military support

The article puts the aid of NATO countries until February 2025 at a round figure. Read
literally, the Ukraine Support Tracker [@trebesch2024] gives {{article:headline.nato.usd}} for
members of the alliance and {{article:headline.all.usd}} for all donors, converted at reference
rates [@ecb_rates]. Releases 21 and 28 differ little; see [the figure](#F01-article) and
[claim MIL-2a](#claim-MIL-2a).

{{figure:F01:article}}

## Weapon systems

Deliveries began on 24 February 2022. Prices cost "$" and not mathematics: $ and $ stay. Where a
donor discloses no count, the interval widens, and the verdict follows from the interval and the
tolerance that was fixed beforehand. The Article 5 guarantee is not aid, and COVID-19 loans are
not counted. A fixed fact such as the [32]{.fixed} allies may be typed.

- Stated before the result is computed: reading, tolerance, reason.
- Computed: value, interval over the admissible definitions, verdict.

### Undisclosed counts

They are shown as such. Nothing is imputed, because an imputed count would look like a disclosed
one in every chart and table that is built on it.

{{figure:F02:latest}}
"""

SECOND = """# All claims {#claims}

The table gives each claim with its verdict; Europe's share is now {{latest:share.europe}}.

{{table:T01}}

# Data and methods

The specification curve follows @simonsohn2020; the workflow is run by Snakemake
[@snakemake2021] and papermill [@papermill], with rates by `ecb_month_average(2024)`.

{{table:T02}}

{{table:numbers}}

```python
rate = rates.loc[month, "usd"]  # 1.0825
```
"""

REASON = (
    "Members of the alliance at the time of each announcement gave less; only all donors "
    "together, converted at period-average rates, come within the tolerance."
)
CLAIMS = """
MIL-2|NATO countries gave about 280 bn US$ in total by February 2025.|280 bn US$|220.4 bn US$\
|198.2 – 231.7|not supported|not supported|F01-article
MIL-3|Javelin anti-tank missiles came mainly from the United States.|> 50 %|83 %|61 % – 97 %\
|supported|supported with qualification|F02-latest
MIL-4|Stingers reduced Russian air activity at low altitude.|fewer losses|−41 %|−60 % – −12 %\
|consistent, not causal|consistent, not causal|F02-latest
MIL-5|HIMARS launchers came from the US ¦ and *others*.|US only|39 of 42|\
|supported with qualification|supported with qualification|F01-article
MIL-7|Allied intelligence helped to sink the Moskva.||||not testable with open data\
|not testable with open data|
ECO-2|Ukraine's output fell sharply in the first year of the invasion.|< −10 %|−28.8 %|\
|supported|supported|F02-latest
ECO-3|Germany and France each invested billions in reconstructing energy and transport\
 infrastructure.|≥ 1 bn € each|1.9 and 0.4 bn €|0.3 – 2.2|not supported\
|supported with qualification|F01-article
MEM-3|The United States provides a significant share of allied military spending.|> 50 %|63.7 %\
|62.9 – 66.8 %|supported|supported|F01-article
LTS-2|Germany, France and the UK raised their military aid as US policy changed.|rise in all\
|2 of 3||supported with qualification|supported with qualification|F02-latest
"""


def a_claim(line: str) -> dict:
    locator, paraphrase, asserted, computed, interval, verdict, latest, anchor = line.split("|")
    return {
        "claim_id": f"{locator}a",
        "locator": locator,
        "paraphrase": paraphrase.replace("¦", "|"),
        "asserted": asserted,
        "computed": computed or float("nan"),
        "interval": interval or None,
        "judged_verdict": verdict,
        "verdicts": {"article": verdict, "literal": verdict, "latest": latest},
        "reason": REASON,
        "figure": anchor.partition("-")[0],
        "anchor": f"#{anchor}",
    }


ROWS = [a_claim(line) for line in CLAIMS.strip().splitlines()]

TABLES = {
    "T01": claims_table.claims_markdown(ROWS, "The claims, their values and verdicts (T01)"),
    "T02": """| Source | Table | Coverage | Licence | Retrieved | Rows |
|:--|:--|:--|:--|:--|--:|
| Kiel | activities | 2022–2025 | free with attribution | 2026-10-31 | 5,512 |
| ECB | euro reference rates | daily since 1999 | free with attribution | 2026-10-31 | 7,121 |
| IMF | World Economic Outlook | 1980–2030 | not read | 2026-10-31 | 2,040 |

: Sources of the data (T02) {#T02}""",
}


def a_figure(identifier: str, variant: str, title: str) -> report.Figure:
    files = {
        kind: f"figures/{variant}/{identifier}.{kind}" for kind in ("svg", "pdf", "png", "csv")
    }
    return report.Figure(
        id=identifier,
        variant=variant,
        title=title,
        caption="Source: Ukraine Support Tracker [@trebesch2024], release 21, to Dec 2024.",
        alt='Bars of "allocations" by reading; only all donors together reach the dotted line.',
        notebook=f"report/notebooks/{variant}/{identifier}.html",
        **files,
    )


FIGURES = {
    (f.id, f.variant): f
    for f in (
        a_figure("F01", "article", "Only all donors together reach the article's figure"),
        a_figure("F02", "latest", "Europe took over in the spring"),
    )
}


def draw(root: Path) -> None:
    """Two figures such as the notebooks draw."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    readings = ["NATO members", "with EU institutions", "all donors"]
    for figure in FIGURES.values():
        (root / figure.svg).parent.mkdir(parents=True, exist_ok=True)
        with rc_context({"svg.hashsalt": "aidaudit", "font.family": "DejaVu Sans"}):
            drawing = Figure(figsize=(7, 3.2), layout="constrained")
            axes = drawing.subplots()
            axes.barh(readings, [220.4, 259.9, 278.1], color=["#c3c9d0", "#c3c9d0", "#0B5FA5"])
            axes.axvline(280, color="#59636e", linestyle=":")
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.set_xlabel("bn US$")
            drawing.savefig(root / figure.svg, metadata={"Date": None})


def make_root(folder: Path) -> Path:
    """A checkout with the report's sources, two sections, an abstract and two figures."""
    sections = folder / "report" / "sections"
    sections.mkdir(parents=True)
    for source in (REPOSITORY / "report").iterdir():
        if source.suffix in {".html", ".css", ".typ", ".lua", ".bib", ".theme"}:
            shutil.copy(source, folder / "report")
    (folder / "report" / "abstract.md").write_text(ABSTRACT)
    (sections / "01-military.md").write_text(FIRST)
    (sections / "02-claims.md").write_text(SECOND)
    draw(folder)
    return folder


def markdown_of(root: Path) -> str:
    sections = sorted((root / "report" / "sections").glob("*.md"))
    texts = [path.read_text("utf-8") for path in (*sections, root / "report/abstract.md")]
    listed = report.numbers_markdown(report.cited(texts), NUMBERS, "All numbers")
    return report.assemble(
        sections,
        numbers=NUMBERS,
        figures=FIGURES,
        tables={**TABLES, "numbers": listed},
        title="NATO's support for Ukraine: an executable audit",
        subtitle="Every claim of a recent article, tested against open data",
        authors=["A. Author", "B. Author"],
        abstract=root / "report" / "abstract.md",
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make_root(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def page(root):
    report.to_html(markdown_of(root), root / "report/report.html", root)
    return (root / "report/report.html").read_text()


@pytest.fixture(scope="module")
def pdf(root):
    report.to_pdf(markdown_of(root), root / "report/report.pdf", root)
    return root / "report/report.pdf"


class Tags(HTMLParser):
    """All start tags of a page as (name, attributes)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))

    def named(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.all if tag == name]


def resolve(text: str) -> str:
    return report.resolve(text, "text.md", NUMBERS, FIGURES, TABLES)


# --- placeholders


def test_a_number_brings_its_key_and_source():
    text = resolve("About {{article:headline.nato.usd}} in all.")
    assert "220.4\u00a0bn\u00a0US\\$" in text
    one = paths.number_id("article", "headline.nato.usd")
    where = "usd where donors = nato in F01.csv, by cell 11 of article/F01"
    assert f'title="{one} · article:headline.nato.usd · {where}"' in text
    assert f"](#{one})" in text


def test_all_numbers_of_the_text_are_listed_by_their_ids():
    texts = ["{{article:headline.nato.usd}} {{figure:F01:article}} {{table:T01}}", "{{a:b}}"]
    names = report.cited(texts)
    assert set(names) == {"article:headline.nato.usd", "a:b"}
    assert report.cited(reversed(texts)) == names
    listed = report.numbers_markdown(names, NUMBERS, "All.")
    one = paths.number_id("article", "headline.nato.usd")
    assert f"[{one}]{{#{one}}} | 220.4 bn US" in listed
    assert paths.number_id("a", "b") not in listed


@pytest.mark.parametrize(
    ("text", "row", "column", "mend"),
    [
        ("one\n\nand {{article:headline.nato.us}}.", 3, "5", "'headline.nato.usd'"),
        ("{{artikle:headline.nato.usd}}", 1, "1", "'article'"),
        ("\n{{figure:F01:latest}}\n", 2, "1", "'F02:latest'"),
        ("text {{figure:F01:article}}", 1, "6", "line of its own"),
        ("\n\n{{table:T11}}", 3, "1", "T01, T02"),
        ("see {{headline}} there", 1, "5", "{{variant:key}}"),
        ("see {{article:headline.nato.usd} there", 1, "5", "{{variant:key}}"),
    ],
)
def test_what_cannot_be_resolved_is_told_with_its_place(text, row, column, mend):
    with pytest.raises(AuditError) as error:
        resolve(text)
    assert (error.value.row, error.value.column) == (row, column)
    assert mend in error.value.mend
    assert str(error.value).startswith(f"text.md, row {row}, column {column}: ")


def test_a_figure_placed_twice_is_refused(root, tmp_path):
    section = tmp_path / "twice.md"
    section.write_text("{{figure:F01:article}}\n\ntext\n\n{{figure:F01:article}}\n")
    with pytest.raises(AuditError, match="row 5") as error:
        report.assemble([section], numbers={}, figures=FIGURES, tables={}, title="T")
    assert "link to it" in error.value.mend


# --- typed numbers


@pytest.mark.parametrize(
    ("text", "found", "row"),
    [
        ("It gave 280 billion.", "280", 1),
        ("\nSome $280 bn.", "$280 bn", 2),
        ("A share of 62 %.", "62 %", 1),
        ("In 2022 they gave 1,934 tanks.", "1,934", 1),
        ("An index of 2022.5 points", "2022.5", 1),
        ("EUR9 bn", "9 bn", 1),
        ("## The 3 endings", "3", 1),
    ],
)
def test_typed_numbers_are_found(text, found, row):
    with pytest.raises(AuditError) as error:
        report.typed_numbers(text, "text.md")
    assert (error.value.found, error.value.row) == (found, row)


@pytest.mark.parametrize(
    "text",
    [
        "since 24 February 2022, until February 24, 2025, 2025–26 and the 1990s",
        "on 2022-02-24, from 24 to 28 February and in 2022-03",
        "F01, T01, MIL-2a, F01–F05, COVID-19, F-16, T-72 and Article 5; Articles 4 and 5",
        "release 21, releases 21 and 28, Releases 7, 13 and 16",
        "the [32]{.fixed} allies and `code[17]` and [text](https://a.b/12) {#sec-2}",
        "1. first\n2. second\n\n## 3.2 Title\n\nsee section 3.2",
        "{{article:headline.2024.usd}} [@snakemake2021, p. 12] and @imf_weo2025 [^1]",
        "```\n280\n```\n<!-- 280 -->\nhttps://example.org/280",
    ],
)
def test_what_may_have_digits(text):
    report.typed_numbers(text, "text.md")


def test_all_lines_with_typed_numbers_are_named():
    with pytest.raises(AuditError, match="more in lines 2, 4"):
        report.typed_numbers("12\n13 and 14\n\n15", "text.md")


# --- claims


def test_an_unknown_verdict_is_refused():
    with pytest.raises(AuditError, match="Did you mean 'not supported'"):
        claims_table.verdict_markdown("not suported")


def test_only_differing_variants_are_named():
    table = claims_table.claims_markdown(ROWS[:2], "Claims")
    assert "latest: supported with qualification" in table
    assert "literal:" not in table


def test_evidence_folds_out_on_the_page_and_is_not_on_paper(root):
    row = ROWS[0] | {
        "anchor": None,
        "evidence": ["literal | one: 5 %"],
        "why": "A rule.",
        "notebook": "n.html",
    }
    table = claims_table.claims_markdown([row], "Claims")
    text = f"---\ntitle: Claims\nlang: en\n---\n\n# Claims\n\n{table}\n"
    report.to_html(text, root / "report/e.html", root)
    page = (root / "report/e.html").read_text("utf-8")
    fold = page.split('<details class="evidence">')[1].split("</details>")[0]
    fold = " ".join(fold.split())
    assert "<summary>Evidence</summary>" in fold
    assert "<li>literal | one: 5 %</li>" in fold
    assert "<li>Rule: A rule.</li>" in fold
    assert 'href="n.html"' in fold
    report.to_pdf(text, root / "report/e.pdf", root)
    paper = "".join(sheet.extract_text() for sheet in PdfReader(root / "report/e.pdf").pages)
    assert "Rule" not in paper
    assert row["claim_id"] in paper


def test_a_view_has_words_in_its_place_and_an_unknown_one_is_told():
    of_all = ("s.md", {}, {}, {}, interactive_view.VIEWS)
    text = report.resolve("{{view:headline}}\n", *of_all)
    assert text.startswith("::: {#view-headline .view}")
    assert "F20" in text
    with pytest.raises(AuditError, match="no such view"):
        report.resolve("{{view:headlin}}\n", *of_all)
    with pytest.raises(AuditError, match="alone on its line"):
        report.resolve("Here {{view:headline}}\n", *of_all)


# --- HTML


def test_the_page_asks_for_nothing(page):
    assert inert.found_in(page, report.own_scripts(REPOSITORY)) == []
    policy = next(m["content"] for m in Tags(page).named("meta") if "http-equiv" in m)
    assert "default-src 'none'" in policy
    assert 'href="https://doi.org/10.1038/s41562-020-0912-z"' in page  # links are not requests


def test_figures_have_alternative_text_anchor_and_links(page):
    tags = Tags(page)
    pictures = tags.named("img")
    assert [p["alt"] for p in pictures] == [f.alt for f in FIGURES.values()]
    assert all(p["src"].startswith("data:image/svg+xml") for p in pictures)
    links = {a.get("href") for a in tags.named("a")}
    assert {"../figures/article/F01.csv", "notebooks/article/F01.html", "#F01-article"} <= links
    assert {"F01-article", "F02-latest"} <= {f.get("id") for f in tags.named("figure")}


def test_the_page_is_built_for_a_screen_reader(page):
    tags = Tags(page)
    names = [name for name, _ in tags.all]
    assert {"header", "nav", "main", "footer", "caption"} <= set(names)
    assert tags.named("html") == [{"lang": "en"}]
    assert 'class="skip" href="#content"' in page
    assert all(th.get("scope") for th in tags.named("th"))
    levels = [int(name[1]) for name in names if re.fullmatch(r"h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [a["id"] for _, a in tags.all if "id" in a]
    assert len(ids) == len(set(ids))
    fragments = {a["href"][1:] for a in tags.named("a") if a["href"].startswith("#")}
    assert fragments <= set(ids)


def test_claims_show_as_they_were_written(page):
    assert "the US | and *others*." in re.sub(r"\s+", " ", page)
    assert page.count('class="verdict') == len(ROWS)


def test_a_number_in_the_page_shows_its_source(page):
    spans = [s for s in Tags(page).named("span") if s.get("class") == "number"]
    assert spans[0]["data-key"] == "article:headline.all.usd"
    assert "computed in cell 11 of article/F01 from F01.csv" in spans[0]["title"]


def test_keys_can_be_copied_from_the_page_and_the_paper(page, pdf):
    assert "\u200b" not in page
    assert "article:<wbr>headline.<wbr>nato.<wbr>usd" in page
    paper = "".join(sheet.extract_text() for sheet in PdfReader(pdf).pages)
    assert "\u200b" not in paper
    # A line may break within it, and nothing else stands there.
    assert "article:headline.nato.usd" in paper.replace("\n", "")


@pytest.mark.parametrize("convert", [report.to_html, report.to_pdf])
def test_an_unresolved_citation_names_file_and_line(root, convert):
    section = root / "report/sections/01-military.md"
    section.write_text(FIRST.replace("@ecb_rates", "@ecb_rate"))
    out = root / "report" / "broken"
    try:
        with pytest.raises(AuditError) as error:
            convert(markdown_of(root), out, root)
    finally:
        section.write_text(FIRST)
    assert "01-military.md, row 6, column 8: citation not found" in str(error.value)
    assert "Did you mean 'ecb_rates'?" in error.value.mend
    assert not list((root / "report").glob("*broken*"))


@pytest.mark.parametrize("convert", [report.to_html, report.to_pdf])
def test_a_missing_picture_and_typed_html_are_refused(root, convert):
    markdown = markdown_of(root)
    missing = markdown.replace("figures/article/F01.svg", "figures/article/F09.svg")
    with pytest.raises(AuditError, match="F09"):
        convert(missing, root / "broken", root)
    with pytest.raises(AuditError, match="HTML in the text"):
        convert(markdown + "\n<img src='https://example.org/x.png'>\n", root / "broken", root)
    assert not list(root.glob("*broken*"))


def test_a_failure_leaves_the_last_report(root, page):
    before = (root / "report/report.html").read_bytes()
    with pytest.raises(AuditError):
        report.to_html("text [@nobody]", root / "report/report.html", root)
    assert (root / "report/report.html").read_bytes() == before


# --- PDF


def test_the_pdf_has_headings_links_and_title(pdf):
    reader = PdfReader(pdf)
    text = " ".join("".join(p.extract_text() for p in reader.pages).split())
    for words in ("1 Military support", "1.1 Weapon systems", "2 All claims", "References"):
        assert words in text
    assert "220.4 bn US$" in text.replace("\u00a0", " ")
    assert reader.metadata.title == "NATO's support for Ukraine: an executable audit"
    outline = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert "2 All claims" in outline
    assert all(
        h in text for h in ("supported with qualification", "not testable with open data")
    )


def test_the_pdf_is_tagged_and_its_fonts_are_embedded(pdf):
    reader = PdfReader(pdf)
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    fonts = [
        font.get_object()["/DescendantFonts"][0]["/FontDescriptor"]
        for p in reader.pages
        for font in p["/Resources"]["/Font"].values()
    ]
    assert all("/FontFile2" in f or "/FontFile3" in f for f in fonts)
    names = {f["/FontName"].partition("+")[2] for f in fonts}
    assert all(name.startswith(("LibertinusSerif", "DejaVuSans")) for name in names)


def test_a_header_that_would_lie_on_its_neighbour_is_refused(root):
    page = "---\ntitle: T\n---\n\n| Release | Held against | What |\n{}\n| 1 | 2 | {} |\n"
    cells, out = "a row that is wider than a line " * 4, root / "t.pdf"
    with pytest.raises(AuditError, match="'Held against' is wider than its column") as refused:
        report.to_pdf(page.format(f"|--:|--:|{'-' * 30}|", cells), out, root)
    assert "larger share" in str(refused.value)
    report.to_pdf(page.format(f"|---:|------:|{'-' * 30}|", cells), out, root)


def test_the_pdf_is_the_same_in_another_folder_later(pdf, tmp_path):
    time.sleep(1.1)
    other = make_root(tmp_path / "elsewhere")
    report.to_pdf(markdown_of(other), other / "report/report.pdf", other)
    assert (other / "report/report.pdf").read_bytes() == pdf.read_bytes()


def test_a_link_to_nowhere_is_refused(root):
    with pytest.raises(AuditError, match="F77-article"):
        report.to_pdf("---\ntitle: T\n---\n\nSee [F77](#F77-article).", root / "b.pdf", root)


# --- notebooks


def a_notebook(path: Path) -> Path:
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    frame = (
        '<div><style scoped>td{color:red}</style><table border="1" class="dataframe">'
        '<thead><tr style="text-align: right;"><th></th><th>donor</th><th>bn</th></tr></thead>'
        '<tbody><tr><th>0</th><td onclick="alert()">Poland</td><td>4.5</td></tr></tbody>'
        "</table></div>"
    )
    dot = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJ"
        "RU5ErkJggg=="
    )
    square = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect/></svg>'
    hostile = (
        '<script>alert(1)</script><img src="https://e.org/p.png"><p onclick="x()">kept</p>'
    )
    hostile += '<iframe src="https://e.org"></iframe><a href="javascript:x()">link</a>'
    outputs = [
        new_output("stream", name="stdout", text="one line\n"),
        new_output(
            "execute_result", {"text/html": frame, "text/plain": "frame"}, execution_count=1
        ),
        new_output("display_data", {"image/png": dot, "text/plain": "<Figure>"}),
        new_output("display_data", {"image/svg+xml": square, "text/plain": "<SVG>"}),
        new_output("display_data", {"text/html": hostile, "text/plain": "hostile"}),
        new_output("display_data", {"text/markdown": "It *rose*.", "text/plain": "md"}),
        new_output("display_data", {"application/javascript": "alert(2)", "text/plain": "js"}),
    ]
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# F01 · The headline\n\nWhat does it *say*? <script>x</script>"),
            new_code_cell("frame.head()  # <b>", outputs=outputs, execution_count=1),
        ]
    )
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(notebook, path)
    return path


def test_a_notebook_becomes_an_inert_page(root, tmp_path):
    report.notebook_pages([(a_notebook(tmp_path / "F01.ipynb"), tmp_path / "F01.html")], root)
    page = (tmp_path / "F01.html").read_text()
    tags = Tags(page)
    assert "<title>F01 · The headline</title>" in page
    assert any(a.get("href") == "../../report.html" for a in tags.named("a"))
    assert "Poland" in page
    assert tags.named("table")
    sources = [p["src"] for p in tags.named("img")]
    assert [s.partition(";")[0] for s in sources] == ["data:image/png", "data:image/svg+xml"]
    assert all(p["alt"] for p in tags.named("img"))
    assert inert.found_in(page) == []
    assert not tags.named("script")
    assert not tags.named("iframe")
    assert not [a for _, a in tags.all if any(name.startswith("on") for name in a)]
    assert "javascript:" not in page
    assert "kept" in page
    assert "<em>rose</em>" in page
    assert "one line" in page
    assert "frame" in page
    # Each output once, in its best form.
    for plain in ("Figure", "SVG", "hostile", "md", "frame</"):
        assert plain not in page.partition("</header>")[2], plain


def test_a_page_has_the_name_of_a_notebook_without_title_and_the_picture_beside_it(root):
    from nbformat.v4 import new_markdown_cell, new_notebook

    (root / "p.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    cell = new_markdown_cell("![a picture](p.svg)", id="cell-1")
    nbformat.write(new_notebook(cells=[cell]), root / "F99.ipynb")
    report.notebook_pages([(root / "F99.ipynb", root / "F99.html")], root)
    page = (root / "F99.html").read_text()
    assert "<title>F99</title>" in page
    assert [p["src"][:18] for p in Tags(page).named("img")] == ["data:image/svg+xml"]


def test_a_broken_notebook_is_told(root, tmp_path):
    (tmp_path / "broken.ipynb").write_text(json.dumps({"cells": 3}))
    with pytest.raises(AuditError, match="broken"):
        report.notebook_pages([(tmp_path / "broken.ipynb", tmp_path / "broken.html")], root)


@pytest.mark.parametrize(
    "text",
    [
        "<title><!--</title><img src='data:,' onerror='alert(1)'>--></title>",
        "<!-- --!><script>alert(1)</script> -->",
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[><script>alert(1)</script>]]>",
    ],
)
def test_what_a_browser_takes_for_elements_and_python_for_a_comment_is_found(text):
    assert inert.found_in(f"<p>a</p><!-- a comment -->{text}")
    assert not inert.found_in("<p>a</p><!-- a comment -->")
