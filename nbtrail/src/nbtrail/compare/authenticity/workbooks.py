"""Workbooks (.xlsx) that hold one of our tables: by the values of their cells."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from openpyxl.utils import column_index_from_string

from nbtrail.base import foreign, workbooks
from nbtrail.compare.authenticity import text
from nbtrail.compare.authenticity.base import MOST_LINES, Archive, Finding


def is_workbook(content: bytes) -> bool:
    """Whether the bytes are a zip with a workbook of Excel in it."""
    if content[:4] != b"PK\x03\x04":
        return False
    return b"xl/workbook.xml" in content


def workbook(content: bytes, archive: Archive, file: Path) -> Finding | None:
    """A workbook's sheets against all archived tables; None where none is like one.

    It is the same only if it holds one table, and nothing that would show other values than
    those that were saved, or none: formulas, formats, hidden rows, colours, things over cells.
    Raises AuditError for one that is too large to read.
    """
    sheets = [
        [[_spelt(cell) for cell in row] for row in workbooks.cells(file, sheet)]
        for sheet in workbooks.names(file)
    ]
    filled = [rows for rows in sheets if any(map(any, rows))]
    findings = []
    for rows in filled:
        while not any(rows[-1]):
            rows.pop()
        how = "the same values, other format: a workbook"
        findings.append(text.cells(rows, archive, how))
    known = [finding for finding in findings if finding is not None]
    if not known:
        return None
    if len(filled) > 1:
        told = [f"it has {len(filled)} sheets", *known[0].differences]
        return Finding("altered", known[0].path, "one of its sheets is like it", told)
    try:
        told = list(_more(file))
    except ValueError:
        told = ["its parts cannot be read"]
    if known[0].status == "unchanged" and told:
        how = "the same values, but it may show others, or holds more"
        return Finding("altered", known[0].path, how, told[:MOST_LINES])
    return known[0]


# A sheet is larger than a drawing.
_SHEET_TIMES = 8
# All parts that a workbook with one plain table has.
_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/[a-z]+\.xml|xl/(?:workbook|styles|"
    r"sharedStrings|worksheets/sheet1|theme/theme1|_rels/workbook\.xml\.rels)\.xml"
    r"|xl/_rels/workbook\.xml\.rels"
)
# What they are to each other, and how they are to be read.
_LINKS = {
    "officeDocument", "core-properties", "extended-properties", "custom-properties",
    "worksheet", "styles", "theme", "sharedStrings",
}  # fmt: skip
_TYPES = {
    "application/vnd.openxmlformats-package.relationships+xml", "application/xml",
    "application/vnd.openxmlformats-package.core-properties+xml",
    *(
        f"application/vnd.openxmlformats-officedocument.{one}+xml"
        for one in (
            "spreadsheetml.sheet.main", "spreadsheetml.worksheet", "spreadsheetml.styles",
            "spreadsheetml.sharedStrings", "theme", "extended-properties", "custom-properties",
        )
    ),
}  # fmt: skip
# Elements and attributes that say where what is shown in which type.
_BOOK = {
    "workbook": set(), "fileVersion": None, "workbookPr": {"defaultThemeVersion", "date1904"},
    "workbookProtection": set(), "bookViews": set(), "workbookView": None, "sheets": set(),
    "sheet": {"name", "sheetId", "state", "id"}, "definedNames": set(), "calcPr": None,
    "AlternateContent": None, "Choice": None, "absPath": None, "revisionPtr": None,
    "extLst": None, "ext": None, "calcFeatures": None, "feature": None,
}  # fmt: skip
_SHEET = {
    "worksheet": None, "sheetPr": set(), "outlinePr": None, "pageSetUpPr": None,
    "dimension": None, "sheetViews": set(), "selection": None,
    "sheetView": {"workbookViewId", "tabSelected", "zoomScale", "zoomScaleNormal"},
    "sheetFormatPr": {"baseColWidth", "defaultColWidth", "defaultRowHeight", "dyDescent"},
    "cols": set(), "col": {"min", "max", "width", "customWidth", "bestFit", "style"},
    "sheetData": set(), "row": {"r", "spans", "ht", "dyDescent", "s", "customFormat"},
    "c": {"r", "s", "t"}, "v": set(), "is": set(), "t": {"space"},
    "pageMargins": None, "pageSetup": None, "printOptions": None, "ignoredErrors": None,
    "ignoredError": None, "phoneticPr": None,
}  # fmt: skip
_STRINGS = {"sst": None, "si": set(), "t": {"space"}}
# Formats that show a number, text or day as it is.
_NUMBERS, _DAYS = {0, 49}, {14, 22}
_DAY = re.compile(r"yyyy\\?-mm\\?-dd(?:(?:\\? )hh?:mm:ss)?", re.IGNORECASE)
_BLACK = ({}, {"theme": "1"}, {"auto": "1"}, {"indexed": "8"}, {"indexed": "64"})
# Fonts of letters; others may show signs in their place.
_FONTS = {
    "Aptos", "Aptos Narrow", "Aptos Display", "Arial", "Calibri", "Calibri Light", "Cambria",
    "Carlito", "DejaVu Sans", "Helvetica", "Helvetica Neue", "Liberation Sans",
    "Times New Roman", "Verdana",
}  # fmt: skip
_LEAST, _MOST = 3.0, 300.0  # a row or column that is smaller hides what it holds


def _more(file: Path) -> Iterator[str]:
    """What a workbook may show, or do, besides the values of its cells.

    Raises ValueError where a part of it is damaged.
    """
    # Twice a name, or anything before its beginning or behind its end, is refused there.
    with workbooks.opened(file) as archive:
        names = archive.names()
        for name in names:
            if not _PARTS.fullmatch(name):
                yield f"it holds {name[:80]!r}, which a plain table does not need"
        parts = {
            name: _tree(archive.read(name), file, name)
            for name in names
            if _PARTS.fullmatch(name) and not name.startswith("docProps/")
        }
    for name, part in parts.items():
        yield from _other_edition(name, part)
    for part in parts.values():
        for one in part.iter():
            kind = one.tag.rpartition("}")[2]
            if kind == "Relationship" and (
                one.get("Type", "").rpartition("/")[2] not in _LINKS or one.get("TargetMode")
            ):
                yield f"it leads to {one.get('Target', '')[:80]!r}"
            elif kind in ("Override", "Default") and one.get("ContentType") not in _TYPES:
                yield f"it holds parts of the type {one.get('ContentType', '')[:80]!r}"
    for name, allowed in (
        ("xl/workbook.xml", _BOOK),
        ("xl/worksheets/sheet1.xml", _SHEET),
        ("xl/sharedStrings.xml", _STRINGS),
    ):
        if name in parts:
            yield from _beyond(parts[name], allowed)
    if "xl/worksheets/sheet1.xml" in parts:
        yield from _in_order(parts["xl/worksheets/sheet1.xml"])
        yield from _formats(parts)


_EDITIONS = (
    "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}",
    "{http://purl.oclc.org/ooxml/spreadsheetml/main}",
)


def _other_edition(name: str, part: ElementTree.Element) -> Iterator[str]:
    """What some programs pass over: elements of another namespace, twice, or out of place."""
    if not name.startswith("xl/") or name.endswith(".rels") or "/theme/" in name:
        return
    space, _, kind = part.tag.rpartition("}")
    names = [one.tag for one in part]
    foreign_names = {
        one.tag.rpartition("}")[2]
        for one in part.iter()
        if one.tag.rpartition("}")[0] != space
        and not (kind == "workbook" and _BOOK.get(one.tag.rpartition("}")[2], ()) is None)
        and not (kind == "styleSheet" and one.tag.rpartition("}")[2] in _STYLES_OF_OTHERS)
    }
    rows, cells = (len([*part.iter(f"{space}}}{one}")]) for one in ("row", "c"))
    if (
        f"{space}}}" not in _EDITIONS
        or foreign_names
        or len(set(names)) < len(names)
        or rows != len(part.findall("{*}sheetData/{*}row"))
        or cells != len(part.findall("{*}sheetData/{*}row/{*}c"))
    ):
        yield f"programs read different elements of {name!r}"


# What Excel adds behind its own styles, and nothing here looks at.
_STYLES_OF_OTHERS = {"slicerStyles", "timelineStyles"}


def _tree(part: bytes, file: Path, name: str) -> ElementTree.Element:
    tree = foreign.xml(part, f"{file.name}: {name}", _SHEET_TIMES)
    if tree is None:
        raise ValueError(name)
    return tree


def _beyond(part: ElementTree.Element, allowed: dict[str, set[str] | None]) -> Iterator[str]:
    """Elements and attributes that a plain table does not need; each kind once."""
    told = set()
    for one in part.iter():
        kind = one.tag.rpartition("}")[2]
        if kind == "f":
            told.add("formulas show other values than those that were saved, once computed")
        elif kind not in allowed:
            told.add(f"it has {kind!r}, which a plain table does not need")
        elif allowed[kind] is not None:
            names = {name.rpartition("}")[2] for name in one.attrib}
            told |= {f"{kind!r} has {name!r}" for name in names - allowed[kind]}
        if one.get("state", "visible") != "visible":
            told.add("its sheet is hidden")
        for name in ("ht", "width", "defaultRowHeight", "defaultColWidth", "baseColWidth"):
            size = one.get(name, "10")
            if kind in ("row", "col", "sheetFormatPr") and not (
                re.fullmatch(r"[0-9.]+", size) and _LEAST <= float(size) <= _MOST
            ):
                told.add("a row or column is too small or too large to be read")
    yield from sorted(told)


def _in_order(sheet: ElementTree.Element) -> Iterator[str]:
    """Whether every cell stands once, where it says: else programs choose one of two."""
    last_row, right = 0, True
    for row in sheet.iterfind("{*}sheetData/{*}row"):
        number, last = int(row.get("r", last_row + 1)), 0
        right &= number > last_row
        last_row = number
        for cell in row.iterfind("{*}c"):
            where = cell.get("r", "")
            found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", where)
            column = column_index_from_string(found[1]) if found else 0
            right &= bool(found) and int(found[2]) == number and column > last
            right &= len(cell) <= 1 and (
                cell.get("t") != "inlineStr" or cell.find("{*}v") is None
            )
            last = column
    if not right:
        yield "its cells do not stand where they say, or more than once"


def _formats(parts: dict[str, ElementTree.Element]) -> Iterator[str]:
    """Formats of cells that show other values than theirs, or none."""
    styles = parts.get("xl/styles.xml")
    used = {
        int(one.get("s", 0)) for one in parts["xl/worksheets/sheet1.xml"].iterfind(".//{*}c")
    }
    if styles is None:
        return
    customs = {
        int(one.get("numFmtId", -1)): one.get("formatCode", "")
        for one in styles.iterfind("{*}numFmts/{*}numFmt")
    }
    cells, bases = styles.findall("{*}cellXfs/{*}xf"), styles.findall("{*}cellStyleXfs/{*}xf")
    fonts, fills = styles.findall("{*}fonts/{*}font"), styles.findall("{*}fills/{*}fill")
    told = set()
    chosen = [cells[number] for number in used if number < len(cells)]
    if len(chosen) < len(used):
        told.add("a cell has a format that is not there")
    chosen += [bases[n] for n in {int(one.get("xfId", 0)) for one in chosen} if n < len(bases)]
    for one in chosen:
        number = int(one.get("numFmtId", 0))
        if number in customs:
            if not _DAY.fullmatch(customs[number]) and customs[number] != "General":
                told.add(f"cells are shown as {customs[number][:60]!r}")
        elif number not in _NUMBERS | _DAYS:
            told.add(f"cells are shown in format {number}, which may round or hide")
        font, fill = int(one.get("fontId", 0)), int(one.get("fillId", 0))
        if font >= len(fonts) or not _plain_font(fonts[font]):
            told.add("cells have a font that shows other signs, is not seen or struck out")
        if fill >= len(fills) or any(
            part.get("patternType", "none") not in ("none", "gray125")
            for part in fills[fill].iter()
        ):
            told.add("cells have a colour behind them")
        shown = one.find("{*}alignment")
        if shown is not None and (
            shown.get("horizontal", "general") not in ("general", "left", "center", "right")
            or not set(shown.attrib) <= {"horizontal", "vertical", "wrapText"}
        ):
            told.add("cells are aligned in a way that may hide or repeat what they hold")
    palette = [one.get("rgb", "") for one in styles.iterfind("{*}colors/{*}indexedColors/*")]
    if (palette and palette[8:9] != ["00000000"]) or not _usual(
        parts.get("xl/theme/theme1.xml")
    ):
        told.add("its theme has other colours for black and white, or another font")
    yield from sorted(told)


def _plain_font(font: ElementTree.Element) -> bool:
    for part in font:
        kind = part.tag.rpartition("}")[2]
        size = part.get("val", "11")
        if kind == "color" and part.attrib not in (*_BLACK, {"rgb": "FF000000"}):
            return False
        if kind == "sz" and not (re.fullmatch(r"[0-9.]{1,5}", size) and 6 <= float(size) <= 30):
            return False
        if kind == "name" and part.get("val") not in _FONTS:
            return False
        if kind == "charset" and part.get("val") == "2":
            return False
        if kind not in ("name", "family", "charset", "scheme", "sz", "color", "b"):
            return False
    return True


def _usual(theme: ElementTree.Element | None) -> bool:
    """Whether a theme's text is black letters and its background white."""
    if theme is None:
        return True
    for one in ("majorFont", "minorFont"):
        names = [font.get("typeface") for font in theme.iterfind(f".//{{*}}{one}/{{*}}latin")]
        if len(names) != 1 or names[0] not in _FONTS:
            return False
    for name, values in (("dk1", ("windowText", "000000")), ("lt1", ("window", "FFFFFF"))):
        colors = [color for one in theme.iterfind(f".//{{*}}{name}") for color in one]
        if len(colors) != 1 or colors[0].get("val") not in values:
            return False
        if colors[0].get("lastClr", values[1]) != values[1] or len(colors[0]):
            return False
    return True


def _spelt(cell: object) -> str:
    """A cell as our tables spell it."""
    if isinstance(cell, workbooks.Odd):
        return str(cell)  # why it is odd is told by `_more`
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return repr(cell).removesuffix(".0")
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        cell = cell.date()
    return cell.isoformat() if isinstance(cell, datetime.date) else str(cell)
