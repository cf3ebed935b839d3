"""Scenario 3: the holder of a claim is killed while it computes."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 1.0
HOLDER = """
    pipelines.during = lambda task: (say("creating"), hold("go"))
    say(Filed(key=3).get())
"""
WAITER = "say(Filed(key=3).get())"


def test_the_same_host_takes_over_within_two_seconds(stage: Stage) -> None:
    """A waiter sees that the process is gone, although the lease is good for two minutes more."""
    holder = stage.start(HOLDER)
    holder.wait_for("creating")
    waiter = stage.start(WAITER)
    waiter.wait_until_waiting()
    killed_at = time.time()
    holder.kill()
    assert waiter.end().ok() == ["9"]
    _, (_, _, _, taken_over_at) = stage.notes()
    assert float(taken_over_at) - killed_at < 2.0
    (state,) = (json.loads(path.read_text()) for path in stage.records("state.json"))
    assert (state["result"], state["attempt"]["number"], state["attempt"]["status"]) == ("success", 2, "success")
    assert stage.debris() == []


def test_another_host_takes_over_only_after_the_lease(stage: Stage) -> None:
    """While heartbeats come nobody else computes; after the last one the lease passes first, and then a waiter does."""
    holder = stage.start(HOLDER, heartbeat_sec=0.1, env={"FURU_LEASE_SECS": str(LEASE_SEC)})
    holder.wait_for("creating")
    waiter = stage.start(WAITER, host="elsewhere")
    waiter.wait_until_waiting()
    time.sleep(2 * LEASE_SEC)
    assert len(stage.notes()) == 1
    (claim,) = stage.claims()
    holder.kill()
    last_beat = claim.stat().st_mtime  # there may be one more, never fewer
    assert waiter.end().ok() == ["9"]
    (_, _, _, first_at), (_, _, _, second_at) = stage.notes()
    assert float(first_at) < last_beat
    assert LEASE_SEC - 0.02 < float(second_at) - last_beat < LEASE_SEC + 5.0
    assert stage.debris() == []
