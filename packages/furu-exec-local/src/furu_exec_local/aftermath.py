"""What is recorded for a worker process that was ended without a chance to record it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.engine import aftermath
from furu.storage import lease, store

if TYPE_CHECKING:
    from furu.storage.state import AttemptStatus
    from furu.task import Task


def record_end(task: Task, pid: int, status: AttemptStatus) -> None:
    """Record that the attempt of process ``pid`` at ``task`` has ended with ``status``, and remove its claim.

    Does nothing when that attempt has ended otherwise or somebody else has begun; what the disk refuses is left as it is:
    an attempt whose process is gone counts as crashed.
    """
    artifact = store.artifact(task.furu_ref)
    try:
        claim = lease.look(artifact.meta_dir)
    except OSError:
        return
    if claim is not None and not claim.live and claim.owner is not None and claim.owner.pid == pid:
        aftermath.record_end(artifact, claim, status)
