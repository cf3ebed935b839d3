"""What run_local costs for each node that does nothing, what a second worker is worth, and what a large plan takes.

All systems have two workers, and one does its work after the other in every round.  *get()* is the same work without a
scheduler: a plain pool maps each level of the graph when the one before is done.  *Floor* is that with plain Python
(mkdir, write, rename) in place of ``get()``.  Stores are in memory where the machine has such a directory; git, console
and progress are off.  Times include planning and starting the workers, not the imports of the program.

*Further node* is what each node beyond the first 100, and beyond the first 1,000, adds: a cost that is flat shows there.
On a machine that others use at the same time, the CPU time of caller and workers shows it better; pools do not tell theirs.
Peak memory is that of the calling process, and of its largest worker.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from timing import Size, compiled_once, interleaved, machine, median_ratio, memory_directory, print_table, significant
from timing import size as wanted_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WORKERS = 2
SIZES = (100, 1_000, 10_000)
#: Where each config holds all those below it, metadata that records whole configs grows with the square of the length.
LONGEST = {"nested": 1_000}
CHUNK = 16
FLOOR = "floor, concurrent.futures"
PLANNED = 100_000


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
    from subjects import graphs

    levels = getattr(graphs, shape)(nodes)
    name, _, how = system.partition(":")
    if name == "furu":
        from furu.execution import run_local  # noqa: F401 - imported before the time is taken
    began, cpu = time.perf_counter(), _cpu_sec()
    RUNNERS[name](levels, how)
    took, cpu = time.perf_counter() - began, _cpu_sec() - cpu
    status = Path("/proc/self/status").read_text()  # getrusage would tell the mark of the process that started this one
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps({"sec": took, "cpu": cpu, "peak": peak, "worker": _largest_child_mb()}))


def _cpu_sec() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _largest_child_mb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def run_furu(levels: list[list[Any]], how: str) -> None:
    """Run the last level, and what it needs, with run_local; ``how`` is the backend and the number of workers."""
    from furu.execution import run_local

    backend, workers = how.split()
    run_local(levels[-1], backend=backend, max_workers=int(workers), progress=False)  # type: ignore[arg-type]


def run_futures(levels: list[list[Any]], how: str) -> None:
    """Run level by level with concurrent.futures, by ``get()`` or in plain Python."""
    from subjects import graphs

    chunk = CHUNK if len(levels[0]) > CHUNK else 1
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("forkserver")) as pool:
        for level in levels:
            if how == "get":
                list(pool.map(graphs.furu_create, level, chunksize=chunk))
            else:
                directories = [f"{os.environ['FURU_PATH']}/{root.furu_hash}" for root in level]
                list(pool.map(graphs.plain_create, directories, chunksize=chunk))


def run_joblib(levels: list[list[Any]], _: str) -> None:
    """Run level by level with joblib.Parallel, by ``get()``."""
    from joblib import Parallel, delayed
    from subjects import graphs

    with Parallel(n_jobs=WORKERS) as parallel:
        for level in levels:
            parallel(delayed(graphs.furu_create)(node) for node in level)


def run_plan(levels: list[list[Any]], _: str) -> None:
    """Plan the last level and what it needs."""
    from furu.execution import plan

    plan.build(levels[-1])


RUNNERS: dict[str, Callable[[list[list[Any]], str], None]] = {
    "furu": run_furu,
    "futures": run_futures,
    "joblib": run_joblib,
    "plan": run_plan,
}


def systems(shape: str) -> dict[str, str]:
    """Return the systems that are compared for a shape, by name.

    One round of joblib takes 10 ms, too long for chains; nested configs are too deep for what pools pickle with.
    """
    pools = {"get(), concurrent.futures": "futures:get"} if shape != "nested" else {}
    if shape in ("independent", "layered") and find_spec("joblib"):
        pools["get(), joblib.Parallel"] = "joblib:"
    ours = {"furu, processes": f"furu:process {WORKERS}", "furu, threads": f"furu:thread {WORKERS}"}
    return {FLOOR: "futures:plain", **pools, **ours}


def compare(shape: str, title: str, sizes: Sequence[int], rounds: int) -> None:
    """Print the table of one shape: a row for each system."""
    chosen = systems(shape)
    found: dict[int, dict[str, list[dict[str, float]]]] = {}
    for nodes in sizes:
        found[nodes] = {name: [] for name in chosen}
        interleaved({name: _kept(found[nodes][name], system, shape, nodes) for name, system in chosen.items()}, rounds)
    rows = []
    for name in chosen:
        sec = {nodes: [one["sec"] for one in found[nodes][name]] for nodes in sizes}
        further = [f"{(median(sec[b]) - median(sec[a])) / (b - a) * 1e6:.0f}" for a, b in pairwise(sizes)]
        last = found[sizes[-1]][name]
        cpu = [f"{median(one['cpu'] for one in found[nodes][name]) / nodes * 1e6:.0f}" for nodes in sizes]
        rows.append(
            (
                name,
                *(significant(median(sec[nodes])) for nodes in sizes),
                *further,
                " / ".join(cpu) if name.startswith("furu") else "",
                f"{sizes[-1] / median(sec[sizes[-1]]):.0f}",
                significant(median_ratio(sec[sizes[-1]], [one["sec"] for one in found[sizes[-1]][FLOOR]])),
                f"{max(one['peak'] for one in last):.0f}",
                f"{max(one['worker'] for one in last):.0f}" if name == "furu, processes" else "",
            )
        )
    further_heads = [f"further node beyond {nodes:,}, µs" for nodes in sizes[:-1]]
    heading = (
        title,
        *(f"{nodes:,} nodes, s" for nodes in sizes),
        *further_heads,
        "CPU of a node, µs",
        "nodes/s",
        "x floor",
        "MB",
        "worker MB",
    )
    print_table(heading, rows)


def _kept(into: list[dict[str, float]], system: str, shape: str, nodes: int) -> Callable[[], float]:
    def run() -> float:
        into.append(measured(system, shape, nodes))
        return into[-1]["sec"]

    return run


def speed_up(nodes: int, rounds: int) -> None:
    """Print what a second worker is worth for nodes that compute."""
    how = {"furu, 1 worker": "furu:process 1", "furu, 2 workers": "furu:process 2"}
    taken = interleaved({name: _kept([], system, "busy", nodes) for name, system in how.items()}, rounds)
    least = taken["furu, 1 worker"]
    rows = [
        (name, significant(median(sec)), significant(median(a / b for a, b in zip(least, sec, strict=True))))
        for name, sec in taken.items()
    ]
    print_table((f"{nodes} nodes that compute", "s", "x faster"), rows)


def planning(nodes: int, rounds: int) -> None:
    """Print what a large plan takes."""
    rows = []
    for shape in ("independent", "layered", "chain"):
        found = [measured("plan:", shape, nodes) for _ in range(rounds)]
        sec, peak = median(one["sec"] for one in found), max(one["peak"] for one in found)
        rows.append((f"furu, {shape}", significant(sec), significant(sec / nodes * 1e6), f"{peak:.0f}"))
    print_table((f"plan of {nodes:,} nodes", "s", "µs/node", "MB"), rows)


SHAPES = {
    "independent": "independent",
    "layered": "layered, 10 by 10",
    "chain": "chain, by a method",
    "nested": "chain, by a field",
}


def main() -> None:
    """Print all tables."""
    chosen = wanted_size(__doc__, full=Size(rounds=3, items=SIZES[-1]), smoke=Size(rounds=1, items=20))
    print(f"{machine()}\n", flush=True)
    for shape, title in SHAPES.items():
        most = min(chosen.items, LONGEST.get(shape, chosen.items))
        compare(shape, title, [nodes for nodes in SIZES if nodes <= most] or [most], chosen.rounds)
    speed_up(8 if chosen.items > 20 else 2, chosen.rounds)
    planning(PLANNED if chosen.items > 20 else chosen.items, chosen.rounds)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
