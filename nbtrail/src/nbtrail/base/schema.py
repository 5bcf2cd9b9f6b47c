"""What every raw and processed table must look like, and how a breach is told.

One `Table` per kind of table: its pandera schema, and for every column a description and
a unit, from which the Frictionless descriptors are generated. Reading goes through
`read`, which turns the first breach into an `AuditError` naming file, row, column, value,
expectation and mend. What the tables mean is left to the modules that use them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from nbtrail.base import csvs, digits, files
from nbtrail.base.errors import AuditError, nearest

# The longest text of a fact table is an address of 200 characters, of a processed one a reason.
LONGEST = 1_000
# Whoever opens a table in a spreadsheet must not run what a publisher's cell says.
NO_FORMULA = r"^(?![=@\t\r]|[+-](?![0-9.]|$))"
AGAIN = "ingest the upstream file again."
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

_TYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column: Frictionless type, meaning, unit ('' where none applies) and limits."""

    type: str
    description: str
    unit: str = ""
    required: bool = True
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    values: list[str] | None = None
    register: str | None = None
    kept_in: str = ""

    def checks(self, registers: Mapping[str, list[str]]) -> list[pa.Check]:
        """The pandera checks of this column; `registers` holds the lists known at run time."""
        checks = []
        if self.type == "string":
            error = f"at most {LONGEST:,} characters"
            checks.append(pa.Check.str_length(max_value=LONGEST, error=error))
            error = "text that no spreadsheet takes for a formula"
            checks.append(pa.Check.str_matches(NO_FORMULA, error=error))
        if self.minimum is not None:
            checks.append(pa.Check.ge(self.minimum, error=f"at least {self.minimum:g}"))
        if self.maximum is not None:
            checks.append(pa.Check.le(self.maximum, error=f"at most {self.maximum:g}"))
        if self.pattern is not None:
            checks.append(pa.Check.str_matches(self.pattern, error=f"text like {self.pattern}"))
        if self.values is not None:
            checks.append(pa.Check.isin(self.values, error=f"one of {self.values}"))
        if self.register in registers:
            known = registers[self.register]
            checks.append(pa.Check.isin(known, error=f"a known {self.register}"))
        return checks


@dataclass(frozen=True)
class Table:
    """A kind of table: its columns in order, and the columns that identify a row."""

    name: str
    description: str
    columns: dict[str, Column]
    key: list[str] = field(default_factory=list)

    def schema(self, registers: Mapping[str, list[str]] | None = None) -> pa.DataFrameSchema:
        """The pandera schema; `registers`: register → the names that it knows."""
        return pa.DataFrameSchema(
            {
                name: pa.Column(
                    _TYPES[column.type],
                    checks=column.checks(registers or {}),
                    nullable=not column.required,
                    description=column.description,
                    metadata={"unit": column.unit},
                )
                for name, column in self.columns.items()
            },
            strict=True,
            ordered=True,
            unique=self.key or None,
            report_duplicates="exclude_first",
            name=self.name,
        )

    def fields(self, loose: Collection[str] = ()) -> list[dict]:
        """The Frictionless fields, units included; `loose` columns have no constraints."""
        fields = []
        for name, column in self.columns.items():
            entry = {"name": name, "type": column.type, "description": column.description}
            if column.unit:
                entry["unit"] = column.unit
            constraints = {
                "required": column.required or None,
                "minimum": column.minimum,
                "maximum": column.maximum,
                "pattern": column.pattern,
                "enum": column.values,
            }
            bounds = {} if name in loose else constraints
            constraints = {k: v for k, v in bounds.items() if v is not None}
            if column.type == "integer":
                for bound in ("minimum", "maximum"):
                    if bound in constraints:
                        constraints[bound] = int(constraints[bound])
            if constraints:
                entry["constraints"] = constraints
            fields.append(entry)
        return fields


def _frame(path: Path, table: Table, shown: str) -> pd.DataFrame:
    try:
        rows = csvs.read(path, shown, mend=AGAIN)
    except FileNotFoundError:
        raise AuditError(
            "the file is missing.", file=shown, mend=f"run `snakemake {shown}`, or restore it."
        ) from None
    header = rows[0] if rows else []
    wanted = list(table.columns)
    for problem, names, near in (
        ("column is missing", [c for c in wanted if c not in header], header),
        ("unknown column", [c for c in header if c not in wanted], wanted),
        ("column occurs twice", sorted({c for c in header if header.count(c) > 1}), []),
    ):
        if names:
            raise AuditError(
                f"{problem}: {', '.join(names)}.",
                file=shown,
                row=1,
                column=names[0],
                found=header,
                expected=f"the columns {wanted}",
                mend=nearest(names[0], near)
                + "Restore the columns, or ingest the upstream file again.",
            )
    if header != wanted:
        raise AuditError(
            "the columns are in another order.",
            file=shown,
            row=1,
            found=header,
            expected=wanted,
            mend="restore the order, or ingest the upstream file again.",
        )
    csvs.even(rows, shown, mend=AGAIN)
    # Errors name rows of the whole file, also where a job has an excerpt of it.
    numbers = files.row_numbers(path)
    index = None if numbers is None else [number - 2 for number in numbers]
    return pd.DataFrame(rows[1:], columns=header, dtype="str", index=index)


