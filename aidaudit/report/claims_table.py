"""The table of claims as the report shows it: verdicts, what they rest on, and rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aidaudit.claims.verdicts import LOOKS
from nbtrail.base.errors import AuditError, nearest
from nbtrail.publish.report import link, plain, span

# verdict → (its class in style.css and template.typ, its symbol)
VERDICTS = {verdict: (look.style, look.symbol) for verdict, look in LOOKS.items()}


def verdict_markdown(verdict: str) -> str:
    """A verdict as symbol and words; colour is added by the style.

    Raises AuditError for an unknown verdict.
    """
    if verdict not in VERDICTS:
        mend = f"{nearest(verdict, list(VERDICTS))}Use one of the expected verdicts."
        known = ", ".join(f"'{v}'" for v in VERDICTS)
        raise AuditError("unknown verdict", found=verdict, expected=known, mend=mend)
    style, symbol = VERDICTS[verdict]
    # The space after the symbol does not break, or the symbol would stand on its own line.
    symbol = span(plain(symbol), "symbol", ' aria-hidden="true"')
    return span(f"{symbol}\u00a0{verdict}", f"verdict {style}")


def claims_markdown(rows: Sequence[Mapping], caption: str, *, name: str = "T01") -> str:
    """The table of claims as Markdown, for `{{table:…}}`.

    rows: claim_id, locator, paraphrase, asserted, computed, interval, verdicts (variant →
    verdict), judged_verdict, reason, figure (id) and anchor (link, such as '#F01-article'),
    why (the rule's reason), evidence (lines of text) and notebook (link). What a verdict
    rests on folds out in HTML; the PDF leaves it to the archived table.
    Cells are plain text; a missing or empty one becomes a dash. Other variants are named only
    where their verdict differs. Each row can be linked to as `#claim-MIL-2a`.
    Raises AuditError for an unknown verdict.
    """
    head = "| Claim | What the article says | Asserted | Computed | Verdict |"
    # The dashes give the widths: pandoc uses them since the rows are longer than a line.
    rule = f"|:{'-' * 11}|:{'-' * 38}|:{'-' * 14}|:{'-' * 16}|:{'-' * 20}|"
    body = (f"| {' | '.join(_claim_cells(row))} |" for row in rows)
    lines = [head, rule, *body, "", f": {caption} {{#{name}}}"]
    return "::: claims\n" + "\n".join(lines) + "\n:::"


def _claim_cells(row: Mapping) -> Iterator[str]:
    """The five cells of one claim; `below` is a second, smaller line within a cell."""

    def below(text: str) -> str:
        return f" {span(text, 'below')}" if text else ""

    def cell(key: str) -> str:
        value = row.get(key)
        # NaN is what an empty cell of a table read by pandas is.
        return "" if value is None or value != value else plain(value)

    figure, anchor = cell("figure"), row.get("anchor")
    figure = link(figure, anchor) if figure and anchor else figure
    identifier = row["claim_id"]
    yield f"[{identifier}]{{#claim-{identifier}}}{below('¶ ' + cell('locator'))}{below(figure)}"
    lines = [plain(line) for line in row.get("evidence") or []]
    if row.get("why"):
        lines.append(f"Rule: {cell('why')}")
    if row.get("notebook"):
        lines.append(link("Notebook", row["notebook"]))
    fold = "".join(span(line, "line") for line in lines)
    evidence = f" {span(fold, 'evidence')}" if fold else ""
    yield (cell("paraphrase") or "–") + below(cell("reason")) + evidence
    yield cell("asserted") or "–"
    yield (cell("computed") or "–") + below(cell("interval"))
    judged = row["judged_verdict"]
    verdicts = row.get("verdicts") or {}
    differs = (
        f"{plain(name)}: {plain(other)}" for name, other in verdicts.items() if other != judged
    )
    yield verdict_markdown(judged) + below("; ".join(differs))
