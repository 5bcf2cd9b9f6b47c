"""What a run outside the build says of itself: that it is no release, and what was changed.

A figure or table made by hand looks like the build's. So its stamp, words and metadata name
the parameters that are not those of its job, whoever ran it: `nbtrail run`, a person in
JupyterLab, or papermill itself.
"""

from __future__ import annotations

import importlib
import textwrap
from dataclasses import dataclass, field

from nbtrail.base import determinism, files, paths
from nbtrail.base.errors import AuditError

NO_RELEASE = "not a release"
OUTSIDE = f"{NO_RELEASE}, run outside the workflow"
# What a stamp has room for.
_WIDE = 72


@dataclass(frozen=True)
class Standing:
    """Whether an output is the build's. changed: parameter → value that the build has not."""

    identifier: str
    official: bool
    changed: dict[str, object] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The changed parameters, 'since=2025-03, cut_off=2025-12-31'."""
        return ", ".join(f"{name}={_value(value)}" for name, value in self.changed.items())

    @property
    def version(self) -> str:
        """The version that the output belongs to, for its metadata."""
        return determinism.VERSION if self.official else NO_RELEASE

    @property
    def stamp(self) -> str:
        """What stands in the picture, by which it is cited."""
        if self.official:
            return f"{self.identifier} · {determinism.NAME} {determinism.VERSION}"
        if not self.changed:
            return f"{self.identifier} · {OUTSIDE}"
        end = f" · {NO_RELEASE}"
        start = f"{self.identifier}, changed: {self.told}"
        return textwrap.shorten(start, _WIDE - len(end), placeholder=" …") + end

    def beside(self, words: str) -> str:
        """A title, caption or alt text with what was changed beside it."""
        if self.official:
            return words
        note = f"changed: {self.told}; {NO_RELEASE}" if self.changed else OUTSIDE
        return f"{words} ({note})"


def standing(name: str, variant: str) -> Standing:
    """Whether what is saved as this figure or table of this variant is the build's."""
    asked = files.by_hand()
    if asked is None:
        return Standing(paths.identifier(name, variant), official=True)
    job, changed, values = asked
    if job is None:
        job, changed = f"{variant}/{name}", _differing(name, variant, values)
    group, _, own = job.partition("/")
    return Standing(paths.identifier(own, group), official=False, changed=changed)


def _differing(name: str, variant: str, values: dict[str, object]) -> dict[str, object]:
    """The parameters among a kernel's variables that are not those of the job."""
    # Imported by name: what only tells of tries is no code from which outputs are made.
    plan = importlib.import_module("nbtrail.base.plan")
    try:
        injected = plan.job(variant, name).parameters
    except AuditError:
        return {}
    return {
        key: values[key]
        for key, value in injected.items()
        if key in values and values[key] != value
    }


def _value(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
