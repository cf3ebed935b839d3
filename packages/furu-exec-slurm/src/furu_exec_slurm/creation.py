"""``Creation``: what a job of the adapter does, and what it leaves behind."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import submitit

from furu.execution import parcels, place, setting
from furu.runtime import schedulers
from furu_exec_slurm import attached, requeue

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from furu.objects.furu import Furu
    from furu.task import Task


@dataclass(frozen=True, slots=True)
class Creation:
    """Obtains one artifact as ``get()`` does, in the setting of the process that submitted it."""

    path: tuple[str, ...]
    setting: bytes
    task: bytes
    warning_sec: float

    @classmethod
    def of(cls, task: Task, *, warning_sec: float) -> Self:
        """Return the job for ``task``, to be run with the settings of this process."""
        return cls(tuple(sys.path), setting.packed(), parcels.dumps(task, _no_number), warning_sec)

    def __call__(self) -> Stored:
        """Obtain the artifact; return what stands for its value."""
        job = submitit.JobEnvironment()
        sys.path += [entry for entry in self.path if entry not in sys.path]
        place.in_worker = True  # what is imported now may submit at its top level
        with setting.in_force(self.setting), schedulers.working_as(attached.scheduled(job.cluster, job.job_id)):
            task = _unpacked(self.task)
            place.in_worker = False  # a _create may run a pipeline in its job
            requeue.run(task.get, task, warning_sec=self.warning_sec)
        return Stored(self.task)


@dataclass(frozen=True, slots=True)
class Stored:
    """Stands for a value that is in the store.

    A job returns it in place of the value, which then needs to be neither picklable nor written twice: pickled and read back
    it *is* the value, loaded by whoever reads it.
    """

    task: bytes

    def __reduce__(self) -> tuple[Callable[[bytes], Any], tuple[bytes]]:
        return _loaded, (self.task,)


def _loaded(task: bytes) -> Any:
    """Return the value of an artifact that a job has left in the store."""
    return _unpacked(task).load_existing()


def _unpacked(task: bytes) -> Furu[Any]:
    found: Furu[Any] = parcels.loads(task, _nothing)
    return found


def _no_number(_: Any) -> None:
    """Have every object travel with the task."""


def _nothing(number: int) -> Any:
    raise LookupError(number)
