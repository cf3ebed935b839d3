"""Ways in which commands fail, with the words of the real ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """How a command fails.

    ``why`` is what the controller says, which each command words in its own way; ``stderr`` is printed as it is instead.
    A trouble with ``exit_code=None`` only makes the command slow, by ``delay_sec``.  With ``carried_out`` the command
    does what it was asked to and says that it failed.
    """

    why: str = ""
    stderr: str = ""
    stdout: str = ""
    exit_code: int | None = 1
    delay_sec: float = 0.0
    carried_out: bool = False


#: The controller is away.  The real commands say so after nine seconds.
CONTROLLER_DOWN = Trouble(why="Unable to contact slurm controller (connect failure)")

#: The controller did not answer in time and did not get to it.
SOCKET_TIMED_OUT = Trouble(why="Socket timed out on send/recv operation")

#: The controller did not answer in time, but did what it was asked: an `sbatch` that failed and left a job behind.
TIMED_OUT_BUT_DONE = Trouble(why="Socket timed out on send/recv operation", carried_out=True)

#: The controller has too much to do.
TRY_AGAIN = Trouble(why="Resource temporarily unavailable")

#: A user has as many jobs in the queue as are allowed.
SUBMIT_LIMIT = Trouble(
    stderr=(
        "sbatch: error: QOSMaxSubmitJobPerUserLimit\n"
        "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size "
        "and/or time limits)\n"
    )
)

#: The same, where the limit is on the user's account.
ACCOUNT_SUBMIT_LIMIT = Trouble(
    stderr=(
        "sbatch: error: AssocMaxSubmitJobLimit\n"
        "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size "
        "and/or time limits)\n"
    )
)

#: The database behind `sacct` is away.
SACCT_DOWN = Trouble(
    stderr=(
        "sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to "
        "host:localhost:6819: Connection refused\n"
        "sacct: error: Sending PersistInit msg: Connection refused\n"
        "sacct: error: Problem talking to the database: Connection refused\n"
    )
)

#: There is no accounting on this cluster.
ACCOUNTING_DISABLED = Trouble(stderr="Slurm accounting storage is disabled\n")
