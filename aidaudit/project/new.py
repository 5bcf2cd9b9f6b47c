"""New figures, claims and releases: what a person starts from, which runs as it is.

The test that comes with a figure or claim fails until `left` finds nothing to fill in. Which
jobs follow from an entry is left to `planned`.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace as changed
from datetime import datetime
from pathlib import Path

import nbformat

from aidaudit import config, layout
from aidaudit.data import sources
from aidaudit.project import jobs, templates
from nbtrail.author.scaffold import (
    MARK,
    Scaffold,
    begins_of,
    quoted,
    rows_of,
    span_of,
    taken,
    text_of,
    with_entry,
)
from nbtrail.base import determinism, notebook_form, paths
from nbtrail.base.errors import AuditError, nearest

FIGURES, CLAIMS, CONFIG = (f"config/{name}.yaml" for name in ("figures", "claims", "config"))
# Depths of a release that can be cut at a date.
WITH_MONTHS = ("activities", "donor_month")
CACHED = (config.config, config.shown, config.claims, jobs.allowed)


def left(name: str) -> list[str]:
    """What is still to fill in for a figure (F24) or claim (LTS-9b): its place and words."""
    if re.fullmatch(r"F[0-9][0-9]", name):
        notebook = _notebook(name)
        cells = notebook_form.read(notebook).cells
        texts = [(f"{notebook}, cell {at}", cell.source) for at, cell in enumerate(cells, 1)]
        texts += [
            *rows_of(FIGURES, *span_of(FIGURES, name)),
            *rows_of(_test_of("figure", name)),
        ]
    else:
        texts = [*rows_of(CLAIMS, *span_of(CLAIMS, name)), *rows_of(_test_of("claim", name))]
        texts += _function_of(next(claim for claim in config.claims() if claim.id == name))
    return [
        f"{place}: {words.strip()}"
        for place, text in texts
        for words in re.findall(rf'{MARK}[^"\n]*', text)
    ]


def _function_of(claim: config.Claim) -> list[tuple[str, str]]:
    from aidaudit.claims.evidence import TESTS

    if claim.test not in TESTS:
        return [
            ("aidaudit/claims/evidence", f"{MARK}: a test {claim.test}, which {claim.id} names")
        ]
    lines, first = inspect.getsourcelines(TESTS[claim.test])
    place = _place_of(claim.test)
    return [(f"{place}, row {first + at}", line) for at, line in enumerate(lines)]


def _notebook(name: str) -> str:
    return f"notebooks/figures/{name}.ipynb"


def _test_of(kind: str, name: str) -> str:
    return f"tests/test_{kind}_{name.replace('-', '_')}.py"


# ---------------------------------------------------------------- a figure


def figure(
    name: str,
    *,
    title: str | None = None,
    reads: str | None = None,
    variants: list[str] | None = None,
) -> Scaffold:
    """A notebook that draws a plain chart, its entry, and a test that says what is missing.

    name: F and two digits. title: a question. reads: a key of `templates.STARTS`. variants:
    those that draw it, or ['all'] for once. Raises AuditError for a name that is taken, and for
    what the build cannot do.
    """
    shown = config.shown()
    free = next(one for one in (f"F{n:02d}" for n in range(1, 100)) if one not in shown)
    if not re.fullmatch(r"F[0-9][0-9]", name):
        raise AuditError(
            "a figure cannot be called so.",
            found=name,
            expected=f"F and two digits, for example {free}",
            mend=f"take the next free one: aidaudit new figure {free}",
        )
    if name in shown:
        raise taken(name, FIGURES)
    if title is not None and "?" not in title:
        raise AuditError(
            "the title is no question.",
            found=title,
            expected="what the figure answers, with a question mark",
            mend="the finding stands in the picture, which you write last.",
        )
    entry_says, group = _which(variants)
    reads = reads or ("activities" if group == config.ALL else "monthly")
    start = templates.STARTS.get(reads)
    if start is None or (group == config.ALL and start.table[0] == "RESULTS"):
        drawn_once = " for a figure that is drawn once" if group == config.ALL else ""
        known = [
            key
            for key, one in templates.STARTS.items()
            if group != config.ALL or one.table[0] != "RESULTS"
        ]
        raise AuditError(
            f"a figure cannot start from this table{drawn_once}.",
            found=reads,
            expected=f"one of {known}",
            mend="start from one of these, then change `reads`, `clean` and the notebook.",
        )
    values = config.parameters(group)
    notebook = templates.notebook_of_figure(
        name, title, start, values, once=group == config.ALL
    )
    where = layout.clean_release(values["release"])
    table = paths.result(group, reads) if start.table[0] == "RESULTS" else where
    begins, end = begins_of(text_of(FIGURES))
    before = next((row for one, row in begins.items() if one > name), end)
    return Scaffold(
        cached=CACHED,
        new={
            _notebook(name): notebook_form.serialise(nbformat.from_dict(notebook)),
            _test_of("figure", name): templates.test_of_figure(
                name, start, table, values["release"]
            ),
        },
        grown={
            FIGURES: with_entry(
                "figures", templates.entry_of_figure(name, start, entry_says), before
            )
        },
        run=[
            f"aidaudit run {name}",
            f"aidaudit edit {name}",
            f"pytest {_test_of('figure', name)}",
        ],
        place=f"It stands in the report once a file of report/sections/ has this line, alone, "
        f"where it is spoken of:\n  {{{{figure:{name}:{group}}}}}\n"
        f"and the number in a sentence: {{{{{group}:{name}.total}}}}",
    )


def _which(variants: list[str] | None) -> tuple[str, str]:
    """How an entry says which variants draw a figure; and the one whose defaults it has."""
    known = config.config().variants
    default = config.config().default_variant
    if variants == [config.ALL]:
        return "  once: true\n", config.ALL
    if variants is None:
        return "", default
    since = min(config.variant(name).cut_off for name in variants)
    follow = [name for name, one in known.items() if one.cut_off >= since]
    if set(variants) != set(follow):
        raise AuditError(
            "variants draw a figure from a cut-off on, so these alone cannot.",
            found=", ".join(variants),
            expected=f"all (drawn once), or {', '.join(follow)}",
            mend="name those, or leave --variants out.",
        )
    chosen = default if default in follow else follow[0]
    says = "" if len(follow) == len(known) else f'  needs_cut_off: "{since}"\n'
    return says, chosen


# ---------------------------------------------------------------- a claim


def claim(
    name: str,
    *,
    locator: str | None = None,
    section: str | None = None,
    figure: str | None = None,
    test: str | None = None,
) -> Scaffold:
    """An entry, a function that says that it is not written, and a test that says what to do.

    name: paragraph and letter (LTS-9b). locator: the paragraph, if it is another. section: of
    a paragraph that no claim names yet. test: name of the function. Raises AuditError for what
    is taken or unknown.
    """
    from aidaudit.claims.evidence import TESTS

    known = config.claims()
    if not re.fullmatch(r"[A-Z]{3}-[1-9][0-9]?[a-z]", name):
        raise AuditError(
            "a claim cannot be called so.",
            found=name,
            expected="a paragraph of the article and a letter, for example LTS-9b",
            mend="take the paragraph's label and the next letter.",
        )
    if name in [one.id for one in known]:
        raise taken(name, CLAIMS)
    locator = locator or name[:-1]
    beside = [one for one in known if one.locator == locator]
    section = section or next((one.section for one in beside), None)
    sections = list(dict.fromkeys(one.section for one in known))
    if section not in sections:
        labels = list(dict.fromkeys(one.locator for one in known))
        likely = next((c.section for c in known if c.locator[:3] == locator[:3]), "military")
        raise AuditError(
            "no claim names this paragraph yet." if section is None else "unknown section.",
            file=CLAIMS,
            found=section or locator,
            expected=f"one of {labels if section is None else sections}",
            mend=nearest(section or locator, labels if section is None else sections)
            + f"If the article has {locator}, say where: --section {likely}",
        )
    if figure is not None and figure not in config.shown():
        raise AuditError(
            "there is no such figure.",
            file=FIGURES,
            found=figure,
            expected=f"one of {list(config.shown())}",
            mend=nearest(figure, list(config.shown())) or f"aidaudit new figure {figure}",
        )
    test = test or name.lower().replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", test):
        raise AuditError(
            "a function cannot be called so.", found=test, expected="small letters, digits, _"
        )
    if test in TESTS:
        raise taken(test, _place_of(test))
    module = _module_for(beside or [one for one in known if one.section == section])
    begins, end = begins_of(text_of(CLAIMS))
    entry = templates.entry_of_claim(name, locator, section, test, figure)
    return Scaffold(
        cached=CACHED,
        new={_test_of("claim", name): templates.test_of_claim(name)},
        grown={
            CLAIMS: with_entry("claims", entry, _row_for(name, begins, end)),
            module: text_of(module) + templates.function_of_claim(name, test, module),
        },
        run=[f"pytest {_test_of('claim', name)}", "snakemake data/processed/all/claims.csv"],
    )


def _place_of(test: str) -> str:
    from aidaudit.claims.evidence import TESTS

    return TESTS[test].__module__.replace(".", "/") + ".py"


def _module_for(claims: list[config.Claim]) -> str:
    """The module in which most of these claims have their tests."""
    places = Counter(_place_of(one.test) for one in claims if one.test != "not_testable")
    return places.most_common(1)[0][0] if places else "aidaudit/claims/evidence/aid.py"


def _row_for(name: str, begins: dict[str, int], end: int) -> int:
    """The row before which a claim goes, so that the article's order stays."""

    def order(one: str) -> tuple[int, str]:
        return int(re.search(r"[0-9]+", one)[0]), one[-1]

    own = {one: row for one, row in begins.items() if one[:3] == name[:3]}
    later = [row for one, row in own.items() if order(one) > order(name)]
    after_all = [row for row in begins.values() if own and row > max(own.values())]
    return min(later or after_all, default=end)


