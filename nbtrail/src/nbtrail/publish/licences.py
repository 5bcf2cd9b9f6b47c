"""Under which licences the locked packages stand, as their own metadata say."""

from __future__ import annotations

import re
from importlib import metadata

from nbtrail.base import files
from nbtrail.base.determinism import NAME
from nbtrail.publish import report

LOCK = "envs/requirements.txt"
PAGE = "docs/licences.md"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)( ;)?", re.MULTILINE)
# Trove classifiers name families; what they add to the words before is cut off.
_FAMILY = re.compile(r"^License :: (?:OSI Approved :: )?")


def pinned() -> dict[str, str]:
    """Packages that the lock has on every platform and for every Python: name → version."""
    text = files.source(LOCK).read_text("utf-8")
    return {name: version for name, version, marked in _PINNED.findall(text) if not marked}


def of(package: str) -> str:
    """A package's licence: its SPDX expression, or else its classifiers, or else its words."""
    about = metadata.metadata(package)
    if expression := about.get("License-Expression"):
        return expression
    families = [
        _FAMILY.sub("", one)
        for one in about.get_all("Classifier") or []
        if one.startswith("License ::") and one != "License :: OSI Approved"
    ]
    if families:
        return "; ".join(sorted(families))
    # Some put the whole text there, or only have it beside; its first line names it.
    words = [about.get("License") or ""]
    for path in metadata.files(package) or []:
        if re.match(r"(licen[cs]e|copying)", path.name, re.IGNORECASE):
            words.append(path.read_text("utf-8"))
    return next((text.strip().partition("\n")[0] for text in words if text.strip()), "not said")


def page() -> str:
    """docs/licences.md."""
    rows = [
        f"| {name} | {version} | {report.plain(of(name))} |"
        for name, version in sorted(pinned().items())
    ]
    return "\n".join(
        [
            "# Packages and their licences",
            "",
            f"Written by `{NAME} generate` from the metadata of the packages that "
            f"`{LOCK}` locks on every platform.",
            "",
            "Every line of every lock file in `envs/` has hashes, and pip is told to require "
            "them. Whether a locked version has a known weakness is told by a service in the "
            "network, so no test asks: `pipx run pip-audit --no-deps --disable-pip -r "
            f"{LOCK}` does.",
            "",
            "| package | version | licence |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )
