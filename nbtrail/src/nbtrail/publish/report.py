"""The report: section files with placeholders in, one HTML page and one PDF out.

No number is typed into prose: it is named, and its value comes from `numbers.json`. What
cannot be resolved stops the build with the file and line where it stands. Pandoc does the
reading and writing; what the two formats do differently is in `report/*.lua`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from nbtrail.base import determinism, paths
from nbtrail.base.errors import AuditError, nearest
from nbtrail.publish import inert
from nbtrail.record.numbers import origin

REFERENCES = "# References {.unnumbered}\n\n::: {#refs}\n:::\n"
FOLDER = "report"  # sources and built report; links between built files start here


@dataclass(frozen=True)
class Figure:
    """One drawn figure. Paths are relative to the repository's root.

    title: the finding, as Markdown. caption: source, release and cut-off, as Markdown.
    alt: what a reader who cannot see the picture is told, as plain text.
    """

    id: str
    variant: str
    title: str
    caption: str
    alt: str
    svg: str
    pdf: str
    png: str
    csv: str
    notebook: str

    @property
    def anchor(self) -> str:
        """The fragment that a link to this figure ends in."""
        return f"{self.id}-{self.variant}"


# --- text ------------------------------------------------------------------------------


# At the beginning of a line: a list, a definition, a box, a rule or metadata.
BEGINS = re.compile(
    r"^(\(?(?:\d{1,9}|[a-z]|[ivxlcdm]+|[IVXLCDM]{2,}|[A-Z](?=\)))(?=[.)](?: |$))"
    r"|(?=[-+:](?:[-: ]|$)))"
)


def plain(text: object) -> str:
    """Text that pandoc reads as these very characters, also at the beginning of a line and
    inside a table cell."""
    words = re.sub(r"([\\`*_{}\[\]<>|~^$@#&])", r"\\\1", " ".join(str(text).split()))
    return BEGINS.sub(r"\1\\", words)


def _attribute(text: object) -> str:
    """A quoted attribute value; an unescaped bar would end a table cell."""
    return '"' + re.sub(r'([\\"|&`<])', r"\\\1", " ".join(str(text).split())) + '"'


def code(text: str) -> str:
    """Text as code; as plain text, where it holds what would end the code."""
    return plain(text) if re.search(r"[`|\r\n]|^ *$", text) else f"`{text}`"


def link(words: str, address: str) -> str:
    """A link. words: Markdown. What is no address of a link becomes text."""
    if not inert.leads(address):
        return f"{words} {plain(address)}"
    return f"[{words}]({re.sub(r'[^-A-Za-z0-9_.~:/?#@!$&+,;=%]', _escaped, address)})"


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _place(text: str, offset: int) -> dict:
    """Line and column of an offset, for AuditError."""
    before = text[:offset]
    row = before.count("\n") + 1
    return {"row": row, "column": str(offset - before.rfind("\n"))}


PLACEHOLDER = re.compile(r"\{\{(?P<name>[^{}\n]*)\}\}|\{\{|\}\}")


def resolve(
    text: str,
    file: str | Path,
    numbers: Mapping[str, Mapping[str, Mapping]],
    figures: Mapping[tuple[str, str], Figure],
    tables: Mapping[str, str],
    views: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Put numbers, figures and tables in the place of their `{{placeholders}}`.

    numbers: variant → key → {value, unit, display, job, cell, …}. figures: (id, variant) →
    Figure. tables: name → Markdown. views: interactive view → what stands in its place where
    no script runs. `{{variant:key}}` stands in a sentence;
    `{{figure:F01:article}}` and `{{table:T01}}` stand alone on their line.
    Raises AuditError with line, column and the nearest known name for anything unresolved.
    """
    return PLACEHOLDER.sub(lambda m: _one(m, text, file, numbers, figures, tables, views), text)


