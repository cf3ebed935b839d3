"""A pool on a cluster that has troubles: limits, silence, lost nodes, jobs that do not start."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pool_pipelines as p
import pytest

import furu
from furu.execution import run_slurm_pool
from furu_exec_slurm import fleet, run, watcher
from furu_exec_slurm.run_directory import RunDirectory
from furu_testing.children import is_running, until
from furu_testing.observed import computed
from furu_testing.slurm import (
    CONTROLLER_DOWN,
    SACCT_DOWN,
    SUBMIT_LIMIT,
    Jobs,
    NodeFail,
    Pending,
    Preempted,
    Running,
    fake_slurm,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from furu_exec_slurm import SlurmPoolRun
    from furu_testing.slurm import FakeCluster


@pytest.fixture
def cluster(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    """Give a fake cluster, whose pauses are short."""
    monkeypatch.setattr(fleet, "FIRST_PAUSE_SEC", 0.1)
    monkeypatch.setattr(run, "SUBMIT_PAUSES_SEC", (0.05,))
    monkeypatch.setattr(watcher, "SETTLING_SEC", 0.3)
    with fake_slurm(tmp_path / "cluster") as cluster:
        yield cluster
        p.spool("go").touch()


def pool(*roots: Any, **arguments: Any) -> SlurmPoolRun:
    """Run a pool that looks at its workers often."""
    quick = {"worker_health_check_interval_sec": 0.2, "poll_interval_sec": 0.1, "max_workers_total": 2}
    root = furu.FURU_CONFIG.base_root / "submitit"
    return run_slurm_pool(roots, submitit_root=root, **{**quick, **arguments})


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[None]:
    """Do something while a pool runs, and have its errors raised here."""
    errors: list[BaseException] = []

    def act() -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)
            p.spool("go").touch()

    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()
    if errors:
        raise errors[0]


def holders() -> list[int]:
    """Return the processes that have begun to compute what is held."""
    return [int(line.split()[1]) for line in p.noted("held")]


@pytest.mark.parametrize("trouble", [SUBMIT_LIMIT, CONTROLLER_DOWN])
def test_workers_are_submitted_later(cluster: FakeCluster, trouble: Any) -> None:
    """While Slurm takes no more jobs, or does not answer, the pool waits and tries again."""
    cluster.fail("sbatch", trouble, times=4)

    pool(p.chain(3))

    assert p.chain(3).load_existing() == 3


def test_a_limit_on_jobs_is_used_up(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Slurm takes fewer jobs than there should be workers, it is given as many as it takes."""
    monkeypatch.setattr(fleet, "FIRST_PAUSE_SEC", 0.1)

    def let_go() -> None:
        until(lambda: len(holders()) == 3, 30)
        p.spool("go").touch()

    with fake_slurm(tmp_path / "cluster", max_submit=3), meanwhile(let_go):
        pool(*(p.Held(n=n) for n in range(8)), max_workers_total=8)

    assert computed(p.Held) == 8


def test_without_accounting_deaths_are_noticed(cluster: FakeCluster) -> None:
    """Where sacct fails squeue is asked."""
    cluster.fail("sacct", SACCT_DOWN)

    pool(p.Dies(times=1))

    assert len(p.noted("dies")) == 2


def test_one_question_for_all_workers(cluster: FakeCluster) -> None:
    """However many workers there are, Slurm is asked once per interval."""

    def let_go() -> None:
        until(lambda: len(holders()) == 6, 30)
        before, began = len(cluster.calls("sacct")), time.monotonic()
        until(lambda: len(cluster.calls("sacct")) >= before + 3, 30)
        assert time.monotonic() - began > 0.6
        p.spool("go").touch()

    with meanwhile(let_go):
        pool(*(p.Held(n=n) for n in range(6)), max_workers_total=6, worker_health_check_interval_sec=0.3)

    assert {call.argv[-1].count(",") for call in cluster.calls("sacct")} == {0}
    assert len(cluster.calls("sbatch")) == 1


def test_a_node_that_is_lost_does_not_end_its_processes(cluster: FakeCluster) -> None:
    """The task goes to another worker, which finds it being computed; the first one's result counts, and nothing runs twice."""
    cluster.script(Jobs(index=0), Running(), times=1)

    def lose() -> None:
        until(holders, 30)
        cluster.script(cluster.jobs[0], NodeFail(), lives_on=1000)
        until(lambda: len(cluster.jobs) > 1, 30)
        until(lambda: any(run_with(cluster).queue.read("failed")), 30)
        p.spool("go").touch()

    with meanwhile(lose):
        pool(p.Held(n=1), ready_refresh_interval_sec=0.1)

    assert len(holders()) == 1
    assert p.Held(n=1).load_existing() == 1


