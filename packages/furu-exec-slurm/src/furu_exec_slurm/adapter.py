"""``SubmititAdapter``: one object, submitted on a submitit executor of the user's own."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

import submitit
from submitit.core.utils import FailedJobError

from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import queued
from furu.engine.queued import Queued
from furu.errors import MISSING
from furu.execution import place
from furu.runtime import overrides
from furu.runtime.logging import get_logger
from furu.storage import store
from furu_exec_slurm import attached, logs, requeue
from furu_exec_slurm.commands import failure, is_transient
from furu_exec_slurm.creation import Creation
from furu_exec_slurm.script import job_name
from furu_exec_slurm.standing import StandingJob

if TYPE_CHECKING:
    from furu.objects.furu import Furu

T = TypeVar("T")

#: Pauses before ``sbatch`` is called again (seconds).
PAUSES_SEC = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

#: Jobs that this process has submitted, by key, as long as somebody holds them.
_submitted: WeakValueDictionary[str, submitit.Job[Any]] = WeakValueDictionary()


def submit(obj: Furu[T], *, executor: submitit.Executor) -> submitit.Job[T]:
    """Submit one object on a submitit executor: the short form of ``SubmititAdapter(executor).submit(obj)``."""
    return SubmititAdapter(executor).submit(obj)


class SubmititAdapter:
    """Submits objects, one at a time, on a submitit executor: Slurm, local, debug, or what ``AutoExecutor`` chooses."""

    def __init__(self, executor: submitit.Executor) -> None:
        self._executor = executor

    def submit(self, obj: Furu[T]) -> submitit.Job[T]:
        """Submit ``obj`` and return its job at once.

        The job does what ``obj.get()`` does, dependencies included, with the settings and the store of this process.  Its
        ``result()`` is the value of the artifact, loaded from the store by whoever asks; a ``_create`` that fails makes it
        raise submitit's ``FailedJobError`` with the traceback, and is recorded as any failure.  Interrupted by the scheduler
        it is run again (see ``FURU_PREEMPT_MAX``).

        From here on the artifact is ``queued``, with the job's id in ``state.json``; whoever asks for it meanwhile, from
        whichever process, waits for the job however long it is in the queue, and a second call returns the same job.  Where
        there is a result, or somebody computes it without submitit, nothing is submitted, and the job that is returned
        stands for that.

        Jobs of a ``DebugExecutor`` are an exception: they are known to this process only, and run in it when their result
        is asked for.

        Raises ``FuruComputeError`` for a failure that may not be tried again (``FURU_RETRY_FAILED=0``), ``RuntimeError``
        inside ``executor.batch()``, where jobs have no id yet, and what submitit raises when the job is refused.
        """
        place.refuse_run("furu.submit")
        if getattr(self._executor, "_delayed_batch", None) is not None:
            raise RuntimeError("inside executor.batch() jobs have no id yet: submit this object outside of the block")
        if overrides.lookup(obj.furu_hash) is not MISSING:
            return StandingJob(self._executor.folder, obj)
        if _cluster(self._executor) == "debug":
            return self._debug(obj)
        claim = queued.queue(obj)
        if isinstance(claim, Queued):
            return self._submit(obj, claim)
        recorded = store.artifact(obj.furu_ref).recorded_state()
        scheduler = recorded.attempt.scheduler if recorded and recorded.attempt else {}
        mine = _submitted.get(obj.furu_hash)
        if mine is not None and mine.job_id == scheduler.get("job_id"):
            return mine
        return attached.job(scheduler, finished=claim is None) or StandingJob(self._executor.folder, obj)

    def _submit(self, obj: Furu[Any], claim: Queued) -> submitit.Job[Any]:
        prepared = _prepared(self._executor, job_name(obj))
        warning_sec = float(prepared.parameters.get("signal_delay_s", requeue.WARNING_SEC))
        try:
            job = _accepted(prepared, Creation.of(obj, warning_sec=warning_sec))
        except BaseException:
            claim.withdraw()
            raise
        facts = attached.facts(job, prepared.folder) | logs.linked(claim.artifact, prepared.folder, job.job_id)
        claim.submitted(attached.scheduled(_cluster(prepared), job.job_id), facts)
        _submitted[obj.furu_hash] = job
        return job

    def _debug(self, obj: Furu[T]) -> submitit.Job[T]:
        job = _submitted.get(obj.furu_hash)
        if not isinstance(job, submitit.DebugJob) or job.cancelled:
            job = _submitted[obj.furu_hash] = self._executor.submit(obj.get)
        return job


def _cluster(executor: submitit.Executor) -> str:
    """Return the name of what runs the jobs: ``slurm``, ``local``, ``debug``, or that of somebody's plugin."""
    return str(getattr(executor, "cluster", executor.name()))


def _accepted(executor: submitit.Executor, creation: Creation) -> submitit.Job[Any]:
    """Return the job that submitit makes; while the controller does not answer, it is asked again.

    Where it had accepted the job without saying so there are two jobs then, of which one finds nothing left to do.
    """
    for pause_sec in PAUSES_SEC:
        try:
            return executor.submit(creation)
        except FailedJobError as error:
            if not is_transient(failure("sbatch", str(error))):
                raise
            get_logger().warning("%s; trying again in %g s", error, pause_sec)
            SYSTEM_CLOCK.sleep(pause_sec)
    return executor.submit(creation)


def _prepared(executor: submitit.Executor, name: str) -> submitit.Executor:
    """Return an executor like this one whose jobs on Slurm survive signals from the start, and have a name if nobody gave one."""
    if _cluster(executor) != "slurm":
        return executor
    made = copy.deepcopy(executor)
    on_slurm = getattr(made, "_executor", made)
    if isinstance(on_slurm, submitit.SlurmExecutor):
        on_slurm.python = requeue.shielded(on_slurm.python)
    if made.parameters.get("job_name") is None:
        on_slurm.update_parameters(job_name=name)
    return made