def _one(match, text, file, numbers, figures, tables, views) -> str:
    """What one placeholder becomes."""
    name = (match["name"] or "").strip()
    kind, _, rest = name.partition(":")

    def fail(problem: str, known: Iterable[str] = (), mend: str = "") -> AuditError:
        place = _place(text, match.start())
        mend = f"{nearest(rest, list(known))}{mend}"
        return AuditError(problem, file, **place, found=match[0], mend=mend)

    if not rest:
        raise fail("a placeholder is not complete", mend="Write {{variant:key}}.")
    if kind in ("figure", "table", "view"):
        line = text[text.rfind("\n", 0, match.start()) + 1 :].partition("\n")[0]
        if line.strip() != match[0]:
            raise fail(f"a {kind} is not alone on its line", mend="Give it a line of its own.")
    if kind == "figure":
        key = tuple(rest.split(":"))
        if key not in figures:
            known = [":".join(k) for k in figures]
            raise fail("no such figure", known, "Figures are declared in config/figures.yaml.")
        return _figure(figures[key])
    if kind == "view":
        if rest not in views:
            raise fail("no such view", views, f"Views: {', '.join(views)}.")
        return f"::: {{#view-{rest} .view}}\n{views[rest]}\n:::"
    if kind == "table":
        if rest not in tables:
            raise fail("no such table", tables, f"Tables: {', '.join(sorted(tables))}.")
        return tables[rest]
    if kind not in numbers:
        known = f"{nearest(kind, list(numbers))}Variants: {', '.join(sorted(numbers))}."
        raise fail(f"no numbers of a variant '{kind}'", mend=known)
    if rest not in numbers[kind]:
        where = f"The keys are in data/processed/{kind}/numbers.json."
        raise fail("no number has this key", numbers[kind], where)
    return _number(name, numbers[kind][rest])


def _number(name: str, number: Mapping) -> str:
    """A number as the reader sees it; its id, key and source show on hovering.

    It leads to its row in the list of all numbers, where its id stands beside it.
    """
    display = plain(number["display"])
    if len(display) <= 20:  # a longer one, kept on one line, would stick out on a phone
        display = display.replace(" ", "\u00a0")
    identifier = paths.number_id(*name.split(":", 1))
    title = _attribute(f"{identifier} · {name} · {origin(number)}")
    mark = f"{{.number key={_attribute(name)} title={title}}}"
    return f"[[{display}](#{identifier})]{mark}"


def cited(texts: Iterable[str]) -> list[str]:
    """The names of all numbers in the texts, as variant:key, in the order of their ids.

    Figures, tables and views are no numbers; what cannot be resolved is `resolve`'s to say.
    """
    names = {
        match["name"].strip() for text in texts for match in PLACEHOLDER.finditer(text)
        if match["name"]
    }  # fmt: skip
    kept = [
        name for name in names
        if ":" in name and name.partition(":")[0] not in ("figure", "table", "view")
    ]  # fmt: skip
    return sorted(kept, key=lambda name: paths.number_id(*name.split(":", 1)))


def numbers_markdown(
    names: Iterable[str], numbers: Mapping[str, Mapping[str, Mapping]], caption: str
) -> str:
    """The list of all numbers that the report cites: id, number, key, source.

    names: from `cited`; unknown ones are left out, since `resolve` refuses them.
    """
    rows = []
    for name in names:
        variant, _, key = name.partition(":")
        number = numbers.get(variant, {}).get(key)
        if number is None:
            continue
        identifier = paths.number_id(variant, key)
        display = textwrap.shorten(number["display"], 40, placeholder=" …")
        rows.append(
            f"| [{identifier}]{{#{identifier}}} | {plain(display)} "
            f"| {_breakable(name)} | {_breakable(origin(number, most=2))} |"
        )
    head = "| Id | Number | Key | Source |\n|:----|:--------|:-------------|:----------------|"
    return "::: numbers\n" + "\n".join([head, *rows, "", f": {caption}"]) + "\n:::"


def _breakable(text: str) -> str:
    """A key or path that may be broken after its separators, for narrow columns."""
    return re.sub(r"([./:_])(?=\w)", "\\1\u200b", plain(text))


def _figure(figure: Figure) -> str:
    """The figure block; formats.lua turns it into what each format needs."""
    beside = {
        part: os.path.relpath(getattr(figure, part), FOLDER) for part in ("csv", "notebook")
    }
    return "\n\n".join(
        (
            f"::: {{#{figure.anchor} .plate}}",
            f"!{link('', figure.svg)}{{alt={_attribute(figure.alt)}}}",
            f"**{figure.title}**",
            f"::: source\n{figure.caption}\n:::",
            f"::: links\n{link(figure.anchor, f'#{figure.anchor}')} "
            f"· {link('data (CSV)', beside['csv'])} "
            f"· {link('executed notebook', beside['notebook'])}\n:::",
            ":::",
        )
    )


