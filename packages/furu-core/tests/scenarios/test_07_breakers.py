"""Scenario 7: several waiters find the same dead claim and want to take over."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

ROUNDS = 200
BREAKERS = 3

#: Leaves ``ROUNDS`` claims of a process that is gone; then lets ``race`` run at once in several processes, round by round.
RACE = f"""
    import multiprocessing
    from furu.storage import lease

    fork = multiprocessing.get_context("fork")

    def leave_dead_claims():
        for key in range({ROUNDS}):
            (Filed(key=key).furu_dir / ".furu").mkdir(parents=True)
        held = [lease.take(meta(key), furu_hash="-", attempt_id="dead") for key in range({ROUNDS})]
        assert None not in held
        os._exit(0)

    def meta(key):
        return str(Filed(key=key).furu_dir / ".furu")

    def breaker():
        for key in range({ROUNDS}):
            race(key)

    def start():
        assert os.waitpid(forked(leave_dead_claims), 0)[1] == 0
        breakers = [forked(breaker) for _ in range({BREAKERS})]
        say(*(os.waitpid(pid, 0)[1] for pid in breakers))
"""


def test_each_dead_claim_is_taken_over_once(stage: Stage) -> None:
    """Waiters that call get() at the same moment: one creates, alone, and the others get its value."""
    printed = stage.run(
        RACE
        + """
    together = fork.Barrier(3, timeout=20)

    def race(key):
        together.wait()
        assert Filed(key=key).get() == key**2

    def alone(task):
        inside = task.furu_dir / "inside"
        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
        os.unlink(inside)

    pipelines.during = alone
    start()
    """
    )
    assert printed == ["0 0 0"]
    assert sorted(what for _, what, *_ in stage.notes()) == sorted(f"Filed-{key}" for key in range(ROUNDS))
    assert stage.debris() == []


def test_a_late_breaker_never_removes_a_fresh_claim(stage: Stage) -> None:
    """All have seen the claim dead before any of them breaks it; still one wins, and keeps what it has."""
    printed = stage.run(
        RACE
        + """
    together = fork.Barrier(3, timeout=20)

    def race(key):
        seen = lease.look(meta(key))
        assert not seen.live and seen.attempt_id == "dead"
        together.wait()
        lease.break_dead(seen)
        mine = lease.take(meta(key), furu_hash="-", attempt_id=str(os.getpid()))
        lease.break_dead(seen)
        if mine is not None:
            note("won", str(key))
        together.wait()
        lease.break_dead(seen)
        together.wait()
        now = lease.look(meta(key))
        assert now.live
        if mine is not None:
            mine.check()
            assert now.token == mine.token
        together.wait()
        if mine is not None:
            mine.release()

    start()
    """
    )
    assert printed == ["0 0 0"]
    assert sorted(int(key) for _, key, *_ in stage.notes("won")) == list(range(ROUNDS))
    assert stage.debris() == []
