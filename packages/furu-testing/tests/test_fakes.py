"""The fakes: a clock that is moved by hand, and an executor that does what the test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from furu.errors import FuruComputeError
from furu.execution import Blocked, Done, Failed, Job
from furu.execution import plan as plans
from furu.execution.drive import Driver, Intervals
from furu.execution.scheduler import Scheduler
from furu_testing import assert_computed, computed
from furu_testing.contracts import ExecutorContract
from furu_testing.contracts.jobs import Fails, Square, Sum, Undeclared
from furu_testing.fakes import FakeExecutor, ManualClock

if TYPE_CHECKING:
    import furu
    from furu.execution import Outcome


class TestFakeExecutor(ExecutorContract):
    """The fake keeps the contract of executors, as far as it can in the caller's thread."""

    runs_in_background = False

    def make(self, capacity: int) -> FakeExecutor:
        """Return one that runs every job."""
        return FakeExecutor(capacity=capacity)


def job(task: furu.Furu[int]) -> Job:
    """Return the job of a task."""
    return Job(task, plans.specs_of(task))


def test_jobs_end_as_the_test_says() -> None:
    """A script has one entry per submission: outcomes, failure kinds and exceptions, then the job is run."""
    error = MemoryError("a lot")
    two = Square(number=2)
    script = ["preempted", error, Blocked(two.furu_hash, (Square(number=3),))]
    executor = FakeExecutor(outcomes={two: script}, run=lambda job: Done(job.key))

    ended: list[Outcome] = []
    for _ in range(4):
        executor.submit(job(two))
        ended.extend(executor.wait(None))

    assert ended == [
        Failed(two.furu_hash, "preempted"),
        Failed(two.furu_hash, "error", error),
        Blocked(two.furu_hash, (Square(number=3),)),
        Done(two.furu_hash),
    ]


def test_jobs_may_be_named_by_their_hash() -> None:
    """A script for one entry may stand alone, under the hash of its config."""
    two = Square(number=2)
    executor = FakeExecutor(outcomes={two.furu_hash: "oom"})
    executor.submit(job(two))

    assert executor.wait(None) == [Failed(two.furu_hash, "oom")]


def test_jobs_end_in_the_order_of_submission() -> None:
    """One call of wait ends one job; what was submitted, and how many were in flight, is there to look at."""
    executor = FakeExecutor(capacity=3, run=lambda job: Done(job.key))
    tasks = [Square(number=number) for number in range(3)]
    for task in tasks:
        executor.submit(job(task))

    ended = [executor.wait(None) for _ in tasks]

    assert ended == [[Done(task.furu_hash)] for task in tasks]
    assert executor.order == ["Square"] * 3
    assert [each.task for each in executor.submitted] == tasks
    assert executor.most_in_flight == 3


def test_a_caller_that_breaks_the_protocol_is_told() -> None:
    """Too many jobs, one key twice, a wait that would never end, and a job after the end are assertion errors."""
    executor = FakeExecutor(capacity=2)
    with pytest.raises(AssertionError, match="never return"):
        executor.wait(None)
    executor.submit(job(Square(number=1)))
    with pytest.raises(AssertionError, match="in flight already"):
        executor.submit(job(Square(number=1)))
    executor.submit(job(Square(number=2)))
    with pytest.raises(AssertionError, match="capacity of 2"):
        executor.submit(job(Square(number=3)))
    executor.close(cancel=True)
    with pytest.raises(AssertionError, match="after close"):
        executor.submit(job(Square(number=3)))
    assert executor.closed is True
    assert executor.capacity() == 0


def test_a_clock_stands_still_until_it_is_moved() -> None:
    """Sleeping moves it at once and is noted; it does not go back."""
    clock = ManualClock(now=100.0)

    clock.sleep(0.5)
    clock.advance(9.5)

    assert (clock.now(), clock.monotonic(), clock.sleeps) == (110.0, 110.0, [0.5])
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_waiting_for_nothing_moves_the_clock() -> None:
    """With nothing in flight, wait passes its time on the clock that was given."""
    clock = ManualClock()

    assert FakeExecutor(clock=clock).wait(30.0) == []
    assert clock.sleeps == [30.0]


@pytest.mark.usefixtures("furu_tmp_root")
def test_a_plan_is_driven_without_waiting() -> None:
    """Plan, scheduler and loop run on the fakes: order, retries and failures are seen without a process or a pause."""
    parts = [Square(number=number) for number in range(3)]
    total = Sum(parts=parts)
    executor = FakeExecutor(capacity=2, outcomes={parts[0]: ["oom", "run"]})
    scheduler = Scheduler(plans.build([total]), retries=1)

    Driver(scheduler, executor, intervals=Intervals(poll_sec=60.0), clock=executor.clock).run()

    assert total.load_existing() == 5
    assert executor.order == ["Square"] * 4 + ["Sum"]
    assert executor.most_in_flight == 2
    assert executor.closed is False
    assert computed(Square) == 3


@pytest.mark.usefixtures("furu_tmp_root")
def test_a_failure_ends_the_run() -> None:
    """A job that fails for good leaves what needs it undone, and the executor is told to cancel."""
    executor = FakeExecutor(capacity=1)
    scheduler = Scheduler(plans.build([Fails(number=1), Square(number=1)]))

    Driver(scheduler, executor, clock=executor.clock).run()

    assert isinstance(scheduler.failures[0].outcome.error, FuruComputeError)
    assert executor.closed is True
    assert computed(Square) == 0


@pytest.mark.usefixtures("furu_tmp_root")
def test_an_undeclared_dependency_is_built_and_warned_about() -> None:
    """The job that was blocked runs again after what it needs."""
    executor = FakeExecutor()
    scheduler = Scheduler(plans.build([Undeclared(number=3)]))

    with pytest.warns(UserWarning, match="Undeclared"):
        Driver(scheduler, executor, clock=executor.clock).run()

    assert executor.order == ["Undeclared", "Square", "Undeclared"]
    assert_computed(Square(number=3))
