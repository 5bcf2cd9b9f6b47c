"""PDF: by everything that its catalogue leads to, metadata aside."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from nbtrail.base import foreign
from nbtrail.compare.authenticity import pdf_objects
from nbtrail.compare.authenticity.base import MOST_LINES, Archive, Finding, hinted, shared
from nbtrail.compare.authenticity.pdf_objects import Name, Ref, Stream, Unclear

MOST_VISITS = 2_000_000  # values, counted once for each page that leads to them
# What may stand above pages and counts for all below.
_INHERITED = (b"Resources", b"MediaBox", b"CropBox", b"Rotate")
_OF_TREE = (b"Type", b"Kids", b"Count", b"Parent", *_INHERITED)
# Left out of the comparison: the tree, which is told by its pages, and metadata. Beside these
# only what the trailer says: /Info and /ID.
_NOT_COMPARED = (b"Pages", b"Metadata")
_WORDS = {
    b"Contents": "draws something else",
    b"Resources": "has other fonts, pictures or settings of drawing",
    b"Annots": "has other links, notes or fields over it",
    b"MediaBox": "has another size",
    b"CropBox": "shows another part of itself",
    b"Rotate": "is turned",
}


def is_pdf(content: bytes) -> bool:
    """Whether the bytes begin as a PDF does."""
    return content[:5] == b"%PDF-"


@dataclass
class Page:
    """A page: a hash of all that it leads to, and which pages its links go to, in order.

    parts: a hash of each of its entries, for telling what differs. streams: hashes of all
    streams below it, for telling what it is like.
    """

    digest: bytes
    targets: list[int | None]
    parts: dict[bytes, bytes]
    streams: list[bytes]


@dataclass
class Document:
    """A PDF: its pages, a hash of each entry of its catalogue, and one of everything.

    The last also tells which of several equal things is meant where something is named
    twice, such as a layer that is shown and one that is not.
    """

    pages: list[Page]
    catalogue: dict[bytes, bytes]
    digest: bytes


@functools.lru_cache(maxsize=128)
def document(content: bytes) -> Document:
    """What a PDF shows and does. Raises Unclear where programs may read it differently."""
    root, pages, walk = _opened(content)
    found = []
    for _, page in pages:
        digest, targets, streams = walk.told(page, {})
        parts = {name: walk.told(page[name], {})[0] for name in page}
        found.append(Page(digest, targets, parts, streams))
    catalogue = {name: walk.told(value, {}) for name, value in root.items()}
    digest = walk.told([[page for _, page in pages], root], {})
    return Document(
        found,
        {name: one + repr(targets).encode() for name, (one, targets, _) in catalogue.items()},
        digest[0] + repr(digest[1]).encode(),
    )


def _opened(content: bytes) -> tuple[dict, list[tuple[Ref, dict]], _Walk]:
    """The catalogue without what is not compared, all pages, and a way through the rest."""
    objects, trailer = pdf_objects.read(content)
    root = trailer.get(b"Root")
    root = objects.get(root) if isinstance(root, Ref) else None
    if not isinstance(root, dict):
        raise Unclear("it has no catalogue")
    pages, extra = _pages(objects, root.get(b"Pages"))
    root = {name: value for name, value in root.items() if name not in _NOT_COMPARED}
    if extra:
        root[b"Pages"] = extra
    return root, pages, _Walk(objects, {ref: place for place, (ref, _) in enumerate(pages)})


def _pages(objects: dict, top: object) -> tuple[list[tuple[Ref, dict]], list]:
    """All pages with what they inherit, and what else stands in their tree.

    Raises Unclear for a tree that says one thing downwards and another upwards.
    """
    pages: list[tuple[Ref, dict]] = []
    extra: list = []
    counts: dict[Ref, tuple[int, int]] = {}
    waiting: list[tuple[object, object, dict]] = [(top, None, {})]
    seen: set[Ref] = set()
    while waiting:
        ref, above, inherited = waiting.pop()
        if ref is _ALL_BELOW:
            said, before = counts[above]
            if said != len(pages) - before:
                raise Unclear("it says another number of pages than it has")
            continue
        node = objects.get(ref) if isinstance(ref, Ref) else None
        if not isinstance(node, dict) or ref in seen or node.get(b"Parent") != above:
            raise Unclear("the tree of its pages is broken")
        seen.add(ref)
        mine = {**inherited, **{name: node[name] for name in _INHERITED if name in node}}
        if node.get(b"Type") == Name(b"Page") and b"Kids" not in node:
            kept = {name: value for name, value in node.items() if name != b"Parent"}
            pages.append((ref, {**mine, **kept}))
            continue
        kids, count = node.get(b"Kids"), node.get(b"Count")
        kids = objects.get(kids) if isinstance(kids, Ref) else kids
        count = objects.get(count) if isinstance(count, Ref) else count
        if (
            node.get(b"Type") != Name(b"Pages")
            or not isinstance(kids, list)
            or not isinstance(count, Decimal)
        ):
            raise Unclear("the tree of its pages is broken")
        extra += [[Name(name), node[name]] for name in sorted(node) if name not in _OF_TREE]
        counts[ref] = (int(count), len(pages))
        waiting.append((_ALL_BELOW, ref, {}))
        waiting += [(kid, ref, mine) for kid in reversed(kids)]
    return pages, extra


_ALL_BELOW = object()


@dataclass
class _Walk:
    """Goes through all that a value leads to, in an order that depends on nothing else."""

    objects: dict[Ref, object]
    pages: dict[Ref, int]
    names: dict[bytes, object] | None = None  # of places, where links are looked up
    visits: int = 0

    def told(
        self, start: object, seen: dict[Ref, int]
    ) -> tuple[bytes, list[int | None], list[bytes]]:
        """A hash of everything below, which pages it names, and hashes of its streams.

        seen: what was visited, and as which; it grows. Raises Unclear if that is too much.
        """
        digest, targets, streams = sha256(), [], []
        waiting, number = [start], len(seen)
        while waiting:
            value = waiting.pop()
            self.visits += 1
            if self.visits > MOST_VISITS:
                raise Unclear("it holds more than can be read")
            if isinstance(value, Ref):
                ref = value
                if ref in self.pages:
                    targets.append(self.pages[ref])
                    digest.update(b"page ")
                    continue
                if ref in seen:
                    digest.update(b"seen %d " % seen[ref])
                    continue
                value = self.objects.get(ref)
                if isinstance(value, Ref):
                    raise Unclear("a reference leads to a reference")
                taken_away = isinstance(value, dict) and value.get(b"Type") == Name(b"Page")
                if taken_away or ref == _NOWHERE:
                    targets.append(None)
                    digest.update(b"page ")
                    continue
                if isinstance(value, dict | list | Stream):
                    seen[ref] = number
            if isinstance(value, dict | list | Stream):
                number += 1
            if isinstance(value, Stream):
                content, unpacked = value.told()
                streams.append(content)
                digest.update(b"stream " + content)
                # Without its filter, parameters of unpacking would say nothing.
                unpacked = unpacked and b"DecodeParms" not in value.about
                left_out = {b"Length", *((b"Filter",) if unpacked else ())}
                value = {name: one for name, one in value.about.items() if name not in left_out}
            if isinstance(value, dict):
                value = value if self.names is None else self._led(value)
                names = sorted(value)
                digest.update(b"dict %d " % len(names))
                for name in names:
                    digest.update(b"%d " % len(name) + name)
                waiting += [value[name] for name in reversed(names)]
            elif isinstance(value, list):
                digest.update(b"list %d " % len(value))
                waiting += reversed(value)
            else:
                digest.update(_scalar(value))
        return digest.digest(), targets, streams

    def _led(self, value: dict) -> dict:
        """A link with the page that it leads to, if any; other things as they are."""
        if value.get(b"Subtype") != Name(b"Link"):
            return value
        link = {name: one for name, one in value.items() if name != b"StructParent"}
        if b"Dest" in link:
            link[b"Dest"] = self.page_of(link[b"Dest"])
        return link

    def page_of(self, value: object) -> Ref:
        """The page of a place, which may be a name; `_NOWHERE` where it is none of them."""
        for _ in range(2):
            value = self.objects.get(value) if isinstance(value, Ref) else value
            value = value.get(b"D") if isinstance(value, dict) else value
            value = self.objects.get(value) if isinstance(value, Ref) else value
            value = (self.names or {}).get(bytes(value)) if isinstance(value, bytes) else value
        page = value[0] if isinstance(value, list) and value else None
        return page if isinstance(page, Ref) and page in self.pages else _NOWHERE


_NOWHERE = Ref(-1, 0)


def _scalar(value: object) -> bytes:
    if isinstance(value, Name):
        return b"name %d " % len(value) + value
    if isinstance(value, bytes):
        return b"text %d " % len(value) + value
    if isinstance(value, Decimal):
        # 1.50 and 1.5 are the same number; none is rounded.
        spelt = f"{value:f}"
        spelt = spelt.rstrip("0").rstrip(".") if "." in spelt else spelt
        return b"number " + spelt.encode() + b" "
    return b"%s " % str(value).encode()


def pdf(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A PDF against all archived ones; None where nothing is like it."""
    hint = hinted(content, archive, ".pdf")
    unclear = mine = None
    foreign.hold_pdf(content, file)
    try:
        mine = document(content)
        streams = Counter(one for page in mine.pages for one in page.streams)
    except Unclear as error:
        unclear = str(error)
        streams = Counter(_scanned(content))
    best: tuple[float, str, Document | None] = (0.0, "", None)
    for path in archive.of_kind(".pdf"):
        there = archive.read(path)
        if there is not None:
            foreign.hold_pdf(there, path)
        try:
            known = document(there) if there is not None else None
        except Unclear:
            known = None
        if known is None:
            continue
        if mine is not None and mine.digest == known.digest:
            return Finding("unchanged", path, "the same document; its metadata are others")
        if mine is not None and len(mine.pages) < len(known.pages):
            with suppress(Unclear):
                if where := _within(content, mine, there, known):
                    return Finding("unchanged", path, where)
        score = shared(streams, Counter(one for page in known.pages for one in page.streams))
        best = max(best, (score, path, known), key=lambda one: one[0])
    score, path, known = best
    if hint and (score < 0.5 or path != hint):
        path = hint
    elif score < 0.5:
        return None
    if mine is None:
        told = [unclear] if unclear else []
        how = "it cannot be told what it shows: programs may read it differently, or not at all"
        return Finding("altered", path, how, told)
    told = list(_differing(mine, known)) if known is not None else []
    return Finding("altered", path, "nearly the same pages, or its metadata", told[:MOST_LINES])


