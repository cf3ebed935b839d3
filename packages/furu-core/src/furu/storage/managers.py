"""Thin public faces over the records of an artifact directory, for tools that have a path and no object."""

from __future__ import annotations

import os
from pathlib import Path

from furu.errors import FuruMissingArtifact
from furu.storage import layout, provenance
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.storage.provenance import Metadata
    from furu.storage.state import State


class StateManager:
    """Reads what happened to the artifact in a directory."""

    @staticmethod
    def get_state_path(directory: str | os.PathLike[str]) -> Path:
        """Return where the artifact's ``state.json`` is."""
        return Path(directory) / layout.META / layout.STATE

    @staticmethod
    def read_state(directory: str | os.PathLike[str]) -> State:
        """Return result and last attempt, as a look at the directory tells them now.

        Raises ``FuruRecordError`` when ``state.json`` is torn and nothing else tells the state.
        """
        path = os.path.abspath(directory)
        return Artifact(ArtifactRef("data", "", os.path.basename(path)), path).observed_state()

    @staticmethod
    def is_published(directory: str | os.PathLike[str]) -> bool:
        """Return whether the directory holds a published result: one stat."""
        path = os.path.abspath(directory)
        return Artifact(ArtifactRef("data", "", os.path.basename(path)), path).published()


class MetadataManager:
    """Reads what was recorded about the computation of the artifact in a directory."""

    @staticmethod
    def get_metadata_path(directory: str | os.PathLike[str]) -> Path:
        """Return where the artifact's ``metadata.json`` is."""
        return Path(directory) / layout.META / layout.METADATA

    @staticmethod
    def read_metadata(directory: str | os.PathLike[str]) -> Metadata:
        """Return the recorded facts.

        Raises ``FuruMissingArtifact`` when there are none, ``FuruRecordError`` when the record is torn or foreign.
        """
        path = os.path.abspath(directory)
        return metadata_of(Artifact(ArtifactRef("data", "", os.path.basename(path)), path))


def metadata_of(artifact: Artifact) -> Metadata:
    """Return what was recorded about the computation of an artifact.

    Raises ``FuruMissingArtifact`` when there is nothing, ``FuruRecordError`` when the record is torn or foreign.
    """
    found = provenance.read(artifact.meta_dir)
    if found is None:
        raise FuruMissingArtifact(
            f"no metadata in {artifact.directory}: nothing was computed there",
            hints=["get() computes and records it"],
        )
    return found
