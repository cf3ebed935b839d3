"""Scenario 21: a worker process dies."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import local_pipelines as p
import pytest

import furu
from furu.execution import run_local
from furu_testing.children import until

if TYPE_CHECKING:
    from pathlib import Path

WAYS = ["kill", "segfault", "exit"]


@pytest.mark.parametrize("how", WAYS)
def test_the_node_is_tried_again(furu_tmp_root: Path, how: str) -> None:
    """Whatever ends the process, exit status 0 included, the node runs again and everything is built."""
    roots = [p.Dying(how=how), *(p.Leaf(n=n) for n in range(10))]
    run_local(roots, backend="process", max_workers=2)
    assert all(root.exists() for root in roots)
    assert p.noted("dying") == [how] * 2
    assert len(p.noted("created")) == 10


@pytest.mark.parametrize("how", WAYS)
def test_only_its_node_fails(furu_tmp_root: Path, how: str) -> None:
    """With retries used up the node has failed as lost, the rest is built, and the error tells how the process ended."""
    furu.FURU_CONFIG.max_compute_retries = 0
    dying, others = p.Dying(how=how, times=9), [p.Leaf(n=n) for n in range(10)]
    with pytest.raises(furu.FuruComputeError, match=r"Dying \w+ failed \(lost\): the worker process") as caught:
        run_local([dying, *others], backend="process", max_workers=2, keep_going=True)
    words = {"kill": "killed by SIGKILL", "segfault": "killed by SIGSEGV", "exit": "exited with status 0"}
    assert words[how] in str(caught.value)
    assert ('local_pipelines.py", line' in str(caught.value)) == (how == "segfault")  # faulthandler tells where
    assert all(one.exists() for one in others)
    assert dying.get_state().attempt is not None
    assert dying.get_state().result == "incomplete"


def test_sys_exit_is_a_failure_of_the_node(furu_tmp_root: Path, backend: str) -> None:
    """A _create that calls sys.exit() fails, and the run goes on."""
    furu.FURU_CONFIG.max_compute_retries = 0
    with pytest.raises(furu.FuruComputeError, match="Dying"):
        run_local([p.Dying(how="sys.exit"), p.Leaf()], backend=backend, keep_going=True)  # type: ignore[arg-type]
    assert p.Leaf().exists()


def test_an_idle_worker_is_killed(furu_tmp_root: Path) -> None:
    """A worker that has nothing to do can die as well: nobody notices."""
    before = {int(pid) for pid in p.noted("slow")}
    slow = [p.Slow(n=1, until="one"), p.Slow(n=2, until="two")]

    def kill_the_idle_one() -> None:
        until(lambda: len(p.noted("slow")) == 2)
        p.spool("one").touch()
        until(slow[0].exists)
        state = slow[0].get_state()
        assert state.attempt is not None
        os.kill(state.attempt.owner.pid, signal.SIGKILL)
        p.spool("two").touch()

    killer = threading.Thread(target=kill_the_idle_one)
    killer.start()
    run_local([p.Sum(name=str(n), below=slow) for n in range(6)], backend="process", max_workers=2)
    killer.join()
    assert before == set()
    assert len(p.noted("created")) == 6
