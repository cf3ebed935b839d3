"""``Seeker``: how a worker finds its next task without asking the file server more than it has to."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from furu_exec_slurm.spec_keys import place_in

if TYPE_CHECKING:
    from furu._sys.clock import Clock
    from furu_exec_slurm.queue import Queue, Seat

#: The pause after a look that found nothing grows from the first to the second (seconds).
FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC = 0.1, 2.0

#: A task is picked among so many of the first ones of a group, so that workers do not all reach for the same.
REACH = 8


class Seeker:
    """Takes tasks for one worker, those that prefer its spec first, each kind in about the order of its tickets.

    Promise: what a look has found is used up before the next look, and looks that find nothing become rare: four in the
    first second, then fewer, down to one every ``longest_pause_sec``.
    """

    def __init__(self, queue: Queue, seat: Seat, clock: Clock, *, longest_pause_sec: float = LONGEST_PAUSE_SEC) -> None:
        self.pause_sec = FIRST_PAUSE_SEC
        self._queue = queue
        self._seat = seat
        self._clock = clock
        self._longest_pause_sec = longest_pause_sec
        self._found: list[tuple[str, str]] = []  # group, ticket; the next ones last
        self._random = random.Random(seat.worker_id)

    def take(self) -> tuple[str, str] | None:
        """Return the group and the ticket of a task that is ours now, None when there is none."""
        taken = self._take_found()
        if taken is None:
            self._look()
            taken = self._take_found()
        if taken is not None:
            self.pause_sec = FIRST_PAUSE_SEC
        return taken

    def rest(self) -> None:
        """Pause after a look that found nothing."""
        self._clock.sleep(self.pause_sec)
        self.pause_sec = min(self.pause_sec * 1.5, self._longest_pause_sec)

    def _look(self) -> None:
        places = [(place_in(group, self._seat.spec_key), group) for group in self._queue.groups()]
        mine = sorted((place, group) for place, group in places if place is not None)
        self._found = [(group, ticket) for _, group in mine for ticket in self._queue.waiting(group)][::-1]

    def _take_found(self) -> tuple[str, str] | None:
        missed = 0
        while self._found and missed < REACH:
            first = self._found[-1][0]
            within_reach = sum(group == first for group, _ in self._found[-REACH:])
            group, ticket = self._found.pop(len(self._found) - 1 - self._random.randrange(within_reach))
            if self._queue.claim(group, ticket, self._seat):
                return group, ticket
            missed += 1
        self._found.clear()  # others have been there: what was found is old
        return None
