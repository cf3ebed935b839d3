"""The contracts: implementations that keep them pass, and each way of breaking them fails a test that names it."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing import connection, get_context
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from furu.execution import Done, Failed, worker
from furu.storage import lease, state
from furu.storage.artifact import Artifact
from furu_testing.contracts import ExecutorContract

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from furu.execution import Executor, Job, Outcome
    from furu.runtime.schedulers import ScheduledJob
    from furu.storage.evidence import Evidence

pytest_plugins = ["pytester"]

_FORK = get_context("fork")


class Processes:
    """One forked process per job, which sends its outcome through a pipe."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._running: dict[Connection, tuple[Job, Any]] = {}

    def capacity(self) -> int:
        """Return how many jobs it would accept now."""
        return self._capacity - len(self._running)

    def submit(self, job: Job) -> None:
        """Begin to run a job."""
        ours, theirs = _FORK.Pipe(duplex=False)
        process = _FORK.Process(target=self.work, args=(job, theirs))
        process.start()
        theirs.close()
        self._running[ours] = (job, process)

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return outcomes; a process that ended without one is lost."""
        return [self._ended(pipe) for pipe in connection.wait(list(self._running), timeout)]  # type: ignore[arg-type]

    def close(self, *, cancel: bool) -> None:
        """Stop: kill, or wait."""
        for _, process in self._running.values():
            if cancel:
                process.kill()
        while self._running:
            self.wait(None)

    def work(self, job: Job, pipe: Connection) -> None:
        """Do a job in its process."""
        pipe.send(worker.run(job))

    def _ended(self, pipe: Connection) -> Outcome:
        job, process = self._running.pop(pipe)
        try:
            outcome: Outcome = pipe.recv()
        except EOFError:
            outcome = Failed(job.key, "lost")
        process.join()
        pipe.close()
        return outcome


class Threads:
    """A pool of threads; it cannot end what runs."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pool = ThreadPoolExecutor(capacity)
        self._running: dict[Future[Outcome], Job] = {}

    def capacity(self) -> int:
        """Return how many jobs it would accept now."""
        return self._capacity - len(self._running)

    def submit(self, job: Job) -> None:
        """Begin to run a job."""
        self._running[self._pool.submit(worker.run, job)] = job

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return outcomes."""
        ended = wait(self._running, timeout, return_when=FIRST_COMPLETED).done
        for future in ended:
            del self._running[future]
        return [future.result() for future in ended]

    def close(self, *, cancel: bool) -> None:
        """Wait for what runs, or leave it behind."""
        self._pool.shutdown(wait=not cancel, cancel_futures=cancel)


class Forgets(Processes):
    """Loses a job whose process dies."""

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return outcomes but for those of lost processes."""
        return [outcome for outcome in super().wait(timeout) if outcome != Failed(outcome.key, "lost")]


class Repeats(Processes):
    """Says twice how a job ended."""

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return each outcome twice."""
        return [outcome for outcome in super().wait(timeout) for _ in range(2)]


class LeavesRunning(Processes):
    """Does not end what runs."""

    def close(self, *, cancel: bool) -> None:
        """Forget the jobs."""
        if cancel:
            self._running.clear()
        super().close(cancel=cancel)


class Overstates(Processes):
    """Has no bound on what it accepts."""

    def capacity(self) -> int:
        """Return too much."""
        return self._capacity


class LosesErrors(Processes):
    """Sends an error as text."""

    def work(self, job: Job, pipe: Connection) -> None:
        """Do a job, and tell little of it."""
        outcome = worker.run(job)
        if isinstance(outcome, Failed):
            outcome = Failed(outcome.key, outcome.kind, RuntimeError(str(outcome.error)))
        pipe.send(outcome)


class Believes(Processes):
    """Says that a job is done, whatever came of it."""

    def work(self, job: Job, pipe: Connection) -> None:
        """Do a job, and claim that it went well."""
        worker.run(job)
        pipe.send(Done(job.key))


class Sleeps(Processes):
    """Waits longer than it is told."""

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Wait for at least a second and a half."""
        return super().wait(max(1.5, timeout or 0))


