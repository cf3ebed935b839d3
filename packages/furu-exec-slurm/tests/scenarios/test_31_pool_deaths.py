"""Scenario 31: workers and controllers that die."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pool_pipelines as p
import pytest

import furu
from furu.execution import run_slurm_pool
from furu.storage import store
from furu_exec_slurm.queue import End, number_of
from furu_exec_slurm.run_directory import RunDirectory, runs
from furu_testing.children import Child, is_running, until
from furu_testing.observed import computed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real_slurm import Slurm

    from furu_exec_slurm import SlurmPoolRun

#: A controller as a program of its own; what it builds is Python code.
CONTROLLER = """
import pool_pipelines as p
from furu.execution import run_slurm_pool
run = run_slurm_pool({roots}, submitit_root={folder!r}, **{arguments!r})
print(run.run_dir)
"""

ENDS: tuple[End, ...] = ("done", "failed")

QUICK: dict[str, Any] = {"worker_health_check_interval_sec": 0.5, "poll_interval_sec": 0.25, "max_workers_total": 2}


def pool(slurm: Slurm, *roots: Any, **arguments: Any) -> SlurmPoolRun:
    """Run a pool that looks at its workers often."""
    return run_slurm_pool(roots, submitit_root=slurm.folder, **{**QUICK, **arguments})


def controller(slurm: Slurm, roots: str, report: Path, **arguments: Any) -> Child:
    """Start a controller as a process of its own."""
    given = {**QUICK, **arguments}
    return Child.python(CONTROLLER.format(roots=roots, folder=str(slurm.folder), arguments=given), report=report)


def only_run(root: Path) -> RunDirectory:
    """Return the run there is."""
    (run,) = runs(root / "runs")
    return run


@pytest.fixture
def store_root(furu_tmp_root: Path) -> Iterator[Path]:
    """Give the store; what is held when the test ends is let go."""
    yield furu.FURU_CONFIG.base_root
    p.spool("go").touch()


def test_the_task_of_a_killed_worker_is_run_again(store_root: Path, slurm: Slurm) -> None:
    """A worker that dies costs one attempt of its task; another one finishes it."""
    run = pool(slurm, p.Dies(times=1), p.Link(n=1))

    assert len(p.noted("dies")) == 2
    assert p.Dies(times=1).load_existing() == 0
    assert len(RunDirectory(run.run_dir).recruits()) >= 2


@pytest.mark.parametrize("how", ["kill", "exit"])
def test_a_task_that_kills_its_workers_is_given_up(store_root: Path, slurm: Slurm, how: Any) -> None:
    """After the retries that FURU_MAX_COMPUTE_RETRIES allows the run fails, naming the worker and how it ended."""
    furu.FURU_CONFIG.max_compute_retries = 1

    with pytest.raises(
        furu.FuruComputeError, match=r"(?s)Dies.* in each of 2 attempts.*\(lost\).*worker w.* ended: FAILED"
    ):
        pool(slurm, p.Dies(times=99, how=how))

    assert len(p.noted("dies")) == 2


def test_a_failed_task_leaves_its_worker_alive(store_root: Path, slurm: Slurm) -> None:
    """Failures are tried again by the same worker, which goes on with other tasks."""
    furu.FURU_CONFIG.max_compute_retries = 2

    run = pool(slurm, p.Fails(times=2), *(p.Link(n=n) for n in range(5)), max_workers_total=1)

    assert len(set(p.noted("fails-0"))) == 1
    assert len(p.noted("fails-0")) == 3
    assert len(RunDirectory(run.run_dir).recruits()) == 1


def test_without_retries_the_first_failure_ends_the_run(store_root: Path, slurm: Slurm) -> None:
    """The error is also what ``_create`` raised; it names the directory and a command that tries the node alone."""
    furu.FURU_CONFIG.retry_failed = False

    with pytest.raises(ValueError, match=r"(?s)attempt 1 failed.*directory: .*try it alone: ") as error:
        pool(slurm, p.Fails(times=9))
    assert isinstance(error.value, furu.FuruComputeError)
    with pytest.raises(furu.FuruComputeError, match="failed in an earlier attempt"):
        pool(slurm, p.Fails(times=9))

    assert len(p.noted("fails-0")) == 1


def test_a_controller_that_died_is_started_again_at_once(store_root: Path, slurm: Slurm, tmp_path: Path) -> None:
    """Its workers serve the new controller, what they were doing counts, and nothing is computed twice."""
    roots = "[p.After(parts=[p.Held(n=n) for n in range(4)])]"
    with controller(slurm, roots, tmp_path / "first") as first:
        until(lambda: len(p.noted("held")) == 2, 60)
        first.send(signal.SIGKILL)
        first.end()
    workers = {line.split()[1] for line in p.noted("held")}
    queue = only_run(store_root).queue

    with controller(slurm, roots, tmp_path / "second") as second:
        until(lambda: only_run(store_root).record().epoch == 1, 30)
        until(lambda: any(queue.waiting(group) for group in queue.groups()), 30)
        p.spool("go").touch()
        path = second.end(60).ok()[-1]

    assert path == only_run(store_root).path
    assert len(only_run(store_root).recruits()) == 2, "workers beyond those of the first controller"
    numbers = [number_of(ticket) for end in ENDS for ticket in only_run(store_root).queue.read(end)]
    assert len(set(numbers)) == len(numbers) >= 5
    assert computed(p.Held) == 4
    assert len(p.noted("held")) == 4
    assert {line.split()[1] for line in p.noted("held")} == workers, "other workers than those of the first controller"
    assert p.After(parts=[p.Held(n=n) for n in range(4)]).load_existing() == 6


def test_workers_without_a_controller_finish_and_leave(store_root: Path, slurm: Slurm, tmp_path: Path) -> None:
    """They take no further task; a controller that is started later uses what they have finished."""
    roots = "[p.After(parts=[p.Held(n=n) for n in range(6)])]"
    with controller(slurm, roots, tmp_path / "first", heartbeat_grace_sec=3.0) as first:
        until(lambda: len(p.noted("held")) == 2, 60)
        first.send(signal.SIGKILL)
        first.end()
    workers = [int(line.split()[1]) for line in p.noted("held")]
    run = only_run(store_root)
    beat = run.controller_beat()
    seats = list(run.queue.seats())
    until(lambda: all((run.worker_beat(seat) or 0) > (beat or 0) + 3 for seat in seats), 30)

    p.spool("go").touch()
    until(lambda: not any(is_running(pid) for pid in workers), 30)

    assert len(p.noted("finished")) == 2
    with controller(slurm, roots, tmp_path / "second") as second:
        second.end(60).ok()
    assert computed(p.Held) == 6
    assert len(p.noted("held")) == 6


def test_two_runs_at_the_same_time_share_the_work(store_root: Path, slurm: Slurm, tmp_path: Path) -> None:
    """A second controller on the same roots is no heir of one that lives: it has workers of its own, and waits for the other's."""
    roots = "[p.After(parts=[p.Held(n=n) for n in range(3)])]"
    with controller(slurm, roots, tmp_path / "one") as one, controller(slurm, roots, tmp_path / "two") as two:
        until(lambda: len(runs(store_root / "runs")) == 2 and len(p.noted("held")) >= 3, 60)
        p.spool("go").touch()
        one.end(60).ok()
        two.end(60).ok()

    assert len(p.noted("held")) == 3