# What may hold digits in prose. Each is blanked out in this order; any digit that is then
# left was typed, and would go stale at the next release of the data.
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_YEAR = r"(?:199\d|20[0-3]\d)"
_LIST = r"\d+(?:\.\d+)*(?:(?:,? (?:and|or|to) |, |[–-])\d+(?:\.\d+)*)*"
ALLOWED = [
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"^(```+|~~~+)[\s\S]*?^\1",  # code block
        r"<!--[\s\S]*?-->",
        r"(`+)[^`][\s\S]*?\1",  # code span
        r"\{\{[^{}\n]*\}\}",  # placeholder
        r"\[[^\]\n]*\]\{\.fixed\}",  # the explicit escape
        r"\{[^{}\n]*\}",  # attributes
        r"^\[[^\]]+\]:.*$",  # link definition
        r"\]\([^)\s]*\)",  # link target
        r"<?https?://[^\s>]+",
        r"\[[^\]]*@[^\]]*\]|@[\w:.-]+",  # citation, with its page
        r"\[\^\w+\]",  # footnote mark
        r"^\s*\d{1,2}[.)] ",  # list number
        r"^#+ \d+(?:\.\d+|\.) ",  # section number
        rf"\b[Rr]eleases? {_LIST}",
        rf"\b(?:Articles?|[Ss]ections?|Chapter|Appendix|Python|[Vv]ersion) {_LIST}",
        rf"\b(?:\d{{1,2}}(?:[–-]| to | and ))?\d{{1,2}} {_MONTH}\b",  # 24 February
        rf"\b{_MONTH} \d{{1,2}}(?=,? {_YEAR})",  # February 24, 2022
        rf"\b{_YEAR}-\d\d(?:-\d\d)?\b",  # ISO month or date
        rf"\b{_YEAR}[–/]\d\d\b",  # 2025–26
        rf"(?<![\d.,]){_YEAR}s?(?!\d|[.,]\d)",
        r"\b(?!EUR|USD?\d)[A-Z][A-Za-z]*-?\d+[a-z]?\b",  # F01, MIL-2a, COVID-19, T-72
    )
]
TYPED = re.compile(r"[€$£]?\d+(?:[.,]\d+)*[ \u00a0]?(?:%|bn\b|m\b)?")


def typed_numbers(text: str, file: str | Path) -> None:
    """Check that the prose has no typed numbers.

    Years, dates, identifiers, releases, code, links and citations may have digits; a fact
    that no release can change is written `[5]{.fixed}`.
    Raises AuditError for the first typed number, with the lines of the others.
    """
    prose = text
    for allowed in ALLOWED:
        prose = allowed.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), prose)
    typed = list(TYPED.finditer(prose))
    if not typed:
        return
    first, others = typed[0], [str(_place(prose, m.start())["row"]) for m in typed[1:]]
    more = f" (more in lines {', '.join(dict.fromkeys(others))})" if others else ""
    raise AuditError(
        f"a number is typed into the prose{more}",
        file,
        **_place(prose, first.start()),
        found=first[0].strip(),
        expected="a placeholder such as {{variant:key.of.a.number}}",
        mend="Name the number's key, or write [5]{.fixed} if no data can ever change it.",
    )


def assemble(
    sections: Sequence[Path],
    *,
    numbers: Mapping[str, Mapping[str, Mapping]],
    figures: Mapping[tuple[str, str], Figure],
    tables: Mapping[str, str],
    views: Mapping[str, str] = MappingProxyType({}),
    title: str,
    subtitle: str = "",
    authors: Sequence[str] = (),
    abstract: Path | None = None,
) -> str:
    """One Markdown text: metadata, then every section, checked and resolved.

    The date is that of the build's SOURCE_DATE_EPOCH. abstract: a Markdown file, treated
    like a section. Raises AuditError as `typed_numbers` and `resolve` do, and for a figure
    or table that is placed twice, since its anchor would then lead to two places.
    """

    def read(path: Path) -> str:
        text = path.read_text(encoding="utf-8")
        typed_numbers(text, path)
        return resolve(text, path, numbers, figures, tables, views)

    _placed_once(sections)
    day = datetime.fromtimestamp(determinism.SOURCE_DATE_EPOCH, UTC)
    metadata = {
        "title": title,
        "subtitle": subtitle,
        "author": list(authors),
        "date": f"{day.day} {day:%B %Y}",
        "date-iso": f"{day:%Y-%m-%d}",
        "lang": "en",
        "abstract": read(abstract) if abstract else "",
        "link-citations": True,
    }
    # JSON is YAML, with none of YAML's surprises about what needs quoting.
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in metadata.items()
    ]
    head = "\n".join(["---", *lines, "---"])
    return "\n\n".join([head, *map(read, sections), REFERENCES])


