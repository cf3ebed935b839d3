"""``PoolExecutor``: the controller's side of a pool of workers on a cluster."""

from __future__ import annotations

import base64
from collections import Counter, deque
from typing import TYPE_CHECKING

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import settle
from furu.engine.verdict import Load, always_rerun
from furu.errors import FuruError
from furu.execution import report
from furu.execution.executor import Done, Failed
from furu.runtime import overrides
from furu.runtime.logging import get_logger
from furu.storage import store
from furu_exec_slurm.offers import Offers
from furu_exec_slurm.queue import key_of, number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu._sys.clock import Clock
    from furu.execution.executor import Job, Outcome
    from furu.execution.progress import Progress
    from furu.storage.state import FailureKind
    from furu_exec_slurm.arguments import Pace
    from furu_exec_slurm.fleet import Gone
    from furu_exec_slurm.object_log import ObjectLogWriter
    from furu_exec_slurm.queue import End, Ended
    from furu_exec_slurm.run_directory import RunDirectory
    from furu_exec_slurm.staff import Staff

#: The pause of a loop that has just seen something happen; it grows to the poll interval (seconds).
FIRST_PAUSE_SEC = 0.05

#: Seconds between two pictures of the run.
PICTURE_SEC = 0.5

#: How long ``close`` waits for workers to leave by themselves (seconds).
GRACE_SEC = 1.5

#: As many jobs as anybody may have.
BOUNDLESS = 1_000_000


class PoolProtocolError(FuruError):
    """The queue of a pool holds what it cannot hold; the run ends, whatever ``FURU_RETRY_FAILED`` says."""


