"""``Cargo``: what the jobs of one submission read when they start, in files that all of them share.

<run directory>/program     sys.path and sys.argv of the submitter
<run directory>/setting     its settings, the store's roots, overridden results, logging
<run directory>/objects     the Furu objects, each once
<run directory>/%j_...      submitit's scripts, pickles and logs
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu._sys import files
from furu.errors import FuruError
from furu.execution import setting
from furu_exec_slurm.object_log import ObjectLogReader, ObjectLogWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from furu.task import ArtifactRef, Task


@dataclass(frozen=True, slots=True)
class Order:
    """One job's part of the cargo: which object, in how many bytes of the log, and the artifact it stands for."""

    directory: str
    number: int
    size: int
    ref: ArtifactRef


class Cargo:
    """The writing end: made by the submitter, before the first job."""

    def __init__(self, directory: str) -> None:
        os.makedirs(directory)
        files.write_new(f"{directory}/program", json.dumps([sys.path, sys.argv]).encode())
        files.write_new(f"{directory}/setting", setting.packed())
        self._directory = directory
        self._objects = ObjectLogWriter(f"{directory}/objects")

    def orders(self, tasks: list[Task]) -> list[Order]:
        """Write tasks down; return the order for a job for each."""
        numbers = self._objects.add(tasks)
        size = self._objects.size
        return [Order(self._directory, one, size, task.furu_ref) for one, task in zip(numbers, tasks, strict=True)]


@dataclass(frozen=True, slots=True)
class Value:
    """Stands for the value of an artifact in what its job returns: pickled and read back it *is* the value, loaded from the store."""

    order: Order

    def __reduce__(self) -> tuple[Callable[[Order], Any], tuple[Order]]:
        return _loaded, (self.order,)


def _loaded(order: Order) -> Any:
    task: Any = unpacked(order)
    return task.load_existing()


def unpacked(order: Order) -> Task:
    """Return the object of an order.

    Raises ``FuruError`` when it has another key here than where it was submitted, and whatever importing its class raises.
    """
    task: Any = ObjectLogReader(f"{order.directory}/objects").object(order.number, order.size)
    if task.furu_hash != order.ref.furu_hash:
        raise FuruError(
            f"{type(task).__name__} has another key in its job: {task.furu_hash}, not {order.ref.furu_hash}",
            hints=["its source has changed since it was submitted, or its key depends on the process"],
        )
    found: Task = task
    return found


def in_force(order: Order) -> AbstractContextManager[None]:
    """Make this process like the submitter: ``sys.path`` and ``sys.argv`` at once, the settings inside the block."""
    sys.path[:], sys.argv[:] = json.loads(Path(order.directory, "program").read_bytes())
    return setting.in_force(Path(order.directory, "setting").read_bytes())
