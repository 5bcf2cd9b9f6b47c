"""What the report is put together from: numbers, figures and tables of several variants.

Knows where built files lie and how tables read in Markdown; the text's own rules are in
`report`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from textwrap import shorten

import pandas as pd

from aidaudit import config, layout
from aidaudit.claims.verdicts import NOT_TESTABLE
from aidaudit.config import REPORT_TABLES
from aidaudit.data import sources
from aidaudit.measures import plausibility, result_tables
from aidaudit.measures.donors import GROUPS
from aidaudit.report import interactive_view, test_runs
from aidaudit.report.claims_table import VERDICTS, claims_markdown
from nbtrail.base import determinism, digits, files, paths
from nbtrail.publish.report import Figure, assemble, cited, code, link, numbers_markdown, plain
from nbtrail.record import manifest
from nbtrail.record.numbers import display

SECTIONS = Path("report/sections")
ABSTRACT = Path("report/abstract.md")
VERDICT_FIGURE = ("V01", "all")
# The article's sections as a picture names them.
SECTION_OF = {
    "military": "Military",
    "economic": "Economic and humanitarian",
    "membership": "Membership",
    "strategy": "Long-term strategy",
    "scenarios": "Scenarios",
}


def sections() -> list[Path]:
    """The report's section files, in order."""
    return [files.source(path) for path in section_names()]


def section_names() -> list[str]:
    """The section files relative to the root, in the order of their names."""
    return sorted(
        path.relative_to(determinism.root()).as_posix()
        for path in (determinism.root() / SECTIONS).glob("*.md")
    )


def numbers_of(variants: list[str]) -> dict[str, dict]:
    """numbers.json of each variant, and of what is computed once."""
    return {
        name: json.loads(files.source(paths.all_numbers(name)).read_text("utf-8"))
        for name in [config.ALL, *variants]
    }


def figures_of(variants: list[str]) -> dict[tuple[str, str], Figure]:
    """All figures that are drawn, with the words saved beside them."""
    found = {}
    for figure, name in [VERDICT_FIGURE, *config.drawn(variants)]:
        where = paths.figure(figure, name)
        words = json.loads(files.source(where["json"]).read_text(encoding="utf-8"))
        found[figure, name] = Figure(
            id=figure,
            variant=name,
            title=plain(words["title"]),
            caption=plain(f"{words['caption']} {words['source']}"),
            alt=words["alt"],
            svg=where["svg"],
            pdf=where["pdf"],
            png=where["png"],
            csv=where["csv"],
            notebook=f"report/notebooks/{name}/{figure}.html",
        )
    return found


def claims_of(variants: list[str]) -> dict[str, pd.DataFrame]:
    """The claims table of each variant, and of what is judged once, indexed by claim."""
    return {
        name: result_tables.read(name, "claims").set_index("claim_id")
        for name in [config.ALL, *variants]
    }


def verdict_grid(variants: list[str]) -> pd.DataFrame:
    """Verdicts: one row per claim, one column per variant; one verdict stands in all of them.

    Returns claims (index, in the article's order) by variant.
    """
    tables = claims_of(variants)
    once = tables.pop(config.ALL)["verdict"]
    grid = pd.DataFrame({name: t["verdict"] for name, t in tables.items()})
    alike = pd.DataFrame(dict.fromkeys(variants, once))
    return pd.concat([grid, alike]).reindex([claim.id for claim in config.claims()])


def _deciding(claim: config.Claim, variants: list[str]) -> str:
    """The variant whose verdict on a claim comes first, among those at hand."""
    known = [config.ALL, *variants]
    return claim.judged_in if claim.judged_in in known else variants[0]


