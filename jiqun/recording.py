"""The run record of a store: an RO-Crate that binds inputs, code, fit, results and report by hash.

The record is one file of JSON-LD in the store's folder. It is written here and not by the package
`rocrate`, which copies files into a crate and describes them: here the files are in their place,
and the number of the record is a hash of the text of the record itself, so that every byte of it
counts. The package reads what is written.

Files of the store are its data entities, each with its SHA-256; the bill of materials is written as
one of them. What lies elsewhere (tables, fit,
code, packages) is described beside them: `jiqun.installed` says what it is.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from datetime import UTC, datetime
from importlib.metadata import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from jiqun import bill, installed
from jiqun.experiments.stores.digests import digests_of, verify
from jiqun.experiments.stores.errors import StoreError
from jiqun.experiments.stores.store import ASIDE, Store, left_out_text, write_text
from jiqun.scenarios.language import say
from jiqun.versions import citation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    Entity = dict[str, Any]

FILE = "ro-crate-metadata.json"
PROFILE = "https://w3id.org/ro/crate/1.1"
LICENCE = "https://spdx.org/licenses/BSD-3-Clause"
TERMS = {name: f"http://schema.org/{name}" for name in ("sha256", "creditText")}
"""Terms of schema.org that the context of the profile lacks."""
ROOT = "./"
KINDS = {
    "version": "PropertyValue",
    "code": "SoftwareSourceCode",
    "extension": "SoftwareApplication",
    "table": "CreativeWork",
    "region": "CreativeWork",
    "result": "CreativeWork",
    "package": "SoftwareApplication",
}
"""Kinds of what lies outside the store, and the type of each in a record."""
ENDINGS = {
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".yaml": "application/yaml",
    ".json": "application/json",
}
SAME = ("model_hash", "data_hash", "tables_hash", "ensemble")
"""What a batch notes of its inputs and `installed.versions` knows too."""


def record(folder: Path, waiting: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Write the record of a store.

    Args:
        folder: Folder of the store.
        waiting: Called if a batch holds the store.

    Returns:
        The record's `file`, its `number`, how many `files` it binds and how many of them tell of
        runs that `failed`, its `citation`, and as `others` a sentence for each batch that was made
        with other inputs than those installed.

    Raises:
        StoreError: There is no store, or a file of it is damaged, unknown or cannot be read.
    """
    store = Store(folder)
    if not store.manifest:
        raise StoreError(say("{folder}: no store of runs", folder=folder))
    with store.held(waiting):
        found = verify(folder)
        if found.damaged or found.unknown:
            told = left_out_text(folder, found)
            raise StoreError(
                say("{folder}: not recorded, as it is not whole ({told})", folder=folder, told=told)
            )
        write_text(folder / bill.FILE, bill.text())
        digests = digests_of(folder, files_of(folder))
        if lost := [file for file, digest in digests.items() if digest is None]:
            names = ", ".join(lost)
            raise StoreError(say("{folder}: cannot be read: {names}", folder=folder, names=names))
        batches = store.manifest["batches"]
        crate = _crate(folder, {k: str(v) for k, v in digests.items()}, batches)
        text = written(crate)
        write_text(folder / FILE, text)
    return {
        "file": str(folder / FILE),
        "number": number_of(crate),
        "files": len(digests),
        "failed": _failed(digests),
        "citation": entities(crate)[ROOT]["creditText"],
        "others": list(_others(batches)),
    }


