"""Short jobs: they are dealt with several at once, and one that is long after all holds nobody up."""

from __future__ import annotations

import threading
import time

import local_pipelines as p
import pytest

from furu.execution import run_local
from furu_exec_local import threads

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


def most_at_once(lines: list[str], *, after: int) -> int:
    """Return how many jobs ran side by side at most, from the lines of ``Brief`` beyond the first few."""
    running = [0]
    for line in lines:
        running.append(running[-1] + (1 if line == "begin" else -1))
    return max(running[after:])


def test_a_long_job_among_short_ones_holds_nobody_up(backend: str) -> None:
    """One job of a class that had short ones only runs on until all others are built."""
    waits = p.Brief(n=60, until="all built")
    others = [p.Brief(n=n) for n in range(100)]

    def watch() -> None:
        end = time.monotonic() + p.PATIENCE_SEC
        # A worker process may have been sent a few short jobs behind the long one.
        while sum(one.exists() for one in others) < 96 and time.monotonic() < end:
            time.sleep(0.01)
        built.append(sum(one.exists() for one in others))
        p.note("all built", "go")

    built: list[int] = []
    watcher = threading.Thread(target=watch)
    watcher.start()
    run_local([*others[:60], waits, *others[60:]], backend=backend, max_workers=2)  # type: ignore[arg-type]
    watcher.join()
    assert built[0] >= 96
    assert all(one.exists() for one in [*others, waits])


def test_jobs_that_wait_run_side_by_side() -> None:
    """In threads: jobs that use no CPU because they wait for something are not taken for light ones."""
    run_local([p.Brief(n=n, sec=0.03) for n in range(60)], backend="thread", max_workers=8, progress=False)
    assert most_at_once(p.noted("brief"), after=60) >= 4


def test_light_jobs_run_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """In threads: once a class is known for jobs that hardly use the CPU, two of them never run at once."""
    for limit in ("LIGHT_SEC", "LIGHT_CPU_SEC", "HINDERED_CPU_SEC"):
        monkeypatch.setattr(threads, limit, 60.0)  # however busy this machine is
    running = 0
    overlaps: list[int] = []

    def watched(self: p.Brief) -> int:
        nonlocal running
        running += 1
        time.sleep(0.001)
        overlaps.append(running)
        running -= 1
        return self.n

    monkeypatch.setattr(p.Brief, "_create", watched)
    run_local([p.Brief(n=n) for n in range(300)], backend="thread", max_workers=8, progress=False)
    assert len(overlaps) == 300
    assert max(overlaps[:30]) > 1
    assert set(overlaps[100:]) == {1}
