"""What the dashboard's API costs: a server over generated stores, asked over HTTP as the web app does.

Stores of 1,000 artifacts and more are generated (``subjects/store.py``); a server is started over each in a process of its own, and
asked again and again over one connection.  The figures of a list are over pages of 100 rows, one connection, no cache.
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from subjects import store
from timing import Size, machine, size

if TYPE_CHECKING:
    from collections.abc import Iterator

STATIC = Path(__file__).parent.parent / "packages/furu-dashboard/src/furu_dashboard/static"

LISTS: list[dict[str, Any]] = [
    {},
    {"sort": "-duration"},
    {"sort": "class,-started"},
    {"sort": "config.steps"},
    {"offset": 900},
    {"result_status": "failed"},
    {"attempt_status": "success", "hostname": "node07"},
    {"user": "ada", "started_after": "2026-09-01"},
    {"namespace": "subjects.pipeline.Train"},
    {"config_filter": "optimizer.lr<0.001"},
    {"q": "error~memory"},
    {"q": "config.optimizer.name=sgd config.amp=true", "sort": "-duration"},
    {"q": "size>4kB not result=success", "sort": "-size"},
]


class Asker:
    """One connection to a server."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, path: str) -> Any:
        """Return what a path answers."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (path, content)
        return json.loads(content)

    def timed(self, path: str) -> float:
        """Return the seconds that an answer takes."""
        began = time.perf_counter()
        self.ask(path)
        return time.perf_counter() - began


@contextmanager
def serving(root: str) -> Iterator[tuple[Asker, int]]:
    """Start a server over a store; give a connection and its process id."""
    child = subprocess.Popen(
        [sys.executable, "-m", "furu_dashboard", "api", "--port", "0", "--root", root],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"FURU_CACHE_PATH": f"{root}/cache", "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert child.stdout is not None
        found = re.search(r":(\d+)/", child.stdout.readline())
        assert found is not None
        yield Asker(int(found[1])), child.pid
    finally:
        child.terminate()
        child.wait()


def memory_mb(pid: int, mark: str) -> float:
    """Return the resident memory of a process, ``VmRSS`` now or ``VmHWM`` at most."""
    found = re.search(rf"{mark}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024 / 1e6


def measure(count: int, rounds: int) -> dict[str, str]:
    """Serve a store of ``count`` artifacts and return the figures, spelled."""
    with tempfile.TemporaryDirectory() as root:
        directories = store.generate(root, count)
        began = time.perf_counter()
        with serving(root) as (asker, pid):
            while asker.ask("/api/health")["index"]["refreshed_at"] is None:
                time.sleep(0.02)
            first = time.perf_counter() - began
            lists = [
                asker.timed(f"/api/experiments?{urlencode(one | {'limit': 100})}")
                for _ in range(rounds)
                for one in LISTS
            ]
            facets = [asker.timed("/api/experiments?limit=100&facets=true") for _ in range(rounds)]
            chosen = random.Random(0).sample(directories, min(100, len(directories)))
            details = [asker.timed(address(root, directory)) for directory in chosen]
            relations = [asker.timed(f"{address(root, directory)}/relationships") for directory in chosen]
            shown = until_shown(asker, directories[0])
            memory = memory_mb(pid, "VmRSS"), memory_mb(pid, "VmHWM")
    return {
        "first index": f"{first:.1f} s",
        "list, p50 / p95": spelled(lists),
        "list with facets, p50 / p95": spelled(facets),
        "one experiment, p50 / p95": spelled(details),
        "its relationships, p50 / p95": spelled(relations),
        "a change is shown after": f"{shown:.1f} s",
        "memory, now / at most": f"{memory[0]:.0f} / {memory[1]:.0f} MB",
    }


def address(root: str, directory: str) -> str:
    """Return where the API has the artifact of a directory."""
    *names, furu_hash = Path(directory).relative_to(root).parts[1:]
    return f"/api/experiments/{'.'.join(names)}/{furu_hash}"


def until_shown(asker: Asker, directory: str) -> float:
    """Change one artifact and return the seconds until the API's version of the store has changed."""
    asker.ask("/api/health")
    before = asker.ask("/api/health")["index"]["version"]
    began = time.perf_counter()
    state = Path(directory, ".furu", "state.json")
    record = json.loads(state.read_text())
    record["updated_at"] = "2030-01-01T00:00:00.000000Z"
    aside = state.with_suffix(".aside")
    aside.write_text(json.dumps(record))
    aside.replace(state)
    while asker.ask("/api/health")["index"]["version"] == before:
        assert time.perf_counter() - began < 60
        time.sleep(0.02)
    return time.perf_counter() - began


def spelled(seconds: list[float]) -> str:
    """Return median and 95th percentile in milliseconds."""
    return f"{median(seconds) * 1e3:.1f} / {quantiles(seconds, n=20)[-1] * 1e3:.1f} ms"


def bundle() -> dict[str, float]:
    """Return the kilobytes, gzipped, that the first page and the whole web app are; nothing where it is not built."""
    if not (STATIC / "index.html").is_file():
        return {}
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 6)) for path in (STATIC / "assets").iterdir()}
    wanted = ["index.html", *re.findall(r"assets/([\w.-]+)", (STATIC / "index.html").read_text())]
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen or name not in sizes:
            continue
        seen.add(name)
        if name.endswith(".js"):
            text = (STATIC / "assets" / name).read_text()
            wanted += re.findall(r'from"\./([\w.-]+)"', text)
    experiments = next(name for name in sizes if name.startswith("experiments-"))
    wanted = [experiments, *re.findall(r'from"\./([\w.-]+)"', (STATIC / "assets" / experiments).read_text())]
    first = sum(sizes[name] for name in {*seen, *wanted} if name in sizes)
    return {"scripts and style of the first page": first / 1e3, "all of the web app": sum(sizes.values()) / 1e3}


def main() -> None:
    """Print a table with a column for each size of store."""
    chosen = size(__doc__, full=Size(rounds=9, items=100_000), smoke=Size(rounds=2, items=60))
    counts = [count for count in (1_000, 10_000) if count < chosen.items] + [chosen.items]
    columns = {count: measure(count, chosen.rounds) for count in counts}
    print(machine() if callable(machine) else machine, "\n")
    print(f"| furu's dashboard, artifacts | {' | '.join(f'{count:,}' for count in counts)} |")
    print(f"| --- |{' ---: |' * len(counts)}")
    for name in columns[counts[0]]:
        print(f"| {name} | {' | '.join(columns[count][name] for count in counts)} |")
    for name, kilobytes in bundle().items():
        print(f"\n{name}, gzipped: {kilobytes:.0f} kB")


if __name__ == "__main__":
    main()
