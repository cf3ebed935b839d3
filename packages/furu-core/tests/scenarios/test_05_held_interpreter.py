"""Scenario 5: ``_create`` spends three leases in a C call that lets no other thread run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 1.0


def test_nobody_takes_over_while_a_c_call_holds_the_interpreter(stage: Stage) -> None:
    """Heartbeats go on, so waiters on this host and on another one get the value of the only _create."""
    holder = stage.start(
        f"""
        pipelines.during = lambda task: (say("creating"), hold("go"), hold_everything({3 * LEASE_SEC}), say("done"))
        say(Filed(key=5).get())
        """,
        heartbeat_sec=0.1,
        env={"FURU_LEASE_SECS": str(LEASE_SEC)},
    )
    holder.wait_for("creating")
    waiters = [stage.start("say(Filed(key=5).get())", host=host) for host in ("elsewhere", None)]
    for waiter in waiters:
        waiter.wait_until_waiting()
    stage.touch("go")
    assert [waiter.end().ok() for waiter in waiters] == [["25"], ["25"]]
    assert holder.end().ok() == ["creating", "done", "25"]
    assert len(stage.notes()) == 1
