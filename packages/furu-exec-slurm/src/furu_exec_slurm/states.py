"""``Condition``: what one of Slurm's words about a job means here.

The words are those of ``squeue`` and ``sacct``, as ``man sacct`` lists them under JOB STATE CODES.  Some carry more text
("CANCELLED by 0"); the first word counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from furu.storage.state import FailureKind


class Phase(Enum):
    """Where a job is on its way."""

    PENDING = "pending"
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """The phase of a job, and of one that ended, how.

    ``kind`` says how it failed, None for a job that ended well or has not ended.  ``final`` is False for an end after
    which Slurm may put the job back into the queue by itself, without a word that says so.

    *Not promised*: that the processes of a job which ended are gone.  They live for seconds after a cancellation, and to
    their own end on a node that was lost.
    """

    phase: Phase
    kind: FailureKind | None = None
    final: bool = True


PENDING = Condition(Phase.PENDING)
RUNNING = Condition(Phase.RUNNING)
UNKNOWN = Condition(Phase.UNKNOWN)


def _ended(kind: FailureKind | None, *, final: bool = True) -> Condition:
    return Condition(Phase.ENDED, kind, final)


_CONDITIONS = {
    "BOOT_FAIL": _ended("node_failure", final=False),
    "CANCELLED": _ended("cancelled"),
    "COMPLETED": _ended(None),
    "COMPLETING": RUNNING,  # its processes are being ended, or clean up
    "CONFIGURING": PENDING,  # its nodes boot
    "DEADLINE": _ended("timeout"),
    "EXPEDITING": PENDING,
    "FAILED": _ended("error"),
    "LAUNCH_FAILED": _ended("node_failure", final=False),
    "NODE_FAIL": _ended("node_failure", final=False),
    "OUT_OF_MEMORY": _ended("oom"),
    "PENDING": PENDING,
    "POWER_UP_NODE": PENDING,
    "PREEMPTED": _ended("preempted", final=False),
    "RECONFIG_FAIL": _ended("node_failure", final=False),
    "REQUEUED": PENDING,
    "REQUEUE_FED": PENDING,
    "REQUEUE_HOLD": PENDING,
    "RESIZING": RUNNING,
    "RESV_DEL_HOLD": PENDING,
    "REVOKED": _ended("cancelled"),  # another cluster of a federation runs it
    "RUNNING": RUNNING,
    "SIGNALING": RUNNING,
    "SPECIAL_EXIT": PENDING,
    "STAGE_OUT": RUNNING,
    "STOPPED": RUNNING,
    "SUSPENDED": RUNNING,  # it keeps its nodes and goes on later
    "TIMEOUT": _ended("timeout"),
}


def condition(word: str, exit_code: str = "", *, cancelled_is_preempted: bool = False) -> Condition:
    """Return what Slurm's ``word`` for the state of a job means; a word furu does not know is ``UNKNOWN``.

    ``exit_code`` is ``sacct``'s (``exit:signal``), which tells a FAILED job whose process was killed from one that ended
    by itself.  ``cancelled_is_preempted`` is what ``FURU_CANCELLED_IS_PREEMPTED`` says.
    """
    first = word.split(maxsplit=1)[0].rstrip("+").upper() if word.strip() else ""
    found = _CONDITIONS.get(first, UNKNOWN)
    if first == "CANCELLED" and cancelled_is_preempted:
        return _ended("preempted")
    if first == "FAILED":
        return _ended(_kind_of_failure(exit_code))
    return found


def _kind_of_failure(exit_code: str) -> FailureKind:
    """Return how a FAILED job failed.

    A process killed by a signal shows as ``0:9`` when it is the batch script, and as ``9:0`` or ``137:0`` when ``srun``
    tells it; ``0:125`` is the memory limit.
    """
    code, _, number = exit_code.partition(":")
    if number == "125":
        return "oom"
    killed = number not in ("", "0") or code in ("9", "137")
    return "lost" if killed else "error"
