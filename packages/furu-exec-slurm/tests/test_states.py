"""The one table of Slurm's words."""

from __future__ import annotations

import pytest

from furu_exec_slurm.states import Phase, condition


@pytest.mark.parametrize(
    ("word", "exit_code", "phase", "kind", "final"),
    [
        ("PENDING", "0:0", "pending", None, True),
        ("CONFIGURING", "0:0", "pending", None, True),
        ("REQUEUED", "0:0", "pending", None, True),
        ("REQUEUE_HOLD", "0:0", "pending", None, True),
        ("SPECIAL_EXIT", "0:0", "pending", None, True),
        ("RUNNING", "0:0", "running", None, True),
        ("COMPLETING", "0:0", "running", None, True),
        ("SUSPENDED", "0:0", "running", None, True),
        ("STAGE_OUT", "0:0", "running", None, True),
        ("COMPLETED", "0:0", "ended", None, True),
        ("FAILED", "1:0", "ended", "error", True),
        ("FAILED", "3:0", "ended", "error", True),
        ("FAILED", "", "ended", "error", True),
        ("FAILED", "9:0", "ended", "lost", True),  # the process was killed: srun tells it so
        ("FAILED", "137:0", "ended", "lost", True),
        ("FAILED", "0:9", "ended", "lost", True),  # the batch script was killed
        ("FAILED", "0:125", "ended", "oom", True),
        ("OUT_OF_MEMORY", "0:125", "ended", "oom", True),
        ("CANCELLED", "0:0", "ended", "cancelled", True),
        ("CANCELLED by 0", "0:0", "ended", "cancelled", True),
        ("CANCELLED+", "0:15", "ended", "cancelled", True),
        ("REVOKED", "0:0", "ended", "cancelled", True),
        ("TIMEOUT", "0:0", "ended", "timeout", True),
        ("DEADLINE", "1:0", "ended", "timeout", True),
        ("NODE_FAIL", "0:0", "ended", "node_failure", False),  # requeued as a rule, some seconds later
        ("BOOT_FAIL", "0:0", "ended", "node_failure", False),
        ("PREEMPTED", "0:0", "ended", "preempted", False),
        ("", "", "unknown", None, True),
        ("SOMETHING_NEW", "0:0", "unknown", None, True),
    ],
)
def test_each_word_has_a_phase_and_a_kind(
    word: str, exit_code: str, phase: str, kind: str | None, *, final: bool
) -> None:
    """The first word counts; what a FAILED job died of shows in its exit code."""
    found = condition(word, exit_code)

    assert (found.phase, found.kind, found.final) == (Phase(phase), kind, final)


def test_a_cancellation_may_count_as_preemption() -> None:
    """With ``FURU_CANCELLED_IS_PREEMPTED`` only CANCELLED changes its meaning."""
    assert condition("CANCELLED by 0", cancelled_is_preempted=True).kind == "preempted"
    assert condition("TIMEOUT", cancelled_is_preempted=True).kind == "timeout"
