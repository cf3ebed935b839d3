"""Scenario 27: queued for longer than the lease."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import dag_pipelines as p
import pytest

import furu
from furu.engine import settle
from furu.engine.verdict import Wait
from furu.execution import submit_slurm_dag
from furu_testing.children import Child

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm


def test_a_long_queue_is_no_death(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However short lease and patience are, it is queued, everybody waits, and it is computed once."""
    monkeypatch.setattr(furu.FURU_CONFIG, "lease_duration_sec", 0.2)
    monkeypatch.setattr(furu.FURU_CONFIG, "stale_timeout", 0.2)
    monkeypatch.setattr(furu.FURU_CONFIG, "poll_interval", 0.1)
    task = p.Held(n=8)
    submission = submit_slurm_dag([task], submitit_root=slurm.folder)
    (job_id,) = submission.job_id_by_hash.values()

    time.sleep(1.5)

    state = task.get_state().attempt
    assert state is not None
    assert (state.status, state.scheduler["job_id"]) == ("queued", job_id)
    assert isinstance(settle.verdict_on(task), Wait)
    assert submit_slurm_dag([task], submitit_root=slurm.folder).job_id_by_hash == submission.job_id_by_hash
    with monkeypatch.context() as patched:
        patched.setattr(furu.FURU_CONFIG, "max_wait_time_sec", 0.3)
        with pytest.raises(furu.FuruWaitTimeout, match=rf"Slurm job {job_id}, PENDING \(JobHeldUser\), since"):
            task.get()
    waiter = Child.python("import dag_pipelines as p\nprint(p.Held(n=8).get())", report=furu_tmp_root / "waiter.txt")
    subprocess.run(["scontrol", "release", job_id], check=True)
    submission.wait(poll_interval_sec=0.2)
    assert waiter.end().ok() == ["8"]
    assert len(p.noted()) == 1
