"""Single objects on a submitit executor of the user's own."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
import submitit
from checkpointed import Counting, Failing, Number, noted
from submitit.core.utils import FailedJobError

import furu
from furu_exec_slurm.standing import StandingJob
from furu_testing import assert_computed, override_results
from furu_testing.children import Child, until

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The submitit folder of tests without a cluster."""
    return tmp_path / "submitit"


def on_slurm(slurm: Slurm) -> submitit.AutoExecutor:
    """Return an executor as users have it."""
    executor = submitit.AutoExecutor(folder=slurm.folder, cluster="slurm")
    executor.update_parameters(timeout_min=5, cpus_per_task=1, mem_gb=0.5)
    return executor


def test_debug_executor(folder: Path) -> None:
    """A debug job is computed here when its result is asked for."""
    job = furu.SubmititAdapter(submitit.AutoExecutor(folder=folder, cluster="debug")).submit(Number(value=3))

    assert not Number(value=3).exists()
    assert job.result() == 3
    assert_computed(Number(value=3))


def test_local_executor(folder: Path) -> None:
    """A local job is computed in another process, in the same store, and returns the value of the artifact."""
    job = furu.submit(Number(value=3), executor=submitit.LocalExecutor(folder))

    assert job.result() == 3
    owner = Number(value=3).get_state().attempt.owner
    assert owner.pid != os.getpid()
