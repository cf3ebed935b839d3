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

    ``peak_memory_bytes`` is the high-water mark of resident memory when that mark rose in between.  The kernel keeps one
    mark per process and never lowers it: when an earlier computation went higher, the mark says nothing about this one,
    and the value is the memory resident at the reading instead, a lower bound.  A child that was waited for and went
    higher than this process ever did counts in its place; a smaller one cannot be told apart, for it begins with the
    mark of the process that started it.  Not promised: computations that run at the same time in one process are told
    apart.
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

    __slots__ = ("_children_mark", "_clock", "_cpu", "_mark", "_start")

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._cpu, self._children_mark = _cpu_and_children_mark()
        self._mark, _ = _mark_and_resident()
        self._start = clock.monotonic()

    def wall_sec(self) -> float:
        """Return the seconds since the meter was made."""
        return self._clock.monotonic() - self._start

    def read(self) -> Usage:
        """Return what was used so far."""
        wall = self.wall_sec()
        cpu, children_mark = _cpu_and_children_mark()
        mark, resident = _mark_and_resident()
        peak = mark if mark > self._mark else resident
        if children_mark > max(self._children_mark, mark):
            peak = children_mark
        return Usage(wall_sec=wall, cpu_sec=max(0.0, cpu - self._cpu), peak_memory_bytes=peak)


def measure(clock: Clock = SYSTEM_CLOCK) -> Meter:
    """Start counting."""
    return Meter(clock)


def _cpu_and_children_mark() -> tuple[float, int]:
    """Return CPU seconds of this process with its children, and the highest mark of a child in bytes."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return cpu, children.ru_maxrss * _MAXRSS_UNIT


def _mark_and_resident() -> tuple[int, int]:
    """Return this process's high-water mark and the memory resident now, in bytes.

    Where there is no ``/proc`` both are the mark of ``getrusage``.  It is second choice because a process inherits it
    from the one that started it: a worker of a large program would never be seen to rise.
    """
    try:
        fd = os.open("/proc/self/status", os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.read(fd, 32768)
        finally:
            os.close(fd)
        return _kib(status, b"VmHWM:") * 1024, _kib(status, b"VmRSS:") * 1024
    except (OSError, ValueError):
        mark = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT
        return mark, mark


def _kib(status: bytes, name: bytes) -> int:
    start = status.index(name) + len(name)
    return int(status[start : status.index(b"kB", start)])