class StaysHere(Processes):
    """Runs jobs in the caller's process, and says it does not."""

    def submit(self, job: Job) -> None:
        """Run the job in a thread."""
        ours, theirs = _FORK.Pipe(duplex=False)
        thread = ThreadPoolExecutor(1).submit(self.work, job, theirs)
        self._running[ours] = (job, _Joinable(thread))


class _Joinable:
    def __init__(self, future: Future[None]) -> None:
        self._future = future

    def join(self) -> None:
        self._future.result()

    def kill(self) -> None:
        """Do nothing: a thread cannot be killed."""


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
class TestProcesses(ExecutorContract):
    """An executor of forked processes keeps all of the contract."""

    workers_are_processes = True

    def make(self, capacity: int) -> Executor:
        """Return one process per job."""
        return Processes(capacity)


class TestThreads(ExecutorContract):
    """An executor of threads keeps what threads can keep."""

    cancels_running: ClassVar[bool] = False

    def make(self, capacity: int) -> Executor:
        """Return a pool of threads."""
        return Threads(capacity)


class BrokenLeases:
    """The leases of the store, each with one promise broken."""

    def __init__(self, how: str) -> None:
        self._how = how

    def look(self, meta_dir: str) -> lease.Claim | None:
        """Return the claim."""
        claim = lease.look(meta_dir)
        if claim is not None and self._how == "never dead":
            return lease.Claim(**{name: getattr(claim, name) for name in claim.__slots__} | {"live": True})
        return claim

    def break_dead(self, claim: lease.Claim) -> None:
        """Remove a claim."""
        if self._how == "breaks whatever is there":
            shutil.rmtree(Path(claim.path).parent)
        else:
            lease.break_dead(claim)

    def take(self, meta_dir: str, *, furu_hash: str, attempt_id: str) -> Any:
        """Take the lease."""
        if self._how == "asks nobody":
            shutil.rmtree(f"{meta_dir}/compute.lock", ignore_errors=True)
        taken = lease.take(meta_dir, furu_hash=furu_hash, attempt_id=attempt_id)
        return taken if taken is None else BrokenLease(self._how, taken)

    def take_over(self, claim: lease.Claim, *, furu_hash: str, attempt_id: str) -> Any:
        """Take over a claim that waits for a job."""
        taken = lease.take_over(claim, furu_hash=furu_hash, attempt_id=attempt_id)
        if taken is None and self._how == "comes late":
            here = lease.look(str(Path(claim.path).parents[1]))
            return here and lease.take_over(here, furu_hash=furu_hash, attempt_id=attempt_id)
        return taken


class BrokenLease:
    """A lease with one promise broken."""

    def __init__(self, how: str, held: lease.Lease) -> None:
        self._how = how
        self._held = held
        self.token = held.token

    def check(self) -> None:
        """Check the claim."""
        if self._how != "checks nothing":
            self._held.check()

    def publish(self, marker: str, *, sync: bool) -> None:
        """Publish."""
        if self._how == "publishes late":
            Path(marker).write_text("{}")
        self._held.publish(marker, sync=sync)

    def hand_over(self, job: ScheduledJob) -> None:
        """Leave the claim to a job."""
        if self._how == "leaves nothing":
            self._held.release()
        else:
            self._held.hand_over(job)

    def release(self) -> None:
        """Release."""
        if self._how == "a child releases":
            self._held.pid = os.getpid()
        self._held.release()


class BrokenArtifact(Artifact):
    """The artifact of the store with one promise broken."""

    how = ""

    def published(self) -> bool:
        """Return whether the marker is there."""
        return os.path.exists(self.marker) if self.how == "trusts any marker" else super().published()

    def look(self) -> Evidence:
        """Look."""
        if self.how == "makes what it looks at":
            os.makedirs(self.meta_dir, exist_ok=True)
        if self.how == "wants a whole state":
            state.read(self.meta_dir)
        return super().look()

    def discard(self, held: lease.Lease) -> None:
        """Withdraw what is published."""
        if self.how == "discards for anybody":
            Path(self.marker).unlink(missing_ok=True)
        else:
            super().discard(held)


