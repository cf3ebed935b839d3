"""``decide``: what to do about one artifact.  Pure and total; the same answer for get, plan, why and UI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from furu import config
from furu.errors import FuruConfigError, FuruError, FuruIdentityError
from furu.identity import names
from furu.runtime import context, schedulers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.runtime.schedulers import ScheduledJob
    from furu.storage.evidence import Evidence
    from furu.storage.lease import Claim
    from furu.task import Task

CreateReason = Literal[
    "missing", "invalid", "rerun", "failed", "crashed", "cancelled", "preempted", "incomplete", "queued"
]
RefuseReason = Literal["failed", "missing", "running", "invalid"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the code that asks may do.

    ``may_create`` and ``may_wait`` say whether a missing artifact may be created here and whether somebody else's
    creation may be waited for; ``retry_failed`` whether a recorded failure may be tried again; ``rerun`` whether a
    published artifact is created anew.  ``job`` is the job of a scheduler the code runs in: what waits for that is its own.
    """

    may_create: bool = True
    may_wait: bool = True
    retry_failed: bool = True
    rerun: bool = False
    job: ScheduledJob | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """The artifact is published: load it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody else is creating it: wait for them."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Create:
    """Nobody has it: create it.  ``reason`` says what was found instead of a result."""

    reason: CreateReason


@dataclass(frozen=True, slots=True)
class Refuse:
    """It is not there, and the policy forbids to change that."""

    reason: RefuseReason


Verdict = Load | Wait | Create | Refuse


def decide(evidence: Evidence, policy: Policy) -> Verdict:
    """Return what to do, given what a look saw and what the asker may do."""
    if evidence.published and evidence.valid is not False and not policy.rerun:
        return Load()
    queued = evidence.claim is not None and evidence.claim.job is not None and evidence.claim.job == policy.job
    if evidence.claim is not None and evidence.claim.live and not queued:
        return Wait(evidence.claim) if policy.may_wait else Refuse("running")
    reason = "queued" if queued else _reason(evidence)
    if reason == "failed" and not policy.retry_failed:
        return Refuse("failed")
    if not policy.may_create:
        return Refuse("invalid" if reason == "invalid" else "failed" if reason == "failed" else "missing")
    return Create(reason)


def _reason(evidence: Evidence) -> CreateReason:
    if evidence.published:
        return "invalid" if evidence.valid is False else "rerun"
    attempt = evidence.state.attempt if evidence.state else None
    match attempt.status if attempt else None:
        case "failed":
            return "failed"
        case "cancelled":
            return "cancelled"
        case "preempted":
            return "preempted"
        case "running" | "crashed" | "success":  # it says it runs, or was about to be published, and nobody holds it
            return "crashed"
        case "queued":
            return "incomplete"
        case None:
            return "crashed" if evidence.claim else "missing"


def policy_for(task: Task, *, may_create: bool = True, may_wait: bool = True) -> Policy:
    """Return the policy of the current settings for ``task``.

    A worker of an executor creates the artifact of its job and nothing else, and leaves the waiting to the executor.
    """
    settings = config.current()
    job = context.job()
    mine = job is None or job == task.furu_hash
    return Policy(
        may_create=may_create and mine,
        may_wait=may_wait and job is None,
        retry_failed=settings.retry_failed,
        rerun=bool(settings.always_rerun) and mine and always_rerun(type(task)),
        job=schedulers.mine(),
    )


_checked_entries: set[str] = set()


def always_rerun(cls: type) -> bool:
    """Return whether ``FURU_ALWAYS_RERUN`` names ``cls`` or a class it is derived from.

    Entries are looked up at the first use.  Raises ``FuruConfigError`` naming the entry that cannot be imported.
    """
    entries = config.current().always_rerun
    if "ALL" in entries:
        return True
    # By name: the classes of a module run as a program exist twice once that module is imported as well.
    if any(_name_of(base) in entries for base in cls.__mro__ if "_furu_options" in vars(base)):
        return True
    for entry in sorted(entries - _checked_entries):
        _check_entry(entry)
        _checked_entries.add(entry)
    return False


def _name_of(cls: type) -> str | None:
    try:
        return names.class_name(cls)
    except FuruIdentityError:  # a base without a name cannot be meant
        return None


def _check_entry(entry: str) -> None:
    try:
        found = names.resolve(entry)
    except FuruError as error:
        raise FuruConfigError(
            f"FURU_ALWAYS_RERUN names {entry!r}, and no such class can be imported: {error.message}",
            hints=[
                "write module and class, such as my_project.pipelines.TrainModel, separated by commas, or ALL alone"
            ],
        ) from None
    if not isinstance(found, type):
        raise FuruConfigError(f"FURU_ALWAYS_RERUN names {entry!r}, which is no class")
