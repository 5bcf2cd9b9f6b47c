"""What may be wrong with a workbook, each as a change to a good one.

A change returns what must come of it: ACCEPT (the facts as they were or as the change left
them), REFUSE, or EITHER, where bounds decide; accepted facts are compared in any case.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, time

from hypothesis import strategies as st
from openpyxl.styles import Font

from aidaudit.ingest.readers import kiel
from aidaudit.ingest.readers.common import UNREADABLE
from mutations import base
from mutations.base import CURRENCIES, Workbook, month_day

ACCEPT, REFUSE, EITHER = "accept", "refuse", "either"
Draw = Callable[[st.SearchStrategy], object]
AMOUNTS = ["allocation_eur", "commitment_eur"]
NEEDED = [ours for ours in kiel.KIEL_COLUMNS if ours not in kiel.KIEL_OPTIONAL]
TEXTS = ["donor", "aid_type", "aid_subtype", "item", "item_type", "reporting_currency"]


def _row(draw: Draw, book: Workbook) -> int:
    return draw(st.integers(0, len(book.rows) - 1))


def _of(draw: Draw, values: list):
    return draw(st.sampled_from(values))


def _shortened(draw: Draw, most: float) -> Callable[[bytes], bytes]:
    """Keeps a share of a file, from its beginning."""
    share = draw(st.floats(0, most))
    return lambda data: data[: int(len(data) * share)]


def _flipped(draw: Draw) -> Callable[[bytes], bytes]:
    """Changes some bits of one byte."""
    share, mask = draw(st.floats(0, 0.999)), draw(st.integers(1, 255))

    def flip(data: bytes) -> bytes:
        at = int(len(data) * share)
        return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]

    return flip


# ---------------------------------------------------------------- columns


def column_dropped(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, book.columns)
    book.columns.remove(ours)
    for row in book.rows:
        row[ours] = None
    return REFUSE if ours in NEEDED else ACCEPT


def column_renamed(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, book.columns)
    name = book.names[ours]
    book.names[ours] = _of(draw, [name.upper(), name + "s", name[:-1], f"{name}_2", "x"])
    for at, row in enumerate(book.rows):
        book.cells[at, ours], row[ours] = row[ours], None
    return REFUSE if ours in NEEDED else ACCEPT


def column_named_as_in_earlier_releases(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, [o for o, names in kiel.KIEL_COLUMNS.items() if len(names) > 1])
    book.names[ours] = kiel.KIEL_COLUMNS[ours][-1]
    return ACCEPT


def header_with_spaces_and_breaks(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, book.columns)
    book.names[ours] = _of(draw, [" {} ", "\n{}", "{}\xa0"]).format(book.names[ours])
    return ACCEPT


def columns_reordered(draw: Draw, book: Workbook) -> str:
    book.columns = draw(st.permutations(book.columns))
    return ACCEPT


def column_of_another_s_name(draw: Draw, book: Workbook) -> str:
    one, other = draw(st.permutations(AMOUNTS))
    for row in book.rows:
        row[one], row[other] = row[other], row[one]
    return EITHER


def column_twice_the_same(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, book.columns)
    book.columns.insert(draw(st.integers(0, len(book.columns))), ours)
    return ACCEPT


def column_twice_with_other_values(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, AMOUNTS)
    at = _row(draw, book)

    def another(_, page):
        beyond = len(book.columns) + 1
        page.cell(1, beyond, book.names[ours])
        for number, row in enumerate(book.rows):
            page.cell(number + 2, beyond, row[ours] + (number == at))

    book.edits.append(another)
    return REFUSE


def column_that_nobody_knows(draw: Draw, book: Workbook) -> str:
    words = draw(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80))
    place = _row(draw, book) + 2

    def another(_, page):
        beyond = len(book.columns) + 1
        page.cell(1, beyond, "Explanation")
        cell = page.cell(place, beyond, words)
        # Some of it would be taken for formulas.
        cell.data_type = "s"

    book.edits.append(another)
    return ACCEPT


def rows_above_the_header(draw: Draw, book: Workbook) -> str:
    count = draw(st.integers(1, 5))
    book.edits.append(lambda _, page: page.insert_rows(1, count))
    return REFUSE


# ---------------------------------------------------------------- values


def amount_as_text(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    book.cells[at, ours] = f"{book.rows[at][ours]:.2f}"
    return ACCEPT


def amount_with_comma(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, AMOUNTS)
    rows = range(len(book.rows)) if draw(st.booleans()) else [_row(draw, book)]
    form = _of(draw, ["{:.2f}", "{:,.2f}", "€ {:.2f}", "{:.0f} EUR", "{:.3e}x"])
    for at in rows:
        words = form.format(book.rows[at][ours])
        swapped = words.translate(str.maketrans(",.", ".,"))
        book.cells[at, ours] = swapped if form[0] == "{" else words
    return REFUSE


def words_for_an_amount(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    words = ["undisclosed", "-", "n/a", "inf", "1_000", "0x10", "1e999", "١٢", "12 000", True]
    book.cells[at, ours] = _of(draw, words)
    return REFUSE


def no_amount(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    book.cells[at, ours] = _of(draw, ["", ".", " . ", "No value available", "\xa0", "nan"])
    book.rows[at][ours] = None
    return EITHER


def another_amount(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    # Spreadsheets keep fifteen digits.
    book.rows[at][ours] = draw(st.integers(0, 4 * 10**11)) / 100
    return EITHER


def negative_amount(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    book.rows[at][ours] *= -1
    return REFUSE


def unit_of_all(draw: Draw, book: Workbook) -> str:
    factor = _of(draw, [1e3, 1e6, 1e-3, 1e-6])
    for row in book.rows:
        for ours in AMOUNTS:
            row[ours] *= factor
    return REFUSE


def unit_of_a_donor(draw: Draw, book: Workbook) -> str:
    factor, donor = _of(draw, [1e3, 1e6, 1e-3, 1e-6]), _of(draw, list(CURRENCIES))
    for row in book.rows:
        if row["donor"] == donor:
            for ours in AMOUNTS:
                row[ours] *= factor
    return REFUSE


def unit_of_one_amount(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    book.rows[at][ours] *= _of(draw, [1e3, 1e6, 1e-3, 1e-6])
    return EITHER


def amounts_in_their_own_currency(draw: Draw, book: Workbook) -> str:
    donor = _of(draw, [d for d, (_, rate) in CURRENCIES.items() if rate > 2])
    for row in book.rows:
        if row["donor"] == donor:
            row["allocation_eur"] = row["allocation_reported"]
    return REFUSE


def another_currency_named(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    was = book.rows[at]["reporting_currency"]
    others = {currency for currency, _ in CURRENCIES.values()} - {was}
    book.rows[at]["reporting_currency"] = _of(draw, sorted(others))
    # Euros, dollars and Canadian ones are too near each other to be told apart by rate,
    # unless one of the rates is exactly 1; no sum depends on the name.
    return EITHER


def unknown_currency(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    book.rows[at]["reporting_currency"] = _of(draw, ["€", "EURO", "eur", "XXX", "US$"])
    return EITHER


def number_for_a_text(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, ["donor", "aid_type", "measure"])
    book.cells[at, ours] = draw(st.integers(0, 10**6))
    return REFUSE


def unknown_word(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, ["donor", "aid_type", "measure"])
    word = book.rows[at][ours]
    book.rows[at][ours] = _of(
        draw, [word.upper(), word[1:], word + "x", "Atlantis", "Total", "=donor", word[::-1]]
    )
    return REFUSE


def spaces_around_a_word(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, ["donor", "aid_type", "measure"])
    book.cells[at, ours] = _of(draw, [" {}", "{} ", "{}\xa0", "\t{}\n"]).format(
        book.rows[at][ours]
    )
    return ACCEPT


def word_left_out(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, ["donor", "aid_type", "measure"])
    book.cells[at, ours] = _of(draw, ["", " ", "."])
    return REFUSE


def long_text(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, ["donor", "item", "item_type", "aid_subtype"])
    book.rows[at][ours] = _of(draw, ["x", "é", "字"]) * draw(st.integers(900, 32_000))
    fits = len(book.rows[at][ours]) <= 1000
    return ACCEPT if fits and ours != "donor" else REFUSE


def hostile_text(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    words = [
        "<script>alert(1)</script>", "{{number:x}}", "$(touch x)", "../../x", "%s%n{0}",
        "\\input{x}", "'; drop table", "\ufeffItem", "Ite\u202em", "#import x", "| a | b |",
    ]  # fmt: skip
    book.rows[at]["item"] = _of(draw, words)
    return ACCEPT


def control_character(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    number = draw(st.sampled_from([0, 1, 8, 11, 14, 31]))

    def put(parts: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        cell = f'<c r="{letter}{at + 2}" t="inlineStr"><is><t>A_x{number:04X}_B</t></is></c>'
        parts[name] = _replaced_cell(parts[name], f"{letter}{at + 2}", cell)

    letter = book.letter("item_count_delivered")
    book.cells[at, "item_count_delivered"] = "mark"
    book.parts.append(put)
    return EITHER


def _replaced_cell(xml: bytes, place: str, cell: str) -> bytes:
    """A sheet's XML with another element for one of its cells."""
    pattern = rf'<c r="{place}"(?:[^>]*/>|.*?</c>)'
    found, count = re.subn(pattern, cell, xml.decode(), count=1, flags=re.DOTALL)
    assert count == 1, place
    return found.encode()


