"""``SlurmClient``: the thin edge over Slurm's commands and submitit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu_exec_slurm import commands, reports
from furu_exec_slurm.commands import SlurmError
from furu_exec_slurm.submission import PAUSES_SEC, Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from furu._sys.clock import Clock
    from furu_exec_slurm.reports import JobStatus

#: A command line has room for so many ids; Linux refuses arguments longer than 128 KiB.
MOST_IDS = 5000

#: What Slurm's own default is.
DEFAULT_MAX_ARRAY_SIZE = 1001


class SlurmClient:
    """Submits, asks and cancels.  Keeps nothing, so several may be used side by side, from any thread.

    ``cancelled_is_preempted`` is what ``FURU_CANCELLED_IS_PREEMPTED`` says, taken from the settings when it is None.
    """

    def __init__(
        self,
        *,
        clock: Clock = SYSTEM_CLOCK,
        pauses_sec: Sequence[float] = PAUSES_SEC,
        cancelled_is_preempted: bool | None = None,
    ) -> None:
        self._clock = clock
        self._pauses_sec = pauses_sec
        self._cancelled_is_preempted = (
            config.current().cancelled_is_preempted if cancelled_is_preempted is None else cancelled_is_preempted
        )

    def submit(
        self,
        function: Callable[..., Any],
        calls: Sequence[tuple[Any, ...]],
        *,
        folder: str | Path,
        parameters: Mapping[str, Any],
    ) -> list[str]:
        """Submit ``function`` with each of these arguments, with one ``sbatch``; return the job ids in that order.

        One call is a job (``123``), several are an array (``123_0``, ``123_1``).  ``folder`` is submitit's, for scripts, pickles
        and logs; ``parameters`` are those of ``submitit.SlurmExecutor`` (see ``script.parameters``).  ``function`` has to be
        importable in the job.

        While the controller does not answer the call is repeated for some minutes; when it may have been accepted, the job
        is looked for before that.  Raises ``SlurmLimit`` at once when Slurm takes no more jobs of this user for now, and
        ``SlurmError`` when it refuses the job.
        """
        return Submission(folder, parameters, clock=self._clock, pauses_sec=self._pauses_sec).send(function, calls)

    def statuses(self, job_ids: Iterable[str]) -> dict[str, JobStatus]:
        """Return what Slurm says of these jobs, with one query for all of them.

        ``sacct`` is asked, and ``squeue`` where that fails.  A job that is not in the answer is not gone: ``sacct`` lags some
        seconds behind, and ``squeue`` forgets.  The id of an array stands for each of its elements.

        Raises ``SlurmError`` when neither answers.
        """
        wanted = set(job_ids)
        if not wanted:
            return {}
        try:
            found = self._accounted(wanted)
        except SlurmError as error:
            try:
                return self.queued(wanted)
            except SlurmError:
                raise error from None
        return _of(wanted, found)

    def queued(self, job_ids: Iterable[str]) -> dict[str, JobStatus]:
        """Return what ``squeue`` says of these jobs: exact, with the reasons why they wait, and forgotten minutes after their end.

        Raises ``SlurmError`` when it does not answer.
        """
        wanted = set(job_ids)
        found: dict[str, JobStatus] = {}
        columns = f"--format={reports.SQUEUE_COLUMNS}"
        for chunk in _chunks(wanted):
            try:
                text = commands.run("squeue", "--noheader", "--array", "--states=all", columns, f"--jobs={chunk}")
            except SlurmError as error:
                if "Invalid job id" not in error.stderr:
                    raise
                continue  # none of them is known any more
            found |= reports.from_squeue(text, cancelled_is_preempted=self._cancelled_is_preempted)
        return _of(wanted, found)

    def latest(self, job_ids: Iterable[str]) -> dict[str, JobStatus]:
        """Return what is known of jobs: from ``squeue``, which is exact and tells why they wait, and from ``sacct`` of the rest.

        Raises ``SlurmError`` when neither answers.
        """
        wanted = set(job_ids)
        try:
            found = self.queued(wanted)
        except SlurmError:
            found = {}
        return found | self.statuses(wanted - found.keys())

    def begin_to_cancel(self, job_ids: Iterable[str], *, signal: str | None = None, patience_sec: float = 1.0) -> None:
        """Cancel jobs, or send their steps a ``signal`` such as ``INT``, without waiting for the end of that.

        Jobs that are over or unknown do not matter.
        ``scancel`` takes up to a minute and a half when one of the jobs is ending at the moment: it sleeps and tries again.
        Raises ``SlurmError`` where there is no Slurm.
        """
        wanted = sorted(set(job_ids))
        how = [] if signal is None else [f"--signal={signal}"]
        for first in range(0, len(wanted), MOST_IDS):
            commands.begin("scancel", *how, *wanted[first : first + MOST_IDS], patience_sec=patience_sec)

    def max_array_size(self) -> int:
        """Return how many elements an array may have."""
        return int(_setting("MaxArraySize") or DEFAULT_MAX_ARRAY_SIZE)

    def _accounted(self, wanted: set[str]) -> dict[str, JobStatus]:
        found: dict[str, JobStatus] = {}
        for chunk in _chunks(wanted):
            text = commands.run(
                "sacct", "--noheader", "--parsable2", f"--format={reports.SACCT_COLUMNS}", f"--jobs={chunk}"
            )
            found |= reports.from_sacct(text, cancelled_is_preempted=self._cancelled_is_preempted)
        return found


def _chunks(job_ids: set[str]) -> Iterable[str]:
    """Yield comma-separated ids, of whole arrays, in pieces that fit a command line."""
    mains = sorted({job_id.partition("_")[0] for job_id in job_ids})
    for first in range(0, len(mains), MOST_IDS):
        yield ",".join(mains[first : first + MOST_IDS])


def _of(wanted: set[str], found: dict[str, JobStatus]) -> dict[str, JobStatus]:
    return {
        job_id: status for job_id, status in found.items() if job_id in wanted or job_id.partition("_")[0] in wanted
    }


def _setting(name: str) -> str | None:
    """Return a setting of the cluster; None where it cannot be asked for."""
    try:
        text = commands.run("scontrol", "show", "config")
    except SlurmError:
        return None
    match = re.search(rf"^{name}\s*=\s*(\S+)", text, re.MULTILINE)
    return match[1] if match else None
