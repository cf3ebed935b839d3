"""What happened to an artifact: result and last attempt, as ``state.json`` and ``events.jsonl`` say it.

``state.json`` describes; it never decides whether an artifact is published (the marker does).  Transitions are pure and
name their attempt: a transition of another attempt raises ``StaleAttempt``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from furu._sys import clock, files
from furu._sys.process import Owner  # noqa: TC001 - pydantic reads it from the annotations
from furu.errors import FuruRecordError
from furu.storage import records
from furu.storage.layout import EVENTS, FORMAT_VERSION, STATE

ResultStatus = Literal["absent", "incomplete", "success", "failed", "migrated"]
AttemptStatus = Literal["queued", "running", "success", "failed", "cancelled", "preempted", "crashed"]
Backend = Literal["local", "submitit"]
FailureKind = Literal["error", "oom", "timeout", "preempted", "cancelled", "node_failure", "lost", "dependency"]

ENDED: frozenset[AttemptStatus] = frozenset(("success", "failed", "cancelled", "preempted", "crashed"))


class StaleAttempt(Exception):
    """A transition named an attempt that is not the current one."""


@dataclass(frozen=True, slots=True)
class RecordedError:
    """An exception as it is written down: the class's full name, the message, the formatted traceback."""

    type: str
    message: str
    traceback: str
    kind: FailureKind = "error"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at creating an artifact.  Times are ISO 8601 in UTC, durations seconds, memory bytes.

    ``started_at`` is when it was submitted while it is queued; ``queued_at`` keeps that time once it runs.
    """

    id: str
    number: int
    backend: Backend
    status: AttemptStatus
    owner: Owner
    started_at: str
    ended_at: str | None = None
    duration_sec: float | None = None
    error: RecordedError | None = None
    scheduler: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, float | int | None] = field(default_factory=dict)
    queued_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the attempt as JSON-ready data."""
        return _shallow(self) | {"owner": self.owner.to_json(), "error": self.error and _shallow(self.error)}


@dataclass(frozen=True, slots=True)
class State:
    """The state of one artifact."""

    result: ResultStatus = "absent"
    attempt: Attempt | None = None
    updated_at: str | None = None
    format_version: int = FORMAT_VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready data."""
        return _shallow(self) | {"attempt": self.attempt and self.attempt.to_json()}


def _shallow(record: RecordedError | Attempt | State) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


ABSENT = State()

_RESULT_AFTER: dict[AttemptStatus, ResultStatus] = {
    "queued": "incomplete",
    "running": "incomplete",
    "success": "success",
    "failed": "failed",
    "cancelled": "incomplete",
    "preempted": "incomplete",
    "crashed": "incomplete",
}


def begin(previous: State | None, attempt: Attempt) -> State:
    """Return the state once ``attempt`` has begun, numbered after the one before.

    An attempt that was queued keeps its number, the time it was queued at, its backend and what its scheduler said.
    """
    before = previous.attempt if previous else None
    if before is None:
        begun = replace(attempt, number=1)
    elif before.id != attempt.id:
        begun = replace(attempt, number=before.number + 1)
    else:
        begun = replace(
            attempt,
            number=before.number,
            queued_at=before.queued_at or before.started_at,
            backend=before.backend,
            scheduler=before.scheduler | attempt.scheduler,
        )
    return State(_RESULT_AFTER[attempt.status], begun, attempt.started_at)


def end(
    state: State,
    attempt_id: str,
    status: AttemptStatus,
    *,
    at: str,
    duration_sec: float | None = None,
    error: RecordedError | None = None,
    resources: dict[str, float | int | None] | None = None,
) -> State:
    """Return the state once the attempt ``attempt_id`` has ended with ``status``.

    Raises ``StaleAttempt`` when another attempt is the current one or this one has ended already.
    """
    attempt = state.attempt
    if attempt is None or attempt.id != attempt_id or attempt.status in ENDED:
        raise StaleAttempt(attempt_id)
    ended = replace(
        attempt, status=status, ended_at=at, duration_sec=duration_sec, error=error, resources=resources or {}
    )
    return State(_RESULT_AFTER[status], ended, at)


def observed(state: State | None, *, published: bool, attempt_lives: bool) -> State:
    """Return the state as it is, given what a look at the artifact saw.

    The marker decides success.  An attempt that says it runs, or is queued, while nobody holds its claim has crashed.
    """
    state = state or ABSENT
    attempt = state.attempt
    if published:
        if attempt is not None and attempt.status != "success":
            attempt = replace(attempt, status="success")
        return replace(state, result="success", attempt=attempt)
    if attempt is None:
        return replace(state, result="incomplete") if state.result == "success" else state
    if attempt_lives:
        return state
    if attempt.status in (
        "queued",
        "running",
        "success",
    ):  # died in the queue, while running, or between its last record and the marker
        return replace(state, result="incomplete", attempt=replace(attempt, status="crashed"))
    return state


def read(meta_dir: str) -> State | None:
    """Return what ``state.json`` says, or None when there is none.

    Unknown keys are ignored.  Raises ``FuruRecordError`` naming the file when it cannot be read, is torn, or was not written
    by furu.
    """
    path = f"{meta_dir}/{STATE}"
    content = records.content_or_none(path)
    if content is None:
        return None
    try:
        found: State = _adapter().validate_json(content)
    except ValueError as error:
        raise FuruRecordError(
            f"{path} is torn or was not written by furu: {error}",
            hints=["get() computes the artifact again; a published artifact is not affected"],
        ) from None
    return found


def write(meta_dir: str, state: State) -> None:
    """Replace ``state.json`` in one step."""
    files.write_atomic(f"{meta_dir}/{STATE}", json.dumps(state.to_json()).encode())


def log_event(meta_dir: str, state: State) -> None:
    """Append the transition that led to ``state`` to ``events.jsonl``."""
    attempt = state.attempt
    event = {
        "at": state.updated_at or clock.iso_utc(clock.SYSTEM_CLOCK.now()),
        "result": state.result,
        "attempt": attempt.status if attempt else None,
        "attempt_id": attempt.id if attempt else None,
        "host": attempt.owner.host if attempt else None,
        "pid": attempt.owner.pid if attempt else None,
    }
    files.append_line(f"{meta_dir}/{EVENTS}", json.dumps(event).encode() + b"\n")


_cached_adapter: Any = None


def _adapter() -> Any:
    global _cached_adapter
    if _cached_adapter is None:
        from pydantic import TypeAdapter

        _cached_adapter = TypeAdapter(State)
    return _cached_adapter
