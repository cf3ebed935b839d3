"""What an executor of this package tells while it works, beyond how jobs ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from furu.execution.executor import Job


class Audience(Protocol):
    """Is told which jobs run, what they used, and what their processes print.  Called from the run's own thread."""

    def started(self, job: Job) -> None:
        """A job runs from now on."""
        ...

    def stopped(self, key: str, *, wall_sec: float, cpu_sec: float) -> None:
        """The job for ``key`` does not run any more, and took this long."""
        ...

    def printed(self, text: str, *, error: bool) -> None:
        """A worker process has written whole lines to its stdout, or to its stderr."""
        ...
