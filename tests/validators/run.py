"""Hold an archive against the specifications that it claims to meet, without network.

Runs in the environment of envs/validators.txt, as `make validate` does:
python tests/validators/run.py dist/aidaudit-0.2.0.zip

The validators ask the network for one file, RO-Crate's JSON-LD context. A local copy, which
the package rocrate carries, is put into the validator's own cache beforehand; whatever else
it asked for would be refused, and the check would fail.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import requests
import requests_cache
import urllib3
from rocrate_validator import models, services

PROFILES = (
    "ro-crate-1.1",
    "workflow-ro-crate-1.0",
    "process-run-crate-0.5",
    "workflow-run-crate-0.5",
    "provenance-run-crate-0.5",
)
CONTEXT = "https://w3id.org/ro/crate/1.1/context"


class Local(requests.adapters.HTTPAdapter):
    """Answers a request with the copy of the context that the package rocrate carries."""

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        """The context, whatever the headers."""
        package = Path(find_spec("rocrate").origin).parent
        answer = urllib3.HTTPResponse(
            io.BytesIO((package / "data/ro-crate.jsonld").read_bytes()),
            headers={"Content-Type": "application/ld+json"},
            status=200,
            preload_content=False,
            request_url=request.url,
        )
        return self.build_response(request, answer)


def seeded(folder: Path) -> Path:
    """A cache that holds the context."""
    cache = folder / "cache"
    session = requests_cache.CachedSession(str(cache), expire_after=requests_cache.NEVER_EXPIRE)
    session.mount("https://", Local())
    for accept in ("application/ld+json, application/json", "*/*"):
        session.get(CONTEXT, headers={"Accept": accept})
    session.close()
    return cache


def crate(folder: Path, cache: Path, profile: str, severity: str) -> list[str]:
    """The issues that a profile's checks find, a line each."""
    settings = services.ValidationSettings(
        rocrate_uri=models.URI(str(folder)) if hasattr(models, "URI") else str(folder),
        profile_identifier=profile,
        requirement_severity=getattr(models.Severity, severity),
        requirement_severity_only=severity != "REQUIRED",
        cache_path=cache,
        offline=True,
    )
    result = services.validate(settings)
    return sorted(
        {f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()}
    )


def run(*command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run one of this environment's programs in the archive's folder."""
    program = Path(sys.executable).parent / command[0]
    return subprocess.run(
        [program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False
    )


def citation(folder: Path) -> list[str]:
    """What cffconvert finds wrong, and where its conversions say otherwise than our files."""
    valid = run("cffconvert", "--validate", folder=folder)
    if valid.returncode:
        return [f"CITATION.cff: {valid.stdout}{valid.stderr}"]
    found = []
    for form, file, fields in (
        ("codemeta", "codemeta.json", ("name", "version", "datePublished", "license")),
        ("zenodo", ".zenodo.json", ("title", "version", "publication_date", "keywords")),
    ):
        ours = json.loads((folder / file).read_text(encoding="utf-8"))
        theirs = json.loads(run("cffconvert", "-f", form, folder=folder).stdout)
        shared = [field for field in fields if field in theirs]
        if len(shared) < 3:
            found.append(f"{file}: cffconvert knows too few of {fields}")
        found += [
            f"{file}: {field} is {ours.get(field)!r}, and {theirs[field]!r} by cffconvert"
            for field in shared
            if ours.get(field) != theirs[field]
        ]
    return found


def main(archive: str, *options: str) -> int:
    """Print what each validator finds; 1 where a requirement is not met.

    --quick: the last profile only, which builds on all the others, and its requirements.
    """
    failed = False
    profiles = PROFILES[-1:] if "--quick" in options else PROFILES
    with tempfile.TemporaryDirectory() as temporary:
        with zipfile.ZipFile(archive) as opened:  # our own archive, made a moment ago
            opened.extractall(temporary)
        (folder,) = Path(temporary).iterdir()
        found = citation(folder)
        print(f"cffconvert, CITATION.cff and what is made of it: {len(found)} issues")
        for line in found:
            print(f"  {line}")
        failed |= bool(found)
        with tempfile.TemporaryDirectory() as place:
            cache = seeded(Path(place))
            for profile in profiles:
                required = crate(folder, cache, profile, "REQUIRED")
                advised = (
                    [] if "--quick" in options else crate(folder, cache, profile, "RECOMMENDED")
                )
                print(f"{profile}: {len(required)} required, {len(advised)} recommended unmet")
                for line in required + advised[:8]:
                    print(f"  {line}"[:240])
                failed |= bool(required)
            # A validator that finds nothing in a crate without its workflow checks nothing.
            spoilt = folder / "ro-crate-metadata.json"
            spoilt.write_text(spoilt.read_text("utf-8").replace('"mainEntity"', '"about"'))
            if not crate(folder, cache, PROFILES[-1], "REQUIRED"):
                print("The validator accepts a crate without a main workflow.")
                failed = True
    print("failed" if failed else "All requirements are met.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
