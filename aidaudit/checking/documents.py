"""PDF and SVG: by what their pages draw, metadata aside."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pypdf

from aidaudit import foreign
from aidaudit.checking.base import MOST_LINES, Archive, Finding, hinted, shared

# Drawings share style sheets and glyphs; a copy with some elements changed shares nearly all.
ALIKE = 0.9
# The namespaces of metadata in a drawing: RDF, Dublin Core, Creative Commons.
_WORDS = (
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}",
    "{http://purl.org/dc/elements/1.1/}",
    "{http://creativecommons.org/ns#}",
)


def is_pdf(content: bytes) -> bool:
    """Whether the bytes begin as a PDF does."""
    return content[:5] == b"%PDF-"


def _pages(content: bytes, file: str | Path) -> list[tuple[str, ...]] | None:
    """Hashes of what each page draws: its instructions, fonts and pictures."""
    try:
        reader = foreign.pdf(content, file)
        pages = []
        for page in reader.pages:
            streams: list[str] = []
            _streams(page.get("/Resources"), streams, set(), 0)
            drawn = page.get_contents()
            data = drawn.get_data() if drawn is not None else b""
            box = [f"{float(side):.2f}" for side in (*page.mediabox, *page.cropbox)]
            box.append(f"turned {page.get('/Rotate', 0)}")
            # A note or a stamp lies over what the page draws.
            over = [note.get_object() for note in page.get("/Annots") or ()]
            box += [
                str(note.get("/Subtype")) for note in over if note.get("/Subtype") != "/Link"
            ]
            pages.append((hashlib.sha256(data).hexdigest(), *box, *sorted(streams)))
    except (foreign.Beyond, MemoryError):
        raise
    except Exception:  # pypdf raises what it likes on what is no PDF
        return None
    return pages


def _streams(thing: object, found: list[str], seen: set[int], depth: int) -> None:
    """Hashes of all streams below an object; depth and cycles are limited."""
    thing = thing.get_object() if hasattr(thing, "get_object") else thing
    if id(thing) in seen or depth > 12:
        return
    seen.add(id(thing))
    if isinstance(thing, pypdf.generic.StreamObject):
        found.append(hashlib.sha256(thing.get_data()).hexdigest())
    if isinstance(thing, dict):
        for key in sorted(thing):
            if key not in ("/Parent", "/P", "/StructParents"):
                _streams(thing[key], found, seen, depth + 1)
    elif isinstance(thing, list):
        for part in thing:
            _streams(part, found, seen, depth + 1)


def pdf(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A PDF against all archived ones, page by page; None where nothing is like it."""
    mine = _pages(content, file)
    hint = hinted(content, archive, ".pdf")
    if mine is None:
        return Finding("altered", hint, "damaged: it cannot be read") if hint else None
    best: tuple[float, str, list] = (0.0, "", [])
    for path in archive.of_kind(".pdf"):
        there = archive.read(path)
        pages = _pages(there, path) if there is not None else None
        if pages is None:
            continue
        if pages == mine:
            return Finding("unchanged", path, "the same pages; its metadata are others")
        if where := _within(mine, pages):
            return Finding("unchanged", path, where)
        score = shared(Counter(sum(mine, ())), Counter(sum(pages, ())))
        best = max(best, (score, path, pages), key=lambda one: one[0])
    score, path, pages = best
    if hint and (score < 0.5 or path != hint):
        path = hint
    elif score < 0.5:
        return None
    told = []
    if len(mine) != len(pages):
        told.append(f"{len(mine)} pages instead of {len(pages)}")
    told += [
        f"page {number} draws something else"
        for number, (one, two) in enumerate(zip(mine, pages, strict=False), start=1)
        if one != two
    ]
    return Finding("altered", path, "nearly the same pages, or its metadata", told[:MOST_LINES])


