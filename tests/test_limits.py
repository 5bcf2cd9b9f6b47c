"""Hostile files end in an answer or in one message, before they cost anything."""

import io
import json
import re
import resource
import signal
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from limits import run, shapes
from PIL import Image

from nbtrail.base import foreign, paths
from nbtrail.base.errors import AuditError
from nbtrail.compare import authenticity

ROOT = Path(__file__).parents[1]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">'


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Good files by kind, in a small build."""
    root = tmp_path_factory.mktemp("limits") / "root"
    return run.built(root) | {"root": root}


@pytest.fixture
def spent(good, tmp_path, monkeypatch):
    """Gives a file to a command in a process with limits; what came of it."""
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    monkeypatch.chdir(good["root"])

    def given(content, command="check", name="", beside="PNG"):
        file, other = tmp_path / "given", tmp_path / "other"
        file.write_bytes(content)
        other.write_bytes(good[beside] + b" ")
        done = run.run(command, name, file, other)
        run.held(done)
        return done

    return given


class Last(Random):
    """Takes the last of what it may choose."""

    def choice(self, of):
        return of[-1]


def refused(done, *words):
    """One message, for the price of reading headers."""
    assert done.status in (1, 2), done.words
    assert done.words.count("fix:") == 1, done.words
    for word in words:
        assert word in done.words, done.words
    assert done.memory < 350


def passed_over(done):
    """An answer without the picture, for the price of reading headers."""
    assert (done.status, "nothing in this build is like it" in done.words) == (2, True)
    assert done.memory < 350


def test_the_page_says_the_limits():
    text = (ROOT / "docs/limits.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([\w ]+) \| ([\d,]+(?: MiB)?) \|", text, re.MULTILINE))
    told = {
        name: int(most.removesuffix(" MiB").replace(",", ""))
        * (1 << 20 if "MiB" in most else 1)
        for name, most in rows.items()
    }
    assert told == foreign.MOST


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("command", ["check", "check --archive"])
def test_pixels_are_counted_before_they_are_decoded(good, spent, command):
    side = 30_000
    bomb = shapes.png(side, side, zlib.compress(b"\0" * 1000))
    if command != "check":
        bomb = run.holding(Last(), good, bomb, ".png")
    refused(spent(bomb, command), f"found:    {side * side}")


def test_pictures_of_an_archive_count_together(good, spent):
    one = shapes.saved(Image.new("RGB", (1990, 2000)), "PNG")
    refused(spent(run.holding(Last(), good, one, ".png"), "check --archive"), "all archived")


def test_a_header_that_changes_its_mind_is_damaged(good):
    small = shapes.chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
    large = shapes.png(60_000, 60_000, zlib.compress(b"\0"), mode=2)
    assert foreign.picture(large[:8] + small + large[8:], "a.png") is None
    assert foreign.picture(large[:8] + large[33:], "a.png") is None


@pytest.mark.parametrize("content", [
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(owned) (w) file\n%%EOF",
    b"\xc5\xd0\xd3\xc6" + struct.pack("<6IH", 30, 20, 0, 0, 0, 0, 0xFFFF) + b"%!PS showpage",
    b"P6 9 9 255\n" + b"0" * 243,
], ids=["EPS", "EPS of DOS", "PPM"])  # fmt: skip
def test_an_archived_picture_of_another_format_is_not_opened(good, spent, content, monkeypatch):
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", None)
    passed_over(spent(run.holding(Last(), good, content, ".png"), "check --archive"))
    assert foreign.picture(content, "a.png") is None


def test_a_damaged_archived_picture_is_passed_over(good, spent):
    archive = run.holding(Last(), good, good["PNG"][:900], ".png")
    passed_over(spent(archive, "check --archive"))


@pytest.mark.parametrize(
    "way", ["scans", "segments", "junk", "exif", "frames", "tags", "chunks"]
)
def test_what_makes_a_decoder_work_for_hours_is_counted_first(spent, way):
    jpeg = shapes.saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    scan = jpeg.index(b"\xff\xda")
    gif = shapes.saved(Image.new("P", (2, 2)), "GIF")
    frame = gif.index(b",")
    tags = [(1_000 + n, 1, 20_000_000, 8) for n in range(200)]
    directory = struct.pack("<H", 200) + b"".join(struct.pack("<HHII", *one) for one in tags)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + b"\0" * 60_000
    content = {
        "scans": jpeg[:-2] + jpeg[scan:-2] * 5_000 + jpeg[-2:],
        "segments": jpeg[:2] + b"\xff\xfe\0\x02" * 5_000_000 + jpeg[2:],
        "junk": jpeg[:2] + b"\0" * 30_000_000 + jpeg[2:],
        "exif": jpeg[:2] + (b"\xff\xe1" + struct.pack(">H", 60_016) + exif) * 400 + jpeg[2:],
        "frames": gif[:frame] + gif[frame:-1] * 1_000_000 + b";",
        "tags": b"II*\0" + struct.pack("<I", 20_000_008) + b"\0" * 20_000_000 + directory,
        "chunks": shapes.png(9, 9, b"", *[shapes.chunk(b"abCd", b"")] * 2_000_000),
    }[way]
    done = spent(content)
    assert done.memory < 350


# ---------------------------------------------------------------- XML


@pytest.mark.parametrize("content", [
    b"<!DOCTYPE" * 400_000 + SVG + b"</svg>",
    b"<!DOCTYPE svg " + b"<!DOCTYPE " * 300_000 + SVG,
    SVG + b"<?xml-stylesheet" * 200_000,
], ids=["doctypes", "doctypes within", "style sheets"])  # fmt: skip
def test_what_looks_like_a_doctype_takes_no_time(spent, content):
    assert spent(content).seconds < 4


@pytest.mark.parametrize("way", ["names", "nested names", "attributes", "elements", "depth"])
def test_names_and_attributes_are_counted_before_a_tree_is_made(spent, way):
    few = 30_000
    content = {
        "names": "<g" + "".join(f" xmlns:n{n}='u{n}'" for n in range(few)) + "/>",
        "nested names": "".join(f"<n{n}:g xmlns:n{n}='u{n}'>" for n in range(few)),
        "attributes": "<g" + "".join(f" a{n}='1'" for n in range(few)) + "/>",
        "elements": "<g/>" * 900_000,
        "depth": "<g>" * 500_000,
    }[way]
    done = spent(SVG + content.encode() + b"</svg>")
    assert done.memory < 350


@pytest.mark.parametrize("declared", [
    b'<!DOCTYPE svg [<!ENTITY a "b">]>', b"<!DOCTYPE svg [ ]>",
    b'<?xml-stylesheet href="x.css"?>', b'<?XML-StyleSheet href="x.css"?>',
])  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_documents_that_declare_or_load_something_are_not_read(declared, encoding):
    text = (declared + SVG + b"</svg>").decode().encode(encoding)
    assert foreign.xml(text, "a.svg") is None
    plain = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd">' + SVG + b"</svg>"
    assert foreign.xml(plain.decode().encode(encoding), "a.svg") is not None


# ---------------------------------------------------------------- JSON, tables, text, PDF


@pytest.mark.parametrize("command", ["check", "check --archive", "diff --archive"])
@pytest.mark.parametrize("shape", ["key", "keys within keys", "texts"])
def test_places_in_json_are_counted_before_they_are_spelt_out(good, spent, command, shape):
    value = {
        "key": {"k" * 300_000: [0] * 20_000},
        "keys within keys": [0] * 300_000,
        "texts": {"a": {}, "b": [{}] * 600_000},
    }[shape]
    if shape == "keys within keys":
        for _ in range(50):
            value = {"k" * 999: value}
    content = json.dumps(value).encode()
    if command != "check":
        content = run.holding(Last(), good, content, ".json")
    # An archive may be refused for how tightly it is packed before that.
    refused(spent(content, command, beside="JSON"))


@pytest.mark.parametrize("content", [
    b"a,b\n" + b"1," * 9_000_000, b"a,b\n" * 9_000_000, b"c," * 400_000, b"a,b\r" * 900_000,
], ids=["cells", "rows", "columns", "rows of an old Mac"])  # fmt: skip
def test_cells_are_counted_before_a_table_is_read(spent, content):
    refused(spent(content), "more than is opened here")


@pytest.mark.parametrize("way", ["tree", "flate", "objects", "contents"])
def test_a_pdf_is_counted_before_it_is_read(spent, way):
    catalogue, pages = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>"
    packed = shapes.stream(zlib.compress(b"q Q " * 25_000_000, 1), b"/Filter/FlateDecode")
    small = shapes.stream(zlib.compress(b"q Q " * 250_000, 1), b"/Filter/FlateDecode")
    objects = {
        "tree": [b"<</Type/Pages/Kids[" + b"%d 0 R " % (n + 3) * 9 + b"]>>" for n in range(20)],
        "flate": [pages, page, packed],
        "objects": [pages, page, *[b"<<>>"] * 30_000],
        "contents": [pages, page.replace(b"4 0 R", b"[" + b"4 0 R " * 9_000 + b"]"), small],
    }[way]
    done = spent(shapes.pdf([catalogue, *objects]))
    assert done.memory < 800


@pytest.mark.parametrize("way", ["cells in one place", "shared texts", "merged", "token"])
def test_a_workbook_is_counted_before_it_is_read(good, spent, way):
    with zipfile.ZipFile(io.BytesIO(good["table as workbook"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet, end = b"<worksheet><sheetData><row>", b"</row></sheetData>"
    cell = b'<c r="A1"><v>1</v></c>'
    far = b'<c r="ZZ9999"><v>1</v></c>'
    more = {
        "cells in one place": {
            "worksheets/sheet1": sheet + cell * 600_000 + end + b"</worksheet>"
        },
        "shared texts": {"sharedStrings": b"<sst>" + b"<si/>" * 9_000_000 + b"</sst>"},
        "merged": {
            "worksheets/sheet1": sheet + far + end + b'<mergeCell ref="A1:ZZ9999"/>' * 9_000
            + b"</worksheet>"
        },
        "token": {"worksheets/sheet1": b'<worksheet a="' + b"x" * 30_000_000 + b'"/>'},
    }[way]  # fmt: skip
    members |= {f"xl/{name}.xml": content for name, content in more.items()}
    done = spent(shapes.zipped(members))
    assert done.memory < 600


# ---------------------------------------------------------------- manifests, answers


@pytest.mark.parametrize("change", [
    lambda whole: whole.pop("version"),
    lambda whole: whole.update(items=[]),
    lambda whole: whole["items"].update(x={"kind": 1, "title": None, "files": "ab"}),
    lambda whole: whole["jobs"].update({"latest/F01": []}),
    lambda whole: whole["jobs"]["latest/F01"].update(inputs=["a"]),
    lambda whole: whole["outputs"].update(x={"sha256": 5, "job": "latest/F01"}),
    lambda whole: whole["outputs"].update(x={"sha256": "5", "job": "nowhere"}),
    lambda whole: whole["outputs"].update({"a/./b": {"sha256": "5", "job": "latest/F01"}}),
], ids=range(8))  # fmt: skip
def test_a_malformed_manifest_is_one_message(good, tmp_path, change):
    whole = json.loads(good["manifest"])
    change(whole)
    path = tmp_path / paths.MANIFEST
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(whole))
    with pytest.raises(AuditError, match="manifest cannot be read") as error:
        authenticity.from_checkout(tmp_path)
    assert error.value.mend


@pytest.mark.parametrize("entry", [
    {"value": [1]}, {"display": 5}, {"from": "x"}, {"cell": None}, {"is": {"row": []}},
    {"unit": {}},
], ids=str)  # fmt: skip
def test_malformed_numbers_are_one_message(good, spent, entry):
    numbers = json.loads(good["JSON"])
    numbers["key.1"] |= entry
    content = run.holding(Last(), good, json.dumps(numbers).encode(), "latest/numbers.json")
    refused(spent(content, "find --archive"), "latest/numbers.json", "cannot be read")


# ---------------------------------------------------------------- the last resort


def in_bounds(work):
    with foreign.bounded("x.bin"):
        work()


def test_memory_beyond_the_limit_is_a_message_and_given_back():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(AuditError, match=r"x\.bin: more than is opened here \(memory\)"):
        in_bounds(lambda: bytearray(2 * foreign.MOST["memory"]))
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_time_of_the_processor_beyond_the_limit_is_a_message(monkeypatch):
    def without_end():
        while True:
            # As readers of damaged files do.
            with suppress(Exception):
                sum(range(1000))

    monkeypatch.setitem(foreign.MOST, "seconds", 0.05)
    before = signal.getsignal(signal.SIGPROF)
    with pytest.raises(AuditError, match=r"more than is opened here \(seconds\)"):
        in_bounds(without_end)
    assert signal.getsignal(signal.SIGPROF) == before
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)


# ---------------------------------------------------------------- a share of the rounds


def test_a_share_of_the_rounds_holds(tmp_path, monkeypatch):
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    monkeypatch.chdir(tmp_path)
    part = [(*kind, 0) for kind in run.kinds()[::4]]
    for _, done, _ in run.rounds(part, 20, tmp_path):
        run.held(done)


def test_a_round_that_ends_otherwise_is_noticed():
    for status, words in (
        (70, ""),
        (-9, ""),
        (1, "Traceback (most recent call last)"),
        (1, ""),
    ):
        with pytest.raises(run.Broken):
            run.held(run.Round(status, words, 1, 1))
