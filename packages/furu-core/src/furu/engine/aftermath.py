"""What is recorded for an attempt that ended without a chance to record it itself."""

from __future__ import annotations

from furu._sys import clock
from furu.engine import attempt
from furu.storage import lease, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.storage.artifact import Artifact
    from furu.storage.lease import Claim
    from furu.storage.state import AttemptStatus, RecordedError


def record_end(artifact: Artifact, claim: Claim, status: AttemptStatus, error: RecordedError | None = None) -> bool:
    """Record that the attempt behind ``claim`` has ended with ``status``, and remove the claim; return whether that was done.

    The claim is one that a look found dead, or that waits for a job which will not come.  Nothing is done when it is
    somebody else's by now, or the attempt has ended otherwise.  What the disk refuses is left as it is: the attempt counts
    as crashed.
    """
    try:
        held = _taken(artifact, claim)
        if held is None:
            return False
        try:
            recorded = artifact.recorded_state()
            last = recorded.attempt if recorded is not None else None
            if recorded is None or last is None or last.id != claim.attempt_id or last.status in state.ENDED:
                return False
            ended = state.end(recorded, last.id, status, at=clock.iso_utc(clock.SYSTEM_CLOCK.now()), error=error)
            held.check()
            state.write(artifact.meta_dir, ended)
            state.log_event(artifact.meta_dir, ended)
        finally:
            held.release()
    except OSError:
        return False
    return True


def _taken(artifact: Artifact, claim: Claim) -> lease.Lease | None:
    """Take the place of a claim, so that nobody begins while its end is written down."""
    attempt_id = attempt.new_id()
    if claim.job is not None:
        return lease.take_over(claim, furu_hash=artifact.ref.furu_hash, attempt_id=attempt_id)
    lease.break_dead(claim)
    return artifact.claim(attempt_id)
