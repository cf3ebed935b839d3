"""Dependents: which artifacts of a store name others as their dependency, or stand for them.  A scan of the records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from furu.catalog.reference import stored
from furu.errors import FuruRecordError
from furu.storage import alias, provenance, records
from furu.storage.layout import METADATA, MIGRATION
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from furu.catalog.place import Place
    from furu.storage.artifact import Artifact
    from furu.task import RootKind


@dataclass(frozen=True, slots=True)
class Dependent:
    """One artifact that needs another: which, where its config names it (``(alias)`` where it stands for it), and whom."""

    artifact: Artifact
    path: str
    on: ArtifactRef


def of(wanted: Collection[ArtifactRef], where: Place) -> list[Dependent]:
    """Return what names one of the artifacts as its dependency, in the order of their names.

    Reads two records of every artifact, and takes apart those in which a wanted hash occurs.  Records that are torn, and
    those of earlier versions that list no dependencies, name nothing.
    """
    hashes = [ref.furu_hash.encode() for ref in wanted]
    found: list[Dependent] = []
    for artifact in stored(where):
        if artifact.ref not in wanted:
            found += [Dependent(artifact, path, on) for path, on in _named(artifact, hashes) if on in wanted]
    return found


def _named(artifact: Artifact, hashes: list[bytes]) -> Iterator[tuple[str, ArtifactRef]]:
    try:
        if _mentions(f"{artifact.meta_dir}/{METADATA}", hashes):
            metadata = provenance.read(artifact.meta_dir)
            for one in (metadata and metadata.dependencies) or ():
                yield one.path, ArtifactRef(cast("RootKind", one.root), one.namespace, one.furu_hash)
        if _mentions(f"{artifact.meta_dir}/{MIGRATION}", hashes):
            of_alias = alias.read(artifact.meta_dir)
            if of_alias is not None and of_alias.original.path is None:
                yield "(alias)", of_alias.original.ref
    except FuruRecordError:
        return


def _mentions(path: str, hashes: list[bytes]) -> bool:
    content = records.content_or_none(path)
    return content is not None and any(one in content for one in hashes)
