"""``Executor``: what a back end implements, and the messages it exchanges with the loop that drives it.

A back end sees jobs and says how they ended.  It sees no plan, no store and no state, so that a new one (a batch system,
a pool on other hosts) is four methods and a function of ten lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.resources import SlurmSpec
    from furu.storage.state import FailureKind
    from furu.task import Task


@dataclass(frozen=True, slots=True)
class Job:
    """One artifact to be created, and what its class asks of the machine, in order of preference.

    Never empty: ``specs`` has at least one entry, and ``specs[0]`` is what counts where only one can be used.
    """

    task: Task
    specs: tuple[SlurmSpec, ...]

    @property
    def key(self) -> str:
        """The ``furu_hash`` of the artifact; outcomes name it."""
        return self.task.furu_hash


@dataclass(frozen=True, slots=True)
class Done:
    """The artifact ``key`` is published."""

    key: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The job for ``key`` ended without a result.

    ``kind`` says how: ``error`` is an exception of ``_create``, everything else happened to the process that ran it.
    """

    key: str
    kind: FailureKind
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """``_create`` asked for artifacts that are not there and were not declared; the job is run again once they are."""

    key: str
    on: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Somebody outside this run is creating the artifact ``key``."""

    key: str


Outcome = Done | Failed | Blocked | Elsewhere


class Executor(Protocol):
    """Runs jobs and says how they ended.  Called from one thread only."""

    def capacity(self) -> int:
        """Return how many jobs it would accept now."""
        ...

    def submit(self, job: Job) -> None:
        """Begin to run a job.  There is at most one live job per key."""
        ...

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return outcomes, waiting at most ``timeout`` seconds for the first (None: as long as it takes).

        Promise: every job that was submitted ends exactly once; a lost one as ``Failed``.
        """
        ...

    def close(self, *, cancel: bool) -> None:
        """Stop: with ``cancel`` end what runs, without it let it finish.  Afterwards nothing of ours runs."""
        ...
