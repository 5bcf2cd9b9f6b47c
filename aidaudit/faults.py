"""What tests/faults/run.py saw when it broke builds: docs/faults.csv, a row a fault."""

from __future__ import annotations

from aidaudit import layout, trials


def read() -> list[dict]:
    """Rows by fault: rounds, what was told, outputs missing on average, command, seeds."""
    return together(trials.read(layout.FAULTS))


def together(rows: list[dict]) -> list[dict]:
    """Rows of the same fault under several seeds as one."""
    found: dict[str, dict] = {}
    for row in rows:
        rounds, left = int(row["rounds"]), int(row["left"])
        seen = {**row, "rounds": 0, "left": 0, "seeds": []}
        one = found.setdefault(row["fault"], seen)
        one["left"] = (one["left"] * one["rounds"] + left * rounds) / (one["rounds"] + rounds)
        one["rounds"] += rounds
        one["seen"] = one["seen"] or row["seen"]
        one["seeds"] += [row["seed"]] if row["seed"] else []
    return [{**one, "left": round(one["left"])} for one in found.values()]
