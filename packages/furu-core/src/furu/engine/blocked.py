"""``BlockedOn``: how a worker says that its job needs an artifact that is not there yet."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.task import Task


class BlockedOn(BaseException):
    """Ends a job whose ``_create`` asked for an artifact that has to be built first; the job is run again afterwards.

    Not an ``Exception``, so that an ``except Exception`` around a ``get()`` does not take it for a failure.
    """

    def __init__(self, task: Task) -> None:
        super().__init__(f"waits for {task.furu_ref.label}")
        self.task = task
