"""The committed raw tables: described, small, facts only, and remade byte by byte."""

import csv
import json
import re
import shutil
from pathlib import Path

import frictionless
import pytest
import yaml

from aidaudit import ingest
from aidaudit.data import corrections, raw_tables, sources
from aidaudit.data.tables import RAW
from aidaudit.ingest.readers import READERS, kiel
from aidaudit.measures import plausibility

HERE = Path(__file__).parents[1]
FOLDER = HERE / "data/raw"
UPSTREAM = HERE.parent / "shared/sources"
DESCRIPTORS = sorted(FOLDER.rglob("datapackage.json"))
PACKAGES = [path for path in DESCRIPTORS if path.parent != FOLDER]
TABLES = sorted(FOLDER.rglob("*.csv"))
ABSENT = "upstream files are not beside the checkout"


def shown(path):
    return path.relative_to(FOLDER).as_posix()


def load(path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def committed(monkeypatch):
    monkeypatch.chdir(HERE)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A root with the tables kept by hand only."""
    (tmp_path / "Snakefile").touch()
    shutil.copytree(HERE / "config", tmp_path / "config")
    for path in (corrections.CORRECTIONS, plausibility.ACCEPTED, sources.REGISTER):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBTRAIL_DECLARED", raising=False)
    return tmp_path


def test_there_is_something_to_test():
    assert len(PACKAGES) >= 9
    assert len(TABLES) == len(PACKAGES) + 3


@pytest.mark.parametrize("path", DESCRIPTORS, ids=shown)
def test_the_descriptor_is_valid_for_its_table(path):
    report = frictionless.validate(str(path))
    problems = report.flatten(["rowNumber", "fieldName", "type", "note"])
    assert report.valid, problems[:5]
    assert sum(task.stats["rows"] for task in report.tasks) > 0


@pytest.mark.parametrize("path", PACKAGES, ids=shown)
def test_the_descriptor_says_whose_it_is_and_from_where(path):
    package = load(path)
    for field in ("publisher", "citation", "title", "homepage", "taken"):
        assert package[field].strip(), field
    assert package["licenses"][0]["name"]
    assert package["licenses"][0]["title"]
    (source,) = package["sources"]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", source["hash"])
    assert source["bytes"] > 0
    assert source["obtained_from"]
    (resource,) = package["resources"]
    assert resource["hash"] == f"sha256:{sources.sha256(path.parent / resource['path'])}"
    if path.parent.parent.name == "kiel":
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", package["cut_off"])
        number = int(package["release"])
        main = path.parent.name == f"release-{number:02d}"
        # What a release publishes beside its main table stands in a folder of its own.
        assert main or re.fullmatch(rf"[a-z_]+_r{number:02d}", path.parent.name)


@pytest.mark.parametrize("path", PACKAGES, ids=shown)
def test_columns_are_described_and_amounts_have_units(path):
    (resource,) = load(path)["resources"]
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert list(fields) == list(RAW[resource["name"]].columns)
    for name, field in fields.items():
        assert field["description"], name
        if re.search(r"(_eur|_usd|_bn|population|per_eur)$", name):
            assert field["unit"], name
        if name.endswith("_eur_bn"):
            assert field["unit"] == "bn EUR, nominal"
        elif name in {"allocation_eur", "commitment_eur"}:
            assert field["unit"] == "EUR, nominal"


@pytest.mark.parametrize("path", PACKAGES, ids=shown)
def test_a_folder_holds_its_table_and_descriptor_only(path):
    (resource,) = load(path)["resources"]
    names = {p.name for p in path.parent.iterdir()}
    assert names == {"datapackage.json", resource["path"]}


def test_a_table_that_changes_is_noticed_by_its_descriptor(tmp_path):
    shutil.copytree(FOLDER / "kiel/release-30", tmp_path / "r")
    table = tmp_path / "r/donor_totals.csv"
    table.write_text(table.read_text().replace("47.297", "47.298", 1))
    assert not frictionless.validate(str(tmp_path / "r/datapackage.json")).valid


def test_the_raw_tables_are_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 20e6


@pytest.mark.parametrize("path", TABLES, ids=shown)
def test_the_tables_hold_facts_only(path):
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    for number, row in enumerate(rows, start=1):
        for cell in row:
            place = f"{shown(path)}, row {number}: {cell!r}"
            # Prose has spaces; the address of a page has none, and cut short it leads nowhere.
            assert len(cell) <= (120 if " " in cell else 200), place
            assert not re.search(r"https?:|www\.", cell, re.IGNORECASE), place


@pytest.mark.parametrize("path", TABLES, ids=shown)
def test_the_tables_are_plain_utf8_with_unix_line_ends(path):
    data = path.read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in data
    assert data.endswith(b"\n")
    data.decode("utf-8")


def test_the_overview_is_the_generated_one(committed):
    mend = "run `aidaudit ingest` again"
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == ingest.readme(), mend
    assert load(FOLDER / "datapackage.json") == ingest.own_tables(), mend
    text = (FOLDER / "datapackage.json").read_text(encoding="utf-8")
    assert text == ingest._json(ingest.own_tables()), mend


def test_the_catalogue_matches_the_folders(committed):
    origins = {origin.folder: origin for origin in ingest.origins()}
    packages = sources.packages()
    # A release that somebody ingested needs no entry in the catalogue.
    assert set(origins) <= set(packages)
    known = ingest.catalogue()["sources"]
    for folder, origin in origins.items():
        package = packages[folder]
        about = known[origin.source]
        assert package["publisher"] == about["publisher"], folder
        assert package["citation"] == about["citation"], folder
        assert package["licenses"][0]["name"] == about["terms"], folder
        assert package.get("release") == origin.release, folder
        assert package.get("cut_off") == origin.cut_off, folder
        assert package.get("release_inferred") == origin.inferred, folder
        assert package["sources"][0]["path"] == Path(origin.upstream).name, folder
        assert origin.reader in READERS, folder


def test_every_table_reads_and_every_correction_finds_its_cells(committed):
    fixes = corrections.read_corrections()
    used = set()
    for folder, package in sources.packages().items():
        raw = raw_tables.read(folder)
        assert len(raw) > 0
        source = sources.correction_source(folder)
        number = int(package["release"]) if sources.is_release(folder) else None
        corrections.apply(raw, fixes, source, number)
        used |= set(corrections._mine(fixes, source, number).index)
    unused = fixes.drop(index=list(used))
    assert unused.empty, f"no table has these corrections:\n{unused}"


def test_the_descriptors_describe_the_columns_as_the_code_does(committed):
    for folder, package in sources.packages().items():
        (resource,) = package["resources"]
        table = RAW[resource["name"]]
        assert package["description"] == table.description, folder
        for got, wanted in zip(resource["schema"]["fields"], table.fields(), strict=True):
            assert got["description"] == wanted["description"], f"{folder}: {got['name']}"
            assert got.get("unit") == wanted.get("unit"), f"{folder}: {got['name']}"


def _upstream(origin) -> Path:
    # What was compiled for this project is committed; the rest lies beside the checkout.
    known = [folder / origin.upstream for folder in (HERE, UPSTREAM)]
    found = [path for path in known if path.is_file()]
    if not found:
        pytest.skip(ABSENT)
    return found[0]


def _same_again(root, origin):
    folder = ingest.ingest(_upstream(origin), origin)
    assert folder == root / "data/raw" / origin.folder
    wanted = {p.name: p.read_bytes() for p in (FOLDER / origin.folder).iterdir()}
    got = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert sorted(got) == sorted(wanted)
    differ = [name for name, content in wanted.items() if got[name] != content]
    assert not differ, f"{origin.folder}: run `aidaudit ingest --all` again"


def _origins(*, slow: bool) -> list[str]:
    text = (HERE / ingest.CATALOGUE).read_text(encoding="utf-8")
    entries = yaml.safe_load(text)["tables"]
    return [e["folder"] for e in entries if (e["reader"] == "imf_outlook") == slow]


@pytest.mark.parametrize("folder", _origins(slow=False))
def test_ingesting_again_gives_the_same_bytes(empty, folder):
    (origin,) = [o for o in ingest.origins() if o.folder == folder]
    _same_again(empty, origin)


@pytest.mark.build
@pytest.mark.parametrize("folder", _origins(slow=True))
def test_ingesting_the_outlook_again_gives_the_same_bytes(empty, folder):
    (origin,) = [o for o in ingest.origins() if o.folder == folder]
    _same_again(empty, origin)


def test_an_older_release_reads_with_the_old_names():
    path = UPSTREAM / "kiel/R18/UST_data.xlsx"
    if not path.is_file():
        pytest.skip(ABSENT)
    table, frame = kiel.kiel_workbook(path)
    assert (table, len(frame)) == ("activities", 3737)
    assert frame["allocation_eur"].sum() / 1e9 == pytest.approx(203.101, abs=5e-4)
    assert frame["weapon_source"].isna().all()
    dated = frame[frame["announcement_date"].str.fullmatch(r"\d{4}-\d\d-\d\d").fillna(False)]
    undated = dated[dated["month_number"] == 0]
    assert undated.empty, undated[["row", "announcement_date"]]
