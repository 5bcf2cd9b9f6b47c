"""Pages full of hostile text: `hostile.py FOLDER`, in the project's environment.

What the report reads is found by looking on while it is put together. In a copy of that, every
field of text (of tables, configuration, descriptors, words of figures, the bibliography, the
view) begins with a marker and what would act if it were read as anything but text. Writes
report.html, notebook.html and diff.html, and fields.json: number of the marker → field.
"""

import csv
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import types
import typing
from pathlib import Path

import yaml
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from aidaudit import config
from aidaudit.report import interactive_view, tables
from nbtrail.base import determinism, plan
from nbtrail.compare.diff import model
from nbtrail.compare.diff import render as telling
from nbtrail.compare.diff.expected import Split
from nbtrail.publish import report

ROOT = Path(__file__).parents[2]
# What decides which words come together, or is one of a few words that are known.
KEYS = re.compile(
    r"(verdict|verdicts|unit|kind|donors?|donor_group|fx_method|check|measure|part|section|test"
    r"|test_on|quantity|by|options|filter|datasets|config|schema|constraints|fields|clean|claims"
    r"|widths|grid|notebook|with|arguments|literal|nearest_to_words|reasons|rule|target)"
)
# These have no blank in them, and are text all the same.
TEXT = ("homepage", "job", "publisher", "old_verdict", "example", "resumed")
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAC"
    "hwGA60e6kgAAAABJRU5ErkJggg=="
)
HTML = """<div>
<script>ran()</script>
<style scoped>body { display: none }</style>
<table onclick=ran()><tr><td onclick=ran() style="background: url(x)">cell</td></tr></table>
<iframe srcdoc="<script>parent.ran()</script>"></iframe><base href="javascript:ran()//">
<form action="javascript:ran()"><button formaction="javascript:ran()">b</button></form>
<object data="x.html"></object><details open ontoggle=ran()>d</details>
<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>
<math href="javascript:ran()"><mtext>m</mtext></math><meta http-equiv=refresh content="0;url=x">
</div>"""
fields: dict[str, int] = {}


def hostile(field):
    """A marker and what would act, were it not text; JavaScript's `ran` is told its number."""
    number = fields.setdefault(field, len(fields))
    run = f"ran({number})"
    return (
        f"Zq{number}z<script>{run}</script><img src=x onerror={run}>[l](javascript:{run})"
        f'![i](x.html) `<svg onload={run}>`{{=html}} "onmouseover="{run}" | </td></table>'
        f'<a href="java&#10;script:{run}" style="position:fixed">k</a>'
        "<style>*{display:none}</style>"
    )


