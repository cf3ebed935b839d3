"""Jobs of submitit found again: what is recorded of one, and the job that a record means.

Jobs on Slurm are found by folder and id.  A job of ``LocalExecutor`` is a process of one host: elsewhere it is not found.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import submitit

from furu._sys import process
from furu.runtime.schedulers import News, ScheduledJob

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LOCAL = "local"


def scheduled(cluster: str, job_id: str) -> ScheduledJob:
    """Return the name under which claims wait for a job."""
    return ScheduledJob(cluster, f"{job_id}@{process.hostname()}" if cluster == _LOCAL else job_id)


def facts(job: submitit.Job[Any], folder: Path) -> dict[str, Any]:
    """Return what ``state.json`` keeps of a job, for it to be found again."""
    return {"job_id": job.job_id, "folder": str(folder), "tasks": job.num_tasks, "host": process.hostname()}


def job(recorded: Mapping[str, Any], *, finished: bool) -> submitit.Job[Any] | None:
    """Return the job that a record in ``state.json`` means, or None when it means none that can be found.

    One that is ``finished`` has to have left its result.
    """
    if "folder" not in recorded:
        return None
    folder, job_id, tasks = recorded["folder"], recorded["job_id"], list(range(recorded["tasks"]))
    found: submitit.Job[Any]
    if recorded["name"] == "slurm":
        found = submitit.SlurmJob(folder, job_id, tasks)
    elif recorded["name"] == _LOCAL and recorded["host"] == process.hostname():
        found = submitit.LocalJob(folder, job_id, tasks, process=_Process(int(job_id)))  # type: ignore[arg-type]
    else:
        return None
    return found if not finished or found.paths.result_pickle.exists() else None


class _Process:
    """A process that need not be a child of this one, with what submitit uses of ``subprocess.Popen``."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def poll(self) -> int | None:
        """Return None while it runs."""
        return 0 if _gone(self._pid) else None

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal if it runs."""
        if not _gone(self._pid):
            os.kill(self._pid, number)


def local_news(job_ids: Sequence[str]) -> dict[str, News]:
    """Return which jobs of ``LocalExecutor`` are gone; nothing is known of those of other hosts."""
    told = {}
    for job_id in job_ids:
        pid, _, host = job_id.partition("@")
        if host == process.hostname():
            gone = _gone(int(pid))
            told[job_id] = News(gone, "ended" if gone else "running")
    return told


def _gone(pid: int) -> bool:
    return process.life(replace(process.me(), pid=pid, process_start=None)) == "dead"
