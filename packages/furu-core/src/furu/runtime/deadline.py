"""``time_left``: how long a scheduler lets this process go on."""

from __future__ import annotations

import math

from furu import config
from furu._sys.clock import SYSTEM_CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu._sys.clock import Clock

_PATIENCE_SEC = 10.0
_ASK_AGAIN_SEC = 60.0

#: Slurm job -> when it ends, in seconds since the epoch.
_ends: dict[str, float] = {}

#: Slurm job -> when its end was asked for in vain, on the monotonic clock.
_asked_in_vain: dict[str, float] = {}


def time_left(clock: Clock = SYSTEM_CLOCK) -> float | None:
    """Return the seconds until Slurm ends the job of this process; None outside of a job.

    A long ``_create`` saves what it has before that: an attempt that goes on afterwards is killed.  It is infinite for
    a job without a limit, and 0 or less when the end is overdue.

    The end is the one known at the first call: it is read from ``SLURM_JOB_END_TIME``, or asked of ``squeue`` where Slurm
    does not set that.  None is returned as well while ``squeue`` does not answer; it is then asked once a minute.
    """
    job = config.slurm_job()
    if job is None:
        return None
    job_id = str(job["job_id"])
    end = config.slurm_end_time() or _ends.get(job_id)
    if end is None:
        end = _asked(job_id, clock)
    return None if end is None else end - clock.now()


def _asked(job_id: str, clock: Clock) -> float | None:
    """Ask ``squeue`` when a job ends."""
    import subprocess

    if clock.monotonic() - _asked_in_vain.get(job_id, -math.inf) < _ASK_AGAIN_SEC:
        return None
    command = ["squeue", "--noheader", "--jobs", job_id, "--format=%L"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_SEC).stdout
        _ends[job_id] = clock.now() + seconds(told)
    except (OSError, subprocess.SubprocessError, ValueError):
        _asked_in_vain[job_id] = clock.monotonic()
        return None
    return _ends[job_id]


def seconds(text: str) -> float:
    """Return the seconds in a duration as Slurm writes it: ``1-02:03:04``, ``02:03:04``, ``3:04``, ``UNLIMITED``.

    Raises ``ValueError`` for anything else, such as ``INVALID`` and ``NOT_SET``.
    """
    text = text.strip()
    if text == "UNLIMITED":
        return math.inf
    days, dash, rest = text.rpartition("-")
    units = [int(unit) for unit in rest.split(":")]
    if len(units) not in (2, 3):
        raise ValueError(text)
    total = 0
    for unit in units:
        total = total * 60 + unit
    return float(total + (int(days) * 86400 if dash else 0))
