"""Artifacts between a submitter and its job: what is recorded, who waits for whom, and what a death leaves behind."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu.engine import aftermath, queued, settle
from furu.engine.queued import Queued
from furu.engine.verdict import Create, Wait
from furu.errors import FuruLeaseLost
from furu.runtime import schedulers
from furu.runtime.schedulers import News, ScheduledJob
from furu.runtime.signals import Interruption
from furu.storage import lease, store
from furu.storage.state import RecordedError
from furu_testing import faults
from furu_testing.contracts.forks import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from furu.storage.artifact import Artifact
    from furu.storage.lease import Claim
    from furu.storage.state import Attempt

JOB = ScheduledJob("fake", "17_3")


class Square(furu.Furu[int]):
    """Counts how often it is computed."""

    number: int = 3

    def _create(self) -> int:
        with (self.furu_dir / "calls").open("a") as calls:
            calls.write(f"{os.getpid()}\n")
        if during is not None:
            during()
        return self.number**2


#: Called in the middle of ``_create``.
during: Callable[[], object] | None = None


def artifact(task: Square) -> Artifact:
    """Return its artifact."""
    return store.artifact(task.furu_ref)


def calls(task: Square) -> int:
    """Return how often it was computed."""
    try:
        return len((task.furu_dir / "calls").read_text().splitlines())
    except FileNotFoundError:
        return 0


def attempt(task: Square) -> Attempt:
    """Return the last attempt."""
    found = task.get_state().attempt
    assert found is not None
    return found


def events(task: Square) -> list[str | None]:
    """Return what became of it, one attempt status after the other."""
    lines = (task.furu_dir / ".furu" / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["attempt"] for line in lines]


def claimed(task: Square) -> Queued:
    """Claim it for a job."""
    claim = queued.queue(task)
    assert isinstance(claim, Queued)
    return claim


def submitted(task: Square) -> None:
    """Submit it as ``JOB``."""
    claimed(task).submitted(JOB, {"node": None})


def claim_on(task: Square) -> Claim:
    """Return the claim, which must be there."""
    claim = lease.look(artifact(task).meta_dir)
    assert claim is not None
    return claim


@pytest.fixture
def told(furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, News]]:
    """Give what the scheduler says of its jobs; it is asked whenever it may be."""
    monkeypatch.setenv("FURU_POLL_INTERVAL_SECS", "0.01")
    furu.FURU_CONFIG.reread()
    said = {JOB.job_id: News(gone=False, words="PENDING (Priority)")}
    with schedulers.answering(JOB.scheduler, lambda _: dict(said)):
        yield said


def test_a_submitted_artifact_is_queued(told: dict[str, News]) -> None:
    """Its attempt says so, with the job, and so does a plan: wait."""
    task = Square()

    submitted(task)

    assert (attempt(task).status, attempt(task).backend, attempt(task).number) == ("queued", "submitit", 1)
    assert attempt(task).scheduler == {"name": "fake", "job_id": "17_3", "node": None}
    assert task.get_metadata().furu_hash == task.furu_hash
    verdict = settle.verdict_on(task)
    assert isinstance(verdict, Wait)
    assert verdict.claim.job == JOB


def test_a_second_submitter_finds_the_job(told: dict[str, News]) -> None:
    """It gets the claim, which names the job, and does not submit again."""
    task = Square()
    submitted(task)

    claim = queued.queue(task)

    assert isinstance(claim, lease.Claim)
    assert claim.job == JOB


def test_what_is_published_is_not_queued(told: dict[str, News]) -> None:
    """There is nothing to submit for a result."""
    task = Square()
    task.get()

    assert queued.queue(task) is None


def test_a_withdrawn_claim_leaves_things_as_they_were(told: dict[str, News]) -> None:
    """When nothing was submitted the artifact is absent, or has failed, as before, and anybody may create it."""
    task = Square()
    claimed(task).withdraw()
    assert (task.get_state().result, task.get_state().attempt) == ("absent", None)
    assert task.get() == 9

    other = Square(number=4)
    with faults.at("create.begin", fail), pytest.raises(ZeroDivisionError):
        other.get()
    before = attempt(other)

    claimed(other).withdraw()

    assert attempt(other) == before


def fail() -> None:
    """Fail."""
    raise ZeroDivisionError


def test_the_job_runs_the_attempt_that_was_queued(told: dict[str, News]) -> None:
    """It has the same id and number; when it was queued, and what the scheduler was told, stays with it."""
    task = Square()
    submitted(task)
    waiting = attempt(task)

    with schedulers.working_as(JOB):
        assert task.get() == 9

    done = attempt(task)
    assert (done.id, done.number, done.status) == (waiting.id, 1, "success")
    assert done.queued_at == waiting.started_at
    assert done.scheduler == waiting.scheduler
    assert events(task) == ["queued", "queued", "running", "success"]


def test_another_job_waits_like_everybody(told: dict[str, News], monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim is taken over by the job it waits for only."""
    task = Square()
    submitted(task)

    monkeypatch.setattr(furu.FURU_CONFIG, "max_wait_time_sec", 0.1)
    with schedulers.working_as(ScheduledJob("fake", "17_4")), pytest.raises(furu.FuruWaitTimeout, match="17_3"):
        task.get()

    assert calls(task) == 0


