"""Reading one artifact: its records, in whatever state they are, as a row.  Nothing of the user's is imported."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any

from furu.catalog import configs, labels, literals
from furu.catalog.row import Need, Row
from furu.errors import FuruRecordError
from furu.storage import alias, provenance
from furu.storage import state as states
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from furu.storage.alias import Alias
    from furu.storage.provenance import Metadata
    from furu.storage.state import State
    from furu.task import RootKind

#: The path under which an alias needs what it stands for.
ALIAS = "(alias)"


def read(root: RootKind, namespace: str, furu_hash: str, directory: str) -> Row:
    """Return what there is to know of the artifact in a directory.

    Promise: a record that is torn, foreign or unreadable costs what it would have said, and is named in ``trouble``.
    Raises ``FileNotFoundError`` when the directory vanished.
    """
    artifact = Artifact(ArtifactRef(root, namespace, furu_hash), directory)
    trouble: list[str] = []
    found: dict[str, Any] = {}
    published = bool(_tried(artifact.published, trouble))
    state = _tried(lambda: _state(artifact, published=published), trouble)
    metadata = _tried(lambda: provenance.read(artifact.meta_dir), trouble)
    aliased = _tried(lambda: alias.read(artifact.meta_dir), trouble)
    labelled = _tried(lambda: labels.read(artifact.meta_dir), trouble) or labels.Labels()
    if metadata is not None:
        found |= _of_metadata(metadata)
    if aliased is not None:
        found |= _of_alias(aliased)
    if state is not None:
        found |= _of_state(state)
    elif published:
        found["result"] = "success"
    if labelled.name is not None:
        found["name"] = literals.text(labelled.name)
    size, files = disk_use(directory)
    return Row(
        root=root,
        namespace=namespace,
        hash=furu_hash,
        size=size,
        files=files,
        note=None if labelled.note is None else literals.clean(labelled.note),
        pinned=labelled.pinned,
        tags=tuple(map(literals.text, labelled.tags)),
        trouble=literals.text("; ".join(dict.fromkeys(trouble))) if trouble else None,
        **found,
    )


def _tried(read: Any, trouble: list[str]) -> Any:
    try:
        return read()
    except (FuruRecordError, OSError, ValueError, RecursionError, AttributeError, TypeError, KeyError) as error:
        trouble.append(str(getattr(error, "message", error)).partition("\n")[0])
        return None


def _state(artifact: Artifact, *, published: bool) -> State:
    """Return the state as it is; a record that cannot be read is told even where the marker says enough."""
    if published:
        return states.observed(states.read(artifact.meta_dir), published=True, attempt_lives=False)
    return artifact.observed_state()


def _of_metadata(metadata: Metadata) -> dict[str, Any]:
    needs = [Need(one.path, one.root, one.namespace, one.furu_hash) for one in metadata.dependencies or ()]
    return {
        "created": _seconds(metadata.timestamp),
        "commit": metadata.git_commit,
        "host": literals.text(metadata.hostname),
        "user": literals.text(metadata.user),
        "python": literals.clean(metadata.furu_python_def),
        "name": None if metadata.name is None else literals.text(metadata.name),
        "config": configs.plain(metadata.furu_obj),
        "needs": tuple(needs),
    }


def _of_state(state: State) -> dict[str, Any]:
    found: dict[str, Any] = {"result": state.result, "updated": _seconds(state.updated_at)}
    attempt = state.attempt
    if attempt is None:
        return found
    error = attempt.error
    memory = attempt.resources.get("peak_memory_bytes")
    return found | {
        "attempt": attempt.status,
        "attempts": attempt.number,
        "backend": attempt.backend,
        "host": literals.text(attempt.owner.host),
        "user": literals.text(attempt.owner.user),
        "started": _seconds(attempt.started_at),
        "ended": _seconds(attempt.ended_at),
        "duration": attempt.duration_sec,
        "memory": None if memory is None else int(memory),
        "failure": None if error is None else error.kind,
        "error": None if error is None else literals.text(f"{error.type}: {error.message}"),
    }


def _of_alias(aliased: Alias) -> dict[str, Any]:
    original = aliased.original
    ref = original.ref
    return {
        "needs": () if original.path else (Need(ALIAS, ref.root, ref.namespace, ref.furu_hash),),
        "original": original.path or f"{ref.namespace}/{ref.furu_hash}",
        "config": configs.plain(aliased.furu_obj),
        "created": _seconds(aliased.at),
    }


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else datetime.fromisoformat(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def disk_use(directory: str) -> tuple[int, int]:
    """Return the bytes a directory takes on disk and the number of files and directories, itself included.

    No content is read.  A file with several names (a patch that many artifacts share) counts in parts, so that sums are
    right; links are not followed.  What vanishes meanwhile does not count.
    """
    size, files, pending = 0, 1, [directory]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                        continue
                    found = entry.stat(follow_symlinks=False)
                    size += found.st_blocks * 512 // max(found.st_nlink, 1)
        except OSError:
            continue
    return size, files