# ---------------------------------------------------------------- a release

_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
)
_DAY = re.compile(
    rf"\b(?:to|until) (?:({_MONTHS}) ([0-9][0-9]?)|([0-9][0-9]?) ({_MONTHS})),? "
    "(20[0-9][0-9])"
)
_NUMBER = re.compile(
    r"([0-9][0-9]?)(?:st|nd|rd|th) release|release[ _-]?([0-9][0-9]?)(?![0-9])", re.IGNORECASE
)


def said_of_release(lines: list[str]) -> tuple[int | None, str | None]:
    """Number and last day of a release, as a file's name and its first rows say them."""
    numbers = [int(found[1] or found[2]) for found in map(_NUMBER.search, lines) if found]
    days = [found.groups() for found in map(_DAY.search, lines) if found]
    if not days:
        return next(iter(numbers), None), None
    first, day, other, second, year = days[0]
    last = datetime.strptime(f"{day or other} {first or second} {year}", "%d %B %Y")
    return next(iter(numbers), None), f"{last:%Y-%m-%d}"


def release(
    file: Path,
    number: int | None,
    cut_off: str | None,
    name: str | None,
    *,
    taken: str | None = None,
    obtained_from: str | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[Scaffold, str]:
    """Ingest a release that a person downloaded, and make a variant of it.

    number, cut_off: read from the file where it says them. name: the variant's. taken,
    obtained_from, tell: as in `ingest`. Returns what is left to write and, in words, what the
    variant can show. Raises AuditError for a name or release that is taken, and where
    ingesting or cleaning does.
    """
    from aidaudit import ingest

    said = said_of_release([file.stem, *ingest.first_rows(file)])
    number, cut_off = number or said[0], cut_off or said[1]
    origin = ingest.origin_of("kiel", file, number, cut_off, taken, obtained_from)
    number = int(origin.release)
    name = name or f"r{number}"
    _variant_is_free(name, number)
    try:
        table = (
            ingest.ingest(file, origin, tell=tell).relative_to(determinism.root()).as_posix()
        )
    except AuditError as error:
        # Rows to be added to a table may stand at its end, each on a line of its own.
        gap = "\n  " if "\n" in (error.mend or "") else " "
        again = f"{error.mend or ''}{gap}Then run this command again.".strip()
        raise changed(error, mend=again) from None
    ingest.write_overview()
    months, until, shows = _able_to_show(number, origin.cut_off)
    entry = (
        f"  {name}:\n    title: Release {number} as downloaded\n    release: {months}\n"
        f'    totals_release: {number}\n    cut_off: "{until}"\n    why: {quoted(shows)}\n'
    )
    grown = {CONFIG: with_entry("config", entry, begins_of(text_of(CONFIG), "variants")[1])}
    for line in ingest.unstated(origin):
        tell(line)
    done = [f"{table}/ (ingested)", "data/raw/README.md"]
    return Scaffold(
        cached=CACHED, grown=grown, run=["snakemake -n", "make report"], done=done
    ), shows


def _variant_is_free(name: str, number: int) -> None:
    settings = config.config()
    # It heads columns of the report's tables, where a longer one runs into its neighbour.
    if not re.fullmatch(r"[a-z][a-z0-9-]{,7}", name) or name == config.ALL:
        raise AuditError(
            "a variant cannot be called so.",
            found=name,
            expected="at most eight small letters, digits and -, for example r31",
            mend="give another name with --variant.",
        )
    if name in settings.variants:
        raise taken(name, CONFIG)
    for other, variant in settings.variants.items():
        if variant.totals_release == number:
            raise AuditError(
                f"variant '{other}' shows release {number} already.",
                file=CONFIG,
                mend="to show the release at another cut-off, add an entry by hand.",
            )


def _able_to_show(number: int, cut_off: str) -> tuple[int, str, str]:
    """The release and last day from which a variant of this release takes months; in words."""
    depth = sources.depth(number)
    if depth in WITH_MONTHS:
        return number, cut_off, "Added beside the others, to its own last day."
    if depth != "donor_totals":
        raise AuditError(
            f"release {number} has {depth} only, and a variant counts allocations.",
            file=f"data/raw/{layout.raw_release(number)}",
            expected="activities, donors by month, or totals by donor",
            mend="allocations exist from release 16 on: take that one or a later one.",
        )
    months = max(n for n in sources.release_numbers() if sources.depth(n) in WITH_MONTHS)
    until = sources.release(months)["cut_off"]
    return (
        months,
        until,
        f"Release {number} has totals by donor (to {cut_off}) but no months, so whatever needs "
        f"months is that of release {months}, to {until}.",
    )