def _scanned(content: bytes) -> list[bytes]:
    """Hashes of whatever looks like a stream, of a file that cannot be read otherwise."""
    found, end = [], 0
    while (place := content.find(b"stream", end)) >= 0:
        end = content.find(b"endstream", place)
        if end < 0:
            break
        raw = content[place + 6 : end].strip(b"\r\n")
        found.append(Stream({b"Filter": Name(b"FlateDecode")}, raw).told()[0])
        end += 9
    return found


def _within(
    content: bytes, mine: Document, known_content: bytes, known: Document
) -> str | None:
    """'page 11 of 60, taken from it' where all are pages of a document, in its order.

    Links may lead nowhere, but to no other page, and what screen readers are told may be left
    behind. All else of the pages is the same, and nothing new stands beside them.
    """
    if {b"OCProperties", b"AcroForm"} & (set(known.catalogue) | set(mine.catalogue)):
        return None  # what pages show rests on more than the pages
    beside = (name for name in mine.catalogue if name != b"Names")
    if any(mine.catalogue[name] != known.catalogue.get(name) for name in beside):
        return None
    looks = [[page.parts.get(name) for name in _LOOK] for page in known.pages]
    numbers: list[int] = []
    for page in mine.pages:
        look = [page.parts.get(name) for name in _LOOK]
        begin = numbers[-1] + 1 if numbers else 0
        if look not in looks[begin:]:
            return None
        numbers.append(looks.index(look, begin))
    if not numbers:
        return None
    taken, names = _taken(content, list(range(len(numbers))))
    there, all_names = _taken(known_content, numbers)
    places = [*zip(taken, there, strict=True)]
    places += [(names[one], all_names.get(one, (b"", []))) for one in names]
    for (digest, targets), (other, others) in places:
        # Programs that take out pages lose links within them, or the spot on the page.
        if digest != other or any(
            one not in (None, two) for one, two in zip(targets, others, strict=True)
        ):
            return None
    listed = ", ".join(str(number + 1) for number in numbers)
    pages = f"page{'s' if len(numbers) > 1 else ''} {listed} of {len(known.pages)}"
    return f"{pages}, taken from it"


