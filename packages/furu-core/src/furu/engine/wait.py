"""Waiting for somebody else's attempt: pauses, log lines, the end of patience."""

from __future__ import annotations

import os

from furu import config
from furu._sys.clock import SYSTEM_CLOCK, Clock
from furu.errors import FuruLockNotAcquired, FuruWaitTimeout
from furu.runtime import announcing
from furu.storage import lease

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.task import ArtifactRef

FIRST_PAUSE_SEC = 0.001
LOCAL_PAUSE_SEC = 0.02  # an owner on this host: the end of its claim is looked for this often
PATIENCE = 0.05  # the pause grows to this share of the time waited so far
MOST_RACES = 50


class Waiting:
    """One call's wait for an artifact that others are creating.

    Pauses grow from 1 ms up to ``FURU_POLL_INTERVAL_SECS``.  While the owner is on this host the end of its claim is
    looked for every 20 ms during a pause, which costs two stats.
    """

    def __init__(self, ref: ArtifactRef, longest_sec: float | None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.ref = ref
        self.attempt_ids: set[str] = set()
        self._longest_sec = longest_sec
        self._clock = clock
        self._began: float | None = None
        self._logged_at = 0.0
        self._races_lost = 0
        self._beat: tuple[str, float] | None = None
        self._beat_seen = 0.0

    def pause(self, claim: lease.Claim) -> None:
        """Wait a little for the owner of ``claim``.

        Raises ``FuruWaitTimeout`` when the wait has lasted as long as it may.
        """
        now = self._clock.monotonic()
        if self._began is None:
            self._began = self._logged_at = now
            announcing.announce(self.ref, "running->wait" if claim.job is None else "queued->wait")
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
        self._races_lost = 0
        pause = min(max(FIRST_PAUSE_SEC, waited * PATIENCE), settings.poll_interval)
        self._pass(pause if left is None else min(pause, left), claim)

    def lost_race(self, directory: str) -> None:
        """Wait a little after somebody else was faster.

        Raises ``FuruLockNotAcquired`` when that happens again and again while nobody is ever seen to hold the claim.
        """
        self._races_lost += 1
        if self._races_lost > MOST_RACES:
            raise FuruLockNotAcquired(
                f"the claim on {self.ref.label} cannot be taken although nobody holds it: {directory}/.furu/compute.lock",
                hints=[
                    "a file system that refuses to rename directories cannot hold a store; FURU_PATH sets where it is"
                ],
            )
        self._clock.sleep(FIRST_PAUSE_SEC * self._races_lost)

    def outlived(self, claim: lease.Claim) -> bool:
        """Return whether a claim with a time in the future has not beaten for a whole lease of this wait."""
        if claim.beat_age_sec is None or claim.beat_age_sec >= 0:
            return False
        now = self._clock.monotonic()
        if self._beat != (claim.path, claim.beat_at):
            self._beat, self._beat_seen = (claim.path, claim.beat_at), now
        return now - self._beat_seen > claim.lease_sec

    def _pass(self, sec: float, claim: lease.Claim) -> None:
        end = self._clock.monotonic() + sec
        while claim.local and sec > LOCAL_PAUSE_SEC:
            self._clock.sleep(LOCAL_PAUSE_SEC)
            sec = end - self._clock.monotonic()
            if not os.path.lexists(claim.path):
                return
        if sec > 0:
            self._clock.sleep(sec)

    def _log(self, claim: lease.Claim, waited: float, left: float | None) -> None:
        from furu.runtime.logging import get_logger

        beat = "" if claim.beat_age_sec is None else f", last heartbeat {claim.beat_age_sec:.0f} s ago"
        end = "for as long as it takes" if left is None else f"for {left:.0f} s more"
        mine = claim.owner is not None and claim.owner.pid == os.getpid() and claim.local
        end += "; this very process computes it: if that waits for this get(), neither will end" if mine else ""
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
            f"waited {self._longest_sec:g} s for {self.ref.label}, which is {lease.describe(claim)} and still "
            f"{'waiting to be' if claim.job is not None else 'being'} computed ({claim.path})",
            hints=[
                "wait longer with FURU_MAX_WAIT_SECS, or with _max_wait_time_sec on the class (None waits for ever)",
            ],
        )
