"""``follow``: waits for the jobs of a submission, and records what has become of those that could not say so themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import aftermath, settle
from furu.engine.verdict import Create
from furu.errors import FuruComputeError
from furu.execution import failures
from furu.execution.executor import Failed
from furu.execution.scheduler import Failure
from furu.storage import lease, store
from furu.storage.state import RecordedError
from furu_exec_slurm.batches import levels
from furu_exec_slurm.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu._sys.clock import Clock
    from furu.execution.plan import Node, Plan
    from furu.storage.artifact import Artifact
    from furu.storage.state import AttemptStatus, FailureKind
    from furu_exec_slurm.client import SlurmClient
    from furu_exec_slurm.reports import JobStatus

_ERROR = "furu.errors.FuruComputeError"

#: How long nobody has to be at an artifact whose job is over, until it counts as not built (seconds).
QUIET_SEC = 1.0

#: What an attempt is recorded as whose job ended in this way.
_STATUS: Mapping[FailureKind, AttemptStatus] = {
    "error": "failed",
    "oom": "failed",
    "timeout": "failed",
    "preempted": "preempted",
    "cancelled": "cancelled",
    "node_failure": "crashed",
    "lost": "crashed",
    "dependency": "cancelled",
}


def follow(
    plan: Plan,
    job_of: Mapping[str, str],
    client: SlurmClient,
    *,
    poll_interval_sec: float,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Return when all of ``plan`` is published; raise ``FuruComputeError`` with every failure once nothing runs any more."""
    watcher = Watcher(client, poll_interval_sec, clock=clock)
    watcher.watch(job_of.values())
    pending = [node for level in levels(plan) for node in level]
    ended = Ended(clock)
    while pending:
        statuses = watcher.statuses()
        for node in pending:
            job_id = job_of.get(node.key)
            over = job_id is None or watcher.is_over(job_id)
            ended.judge(node, over=over, status=statuses.get(job_id or ""))
        pending = [node for node in pending if not ended.knows(node.key)]
        if pending:
            clock.sleep(poll_interval_sec)
    if ended.failures:
        raise failures.error_for(ended.failures, given_up=len(ended.given_up))


@dataclass(slots=True)
class Ended:
    """The nodes of a plan of which it is known how they ended."""

    clock: Clock = SYSTEM_CLOCK
    published: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    _failed: set[str] = field(default_factory=set)
    _quiet_since: dict[str, float] = field(default_factory=dict)

    def knows(self, key: str) -> bool:
        """Return whether a node has ended."""
        return key in self.published or key in self.given_up or key in self._failed

    def judge(self, node: Node, *, over: bool, status: JobStatus | None) -> None:
        """Learn whether a node has ended, those it needs being judged before it; ``over`` says whether its job has."""
        artifact = store.artifact(node.task.furu_ref)
        if _built(node, artifact):
            self.published.add(node.key)
        elif not over or not all(map(self.knows, node.needs)) or not self._is_quiet(node, artifact):
            return
        elif any(key in self.given_up or key in self._failed for key in node.needs):
            if _settled(artifact, status, RecordedError(_ERROR, "what it needs has failed", "", "dependency")):
                self.given_up.add(node.key)
        elif _settled(artifact, status, _death(status)) and not _built(node, artifact):
            self.failures.append(_failure(node, artifact, status))
            self._failed.add(node.key)

    def _is_quiet(self, node: Node, artifact: Artifact) -> bool:
        """Return whether nobody who can still publish has been at an artifact for a while: between two attempts there is no claim."""
        now = self.clock.monotonic()
        if lease.look(artifact.meta_dir) is not None:
            self._quiet_since.pop(node.key, None)
            return True  # whether it lives is looked at next
        return now - self._quiet_since.setdefault(node.key, now) >= QUIET_SEC


def _failure(node: Node, artifact: Artifact, status: JobStatus | None) -> Failure:
    """Return what is recorded of the last attempt; what Slurm says where nothing is."""
    recorded = artifact.recorded_state()
    last = recorded.attempt if recorded else None
    if last is None or last.error is None:
        death = _death(status)
        return Failure(node, Failed(node.key, death.kind, FuruComputeError(death.message)), 1)
    return Failure(node, Failed(node.key, last.error.kind, settle.recorded_failure(artifact, recorded)), last.number)


def _built(node: Node, artifact: Artifact) -> bool:
    """Return whether an artifact is published: of one that is created anew, whether that has been done."""
    if artifact.holder() is None:
        return False
    if node.verdict != Create("rerun"):
        return True
    recorded = artifact.recorded_state()
    done = recorded is None or recorded.attempt is None or recorded.attempt.status == "success"
    return done and lease.look(artifact.meta_dir) is None


def _settled(artifact: Artifact, status: JobStatus | None, error: RecordedError) -> bool:
    """Return whether nobody creates an artifact any more; record ``error`` for an attempt that has left a claim behind.

    That its job is over does not mean that its process is: only the claim tells.
    """
    claim = lease.look(artifact.meta_dir)
    if claim is None:
        return True
    if claim.live and (status is None or claim.job is None or claim.job.job_id != status.job_id):
        return False
    return aftermath.record_end(artifact, claim, _STATUS[error.kind], error)


def _death(status: JobStatus | None) -> RecordedError:
    """Return what is recorded for a job that ended without a word of its own."""
    if status is None:
        return RecordedError(_ERROR, "the process that created it is gone", "", "lost")
    where = f" on {status.node}" if status.node else ""
    code = f", exit code {status.exit_code}" if status.exit_code else ""
    message = f"Slurm job {status.job_id} ended as {status.word}{where}{code}, without a result"
    return RecordedError(_ERROR, message, "", status.condition.kind or "lost")
