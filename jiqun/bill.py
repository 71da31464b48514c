"""The bill of materials: packages that jiqun needs, as installed, in the form of CycloneDX 1.6.

It holds no time and no number of its own, so that one installation gives one text.
"""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from typing import TYPE_CHECKING, Any

from jiqun import installed

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

FILE = "bom.cdx.json"
KIND = "application/vnd.cyclonedx+json"
PROJECT = "jiqun"
SAID = {
    "2-clause BSD": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF",
}
"""What packages without an expression say, to an identifier."""
FIELD = re.compile(r"[A-Za-z0-9.+-]+(?: AND [A-Za-z0-9.+-]+)*")


def text() -> str:
    """The bill of what is installed."""
    names = sorted(installed.needed(PROJECT) - {PROJECT})
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(PROJECT, "application")},
        "components": [_component(name, "library") for name in names],
        "dependencies": [_links(name, {PROJECT, *names}) for name in (PROJECT, *names)],
    }
    return json.dumps(bill, indent=1, ensure_ascii=False) + "\n"


def licence_of(metadata: PackageMetadata) -> str:
    """Licence by the metadata of a package; "" where they say none that is known."""
    expression: str | None = metadata.get("License-Expression")
    if expression:
        return expression
    field = str(metadata.get("License") or "").strip()
    if field in SAID:
        return SAID[field]
    if FIELD.fullmatch(field) and field != "UNKNOWN":
        return field
    classifiers = metadata.get_all("Classifier") or []
    said = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License :: ")]
    if said:
        return " OR ".join(SAID.get(each, each) for each in said)
    return "GPL" if field.startswith("GNU GENERAL PUBLIC LICENSE") else ""


def _component(name: str, kind: str) -> dict[str, Any]:
    found = distribution(name)
    part = {
        "type": kind,
        "bom-ref": _reference(name),
        "name": name,
        "version": found.version,
        "purl": _reference(name),
    }
    licence = licence_of(found.metadata)
    if not licence:
        return part
    # What is no expression of SPDX by the package's own word goes by its name.
    stated = found.metadata.get("License-Expression")
    told = {"expression": stated} if stated else {"license": {"name": licence}}
    return part | {"licenses": [told]}


def _links(name: str, known: set[str]) -> dict[str, Any]:
    on = sorted(installed.asked_by(name) & known - {name})
    return {"ref": _reference(name), "dependsOn": [_reference(each) for each in on]}


def _reference(name: str) -> str:
    return f"pkg:pypi/{name}@{distribution(name).version}"
