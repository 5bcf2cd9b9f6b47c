"""The sides that can be compared: this build, the last commit's outputs, an archive's."""

from __future__ import annotations

from nbtrail.base import repro
from nbtrail.compare import checking
from nbtrail.compare.diffing.base import Side
from nbtrail.record import baseline, receipts, verify
from nbtrail.record import manifest as manifests


def built() -> Side:
    """What is built here. Raises AuditError where nothing is."""
    known = [path for path in manifests.read()["outputs"] if baseline.is_kept(path)]
    root = repro.root()
    hashes = {path: receipts.sha256(path) for path in known if (root / path).is_file()}
    return Side("this build", hashes, lambda path: (root / path).read_bytes())


def committed() -> Side:
    """The outputs that the last commit records, as far as they are kept (`baseline`)."""
    known = baseline.recorded()
    accounts = baseline.accounts()

    def hint(path: str) -> str:
        if path not in accounts or not (repro.root() / path).is_file():
            return ""
        told = list(verify.differ(path, accounts[path]))
        told = [one.removeprefix(path).lstrip(":, ") for one in told]
        agree = f"every value agrees within {verify.TOLERANCE:g} of its column"
        return "; ".join(told) or agree

    return Side("the last commit", known, lambda path: baseline.read(known[path]), hint)


def archived(archive: checking.Archive, name: str) -> Side:
    """The outputs in an archive of this project, called by its file's name."""
    hashes = {
        path: about["sha256"]
        for path, about in archive.manifest["outputs"].items()
        if baseline.is_kept(path)
    }
    return Side(name, hashes, archive.read)
