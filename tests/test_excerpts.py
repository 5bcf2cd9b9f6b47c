"""Jobs depend on the rows and entries that they use, and cannot see the others."""

import json
import os
import shutil
import tempfile

import pytest
from copies import ROOT

from aidaudit import config
from aidaudit.data import clean
from aidaudit.data.tables import CLEAN, RAW
from aidaudit.measures import plausibility
from nbtrail.base import excerpts, files, plan, schema, settings
from nbtrail.base.errors import AuditError
from nbtrail.run import guard

VOYAGES = "grain_initiative/voyages"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout of what excerpts are taken from; nothing read before is remembered."""
    (tmp_path / "Snakefile").touch()
    for folder in ("config", "data/raw", "notebooks", "aidaudit", "nbtrail"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    forget()
    yield tmp_path
    forget()


def forget():
    for one in vars(config).values():
        if hasattr(one, "cache_clear"):
            one.cache_clear()


def needs() -> dict[str, str]:
    """Job → hash of what it reads of shared files."""
    forget()
    return {str(one): excerpts.digest(plan.excerpts(one)) for one in plan.jobs()}


def edit(root, path, old, new):
    text = (root / path).read_text("utf-8")
    assert old in text
    (root / path).write_text(text.replace(old, new, 1), "utf-8")


def add(root, path, line):
    with (root / path).open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def seen_by(job, root, monkeypatch):
    """Read as the kernel of this job does."""
    stage = root / ".staging/test"
    told = {
        "inputs": plan.reads(job),
        "excerpts": excerpts.write(excerpts.kept(excerpts.keep(plan.excerpts(job))), stage),
        "outputs": [],
        "stage": str(stage),
    }
    (root / "declared.json").write_text(json.dumps(told))
    monkeypatch.setenv(files.DECLARED, str(root / "declared.json"))
    forget()
    return told


def test_what_is_changed_concerns_the_jobs_that_use_it_alone(root):
    before = needs()

    def changed() -> set[str]:
        return {one for one, digest in needs().items() if digest != before.get(one)}

    corrections, figures = "data/raw/corrections.csv", "config/figures.yaml"
    # A release is held against those before and after it.
    add(root, corrections, "kiel,28,*,donor,A,B,why,1")
    assert changed() == {f"clean/kiel_release_{n}" for n in (25, 28, 29)}
    edit(root, corrections, "kiel,28,*,donor,A,B", f"{VOYAGES},,*,donor,A,B")
    assert changed() == {"clean/grain_voyages"}
    for row in ("voyages,,*,donor,A,B", "kiel,99,*,donor,A,B"):
        shutil.copy(ROOT / corrections, root / corrections)
        add(root, corrections, f"{row},why,1")
        # It corrects nothing that there is: whoever runs first says so.
        assert changed() == {one for one in before if one.startswith("clean/")}
    shutil.copy(ROOT / corrections, root / corrections)
    add(root, "data/raw/plausibility.csv", "7,,repeated,,,1,rows,why")
    assert changed() == {"clean/kiel_release_07", "all/report"}
    shutil.copy(ROOT / "data/raw/plausibility.csv", root / "data/raw/plausibility.csv")
    add(root, "data/raw/memberships/donors.csv", "Nauru,NRU,NR,state,False")
    assert changed() == {"clean/donors"}
    shutil.copy(ROOT / "data/raw/memberships/donors.csv", root / "data/raw/memberships")
    edit(root, "config/claims.yaml", "The war displaced", "War displaced")
    assert changed() == {"all/claims", "all/V01", "all/report"}
    shutil.copy(ROOT / "config/claims.yaml", root / "config")
    edit(root, figures, "name: weapon ladder", "name: ladder of weapons")
    assert changed() == {"all/report"}
    shutil.copy(ROOT / figures, root / figures)
    for path in (*settings.FILES, *config.FILES):
        edit(root, f"config/{path}.yaml", "\n", "\n# A remark.\n")
    assert changed() == set()


def test_a_job_cannot_see_the_rest(root, monkeypatch):
    headline = plan.job("literal", "F01")
    told = seen_by(plan.job("clean", "kiel_release_13"), root, monkeypatch)
    path = files.source("data/raw/corrections.csv")
    rows = schema.read(path, RAW["corrections"], "data/raw/corrections.csv")
    assert set(rows["release"]) == {"7", "13", "16"}
    assert set(plausibility.accepted()["release"]) == {13, 16}
    # As in a kernel, whose folder for temporary files is its own, unlike that of this checkout.
    monkeypatch.setattr(tempfile, "tempdir", str(root / ".staging/temporary"))
    heard = guard._Guard(told).heard
    for file in ("data/raw/corrections.csv", "config/claims.yaml"):
        with pytest.raises(AuditError, match="reads an undeclared file"):
            heard("open", (str(root / file), "r", os.O_RDONLY))
    monkeypatch.delenv(files.DECLARED)
    seen_by(headline, root, monkeypatch)
    assert [claim.id for claim in config.claims()] == ["MIL-2a"]
    with pytest.raises(AuditError, match="undeclared file"):
        config.scenarios()


def test_errors_name_rows_of_the_whole_file(root, monkeypatch):
    edit(root, "data/raw/corrections.csv", "accession,2024,2024-03-07", "accession,2025,x")
    lines = (root / "data/raw/corrections.csv").read_text("utf-8").splitlines()
    (row,) = [number for number, line in enumerate(lines, 1) if "accession,2025,x" in line]
    seen_by(plan.job("clean", "donors"), root, monkeypatch)
    with pytest.raises(AuditError) as caught:
        clean.members()
    assert (str(caught.value.file), caught.value.row) == ("data/raw/corrections.csv", row)


def test_a_file_that_is_no_table_is_given_whole_for_its_reader_to_say_so(root, monkeypatch):
    add(root, "data/raw/corrections.csv", "kiel,28,*")
    seen_by(plan.job("clean", "grain_voyages"), root, monkeypatch)
    with pytest.raises(AuditError, match="another number of cells") as caught:
        clean.corrected(VOYAGES)
    text = (root / "data/raw/corrections.csv").read_text("utf-8")
    assert caught.value.row == text.count("\n")


def test_an_unknown_donor_is_told_with_the_nearest_of_all(root, monkeypatch):
    edit(root, "data/raw/corrections.csv", ",Finland,typing slip", ",Finnland,typing slip")
    job = plan.job("clean", "kiel_release_21")
    seen_by(job, root, monkeypatch)
    with pytest.raises(AuditError, match="Did you mean 'Finland'"):
        clean.kiel(21)


@pytest.mark.parametrize("name", ["kiel_release_13", "donors", "grain_voyages"])
def test_a_job_gives_what_whole_files_give(root, monkeypatch, name):
    job = plan.job("clean", name)

    def made():
        release = job.offer.get("release")
        if release is None:
            return clean.context(name, job.offer["folders"])
        return clean.kiel(release).assign(held=len(plausibility.of_release(release)))

    whole = made()
    seen_by(job, root, monkeypatch)
    assert made().equals(whole)


def test_donors_stand_in_columns_that_are_called_so():
    """`plan` looks there for the rows of the register that a job needs."""
    known = [*RAW.values(), *CLEAN.values()]
    columns = {n for table in known for n, one in table.columns.items() if one.register}
    assert columns == {"donor"}


def test_a_job_that_was_planned_with_other_rows_does_not_run(root):
    digest = excerpts.keep(plan.excerpts(plan.job("clean", "donors")))
    kept = root / excerpts.KEPT / f"{digest}.json"
    kept.write_text(kept.read_text().replace("2024-03-07", "2024-03-08"))
    with pytest.raises(AuditError, match="start the build again"):
        excerpts.kept(digest)
    # The next plan puts it right.
    assert excerpts.kept(excerpts.keep(plan.excerpts(plan.job("clean", "donors"))))


def test_an_entry_that_json_cannot_hold_is_refused(root):
    edit(root, "config/figures.yaml", 'turn: "2022-05-24"', "turn: 2022-05-24")
    with pytest.raises(AuditError, match="neither text nor number") as caught:
        needs()
    assert caught.value.file == "config/figures.yaml"


def test_names_of_entries_are_checked_where_the_build_is_planned(root):
    edit(root, "config/figures.yaml", "claims: [MIL-2a]", "claims: [MIL-2x]")
    forget()
    with pytest.raises(AuditError, match="Did you mean 'MIL-2a'"):
        plan.jobs()
