"""Everything that makes two builds give the same bytes, in one place.

The command line, the notebook runner and the chart style all take their settings from here;
no other module sets a time zone, a hash salt or a font.
"""

from __future__ import annotations

import os
from pathlib import Path

# The day on which the data of this version were frozen; every date that a file format
# insists on (PDF, PNG, zip) is this one.
SOURCE_DATE_EPOCH = 1793404800  # 2026-10-31T00:00:00Z
SVG_HASH_SALT = "aidaudit"
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


def environment() -> dict[str, str]:
    """The environment in which every kernel and every tool of the build runs."""
    return {**os.environ, **ENVIRONMENT}


def root() -> Path:
    """The repository's root: the nearest folder upwards that has a Snakefile.

    Notebooks opened in JupyterLab start in their own folder, the DAG in the root;
    both must read the same files. Raises FileNotFoundError outside a checkout.
    """
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "Snakefile").is_file() and (folder / "config").is_dir():
            return folder
    raise FileNotFoundError(f"{here} is not inside a checkout: no Snakefile here or above.")
