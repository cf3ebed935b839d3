"""``SubmititAdapter``: one object, submitted on a submitit executor of the user's own."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import submitit

from furu.engine import settle
from furu.engine.verdict import Load, Refuse, Wait
from furu.execution import parcels, setting
from furu_exec_slurm import requeue
from furu_exec_slurm.script import job_name
from furu_exec_slurm.standing import StandingJob

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from furu.objects.furu import Furu
    from furu.task import Task

T = TypeVar("T")


def submit(obj: Furu[T], *, executor: submitit.Executor) -> submitit.Job[T]:
    """Submit one object on a submitit executor; the short form of ``SubmititAdapter(executor).submit(obj)``."""
    return SubmititAdapter(executor).submit(obj)


class SubmititAdapter:
    """Submits objects, one by one, on a submitit executor: Slurm, local, debug, or what ``AutoExecutor`` chooses."""

    def __init__(self, executor: submitit.Executor) -> None:
        self._executor = executor

    def submit(self, obj: Furu[T]) -> submitit.Job[T]:
        """Submit ``obj`` and return its job at once; submit nothing where there is a job for it, or no need of one."""
        match settle.verdict_on(obj):
            case Refuse():
                raise settle.refused_to_retry(obj)
            case Load() | Wait():
                return StandingJob(self._executor.folder, obj)
            case _:
                return _named(self._executor, job_name(obj)).submit(Creation.of(obj, warning_sec=_warning_sec(self._executor)))


def _named(executor: submitit.Executor, name: str) -> submitit.Executor:
    """Return an executor like this one whose jobs have ``name``, unless its user has named them."""
    if executor.parameters.get("job_name") is not None or getattr(executor, "cluster", executor.name()) != "slurm":
        return executor
    named = copy.deepcopy(executor)
    named.update_parameters(**{"name" if isinstance(executor, submitit.AutoExecutor) else "job_name": name})
    return named


def _warning_sec(executor: submitit.Executor) -> float:
    """Return how long before its end a job of this executor is told."""
    return float(executor.parameters.get("signal_delay_s", requeue.WARNING_SEC))


@dataclass(frozen=True, slots=True)
class Creation:
    """What a job does: obtain one artifact as ``get()`` does, in the setting of the process that submitted it."""

    path: tuple[str, ...]
    setting: bytes
    task: bytes
    warning_sec: float

    @classmethod
    def of(cls, task: Task, *, warning_sec: float) -> Self:
        """Return the job for ``task``, in the setting of this process."""
        return cls(tuple(sys.path), setting.packed(), parcels.dumps(task, _no_number), warning_sec)

    def __call__(self) -> Any:
        """Obtain the artifact; return what stands for its value when it is pickled, and in the user's process the value."""
        if submitit.JobEnvironment().cluster == "debug":
            return self._task().get()
        sys.path += [place for place in self.path if place not in sys.path]
        with setting.in_force(self.setting):
            task = self._task()
            requeue.run(task.get, task, warning_sec=self.warning_sec)
        return Stored(self.task)

    def _task(self) -> Furu[Any]:
        return _unpacked(self.task)


@dataclass(frozen=True, slots=True)
class Stored:
    """A value that is in the store.

    A job returns it in place of the value itself.  Pickled and read back it *is* the value, loaded by whoever reads it.
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