def _placed_once(sections: Sequence[Path]) -> None:
    """Check that no figure and no table is placed twice."""
    seen: dict[str, Path] = {}
    for path in sections:
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"\{\{\s*((?:figure|table):[^{}\n]*?)\s*\}\}", text):
            if match[1] in seen:
                raise AuditError(
                    f"this stands already in {seen[match[1]]}",
                    path,
                    **_place(text, match.start()),
                    found=match[0],
                    mend="Place it once and link to it elsewhere: [F01](#F01-article).",
                )
            seen[match[1]] = path


def span(content: str, classes: str, attributes: str = "") -> str:
    """Markdown of a span. Written with brackets, pandoc would read nested ones many times."""
    return f'<span class="{classes}"{attributes}>{content}</span>'


# --- formats ---------------------------------------------------------------------------


def to_html(
    markdown: str,
    out: Path,
    root: Path,
    *,
    made_from: str = "",
    views: Callable[[str, Path], tuple[str, list[str]]] | None = None,
) -> None:
    """Write the report as one HTML page that asks nothing of any server.

    markdown: from `assemble`. root: the repository, whose report/ has the template, style,
    filters and bibliography. made_from: the hash of what it is made from, for its metadata.
    views: page and root → the page with its interactive views, and their scripts.
    Raises AuditError for an unresolved citation, a picture that is not there, is none or lies
    elsewhere, and anything that the page would load or run but its own scripts.
    """
    # The title is the page's only first-level heading, so sections begin at the second.
    options = (
        "--to=html5",
        "--wrap=none",
        "--shift-heading-level-by=1",
        "--section-divs",
        "--toc",
        "--toc-depth=3",
    )
    style = (root / FOLDER / "style.css").read_text("utf-8")
    options += ("--template=report/template.html", f"--variable=style:{style}")
    options += ("--lua-filter=report/tables.lua", *_marks("report-html", made_from))
    page = inert.embedded(_report(markdown, root, *options), FOLDER, root, root)
    scripts = own_scripts(root)
    if views:
        page, of_views = views(page, root)
        scripts += of_views
    _write(out, inert.sealed(page, out, scripts).encode())


def own_scripts(root: Path) -> list[str]:
    """The scripts of the page's template, before anything is filled in."""
    template = (root / FOLDER / "template.html").read_text("utf-8")
    return re.findall(r"<script>(.*?)</script>", template, re.DOTALL)


def to_pdf(markdown: str, out: Path, root: Path, *, made_from: str = "") -> None:
    """Write the report as a tagged PDF (PDF/UA-1), the same bytes each time.

    Arguments and errors as for `to_html`; a link to an anchor that is nowhere, and a picture
    without alternative text, are errors too.
    """
    import typst

    options = ("--to=typst", "--template=report/template.typ")
    source = _report(markdown, root, *options, *_marks("report-pdf", made_from))
    # Only fonts that come with a Python package: any other would differ between machines.
    fonts = Path(find_spec("matplotlib").origin).parent / "mpl-data/fonts/ttf"
    try:
        pdf = typst.compile(
            {"main.typ": source.encode(), **_pictures(source, root)},
            root=os.devnull,  # what is set reads these and nothing else
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
            timestamp=determinism.SOURCE_DATE_EPOCH,
        )
    except typst.TypstError as error:
        raise AuditError(
            f"typst cannot set the report: {error.message}",
            out,
            mend=" ".join(error.hints)
            or "A label that does not exist is a link to a figure or claim that is not placed. "
            "Where a header is too wide, give its column a larger share of the table's widths.",
        ) from error
    _write(out, pdf)


def _pictures(source: str, root: Path) -> dict[str, bytes]:
    """The pictures that a text in typst's syntax shows: path → bytes. Errors as `to_html`."""
    found = {}
    for name in re.findall(
        r'(?<!\\)#(?:plate|(?:box|figure)\(image)\("/?((?:[^"\\]|\\.)*)"', source
    ):
        path = re.sub(r"\\(.)", r"\1", name)
        found[path] = inert.content(path, FOLDER, root, root)
        inert.kind(found[path], FOLDER, path)
    return found


