"""Scenario 14: a healthy job takes three leases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 1.0


def test_waiters_get_the_result_of_a_job_longer_than_its_lease(stage: Stage) -> None:
    """Waiters on this host and on another wait for it; the holder's own lease counts, not a shorter one of theirs."""
    holder = stage.start(
        f"""
        pipelines.during = lambda task: (say("creating"), hold("go"), time.sleep({3 * LEASE_SEC}))
        say(Kept(key=6).get())
        """,
        heartbeat_sec=0.1,
        env={"FURU_LEASE_SECS": str(LEASE_SEC)},
    )
    holder.wait_for("creating")
    waiters = [
        stage.start("say(Kept(key=6).get())", host=host, env={"FURU_LEASE_SECS": "0.01"})
        for host in ("elsewhere", None)
    ]
    for waiter in waiters:
        waiter.wait_until_waiting()
    stage.touch("go")
    assert [waiter.end().ok() for waiter in waiters] == [["{'square': 36}"]] * 2
    assert holder.end().ok() == ["creating", "{'square': 36}"]
    assert len(stage.notes()) == 1
    assert stage.debris() == []
