"""Scenario 24: a node that another process is computing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import local_pipelines as p

from furu.execution import run_local
from furu_testing.children import Child, until

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "import local_pipelines as p; p.Slow(n=1).get()"


def test_it_is_waited_for(furu_tmp_root: Path, tmp_path: Path, backend: str) -> None:
    """The other process computes it; this run uses the result and computes the rest."""
    with Child.python(OTHER, report=tmp_path / "other") as other:
        until(lambda: p.noted("slow"))
        threading.Timer(0.3, p.spool("go").touch).start()
        root = p.Sum(name="root", below=[p.Slow(n=1), p.Leaf(n=2)])
        run_local([root], backend=backend, max_workers=2, external_poll_interval_sec=0.05)  # type: ignore[arg-type]
        assert root.load_existing() == 4
        assert p.noted("slow") == [str(other.pid)]


def test_it_is_taken_over(furu_tmp_root: Path, tmp_path: Path, backend: str) -> None:
    """The other process is killed; this run computes it."""
    with Child.python(OTHER, report=tmp_path / "other") as other:
        until(lambda: p.noted("slow"))
        killer = threading.Timer(0.3, other.kill)
        killer.start()
        threading.Timer(0.6, p.spool("go").touch).start()
        run_local([p.Slow(n=1)], backend=backend, max_workers=2, external_poll_interval_sec=0.05)  # type: ignore[arg-type]
        killer.join()
        assert p.Slow(n=1).load_existing() == 1
        assert len(p.noted("slow")) == 2


def test_two_runs_share_the_work(furu_tmp_root: Path, tmp_path: Path) -> None:
    """Two runs of the same graph at the same time: each artifact is built once."""
    code = """
    import local_pipelines as p
    from furu.execution import run_local
    run_local([p.diamond(12)], max_workers=2, external_poll_interval_sec=0.02, poll_interval_sec=0.02)
    """
    runs = [Child.python(code, report=tmp_path / str(n)) for n in range(2)]
    for run in runs:
        run.end().ok()
    assert len(p.noted("created")) == 37
    assert p.diamond(12).exists()
