"""The arguments of ``run_local``, checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from furu import config
from furu.execution.drive import Intervals
from furu.execution.scheduler import window_of
from furu_exec_local.backlog import NAMES, Machine, visible_gpus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu.execution.plan import Plan

BACKENDS = ("process", "thread")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run is made: everything but what is run."""

    max_workers: int
    window: Any
    intervals: Intervals
    backend: str
    resources: Mapping[str, int] | None
    keep_going: bool
    progress: bool | None


def checked(
    *,
    max_workers: Any,
    window_size: Any,
    intervals: Mapping[str, Any],
    backend: Any,
    resources: Any,
    keep_going: Any,
    progress: Any,
) -> Manner:
    """Return the arguments as they count; raises ``ValueError`` or ``TypeError`` naming the one that is wrong."""
    if not _is_count(max_workers) or max_workers < 1:
        raise ValueError(f"max_workers={max_workers!r}: it is a whole number of workers, at least 1")
    window_of(window_size, 1)
    for name, value in intervals.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value) or value <= 0:
            raise ValueError(f"{name}={value!r}: it is a number of seconds greater than 0")
    backend = config.current().local_backend if backend is None else backend
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r}: it is 'process' or 'thread' (None: what FURU_LOCAL_BACKEND says)")
    if not isinstance(keep_going, bool):
        raise TypeError(f"keep_going={keep_going!r}: it is True or False")
    if progress not in (None, True, False):
        raise TypeError(f"progress={progress!r}: it is True, False, or None for what suits the terminal")
    bounds = _checked_resources(resources)
    if bounds and bounds.get("gpus") and backend == "thread":
        raise ValueError(
            "resources={'gpus': ...} needs backend='process': threads of one process cannot have GPUs of their own"
        )
    seconds = [float(value) for value in intervals.values()]
    return Manner(max_workers, window_size, Intervals(*seconds), backend, bounds, keep_going, progress)


def machine_for(manner: Manner, plan: Plan) -> Machine:
    """Return what there is to hand out; raises ``ValueError`` when a node of the plan asks for more than that."""
    machine = Machine(manner.resources, visible_gpus())
    if machine.bounded:
        for node in plan.nodes.values():
            excess = machine.excess(node.specs[0])
            if excess is not None:
                raise ValueError(
                    f"{node.task.furu_ref.label} asks for {excess}: raise resources={dict(manner.resources or {})!r} or "
                    f"change {type(node.task).__name__}._executor"
                )
    return machine


def _checked_resources(resources: Any) -> dict[str, int] | None:
    if resources is None:
        return None
    try:
        given = dict(resources)
    except (TypeError, ValueError):
        raise TypeError(
            f"resources={resources!r}: it is a dict such as {{'gpus': 2, 'cpus': 8, 'mem_gb': 64}}"
        ) from None
    for name, value in given.items():
        if name not in NAMES:
            raise ValueError(f"resources[{name!r}]: resources are {', '.join(NAMES)}")
        if not _is_count(value) or value < 0:
            raise ValueError(f"resources[{name!r}]={value!r}: it is a whole number, at least 0")
    return given


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
