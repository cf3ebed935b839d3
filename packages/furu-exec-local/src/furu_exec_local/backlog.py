"""``Backlog``: the jobs that were accepted and wait for their turn, and what of the machine is left for them."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from furu.errors import FuruError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu.execution.executor import Job
    from furu.resources import SlurmSpec

NAMES = ("gpus", "cpus", "mem_gb")

#: How many younger jobs may begin before the oldest one that does not fit gets what is released.
OVERTAKES = 16


@dataclass(frozen=True, slots=True)
class Grant:
    """A job that may begin, what it was given of each bounded resource, and which GPUs."""

    job: Job
    need: tuple[int, ...] = ()
    gpu_ids: tuple[str, ...] = ()


class Machine:
    """How much of each resource there is and how much is free; only what ``resources`` names is bounded.

    GPUs are handed out by id: those of ``CUDA_VISIBLE_DEVICES`` where this process has that variable, in its order.
    """

    def __init__(self, resources: Mapping[str, int] | None, visible: str | None = None) -> None:
        self.bounded = tuple(name for name in NAMES if resources is not None and name in resources)
        self.total = tuple(resources[name] for name in self.bounded) if resources is not None else ()
        self.hands_out_gpus = "gpus" in self.bounded
        self._free = list(self.total)
        gpus = resources["gpus"] if resources is not None and self.hands_out_gpus else 0
        self._gpu_ids = gpu_ids(gpus, visible)

    def need(self, spec: SlurmSpec) -> tuple[int, ...]:
        """Return how much of each bounded resource a spec asks for."""
        return tuple(getattr(spec, name) for name in self.bounded)

    def excess(self, spec: SlurmSpec) -> str | None:
        """Return in words what a spec asks for that is never there, or None."""
        over = [
            f"{name}={wanted} of {there}"
            for name, wanted, there in zip(self.bounded, self.need(spec), self.total, strict=True)
            if wanted > there
        ]
        return ", ".join(over) or None

    def lacking(self, need: tuple[int, ...]) -> tuple[bool, ...]:
        """Return, for each bounded resource, whether less is free than needed."""
        return tuple(wanted > free for wanted, free in zip(need, self._free, strict=True))

    def take(self, job: Job, need: tuple[int, ...]) -> Grant:
        """Give a job what it needs; the caller has seen that it is free."""
        for place, wanted in enumerate(need):
            self._free[place] -= wanted
        gpus = need[self.bounded.index("gpus")] if self.hands_out_gpus else 0
        ids, self._gpu_ids = self._gpu_ids[:gpus], self._gpu_ids[gpus:]
        return Grant(job, need, tuple(ids))

    def give_back(self, grant: Grant) -> None:
        """Take back what a job was given."""
        for place, wanted in enumerate(grant.need):
            self._free[place] += wanted
        self._gpu_ids = [*self._gpu_ids, *grant.gpu_ids]


class Backlog:
    """Jobs in the order they came, handed out in that order as far as they fit.

    A job that does not fit is passed by younger ones, so that the machine is used, but no more than ``OVERTAKES`` times:
    then nothing may begin that takes any of what the oldest one lacks.

    Cost: a look at one job for each different need, however many wait.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.size = 0
        self._waiting: dict[tuple[int, ...], deque[tuple[int, Job]]] = {}
        self._count = 0
        self._overtaken: dict[int, int] = {}  # number of the oldest job -> how often it was passed by

    def refusal(self, job: Job) -> FuruError | None:
        """Return why a job can never begin: it asks for more than there is.  One that was not planned may."""
        excess = self.machine.excess(job.specs[0])
        if excess is None:
            return None
        cls = type(job.task).__name__
        hint = f"raise resources=, or change {cls}._executor"
        return FuruError(f"{job.task.furu_ref.label} asks for {excess}", hints=[hint])

    def push(self, job: Job) -> None:
        """Accept a job."""
        need = self.machine.need(job.specs[0])
        self._waiting.setdefault(need, deque()).append((self._count, job))
        self._count += 1
        self.size += 1

    def push_back(self, job: Job) -> None:
        """Accept a job again that was handed out and has not begun: it is the next."""
        need = self.machine.need(job.specs[0])
        self._waiting.setdefault(need, deque()).appendleft((-1, job))
        self.size += 1

    def pop(self) -> Grant | None:
        """Return the next job that may begin, with what it is given; None when none waits or fits."""
        if not self.machine.bounded:
            queue = self._waiting.get(())
            if not queue:
                return None
            self.size -= 1
            return Grant(queue.popleft()[1])
        held: tuple[bool, ...] | None = None
        oldest: int | None = None
        for number, need in sorted((queue[0][0], need) for need, queue in self._waiting.items()):
            lacking = self.machine.lacking(need)
            if any(lacking):
                if oldest is None:
                    oldest = number
                    held = lacking if self._overtaken.get(number, 0) >= OVERTAKES else None
                continue
            if held is not None and any(short and wanted for short, wanted in zip(held, need, strict=True)):
                continue
            return self._handed_out(need, oldest)
        return None

    def peek(self) -> Job | None:
        """Return the job that ``pop`` would hand out where nothing is bounded; None where something is."""
        queue = self._waiting.get(()) if not self.machine.bounded else None
        return queue[0][1] if queue else None

    def clear(self) -> list[Job]:
        """Forget all jobs that wait, and return them."""
        jobs = [job for queue in self._waiting.values() for _, job in queue]
        self._waiting.clear()
        self.size = 0
        return jobs

    def _handed_out(self, need: tuple[int, ...], passed: int | None) -> Grant:
        queue = self._waiting[need]
        number, job = queue.popleft()
        if not queue:
            del self._waiting[need]
        self.size -= 1
        self._overtaken.pop(number, None)
        if passed is not None:
            self._overtaken[passed] = self._overtaken.get(passed, 0) + 1
        return self.machine.take(job, need)


def gpu_ids(count: int, visible: str | None) -> list[str]:
    """Return the ids of ``count`` GPUs; raises ``ValueError`` naming ``resources`` when fewer are visible."""
    if visible is None:
        return [str(number) for number in range(count)]
    ids = [one.strip() for one in visible.split(",") if one.strip()]
    if len(ids) < count:
        raise ValueError(f"resources={{'gpus': {count}}}: CUDA_VISIBLE_DEVICES={visible!r} has only {len(ids)}")
    return ids[:count]


def visible_gpus() -> str | None:
    """Return ``CUDA_VISIBLE_DEVICES`` of this process."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")  # noqa: TID251 - no setting of furu's: CUDA's own word on the machine