def run_with(cluster: FakeCluster) -> RunDirectory:
    """Return the run there is."""
    (path,) = (furu.FURU_CONFIG.base_root / "runs").iterdir()
    return RunDirectory(path)


def test_a_worker_that_is_stopped_is_replaced(cluster: FakeCluster) -> None:
    """One that gives no sign of life is cancelled, and its task taken over once its lease is over."""
    furu.FURU_CONFIG.lease_duration_sec = 3.0
    furu.FURU_CONFIG.heartbeat_interval_sec = 0.5

    def stop() -> None:
        until(holders, 30)
        os.kill(holders()[0], signal.SIGSTOP)
        try:
            until(lambda: len(holders()) == 2, 60)
        finally:
            with suppress(ProcessLookupError):
                os.kill(holders()[0], signal.SIGCONT)
        p.spool("go").touch()

    with meanwhile(stop):
        pool(p.Held(n=1), stale_running_sec=4.0, ready_refresh_interval_sec=0.1)

    assert len(set(holders())) == 2
    assert len(p.noted("finished")) == 1
    until(lambda: not is_running(holders()[0]), 10)


def test_preemptions_are_bounded(cluster: FakeCluster) -> None:
    """A task that is interrupted again and again fails after FURU_PREEMPT_MAX times, as preempted."""
    furu.FURU_CONFIG.max_requeues = 1
    furu.FURU_CONFIG.retry_failed = False

    def preempt() -> None:
        for times in (1, 2):
            until(lambda times=times: len(holders()) == times, 30)  # type: ignore[misc]
            os.kill(holders()[-1], signal.SIGTERM)
        p.spool("go").touch()

    why = r"(?s)Held .* failed \(preempted\): it was interrupted 2 times \(FURU_PREEMPT_MAX=1\)"
    with meanwhile(preempt), pytest.raises(furu.FuruComputeError, match=why):
        pool(p.Held(n=1))


def test_a_requeued_worker_begins_again(cluster: FakeCluster) -> None:
    """A worker that Slurm takes from its node and starts again has the same place, and its task is not lost."""

    def preempt() -> None:
        until(holders, 30)
        cluster.script(cluster.jobs[0], Preempted(), Pending(), Running())
        until(lambda: len(holders()) == 2, 30)
        p.spool("go").touch()

    furu.FURU_CONFIG.retry_failed = False
    with meanwhile(preempt):
        pool(p.Held(n=1))

    assert len(p.noted("finished")) == 1


def test_cancelled_may_count_as_preempted(cluster: FakeCluster) -> None:
    """With FURU_CANCELLED_IS_PREEMPTED the task of a cancelled worker is run again though retries are off."""
    furu.FURU_CONFIG.cancelled_is_preempted = True
    furu.FURU_CONFIG.retry_failed = False

    def cancel() -> None:
        until(holders, 30)
        os.system(f"scancel {cluster.jobs[0].id}")
        until(lambda: len(holders()) == 2, 30)
        p.spool("go").touch()

    with meanwhile(cancel):
        pool(p.Held(n=1))

    assert p.Held(n=1).load_existing() == 1


def test_what_others_publish_needs_no_worker(cluster: FakeCluster) -> None:
    """A task that waits for a worker is done when somebody else publishes its artifact."""
    cluster.script(Jobs(task=0), Pending(polls=100_000))

    def publish() -> None:
        until(lambda: cluster.jobs, 30)
        p.Link(n=1).get()

    with meanwhile(publish):
        pool(p.Link(n=1), plan_refresh_interval_sec=0.3)

    assert computed(p.Link) == 1


def test_a_run_does_not_wait_for_scancel(cluster: FakeCluster) -> None:
    """The real one sleeps and tries again, for a minute and more, when a job is ending at the moment."""
    cluster.slow("scancel", 60.0)

    began = time.monotonic()
    pool(p.Link(n=1))

    assert time.monotonic() - began < 30


def test_workers_that_nobody_needs_any_more_are_cancelled(cluster: FakeCluster) -> None:
    """A worker that Slurm has not started is cancelled once the tasks it was for are done by others."""
    cluster.script(Jobs(task=1), Pending(polls=100_000))
    held = p.Held(after=(p.Link(n=1), p.Link(n=2)))  # two tasks at first, then one

    def let_go() -> None:
        until(lambda: any(job.state == "CANCELLED" for job in cluster.jobs), 30)
        p.spool("go").touch()

    with meanwhile(let_go):
        done = pool(held, idle_timeout_sec=0.4)

    assert len(RunDirectory(done.run_dir).recruits()) == 2
    assert computed(p.Held) == 1
