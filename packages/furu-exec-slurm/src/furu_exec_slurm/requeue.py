"""What a job of submitit does when its machine is wanted back: it ends its attempt, and is run again later.

Slurm tells a job with two signals.  SIGUSR2 comes some time before the time limit (submitit asks for that, 90 s unless
``signal_delay_s`` says otherwise) and, on clusters set up so, at a preemption.  SIGTERM comes at a preemption, a requeue by
somebody else, a cancellation and the time limit, and SIGKILL after it.  Which of these it is, the job asks Slurm.

The signal raises `Interruption` in the main thread, so files are closed and ``finally`` blocks run.  A ``_create`` that is
inside one long C call notices nothing; it is killed, and Slurm has the job run again if that was a preemption.
"""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeVar

import submitit
from submitit.local.local import LOCAL_REQUEUE_RETURN_CODE

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.errors import FuruComputeError
from furu.runtime.signals import Interruption, answering
from furu.storage.layout import META
from furu_exec_slurm import commands
from furu_exec_slurm.commands import SlurmError
from furu_exec_slurm.states import Phase, condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from furu.task import Task

T = TypeVar("T")

Cause = Literal["preempted", "requeued", "cancelled", "timeout"]

WARNING_SEC = 90.0
_EARLY_SEC = 60.0  # Slurm may warn this much before the time that was asked for
_ANSWER_SEC = 2.0  # what a signal means is wanted soon: the next one is SIGKILL
_PATIENCE_SEC = 10.0


class Interrupted(Interruption):
    """An interruption of a job, and what caused it."""

    def __init__(self, cause: Cause, *, refusal: str | None = None) -> None:
        """Be recorded as preempted, unless the job was cancelled or ``refusal`` says why it is not run again."""
        status: Literal["preempted", "cancelled", "failed"] = "preempted"
        if cause == "cancelled" and not config.current().cancelled_is_preempted:
            status = "cancelled"
        elif refusal is not None:
            status = "failed"
        kind: Literal["preempted", "cancelled", "timeout"] = "preempted" if cause == "requeued" else cause
        super().__init__(refusal or _WORDS[cause], status=status, kind=kind)
        self.cause = cause


_WORDS: dict[Cause, str] = {
    "preempted": "the scheduler wants the machine back",
    "requeued": "the job was requeued",
    "cancelled": "the job was cancelled",
    "timeout": "the job is about to reach its time limit",
}


def run(work: Callable[[], T], task: Task, *, warning_sec: float = WARNING_SEC) -> T:
    """Return what ``work`` returns, a job that creates ``task``; have the job run again when it is interrupted.

    At a preemption the attempt is recorded as preempted and the job requeued, up to ``FURU_PREEMPT_MAX`` times.  The same
    happens before the time limit if ``_create`` has left something in ``furu_dir`` to go on from.  This process then ends
    with ``SystemExit``; so it does after a cancellation, without a requeue.

    Raises ``FuruComputeError`` when the job is interrupted and not to be run again; the attempt has failed then.
    """
    rank = _rank()
    if rank is None:
        return work()
    _refuse_restarts(task)
    try:
        with interruptible(lambda cause: refusal(cause, task), warning_sec=warning_sec):
            return work()
    except Interrupted as stop:
        if stop.status == "failed":
            raise FuruComputeError(str(stop)) from stop
        if stop.status == "preempted" and stop.cause != "requeued":
            requeue(task)
        raise SystemExit(0 if rank else os.EX_TEMPFAIL) from stop  # srun ends all processes of a job when one fails


@contextmanager
def interruptible(
    refusal: Callable[[Cause], str | None] | None = None, *, warning_sec: float = WARNING_SEC
) -> Iterator[None]:
    """Raise ``Interrupted`` inside when the scheduler signals that this job ends.

    ``refusal`` says why what is interrupted will not be gone on with, None where it will.  ``warning_sec`` is how long before
    the time limit the scheduler was asked to send SIGUSR2.
    """
    user_signal = getattr(signal, f"SIG{submitit.JobEnvironment.USR_SIG}")

    def answer(number: int) -> None:
        cause = _asked(number, warning_sec)
        raise Interrupted(cause, refusal=refusal(cause) if refusal else None)

    with answering(answer, user_signal, signal.SIGTERM):
        yield


