"""Scenario 8: the clock of a waiter is wrong by ten minutes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 1.0
AHEAD_SEC = (600.0, -600.0)


def test_a_wrong_clock_neither_steals_a_lease_nor_prolongs_it(stage: Stage) -> None:
    """Waiters ahead and behind, on this host and another, wait while heartbeats come and take over a lease afterwards."""
    holder = stage.start(
        """
        pipelines.during = lambda task: (say("creating", task.key), hold("go" if task.key == 0 else "never"))
        pid = forked(lambda: [Filed(key=0).get()])
        for key in (1, 2):
            forked(lambda: [Filed(key=key).get()])
        os.waitpid(pid, 0)
        hold("never")
        """,
        heartbeat_sec=0.1,
        env={"FURU_LEASE_SECS": str(LEASE_SEC)},
    )
    for key in range(3):
        holder.wait_for(f"creating {key}")
    waiters = [
        stage.start(
            f"""
            say(Filed(key=0).get())
            say(Filed(key={key}).get())
            """,
            host="elsewhere",
            clock_ahead_sec=ahead_sec,
        )
        for key, ahead_sec in enumerate(AHEAD_SEC, 1)
    ]
    neighbours = [stage.start("say(Filed(key=0).get())", clock_ahead_sec=ahead_sec) for ahead_sec in AHEAD_SEC]
    for waiter in (*waiters, *neighbours):
        waiter.wait_until_waiting()
    time.sleep(2 * LEASE_SEC)
    assert len(stage.notes()) == 3
    stage.touch("go")
    for waiter in waiters:
        waiter.wait_for("0")
    claims = stage.claims()
    assert len(claims) == 2
    holder.close()
    last_beat = min(path.stat().st_mtime for path in claims)
    assert [neighbour.end().ok() for neighbour in neighbours] == [["0"], ["0"]]
    assert [waiter.end().ok() for waiter in waiters] == [["0", "1"], ["0", "4"]]
    assert len(stage.notes()) == 5
    for at in sorted(float(at) for *_, at in stage.notes())[3:]:
        assert LEASE_SEC - 0.02 < at - last_beat < LEASE_SEC + 5.0
    assert stage.debris() == []
