"""Scenario 6: ``_create`` forks; the children hold no lease and give none back."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

#: What a forked child does inside ``_create`` -> how it ends.
WAYS = {
    "os._exit(0)": 0,
    "sys.exit(3)": 3,
    "raise ValueError('in the child')": 1,
    "raise KeyboardInterrupt": -signal.SIGINT,
    "return": 1,
    "os.kill(os.getpid(), signal.SIGTERM)": -signal.SIGTERM,
    "os.kill(os.getpid(), signal.SIGINT)": -signal.SIGINT,
    "os.kill(os.getpid(), signal.SIGKILL)": -signal.SIGKILL,
    "Filed(key=99).get(); os._exit(0)": 0,
    "Kept(key=6).get()": 1,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_child_that_ends_leaves_the_lease_to_its_parent(stage: Stage, way: str) -> None:
    """However the child ends, claim and state stay as they are, and the parent publishes."""
    printed = stage.run(f"""
        def records(task):
            lock = task.furu_dir / ".furu" / "compute.lock"
            return os.listdir(lock), [(path.name, path.read_bytes()) for path in lock.parent.glob("*.json*")]

        def fork(task):
            if not isinstance(task, Kept):
                return
            before = records(task)
            pid = os.fork()
            if pid == 0:
                {way}
                return
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            say(status, len(before[0]), records(task) == before)

        pipelines.during = fork
        say(Kept(key=6).get())
    """)
    assert printed == [f"{WAYS[way]} 1 True", "{'square': 36}"]
    (events,) = (path for path in stage.records("events.jsonl") if "Kept" in path.parts and path.parts)
    assert [json.loads(line)["attempt"] for line in events.read_text().splitlines()] == ["running", "success"]
    assert stage.debris() == []


@pytest.mark.parametrize("pool", ["multiprocessing.get_context('fork').Pool", "executor"])
def test_a_fork_pool_works_inside_create(stage: Stage, pool: str) -> None:
    """Its workers, which are ended by SIGTERM, take nothing along; the parent's own handler is back afterwards."""
    printed = stage.run(f"""
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor

        def executor(count):
            return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork"))

        def square(n):
            return n * n

        def work(task):
            with {pool}(2) as pool:
                say(*pool.map(square, range(5)))

        pipelines.during = work
        say(Kept(key=6).get())
        say(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)
    """)
    assert printed == ["0 1 4 9 16", "{'square': 36}", "True"]
    (state,) = (json.loads(path.read_text()) for path in stage.records("state.json"))
    assert (state["result"], state["attempt"]["status"]) == ("success", "success")
    assert stage.debris() == []
