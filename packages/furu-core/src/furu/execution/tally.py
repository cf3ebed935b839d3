"""``Tally``: what a run has done so far, per class and in all."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.execution.scheduler import Bucket

if TYPE_CHECKING:
    from furu._sys.clock import Clock
    from furu.execution.executor import Job
    from furu.execution.scheduler import Scheduler
    from furu.task import Task

#: How many of the slowest jobs are remembered.
SLOWEST = 5

#: The rate is that of about this many seconds.
RATE_SEC = 10.0


@dataclass(slots=True)
class Line:
    """The figures of one class.

    ``computed`` were created by this run, ``elsewhere`` by others while it ran, ``loaded`` were there before.
    """

    computed: int = 0
    elsewhere: int = 0
    loaded: int = 0
    failed: int = 0
    total: int = 0
    runs: int = 0
    wall_sec: float = 0.0
    cpu_sec: float = 0.0

    @property
    def mean_sec(self) -> float | None:
        """The time a job took on average, those that failed included; None before the first has ended."""
        return self.wall_sec / self.runs if self.runs else None

    @property
    def done(self) -> int:
        """How many there are by now, of those that were missing."""
        return self.computed + self.elsewhere

    @property
    def left(self) -> int:
        """How many were neither created nor have failed."""
        return max(0, self.total - self.done - self.failed)

    def add(self, other: Line) -> None:
        """Add the figures of another line."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Running:
    """A job that runs: what, and since when (seconds of the clock's ``monotonic``)."""

    task: Task
    since: float

    @property
    def label(self) -> str:
        """The short name of the artifact."""
        return self.task.furu_ref.label


class Tally:
    """Counts what a run does.

    Cost: the same for each event, however many nodes there are.
    """

    def __init__(self, scheduler: Scheduler, workers: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.began = clock.monotonic()
        self.running: dict[str, Running] = {}
        self.lines: dict[str, Line] = {}
        self.slowest: list[tuple[float, str, str]] = []  # seconds, key, label
        self._scheduler = scheduler
        self._workers = workers
        self._planned = 0
        self._marks: list[tuple[float, int]] = [(self.began, 0)]
        for name, count in scheduler.plan.published.items():
            self._line(name).loaded = count
        self._count_plan()

    @property
    def whole(self) -> Line:
        """The sum of all classes."""
        total = Line()
        for line in self.lines.values():
            total.add(line)
        return total

    @property
    def elapsed_sec(self) -> float:
        """The seconds since the run began."""
        return self.clock.monotonic() - self.began

    @property
    def waited_for(self) -> int:
        """How many artifacts somebody else is creating."""
        return self._scheduler.counts[Bucket.IN_PROGRESS_EXTERNAL]

    @property
    def failed(self) -> int:
        """How many artifacts have failed for good."""
        return len(self._scheduler.failures)

    def started(self, job: Job) -> None:
        """Count a job that runs from now on."""
        self.running[job.key] = Running(job.task, self.clock.monotonic())

    def stopped(self, key: str, wall_sec: float, cpu_sec: float) -> None:
        """Count what a job has used."""
        job = self.running.pop(key, None)
        if job is None:
            return
        line = self._line(type(job.task).__name__)
        line.runs += 1
        line.wall_sec += wall_sec
        line.cpu_sec += cpu_sec
        if len(self.slowest) < SLOWEST or wall_sec > self.slowest[0][0]:
            heapq.heappush(self.slowest, (wall_sec, key, job.label))
            if len(self.slowest) > SLOWEST:
                heapq.heappop(self.slowest)

    def computed(self, key: str) -> None:
        """Count an artifact that this run has created."""
        self._line(self._class_of(key)).computed += 1

    def gave_up(self, key: str) -> None:
        """Count an artifact that has failed for good."""
        self._line(self._class_of(key)).failed += 1

    def found(self, key: str) -> None:
        """Count an artifact that somebody else has created meanwhile."""
        self._line(self._class_of(key)).elsewhere += 1

    def turned(self) -> None:
        """Note the time, for the rate, and what has been added to the plan or has failed."""
        if len(self._scheduler.plan.nodes) != self._planned:
            self._count_plan()
        now = self.clock.monotonic()
        if now - self._marks[-1][0] >= RATE_SEC / 10:
            self._marks = [*self._marks[-10:], (now, self._scheduler.counts[Bucket.COMPLETED])]

    def rate(self) -> float:
        """Return the artifacts per second that were finished lately."""
        then, done = self._marks[0]
        sec = self.clock.monotonic() - then
        return (self._scheduler.counts[Bucket.COMPLETED] - done) / sec if sec > 0 else 0.0

    def left_sec(self) -> float | None:
        """Return about how long the rest takes, by the mean time of each class so far; None while nothing is known."""
        whole = self.whole
        mean = whole.mean_sec
        if mean is None:
            return None
        left = sum(line.left * (mean if line.mean_sec is None else line.mean_sec) for line in self.lines.values())
        remaining = max(1, whole.total - whole.done - self._scheduler.counts[Bucket.FAILED])
        left *= remaining / max(1, whole.left)  # some will not be tried, because they need what has failed
        now = self.clock.monotonic()
        left -= sum(min(now - one.since, mean) for one in self.running.values())
        by_time = max(0.0, left) / min(self._workers, remaining)
        rate = self.rate()
        return max(
            by_time, remaining / rate if rate > 2 else 0.0
        )  # short jobs: what the run itself costs counts as well

    def _count_plan(self) -> None:
        self._planned = len(self._scheduler.plan.nodes)
        for name, count in self._scheduler.plan.counts.items():
            self._line(name).total = count

    def _class_of(self, key: str) -> str:
        return type(self._scheduler.plan.nodes[key].task).__name__

    def _line(self, name: str) -> Line:
        return self.lines.setdefault(name, Line())
