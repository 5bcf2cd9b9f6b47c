"""What the engine is told of this audit."""

from __future__ import annotations

from aidaudit.layout import MAKES
from aidaudit.project import Project, late

PROJECT = Project(
    name="aidaudit",
    packages=("aidaudit",),
    groups=late("aidaudit.planned:groups"),
    default_group=late("aidaudit.planned:default_group"),
    jobs=late("aidaudit.planned:jobs"),
    job=late("aidaudit.planned:job"),
    reads=late("aidaudit.planned:reads"),
    excerpts=late("aidaudit.planned:excerpts"),
    steps=late("aidaudit.planned:steps"),
    step=late("aidaudit.planned:step"),
    does={kind: f"aidaudit.steps:{kind}" for kind in ("library", "render", "manifest")},
    parameters=late("aidaudit.config:parameters"),
    allowed=late("aidaudit.planned:allowed"),
    models=late("aidaudit.config:models"),
    table_of=late("aidaudit.tables:of_built"),
    meant=late("aidaudit.config:judged"),
    titles=late("aidaudit.config:paraphrases"),
    makes=MAKES,
    generated=late("aidaudit.test_runs:pages"),
    picture=("V01", "all"),
    rows_of=late("aidaudit.rows_of_totals:rows_of"),
    commands=late("aidaudit.commands:commands"),
)
