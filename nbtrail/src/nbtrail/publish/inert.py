"""What keeps a page from acting: it is held against what ours may have, and says so itself.

Pandoc and Jinja write pages from text, of which `report/inert.lua` has left nothing that
could act. Here the finished page is looked at once more, its pictures are put in, and its
policy is written, by which the browser runs and loads nothing but what is named.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat

from nbtrail.base.errors import AuditError

# Where a template has this, its policy is written.
MARK = "@policy@"
# Comments and what a browser adds by itself aside, pages are made of these.
ELEMENTS = frozenset(
    """
    html head meta title link style body script header nav main footer section article div p
    span h1 h2 h3 h4 h5 h6 a ul ol li dl dt dd table caption colgroup col thead tbody tfoot
    tr th td figure figcaption img details summary blockquote pre code kbd samp var mark em
    strong b i u s del ins sup sub small cite q br wbr hr time input label
    """.split()  # noqa: SIM905
)
ATTRIBUTES = frozenset(
    """
    id class title lang dir role scope tabindex alt href src rowspan colspan start type checked
    disabled open datetime charset content name http-equiv rel style
    """.split()  # noqa: SIM905
)
# What pandoc sets for columns of tables.
STYLE = re.compile(r"(text-align: (left|right|center);|width: ?[0-9]+%;?)")
# Browsers take away blanks and control characters before they look for a scheme.
LINK = re.compile(
    r"(https?://[\w\[]|(?!/)[^\x00-\x20\\:/?#]*([/?#]|$))[^\x00-\x20\\]*", re.IGNORECASE
)
DATA = re.compile(r"data:[^,]*;base64,")
NONE = "data:,"
SVG = "http://www.w3.org/2000/svg"
# A drawing with one of these could act where it is opened by itself.
_ACTING = {"script", "handler", "listener", "iframe", "object", "embed"}
_SCHEME = re.compile(r"(java|vb)script:|^data:(?!image/(png|jpeg);)", re.IGNORECASE)


def sealed(page: str, file: str | Path, scripts: Sequence[str] = ()) -> str:
    """The page with its policy in the place of `MARK`.

    scripts: the whole texts of those that it has, as they were before data were filled in.
    file: what a message names. Raises AuditError for a page that could load or run anything
    else when it is opened, or has an element, attribute or style that none of ours has.
    """
    looked = _Looked(page, scripts)
    if looked.found:
        raise AuditError(
            "the page would load or run something when it is opened",
            file,
            found=looked.found[0],
            mend="Write it as text, embed the picture, or link to it.",
        )
    head, mark, rest = page.partition(MARK)
    if not mark:
        raise AuditError("the page's template has no place for its policy", file, expected=MARK)
    return head + policy(scripts, sorted(looked.styles)) + rest


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The page's Content-Security-Policy: these scripts and styles, pictures in it, no more.

    Styles are those of elements and of attributes; 'unsafe-hashes' stands for the latter, and
    lets in none that is not named.
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, scripts)) or "'none'",
        "style-src": " ".join(["'unsafe-hashes'", *map(_hash, styles)]) if styles else "'none'",
        "img-src": "data:",
        "object-src": "'none'",
        "connect-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def found_in(page: str, scripts: Sequence[str] = ()) -> list[str]:
    """What a browser would load or run on opening this page, but for these scripts, and what
    no page of ours has. Links to follow do not count."""
    return _Looked(page, scripts).found


class _Looked(HTMLParser):
    """Collects what a page must not have, and the styles that it has."""

    def __init__(self, page: str, scripts: Sequence[str]) -> None:
        super().__init__()
        self.scripts = set(scripts)
        self.found: list[str] = []
        self.styles: set[str] = set()
        self._raw: list[str] | None = None
        self._data = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element and its attributes."""
        if tag not in ELEMENTS:
            self.found.append(f"<{tag}>")
        given = dict(attrs)
        for name, value in attrs:
            if not self._harmless(tag, name, value or "", given):
                self.found.append(f"<{tag} {name}={value}>")
        if tag in ("script", "style"):
            self._raw, self._data = [], given.get("type") == "application/json"

    def _harmless(self, tag: str, name: str, value: str, given: dict) -> bool:
        if name == "href":
            return value == NONE if tag == "link" else tag == "a" and leads(value)
        if name == "src":
            return tag == "img" and (value == NONE or bool(DATA.match(value)))
        if name == "style":
            self.styles.add(value)
            return bool(STYLE.fullmatch(value))
        if name == "http-equiv":
            return value == "Content-Security-Policy"
        if name == "type" and tag == "input":
            return value == "checkbox"
        return name in ATTRIBUTES or name.startswith(("data-", "aria-"))

    def handle_comment(self, data: str) -> None:
        """A comment with elements: browsers end some of them earlier."""
        if "<" in data or data.startswith((">", "->")):
            self.found.append(f"<!--{data[:80]}-->")

    def unknown_decl(self, data: str) -> None:
        """A section, which browsers end at the first bracket."""
        self.found.append(f"<![{data[:80]}]>")

    def handle_data(self, data: str) -> None:
        """Collect what is not text: scripts and styles."""
        if self._raw is not None:
            self._raw.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Look at a script or style that ends."""
        if tag not in ("script", "style") or self._raw is None:
            return
        text, self._raw = "".join(self._raw), None
        if tag == "style":
            self.styles.add(text)
            self.found += re.findall(r"@import[^;]*|url\(\s*['\"]?(?!data:|#)[^)]*", text)
        elif not self._data and text not in self.scripts:
            self.found.append(f"<script>{text[:80]}")


def leads(address: str) -> bool:
    """Whether a link leads to a web page, or to a place or file of the project."""
    return bool(LINK.fullmatch(address))


# ---------------------------------------------------------------- pictures


def embedded(page: str, file: str | Path, folder: Path, root: Path) -> str:
    """The page with its pictures in it; pandoc, asked for it, would read all of it again.

    folder: where the addresses of pictures begin. What an output gives as a picture and is none
    of `kind` is left out, so that its alternative text stays. Raises AuditError as `content`
    and `kind` do, for files that a text names.
    """

    def embed(match: re.Match[str]) -> str:
        address = unescape(match[2])
        try:
            if data := DATA.match(address):
                inside = base64.b64decode(address[data.end() :], validate=True)
            else:
                inside = content(address, file, folder, root)
            told = kind(inside, file, address)
        except (binascii.Error, AuditError):
            if not address.startswith("data:"):
                raise
            return f"{match[1]}{NONE}{match[3]}"
        encoded = base64.b64encode(inside).decode("ascii")
        return f"{match[1]}data:{told};base64,{encoded}{match[3]}"

    return re.sub(r'(<img src=")([^"]*)(")', embed, page)


def content(address: str, file: str | Path, folder: Path, root: Path) -> bytes:
    """The bytes of a picture that a text names.

    address: as it stands in the text, from `folder`. Raises AuditError for one that is not
    there, or not below the project's root, links followed.
    """
    name = unquote(address)
    try:
        place = (folder / name).resolve()
        if Path(name).is_absolute() or not place.is_relative_to(root.resolve()):
            raise AuditError(
                "a picture lies outside the project",
                file,
                found=address,
                expected="a path to a file below the project's folder, links followed",
                mend="Copy it there and name it by its path from here.",
            )
        if place.is_file():
            return place.read_bytes()
    except (OSError, ValueError):  # a name that no file can have, among others
        pass
    mend = "Draw it first, or mend its path."
    raise AuditError("picture not found", file, found=address, mend=mend)


def kind(picture: bytes, file: str | Path, name: str) -> str:
    """The media type of a picture, by what is in it.

    Raises AuditError for anything but PNG, JPEG and SVG, and for an SVG that could act where it
    is opened by itself.
    """
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if picture.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    try:
        acts = next(_acting(picture), None)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise AuditError(
            "what a text shows as a picture is none",
            file,
            found=name,
            expected="a PNG, JPEG or SVG",
            mend="Name a picture, or link to the file.",
        ) from error
    if acts:
        raise AuditError(
            "a drawing could act where it is opened by itself",
            file,
            found=f"{acts} in {name}",
            expected="an SVG without scripts",
            mend="Take it out of the drawing, or show it as a PNG.",
        )
    return "image/svg+xml"


def _acting(svg: bytes) -> Iterator[str]:
    """What could act in a drawing. Raises ExpatError or ValueError for what is none."""
    found: list[str] = []
    elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        space, _, local = name.rpartition(" ")
        if not elements and (space, local) != (SVG, "svg"):
            raise ValueError(name)
        elements += 1
        if local.lower() in _ACTING:
            found.append(f"<{local}>")
        for key, value in attributes.items():
            own = key.rpartition(" ")[2].lower()
            if own.startswith("on") or _SCHEME.search(re.sub(r"[\x00-\x20]", "", value)):
                found.append(f"{own}={value[:60]}")

    def instruction(target: str, _: str) -> None:
        found.append(f"<?{target}?>")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.ProcessingInstructionHandler = instruction
    parser.Parse(svg, True)
    yield from found