def notebook_pages(pairs: Sequence[tuple[Path, Path]], root: Path | None = None) -> None:
    """Write executed notebooks as HTML pages with code, tables and pictures.

    pairs: notebook, page. Scripts, styles, frames and remote pictures in outputs are dropped:
    what remains is text, tables and embedded pictures. root: as for `to_html`; the current
    checkout if not given. Raises AuditError for a notebook that cannot be read, and for a
    picture that is none or lies outside the checkout.
    """
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        shares = [pairs[number::cores] for number in range(cores)]
        list(pool.map(lambda share: _pages(share, root or determinism.root()), shares))


def _pages(pairs: Sequence[tuple[Path, Path]], root: Path) -> None:
    """Write pages, all by one run of pandoc."""
    if not pairs:
        return
    paths_ = "".join(f"{ipynb.resolve()}\n" for ipynb, _ in pairs)
    done = _run_pandoc(paths_, root, "lua", "report/pages.lua")
    if done.returncode:
        raise _explain(done.stderr, root, "report/pages.lua")
    answers = map(json.loads, done.stdout.rstrip("\n").split("\n"))
    for (ipynb, out), answer in zip(pairs, answers, strict=True):
        if "error" in answer:
            raise _explain(answer["error"], root, ipynb)
        page = inert.embedded(answer["page"], ipynb, ipynb.parent, root)
        _write(out, inert.sealed(page, ipynb).encode())


def _marks(identifier: str, made_from: str) -> list[str]:
    """What the document's metadata say of it: the same words as those of figures."""
    marks = {"id": identifier, "version": determinism.VERSION, "made-from": made_from}
    line = "; ".join(f"{determinism.NAME}-{name}={value}" for name, value in marks.items())
    return [f"--variable=marks:{line}"]


def _report(markdown: str, root: Path, *options: str) -> str:
    """The report in one format. Dollars are money here, not mathematics."""
    return _pandoc(
        markdown,
        root,
        "--from=markdown-tex_math_dollars-raw_tex",
        "--sandbox",
        "--citeproc",
        "--bibliography=report/bibliography.bib",
        "--number-sections",
        "--lua-filter=report/formats.lua",
        "--fail-if-warnings",
        *options,
        file=FOLDER,
    )


def _pandoc(text: str, root: Path, *options: str, file: str | Path) -> str:
    """What pandoc makes of a text. Raises AuditError with pandoc's own words."""
    done = _run_pandoc(text, root, "--standalone", *options)
    if done.returncode:
        raise _explain(done.stderr, root, file)
    return done.stdout


def _run_pandoc(text: str, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pandoc in `root` on a text: that of the environment, without a user's own data."""
    # pypandoc would give the newest that it finds on the machine.
    pandoc = Path(find_spec("pypandoc").origin).parent / "files/pandoc"
    # It looks there for templates, abbreviations and Lua to begin with.
    nowhere = dict.fromkeys(("HOME", "XDG_DATA_HOME"), os.devnull)
    return subprocess.run(
        [pandoc, *options],
        input=text,
        capture_output=True,
        encoding="utf-8",
        cwd=root,
        env=determinism.environment() | nowhere,
        check=False,
    )


def _explain(stderr: str, root: Path, file: str | Path) -> AuditError:
    """Pandoc's complaint, with the place in the sections where its cause stands."""
    citation = re.search(r"citation (\S+) not found", stderr)
    if citation:
        key = citation[1]
        path, place = _find(rf"@\{{?{re.escape(key)}\b", root)
        bibliography = (root / FOLDER / "bibliography.bib").read_text(encoding="utf-8")
        known = re.findall(r"^@\w+\{([^,\s]+)", bibliography, re.MULTILINE)
        return AuditError(
            "citation not found",
            path or "a caption or table",
            **place,
            found=f"@{key}",
            mend=f"{nearest(key, known)}Or add an entry to report/bibliography.bib.",
        )
    wrong = re.sub(r"^Failing because.*$|\[WARNING\] ", "", stderr, flags=re.MULTILINE).strip()
    return AuditError("pandoc refuses the text", file, found=wrong)


def _find(pattern: str, root: Path) -> tuple[Path | None, dict]:
    """The first match in the sections: its file, and its place for AuditError."""
    for path in sorted((root / FOLDER).rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if match := re.search(pattern, text):
            return path.relative_to(root), _place(text, match.start())
    return None, {}


def _write(out: Path, content: bytes) -> None:
    """Write all or nothing: a reader never sees half a report."""
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
