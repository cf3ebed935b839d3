"""Scenario 32: a dependency that fails does not leave what needs it pending for ever."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import dag_pipelines as p
import pytest

import furu
from furu.execution import submit_slurm_dag
from furu_testing.children import until

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm


def test_what_needs_a_failure_is_cancelled(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through all levels, by Slurm, with nobody watching; what does not need it is built."""
    monkeypatch.setattr(furu.FURU_CONFIG, "max_compute_retries", 0)
    top = p.After(below=p.After(below=p.Broken()))
    fine = p.After(below=p.Leaf(n=1))

    submission = submit_slurm_dag([top, fine], submitit_root=slurm.folder)

    until(lambda: sorted(slurm.jobs().values()) == ["CANCELLED", "CANCELLED", "COMPLETED", "COMPLETED", "FAILED"], 30)
    assert fine.load_existing() == 2
    with pytest.raises(ValueError, match="broken"):
        submission.wait(poll_interval_sec=0.1)


def test_a_submission_after_a_failure_is_whole(
    slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Submitted again at once, while Slurm has not cancelled what needs the failure yet, everything is built."""
    monkeypatch.setattr(furu.FURU_CONFIG, "max_compute_retries", 0)
    below, top = p.Failing(n=1), p.AfterHeld(below=p.Failing(n=1))
    first = submit_slurm_dag([top], submitit_root=slurm.folder)
    until(lambda: below.get_state().result == "failed")

    second = submit_slurm_dag([top], submitit_root=slurm.folder)

    assert second.job_id_by_hash[top.furu_hash] != first.job_id_by_hash[top.furu_hash]
    subprocess.run(["scontrol", "release", second.job_id_by_hash[top.furu_hash]], check=True)
    second.wait(poll_interval_sec=0.1)
    assert top.load_existing() == 2
