"""Whether whoever a claim names is still there: a process, by itself or by its heartbeat; a job, by its scheduler."""

from __future__ import annotations

import os

from furu import config
from furu._sys import clock, files, process
from furu.runtime import schedulers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.runtime.schedulers import ScheduledJob


def of_process(
    meta_dir: str, owner: process.Owner | None, *, held: bool, beat: float, lease_sec: float
) -> tuple[bool, float | None, bool]:
    """Return whether the owner of a claim lives, the age of its heartbeat if that was asked, whether it is on this host.

    ``held`` says whether this process holds the claim, for an owner that is this process; ``beat`` is when the last heartbeat
    was.  None is an owner nobody knows, of whom only heartbeats tell.
    """
    life = process.life(owner) if owner else "unknown"
    local = life != "unknown"
    if owner is not None and owner.pid == os.getpid() and life == "running":
        return held, None, local
    if life == "dead":
        return False, None, local
    if life == "running" and clock.SYSTEM_CLOCK.now() - beat <= 2 * lease_sec:
        return True, None, local
    # Whoever runs here and has not beaten for two leases has given the claim up, and could not remove it.
    age = time_there(meta_dir) - beat
    return age <= (2 * lease_sec if life == "running" else lease_sec), age, local


def of_job(meta_dir: str, path: str, job: ScheduledJob, *, news: float) -> bool:
    """Return whether the job that the claim ``path`` waits for may still come.

    Where its scheduler says nothing, that is so for ``FURU_STALE_AFTER_SECS`` after the last good ``news``; for those who
    cannot ask, good news is left as the time of the file.
    """
    stale_sec = config.current().stale_timeout
    said = schedulers.news(job)
    if said is None:
        return time_there(meta_dir) - news <= stale_sec
    if not said.gone and clock.SYSTEM_CLOCK.now() - news > stale_sec / 4:
        try:
            os.utime(path)
        except OSError:  # the job has come meanwhile, or the store is read-only here
            pass
    return not said.gone


def time_there(meta_dir: str) -> float:
    """Return the time as the file system of an artifact tells it."""
    try:
        return files.file_system_time(meta_dir)
    except OSError:  # a store we may not write to; then we cannot take over either
        return clock.SYSTEM_CLOCK.now()
