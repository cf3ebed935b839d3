"""What runs inside a Slurm job of ``submit_slurm_dag``: one artifact, from the wait for its turn to its result."""

from __future__ import annotations

import faulthandler
import warnings
from typing import TYPE_CHECKING

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import aftermath, settle
from furu.engine.verdict import Load, Refuse
from furu.errors import FuruComputeError, FuruMissingArtifact
from furu.execution import place, worker
from furu.execution.drive import retries
from furu.execution.executor import Blocked, Done, Elsewhere, Failed, Job
from furu.execution.plan import specs_of
from furu.execution.scheduler import FINAL
from furu.identity import dependencies
from furu.runtime import context, schedulers
from furu.runtime.logging import get_logger
from furu.runtime.schedulers import ScheduledJob
from furu.runtime.signals import Interruption
from furu.runtime.tracebacks import format_traceback, full_name
from furu.storage import lease, store
from furu.storage.state import RecordedError
from furu_exec_slurm import cargo, requeue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.storage.artifact import Artifact
    from furu.storage.state import FailureKind
    from furu.task import Task
    from furu_exec_slurm.cargo import Order, Value

#: The name of Slurm in claims, and in the entry-point group ``furu.schedulers``.
SLURM = "slurm"

#: How long a dependency that should be there may be missing: a network file system may show it late (seconds).
LATE_SEC = 5.0

#: Pauses while somebody else creates an artifact grow from the first to the second (seconds).
FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC = 0.05, 5.0


def main(order: Order, *, warning_sec: float = requeue.WARNING_SEC) -> Value:
    """Create the artifact of ``order``, and return what stands for its value: the function that submitit runs.

    The claim that waits for this job is taken over; one that somebody else holds is waited for, and so are dependencies that
    somebody creates.  A job that is interrupted is run again, and leaves its claim to that next run (``requeue``).

    Raises what ``_create`` raised, so that jobs that depend on this one are not started, and ``FuruMissingArtifact`` for a
    dependency that has no result.
    """
    place.in_worker = True
    faulthandler.enable()
    with cargo.in_force(order), schedulers.working_as(ScheduledJob(SLURM, _job_id())):
        try:
            task = cargo.unpacked(order)
            requeue.run(lambda: _create(task), task, warning_sec=warning_sec)
        except Exception as error:
            _record_unbegun(store.artifact(order.ref), error)
            raise
    return cargo.Value(order)


def _job_id() -> str:
    job = config.slurm_job()
    assert job is not None
    return str(job["job_id"])


def _create(task: Task) -> None:
    """Have ``task`` published, by this job or by whoever is faster; raises the failure of the last attempt."""
    artifact = store.artifact(task.furu_ref)
    if _published_by_another(artifact):
        return
    _await_dependencies(task)
    left, waited = retries(), 0
    while True:
        match worker.run(Job(task, specs_of(task))):
            case Done():
                return
            case Elsewhere():
                _pause(artifact, waited)
                waited += 1
                if _published_by_another(artifact):
                    return
            case Blocked(on=needed):
                _build(task, needed)
            case Failed(kind=kind, error=error):
                if not left or kind in FINAL:
                    raise error or FuruComputeError(f"{artifact.ref.label} failed: {kind}")
                left -= 1
                get_logger().warning("%s failed and is tried again: %s", artifact.ref.label, error)


def _published_by_another(artifact: Artifact) -> bool:
    """Return whether there is a result and nothing waits for this job, which then has nothing to do.

    An artifact that is created anew (``FURU_ALWAYS_RERUN``) is published, too, but its claim waits.
    """
    if artifact.holder() is None:
        return False
    claim = lease.look(artifact.meta_dir)
    return claim is None or claim.job != schedulers.mine()


def _await_dependencies(task: Task) -> None:
    """Return when every declared dependency is published.

    Slurm has seen to that already, as a rule; but it takes a job that it has forgotten for one that ended well.  One that
    somebody creates is waited for.  Raises ``FuruMissingArtifact`` for one that has failed, or is not there and nobody
    creates it.
    """
    with context.working_on(task.furu_hash):  # they are somebody else's to create
        for _, needed in dependencies.direct(task):
            _await(task, needed)


def _await(task: Task, needed: Task) -> None:
    artifact = store.artifact(needed.furu_ref)
    missing_since, waited = None, 0
    while True:
        match settle.verdict_on(needed):
            case Load():
                return
            case Refuse("running"):
                missing_since = None
            case Refuse("failed"):
                raise FuruMissingArtifact(
                    f"{task.furu_ref.label} needs {artifact.ref.label}, which has failed"
                ) from settle.refused_to_retry(needed)
            case _:
                now = SYSTEM_CLOCK.monotonic()
                missing_since = now if missing_since is None else missing_since
                if now - missing_since > LATE_SEC:
                    raise FuruMissingArtifact(
                        f"{task.furu_ref.label} needs {artifact.ref.label}, which has no result: {artifact.directory}",
                        hints=["submit again: what is missing is submitted with what needs it"],
                    )
        _pause(artifact, waited)
        waited += 1


def _pause(artifact: Artifact, waited: int) -> None:
    claim = lease.look(artifact.meta_dir)
    if claim is not None and waited == 10:
        get_logger().info("waiting for %s: %s", artifact.ref.label, lease.describe(claim))
    SYSTEM_CLOCK.sleep(min(FIRST_PAUSE_SEC * 1.3**waited, LONGEST_PAUSE_SEC))


def _build(task: Task, needed: Sequence[Task]) -> None:
    """Create what ``_create`` has asked for without declaring it, here, with what that needs."""
    for one in needed:
        warnings.warn(
            f"{type(task).__name__}._create uses {type(one).__name__} without declaring it, so it is created in the job of "
            f"{type(task).__name__}, which is run twice; declare it as a field or with @furu_dep (FURU_STRICT_DEPS=1 makes "
            "this an error)",
            stacklevel=2,
        )
        settle.settle(one, store.artifact(one.furu_ref), load_result=False)


def _record_unbegun(artifact: Artifact, error: Exception) -> None:
    """Record a failure before the attempt could begin: its claim still waits for this job."""
    claim = lease.look(artifact.meta_dir)
    if claim is not None and claim.job == schedulers.mine():
        told = RecordedError(full_name(type(error)), str(error), format_traceback(error), _kind(error))
        aftermath.record_end(artifact, claim, "failed", told)


def _kind(error: Exception) -> FailureKind:
    if isinstance(error, FuruMissingArtifact):
        return "dependency"
    if isinstance(error.__cause__, Interruption):
        return error.__cause__.kind
    return "preempted" if isinstance(error, FuruComputeError) else "error"  # it was run again too often
