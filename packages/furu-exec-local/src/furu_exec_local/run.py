"""``run_local``: build what is missing of a graph of artifacts on this machine."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from furu.execution import failures, place
from furu.execution import plan as plans
from furu.execution.drive import Driver, retries
from furu.execution.progress import Progress
from furu.execution.scheduler import Bucket, Scheduler
from furu.runtime import signals
from furu_exec_local import arguments
from furu_exec_local.backlog import Backlog
from furu_exec_local.processes import ProcessExecutor
from furu_exec_local.threads import ThreadExecutor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from furu.task import Task
    from furu_exec_local.arguments import Manner

#: Jobs an executor is given beyond those that run, so that the next is at hand when one ends.
AHEAD = 32


def run_local(
    roots: Iterable[Any],
    *,
    max_workers: int = 8,
    window_size: Literal["dfs", "bfs"] | int = "bfs",
    poll_interval_sec: float = 0.25,
    plan_refresh_interval_sec: float = 60.0,
    underutilized_reconcile_interval_sec: float = 15.0,
    external_poll_interval_sec: float = 5.0,
    backend: Literal["process", "thread"] | None = None,
    resources: Mapping[str, int] | None = None,
    keep_going: bool = False,
    progress: bool | None = None,
) -> None:
    """Build ``roots`` (Furu objects, or a FuruList) and everything they need, several at a time.

    What is published already is left alone.  What somebody else is creating is waited for, and taken over when they die.

    ``max_workers`` is how many jobs run side by side.  ``window_size`` is how many roots are worked on at once: ``"dfs"``
    one after the other, ``"bfs"`` all, or a number.  ``backend`` is ``"process"`` (CPU work runs in parallel, and a crash
    takes one artifact only) or ``"thread"`` (work that releases the GIL or needs what is in this process); None is what
    ``FURU_LOCAL_BACKEND`` says, ``"process"`` unless set.  ``resources`` such as ``{"gpus": 2, "cpus": 8, "mem_gb": 64}``
    bounds what runs side by side by what each ``_executor()`` asks for; GPUs are handed out by ``CUDA_VISIBLE_DEVICES``.
    ``keep_going`` builds what does not depend on a failure before it raises.  ``progress`` shows a live display on a
    terminal and a line every 10 s elsewhere; True does so even if there is nothing to do, False shows nothing.

    ``poll_interval_sec`` is the longest pause of the loop, ``external_poll_interval_sec`` the pause between looks at what
    others create, ``plan_refresh_interval_sec`` and ``underutilized_reconcile_interval_sec`` those between looks at all
    that was not started, when all workers are busy and when some are not.

    Raises ``FuruComputeError`` naming node, directory, cause and the end of its log; for one failure it is also an instance
    of what ``_create`` raised, for several it lists them all, and ``failures`` has each.  Raises ``ValueError`` or
    ``TypeError`` naming the argument before anything starts.  Ctrl-C returns within two seconds with
    ``KeyboardInterrupt``: nothing is left running, and what was running is recorded as cancelled.
    """
    place.refuse_run("run_local")
    manner = arguments.checked(
        max_workers=max_workers,
        window_size=window_size,
        intervals={
            "poll_interval_sec": poll_interval_sec,
            "external_poll_interval_sec": external_poll_interval_sec,
            "underutilized_reconcile_interval_sec": underutilized_reconcile_interval_sec,
            "plan_refresh_interval_sec": plan_refresh_interval_sec,
        },
        backend=backend,
        resources=resources,
        keep_going=keep_going,
        progress=progress,
    )
    _run(plans.checked_roots(roots), manner)


def _run(roots: list[Task], manner: Manner) -> None:
    plan = plans.build(roots)
    backlog = Backlog(arguments.machine_for(manner, plan))
    scheduler = Scheduler(plan, window=manner.window, retries=retries(), keep_going=manner.keep_going)
    shown = Progress(scheduler, manner.max_workers, name="run_local", wanted=manner.progress)
    with ExitStack() as stack:
        executor: ThreadExecutor | ProcessExecutor
        if manner.backend == "process":
            executor = ProcessExecutor(manner.max_workers, backlog, shown, ahead=AHEAD)
            preempt = partial(executor.stop, signal.SIGTERM, "preempted")
            stack.enter_context(signals.preemption_recorded(preempt, _nothing))
        else:
            executor = ThreadExecutor(manner.max_workers, backlog, shown, ahead=AHEAD)
            stack.enter_context(signals.preemption_recorded(_nothing, _nothing))  # each attempt speaks for itself
        stack.enter_context(shown)
        Driver(scheduler, executor, intervals=manner.intervals, watcher=shown).run()
    if scheduler.failures:
        given_up = scheduler.counts[Bucket.FAILED] - len(scheduler.failures)
        raise failures.error_for(scheduler.failures, given_up=given_up)


def _nothing() -> None:
    pass
