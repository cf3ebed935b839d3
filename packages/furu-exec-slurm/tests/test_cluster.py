"""The cluster that the other tests stand on."""

from __future__ import annotations

import operator
import os
from typing import TYPE_CHECKING

import submitit

from furu_testing.children import until

if TYPE_CHECKING:
    from real_slurm import Slurm


def executor(slurm: Slurm, **parameters: object) -> submitit.SlurmExecutor:
    """Return submitit's executor with the folder of this test."""
    executor = submitit.SlurmExecutor(folder=slurm.folder)
    executor.update_parameters(time=5, cpus_per_task=1, mem="500MB", **parameters)
    return executor


def test_a_job_runs_and_is_seen_by_its_test_only(slurm: Slurm) -> None:
    """Submitit gets a result from the cluster, and a test lists its own jobs alone."""
    job = executor(slurm).submit(operator.add, 2, 3)

    assert job.result() == 5
    assert set(slurm.jobs()) == {job.job_id}
    until(lambda: slurm.jobs("COMPLETED"))


def test_jobs_are_gone_when_the_test_is_over(slurm: Slurm) -> None:
    """What a test leaves behind, be it deaf to SIGTERM, does not run into the next one."""
    deaf = executor(slurm).submit(os.system, "trap '' TERM; exec sleep 300")
    waiting = executor(slurm, dependency=f"afterok:{deaf.job_id}").submit(os.getpid)
    until(lambda: slurm.jobs("RUNNING"))

    slurm.end()

    assert set(slurm.jobs("CANCELLED", "FAILED")) == {deaf.job_id, waiting.job_id}
