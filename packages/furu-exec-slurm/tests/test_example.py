"""The worked example: a training that is preempted and goes on."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import submitit

import furu
from furu_testing import furu_test_env
from furu_testing.children import until

if TYPE_CHECKING:
    from real_slurm import Slurm

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example as a module; jobs find it because they search where their submitter does."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield importlib.import_module("checkpointed_training")
    sys.modules.pop("checkpointed_training")


def test_a_preempted_training_is_resumed(slurm: Slurm, furu_tmp_root: Path, tmp_path: Path, example: Any) -> None:
    """A job of a higher tier takes the machine; the training goes on at its last epoch, and ends with the same weights."""
    training = example.TrainDigits(epochs=400)
    executor = submitit.AutoExecutor(folder=slurm.folder, cluster="slurm")
    executor.update_parameters(slurm_partition="preempt", timeout_min=30, cpus_per_task=5, mem_gb=1)
    executor.update_parameters(slurm_nodelist="furu1")
    job = furu.submit(training, executor=executor)
    until(lambda: (saved := training.saved()) is not None and saved.epoch > 20, timeout_sec=240)

    higher = submitit.SlurmExecutor(folder=slurm.folder)
    higher.update_parameters(time=5, cpus_per_task=5, mem="500MB", partition="cpu", nodelist="furu1")
    higher.submit(os.getpid).result()

    result = job.result()
    assert len(result["runs"]) == 2
    assert 20 < result["runs"][1] < 400
    with furu_test_env(tmp_path / "undisturbed"):
        assert training.get() == {"accuracy": result["accuracy"], "runs": [0]}
        undisturbed = training.saved()
    assert all(map(np.array_equal, undisturbed._replace(runs=()), training.saved()._replace(runs=())))
