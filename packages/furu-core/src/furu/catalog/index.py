"""Index: one SQLite file that says what a scan of the store would, for queries.

It may be deleted at any time.  One that is damaged, or was made by another version of furu, is made anew.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from furu._sys import files
from furu.catalog import configs
from furu.catalog.expression import Container
from furu.catalog.fields import FIELDS
from furu.catalog.row import Need, Row
from furu.errors import FuruError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from furu.catalog.expression import Plain

#: Changed with every change of the tables or of what rows say.
VERSION = 1

COLUMNS = tuple(name for name, field in FIELDS.items() if field.kind != "texts")
_SORTED_BY = (
    "started",
    "ended",
    "updated",
    "created",
    "duration",
    "size",
    "result",
    "attempt",
    "class",
    "host",
    "user",
)
_PAUSE_MS = 30_000


def _quoted(name: str) -> str:
    return f'"{name}"'


_QUOTED = [_quoted(name) for name in COLUMNS]
_TABLES = f"""
CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
    {", ".join(_QUOTED)},
    stamp INTEGER NOT NULL,
    UNIQUE (root, namespace, hash)
);
CREATE TABLE details (
    id INTEGER PRIMARY KEY, config TEXT NOT NULL, python TEXT, trouble TEXT, original TEXT
);
CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE leaves (
    path INTEGER, kind TEXT, value, artifact INTEGER, PRIMARY KEY (path, kind, value, artifact)
) WITHOUT ROWID;
CREATE TABLE tags (artifact INTEGER, tag TEXT, PRIMARY KEY (artifact, tag)) WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag);
CREATE TABLE needs (
    artifact INTEGER, path TEXT, hash TEXT, root TEXT, namespace TEXT, PRIMARY KEY (artifact, path, hash)
) WITHOUT ROWID;
CREATE INDEX needs_hash ON needs (hash);
CREATE TABLE skipped (path TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE INDEX artifacts_hash ON artifacts (hash);
CREATE INDEX artifacts_use ON artifacts (namespace, size, files, duration);
{"".join(f'CREATE INDEX "artifacts_{name}" ON artifacts ("{name}");' for name in _SORTED_BY)}
PRAGMA user_version = {VERSION};
"""

#: What a row is made of; the other columns follow from these.
_KEPT = [name for name in COLUMNS if name not in ("class", "versioned", "alias", "damaged", "schema")]
_SELECT = (
    f"SELECT a.id, {', '.join(_quoted(name) for name in _KEPT)}, d.config, d.python, d.trouble, d.original"
    " FROM artifacts a JOIN details d ON d.id = a.id"
)
_AT_ONCE = 500
_MOST_PATHS = 100_000

_PUT = (
    f"INSERT INTO artifacts ({', '.join(_QUOTED)}, stamp) VALUES ({', '.join('?' * len(COLUMNS))}, ?)"
    " ON CONFLICT (root, namespace, hash) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in (*_QUOTED, "stamp"))
)


class Index:
    """The tables, and one connection for each thread.  Usable from any thread, and anew in a forked child."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._local = threading.local()
        self._opening = threading.Lock()

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, opened where needed; a file that is no index of this version is replaced."""
        kept: tuple[int, int, sqlite3.Connection] | None = getattr(self._local, "kept", None)
        here = _inode(self.path)
        if kept is not None and kept[:2] == (os.getpid(), here):
            return kept[2]
        with self._opening:
            opened = self._opened()
        self._local.paths = {}
        self._local.kept = (os.getpid(), _inode(self.path), opened)
        return opened

    def _opened(self) -> sqlite3.Connection:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            try:
                return self._connected()
            except sqlite3.DatabaseError as error:
                if is_busy(error):
                    raise
                self.discard()
                return self._connected()
        except (OSError, sqlite3.Error) as error:
            raise FuruError(
                f"the index {self.path} cannot be opened: {error}",
                hints=["set FURU_CACHE_PATH to a directory of your own on a disk of this machine"],
            ) from error

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=_PAUSE_MS / 1000, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")  # what a power cut damages is made anew
            connection.execute("PRAGMA cache_size = -32768")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA cell_size_check = ON")
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
            connection.execute("COMMIT")
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError(f"the index has version {version}")
            connection.execute("SELECT count(*) FROM facts").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def discard(self) -> None:
        """Remove the file; the next use makes a new one."""
        for suffix in ("", "-wal", "-shm"):
            files.remove(self.path + suffix)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Write in one transaction, which is undone when the block fails."""
        connection = self.connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            self._local.paths = {}  # some may have been new
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def query(self, text: str, values: Sequence[Plain] = ()) -> list[tuple[Any, ...]]:
        """Return all rows that a SELECT finds."""
        return self.connection().execute(text, values).fetchall()

    def put(self, connection: sqlite3.Connection, rows: Iterable[tuple[Row, int]]) -> None:
        """Write rows, each with the stamp of its directory, over what was known of them."""
        for row, stamp in rows:
            connection.execute(_PUT, (*[row.value(name) for name in COLUMNS], stamp))
            key = (row.root, row.namespace, row.hash)
            number = connection.execute(
                "SELECT id FROM artifacts WHERE root = ? AND namespace = ? AND hash = ?", key
            ).fetchone()[0]
            config = json.dumps(row.config)
            before = connection.execute("SELECT config FROM details WHERE id = ?", (number,)).fetchone()
            if before is None or before[0] != config:
                if before is not None:
                    self._forget_leaves(connection, number, before[0])
                connection.executemany(
                    "INSERT OR IGNORE INTO leaves VALUES (?, ?, ?, ?)",
                    self._leaf_rows(connection, number, row.config),
                )
            connection.execute(
                "INSERT OR REPLACE INTO details VALUES (?, ?, ?, ?, ?)",
                (number, config, row.python, row.trouble, row.original),
            )
            if before is not None:
                connection.execute("DELETE FROM tags WHERE artifact = ?", (number,))
                connection.execute("DELETE FROM needs WHERE artifact = ?", (number,))
            connection.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(number, tag) for tag in row.tags])
            connection.executemany(
                "INSERT OR IGNORE INTO needs VALUES (?, ?, ?, ?, ?)",
                [(number, need.path, need.furu_hash, need.root, need.namespace) for need in row.needs],
            )

    def remove(self, connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
        """Forget rows."""
        for number in numbers:
            config = connection.execute("SELECT config FROM details WHERE id = ?", (number,)).fetchone()
            if config is not None:
                self._forget_leaves(connection, number, config[0])
            for table, key in (("artifacts", "id"), ("details", "id"), ("tags", "artifact"), ("needs", "artifact")):
                connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (number,))

    def rows(self, numbers: Iterable[int]) -> Iterator[Row]:
        """Yield rows in the order of their numbers; what was removed meanwhile is passed over."""
        pending = iter(numbers)
        while some := list(islice(pending, _AT_ONCE)):
            marks = ", ".join("?" * len(some))
            found = {row[0]: row for row in self.query(f"{_SELECT} WHERE a.id IN ({marks})", some)}
            tags = self._grouped("SELECT artifact, tag FROM tags", some)
            needs = self._grouped("SELECT artifact, path, root, namespace, hash FROM needs", some)
            for number in some:
                if number in found:
                    yield _row(found[number], tags.get(number, []), needs.get(number, []))

    def _grouped(self, select: str, numbers: list[int]) -> dict[int, list[tuple[Any, ...]]]:
        found: dict[int, list[tuple[Any, ...]]] = {}
        marks = ", ".join("?" * len(numbers))
        for number, *rest in self.query(f"{select} WHERE artifact IN ({marks})", numbers):
            found.setdefault(number, []).append(tuple(rest))
        return found

    def _forget_leaves(self, connection: sqlite3.Connection, number: int, config: str) -> None:
        connection.executemany(
            "DELETE FROM leaves WHERE path = ? AND kind = ? AND value = ? AND artifact = ?",
            self._leaf_rows(connection, number, json.loads(config)),
        )

    def _leaf_rows(
        self, connection: sqlite3.Connection, number: int, config: dict[str, Any]
    ) -> list[tuple[int, str, Plain, int]]:
        return [(self._path(connection, path), *_typed(value), number) for path, value in configs.leaves(config)]

    def _path(self, connection: sqlite3.Connection, path: str) -> int:
        paths: dict[str, int] = self._local.paths
        known = paths.get(path)
        if known is None:
            connection.execute("INSERT OR IGNORE INTO paths (path) VALUES (?)", (path,))
            known = int(connection.execute("SELECT id FROM paths WHERE path = ?", (path,)).fetchone()[0])
            if len(paths) < _MOST_PATHS:
                paths[path] = known
        return known


def is_busy(error: sqlite3.DatabaseError) -> bool:
    """Return whether another process keeps the file busy; whatever else SQLite says of it, it can be made anew."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def _row(kept: tuple[Any, ...], tags: list[tuple[Any, ...]], needs: list[tuple[Any, ...]]) -> Row:
    _, *columns, config, python, trouble, original = kept
    fields = dict(zip(_KEPT, columns, strict=True))
    fields["pinned"] = bool(fields["pinned"])
    return Row(
        **fields,
        config=json.loads(config),
        python=python,
        trouble=trouble,
        original=original,
        tags=tuple(sorted(tag for (tag,) in tags)),
        needs=tuple(Need(*one) for one in needs),
    )


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def _typed(value: Plain | Container) -> tuple[str, Plain]:
    """Return kind and value of a leaf as they are kept."""
    if value is None:
        return "z", 0
    if isinstance(value, Container):
        return "c", 0
    if isinstance(value, bool):
        return "b", int(value)
    return ("s" if isinstance(value, str) else "n"), value
