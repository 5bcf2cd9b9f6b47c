"""What hostile text and files could do, and cannot."""

import ast
import csv
import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

import pypandoc
import pypdf
import pytest
import typst
import yaml
from papermill.translators import PythonTranslator

from aidaudit import config, files, plan, report
from aidaudit.errors import AuditError
from aidaudit.ingest.readers import workbooks

ROOT = Path(__file__).parents[1]
CODE = sorted(path for folder in ("aidaudit", "snakemake_logger_plugin_aidaudit", "benchmarks")
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
    config.limits.cache_clear()
    with pytest.raises(AuditError, match=r"config/limits\.yaml"):
        config.limits()
    config.limits.cache_clear()
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
        config.Sweeps.model_validate({text: {}})