def _typed(frame: pd.DataFrame, table: Table, shown: str) -> pd.DataFrame:
    typed = {}
    for name, column in table.columns.items():
        text = frame[name].mask(frame[name] == "")
        if column.type == "string":
            typed[name] = text.astype("str")
            continue
        if column.type == "boolean":
            values = text.map({"True": True, "False": False, "true": True, "false": False})
        else:
            # pandas would read 'inf', '1_000' and '0x10' as numbers; a fact table holds none.
            plain = text.where(text.str.fullmatch(digits.NUMBER))
            values = pd.to_numeric(plain, errors="coerce")
            # Past 1e308 a number becomes infinite; past 2**53 a count is no longer exact.
            values = values.astype("float64").where(np.isfinite)
            if column.type == "integer":
                values = values.where((values % 1 == 0) & (values.abs() < 2**53))
        wrong = text.notna() & values.isna()
        if wrong.any():
            at = wrong.idxmax()
            raise AuditError(
                f"the value is not of type {column.type}.",
                file=shown,
                row=at + 2,
                column=name,
                found=frame.at[at, name],
                expected=f"{column.type}{f' ({column.unit})' if column.unit else ''}",
                mend=_mend(name, column, frame.at[at, name], {}),
            )
        typed[name] = values.astype(_TYPES[column.type])
    return pd.DataFrame(typed, index=frame.index)


def _mend(name: str, column: Column | None, found: object, registers: Mapping) -> str:
    if column is not None and column.register in registers:
        guess = nearest(found, list(registers[column.register]))
        new = f", or a new {column.register} to {column.kept_in}" if column.kept_in else ""
        return f"{guess}Add a row to data/raw/corrections.csv{new}."
    guess = nearest(found, column.values) if column is not None and column.values else ""
    return (
        f"{guess}If upstream says so, add a row to data/raw/corrections.csv; "
        "if not, ingest the upstream file again."
    )


def _breaches(frame: pd.DataFrame, table: Table, registers: Mapping) -> pd.DataFrame | None:
    """What pandera finds wrong, a row for each case; None where nothing is."""
    try:
        table.schema(registers).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return errors.failure_cases
    return None


def broken(frame: pd.DataFrame, table: Table) -> set[tuple[int, str]]:
    """The cells (index, column) of a typed table that break a limit."""
    cases = _breaches(frame, table, {})
    if cases is None:
        return set()
    placed = cases[cases["index"].notna()]
    return set(zip(placed["index"].astype(int), placed["column"], strict=True))


def validate(
    frame: pd.DataFrame,
    table: Table,
    shown: str | Path,
    registers: Mapping[str, list[str]] | None = None,
    accepted: Callable[[pd.DataFrame], set[tuple[int, str]]] | None = None,
) -> pd.DataFrame:
    """Check a typed table; returns it unchanged.

    accepted: given the table, tells the cells (index, column) that may break a limit because
    somebody has looked at them. Raises AuditError for the first breach (by row, then
    column), with the number of breaches; rows count as in a spreadsheet, the header being
    row 1.
    """
    registers = registers or {}
    cases = _breaches(frame, table, registers)
    if cases is None:
        return frame
    placed = cases[cases["index"].notna()]
    if placed.empty:
        case = cases.iloc[0]
        raise AuditError(
            f"the table breaks its schema: {case['check']}.",
            file=shown,
            column=case["column"],
            found=case["failure_case"],
            mend="see nbtrail/src/nbtrail/base/schema.py.",
        )
    if accepted is not None and not placed.empty:
        known = accepted(frame)
        cells = zip(placed["index"].astype(int), placed["column"], strict=True)
        placed = placed[[cell not in known for cell in cells]]
        if placed.empty:
            return frame
    placed = placed.assign(index=placed["index"].astype(int)).sort_values(
        ["index", "column"], kind="stable"
    )
    case = placed.iloc[0]
    row, name = int(case["index"]), str(case["column"])
    check = str(case["check"])
    # A repeated key is one case per column of the key.
    count = len(placed.drop_duplicates(["index", "check"]))
    more = f" ({count} problems in this file)" if count > 1 else ""
    if check.startswith(("field_uniqueness", "multiple_fields_uniqueness")):
        key = {k: frame.at[row, k] for k in table.key}
        raise AuditError(
            f"the row repeats another with the same key{more}.",
            file=shown,
            row=row + 2,
            column=", ".join(table.key),
            found=", ".join(f"{k}={v}" for k, v in key.items()),
            expected="each key once",
            mend="delete the repeated row, or ingest the upstream file again.",
        )
    column = table.columns.get(name)
    found = case["failure_case"]
    found = found.item() if hasattr(found, "item") else found
    if check == "not_nullable":
        problem, found, expected = "a value is missing", "", "a value in every row"
    elif column is not None and column.register in registers:
        problem, expected = f"'{found}' is not a known {column.register}", check
    else:
        problem, expected = "the value is outside what is allowed", check
    unit = f" ({column.unit})" if column is not None and column.unit else ""
    raise AuditError(
        f"{problem}{more}.",
        file=shown,
        row=row + 2,
        column=name,
        found=found,
        expected=f"{expected}{unit}",
        mend=_mend(name, column, found, registers),
    )


def read(
    path: Path,
    table: Table,
    shown: str | Path | None = None,
    registers: Mapping[str, list[str]] | None = None,
    accepted: Callable[[pd.DataFrame], set[tuple[int, str]]] | None = None,
) -> pd.DataFrame:
    """Read a CSV of this kind, typed and checked.

    path: the file; shown: how errors name it (default: the path). Empty cells are null.
    Returns one row per line, columns as in `table`. Raises AuditError.
    """
    shown = str(shown or path)
    frame = _typed(_frame(path, table, shown), table, shown)
    return validate(frame, table, shown, registers, accepted)
