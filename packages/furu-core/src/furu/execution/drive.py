"""``drive``: the loop between a scheduler and an executor."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import settle
from furu.engine.verdict import Load, Wait
from furu.execution import plan as plans
from furu.execution.executor import Blocked, Done
from furu.execution.scheduler import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from furu._sys.clock import Clock
    from furu.engine.verdict import Verdict
    from furu.execution.executor import Executor, Job, Outcome
    from furu.execution.scheduler import Scheduler
    from furu.task import Task


class Watcher(Protocol):
    """Is told what happens in a run: a progress display."""

    def begun(self, jobs: Sequence[Job]) -> None:
        """Jobs were given to the executor."""
        ...

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Jobs have ended."""
        ...

    def found(self, key: str) -> None:
        """Somebody outside this run has published the artifact ``key``."""
        ...

    def turned(self) -> None:
        """The loop has turned once more; called at least every poll interval."""
        ...


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often (seconds) the loop looks at what: pauses, others' work, the whole plan while idle, the whole plan."""

    poll_sec: float = 0.25
    external_sec: float = 5.0
    underutilized_sec: float = 15.0
    refresh_sec: float = 60.0


class Driver:
    """Carries a plan out: hands jobs to an executor, tells the scheduler how they ended.

    What others publish is noticed: nodes that somebody else creates are looked at every ``external_sec``; the nodes that
    were not started yet every ``refresh_sec``, and every ``underutilized_sec`` while the executor has room.

    Threads: one.  An exception on the way (Ctrl-C included) cancels what is in flight and passes on.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        executor: Executor,
        *,
        intervals: Intervals | None = None,
        watcher: Watcher | None = None,
        decide: Callable[[Task], Verdict] = settle.verdict_on,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._scheduler = scheduler
        self._executor = executor
        self._intervals = intervals or Intervals()
        self._watcher = watcher
        self._decide = decide
        self._clock = clock
        self._warned: set[type] = set()
        self._looked_at_external = self._looked_at_all = clock.monotonic()

    def run(self) -> None:
        """Work until the scheduler has finished, then close the executor: what is in flight after a failure is cancelled."""
        cancel = True
        try:
            while not self._scheduler.finished:
                self._turn()
            cancel = bool(self._scheduler.stopped)
        finally:
            self._executor.close(cancel=cancel)

    def _turn(self) -> None:
        jobs = self._scheduler.take(self._executor.capacity())
        for job in jobs:
            self._executor.submit(job)
        outcomes = self._executor.wait(0 if jobs and self._executor.capacity() > 0 else self._intervals.poll_sec)
        for outcome in outcomes:
            self._learn(outcome)
        self._look_around()
        if self._watcher is not None:
            if jobs:
                self._watcher.begun(jobs)
            if outcomes:
                self._watcher.ended(outcomes)
            self._watcher.turned()

    def _learn(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Blocked):
            self._scheduler.apply(outcome)
            return
        plans.build(outcome.on, decide=self._decide, into=self._scheduler.plan)
        self._scheduler.block(outcome.key, outcome.on)
        cls = type(self._scheduler.plan.nodes[outcome.key].task)
        if cls in self._scheduler.undeclared and cls not in self._warned:
            self._warned.add(cls)
            warnings.warn(
                f"{cls.__name__}._create uses {self._scheduler.undeclared[cls].__name__} without declaring it, so the "
                "executor had to run it twice; declare it as a field or with @furu_dep (FURU_STRICT_DEPS=1 makes this "
                "an error)",
                stacklevel=2,
            )

    def _look_around(self) -> None:
        now = self._clock.monotonic()
        counts = self._scheduler.counts
        if counts[Bucket.IN_PROGRESS_EXTERNAL] and now - self._looked_at_external >= self._intervals.external_sec:
            self._looked_at_external = now
            for node in self._scheduler.in_bucket(Bucket.IN_PROGRESS_EXTERNAL):
                self._look_at_external(node.task)
        idle = self._executor.capacity() > 0
        every = self._intervals.underutilized_sec if idle else self._intervals.refresh_sec
        if now - self._looked_at_all >= min(every, self._intervals.refresh_sec):
            self._looked_at_all = now
            for bucket in (Bucket.READY, Bucket.BLOCKED):
                for node in self._scheduler.in_bucket(bucket):
                    if isinstance(self._decide(node.task), Load):
                        self._found(node.key)

    def _look_at_external(self, task: Task) -> None:
        verdict = self._decide(task)
        if isinstance(verdict, Load):
            self._found(task.furu_hash)
        elif not isinstance(verdict, Wait):
            self._scheduler.release(task.furu_hash)

    def _found(self, key: str) -> None:
        self._scheduler.apply(Done(key))
        if self._watcher is not None:
            self._watcher.found(key)


def retries() -> int:
    """Return how often a failed job is tried again, by ``FURU_RETRY_FAILED`` and ``FURU_MAX_COMPUTE_RETRIES``."""
    settings = config.current()
    return settings.max_compute_retries if settings.retry_failed else 0
