"""What a computation used: wall time, CPU time, memory."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass

from furu._sys.clock import SYSTEM_CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu._sys.clock import Clock

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, everybody else kibibytes


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used between the start of a meter and its reading.

    ``wall_sec`` is elapsed time; ``cpu_sec`` is user and system time of this process, all its threads, and the
    children it has waited for.

    ``peak_memory_bytes`` is the high-water mark of resident memory, of this process or of its largest child,
    whichever is higher, when that mark rose in between.  The kernel keeps one mark per process and never lowers it:
    when an earlier computation went higher, the mark says nothing about this one, and the value is the memory resident at
    the reading instead, a lower bound.  Not promised: computations that run at the same time in one process are told
    apart; a child started from a large process begins with that process's mark.
    """

    wall_sec: float
    cpu_sec: float
    peak_memory_bytes: int

    def to_json(self) -> dict[str, float | int | None]:
        """Return the figures as JSON-ready data."""
        return {
            "wall_sec": self.wall_sec,
            "cpu_sec": self.cpu_sec,
            "peak_memory_bytes": self.peak_memory_bytes,
        }


class Meter:
    """Counts from the moment it is made; may be read any number of times, from any thread."""

    __slots__ = ("_clock", "_cpu", "_marks", "_start")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._cpu, self._marks = _counters()
        self._start = clock.monotonic()

    def wall_sec(self) -> float:
        """Return the seconds since the meter was made."""
        return self._clock.monotonic() - self._start

    def read(self) -> Usage:
        """Return what was used so far."""
        wall = self.wall_sec()
        cpu, marks = _counters()
        risen = [mark for mark, before in zip(marks, self._marks, strict=True) if mark > before]
        peak = max(risen) * _MAXRSS_UNIT if risen else _resident_bytes() or marks[0] * _MAXRSS_UNIT
        return Usage(wall_sec=wall, cpu_sec=max(0.0, cpu - self._cpu), peak_memory_bytes=peak)


def measure(clock: Clock = SYSTEM_CLOCK) -> Meter:
    """Start counting."""
    return Meter(clock)


def _counters() -> tuple[float, tuple[int, int]]:
    """Return CPU seconds of this process with its children, and the high-water marks of both."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return cpu, (own.ru_maxrss, children.ru_maxrss)


def _resident_bytes() -> int | None:
    try:
        fd = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # no /proc here
        return None
    try:
        return int(os.read(fd, 128).split()[1]) * os.sysconf("SC_PAGESIZE")
    finally:
        os.close(fd)