_BOXES = (b"CropBox", b"TrimBox", b"BleedBox", b"ArtBox")
_LOOK = (b"Contents", b"Resources", b"MediaBox")


def _taken(content: bytes, numbers: list[int]) -> tuple[list, dict]:
    """Some pages of a document as if it had no others, and which its names of places are on."""
    root, pages, walk = _opened(content)
    walk.pages = {pages[number][0]: place for place, number in enumerate(numbers)}
    names = [*_names(walk.objects, root.get(b"Names"))]
    walk.names = dict(names)
    if len(walk.names) < len(names):
        raise Unclear("it names two places alike")
    found = [walk.told(_plain(pages[number][1]), {})[:2] for number in numbers]
    return found, {name: walk.told(walk.page_of(name), {})[:2] for name in walk.names}


def _plain(page: dict) -> dict:
    """A page without what a screen reader looks up, and what goes without saying."""
    whole = page.get(b"MediaBox")
    plain = {b"Rotate": 0, **dict.fromkeys(_BOXES, whole)}
    return {
        name: value
        for name, value in page.items()
        if name != b"StructParents" and (name not in plain or value != plain[name])
    }


def _names(objects: dict, top: object) -> Iterator[tuple[bytes, object]]:
    """All names of places. Raises Unclear where anything else is named."""

    def at(value: object) -> object:
        return objects.get(value) if isinstance(value, Ref) else value

    top = at(top)
    if top is None:
        return
    if not isinstance(top, dict) or set(top) != {b"Dests"}:
        raise Unclear("it names more than places")
    waiting, most = [top[b"Dests"]], len(objects) + 1
    while waiting and most:
        most -= 1
        node = at(waiting.pop())
        if not isinstance(node, dict):
            raise Unclear("its names of places cannot be read")
        kids = at(node.get(b"Kids")) or []
        pairs = at(node.get(b"Names")) or []
        if not isinstance(kids, list) or not isinstance(pairs, list):
            raise Unclear("its names of places cannot be read")
        waiting += kids
        for name, value in zip(map(at, pairs[::2]), pairs[1::2], strict=False):
            if not isinstance(name, bytes):
                raise Unclear("its names of places cannot be read")
            yield bytes(name), value


def _differing(mine: Document, known: Document) -> list[str]:
    """What differs between two documents, a line each."""
    told = []
    if len(mine.pages) != len(known.pages):
        told.append(f"{len(mine.pages)} pages instead of {len(known.pages)}")
    for number, (one, two) in enumerate(zip(mine.pages, known.pages, strict=False), start=1):
        for name in sorted(set(one.parts) | set(two.parts)):
            if one.parts.get(name) != two.parts.get(name):
                word = _WORDS.get(name, f"has another /{name.decode('ascii', 'replace')}")
                told.append(f"page {number} {word}")
        if one.digest == two.digest and one.targets != two.targets:
            told.append(f"page {number} has links to other pages")
    for name in sorted(set(mine.catalogue) | set(known.catalogue)):
        if mine.catalogue.get(name) != known.catalogue.get(name):
            said = f"/{name.decode('ascii', 'replace')}"
            how = "is new" if name not in known.catalogue else "is another"
            how = "is missing" if name not in mine.catalogue else how
            told.append(f"what the document says beside its pages: {said} {how}")
    return told or ["its pages name each other's parts in another way"]