def test_what_the_cluster_takes_away_is_run_again_without_counting(store_root: Path, slurm: Slurm) -> None:
    """A task whose worker is preempted is offered again, though retries are off; its attempt is recorded as preempted."""
    furu.FURU_CONFIG.retry_failed = False
    held = p.Held(n=1)
    states: list[str] = []

    def preempt() -> None:
        until(lambda: p.noted("held"), 60)
        (job_id,) = slurm.jobs("RUNNING")
        os.system(f"scancel --signal=TERM {job_id}")
        until(lambda: len(p.noted("held")) == 2, 60)
        p.spool("go").touch()

    thread = threading.Thread(target=preempt)
    thread.start()
    pool(slurm, held)
    thread.join()

    events = store.artifact(held.furu_ref).meta_dir + "/events.jsonl"
    with open(events) as file:
        states = [line for line in file if '"preempted"' in line]
    assert len(states) == 1
    assert held.load_existing() == 1


def test_a_worker_that_somebody_cancels_is_replaced(store_root: Path, slurm: Slurm) -> None:
    """Its task counts an attempt and is run again by another worker."""

    def cancel() -> None:
        until(lambda: p.noted("held"), 60)
        slurm.cancel(*slurm.jobs("RUNNING"))
        until(lambda: len(p.noted("held")) == 2, 60)
        p.spool("go").touch()

    thread = threading.Thread(target=cancel)
    thread.start()
    pool(slurm, p.Held(n=1))
    thread.join()

    assert len({line.split()[1] for line in p.noted("held")}) == 2


def test_ctrl_c_ends_workers_too(store_root: Path, slurm: Slurm, tmp_path: Path) -> None:
    """The controller returns soon, nothing of it runs on the cluster, and what was running is recorded as cancelled."""
    with controller(slurm, "[p.Held(n=1), p.Held(n=2)]", tmp_path / "one") as one:
        until(lambda: len(p.noted("held")) == 2, 60)
        workers = [int(line.split()[1]) for line in p.noted("held")]
        one.send(signal.SIGINT)
        assert one.end(10).status != 0

    until(lambda: not any(is_running(pid) for pid in workers), 10)
    recorded = store.artifact(p.Held(n=1).furu_ref).recorded_state()
    assert recorded is not None
    assert recorded.attempt is not None
    assert recorded.attempt.status == "cancelled"
    assert only_run(store_root).outcome() == "cancelled"
