"""Time: the only module that reads the clock or sleeps."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What code that waits or stamps is given; tests give it a manual one."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        ...

    def sleep(self, sec: float) -> None:
        """Let ``sec`` seconds pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


SYSTEM_CLOCK = SystemClock()


_second: tuple[int, str] = (-1, "")  # the whole second that was last spelled, and how


def iso_utc(sec: float) -> str:
    """Return ``sec`` (seconds since the epoch) as ISO 8601 in UTC with microseconds, such as ``2026-01-31T09:00:00.000000Z``."""
    global _second
    whole = int(sec // 1)
    spelled = _second
    if spelled[0] != whole:
        spelled = _second = whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{spelled[1]}.{int((sec - whole) * 1e6):06d}Z"
