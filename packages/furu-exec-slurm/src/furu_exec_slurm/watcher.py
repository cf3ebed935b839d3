"""``Watcher``: the last known state of many jobs, with one query for all of them per interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.runtime.logging import get_logger
from furu_exec_slurm.commands import SlurmError
from furu_exec_slurm.states import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from furu._sys.clock import Clock
    from furu_exec_slurm.client import SlurmClient
    from furu_exec_slurm.reports import JobStatus

#: How long an end that Slurm may still take back has to stand until it counts (seconds).  A requeued job shows as
#: NODE_FAIL or PREEMPTED for some seconds before it is PENDING again.
SETTLING_SEC = 30.0

#: The interval grows to so many times itself while Slurm does not answer.
MOST_BACK_OFF = 16


class Watcher:
    """Remembers what Slurm said of jobs, and asks again when that is older than ``interval_sec``.

    Jobs that are over for good are not asked for any more.  While the query fails the interval doubles, up to 16 times,
    and what was last known stands.  Threads: one.
    """

    def __init__(self, client: SlurmClient, interval_sec: float, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.queries = 0
        self._client = client
        self._interval_sec = interval_sec
        self._clock = clock
        self._known: dict[str, JobStatus] = {}
        self._unsettled: dict[str, tuple[str, float]] = {}  # job -> the word of its end, and since when it stands
        self._watched: set[str] = set()
        self._due = -float("inf")
        self._failures = 0

    def watch(self, job_ids: Iterable[str]) -> None:
        """Ask for these jobs, too, from the next query on."""
        self._watched.update(job_ids)

    def forget(self, job_ids: Iterable[str]) -> None:
        """Do not ask for these jobs any more."""
        for job_id in job_ids:
            self._watched.discard(job_id)
            self._known.pop(job_id, None)
            self._unsettled.pop(job_id, None)

    def statuses(self) -> Mapping[str, JobStatus]:
        """Return the last known status of every watched job that Slurm has said anything about; asks if that is due.

        A job without one may be too new for ``sacct``; it is not gone.
        """
        now = self._clock.monotonic()
        open_ids = [job_id for job_id in self._watched if not self.is_over(job_id)]
        if open_ids and now >= self._due:
            self._ask(open_ids)
        return self._known

    def is_over(self, job_id: str) -> bool:
        """Return whether a job has ended for good, as far as is known.

        An end after which Slurm may requeue the job counts once it has stood for ``SETTLING_SEC``.  Its processes may live on.
        """
        status = self._known.get(job_id)
        if status is None or status.phase is not Phase.ENDED:
            return False
        if status.condition.final:
            return True
        return self._clock.monotonic() - self._unsettled[job_id][1] >= SETTLING_SEC

    def _ask(self, job_ids: list[str]) -> None:
        self.queries += 1
        try:
            found = self._client.statuses(job_ids)
        except SlurmError as error:
            self._failures += 1
            if self._failures == 1:
                get_logger().warning("the state of %d jobs is not known: %s", len(job_ids), error.message)
            pause_sec = self._interval_sec * min(2**self._failures, MOST_BACK_OFF)
        else:
            self._failures = 0
            pause_sec = self._interval_sec
            self._learn(found)
        self._due = self._clock.monotonic() + pause_sec

    def _learn(self, found: Mapping[str, JobStatus]) -> None:
        now = self._clock.monotonic()
        for job_id, status in found.items():
            self._known[job_id] = status
            if status.phase is not Phase.ENDED or status.condition.final:
                self._unsettled.pop(job_id, None)
            elif self._unsettled.get(job_id, ("", 0.0))[0] != status.word:
                self._unsettled[job_id] = (status.word, now)
