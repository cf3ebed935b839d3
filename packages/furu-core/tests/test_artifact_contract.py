"""The handle on an artifact's directory keeps the contract of artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.storage.artifact import Artifact
from furu.task import ArtifactRef
from furu_testing.contracts import ArtifactContract

if TYPE_CHECKING:
    from pathlib import Path


class TestArtifact(ArtifactContract):
    """An artifact that is one directory."""

    def make(self, directory: Path) -> Artifact:
        """Return a handle; its name plays no part in what is done with the directory."""
        return Artifact(ArtifactRef("data", "module.Class", "0" * 20), str(directory))
