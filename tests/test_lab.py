"""JupyterLab on the project: working copies, runs by hand, and what git stores."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nbtrail.author import jupyterlab, notebook_checks
from nbtrail.base import files, notebook_form, plan
from nbtrail.base.errors import AuditError

ROOT = Path(__file__).parents[1]
COPIED = ("aidaudit", "nbtrail", "config", "data/raw", "envs", "notebooks", "report/sections")
SOURCE = "notebooks/figures/F02.ipynb"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for folder in COPIED:
        if folder in ("data/raw", "aidaudit", "nbtrail"):
            (tmp_path / folder).parent.mkdir(exist_ok=True)
            (tmp_path / folder).symlink_to(ROOT / folder)
        else:
            shutil.copytree(ROOT / folder, tmp_path / folder)
    for file in ("Snakefile", "CITATION.cff", ".gitattributes", "report/abstract.md"):
        shutil.copy(ROOT / file, tmp_path / file)
    for path in (tmp_path / "notebooks").rglob("*.ipynb"):
        path.write_bytes(notebook_form.cleaned(path.read_bytes()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved_in_the_lab(path: Path, change=lambda nb: None) -> None:
    """What JupyterLab does to a notebook that was run: outputs, counts, its own metadata."""
    nb = nbformat.read(path, 4)
    for number, cell in enumerate(nb.cells, 1):
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", text="said\n")]
            cell.metadata["trusted"] = True
    nb.metadata.language_info = {"name": "python", "version": "3.99"}
    change(nb)
    model = {"type": "notebook", "content": nb}
    name = path.relative_to(Path.cwd()).as_posix()
    jupyterlab.saving(model=model, path=name, contents_manager=None)
    nbformat.write(model["content"], path)


def hook(path: Path) -> None:
    jupyterlab.saved(os_path=str(path), model={"type": "notebook"}, contents_manager=None)


# ---------------------------------------------------------------- working copies


def test_a_copy_has_the_cell_that_the_dag_would_inject(checkout):
    copy = checkout / jupyterlab.copy_of(plan.named("F02", "literal"))
    nb = notebook_form.read(copy)
    (injected,) = [cell for cell in nb.cells if notebook_form.added(cell)]
    values: dict = {}
    exec(injected.source, values)
    job = plan.named("F02", "literal")
    assert {key: values[key] for key in job.parameters} == job.parameters
    # As the kernel's own, so that JupyterLab has nothing to change when it opens the copy.
    assert nb.metadata.kernelspec.display_name == "Python 3 (ipykernel)"
    assert nb.metadata.language_info.codemirror_mode.name == "ipython"
    place = nb.cells.index(injected)
    assert "parameters" in nb.cells[place - 1].metadata.tags
    assert (checkout / SOURCE).read_bytes() == notebook_form.cleaned(
        (ROOT / SOURCE).read_bytes()
    )


def test_what_is_saved_goes_back_without_injected_cell_and_outputs(checkout):
    before = (checkout / SOURCE).read_text("utf-8")
    copy = checkout / jupyterlab.copy_of(plan.named("F02", "literal"))

    saved_in_the_lab(copy)
    hook(copy)
    assert (checkout / SOURCE).read_text("utf-8") == before

    def change(nb):
        nb.cells[-2].source = "A new reading."

    saved_in_the_lab(copy, change)
    hook(copy)
    after = (checkout / SOURCE).read_text("utf-8")
    assert "A new reading." in after
    assert "injected-parameters" not in after
    assert notebook_checks.problems(SOURCE) == []
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert len(changed) == 2
    # Saving again is no conflict: the copy knows in which state it left the source.
    hook(copy)


def test_a_change_made_elsewhere_is_never_overwritten(checkout):
    first = checkout / jupyterlab.copy_of(plan.named("F02", "literal"))
    source = checkout / SOURCE
    elsewhere = source.read_text("utf-8").replace("Areas are stacked", "Areas lie on areas")
    source.write_text(elsewhere, "utf-8")
    with pytest.raises(AuditError, match="changed elsewhere"):
        hook(first)
    assert source.read_text("utf-8") == elsewhere
    # Outputs alone, as from another window of JupyterLab, are no change.
    source.write_bytes(notebook_form.cleaned((ROOT / SOURCE).read_bytes()))
    saved_in_the_lab(source)
    hook(first)


def test_other_files_that_are_saved_are_left_alone(checkout):
    stray = checkout / "scratch/edit/mine.ipynb"
    stray.parent.mkdir(parents=True)
    shutil.copy(checkout / SOURCE, stray)
    hook(stray)
    table = {"type": "file", "content": "a\n1\n"}
    jupyterlab.saving(model=table, path="notebooks/a.csv", contents_manager=None)
    assert table["content"] == "a\n1\n"


def test_a_source_is_saved_as_it_is_committed_and_a_copy_with_its_outputs(checkout):
    source, copy = (
        checkout / SOURCE,
        checkout / jupyterlab.copy_of(plan.named("F02", "literal")),
    )
    before = source.read_bytes()
    for path in (source, copy):
        saved_in_the_lab(path)
        hook(path)
    assert source.read_bytes() == before
    assert b"said" in copy.read_bytes()

    def change(nb):
        nb.cells[-2].source = "A new reading."

    saved_in_the_lab(source, change)
    lines = zip(before.splitlines(), source.read_bytes().splitlines(), strict=True)
    assert len([1 for old, new in lines if old != new]) == 1


def test_jupyterlab_calls_what_is_here():
    for hook_ in (
        "pre_save_hook=nbtrail.author.jupyterlab.saving",
        "post_save_hook=nbtrail.author.jupyterlab.saved",
    ):
        assert f"--FileContentsManager.{hook_}" in jupyterlab.command([])


@pytest.mark.parametrize(
    "source",
    ["../elsewhere.ipynb", "/etc/x.ipynb", "notebooks/../../elsewhere.ipynb", "Snakefile",
     "notebooks/link.ipynb", "notebooks/figures/F02.txt", 7, None],
)  # fmt: skip
def test_a_copy_goes_back_to_a_notebook_of_the_checkout_alone(checkout, source):
    copy = checkout / jupyterlab.copy_of(plan.named("F02", "literal"))
    elsewhere = checkout.parent / "elsewhere.ipynb"
    shutil.copy(checkout / SOURCE, elsewhere)
    (checkout / "notebooks/link.ipynb").symlink_to(elsewhere)
    before = elsewhere.read_bytes(), (checkout / "Snakefile").read_bytes()
    # What it says of its source fits, so that nothing else stands in the way.
    note = copy.with_suffix(".json")
    state = json.loads(note.read_text()) | {"source": source}
    note.write_text(json.dumps(state))
    with pytest.raises(AuditError, match="no notebook of this checkout"):
        hook(copy)
    assert before == (elsewhere.read_bytes(), (checkout / "Snakefile").read_bytes())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"source": "notebooks/figures/F02.ipynb"}'])
def test_a_damaged_note_beside_a_copy_is_told(checkout, text):
    copy = checkout / jupyterlab.copy_of(plan.named("F02", "literal"))
    copy.with_suffix(".json").write_text(text)
    with pytest.raises(AuditError, match="no notebook of this checkout"):
        hook(copy)


def test_a_failed_notebook_opens_as_it_stopped_and_saves_with_its_ids(checkout):
    job = plan.named("F02", "literal")
    with pytest.raises(AuditError, match="has not failed"):
        jupyterlab.stopped_copy(job)
    nb = notebook_form.read(checkout / jupyterlab.copy_of(job))
    # As the runner leaves it: a note on top, and the error's cell with its output.
    error = nbformat.v4.new_markdown_cell(
        "An error", metadata={"tags": ["papermill-error-cell-tag"]}
    )
    nb.cells.insert(0, error)
    nb.cells[6].outputs = [nbformat.v4.new_output("stream", text="as far as it ran\n")]
    (checkout / job.log).parent.mkdir(parents=True)
    notebook_form.write_canonical(nb, job.log)
    source = (checkout / SOURCE).read_bytes()

    copy = checkout / jupyterlab.stopped_copy(job)
    assert "as far as it ran" in copy.read_text("utf-8")
    hook(copy)
    assert (checkout / SOURCE).read_bytes() == source

    (checkout / SOURCE).write_bytes(source.replace(b"Areas are", b"Areas were"))
    with pytest.raises(AuditError, match="changed since it stopped"):
        jupyterlab.stopped_copy(job)


# ---------------------------------------------------------------- help for what is missing


def test_all_missing_inputs_are_named_with_the_command_that_builds_them(checkout):
    told = plan.help_for(
        "data/processed/latest/monthly.csv",
        str(checkout / "notebooks/figures/F16.ipynb"),
        {"variant": "latest"},
    )
    lacks = plan.missing(plan.named("F16"))
    assert len(lacks) > 1
    assert f"snakemake {' '.join(lacks)}" in told


def test_a_working_copy_is_helped_as_its_source_is(checkout):
    copy = jupyterlab.copy_of(plan.named("F02", "literal"))
    told = plan.help_for(
        "data/processed/literal/monthly.csv", str(checkout / copy), {"variant": "literal"}
    )
    assert "data/processed/literal/monthly.csv" in told.split("snakemake")[1]
    elsewhere = str(checkout / "scratch/mine.ipynb")
    assert plan.help_for("data/processed/literal/monthly.csv", elsewhere, {}) is None


@pytest.mark.build
def test_a_kernel_of_jupyterlab_names_what_it_lacks(checkout):
    # A live kernel, as the server starts it: in the notebook's folder, told its path.
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance()\n"
        "s.run_cell('variant = \"latest\"')\n"
        "r = s.run_cell('from aidaudit.measures import result_tables; "
        "result_tables.read(variant, "
        '"monthly")\')\n'
        "print('ERROR', r.error_in_exec)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=checkout / "notebooks/figures",
        env=os.environ
        | {
            "JPY_SESSION_NAME": str(checkout / "notebooks/figures/F16.ipynb"),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout.split("ERROR")[1]
    assert "this input is not built yet" in told
    assert "snakemake data/processed/clean/donors.csv data/processed/latest/monthly.csv" in told


# ---------------------------------------------------------------- runs by hand

FREE = """\
variant: str = "article"  # name of the variant (config/config.yaml)
release: int = 21  # Kiel release with months (number)
cut_off: str = "2024-12-31"  # last day counted; its whole month counts (ISO date)
donor_group: str = "all"  # donors whose aid is drawn (named donor group)
"""


def tiny(code: str) -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# A title\n\nWho gives?"),
        nbformat.v4.new_code_cell(FREE, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(code),
    ]
    nb = notebook_form.clean_source(nbformat.v4.new_notebook(cells=cells))
    Path(SOURCE).write_text(notebook_form.serialise(nb), "utf-8")


@pytest.fixture
def complete(checkout, monkeypatch):
    """A checkout in which no input of F02 is missing."""
    for path in plan.missing(plan.named("F02")):
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text("a\n1\n")
    return checkout


@pytest.mark.build
def test_a_run_by_hand_writes_to_scratch_alone(complete):
    output = complete / "figures/article/F02.csv"
    output.parent.mkdir(parents=True)
    output.write_text("as built")
    tiny(
        "from nbtrail.base import files\n"
        "files.write_text('figures/article/F02.csv', f'{cut_off} {donor_group} {release}')"
    )
    folder, given = jupyterlab.run(plan.named("F02"), {"cut_off": "2024-06-30"})
    assert given["cut_off"] == "2024-06-30"
    assert output.read_text() == "as built"
    by_hand = complete / folder / "figures/article/F02.csv"
    assert by_hand.read_text() == "2024-06-30 all 21"
    assert jupyterlab.written(folder) == [
        f"{folder}/figures/article/F02.csv",
        f"{folder}/notebook.ipynb",
    ]


@pytest.mark.build
def test_a_run_by_hand_knows_what_was_changed_and_tells_it_when_it_fails(complete):
    tiny(
        "from nbtrail.publish import standing\n"
        "raise KeyError(standing.standing('F02', variant).stamp)"
    )
    with pytest.raises(AuditError) as error:
        jupyterlab.run(plan.named("F02"), {"cut_off": "2024-06-30"})
    assert "with the parameters that you changed: cut_off=2024-06-30" in str(error.value)
    stamp = "F02-article, changed: cut_off=2024-06-30 · not a release"
    assert stamp in (complete / "scratch/run/F02-article/notebook.ipynb").read_text("utf-8")


@pytest.mark.build
def test_a_run_by_hand_that_fails_keeps_the_notebook_as_far_as_it_ran(complete):
    tiny("print('so far')\n1 / 0")
    with pytest.raises(AuditError, match=r"(?s)failed in cell 3.*ZeroDivisionError"):
        jupyterlab.run(plan.named("F02"), {})
    assert "so far" in (complete / "scratch/run/F02-article/notebook.ipynb").read_text()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cutoff": "2024-06-30"}, "Did you mean 'cut_off'"),
        ({"release": "newest"}, "wrong type"),
        ({"release": "99"}, "not allowed"),
        ({"donor_group": "natoo"}, "Did you mean 'nato'"),
    ],
)
def test_wrong_parameters_stop_a_run_by_hand_at_once(checkout, changes, told):
    with pytest.raises(AuditError, match=told):
        jupyterlab.run(plan.named("F02"), changes)


def test_a_run_by_hand_names_every_missing_input(checkout):
    with pytest.raises(AuditError, match="not built yet") as error:
        jupyterlab.run(plan.named("F02"), {})
    for path in plan.missing(plan.named("F02")):
        assert path in str(error.value)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "28", 28),
        ("float", "1.5", 1.5),
        ("bool", "True", True),
        ("bool", "perhaps", "perhaps"),
        ("list[str]", "article,latest", ["article", "latest"]),
        ("str", "2025-12-31", "2025-12-31"),
    ],
)
def test_typed_values_get_the_declared_type(kind, text, value):
    assert jupyterlab._typed(kind, text) == value


# ---------------------------------------------------------------- JupyterLab


def test_jupyterlab_shows_pictures_and_runs_with_the_build_s_settings(checkout):
    variables = jupyterlab.environment()
    assert "MPLBACKEND" not in variables
    assert variables["TZ"] == "UTC"
    assert variables["SOURCE_DATE_EPOCH"]
    assert variables["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_jupyterlab_opens_the_notebooks_or_the_one_that_is_named(checkout):
    assert "--LabApp.default_url=/lab/tree/notebooks" in jupyterlab.command(["--no-browser"])
    assert f"--ServerApp.root_dir={checkout}" in jupyterlab.command(["--no-browser"])
    assert jupyterlab.command([], "scratch/edit/F02-literal.ipynb")[-1].endswith(
        "F02-literal.ipynb"
    )
    assert jupyterlab.command(["logs/a.ipynb"])[-1] == "logs/a.ipynb"
    settings = json.loads((ROOT / jupyterlab.SETTINGS / "overrides.json").read_text())
    # Half-done cells would reach the source.
    assert settings["@jupyterlab/docmanager-extension:plugin"]["autosave"] is False
    assert "--FileContentsManager.preferred_dir=notebooks" in jupyterlab.command([])
    assert files.SCRATCH in jupyterlab.FOLDER
