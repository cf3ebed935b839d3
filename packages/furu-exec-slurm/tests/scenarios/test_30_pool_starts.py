"""Scenario 30: how a pool starts workers, and how soon its tasks move."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pool_pipelines as p
import pytest

import furu
from furu.execution import run_slurm_pool
from furu_exec_slurm.run_directory import RunDirectory
from furu_testing.children import until
from furu_testing.observed import computed

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

    from furu_exec_slurm import SlurmPoolRun


def pool(slurm: Slurm, *roots: Any, **arguments: Any) -> SlurmPoolRun:
    """Run a pool with submitit's files where the test has them."""
    return run_slurm_pool(roots, submitit_root=slurm.folder, **arguments)


def recruits(run: SlurmPoolRun) -> int:
    """Return how many workers a run has submitted."""
    return len(RunDirectory(run.run_dir).recruits())


def test_a_chain_of_six_ends_in_seconds(furu_tmp_root: Path, slurm: Slurm) -> None:
    """Six no-ops that need each other take less than 15 s with all defaults, the start of the worker included."""
    began = time.monotonic()
    run = pool(slurm, p.chain(6))

    assert time.monotonic() - began < 15
    assert p.chain(6).load_existing() == 15
    assert computed(p.Link) == 6
    assert recruits(run) == 1
    assert len(run.plan.nodes) == 6


def test_one_task_starts_one_worker(furu_tmp_root: Path, slurm: Slurm) -> None:
    """While its worker waits in Slurm's queue and begins, a task that nobody has taken does not start another one."""
    run = pool(slurm, p.Asks(spec="late"), poll_interval_sec=0.1, max_workers_total=8)

    assert recruits(run) == 1
    assert len(slurm.jobs()) == 1


def test_workers_that_end_before_they_begin_are_not_started_for_ever(furu_tmp_root: Path, slurm: Slurm) -> None:
    """After three in a row the run ends with what the last one has said."""
    why = r"(?s)3 workers .* ended before they began.*FAILED.*no such module"
    with pytest.raises(furu.FuruError, match=why) as error:
        pool(slurm, p.Asks(spec="stillborn"), worker_health_check_interval_sec=0.25, max_workers_total=1)

    assert "logs are in" in str(error.value)
    assert len(slurm.jobs()) == 3


def test_a_spec_that_slurm_refuses_ends_the_run(furu_tmp_root: Path, slurm: Slurm) -> None:
    """What sbatch says reaches the user, with the spec."""
    with pytest.raises(
        furu.FuruError, match=r"no worker can be submitted for SlurmSpec\(partition='nowhere'.*invalid part"
    ):
        pool(slurm, p.Asks(spec="nowhere"))


def test_idle_workers_leave(furu_tmp_root: Path, slurm: Slurm) -> None:
    """A worker without work for the idle timeout leaves while the run goes on."""

    def let_go() -> None:
        until(lambda: len(slurm.jobs("COMPLETED")) == 2, 60)
        p.spool("go").touch()

    threading.Thread(target=let_go).start()
    run = pool(slurm, p.Held(n=1), *(p.Link(n=n) for n in range(20)), idle_timeout_sec=0.5, max_workers_total=3)

    assert recruits(run) == 3
    assert p.noted("finished")
