"""``Pace``: which classes have proven to make short jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from furu.task import Task

#: A class is known for short jobs when this many in a row were.
PROVEN_BY = 16


class Pace:
    """Counts, for each class, how many short jobs there were since its last long one.

    What short means, and what is done about it, is for the executor to say; it has to bear that the next job of such a
    class is long after all.
    """

    def __init__(self) -> None:
        self._short: dict[type, int] = {}

    def took(self, task: Task, *, short: bool) -> None:
        """Learn whether a job was short."""
        cls = type(task)
        self._short[cls] = self._short.get(cls, 0) + 1 if short else 0

    def is_short(self, task: Task) -> bool:
        """Return whether a job is likely to be short."""
        return self._short.get(type(task), 0) >= PROVEN_BY
