"""Old outputs that are kept for comparison: which, for how long, and from where."""

import subprocess
from hashlib import sha256

import pytest

from nbtrail.base import paths
from nbtrail.base.errors import AuditError
from nbtrail.record import old_outputs, verify

FIGURE = "figures/latest/F16.csv"
TABLE = "data/processed/latest/monthly.csv"


def put(root, path, text):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def record(root, outputs):
    """Write the record of these outputs; outputs: path → text."""
    lines = [f"{sha256(t.encode()).hexdigest()}  {path}\n" for path, t in outputs.items()]
    (root / verify.HASHES).write_text("".join(lines))
    (root / verify.VALUES).write_text("{}")


def git(root, *arguments):
    own = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    done = subprocess.run(
        ["git", *own, *arguments], cwd=root, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(root):
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "as it is")


def kept(path):
    """The old state of an output that is at hand, as text."""
    content = old_outputs.read(old_outputs.recorded()[path])
    return None if content is None else content.decode()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A built checkout that is no repository."""
    (tmp_path / "Snakefile").write_text("")
    (tmp_path / "config").mkdir()
    (tmp_path / ".gitignore").write_text("/figures/\n/data/\n/.baseline/\n")
    put(tmp_path, FIGURE, "old")
    put(tmp_path, TABLE, "old")
    record(tmp_path, {FIGURE: "old", TABLE: "old"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clone(folder):
    """The same, committed."""
    git(folder, "init", "-q")
    (folder / "config/config.yaml").write_text("")
    commit(folder)
    return folder


def test_outputs_outlive_the_build_that_writes_over_them(clone):
    assert old_outputs.keep() == 1  # both have the same bytes
    put(clone, FIGURE, "new")
    assert old_outputs.keep() == 0
    assert kept(FIGURE) == "old"


def test_what_a_build_makes_otherwise_is_not_kept(clone):
    put(clone, FIGURE, "new")
    put(clone, TABLE, "new")
    assert old_outputs.keep() == 0
    assert kept(FIGURE) is None
    assert old_outputs.lacking() == [TABLE, FIGURE]


@pytest.mark.parametrize(
    "path",
    [
        "figures/latest/F16.png",
        "report/report.html",
        "report/notebooks/latest/F16.ipynb",
        paths.MANIFEST,
        paths.DESCRIPTORS[1],
        paths.receipt("latest", "F16"),
        "figures/.gitkeep",
    ],
)
def test_only_what_differences_are_told_of_is_kept(folder, path):
    put(folder, path, "of no interest")
    record(folder, {path: "of no interest"})
    assert old_outputs.keep() == 0
    assert old_outputs.recorded() == {}


def test_what_was_just_recorded_is_kept_before_it_is_committed(clone):
    old_outputs.keep()
    put(clone, FIGURE, "new")
    record(clone, {FIGURE: "new", TABLE: "old"})
    old_outputs.keep()
    assert kept(FIGURE) == "old"
    commit(clone)
    put(clone, FIGURE, "newer")
    old_outputs.keep()
    assert kept(FIGURE) == "new"


def test_what_no_record_names_any_more_is_dropped(clone):
    old_outputs.keep()
    put(clone, FIGURE, "new")
    put(clone, TABLE, "new")
    record(clone, {FIGURE: "new", TABLE: "new"})
    commit(clone)
    old_outputs.keep()
    (one,) = (clone / old_outputs.STORE).iterdir()
    assert one.read_text() == "new"


def test_a_damaged_copy_counts_as_none_and_is_made_again(clone):
    old_outputs.keep()
    (one,) = (clone / old_outputs.STORE).iterdir()
    one.write_text("ol")
    assert kept(FIGURE) is None
    assert old_outputs.keep() == 1
    assert kept(FIGURE) == "old"


def test_keeping_never_stops_a_build(folder, capsys):
    (folder / verify.HASHES).write_text("<<<<<<< HEAD\n")
    assert old_outputs.keep() == 0
    assert "restore it: git checkout -- outputs.sha256" in capsys.readouterr().err
    (folder / verify.HASHES).unlink()
    assert old_outputs.keep() == 0
    record(folder, {FIGURE: "old"})
    (folder / old_outputs.STORE).write_text("a file where the folder should be")
    assert old_outputs.keep() == 0


def test_the_record_at_hand_counts_where_there_is_no_commit(folder):
    assert old_outputs.keep() == 1
    assert kept(TABLE) == "old"


def test_an_archive_unpacked_inside_another_repository_has_its_own_record(clone, monkeypatch):
    inside = clone / "unpacked"
    (inside / "config").mkdir(parents=True)
    (inside / "Snakefile").write_text("")
    put(inside, FIGURE, "as archived")
    record(inside, {FIGURE: "as archived"})
    monkeypatch.chdir(inside)
    old_outputs.keep()
    assert kept(FIGURE) == "as archived"
    assert TABLE not in old_outputs.recorded()


# ---------------------------------------------------------------- building what is missing


def worktrees(root):
    return git(root, "worktree", "list").splitlines()


def test_the_last_commit_is_built_beside_for_what_is_missing(clone):
    record(clone, {FIGURE: "old", TABLE: "another"})
    commit(clone)
    old_outputs.keep()
    put(clone, FIGURE, "new")
    asked = []

    def make(folder, targets):
        asked.append((folder, targets))
        assert (folder / "Snakefile").is_file()
        put(folder, TABLE, "another")

    assert old_outputs.build(make) == []
    ((folder, targets),) = asked
    assert targets == [TABLE]
    assert kept(TABLE) == "another"
    assert (clone / FIGURE).read_text() == "new"
    assert not folder.exists()
    assert len(worktrees(clone)) == 1
    # Nothing is missing any more, so nothing is built.
    assert old_outputs.build(make) == []
    assert len(asked) == 1


def test_a_build_that_fails_leaves_no_folder(clone):
    put(clone, FIGURE, "new")
    put(clone, TABLE, "new")
    seen = []

    def make(folder, targets):
        seen.append(folder)
        raise AuditError("it does not build.")

    with pytest.raises(AuditError, match="does not build"):
        old_outputs.build(make)
    assert not seen[0].parent.exists()
    assert len(worktrees(clone)) == 1


def test_what_comes_out_otherwise_than_recorded_is_named_and_not_kept(clone):
    put(clone, FIGURE, "new")
    put(clone, TABLE, "new")

    def make(folder, targets):
        put(folder, TABLE, "old")
        put(folder, FIGURE, "rounded otherwise")

    record(clone, {FIGURE: "as recorded", TABLE: "old"})
    commit(clone)
    assert old_outputs.build(make) == [FIGURE]
    assert kept(TABLE) == "old"


def test_without_a_commit_the_help_is_an_archive(folder):
    put(folder, FIGURE, "new")
    put(folder, TABLE, "new")
    with pytest.raises(AuditError, match="no commit to build") as error:
        old_outputs.build(lambda *_: None)
    assert "--archive" in str(error.value)
