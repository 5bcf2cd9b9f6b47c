"""Archives: the same bytes each time, and hostile ones refused before anything is written."""

import io
import os
import stat
import struct
import zipfile
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrail.base import zips
from nbtrail.base.errors import AuditError

SMALL = zips.Limits(members=5, member=50_000, total=80_000, ratio=20, ratio_from=1_000, name=60)


def hostile(path, members, **about):
    """A zip of (name, content, changes to its entry)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content, *changes in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in (changes[0] if changes else {}).items():
                setattr(info, key, value)
            archive.writestr(info, content)
    return path


def refused(tmp_path, archive, *words, limits=SMALL):
    """Unpacking is refused with these words, and leaves nothing."""
    target = tmp_path / "in" / "target"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(AuditError) as error:
        zips.unpack(archive, target, limits)
    for word in words:
        assert word in str(error.value)
    after = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert after in ([], [tmp_path / "in"])


def test_what_was_written_is_read_again(tmp_path):
    (tmp_path / "f").write_bytes(b"from a file")
    zips.write(
        tmp_path / "a.zip",
        {"p/b.txt": tmp_path / "f", "p/a.sh": b"#!/bin/sh\n", "p/ü/c": b""},
        executable={"p/a.sh"},
    )
    folder = zips.unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (folder / "p/b.txt").read_bytes() == b"from a file"
    assert (folder / "p/ü/c").read_bytes() == b""
    assert os.access(folder / "p/a.sh", os.X_OK)
    assert not stat.S_IMODE((folder / "p/b.txt").stat().st_mode) & 0o111
    assert len({path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}) == 1


def test_bytes_depend_on_names_and_contents_only(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"x" * 1000)
    two.write_bytes(b"x" * 1000)
    os.utime(two, (10, 10))
    two.chmod(0o600)
    old = os.umask(0o077)
    try:
        zips.write(tmp_path / "a.zip", {"x": one, "b": b"1"})
    finally:
        os.umask(old)
    zips.write(tmp_path / "b.zip", {"b": b"1", "x": two})
    digests = {sha256((tmp_path / n).read_bytes()).hexdigest() for n in ("a.zip", "b.zip")}
    assert len(digests) == 1
    zips.write(tmp_path / "c.zip", {"b": b"2", "x": two})
    assert sha256((tmp_path / "c.zip").read_bytes()).hexdigest() not in digests


def test_a_failing_write_leaves_the_old_archive(tmp_path):
    out = tmp_path / "a.zip"
    zips.write(out, {"a": b"1"})
    before = out.read_bytes()
    with pytest.raises(FileNotFoundError):
        zips.write(out, {"a": tmp_path / "nowhere"})
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "a/../../evil", "/etc/evil", "C:/evil", "C:evil", "a\\..\\evil", "a//b",
        "./a", "a/./b", "a/..", "evil\x1b[2J", "\x7f", "a.", "a /b", "CON", "nul.txt",
        "x/Lpt1.tar.gz", "COM¹", "a:evil", "a/b?", ".git/config", "x/.GIT", "GIT~1/config",
        "\u202egnp.exe", "a\u200bb", "\ufeffa", ".g\u200cit/x", "a/" * 40 + "b",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    archive = hostile(tmp_path / "a.zip", [("good", b"1"), (name, b"evil")])
    refused(tmp_path, archive, "a.zip", "refused")


@pytest.mark.parametrize("name", [".gitignore", "a.b/c d", "console.txt", "git~x", "é~1 notes"])
def test_names_that_only_look_like_those_are_kept(tmp_path, name):
    zips.unpack(hostile(tmp_path / "a.zip", [(name, b"1")]), tmp_path / "out")
    assert (tmp_path / "out" / name).read_bytes() == b"1"


def test_a_name_cut_at_nul_is_refused(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("goodX../evil", b"1")])
    archive.write_bytes(archive.read_bytes().replace(b"goodX../evil", b"good\x00../evil"))
    refused(tmp_path, archive, "refused")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path, kind):
    entry = {"external_attr": (kind | 0o777) << 16}
    archive = hostile(tmp_path / "a.zip", [("link", b"/etc/passwd", entry)])
    refused(tmp_path, archive, "link or a device", "'link'")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a/B", "a/b", "a/b/c"])
def test_names_that_are_one_file_or_its_folder_are_refused(tmp_path, second):
    archive = hostile(tmp_path / "a.zip", [("a/b", b"1"), (second, b"2")])
    refused(tmp_path, archive, "refused")


def test_names_of_the_same_letters_in_two_forms_are_refused(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("\u00e9", b"1"), ("e\u0301", b"2")])
    refused(tmp_path, archive, "twice")


def test_limits_are_declared_and_held(tmp_path):
    noise = os.urandom(45_000)
    many = hostile(tmp_path / "many.zip", [(f"{n}", b"") for n in range(6)])
    refused(tmp_path, many, "too many members", "6", "at most 5")
    large = hostile(tmp_path / "large.zip", [("a", os.urandom(50_001))])
    refused(tmp_path, large, "'a' is too large", "50001")
    total = hostile(tmp_path / "total.zip", [("a", noise), ("b", noise)])
    refused(tmp_path, total, "the archive is too large", "90000")
    long = hostile(tmp_path / "long.zip", [("a" * 61, b"")])
    refused(tmp_path, long, "too long")
    fits = hostile(tmp_path / "fits.zip", [("a" * 60, noise), ("b", b"0" * 1000)])
    zips.unpack(fits, tmp_path / "fits", SMALL)


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("zeros", b"\0" * 40_000)])
    refused(tmp_path, archive, "packed too tightly")


def test_small_members_count_together(tmp_path):
    members = [(f"{n}", b"\0" * 900_000) for n in range(60)]
    archive = hostile(tmp_path / "a.zip", members)
    assert archive.stat().st_size < 100_000
    refused(tmp_path, archive, "the archive is packed too tightly", limits=zips.Limits())


def entries(path, number, said):
    """A table of contents of so many members, and an end record that says another number."""
    one = b"PK\x01\x02" + b"\0" * 24 + struct.pack("<5H2I", 1, 0, 0, 0, 0, 0, 0) + b"a"
    table = one * number
    path.write_bytes(
        table + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, said, said, len(table), 0, 0)
    )
    return path


@pytest.mark.parametrize(
    ("number", "said"), [(1_000_000, 65_535), (300_000, 3), (2, 3), (3, 2)]
)
def test_members_are_counted_before_the_table_is_read(tmp_path, monkeypatch, number, said):
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(tmp_path, entries(tmp_path / "a.zip", number, said), "refused")


def test_a_long_end_record_counts_as_the_short_one_does(tmp_path, monkeypatch):
    end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *2 * (10**6,), 0, 0)
    end += struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)
    end += b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0, 0, 0)
    (tmp_path / "a.zip").write_bytes(end)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(tmp_path, tmp_path / "a.zip", "too many members", "1000000")


def test_what_another_unzipper_would_show_is_refused(tmp_path):
    good = hostile(tmp_path / "a.zip", [("a", b"1" * 99), ("b", b"2" * 99)]).read_bytes()
    other = hostile(tmp_path / "b.zip", [("evil", b"3")]).read_bytes()
    comment = good[:-2] + struct.pack("<H", len(other)) + other
    header = good.index(b"PK\x03\x04", 4)
    renamed = good[: header + 30] + b"c" + good[header + 31 :]
    at = good.index(b"PK\x01\x02")
    start = at.to_bytes(4, "little")
    gap = good[:at] + b"evil" + good[at:].replace(start, (at + 4).to_bytes(4, "little"))
    for content, words in (
        (good + b"\0", "goes on after its end"),
        (good + other, "bytes that belong to nothing"),
        (b"#!/bin/sh\n" + good, "bytes that belong to nothing"),
        (comment, "bytes that belong to nothing"),
        (good[:-2] + b"\1\0x", "goes on after its end"),
        (renamed, "something else in its own header"),
        (gap, "comes after bytes of no member"),
    ):
        (tmp_path / "x.zip").write_bytes(content)
        refused(tmp_path, tmp_path / "x.zip", "refused", words)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [(8, 0x20, "unknown way"), (8, 0x40, "unknown way"), (8, 0x2000, "unknown way"),
     (6, 99, "newer reader"), (6, 0x00FF, "newer reader")],
)  # fmt: skip
def test_what_needs_another_reader_is_refused(tmp_path, place, value, words):
    content = bytearray(hostile(tmp_path / "a.zip", [("a", b"1")]).read_bytes())
    for mark, at in ((b"PK\x01\x02", place), (b"PK\x03\x04", place - 2)):
        struct.pack_into("<H", content, content.index(mark) + at, value)
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path, tmp_path / "a.zip", "member 'a'", words)


@pytest.mark.parametrize("where", ["table", "header"])
def test_a_second_name_in_an_extra_field_is_refused(tmp_path, where):
    second = struct.pack("<2HBI", 0x7075, 9, 1, 0) + b"evil"
    content = hostile(tmp_path / "a.zip", [("a", b"1", {"extra": second})]).read_bytes()
    if where == "header":
        at = content.index(b"PK\x01\x02") + 46 + 1
        content = content.replace(content[at : at + len(second)], b"\0" * len(second))
        content = content[:31] + second + content[31 + len(second) :]
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path, tmp_path / "a.zip", "has a second name")


def test_sizes_behind_members_are_read(tmp_path):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    out = Pipe()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"1")
        archive.writestr("b", b"2" * 100)
    (tmp_path / "a.zip").write_bytes(out.getvalue())
    assert (zips.unpack(tmp_path / "a.zip", tmp_path / "out") / "b").stat().st_size == 100


def lying(path, size):
    """Both headers of the only member say another size than the real one."""
    content = bytearray(path.read_bytes())
    local, central = content.index(b"PK\x03\x04"), content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, local + 22, size)
    struct.pack_into("<I", content, central + 24, size)
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("size", [10, 49_000])
def test_a_size_that_lies_is_noticed_while_reading(tmp_path, size):
    archive = lying(hostile(tmp_path / "a.zip", [("a", os.urandom(40_000))]), size)
    refused(tmp_path, archive, "'a'")


def test_members_that_share_their_bytes_are_refused(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("a", b"1" * 500), ("b", b"2" * 500)])
    content = bytearray(archive.read_bytes())
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    # The second entry points at the first member's bytes.
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    archive.write_bytes(bytes(content))
    refused(tmp_path, archive, "overlaps")


def test_damaged_and_foreign_files_are_refused(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("a", os.urandom(4_000))])
    content = archive.read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(content[: len(content) // 2])
    refused(tmp_path, cut, "cannot be opened")
    (tmp_path / "text.zip").write_text("no zip")
    refused(tmp_path, tmp_path / "text.zip", "cannot be opened")
    flipped = bytearray(content)
    flipped[2_000] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(bytes(flipped))
    refused(tmp_path, tmp_path / "flipped.zip", "'a'", "cannot be unpacked")


def test_other_ways_of_packing_and_encryption_are_refused(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("a", b"1", {"compress_type": zipfile.ZIP_LZMA})])
    refused(tmp_path, archive, "another method")
    archive = hostile(tmp_path / "b.zip", [("a", b"1")])
    content = bytearray(archive.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    archive.write_bytes(bytes(content))
    refused(tmp_path, archive, "encrypted")


def test_a_target_that_is_a_link_or_not_empty_is_left_alone(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("a", b"1")])
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "link").symlink_to(outside)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine").write_text("mine")
    for target in (tmp_path / "link", full, archive):
        with pytest.raises(AuditError, match="not an empty folder"):
            zips.unpack(archive, target)
    assert list(outside.iterdir()) == []
    assert (full / "mine").read_text() == "mine"


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o2770])
def test_an_empty_folder_keeps_its_mode(tmp_path, mode):
    archive = hostile(tmp_path / "a.zip", [("a/b", b"1")])
    target = tmp_path / "mine"
    target.mkdir()
    target.chmod(mode)
    zips.unpack(archive, target)
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert (target / "a/b").read_bytes() == b"1"


def test_what_is_unpacked_gets_what_the_umask_leaves(tmp_path):
    zips.write(tmp_path / "a.zip", {"a/run.sh": b"", "b": b""}, executable={"a/run.sh"})
    old = os.umask(0o077)
    try:
        folder = zips.unpack(tmp_path / "a.zip", tmp_path / "out")
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    assert modes == {"a": 0o700, "run.sh": 0o700, "b": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique=True))
def test_whatever_the_names_nothing_is_written_beside_the_target(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("names")
    try:
        with zipfile.ZipFile(root / "a.zip", "w") as archive:
            for name in names:
                archive.writestr(name, b"x")
    except (ValueError, IndexError):
        return  # zipfile itself cannot write it
    try:
        zips.unpack(root / "a.zip", root / "target")
    except AuditError:
        assert sorted(path.name for path in root.iterdir()) == ["a.zip"]
    else:
        assert sorted(path.name for path in root.iterdir()) == ["a.zip", "target"]


def test_a_reader_gives_names_without_unpacking(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("b/", b"")
        archive.writestr("b/x", b"1")
        archive.writestr("a", b"2")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    with zips.open_safely(tmp_path / "a.zip") as reader:
        assert reader.names() == ["a", "b/x"]
        assert reader.read("a") == b"2"
