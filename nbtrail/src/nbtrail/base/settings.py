"""Files of settings, checked when they are read: those that every project has, and how.

The models here and the project's own are the only description of config/*.yaml; the JSON
Schemas in config/schemas are generated from them (`nbtrail schemas`), so that editors can
help.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError, model_validator

from nbtrail.base import files
from nbtrail.base.errors import AuditError, nearest
from nbtrail.base.project import project

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Sweep(Strict):
    """One notebook, run once for every combination of the values of its grid."""

    title: str = Field(description="what the table of all runs shows")
    notebook: str = Field(description="path of the notebook", pattern=r"^notebooks/.+\.ipynb$")
    variant: str = Field(description="whose parameters hold where the grid says nothing")
    table: str = Field(description="name of the table that each run writes, without '.csv'")
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(
        description="parameter of the notebook → its values", min_length=1
    )

    @model_validator(mode="after")
    def _no_run_twice(self) -> Sweep:
        for name, values in self.grid.items():
            if len({json.dumps(value) for value in values}) < len(values):
                raise ValueError(f"{name} has a value twice")
        return self


class Sweeps(RootModel[dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Sweep]]):
    """config/sweeps.yaml: what `snakemake sweep` runs."""


class Limits(Strict):
    """config/limits.yaml: what one notebook may take."""

    minutes: float = Field(default=30, description="from its first cell to its last", gt=0)
    memory_gb: float = Field(default=4, description="of data in its process (Linux)", gt=0)
    output_mb: float = Field(default=20, description="of what its cells show", gt=0)


FILES: dict[str, type[BaseModel]] = {"sweeps": Sweeps, "limits": Limits}


def load(name: str, model: type[Model]) -> Model:
    """config/<name>.yaml, checked against its model. Raises AuditError."""
    path = Path("config") / f"{name}.yaml"
    try:
        content = files.read_yaml(path)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise AuditError(
            f"the file is not valid YAML: {getattr(error, 'problem', error)}.",
            file=path,
            row=mark.line + 1 if mark else None,
            mend="check the indentation and quotes there.",
        ) from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A misspelt key is missing under its right name too; the slip is what to tell.
        problems = error.errors()
        slips = [problem for problem in problems if problem["type"] == "extra_forbidden"]
        first = (slips or problems)[0]
        place = " → ".join(str(part) for part in first["loc"]) or "the whole file"
        schema = model.model_json_schema()
        parts = [schema, *schema.get("$defs", {}).values()]
        known = sorted({key for part in parts for key in part.get("properties", {})})
        raise AuditError(
            f"{place}: {first['msg'].lower()}.",
            file=path,
            found=first.get("input"),
            mend=(
                nearest(first["loc"][-1], known) if first["type"] == "extra_forbidden" else ""
            )
            + f"see config/schemas/{name}.json.",
        ) from None


@cache
def sweeps() -> dict[str, Sweep]:
    """config/sweeps.yaml, checked. Raises AuditError."""
    entries = load("sweeps", Sweeps).root
    known = project().groups()
    for name, entry in entries.items():
        if entry.variant not in known:
            raise AuditError(
                f"{name}: there is no such variant.",
                file="config/sweeps.yaml",
                found=entry.variant,
                expected=f"one of {known}",
                mend=nearest(entry.variant, known) or None,
            )
    return entries


@cache
def limits() -> Limits:
    """config/limits.yaml, checked. Raises AuditError."""
    return load("limits", Limits)


def models() -> dict[str, type[BaseModel]]:
    """Name of each file of settings → its model, the project's own among them."""
    return {**FILES, **project().models()}


def schema_texts() -> dict[str, str]:
    """config/schemas/<name>.json → its text, generated from the models."""
    return {
        f"config/schemas/{name}.json": json.dumps(model.model_json_schema(), indent=1) + "\n"
        for name, model in models().items()
    }
