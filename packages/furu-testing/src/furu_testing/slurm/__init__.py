"""A Slurm cluster made of commands and a directory: `sbatch squeue sacct scancel scontrol sinfo srun` on ``PATH``.

    with fake_slurm(tmp_path) as cluster:
        cluster.script("train*", Pending(polls=3), Running(), OutOfMemory())
        subprocess.run(["sbatch", "--job-name=train-1", "--wrap", "python train.py"], check=True)

Jobs are really run, with the environment and output files that they have on a cluster.  What happens to them and how
often commands fail can be written down; time is counted in questions about the state of jobs and moved with
`FakeCluster.advance`, so that a test needs no sleeping.

*Not promised*: scheduling (jobs start at once, in order, while there are CPUs), limits on memory and devices, other users,
partitions and QOS with rules, reservations, heterogeneous jobs, ``--json``, ``salloc``, ``sacctmgr``.  Processes are
found through ``/proc``; without it only their process groups are.
"""

from __future__ import annotations

from furu_testing.slurm.cluster import FakeCluster, fake_slurm
from furu_testing.slurm.steps import (
    BootFail,
    Cancelled,
    Completed,
    Deadline,
    Failed,
    Jobs,
    JobStep,
    NodeFail,
    OutOfMemory,
    Pending,
    Preempted,
    Requeued,
    Running,
    Suspended,
    Timeout,
    Vanished,
)
from furu_testing.slurm.troubles import (
    ACCOUNT_SUBMIT_LIMIT,
    ACCOUNTING_DISABLED,
    CONTROLLER_DOWN,
    SACCT_DOWN,
    SOCKET_TIMED_OUT,
    SUBMIT_LIMIT,
    TIMED_OUT_BUT_DONE,
    TRY_AGAIN,
    Trouble,
)
from furu_testing.slurm.views import Call, JobView

__all__ = [
    "ACCOUNTING_DISABLED",
    "ACCOUNT_SUBMIT_LIMIT",
    "CONTROLLER_DOWN",
    "SACCT_DOWN",
    "SOCKET_TIMED_OUT",
    "SUBMIT_LIMIT",
    "TIMED_OUT_BUT_DONE",
    "TRY_AGAIN",
    "BootFail",
    "Call",
    "Cancelled",
    "Completed",
    "Deadline",
    "Failed",
    "FakeCluster",
    "JobStep",
    "JobView",
    "Jobs",
    "NodeFail",
    "OutOfMemory",
    "Pending",
    "Preempted",
    "Requeued",
    "Running",
    "Suspended",
    "Timeout",
    "Trouble",
    "Vanished",
    "fake_slurm",
]
