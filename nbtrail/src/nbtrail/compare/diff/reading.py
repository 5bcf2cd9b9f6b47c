"""What outputs hold that is not a plain table: numbers, claims and words."""

from __future__ import annotations

from pathlib import PurePosixPath

from nbtrail.base import foreign
from nbtrail.compare.authenticity import text
from nbtrail.compare.diff import rows
from nbtrail.compare.diff.model import Unreadable


def holds_numbers(path: str) -> bool:
    """Whether an output is a collection of numbers: a notebook's own, or a variant's."""
    place = PurePosixPath(path)
    return place.suffix == ".json" and "numbers" in (place.stem, place.parent.name)


def json_in(content: bytes | None, path: str = foreign.UNNAMED) -> dict:
    """A JSON object; empty where there is no such output. Raises Unreadable for another."""
    if content is None:
        return {}
    try:
        value = foreign.json((foreign.text(content, path) or "").encode(), path)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unreadable("it is no JSON object")
    return value


def same_json(one: bytes, two: bytes, path: str) -> bool:
    """Whether two documents hold the same, digit by digit: 1 is not 1.0, nor true."""
    was, now = (text.loaded(foreign.text(it, path) or "", path) for it in (one, two))
    return was is not None and was == now


def numbers_in(path: str, content: bytes | None) -> dict[str, dict]:
    """variant:key → entry. Raises Unreadable for what holds something else."""
    parts = PurePosixPath(path).parts
    if len(parts) < 4:
        raise Unreadable("it lies where no variant's numbers do")
    variant = parts[2]
    entries = {f"{variant}:{key}": entry for key, entry in json_in(content, path).items()}
    if not all(isinstance(entry, dict) for entry in entries.values()):
        raise Unreadable("its entries are no numbers")
    return entries


def claims_in(content: bytes | None, path: str = foreign.UNNAMED) -> dict[str, dict[str, str]]:
    """Claim → its row: column → cell. Raises Unreadable for a table without such ids."""
    header, lines = rows.read(content, path) if content is not None else (["claim_id"], [])
    found = {row.get("claim_id", ""): row for row in lines}
    if "claim_id" not in header or len(found) < len(lines):
        raise Unreadable("its claims have no ids of their own")
    return found
