"""``LeaseContract``: what the right to create one artifact promises, across processes, kills and forks."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from furu import config
from furu.errors import FuruLeaseLost
from furu.runtime import schedulers
from furu.runtime.schedulers import News, ScheduledJob
from furu_testing import faults
from furu_testing.contracts.forks import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROCESSES, ROUNDS = 4, 25

JOB = ScheduledJob("contract", "17")


class HeldLease(Protocol):
    """What ``take`` returns: the right, held by this process."""

    token: str

    def check(self) -> None:
        """Raise ``FuruLeaseLost`` unless it is still ours."""

    def publish(self, marker: str, *, sync: bool) -> None:
        """Turn it into the file ``marker``; raises ``FuruLeaseLost``, and changes nothing, when it is not ours."""

    def hand_over(self, job: ScheduledJob) -> None:
        """Leave it to a job of a scheduler; raises ``FuruLeaseLost`` when it is not ours."""

    def release(self) -> None:
        """Give it up; does nothing when it is not ours any more."""


class SeenClaim(Protocol):
    """What ``look`` returns: somebody's claim, dead or alive."""

    @property
    def token(self) -> str | None:
        """The name of the claim."""

    @property
    def attempt_id(self) -> str | None:
        """The attempt it was taken for."""

    @property
    def live(self) -> bool:
        """Whether its owner lives, or the job it waits for may come."""

    @property
    def job(self) -> ScheduledJob | None:
        """The job it waits for, None when a process holds it."""


class Leases(Protocol):
    """An implementation: ``furu.storage.lease`` is one."""

    def take(self, meta_dir: str, /, *, furu_hash: str, attempt_id: str) -> Any:
        """Return a ``HeldLease``, or None when somebody's claim is there."""

    def look(self, meta_dir: str, /) -> Any:
        """Return a ``SeenClaim``, or None."""

    def break_dead(self, claim: Any, /) -> None:
        """Remove exactly this claim."""

    def take_over(self, claim: Any, /, *, furu_hash: str, attempt_id: str) -> Any:
        """Return a ``HeldLease`` in the place of a claim that waits for a job, or None when it does not wait any more."""


