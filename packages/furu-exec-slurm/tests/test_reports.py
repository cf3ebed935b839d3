"""What sacct and squeue print, read."""

from __future__ import annotations

import pytest

from furu_exec_slurm.reports import expanded, from_sacct, from_squeue
from furu_exec_slurm.states import Phase


@pytest.mark.parametrize(
    ("shown", "ids"),
    [
        ("123", ["123"]),
        ("123_4", ["123_4"]),
        ("123_[0-2]", ["123_0", "123_1", "123_2"]),
        ("123_[0,2-3%4]", ["123_0", "123_2", "123_3"]),
        ("123_[0-6:3]", ["123_0", "123_3", "123_6"]),
    ],
)
def test_one_row_may_stand_for_many(shown: str, ids: list[str]) -> None:
    """Elements of an array that wait share a row."""
    assert list(expanded(shown)) == ids


def test_sacct_is_read_by_job() -> None:
    """Each job once, elements of arrays by themselves, steps not at all."""
    text = "17|COMPLETED|0:0|furu1\n17.batch|COMPLETED|0:0|furu1\n18_1|RUNNING|0:0|furu2\n18_[2-3%4]|PENDING|0:0|None assigned\n"

    found = from_sacct(text, cancelled_is_preempted=False)

    assert {job_id: (one.phase, one.node) for job_id, one in found.items()} == {
        "17": (Phase.ENDED, "furu1"),
        "18_1": (Phase.RUNNING, "furu2"),
        "18_2": (Phase.PENDING, ""),
        "18_3": (Phase.PENDING, ""),
    }


def test_a_step_tells_that_memory_ran_out() -> None:
    """With srun the job is FAILED, and only its step says why."""
    text = "17|FAILED|0:125|furu1\n17.batch|FAILED|0:125|furu1\n17.0|OUT_OF_MEMORY|0:125|furu1\n"
    without_code = "18|FAILED|9:0|furu1\n18.0|OUT_OF_MEMORY|0:125|furu1\n"

    assert from_sacct(text, cancelled_is_preempted=False)["17"].condition.kind == "oom"
    assert from_sacct(without_code, cancelled_is_preempted=False)["18"].condition.kind == "oom"


def test_squeue_tells_why_a_job_waits() -> None:
    """The reason is for pending jobs; that of others is no reason to wait."""
    text = "17|PENDING||Priority\n18_0|PENDING||(null)\n19|RUNNING|furu1|None\n20|CANCELLED||DependencyNeverSatisfied\n"

    found = from_squeue(text, cancelled_is_preempted=False)

    assert found["17"].words == "PENDING (Priority)"
    assert found["19"].words == "RUNNING"
    assert (found["20"].words, found["20"].gone) == ("CANCELLED", True)