# ---------------------------------------------------------------- dates


def dates_as_text(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    form = _of(draw, ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %B %Y", "until %Y"])
    book.cells[at, "announcement_date"] = month_day(book.rows[at]["month_number"]).strftime(
        form
    )
    return ACCEPT


def days_and_months_swapped(draw: Draw, book: Workbook) -> str:
    rows = [at for at, row in enumerate(book.rows) if row["month_number"] % 12 not in (0, 5)]
    for at in draw(st.lists(st.sampled_from(rows), min_size=1, unique=True)):
        day = month_day(book.rows[at]["month_number"])
        book.cells[at, "announcement_date"] = datetime(day.year, day.day, day.month)
    # A day in the fifth month is in its own month only there.
    return REFUSE


def month_that_is_none(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    book.cells[at, "month_number"] = _of(draw, ["May", 3.5, -1, 999, "2024-05", "5/2024", 1e9])
    return REFUSE


def month_left_out(draw: Draw, book: Workbook) -> str:
    # The day says which month it is.
    book.cells[_row(draw, book), "month_number"] = _of(draw, ["", "."])
    return ACCEPT


def month_after_the_cut_off(draw: Draw, book: Workbook) -> str:
    at, month = _row(draw, book), draw(st.integers(57, 100))
    book.rows[at]["month_number"] = month
    book.cells[at, "announcement_date"] = month_day(month)
    return REFUSE


def another_month(draw: Draw, book: Workbook) -> str:
    at, month = _row(draw, book), draw(st.integers(1, 56))
    book.rows[at]["month_number"] = month
    book.cells[at, "announcement_date"] = month_day(month)
    return ACCEPT


def undated(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    book.rows[at]["month_number"] = 0
    book.cells[at, "announcement_date"] = _of(draw, [".", "unclear", "2024"])
    return ACCEPT


def text_that_became_a_date(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, ["item", "item_count", "item_type", "aid_subtype", *AMOUNTS, "donor"])
    at = _row(draw, book)
    book.cells[at, ours] = _of(draw, [datetime(2026, 5, 3), datetime(2026, 3, 5, 12), time(3)])
    return REFUSE


# ---------------------------------------------------------------- rows


def row_repeated(draw: Draw, book: Workbook) -> str:
    at = _row(draw, book)
    book.rows.insert(draw(st.integers(0, len(book.rows))), dict(book.rows[at]))
    return REFUSE


def amount_repeated(draw: Draw, book: Workbook) -> str:
    own = dict(_of(draw, [r for r in book.rows if r["allocation_eur"] < 5e7]))
    own.update(activity_id="NEW", sub_activity_id="NEW_1")
    book.rows.append(own)
    return ACCEPT


def rows_left_out(draw: Draw, book: Workbook) -> str:
    out = draw(st.sets(st.integers(0, len(book.rows) - 1), min_size=1))
    book.rows = [row for at, row in enumerate(book.rows) if at not in out]
    return EITHER


def rows_in_another_order(draw: Draw, book: Workbook) -> str:
    book.rows = draw(st.permutations(book.rows))
    return ACCEPT


def sum_below_the_table(draw: Draw, book: Workbook) -> str:
    named = draw(st.booleans())
    total = sum(row["allocation_eur"] for row in book.rows)
    gap = draw(st.integers(2, 9))

    def below(_, page):
        last = len(book.rows) + gap
        page.cell(last, book.columns.index("allocation_eur") + 1, total)
        if named:
            page.cell(last, book.columns.index("donor") + 1, "Total")

    book.edits.append(below)
    return REFUSE if named else ACCEPT


def blank_rows_between(draw: Draw, book: Workbook) -> str:
    places = draw(st.lists(st.integers(2, len(book.rows) + 1), min_size=1, max_size=4))
    count = draw(st.integers(1, 20))

    def insert(_, page):
        for place in sorted(places, reverse=True):
            page.insert_rows(place, count)

    book.edits.append(insert)
    return ACCEPT


def many_empty_rows(draw: Draw, book: Workbook) -> str:
    count = _of(draw, [1, 10, 100, 1_000, 5_000, 20_000, 50_000, 1_000_000])

    def put(parts: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        first = len(book.rows) + 2
        rows = (f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(first, first + count))
        end = b"</sheetData>"
        parts[name] = parts[name].replace(end, "".join(rows).encode() + end)

    book.parts.append(put)
    return ACCEPT


def cell_far_away(draw: Draw, book: Workbook) -> str:
    place = _of(draw, ["XFD3", "A1048576", "XFD1048576", "ZZ9000", "CV50"])

    def put(_, page):
        page[place] = "x"

    book.edits.append(put)
    # Far to the right no column has a name; far below there is no donor.
    return ACCEPT if place in ("XFD3", "CV50") else EITHER


def donor_dropped(draw: Draw, book: Workbook) -> str:
    out = draw(st.sets(st.sampled_from(list(CURRENCIES)), min_size=1, max_size=3))
    book.rows = [row for row in book.rows if row["donor"] not in out]
    return REFUSE


def donor_and_type_dropped(draw: Draw, book: Workbook) -> str:
    out = {_of(draw, list(CURRENCIES)), _of(draw, list(base.TYPES))}
    book.rows = [row for row in book.rows if not {row["donor"], row["aid_type"]} >= out]
    return REFUSE


def rows_dropped(draw: Draw, book: Workbook) -> str:
    out = draw(st.sets(st.integers(0, len(book.rows) - 1), min_size=1, max_size=3))
    book.rows = [row for at, row in enumerate(book.rows) if at not in out]
    counts = Counter((row["donor"], row["aid_type"]) for row in book.rows)
    before = Counter(
        (donor, base.TYPES[n % 3]) for donor in CURRENCIES for n in range(base.OLD)
    )
    # Where as many are left as before, the bounds of sums decide.
    return REFUSE if before - counts else EITHER


def dates_of_many_rows_as_text(draw: Draw, book: Workbook) -> str:
    rows = draw(st.sets(st.integers(0, len(book.rows) - 1), min_size=1))
    form = _of(draw, ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %B %Y"])
    for at in rows:
        day = month_day(book.rows[at]["month_number"])
        book.cells[at, "announcement_date"] = day.strftime(form)
    return REFUSE if len(rows) > UNREADABLE * len(book.rows) else ACCEPT


def column_left_empty(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, [
        "activity_id", "sub_activity_id", "announcement_date", "aid_subtype", "donor", "item",
        "reporting_currency", "allocation_eur", "commitment_eur", "allocation_reported",
        "allocation_eur_entered", "item_type", "item_sub_type", "item_count", "weapon_source",
        "aid_type",
    ])  # fmt: skip
    for row in book.rows:
        row[ours] = None
    return REFUSE


# ---------------------------------------------------------------- what only a spreadsheet has


def formula_with_its_result(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)

    def put(parts: dict[str, bytes]) -> None:
        name = "xl/worksheets/sheet1.xml"
        value = book.rows[at][ours]
        cell = f'<c r="{place}"><f>1+{value!r}-1</f><v>{value!r}</v></c>'
        parts[name] = _replaced_cell(parts[name], place, cell)

    place = f"{book.letter(ours)}{at + 2}"
    book.parts.append(put)
    return ACCEPT


def formula_without_its_result(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, [*AMOUNTS, "donor", "item", "month_number"])
    book.cells[at, ours] = _of(draw, ["=1+1", '=CONCAT("a","b")', "=SUM(J:J)"])
    return REFUSE


def error_cell(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, [*AMOUNTS, "donor", "item", "month_number"])
    errors = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"]
    book.cells[at, ours] = _of(draw, errors)
    return REFUSE


def cells_merged(draw: Draw, book: Workbook) -> str:
    ours = _of(draw, [*AMOUNTS, "donor", "item"])
    first = draw(st.integers(2, len(book.rows)))
    last = draw(st.integers(first + 1, len(book.rows) + 1))
    letter = book.letter(ours)
    book.edits.append(lambda _, page: page.merge_cells(f"{letter}{first}:{letter}{last}"))
    return REFUSE


def hidden_rows_and_columns(draw: Draw, book: Workbook) -> str:
    rows = draw(st.sets(st.integers(2, len(book.rows) + 1), min_size=1))
    letter = book.letter(_of(draw, book.columns))

    def hide(_, page):
        for row in rows:
            page.row_dimensions[row].hidden = True
        page.column_dimensions[letter].hidden = True
        page.auto_filter.ref = page.dimensions

    book.edits.append(hide)
    return ACCEPT


def other_sheets(draw: Draw, book: Workbook) -> str:
    state = _of(draw, ["visible", "hidden", "veryHidden"])
    place = draw(st.integers(0, 1))

    def add(book, page):
        other = book.create_sheet("Country Summary (€)", place)
        other.sheet_state = state
        other.append(["donor", "measure", "tot_sub_activity_value_EUR_redistr"])
        other.append(["Germany", "Allocation", 1e12])

    book.edits.append(add)
    return ACCEPT


def main_data_hidden(draw: Draw, book: Workbook) -> str:
    state = _of(draw, ["hidden", "veryHidden"])
    words = draw(st.text("abc ", max_size=20))

    def hide(book, page):
        book.create_sheet("Read me").append([words])
        page.sheet_state = state

    book.edits.append(hide)
    return ACCEPT


def main_data_twice(draw: Draw, book: Workbook) -> str:
    state = _of(draw, ["visible", "hidden"])
    spaces = " " * draw(st.integers(1, 3))

    def again(book, page):
        other = book.copy_worksheet(page)
        other.title = f"{page.title}{spaces}"
        other.sheet_state = state

    book.edits.append(again)
    return REFUSE


def sheet_called_otherwise(draw: Draw, book: Workbook) -> str:
    book.sheet = _of(draw, ["Sheet1", "MAIN DATA", "Bilateral assistance, MAIN DATA "])
    if draw(st.booleans()):
        book.edits.append(lambda book, _: book.create_sheet("Fig 1"))
        return REFUSE
    return ACCEPT


def formats_and_fonts(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    form = _of(draw, ["#,##0.00 €", "0.00E+00", "@", "0", '0,,"m"', "[Red]0"])

    def dress(_, page):
        cell = page[f"{letter}{at + 2}"]
        cell.number_format, cell.font = form, Font(strike=True, color="FFFFFF")

    letter = book.letter(ours)
    book.edits.append(dress)
    return ACCEPT


def amount_formatted_as_a_date(draw: Draw, book: Workbook) -> str:
    at, ours = _row(draw, book), _of(draw, AMOUNTS)
    number = draw(st.integers(30_000, 60_000))

    def dress(_, page):
        page[f"{letter}{at + 2}"].number_format = "yyyy-mm-dd"
        page[f"{letter}{at + 2}"].value = number

    letter = book.letter(ours)
    book.edits.append(dress)
    return REFUSE


# ---------------------------------------------------------------- files


def cut_short(draw: Draw, book: Workbook) -> str:
    book.data.append(_shortened(draw, 0.99))
    return REFUSE


def bytes_changed(draw: Draw, book: Workbook) -> str:
    book.data.append(_flipped(draw))
    return EITHER


def another_file(draw: Draw, book: Workbook) -> str:
    head = _of(
        draw, [b"<!DOCTYPE html><html>", b"PK\x03\x04", b"%PDF-1.7", b"\xd0\xcf\x11\xe0"]
    )
    tail = draw(st.binary(max_size=200))
    book.data.append(lambda _: head + tail)
    return REFUSE


# ---------------------------------------------------------------- another release


def number_of_another_release(draw: Draw, book: Workbook) -> str:
    book.release, book.cut_off = draw(st.integers(1, 29)), "2026-08-31"
    return REFUSE


def cut_off_of_another_release(draw: Draw, book: Workbook) -> str:
    book.cut_off = _of(draw, ["2026-06-30", "2025-12-31", "2026-07-31", "2027-02-28"])
    # The newest rows may all be of July.
    return EITHER if book.cut_off == "2026-07-31" else REFUSE


def the_release_before_again(draw: Draw, book: Workbook) -> str:
    book.rows = [row for row in book.rows if row["month_number"] < 55]
    if draw(st.booleans()):
        book.columns = draw(st.permutations(book.columns))
    return REFUSE


KINDS: dict[str, Callable[[Draw, Workbook], str]] = base.kinds(globals())
