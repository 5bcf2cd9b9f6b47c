"""SVG: by everything that it holds, comments and its own metadata aside."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from pathlib import Path
from xml.parsers import expat

from nbtrail.base import foreign
from nbtrail.compare.authenticity.base import MOST_LINES, Archive, Finding, hinted, shared

# Drawings share style sheets and glyphs; a copy with some elements changed shares nearly all.
ALIKE = 0.9
_SVG = "http://www.w3.org/2000/svg"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
# The namespaces of metadata in a drawing: RDF, Dublin Core, Creative Commons.
_METADATA = (_RDF, "http://purl.org/dc/elements/1.1/", "http://creativecommons.org/ns#")
# Elements between whose children spaces show nothing and say nothing.
_LOOSE = {
    "svg", "g", "defs", "symbol", "clipPath", "mask", "pattern", "marker", "linearGradient",
    "radialGradient", "filter",
}  # fmt: skip
_SPACES = " \t\r\n"
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}  # fmt: skip
_DECLARED = re.compile(r"<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"'>]{1,40})[\"']")


class _Refused(ValueError):
    pass


def text_of(content: bytes) -> str | None:
    """A drawing's text, from UTF-8 or UTF-16; None where its encoding is another or unclear.

    Only what a mark at the beginning says counts; a declaration must not contradict it.
    """
    mark = next((one for one in _MARKS if content.startswith(one)), b"")
    encoding = _MARKS.get(mark, "utf-8")
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        return None
    declared = _DECLARED.match(text)
    if declared is not None and declared[1].lower() not in (encoding, encoding[:6]):
        return None
    return text


def is_svg(content: bytes) -> bool:
    """Whether the bytes hold an SVG drawing."""
    marks = ("<svg".encode(one) for one in ("utf-8", "utf-16-le", "utf-16-be"))
    return any(mark in content[:8192] for mark in marks)


def drawing_of(
    content: bytes, file: str | Path = foreign.UNNAMED
) -> list[tuple[str, ...]] | None:
    """An SVG's parts without its metadata, in one spelling; None if it cannot be read safely.

    Refused are drawings that declare entities or attributes, which parsers need not know.
    Raises AuditError for one that is too large, named by file.
    """
    text = text_of(content)
    if text is None or not foreign.harmless(text.encode("utf-8"), file):
        return None
    reader = _Reader()
    parser = expat.ParserCreate("utf-8", namespace_separator="\n")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.ProcessingInstructionHandler = reader.instruction
    parser.CommentHandler = reader.comment
    parser.StartNamespaceDeclHandler = reader.namespace
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.SkippedEntityHandler = parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(text.encode("utf-8"), True)
        return reader.spelt()
    except (expat.ExpatError, _Refused, ArithmeticError, UnicodeEncodeError):
        return None


class _Reader:
    """Collects what a drawing holds, part by part."""

    def __init__(self) -> None:
        self.parts: list[tuple] = []
        self.open: list[bool] = []  # of each open element whether its spaces say nothing
        self.metadata: int | None = None  # where the root's own begins
        self.other = False  # whether it holds more than metadata
        self.waiting: list[str] = []
        self.sheets: list[str] = []

    def refuse(self, *_: object) -> None:
        raise _Refused

    def doctype(self, name: str, system: str, public: str | None, inner: int) -> None:
        """Only the DOCTYPE that drawings of SVG 1.1 bring along."""
        known = re.fullmatch(_DOCTYPE, public or "") and re.fullmatch(_SYSTEM, system)
        if name != "svg" or inner or not known:
            raise _Refused

    def comment(self, text: str) -> None:
        """None that ends earlier, and may run the rest, where a page holds the drawing."""
        if text.startswith((">", "->")):
            raise _Refused

    def namespace(self, prefix: str | None, name: str) -> None:
        """Metadata under plain names, such as `script`, are something else in a page."""
        if prefix is None and name in _METADATA:
            raise _Refused

    def instruction(self, target: str, data: str) -> None:
        """What programs are told, such as which style sheet to use."""
        self._flush()
        self.other = True
        self.parts.append(("?", target, data))

    def text(self, text: str) -> None:
        """Text, or the spaces between two elements."""
        self.waiting.append(text)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self._flush()
        space, _, local = name.rpartition("\n")
        if len(self.open) == 1 and (space, local) == (_SVG, "metadata") and not attributes:
            self.metadata, self.other = len(self.parts), False
        elif self.metadata is not None:
            known = (name, *attributes)
            self.other |= not all(one.rpartition("\n")[0] in _METADATA for one in known)
        self.open.append(space == _SVG and local in _LOOSE and all(self.open))
        self.parts.append(("<", name, attributes))

    def end(self, name: str) -> None:
        """An element ends."""
        if name == f"{_SVG}\nstyle":
            self.sheets += self.waiting
        self._flush()
        self.open.pop()
        self.parts.append((">",))
        if self.metadata is not None and len(self.open) == 1:
            if not self.other:
                del self.parts[self.metadata :]
            self.metadata = None

    def _flush(self) -> None:
        text, self.waiting = "".join(self.waiting), []
        if text and (not all(self.open) or text.strip(_SPACES)):
            self.parts.append(("text", text))

    def spelt(self) -> list[tuple[str, ...]]:
        """All parts, with numbers and styles as one program would write them.

        What makes a drawing smaller without changing any value leaves the same.
        """
        sheets = "".join(self.sheets)
        either = {name for name in _EITHER if name not in sheets}
        return [
            (*part[:2], *_alike(part[2], either)) if part[0] == "<" else part
            for part in self.parts
        ]


_DOCTYPE = r"-//W3C//DTD SVG 1\.[01]//EN"
_SYSTEM = (
    r"https?://www\.w3\.org/(?:Graphics/SVG/1\.1/DTD/svg11|TR/2001/REC-SVG-20010904/DTD/svg10)"
    r"\.dtd"
)
# What is matched is never given back: else a long wrong number would take for ever.
_NUMBER = r"(?>[-+]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
_GAP = r"[ \t\r\n]*+"
# Numbers with a comma or spaces between them, or nothing where a sign or point parts them.
_NUMBERS = rf"{_GAP}(?:{_NUMBER}(?:{_GAP},{_GAP}(?=[-+.0-9])|{_GAP}))*+"
_VALUES = {
    "d": re.compile(rf"(?:{_GAP}[MmZzLlHhVvCcSsQqTt]{_NUMBERS})*+{_GAP}"),
    "transform": re.compile(rf"(?:{_GAP}[a-zA-Z]+\({_NUMBERS}\))*+{_GAP}"),
    "points": re.compile(_NUMBERS),
    "viewBox": re.compile(_NUMBERS),
}
# Browsers give up at digits, or an exponent, that others read.
_LONG = re.compile(r"[0-9]{30}|[eE][-+]?0*[1-9][0-9]")
_PARTS = re.compile(rf"{_NUMBER}|[A-Za-z]+\(|[A-Za-z)]")
# A style of plain words, names and numbers; others, such as '!important', stay as they are.
_STYLE = re.compile(r"(?:\s*[a-z-]+\s*:[\w\s.,%#()+-]+(?:;|\Z))*+\s*", re.ASCII)
# What may stand as an attribute or within `style` and means the same, unless a style sheet of
# the drawing sets it: that lies between the two.
_EITHER = {
    "fill", "fill-opacity", "opacity", "stroke", "stroke-dasharray", "stroke-dashoffset",
    "stroke-miterlimit", "stroke-opacity", "stroke-width",
}  # fmt: skip


def _alike(attributes: dict[str, str], either: set[str]) -> list[str]:
    """Attributes in one order and spelling: 0.50 as 0.5, 'fill: red' as an attribute."""
    found = {
        name: _values(value)
        if name in _VALUES and _VALUES[name].fullmatch(value) and not _LONG.search(value)
        else value
        for name, value in attributes.items()
    }
    style = found.get("style", "")
    pairs = [part.split(":") for part in style.split(";") if part.strip(_SPACES)]
    names = [name.strip(_SPACES) for name, *_ in pairs]
    if _STYLE.fullmatch(style) and len(set(names) - set(found)) == len(names):
        found.pop("style", None)
        styles = dict(zip(names, (" ".join(value.split()) for _, value in pairs), strict=True))
        found.update({name: styles.pop(name) for name in either & set(styles)})
        if styles:
            found["style"] = "; ".join(f"{name}: {styles[name]}" for name in styles)
    return [f"{name}={found[name]}" for name in sorted(found)]


def _values(text: str) -> str:
    """Numbers without idle digits, and one space between all parts."""
    return " ".join(
        part if part[0].isalpha() or part == ")" else str(Decimal(part).normalize(_EXACT))
        for part in _PARTS.findall(text)
    )


_EXACT = Context(prec=1000, traps=[Inexact, InvalidOperation, Overflow])


def svg(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A drawing against all archived ones; None where nothing is like it."""
    mine = drawing_of(content, file)
    hint = hinted(content, archive, ".svg")
    if mine is None:
        how = (
            "it cannot be read in one way only: it is damaged, in another encoding than UTF-8 "
        )
        how += "or UTF-16, declares entities, or is another drawing within a page"
        return Finding("altered", hint, how) if hint else None
    parts = Counter(mine)
    best: tuple[float, str, Counter] = (0.0, "", Counter())
    for path in archive.of_kind(".svg"):
        there = archive.read(path)
        drawing = drawing_of(there, path) if there is not None else None
        if drawing is None:
            continue
        if drawing == mine:
            return Finding("unchanged", path, "the same drawing; its metadata are others")
        known = Counter(drawing)
        best = max(best, (shared(parts, known), path, known), key=lambda one: one[0])
    if best[0] < ALIKE:
        how = "its metadata name it; it draws another"
        return Finding("altered", hint, how) if hint else None
    told = [f"added: {_said(part)}" for part in parts - best[2]]
    told += [f"missing: {_said(part)}" for part in best[2] - parts]
    told = told or ["its elements stand in another order"]
    return Finding("altered", best[1], "nearly the same drawing", told[:MOST_LINES])


def _said(part: tuple[str, ...]) -> str:
    """An element, text or instruction for a person; not all of a long one."""
    kind, *words = part
    words = [repr(word.rpartition("\n")[2])[1:-1] for word in words]
    what = {"<": "element", "?": "instruction", "text": "text", ">": "end of an element"}[kind]
    return f"{what} {' '.join(words)}"[:120]
