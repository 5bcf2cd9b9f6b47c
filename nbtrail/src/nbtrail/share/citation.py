"""Citing: the metadata of the project from CITATION.cff, and references to single outputs.

CITATION.cff is the one source; codemeta.json, .zenodo.json and codecheck.yml are written from
it and from the manifest.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import yaml

from nbtrail.base import files
from nbtrail.base.determinism import NAME

SOURCE = "CITATION.cff"
CODEMETA = "codemeta.json"
ZENODO = ".zenodo.json"
CODECHECK = "codecheck.yml"
_LICENCES = {"MIT": "https://spdx.org/licenses/MIT"}


def read() -> dict:
    """CITATION.cff; dates as ISO text."""
    return files.read_yaml(SOURCE)


def authors(about: dict) -> list[str]:
    """The authors' names as citations show them."""
    return [
        one.get("name") or f"{one['family-names']}, {one['given-names']}"
        for one in about["authors"]
    ]


def codemeta(about: dict) -> dict:
    """CodeMeta 3.0 from CITATION.cff."""
    return {
        "@context": "https://w3id.org/codemeta/3.0",
        "@type": "SoftwareSourceCode",
        "name": about["title"],
        "description": " ".join(about["abstract"].split()),
        "version": about["version"],
        "datePublished": str(about["date-released"]),
        "license": _LICENCES[about["license"]],
        "keywords": about["keywords"],
        "author": [{"@type": "Organization", "name": name} for name in authors(about)],
        "programmingLanguage": ["Python", "Snakemake"],
        "referencePublication": [one["title"] for one in about.get("references", ())],
    }


def zenodo(about: dict) -> dict:
    """Zenodo's deposit metadata from CITATION.cff."""
    return {
        "title": about["title"],
        "description": " ".join(about["abstract"].split()),
        "version": about["version"],
        "publication_date": str(about["date-released"]),
        "license": about["license"],
        "upload_type": "software",
        "keywords": about["keywords"],
        "creators": [{"name": name} for name in authors(about)],
        "references": [_reference(one) for one in about.get("references", ())],
    }


def _reference(one: dict) -> str:
    return f"{'; '.join(authors(one))}: {one['title']}"


def texts() -> dict[str, str]:
    """Path → text of the committed files that are written from CITATION.cff."""
    about = read()
    return {
        path: json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        for path, content in ((CODEMETA, codemeta(about)), (ZENODO, zenodo(about)))
    }


def codecheck(manifest: dict) -> str:
    """codecheck.yml: what a codechecker is to reproduce, from the manifest.

    The fields of a certificate are left to the codechecker.
    """
    about = read()
    listed = [
        {"file": _listed(item), "comment": f"{identifier}: {item['title']}"}
        for identifier, item in manifest["items"].items()
        if item["kind"] in ("figure", "table", "report")
    ]
    listed += [
        {"file": path, "comment": f"Verdicts of all claims, {path.split('/')[2]}"}
        for path in manifest["outputs"]
        if path.endswith("/claims.csv")
    ]
    content = {
        "version": "https://codecheck.org.uk/spec/config/1.0/",
        "paper": {
            "title": about["title"],
            "authors": [{"name": name} for name in authors(about)],
        },
        "summary": "Two commands rebuild everything offline once the packages are there: "
        "make report, and make verify to hold it against outputs.sha256.",
        "manifest": sorted(listed, key=lambda one: one["file"]),
        "codechecker": [],
    }
    head = f"# Written from data/processed/manifest.json by `{NAME} generate`; edit neither.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=96)


def _listed(item: dict) -> str:
    """The file of an item that a person opens first."""
    return next(
        path
        for suffix in (".pdf", ".csv", ".html")
        for path in item["files"]
        if path.endswith(suffix)
    )


# ---------------------------------------------------------------- single outputs


@dataclass(frozen=True)
class Cited:
    """A reference in three forms: BibTeX, CSL-JSON (a dict), and a sentence."""

    bibtex: str
    csl: dict
    sentence: str


def cite(name: str | None, manifest: dict) -> Cited:
    """A reference to a figure, table, number or claim, or to the whole project (None).

    Raises AuditError for an unknown name.
    """
    from nbtrail.record import manifest as manifests

    about = read()
    version, released = manifest["version"], manifest["released"]
    who = authors(about)
    key, kind, title, note = f"{NAME}-{version}", "software", about["title"], ""
    if name is not None:
        identifier = manifests.find(manifest, name)
        item = manifest["items"][identifier]
        made_from = manifest["jobs"][item["job"]]["made_from"]
        key, kind = f"{key}-{identifier}", "misc"
        value = f" = {item['value']}" if "value" in item else ""
        what = {"number": "number", "claim": "verdict on claim"}.get(item["kind"], item["kind"])
        title = f"{item['title']}{value} ({what} {identifier})"
        path = item["files"][0] if item["kind"] != "figure" else item["files"][2]
        path += f" ({item['origin']})" if item["kind"] == "number" else ""
        note = f"In: {about['title']}, version {version}, {path}, made from {made_from[:12]}"
    year, month, day = (int(part) for part in released.split("-"))
    fields = {
        "author": " and ".join(f"{{{_escaped(one)}}}" for one in who),
        "title": f"{{{_escaped(title)}}}",
        "year": str(year),
        "date": released,
        "version": version,
        "license": about["license"],
    } | ({"note": _escaped(note)} if note else {})
    body = "".join(f"  {field} = {{{value}}},\n" for field, value in fields.items())
    csl = {
        "id": key,
        "type": "software" if name is None else "document",
        "title": title,
        "author": [{"literal": one} for one in who],
        "issued": {"date-parts": [[year, month, day]]},
        "version": version,
    } | ({"note": note} if note else {})
    sentence = f"{'; '.join(who)} ({year}). {title}. "
    sentence += f"{note}, released {released}." if note else f"Version {version}, {released}."
    return Cited(f"@{kind}{{{key},\n{body}}}\n", csl, sentence)


def _escaped(text: str) -> str:
    """Text that BibTeX takes as these very characters."""
    table = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    return re.sub(r"[\\~^&%$#_{}]", lambda m: table.get(m[0], "\\" + m[0]), text)
