"""What it costs to load a stored result, and to compute and store a trivial one.

Four tables: a hit on a fresh object in a running process, the same as a whole process, and a create in memory and on the
disk.  The floor does the same work with plain Python: stat, open, read and parse JSON; or mkdir, write and rename.  Git
and console are off for furu; nothing is flushed to the disk by anybody.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timing import (
    Rounds,
    Size,
    compiled_once,
    interleaved,
    machine,
    memory_directory,
    per_operation,
    process_sec,
    show,
    size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

#: System -> (module in ``subjects``, package it needs).
SYSTEMS = {
    "floor": ("floor", "json"),
    "furu, automatic result": ("furu_auto", "furu"),
    "furu, own _load": ("furu_own", "furu"),
    "joblib.Memory": ("with_joblib", "joblib"),
    "exca": ("with_exca", "exca"),
}

COLD = "import sys; from pathlib import Path; from subjects import {} as it; it.opened(Path(sys.argv[1]))(0)"


def available() -> dict[str, ModuleType]:
    """Return the module of each system whose package is installed."""
    return {name: import_module(f"subjects.{home}") for name, (home, needs) in SYSTEMS.items() if find_spec(needs)}


@contextmanager
def store(where: str | None) -> Iterator[Path]:
    """Yield an empty directory below ``where``."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=where) as directory:
        yield Path(directory)


def hits(systems: Mapping[str, ModuleType], chosen: Size) -> Rounds:
    """Measure loading what is there, each time through a fresh object."""
    with store(memory_directory()) as root:

        def batch(system: ModuleType) -> float:
            obtain = system.opened(root)
            return per_operation(obtain, range(chosen.items))

        batches = {name: partial(batch, system) for name, system in systems.items()}
        interleaved(batches, rounds=1)  # creates everything
        return interleaved(batches, chosen.rounds)


def creates(systems: Mapping[str, ModuleType], chosen: Size, where: str | None) -> Rounds:
    """Measure computing and storing, in a store that is empty at first and grows."""
    with store(where) as root:
        done = dict.fromkeys(systems, 0)

        def batch(name: str) -> float:
            obtain: Callable[[int], Any] = systems[name].opened(root)
            obtain(-1)  # what is done once per process or store
            first = done[name]
            done[name] += chosen.items
            return per_operation(obtain, range(first, first + chosen.items))

        batches = {name: partial(batch, name) for name in systems}
        interleaved(batches, rounds=1)
        return interleaved(batches, chosen.rounds)


def cold(systems: Mapping[str, ModuleType], rounds: int) -> Rounds:
    """Measure fresh processes that load one result and end."""
    with compiled_once() as environ, store(memory_directory()) as root:
        commands = {name: [sys.executable, "-c", COLD.format(SYSTEMS[name][0]), str(root)] for name in systems}
        batches = {name: partial(process_sec, command, environ) for name, command in commands.items()}
        interleaved(batches, rounds=2)  # creates, and compiles what creating and loading need
        return interleaved(batches, rounds)


def main() -> None:
    """Print the tables."""
    chosen = size(__doc__, full=Size(rounds=21, items=200))
    systems = available()
    print(f"{machine()}\n")
    show("hit, fresh object", hits(systems, chosen), floor="floor", unit="µs")
    show("create, store in memory", creates(systems, chosen, memory_directory()), floor="floor", unit="µs")
    show("create, store on disk", creates(systems, chosen, None), floor="floor", unit="µs")
    show("one hit, fresh process", cold(systems, min(chosen.rounds, 15)), floor="floor", unit="ms")


if __name__ == "__main__":
    main()