def verdict_tiles(grid: pd.DataFrame, claims: list[config.Claim]) -> pd.DataFrame:
    """One row per claim: section, claim_id, verdict of the variant that decides, differs.

    differs: whether another variant gives another verdict, those that cannot test it aside.
    """
    variants = grid.columns.tolist()
    rows = []
    for claim in claims:
        judged = _deciding(claim, variants)
        row = grid.loc[claim.id]
        verdict = row.iloc[0] if judged == config.ALL else row[judged]
        others = set(row) - {verdict, NOT_TESTABLE}
        section = SECTION_OF.get(claim.section, claim.section.capitalize())
        rows.append((section, claim.id, verdict, bool(others)))
    return pd.DataFrame(rows, columns=["section", "claim_id", "verdict", "differs"])


def verdict_finding(grid: pd.DataFrame, claims: list[config.Claim]) -> str:
    """One sentence: how many claims hold, in the variant that decides each."""
    variants = grid.columns.tolist()
    decides = {claim.id: _deciding(claim, variants) for claim in claims}
    counts = Counter(
        grid.loc[claim, variants[0] if name == config.ALL else name]
        for claim, name in decides.items()
    )
    parts = [f"{counts[v]} {v}" for v in VERDICTS if v in counts]
    return f"Of {len(claims)} claims: " + ", ".join(parts)


def tables_of(variants: list[str]) -> dict[str, str]:
    """The report's tables as Markdown.

    claims, headline, variants, data, figures; and T02:<variant> … for those with a notebook.
    """
    own = {
        f"{name}:{variant}": _own(name, variant) for name, variant in config.tabled(variants)
    }
    return {
        **own,
        "claims": _claims(variants),
        "changed_rules": _changed_rules(variants),
        "headline": _headline(variants),
        "variants": _variants(variants),
        "data": _data(),
        "accepted": _accepted(),
        "figures": _figures(variants),
        "programs": _programs(variants),
        "faults": _faults(),
        "mutations": _mutations(),
        "perturbations": _perturbations(),
        "mutants": _mutants(),
        "numbers": _numbers(variants),
    }


def text(
    numbers: dict[str, dict], figures: dict[tuple[str, str], Figure], tables: dict[str, str]
) -> str:
    """The whole report as one Markdown text. Raises AuditError as `report.assemble` does."""
    root = determinism.root()
    return assemble(
        [path.relative_to(root) for path in sections()],
        numbers=numbers,
        figures=figures,
        tables=tables,
        views=interactive_view.VIEWS,
        title="How much did NATO countries give Ukraine?",
        subtitle="An executable audit of a 2025 article, claim by claim",
        abstract=files.source(ABSTRACT).relative_to(root),
    )


def _amount(value: float, unit: str) -> str:
    """A value of the claims table."""
    return display(value, unit) if value == value else "–"


def evidence_of(variants: list[str]) -> dict[str, pd.DataFrame]:
    """What the verdicts of each variant rest on, and of what is judged once."""
    return {name: result_tables.read(name, "readings") for name in [config.ALL, *variants]}


def _evidence(parts: pd.DataFrame) -> list[str]:
    """Readings, conditions and caveats of one claim as lines of text."""
    lines = []
    for part in parts.to_dict("records"):
        holds = "holds" if part["holds"] else "does not hold"
        if part["kind"] == "reading":
            lines.append(f"{part['label']}: {display(part['value'], part['unit'])} ({holds})")
        elif part["kind"] == "condition":
            lines.append(f"Condition: {part['label']} ({holds})")
        else:
            lines.append(f"Caveat: {part['label']}")
    return lines


