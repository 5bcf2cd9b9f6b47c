"""The sides that can be compared: this build, the last commit's outputs, an archive's."""

from __future__ import annotations

from nbtrail.base import determinism
from nbtrail.compare import authenticity
from nbtrail.compare.diff.model import Side
from nbtrail.record import manifest as manifests
from nbtrail.record import old_outputs, receipts, verify


def built() -> Side:
    """What is built here. Raises AuditError where nothing is."""
    known = [path for path in manifests.read()["outputs"] if old_outputs.is_kept(path)]
    root = determinism.root()
    hashes = {path: receipts.sha256(path) for path in known if (root / path).is_file()}
    return Side("this build", hashes, lambda path: (root / path).read_bytes())


def committed() -> Side:
    """The outputs that the last commit records, as far as they are kept (`baseline`)."""
    known = old_outputs.recorded()
    accounts = old_outputs.accounts()

    def hint(path: str) -> str:
        if path not in accounts or not (determinism.root() / path).is_file():
            return ""
        told = list(verify.differ(path, accounts[path]))
        told = [one.removeprefix(path).lstrip(":, ") for one in told]
        agree = f"every value agrees within {verify.TOLERANCE:g} of its column"
        return "; ".join(told) or agree

    return Side("the last commit", known, lambda path: old_outputs.read(known[path]), hint)


def archived(archive: authenticity.Archive, name: str) -> Side:
    """The outputs in an archive of this project, called by its file's name."""
    hashes = {
        path: about["sha256"]
        for path, about in archive.manifest["outputs"].items()
        if old_outputs.is_kept(path)
    }
    return Side(name, hashes, archive.read)
