"""``Offers``: the tasks a controller has to give away, and which of them lie in the queue directory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from furu_exec_slurm.queue import ticket_of
from furu_exec_slurm.scaling import Demand
from furu_exec_slurm.spec_keys import group_of, spec_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.execution.executor import Job
    from furu_exec_slurm.object_log import ObjectLogWriter
    from furu_exec_slurm.queue import Queue

#: So many tasks of a group lie in the directory at a time: enough for workers not to wait, and few enough to list.
AHEAD = 128


@dataclass(slots=True)
class _Group:
    """The tasks that offer the same specs: those that wait their turn, and the tickets that nobody has taken yet."""

    specs: tuple[str, ...]
    jobs: deque[Job] = field(default_factory=deque)
    tickets: dict[str, Job] = field(default_factory=dict)


class Offers:
    """Keeps the directory ``todo`` filled, but short.

    Most tasks wait in memory, so that listing the directory costs the same however many there are, and the order in which
    they were accepted is kept.  Threads: one.
    """

    def __init__(self, queue: Queue, objects: ObjectLogWriter, objects_name: str) -> None:
        self._queue = queue
        self._objects = objects
        self._objects_name = objects_name
        self.number = 0  # of the next ticket
        self._groups: dict[str, _Group] = {}

    def accept(self, job: Job, *, next_one: bool = False) -> None:
        """Take a task that is to be given away, before all others with ``next_one``."""
        name = group_of(job.specs)
        group = self._groups.get(name)
        if group is None:
            self._queue.open_group(name)
            group = self._groups[name] = _Group(tuple(dict.fromkeys(spec_key(spec) for spec in job.specs)))
        (group.jobs.appendleft if next_one else group.jobs.append)(job)

    def turn(self) -> list[tuple[str, Job]]:
        """Put tasks where there is room; return those that were taken since the last turn, each with its ticket."""
        taken: list[tuple[str, Job]] = []
        for name, group in self._groups.items():
            if group.tickets:
                left = set(self._queue.waiting(name))
                taken += [(ticket, job) for ticket, job in group.tickets.items() if ticket not in left]
                group.tickets = {ticket: job for ticket, job in group.tickets.items() if ticket in left}
            if group.jobs and len(group.tickets) <= AHEAD // 2:
                self._put(name, group)
        return taken

    def demands(self) -> list[Demand]:
        """Return how many tasks of each group nobody has taken, as of the last turn."""
        return [Demand(group.specs, len(group.jobs) + len(group.tickets)) for group in self._groups.values()]

    def discard(self, unneeded: Callable[[Job], bool]) -> list[Job]:
        """Take back the tasks that are not needed any more, as far as nobody has taken them; return those."""
        found: list[Job] = []
        for name, group in self._groups.items():
            gone = [job for job in group.jobs if unneeded(job)]
            if gone:
                keys = {job.key for job in gone}
                group.jobs = deque(job for job in group.jobs if job.key not in keys)
            for ticket, job in list(group.tickets.items()):
                if unneeded(job) and self._queue.withdraw(name, ticket):
                    del group.tickets[ticket]
                    gone.append(job)
            found += gone
        return found

    def forget(self, ticket: str) -> None:
        """Do not report a ticket as taken any more: it has ended already."""
        for group in self._groups.values():
            group.tickets.pop(ticket, None)

    def withdraw(self) -> None:
        """Take back what nobody has taken."""
        for name, group in self._groups.items():
            for ticket in group.tickets:
                self._queue.withdraw(name, ticket)
            group.tickets.clear()
            group.jobs.clear()

    def _put(self, name: str, group: _Group) -> None:
        jobs = [group.jobs.popleft() for _ in range(min(len(group.jobs), AHEAD - len(group.tickets)))]
        numbers = self._objects.add([job.task for job in jobs])
        for job, number in zip(jobs, numbers, strict=True):
            ticket = ticket_of(self.number, job.key)
            self.number += 1
            content = {
                "key": job.key,
                "label": job.task.furu_ref.label,
                "specs": list(group.specs),
                "objects": self._objects_name,
                "number": number,
                "size": self._objects.size,
            }
            self._queue.put(name, ticket, content)
            group.tickets[ticket] = job
