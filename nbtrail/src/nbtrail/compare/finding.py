"""From a quoted number or an id to the keys, the sentences and the trail of this build.

'222.9', '222,9 bn', '24 %' or a sentence with a number in it: whatever of the build's numbers
rounds to what is quoted is found, what is printed so first. An id leads to where it stands in
the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import yaml

from nbtrail.base import foreign, paths
from nbtrail.base.determinism import NAME
from nbtrail.base.errors import AuditError
from nbtrail.compare.authenticity import Archive
from nbtrail.record import manifest as manifests
from nbtrail.record.numbers import origin

REPORT = "report/build/report.md"
MOST = 10
MOST_TEXT = 10_000  # letters
MOST_HEAD = 100_000
# How quotations write a unit → how large it is, and the unit of the build that it belongs to.
_SCALES = {
    "thousand": 1e3, "million": 1e6, "millions": 1e6, "mn": 1e6, "m": 1e6, "billion": 1e9,
    "billions": 1e9, "bn": 1e9, "trillion": 1e12, "tn": 1e12,
}  # fmt: skip
_UNITS = {
    "US$": "US$", "USD": "US$", "$": "US$", "dollar": "US$", "dollars": "US$", "EUR": "EUR",
    "€": "EUR", "euro": "EUR", "euros": "EUR", "%": "%", "per cent": "%", "percent": "%",
    "percentage points": "percentage points", "km²": "km²", "times": "times",
    "months": "months",
}  # fmt: skip
# Between thousands: spaces of several widths, and what some countries write instead.
_APART = " \u2007\u2009\u00a0\u202f'’"
_WORDS = "|".join(sorted(map(re.escape, (*_SCALES, *_UNITS)), key=len, reverse=True))
_QUOTED = re.compile(
    r"(?<![\w.,])(?P<before>US\$|USD|EUR|\$|€)?\s?(?P<sign>[-+−–])?"
    r"(?P<before2>US\$|\$|€)?\s?"
    rf"(?P<digits>[0-9]{{1,3}}(?:[{_APART}][0-9]{{3}})+(?![0-9{_APART}][0-9])(?:[.,][0-9]+)?(?![0-9])"
    r"|[0-9][0-9.,]*[0-9]|[0-9])"
    rf"(?P<after>(?:\s?(?:{_WORDS})(?!\w))*)(?!\w)",
    re.IGNORECASE,
)
_YEAR = re.compile("(19|20)[0-9][0-9]")
_SPAN = re.compile(r"\[\[(?P<shown>.{0,500}?)\]\(#(?P<id>n\w{6})\)\]\{\.number [^}]*\}")


@dataclass(frozen=True)
class Quoted:
    """A number as somebody quotes it.

    text: as it stands. values: what it may mean, each with the place of its last digit, so that
    0.1 is one decimal. sign: whether a sign was given. unit: of the build, or ''. scale: what
    it counts in, or None where nothing says so.
    """

    text: str
    values: list[tuple[float, float]]
    sign: bool
    unit: str
    scale: float | None


@dataclass(frozen=True)
class Hit:
    """A number of the build: its name (variant:key), id, display, unit, origin and value."""

    name: str
    id: str
    display: str
    unit: str
    origin: str
    value: float
    rank: tuple

    @property
    def how(self) -> str:
        """How near it comes to what is quoted."""
        turned = "with the other sign, " if self.rank[1] else ""
        return (
            f"{turned}{'printed so' if not self.rank[0] else f'{self.value:.6g} rounds to it'}"
        )


def quoted(text: str) -> list[Quoted]:
    """The numbers in a text; years only where there is nothing else."""
    # What is copied from the report has invisible spaces where lines may break.
    text = re.sub("[\u200b\u2060\ufeff]", "", text[:MOST_TEXT])
    found = [_read(match) for match in _QUOTED.finditer(text)]
    amounts = [one for one in found if one.unit or not _YEAR.fullmatch(one.text)]
    return amounts or found


def _read(match: re.Match) -> Quoted:
    words = [match["before"], match["before2"]]
    words += re.findall(_WORDS, match["after"], re.IGNORECASE)
    spelt = {word.lower(): unit for word, unit in _UNITS.items()}
    units = [spelt[word.lower()] for word in words if word and word.lower() in spelt]
    scales = [_SCALES[word.lower()] for word in words if word and word.lower() in _SCALES]
    minus = match["sign"] in ("-", "−", "–")
    values = []
    for plain in _spellings(match["digits"]):
        number = Decimal(plain)
        last = 10.0 ** number.as_tuple().exponent
        values.append((float(-number if minus else number), last))
    return Quoted(
        match[0].strip(), values, match["sign"] is not None, units[0] if units else "",
        scales[0] if scales else None,
    )  # fmt: skip


def _spellings(digits: str) -> list[str]:
    """What digits may mean: 1,234 is a thousand, or one and a bit; 222,9 is a decimal."""
    digits = re.sub(f"[{_APART}]", "", digits)
    marks = re.findall("[.,]", digits)
    found = []
    for point, group in ((".", ","), (",", ".")):
        whole, _, rest = digits.partition(point)
        grouped = re.fullmatch(rf"[0-9]{{1,3}}(\{group}[0-9]{{3}})+|[0-9]+", whole)
        if grouped and re.fullmatch("[0-9]*", rest):
            found.append(whole.replace(group, "") + (f".{rest}" if rest else ""))
    return list(dict.fromkeys(found)) if marks else [digits]


def numbers(archive: Archive) -> Iterator[tuple[str, dict]]:
    """All numbers of a build: variant:key, and what is known of it."""
    for path in archive.of_kind("numbers.json"):
        content = archive.read(path)
        if content is None or path != paths.all_numbers(path.split("/")[2]):
            continue
        try:
            found = foreign.json(content, path)
        except ValueError:
            raise _malformed(path, "the numbers of a variant") from None
        if not foreign.fits(found, _NUMBERS) or not all(
            foreign.fits(number["is"], _CELL) for number in found.values() if "is" in number
        ):
            raise _malformed(path, "the numbers of a variant")
        for key, number in found.items():
            yield f"{path.split('/')[2]}:{key}", number


# What is used of a number; one that is a cell says of which table and row.
_NUMBERS = {
    str: {
        "value": (int, float, str, type(None)), "display": str, "unit": str, "cell": (int, str),
        "job": str, "from": [str],
    }
}  # fmt: skip
_CELL = {"column": str, "file": str, "row": {str: (int, float, str, type(None))}}


def _malformed(path: str, expected: str) -> AuditError:
    return AuditError(
        "the output cannot be read.",
        file=path,
        expected=expected,
        mend="take the archive from where it was published, or build again (make report).",
    )


def find(one: Quoted, archive: Archive) -> list[Hit]:
    """The numbers that a quotation may mean, the likeliest first.

    What is printed so comes before what merely rounds to it, the sign as quoted before the
    other one (a fall by 20.4 % is −20.4 %), and what the report cites before what it does not.
    """
    cited = set(places(archive))
    hits = []
    for name, number in numbers(archive):
        value = number["value"]
        if not isinstance(value, int | float) or not _fits(one, number["unit"]):
            continue
        scale = _scale(number["unit"])
        # What bears no scale is written as the build does, or out.
        ways = [(scale / one.scale, False)] if one.scale else [(1.0, False), (scale, True)]
        best = min(
            (
                (
                    not _printed(number["display"], quote, last, factor),
                    turned,
                    quote != one.values[0][0],
                )
                for quote, last in one.values
                for factor, out in ways
                for turned in ((False,) if one.sign else (False, True))
                if _rounds(
                    (-value if turned else value) * factor,
                    quote,
                    max(last, _zeros(quote)) if out and factor > 1 else last,
                )
            ),
            default=None,
        )
        if best is None:
            continue
        variant, _, key = name.partition(":")
        identifier = paths.number_id(variant, key)
        rank = (best[0], best[1], identifier not in cited, best[2], name)
        hits.append(
            Hit(
                name,
                identifier,
                number["display"],
                number["unit"],
                origin(number, most=2),
                value,
                rank,
            )
        )
    return sorted(hits, key=lambda hit: hit.rank)


def _scale(unit: str) -> float:
    first = unit.partition(" ")[0]
    return _SCALES.get(first, 1.0)


def _fits(one: Quoted, unit: str) -> bool:
    """Whether a quotation can mean a number of this unit; people count in millions too."""
    if one.scale and one.unit == "" and _scale(unit) == 1.0 and unit != "count":
        return False
    if one.unit == "%":
        return unit.startswith("%")
    return not one.unit or one.unit in unit.split(" per ")[0]


def _rounds(value: float, quote: float, last: float) -> bool:
    """Whether a value rounds to what is quoted; a half may have been rounded either way."""
    return abs(value - quote) <= last / 2 * (1 + 1e-9)


def _zeros(quote: float) -> float:
    """The place of the last digit of a whole number that is no zero: 100 for 1,200."""
    digits = f"{abs(quote):.0f}"
    return 10.0 ** (len(digits) - len(digits.rstrip("0"))) if quote % 1 == 0 else 1.0


def _printed(display: str, quote: float, last: float, factor: float) -> bool:
    """Whether the number is printed with the very digits that are quoted."""
    shown = re.search(r"[0-9][0-9,]*(\.[0-9]+)?", display)
    if shown is None or factor != 1.0:
        return False
    digits = Decimal(shown[0].replace(",", ""))
    return float(digits) == abs(quote) and 10.0 ** digits.as_tuple().exponent == last


# ---------------------------------------------------------------- the report


def places(archive: Archive) -> dict[str, list[str]]:
    """Where an id stands in the report: id → 'section: “sentence”', in the report's order."""
    found: dict[str, list[str]] = {}
    for section, paragraph in _paragraphs(archive):
        for anchor in re.findall(r"^:::+ \{#([\w.-]+)", paragraph):
            found.setdefault(anchor, []).append(section)
        for sentence in _sentences(paragraph):
            ids = [match["id"] for match in _SPAN.finditer(sentence)]
            for identifier in dict.fromkeys(ids):
                found.setdefault(identifier, []).append(f"{section}: “{_plain(sentence)}”")
    return found


