"""Batch schedulers: which job of one this process is, and what they say of jobs that wait in their queues.

The core knows no scheduler.  A package that submits to one registers a function in the entry-point group
``furu.schedulers``, under the name it writes into claims: it takes the ids of some jobs and returns what is known of them, a
mapping from id to ``News``.  A job that is not in the answer is not gone.
"""

from __future__ import annotations

import _thread
import math
import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from furu import _plugins, config
from furu._sys.clock import SYSTEM_CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from furu._sys.clock import Clock

    #: What is registered in ``furu.schedulers``.
    Ask = Callable[[Sequence[str]], Mapping[str, "News"]]

GROUP = "furu.schedulers"

#: A job that nobody has asked about for so many intervals is left out of the next query.
REMEMBERED_INTERVALS = 10


@dataclass(frozen=True, slots=True)
class ScheduledJob:
    """One job: the name of its scheduler (``slurm``) and its id there (``123``, ``123_4``)."""

    scheduler: str
    job_id: str

    def __str__(self) -> str:
        return f"{self.scheduler.capitalize()} job {self.job_id}"


@dataclass(frozen=True, slots=True)
class News:
    """What a scheduler says of a job.

    ``gone`` is True when it is certain that the job will not run any more; ``words`` are the scheduler's own, for people.
    """

    gone: bool
    words: str


#: The job this code runs in, when a scheduler was given it by furu.
_mine: ContextVar[ScheduledJob | None] = ContextVar("furu_scheduled_job", default=None)


@contextmanager
def working_as(job: ScheduledJob) -> Iterator[None]:
    """Let the code inside take over the claims that wait for ``job``, and leave them to it again when it is interrupted."""
    reset = _mine.set(job)
    try:
        yield
    finally:
        _mine.reset(reset)


def mine() -> ScheduledJob | None:
    """Return the job this code runs in, None outside of one."""
    return _mine.get()


class Desk:
    """The news of one scheduler: one query for all jobs that are asked about, at most one per ``FURU_POLL_INTERVAL_SECS``.

    Threads: safe; while one asks the scheduler the others take what is known.
    """

    def __init__(self, ask: Ask | None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._ask = ask
        self._clock = clock
        self._asking = _thread.allocate_lock()
        self._wanted: dict[str, float] = {}  # job -> when it was last asked about
        self._known: dict[str, News] = {}
        self._due = -math.inf
        self._troubled = False

    def news(self, job_id: str) -> News | None:
        """Return what was last said of a job; None where nothing was."""
        now = self._clock.monotonic()
        self._wanted[job_id] = now
        if now >= self._due:
            self.refresh()
        return self._known.get(job_id)

    def refresh(self) -> None:
        """Ask now, about all jobs that were asked about lately."""
        if self._ask is None or not self._asking.acquire(blocking=False):
            return
        try:
            interval_sec = config.current().poll_interval
            since = self._clock.monotonic() - REMEMBERED_INTERVALS * interval_sec
            self._wanted = {job_id: at for job_id, at in self._wanted.copy().items() if at >= since}
            try:
                found = dict(self._ask(sorted(self._wanted)))
            except Exception as error:  # noqa: BLE001 - it is a plugin's, and no news is an answer, too
                if not self._troubled:
                    from furu.runtime.logging import get_logger

                    get_logger().warning("the scheduler does not say what has become of jobs: %s", error)
                self._troubled = True
            else:
                self._troubled = False
                self._known = found
            self._due = self._clock.monotonic() + interval_sec
        finally:
            self._asking.release()


_desks: dict[str, Desk] = {}
os.register_at_fork(after_in_child=_desks.clear)


def news(job: ScheduledJob) -> News | None:
    """Return what its scheduler says of a job; None where no package knows the scheduler, and where it says nothing."""
    return _desk(job.scheduler).news(job.job_id)


def refresh() -> None:
    """Ask every scheduler now about the jobs that were asked about lately; for a decision about many of them."""
    for desk in list(_desks.values()):
        desk.refresh()


@contextmanager
def answering(scheduler: str, ask: Ask) -> Iterator[None]:
    """Let ``ask`` speak for ``scheduler`` inside the block, whatever packages are installed."""
    before = _desks.pop(scheduler, None)
    _desks[scheduler] = Desk(ask)
    try:
        yield
    finally:
        del _desks[scheduler]
        if before is not None:
            _desks[scheduler] = before


def _desk(scheduler: str) -> Desk:
    found = _desks.get(scheduler)
    if found is None:
        known = scheduler in _plugins.names(GROUP)
        found = _desks.setdefault(scheduler, Desk(_plugins.load(GROUP, scheduler) if known else None))
    return found
