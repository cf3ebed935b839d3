"""Listing: what the store has of a class, of today's form and of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from furu.errors import FuruError
from furu.identity import changes, diff, names
from furu.identity.upgrade import Rules, upgraded
from furu.migration import plan, run
from furu.storage import alias, store, stored
from furu.storage.artifact import Artifact
from furu.storage.layout import directory
from furu.task import ArtifactRef, Original, Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.identity.view import ConfigView

Config = TypeVar("Config")


@dataclass(frozen=True, slots=True)
class StaleResult:
    """A stored result that no config of today leads to, and why."""

    ref: ArtifactRef
    directory: Path
    config: ConfigView
    reason: str


def original(task: Task) -> Path | None:
    """Return the directory of the artifact that ``task`` is an alias of, or None."""
    found = _original(task)
    return None if found is None else Path(alias.directory(found))


def _original(task: Task) -> Original | None:
    own = store.artifact(task.furu_ref)
    return None if own.published() else alias.original_of(own.meta_dir)


def aliases(task: Task) -> list[ArtifactRef]:
    """Return the names of the artifacts that are aliases of the artifact of ``task``, or of the same one as it."""
    whose = _original(task) or Original(task.furu_ref)
    return [artifact.ref for artifact, one in run.aliases() if one.original == whose and artifact.ref != task.furu_ref]


def all_current(cls: type[Config]) -> list[Config]:
    """Return the configs of today of all artifacts of a class, whatever state they are in."""
    found = []
    for kind in stored.roots():
        for artifact in stored.below(kind, names.class_name(cls)):
            config = _current(stored.config_of(artifact), artifact.ref)
            if config is not None:
                found.append(config)
    return found


def all_successful(cls: type[Config]) -> list[Config]:
    """Return the configs of today of all results of a class."""
    found = [_current(one.furu_obj, one.ref) for one in stored.of_class(names.class_name(cls))]
    return [config for config in found if config is not None]


def _current(described: Any, ref: ArtifactRef) -> Any:
    """Return the object that a stored config is today, when it has the same key; else None."""
    if described is None:
        return None
    try:
        config = upgraded(described, Rules(moved={}, defaults=True, loose=True)).obj
        same = config.furu_ref == ref
    except (FuruError, AttributeError):
        return None
    return config if same else None


def stale(cls: type) -> list[StaleResult]:
    """Return the results of earlier forms of a class that no alias of today leads to."""
    return [_stale(move) for move in _unreached(cls)]


def _unreached(cls: type) -> Iterator[plan.Move]:
    rules = Rules()
    taken_over: set[Original] | None = None
    for namespace in dict.fromkeys((names.class_name(cls), *changes.former_names(cls))):
        for source in stored.of_class(namespace):
            move = None if source.is_alias else plan.moved(source, rules)
            if move is None:
                continue
            if taken_over is None:
                taken_over = {one.original for _, one in run.aliases()}
            if source.original not in taken_over and not _has_own(move):
                yield move


def _has_own(move: plan.Move) -> bool:
    """Return whether the config of today that a result leads to has a result of its own."""
    return move.target is not None and Artifact(move.target, directory(move.target)).published()


def _stale(move: plan.Move) -> StaleResult:
    source = move.source
    reason = move.reason or f"not migrated yet: {'; '.join(move.steps)}"
    return StaleResult(source.ref, Path(source.directory), diff.view(source.furu_obj), reason)