def words_of(value, place):
    """All texts of a document with where they stand; places of lists have no numbers."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from words_of(one, (*place, str(key)))
    elif isinstance(value, list):
        for one in value:
            yield from words_of(one, place)
    elif isinstance(value, str):
        yield place, value


def keyed(place):
    # A control begins with one of its options.
    return place[-2:] == ("params", "value") or any(
        KEYS.fullmatch(part.lstrip("$")) for part in place[1:]
    )


def field_of(place):
    """What places have in common, whatever entry they stand in. Marks have kinds of names."""
    return (place[0], *place[-2 if place[0] == "view.json" else -1 :])


def poisoned(value, place, chosen):
    if isinstance(value, dict):
        return {key: poisoned(one, (*place, str(key)), chosen) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, place, chosen) for one in value]
    if isinstance(value, str) and value and field_of(place) in chosen:
        return value if keyed(place) else f"{hostile(' → '.join(field_of(place)))} {value}"
    return value


def poison(document, kind):
    """The document with all its texts hostile: words, not names that something is found by."""
    chosen = {
        field_of(place)
        for place, value in words_of(document, (kind,))
        if not keyed(place) and (" " in value or place[-1] in TEXT)
    }
    return poisoned(document, (kind,), chosen)


def copy(source, target):
    """A copy of a file with its texts hostile."""
    target.parent.mkdir(parents=True, exist_ok=True)
    kind = "words.json" if re.fullmatch(r"[FTV]\d\d\.json", source.name) else source.name
    if source.suffix == ".json":
        target.write_text(json.dumps(poison(json.loads(source.read_text("utf-8")), kind)))
    elif source.suffix == ".yaml":
        whole = poison(yaml.safe_load(source.read_text("utf-8")), kind)
        target.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))
    elif source.suffix == ".csv":
        with source.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(poison(rows, kind))
    elif source.suffix == ".bib":
        # Braces are balanced; a bar and quotes mean nothing here.
        def entry(match):
            text = hostile(f"{kind} → {match[1].strip()}").replace("&#10;", "")
            return f"{match[1]}= {{{{{text}}} {match[2]}}},"

        names = r"^(\s*(?:title|institution|journal|publisher|author|note)\s*)=\s*\{(.*)\},$"
        target.write_text(re.sub(names, entry, source.read_text("utf-8"), flags=re.MULTILINE))
    else:
        shutil.copy2(source, target)


def text():
    chosen = list(config.config().variants)
    return tables.text(
        tables.numbers_of(chosen), tables.figures_of(chosen), tables.tables_of(chosen)
    )


def read_for_the_report():
    """Every file of the project from which the report is put together and rendered."""
    opened = set()

    def look(event, arguments):
        if event == "open" and isinstance(arguments[0], str | os.PathLike):
            path = Path(os.path.abspath(arguments[0]))  # noqa: PTH100 — resolving opens more
            if path.is_relative_to(ROOT):
                opened.add(path.relative_to(ROOT))

    sys.addaudithook(look)
    text()
    rendered = {Path(path) for path in plan.step("report", "html")[1]}
    kept = ("config", "data", "docs", "figures", "report")
    return sorted(p for p in opened | rendered if p.parts[0] in kept and (ROOT / p).is_file())


def notebook(path):
    """A notebook whose every text, name and output is hostile."""

    def told(field):
        # A picture that is not there would be refused, which is another test.
        return hostile(field).replace("src=x ", f"src={DOT} ").replace("![i](x.html)", "")

    mimes = ("text/html", "text/markdown", "text/plain", "text/latex", "application/json",
             "application/javascript", "application/vnd.custom+json")  # fmt: skip
    outputs = [new_output("display_data", {mime: told(f"output {mime}")}) for mime in mimes]
    outputs += [
        new_output("display_data", {"text/html": HTML}),
        new_output("stream", name="stdout", text=told("stream")),
        new_output(
            "error", ename=told("error's name"), evalue=told("error"), traceback=[told("trace")]
        ),
    ]
    cells = [
        new_markdown_cell(f"# {told('title')}"),
        new_markdown_cell(told("Markdown"), metadata={"onclick": "ran()", "style": "x"}),
        new_code_cell(told("code"), outputs=outputs),
        new_raw_cell(told("raw cell"), metadata={"format": "text/html"}),
    ]
    made = new_notebook(cells=cells)
    made.metadata = {
        "kernelspec": {"name": told("kernel"), "display_name": told("kernel's name")},
        "language_info": {"name": 'python" onclick="ran()'},
    }
    path.write_text(json.dumps(made))


def filled(kind, place):
    """A value of a type, with hostile text wherever it holds text."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return filled(next(one for one in inner if one is not type(None)), place)
    if origin in (tuple, frozenset):
        return origin([filled(inner[0], place)])
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        told = {one.name: filled(hints[one.name], f"{kind.__name__}.{one.name}")
                for one in dataclasses.fields(kind)}  # fmt: skip
        return kind(**{**told, **({"what": "changed"} if "what" in told else {})})
    return {str: hostile(f"diff → {place}"), bytes: hostile(f"diff → {place}").encode()}.get(
        kind, kind(1)
    )


def main(out):
    """Write the pages."""
    os.chdir(ROOT)
    root = out / "root"
    for path in read_for_the_report():
        copy(ROOT / path, root / path)
    shutil.copy2(ROOT / "Snakefile", root)
    part = filled(model.Difference, "Difference")
    split = Split(part, part, (hostile("diff → patterns"),), (hostile("diff → unmet"),))
    (out / "diff.html").write_text(telling.page(split), "utf-8")
    notebook(root / "report/hostile.ipynb")
    (out / "fields.json").write_text(
        json.dumps({number: [field, hostile(field)] for field, number in fields.items()})
    )
    # Another process: this one remembers the files as they were.
    subprocess.run([sys.executable, __file__, out, "--render"], cwd=root, check=True)


def render(out):
    """Put the hostile report together, and write it and the notebook's page."""
    root = determinism.root()
    report.to_html(text(), out / "report.html", root, views=interactive_view.drawn)
    report.notebook_pages([(root / "report/hostile.ipynb", out / "notebook.html")], root)


if __name__ == "__main__":
    (render if "--render" in sys.argv else main)(Path(sys.argv[1]).resolve())
