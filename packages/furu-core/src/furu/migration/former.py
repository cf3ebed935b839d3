"""Former: the results that a config of today has from before its class, or one nested in it, was changed.

Asked wherever a result is missing, so it costs a look-up in the memory of the process, and for each class once the reading
of one small file.  Only where that file tells of another schema, or a class says that it was moved, are its results looked
through; ``migrate`` makes that unnecessary for every later process.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import islice

from furu import config
from furu.errors import FuruStaleError
from furu.identity import changes
from furu.identity.upgrade import Rules
from furu.migration import plan, run
from furu.storage import alias, schemas, stored
from furu.storage.artifact import Artifact
from furu.storage.layout import directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.migration.plan import Move
    from furu.storage.stored import Stored
    from furu.task import Original, Task


@dataclass(slots=True)
class _Index:
    """The earlier results of one class, by the key of today: those that its changes explain, and all others."""

    explained: dict[str, Move] = field(default_factory=dict)
    by_default: dict[str, Move] = field(default_factory=dict)
    unexplained: list[Move] = field(default_factory=list)


_EMPTY = _Index()
#: Where a class lists no changes there is nothing to find, only something to warn of: that may cost so many records.
_MOST_FOR_A_WARNING = 2000
_indexes: dict[tuple[type, str, int], _Index] = {}
_told: set[tuple[type, str]] = set()
_run: list[str] = []


def find(task: Task) -> Original | None:
    """Return where a published result is that the changes of its classes make one of this config, or None.

    None as well where somebody has said, under the key of today, that this result counts no longer.
    """
    found = _index(task).explained.get(task.furu_hash)
    if found is None or found.target != task.furu_ref or not alias.is_published(found.source.original):
        return None
    return None if plan.invalidated(found.target) else found.source.original


def adopt(task: Task) -> None:
    """Write the alias for what ``find`` has found, so that no other process has to look.

    A store that refuses is left as it is, and so is every store in scratch mode.
    """
    found = _index(task).explained.get(task.furu_hash)
    if found is None or found.target is None or config.current().scratch:
        return
    if not _run:
        _run.append(run.new_run())
    target = Artifact(found.target, directory(found.target))
    try:
        os.makedirs(target.meta_dir, exist_ok=True)
        alias.write(target.meta_dir, run.record(found, _run[0]))
    except OSError:
        pass


def tell_stale(task: Task) -> None:
    """Say that a config is computed anew although an earlier form of it has a result, as ``FURU_STALE`` asks.

    Raises ``FuruStaleError`` under ``FURU_STALE=error``.
    """
    asked = config.current().stale
    if asked == "ignore":
        return
    index = _index(task)
    found = index.by_default.get(task.furu_hash)
    if found is not None:
        message = (
            f"{task.furu_ref.label} is not computed yet, but {found.source.ref.label} is the same config from before its "
            f"class was changed ({'; '.join(found.steps) or 'another schema'})"
        )
        hints = [
            f"furu migrate {task.furu_ref.namespace} --defaults  keeps such results; furu why shows the differences",
            "FURU_STALE=warn computes it anew, FURU_STALE=ignore does so without a word",
        ]
        if asked == "error":
            raise FuruStaleError(message, hints=hints)
        _warn(f"{message}; it is computed anew. To keep the result: furu migrate {task.furu_ref.namespace} --defaults")
    elif index.unexplained and (key := (type(task), _own(task))) not in _told:
        _told.add(key)
        first = index.unexplained[0]
        _warn(
            f"{len(index.unexplained)} stored results of {type(task).__qualname__} are from before the class was changed, "
            f"and nothing says which config of today they belong to ({first.reason}); "
            "furu why shows the differences; list the changes in its migrations to keep them, or set FURU_STALE=ignore"
        )


def _own(task: Task) -> str:
    return stored.home("artifacts" if task.furu_ref.root == "artifacts" else "data", task.furu_ref.namespace)


def _index(task: Task) -> _Index:
    key = (type(task), _own(task), schemas.generation())
    found = _indexes.get(key)
    if found is None:
        sources = list(_sources(task))
        found = _indexes[key] = _looked_through(sources) if sources else _EMPTY
    return found


def _sources(task: Task) -> Iterator[Stored]:
    """Yield the results that may be of an earlier form: of the class, and of what it was called before."""
    if task.furu_ref.root == "scratch":
        return
    asked = config.current().stale
    for name in (task.furu_ref.namespace, *changes.former_names(type(task))):
        for kind in stored.roots():
            home = stored.home(kind, name)
            here = name == task.furu_ref.namespace and kind == task.furu_ref.root
            if schemas.outdated(home, changes.moved) or (
                not here and os.path.isdir(home) and not schemas.settled(home)
            ):
                found = filter(None, map(stored.read, stored.below(kind, name)))
                if not here or asked == "error" or schemas.with_changes(home):
                    yield from found
                elif asked == "warn":
                    yield from islice(found, _MOST_FOR_A_WARNING)


def _looked_through(sources: list[Stored]) -> _Index:
    rules, loose = Rules(), Rules(defaults=True)
    index = _Index()
    for source in sources:
        move = plan.moved(source, rules)
        if move is None or move.deliberate:
            continue
        if move.outcome == "alias":
            _newest(index.explained, move)
            continue
        guess = plan.moved(source, loose)
        if guess is not None and guess.outcome == "alias":
            _newest(index.by_default, guess)
        else:
            index.unexplained.append(move)
    return index


def _newest(found: dict[str, Move], move: Move) -> None:
    assert move.target is not None
    before = found.get(move.target.furu_hash)
    if before is None or plan.age(before) < plan.age(move):
        found[move.target.furu_hash] = move


def _warn(message: str) -> None:
    from furu.runtime.logging import get_logger

    get_logger().warning("%s", message)
