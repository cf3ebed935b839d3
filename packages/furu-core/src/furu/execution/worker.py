"""The worker side of every executor: create the artifact of one job, and say how that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.engine import settle
from furu.engine.blocked import BlockedOn
from furu.errors import FuruComputeError, FuruLeaseLost
from furu.execution.executor import Blocked, Done, Elsewhere, Failed
from furu.runtime import context, overrides
from furu.runtime.signals import Interruption
from furu.storage import store

if TYPE_CHECKING:
    from furu.execution.executor import Job, Outcome
    from furu.storage.state import FailureKind


def run(job: Job) -> Outcome:
    """Create the artifact of ``job`` in this thread, by the same path as ``get()``.

    Nothing else is created here: a dependency that is not there ends the job as ``Blocked``, an artifact that somebody
    else is creating as ``Elsewhere``.  A result that is there already is ``Done``, and is not loaded.

    ``KeyboardInterrupt``, ``SystemExit`` and the ``Interruption`` of a scheduler pass through.
    """
    if job.key in overrides.active():
        return Done(job.key)
    with context.working_on(job.key, getattr(type(job.task)._create, "__code__", None)):
        try:
            settle.settle(job.task, store.artifact(job.task.furu_ref), load_result=False)
        except BlockedOn as blocked:
            return Elsewhere(job.key) if blocked.task.furu_hash == job.key else Blocked(job.key, (blocked.task,))
        except (KeyboardInterrupt, SystemExit, Interruption):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever _create raises is the outcome; asyncio's is no Exception
            return Failed(job.key, kind_of(error), error)
    return Done(job.key)


def kind_of(error: BaseException) -> FailureKind:
    """Return the kind of failure an error of a job stands for."""
    if isinstance(error, FuruLeaseLost):
        return "lost"
    if isinstance(error, MemoryError):
        return "oom"
    original = getattr(error, "original_error", None)
    return "dependency" if isinstance(original, FuruComputeError) else "error"
