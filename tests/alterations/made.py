"""A small build of every kind of file that `aidaudit check` knows, and its archive."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import matplotlib.pyplot as plt
import pypdf
import pypdf.annotations
from pypdf.generic import DictionaryObject, NameObject, NumberObject, TextStringObject

from nbtrail.base import paths
from nbtrail.compare import authenticity

TABLE = "month,value_eur_bn,code,note\n" + "".join(
    f"2022-{m:02d},{m * 1.25},{m:03d},of {'=' if m == 3 else ''}group {m % 4}\n"
    for m in range(1, 13)
)
PAGE = (
    """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Report</title>
<script>
let shown = 1; // a line
document.title = "Report";
</script>
</head>
<body>
<h1>What was given</h1>
<pre>
1.0  2.0
3.0  4.0
</pre>
<p><a href="https://example.org/source">source</a></p>
"""
    + "".join(f"<p>Sentence {n} says {n * 1.5} bn.</p>\n" for n in range(30))
    + "</body></html>\n"
)


def figure(folder: Path, name: str, values: list[float], kind: str) -> list[str]:
    """A chart as PNG, PDF and SVG with its id in its metadata; the paths."""
    fig, ax = plt.subplots(figsize=(4, 2.5))
    getattr(ax, kind)(range(len(values)), values, color="#0B5FA5")
    ax.set_title(f"Chart {name}: 280 bn")
    line = f"aidaudit-id={name}; aidaudit-version=0.1.0; aidaudit-made-from=abc"
    about = {
        "png": {"aidaudit-id": name, "aidaudit-version": "0.1.0"},
        "pdf": {"Keywords": line, "CreationDate": None},
        "svg": {"Keywords": [line], "Date": None},
    }
    made = []
    for suffix, metadata in about.items():
        where = paths.figure(*name.split("-"))[suffix]
        (folder / where).parent.mkdir(parents=True, exist_ok=True)
        fig.savefig(folder / where, format=suffix, metadata=metadata)
        made.append(where)
    plt.close(fig)
    return made


def document(pages: list[bytes]) -> bytes:
    """A PDF of some pages with links within it and out of it, places and an outline."""
    writer = pypdf.PdfWriter()
    for page in pages:
        writer.add_page(pypdf.PdfReader(io.BytesIO(page)).pages[0])
    for number in range(len(pages)):
        box, target = (20, 20, 90, 40), (number + 1) % len(pages)
        writer.add_annotation(
            number, pypdf.annotations.Link(rect=box, target_page_index=target)
        )
        box = (100, 20, 200, 40)
        writer.add_annotation(
            number, pypdf.annotations.Link(rect=box, url=f"https://example.org/{number}")
        )
        writer.add_named_destination(f"figure-{number}", number)
        writer.add_outline_item(title=f"Figure {number}", page_number=number)
    writer.metadata = {"/Keywords": "aidaudit-id=report"}
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    shades = DictionaryObject({NameObject("/ca"): NumberObject(1)})
    resources = writer.pages[0]["/Resources"].get_object()
    shade = NameObject("/ExtGState")
    resources[shade] = DictionaryObject({**resources.get(shade, {}), NameObject("/G9"): shades})
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def notebook() -> dict:
    """An executed notebook: text, code, a number and a table."""
    outputs = [
        {
            "output_type": "stream", "name": "stdout", "text": ["total 280.0\n"],
        },
        {
            "output_type": "display_data", "metadata": {},
            "data": {"text/html": ["<b>280</b>"], "text/plain": ["280"]},
        },
    ]  # fmt: skip
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# How much?"]},
        {
            "cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1,
            "source": ["total = 280.0\n", "print('total', total)"], "outputs": outputs,
        },
        {
            "cell_type": "code", "id": "c", "metadata": {}, "execution_count": 2,
            "source": ["total"], "outputs": [],
        },
    ]  # fmt: skip
    about = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def build(folder: Path) -> dict[str, str]:
    """Write the build; kind of file → path of the one to alter."""
    made = figure(folder, "F01-article", [1, 4, 2, 5, 3], "bar")
    made += figure(folder, "F02-article", [5, 1, 1, 4, 4], "plot")
    pages = [(folder / path).read_bytes() for path in made if path.endswith(".pdf")]
    numbers = {f"key.{n}": {"value": n / 8, "of": [n, None], "unit": "%"} for n in range(20)}
    numbers["empty"] = {"none": {}, "nothing": [], "whole": 1.0, "said": True, "count": 7}
    others = {
        "data/processed/article/monthly.csv": TABLE.encode(),
        "data/processed/article/numbers.json": json.dumps(numbers, indent=1).encode(),
        "report/notebooks/totals.ipynb": json.dumps(notebook(), indent=1).encode(),
        "report/report.html": PAGE.encode(),
        "report/report.pdf": document([*pages, pages[0]]),
    }
    for path, content in others.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    every = [*made, *others]
    job = {"rule": "figure", "notebook": None, "inputs": {}, "made_from": "abc"}
    outputs = {
        path: {"sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest(), "job": "a"}
        for path in every
    }
    items = {
        name: {"kind": "figure", "title": name, "job": "a", "files": files}
        for name, files in (("F01-article", made[:3]), ("F02-article", made[3:]))
    }
    items["report"] = {
        "kind": "report", "title": "Report", "job": "a", "files": ["report/report.pdf"],
    }  # fmt: skip
    manifest = {"version": "0.1.0", "jobs": {"a": job}, "outputs": outputs, "items": items}
    (folder / paths.MANIFEST).write_text(json.dumps(manifest))
    figures = {path.rpartition(".")[2]: path for path in made[:3]}
    return {
        "PNG": figures["png"], "SVG": figures["svg"], "PDF": "report/report.pdf",
        "CSV": "data/processed/article/monthly.csv",
        "xlsx": "data/processed/article/monthly.csv",
        "JSON": "data/processed/article/numbers.json", "ipynb": "report/notebooks/totals.ipynb",
        "HTML": "report/report.html",
    }  # fmt: skip


def status_of(content: bytes, folder: Path) -> str:
    """What `aidaudit check` says of bytes under a name that says nothing."""
    file = folder / "download (3)"
    file.write_bytes(content)
    return authenticity.check(file, authenticity.from_checkout(folder)).status
