"""``Pace``: which classes have proven to make short jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from furu.task import Task

#: A job is short that takes less (seconds), and a class is when this many of its jobs in a row were.
SHORT_SEC, PROVEN_BY = 0.01, 16


class Pace:
    """Counts, for each class, how many short jobs there were since its last long one.

    A short job may be sent to a worker process that is still busy with one, so that it need not wait for an answer.
    Should it be behind a job that is long after all, it waits for that one, although another worker may be free.
    """

    def __init__(self) -> None:
        self._short: dict[type, int] = {}

    def took(self, task: Task, sec: float) -> None:
        """Learn how long a job took."""
        cls = type(task)
        self._short[cls] = self._short.get(cls, 0) + 1 if sec < SHORT_SEC else 0

    def is_short(self, task: Task) -> bool:
        """Return whether a job is likely to be short."""
        return self._short.get(type(task), 0) >= PROVEN_BY
