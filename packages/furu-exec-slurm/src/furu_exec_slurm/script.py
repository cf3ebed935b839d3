"""From a ``SlurmSpec`` to the parameters that submitit writes into a batch script."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import submitit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from furu.resources import SlurmSpec
    from furu.task import Task

#: How long before the time limit a job is told (seconds); ``extra={"signal_delay_s": ...}`` changes it.
WARNING_SEC = 90


def job_name(task: Task) -> str:
    """Return the name of the job for one artifact: ``ClassName-hash8``."""
    return f"{type(task).__name__}-{task.furu_hash[:8]}"


def array_name(tasks: Sequence[Task]) -> str:
    """Return the name of an array: that of its first artifact, and how many more there are."""
    return job_name(tasks[0]) + (f"+{len(tasks) - 1}" if len(tasks) > 1 else "")


def parameters(spec: SlurmSpec, *, name: str, dependency: str | None = None) -> dict[str, Any]:
    """Return what ``submitit.SlurmExecutor.update_parameters`` takes for a job that asks for ``spec``.

    ``spec.extra`` may hold any of its parameters, with or without the prefix ``slurm_`` that ``submitit.AutoExecutor`` uses;
    whatever submitit has no parameter for becomes an option of ``sbatch`` (``reservation="x"`` is ``--reservation=x``), as
    do the entries of ``additional_parameters``.  What is set there wins over the spec, except that a ``dependency`` is
    added to the one given here: both have to be met.

    The job may be requeued (``additional_parameters={"no-requeue": True}`` forbids it), is cancelled when its dependency can
    never be met, and is told ``WARNING_SEC`` seconds before its time is up.

    Raises ``ValueError`` naming what cannot be combined.
    """
    made: dict[str, Any] = {
        "job_name": name,
        "time": spec.time_min,
        "cpus_per_task": spec.cpus,
        "mem": f"{spec.mem_gb}GB",
        "signal_delay_s": WARNING_SEC,
    }
    if spec.partition is not None:
        made["partition"] = spec.partition
    if spec.gpus:
        made["gpus_per_node"] = spec.gpus
    options: dict[str, Any] = {}
    for given, value in (spec.extra or {}).items():
        key = given.removeprefix("slurm_").replace("-", "_")
        if key == "additional_parameters":
            options |= {option.replace("_", "-"): setting for option, setting in value.items()}
        elif (key := _NAMES.get(key, key)) in _known():
            made[key] = _CONVERTED[key](value) if key in _CONVERTED else value
        else:
            options[key.replace("_", "-")] = value
    needed = _both(dependency, _both(made.pop("dependency", None), options.pop("dependency", None)))
    if needed:
        made["dependency"] = needed
        options.setdefault("kill-on-invalid-dep", "yes")
    if "no-requeue" not in options:
        options.setdefault("requeue", True)
    # Since Slurm 22.05 srun does not take over what sbatch was told: its step would have one CPU.
    cpus = made.get("cpus_per_task")
    if cpus is not None and made.get("use_srun", True):
        made["srun_args"] = [f"--cpus-per-task={cpus}", *made.get("srun_args", ())]
    made["additional_parameters"] = options
    return made


def after_ok(job_ids: Sequence[str]) -> str | None:
    """Return the dependency on jobs that have to end well, None without any."""
    return f"afterok:{':'.join(job_ids)}" if job_ids else None


def _both(one: str | None, other: str | None) -> str | None:
    if not one or not other:
        return one or other
    for text in (one, other):
        if "?" in text:
            raise ValueError(
                f"the dependency {text!r} takes any of several, and cannot be combined with {one}, {other}"
            )
    return f"{one},{other}"


#: Names that submitit gives the parameters of all its executors -> those of its Slurm executor.
_NAMES = {
    "name": "job_name",
    "timeout_min": "time",
    "mem_gb": "mem",
    "tasks_per_node": "ntasks_per_node",
}

_CONVERTED: Mapping[str, Any] = {"mem": lambda value: value if isinstance(value, str) else f"{int(value * 1024)}MB"}


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(submitit.SlurmExecutor._valid_parameters())  # noqa: SLF001 - told nowhere else
