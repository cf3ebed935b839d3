"""``PoolExecutor`` keeps the contract of executors, with workers that are jobs of a real Slurm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from furu._sys import heartbeat
from furu.execution import setting
from furu_exec_slurm import arguments, run, run_directory
from furu_testing.contracts import ExecutorContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from real_slurm import Slurm

    from furu.execution import Executor, Job
    from furu_exec_slurm.pool import PoolExecutor


class TestPoolExecutor(ExecutorContract):
    """Each job runs in a worker that Slurm has started."""

    workers_are_processes = True
    patience_sec = 60.0

    @pytest.fixture(autouse=True)
    def _place(self, furu_tmp_root: Path, slurm: Slurm) -> Iterator[None]:
        self._root = furu_tmp_root
        self._submitit = slurm.folder
        self._made: list[str] = []
        yield
        for path in self._made:
            heartbeat.heart().end(path)

    def make(self, capacity: int) -> Executor:
        """Return the executor of a fresh run with up to ``capacity`` workers."""
        manner = arguments.checked(
            max_workers_total=capacity,
            window_size="bfs",
            submitit_root=self._submitit,
            run_root=self._root / "runs",
            seconds={**SECONDS, "worker_health_check_interval_sec": 0.5, "poll_interval_sec": 0.25},
        )
        directory = run_directory.new_run(manner.run_root, "0")
        record = run.begin(directory, [], manner, setting.packed(), resumed=False)
        heartbeat.heart().begin(directory.heartbeat, 1.0)
        self._made.append(directory.heartbeat)
        executor = run.executor_for(directory, record, manner)
        executor.most = capacity
        return Eager(executor)


class Eager:
    """Gives a job to the workers at once; the executor itself waits for ``wait``, to submit workers together."""

    def __init__(self, executor: PoolExecutor) -> None:
        self._executor = executor
        self.capacity, self.wait, self.close = executor.capacity, executor.wait, executor.close

    def submit(self, job: Job) -> None:
        """Begin to run a job."""
        self._executor.submit(job)
        self._executor.turn()


SECONDS = {
    "idle_timeout_sec": 60.0,
    "plan_refresh_interval_sec": 60.0,
    "done_scan_interval_sec": None,
    "failed_scan_interval_sec": None,
    "stale_scan_interval_sec": None,
    "ready_refresh_interval_sec": None,
    "stale_running_sec": 900.0,
    "heartbeat_grace_sec": 30.0,
}
