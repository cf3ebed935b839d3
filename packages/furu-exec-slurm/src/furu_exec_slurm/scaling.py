"""How many workers there should be: a pure function of what waits, what there is, and what is allowed.

Tasks and workers are matched as flow through a small network, groups of tasks on one side, specs on the other, so that
alternatives are used to the full: a worker counts for the task that only it can take.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Demand:
    """Tasks that nobody has taken, all offering the same specs (keys, in order of preference)."""

    specs: tuple[str, ...]
    tasks: int


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers of one spec: at work, without work, and not started by Slurm yet."""

    busy: int = 0
    idle: int = 0
    pending: int = 0

    @property
    def size(self) -> int:
        """How many there are."""
        return self.busy + self.idle + self.pending


@dataclass(frozen=True, slots=True)
class Change:
    """How many workers of each spec are to be submitted, and how many of the pending ones nobody needs."""

    start: Counter[str] = field(default_factory=Counter)
    surplus: Counter[str] = field(default_factory=Counter)


def change(demands: Iterable[Demand], crews: Mapping[str, Crew], limits: Mapping[str, int], *, total: int) -> Change:
    """Return what to do so that each task that waits finds a worker, as far as the limits allow.

    A worker without work, or one that Slurm has not started yet, takes one of the tasks that wait; so one task starts one
    worker, however often this is asked.  Workers are started for each group in turn, so that a long queue of one kind
    leaves room for the others.  ``limits`` says how many workers of a spec there may be, ``total`` how many in all.
    """
    flow = _Flow([demand for demand in demands if demand.tasks > 0])
    flow.extend({spec: crew.idle for spec, crew in crews.items()})
    by_idle = flow.used.copy()
    flow.extend({spec: crew.pending for spec, crew in crews.items()})
    by_pending = flow.used - by_idle
    room = max(0, total - sum(crew.size for crew in crews.values()))
    free = {spec: limit - crews[spec].size if spec in crews else limit for spec, limit in limits.items()}
    covered = flow.used.copy()
    flow.extend(free, most=room)
    surplus = Counter({spec: crew.pending for spec, crew in crews.items()}) - by_pending
    return Change(flow.used - covered, surplus)


class _Flow:
    """A matching of tasks and workers that grows as workers are added, and never lets a worker go that it uses."""

    def __init__(self, demands: list[Demand]) -> None:
        self.used: Counter[str] = Counter()  # spec -> workers with a task
        self._demands = demands
        self._left = [demand.tasks for demand in demands]
        self._given: list[Counter[str]] = [Counter() for _ in demands]  # which workers have the tasks of a group
        self._free: Counter[str] = Counter()

    def extend(self, workers: Mapping[str, int], most: int | None = None) -> None:
        """Add workers, and match as many tasks as can be, one of each group in turn; at most ``most``."""
        self._free = Counter({spec: count for spec, count in workers.items() if count > 0})
        left = most
        growing = True
        while growing and left != 0:
            growing = False
            for group in range(len(self._demands)):
                if self._left[group] and left != 0 and self._match_one(group):
                    growing = True
                    left = None if left is None else left - 1

    def _match_one(self, group: int) -> bool:
        """Give one more task of a group a worker, others changing theirs if need be; return whether that was possible."""
        came_from: dict[
            str, tuple[int, str | None]
        ] = {}  # spec -> the group that would take it, and what that gives up
        pending: deque[tuple[int, str | None]] = deque([(group, None)])
        while pending:
            taker, gives_up = pending.popleft()
            for spec in self._demands[taker].specs:
                if spec in came_from:
                    continue
                came_from[spec] = (taker, gives_up)
                if self._free[spec]:
                    self._take(spec, came_from)
                    self._left[group] -= 1
                    return True
                pending.extend((other, spec) for other, given in enumerate(self._given) if given[spec])
        return False

    def _take(self, spec: str, came_from: Mapping[str, tuple[int, str | None]]) -> None:
        self._free[spec] -= 1
        self.used[spec] += 1
        wanted: str | None = spec
        while wanted is not None:
            taker, gives_up = came_from[wanted]
            self._given[taker][wanted] += 1
            if gives_up is not None:
                self._given[taker][gives_up] -= 1
            wanted = gives_up
