"""Waiting for somebody else's attempt: pauses, log lines, the end of patience."""

from __future__ import annotations

from furu import config
from furu._sys.clock import SYSTEM_CLOCK, Clock
from furu.errors import FuruWaitTimeout
from furu.runtime import announcing
from furu.storage import lease

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.task import ArtifactRef

FIRST_PAUSE_SEC = 0.001
LOCAL_PAUSE_SEC = 0.02  # an owner on this host: a look costs microseconds
PATIENCE = 0.05  # elsewhere: the pause grows to this share of the time waited so far


class Waiting:
    """One call's wait for an artifact that others are creating.

    Pauses grow from 1 ms: up to 20 ms while the owner is on this host, up to ``FURU_POLL_INTERVAL_SECS`` otherwise.
    """

    def __init__(self, ref: ArtifactRef, longest_sec: float | None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.ref = ref
        self.attempt_ids: set[str] = set()
        self._longest_sec = longest_sec
        self._clock = clock
        self._began: float | None = None
        self._logged_at = 0.0

    def pause(self, claim: lease.Claim) -> None:
        """Wait a little for the owner of ``claim``.

        Raises ``FuruWaitTimeout`` when the wait has lasted as long as it may.
        """
        now = self._clock.monotonic()
        if self._began is None:
            self._began = self._logged_at = now
            announcing.announce(self.ref, "running->wait")
        if claim.attempt_id is not None:
            self.attempt_ids.add(claim.attempt_id)
        waited = now - self._began
        left = None if self._longest_sec is None else self._longest_sec - waited
        if left is not None and left <= 0:
            raise self._timeout(claim)
        settings = config.current()
        if now - self._logged_at >= settings.wait_log_every_sec:
            self._logged_at = now
            self._log(claim, waited, left)
        longest = LOCAL_PAUSE_SEC if claim.local else settings.poll_interval
        pause = min(max(FIRST_PAUSE_SEC, waited * PATIENCE), longest, settings.poll_interval)
        self._clock.sleep(pause if left is None else min(pause, left))

    def _log(self, claim: lease.Claim, waited: float, left: float | None) -> None:
        from furu.runtime.logging import get_logger

        beat = "" if claim.beat_age_sec is None else f", last heartbeat {claim.beat_age_sec:.0f} s ago"
        end = "for as long as it takes" if left is None else f"for {left:.0f} s more"
        get_logger().info(
            "waiting for %s: %s%s; waited %.0f s, will wait %s",
            self.ref.label,
            lease.describe(claim),
            beat,
            waited,
            end,
        )

    def _timeout(self, claim: lease.Claim) -> FuruWaitTimeout:
        return FuruWaitTimeout(
            f"waited {self._longest_sec:g} s for {self.ref.label}, which is {lease.describe(claim)} and still being "
            f"computed ({claim.path})",
            hints=[
                "wait longer with FURU_MAX_WAIT_SECS, or with _max_wait_time_sec on the class (None waits for ever)",
            ],
        )
