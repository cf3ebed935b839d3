"""Legacy: the stores of earlier releases, under the names huldra, gren and furu 0.0.x, taken over as aliases.

They have the same shape: ``data/<module>/<Class>/<hash>/`` (or ``git/``, or ``artifacts/``), and in each artifact a folder
named after the program with ``metadata.json`` and, once it was computed, ``SUCCESS.json``.  The config in the record is a
tree of dictionaries with ``__class__``; it knows JSON's own values only, so paths and members of enums are text, and
tuples are lists.
"""

from __future__ import annotations

import json
import os
from typing import Any

from furu.errors import FuruError
from furu.identity import fitting, names
from furu.identity.upgrade import Rules
from furu.migration import plan, run
from furu.migration.plan import Move
from furu.storage import layout, marker, results, stored
from furu.storage.layout import META, METADATA
from furu.storage.stored import Stored
from furu.task import ArtifactRef, Original

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.migration.run import MigrationReport

FOLDERS = (".furu", ".gren", ".huldra")
_NO_ARTIFACTS = frozenset(("raw", "submitit"))
_CLASS = "__class__"


def take_over(path: str | os.PathLike[str], *, defaults: bool = False, dry_run: bool = False) -> MigrationReport:
    """Let the results of an old store count for the configs of today.

    The classes have to be importable under their stored names, or say with ``furu.MovedFrom`` what they were called.  Nothing
    is copied: the old store has to stay where it is, and is only read.  What cannot be taken is in the report, with the
    reason.

    Raises ``FuruError`` when ``path`` is no directory, or holds no artifacts.
    """
    top = os.path.abspath(path)
    if not os.path.isdir(top):
        raise FuruError(f"there is no directory {top}")
    found = [_looked_at(directory, folder) for directory, folder in _artifacts(top)]
    if not found:
        raise FuruError(
            f"{top} holds no artifacts: no directory below it has a folder {' or '.join(FOLDERS)}",
            hints=["name the directory that HULDRA_PATH, GREN_PATH or FURU_PATH was set to"],
        )
    for one in found:
        _import(one)
    rules = Rules(defaults=defaults, fit=fitting.fitted)
    targets = plan.Targets()
    for one in found:
        targets.add(one if isinstance(one, Move) else _moved(one, rules))
    return run.make(targets.all(), dry_run=dry_run)


def _artifacts(top: str) -> Iterator[tuple[str, str]]:
    """Yield (directory, name of its folder of records) of every artifact below a directory; links are not followed."""
    pending = [top]
    while pending:
        directory = pending.pop()
        try:
            with os.scandir(directory) as entries:
                below = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            continue
        folder = next((name for name in FOLDERS if name in below), None)
        if folder is not None:
            yield directory, folder
        else:
            skipped = _NO_ARTIFACTS if directory == top else frozenset()
            pending += [f"{directory}/{name}" for name in reversed(below) if name not in skipped]


def _looked_at(directory: str, folder: str) -> Stored | Move:
    """Return the result in a directory, or why there is none to take."""
    ref = ArtifactRef("data", ".".join(directory.split("/")[-3:-1]), os.path.basename(directory))
    nothing = Stored(ref, directory, None, Original(ref, directory, folder))
    try:
        with open(f"{directory}/{folder}/{METADATA}", "rb") as file:
            record = json.loads(file.read())
        described = _translated(record[f"{folder[1:]}_obj"])
        name = described["$class"]
    except FileNotFoundError:
        return _left(nothing, "it has no metadata.json")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return _left(nothing, f"its metadata.json cannot be read: {type(error).__name__}: {error}")
    ref = ArtifactRef(_root(name, directory), name, os.path.basename(directory))
    at_home = folder == META and os.path.realpath(layout.directory(ref)) == os.path.realpath(directory)
    original = Original(ref) if at_home else Original(ref, directory, folder)
    source = Stored(ref, directory, described, original, str(record.get("timestamp", "")))
    return source if marker.present(f"{directory}/{folder}") else _left(source, "it was never finished")


def _root(name: str, directory: str) -> Any:
    """Return in which root of today's an artifact lies, by its directory; outside of all of them, ``data``."""
    for kind in stored.roots():
        home = layout.directory(ArtifactRef(kind, name, os.path.basename(directory)))
        if os.path.realpath(home) == os.path.realpath(directory):
            return kind
    return "data"


def _translated(value: Any) -> Any:
    """Return a config as it would be written today."""
    if isinstance(value, list):
        return [_translated(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _CLASS not in value:
        return {key: _translated(item) for key, item in value.items()}
    fields = {key: _translated(item) for key, item in value.items() if key != _CLASS and not key.startswith("_")}
    return {"$class": value[_CLASS], **fields}


def _import(one: Stored | Move) -> None:
    """Import what a config names, so that the classes that say what they were called before are there to be asked."""
    described = one.furu_obj if isinstance(one, Stored) else None
    if isinstance(described, dict):
        try:
            names.resolve(str(described["$class"]))
        except FuruError:  # whoever needs it will be told
            pass


def _moved(source: Stored, rules: Rules) -> Move:
    move = plan.moved(source, rules, step="imported")
    if move is None:
        return _left(source, "it is an artifact of today's store already")
    if move.outcome == "alias" and not _can_be_loaded(type(move.config), source):
        return _left(source, f"{type(move.config).__qualname__} has no _load of its own to read its files with")
    return move


def _can_be_loaded(cls: type, source: Stored) -> bool:
    own = any("_load" in vars(base) for base in cls.__mro__ if not base.__module__.startswith("furu."))
    return own or results.stored_format(f"{source.directory}/{source.original.meta}") is not None


def _left(source: Stored, reason: str) -> Move:
    return Move(outcome="unexplained", source=source, reason=reason)
