"""Readers of upstream files: each returns the kind of raw table and the table itself.

A reader renames, types and drops; it never corrects and never fills in. Columns with free
text (explanations, sources, notes) are left upstream.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from aidaudit.ingest.readers import context, kiel, packages, people, politics, tracker, war

READERS: dict[str, Callable[[Path], tuple[str, pd.DataFrame]]] = {
    **kiel.READERS,
    **context.READERS,
    **packages.READERS,
    **people.READERS,
    **politics.READERS,
    **tracker.READERS,
    **war.READERS,
}
