"""Scenario 4: the holder is stopped for longer than its lease, somebody else takes over, and it goes on."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, get_args

import pytest

from furu._sys.steps import Step

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

SHORT_LEASE = {"FURU_LEASE_SECS": "0.5"}
HOLDER = """
    def work(task):
        say("creating")
        hold("go on")
        {then}
    pipelines.during = work
    try:
        {kind}(key=4).get()
    except furu.FuruLeaseLost:
        say("lost")
"""

#: A holder that has come this far has published.
PUBLISHED = {"publish.marker", "publish.end"}
#: A holder that has not come further than this has no claim to lose.
WAITS = {"claim.directory", "claim.prepared"}

STOPPED_AT = """
    from furu_testing import faults

    def holder(key, step):
        try:
            with faults.at(step, lambda: os.kill(os.getpid(), signal.SIGSTOP)):
                say(step, Kept(key=key).get()["square"])
        except furu.FuruLeaseLost:
            say(step, "lost")

    warm_up()
    pids = [forked(holder, key, step) for key, step in enumerate({steps})]
    for pid in pids:
        assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    say("stopped")
    hold("go on")
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
"""
SUCCESSORS = """
    pipelines.during = lambda task: (note("begun"), hold("publish"))
    warm_up()
    pids = [forked(lambda: say(Kept(key=key).get()["square"])) for key in range({count})]
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.mark.parametrize(
    ("kind", "then", "status"),
    [
        ("Filed", "pass", 0),
        ("Kept", "pass", 0),
        ("Kept", "1 / 0", 0),
        ("Kept", "raise KeyboardInterrupt", -signal.SIGINT),
        ("Kept", "os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_a_late_holder_changes_nothing(stage: Stage, kind: str, then: str, status: int) -> None:
    """However it goes on after a successor has published, it gets FuruLeaseLost; no byte of the store is different."""
    holder = stage.start(HOLDER.format(kind=kind, then=then), heartbeat_sec=0.1, env=SHORT_LEASE)
    holder.wait_for("creating")
    holder.stop()
    successor = stage.start(f"say({kind}(key=4).get())")
    assert successor.end().ok() == ["16" if kind == "Filed" else "{'square': 16}"]
    left = stage.contents()
    stage.touch("go on")
    holder.go_on()
    ended = holder.end()
    assert ended.status == status, ended.err
    assert ended.lines == ["creating", "lost"] if status == 0 else ["creating"]
    assert stage.contents() == left
    assert len(stage.notes()) == 2
    assert stage.debris() == []


def test_a_late_holder_leaves_a_running_successor_alone(stage: Stage) -> None:
    """The claim of a successor that is still computing stays, and its result is the one that is published."""
    holder = stage.start(HOLDER.format(kind="Kept", then="pass"), heartbeat_sec=0.1, env=SHORT_LEASE)
    holder.wait_for("creating")
    holder.stop()
    successor = stage.start(
        """
        pipelines.during = lambda task: (say("creating"), hold("publish"))
        say(Kept(key=4).get())
        """
    )
    successor.wait_for("creating")
    left = stage.contents()
    stage.touch("go on")
    holder.go_on()
    assert holder.end().ok() == ["creating", "lost"]
    assert stage.contents() == left
    assert len(stage.claims()) == 1
    stage.touch("publish")
    assert successor.end().ok() == ["creating", "{'square': 16}"]
    assert stage.debris() == []


@pytest.mark.parametrize("successor_is", ["done", "at work"])
def test_a_holder_stopped_at_any_step_changes_nothing(stage: Stage, successor_is: str) -> None:
    """Wherever between claim and marker it stood still, it waits for the successor's result or gets FuruLeaseLost.

    The store stays as the successor has left it, and a claim of the successor stays in force.
    """
    steps = get_args(Step)
    holders = stage.start(
        STOPPED_AT.format(steps=steps),
        heartbeat_sec=0.1,
        env=SHORT_LEASE,
    )
    stage.until(lambda: "stopped" in holders.out)
    stage.touch("publish" if successor_is == "done" else "do not yet publish")
    successors = stage.start(SUCCESSORS.format(count=len(steps)))
    stage.until(lambda: len(stage.notes("begun")) == len(steps) - len(PUBLISHED))
    stage.until(lambda: successor_is == "at work" or not successors.running())
    left, claims = _without_locks(stage), stage.claims()
    stage.touch("go on")
    lost = set(steps) - PUBLISHED - WAITS - ({"claim.taken"} if successor_is == "done" else set())
    # where the successor is at work, those that have no claim to lose wait for it
    stage.until(lambda: {f"{step} lost" for step in lost} <= set(holders.out.splitlines()))
    stage.until(lambda: successor_is == "at work" or not holders.running())
    assert (_without_locks(stage), stage.claims()) == (left, claims)
    stage.touch("publish")
    said = holders.end().ok()
    assert sorted(said) == sorted(
        ["stopped", *(f"{step} {'lost' if step in lost else key**2}" for key, step in enumerate(steps))]
    )
    assert sorted(successors.end().ok()) == sorted(str(key**2) for key in range(len(steps)))
    assert stage.debris() == []


def _without_locks(stage: Stage) -> dict[str, bytes | None]:
    return {path: content for path, content in stage.contents().items() if "compute.lock" not in path}
