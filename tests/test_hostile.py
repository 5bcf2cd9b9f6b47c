"""What hostile text and files could do, and cannot."""

import ast
import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from contextlib import suppress
from html import unescape
from pathlib import Path

import nbformat
import pypandoc
import pypdf
import pytest
import typst
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from papermill.translators import PythonTranslator

from aidaudit import config
from aidaudit.report import charts, test_runs
from nbtrail.base import files, plan, settings, workbooks
from nbtrail.base.errors import AuditError
from nbtrail.publish import generated, inert, report

ROOT = Path(__file__).parents[1]
CODE = sorted(path for folder in ("aidaudit", "nbtrail/src", "benchmarks")
              for path in (ROOT / folder).rglob("*.py"))  # fmt: skip
TABLES = sorted(
    path
    for folder in ("data", "figures", "docs", "config")
    for path in (ROOT / folder).rglob("*.csv")
)
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)",
    "**bold** _it_ `code` [a](http://x)", "{{number:x}}", "{=html}", "# heading", "| a | b |",
    "#import \"x\"", "#eval(1)", "$x^2$", "\\input{/etc/passwd}", "`rm -rf`{=typst}",
    "$(touch owned)", "`touch owned`", "; touch owned", "%s%n{0}", "=HYPERLINK(\"x\")", "@x",
    "a\\|b", "~~~\n# x\n~~~", "<!-- x -->", "[^1]: note", "&lt;b&gt;", "-- :: --",
]  # fmt: skip


# ---------------------------------------------------------------- spreadsheets


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_cell_of_any_table_is_a_formula_to_a_spreadsheet(path):
    number = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", re.IGNORECASE)
    with path.open(encoding="utf-8", newline="") as stream:
        for row, cells in enumerate(csv.reader(stream), 1):
            for cell in cells:
                assert not cell.startswith(("=", "@", "\t", "\r")), (row, cell)
                if cell.startswith(("+", "-")):
                    assert number.fullmatch(cell), (row, cell)


# ---------------------------------------------------------------- text


def rendered(text: str, to: str) -> str:
    """A table cell with a text in it, as the report renders it."""
    source = f"| a |\n|---|\n| {report.plain(text)} |\n"
    options = ["--from=markdown-tex_math_dollars-raw_tex"]
    return pypandoc.convert_text(source, to, format="markdown", extra_args=options[1:])


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_data_is_inert_in_the_report(text):
    tree = json.loads(rendered(text, "json"))
    kinds = set(re.findall(r'"t": ?"(\w+)"', json.dumps(tree)))
    assert not kinds & {"RawInline", "RawBlock", "Link", "Image", "Math", "Code", "CodeBlock",
                        "Header", "Strong", "Emph", "Note", "Span"}  # fmt: skip
    page = rendered(text, "html")
    assert "<script" not in page
    assert "<img" not in page
    # One row of one cell: nothing broke out of the table.
    assert page.count("<td") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_data_is_set_in_the_pdf_as_it_stands(text):
    pdf = typst.compile(rendered(text, "typst").encode(), format="pdf")
    (page,) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    found = "".join(page.extract_text().split())
    # Quotes and dashes are set as such.
    words = re.sub(r"[\"'-]+", "", "".join(text.split()))
    assert words in re.sub(r"[\"'\u2018-\u201d\u2013\u2014-]+", "", found)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_parameter_is_a_value_and_never_code(text):
    (assigned,) = ast.parse(PythonTranslator.codify({"label": text}).rstrip()).body
    assert ast.literal_eval(assigned.value) == text


# ---------------------------------------------------------------- shell


RULES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "rules").glob("*.smk")))


def test_rules_quote_everything_that_they_hand_to_a_shell():
    commands = re.findall(r'"[^"\n]*\{[^"\n]*"', RULES)
    shown = [
        text for text in commands if "aidaudit " in text or ":q}" in text or "-- {" in text
    ]
    assert len(shown) > RULES.count("shell:") > 0
    for text in shown:
        for field in re.findall(r"(?<!\{)\{([a-z][^{}]*)\}(?!\})", text):
            assert field.endswith(":q"), text


