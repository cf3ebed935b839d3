"""One artifact in full, from the records in its directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from furu.errors import FuruRecordError
from furu.storage import provenance
from furu.storage.state import ABSENT
from furu_dashboard import attempts, models

if TYPE_CHECKING:
    from furu.storage.artifact import Artifact
    from furu.storage.provenance import Metadata
    from furu.storage.state import Attempt, State


def detail(artifact: Artifact) -> models.ExperimentDetail:
    """Return everything the records of an artifact tell.  A torn record is told as a trouble, and hides nothing else."""
    troubles: list[str] = []
    state, published = _state(artifact, troubles)
    metadata = _metadata(artifact, troubles)
    assert artifact.ref.root != "scratch"
    return models.ExperimentDetail(
        root=artifact.ref.root,
        namespace=artifact.ref.namespace,
        class_name=artifact.ref.namespace.rpartition(".")[2],
        furu_hash=artifact.ref.furu_hash,
        name=metadata.name if metadata else None,
        directory=_readable(artifact.directory),
        published=published,
        result_status=state.result,
        attempt_status=state.attempt.status if state.attempt else None,
        updated_at=state.updated_at,
        attempts=_attempts(artifact.meta_dir, state.attempt),
        provenance=_provenance(artifact.meta_dir, metadata) if metadata else None,
        dependencies=[
            models.Dependency(path=one.path, root=one.root, namespace=one.namespace, furu_hash=one.furu_hash)
            for one in (metadata.dependencies if metadata else None) or ()
        ],
        troubles=troubles,
    )


def running(artifact: Artifact) -> bool:
    """Return whether somebody computes the artifact now, or is about to."""
    try:
        attempt = artifact.observed_state().attempt
    except (FuruRecordError, OSError):
        return False
    return attempt is not None and attempt.status in ("queued", "running")


def _state(artifact: Artifact, troubles: list[str]) -> tuple[State, bool]:
    published = False
    try:
        published = artifact.published()
        return artifact.observed_state(), published
    except (FuruRecordError, OSError) as error:
        troubles.append(_readable(str(error)))
        return ABSENT, published


def _metadata(artifact: Artifact, troubles: list[str]) -> Metadata | None:
    try:
        return provenance.read(artifact.meta_dir)
    except (FuruRecordError, OSError) as error:
        troubles.append(_readable(str(error)))
        return None


def _attempts(meta_dir: str, current: Attempt | None) -> list[models.Attempt]:
    past = attempts.past(meta_dir, current)
    found = [_past(one, number) for number, one in enumerate(past, start=1)]
    if current is not None:
        found.append(_current(current))
    return found[::-1]


def _past(one: attempts.PastAttempt, number: int) -> models.Attempt:
    return models.Attempt.model_validate(
        {
            "id": one.id,
            "number": number,
            "status": one.status,
            "started_at": one.started_at,
            "ended_at": one.ended_at,
            "duration_sec": None,
            "backend": None,
            "host": one.host,
            "pid": one.pid,
            "user": None,
            "command": None,
            "error": None,
            "scheduler": {},
            "resources": {},
        }
    )


def _current(attempt: Attempt) -> models.Attempt:
    error = attempt.error
    return models.Attempt(
        id=attempt.id,
        number=attempt.number,
        status=attempt.status,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        duration_sec=attempt.duration_sec,
        backend=attempt.backend,
        host=attempt.owner.host,
        pid=attempt.owner.pid,
        user=attempt.owner.user,
        command=attempt.owner.command,
        error=None
        if error is None
        else models.AttemptError(type=error.type, message=error.message, traceback=error.traceback, kind=error.kind),
        scheduler=attempt.scheduler,
        resources=attempt.resources,
    )


def _provenance(meta_dir: str, metadata: Metadata) -> models.Provenance:
    return models.Provenance(
        python=metadata.furu_python_def,
        config=metadata.furu_obj,
        timestamp=metadata.timestamp,
        command=metadata.command,
        python_version=metadata.python_version,
        executable=metadata.executable,
        platform=metadata.platform,
        hostname=metadata.hostname,
        user=metadata.user,
        pid=metadata.pid,
        git=models.Git(
            commit=metadata.git_commit,
            branch=metadata.git_branch,
            remote=metadata.git_remote,
            submodules=metadata.git_submodules,
            patch_bytes=_size(f"{meta_dir}/{provenance.PATCH}"),
            patch_truncated=metadata.git_patch_truncated,
        ),
        result_format=metadata.result_format,
    )


def _size(path: str) -> int:
    try:
        return os.stat(path, follow_symlinks=False).st_size
    except OSError:
        return 0


def _readable(text: str) -> str:
    """Return a text that JSON can carry: names of files may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()
