"""What the catalog costs: the first index of a store, bringing it up to date, and queries.

Stores of 1,000 artifacts and more are generated (``subjects/store.py``), each is indexed from nothing in a process of its own, then
a few artifacts change.  A query counts from its text to the last of 50 rows, the time of the first one included.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from subjects import store
from timing import Size, machine, size

import furu
from furu.catalog import place, query
from furu.catalog.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

QUERIES = [
    ("result=success", ()),
    ("result=failed class=Train", ("-started",)),
    ("config.optimizer.lr<0.001", ()),
    ("config.optimizer.name=sgd config.amp=true", ("-duration",)),
    ("class=Train* started>2026-09-01", ("started",)),
    ("host=node07 or host=node08", ()),
    ("error~memory", ()),
    ("size>4kB not result=success", ("-size",)),
    ("config.train.features.dataset.source=coco", ("config.split",)),
    ("config.seed=null attempts>1", ()),
    ("", ("-updated",)),
    ("", ("config.steps",)),
]


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def peak_mb() -> float:
    """Return the most memory this process has had; ``getrusage`` would count what its parent had before it began."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def touch(directories: Sequence[str]) -> None:
    """Change artifacts as an attempt that ends does: a new state takes the place of the old one."""
    for directory in directories:
        state = Path(directory, ".furu", "state.json")
        aside = state.with_suffix(".aside")
        aside.write_bytes(state.read_bytes())
        aside.replace(state)


def measured(directory: str, directories: list[str], rounds: int) -> dict[str, float]:
    """Index a store and query it; return what each step took (seconds, but for ``memory``)."""
    before = peak_mb()
    catalog = Catalog(place.below(directory))
    found = {"first index": timed(catalog.refresh)}
    found["memory, MB"] = peak_mb() - before
    found["refresh, nothing changed"] = median(timed(catalog.refresh) for _ in range(3))
    for changed in (1, 1_000):
        touch(random.Random(0).sample(directories, min(changed, len(directories))))
        found[f"refresh, {changed:,} changed"] = timed(catalog.refresh)
    found["index on disk, MB"] = os.path.getsize(catalog.index.path) / 1e6
    for text, sort in QUERIES:
        name = f"`{text or 'everything'}`" + (f" by {sort[0]}" if sort else "")
        took = [
            timed(lambda: list(catalog.rows(query.parse(text), sort=sort, limit=50)))  # noqa: B023 - called at once
            for _ in range(rounds)
        ]
        found[name] = median(took)
    every = [found[name] for name in found if name.startswith("`")]
    found["all queries, p95"] = quantiles(every, n=20)[-1]
    found["count of `result=success`"] = timed(lambda: catalog.count(query.parse("result=success")))
    found["sums by class"] = timed(lambda: catalog.sums(["namespace"]))
    return found


def measure(count: int, rounds: int) -> dict[str, float]:
    """Generate a store and measure it in a process of its own."""
    with tempfile.TemporaryDirectory() as root:
        furu.FURU_CONFIG.cache_root = Path(root) / "cache"
        os.environ["FURU_CACHE_PATH"] = f"{root}/cache"
        generated = time.perf_counter()
        directories = store.generate(root, count)
        generated = time.perf_counter() - generated
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found = pool.submit(measured, root, directories, rounds).result()
    return {"(generating the store)": generated} | found


def cell(name: str, value: float) -> str:
    """Return a figure for people: memory as it is, times in a unit that fits."""
    if name.endswith("MB"):
        return f"{value:.0f} MB"
    return f"{value:.1f} s" if value >= 1 else f"{value * 1e3:.1f} ms"


def main() -> None:
    """Print a table with a column for each size of store."""
    chosen = size(__doc__, full=Size(rounds=9, items=100_000), smoke=Size(rounds=2, items=60))
    counts = [count for count in (1_000, 10_000) if count < chosen.items] + [chosen.items]
    columns = {count: measure(count, chosen.rounds) for count in counts}
    print(machine(), "\n")
    print(f"| furu's catalog, artifacts | {' | '.join(f'{count:,}' for count in counts)} |")
    print(f"| --- |{' ---: |' * len(counts)}")
    for name in columns[counts[0]]:
        print(f"| {name} | {' | '.join(cell(name, columns[count][name]) for count in counts)} |")


if __name__ == "__main__":
    main()
