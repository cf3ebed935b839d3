"""Scenario 26, for a graph of jobs: killed by scancel, from outside, by the kernel, requeued."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import dag_pipelines as p
import pytest

import furu
from furu.execution import submit_slurm_dag
from furu_testing.children import until

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

    from furu.storage.state import Attempt


def attempt(task: furu.Furu[Any]) -> Attempt:
    """Return the last attempt."""
    found = task.get_state().attempt
    assert found is not None
    return found


def ended(task: furu.Furu[Any]) -> tuple[str, str]:
    """Return how the last attempt ended, and the kind of its failure."""
    last = attempt(task)
    assert last.error is not None
    return last.status, last.error.kind


def events(task: furu.Furu[Any]) -> list[str]:
    """Return what became of an artifact, one attempt status after the other."""
    lines = (task.furu_dir / ".furu" / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["attempt"] for line in lines]


def test_a_cancelled_job(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Its attempt is cancelled, what needs it does not stay pending, and the next submission computes both once."""
    below, above = p.Long(n=1), p.After(below=p.Long(n=1))
    submission = submit_slurm_dag([above], submitit_root=slurm.folder)
    until(lambda: p.spool("began-1").exists())

    slurm.cancel(submission.job_id_by_hash[below.furu_hash])

    with pytest.raises(furu.FuruComputeError, match="cancelled") as caught:
        submission.wait(poll_interval_sec=0.2)
    assert "Long" in str(caught.value)
    assert ended(below) == ("cancelled", "cancelled")
    assert ended(above) == ("cancelled", "dependency")
    assert set(slurm.jobs().values()) == {"CANCELLED"}
    p.spool("go").touch()
    submit_slurm_dag([above], submitit_root=slurm.folder).wait(poll_interval_sec=0.2)
    assert (above.load_existing(), attempt(below).number) == (2, 2)


def test_a_job_cancelled_in_the_queue(slurm: Slurm, furu_tmp_root: Path) -> None:
    """It never began; whoever learns that records it."""
    task = p.Held(n=1)
    submission = submit_slurm_dag([task], submitit_root=slurm.folder)

    slurm.cancel(*submission.job_id_by_hash.values())

    with pytest.raises(furu.FuruComputeError, match="CANCELLED"):
        submission.wait(poll_interval_sec=0.2)
    assert ended(task) == ("cancelled", "cancelled")
    assert task.get() == 1


def test_a_killed_process(slurm: Slurm, furu_tmp_root: Path) -> None:
    """It could record nothing: the attempt has crashed, the process is lost, with the words of Slurm."""
    task = p.Killed()

    with pytest.raises(furu.FuruComputeError, match=r"ended as FAILED on furu\d, exit code 9:0") as caught:
        submit_slurm_dag([p.After(below=task)], submitit_root=slurm.folder).wait(poll_interval_sec=0.2)

    assert "not computed for that reason: 1 artifact more" in str(caught.value)
    assert ended(task) == ("crashed", "lost")
    assert p.noted().count(f"Killed-{task.furu_hash[:8]}") == 1


def test_a_job_that_is_told_to_leave_is_run_again(slurm: Slurm, furu_tmp_root: Path) -> None:
    """It goes back into the queue with its claim, as one attempt; what needs it waits on."""
    task = p.Long(n=2)
    submission = submit_slurm_dag([p.After(below=task)], submitit_root=slurm.folder)
    until(lambda: p.spool("began-2").exists())

    subprocess.run(["scancel", "--signal=USR2", submission.job_id_by_hash[task.furu_hash]], check=True)

    until(lambda: events(task)[-2:] == ["preempted", "queued"])
    assert attempt(task).status == "queued"
    submission.wait(poll_interval_sec=0.2)
    assert events(task) == ["queued", "queued", "running", "preempted", "queued", "running", "success"]
    assert attempt(task).number == 1
    assert p.After(below=task).load_existing() == 3


def test_a_requeue_from_outside(slurm: Slurm, furu_tmp_root: Path) -> None:
    """``scontrol requeue`` does the same, without asking."""
    task = p.Long(n=3)
    submission = submit_slurm_dag([task], submitit_root=slurm.folder)
    until(lambda: p.spool("began-3").exists())

    subprocess.run(["scontrol", "requeue", submission.job_id_by_hash[task.furu_hash]], check=True)

    submission.wait(poll_interval_sec=0.2)
    assert task.load_existing() == 3
    assert (attempt(task).status, len(p.noted())) == ("success", 2)
