"""A difference for a person: as text, and as a page with old and new side by side."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from nbtrail.base import terminal
from nbtrail.base.determinism import NAME
from nbtrail.compare.diff.expected import Split
from nbtrail.compare.diff.model import (
    Cell,
    Change,
    Difference,
    Figure,
    Number,
    Table,
    Verdict,
)
from nbtrail.publish import inert

MOST = 20
MOST_CELLS = 3
WIDTH = 88
TEMPLATE = Path(__file__).with_name("page.html")
KINDS = {
    "numbers": ("number", "numbers"),
    "verdicts": ("verdict", "verdicts"),
    "figures": ("figure", "figures"),
    "shown": ("table of the report", "tables of the report"),
    "tables": ("data table", "data tables"),
    "others": ("other output", "other outputs"),
    "uncompared": ("output that cannot be compared", "outputs that cannot be compared"),
}
FILL = f"{NAME} diff --build"


def counted(number: int, kind: str) -> str:
    """'1 figure', '2 figures'."""
    one, more = KINDS[kind]
    return f"{number:,} {one if number == 1 else more}"


def percent(change: float | None) -> str:
    """'+1.2 %', with a true minus sign; an empty text where there is none."""
    if change is None:
        return ""
    size = abs(change)
    shown = f"{change:+,.0f}" if size >= 100 else f"{change:+.1f}" if size >= 0.05 else ""
    return (shown or f"{change:+.1g}").replace("-", "−") + " %"


def shown(value: str | None) -> str:
    """An old or new value; a dash where the thing is not on that side."""
    return "–" if value is None else value


def summary(difference: Difference) -> list[tuple[str, str]]:
    """(kind, count in words) of each kind that is there."""
    found = []
    for kind in (field.name for field in fields(difference)):
        entries = getattr(difference, kind)
        if not isinstance(entries, tuple) or not entries:
            continue
        text = counted(len(entries), kind)
        if kind == "verdicts" and (flipped := sum(one.flipped for one in entries)):
            text += f" ({flipped:,} flipped)"
        if kind == "figures":
            # Tables that the report shows are told of as its figures are.
            tables = sum(one.id.startswith("T") for one in entries)
            counts = ((len(entries) - tables, "figures"), (tables, "shown"))
            text = ", ".join(counted(number, name) for number, name in counts if number)
        found.append((kind, text))
    return found


def heading(split: Split) -> str:
    """The result in one sentence."""
    part = split.unexpected
    known = [one for one in summary(part) if one[0] != "uncompared"]
    if known:
        said = f"Not expected: {_list(known)}" if split.patterns else f"{_list(known)} changed"
    elif split.expected.changes() or split.expected.uncompared:
        said = "Only what was expected changed"
    else:
        said = "No change was found" if part.uncompared else "Nothing changed"
    gap = "; not" if known else ", but not"
    return said + (f"{gap} everything could be compared." if part.uncompared else ".")


def _list(parts: list[tuple[str, str]]) -> str:
    texts = [text for _, text in parts]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def same_content(difference: Difference) -> str:
    """How many outputs have other bytes alone; an empty text for none."""
    number = difference.same_content
    if not number:
        return ""
    outputs = "1 output has" if number == 1 else f"{number:,} outputs have"
    return (
        f"{outputs} other bytes, but the same content: made by other code, or spelt otherwise."
    )


def advice(difference: Difference) -> str:
    """What to do about what cannot be compared."""
    if difference.old == "the last commit":
        return f"Build what is missing from the last commit: {FILL}"
    return "Take an archive that is whole, or build again: make report"


# ---------------------------------------------------------------- parts of a change


def verdict(change: Verdict) -> str:
    """What became of a verdict, in words."""
    if change.flipped:
        return f"{shown(change.old_verdict)} → {shown(change.new_verdict)}"
    return f"{change.new_verdict}, as before"


def also(change: Verdict) -> str:
    """The other columns of a claim's row that differ, unless the claim is new or gone."""
    return ", ".join(change.also) if change.what == "changed" else ""


def rows(table: Table) -> str:
    """How many rows and which columns differ."""
    counts = (
        (table.rows_changed, "row", "changed", ()),
        (table.rows_added, "row", "added", ()),
        (table.rows_removed, "row", "removed", ()),
        (len(table.columns_added), "column", "added", table.columns_added),
        (len(table.columns_removed), "column", "removed", table.columns_removed),
    )
    parts = [
        f"{number:,} {noun}{'s' * (number > 1)} {word}"
        + (f" ({', '.join(columns)})" if columns else "")
        for number, noun, word, columns in counts
        if number
    ]
    return ", ".join([*parts, table.note] if table.note else parts) or "no rows"