def _paragraphs(archive: Archive) -> Iterator[tuple[str, str]]:
    """The report's paragraphs with the title of the section that each stands in."""
    content = archive.read(REPORT) if REPORT in archive.manifest["outputs"] else None
    if content is None:
        return
    text = foreign.text(content, REPORT) or ""
    head, _, text = text.removeprefix("---\n").partition("\n---\n")
    try:
        # Texts alone: tags and merges, which take long or raise anything, stay what they are.
        about = yaml.load(head[:MOST_HEAD], Loader=yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        about = None
    if not foreign.fits(about, {"abstract": str}):
        raise _malformed(REPORT, "the report's text with its abstract")
    yield "Abstract", about["abstract"].strip()
    section = ""
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith("#"):
            section = re.sub(r"\s*\{[^}]*\}", "", paragraph.lstrip("# "))
        elif paragraph.startswith("|"):
            for row in paragraph.splitlines():
                yield section, row.strip("| ")
        else:
            yield section, paragraph


def _sentences(paragraph: str) -> list[str]:
    """A paragraph's sentences; a stop within a number's mark ends none."""
    return re.split(r"(?<=[.?!])[*_]*\s+(?=[*_\[]*[A-Z\[])", paragraph)


def _plain(sentence: str) -> str:
    """A sentence as a reader sees it."""
    text = _SPAN.sub(lambda match: match["shown"], sentence)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\{[^}]*\}|\[@[^\]]*\]|[*`]", "", text)
    text = re.sub(r"\\(.)", r"\1", text).replace("\u200b", "")
    text = re.sub(r"\s+(?=[.,;:])", "", " ".join(text.split()))
    return text if len(text) <= 300 else text[:299] + "…"


# ---------------------------------------------------------------- what is told


def told(text: str, archive: Archive, *, most: int = MOST) -> tuple[list[str], bool]:
    """What is known of a quotation or an id, in lines, and whether all of it was found."""
    text = re.sub("[\u200b\u2060\ufeff]", "", text).strip()
    if not text:
        raise AuditError("nothing is quoted.", expected=f"a number or an id: {NAME} find 222.9")
    where = places(archive)
    try:
        identifier = manifests.find(archive.manifest, text)
    except AuditError:
        pass
    else:
        item = archive.manifest["items"][identifier]
        value = f" = {item['value']}" if "value" in item else ""
        lines = [f"{identifier} ({item['kind']}): {item['title']}{value}"]
        return [
            *lines,
            *_standing(identifier, where),
            f"  trail: {NAME} trace {identifier}",
        ], True
    lines: list[str] = []
    quotes = quoted(text)
    every = bool(quotes)
    for one in quotes:
        hits = find(one, archive)
        every = every and bool(hits)
        if len(quotes) > 1 or not hits:
            lines.append(f"{one.text}:" if hits else f"{one.text}: no number of this build")
        for hit in hits[:most]:
            variant, _, key = hit.name.partition(":")
            lines.append(f"{hit.display}  ({hit.how})")
            lines.append(f"  {hit.id}: {key}, variant {variant}, unit {hit.unit}, {hit.origin}")
            lines += _standing(hit.id, where)
            lines.append(f"  trail: {NAME} trace {hit.id}")
        if len(hits) > most:
            lines.append(f"… and {len(hits) - most} more; a unit or more digits leave fewer.")
    if not quotes:
        lines.append("there is no number in it, and nothing in this build is called so.")
    return lines, every


def _standing(identifier: str, where: dict[str, list[str]]) -> list[str]:
    found = where.get(identifier, [])
    return [f"  report, {one}" for one in found[:3]] or ["  not in the report's text"]
