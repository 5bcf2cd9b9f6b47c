"""What the engine is told of this audit."""

from __future__ import annotations

from aidaudit.layout import MAKES
from nbtrail.base.project import Project, late

PROJECT = Project(
    groups=late("aidaudit.project.jobs:groups"),
    default_group=late("aidaudit.project.jobs:default_group"),
    jobs=late("aidaudit.project.jobs:jobs"),
    job=late("aidaudit.project.jobs:job"),
    reads=late("aidaudit.project.jobs:reads"),
    excerpts=late("aidaudit.project.jobs:excerpts"),
    steps=late("aidaudit.project.jobs:steps"),
    step=late("aidaudit.project.jobs:step"),
    does={kind: f"aidaudit.project.steps:{kind}" for kind in ("library", "render", "manifest")},
    parameters=late("aidaudit.config:parameters"),
    allowed=late("aidaudit.project.jobs:allowed"),
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
