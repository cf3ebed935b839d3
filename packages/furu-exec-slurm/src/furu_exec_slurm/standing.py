"""``StandingJob``: what stands in for a job where an artifact needs none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import submitit

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import settle
from furu.engine.verdict import Wait

if TYPE_CHECKING:
    from pathlib import Path

    from furu.objects.furu import Furu


class StandingJob(submitit.Job[Any]):
    """A job as users of submitit know them, for an artifact that is there, or that somebody computes without submitit.

    It is done when nobody computes the artifact; its result is then what is there.  It has no logs, and cannot be cancelled.
    """

    def __init__(self, folder: str | Path, obj: Furu[Any]) -> None:
        super().__init__(folder, f"furu-{obj.furu_hash[:8]}")
        self._obj = obj

    def _register_in_watcher(self) -> None:
        """Be nobody's to watch: no scheduler knows this job."""

    def done(self, force_check: bool = False) -> bool:  # noqa: ARG002 - a look is never older than this call
        """Return whether nobody computes the artifact."""
        return not isinstance(settle.verdict_on(self._obj), Wait)

    def wait(self) -> None:
        """Wait until nobody computes the artifact."""
        while not self.done():
            SYSTEM_CLOCK.sleep(min(1.0, config.current().poll_interval))

    def results(self) -> list[Any]:
        """Return the result, alone in a list; raises ``FuruMissingArtifact`` where nobody has brought it about."""
        self.wait()
        return [self._obj.load_existing()]

    def exception(self) -> Exception | None:  # type: ignore[override]  # nothing is wrapped, as in submitit's debug jobs
        """Return what ``results`` raises, or None."""
        try:
            self.results()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is returned
            return error
        return None

    @property
    def state(self) -> str:
        """What the job is, in Slurm's words."""
        return "COMPLETED" if self.done() else "RUNNING"

    def get_info(self, mode: str = "force") -> dict[str, str]:  # noqa: ARG002 - no scheduler is asked
        """Return what there is to know about it."""
        return {"State": self.state}

    def cancel(self, check: bool = True) -> None:
        """Do nothing: there is nothing to cancel that was submitted."""