def _claims(variants: list[str]) -> str:
    by_variant = claims_of(variants)
    evidence = evidence_of(variants)
    told = "".join(path.read_text(encoding="utf-8") for path in sections())
    rows = []
    for claim in config.claims():
        judged = _deciding(claim, variants)
        row = by_variant[judged].loc[claim.id]
        low, high = _amount(row["low"], row["unit"]), _amount(row["high"], row["unit"])
        # A link to a variant that no section shows would lead nowhere.
        shown = claim.figure and next(
            name
            for name in (judged, config.ALL, *reversed(variants))
            if f":{claim.figure}:{name}}}}}" in told
        )
        rows.append(
            {
                "claim_id": claim.id,
                "locator": claim.locator,
                "paraphrase": claim.paraphrase,
                "asserted": row["asserted"],
                "computed": _amount(row["value"], row["unit"]),
                "interval": f"{low} to {high}" if low != high else "",
                "verdicts": {
                    name: t.loc[claim.id, "verdict"]
                    for name, t in by_variant.items()
                    if claim.id in t.index
                },
                "judged_verdict": row["verdict"],
                "reason": row["reason"],
                "why": " ".join(claim.why.split()),
                "evidence": _evidence(
                    evidence[judged][evidence[judged]["claim_id"] == claim.id]
                ),
                "notebook": f"notebooks/{judged}/claims.html",
                "figure": claim.figure,
                "anchor": f"#{claim.figure}-{shown}" if shown else None,
            }
        )
    return claims_markdown(
        rows,
        f"T01: {REPORT_TABLES['T01']}. Computed: the literal reading; below it the range of "
        "the admissible ones. Verdicts of other variants are named where they differ.",
    )


def _changed_rules(variants: list[str]) -> str:
    claims = {claim.id: claim for claim in config.claims()}
    now = claims_of(variants)
    rows = [
        [
            plain(one.claim),
            plain(one.old_rule),
            plain(one.new_rule),
            plain(one.old_verdict),
            plain(now[_deciding(claims[one.claim], variants)].loc[one.claim, "verdict"]),
            plain(one.reason),
        ]
        for one in config.changed_rules()
    ]
    return _pipe(
        ["Claim", "Old rule", "New rule", "Old verdict", "New verdict", "Why"],
        rows,
        [8, 21, 25, 17, 17, 22],
        f"T23: {REPORT_TABLES['T23']}. {{#T23}}",
    )


def _pipe(header: list[str], rows: list[list[str]], widths: list[int], caption: str) -> str:
    """A pandoc pipe table; widths are relative, negative ones align right."""
    rule = ["-" * (abs(w) - 1) + ":" if w < 0 else ":" + "-" * (w - 1) for w in widths]
    lines = [header, rule, *rows]
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{body}\n\n: {caption}"


def _own(table: str, variant: str) -> str:
    """A table that a notebook saved."""
    where = paths.table(table, variant)
    words = json.loads(files.source(where["json"]).read_text(encoding="utf-8"))
    rows = [[plain(cell) for cell in row] for row in words["rows"]]
    links = f"[data (CSV)](../{where['csv']}) · [notebook](notebooks/{variant}/{table}.html)"
    name = paths.identifier(table, variant)
    caption = f"{name}: {plain(words['caption'])} {links} {{#{name}}}"
    return _pipe([plain(h) for h in words["header"]], rows, words["widths"], caption)


def _headline(variants: list[str]) -> str:
    tables = {name: result_tables.read(name, "headline") for name in variants}
    header, rows = ["Allocations by"], []
    header += [f"{name}: bn EUR | bn US$" for name in variants]
    for group in tables[variants[0]]["donors"].unique():
        row = [GROUPS[group].label]
        for table in tables.values():
            cells = table[
                (table["reading"] == "at_article_date")
                & (table["measure"] == "allocation")
                & (table["donors"] == group)
            ].set_index("fx_method")
            usd = cells["value_usd_bn"]
            row += [
                f"{cells['value_eur_bn'].iloc[0]:,.1f}",
                f"{usd['month_average']:,.1f} ({usd.min():,.0f}–{usd.max():,.0f})",
            ]
        rows.append(row)
    split = [part.strip() for cell in header for part in cell.split("|")]
    flat = [split[0]]
    for position, name in enumerate(variants):
        flat += [split[1 + 2 * position], f"{name}: bn US$"]
    return _pipe(
        flat,
        rows,
        [26, *[-10, -16] * len(variants)],
        f"T11: {REPORT_TABLES['T11']}, in bn EUR and in bn US$ "
        "at the announcement months' rates (in brackets: the range over four methods).",
    )


