"""``Fleet``: the workers of a pool as its controller knows them."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.errors import FuruError
from furu.execution.failures import last_lines
from furu.runtime.logging import get_logger
from furu_exec_slurm import commands, script
from furu_exec_slurm.commands import SlurmError, SlurmLimit
from furu_exec_slurm.queue import Seat
from furu_exec_slurm.run_directory import Recruit
from furu_exec_slurm.scaling import Crew
from furu_exec_slurm.states import Phase
from furu_exec_slurm.watcher import Watcher
from furu_exec_slurm.worker import Limit, serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from furu._sys.clock import Clock
    from furu.resources import SlurmSpec
    from furu.storage.state import FailureKind
    from furu_exec_slurm.client import SlurmClient
    from furu_exec_slurm.run_directory import RunDirectory

#: So many workers of a spec that end before they have begun, one after the other, end the run.
MOST_FALSE_STARTS = 3

#: How long ``scancel`` is waited for (seconds).
PATIENCE_SEC = 0.2

#: The pause after Slurm did not take a job grows from the first to the second (seconds).
FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC = 5.0, 120.0


@dataclass(slots=True, eq=False)
class Member:
    """One worker that was submitted and is not known to be gone.

    ``begun`` once it has given a sign of life.  ``tickets`` are the tasks it has; both as of the last look.  One that was
    ``adopted`` may have been cancelled by an earlier controller.
    """

    seat: Seat
    job_id: str
    adopted: bool = False
    begun: bool = False
    tickets: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The worker in words: its id and its job."""
        return f"worker {self.seat.worker_id} (job {self.job_id})"


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker that has ended and had tasks: which, how it ended, and in words."""

    member: Member
    tickets: list[str]
    kind: FailureKind
    words: str


class Fleet:
    """Submits workers, and notices how they are: from their directories at each look, from Slurm once per interval.

    Threads: one.
    """

    def __init__(
        self,
        run: RunDirectory,
        client: SlurmClient,
        *,
        epoch: int,
        submitit_root: Path,
        check_interval_sec: float,
        grace_sec: float,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.members: dict[Seat, Member] = {}
        self.submissions = 0  # calls of sbatch
        self._run = run
        self._client = client
        self._watcher = Watcher(client, check_interval_sec, clock=clock)
        self._epoch = epoch
        self._submitit_root = submitit_root
        self._grace_sec = grace_sec
        self._clock = clock
        self._recruited = 0
        self._most = 1 << 20  # workers that Slurm may take at a time
        self._false_starts: Counter[str] = Counter()
        self._pause_sec = 0.0
        self._not_before = -float("inf")

    @property
    def queries(self) -> int:
        """How often Slurm was asked for the state of jobs."""
        return self._watcher.queries

    def adopt(self, recruits: Iterable[Recruit]) -> None:
        """Take over the workers that an earlier controller of this run has submitted, as far as they are there."""
        self._recruited = 1 + max((int(seat.worker_id[1:]) for seat in self._run.queue.seats()), default=-1)
        for one in recruits:
            if not os.path.exists(f"{self._run.queue.seat(one.seat)}/left"):
                self._join(Member(one.seat, one.job_id, adopted=True))

    def recruit(self, wanted: Mapping[str, int], specs: Mapping[str, SlurmSpec]) -> None:
        """Submit so many workers of each spec, as one array per spec where the cluster allows it.

        While Slurm takes no more jobs, or does not answer, nothing is submitted for a while; that is for a later call.
        Raises ``SlurmError`` naming the spec when Slurm refuses the job.
        """
        if self._clock.monotonic() < self._not_before:
            return
        largest = self._client.max_array_size()
        for key, count in wanted.items():
            left = count
            while left:
                size = min(left, largest, self._most)
                try:
                    self._submit(key, specs[key], size)
                except SlurmError as error:
                    if isinstance(error, SlurmLimit) and size > 1:  # there may be room for some of them
                        self._most = size // 2
                        continue
                    self._refused(error, specs[key])
                    return
                left -= size
                self._most = 2 * size if self._most <= size else self._most
                self._pause_sec = 0.0

    def look(self) -> None:
        """Look at the directory of each worker: who has begun, who has left, who has which task."""
        for seat, member in list(self.members.items()):
            names = self._names(seat)
            member.tickets = self._run.queue.held(seat) if any(name[0].isdigit() for name in names) else []
            if not member.begun and ("heartbeat" in names or "left" in names):
                member.begun = True
                self._false_starts[seat.spec_key] = 0
            if "left" in names and not member.tickets:
                self._drop(member)

    def crews(self) -> dict[str, Crew]:
        """Return how many workers of each spec there are, as of the last look."""
        counts: dict[str, Counter[str]] = {}
        for member in self.members.values():
            what = "pending" if not member.begun else "busy" if member.tickets else "idle"
            counts.setdefault(member.seat.spec_key, Counter())[what] += 1
        return {key: Crew(**count) for key, count in counts.items()}

    def gone(self) -> list[Gone]:
        """Return the workers that have ended with tasks in their hands since the last call; asks Slurm if that is due.

        Raises ``FuruError`` when workers of a spec end before they begin, with what the last one has said.
        """
        statuses = self._watcher.statuses()
        found = []
        for seat, member in list(self.members.items()):
            status = statuses.get(member.job_id)
            if status is None:
                continue
            if self._watcher.is_over(member.job_id):
                found.append(self._ended(member, status.condition.kind or "lost", status.words))
            elif status.phase is Phase.PENDING and member.begun and self.silence_sec(seat) > self._grace_sec:
                # Slurm has taken it from its node and will run it again.
                member.begun = False
                found.append(Gone(member, self._run.queue.held(seat), "preempted", f"was requeued: {status.words}"))
        return [one for one in found if one.tickets]

    def silence_sec(self, seat: Seat) -> float:
        """Return for how long (seconds) a worker has given no sign of life, by the clock of the file system."""
        beat = self._run.worker_beat(seat)
        mine = self._run.controller_beat()
        return 0.0 if beat is None or mine is None else mine - beat

    def dismiss(self, surplus: Mapping[str, int]) -> int:
        """Cancel so many workers of each spec that Slurm has not started, the last ones first; return how many."""
        chosen: list[Member] = []
        for key, count in surplus.items():
            waiting = [one for one in self.members.values() if one.seat.spec_key == key and not one.begun]
            chosen += waiting[len(waiting) - count :]
        if chosen:
            self._cancel(chosen)
            for member in chosen:
                self._drop(member)
        return len(chosen)

    def disown(self, member: Member) -> None:
        """Cancel a worker that gives no sign of life, and count on it no more."""
        self._cancel([member])
        self._drop(member)

    def interrupt(self) -> None:
        """Have every worker leave: those that have begun give back what they have, the others never begin."""
        self.look()
        self._cancel([one for one in self.members.values() if not one.begun])
        self._cancel([one for one in self.members.values() if one.begun], signal="INT")

    def at_work(self) -> bool:
        """Return whether a worker that has begun has not left yet; looks at all."""
        self.look()
        return any(member.begun for member in self.members.values())

    def cancel(self) -> None:
        """Cancel every worker."""
        self._cancel(list(self.members.values()))

    def silent(self, longest_sec: float) -> list[Gone]:
        """Return the workers with tasks that have given no sign of life for longer than that; they are cancelled."""
        found = []
        for member in [one for one in self.members.values() if one.begun and one.tickets]:
            silence = self.silence_sec(member.seat)
            if silence > longest_sec:
                self.disown(member)
                words = f"{member.name} has given no sign of life for {silence:.0f} s"
                found.append(Gone(member, member.tickets, "lost", words))
        return found

    def log_of(self, member: Member) -> list[str]:
        """Return the last lines that a worker has written to stderr: in its own file, or before it could open that."""
        own = last_lines(f"{self._run.queue.seat(member.seat)}/stderr.log")
        return own or last_lines(str(self._submitit_root / f"{member.job_id}_0_log.err"))

    def _submit(self, key: str, spec: SlurmSpec, count: int) -> None:
        seats = [Seat(key, f"w{self._recruited + number:04d}") for number in range(count)]
        for seat in seats:
            os.makedirs(self._run.queue.seat(seat), exist_ok=True)
        # A limit that a spec states otherwise than in minutes is left to Slurm.
        parameters = script.parameters(spec, name=f"furu-{self._run.run_id[-8:]}-{key}"[:60])
        minutes = parameters["time"]
        limit = Limit(
            60.0 * minutes if isinstance(minutes, (int, float)) else None, float(parameters["signal_delay_s"])
        )
        job_ids = self._client.submit(
            serve,
            [(self._run.path, key, seat.worker_id, self._epoch, limit) for seat in seats],
            folder=self._submitit_root,
            parameters={**parameters, "array_parallelism": count},
        )
        self.submissions += 1
        self._recruited += count
        now = self._clock.now()
        self._run.add_recruits(Recruit(job_id, seat, now) for job_id, seat in zip(job_ids, seats, strict=True))
        for job_id, seat in zip(job_ids, seats, strict=True):
            self._join(Member(seat, job_id))

    def _refused(self, error: SlurmError, spec: SlurmSpec) -> None:
        if not isinstance(error, SlurmLimit) and not commands.is_transient(error):
            raise SlurmError(
                f"no worker can be submitted for {spec!r}: {error.message}",
                command=error.command,
                stderr=error.stderr,
                hints=["change _executor() of the class, or offer an alternative there"],
            ) from error
        self._pause_sec = min(max(FIRST_PAUSE_SEC, self._pause_sec * 2), LONGEST_PAUSE_SEC)
        self._not_before = self._clock.monotonic() + self._pause_sec
        get_logger().warning("no worker submitted, trying again in %g s: %s", self._pause_sec, error.message)

    def _ended(self, member: Member, kind: FailureKind, words: str) -> Gone:
        """Take note of a worker whose job is over."""
        self.look_at(member)
        self._drop(member)
        if not member.begun and not member.adopted:
            self._false_start(member, words)
        shown = "".join(f"\n    {line}" for line in self.log_of(member)) if member.tickets else ""
        return Gone(member, member.tickets, kind, f"{member.name} ended: {words}{shown}")

    def look_at(self, member: Member) -> None:
        """Look at one worker."""
        names = self._names(member.seat)
        member.begun = member.begun or "heartbeat" in names or "left" in names
        member.tickets = self._run.queue.held(member.seat)

    def _false_start(self, member: Member, words: str) -> None:
        key = member.seat.spec_key
        self._false_starts[key] += 1
        if self._false_starts[key] < MOST_FALSE_STARTS:
            return
        lines = "".join(f"\n    {line}" for line in self.log_of(member)) or " nothing"
        raise FuruError(
            f"{self._false_starts[key]} workers for {key} ended before they began; the last was {member.name}: {words}; "
            f"it wrote to stderr:{lines}",
            hints=[
                f"logs are in {self._run.queue.seat(member.seat)} and {self._submitit_root}",
                "workers need the same Python environment and a store (FURU_PATH) that all nodes share",
            ],
        )

    def _names(self, seat: Seat) -> list[str]:
        try:
            return os.listdir(self._run.queue.seat(seat))
        except FileNotFoundError:
            return []

    def _join(self, member: Member) -> None:
        self.members[member.seat] = member
        self._watcher.watch([member.job_id])

    def _drop(self, member: Member) -> None:
        self.members.pop(member.seat, None)
        self._watcher.forget([member.job_id])

    def _cancel(self, members: list[Member], signal: str | None = None) -> None:
        try:
            self._client.begin_to_cancel(
                [member.job_id for member in members], signal=signal, patience_sec=PATIENCE_SEC
            )
        except SlurmError as error:
            get_logger().warning("%d workers could not be cancelled: %s", len(members), error.message)
