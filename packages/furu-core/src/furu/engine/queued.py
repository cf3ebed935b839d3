"""``Queued``: an artifact between the decision to submit a job for it and the job's start.

The claim comes first: whoever submits holds it like anybody who creates the artifact, and leaves it to the job once that has
an id.  A submitter that dies in between leaves a dead claim, and a job that finds nothing waiting for it.
"""

from __future__ import annotations

from dataclasses import replace

from furu._sys import clock, process, steps
from furu.engine import attempt, settle
from furu.engine.verdict import Load, Refuse, Wait, decide, policy_for
from furu.storage import lease, provenance, state, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from furu.runtime.schedulers import ScheduledJob
    from furu.storage.artifact import Artifact
    from furu.storage.lease import Claim, Lease
    from furu.storage.state import State
    from furu.task import Task


class Queued:
    """The claim on an artifact, while a job is submitted for it.  Ends with ``submitted`` or ``withdraw``."""

    __slots__ = ("_before", "_state", "artifact", "lease")

    def __init__(self, artifact: Artifact, held: Lease, before: State | None, recorded: State) -> None:
        self.artifact = artifact
        self.lease = held
        self._before = before
        self._state = recorded

    def submitted(self, job: ScheduledJob, facts: Mapping[str, Any] | None = None) -> None:
        """Record the job, with ``facts`` about it, and leave the claim to it.

        Raises ``FuruLeaseLost`` when this process stood still for longer than a lease, and somebody else has begun.
        """
        assert self._state.attempt is not None
        told = {"name": job.scheduler, "job_id": job.job_id, **(facts or {})}
        now = clock.iso_utc(clock.SYSTEM_CLOCK.now())
        scheduled = replace(self._state.attempt, scheduler=self._state.attempt.scheduler | told)
        steps.reached("queue.submitted")
        self.lease.check()
        self._record(replace(self._state, attempt=scheduled, updated_at=now))
        steps.reached("queue.recorded")
        self.lease.hand_over(job)

    def withdraw(self) -> None:
        """Give the claim up: no job was submitted.  The state is again what it was before."""
        try:
            if self.lease.here and not self.lease.ended and not self.lease.taken_over:
                self._record(self._before or state.ABSENT)
        finally:
            self.lease.release()

    def _record(self, now: State) -> None:
        state.write(self.artifact.meta_dir, now)
        state.log_event(self.artifact.meta_dir, now)


def queue(task: Task, *, facts: Mapping[str, Any] | None = None) -> Queued | Claim | None:
    """Claim ``task`` for a job that is about to be submitted, and record its attempt as queued, with ``facts``.

    Returns the claim of somebody else when there is a live one, with the job it waits for if it does; None when there is a
    result.  Raises ``FuruComputeError`` for a failure that may not be tried again, and ``OSError`` as the disk does.
    """
    while True:
        artifact = store.artifact(task.furu_ref)
        policy = policy_for(task)
        evidence = settle.looked(task, artifact, policy)
        match decide(evidence, policy):
            case Load():
                return None
            case Refuse():
                raise settle.recorded_failure(artifact, evidence.state)
            case Wait(claim):
                return claim
        if evidence.claim is not None:
            lease.break_dead(evidence.claim)
        held = artifact.claim(attempt.new_id())
        if held is not None:
            return _begun(task, artifact, held, facts or {})


def _begun(task: Task, artifact: Artifact, held: Lease, facts: Mapping[str, Any]) -> Queued:
    try:
        before = artifact.recorded_state()
        fresh = state.Attempt(
            id=held.attempt_id,
            number=1,
            backend="submitit",
            status="queued",
            owner=process.me(),
            started_at=clock.iso_utc(clock.SYSTEM_CLOCK.now()),
            scheduler=dict(facts),
        )
        recorded = state.begin(before, fresh)
        state.write(artifact.meta_dir, recorded)
        state.log_event(artifact.meta_dir, recorded)
        provenance.record(task, artifact.meta_dir)
        steps.reached("queue.begun")
    except BaseException:
        held.release()
        raise
    return Queued(artifact, held, before, recorded)
