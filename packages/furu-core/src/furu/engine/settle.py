"""What ``get()`` does when the result is not simply there: look, decide, then wait, refuse or create."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from furu import config
from furu._sys import files
from furu.engine import attempt
from furu.engine.blocked import BlockedOn
from furu.engine.loading import is_valid, load
from furu.engine.verdict import Create, Load, Policy, Refuse, Verdict, Wait, decide, policy_for
from furu.engine.wait import Waiting
from furu.errors import MISSING, FuruComputeError, FuruCycleError, FuruLoadError, FuruMissingArtifact, compute_error
from furu.runtime import announcing, context, overrides
from furu.storage import lease, store
from furu.storage.artifact import Artifact
from furu.storage.evidence import look_behind_marker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from furu.engine.verdict import CreateReason, RefuseReason
    from furu.storage.evidence import Evidence
    from furu.storage.state import State
    from furu.task import Task


def looked(task: Task, artifact: Artifact, policy: Policy) -> Evidence:
    """Return what is there, asking ``_validate`` of a published result; its failure counts as invalid and is logged."""
    evidence = artifact.look()
    if not evidence.published:
        former = task._furu_former()
        if former is None:
            return evidence
        evidence = replace(evidence, published=True, original=former, adopted=False)
    try:
        valid = is_valid(task, _holder(artifact, evidence))
    except FuruCycleError:
        raise
    except Exception:  # noqa: BLE001 - a bug in _validate must not make a wrong hit, nor stop the computation
        from furu.runtime.logging import get_logger

        get_logger().exception("_validate of %s raised; the result counts as invalid", artifact.ref.label)
        valid = False
    return evidence if valid and not policy.rerun else look_behind_marker(evidence, artifact.meta_dir, valid=valid)


def _holder(artifact: Artifact, evidence: Evidence) -> Artifact:
    """Return the artifact that holds the result that was seen."""
    return artifact if evidence.original is None else Artifact.at(evidence.original)


def verdict_on(task: Task) -> Verdict:
    """Return what ``get()`` would do about ``task`` now.  Looks only; an overridden result counts as published."""
    if overrides.lookup(task.furu_hash) is not MISSING:
        return Load()
    policy = policy_for(task)
    return decide(looked(task, store.artifact(task.furu_ref), policy), policy)


def refused_to_retry(task: Task) -> FuruComputeError:
    """Return the recorded failure of ``task``, which may not be tried again."""
    artifact = store.artifact(task.furu_ref)
    return recorded_failure(artifact, artifact.recorded_state())


def settle(task: Task, artifact: Artifact, *, load_result: bool = True) -> Any:
    """Look and decide until there is a result, a refusal, or an attempt of our own.

    With ``load_result`` off a published result is left where it is, and None is returned for it.

    Raises ``BlockedOn`` in a worker of an executor when ``task`` has to be built, or is being built, by somebody else.
    """
    policy = policy_for(task)
    longest = config.current().max_wait_time_sec
    waiting = Waiting(artifact.ref, task._max_wait_time_sec if longest is None else longest)
    while True:
        done, value = False, None
        evidence = looked(task, artifact, policy)
        _raise_failure_waited_for(artifact, evidence, waiting)
        match decide(evidence, policy):
            case Load():
                done, value = _loaded(task, artifact, evidence) if load_result else (True, None)
            case Refuse(reason):
                raise _refused(task, artifact, evidence, policy, reason)
            case Wait(claim):
                context.refuse_recursion(artifact.ref)
                if waiting.outlived(claim):
                    lease.break_dead(claim)
                with context.waiting(claim.token):
                    waiting.pause(claim)
            case Create(reason):
                context.refuse_recursion(artifact.ref)
                if evidence.claim is not None and reason != "queued":
                    lease.break_dead(evidence.claim)
                done, value = _create(task, artifact, policy, reason, evidence)
                if not done:
                    waiting.lost_race(artifact.directory)
        if done:
            return value


def refusal(task: Task, artifact: Artifact) -> str:
    """Return why a result cannot be loaded when nothing may be created and nobody waited for."""
    policy = policy_for(task, may_create=False, may_wait=False)
    verdict = decide(looked(task, artifact, policy), policy)
    return verdict.reason if isinstance(verdict, Refuse) else "missing"


def _loaded(task: Task, artifact: Artifact, evidence: Evidence) -> tuple[bool, Any]:
    """Load what is published; (False, None) when it was removed or computed anew meanwhile."""
    if not evidence.adopted:
        task._furu_adopt()
    holder = _holder(artifact, evidence)
    seen = holder.seen()
    try:
        return True, load(task, holder)
    except FuruLoadError:
        if seen is not None and holder.seen() == seen:
            raise
    return False, None


def _create(
    task: Task, artifact: Artifact, policy: Policy, reason: CreateReason, evidence: Evidence
) -> tuple[bool, Any]:
    """Claim and create; (False, None) when somebody else was faster or has published meanwhile."""
    if reason == "missing":
        task._furu_stale()
    held = _claimed(artifact, evidence, queued=reason == "queued")
    if held is None:
        return False, None
    try:
        if artifact.holder() is not None and (reason == "missing" or not _outdated(task, artifact, policy)):
            return False, None
        announcing.announce(artifact.ref, f"{reason}->create")
        return True, attempt.run(task, artifact, held, previous=artifact.recorded_state())
    finally:
        held.release()


def _claimed(artifact: Artifact, evidence: Evidence, *, queued: bool) -> lease.Lease | None:
    """Take the claim, or take over the one that waits for this job, and with it the attempt that is queued."""
    try:
        if not queued or evidence.claim is None:
            return artifact.claim(attempt.new_id())
        recorded = evidence.state.attempt if evidence.state else None
        attempt_id = recorded.id if recorded is not None and recorded.status == "queued" else attempt.new_id()
        return lease.take_over(evidence.claim, furu_hash=artifact.ref.furu_hash, attempt_id=attempt_id)
    except OSError as error:
        raise compute_error(
            f"{artifact.ref.label} cannot be created: {type(error).__name__}: {error}\n  in {artifact.directory}",
            original=error,
            state_path=Path(artifact.state_path),
            hints=[
                files.remedy(
                    error, "its directory must be writable and have room; FURU_PATH sets where artifacts are stored"
                )
            ],
        ) from error


def _refused(task: Task, artifact: Artifact, evidence: Evidence, policy: Policy, reason: RefuseReason) -> BaseException:
    if reason == "failed" and not policy.retry_failed:
        return recorded_failure(artifact, evidence.state)
    context.refuse_recursion(artifact.ref)
    if config.current().strict_deps and context.job() != artifact.ref.furu_hash:
        return missing(
            artifact,
            f"it is used by {context.stack()[-1].ref.label} without being declared"
            if context.stack()
            else "it is not built",
            hints=["declare it as a field or with @furu_dep, or let it be built with FURU_STRICT_DEPS=0"],
        )
    return BlockedOn(task)


def missing(artifact: Artifact, why: str, *, hints: Sequence[str]) -> FuruMissingArtifact:
    """Return the error that says why there is no result to load."""
    return FuruMissingArtifact(f"{artifact.ref.label} has no result to load ({why}): {artifact.directory}", hints=hints)


def _outdated(task: Task, artifact: Artifact, policy: Policy) -> bool:
    """Return whether what is published by now has still to be created anew."""
    evidence = looked(task, artifact, policy)
    return evidence.published and (policy.rerun or evidence.valid is False)


def _raise_failure_waited_for(artifact: Artifact, evidence: Evidence, waiting: Waiting) -> None:
    """Let those that were waiting for an attempt see its failure instead of each running it again."""
    recorded = evidence.state.attempt if evidence.state and not evidence.published else None
    if recorded is not None and recorded.status == "failed" and recorded.id in waiting.attempt_ids:
        raise recorded_failure(artifact, evidence.state)


def recorded_failure(artifact: Artifact, state: State | None) -> FuruComputeError:
    """Return the failure that ``state.json`` records, as an error like the one its attempt raised."""
    from furu.runtime.tracebacks import revived

    recorded = state.attempt.error if state and state.attempt else None
    if recorded is None:
        return FuruComputeError(f"{artifact.ref.label} has failed before: {artifact.directory}")
    original = revived(recorded.type, recorded.message)
    return compute_error(
        f"{artifact.ref.label} failed in an earlier attempt: {recorded.type.rpartition('.')[2]}: {recorded.message}\n"
        f"  in {artifact.directory}\n{recorded.traceback}",
        original=original,
        state_path=Path(artifact.state_path),
        recorded_traceback=recorded.traceback,
        hints=["failed artifacts are tried again unless FURU_RETRY_FAILED=0"],
    )
