"""One: a single stored result, and the config it counts for."""

from __future__ import annotations

import os
from typing import Any

from furu.errors import FuruError
from furu.migration import run
from furu.migration.plan import Move, Request
from furu.storage import stored
from furu.storage.artifact import Artifact
from furu.storage.layout import directory
from furu.task import ArtifactRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.migration.run import MigrationReport
    from furu.storage.stored import Stored


def result(what: str | os.PathLike[str] | ArtifactRef) -> Stored:
    """Return a stored result by its name, its key or the beginning of one, or its directory.

    Raises ``FuruError`` when there is none, or more than one.
    """
    if isinstance(what, ArtifactRef):
        found = stored.read(Artifact(what, directory(what)))
        where = what.label
    elif isinstance(what, str) and os.sep not in what and not os.path.isdir(what):
        return run.one_of(what)
    else:
        where = os.path.abspath(what)
        found = next((stored.read(one) for one in stored.artifacts() if os.path.samefile(one.directory, where)), None)
    if found is None:
        raise FuruError(f"{where} has no published result in the store")
    return found


def migrate_one(cls: type, what: str | os.PathLike[str] | ArtifactRef, to: Any, *, dry_run: bool) -> MigrationReport:
    """Let one stored result count for the config ``to``, or for the one its changes and defaults lead to."""
    source = result(what)
    if to is None:
        return run.migrate(Request(cls, defaults=True), dry_run=dry_run, sources=[source])
    move = Move(outcome="alias", source=source, target=to.furu_ref, config=to, steps=("by hand",))
    return run.make([move], dry_run=dry_run)
