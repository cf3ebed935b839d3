"""From a name to a directory: where an artifact is, and where a new one goes."""

from __future__ import annotations

from furu import config
from furu.runtime import context
from furu.storage import layout
from furu.storage.artifact import Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.task import ArtifactRef


def artifact(ref: ArtifactRef) -> Artifact:
    """Return the handle on an artifact.  Path arithmetic only, except in scratch mode.

    In scratch mode an artifact published in its own root is used there; everything else is in the scratch root.
    """
    own = Artifact(ref, layout.directory(ref))
    if ref.root == "scratch" or not config.current().scratch:
        return own
    running = context.find(ref)
    if running is not None:
        here: Artifact = running.artifact
        return here
    return own if own.published() else Artifact(ref, layout.scratch_directory(ref))
