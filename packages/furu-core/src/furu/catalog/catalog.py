"""``Catalog``: what a store holds, for queries.

The index behind it is made at the first use.  Afterwards a query never waits for a scan: it may wait a moment for one that
runs in the background, and answers from what is known when that takes longer.
"""

from __future__ import annotations

import atexit
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from furu.catalog import index as tables
from furu.catalog import place as places
from furu.catalog import sql
from furu.catalog.expression import EVERYTHING
from furu.catalog.fields import CONFIG, FIELDS
from furu.catalog.query import field_named
from furu.catalog.refresh import refresh
from furu.errors import FuruError, FuruQueryError
from furu.runtime.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from furu.catalog.expression import Expression, Plain
    from furu.catalog.place import Place
    from furu.catalog.refresh import Progress, Refreshed
    from furu.catalog.row import Row
    from furu.catalog.sql import Condition

#: How long a query waits for a refresh in the background.
PATIENCE_SEC = 1.0

_ending = threading.Event()
atexit.register(_ending.set)


class Catalog:
    """The artifacts of one store.  Usable from any thread.

    Making one costs nothing.  Questions are answered from the index as it is; ``freshen`` brings it up to date.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.index = tables.Index(places.index_file(place))
        self._lock = threading.Lock()
        self._filled = threading.local()  # the connection of which each thread knows that its index was filled
        self._running: threading.Thread | None = None

    @classmethod
    def of(
        cls, place: Place | None = None, *, progress: Progress | None = None, patience_sec: float = PATIENCE_SEC
    ) -> Catalog:
        """Return the catalog of a store (that of the settings), as fresh as ``patience_sec`` allows.

        Where there is no index yet, it is made first, however long that takes.
        """
        catalog = cls(place or places.of_settings())
        catalog.freshen(progress=progress, patience_sec=patience_sec)
        return catalog

    @property
    def refreshed_at(self) -> float | None:
        """When the index was last as the store (seconds since the epoch); None when it never was."""
        found = self._query("SELECT value FROM facts WHERE name = 'refreshed_at'")
        return found[0][0] if found else None

    def refresh(self, *, progress: Progress | None = None) -> Refreshed:
        """Bring the index up to date, and return what changed."""
        for _ in range(2):
            try:
                return refresh(self.index, self.place, progress=progress, stopped=_ending.is_set)
            except sqlite3.DatabaseError as error:
                if tables.is_busy(error):
                    raise
                self.index.discard()  # it was damaged, or replaced by another process in between
        return refresh(self.index, self.place, progress=progress, stopped=_ending.is_set)

    def freshen(self, *, progress: Progress | None = None, patience_sec: float = PATIENCE_SEC) -> bool:
        """Begin a refresh in the background and wait for it as long as patience lasts; return whether it is done.

        Where there is no index yet, it is made first.
        """
        if self.refreshed_at is None:
            self.refresh(progress=progress)
            return True
        with self._lock:
            if self._running is None or not self._running.is_alive():
                self._running = threading.Thread(target=self._refresh_quietly, name="furu-refresh", daemon=True)
                self._running.start()
            running = self._running
        running.join(None if patience_sec == float("inf") else patience_sec)
        return not running.is_alive()

    def _refresh_quietly(self) -> None:
        try:
            self.refresh()
        except (FuruError, OSError, sqlite3.Error) as error:
            get_logger().warning("the index of %s was not refreshed: %s", self.place.base, error)

    def rows(
        self,
        expression: Expression = EVERYTHING,
        *,
        sort: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[Row]:
        """Yield the artifacts for which an expression holds.

        ``sort`` names fields, ``-`` before a name for the largest first; what has no value comes last.  Without it the newest
        come first.  Raises ``FuruQueryError`` for a field there is none of.
        """
        segments = _segments(sort or ("-updated",), sql.condition(expression))
        return self._found(self._numbers(segments, limit, offset))

    def _found(self, numbers: Iterable[int]) -> Iterator[Row]:
        try:
            yield from self.index.rows(numbers)
        except sqlite3.DatabaseError as error:
            if tables.is_busy(error):
                raise
            self.index.discard()
            raise FuruError(
                f"the index of {self.place.base} was damaged: {error}",
                hints=["it was removed; ask again, and it is made anew"],
            ) from error

    def _numbers(self, segments: list[_Segment], limit: int | None, offset: int) -> Iterator[int]:
        """Yield the numbers of the rows of all segments, one after the other."""
        left = -1 if limit is None else limit
        for segment in segments:
            if left == 0:
                return
            selected = f"SELECT a.id FROM {segment.source} WHERE {segment.where.sql}"
            text = f"{selected} ORDER BY {segment.order} LIMIT ? OFFSET ?"
            found = self._ask(text, [*segment.where.values, left, offset])
            if found:
                offset = 0
            elif offset:
                counted = f"SELECT count(*) FROM {segment.source} WHERE {segment.where.sql}"
                offset -= self._one(counted, segment.where.values)
            left -= len(found) if limit is not None else 0
            for (number,) in found:
                yield number

    def count(self, expression: Expression = EVERYTHING) -> int:
        """Return for how many artifacts an expression holds."""
        where = sql.condition(expression)
        return int(self._one(f"SELECT count(*) FROM artifacts a WHERE {where.sql}", where.values))

    def counts(self, field: str, expression: Expression = EVERYTHING) -> Counter[str]:
        """Return how many artifacts have each value of a field; those without one are not counted."""
        where = sql.condition(expression)
        column = sql.column(field)
        found = self._ask(
            f"SELECT {column}, count(*) FROM artifacts a WHERE {where.sql} AND {column} IS NOT NULL GROUP BY 1",
            where.values,
        )
        return Counter(dict(found))

    def sums(self, by: Sequence[str], expression: Expression = EVERYTHING) -> list[tuple[Any, ...]]:
        """Return (values of the fields ``by``, artifacts, bytes, files, seconds) of each group, the largest first."""
        where = sql.condition(expression)
        columns = ", ".join(sql.column(name) for name in by)
        return self._ask(
            f"SELECT {columns}, count(*), sum(a.size), sum(a.files), total(a.duration) FROM artifacts a"
            f" WHERE {where.sql} GROUP BY {columns} ORDER BY sum(a.size) DESC, {columns}",
            where.values,
        )

    def needing(self, furu_hash: str) -> list[Row]:
        """Return the artifacts that name this one as a dependency."""
        text = (
            "SELECT id FROM artifacts WHERE id IN (SELECT artifact FROM needs WHERE hash = ?) ORDER BY namespace, hash"
        )
        return list(self._found(self._firsts(text, [furu_hash])))

    def get(self, root: str, namespace: str, furu_hash: str) -> Row | None:
        """Return what is known of one artifact, None when there is none of that name."""
        text = "SELECT id FROM artifacts WHERE root = ? AND namespace = ? AND hash = ?"
        return next(self._found(self._firsts(text, [root, namespace, furu_hash])), None)

    def needed_by(self) -> dict[str, set[str]]:
        """Return the hashes of those that name an artifact as their dependency, by its hash."""
        found: dict[str, set[str]] = {}
        text = "SELECT n.hash, a.hash FROM needs n JOIN artifacts a ON a.id = n.artifact"
        for needed, by in self._ask(text):
            found.setdefault(needed, set()).add(by)
        return found

    def named(self, hash_prefix: str, *, limit: int = 20) -> list[Row]:
        """Return the artifacts whose hash begins so."""
        text = "SELECT id FROM artifacts WHERE hash >= ? AND hash < ? ORDER BY hash LIMIT ?"
        return list(self._found(self._firsts(text, [hash_prefix, f"{hash_prefix}g", limit])))

    def skipped(self) -> list[tuple[str, str]]:
        """Return the directories in the store that are no artifacts, and why."""
        return [(path, reason) for path, reason in self._ask("SELECT path, reason FROM skipped ORDER BY path")]

    def paths(self, prefix: str = "") -> list[str]:
        """Return the dotted paths of config fields that begin so, for completion."""
        found = self._firsts("SELECT path FROM paths ORDER BY path", [])
        return [path for path in found if path.startswith(prefix)]

    def directory(self, row: Row) -> str:
        """Return the absolute directory of an artifact."""
        return self.place.directory(row.root, row.namespace, row.hash)

    def _ask(self, text: str, values: Sequence[Plain] = ()) -> list[tuple[Any, ...]]:
        """Return what a SELECT finds in an index that was filled: one that was lost since is made anew first."""
        connection = self.index.connection()
        if getattr(self._filled, "connection", None) is not connection:
            if self.refreshed_at is None:
                self.refresh()
            self._filled.connection = self.index.connection()
        return self._query(text, values)

    def _query(self, text: str, values: Sequence[Plain] = ()) -> list[tuple[Any, ...]]:
        """Return what a SELECT finds; an index that turns out to be damaged is made anew first."""
        try:
            return self.index.query(text, values)
        except sqlite3.DatabaseError as error:
            if tables.is_busy(error):
                raise
        self.index.discard()
        self.refresh()
        return self.index.query(text, values)

    def _firsts(self, text: str, values: Sequence[Plain]) -> list[Any]:
        return [first for (first,) in self._ask(text, values)]

    def _one(self, text: str, values: Sequence[Plain]) -> Any:
        return self._ask(text, values)[0][0]


@dataclass(frozen=True, slots=True)
class _Segment:
    """A part of an ordered answer."""

    source: str
    where: Condition
    order: str


def _segments(sort: Sequence[str], where: Condition) -> list[_Segment]:
    """Return the parts of an answer in their order.

    An answer in the order of a field of the config has one part for each type of value, which the leaves hold in that order, so
    that the first rows are found without a look at the others; then come those that have no such field.
    """
    parts: list[str] = []
    path = None
    for said in sort:
        name, direction = (said[1:], "DESC") if said[:1] == "-" else (said, "ASC")
        field = field_named(name)
        if field is None or (field in FIELDS and FIELDS[field].kind == "texts"):
            known = ", ".join(name for name, of in FIELDS.items() if of.kind != "texts")
            raise FuruQueryError(f"artifacts cannot be sorted by {name!r}", hints=[f"by {known}, or config.<field>"])
        if not field.startswith(CONFIG):
            parts.append(f"{sql.column(field)} {direction}" + (" NULLS LAST" if direction == "ASC" else ""))
        elif said == sort[0]:
            path = field.removeprefix(CONFIG)
            parts.append(f"l.value {direction}")
        else:
            raise FuruQueryError(f"{name} can only be the first field to sort by", hints=[f"put {name} first"])
    last = "DESC" if sort[-1][:1] == "-" else "ASC"
    if path is None:
        return [_Segment("artifacts a", where, f"{', '.join(parts)}, a.id {last}")]
    kinds = "snb" if sort[0][:1] == "-" else "bns"
    at = "l.path = (SELECT id FROM paths WHERE path = ?) AND l.kind"
    ordered = [
        _Segment(
            "leaves l CROSS JOIN artifacts a ON a.id = l.artifact",
            sql.Condition(f"{at} = '{kind}'", [path]).and_(where),
            f"{', '.join(parts)}, l.artifact {last}",
        )
        for kind in kinds
    ]
    absent = sql.Condition(f"a.id NOT IN (SELECT l.artifact FROM leaves l WHERE {at} IN ('b', 'n', 's'))", [path])
    return [*ordered, _Segment("artifacts a", absent.and_(where), "a.id")]
