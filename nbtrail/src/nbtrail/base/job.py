"""One run of a notebook, and the jobs that are alike: what each reads, writes and gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nbtrail.base import parameters, paths


@dataclass(frozen=True)
class Kind:
    """Jobs that are alike: a rule of the build.

    group, name, notebook, writes: of its jobs, with wildcards where these differ.
    """

    rule: str
    group: str
    name: str
    notebook: str
    writes: tuple[str, ...]

    def job(self, offer: dict, own: dict | None = None, **wildcards: str) -> Job:
        """A job of this kind. offer, own: as for Job."""
        group, name, notebook, *writes = (
            text.format(**wildcards)
            for text in (self.group, self.name, self.notebook, *self.writes)
        )
        return Job(group, name, notebook, offer, own or {}, self.rule, tuple(writes))


@dataclass(frozen=True)
class Job:
    """One run of a notebook. offer: parameters of which it takes those that it declares.

    own: parameters that it must declare. notebook: path of its source. rule: of the build,
    none for a run of a sweep. writes: the files that the notebook writes.
    """

    group: str
    name: str
    notebook: str
    offer: dict[str, Any] = field(hash=False)
    own: dict[str, Any] = field(default_factory=dict, hash=False)
    rule: str = ""
    writes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """group/name."""
        return f"{self.group}/{self.name}"

    @property
    def executed(self) -> str:
        """Where its executed form goes."""
        return paths.executed(self.group, self.name)

    @property
    def log(self) -> str:
        """Where it is kept as far as it ran, when it fails."""
        return f"{paths.LOGS}/{self}.ipynb"

    @property
    def parameters(self) -> dict[str, Any]:
        """What is injected: name → value, in the notebook's order."""
        declared = parameters.declared(self.notebook)
        given = {key: value for key, value in self.offer.items() if key in declared} | self.own
        return {key: given[key] for key in declared if key in given} | self.own