class PoolExecutor:
    """Gives jobs to workers through a queue directory, starts as many workers as are wanted, and hears how jobs ended.

    A worker that dies costs an attempt of the job it had; one that the cluster takes away does not, up to
    ``FURU_PREEMPT_MAX`` times for each job.

    A turn costs the same however many jobs wait.  While something happens turns follow each other quickly, otherwise at the
    poll interval.

    Raises, from ``wait``: ``PoolProtocolError`` for what no retry would mend; ``FuruError`` when workers end before they
    begin, ``SlurmError`` when Slurm refuses them.
    """

    def __init__(
        self,
        run: RunDirectory,
        staff: Staff,
        objects: ObjectLogWriter,
        pace: Pace,
        *,
        epoch: int = 0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.staff = staff
        self.fleet = staff.fleet
        self.audience: Progress | None = None
        self.most = BOUNDLESS  # jobs it accepts at a time
        self._run = run
        self._objects = objects
        self._pace = pace
        self._clock = clock
        name = run.objects(epoch).rpartition("/")[2]
        self._first_number = 0
        self._offers = Offers(run.queue, objects, name)
        self._jobs: dict[str, Job] = {}  # key -> what was submitted and has not ended
        self._held: dict[str, str] = {}  # key -> the ticket with which a worker has it
        self._interruptions: Counter[str] = Counter()
        self._outcomes: deque[Outcome] = deque()
        self._unseen: dict[str, tuple[Ended, float]] = {}  # done, and not seen in the store yet: since when
        self._done_before: set[str] = set()
        self._due = {"plan": clock.monotonic() + pace.plan_refresh_interval_sec}
        self._pause_sec = FIRST_PAUSE_SEC
        self._closed = False

    def resume(self) -> None:
        """Take over what an earlier controller of this run has left: its workers, and what it has done.

        What its workers are at shows in the store, as with anybody else's.
        """
        queue = self._run.queue
        for group in queue.groups():
            for ticket in queue.waiting(group):
                queue.withdraw(group, ticket)
        self._first_number = self._offers.number = queue.last_number() + 1
        self._done_before = {key_of(ticket) for ticket in [*queue.read("done"), *queue.unread("done")]}
        self.fleet.adopt(self._run.recruits())

    def words(self) -> str:
        """Return what the workers do, in a few words."""
        crews = self.fleet.crews().values()
        counts = {what: sum(getattr(crew, what) for crew in crews) for what in ("busy", "idle", "pending")}
        waiting = sum(demand.tasks for demand in self._offers.demands())
        workers = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "none"
        return f"workers: {workers}; {waiting} queued"

    def capacity(self) -> int:
        """Return how many jobs it would accept now."""
        return self.most - len(self._jobs)

    def submit(self, job: Job) -> None:
        """Accept a job.

        Raises ``ValueError`` naming ``max_workers_total`` when it says nothing about a spec of the job, or allows no worker
        that could take it.
        """
        self.staff.admit(job)
        self._jobs[job.key] = job
        self._pause_sec = FIRST_PAUSE_SEC
        if job.key in self._done_before and _is_done_once(job):
            self._end(Done(job.key))
        else:
            self._offers.accept(job)

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return how jobs ended, waiting at most ``timeout`` seconds for the first."""
        end = None if timeout is None else self._clock.monotonic() + timeout
        while True:
            if self.turn():
                self._pause_sec = FIRST_PAUSE_SEC
            if self._outcomes:
                found = list(self._outcomes)
                self._outcomes.clear()
                return found
            left = None if end is None else end - self._clock.monotonic()
            if left is not None and left <= 0:
                return []
            self._rest(self._pause_sec if left is None else min(self._pause_sec, left))
            self._pause_sec = min(self._pause_sec * 1.5, self._pace.poll_interval_sec)

    def close(self, *, cancel: bool) -> None:
        """End the run: its workers leave, with ``cancel`` at once, without it when what was submitted has ended."""
        if self._closed:
            return
        if not cancel:
            while self._jobs:
                self._discard_published()
                self.wait(self._pace.poll_interval_sec)
        self._closed = True
        self._offers.withdraw()
        self._run.end("cancelled" if cancel else "done")
        self.fleet.interrupt()
        end = self._clock.monotonic() + GRACE_SEC
        while self.fleet.at_work() and self._clock.monotonic() < end:
            self._clock.sleep(0.05)
        self.fleet.cancel()

    def turn(self) -> bool:
        """Look at what is due, without waiting; return whether anything has happened.  ``wait`` does this."""
        if (
            self._is_due("outcome", self._pace.poll_interval_sec)
            and not self._closed
            and self._run.outcome() is not None
        ):
            raise FuruError(f"the run was ended by somebody else: {self._run.path}")
        happened = False
        active = self._pause_sec < self._pace.poll_interval_sec
        if active or self._is_due("ready", self._pace.ready_refresh_interval_sec):
            happened |= self._offer()
        if active or self._is_due("done", self._pace.done_scan_interval_sec):
            happened |= self._hear("done")
        if active or self._is_due("failed", self._pace.failed_scan_interval_sec):
            happened |= self._hear("failed")
        if self._is_due("plan", self._pace.plan_refresh_interval_sec):
            self._discard_published()
        if self._unseen:
            self._look_for_results()
        self._check_workers()
        self.staff.turn(self._offers.demands())
        return happened

    def _rest(self, sec: float) -> None:
        """Let some time pass, in which the picture of the run stays up to date."""
        while sec > 0:
            self._clock.sleep(min(sec, PICTURE_SEC))
            sec -= PICTURE_SEC
            if self.audience is not None:
                self.audience.turned()

    def _is_due(self, what: str, every_sec: float) -> bool:
        now = self._clock.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every_sec
        return True

    def _offer(self) -> bool:
        taken = self._offers.turn()
        for ticket, job in taken:
            if job.key in self._jobs and self._held.get(job.key) is None:
                self._held[job.key] = ticket
                self._began(job)
        return bool(taken)

    def _hear(self, end: End) -> bool:
        try:
            ended = self._run.queue.ended(end)
        except ValueError as error:
            raise PoolProtocolError(f"the queue cannot be read: {error}") from None
        for one in ended:
            self._heard(one)
        return bool(ended)

    def _heard(self, ended: Ended) -> None:
        key = key_of(ended.ticket)
        job = self._jobs.get(key)
        if job is None or self._held.get(key, ended.ticket) != ended.ticket:
            return  # somebody else was faster, or it is an older ticket, which was given up
        if ended.why is not None and number_of(ended.ticket) < self._first_number:
            return  # of an earlier controller, as are the numbers of its objects; the task was offered anew
        if self._held.pop(key, None) is None:
            self._offers.forget(ended.ticket)
            self._began(job)
        if self.audience is not None:
            self.audience.stopped(key, wall_sec=ended.wall_sec, cpu_sec=ended.cpu_sec)
        if ended.why is None:
            self._unseen[key] = (ended, self._clock.monotonic())
        else:
            self._failed(job, ended.why)

    def _failed(self, job: Job, why: dict[str, object]) -> None:
        """Learn from what a worker says of a task that ended without a result."""
        text = str(why.get("text", ""))
        if "protocol" in why:
            raise PoolProtocolError(
                f"a worker cannot use the ticket for {job.task.furu_ref.label}: {why['protocol']}",
                hints=["the program, its modules and their versions have to be the same for controller and workers"],
            )
        if "interrupted" in why:
            self._interrupted(job, str(why["interrupted"]), text, final=bool(why.get("final")))
            return
        content = base64.b64decode(str(why.get("outcome", ""))) or None
        if content is None:
            raise PoolProtocolError(f"a worker says nothing of how {job.task.furu_ref.label} ended")
        self._end(report.unpacked(report.Report(job.key, 0.0, 0.0, content, text), self._objects.object))

    def _interrupted(self, job: Job, kind: str, text: str, *, final: bool = False) -> None:
        """Offer a task again that its worker could not finish, or have it fail when that was too often."""
        if kind == "cancelled":  # the worker, by somebody else: the run goes on
            self._end(Failed(job.key, "lost", FuruError(f"its worker was cancelled: {text}")))
            return
        self._interruptions[job.key] += 1
        most = config.current().max_requeues
        if final or self._interruptions[job.key] > most:
            failure: FailureKind = "timeout" if kind == "timeout" else "preempted"
            times = "" if final else f" {self._interruptions[job.key]} times (FURU_PREEMPT_MAX={most})"
            self._end(Failed(job.key, failure, FuruError(f"it was interrupted{times}: {text}")))
            return
        get_logger().info("%s is offered again: %s", job.task.furu_ref.label, text)
        self._offers.accept(job, next_one=True)

    def _look_for_results(self) -> None:
        """Report what is done once the store shows it: on network file systems that takes a moment.

        Raises ``PoolProtocolError`` for a result that does not appear.
        """
        now = self._clock.monotonic()
        for key, (ended, since) in list(self._unseen.items()):
            job = self._jobs[key]
            if key in overrides.active() or store.artifact(job.task.furu_ref).published():
                del self._unseen[key]
                self._end(Done(key))
            elif now - since > self._pace.heartbeat_grace_sec:
                raise PoolProtocolError(
                    f"a worker has reported {job.task.furu_ref.label} as done, and there is no result in "
                    f"{store.artifact(job.task.furu_ref).directory} (ticket {ended.ticket})",
                    hints=["all nodes have to see the same store (FURU_PATH)"],
                )

    def _discard_published(self) -> None:
        """Report what nobody has begun as done where somebody else has published it meanwhile."""
        for job in self._offers.discard(_is_published):
            self._end(Done(job.key))

    def _check_workers(self) -> None:
        """Take tasks from workers that are gone, by what Slurm says, or that have been silent for too long."""
        for gone in self.fleet.gone():
            for ticket in gone.tickets:
                self._take_back(gone, ticket)
        if self._is_due("stale", self._pace.stale_scan_interval_sec):
            for gone in self.fleet.silent(self._pace.stale_running_sec):
                for ticket in gone.tickets:
                    self._take_back(gone, ticket)

    def _take_back(self, gone: Gone, ticket: str) -> None:
        key = key_of(ticket)
        if not self._run.queue.reclaim(gone.member.seat, ticket):
            return  # it was given back at the last moment
        self._offers.forget(ticket)
        job = self._jobs.get(key)
        if self._held.pop(key, ticket) != ticket or job is None:
            return
        if self.audience is not None:
            self.audience.stopped(key, wall_sec=0.0, cpu_sec=0.0)
        if gone.kind in ("preempted", "cancelled"):
            self._interrupted(job, gone.kind, gone.words)
        else:
            kind: FailureKind = "lost" if gone.kind == "error" else gone.kind
            self._end(Failed(key, kind, FuruError(gone.words)))

    def _began(self, job: Job) -> None:
        if self.audience is not None:
            self.audience.started(job)

    def _end(self, outcome: Outcome) -> None:
        self._jobs.pop(outcome.key, None)
        self._outcomes.append(outcome)


def _is_done_once(job: Job) -> bool:
    """Return whether a job that this run has done before needs no repetition, though its class is always rerun."""
    return always_rerun(type(job.task)) and store.artifact(job.task.furu_ref).published()


def _is_published(job: Job) -> bool:
    return isinstance(settle.verdict_on(job.task), Load)
