"""Scenario 33: more nodes than MaxSubmitJobs; what Slurm says late, or wrongly."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import dag_pipelines as p
import pytest

import furu
from furu.execution import submit_slurm_dag
from furu.storage import lease, store
from furu_exec_slurm import dag
from furu_testing.children import is_running, until
from furu_testing.slurm import SACCT_DOWN, fake_slurm

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs of a fake cluster import the pipelines."""
    monkeypatch.delenv("SLURM_CONF", raising=False)


def test_more_nodes_than_may_be_submitted(
    tmp_path: Path, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch, here: None
) -> None:
    """The rest follows as room is made; arrays that are too large are submitted in parts."""
    monkeypatch.setattr(dag, "FIRST_PAUSE_SEC", 0.05)
    monkeypatch.setattr(dag, "LONGEST_PAUSE_SEC", 0.2)
    with fake_slurm(tmp_path / "cluster", max_submit=5) as cluster:
        submission = submit_slurm_dag([p.levels(8)], submitit_root=tmp_path / "jobs")
        submission.wait(poll_interval_sec=0.2)

        assert p.levels(8).load_existing() == 56
        assert len(p.noted()) == len(cluster.jobs) == 17


def test_more_nodes_than_an_array_holds(tmp_path: Path, furu_tmp_root: Path, here: None) -> None:
    """Arrays have as many elements as the cluster says."""
    with fake_slurm(tmp_path / "cluster", max_array_size=4) as cluster:
        submit_slurm_dag([p.levels(9)], submitit_root=tmp_path / "jobs").wait(poll_interval_sec=0.2)

        assert p.levels(9).load_existing() == 72
        assert max(int(one.id.partition("_")[2] or 0) for one in cluster.jobs) == 3


def test_accounting_that_lags_and_fails(tmp_path: Path, furu_tmp_root: Path, here: None) -> None:
    """33c: no row, a false PENDING, a sacct that fails now and then: nothing is taken for dead."""
    with fake_slurm(tmp_path / "cluster") as cluster:
        cluster.lag(no_row=3, false_pending=3)
        cluster.fail("sacct", SACCT_DOWN, times=2, skip=1)
        submission = submit_slurm_dag([p.levels(3)], submitit_root=tmp_path / "jobs")
        submission.wait(poll_interval_sec=0.1)

        assert p.levels(3).load_existing() == 6
        assert len(p.noted()) == len(cluster.jobs) == 7


def test_a_cancelled_worker_that_lives_on(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """33a: CANCELLED is not dead: as long as its claim lives nobody begins beside it, and nothing is submitted."""
    task = p.Stubborn(n=1)
    submission = submit_slurm_dag([task], submitit_root=slurm.folder)
    (job_id,) = submission.job_id_by_hash.values()
    until(lambda: p.spool("began-1").exists())

    slurm.cancel(job_id)

    until(lambda: slurm.accounted(job_id) == ["CANCELLED by 0"])
    claim = lease.look(store.artifact(task.furu_ref).meta_dir)
    assert claim is not None
    assert claim.live
    assert submit_slurm_dag([task], submitit_root=slurm.folder).job_id_by_hash == {}
    assert task.get() == 1  # waits until Slurm has killed it
    assert len(p.noted()) == 2
    assert claim.owner is not None
    assert not is_running(claim.owner.pid)


def test_a_dependency_that_slurm_has_forgotten(
    slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """33b: a job that Slurm has forgotten counts as one that ended well; what needs it looks for itself, and says so."""
    monkeypatch.setattr(furu.FURU_CONFIG, "max_compute_retries", 0)
    below, above = p.Leaf(n=1), p.AfterHeld(below=p.Leaf(n=1))
    submission = submit_slurm_dag([above], submitit_root=slurm.folder)
    until(below.exists)
    shutil.rmtree(below.furu_dir)

    subprocess.run(["scontrol", "release", submission.job_id_by_hash[above.furu_hash]], check=True)

    until(lambda: above.get_state().result == "failed")
    attempt = above.get_state().attempt
    assert attempt is not None
    assert attempt.error is not None
    assert attempt.error.kind == "dependency"
    assert "needs Leaf" in attempt.error.message
    with pytest.raises(furu.FuruComputeError, match=r"ended as COMPLETED on .*, without a result"):
        submission.wait(poll_interval_sec=0.2)
    assert len(p.noted()) == 1
    lines = (above.furu_dir / ".furu" / "events.jsonl").read_text().splitlines()
    told: list[Any] = [json.loads(line)["attempt"] for line in lines]
    assert told == ["queued", "queued", "failed"]