def _variants(variants: list[str]) -> str:
    rows = []
    for name in variants:
        chosen = config.variant(name)
        release = f"{chosen.release}"
        if chosen.totals_release != chosen.release:
            release += f" (totals: {chosen.totals_release})"
        rows.append(
            [code(name), release, chosen.cut_off, plain(f"{chosen.title}. {chosen.why}")]
        )
    return _pipe(
        ["Variant", "Release", "Cut-off", "What it shows"],
        rows,
        [12, 14, 14, 60],
        f"T12: {REPORT_TABLES['T12']}.",
    )


def _data() -> str:
    groups: dict[tuple[str, ...], list[tuple[str, dict]]] = {}
    for folder, package in sources.packages().items():
        title = package["title"].split(", release")[0]
        key = (title, package["publisher"], package["licenses"][0]["title"])
        groups.setdefault(key, []).append((folder, package))
    rows = []
    for (title, publisher, terms), members in groups.items():
        when = [
            " to ".join(part for part in (p.get("release"), p.get("cut_off")) if part)
            for _, p in members
        ]
        made = [code(f) for f, _ in members]
        rows.append(
            [
                plain(title),
                plain(publisher),
                plain("; ".join(part for part in when if part) or "–"),
                plain(terms),
                f"{', '.join(made)}; {link('original', members[0][1]['homepage'])}",
            ]
        )
    return _pipe(
        ["Data", "Publisher", "Release, cut-off", "Terms", "Folders in `data/raw`, original"],
        rows,
        [20, 16, 20, 20, 28],
        f"T04: {REPORT_TABLES['T04']}. The descriptors name the upstream files and hashes.",
    )


def _accepted() -> str:
    """What plausibility.csv accepts, a row for each release and reason."""
    rows = []
    every = plausibility.accepted().groupby(["release", "against", "reason"])
    for (release, against, reason), found in every:
        said = []
        for (check, measure), parts in found.groupby(["check", "measure"], sort=False):
            named = ", ".join(filter(None, parts["part"])) or "all"
            if check in plausibility.BOUNDS:
                said.append(f"{measure}s: {named}")
            elif check in plausibility.PAIRWISE:
                what = f" ({measure}s)" if measure else ""
                said.append(f"{plausibility.WORDS[check]}{what}: {named}")
            else:
                said.append(f"{plausibility.WORDS[check]}: {parts['found'].item():g}")
        beside = plain(against) if against else "–"
        rows.append([plain(release), beside, plain("; ".join(said)), plain(reason)])
    bounds = {name: str(bound) for name, bound in plausibility.BOUNDS.items()}
    return _pipe(
        ["Release", "Held against", "What", "Why"],
        rows,
        [-9, -14, 37, 40],
        f"T17: {REPORT_TABLES['T17']}. From one release to the next nothing is said of "
        f"{bounds['total']} of the total, {bounds['aid_type']} of a type of aid, and "
        f"{bounds['donor']} of a donor, or one below {plausibility.SMALL_EUR_BN} bn EUR; "
        "whatever the later one no longer lists is always said. "
        "{#T17}",
    )


def _figures(variants: list[str]) -> str:
    rows = []
    for figure, entry in config.figures().items():
        cells = [plain(f"{figure} {entry.name}")]
        for name in [config.ALL, *variants]:
            if config.answers(figure, name):
                where = paths.figure(figure, name)
                links = [
                    f"[{kind.upper()}](../{where[kind]})"
                    for kind in ("svg", "pdf", "png", "csv")
                ]
                links.append(f"[notebook](notebooks/{name}/{figure}.html)")
                cells.append(" ".join(links))
            elif entry.once or name == config.ALL:
                cells.append("–")
            else:
                cells.append("cannot answer")
        rows.append(cells)
    return _pipe(
        ["Figure", "once, for all", *variants],
        rows,
        [16, *[24] * (1 + len(variants))],
        f"T13: {REPORT_TABLES['T13']}, with its data and notebook.",
    )


