"""The path of one ``get()``: look, then load what is published; everything else is settled in ``settle``."""

from __future__ import annotations

from furu import config
from furu.engine.loading import is_valid, load
from furu.errors import MISSING, FuruLoadError
from furu.runtime import overrides
from furu.storage import store
from furu.storage.artifact import Artifact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.errors import FuruMissingArtifact
    from furu.task import Task


def obtain(task: Task) -> Any:
    """Return the result of ``task``: loaded when it is published, waited for or created when it is not."""
    ref = task.furu_ref
    value = overrides.lookup(ref.furu_hash)
    if value is not MISSING:
        return value
    artifact = store.artifact(ref)
    seen = artifact.seen()
    if seen is not None and not config.current().always_rerun and not task._furu_validates:
        try:
            return load(task, artifact)
        except FuruLoadError:
            if artifact.seen() == seen:
                raise  # else it was removed or computed anew while it was loaded
    from furu.engine import settle  # what follows is not needed for a hit, and takes a while to import

    return settle.settle(task, artifact)


def existing(task: Task) -> Any:
    """Return the result of ``task`` when it is published, else ``MISSING``; computes nothing and waits for nobody.

    An exception of ``_validate`` other than ``FuruValidationError`` surfaces.
    """
    value = overrides.lookup(task.furu_hash)
    if value is not MISSING:
        return value
    holder = _holder(task)
    return load(task, holder) if holder is not None and is_valid(task, holder) else MISSING


def exists(task: Task) -> bool:
    """Return whether a valid result of ``task`` is there.  Creates nothing; an exception of ``_validate`` surfaces."""
    if overrides.lookup(task.furu_hash) is not MISSING:
        return True
    holder = _holder(task)
    return holder is not None and is_valid(task, holder)


def _holder(task: Task) -> Artifact | None:
    """Return the artifact that holds the result: its own, or that of an earlier form of the same config."""
    found = store.artifact(task.furu_ref).holder()
    if found is None and (former := task._furu_former()) is not None:
        return Artifact.at(former)
    return found


def missing(task: Task) -> FuruMissingArtifact:
    """Return the error that says why the result of ``task`` cannot be loaded."""
    from furu.engine import settle

    artifact = store.artifact(task.furu_ref)
    why = settle.refusal(task, artifact)
    hint = "get() computes it; furu_dir shows where it is looked for, and FURU_PATH sets the root"
    return settle.missing(artifact, why, hints=[hint])
