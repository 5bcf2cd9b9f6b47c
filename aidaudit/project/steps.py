"""The jobs that only the audit has, and those that the engine does with the audit's help."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from nbtrail.base import determinism
from nbtrail.record import receipts as receipting
from nbtrail.run import jobs


def library(inputs: Sequence[str], outputs: Sequence[str], *, code: str, receipt: str) -> None:
    """Write the script that draws the page's view; it changes with the environment alone."""
    from aidaudit.report import interactive_view
    from nbtrail.base import files

    opened = receipting.opened(rule="library", code=code, inputs=inputs)
    (out,) = outputs
    files.write_text(out, interactive_view.library())
    receipting.close(opened, outputs, receipt)


def render(inputs: Sequence[str], outputs: Sequence[str], *, code: str, receipt: str) -> None:
    """Render the assembled report, the first input, as an HTML page with its view, or a PDF."""
    from aidaudit.report import interactive_view

    jobs.render(inputs, outputs, code=code, receipt=receipt, views=interactive_view.drawn)


def manifest(inputs: Sequence[str], outputs: Sequence[str], *, code: str, receipt: str) -> None:
    """Put all receipts together, and describe the built tables."""
    from aidaudit.data.tables import of_built

    jobs.manifest(inputs, outputs, code=code, receipt=receipt, further=items, table_of=of_built)


def items(path: str) -> Iterator[tuple[str, dict]]:
    """What can be cited of an output beside figures, tables and numbers: id → what it is."""
    from aidaudit import config
    from nbtrail.base import paths

    place = PurePosixPath(path)
    if place.name == "claims.csv":
        own = {claim.id: claim for claim in config.claims()}
        variant = place.parent.name
        text = (determinism.root() / path).read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            claim = own[row["claim_id"]]
            yield (
                paths.identifier(claim.id, variant),
                {
                    "kind": "claim",
                    "title": claim.paraphrase,
                    "value": row["verdict"],
                    "files": [path, paths.result(variant, "readings")],
                },
            )
    elif path == "report/build/report.md":
        for name, title in config.REPORT_TABLES.items():
            shown = ["report/report.html", "report/report.pdf"]
            yield name, {"kind": "table", "title": title, "files": shown}
