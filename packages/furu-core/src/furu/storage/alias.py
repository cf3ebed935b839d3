"""``Alias``: a key whose result is another artifact's, as ``migration.json`` says.

An alias has no marker.  Whoever finds none looks for ``migration.json``, and then for the marker of the original: while
that is there, the alias counts as published.  Nothing is ever written through an alias: an attempt under its key works in
the alias's own directory, and once that has a marker of its own the alias is no longer looked at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from furu._sys import files
from furu.errors import FuruRecordError
from furu.storage import layout, marker, records
from furu.storage.layout import FORMAT_VERSION, MIGRATION
from furu.task import ArtifactRef, Original


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """What ``migration.json`` says: whose result this is, for which config, by which changes, since when.

    ``run`` names the migration that made it, so that the whole of it can be undone.  ``at`` is ISO 8601 in UTC.
    """

    original: Original
    ref: ArtifactRef
    furu_obj: Any
    steps: tuple[str, ...]
    run: str
    at: str


def read(meta_dir: str) -> Alias | None:
    """Return what ``migration.json`` says, or None when there is none.

    Raises ``FuruRecordError`` naming the file when it cannot be read, is torn, or was not written by furu.
    """
    path = f"{meta_dir}/{MIGRATION}"
    content = records.content_or_none(path)
    if content is None:
        return None
    try:
        found = json.loads(content)
        original = found["original"]
        return Alias(
            original=Original(_ref(original), original.get("path"), original.get("meta", ".furu")),
            ref=_ref(found),
            furu_obj=found["furu_obj"],
            steps=tuple(map(str, found["steps"])),
            run=str(found["run"]),
            at=str(found["at"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FuruRecordError(
            f"{path} is torn or was not written by furu: {type(error).__name__}: {error}",
            hints=["remove it and run the migration again; the original is not affected"],
        ) from None


def _ref(record: dict[str, Any]) -> ArtifactRef:
    root = record["root"]
    if root not in ("data", "artifacts", "scratch"):
        raise ValueError(f"there is no root {root!r}")
    return ArtifactRef(root, str(record["namespace"]), str(record["furu_hash"]))


def write(meta_dir: str, alias: Alias) -> None:
    """Put ``migration.json`` in its place, in one step; needs no lease, for it takes nothing from anybody."""
    where = {"path": alias.original.path, "meta": alias.original.meta} if alias.original.path else {}
    record = {
        "format_version": FORMAT_VERSION,
        **_names(alias.ref),
        "original": {**_names(alias.original.ref), **where},
        "steps": list(alias.steps),
        "run": alias.run,
        "at": alias.at,
        "furu_obj": alias.furu_obj,
    }
    files.write_atomic(f"{meta_dir}/{MIGRATION}", json.dumps(record).encode())


def _names(ref: ArtifactRef) -> dict[str, str]:
    return {"root": ref.root, "namespace": ref.namespace, "furu_hash": ref.furu_hash}


def directory(original: Original) -> str:
    """Return the directory that holds the result of an alias."""
    return original.path or layout.directory(original.ref)


def is_published(original: Original) -> bool:
    """Return whether the result of an alias is there: one stat."""
    return marker.present(f"{directory(original)}/{original.meta}")


def original_of(meta_dir: str) -> Original | None:
    """Return where the published result is that an alias stands for; None where there is no alias, or it dangles.

    A torn record counts as none.
    """
    try:
        found = read(meta_dir)
    except FuruRecordError:
        return None
    return found.original if found is not None and is_published(found.original) else None
