"""``Staff``: how many workers a pool has, kept at what its tasks and limits ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu_exec_slurm import scaling
from furu_exec_slurm.spec_keys import spec_key

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from furu._sys.clock import Clock
    from furu.execution.executor import Job
    from furu.resources import SlurmSpec
    from furu_exec_slurm.arguments import Limits, Pace
    from furu_exec_slurm.fleet import Fleet
    from furu_exec_slurm.scaling import Demand

#: Seconds between two looks at all workers while more of them may be wanted.
LOOK_SEC = 0.25


class Staff:
    """Submits workers where ``scaling.change`` says so, and cancels pending ones that nobody has needed for a while.

    ``on_specs`` is told of each new spec with its limit.  Threads: one.
    """

    def __init__(
        self,
        fleet: Fleet,
        limits: Limits,
        pace: Pace,
        *,
        on_specs: Callable[[dict[str, SlurmSpec], dict[str, int]], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.fleet = fleet
        self._limits = limits
        self._pace = pace
        self._on_specs = on_specs
        self._clock = clock
        self._specs: dict[str, SlurmSpec] = {}
        self._limit: dict[str, int] = {}
        self._surplus_since: dict[str, float] = {}
        self._due = 0.0

    def admit(self, job: Job) -> None:
        """Take note of what a job asks for.

        Raises ``ValueError`` naming ``max_workers_total`` when it says nothing about a spec of the job, or allows no worker
        that could take it.
        """
        self._due = 0.0
        fresh = {spec_key(spec): spec for spec in job.specs if spec_key(spec) not in self._specs}
        if fresh:
            limit = self._limits.of(fresh.values())
            self._specs |= fresh
            self._limit |= limit
            if self._on_specs is not None:
                self._on_specs(self._specs, self._limit)
        if not any(self._limit[spec_key(spec)] for spec in job.specs):
            raise ValueError(
                f"max_workers_total allows no worker that could take {job.task.furu_ref.label}, which asks for {job.specs}"
            )

    def turn(self, demands: Sequence[Demand]) -> None:
        """Look at the workers, if it is time, and change their number if need be."""
        now = self._clock.monotonic()
        if now < self._due:
            return
        often = any(demand.tasks and self._has_room(demand) for demand in demands)
        self._due = now + (LOOK_SEC if often else self._pace.poll_interval_sec)
        self.fleet.look()
        change = scaling.change(demands, self.fleet.crews(), self._limit, total=self._limits.total)
        if change.start:
            self.fleet.recruit(change.start, self._specs)
        self._dismiss(change.surplus)

    def _has_room(self, demand: Demand) -> bool:
        """Return whether there may be one more worker for some tasks."""
        crews = self.fleet.crews()
        if sum(crew.size for crew in crews.values()) >= self._limits.total:
            return False
        return any(key not in crews or crews[key].size < self._limit[key] for key in demand.specs)

    def _dismiss(self, surplus: Counter[str]) -> None:
        """Cancel pending workers that nobody has needed for as long as an idle one stays."""
        now = self._clock.monotonic()
        self._surplus_since = {key: self._surplus_since.get(key, now) for key in surplus}
        old = [key for key, since in self._surplus_since.items() if now - since > self._pace.idle_timeout_sec]
        self.fleet.dismiss({key: surplus[key] for key in old})