def figure(change: Figure) -> str:
    """What of a figure differs."""
    if change.what != "changed":
        return change.what
    parts = [
        word
        for word, differs in (
            ("drawing", change.drawn),
            ("words", change.words),
            ("data", change.table),
        )
        if differs
    ]
    data = f" ({rows(change.table)})" if change.table else ""
    return f"changed: {', '.join(parts)}{data}"


# ---------------------------------------------------------------- text


def text(split: Split) -> str:
    """The whole as text: what was not expected first, then what was, then what did not."""
    whole = split.unexpected
    lines = [f"Old: {whole.old}. New: {whole.new}.", heading(split)]
    if split.patterns:
        parts = (("NOT EXPECTED", split.unexpected), ("EXPECTED", split.expected))
        for title, part in parts:
            if summary(part):
                lines += ["", title, *_sections(part)]
        if split.unmet:
            lines += ["", f"Expected, but unchanged: {', '.join(split.unmet)}"]
    else:
        lines += _sections(whole)
    if told := same_content(whole):
        lines += ["", told]
    return terminal.lines(lines)


def _sections(part: Difference) -> Iterator[str]:
    tellers = {
        "numbers": _number_lines,
        "verdicts": _verdict_lines,
        "figures": lambda one: [f"  {one.id}  {_cut(one.title)}", f"    {figure(one)}"],
        "tables": _table_lines,
        "others": lambda one: [f"  {one.path}  {one.what}"],
        "uncompared": lambda one: [f"  {one.path}", f"    {one.why}"],
    }
    for kind, count in summary(part):
        yield from ("", f"{count[0].upper()}{count[1:]}")
        entries: Sequence[Change] = getattr(part, kind)
        for one in entries[:MOST]:
            yield from tellers[kind](one)
        if len(entries) > MOST:
            yield f"  … and {len(entries) - MOST:,} more (see the page)"
        if kind == "uncompared":
            yield f"  {advice(part)}"


def _number_lines(one: Number) -> list[str]:
    change = percent(one.relative)
    said = change or (one.what if one.what != "changed" else "")
    return [f"  {one.key}", f"    {_arrow(one.old, one.new)}" + (f"  ({said})" if said else "")]


def _verdict_lines(one: Verdict) -> list[str]:
    lines = [f"  {one.claim}-{one.variant}  {_cut(one.paraphrase)}", f"    {verdict(one)}"]
    if one.old != one.new:
        change = percent(one.relative)
        lines.append(f"    {_arrow(one.old, one.new)}" + (f"  ({change})" if change else ""))
    if told := also(one):
        lines.append(f"    also other: {told}")
    return lines


def _table_lines(one: Table) -> list[str]:
    what = f"{one.what}: " if one.what != "changed" else ""
    lines = [f"  {one.path}", f"    {what}{rows(one)}"]
    lines += [f"    {_cell(cell)}" for cell in one.cells[:MOST_CELLS]]
    return lines


def _cell(cell: Cell) -> str:
    change = percent(cell.relative)
    told = f"{_cut(cell.row)}, {cell.column}: {_arrow(cell.old, cell.new)}"
    return told + (f"  ({change})" if change else "")


def _arrow(old: str | None, new: str | None) -> str:
    return f"{_cut(shown(old))} → {_cut(shown(new))}"


def _cut(words: str) -> str:
    return words if len(words) <= WIDTH else words[: WIDTH - 1] + "…"


# ---------------------------------------------------------------- page


def page(split: Split) -> str:
    """The whole as one HTML page that asks nothing of any server and runs no script."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {
        "also": also,
        "counted": counted,
        "figure": figure,
        "percent": percent,
        "picture": _picture,
        "rows": rows,
        "shown": shown,
        "summary": summary,
        "verdict": verdict,
    }
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    parts = [("", "", split.unexpected)]
    if split.patterns:
        parts = [
            ("unexpected", "Not expected", split.unexpected),
            ("expected", "Expected", split.expected),
        ]
    page = template.render(
        split=split,
        parts=[one for one in parts if summary(one[2])],
        heading=heading(split),
        same_content=same_content(split.unexpected),
        advice=advice(split.unexpected),
    )
    return inert.sealed(page, TEMPLATE)


def _picture(svg: bytes) -> str:
    """A drawing as an address of its own bytes; in an <img> it can load and run nothing."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
