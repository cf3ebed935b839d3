"""One attempt: run ``_create`` under a lease, record what happens, publish."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from furu import config
from furu._exceptions import text
from furu._sys import clock, files, process, steps
from furu.errors import FuruError, FuruLeaseLost, compute_error
from furu.runtime import context, logfile, schedulers, signals, usage
from furu.runtime.logging import artifact_log, write_record
from furu.runtime.tracebacks import format_traceback, full_name
from furu.storage import provenance, state
from furu.storage.layout import LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.runtime.schedulers import ScheduledJob
    from furu.storage.artifact import Artifact
    from furu.storage.lease import Lease
    from furu.storage.state import AttemptStatus, RecordedError, State
    from furu.task import ArtifactRef, Task

SYNC_AFTER_SEC = 1.0
DEEP = 50  # nested get() calls beyond which the call stack may be what failed


@dataclass(eq=False, slots=True)
class Running:
    """An attempt that is being made by this process."""

    artifact: Artifact
    lease: Lease
    state: State
    usage: usage.Meter

    @property
    def ref(self) -> ArtifactRef:
        """The artifact that is being created."""
        return self.artifact.ref

    @property
    def token(self) -> str:
        """The claim under which it is created."""
        return self.lease.token

    def end(self, status: AttemptStatus, error: RecordedError | None = None) -> None:
        """Record how the attempt ended, if it is still ours to record."""
        self.lease.check()
        at = clock.iso_utc(clock.SYSTEM_CLOCK.now())
        used = self.usage.read()
        ended = state.end(
            self.state,
            self.lease.attempt_id,
            status,
            at=at,
            duration_sec=used.wall_sec,
            error=error,
            resources=used.to_json(),
        )
        self.record(ended)

    def record(self, now: State) -> None:
        """Write down what the state is now."""
        state.write(self.artifact.meta_dir, now)
        state.log_event(self.artifact.meta_dir, now)

    def hand_back(self, job: ScheduledJob) -> None:
        """Leave the artifact to the next run of this process's job: the attempt is queued again.

        What prevents it is logged; the claim is released then as after any other end.
        """
        assert self.state.attempt is not None
        now = clock.iso_utc(clock.SYSTEM_CLOCK.now())
        attempt = replace(self.state.attempt, status="queued", started_at=now, queued_at=None)
        try:
            self.record(state.State("incomplete", attempt, now))
            self.lease.hand_over(job)
        except (OSError, FuruLeaseLost) as trouble:
            from furu.runtime.logging import get_logger

            get_logger().warning("%s is not left to %s, which is run again: %s", self.ref.label, job, trouble)

    def end_quietly(self, status: AttemptStatus, error: RecordedError | None = None) -> None:
        """Record how the attempt ended while another error is on its way; what prevents it is logged, not raised."""
        if not self.lease.here:
            return
        try:
            self.end(status, error)
        except (OSError, FuruLeaseLost) as trouble:
            if self.lease.published(self.artifact.marker):
                return
            from furu.runtime.logging import get_logger

            captured = logfile.active.set(None)  # the artifact's log may be a successor's by now
            get_logger().warning("the end of %s (%s) could not be recorded: %s", self.ref.label, status, trouble)
            logfile.active.reset(captured)

    def release(self) -> None:
        """Give the lease up, whichever it is by now."""
        self.lease.release()


def run(task: Task, artifact: Artifact, lease: Lease, *, previous: State | None) -> Any:
    """Create the artifact under ``lease`` and publish it; return what ``_create`` returned.

    Raises ``FuruComputeError`` when ``_create`` fails (also an instance of what it raised, where Python allows it), and
    ``FuruLeaseLost`` when the lease was taken over meanwhile; then nothing was published.  ``KeyboardInterrupt`` and
    ``SystemExit`` pass through after the attempt was recorded.
    """
    running = Running(artifact, lease, _begun(lease, previous), usage.Meter())
    leave = context.restorer()
    with signals.preemption_recorded(lambda: running.end_quietly("preempted"), running.release):
        try:
            return _attempt(task, running)
        except FuruLeaseLost as lost:
            if lost.token in (lease.token, running.lease.token):
                raise
            raise _failed(running, lost) from lost
        except Exception as error:
            raise _failed(running, error) from error
        except BaseException as stop:
            running.end_quietly(_interrupted_status(stop), _recorded(stop))
            job = schedulers.mine()
            if job is not None and isinstance(stop, signals.Interruption) and stop.status == "preempted":
                running.hand_back(job)
            raise
        finally:
            leave()  # Ctrl-C may have come between entering and leaving the stack
            running.lease.release()


def new_id() -> str:
    """Return the id of a new attempt."""
    return files.new_token()


def _begun(lease: Lease, previous: State | None) -> State:
    """Return the state with which an attempt under ``lease`` begins."""
    now = clock.iso_utc(clock.SYSTEM_CLOCK.now())
    scheduler = config.slurm_job()
    fresh = state.Attempt(
        id=lease.attempt_id,
        number=1,
        backend="local" if scheduler is None else "submitit",
        status="running",
        owner=process.me(),
        started_at=now,
        scheduler=scheduler or {},
    )
    return state.begin(previous, fresh)


def _attempt(task: Task, running: Running) -> Any:
    artifact = running.artifact
    artifact.discard(running.lease)
    running.record(running.state)
    steps.reached("create.state")
    running.lease.check()
    provenance.record(task, artifact.meta_dir)
    steps.reached("create.metadata")
    running.lease.check()
    if task._furu_options.on_retry == "clean":
        artifact.clean(running.lease)
    with context.entered(running), artifact_log(f"{artifact.meta_dir}/{LOG}"):
        steps.reached("create.begin")
        running.lease.check()
        value = task._create()
        steps.reached("create.end")
        if not os.path.isdir(artifact.meta_dir):
            _reclaim(task, running)
        running.lease.check()
        kept = task._furu_keep(value, running.lease.check)
    running.lease.check()
    if kept is not None:
        provenance.set_result_format(artifact.meta_dir, kept)
    steps.reached("publish.kept")
    _publish(running)
    return value


def _publish(running: Running) -> None:
    """Make the result count: flush it where the policy says, record success, turn the claim into the marker."""
    artifact = running.artifact
    policy = config.current().fsync
    sync = policy == "always" or (policy == "auto" and running.usage.wall_sec() >= SYNC_AFTER_SEC)
    if sync:
        files.sync_tree(artifact.directory)
    steps.reached("publish.synced")
    running.end("success")
    steps.reached("publish.state")
    running.lease.publish(artifact.marker, sync=sync)
    steps.reached("publish.end")


def _reclaim(task: Task, running: Running) -> None:
    """Claim again after ``_create`` has removed its whole directory, ``.furu`` with the claim included.

    Raises ``FuruLeaseLost`` when somebody else has begun meanwhile.
    """
    artifact, old = running.artifact, running.lease
    lost = old.lost()
    fresh = artifact.claim(old.attempt_id)
    if fresh is None or artifact.published() or artifact.recorded_state() is not None:
        if fresh is not None:
            fresh.release()
        raise lost
    running.lease = fresh
    state.write(artifact.meta_dir, running.state)
    provenance.record(task, artifact.meta_dir)


def _failed(running: Running, error: Exception) -> FuruError:
    """Record a failure and return the error that ``get()`` raises for it: that the lease was lost, where it was."""
    recorded = _recorded(error)
    artifact = running.artifact
    if running.lease.taken_over:
        return running.lease.lost()
    if running.lease.here:
        running.end_quietly("failed", recorded)
        write_record(f"{artifact.meta_dir}/{LOG}", f"{artifact.ref.label} failed", error)
    return compute_error(
        f"{artifact.ref.label} failed: {_cause(error)}\n  in {artifact.directory}",
        original=error,
        state_path=Path(artifact.state_path),
        recorded_traceback=recorded.traceback,
        hints=_hints(error),
    )


def _hints(error: Exception) -> tuple[str, ...]:
    if len(context.stack()) >= DEEP:
        return (
            f"{len(context.stack())} get() calls were nested here; get() the lower artifacts first, or let an executor "
            "build them in order",
        )
    return error.hints if isinstance(error, FuruError) else ()


def _cause(error: Exception) -> str:
    """Return what failed in one line: of a dependency that failed, its own line, and so on down."""
    if isinstance(error, FuruError):
        return error.__dict__["message"].partition("\n")[0]  # type: ignore[no-any-return]
    return f"{type(error).__name__}: {text(error)}"


def _recorded(error: BaseException) -> RecordedError:
    cls = getattr(type(error), "_furu_original", type(error))  # of a dependency's failure: what failed there
    return state.RecordedError(
        type=full_name(cls), message=text(error), traceback=format_traceback(error), kind=_kind(error)
    )


def _kind(error: BaseException) -> state.FailureKind:
    if isinstance(error, signals.Interruption):
        return error.kind
    if not isinstance(error, Exception) and signals.preempted():
        return "preempted"
    if isinstance(error, KeyboardInterrupt):
        return "cancelled"
    return "oom" if isinstance(error, MemoryError) else "error"


def _interrupted_status(stop: BaseException) -> AttemptStatus:
    if isinstance(stop, signals.Interruption):
        return stop.status
    if signals.preempted():
        return "preempted"
    return "failed" if isinstance(stop, SystemExit) else "cancelled"
