"""Estimates: how long an artifact of a class takes, from those that were created before."""

from __future__ import annotations

import os
from statistics import median
from typing import TYPE_CHECKING

from furu.errors import FuruRecordError
from furu.storage import layout, state, store

if TYPE_CHECKING:
    from furu.task import Task

SAMPLE = 20


def seconds_of(task: Task) -> float | None:
    """Return the median time (seconds) that artifacts of ``task``'s class took, None where none was created yet.

    Looks at no more than 20 of them.
    """
    home = os.path.dirname(store.artifact(task.furu_ref).directory)
    try:
        with os.scandir(home) as entries:
            found = [entry.path for entry, _ in zip(entries, range(SAMPLE), strict=False)]
    except OSError:
        return None
    times = [sec for path in found if (sec := _took(f"{path}/{layout.META}")) is not None]
    return median(times) if times else None


def _took(meta_dir: str) -> float | None:
    try:
        recorded = state.read(meta_dir)
    except FuruRecordError:
        return None
    if recorded is None or recorded.result != "success" or recorded.attempt is None:
        return None
    return recorded.attempt.duration_sec
