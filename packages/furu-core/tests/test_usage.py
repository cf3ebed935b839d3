"""What a computation used is measured honestly."""

from __future__ import annotations

import subprocess
import sys

from furu.runtime import usage


class ManualClock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        """Return the time."""
        return self.at

    monotonic = now

    def sleep(self, sec: float) -> None:
        """Let time pass."""
        self.at += sec


def test_wall_time_is_the_clocks() -> None:
    """Wall time runs from the meter's making to its reading, and a meter may be read again."""
    clock = ManualClock()
    meter = usage.measure(clock)
    clock.sleep(2.5)

    assert meter.wall_sec() == 2.5
    assert meter.read().wall_sec == 2.5
    clock.sleep(1)
    assert meter.read().wall_sec == 3.5


def test_cpu_time_of_this_process_counts() -> None:
    """Work raises the CPU time, by no more than a little over the wall time of one thread."""
    meter = usage.measure()
    total = sum(range(2_000_000))
    used = meter.read()

    assert total
    assert 0.001 < used.cpu_sec <= used.wall_sec * 1.5


def test_children_that_were_waited_for_count() -> None:
    """A subprocess adds its CPU time and, when it is larger than this process ever was, its memory."""
    size = 2 * usage.measure().read().peak_memory_bytes + 100_000_000
    meter = usage.measure()
    subprocess.run([sys.executable, "-c", f"x = bytearray({size})"], check=True)
    used = meter.read()

    assert used.cpu_sec > 0.005
    assert used.peak_memory_bytes >= size


def test_a_peak_is_seen_after_the_memory_was_given_back() -> None:
    """The high-water mark tells when this computation raised it."""
    code = """
from furu.runtime import usage
meter = usage.measure()
block = bytearray(200_000_000)
del block
assert meter.read().peak_memory_bytes > 200_000_000, meter.read()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_earlier_peak_is_not_taken_for_this_computations() -> None:
    """When the mark did not rise, the memory in use at the end is given, not what another computation once used."""
    code = """
from furu.runtime import usage
block = bytearray(200_000_000)
del block
meter = usage.measure()
assert 1_000_000 < meter.read().peak_memory_bytes < 150_000_000, meter.read()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_figures_become_json() -> None:
    """A record has the three figures under their names."""
    assert usage.Usage(1.5, 0.25, 1024).to_json() == {"wall_sec": 1.5, "cpu_sec": 0.25, "peak_memory_bytes": 1024}