def test_a_waiting_get_returns_what_the_job_makes(
    told: dict[str, News], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It waits however old the claim is, and says for which job, and what the scheduler says of that."""
    task = Square()
    submitted(task)
    os.utime(claim_on(task).path, (1, 1))
    monkeypatch.setattr(furu.FURU_CONFIG, "wait_log_every_sec", 0.01)
    results: list[int] = []
    waiter = threading.Thread(target=lambda: results.append(task.get()))

    with caplog.at_level(logging.INFO, "furu"):
        waiter.start()
        while "waiting for Square" not in caplog.text:
            time.sleep(0.005)
    assert "queued as Fake job 17_3, PENDING (Priority), since" in caplog.text
    with schedulers.working_as(JOB):
        task.get()
    waiter.join(10)

    assert results == [9]
    assert calls(task) == 1


def test_a_job_that_is_gone_is_not_waited_for(told: dict[str, News]) -> None:
    """Once the scheduler is certain, the attempt counts as crashed and whoever needs the artifact creates it."""
    task = Square()
    submitted(task)

    told[JOB.job_id] = News(gone=True, words="CANCELLED by 0")
    time.sleep(0.02)

    assert attempt(task).status == "crashed"
    assert task.get() == 9
    with schedulers.working_as(JOB):  # a zombie: its claim is gone, so it computes nothing
        assert task.get() == 9
    assert (calls(task), attempt(task).number) == (1, 2)


def test_a_zombie_does_not_compute_beside_its_successor(told: dict[str, News]) -> None:
    """A job that starts after all, while somebody else creates the artifact, waits like everybody."""
    task = Square()
    submitted(task)
    told[JOB.job_id] = News(gone=True, words="NODE_FAIL")
    time.sleep(0.02)
    begun, go_on = threading.Event(), threading.Event()
    global during

    def stand_still() -> None:
        begun.set()
        go_on.wait(10)

    during = stand_still
    results: list[int] = []

    def zombie() -> None:
        with schedulers.working_as(JOB):
            results.append(task.get())

    try:
        successor = threading.Thread(target=lambda: results.append(task.get()))
        successor.start()
        assert begun.wait(10)
        late = threading.Thread(target=zombie)
        late.start()
        time.sleep(0.05)
        go_on.set()
        successor.join(10)
        late.join(10)
    finally:
        during = None

    assert (results, calls(task)) == ([9, 9], 1)


def test_an_interrupted_job_keeps_its_place(told: dict[str, News]) -> None:
    """Preempted, it leaves the claim to its next run: nobody else begins meanwhile, and it is still one attempt."""
    global during
    task = Square()
    submitted(task)
    first = attempt(task)

    def preempt() -> None:
        raise Interruption("the machine is wanted back", status="preempted", kind="preempted")

    during = preempt
    try:
        with schedulers.working_as(JOB), pytest.raises(Interruption):
            task.get()
    finally:
        during = None

    assert claim_on(task).job == JOB
    assert isinstance(settle.verdict_on(task), Wait)
    assert (attempt(task).status, attempt(task).id) == ("queued", first.id)
    with schedulers.working_as(JOB):
        assert task.get() == 9
    assert events(task) == ["queued", "queued", "running", "preempted", "queued", "running", "success"]
    assert (attempt(task).number, calls(task)) == (1, 2)


@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_a_job_that_will_not_come_back_leaves_nothing(told: dict[str, News], status: Any) -> None:
    """Cancelled, or interrupted for the last time, it gives its claim up."""
    global during
    task = Square()
    submitted(task)

    def cancel() -> None:
        raise Interruption("enough", status=status, kind="cancelled")

    during = cancel
    try:
        with schedulers.working_as(JOB), pytest.raises(Interruption):
            task.get()
    finally:
        during = None

    assert lease.look(artifact(task).meta_dir) is None
    assert attempt(task).status == status
    assert isinstance(settle.verdict_on(task), Create)


def test_the_end_of_a_job_is_recorded_for_it(told: dict[str, News]) -> None:
    """Whoever learns how a job ended that could not say so itself writes it down."""
    task = Square()
    submitted(task)
    error = RecordedError("furu.errors.FuruComputeError", "OUT_OF_MEMORY", "", "oom")

    assert aftermath.record_end(artifact(task), claim_on(task), "failed", error)

    assert (task.get_state().result, attempt(task).status, attempt(task).error) == ("failed", "failed", error)
    assert lease.look(artifact(task).meta_dir) is None


def test_the_end_of_a_job_is_not_recorded_over_another(told: dict[str, News]) -> None:
    """A claim that the job has taken over meanwhile is the job's, whatever somebody has heard."""
    task = Square()
    submitted(task)
    heard_of = claim_on(task)
    with schedulers.working_as(JOB):
        task.get()

    assert not aftermath.record_end(artifact(task), heard_of, "cancelled")

    assert (attempt(task).status, task.exists()) == ("success", True)


@pytest.mark.parametrize("step", ["claim.taken", *faults.QUEUE_STEPS])
def test_a_submitter_may_die_anywhere(told: dict[str, News], step: str) -> None:
    """Killed at any step, it leaves the artifact to whoever comes next; a job it has submitted computes it or nothing.

    Both the next submitter and the job act at once, in this order; the value is computed once.
    """
    task = Square()

    def submit(_: Callable[[Any], None]) -> None:
        with faults.at(step, lambda: os.kill(os.getpid(), 9)):
            submitted(task)
            with schedulers.working_as(JOB):
                task.get()

    with forked(submit) as (submitter,):
        submitter.ended_by_kill()
    if step == "claim.renamed":  # the job has died there, and an unknown owner is given a lease
        os.utime(claim_on(task).path, (1, 1))

    again = queued.queue(task)
    if isinstance(again, Queued):
        again.submitted(ScheduledJob("fake", "18"))
        told["18"] = News(gone=False, words="PENDING")
    with schedulers.working_as(claim_on(task).job or JOB):
        assert task.get() == 9
    with schedulers.working_as(JOB):
        assert task.get() == 9

    assert calls(task) == 1


def test_a_submitter_that_stood_still_does_not_take_the_claim_back(told: dict[str, News]) -> None:
    """When somebody else has begun meanwhile its job is nobody's: it records nothing."""
    task = Square()
    late = claimed(task)
    lease.break_dead(claim_on(task))
    assert task.get() == 9

    with pytest.raises(FuruLeaseLost):
        late.submitted(JOB)
    late.withdraw()

    assert (attempt(task).status, calls(task)) == ("success", 1)


def test_many_jobs_are_asked_about_at_once(told: dict[str, News], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many artifacts are looked at, the scheduler is asked once per interval, about all of them."""
    asked: list[list[str]] = []

    def ask(job_ids: Any) -> dict[str, News]:
        asked.append(list(job_ids))
        return {}

    tasks = [Square(number=number) for number in range(20)]
    for number, task in enumerate(tasks):
        claimed(task).submitted(ScheduledJob("crowded", f"18_{number}"))
    monkeypatch.setattr(furu.FURU_CONFIG, "poll_interval", 60.0)
    with schedulers.answering("crowded", ask):
        for task in tasks:
            settle.verdict_on(task)
        assert len(asked) == 1

        schedulers.refresh()

    assert len(asked) == 2
    assert sorted(asked[1]) == sorted(f"18_{number}" for number in range(20))


def test_a_scheduler_that_does_not_answer_is_no_bad_news(furu_tmp_root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its jobs are alive as far as anybody knows; that it fails is said once."""

    def ask(_: object) -> dict[str, News]:
        raise OSError("sacct: no route to host")

    task = Square()
    with schedulers.answering(JOB.scheduler, ask), caplog.at_level(logging.WARNING, "furu"):
        submitted(task)
        assert claim_on(task).live
        schedulers.refresh()

    assert caplog.text.count("no route to host") == 1
