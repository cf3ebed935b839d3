"""What the benchmarks share: interleaved rounds, medians, ratios to a floor, and tables in Markdown.

Machines are noisy, so systems are compared within one run: each round measures every system once, in changing order,
and a ratio is the median over the rounds of (this system / the floor in the same round).
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")

#: Seconds of each round, by system.
Rounds = dict[str, list[float]]

UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}


@dataclass(frozen=True)
class Size:
    """How much is measured: ``rounds``, and ``items`` per round and system."""

    rounds: int
    items: int


def size(description: str | None, *, full: Size, smoke: Size = Size(rounds=1, items=2)) -> Size:
    """Return how much to measure, as the command line says: ``--smoke`` for a trial, ``--rounds``, ``--items``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="measure next to nothing: does it run at all?")
    parser.add_argument("--rounds", type=int, help=f"rounds of measurement (default {full.rounds})")
    parser.add_argument("--items", type=int, help=f"operations per round and system (default {full.items})")
    given = parser.parse_args()
    chosen = smoke if given.smoke else full
    return Size(rounds=given.rounds or chosen.rounds, items=given.items or chosen.items)


def interleaved(systems: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """Measure every system once a round and return what they gave.

    A system is a function that does its work once and returns the seconds per operation.  Each round begins with the
    next system, so that none always profits from what another has left in caches.
    """
    names = list(systems)
    measured: Rounds = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            measured[name].append(systems[name]())
    return measured


def per_operation(operation: Callable[[T], object], arguments: Sequence[T]) -> float:
    """Return the mean seconds of one call of ``operation``, called with each of ``arguments``; no garbage collection."""
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        for argument in arguments:
            operation(argument)
        return (time.perf_counter() - began) / len(arguments)
    finally:
        gc.enable()


def process_sec(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Return the seconds from starting a program to its end; raises ``CalledProcessError`` when it fails."""
    began = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@contextmanager
def compiled_once() -> Iterator[dict[str, str]]:
    """Yield an environment for programs in which Python keeps its bytecode, so that the second start never compiles.

    Some machines forbid bytecode, which would charge an editable installation of furu with compiling at each start.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-bytecode-") as directory:
        environ = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        here = str(Path(__file__).resolve().parent)
        yield environ | {"PYTHONPYCACHEPREFIX": directory, "PYTHONPATH": here}


def memory_directory() -> str | None:
    """Return a directory on a file system in memory, or None where there is none."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def median_ratio(seconds: Sequence[float], floor: Sequence[float]) -> float:
    """Return the median over the rounds of what a system took in terms of what the floor took in the same round."""
    return median(mine / least for mine, least in zip(seconds, floor, strict=True))


def show(title: str, measured: Rounds, *, floor: str, unit: str) -> None:
    """Print one table: the median of each system in ``unit``, and its ratio to the system ``floor``."""
    rows = [
        (name, significant(median(rounds) * UNITS[unit]), significant(median_ratio(rounds, measured[floor])))
        for name, rounds in measured.items()
    ]
    print_table((title, unit, f"x {floor}"), rows)


def print_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table; columns after the first are numbers."""
    widths = [max(len(line[place]) for line in (heading, *rows)) for place in range(len(heading))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for line in (heading, rule, *rows):
        first, *others = line
        cells = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True))]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(flush=True)


def significant(value: float) -> str:
    """Return a number with about three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def machine() -> str:
    """Return on what this ran, for the line above the tables."""
    versions = ", ".join(
        f"{name} {_version(name)}" for name in ("furu-core", "chz", "joblib", "exca") if _version(name)
    )
    system = f"{platform.system()} {platform.release().partition('-')[0]}"
    today = datetime.now().astimezone().date().isoformat()
    return f"{today}; {os.cpu_count()} x {_processor()}; {system}; Python {platform.python_version()}; {versions}"


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
