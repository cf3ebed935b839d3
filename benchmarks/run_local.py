"""What run_local costs for each node that does nothing, and what two workers are worth for nodes that compute.

Systems of one table run after each other in every round.  ``get()`` through concurrent.futures and joblib, and plain
Python (mkdir, write, rename) through concurrent.futures, do the same work with two worker processes and no order to keep:
the floor.  Stores are in memory where the machine has such a directory; git, console and progress are off.  The time
includes starting the workers and planning.

Peak memory is that of the process that calls run_local, and of the largest worker.  A node of a chain of n nodes has a
config of n objects, all of which its metadata records; so chains are kept short here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from statistics import median
from typing import TYPE_CHECKING, Any

from timing import Size, compiled_once, interleaved, machine, memory_directory, print_table, significant, size

if TYPE_CHECKING:
    from collections.abc import Callable

WORKERS = 2
SIZES = (100, 300, 1_000, 10_000)
LONGEST_CHAIN = 300
TURNS = 30_000_000
CHUNK = 16


def measured(system: str, shape: str, nodes: int) -> dict[str, float]:
    """Run one system once, in a process of its own; return seconds and peak memory (MB) of it and its workers."""
    with compiled_once() as environ, tempfile.TemporaryDirectory(dir=memory_directory()) as store:
        told = {**environ, "FURU_PATH": store, "FURU_RECORD_GIT": "ignore", "FURU_LOG_LEVEL": "WARNING"}
        command = [sys.executable, __file__, "--one", system, shape, str(nodes)]
        done = subprocess.run(command, env=told, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(system: str, shape: str, nodes: int) -> None:
    """Run one system once and print what it took."""
    import resource

    from subjects import graphs

    if shape == "busy":
        roots: list[Any] = [graphs.Busy(n=n, turns=TURNS) for n in range(nodes)]
    else:
        roots = getattr(graphs, shape)(nodes)
    began = time.perf_counter()
    name, _, how = system.partition(":")
    RUNNERS[name](roots, how)
    took = time.perf_counter() - began
    peak, child = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"sec": took, "peak": peak, "worker": child}))


def run_furu(roots: list[Any], how: str) -> None:
    """Run roots with run_local; ``how`` is the backend and the number of workers."""
    from furu.execution import run_local

    backend, workers = how.split()
    run_local(roots, backend=backend, max_workers=int(workers), progress=False)  # type: ignore[arg-type]


def run_futures(roots: list[Any], how: str) -> None:
    """Run roots with concurrent.futures, by ``get()`` or in plain Python."""
    from subjects import graphs

    with ProcessPoolExecutor(WORKERS, mp_context=get_context("forkserver")) as pool:
        if how == "get":
            list(pool.map(graphs.furu_create, roots, chunksize=CHUNK))
        else:
            directories = [f"{os.environ['FURU_PATH']}/{root.furu_hash}" for root in roots]
            list(pool.map(graphs.plain_create, directories, chunksize=CHUNK))


def run_joblib(roots: list[Any], _: str) -> None:
    """Run roots with joblib.Parallel, by ``get()``."""
    from joblib import Parallel, delayed
    from subjects import graphs

    Parallel(n_jobs=WORKERS)(delayed(graphs.furu_create)(root) for root in roots)


RUNNERS: dict[str, Callable[[list[Any], str], None]] = {"furu": run_furu, "futures": run_futures, "joblib": run_joblib}


def systems(shape: str) -> dict[str, str]:
    """Return the systems that are compared for a shape, by name."""
    found = {"furu, processes": f"furu:process {WORKERS}", "furu, threads": f"furu:thread {WORKERS}"}
    if shape == "independent":
        found = {
            "plain Python in concurrent.futures": "futures:plain",
            "get() in concurrent.futures": "futures:get",
            **({"get() in joblib.Parallel": "joblib:"} if find_spec("joblib") else {}),
            **found,
        }
    return found


def compare(shape: str, nodes: int, rounds: int) -> None:
    """Print the table of one shape and size."""
    peaks: dict[str, tuple[float, float]] = {}

    def once(name: str, system: str) -> Callable[[], float]:
        def run() -> float:
            found = measured(system, shape, nodes)
            peaks[name] = found["peak"], found["worker"]
            return found["sec"] / nodes

        return run

    chosen = systems(shape)
    taken = interleaved({name: once(name, system) for name, system in chosen.items()}, rounds)
    rows = [
        (name, f"{1 / median(sec):.0f}", significant(median(sec) * 1e6), *_megabytes(name, *peaks[name]))
        for name, sec in taken.items()
    ]
    print_table((f"{shape}, {nodes} nodes", "nodes/s", "µs/node", "peak MB", "worker MB"), rows)


def _megabytes(name: str, own: float, child: float) -> tuple[str, str]:
    return f"{own:.0f}", f"{child:.0f}" if name == "furu, processes" else ""


def speed_up(nodes: int, rounds: int) -> None:
    """Print what a second worker is worth for nodes that compute."""
    how = {f"{workers} worker{'s'[: workers - 1]}": f"furu:process {workers}" for workers in (1, 2)}
    taken = interleaved({name: partial(_busy_sec, system, nodes) for name, system in how.items()}, rounds)
    rows = [
        (
            name,
            significant(median(sec)),
            significant(median(a / b for a, b in zip(taken["1 worker"], sec, strict=True))),
        )
        for name, sec in taken.items()
    ]
    print_table((f"{nodes} nodes that compute", "s", "x faster"), rows)


def _busy_sec(system: str, nodes: int) -> float:
    return measured(system, "busy", nodes)["sec"]


def main() -> None:
    """Print all tables."""
    chosen = size(__doc__, full=Size(rounds=3, items=SIZES[-1]), smoke=Size(rounds=1, items=20))
    print(f"{machine()}\n", flush=True)
    for shape in ("independent", "chain", "layered"):
        for nodes in sorted({min(nodes, chosen.items) for nodes in SIZES}):
            if shape != "chain" or nodes <= LONGEST_CHAIN:
                compare(shape, max(nodes, 100) if shape == "layered" else nodes, chosen.rounds)
    speed_up(8 if chosen.items > 20 else 2, chosen.rounds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
