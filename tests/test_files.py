import json
import os
import sys
import types

import pandas as pd
import pytest

from nbtrail.base import determinism, files, zips
from nbtrail.base.errors import AuditError


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    (tmp_path / "Snakefile").touch()
    (tmp_path / "config").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/aid.csv").write_text("a\n1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(files.DECLARED, raising=False)
    return tmp_path


@pytest.fixture
def declared(checkout, monkeypatch):
    stage = checkout / "stage"
    listed = {"inputs": ["data/aid.csv"], "outputs": ["out/t.csv"], "stage": str(stage)}
    (checkout / "declared.json").write_text(json.dumps(listed))
    monkeypatch.setenv(files.DECLARED, str(checkout / "declared.json"))
    return stage


def test_a_command_reads_and_writes_in_place_from_any_folder(checkout, monkeypatch):
    (checkout / "notebooks").mkdir()
    monkeypatch.chdir(checkout / "notebooks")
    assert files.source("data/aid.csv") == checkout / "data/aid.csv"
    files.write_text("out/deep/x.txt", "hello\n")
    assert (checkout / "out/deep/x.txt").read_bytes() == b"hello\n"


def test_missing_input_says_what_builds_it(checkout):
    with pytest.raises(AuditError, match=r"snakemake data/nothing\.csv"):
        files.source("data/nothing.csv")


@pytest.mark.parametrize("spelling", ["data/aid.csv", "./data/aid.csv", "data/../data/aid.csv"])
def test_declared_input_is_read_however_it_is_spelt(checkout, declared, spelling):
    assert files.source(spelling) == checkout / "data/aid.csv"
    assert files.source(checkout / spelling) == checkout / "data/aid.csv"


def test_undeclared_read_is_refused_and_names_the_nearest(declared):
    with pytest.raises(AuditError) as refused:
        files.source("data/aids.csv")
    message = str(refused.value)
    assert message.startswith("data/aids.csv: the notebook reads an undeclared file")
    assert "Did you mean 'data/aid.csv'?" in message
    assert "add it to the rule's inputs" in message


def test_declared_output_goes_to_the_stage_only(checkout, declared):
    files.write_text("out/t.csv", "x\n")
    assert (declared / "out/t.csv").read_text() == "x\n"
    assert not (checkout / "out").exists()


def test_undeclared_write_is_refused_and_leaves_nothing(checkout, declared):
    with pytest.raises(AuditError, match="add it to the rule's outputs"):
        files.write_text("out/u.csv", "x\n")
    assert not declared.exists()
    assert not (checkout / "out").exists()


def test_csv_is_the_same_on_every_machine(checkout):
    frame = pd.DataFrame({"donor": ["Türkiye", None], "eur": [0.1 + 0.2, 1e9]}, index=[7, 8])
    files.write_csv(frame, "t.csv")
    assert (checkout / "t.csv").read_bytes() == "donor,eur\nTürkiye,0.3\n,1000000000\n".encode()


def test_json_has_sorted_keys_and_plain_letters(checkout):
    files.write_json({"b": 1, "a": "Å"}, "t.json")
    assert (checkout / "t.json").read_text("utf-8") == '{\n "a": "Å",\n "b": 1\n}\n'


def test_failed_write_keeps_the_old_file_and_no_fragment(checkout):
    files.write_json({"a": 1}, "out/t.json")
    old = (checkout / "out/t.json").read_bytes()
    with pytest.raises(ValueError, match="nan"):
        files.write_json({"a": float("nan")}, "out/t.json")
    with pytest.raises(UnicodeEncodeError):
        files.write_text("out/t.json", "lone surrogate \ud800")
    assert (checkout / "out/t.json").read_bytes() == old
    assert [path.name for path in (checkout / "out").iterdir()] == ["t.json"]


def test_in_a_notebook_outputs_go_to_scratch(checkout, monkeypatch):
    shell = types.SimpleNamespace(get_ipython=object)
    monkeypatch.setitem(sys.modules, "IPython", shell)
    where = files.write_text("figures/a/F01.txt", "x")
    assert where == checkout / "scratch/figures/a/F01.txt"
    assert not (checkout / "figures").exists()
    # Loaded, as by a command that runs notebooks, but no notebook itself.
    shell.get_ipython = lambda: None
    assert files.write_text("figures/a/F01.txt", "x") == checkout / "figures/a/F01.txt"


def writes_text(path):
    files.write_text(path, "new")
    return f".{path.name}.{os.getpid()}.part"


def writes_archive(path):
    zips.write(path, {"a": b"new"})
    return f".{path.name}.part"


@pytest.mark.skipif(os.name != "posix", reason="links are another thing elsewhere")
@pytest.mark.parametrize("write", [writes_text, writes_archive])
def test_nothing_is_written_through_a_link_with_a_temporary_name(checkout, write):
    path = checkout / "out/x"
    part = write(path)
    path.unlink()
    precious = checkout / "precious"
    precious.write_text("mine")
    (path.parent / part).symlink_to(precious)
    write(path)
    assert precious.read_text() == "mine"
    assert path.read_bytes()
    assert [one.name for one in path.parent.iterdir()] == ["x"]


@pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")
def test_only_its_owner_can_enter_the_folder_in_which_outputs_are_prepared(checkout):
    before = os.umask(0)
    try:
        assert determinism.staging().stat().st_mode & 0o777 == 0o700
        # As an earlier version, or somebody else, has left it.
        determinism.staging().chmod(0o777)
        assert determinism.staging().stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


@pytest.mark.skipif(os.name != "posix", reason="links are another thing elsewhere")
def test_outputs_are_not_prepared_where_a_link_leads(checkout, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    elsewhere.chmod(0o755)
    (checkout / ".staging").symlink_to(elsewhere)
    with pytest.raises(AuditError, match="it is a link") as told:
        determinism.staging()
    assert elsewhere.stat().st_mode & 0o777 == 0o755
    # As the message says.
    assert "rm -rf .staging;" in str(told.value)
    (checkout / ".staging").unlink()
    assert determinism.staging().is_dir()
