"""The arguments of ``run_slurm_pool``, checked before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu import config
from furu.execution.scheduler import window_of
from furu.resources import SlurmSpec
from furu_exec_slurm.spec_keys import spec_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Arguments that are the poll interval where they are None.
SCANS = ("done_scan_interval_sec", "failed_scan_interval_sec", "stale_scan_interval_sec", "ready_refresh_interval_sec")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a pool looks at what, and how long it bears silence (seconds)."""

    idle_timeout_sec: float = 60.0
    poll_interval_sec: float = 2.0
    plan_refresh_interval_sec: float = 60.0
    worker_health_check_interval_sec: float = 15.0
    done_scan_interval_sec: float = 2.0
    failed_scan_interval_sec: float = 2.0
    stale_scan_interval_sec: float = 2.0
    ready_refresh_interval_sec: float = 2.0
    stale_running_sec: float = 900.0
    heartbeat_grace_sec: float = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How many workers there may be: of each spec by its key (None: as many as in all), and in all."""

    total: int
    by_spec: Mapping[SlurmSpec, int] | None = None

    def of(self, specs: Iterable[SlurmSpec]) -> dict[str, int]:
        """Return the limit of each of some specs, by key.

        Raises ``ValueError`` naming ``max_workers_total`` and the spec that it says nothing about.
        """
        if self.by_spec is None:
            return {spec_key(spec): self.total for spec in specs}
        wanted = {spec_key(spec): spec for spec in specs}
        known = {spec_key(spec): limit for spec, limit in self.by_spec.items()}
        for key, spec in wanted.items():
            if key not in known:
                raise ValueError(
                    f"max_workers_total says nothing about {spec!r}, which the plan needs: add it, or give one number for "
                    "all"
                )
        return {key: known[key] for key in wanted}


@dataclass(frozen=True, slots=True)
class Manner:
    """How a pool is run: everything but what is run.  ``run_root`` is the directory of all runs."""

    limits: Limits
    window: Any
    pace: Pace
    submitit_root: Path
    run_root: Path


def checked(
    *, max_workers_total: Any, window_size: Any, submitit_root: Any, run_root: Any, seconds: Mapping[str, Any]
) -> Manner:
    """Return the arguments as they count; raises ``ValueError`` or ``TypeError`` naming the one that is wrong."""
    window_of(window_size, 1)
    limits = _limits(max_workers_total)
    given = {name: value for name, value in seconds.items() if not (value is None and name in SCANS)}
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value) or value <= 0:
            raise ValueError(f"{name}={value!r}: it is a number of seconds greater than 0")
    scans = {name: given.get(name, given["poll_interval_sec"]) for name in SCANS}
    return Manner(
        limits,
        window_size,
        Pace(**{name: float(value) for name, value in {**given, **scans}.items()}),
        _directory("submitit_root", submitit_root, config.current().submitit_root),
        _directory("run_root", run_root, config.current().base_root / "runs"),
    )


def _limits(given: Any) -> Limits:
    if not hasattr(given, "items"):
        return Limits(_count("max_workers_total", given, least=1))
    by_spec: dict[SlurmSpec, int] = {}
    for key, value in given.items():
        if isinstance(key, SlurmSpec):
            by_spec[key] = _count(f"max_workers_total[{key!r}]", value, least=0)
        elif key != "total":
            raise TypeError(f"max_workers_total has the key {key!r}: keys are SlurmSpec, and 'total'")
    if not by_spec:
        raise ValueError("max_workers_total names no SlurmSpec: give a number, or a limit for each spec of the plan")
    total = given.get("total")
    if total is not None:
        return Limits(_count("max_workers_total['total']", total, least=1), by_spec)
    if not any(by_spec.values()):
        raise ValueError("max_workers_total allows no worker at all")
    return Limits(sum(by_spec.values()), by_spec)


def _count(name: str, value: Any, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name}={value!r}: it is a whole number of workers, at least {least}")
    return value


def _directory(name: str, given: Any, otherwise: Path) -> Path:
    try:
        return Path(otherwise if given is None else given).expanduser().absolute()
    except TypeError:
        raise TypeError(f"{name}={given!r}: it is a path, or None for {otherwise}") from None
