"""Scenario 23: Ctrl-C and SIGTERM while run_local works."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import local_pipelines as p
import pytest

from furu_testing.children import Child, is_running, until

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import local_pipelines as p
from furu.execution import run_local
print("begun")
try:
    run_local([p.Slow(n=n, stubborn={stubborn}) for n in range(4)], backend="{backend}", max_workers=3)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
    for n in range(4):
        attempt = p.Slow(n=n, stubborn={stubborn}).get_state().attempt
        print(attempt and attempt.status)
"""


def start(backend: str, directory: Path, *, stubborn: bool = False) -> Child:
    """Start a run of four jobs, three of which run when this returns."""
    code = PROGRAM.format(backend=backend, stubborn=stubborn)
    child = Child.python(code, report=directory / "child")
    until(lambda: len(p.noted("slow")) == 3 or not child.running())
    return child


@pytest.mark.parametrize("stubborn", [False, True], ids=["willing", "stubborn"])
def test_ctrl_c(furu_tmp_root: Path, tmp_path: Path, backend: str, stubborn: bool) -> None:
    """It returns within two seconds, children are gone, attempts are cancelled; also when a job ignores signals."""
    with start(backend, tmp_path, stubborn=stubborn) as child:
        began = time.monotonic()
        child.send(signal.SIGINT)
        child.wait_for("KeyboardInterrupt")
        assert time.monotonic() - began < 2.0
        pids = {int(pid) for pid in p.noted("slow")} - {child.pid}
        assert len(pids) == (3 if backend == "process" else 0)
        assert not any(is_running(pid) for pid in pids)
        assert child.end().ok() == ["begun", "KeyboardInterrupt", "cancelled", "cancelled", "cancelled", "None"]
    assert list(furu_tmp_root.rglob("compute.lock/*")) == []


def test_sigterm(furu_tmp_root: Path, tmp_path: Path, backend: str) -> None:
    """The run ends as any program does on SIGTERM; its children are gone, attempts are preempted."""
    with start(backend, tmp_path) as child:
        child.send(signal.SIGTERM)
        assert child.end().status == -signal.SIGTERM
    assert not any(is_running(int(pid)) for pid in p.noted("slow"))
    states = [p.Slow(n=n).get_state().attempt for n in range(3)]
    assert [state.status for state in states if state is not None] == ["preempted"] * 3


def test_the_run_is_killed(furu_tmp_root: Path, tmp_path: Path) -> None:
    """Children whose run is gone end by themselves, and record what they were doing as cancelled."""
    with start("process", tmp_path) as child:
        child.kill()
    until(lambda: not any(is_running(int(pid)) for pid in p.noted("slow")), 5.0)
    states = [p.Slow(n=n).get_state().attempt for n in range(3)]
    assert [state.status for state in states if state is not None] == ["cancelled"] * 3
