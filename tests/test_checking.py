"""Checking a file that somebody cites: unchanged, altered or unknown, whatever its name."""

import codecs
import hashlib
import io
import json
import re
import struct
import zipfile
import zlib

import numpy as np
import openpyxl
import pandas as pd
import pypdf
import pypdf.annotations
import pytest
from alterations.made import figure
from PIL import Image, PngImagePlugin

from nbtrail.base import foreign, paths, zips
from nbtrail.base.errors import AuditError
from nbtrail.compare import authenticity
from nbtrail.compare.authenticity import copies

TABLE = "month,value_eur_bn\n" + "".join(f"2022-{m:02d},{m * 1.25}\n" for m in range(1, 13))
FLAGS = "reading,holds\n" + "".join(f"reading {n},{n > 2}\n" for n in range(6))


def draw(folder, name, values, kind="bar"):
    """A chart in all formats with its id in its metadata, and its table."""
    pictures = figure(folder, name, values, kind)
    number, _, variant = name.partition("-")
    where = paths.figure(number, variant)
    rows = pd.DataFrame({"x": range(len(values)), "value": values, "note": f"of {name}"})
    (folder / where["csv"]).write_text(rows.to_csv(index=False, lineterminator="\n"))
    (folder / where["json"]).write_text(json.dumps({"figure": number, "title": name}))
    return [*pictures, where["csv"], where["json"]]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A small build: three charts, a table, numbers, a page and the manifest."""
    folder = tmp_path_factory.mktemp("build")
    made = [
        *draw(folder, "F01-article", [1, 4, 2, 5, 3]),
        *draw(folder, "F02-article", [5, 1, 1, 4, 4], kind="plot"),
        *draw(folder, "F03-article", [3, 3, 3, 1, 2], kind="scatter"),
    ]
    others = {
        "data/processed/article/monthly.csv": TABLE,
        "data/processed/article/readings.csv": FLAGS,
        "data/processed/article/numbers.json": json.dumps(
            {f"key.{n}": {"value": n / 7, "unit": "%"} for n in range(20)}, indent=1
        ),
        "report/report.html": "<!doctype html>\n<html>\n" + "\n".join(
            f"<p>Sentence {n}.</p>" for n in range(50)
        ),
    }  # fmt: skip
    for path, text in others.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    outputs = {
        path: {
            "sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest(),
            "job": "article/F01",
        }
        for path in [*made, *others]
    }
    job = {
        "rule": "figure", "notebook": "notebooks/figures/F01.ipynb", "parameters": {},
        "inputs": {"data/raw/kiel/datapackage.json": "1"}, "outputs": [], "made_from": "abc",
    }  # fmt: skip
    items = {
        f"{name}-article": {
            "kind": "figure", "title": f"Title of {name}", "job": "article/F01",
            "files": list(paths.figure(name, "article").values()),
        }
        for name in ("F01", "F02", "F03")
    }  # fmt: skip
    descriptor = folder / "data/raw/kiel/datapackage.json"
    descriptor.parent.mkdir(parents=True)
    descriptor.write_text(
        json.dumps(
            {
                "title": "Tracker", "publisher": "Kiel",
                "sources": [{"path": "tracker.xlsx", "hash": "sha256:123"}],
            }
        )
    )  # fmt: skip
    manifest = {
        "version": "0.1.0", "jobs": {"article/F01": job}, "outputs": outputs, "items": items,
    }  # fmt: skip
    (folder / paths.MANIFEST).write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def given(root, tmp_path):
    """Check bytes under a name that says nothing."""

    def check(content):
        file = tmp_path / "download (3)"
        file.write_bytes(content)
        return authenticity.check(file, authenticity.from_checkout(root))

    return check


def png(root, name="F01"):
    return (root / f"figures/article/{name}.png").read_bytes()


def saved(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg", "csv", "json"])
def test_every_format_is_known_under_any_name(root, given, suffix):
    path = f"figures/article/F01.{suffix}"
    found = given((root / path).read_bytes())
    assert (found.status, found.path) == ("unchanged", path)
    assert "same bytes" in found.how


def test_a_picture_without_its_metadata_is_unchanged(root, given):
    stripped = saved(Image.open(io.BytesIO(png(root))))
    assert b"aidaudit-id" not in stripped
    found = given(stripped)
    assert (found.status, found.path) == ("unchanged", "figures/article/F01.png")
    assert "metadata" in found.how


@pytest.mark.parametrize("keep", [True, False])
def test_one_altered_pixel_is_caught(root, given, keep):
    picture = Image.open(io.BytesIO(png(root)))
    info = PngImagePlugin.PngInfo()
    if keep:
        for key, value in picture.text.items():
            info.add_text(key, value)
    picture = picture.convert("RGBA")
    red, green, blue, alpha = picture.getpixel((20, 10))
    picture.putpixel((20, 10), (red, green, blue ^ 1, alpha))
    found = given(saved(picture, pnginfo=info))
    assert (found.status, found.path) == ("altered", "figures/article/F01.png")
    assert re.search(r"\b1 of [\d,]+ pixels differ, the first at x 20, y 10", str(found))


@pytest.mark.parametrize(
    ("kind", "options", "why"),
    [("JPEG", {"quality": 40}, "more than a JPEG of quality 75"), ("WEBP", {}, "repeated")],
)
def test_of_what_is_compressed_too_much_it_cannot_be_told(root, given, kind, options, why):
    picture = Image.open(io.BytesIO(png(root, "F02"))).convert("RGB")
    found = given(saved(picture, kind, **options))
    assert (found.status, found.path) == ("altered", "figures/article/F02.png")
    assert "cannot be told" in found.how
    assert why in found.how


@pytest.mark.parametrize("scale", [0.4, 2.5])
def test_of_what_is_scaled_too_far_it_cannot_be_told(root, given, scale):
    picture = Image.open(io.BytesIO(png(root, "F03"))).convert("RGB")
    size = [int(side * scale) for side in picture.size]
    found = given(saved(picture.resize(size)))
    assert (found.status, found.path) == ("altered", "figures/article/F03.png")
    assert "cannot be told" in found.how
    assert "scaled" in found.differences[0]


def test_a_huge_copy_costs_no_comparison(root, given, monkeypatch):
    picture = Image.open(io.BytesIO(png(root, "F03"))).convert("RGB")
    monkeypatch.setattr(copies, "_best", None)
    found = given(saved(picture.resize([side * 5 for side in picture.size])))
    assert "its size is 500 % of the archived one" in found.how


def copied(picture, way):
    """A picture as somebody saves it."""
    if way == "jpeg":
        return saved(picture, "JPEG", quality=80)
    half = picture.resize([side * 2 // 3 for side in picture.size], Image.Resampling.BICUBIC)
    if way == "scaled":
        return saved(half)
    page = Image.new("RGB", (half.width + 60, half.height + 45), "white")
    page.paste(half, (41, 13))
    return saved(page)


@pytest.mark.parametrize("way", ["jpeg", "scaled", "screenshot"])
def test_a_lossy_copy_is_the_same_as_far_as_it_can_show(root, given, way):
    picture = Image.open(io.BytesIO(png(root))).convert("RGB")
    found = given(copied(picture, way))
    assert (found.status, found.path) == ("lossy", "figures/article/F01.png")
    assert found.how == "the same picture, re-encoded or scaled"
    assert authenticity.EXIT[found.status] == 3


@pytest.mark.parametrize("way", ["jpeg", "scaled", "screenshot"])
def test_a_lossy_copy_with_another_bar_is_altered_and_says_where(root, given, tmp_path, way):
    draw(tmp_path / "other", "F01-article", [1, 4, 2.2, 5, 3])
    picture = Image.open(tmp_path / "other/figures/article/F01.png").convert("RGB")
    found = given(copied(picture, way))
    assert (found.status, found.path) == ("altered", "figures/article/F01.png")
    assert found.differences[-1].startswith("middle centre, x ")


def test_another_chart_of_the_same_size_is_unknown(root, tmp_path, given):
    draw(tmp_path / "other", "F09-article", [2, 2, 9, 1, 7])
    picture = Image.open(tmp_path / "other/figures/article/F09.png")
    assert given(saved(picture)).status == "unknown"
    assert given(saved(Image.new("RGB", picture.size, "white"))).status == "unknown"


def test_metadata_alone_prove_nothing(root, tmp_path, given):
    draw(tmp_path / "fake", "F01-article", [9, 1, 9, 1, 9], kind="plot")
    found = given((tmp_path / "fake/figures/article/F01.png").read_bytes())
    assert (found.status, found.path) == ("altered", "figures/article/F01.png")
    assert "shows another" in found.how


def test_damaged_and_huge_pictures(root, given, tmp_path, monkeypatch):
    found = given(png(root)[:2000])
    assert found.status == "altered"
    assert "damaged" in found.how
    monkeypatch.setitem(foreign.MOST, "pixels of a picture", 1000)
    with pytest.raises(AuditError, match="more than is opened here"):
        given(saved(Image.new("RGB", (100, 100))))


def test_one_altered_digit_is_caught_with_its_place(root, given):
    found = given(TABLE.replace("2022-07,8.75", "2022-07,8.76").encode())
    assert (found.status, found.path) == ("altered", "data/processed/article/monthly.csv")
    assert found.differences == ["row 8, column value_eur_bn: '8.76' instead of '8.75'"]


def test_every_digit_of_a_table_counts(given):
    for place in [n for n, letter in enumerate(TABLE) if letter.isdigit()]:
        other = "7" if TABLE[place] != "7" else "3"
        altered = TABLE[:place] + other + TABLE[place + 1 :]
        assert given(altered.encode()).status == "altered", place


@pytest.mark.parametrize(
    "respelt",
    [
        TABLE.replace("\n", "\r\n"),
        "\ufeff" + TABLE,
        TABLE.replace(",", ";"),
        TABLE.replace(",", "\t"),
        TABLE.replace("2022", '"2022').replace(",", '",').replace('month",', "month,"),
        TABLE.replace(",2.5\n", ",2.50\n"),
        TABLE.rstrip("\n"),
    ],
)
def test_a_table_saved_by_another_program_is_unchanged(given, respelt):
    assert respelt != TABLE
    found = given(respelt.encode())
    assert (found.status, found.path) == ("unchanged", "data/processed/article/monthly.csv")


def test_decimal_commas_are_another_format_and_mixed_marks_are_not(given):
    spoken = TABLE.replace(",", ";").replace(".", ",")
    found = given(spoken.encode())
    assert (found.status, found.path) == ("unchanged", "data/processed/article/monthly.csv")
    assert found.how == "the same values, other format: decimal commas"
    assert given(spoken.replace("8,75", "8,76").encode()).status == "altered"
    # In such a table 8.750 is eight thousand to a reader.
    assert given(spoken.replace("8,75", "8.75").encode()).status == "altered"


def test_true_is_true_in_capitals_too(given):
    spoken = FLAGS.replace("True", "TRUE").replace("False", "FALSE")
    assert given(spoken.encode()).status == "unchanged"
    found = given(spoken.replace("reading 4,TRUE", "reading 4,FALSE").encode())
    assert found.differences == ["row 6, column holds: 'FALSE' instead of 'True'"]
    assert given(FLAGS.replace("reading 4", "READING 4").encode()).status == "altered"


def test_what_excel_calls_unicode_text_is_read(given):
    spoken = TABLE.replace(",", "\t").replace(".", ",")
    assert given(spoken.encode("utf-16")).status == "unchanged"
    assert given(spoken.replace("8,75", "8,76").encode("utf-16")).status == "altered"
    assert given(spoken.encode("utf-16")[:-1]).status == "unknown"
    # Programs that take one mark away read the other as part of the first name.
    assert given(codecs.BOM_UTF16 + spoken.encode("utf-16")).status != "unchanged"


@pytest.mark.parametrize("digits", [1, 0])
def test_rounded_numbers_are_the_same_as_far_as_they_can_show(given, digits):
    frame = pd.read_csv(io.StringIO(TABLE))
    rounded = frame.to_csv(index=False, float_format=f"%.{digits}f")
    found = given(rounded.encode())
    assert (found.status, found.path) == ("lossy", "data/processed/article/monthly.csv")
    assert found.differences == [
        f"column value_eur_bn is rounded; digits after the point: {digits}"
    ]
    # 8.75 is rounded to 8.8 or 9, never to 8.9 or 10.
    frame.loc[6, "value_eur_bn"] = 8.9 if digits else 10
    wrong = frame.to_csv(index=False, float_format=f"%.{digits}f")
    assert given(wrong.encode()).status == "altered"
    assert given(rounded.replace("2022-07", "2022-08").encode()).status == "altered"
    # One cell among others that keep their digits was rounded by no program.
    assert given(TABLE.replace("8.75", "8.8").encode()).status == "altered"


def test_some_rows_of_a_table_are_said_to_be_in_it(given):
    head, *rows = TABLE.splitlines()
    found = given("\n".join([head, *rows[:3]]).encode())
    assert (found.status, found.path) == ("altered", "data/processed/article/monthly.csv")
    assert found.how == "all its rows are in this table, which has more"
    assert found.differences[0] == "3 rows instead of 12"
    other = rows[2].replace("3.75", "3.76")
    assert given("\n".join([head, *rows[:2], other]).encode()).status == "unknown"


def workbook(rows, *, formula=False, sheets=1):
    book = openpyxl.Workbook()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(row)
    if formula:
        book.active["D1"] = "=1+1"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_workbook_of_a_table_is_told_by_its_values(given):
    frame = pd.read_csv(io.StringIO(TABLE))
    rows = [list(frame), *frame.to_numpy().tolist()]
    found = given(workbook(rows))
    assert (found.status, found.path) == ("unchanged", "data/processed/article/monthly.csv")
    assert "other format" in found.how
    rows[7][1] += 0.01
    found = given(workbook(rows))
    assert found.status == "altered"
    assert found.differences == ["row 8, column value_eur_bn: '8.76' instead of '8.75'"]
    rows[7][1] -= 0.01
    assert given(workbook(rows, sheets=2)).status == "altered"
    assert given(workbook(rows, formula=True)).status == "altered"
    assert given(workbook([["a", "b"], [1, 2]])).status == "unknown"
    assert given(workbook(rows)[:900]).status == "unknown"


def test_rows_that_move_go_or_come_are_caught(given):
    head, *rows = TABLE.splitlines()
    moved = "\n".join([head, *reversed(rows)])
    assert given(moved.encode()).differences == ["the same rows in another order"]
    gone = given("\n".join([head, *rows[:-1]]).encode())
    assert gone.differences[0] == "11 rows instead of 12"
    assert "2022-12" in gone.differences[1]
    more = given("\n".join([head, *rows, "2023-01,99"]).encode())
    assert "added: 2023-01, 99" in more.differences


def test_a_table_that_is_not_ours_is_unknown(given):
    assert given(b"month,value_eur_bn\n2030-01,1\n2030-02,2\n").status == "unknown"
    assert given(b"a,b\n1,2\n").status == "unknown"


def test_a_drawing_without_its_metadata_is_unchanged_and_a_changed_one_altered(root, given):
    svg = (root / "figures/article/F01.svg").read_text()
    bare = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    assert bare != svg
    assert given(bare.encode()).status == "unchanged"
    altered = bare.replace("#0b5fa5", "#ff0000", 1)
    assert altered != bare
    found = given(altered.encode())
    assert (found.status, found.path) == ("altered", "figures/article/F01.svg")


def test_entities_in_a_drawing_are_not_expanded(given):
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    assert given(bomb.encode()).status == "unknown"


def test_a_pdf_with_other_metadata_is_unchanged_and_with_another_page_altered(root, given):
    content = (root / "figures/article/F01.pdf").read_bytes()
    writer = pypdf.PdfWriter(io.BytesIO(content))
    writer.metadata = {"/Title": "Mine"}
    buffer = io.BytesIO()
    writer.write(buffer)
    found = given(buffer.getvalue())
    assert (found.status, found.path) == ("unchanged", "figures/article/F01.pdf")
    writer.add_blank_page(10, 10)
    buffer = io.BytesIO()
    writer.write(buffer)
    found = given(buffer.getvalue())
    assert (found.status, found.path) == ("altered", "figures/article/F01.pdf")
    assert found.differences == ["2 pages instead of 1"]
    assert given(content[: len(content) // 2]).status != "unchanged"
    assert given(b"%PDF-1.7 nothing of the kind").status == "unknown"


def test_pages_taken_from_a_document_are_named(tmp_path, root, given):
    import shutil

    folder = tmp_path / "with a report"
    shutil.copytree(root, folder)
    whole = pypdf.PdfWriter()
    for name in ("F01", "F02", "F03"):
        whole.append(root / f"figures/article/{name}.pdf")
    path = "report/report.pdf"
    whole.write(folder / path)
    manifest = json.loads((folder / paths.MANIFEST).read_text())
    manifest["outputs"] = {
        path: {
            "sha256": hashlib.sha256((folder / path).read_bytes()).hexdigest(),
            "job": "article/F01",
        }
    }
    (folder / paths.MANIFEST).write_text(json.dumps(manifest))

    def taken(*numbers):
        some = pypdf.PdfWriter()
        for number in numbers:
            some.add_page(pypdf.PdfReader(folder / path).pages[number - 1])
        some.write(tmp_path / "some.pdf")
        return authenticity.check(tmp_path / "some.pdf", authenticity.from_checkout(folder))

    assert (taken(2).status, taken(2).how) == ("unchanged", "page 2 of 3, taken from it")
    assert taken(1, 3).how == "pages 1, 3 of 3, taken from it"
    assert taken(3, 1).status == "altered"


def test_a_drawing_made_smaller_is_unchanged_while_its_values_are(root, given):
    svg = (root / "figures/article/F01.svg").read_text()
    small = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    small = re.sub(r">\s+<", "><", small)
    small = re.sub(r'(?<= d=")[^"]+', lambda d: re.sub(r"\s*([A-Za-z])\s*", r"\1", d[0]), small)
    small = re.sub(r'style="([^":;]+): ([^":;]+)"', r'\1="\2"', small)
    assert len(small) < 0.95 * len(svg)
    assert given(small.encode()).status == "unchanged"
    moved = re.compile(r'(?<= d="M)[\d.]+')
    other = moved.sub(lambda place: f"{float(place[0]) + 0.01:.6f}", small, count=1)
    assert other != small
    assert given(other.encode()).status == "altered"


def test_json_and_pages_by_their_values(root, given):
    numbers = json.loads((root / "data/processed/article/numbers.json").read_text())
    assert given(json.dumps(numbers).encode()).status == "unchanged"
    numbers["key.3"]["value"] = 0.5
    found = given(json.dumps(numbers).encode())
    assert found.status == "altered"
    assert found.differences[0].startswith("key.3.value: 0.5 instead of 0.428")
    page = (root / "report/report.html").read_text()
    assert given(page.replace("\n", "\r\n").encode()).status == "unchanged"
    found = given(page.replace("Sentence 9.", "Sentence 8.").encode())
    assert (found.status, found.path) == ("altered", "report/report.html")
    assert given(b"{}").status == "unknown"
    assert given(b"[" * 100_000).status == "unknown"


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"cos\nsystem\n(S'echo'\ntR."])
def test_anything_else_is_unknown_and_never_run(given, content):
    assert given(content).status == "unknown"


def test_a_reference_that_was_itself_changed_is_not_trusted(root, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    altered = TABLE.replace("8.75", "8.76")
    (copy / "data/processed/article/monthly.csv").write_text(altered)
    file = tmp_path / "cited.csv"
    file.write_text(altered)
    assert authenticity.check(file, authenticity.from_checkout(copy)).status != "unchanged"


def test_a_zip_serves_as_well_as_a_checkout(root, tmp_path):
    members = {
        f"aidaudit-0.1.0/{path.relative_to(root).as_posix()}": path
        for path in root.rglob("*") if path.is_file()
    }  # fmt: skip
    zips.write(tmp_path / "a.zip", members)
    file = tmp_path / "x"
    file.write_bytes(saved(Image.open(io.BytesIO(png(root)))))
    with zips.open_safely(tmp_path / "a.zip") as reader:
        archive = authenticity.from_zip(reader)
        found = authenticity.check(file, archive)
        told = authenticity.describe(found, archive)
    assert found.status == "unchanged"
    for words in (
        "unchanged", "F01-article: Title of F01", "notebooks/figures/F01.ipynb",
        "tracker.xlsx, sha256:123", "made from: abc",
    ):  # fmt: skip
        assert words in told


def test_what_is_no_archive_is_said_so(tmp_path):
    with pytest.raises(AuditError, match="no build"):
        authenticity.from_checkout(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", b"1")
    with (
        zips.open_safely(tmp_path / "a.zip") as reader,
        pytest.raises(AuditError, match="no manifest"),
    ):
        authenticity.from_zip(reader)
    with pytest.raises(AuditError, match="no such file"):
        authenticity.check(
            tmp_path / "none", authenticity.Archive({"outputs": {}}, lambda path: b"")
        )


def test_a_picture_over_noise_does_not_match(given, root):
    size = Image.open(io.BytesIO(png(root))).size
    noise = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    assert given(saved(Image.fromarray(noise))).status == "unknown"


def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path):
    path = tmp_path / paths.MANIFEST
    path.parent.mkdir(parents=True)
    for evil in ("../../etc/passwd", "/etc/passwd", "data/../../x"):
        outputs = {evil: {"sha256": "0", "job": "a"}}
        path.write_text(json.dumps({"jobs": {}, "items": {}, "outputs": outputs}))
        with pytest.raises(AuditError, match="manifest cannot be read"):
            authenticity.from_checkout(tmp_path)


def test_what_only_looks_the_same_to_a_decoder_is_not_unchanged(root, given):
    picture = Image.open(io.BytesIO(png(root))).convert("RGB")
    other = Image.open(io.BytesIO(png(root, "F02"))).convert("RGB").resize(picture.size)
    frames = saved(picture, save_all=True, append_images=[other])
    assert given(frames).status != "unchanged"
    exif = Image.Exif()
    exif[274] = 3
    assert given(saved(picture, exif=exif)).status != "unchanged"
    info = PngImagePlugin.PngInfo()
    info.add_text("aidaudit-id", "F02-article")
    assert given(saved(picture, pnginfo=info)).status == "altered"


def test_what_would_be_drawn_from_metadata_is_seen(root, given):
    svg = (root / "figures/article/F01.svg").read_text()
    style = '<style xmlns="http://www.w3.org/2000/svg">path{display:none}</style></metadata>'
    assert given(svg.replace("</metadata>", style, 1).encode()).status != "unchanged"
    sheet = svg.replace("<svg", '<?xml-stylesheet href="x.css"?><svg', 1)
    assert given(sheet.encode()).status != "unchanged"
    nested = "<svg>" + "<g>" * 50_000 + "</g>" * 50_000 + "</svg>"
    assert given(nested.encode()).status == "unknown"


def test_notes_over_a_page_and_turned_pages_are_seen(root, given):
    content = (root / "figures/article/F01.pdf").read_bytes()
    for change in ("note", "turn"):
        writer = pypdf.PdfWriter(io.BytesIO(content))
        if change == "note":
            note = pypdf.annotations.FreeText(text="280", rect=(10, 10, 90, 90))
            writer.add_annotation(0, note)
        else:
            writer.pages[0].rotate(180)
        buffer = io.BytesIO()
        writer.write(buffer)
        assert given(buffer.getvalue()).status == "altered", change


def test_values_that_only_parsers_take_for_the_same_are_seen(root, given):
    assert given(TABLE.replace("12.5", "1_2.5").encode()).status == "altered"
    text = (root / "data/processed/article/numbers.json").read_text()
    twice = text.replace('"key.3": {', '"key.3": {"value": 999, "unit": "%"}, "key.3": {', 1)
    assert twice != text
    assert given(twice.encode()).status != "unchanged"


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"


@pytest.mark.parametrize(
    "content", [EPS, EPS.replace(b"EPSF-3.0", b""), b"P6 9 9 255\n", b"", None]
)
def test_an_archived_picture_that_is_something_else_is_passed_over(
    root, tmp_path, monkeypatch, content
):
    import shutil

    folder = tmp_path / "archive"
    shutil.copytree(root, folder)
    where = "figures/article/F01.png"
    (folder / where).write_bytes(png(root)[:900] if content is None else content)
    manifest = json.loads((folder / paths.MANIFEST).read_text())
    digest = hashlib.sha256((folder / where).read_bytes()).hexdigest()
    manifest["outputs"][where]["sha256"] = digest
    (folder / paths.MANIFEST).write_text(json.dumps(manifest))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    (programs / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    for name, status in (("F02", "unchanged"), ("F01", "altered")):
        file = tmp_path / "cited"
        file.write_bytes(png(root, name))
        found = authenticity.check(file, authenticity.from_checkout(folder))
        assert found.status == status
    assert not (tmp_path / "ran").exists()


def test_the_same_pixels_of_another_size_or_format_are_no_more_than_the_same(root, given):
    picture = Image.open(io.BytesIO(png(root))).convert("RGB")
    for content in (saved(picture, dpi=(300, 300)), saved(picture, "TIFF")):
        found = given(content)
        assert (found.status, found.path) == ("lossy", "figures/article/F01.png")
    assert given(saved(picture, dpi=(100, 100))).status == "unchanged"


def test_what_may_change_a_picture_is_said(root, given):
    picture = Image.open(io.BytesIO(png(root))).convert("RGB")
    found = given(saved(picture, icc_profile=b"not read" * 20))
    assert found.status == "altered"
    assert "colour profile" in found.differences[0]
    found = given(png(root) + b"MZ")
    assert found.differences == ["2 bytes stand behind the picture"]


def test_what_differs_in_a_pdf_is_said(root, given):
    content = (root / "figures/article/F01.pdf").read_bytes()

    def changed(change):
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
        change(writer)
        buffer = io.BytesIO()
        writer.write(buffer)
        return given(buffer.getvalue()).differences

    link = pypdf.annotations.Link(
        rect=(0, 0, 99, 99), url="https://example.org", border=[0, 0, 9]
    )
    told = changed(lambda writer: writer.add_annotation(0, link))
    assert told == ["page 1 has other links, notes or fields over it"]
    dictionary, name = pypdf.generic.DictionaryObject, pypdf.generic.NameObject
    script = dictionary({name("/S"): name("/JavaScript"), name("/JS"): name("/x")})
    told = changed(lambda writer: writer.root_object.update({name("/OpenAction"): script}))
    assert told == ["what the document says beside its pages: /OpenAction is new"]
    assert changed(lambda writer: writer.pages[0].rotate(90)) == ["page 1 is turned"]


def test_where_json_differs_is_said(root, given):
    numbers = json.loads((root / "data/processed/article/numbers.json").read_text())
    numbers["key.3"]["a b"] = {}
    numbers["key.4"]["value"] = [True, "\ud800"]
    found = given(json.dumps(numbers).encode())
    assert found.differences == [
        'key.3["a b"]: object of 0 instead of nothing',
        "key.4.value: list of 2 instead of 0.5714285714285714",
    ]
    deep = json.dumps({"a": 1}).replace("1", "[" * 900 + "]" * 900)
    assert given(deep.encode()).status == "unknown"


def test_commas_that_may_group_thousands_are_not_decimal(given):
    table = authenticity.text
    assert table.with_points([["1,234", "a"], ["2,500", "b"]]) == [
        ["1,234", "a"],
        ["2,500", "b"],
    ]
    assert table.with_points([["1,234", "a"], ["2,5", "b"]]) == [["1.234", "a"], ["2.5", "b"]]
    # Where commas part cells too, 1,25 is quoted, and no program writes it so.
    quoted = re.sub(r",(\d+)\.(\d+)", r',"\1,\2"', TABLE)
    assert given(quoted.encode()).status == "altered"


@pytest.mark.parametrize(
    "letters", ["1" * 60_000 + "x", "M" + "1 " * 60_000 + "é", "1," * 60_000]
)
def test_long_wrong_numbers_in_a_drawing_take_no_time(root, given, letters):
    svg = (root / "figures/article/F01.svg").read_text()
    for name in ("d", "transform", "points"):
        shape = f'<path {name}="{letters}"/></svg>'
        assert given(svg.replace("</svg>", shape).encode()).status == "altered"


def test_a_workbook_in_a_font_of_signs_is_altered(given):
    frame = pd.read_csv(io.BytesIO(TABLE.encode()))
    for name, status in (("Arial", "unchanged"), ("Wingdings", "altered")):
        book = openpyxl.load_workbook(
            io.BytesIO(workbook([list(frame), *frame.to_numpy().tolist()]))
        )
        book.active["B7"].font = openpyxl.styles.Font(name=name)
        buffer = io.BytesIO()
        book.save(buffer)
        assert given(buffer.getvalue()).status == status


_DC = "http://purl.org/dc/elements/1.1/"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # HTML ends such a comment at once, and runs what follows.
        ("<defs>", "<!--><img src='x' onerror='alert(1)'>--><defs>"),
        ("<defs>", "<!---><script>alert(1)</script>--><defs>"),
        # Dublin Core here, a script in a page.
        ("<rdf:RDF", f"<script xmlns='{_DC}'>alert(1)</script><rdf:RDF"),
        # Whoever loads it may get an attribute `onload`.
        ("http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd", "http://example.net/svg11.dtd"),
        ('<?xml version="1.0" encoding="utf-8"', '<?xml\tversion="1.0" encoding="latin-1"'),
        # Chromium stops drawing the path at what other programs read as 160.2.
        ("160.2", f"1602{'0' * 60}e-61"),
        ("160.2", "0.00000000000000000000000000000000000000001602e+43"),
    ],
)
def test_a_drawing_that_browsers_read_in_another_way_is_altered(root, given, old, new):
    svg = (root / "figures/article/F01.svg").read_text()
    assert old in svg
    assert given(svg.replace(old, new, 1).encode()).status == "altered"


@pytest.mark.parametrize("ending", ["html", "HTM. ", "hta", "js", "php5"])
def test_what_has_room_for_a_script_is_altered_under_the_name_of_a_page(root, tmp_path, ending):
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "<script>alert(1)</script>")
    picture = saved(Image.open(io.BytesIO(png(root))), pnginfo=text)
    svg = (root / "figures/article/F01.svg").read_text()
    svg = svg.replace("<defs>", "<!-- <script>alert(1)</script> --><defs>", 1).encode()
    pdf = (root / "figures/article/F01.pdf").read_bytes()
    pdf = re.sub(rb"Matplotlib v", b"<script>1</s", pdf)
    for content, own in ((picture, "png"), (svg, "SVG"), (pdf, "pdf")):
        for name, status in ((f"F01.{ending}", "altered"), (f"F01 (1).{own}", "unchanged")):
            (tmp_path / name).write_bytes(content)
            found = authenticity.check(tmp_path / name, authenticity.from_checkout(root))
            assert found.status == status, (name, found)


def test_a_number_that_is_rounded_further_than_its_column_is_altered():
    rows = [["a", "v"], *([str(n), f"{n * 1.2345:.4f}"] for n in range(1, 10))]
    same = [["a", "v"], *([str(n), f"{n * 1.2345:.2f}".rstrip("0")] for n in range(1, 10))]
    assert authenticity.text._rounded(same, rows)
    for short in ("1", "1.2"):
        assert not authenticity.text._rounded([same[0], ["1", short], *same[2:]], rows)


def test_colours_that_a_list_of_colours_lacks_are_told(root, given):
    # Black here, and nothing in Chromium.
    pixels = np.asarray(Image.open(io.BytesIO(png(root))).convert("RGB"))
    colours, numbers = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    assert colours[0].tolist() == [0, 0, 0]
    assert len(colours) < 256
    numbers = numbers.reshape(pixels.shape[:2])
    for lacking, status in ((0, "unchanged"), (1, "altered")):
        shown = np.where(numbers < lacking, 255, numbers - lacking).astype("uint8")
        picture = Image.frombytes("P", shown.shape[::-1], shown.tobytes())
        picture.putpalette(bytes(768))
        content = saved(picture, bits=8)
        begin = content.index(b"PLTE") - 4
        body = b"PLTE" + colours[lacking:].astype("uint8").tobytes()
        crc = struct.pack(">I", zlib.crc32(body))
        part = struct.pack(">I", len(body) - 4) + body + crc
        end = content.index(b"IDAT") - 4
        found = given(content[:begin] + part + content[end:])
        assert found.status == status


def test_pixels_stored_in_a_way_that_png_does_not_know_are_no_picture(root, given):
    content = png(root)
    for place, value in ((26, 7), (28, 2)):
        header = bytearray(content[12:29])
        header[place - 12] = value
        crc = struct.pack(">I", zlib.crc32(header))
        changed = content[:12] + bytes(header) + crc + content[33:]
        assert given(changed).status == "altered"


@pytest.mark.parametrize("what", ["row", "styles", "sheetData"])
def test_elements_that_only_some_programs_read_make_a_workbook_altered(given, what):
    frame = pd.read_csv(io.StringIO(TABLE))
    content = workbook([list(frame), *frame.to_numpy().tolist()])
    assert given(content).status == "unchanged"
    ignored = (
        'xmlns:i="urn:x" mc:Ignorable="i" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    )

    def changed(name, text):
        if what == "styles" and name == "xl/styles.xml":
            # Counted by their place, all cells have the formats of the elements passed over.
            text = re.sub(r"(<cellXfs.*?</cellXfs>)", r"<i:cellXfs>\1</i:cellXfs>\1", text)
            return re.sub(r"<styleSheet ", f"<styleSheet {ignored} ", text)
        if what == "styles" or name != "xl/worksheets/sheet1.xml":
            return text
        if what == "sheetData":
            row = re.search(r'<row r="8".*?</row>', text)[0]
            return text.replace(row, f"<sheetData>{row}</sheetData>")
        text = re.sub(
            r'<row r="8".*?</row>',
            lambda row: re.sub(r"<(/?)(row|c|v)\b", r"<\1i:\2", row[0]),
            text,
        )
        return text.replace("<worksheet ", f"<worksheet {ignored} ", 1)

    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, changed(name, text))
    assert given(buffer.getvalue()).status == "altered"


def test_a_pdf_with_a_second_table_behind_its_first_object_is_altered(root, given):
    # poppler and Chromium take a stream /XRef there for the table: other pages altogether.
    writer = pypdf.PdfWriter(
        clone_from=io.BytesIO((root / "figures/article/F01.pdf").read_bytes())
    )
    for about, status in (("/Other", "unchanged"), ("/Linearized", "altered")):
        writer._add_object(
            pypdf.generic.DictionaryObject(
                {pypdf.generic.NameObject(about): pypdf.generic.NumberObject(1)}
            )
        )
        buffer = io.BytesIO()
        writer.write(buffer)
        assert given(buffer.getvalue()).status == status


def test_a_stream_without_the_filter_that_its_parameters_are_of_is_another():
    made = []
    for packed in (True, False):
        stream = pypdf.generic.DecodedStreamObject()
        stream.set_data(bytes(90))
        stream = stream.flate_encode() if packed else stream
        parameters = {"/Predictor": 15, "/Columns": 8}
        stream[pypdf.generic.NameObject("/DecodeParms")] = pypdf.generic.DictionaryObject(
            {
                pypdf.generic.NameObject(name): pypdf.generic.NumberObject(value)
                for name, value in parameters.items()
            }
        )
        writer = pypdf.PdfWriter()
        page = writer.add_blank_page(9, 9)
        page[pypdf.generic.NameObject("/Thumb")] = writer._add_object(stream)
        buffer = io.BytesIO()
        writer.write(buffer)
        made.append(authenticity.documents.document(buffer.getvalue()).digest)
    assert made[0] != made[1]