def _within(mine: list[tuple[str, ...]], pages: list[tuple[str, ...]]) -> str | None:
    """'page 11 of 60, taken from it' where all are pages of a document, in its order."""
    numbers: list[int] = []
    for page in mine:
        if page not in pages[numbers[-1] if numbers else 0 :]:
            return None
        numbers.append(pages.index(page, numbers[-1] if numbers else 0) + 1)
    if not numbers:
        return None
    listed = ", ".join(map(str, numbers))
    return f"page{'s' if len(numbers) > 1 else ''} {listed} of {len(pages)}, taken from it"


def is_svg(content: bytes) -> bool:
    """Whether the bytes hold an SVG drawing."""
    return b"<svg" in content[:4096]


def drawing_of(content: bytes, file: str | Path = foreign.UNNAMED) -> str | None:
    """An SVG without its metadata, in one spelling; None where it cannot be read safely.

    Raises AuditError for one that is too large, named by file.
    """
    tree = foreign.xml(content, file)
    if tree is None:
        return None
    try:
        for parent in list(tree.iter()):
            for child in list(parent):
                # What else stands in there, a style sheet for one, would be drawn.
                if child.tag.endswith("}metadata") and all(
                    part.tag.startswith(_WORDS) for part in child.iter() if part is not child
                ):
                    parent.remove(child)
        _spell_alike(tree)
        return ElementTree.canonicalize(
            ElementTree.tostring(tree, encoding="unicode"), strip_text=True
        )
    except (ElementTree.ParseError, ArithmeticError, ValueError, RecursionError):
        return None


_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?", re.IGNORECASE)
_PARTS = re.compile(rf"{_NUMBER.pattern}|[^\s,]", re.IGNORECASE)
# What may stand as an attribute or within `style` and means the same, unless a style sheet of
# the drawing sets it: that lies between the two.
_EITHER = {
    "fill", "fill-opacity", "opacity", "stroke", "stroke-dasharray", "stroke-dashoffset",
    "stroke-miterlimit", "stroke-opacity", "stroke-width",
}  # fmt: skip


def _spell_alike(tree: ElementTree.Element) -> None:
    """Numbers and styles as one program would write them: 0.50 as 0.5, spaces, semicolons.

    What makes a drawing smaller without changing any value leaves the same.
    """
    sheets = " ".join(one.text or "" for one in tree.iter() if one.tag.endswith("}style"))
    either = {name for name in _EITHER if name not in sheets}
    for one in tree.iter():
        for name in ("d", "transform", "points", "viewBox"):
            if name in one.attrib:
                one.attrib[name] = _values(one.attrib[name])
        pairs = [part.partition(":") for part in one.attrib.pop("style", "").split(";")]
        styles = {name.strip(): " ".join(value.split()) for name, _, value in pairs}
        styles.pop("", None)
        one.attrib.update({name: styles.pop(name) for name in either & set(styles)})
        if styles:
            one.attrib["style"] = "; ".join(f"{name}: {styles[name]}" for name in styles)


def _values(text: str) -> str:
    """Numbers without idle digits, and one space between all parts."""
    return " ".join(
        str(Decimal(part).normalize()) if _NUMBER.fullmatch(part) else part
        for part in _PARTS.findall(text)
    )


def svg(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A drawing against all archived ones; None where nothing is like it."""
    mine = drawing_of(content, file)
    hint = hinted(content, archive, ".svg")
    if mine is None:
        return Finding("altered", hint, "damaged, or it declares entities") if hint else None
    parts = Counter(re.split(r"(?<=>)", mine))
    best = (0.0, "")
    for path in archive.of_kind(".svg"):
        there = archive.read(path)
        drawing = drawing_of(there, path) if there is not None else None
        if drawing is None:
            continue
        if drawing == mine:
            return Finding("unchanged", path, "the same drawing; its metadata are others")
        score = shared(parts, Counter(re.split(r"(?<=>)", drawing)))
        best = max(best, (score, path))
    if best[0] >= ALIKE:
        return Finding("altered", best[1], "nearly the same drawing", ["its elements differ"])
    return Finding("altered", hint, "its metadata name it; it draws another") if hint else None
