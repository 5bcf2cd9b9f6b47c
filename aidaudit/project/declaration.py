"""What the engine is told of this audit."""

from __future__ import annotations

from aidaudit.layout import MAKES
from nbtrail.base.project import Project, late

PROJECT = Project(
    name="aidaudit",
    packages=("aidaudit",),
    groups=late("aidaudit.project.planned:groups"),
    default_group=late("aidaudit.project.planned:default_group"),
    jobs=late("aidaudit.project.planned:jobs"),
    job=late("aidaudit.project.planned:job"),
    reads=late("aidaudit.project.planned:reads"),
    excerpts=late("aidaudit.project.planned:excerpts"),
    steps=late("aidaudit.project.planned:steps"),
    step=late("aidaudit.project.planned:step"),
    does={kind: f"aidaudit.project.steps:{kind}" for kind in ("library", "render", "manifest")},
    parameters=late("aidaudit.config:parameters"),
    allowed=late("aidaudit.project.planned:allowed"),
    models=late("aidaudit.config:models"),
    table_of=late("aidaudit.data.tables:of_built"),
    meant=late("aidaudit.config:judged"),
    titles=late("aidaudit.config:paraphrases"),
    makes=MAKES,
    generated=late("aidaudit.report.test_runs:pages"),
    picture=("V01", "all"),
    rows_of=late("aidaudit.report.rows_of_totals:rows_of"),
    commands=late("aidaudit.project.commands:commands"),
)
