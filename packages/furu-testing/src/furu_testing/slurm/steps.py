"""The states that a test can write down for a job.

Each is shown to a number of questions about the state of jobs (`squeue`, `sacct`, `scontrol show job`), then the next
one comes.  After the last one a job goes its own way: it starts, and ends when its processes do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from furu_testing.slurm.model import Step


@dataclass(frozen=True, kw_only=True)
class JobStep:
    """One state of a job; use one of the classes below.

    ``polls`` is to how many questions it is shown; with None it lasts.
    """

    word: ClassVar[str] = ""
    final: ClassVar[bool] = False
    polls: int | None = 1

    def spelled(self) -> Step:
        """Return the step as the cluster keeps it."""
        fields = vars(self)
        return {
            "word": self.word,
            "polls": self.polls,
            "reason": fields.get("reason", ""),
            "code": fields.get("exit_code", 0),
            "signal": fields.get("signal", 0),
            "by": fields.get("by"),
            "process": fields.get("process"),
            "requeue": fields.get("requeue", False),
            "grace_sec": fields.get("grace_sec", 0.0),
            "keeps_row": fields.get("in_sacct", True),
        }

    @property
    def ends(self) -> bool:
        """Whether nothing but `Vanished` can follow."""
        return self.final and not vars(self).get("requeue", False)


@dataclass(frozen=True, kw_only=True)
class Pending(JobStep):
    """The job waits in the queue, for ``reason``."""

    word = "PENDING"
    reason: str = "Priority"


@dataclass(frozen=True, kw_only=True)
class Running(JobStep):
    """The job runs; its script does too, unless ``process`` is false.

    With ``polls=None`` it runs until its script ends.
    """

    word = "RUNNING"
    process: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Suspended(JobStep):
    """The job is suspended: its processes stand still until the next step."""

    word = "SUSPENDED"


@dataclass(frozen=True, kw_only=True)
class Requeued(JobStep):
    """The job is requeued by an administrator: its processes get SIGTERM, then SIGKILL, and it starts again."""

    word = "REQUEUED"
    requeue: bool = True


@dataclass(frozen=True, kw_only=True)
class Preempted(JobStep):
    """The job makes room for another one.

    Its processes get the signal of ``--signal``, or SIGTERM, and ``grace_sec`` seconds in which they may end or requeue
    themselves.  Without ``requeue`` the job stays PREEMPTED for good.
    """

    word = "PREEMPTED"
    final = True
    requeue: bool = True
    grace_sec: float = 5.0


@dataclass(frozen=True, kw_only=True)
class NodeFail(JobStep):
    """The node is lost, with everything on it; with ``requeue`` the job starts again elsewhere."""

    word = "NODE_FAIL"
    final = True
    requeue: bool = False


@dataclass(frozen=True, kw_only=True)
class Completed(JobStep):
    """The job ends well, whatever its script does."""

    word = "COMPLETED"
    final = True


@dataclass(frozen=True, kw_only=True)
class Failed(JobStep):
    """The job ends with an exit code, or by a signal."""

    word = "FAILED"
    final = True
    exit_code: int = 1
    signal: int = 0


@dataclass(frozen=True, kw_only=True)
class Cancelled(JobStep):
    """The job is cancelled by the user with an id; with ``by=None`` by Slurm itself."""

    word = "CANCELLED"
    final = True
    by: int | None = 0


@dataclass(frozen=True, kw_only=True)
class Timeout(JobStep):
    """The job reaches its time limit."""

    word = "TIMEOUT"
    final = True


@dataclass(frozen=True, kw_only=True)
class OutOfMemory(JobStep):
    """The job is killed for the memory that it uses."""

    word = "OUT_OF_MEMORY"
    final = True
    signal: int = 125


@dataclass(frozen=True, kw_only=True)
class BootFail(JobStep):
    """The job's node does not come up."""

    word = "BOOT_FAIL"
    final = True


@dataclass(frozen=True, kw_only=True)
class Deadline(JobStep):
    """The job cannot end before its deadline any more."""

    word = "DEADLINE"
    final = True
    exit_code: int = 1


@dataclass(frozen=True, kw_only=True)
class Vanished(JobStep):
    """The controller forgets the job: `squeue` and `scontrol` do not know it, `sacct` only does with ``in_sacct``.

    Its processes, if there are any, go on.
    """

    word = "VANISHED"
    in_sacct: bool = True


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Which jobs are meant: those for which everything holds that is given.

    ``name`` may have ``*`` and ``?``, ``index`` counts submissions from 0, ``task`` is the index in an array, and ``id``
    is a job, a whole array, or one element such as ``"1000_3"``.
    """

    name: str | None = None
    id: str | None = None
    partition: str | None = None
    index: int | None = None
    task: int | None = None