@pytest.mark.build
def test_a_config_value_reaches_no_shell(tmp_path):
    done = subprocess.run(
        ["snakemake", "--dry-run", "--config", f"variants=article;touch {tmp_path}/owned"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- code and files


def test_nothing_evaluates_text_or_unpickles():
    found = []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("eval", "exec", "os.system", "yaml.unsafe_load", "yaml.full_load"):
                    found.append((path.name, name))
                shell = [key for key in node.keywords if key.arg == "shell"]
                if shell:
                    found.append((path.name, ast.unparse(node)))
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "")]
                if {"pickle", "marshal", "shelve", "dill", "joblib"} & set(names):
                    found.append((path.name, names))
    assert found == []


def test_yaml_makes_no_objects(tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    for folder in ("data/raw", "envs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "Snakefile").touch()
    owned = tmp_path / "owned"
    text = f"minutes: !!python/object/apply:os.system ['touch {owned}']\n"
    (tmp_path / "config/limits.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(yaml.YAMLError):
        files.read_yaml("config/limits.yaml")
    settings.limits.cache_clear()
    with pytest.raises(AuditError, match=r"config/limits\.yaml"):
        settings.limits()
    settings.limits.cache_clear()
    assert not owned.exists()


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(tmp_path):
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (workbooks.MAX_UNPACKED + 1))
    assert bomb.stat().st_size < 1_000_000
    with pytest.raises(AuditError, match=r"bomb\.xlsx: the workbook unpacks to more"):
        workbooks.names(bomb)


@pytest.mark.parametrize("text", ["../../etc/passwd", "/etc/passwd", "a/../../b", "C:\\x"])
def test_names_that_lead_elsewhere_are_no_names(text):
    with pytest.raises(AuditError):
        config.variant(text)
    with pytest.raises(AuditError):
        plan.job(text, "F01")
    with pytest.raises(AuditError):
        plan.named(text)
    with pytest.raises(ValueError, match="should match pattern"):
        settings.Sweeps.model_validate({text: {}})


# ---------------------------------------------------------------- pages


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A checkout with what renders the report, a picture in it and a secret beside it."""
    root = tmp_path_factory.mktemp("around") / "project"
    (root / "report").mkdir(parents=True)
    for source in (ROOT / "report").glob("*.*"):
        if source.suffix in {".css", ".typ", ".lua", ".bib", ".theme"}:
            shutil.copy(source, root / "report")
    shutil.copy(ROOT / "report/template.html", root / "report")
    (root / "figures").mkdir()
    (root / "figures/a.svg").write_bytes(SVG)
    (root.parent / "secret.svg").write_bytes(SVG)
    (root.parent / "secret.txt").write_text("the secret")
    (root / "figures/linked.svg").symlink_to(root.parent / "secret.svg")
    (root / "figures/words.svg").write_text("words")
    return root


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5"/></svg>'
META = '---\ntitle: T\nlang: en\nabstract: ""\ndate-iso: 2026-01-01\n---\n\n'


def in_report(project, text, to="html"):
    """What the report becomes of a text, as words of the page or the PDF."""
    out = project / f"report/try.{to}"
    out.unlink(missing_ok=True)
    (report.to_html if to == "html" else report.to_pdf)(META + text, out, project)
    return out.read_text("utf-8") if to == "html" else out.read_bytes()


def in_notebook(project, tmp_path, *cells):
    """The page of a notebook with these cells; a string is Markdown, a dictionary an output."""
    made = []
    for number, cell in enumerate(cells):
        if isinstance(cell, str):
            made.append(new_markdown_cell(cell, id=f"c{number}"))
        else:
            outputs = [new_output("display_data", cell)]
            made.append(new_code_cell("show()", id=f"c{number}", outputs=outputs))
    place = project / "report/notebooks/all"
    place.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=made), place / "N.ipynb")
    report.notebook_pages([(place / "N.ipynb", tmp_path / "N.html")], project)
    return (tmp_path / "N.html").read_text("utf-8")


NO_LINKS = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "&#106;avascript:alert(1)",
    "java&#10;script:alert(1)", "&#1;javascript:alert(1)", "vbscript:x", "data:text/html,x",
    "file:///etc/passwd", "//example.org", "\\\\\\\\example.org", "blob:x", "ftp://example.org",
    "https:example.org", "#a>b",
]  # fmt: skip


@pytest.mark.parametrize("address", NO_LINKS)
def test_what_is_no_web_page_and_no_place_of_the_project_is_no_link(address):
    heard = unescape(address.replace("\\\\", "\\"))
    if not address.startswith("#"):
        assert not inert.leads(heard)
    assert "](" not in report.link("words", heard) or address.startswith("#")


@pytest.mark.parametrize(
    "address",
    ["https://a.org/b?c=d:e#f", "http://a.org", "#F01-a", "../figures/a.csv", "a:b"[:1]],
)
def test_what_leads_somewhere_is_a_link(address):
    assert inert.leads(address)
    assert report.link("words", address) == f"[words]({address})"


@pytest.mark.parametrize("to", ["html", "pdf"])
@pytest.mark.parametrize(
    "text",
    ["[x](<java&#10;script:alert(1)>)", "[x](//example.org)", '`#read("/secret.txt")`{=typst}',
     "```{=html}\n<b onclick=x>\n```"],
)  # fmt: skip
def test_the_report_refuses_links_and_raw_parts_and_names_them(project, text, to):
    with pytest.raises(AuditError, match=r"leads to no page|in the text"):
        in_report(project, f"Text.\n\n{text}\n", to)


def test_attributes_of_a_text_reach_neither_format(project):
    text = (
        '[a]{onclick="x()" style="color:red" title="kept"} <span onmouseover="x()">b</span>\n\n'
        '# Head {#head onclick="x()"}\n\n::: {.c typst:fill="red" onclick="x()"}\nd\n:::\n\n'
        '| a |\n|---|\n| [e]{onclick="x()"} |\n\n: Caption {#T1 onclick="x()" style="x"}\n'
    )
    page = in_report(project, text)
    assert not re.search(r"<[^>]*(onclick|onmouseover|color:red)", page.partition("<main")[2])
    assert 'title="kept"' in page
    assert in_report(project, text, "pdf").startswith(b"%PDF")


@pytest.mark.parametrize("to", ["html", "pdf"])
@pytest.mark.parametrize(
    "words",
    ["\\href{javascript:alert(1)}{here}", "\\url{javascript:alert(1)}",
     "\\includegraphics{../secret.svg}"],
)  # fmt: skip
def test_no_field_of_the_bibliography_acts_or_shows_a_file(project, words, to):
    bibliography = project / "report/bibliography.bib"
    kept = bibliography.read_text("utf-8")
    try:
        bibliography.write_text(f"@book{{b, title = {{{words}}}, year = {{2020}}}}", "utf-8")
        with pytest.raises(AuditError, match=r"leads to no page|from elsewhere|in the text"):
            in_report(project, "See @b.\n\n::: {#refs}\n:::\n", to)
    finally:
        bibliography.write_text(kept, "utf-8")


@pytest.mark.parametrize("command", ["input", "include", "lstinputlisting", "verbatiminput"])
def test_no_field_of_the_bibliography_reads_a_file(project, command):
    bibliography = project / "report/bibliography.bib"
    kept = bibliography.read_text("utf-8")
    try:
        words = f"Title \\{command}{{../secret.txt}} end"
        bibliography.write_text(f"@book{{b, title = {{{words}}}, year = {{2020}}}}", "utf-8")
        with suppress(AuditError):
            page = in_report(project, "See @b.\n\n::: {#refs}\n:::\n")
            assert "the secret" not in page
    finally:
        bibliography.write_text(kept, "utf-8")


OUTSIDE = [
    "../../../../secret.svg", "../../../../secret.txt", "../../../%2e%2e/secret.svg",
    "../../../figures/linked.svg", "../../../figures/words.svg", "%00.svg",
]  # fmt: skip


@pytest.mark.parametrize(
    "cell",
    [*(f"![a]({one})" for one in OUTSIDE), f'<img src="{OUTSIDE[0]}">',
     {"text/html": f'<img src="{OUTSIDE[1]}">'}, {"text/markdown": f"![a]({OUTSIDE[1]})"}],
)  # fmt: skip
def test_a_page_of_a_notebook_takes_only_pictures_of_the_project(project, tmp_path, cell):
    with pytest.raises(AuditError, match="picture"):
        in_notebook(project, tmp_path, cell)
    assert not list(tmp_path.glob("*.html"))


def test_an_address_of_the_machine_is_no_picture(project, tmp_path):
    page = in_notebook(
        project, tmp_path, "![words](/etc/hostname) ![more](file:///etc/hostname)",
        {"text/html": "<img src='file:///etc/hostname'>x"},
    )  # fmt: skip
    assert "<img" not in page
    assert "words" in page


def test_pictures_of_the_project_and_of_cells_are_in_the_page(project, tmp_path):
    page = in_notebook(
        project, tmp_path, "![a](../../../figures/a.svg)", {"image/svg+xml": SVG.decode()}
    )
    assert page.count("data:image/svg+xml;base64,") == 2


@pytest.mark.parametrize("address", ["../secret.svg", "figures/linked.svg", "figures/words.svg",
                                     "figures/%2e%2e/../../secret.svg", "/etc/hostname",
                                     "file:///etc/hostname"])  # fmt: skip
@pytest.mark.parametrize("to", ["html", "pdf"])
def test_the_report_takes_only_pictures_of_the_project(project, address, to):
    with pytest.raises(AuditError, match="picture"):
        in_report(project, f"![a]({address}){{alt=a}}", to)
    assert not (project / f"report/try.{to}").exists()


def test_typst_reads_nothing_but_the_pictures(project):
    template = project / "report/template.typ"
    kept = template.read_text("utf-8")
    try:
        (project / "words.txt").write_text("words")
        template.write_text(kept + '\n#read("/words.txt")\n', "utf-8")
        with pytest.raises(AuditError, match="typst cannot set"):
            in_report(project, "Text.", "pdf")
    finally:
        template.write_text(kept, "utf-8")


ACTIVE = [
    "<script>x()</script>", "<g onclick='x()'/>", "<a xlink:href='javascript:x()'/>",
    "<set attributeName='href' to=' java&#10;script:x()'/>", "<use href='data:text/html,x'/>",
    "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
    "<handler/>",
]  # fmt: skip


@pytest.mark.parametrize("part", ACTIVE)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_drawing_that_could_act_by_itself_is_no_picture(part, encoding):
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    drawing = f"{head}<svg {space}>{{}}</svg>"
    with pytest.raises(AuditError, match="could act"):
        inert.kind(drawing.format(part).encode(encoding), "a.md", "a.svg")
    assert (
        inert.kind(drawing.format("<g/>").encode(encoding), "a.md", "a.svg") == "image/svg+xml"
    )


@pytest.mark.parametrize(
    ("head", "inside"),
    [('<?xml-stylesheet href="data:text/xsl,x"?>', ""),
     ("<!DOCTYPE svg [<!ENTITY a '<script/>'>]>", "&a;"),
     ("<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'x()'>]>", "")],
)  # fmt: skip
def test_what_stands_before_a_drawing_cannot_act_either(head, inside):
    drawing = f'{head}<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>'
    with pytest.raises(AuditError, match="could act"):
        inert.kind(drawing.encode(), "a.md", "a.svg")


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7", b"GIF89a", b"<html/>", b"", b"\x89PNG", b"text"]
)
def test_only_png_jpeg_and_svg_are_pictures(content):
    with pytest.raises(AuditError, match="is none"):
        inert.kind(content, "a.md", "a.png")


def test_words_in_a_chart_cannot_act_in_its_drawing():
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    drawing = io.BytesIO()
    with rc_context(charts.RC):
        figure = Figure()
        axes = figure.subplots()
        words = "</text><script>alert(1)</script> --><script>alert(2)</script>"
        axes.set_title(words)
        axes.bar([words], [1], label=words, gid='"><script>alert(3)</script>')
        axes.legend()
        figure.savefig(drawing, format="svg", metadata={"Title": words, "Description": words})
    assert inert.kind(drawing.getvalue(), "a.md", "a.svg") == "image/svg+xml"


SCRIPTED = "<p>before</p>\n<script>alert(1)</script>\n<style>p{display:none}</style>"


@pytest.mark.parametrize(
    "around", ["{}", "<div>\n{}\n<table><tr><td>a</td></tr></table></div>"]
)
def test_no_script_or_style_of_an_output_is_in_the_page(project, tmp_path, around):
    # Within a box and before a table, pandoc keeps them as they stand.
    page = in_notebook(project, tmp_path, {"text/html": around.format(SCRIPTED)})
    main = page.partition("<main")[2]
    assert "before" in main
    assert "<script" not in main
    assert "<style" not in main


def test_no_attribute_of_a_cell_is_in_the_page(project, tmp_path):
    (project / "report/notebooks/all").mkdir(parents=True, exist_ok=True)
    path = project / "report/notebooks/all/M.ipynb"
    told = {"onclick": "x()", "style": "position:fixed"}
    cell = new_markdown_cell("# Head {onclick='x()'}\n\nText", id="c", metadata=told)
    nbformat.write(new_notebook(cells=[cell]), path)
    report.notebook_pages([(path, tmp_path / "M.html")], project)
    page = (tmp_path / "M.html").read_text("utf-8").partition("<main")[2]
    assert not re.search(r"<[^>]*(onclick|position:fixed)", page)


def test_the_policy_names_every_script_and_style_by_its_hash():
    script, style = "run()", "p { color: red }"
    page = f"<meta content='@policy@'><style>{style}</style><script>{script}</script>"
    page += '<table><tr><td style="text-align: left;">a</td></tr></table>'
    sealed = inert.sealed(page, "a.html", [script])
    told = sealed.partition("content='")[2].partition("'><style")[0]
    for text in (script, style, "text-align: left;"):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in told
    assert "'unsafe-inline'" not in told
    for name in ("default-src", "object-src", "connect-src", "base-uri", "form-action"):
        assert f"{name} 'none'" in told


@pytest.mark.parametrize(
    "part",
    ["<script>other()</script>", "<script type=module>other()</script>", "<script src=a.js>",
     "<p onclick='x()'>", "<p style='color: red'>", "<a href='javascript:x()'>", "<iframe>",
     "<base href=a>", "<object>", "<embed>", "<form>", "<svg>", "<math>", "<video>",
     "<meta http-equiv=refresh content=0>", "<link rel=stylesheet href=a>", "<img src=a.png>",
     "<img src='data:text/html,a'>", "<input type=image>", "<a ping=https://a.org>",
     "<style>@import 'a.css';</style>", "<img srcset=a.png>"],
)  # fmt: skip
def test_a_page_with_anything_else_is_not_written(part):
    with pytest.raises(AuditError, match="load or run something"):
        inert.sealed(f"<meta content='@policy@'>{part}", "a.html", ["run()"])


# ---------------------------------------------------------------- generated Markdown


@pytest.mark.parametrize("text", [*HOSTILE, "- a", "1. a", "::: a", "+ b", "(i) c", ": d"])
def test_text_of_data_begins_nothing_at_the_beginning_of_a_line(text):
    source = f"::: source\n{report.plain(text)}\n:::\n\nlast\n"
    options = "markdown-tex_math_dollars-raw_tex-smart"
    page = pypandoc.convert_text(source, "html", format=options, extra_args=["--wrap=none"])
    found = re.fullmatch(r'<div class="source">\n<p>(.*)</p>\n</div>\n<p>last</p>\n', page)
    assert unescape(found[1]) == " ".join(text.split())


@pytest.mark.parametrize(
    "text", [*HOSTILE, "$\\href{javascript:alert(1)}{x}$", "![a](http://x)"]
)
def test_generated_parts_of_readme_and_docs_show_text_as_text(text):
    one = {"fault": text, "rounds": 1, "seen": text, "left": 0, "resumed": text, "seeds": ["1"]}
    pages = [
        test_runs.faults_page([one]),
        generated.picture({"title": text, "alt": text}).partition("![")[2],
    ]
    for page in pages:
        tree = pypandoc.convert_text(page, "json", format="gfm+tex_math_dollars")
        last = json.loads(tree)["blocks"][-1]
        kinds = set(re.findall(r'"t": ?"(\w+)"', json.dumps(last)))
        assert not kinds & {"RawInline", "RawBlock", "Image", "Math", "Note", "Strong", "Emph"}
        assert "javascript:" not in re.findall(
            r'\["(javascript:[^"]*)", ""\]', json.dumps(last)
        )


def test_no_name_of_a_notebook_ends_a_box_of_the_chart():
    name = 'notebooks/a"]\n  click a href "javascript:alert(1)"\n```\n<script>.ipynb'
    job = {"rule": "a", "notebook": name, "inputs": [], "outputs": []}
    drawn = generated.diagram({"all/a": job}).splitlines()
    assert len(drawn) == 5
    assert re.fullmatch(r'  a\["a<br>[\w ./*×#;-]*"\]', drawn[3])
