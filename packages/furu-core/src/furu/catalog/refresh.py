"""Refresh: bring the index up to what the store holds, reading again only what changed.

Every change of an artifact's records renames or makes a file in its ``.furu``, so the time of that directory tells whether to
read it again.  One whose attempt has not ended is always read again: its process may die without a word.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog import reading, scan
from furu.storage.layout import META

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from furu._sys.clock import Clock
    from furu.catalog.index import Index
    from furu.catalog.place import Place
    from furu.catalog.row import Row
    from furu.catalog.scan import Folder

    #: Told (artifacts looked at, artifacts in all, artifacts read) every now and then.
    Progress = Callable[[int, int, int], None]

#: A directory that changed so recently may change again without a new time: it is read again the next time.
_RACY_SEC = 2.0
_AT_ONCE = 500
#: Looking at a directory of a network file system is waiting, which threads do side by side.
_THREADS = 8


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: artifacts there are, read, and forgotten, and the seconds it took."""

    seen: int
    read: int
    removed: int
    duration_sec: float


class _Known(NamedTuple):
    number: int
    stamp: int


class _Look(NamedTuple):
    """What looking at one directory gave: a row and its stamp; or why it is skipped; or neither, when nothing changed."""

    name: str
    row: Row | None = None
    stamp: int = 0
    skipped: str | None = None
    vanished: bool = False


def refresh(
    index: Index,
    place: Place,
    *,
    progress: Progress | None = None,
    stopped: Callable[[], bool] = bool,
    clock: Clock = SYSTEM_CLOCK,
) -> Refreshed:
    """Bring the index up to date and return what was done.

    Promise: one bad directory costs itself alone.  What was read is kept when ``stopped()`` ends the refresh early, or the
    process dies; the next one goes on from there.  Several processes may refresh one index.
    """
    started = clock.monotonic()
    folders: list[Folder] = []
    skipped: dict[str, str] = {}
    for root, top in place.roots:
        for found in scan.folders(root, top):
            if isinstance(found, scan.Skipped):
                skipped[found.path] = found.reason
            else:
                folders.append(found)
    total = sum(len(folder.hashes) for folder in folders)
    read = removed = seen = 0
    with ThreadPoolExecutor(_THREADS, "furu-index") as pool:
        for folder in folders:
            known = _known(index.connection(), folder)
            gone = set(known)
            for start in range(0, len(folder.hashes), _AT_ONCE):
                if stopped():
                    return Refreshed(seen, read, removed, clock.monotonic() - started)
                looks = list(_looks(pool, folder, folder.hashes[start : start + _AT_ONCE], known, clock.now()))
                fresh = [(look.row, look.stamp) for look in looks if look.row is not None]
                skipped |= {f"{folder.path}/{look.name}": look.skipped for look in looks if look.skipped}
                gone -= {look.name for look in looks if not look.skipped and not look.vanished}
                if fresh:
                    with index.writing() as connection:
                        index.put(connection, fresh)
                read += len(fresh)
                seen += len(looks)
                if progress is not None:
                    progress(seen, total, read)
            if gone:
                removed += len(gone)
                with index.writing() as connection:
                    index.remove(connection, [known[name].number for name in gone])
    removed += _forget_folders(index, {(folder.root, folder.namespace) for folder in folders})
    with index.writing() as connection:
        connection.execute("DELETE FROM skipped")
        connection.executemany("INSERT INTO skipped VALUES (?, ?)", sorted(skipped.items()))
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('refreshed_at', ?)", (clock.now(),))
    return Refreshed(seen, read, removed, clock.monotonic() - started)


def _known(connection: sqlite3.Connection, folder: Folder) -> dict[str, _Known]:
    """Return what the index knows of a folder; what has not ended is given a stamp that no directory has."""
    found = connection.execute(
        "SELECT hash, id, CASE WHEN attempt IN ('running', 'queued') THEN -1 ELSE stamp END"
        " FROM artifacts WHERE root = ? AND namespace = ?",
        (folder.root, folder.namespace),
    )
    return {name: _Known(number, stamp) for name, number, stamp in found}


def _looks(
    pool: ThreadPoolExecutor, folder: Folder, names: list[str], known: dict[str, _Known], now: float
) -> Iterator[_Look]:
    def look(some: list[str]) -> list[_Look]:
        return [_look(folder, name, known.get(name), now) for name in some]

    size = max(20, len(names) // _THREADS)
    for done in pool.map(look, [names[start : start + size] for start in range(0, len(names), size)]):
        yield from done


def _look(folder: Folder, name: str, known: _Known | None, now: float) -> _Look:
    directory = f"{folder.path}/{name}"
    try:
        changed = os.stat(f"{directory}/{META}").st_mtime_ns
        if known is not None and known.stamp == changed:
            return _Look(name)
        row = reading.read(folder.root, folder.namespace, name, directory)
    except FileNotFoundError:
        return _Look(name, skipped="has no .furu" if os.path.isdir(directory) else None, vanished=True)
    except OSError as error:
        return _Look(name, skipped=f"cannot be read: {error.strerror or error}")
    settled = changed / 1e9 < now - _RACY_SEC
    return _Look(name, row, changed if settled else 0)


def _forget_folders(index: Index, there: set[tuple[str, str]]) -> int:
    """Forget artifacts of classes of which no folder is left."""
    known = index.connection().execute("SELECT DISTINCT root, namespace FROM artifacts").fetchall()
    removed = 0
    for gone in set(known) - there:
        with index.writing() as connection:
            numbers = connection.execute("SELECT id FROM artifacts WHERE root = ? AND namespace = ?", gone).fetchall()
            index.remove(connection, [number for (number,) in numbers])
            removed += len(numbers)
    return removed
