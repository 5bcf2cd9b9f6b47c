"""The archive as a Workflow Run RO-Crate, provenance profile: which job made what from what.

Written directly as JSON-LD: ro-crate-py stamps the present time into what it writes, and the
archive must be the same whenever it is made. No clock is read; the actions bear no times.
The profiles: https://w3id.org/ro/wfrun/provenance and those that it builds on.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from nbtrail.base.determinism import NAME
from nbtrail.share import citation

FILE = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
# Terms that RO-Crate's own context does not have.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
WORKFLOW = "Snakefile"
SNAKEMAKE, LICENCE, AUTHORS = "#snakemake", "https://spdx.org/licenses/MIT", "#authors"
_TYPES = {
    ".ipynb": "application/x-ipynb+json", ".smk": "text/x-python", ".py": "text/x-python",
    ".csv": "text/csv", ".md": "text/markdown", ".yaml": "application/yaml",
    ".yml": "application/yaml", ".cff": "application/yaml", ".json": "application/json",
    ".svg": "image/svg+xml", ".png": "image/png", ".pdf": "application/pdf",
    ".html": "text/html", ".bib": "application/x-bibtex",
}  # fmt: skip


@dataclass(frozen=True)
class Content:
    """A file of the archive: its size in bytes and its sha256."""

    bytes: int
    sha256: str


def metadata(
    manifest: dict, files: Mapping[str, Content], about: dict, commit: str | None
) -> dict:
    """The crate's metadata.

    manifest: of the build. files: path → content, of every other file in the archive. about:
    CITATION.cff. commit: of the sources, if known. Entities are sorted by their ids.
    """
    found: dict[str, dict] = {}
    for entity in _entities(manifest, files, about, commit):
        # The same entity may be told by several jobs.
        found.setdefault(entity["@id"], entity)
    graph = [
        found[one] for one in sorted(found, key=lambda one: (one != FILE, one != "./", one))
    ]
    return {"@context": ["https://w3id.org/ro/crate/1.1/context", TERMS], "@graph": graph}


def text(crate: dict) -> str:
    """The metadata as JSON."""
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def _ref(identifier: str) -> dict:
    return {"@id": identifier}


def _refs(identifiers: Iterable[str]) -> list[dict] | dict:
    """References; a single one stands without a list around it, as the specification asks."""
    found = [_ref(one) for one in identifiers]
    return found[0] if len(found) == 1 else found


def _entities(
    manifest: dict, files: Mapping[str, Content], about: dict, commit: str | None
) -> Iterator[dict]:
    jobs = manifest["jobs"]
    yield {
        "@id": FILE,
        "@type": "CreativeWork",
        "about": _ref("./"),
        "conformsTo": [
            _ref("https://w3id.org/ro/crate/1.1"),
            _ref("https://w3id.org/workflowhub/workflow-ro-crate/1.0"),
        ],
    }
    for profile, name in PROFILES.items():
        version = profile.rpartition("/")[2]
        yield {"@id": profile, "@type": "CreativeWork", "name": name, "version": version}
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{about['title']} (version {about['version']})",
        "description": " ".join(about["abstract"].split()),
        "datePublished": str(about["date-released"]),
        "version": about["version"],
        "license": _ref(LICENCE),
        "author": _ref(AUTHORS),
        "publisher": _ref(AUTHORS),
        "keywords": ", ".join(about["keywords"]),
        "conformsTo": [_ref(profile) for profile in PROFILES],
        "mainEntity": _ref(WORKFLOW),
        "hasPart": [_ref(path) for path in sorted(files)],
        "mentions": _refs(["#run", "#sources", "#reports", *map(_action, jobs)]),
        **({"identifier": f"commit {commit}"} if commit else {}),
    }
    yield {
        "@id": LICENCE,
        "@type": "CreativeWork",
        "name": "MIT Licence",
        "description": "Of code and text. Data tables stand under their publishers' terms, "
        "named in the descriptor beside each.",
    }
    (name, *_) = citation.authors(about)
    yield {"@id": AUTHORS, "@type": "Organization", "name": name}
    yield {
        "@id": SNAKEMAKE,
        "@type": "ComputerLanguage",
        "name": "Snakemake",
        "identifier": _ref("https://snakemake.readthedocs.io"),
        "url": _ref("https://snakemake.readthedocs.io"),
    }
    yield {"@id": "https://snakemake.readthedocs.io", "@type": "WebSite", "name": "Snakemake"}
    yield {
        "@id": "#engine",
        "@type": "SoftwareApplication",
        "name": "Snakemake, with Papermill for notebooks",
        "description": f"As pinned in {manifest['environment']['path']}, whose sha256 is "
        f"{manifest['environment']['sha256']}.",
        "url": _ref("https://snakemake.readthedocs.io"),
        "softwareVersion": manifest["environment"]["sha256"][:12],
    }
    yield from _workflow(manifest, files, about)
    inputs: dict[str, set[str]] = {}
    for what in jobs.values():
        if what["notebook"]:
            names = inputs.setdefault(what["notebook"], set())
            names |= {f"#parameter/{what['notebook']}/{key}" for key in what["parameters"]}
    for path, content in files.items():
        entity = _file(path, content)
        if path in inputs:
            entity["@type"] = ["File", "SoftwareSourceCode"]
            entity["input"] = _refs(sorted(inputs[path]))
            entity["version"] = about["version"]
        yield entity
    for place, (job, what) in enumerate(jobs.items(), start=1):
        yield from _job(place, job, what, about["version"])


def _file(path: str, content: Content) -> dict:
    kind = _TYPES.get(PurePosixPath(path).suffix) or mimetypes.guess_type(path)[0]
    return {
        "@id": path,
        "@type": "File",
        "name": PurePosixPath(path).name,
        "contentSize": str(content.bytes),
        "encodingFormat": kind or "text/plain",
        "sha256": content.sha256,
    }


def _workflow(manifest: dict, files: Mapping[str, Content], about: dict) -> Iterator[dict]:
    jobs = manifest["jobs"]
    made = {path for job in jobs.values() for path in job["outputs"]}
    sources = sorted({_whole(p) for job in jobs.values() for p in job["inputs"]} - made)
    reports = [path for path in ("report/report.html", "report/report.pdf") if path in made]
    yield {
        **_file(WORKFLOW, files[WORKFLOW]),
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "name": about["title"],
        "description": "The stages ingest, clean, analyse, claims, report and archive.",
        "programmingLanguage": _ref(SNAKEMAKE),
        "license": _ref(LICENCE),
        "version": about["version"],
        "author": _ref(AUTHORS),
        "hasPart": [_ref(one) for one in sorted({_tool(job) for job in jobs.values()})],
        "step": [_ref(_step(job)) for job in jobs],
        "input": _ref("#raw"),
        "output": _ref("#report"),
    }
    yield {
        "@id": "#raw",
        "@type": "FormalParameter",
        "additionalType": "Collection",
        "name": "data and configuration",
        "workExample": _ref("#sources"),
    }
    yield {
        "@id": "#sources",
        "@type": "Collection",
        "name": "Raw tables, their descriptors, configuration and text",
        "hasPart": _refs(sources),
        "mainEntity": _ref(sources[0]),
        "exampleOfWork": _ref("#raw"),
    }
    yield {
        "@id": "#report",
        "@type": "FormalParameter",
        "additionalType": "Collection",
        "name": "report",
        "workExample": _ref("#reports"),
    }
    yield {
        "@id": "#reports",
        "@type": "Collection",
        "name": "The report as a page and as a PDF",
        "hasPart": _refs(reports),
        "mainEntity": _ref(reports[0]),
        "exampleOfWork": _ref("#report"),
    }
    yield {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"Build of version {about['version']}",
        "description": "One run of the whole workflow; every job is an action of its own.",
        "instrument": _ref(WORKFLOW),
        "agent": _ref(AUTHORS),
        "object": _ref("#sources"),
        "result": _ref("#reports"),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    yield {
        "@id": "#organise",
        "@type": "OrganizeAction",
        "name": "Snakemake runs the jobs in the order of their files",
        "instrument": _ref("#engine"),
        "agent": _ref(AUTHORS),
        "object": [_ref(_control(job)) for job in jobs],
        "result": _ref("#run"),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _action(job: str) -> str:
    return f"#job/{job}"


def _step(job: str) -> str:
    return f"#step/{job}"


def _control(job: str) -> str:
    return f"#control/{job}"


def _whole(source: str) -> str:
    """The file that a job read, or read an excerpt of: the archive has files."""
    return source.partition("#")[0]


def _tool(what: dict) -> str:
    return what["notebook"] or f"#command/{what['rule']}"


def _job(place: int, job: str, what: dict, version: str) -> Iterator[dict]:
    """A job: its step, its tool, the action that it was, and what controlled it."""
    tool = _tool(what)
    values = [(f"#value/{job}/{key}", key, value) for key, value in what["parameters"].items()]
    yield {
        "@id": _step(job),
        "@type": "HowToStep",
        "name": f"{what['rule']} {job}",
        "position": str(place),
        "workExample": _ref(tool),
    }
    if not what["notebook"]:
        yield {
            "@id": tool,
            "@type": "SoftwareApplication",
            "name": f"{NAME} job {what['rule']}",
            "softwareVersion": version,
        }
    yield {
        "@id": _action(job),
        "@type": "CreateAction",
        "name": f"{what['rule']} {job}",
        "description": f"Made from, as one sha256: {what['made_from']}",
        "instrument": _ref(tool),
        "agent": _ref(AUTHORS),
        "object": _refs(
            [*dict.fromkeys(map(_whole, what["inputs"])), *(one for one, _, _ in values)]
        ),
        "result": _refs(what["outputs"]),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
    for identifier, key, value in values:
        yield {
            "@id": identifier,
            "@type": "PropertyValue",
            "name": key,
            "value": value if isinstance(value, (str, int, float)) else json.dumps(value),
            "exampleOfWork": _ref(f"#parameter/{what['notebook']}/{key}"),
        }
        yield {
            "@id": f"#parameter/{what['notebook']}/{key}",
            "@type": "FormalParameter",
            "additionalType": "Text" if isinstance(value, (str, list)) else "Number",
            "name": key,
        }
    yield {
        "@id": _control(job),
        "@type": "ControlAction",
        "name": f"run {job}",
        "instrument": _ref(_step(job)),
        "object": _ref(_action(job)),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }
