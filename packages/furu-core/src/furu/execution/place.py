"""Where this code runs: in a worker process of a run, or not."""

from __future__ import annotations

from furu.errors import FuruError
from furu.execution.parcels import CalledInWorker
from furu.runtime import context

#: Set once, by a worker process when it begins.
in_worker: bool = False


def refuse_run(name: str) -> None:
    """Raise where the run function ``name`` cannot be called: in the ``_create`` of a job, or in a worker process.

    What a worker imports may call it at its top level; then ``CalledInWorker`` ends that import.
    """
    if context.job() is not None:
        raise FuruError(
            f"{name} was called inside the _create of an artifact that an executor runs",
            hints=["call get() on what is needed; the executor builds it"],
        )
    if in_worker:
        raise CalledInWorker(name)
