"""``decide`` is total: every kind of evidence under every policy has the verdict the table gives."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from furu._sys import process
from furu.engine.verdict import Create, Load, Policy, Refuse, Wait, decide
from furu.runtime.schedulers import ScheduledJob
from furu.storage.evidence import Evidence
from furu.storage.lease import Claim
from furu.storage.state import Attempt, State

if TYPE_CHECKING:
    from furu.storage.state import AttemptStatus

STATUSES: tuple[AttemptStatus | None, ...] = (
    None,
    "queued",
    "running",
    "success",
    "failed",
    "cancelled",
    "preempted",
    "crashed",
)


def claim(*, live: bool) -> Claim:
    """Return a claim that is live or dead."""
    return Claim("path", "t" * 32, "attempt", None, None, 120.0, 1.0, live, local=False, beat_at=0.0)


def state(status: AttemptStatus | None) -> State | None:
    """Return a state whose attempt has ``status``; None for no state."""
    if status is None:
        return None
    return State("incomplete", Attempt("attempt", 1, "local", status, process.me(), "2026-01-01T00:00:00Z"))


POLICIES = [
    Policy(may_create=create, may_wait=wait, retry_failed=retry, rerun=rerun)
    for create, wait, retry, rerun in product((True, False), repeat=4)
]
ABSENT = [
    Evidence(published=False, claim=holder, state=state(status))
    for holder, status in product((None, claim(live=False), claim(live=True)), STATUSES)
]
PUBLISHED = [
    Evidence(published=True, valid=valid, claim=holder)
    for valid, holder in product((None, True, False), (None, claim(live=False), claim(live=True)))
]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("evidence", ABSENT + PUBLISHED)
def test_every_combination_has_one_verdict(evidence: Evidence, policy: Policy) -> None:
    """The verdict follows the rules in their order, whatever else the evidence says."""
    verdict = decide(evidence, policy)
    status = evidence.state.attempt.status if evidence.state and evidence.state.attempt else None

    if evidence.published and evidence.valid is not False and not policy.rerun:
        assert verdict == Load()
    elif evidence.claim is not None and evidence.claim.live:
        assert verdict == (Wait(evidence.claim) if policy.may_wait else Refuse("running"))
    elif not evidence.published and status == "failed" and not policy.retry_failed:
        assert verdict == Refuse("failed")
    elif not policy.may_create:
        assert isinstance(verdict, Refuse)
    else:
        assert isinstance(verdict, Create)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (Evidence(published=False), "missing"),
        (Evidence(published=True, valid=False), "invalid"),
        (Evidence(published=False, state=state("failed")), "failed"),
        (Evidence(published=False, state=state("cancelled")), "cancelled"),
        (Evidence(published=False, state=state("preempted")), "preempted"),
        (Evidence(published=False, state=state("running")), "crashed"),
        (Evidence(published=False, state=state("success")), "crashed"),
        (Evidence(published=False, claim=claim(live=False)), "crashed"),
        (Evidence(published=False, state=state("queued")), "incomplete"),
    ],
)
def test_a_creation_says_what_was_found_instead(evidence: Evidence, reason: str) -> None:
    """The reason of a Create names what the look saw."""
    assert decide(evidence, Policy()) == Create(reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    "evidence", [Evidence(published=False, state=state("failed")), Evidence(published=True, valid=True)]
)
def test_what_waits_for_a_job_is_that_job_s_to_create(evidence: Evidence, *, live: bool) -> None:
    """Whatever else is seen, and whether or not failures are retried; nobody else's, while the claim lives."""
    mine, other = ScheduledJob("slurm", "17"), ScheduledJob("slurm", "18")
    waiting = replace(evidence, claim=replace(claim(live=live), job=mine))
    rerun = evidence.published

    assert decide(waiting, Policy(job=mine, retry_failed=False, rerun=rerun)) == Create("queued")
    assert decide(waiting, Policy(job=mine, may_create=False, rerun=rerun)) in (Refuse("missing"), Refuse("failed"))
    for policy in (Policy(rerun=rerun), Policy(job=other, rerun=rerun)):
        assert isinstance(decide(waiting, policy), Wait) is live


def test_a_rerun_says_so() -> None:
    """A published and valid result under a rerun policy is created anew."""
    assert decide(Evidence(published=True, valid=True), Policy(rerun=True)) == Create("rerun")
