"""``ExecutorContract``: what ``drive`` and a user may rely on, whatever runs the jobs."""

from __future__ import annotations

import os
import time
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import furu
from furu.execution import Blocked, Done, Elsewhere, Failed, Job
from furu.execution.plan import specs_of
from furu.storage import store
from furu_testing.children import PATIENCE_SEC, is_running, until
from furu_testing.contracts import jobs
from furu_testing.observed import computed
from furu_testing.overrides import override_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from furu.execution import Executor, Outcome
    from furu.task import Task

CLOSES_WITHIN_SEC = 2.0


class ExecutorContract:
    """Every job ends exactly once and says how; nothing of ours runs after ``close``.

    A subclass says in ``make`` what is to be tested, and in these what it is like:

    ``runs_in_background``: jobs go on between two calls, not only inside ``wait``.
    ``workers_are_processes``: each job runs in a process other than the caller's, and may die with it.
    ``cancels_running``: ``close(cancel=True)`` ends a job that is running; threads cannot do that.
    ``patience_sec``: how long a job of no work may take to end.
    """

    runs_in_background: ClassVar[bool] = True
    workers_are_processes: ClassVar[bool] = False
    cancels_running: ClassVar[bool] = True
    patience_sec: ClassVar[float] = PATIENCE_SEC

    def make(self, capacity: int) -> Executor:
        """Return a fresh executor that runs up to ``capacity`` jobs at a time."""
        raise NotImplementedError

    @pytest.fixture
    def start(self, furu_tmp_root: Path) -> Iterator[Callable[..., Executor]]:  # noqa: ARG002 - needed first
        """Give a function that makes executors, which are closed after the test.

        Executors begin where the test says, because what is in force at that moment has to reach the workers.
        """
        made: list[Executor] = []

        def make(capacity: int = 2) -> Executor:
            made.append(self.make(capacity))
            return made[-1]

        yield make
        for executor in made:
            executor.close(cancel=True)

    @pytest.fixture
    def beats(self, tmp_path: Path) -> Iterator[Callable[[str], jobs.Beats]]:
        """Give a function that makes computations which go on until they are told, at the latest when the test ends."""
        if not self.runs_in_background:
            pytest.skip("this executor runs jobs inside wait() only")
        made: list[jobs.Beats] = []

        def make(name: str) -> jobs.Beats:
            (tmp_path / name).mkdir()
            made.append(jobs.Beats(directory=tmp_path / name))
            return made[-1]

        yield make
        for one in made:
            (one.directory / one.until).touch()

    def ended(self, executor: Executor, *tasks: Task) -> dict[str, Outcome]:
        """Run tasks, at most as many at a time as there is room for; return the outcome of each, asserting there is one."""
        left = deque(Job(task, specs_of(task)) for task in tasks)
        in_flight: set[str] = set()
        outcomes: dict[str, Outcome] = {}
        end = time.monotonic() + self.patience_sec
        while left or in_flight:
            while left and executor.capacity() > 0:
                job = left.popleft()
                executor.submit(job)
                in_flight.add(job.key)
            for outcome in executor.wait(0.1):
                assert outcome.key in in_flight, f"{outcome} of a job that is not running"
                in_flight.remove(outcome.key)
                outcomes[outcome.key] = outcome
            assert time.monotonic() < end, f"{len(in_flight)} jobs have not ended after {self.patience_sec:g} s"
        return outcomes

    def awaited(self, executor: Executor, number: int) -> list[Outcome]:
        """Wait for the outcomes of ``number`` jobs that were submitted."""
        outcomes: list[Outcome] = []
        end = time.monotonic() + self.patience_sec
        while len(outcomes) < number:
            assert time.monotonic() < end, f"{len(outcomes)} of {number} jobs have ended after {self.patience_sec:g} s"
            outcomes.extend(executor.wait(0.1))
        return outcomes

    def outcome(self, executor: Executor, task: Task) -> Outcome:
        """Run one task and return how it ended."""
        return self.ended(executor, task)[task.furu_hash]

    def test_capacity_is_what_there_is_room_for(self, start: Callable[..., Executor], tmp_path: Path) -> None:
        """It is at least one at first, one less per job that has not ended, and back when the jobs have ended."""
        executor = start(3)
        room = executor.capacity()
        assert room == 3

        tasks = [jobs.Beats(directory=tmp_path, until=name) for name in ("one", "two")]
        try:
            submit(executor, *tasks)
            assert executor.capacity() == room - 2
        finally:
            for task in tasks:
                (task.directory / task.until).touch()

        self.awaited(executor, 2)
        assert executor.capacity() == room

    def test_a_job_that_is_done_is_published(self, start: Callable[..., Executor]) -> None:
        """The outcome names the key, and the result can be loaded without computing anything here."""
        square = jobs.Square(number=7)

        outcome = self.outcome(start(), square)

        assert outcome == Done(square.furu_hash)
        assert square.load_existing() == 49
        assert computed(square) == 1

    def test_what_is_published_already_is_done_at_once(self, start: Callable[..., Executor]) -> None:
        """A job whose result somebody published meanwhile is done without computing anything."""
        square = jobs.Square(number=7)
        square.get()

        assert self.outcome(start(), square) == Done(square.furu_hash)
        assert computed(square) == 1

    def test_declared_dependencies_are_loaded(self, start: Callable[..., Executor]) -> None:
        """A job finds the results of jobs before it, and computes none of them again."""
        executor = start()
        parts = [jobs.Square(number=number) for number in (1, 2, 3)]
        total = jobs.Sum(parts=parts)
        self.ended(executor, *parts)

        assert self.outcome(executor, total) == Done(total.furu_hash)
        assert total.load_existing() == 14
        assert computed(jobs.Square) == 3

    def test_a_failure_is_a_compute_error_and_the_original(self, start: Callable[..., Executor]) -> None:
        """What ``_create`` raised arrives as ``FuruComputeError`` and as its own class, attributes and text included."""
        fails = jobs.Fails(number=13)

        outcome = self.outcome(start(), fails)

        assert isinstance(outcome, Failed)
        assert (outcome.key, outcome.kind) == (fails.furu_hash, "error")
        assert isinstance(outcome.error, furu.FuruComputeError)
        assert isinstance(outcome.error, jobs.BadNumber)
        assert outcome.error.number == 13
        assert "13 is bad" in str(outcome.error)
        assert "in _create" in (outcome.error.recorded_traceback or "")
        assert not fails.exists()

    def test_a_job_may_be_tried_again(self, start: Callable[..., Executor]) -> None:
        """The same key can be submitted anew after its job has ended."""
        executor = start()
        once = jobs.FailsOnce(number=1)

        assert isinstance(self.outcome(executor, once), Failed)
        assert self.outcome(executor, once) == Done(once.furu_hash)

    def test_every_job_ends_exactly_once(self, start: Callable[..., Executor]) -> None:
        """Twenty jobs, some of which fail, through a small capacity: one outcome each, and nothing follows."""
        executor = start(2)
        good = [jobs.Square(number=number) for number in range(15)]
        bad = [jobs.Fails(number=number) for number in range(5)]
        mixed = [*good[:8], *bad, *good[8:]]

        outcomes = self.ended(executor, *mixed)

        assert {key for key, outcome in outcomes.items() if isinstance(outcome, Done)} == keys(good)
        assert {key for key, outcome in outcomes.items() if isinstance(outcome, Failed)} == keys(bad)
        assert list(executor.wait(0)) == []
        assert computed(jobs.Square) == len(good)

    def test_wait_without_jobs_returns_nothing(self, start: Callable[..., Executor]) -> None:
        """With nothing in flight there is no outcome, however often it is asked for."""
        executor = start()

        assert [list(executor.wait(0)) for _ in range(3)] == [[], [], []]

    def test_wait_for_no_time_returns_at_once(
        self, start: Callable[..., Executor], beats: Callable[[str], jobs.Beats]
    ) -> None:
        """While a job runs, ``wait(0)`` says so without waiting, and ``wait`` with a time-out about after that."""
        executor = start()
        running = beats("running")
        submit(executor, running)
        until(lambda: running.begun, self.patience_sec)

        for timeout in (0, 0.02):
            began = time.monotonic()
            assert list(executor.wait(timeout)) == []
            assert time.monotonic() - began < 1.0

        (running.directory / running.until).touch()
        assert self.awaited(executor, 1) == [Done(running.furu_hash)]

    def test_jobs_run_side_by_side(self, start: Callable[..., Executor], beats: Callable[[str], jobs.Beats]) -> None:
        """With room for two, two jobs run at the same time."""
        executor = start(2)
        both = [beats("one"), beats("two")]

        submit(executor, *both)

        until(lambda: all(one.begun for one in both), self.patience_sec, lambda: "two jobs that run side by side")

    def test_an_undeclared_dependency_blocks(self, start: Callable[..., Executor]) -> None:
        """A job that asks for what is not there says what it needs; once that is built, it succeeds."""
        executor = start()
        needs, missing = jobs.Undeclared(number=4), jobs.Square(number=4)

        outcome = self.outcome(executor, needs)

        assert isinstance(outcome, Blocked)
        assert outcome.key == needs.furu_hash
        assert keys(outcome.on) == keys([missing])
        assert computed(missing) == 0
        assert self.outcome(executor, missing) == Done(missing.furu_hash)
        assert self.outcome(executor, needs) == Done(needs.furu_hash)
        assert needs.load_existing() == 17

    def test_what_somebody_else_creates_is_elsewhere(self, start: Callable[..., Executor]) -> None:
        """A job whose artifact is being created outside does not wait; once it is free, the job succeeds."""
        executor = start()
        square = jobs.Square(number=5)
        held = store.artifact(square.furu_ref).claim("1" * 32)
        assert held is not None

        try:
            assert self.outcome(executor, square) == Elsewhere(square.furu_hash)
        finally:
            held.release()

        assert self.outcome(executor, square) == Done(square.furu_hash)

    def test_overrides_reach_the_workers(self, start: Callable[..., Executor]) -> None:
        """A result that a test put in place is what a job gets, and is never computed."""
        part, total = jobs.Square(number=3), jobs.Sum(parts=[jobs.Square(number=3)])

        with override_results({part: 1000}):
            outcome = self.outcome(start(), total)

        assert outcome == Done(total.furu_hash)
        assert total.load_existing() == 1000
        assert computed(part) == 0

    def test_settings_reach_the_workers(self, start: Callable[..., Executor]) -> None:
        """What was set on ``FURU_CONFIG`` from Python holds in the workers; the store is the same."""
        furu.FURU_CONFIG.wait_log_every_sec = 12.5
        furu.FURU_CONFIG.retry_failed = False
        furu.FURU_CONFIG.always_rerun = {"furu_testing.contracts.jobs.Beats"}
        names = ["wait_log_every_sec", "retry_failed", "always_rerun", "base_root", "record_git", "trace"]
        told = jobs.Settings(names=names)

        assert self.outcome(start(), told) == Done(told.furu_hash)
        assert told.load_existing() == [repr(getattr(furu.FURU_CONFIG, name)) for name in names]

    def test_workers_are_where_the_contract_says(
        self, start: Callable[..., Executor], beats: Callable[[str], jobs.Beats]
    ) -> None:
        """A job runs in a process other than this one exactly if the executor says so."""
        running = beats("running")
        submit(start(), running)
        until(lambda: running.begun, self.patience_sec)

        assert (running.pid != os.getpid()) == self.workers_are_processes

    def test_cancelling_ends_what_runs(
        self, start: Callable[..., Executor], beats: Callable[[str], jobs.Beats]
    ) -> None:
        """``close(cancel=True)`` returns within two seconds; jobs, and processes if there are any, have ended by then."""
        if not self.cancels_running:
            pytest.skip("this executor cannot end a job that is running")
        executor = start(2)
        both = [beats("one"), beats("two")]
        submit(executor, *both)
        until(lambda: all(one.begun for one in both), self.patience_sec)

        began = time.monotonic()
        executor.close(cancel=True)
        took = time.monotonic() - began

        assert took < CLOSES_WITHIN_SEC
        before = [one.beats for one in both]
        time.sleep(0.03)
        assert [one.beats for one in both] == before, "a cancelled job goes on"
        if self.workers_are_processes:
            until(lambda: not any(is_running(one.pid) for one in both), CLOSES_WITHIN_SEC, lambda: "no worker left")
        assert [one.exists() for one in both] == [False, False]

    def test_closing_lets_jobs_finish(self, start: Callable[..., Executor]) -> None:
        """``close(cancel=False)`` returns when what was submitted has ended."""
        executor = start(2)
        both = [jobs.Square(number=1), jobs.Square(number=2)]
        submit(executor, *both)

        executor.close(cancel=False)

        assert [one.exists() for one in both] == [True, True]

    def test_a_worker_that_dies_costs_one_job(self, start: Callable[..., Executor]) -> None:
        """The job of a killed worker has failed as ``lost``; others, and those that follow, are done."""
        if not self.workers_are_processes:
            pytest.skip("this executor runs jobs in the caller's process")
        executor = start(2)
        dies, others = jobs.Dies(number=1), [jobs.Square(number=number) for number in range(4)]

        outcomes = self.ended(executor, dies, *others)

        lost = outcomes[dies.furu_hash]
        assert isinstance(lost, Failed)
        assert lost.kind == "lost"
        assert [outcomes[one.furu_hash] for one in others] == [Done(one.furu_hash) for one in others]
        assert self.outcome(executor, jobs.Square(number=10)) == Done(jobs.Square(number=10).furu_hash)
        assert not dies.exists()


def submit(executor: Executor, *tasks: Any) -> None:
    """Submit tasks without waiting for them."""
    for task in tasks:
        executor.submit(Job(task, specs_of(task)))


def keys(tasks: Any) -> set[str]:
    """Return the keys of tasks."""
    return {task.furu_hash for task in tasks}