def _programs(variants: list[str]) -> str:
    written = [paths.receipt(*job) for job in config.listed(variants)]
    jobs = manifest.jobs_of([files.name(files.source(path)) for path in written])
    rows = [
        [
            plain(row["makes"]),
            f"{code(row['notebook'].removeprefix('notebooks/'))}, "
            f"cell [{plain(row['cell'])}]{{.fixed}}",
            "; ".join(map(code, row["files"])),
        ]
        for row in manifest.programs(jobs, layout.MAKES)
    ]
    return _pipe(
        ["What", "Notebook and the cell that writes it", "Files"],
        rows,
        [22, 26, 60],
        f"T15: {REPORT_TABLES['T15']}. Cells count from the top, text included, as in the "
        "executed notebooks; those lie in `report/notebooks`, notebooks in `notebooks`.",
    )


def _faults() -> str:
    told = test_runs.faults()
    rows = [
        [plain(row["fault"]), f"{row['rounds']}", plain(row["seen"] or "–"), plain(row["left"])]
        for row in told
    ]
    whole = sum(row["rounds"] for row in told)
    return _pipe(
        ["Fault", "Rounds", "What a person was told", "Outputs missing"],
        rows,
        [24, -8, 54, -10],
        f"T16: {REPORT_TABLES['T16']}, in {whole:,} rounds. After each the same command made "
        "every output as recorded. {#T16}",
    )


def _mutations() -> str:
    told = test_runs.by_target(test_runs.mutations())
    rows = [
        [plain(row["target"]), *(f"{row[name]:,}" for name in ("ways", *test_runs.COUNTS))]
        for row in told
    ]
    whole = sum(row["rounds"] for row in told)
    return _pipe(
        ["What was changed", "Ways", "Rounds", "Accepted", "Refused"],
        rows,
        [40, -10, -10, -10, -10],
        f"T18: {REPORT_TABLES['T18']}, in {whole:,} rounds. What was accepted equals, to the "
        "cell and the exact sum, what the file says; what was refused named file, row, "
        "column, value, expectation and mend. {#T18}",
    )


def _perturbations() -> str:
    rows = []
    for row in test_runs.perturbations():
        was, now = (_rounded(row[name]) for name in ("was", "is"))
        changed = f"row {row['row']}, {row['column']}: {was} → {now}"
        counts = [plain(row[name]) for name in ("verdicts", "numbers", "plotted")]
        example = shorten(row["example"], 90, placeholder=" …")
        rows.append([code(row["table"]), _breakable(changed), _breakable(example), *counts])
    return _pipe(
        ["Raw table", "Value", "For example", "Verdicts", "Numbers", "Figures"],
        rows,
        [27, 28, 30, -11, -11, -10],
        f"T19: {REPORT_TABLES['T19']}: how many verdicts, numbers and figures. Nothing "
        "changed that is not made from the table. {#T19}",
    )


def _rounded(words: str) -> str:
    """A value of a raw table, short enough for print; what is no number as it is."""
    try:
        value = digits.number(words)
    except ValueError:
        return words
    if abs(value) >= 1e6:
        return f"{value:,.0f}"
    return f"{value:.6g}" if len(words) > 8 else words


def _breakable(words: str) -> str:
    """Text in which a line may break within names, which are wider than a column of print."""
    return re.sub(r"([._/])(?=[A-Za-z])", "\\1\u200b", plain(words))


def _mutants() -> str:
    rows = [
        [code(test_runs.MODULES[row["module"]]), *(f"{row[n]:,}" for n in test_runs.MUTANTS)]
        for row in test_runs.mutants()
    ]
    return _pipe(
        ["Module", "Changes", "Noticed by a test", "Survived", "Explained"],
        rows,
        [32, -10, -14, -10, -10],
        f"T20: {REPORT_TABLES['T20']}. A change that survives and is explained changes no "
        "number: `tests/honesty/survivors.csv` says why. {#T20}",
    )


def _numbers(variants: list[str]) -> str:
    texts = [path.read_text(encoding="utf-8") for path in (*sections(), files.source(ABSTRACT))]
    return numbers_markdown(
        cited(texts),
        numbers_of(variants),
        f"T14: {REPORT_TABLES['T14']}. `aidaudit trace` leads from an id to the "
        "upstream files. {#T14}",
    )