BROKEN = {
    "Forgets": "test_a_worker_that_dies_costs_one_job",
    "Repeats": "test_every_job_ends_exactly_once",
    "LeavesRunning": "test_cancelling_ends_what_runs",
    "Overstates": "test_capacity_is_what_there_is_room_for",
    "LosesErrors": "test_a_failure_is_a_compute_error_and_the_original",
    "Believes": "test_what_somebody_else_creates_is_elsewhere",
    "Sleeps": "test_wait_for_no_time_returns_at_once",
    "StaysHere": "test_workers_are_where_the_contract_says",
    "never dead": "test_a_killed_holder_is_dead_at_once",
    "breaks whatever is there": "test_breaking_a_claim_removes_that_claim_only",
    "asks nobody": "test_a_held_lease_is_given_to_nobody_else",
    "checks nothing": "test_who_lost_the_lease_changes_nothing",
    "publishes late": "test_a_released_lease_is_no_lease",
    "a child releases": "test_a_forked_child_holds_nothing",
    "leaves nothing": "test_a_waiting_claim_outlives_its_submitter",
    "comes late": "test_a_zombie_finds_nothing_to_take_over",
    "trusts any marker": "test_what_is_no_marker_is_no_hit[empty]",
    "makes what it looks at": "test_looking_creates_nothing",
    "wants a whole state": "test_a_damaged_state_does_not_break_a_look[torn]",
    "discards for anybody": "test_nobody_else_may_discard",
}

BROKEN_TESTS = """
    import subject
    from furu_testing.contracts import ArtifactContract, ExecutorContract, LeaseContract
    from furu.task import ArtifactRef

    def named(how):
        return "Test" + "".join(word.capitalize() for word in how.split()) if " " in how else f"Test{{how}}"

    for how in {executors}:
        globals()[named(how)] = type(named(how), (ExecutorContract,), {{
            "workers_are_processes": True,
            "patience_sec": 1.0,
            "make": lambda self, capacity, how=how: getattr(subject, how)(capacity),
        }})
    for how in {leases}:
        globals()[named(how)] = type(named(how), (LeaseContract,), {{
            "make": lambda self, how=how: subject.BrokenLeases(how),
        }})

    def artifact(directory, how):
        made = subject.BrokenArtifact(ArtifactRef("data", "module.Class", "0" * 20), str(directory))
        made.how = how
        return made

    for how in {artifacts}:
        globals()[named(how)] = type(named(how), (ArtifactContract,), {{
            "make": lambda self, directory, how=how: artifact(directory, how),
        }})
"""


def test_each_broken_promise_fails_its_test(pytester: pytest.Pytester) -> None:
    """For each way of breaking a contract, the test of that promise fails (and not for another reason)."""
    kinds = list(BROKEN)
    split = {"executors": kinds[:8], "leases": kinds[8:16], "artifacts": kinds[16:]}
    pytester.makepyfile(subject=Path(__file__).read_text(), test_broken=dedent(BROKEN_TESTS).format(**split))
    names = {how: "Test" + ("".join(map(str.capitalize, how.split())) if " " in how else how) for how in BROKEN}
    chosen = [f"test_broken.py::{names[how]}::{test}" for how, test in BROKEN.items()]

    result = pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:anyio", "--tb=line", *chosen)

    result.assert_outcomes(failed=len(BROKEN))


def test_a_failure_of_a_contract_shows_values(pytester: pytest.Pytester) -> None:
    """Assertions of the contracts are explained as those of the author's own tests are."""
    pytester.makepyfile(
        """
        from furu_testing.contracts import ExecutorContract
        from furu_testing.fakes import FakeExecutor

        class TestMine(ExecutorContract):
            runs_in_background = False

            def make(self, capacity):
                return FakeExecutor(capacity=capacity + 4)
        """
    )

    result = pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:anyio", "-k", "capacity")

    result.assert_outcomes(failed=1, deselected=17)
    result.stdout.fnmatch_lines(["E * assert 7 == 3"])
