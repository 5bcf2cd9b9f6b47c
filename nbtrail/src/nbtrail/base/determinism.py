"""Everything that makes two builds give the same bytes, in one place.

The command line, the notebook runner and the chart style all take their settings from here;
no other module sets a time zone, a hash salt or a font.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_ENGINE = Path(__file__).parents[2]


def _project() -> Path:
    """The checkout that this package lies in; or, where it is installed elsewhere, that of the
    working folder. Raises FileNotFoundError where there is none.
    """
    here = Path.cwd()
    for folder in (_ENGINE.parents[1], here, *here.parents):
        if (folder / "CITATION.cff").is_file():
            return folder
    raise FileNotFoundError(f"no CITATION.cff in {here} or above.")


_PROJECT = _project()
# The project's name: that of its package and command, and of the marks in its outputs.
NAME = re.search(
    r'^name = "([\w-]+)"$', (_PROJECT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
)[1]
# The packages whose code makes outputs.
PACKAGES = (NAME, "nbtrail")

# Read as text: a YAML parser would cost every command its import.
_CITATION = (_PROJECT / "CITATION.cff").read_text(encoding="utf-8")
_FIELDS = dict(
    re.findall(r'^(version|date-released): "?([^"\n]+?)"?$', _CITATION, re.MULTILINE)
)

VERSION = _FIELDS["version"]
RELEASED = _FIELDS["date-released"]  # ISO date
# The day on which this version was released; every date that a file format insists on
# (PDF, PNG, zip) is this one.
SOURCE_DATE_EPOCH = int(datetime.fromisoformat(RELEASED).replace(tzinfo=UTC).timestamp())
SVG_HASH_SALT = NAME
FONT = "DejaVu Sans"  # shipped in the matplotlib wheel, so the same on every machine

ENVIRONMENT = {
    "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


STAGING = ".staging"

# What decides in a user's environment how Python, notebooks, libraries and shells begin, and
# so what they give. Kept are variables of the machine: PATH, HOME, TMPDIR, LD_…, SLURM_…
_OTHERS = re.compile(
    r"(PYTHON|I?PY|JUPYTER|JPY_|MPL|MATPLOTLIB|PANDAS|PAPERMILL|NUMEXPR|NUMBA|OMP_|MKL_|TYPST"
    r"|BASH_FUNC_|LC_|LANG|FC_|FONTCONFIG|COLUMNS$|LINES$|BASH_ENV$|ENV$|SHELLOPTS$|BASHOPTS$)"
)
# These only say where Python keeps what it has compiled.
_HARMLESS = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")

# By these, git takes another repository than the one that it is in.
_ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
)


def tidied(variables: Mapping[str, str]) -> dict[str, str]:
    """An environment without what would change what Python and its libraries do.

    Modules come from this environment and from the checkout whose packages these are.
    """
    kept = {k: v for k, v in variables.items() if not _OTHERS.match(k) or k in _HARMLESS}
    path = os.pathsep.join(code().values())
    return kept | {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1"}


def at_home(variables: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git takes the repository that it is in.

    Hooks, and `git rebase --exec`, name that of whoever runs them.
    """
    return {name: value for name, value in variables.items() if name not in _ELSEWHERE}


def environment() -> dict[str, str]:
    """The environment in which every kernel and every tool of the build runs."""
    return {**tidied(os.environ), **ENVIRONMENT}


def code(checkout: Path | None = None) -> dict[str, str]:
    """Package → the folder of a checkout from which it is imported."""
    top = checkout or _PROJECT
    engine = top / "nbtrail/src"
    return {NAME: str(top), "nbtrail": str(engine if engine.is_dir() else _ENGINE)}


def check_package(root: Path) -> None:
    """Raise AuditError where a package is another than that of the checkout `root`.

    A copied environment, or that of another checkout, would run the other's code.
    """
    # Not above: set-up reads the version here, before the package can be imported.
    from nbtrail.base.errors import AuditError

    for name, folder in code(root).items():
        own = Path(folder, name, "__init__.py")
        used = find_spec(name)
        if own.is_file() and not (used and used.origin and own.samefile(used.origin)):
            raise AuditError(
                "this is the environment of another checkout.",
                found=str(_PROJECT),
                expected=str(root),
                mend="`make .venv/.ready` in this checkout, then `. .venv/bin/activate`.",
            )


def root() -> Path:
    """The repository's root: the nearest folder upwards that has a Snakefile.

    Notebooks opened in JupyterLab start in their own folder, the DAG in the root;
    both must read the same files. Raises FileNotFoundError outside a checkout.
    """
    return _above(Path.cwd())


def staging(checkout: Path | None = None) -> Path:
    """The folder in which builds prepare what they write, for this user alone; it is made.

    What lies here is run and read by later steps, so nobody else may write it, whatever the
    umask. Raises AuditError where it is a link or another user's.
    """
    folder = (checkout or root()) / STAGING
    try:
        if folder.is_symlink():
            raise OSError("it is a link")
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        from nbtrail.base.errors import AuditError

        raise AuditError(
            "the folder where builds prepare outputs cannot be kept to yourself.",
            file=STAGING,
            found=str(error),
            mend=f"rm -rf {STAGING}; if it is another user's, ask them, or build in a clone.",
        ) from None
    return folder


@cache
def _above(folder: Path) -> Path:
    # Remembered: a start of Snakemake asks some thousand times.
    here = folder.resolve()
    for folder in (here, *here.parents):
        if (folder / "Snakefile").is_file() and (folder / "config").is_dir():
            return folder
    raise FileNotFoundError(f"{here} is not inside a checkout: no Snakefile here or above.")
