"""Scenario 29: the submitting process dies and is started again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import dag_pipelines as p
import pytest

from furu.execution import submit_slurm_dag
from furu_testing.children import Child
from furu_testing.faults import QUEUE_STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

#: A submitter that is killed when it comes to a step for the so-and-so-many-th time.
SUBMITTER = """
import os, signal
import dag_pipelines as p
from furu.execution import submit_slurm_dag
from furu_testing import faults

left = {times}

def die():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

with faults.at({step!r}, die):
    submit_slurm_dag([p.levels(3)], submitit_root={folder!r})
"""

#: Of seven artifacts in three batches, the first, and one in the middle of a later array.
STEPS = [(step, times) for step in ("claim.taken", *QUEUE_STEPS) for times in (1, 5) if step != "claim.renamed"]


@pytest.mark.parametrize(("step", "times"), STEPS)
def test_a_killed_submitter_is_started_again(slurm: Slurm, furu_tmp_root: Path, step: str, times: int) -> None:
    """What it has submitted is found by the next one, or does nothing; nothing is computed twice, nothing is left out."""
    root = p.levels(3)
    code = SUBMITTER.format(step=step, times=times, folder=str(slurm.folder))
    with Child.python(code, report=furu_tmp_root / "submitter.txt") as submitter:
        assert submitter.end().status == -9

    submit_slurm_dag([root], submitit_root=slurm.folder).wait(poll_interval_sec=0.1)

    assert root.load_existing() == 6
    assert Counter(p.noted()).most_common(1)[0][1] == 1
    assert len(p.noted()) == 7


def test_two_submitters_at_once(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Each artifact gets one job, whoever of them is faster."""
    code = f"""
import dag_pipelines as p
from furu.execution import submit_slurm_dag
submission = submit_slurm_dag([p.levels(8)], submitit_root={str(slurm.folder)!r})
submission.wait(poll_interval_sec=0.2)
print(p.levels(8).load_existing())
"""
    with (
        Child.python(code, report=furu_tmp_root / "one.txt") as one,
        Child.python(code, report=furu_tmp_root / "other.txt") as other,
    ):
        assert one.end().ok() == other.end().ok() == ["56"]

    assert len(p.noted()) == 17
    assert len(slurm.jobs()) == 17
