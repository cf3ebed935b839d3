"""submitit's own Slurm executor works on a fake cluster as it does on a real one."""

from __future__ import annotations

import functools
import operator
import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from furu_testing.slurm import SACCT_DOWN, OutOfMemory, Preempted, Running, fake_slurm

submitit = pytest.importorskip("submitit")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from furu_testing.slurm import FakeCluster


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    """A cluster, and a submitit that looks often."""
    quick = SimpleNamespace(time=time.time, sleep=lambda sec: time.sleep(min(sec, 0.02)))
    job = submitit.slurm.slurm.SlurmJob
    monkeypatch.setattr(submitit.core.core, "_time", quick)
    monkeypatch.setattr(job.watcher, "_delay_s", 0.05)
    monkeypatch.setattr(job, "_results_timeout_s", 0.05)
    job.watcher.clear()
    with fake_slurm(tmp_path / "cluster") as cluster:
        yield cluster


def executor(directory: Path, **parameters: Any) -> Any:
    """Return submitit's Slurm executor without its pause between submissions."""
    made = submitit.SlurmExecutor(directory)
    made._throttling = 0
    made.update_parameters(time=60, **parameters)
    return made


class Resumes:
    """A task that is interrupted once, and goes on where it was."""

    def __init__(self, progress: Path) -> None:
        self.progress = progress
        self.runs = 0

    def __call__(self) -> int:
        """Stay in the first run, return the number of the second."""
        self.runs += 1
        if self.runs == 1:
            self.progress.touch()
            time.sleep(60)
        return self.runs

    def checkpoint(self) -> Any:
        """Say what is to be run next time."""
        return submitit.helpers.DelayedSubmission(self)


def appears(path: Path) -> None:
    """Wait for a file."""
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_results_of_jobs_and_of_an_array(cluster: FakeCluster, tmp_path: Path) -> None:
    """A job returns a value or raises, an array returns one for each element; each needs one sbatch."""
    single = executor(tmp_path / "logs", job_name="single").submit(operator.add, 1, 2)
    array = executor(tmp_path / "logs", job_name="array").map_array(operator.mul, [1, 2], [4, 5])
    raises = executor(tmp_path / "logs", job_name="raises").submit(operator.truediv, 1, 0)

    assert [single.result(), [job.result() for job in array]] == [3, [4, 10]]
    with pytest.raises(submitit.core.utils.FailedJobError, match="ZeroDivisionError"):
        raises.result()
    assert [job.job_id for job in (single, *array, raises)] == ["1000", "1001_0", "1001_1", "1003"]
    assert len(cluster.calls("sbatch")) == 3
    assert {(job.name, job.state) for job in cluster.wait()} == {
        ("single", "COMPLETED"),
        ("array", "COMPLETED"),
        ("raises", "FAILED"),
    }


def test_a_job_that_dies_without_a_result(cluster: FakeCluster, tmp_path: Path) -> None:
    """Out of memory: no result file, so submitit learns the end from sacct, which is down for a while."""
    cluster.script("*", Running(polls=None), OutOfMemory())
    cluster.fail("sacct", SACCT_DOWN, times=2)
    job = executor(tmp_path).submit(functools.partial(os._exit, 9))

    with pytest.raises(submitit.core.utils.UncompletedJobError, match="state: OUT_OF_MEMORY"):
        job.result()
    assert job.state == "OUT_OF_MEMORY"
    assert len([call for call in cluster.calls("sacct") if call.exit_code]) == 2


def test_a_preempted_job_saves_and_goes_on(cluster: FakeCluster, tmp_path: Path) -> None:
    """On preemption submitit's worker saves its state and requeues itself; the second attempt ends."""
    job = executor(tmp_path).submit(Resumes(tmp_path / "progress"))
    appears(tmp_path / "progress")
    cluster.script(job.job_id, Preempted())

    assert job.result() == 2
    assert [found.attempts for found in cluster.wait(job.job_id)] == [("REQUEUED", "COMPLETED")]
    assert [call.argv for call in cluster.calls("scontrol")] == [("requeue", job.job_id)]


def test_a_job_is_cancelled(cluster: FakeCluster, tmp_path: Path) -> None:
    """A cancelled job has no result, and its worker, which takes no notice of SIGTERM, is killed."""
    job = executor(tmp_path, use_srun=False).submit(Resumes(tmp_path / "progress"))
    appears(tmp_path / "progress")
    job.cancel()
    cluster.advance(sec=2)

    with pytest.raises(submitit.core.utils.UncompletedJobError, match="state: CANCELLED by"):
        job.result()
    assert [found.state for found in cluster.wait(job.job_id)] == ["CANCELLED"]
