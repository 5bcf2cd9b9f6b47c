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

from aidaudit import archives
from aidaudit.errors import AuditError

SMALL = archives.Limits(
    members=5, member=50_000, total=80_000, ratio=20, ratio_from=1_000, name=60
)


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
        archives.unpack(archive, target, limits)
    for word in words:
        assert word in str(error.value)
    after = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert after in ([], [tmp_path / "in"])


def test_what_was_written_is_read_again(tmp_path):
    (tmp_path / "f").write_bytes(b"from a file")
    archives.write(
        tmp_path / "a.zip",
        {"p/b.txt": tmp_path / "f", "p/a.sh": b"#!/bin/sh\n", "p/ü/c": b""},
        executable={"p/a.sh"},
    )
    folder = archives.unpack(tmp_path / "a.zip", tmp_path / "out")
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
        archives.write(tmp_path / "a.zip", {"x": one, "b": b"1"})
    finally:
        os.umask(old)
    archives.write(tmp_path / "b.zip", {"b": b"1", "x": two})
    digests = {sha256((tmp_path / n).read_bytes()).hexdigest() for n in ("a.zip", "b.zip")}
    assert len(digests) == 1
    archives.write(tmp_path / "c.zip", {"b": b"2", "x": two})
    assert sha256((tmp_path / "c.zip").read_bytes()).hexdigest() not in digests


def test_a_failing_write_leaves_the_old_archive(tmp_path):
    out = tmp_path / "a.zip"
    archives.write(out, {"a": b"1"})
    before = out.read_bytes()
    with pytest.raises(FileNotFoundError):
        archives.write(out, {"a": tmp_path / "nowhere"})
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "a/../../evil", "/etc/evil", "C:/evil", "C:evil", "a\\..\\evil", "a//b",
        "./a", "a/./b", "a/..", "evil\x1b[2J", "\x7f",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    archive = hostile(tmp_path / "a.zip", [("good", b"1"), (name, b"evil")])
    refused(tmp_path, archive, "a.zip", "refused", "name")


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
    archives.unpack(fits, tmp_path / "fits", SMALL)


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    archive = hostile(tmp_path / "a.zip", [("zeros", b"\0" * 40_000)])
    refused(tmp_path, archive, "packed too tightly")


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
            archives.unpack(archive, target)
    assert list(outside.iterdir()) == []
    assert (full / "mine").read_text() == "mine"


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
        archives.unpack(root / "a.zip", root / "target")
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
    with archives.open_safely(tmp_path / "a.zip") as reader:
        assert reader.names() == ["a", "b/x"]
        assert reader.read("a") == b"2"
