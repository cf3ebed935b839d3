"""The words for states: which of them are ends, and their two letters in ``squeue``."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Attempt, Job

#: Every word that can be asked for with ``squeue -t``, in Slurm's own order, with the short form.
SHORT = {
    "PENDING": "PD",
    "RUNNING": "R",
    "SUSPENDED": "S",
    "COMPLETED": "CD",
    "CANCELLED": "CA",
    "FAILED": "F",
    "TIMEOUT": "TO",
    "NODE_FAIL": "NF",
    "PREEMPTED": "PR",
    "BOOT_FAIL": "BF",
    "DEADLINE": "DL",
    "OUT_OF_MEMORY": "OOM",
    "COMPLETING": "CG",
    "CONFIGURING": "CF",
    "RESIZING": "RS",
    "RESV_DEL_HOLD": "RD",
    "REQUEUED": "RQ",
    "REQUEUE_FED": "RF",
    "REQUEUE_HOLD": "RH",
    "REVOKED": "RV",
    "SIGNALING": "SI",
    "SPECIAL_EXIT": "SE",
    "STAGE_OUT": "SO",
    "STOPPED": "ST",
}

#: A job in one of these does not run and is not going to.
ENDED = frozenset(
    {
        "COMPLETED",
        "CANCELLED",
        "FAILED",
        "TIMEOUT",
        "NODE_FAIL",
        "PREEMPTED",
        "BOOT_FAIL",
        "DEADLINE",
        "OUT_OF_MEMORY",
    }
)

#: The reason that goes with an end; where a job ended by its own exit code it depends on the code.
REASONS = {
    "TIMEOUT": "TimeLimit",
    "NODE_FAIL": "NodeDown",
    "DEADLINE": "DeadLine",
    "OUT_OF_MEMORY": "OutOfMemory",
    "BOOT_FAIL": "NodeDown",
}


def last_attempt(job: Job) -> Attempt | None:
    """Return the current run of a job, or the one before where it waits for its next."""
    return job["attempts"][-1] if job["attempts"] else None


def is_completing(job: Job) -> bool:
    """Tell whether a job is over and some of its processes are not; a lost node is never waited for."""
    return any(attempt["alive"] and attempt["state"] not in ("NODE_FAIL", "RUNNING") for attempt in job["attempts"])


def shown_state(job: Job) -> str:
    """Return the word that ``squeue`` has for a job."""
    return "COMPLETING" if is_completing(job) else job["state"]
