"""Fakes that drive ``furu.execution`` without waiting: a clock that is moved by hand, an executor that is scripted."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from furu.execution import Failed, worker
from furu.identity import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from furu.execution import Job, Outcome


class ManualClock:
    """A clock that stands still until it is moved; ``sleep`` moves it and returns at once.

    ``sleeps`` lists the pauses (seconds) asked for.
    """

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return self._now

    def sleep(self, sec: float) -> None:
        """Let ``sec`` seconds pass at once."""
        self.sleeps.append(sec)
        self.advance(sec)

    def advance(self, sec: float) -> None:
        """Move the clock; raises ``ValueError`` for a step back."""
        if sec < 0:
            raise ValueError(f"time does not go back: advance({sec})")
        self._now += sec


class FakeExecutor:
    """An executor whose jobs end as the test says, in the order of submission, without a process or a pause.

    ``outcomes`` maps a Furu object or a hash to what becomes of its job, one entry for each submission: an outcome
    (``Failed(key, "oom")``), a failure kind (``"oom"``), an exception, or ``"run"`` (create the artifact here, by
    ``run``: a worker's way of doing it).  A job that is not mentioned, or whose list is used up, is run.

    ``submitted`` lists every job in order; ``most_in_flight`` is how many ran side by side at most; ``closed`` is None
    until ``close``, then whether it was told to cancel.
    """

    def __init__(
        self,
        *,
        capacity: int = 1,
        outcomes: Mapping[Any, Sequence[Any]] | None = None,
        clock: ManualClock | None = None,
        run: Callable[[Job], Outcome] | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.submitted: list[Job] = []
        self.most_in_flight = 0
        self.closed: bool | None = None
        self._capacity = capacity
        self._run = run or worker.run
        self._scripts = {_key(what): deque(_listed(script)) for what, script in (outcomes or {}).items()}
        self._in_flight: deque[Job] = deque()

    def capacity(self) -> int:
        """Return how many jobs it would accept now."""
        return 0 if self.closed is not None else self._capacity - len(self._in_flight)

    def submit(self, job: Job) -> None:
        """Take a job; raises ``AssertionError`` when the protocol is broken: too many, twice, or after ``close``."""
        assert self.closed is None, f"submit({job.key}) after close"
        assert self.capacity() > 0, f"submit({job.key}) beyond the capacity of {self._capacity}"
        assert all(job.key != other.key for other in self._in_flight), f"{job.key} is in flight already"
        self.submitted.append(job)
        self._in_flight.append(job)
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """End the oldest job and return how; without one let ``timeout`` seconds of the clock pass."""
        if not self._in_flight:
            assert timeout is not None, "wait(None) with nothing in flight would never return"
            self.clock.sleep(timeout)
            return []
        job = self._in_flight.popleft()
        return [self._ended(job)]

    def close(self, *, cancel: bool) -> None:
        """Stop: with ``cancel`` what is in flight is dropped, without it, it is ended first."""
        while self._in_flight and not cancel:
            self.wait(None)
        self._in_flight.clear()
        self.closed = cancel

    @property
    def order(self) -> list[str]:
        """The class names of the jobs in the order of submission."""
        return [type(job.task).__name__ for job in self.submitted]

    def _ended(self, job: Job) -> Outcome:
        script = self._scripts.get(job.key)
        said = script.popleft() if script else "run"
        if said == "run":
            return self._run(job)
        if isinstance(said, str):
            return Failed(job.key, said)  # type: ignore[arg-type]
        if isinstance(said, BaseException):
            return Failed(job.key, "error", said)
        outcome: Outcome = said
        return outcome


def _listed(script: Any) -> Iterable[Any]:
    return script if isinstance(script, (list, tuple)) else [script]


def _key(what: Any) -> str:
    return str(what.furu_hash) if names.is_furu(what) else str(what)