class LeaseContract:
    """At most one holder at a time, and no harm from one that comes back late.

    A subclass says in ``make`` what is to be tested.
    """

    def make(self) -> Leases:
        """Return the implementation under test."""
        raise NotImplementedError

    @pytest.fixture
    def meta_dir(self, furu_tmp_root: Path) -> Iterator[str]:
        """Give a directory for the records of one artifact; leases taken in the test are released afterwards."""
        made = furu_tmp_root / "artifact" / ".furu"
        made.mkdir(parents=True)
        self._taken: list[HeldLease] = []
        yield str(made)
        for lease in self._taken:
            lease.release()

    def taken(self, meta_dir: str, attempt_id: str = "1" * 32) -> HeldLease:
        """Take the lease, which must be free."""
        lease: HeldLease | None = self.make().take(meta_dir, furu_hash="0" * 20, attempt_id=attempt_id)
        assert lease is not None, f"nobody holds {meta_dir}, and the lease was not given"
        self._taken.append(lease)
        return lease

    def seen(self, meta_dir: str) -> SeenClaim:
        """Look at the claim, which must be there."""
        claim: SeenClaim | None = self.make().look(meta_dir)
        assert claim is not None, f"no claim is seen in {meta_dir}"
        return claim

    def test_an_artifact_that_nobody_creates_has_no_claim(self, furu_tmp_root: Path) -> None:
        """A look at a directory without a claim, or without a directory, sees none and creates nothing."""
        absent = furu_tmp_root / "absent" / ".furu"

        assert self.make().look(str(absent)) is None
        assert list(furu_tmp_root.iterdir()) == []

    def test_a_held_lease_is_seen(self, meta_dir: str) -> None:
        """A look sees a live claim with the holder's token and attempt, and the holder's check passes."""
        lease = self.taken(meta_dir, "a" * 32)

        claim = self.seen(meta_dir)

        assert (claim.token, claim.attempt_id, claim.live) == (lease.token, "a" * 32, True)
        lease.check()

    def test_a_held_lease_is_given_to_nobody_else(self, meta_dir: str) -> None:
        """Neither this process nor another gets it, and the holder does not notice."""
        lease = self.taken(meta_dir)

        def others(tell: Callable[[Any], None]) -> None:
            tell((self.make().take(meta_dir, furu_hash="0" * 20, attempt_id="2" * 32), self.seen(meta_dir).live))

        assert self.make().take(meta_dir, furu_hash="0" * 20, attempt_id="2" * 32) is None
        with forked(others) as (other,):
            assert other.told() == (None, True)
            other.end()
        lease.check()

    def test_a_released_lease_can_be_taken_again(self, meta_dir: str) -> None:
        """After a release no claim is seen, the next one gets it, and a second release does not harm them."""
        first = self.taken(meta_dir)
        first.release()
        assert self.make().look(meta_dir) is None
        second = self.taken(meta_dir)

        first.release()

        second.check()
        assert self.seen(meta_dir).token == second.token

    def test_a_released_lease_is_no_lease(self, meta_dir: str, tmp_path: Path) -> None:
        """After its release it can neither check nor publish."""
        lease = self.taken(meta_dir)
        lease.release()

        assert_lost(lease.check)
        assert_lost(lambda: lease.publish(str(tmp_path / "marker"), sync=False))
        assert not (tmp_path / "marker").exists()

    @pytest.mark.parametrize("sync", [False, True])
    def test_publishing_turns_the_claim_into_the_marker(self, meta_dir: str, *, sync: bool) -> None:
        """Afterwards the marker is a file with content, no claim is seen, and a release changes nothing."""
        marker = Path(meta_dir, "SUCCESS.json")
        lease = self.taken(meta_dir)

        lease.publish(str(marker), sync=sync)

        published = marker.read_bytes()
        assert published
        assert not marker.is_symlink()
        assert self.make().look(meta_dir) is None
        lease.release()
        assert marker.read_bytes() == published

    def test_who_lost_the_lease_changes_nothing(self, meta_dir: str) -> None:
        """A holder whose claim was broken can neither check nor publish, and its release leaves the successor alone."""
        marker = Path(meta_dir, "SUCCESS.json")
        late = self.taken(meta_dir)
        self.make().break_dead(self.seen(meta_dir))
        assert_lost(late.check)
        successor = self.taken(meta_dir)

        assert_lost(late.check)
        assert_lost(lambda: late.publish(str(marker), sync=False))
        late.release()

        assert not marker.exists()
        successor.check()
        successor.publish(str(marker), sync=False)
        published = marker.read_bytes()
        assert_lost(lambda: late.publish(str(marker), sync=False))
        late.release()
        assert marker.read_bytes() == published

    def test_breaking_a_claim_removes_that_claim_only(self, meta_dir: str) -> None:
        """Who breaks a dead claim late, when a successor has taken the lease, does not harm the successor."""
        first = self.taken(meta_dir)
        dead = self.seen(meta_dir)
        first.release()
        successor = self.taken(meta_dir)

        self.make().break_dead(dead)

        successor.check()
        assert self.seen(meta_dir).token == successor.token

    def test_a_forked_child_holds_nothing(self, meta_dir: str) -> None:
        """In a child the parent's lease can neither check nor publish nor be released; the parent keeps it."""
        marker = Path(meta_dir, "SUCCESS.json")
        lease = self.taken(meta_dir)

        def use(_: Callable[[Any], None]) -> None:
            assert_lost(lease.check)
            assert_lost(lambda: lease.publish(str(marker), sync=False))
            lease.release()

        with forked(use) as (child,):
            child.end()

        assert not marker.exists()
        assert self.seen(meta_dir).live
        lease.check()

    def test_a_killed_holder_is_dead_at_once(self, meta_dir: str) -> None:
        """On the same host its claim is seen dead right after the kill, can be broken, and the lease taken."""

        def hold(tell: Callable[[Any], None]) -> None:
            lease = self.taken(meta_dir)
            tell(lease.token)
            time.sleep(600)

        with forked(hold) as (holder,):
            token = holder.told()
            assert self.seen(meta_dir).live
            holder.kill()
            claim = self.seen(meta_dir)
            assert (claim.token, claim.live) == (token, False)
            assert self.make().take(meta_dir, furu_hash="0" * 20, attempt_id="2" * 32) is None
            self.make().break_dead(claim)
            self.taken(meta_dir).check()

    def test_holds_never_overlap(self, meta_dir: str) -> None:
        """Processes that take and release the lease round after round are never in it together."""
        inside = Path(meta_dir).parent / "inside"

        def rounds(_: Callable[[Any], None]) -> None:
            for _round in range(ROUNDS):
                lease = self._taken_in_turn(meta_dir)
                os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # raises when somebody else is inside
                lease.check()
                os.unlink(inside)
                lease.release()

        with forked(*[rounds] * PROCESSES) as processes:
            for process in processes:
                process.end()

    def test_one_of_many_succeeds_a_dead_holder(self, meta_dir: str) -> None:
        """Processes that find the same dead claim and all break it are given the lease one after the other."""
        inside = Path(meta_dir).parent / "inside"

        def die(tell: Callable[[Any], None]) -> None:
            tell(self.taken(meta_dir).token)
            time.sleep(600)

        def succeed(tell: Callable[[Any], None]) -> None:
            tell(None)
            lease = self._taken_in_turn(meta_dir)
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            lease.check()
            os.unlink(inside)
            lease.release()

        for _ in range(3):
            with forked(die) as (holder,):
                holder.told()
                with forked(*[succeed] * PROCESSES) as successors:
                    for successor in successors:
                        successor.told()
                    holder.kill()
                    for successor in successors:
                        successor.end()

    def test_what_is_left_to_a_job_waits_for_it(self, meta_dir: str) -> None:
        """A look sees the job and the attempt; whoever left it holds nothing, and its release changes nothing."""
        lease = self.taken(meta_dir, "a" * 32)

        lease.hand_over(JOB)

        claim = self.seen(meta_dir)
        assert (claim.job, claim.attempt_id, claim.live) == (JOB, "a" * 32, True)
        assert_lost(lease.check)
        assert_lost(lambda: lease.hand_over(JOB))
        assert_lost(lambda: lease.publish(f"{meta_dir}/SUCCESS.json", sync=False))
        lease.release()
        assert self.seen(meta_dir).job == JOB
        assert self.make().take(meta_dir, furu_hash="0" * 20, attempt_id="2" * 32) is None

    def test_a_waiting_claim_outlives_its_submitter(self, meta_dir: str) -> None:
        """It belongs to the job: the end of the process that submitted it changes nothing."""

        def submit(_: Callable[[Any], None]) -> None:
            self.taken(meta_dir).hand_over(JOB)

        with forked(submit) as (submitter,):
            submitter.end()

        assert self.seen(meta_dir).live

    def test_a_waiting_claim_lives_as_long_as_its_scheduler_says(
        self, meta_dir: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However long that is; it is dead when the job is gone for certain, and only then can be removed as such."""
        told: dict[str, News] = {"17": News(gone=False, words="PENDING (Priority)")}
        monkeypatch.setattr(config.current(), "poll_interval", 1e-6)
        with schedulers.answering(JOB.scheduler, lambda _: told):
            self.taken(meta_dir).hand_over(JOB)
            age(meta_dir, 1e6)
            assert self.seen(meta_dir).live

            told["17"] = News(gone=True, words="CANCELLED by 0")
            dead = self.seen(meta_dir)

            assert not dead.live
            self.make().break_dead(dead)
            self.taken(meta_dir).check()

    def test_a_waiting_claim_without_news_is_stale_in_the_end(self, meta_dir: str) -> None:
        """Where nobody knows the job it lives for ``FURU_STALE_AFTER_SECS`` after the last news, and is dead then."""
        self.taken(meta_dir).hand_over(JOB)
        age(meta_dir, config.current().stale_timeout - 60)
        assert self.seen(meta_dir).live

        age(meta_dir, config.current().stale_timeout + 60)

        assert not self.seen(meta_dir).live

    def test_good_news_are_left_for_those_who_cannot_ask(self, meta_dir: str) -> None:
        """A look that learns that the job still waits makes the claim young, for hosts without the scheduler's commands."""
        self.taken(meta_dir).hand_over(JOB)
        age(meta_dir, config.current().stale_timeout + 60)

        with schedulers.answering(JOB.scheduler, lambda _: {"17": News(gone=False, words="PENDING")}):
            assert self.seen(meta_dir).live

        assert self.seen(meta_dir).live

    def test_a_job_makes_the_claim_its_own(self, meta_dir: str) -> None:
        """It holds an ordinary lease then, which ends with it, and publishes like any other."""

        def run(tell: Callable[[Any], None]) -> None:
            lease = self.taken_over(meta_dir, "b" * 32)
            assert lease is not None
            lease.check()
            tell(lease.token)
            time.sleep(600)

        self.taken(meta_dir, "a" * 32).hand_over(JOB)
        with forked(run) as (job,):
            token = job.told()
            claim = self.seen(meta_dir)
            assert (claim.token, claim.attempt_id, claim.job, claim.live) == (token, "b" * 32, None, True)
            job.kill()
            assert not self.seen(meta_dir).live

    def test_a_claim_is_taken_over_once(self, meta_dir: str) -> None:
        """Of many that reach for the same waiting claim one gets it; so the loser of a race runs nothing."""
        for _ in range(10):
            self.taken(meta_dir).hand_over(JOB)
            waiting = self.seen(meta_dir)

            def reach(tell: Callable[[Any], None], waiting: SeenClaim = waiting) -> None:
                lease = self.make().take_over(waiting, furu_hash="0" * 20, attempt_id="2" * 32)
                tell(lease is not None)
                if lease is not None:
                    lease.release()

            with forked(*[reach] * PROCESSES) as processes:
                assert sum(process.told() for process in processes) == 1
                for process in processes:
                    process.end()

    def test_a_claim_is_seen_while_it_changes_hands(self, meta_dir: str) -> None:
        """There is no moment at which a look sees nobody, although the claim gets one name after the other."""

        over = Path(meta_dir).parent / "over"

        def pass_on(_: Callable[[Any], None]) -> None:
            try:
                for _round in range(300):
                    lease = self.taken_over(meta_dir)
                    assert lease is not None
                    lease.hand_over(JOB)
            finally:
                over.touch()

        self.taken(meta_dir).hand_over(JOB)
        with forked(pass_on) as (hands,):
            while not over.exists():
                assert self.make().look(meta_dir) is not None
            hands.end()

    def test_a_zombie_finds_nothing_to_take_over(self, meta_dir: str) -> None:
        """A job that comes after its claim counted as dead, and was removed, does not harm the successor."""
        self.taken(meta_dir).hand_over(JOB)
        waiting = self.seen(meta_dir)
        self.make().break_dead(waiting)
        successor = self.taken(meta_dir)

        assert self.make().take_over(waiting, furu_hash="0" * 20, attempt_id="2" * 32) is None

        successor.check()
        assert self.seen(meta_dir).token == successor.token

    def test_who_dies_while_taking_over_is_outlived(self, meta_dir: str) -> None:
        """Between the new name and the new content the claim is one of an unknown owner: live now, dead after a lease."""

        def die(_: Callable[[Any], None]) -> None:
            with faults.at("claim.renamed", lambda: os.kill(os.getpid(), 9)):
                self.taken_over(meta_dir)

        self.taken(meta_dir).hand_over(JOB)
        with forked(die) as (job,):
            job.ended_by_kill()
        assert self.seen(meta_dir).live

        age(meta_dir, config.current().lease_duration_sec + 60)

        dead = self.seen(meta_dir)
        assert not dead.live
        self.make().break_dead(dead)
        self.taken(meta_dir).check()

    def taken_over(self, meta_dir: str, attempt_id: str = "2" * 32) -> HeldLease | None:
        """Take over the claim that is there."""
        lease: HeldLease | None = self.make().take_over(self.seen(meta_dir), furu_hash="0" * 20, attempt_id=attempt_id)
        return lease

    def _taken_in_turn(self, meta_dir: str) -> HeldLease:
        leases = self.make()
        while True:
            claim = leases.look(meta_dir)
            if claim is not None and not claim.live:
                leases.break_dead(claim)
            lease: HeldLease | None = leases.take(meta_dir, furu_hash="0" * 20, attempt_id="1" * 32)
            if lease is not None:
                return lease
            time.sleep(0.0005)


def age(meta_dir: str, sec: float) -> None:
    """Let the last sign of life of the claim be ``sec`` seconds ago."""
    (claim,) = Path(meta_dir, "compute.lock").iterdir()
    then = time.time() - sec
    os.utime(claim, (then, then))


def assert_lost(act: Callable[[], object]) -> None:
    """Assert that ``act`` raises ``FuruLeaseLost``."""
    __tracebackhide__ = True
    with pytest.raises(FuruLeaseLost):
        act()
