"""From a name to a directory: where an artifact is, and where a new one goes."""

from __future__ import annotations

from furu import config
from furu.errors import FuruRecordError
from furu.runtime import context
from furu.storage import layout
from furu.storage.artifact import Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.task import ArtifactRef, Original


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
    return own if own.holder() is not None else Artifact(ref, layout.scratch_directory(ref))


def holding(ref: ArtifactRef, former: Callable[[], Original | None] = lambda: None) -> Artifact:
    """Return the artifact whose directory is the task's at the moment: ``furu_dir``.

    While ``_create`` runs that is its own; while a hook reads a result, the one that is read; otherwise the one that holds
    the result, which is the original's where the key is an alias, or where ``former`` knows of one; and its own when there
    is none.
    """
    running = context.find(ref)
    if running is not None:
        own: Artifact = running.artifact
        return own
    read: Artifact | None = context.read_by_hook(ref.furu_hash)
    if read is not None:
        return read
    here = artifact(ref)
    try:
        found = here.holder()
    except FuruRecordError:  # this user may not look; whoever reads there will be told
        return here
    original = former() if found is None else None
    return Artifact.at(original) if original is not None else found or here