def files_of(folder: Path) -> list[str]:
    """Files that a record binds: all but itself, hidden ones and those set aside."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in found
        if path.parts[0] != ASIDE
        and path.as_posix() != FILE
        and not any(part.startswith(".") for part in path.parts)
    )


def entities(crate: Mapping[str, Any]) -> dict[str, Entity]:
    """What a record describes, by id."""
    return {entity["@id"]: entity for entity in crate["@graph"]}


def number_of(crate: Mapping[str, Any]) -> str:
    """The number that a record says of itself."""
    return str(entities(crate)[ROOT]["identifier"])


def digests_in(crate: Mapping[str, Any]) -> dict[str, str]:
    """Digests that a record has of the files of its store."""
    known = entities(crate)
    parts = [part["@id"] for part in known[ROOT]["hasPart"]]
    return {unquote(name): known[name]["sha256"] for name in parts}


def parts_in(crate: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """What a record says lay outside the store: kind and name to hash or version."""
    marked = tuple(f"#{kind}/" for kind in KINDS)
    return {
        (name[1:].partition("/")[0], entity["name"]): entity["sha256"]
        if "sha256" in entity
        else entity[_told_by(entity["@type"])]
        for name, entity in entities(crate).items()
        if name.startswith(marked)
    }


def batches_in(crate: Mapping[str, Any]) -> set[str]:
    """When the batches began that a record knows."""
    return {e["startTime"] for e in crate["@graph"] if e["@type"] == "CreateAction"}


def written(crate: Mapping[str, Any]) -> str:
    """The text of a record."""
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def true_number(crate: Mapping[str, Any]) -> str:
    """The number that a record has to have: the hash of its text without the number."""
    graph = [e | {"identifier": ""} if e["@id"] == ROOT else e for e in crate["@graph"]]
    content = written(dict(crate) | {"@graph": graph}).encode()
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _crate(
    folder: Path, digests: Mapping[str, str], batches: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    names = {
        f"scenarios/{told['hash']}.yaml": name
        for batch in batches
        for name, told in batch["scenarios"].items()
    }
    files = [_file(folder, file, digest, names) for file, digest in digests.items()]
    outside = [_outside(part) for part in installed.parts()]
    made = [entity for i, batch in enumerate(batches, 1) for entity in _batch(i, batch, outside)]
    head: list[Entity] = [
        {
            "@id": FILE,
            "@type": "CreativeWork",
            "about": {"@id": ROOT},
            "conformsTo": {"@id": PROFILE},
        },
        {
            "@id": ROOT,
            "@type": "Dataset",
            "name": folder.resolve().name,
            "description": "A store of runs of jiqun, with what the runs and their report rest on; "
            f"runs that failed: {_failed(digests)}.",
            "identifier": "",
            "datePublished": now,
            "license": {"@id": LICENCE},
            "creditText": _citation(folder, now),
            "hasPart": [{"@id": file["@id"]} for file in files],
            "mentions": [
                {"@id": entity["@id"]} for entity in (*made, *outside) if _of_root(entity)
            ],
        },
        {
            "@id": LICENCE,
            "@type": "CreativeWork",
            "name": "BSD-3-Clause",
            "description": "Licence of the program and its tables. Who publishes the store may "
            "give the results another.",
        },
        _program(outside),
    ]
    crate = {"@context": [f"{PROFILE}/context", TERMS], "@graph": [*head, *files, *made, *outside]}
    head[1]["identifier"] = true_number(crate)
    return crate


def _failed(files: Iterable[str]) -> int:
    return sum(file.startswith("failures/") for file in files)


def _of_root(entity: Entity) -> bool:
    """Whether nothing but the store itself leads to an entity outside it."""
    listed = ("#version/", "#table/", "#region/", "#result/")
    return entity["@type"] == "CreateAction" or str(entity["@id"]).startswith(listed)


def _citation(folder: Path, now: str) -> str:
    return f"{citation()} Run record of {folder.resolve().name}, {now[:10]}."


def _program(outside: Sequence[Entity]) -> Entity:
    told = metadata("jiqun")
    found = {
        "@id": "#jiqun",
        "@type": "SoftwareApplication",
        "name": told["Name"],
        "description": told["Summary"],
        "softwareVersion": told["Version"],
        "license": {"@id": LICENCE},
        "softwareRequirements": [
            {"@id": e["@id"]} for e in outside if e["@id"].startswith("#package/")
        ],
        "hasPart": [{"@id": e["@id"]} for e in outside if e["@id"].startswith("#code/")],
    }
    commit = installed.commit()
    return found | ({"identifier": f"commit {commit}"} if commit else {})


def _file(folder: Path, file: str, digest: str, names: Mapping[str, str]) -> Entity:
    path = folder / file
    kind = ENDINGS.get(path.suffix) or mimetypes.guess_type(file)[0] or "application/octet-stream"
    if file == bill.FILE:
        kind = bill.KIND
    return {
        "@id": quote(file),
        "@type": "File",
        "name": names.get(file, path.name),
        "sha256": digest,
        "contentSize": str(path.stat().st_size),
        "encodingFormat": kind,
    }


def _outside(part: installed.Part) -> Entity:
    kind = KINDS[part.kind]
    found = {"@id": f"#{part.kind}/{quote(part.name)}", "@type": kind, "name": part.name}
    if part.size is None:
        return found | {_told_by(kind): part.digest}
    return found | {"sha256": part.digest, "contentSize": str(part.size)}


def _told_by(kind: str) -> str:
    """Property that says which of its kind something is, where it is no file."""
    return {"PropertyValue": "value", "SoftwareApplication": "softwareVersion"}.get(kind, "version")


def _batch(number: int, batch: Mapping[str, Any], outside: Sequence[Entity]) -> Iterator[Entity]:
    """A batch: its command, what it notes, and its inputs where those are the ones installed."""
    name = f"#batch-{number}"
    noted = {key: told for key, told in batch.items() if key not in ("started", "command")}
    values: list[Entity] = [
        {
            "@id": f"{name}/{key}",
            "@type": "PropertyValue",
            "name": key,
            "value": told if isinstance(told, str) else json.dumps(told, ensure_ascii=False),
        }
        for key, told in noted.items()
    ]
    inputs = [f"scenarios/{told['hash']}.yaml" for told in batch["scenarios"].values()]
    if not _differing(batch):
        inputs += [e["@id"] for e in outside if e["@id"].startswith(("#table/", "#region/"))]
    yield {
        "@id": name,
        "@type": "CreateAction",
        "name": batch["command"] or "made from Python",
        "startTime": batch["started"],
        "instrument": {"@id": "#jiqun"},
        "object": [{"@id": each} for each in (*inputs, *(v["@id"] for v in values))],
        "result": {"@id": ROOT},
    }
    yield from values


def _differing(batch: Mapping[str, Any]) -> list[str]:
    """Inputs of a batch that are not those installed."""
    known = installed.versions()
    return [name for name in SAME if name in batch and batch[name] != known[name]]


def _others(batches: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for batch in batches:
        if differing := _differing(batch):
            yield say(
                "the batch of {started} was made with another {names} than is installed: the "
                "record has its hashes, and files of what is installed",
                started=batch["started"], names=", ".join(differing),
            )  # fmt: skip