def refusal(cause: Cause, task: Task) -> str | None:
    """Return why the job of ``task`` is not run again after an interruption, or None when it is."""
    settings = config.current()
    if cause == "requeued" or (cause == "cancelled" and not settings.cancelled_is_preempted):
        return None
    most = settings.max_requeues
    if config.slurm_restarts() >= most:
        times = "once" if most == 0 else f"{most + 1} times"
        return f"{task.furu_ref.label} was interrupted {times}, and FURU_PREEMPT_MAX={most} allows {most} requeues"
    if cause == "timeout" and not _resumable(task):
        return (
            f"{task.furu_ref.label} is about to reach the time limit of its job, and another run would begin anew: there is "
            f"nothing in {task.furu_dir} to go on from"
        )
    return None


def _resumable(task: Task) -> bool:
    """Return whether the next attempt will find something of this one."""
    kept = task._furu_options.on_retry == "keep" and task.furu_dir.is_dir()
    return kept and any(name != META for name in os.listdir(task.furu_dir))


def _refuse_restarts(task: Task) -> None:
    """Raise ``FuruComputeError`` when Slurm runs a job again that was not to be run again: it was killed every time."""
    restarts, most = config.slurm_restarts(), config.current().max_requeues
    if restarts > most:
        raise FuruComputeError(
            f"Slurm has run the job of {task.furu_ref.label} {restarts + 1} times",
            hints=[f"FURU_PREEMPT_MAX={most} is how often a job that was interrupted is run again"],
        )


def shielded(python: str) -> str:
    """Return the shell command ``python`` such that signals are ignored until the job can answer them.

    A job that one of them ends while Python starts would be over, and Slurm would not run it again.
    """
    return f"""sh -c 'trap "" {submitit.JobEnvironment.USR_SIG} TERM; exec "$@"' sh {python}"""


def requeue(task: Task) -> None:
    """Have the job of this process run again; only one process of a job does so.

    Raises ``FuruComputeError`` when the scheduler refuses, and ``SystemExit`` where leaving is the way to ask.
    """
    job = submitit.JobEnvironment()
    if job.global_rank != 0:
        return
    if job.cluster == "local":
        raise SystemExit(LOCAL_REQUEUE_RETURN_CODE)
    for pause_sec in (1, 2, None):
        try:
            commands.run("scontrol", "requeue", job.job_id, timeout_sec=_PATIENCE_SEC)
        except SlurmError as error:
            if pause_sec is None or not commands.is_transient(error):
                raise FuruComputeError(
                    f"{task.furu_ref.label} was interrupted, and job {job.job_id} cannot be requeued: {error.message}",
                    hints=["the next get() or submission goes on from what is in furu_dir"],
                ) from error
            SYSTEM_CLOCK.sleep(pause_sec)
        else:
            return


def _rank() -> int | None:
    """Return the number of this process in its job, or None outside of a job, and in one that runs in the user's process."""
    try:
        job = submitit.JobEnvironment()
    except RuntimeError:
        return None
    return None if job.cluster == "debug" else int(job.global_rank)


def _asked(number: int, warning_sec: float) -> Cause:
    """Ask what a signal means; where nobody answers in time, that the machine is wanted back."""
    job = submitit.JobEnvironment()
    if job.cluster != "slurm":
        return "cancelled" if number == signal.SIGTERM else "timeout"
    try:
        shown = commands.run("scontrol", "show", "--oneliner", "job", job.raw_job_id, timeout_sec=_ANSWER_SEC)
    except SlurmError:
        shown = ""
    return cause(shown, restarts=config.slurm_restarts(), now=SYSTEM_CLOCK.now(), warned_sec=warning_sec + _EARLY_SEC)


def cause(shown: str, *, restarts: int, now: float, warned_sec: float) -> Cause:
    """Return why a job gets a signal, from what ``scontrol show job`` says of it meanwhile.

    ``restarts`` is how often it was restarted when it began to run; within ``warned_sec`` of its end it is warned of that.
    """
    said = dict(re.findall(r"\b(JobState|Reason|Restarts|PreemptTime|EndTime)=(\S+)", shown))
    if said.get("PreemptTime", "None") != "None" or "JobState" not in said:
        return "preempted"
    if int(said.get("Restarts", restarts)) > restarts:
        return "requeued"
    if said["JobState"] == "COMPLETING" or condition(said["JobState"]).phase is Phase.ENDED:
        return "timeout" if said.get("Reason") == "TimeLimit" or said["JobState"] == "TIMEOUT" else "cancelled"
    try:
        left = time.mktime(time.strptime(said.get("EndTime", ""), "%Y-%m-%dT%H:%M:%S")) - now
    except ValueError:  # Unknown: there is no limit
        return "preempted"
    return "timeout" if left <= warned_sec else "preempted"
