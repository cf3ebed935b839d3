"""The path of one ``get()``: look, decide, then load, wait or create."""

from __future__ import annotations

from pathlib import Path

from furu import config
from furu.engine import attempt
from furu.engine.verdict import Create, Load, Policy, Refuse, Wait, decide, policy_for
from furu.engine.wait import Waiting
from furu.errors import (
    MISSING,
    FuruComputeError,
    FuruLoadError,
    FuruMissingArtifact,
    FuruValidationError,
    compute_error,
)
from furu.runtime import announcing, context, overrides
from furu.storage import lease, store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.storage.artifact import Artifact, Evidence
    from furu.storage.state import State
    from furu.task import Task


def obtain(task: Task) -> Any:
    """Return the result of ``task``: loaded when it is published, waited for or created when it is not."""
    ref = task.furu_ref
    value = overrides.lookup(ref.furu_hash)
    if value is not MISSING:
        return value
    artifact = store.artifact(ref)
    if artifact.published() and not config.current().always_rerun and not task._furu_validates:
        return load(task, artifact)
    return _settle(task, artifact, policy_for(task))


def existing(task: Task) -> Any:
    """Return the result of ``task`` when it is published, else ``MISSING``; computes nothing and waits for nobody.

    An exception of ``_validate`` other than ``FuruValidationError`` surfaces.
    """
    value = overrides.lookup(task.furu_hash)
    if value is not MISSING:
        return value
    artifact = store.artifact(task.furu_ref)
    return load(task, artifact) if artifact.published() and is_valid(task) else MISSING


def exists(task: Task) -> bool:
    """Return whether a valid result of ``task`` is there.  Creates nothing; an exception of ``_validate`` surfaces."""
    if overrides.lookup(task.furu_hash) is not MISSING:
        return True
    return store.artifact(task.furu_ref).published() and is_valid(task)


def missing(task: Task) -> FuruMissingArtifact:
    """Return the error that says why the result of ``task`` cannot be loaded."""
    artifact = store.artifact(task.furu_ref)
    policy = policy_for(task, may_create=False, may_wait=False)
    verdict = decide(looked(task, artifact, policy), policy)
    why = verdict.reason if isinstance(verdict, Refuse) else "missing"
    return FuruMissingArtifact(
        f"{artifact.ref.label} has no result to load ({why}): {artifact.directory}",
        hints=["get() computes it; furu_dir shows where it is looked for, and FURU_PATH sets the root"],
    )


def load(task: Task, artifact: Artifact) -> Any:
    """Return ``task._load()`` of a published artifact.

    Raises ``FuruLoadError`` when it fails; the artifact stays as it is.
    """
    announcing.announce(artifact.ref, "success->load")
    try:
        return task._load()
    except Exception as error:
        raise compute_error(
            f"loading {artifact.ref.label} failed: {type(error).__name__}: {error}\n"
            f"  in {artifact.directory} (the artifact was kept as it is)",
            original=error,
            state_path=Path(artifact.state_path),
            base=FuruLoadError,
            hints=[
                "mend _load, or let _validate return False to have it computed again",
            ],
        ) from error


def is_valid(task: Task) -> bool:
    """Return what the class's ``_validate`` says of a published result; ``FuruValidationError`` means False."""
    try:
        return not task._furu_validates or bool(task._validate())
    except FuruValidationError:
        return False


def looked(task: Task, artifact: Artifact, policy: Policy) -> Evidence:
    """Return what is there, asking ``_validate`` of a published result; its failure counts as invalid and is logged."""
    evidence = artifact.look()
    if not evidence.published:
        return evidence
    try:
        valid = is_valid(task)
    except Exception:
        from furu.runtime.logging import get_logger

        get_logger().exception("_validate of %s raised; the result counts as invalid", artifact.ref.label)
        valid = False
    return evidence if valid and not policy.rerun else artifact.look_behind_marker(valid=valid)


def _settle(task: Task, artifact: Artifact, policy: Policy) -> Any:
    """Look and decide until there is a result, a refusal, or an attempt of our own."""
    longest = config.current().max_wait_time_sec
    waiting = Waiting(artifact.ref, task._max_wait_time_sec if longest is None else longest)
    while True:
        evidence = looked(task, artifact, policy)
        _raise_failure_waited_for(artifact, evidence, waiting)
        match decide(evidence, policy):
            case Load():
                return load(task, artifact)
            case Refuse():
                raise recorded_failure(artifact, evidence.state)
            case Wait(claim):
                context.refuse_recursion(artifact.ref)
                announcing.announce(artifact.ref, "running->wait")
                with context.waiting(claim.token):
                    waiting.pause(claim)
            case Create(reason):
                context.refuse_recursion(artifact.ref)
                if evidence.claim is not None:
                    lease.break_dead(evidence.claim)
                done, value = _create(task, artifact, policy, reason)
                if done:
                    return value


def _create(task: Task, artifact: Artifact, policy: Policy, reason: str) -> tuple[bool, Any]:
    """Claim and create; (False, None) when somebody else was faster or has published meanwhile."""
    attempt_id = attempt.new_id()
    held = artifact.claim(attempt_id)
    if held is None:
        return False, None
    try:
        evidence = looked(task, artifact, policy)
        if evidence.published and (reason == "missing" or isinstance(decide(evidence, policy), Load)):
            return False, None
        announcing.announce(artifact.ref, f"{reason}->create")
        return True, attempt.run(task, artifact, held, previous=artifact.recorded_state())
    finally:
        held.release()


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
