"""What is recorded for a worker process that was ended without a chance to record it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu._sys import clock, files
from furu.storage import lease, state, store

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
        if claim is None or claim.live or claim.owner is None or claim.owner.pid != pid:
            return
        lease.break_dead(claim)
        held = artifact.claim(files.new_token())
        if held is None:
            return
        try:
            recorded = artifact.recorded_state()
            attempt = recorded.attempt if recorded is not None else None
            if recorded is None or attempt is None or attempt.id != claim.attempt_id or attempt.status in state.ENDED:
                return
            ended = state.end(recorded, attempt.id, status, at=clock.iso_utc(clock.SYSTEM_CLOCK.now()))
            held.check()
            state.write(artifact.meta_dir, ended)
            state.log_event(artifact.meta_dir, ended)
        finally:
            held.release()
    except OSError:
        pass
