"""``furu.find``: the artifacts a query is about, as records, as Furu objects, or as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from furu.catalog import place as places
from furu.catalog import query as language
from furu.catalog.catalog import PATIENCE_SEC, Catalog
from furu.catalog.configs import CLASS
from furu.errors import FuruError
from furu.identity import serializer
from furu.storage import alias
from furu.storage.layout import META
from furu.storage.managers import MetadataManager, StateManager

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    import pandas as pd
    import polars as pl

    from furu.catalog.expression import Expression
    from furu.catalog.row import Need, Row
    from furu.storage.provenance import Metadata
    from furu.storage.state import State

_AT_ONCE = 1_000


def find(
    query: str = "",
    *,
    sort: str | Sequence[str] = "-updated",
    limit: int | None = None,
    root: str | os.PathLike[str] | None = None,
    patience_sec: float = PATIENCE_SEC,
) -> Records:
    """Return the artifacts that a query is about, such as ``"result=success config.lr<0.01 class=Train* started>-2d"``.

    ``sort`` names fields, ``-`` before a name for the largest first.  ``root`` is another store than that of ``FURU_PATH``.
    Nothing is read but an index outside of the store, which is made at the first use; afterwards it is brought up to date in
    the background, for which this waits ``patience_sec`` at the most.

    Raises ``FuruQueryError``, which points at the place, when the query is not understood.
    """
    meaning = language.parse(query)
    catalog = Catalog.of(places.of_settings() if root is None else places.below(root), patience_sec=patience_sec)
    order = tuple(sort.replace(",", " ").split()) if isinstance(sort, str) else tuple(sort)
    found = Records(catalog, meaning, order, limit, query)
    catalog.rows(meaning, sort=order, limit=0)  # a field to sort by that there is none of is told here
    return found


class Record:
    """One artifact, as the catalog knows it.

    Times are in UTC, None where there is none; durations are seconds, sizes bytes.
    """

    __slots__ = ("_row", "directory")

    def __init__(self, row: Row, directory: str) -> None:
        self._row = row
        self.directory = Path(directory)

    @property
    def furu_hash(self) -> str:
        """The key of the config."""
        return self._row.hash

    @property
    def namespace(self) -> str:
        """Module and class."""
        return self._row.namespace

    @property
    def class_name(self) -> str:
        """The class without its module."""
        return self._row.class_name

    @property
    def result(self) -> str:
        """One of absent, incomplete, success, failed and migrated."""
        return self._row.result

    @property
    def attempt(self) -> str | None:
        """The status of the last attempt."""
        return self._row.attempt

    @property
    def started(self) -> datetime | None:
        """When the last attempt began."""
        return _moment(self._row.started)

    @property
    def ended(self) -> datetime | None:
        """When it ended."""
        return _moment(self._row.ended)

    @property
    def duration_sec(self) -> float | None:
        """How long it took."""
        return self._row.duration

    @property
    def size_bytes(self) -> int:
        """The space it takes on the disk."""
        return self._row.size

    @property
    def host(self) -> str | None:
        """Where it was computed last."""
        return self._row.host

    @property
    def user(self) -> str | None:
        """Who computed it last."""
        return self._row.user

    @property
    def error(self) -> str | None:
        """What the last failure raised: class and message."""
        return self._row.error

    @property
    def name(self) -> str | None:
        """Its name for people."""
        return self._row.name

    @property
    def note(self) -> str | None:
        """What people note about it."""
        return self._row.note

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return self._row.tags

    @property
    def pinned(self) -> bool:
        """Whether it is kept from ``furu gc``."""
        return self._row.pinned

    @property
    def config(self) -> dict[str, Any]:
        """The config as plain JSON, nested records with their class under ``$class``."""
        return self._row.config

    @property
    def python(self) -> str | None:
        """The config as a Python expression."""
        return self._row.python

    @property
    def dependencies(self) -> tuple[Need, ...]:
        """Its declared dependencies."""
        return self._row.needs

    def object(self) -> Any:
        """Return the Furu object, importing its class.

        Raises ``FuruError`` naming what is missing when the class is gone or has other fields now.
        """
        stands_for = alias.read(f"{self.directory}/{META}") if self._row.alias else None
        return serializer.from_dict(stands_for.furu_obj if stands_for else self.get_metadata().furu_obj)

    def get_metadata(self) -> Metadata:
        """Return config, git and environment as they were recorded, read now."""
        return MetadataManager.read_metadata(self.directory)

    def get_state(self) -> State:
        """Return result and last attempt, read now."""
        return StateManager.read_state(self.directory)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as one flat row: ``config.optimizer.lr`` and the like, lists as they are."""
        row = self._row
        own = {
            "furu_hash": row.hash,
            "class": row.class_name,
            "namespace": row.namespace,
            "name": row.name,
            "result": row.result,
            "attempt": row.attempt,
            "started": self.started,
            "ended": self.ended,
            "duration_sec": row.duration,
            "size_bytes": row.size,
            "host": row.host,
            "user": row.user,
            "backend": row.backend,
            "error": row.error,
            "tags": list(row.tags),
            "pinned": row.pinned,
            "note": row.note,
            "directory": str(self.directory),
        }
        return own | dict(_flat("config", row.config))

    def __repr__(self) -> str:
        return f"<{self._row.label} {self.result}: {self._row.python or self.directory}>"


class Records(Sequence[Record]):
    """What ``furu.find`` found.  Asked for when it is looked at; looking again asks again."""

    def __init__(
        self, catalog: Catalog, meaning: Expression, order: tuple[str, ...], limit: int | None, query: str
    ) -> None:
        self._catalog = catalog
        self._meaning = meaning
        self._order = order
        self._limit = limit
        self._query = query

    def _records(self, offset: int, limit: int | None) -> Iterator[Record]:
        rows = self._catalog.rows(self._meaning, sort=self._order, limit=limit, offset=offset)
        return (Record(row, self._catalog.directory(row)) for row in rows)

    def __iter__(self) -> Iterator[Record]:
        return self._records(0, self._limit)

    def __len__(self) -> int:
        count = self._catalog.count(self._meaning)
        return count if self._limit is None else min(count, self._limit)

    @overload
    def __getitem__(self, at: int) -> Record: ...

    @overload
    def __getitem__(self, at: slice) -> list[Record]: ...

    def __getitem__(self, at: int | slice) -> Record | list[Record]:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            return list(self._records(start, max(0, stop - start)))[::step] if step > 0 else list(self)[at]
        position = at + len(self) if at < 0 else at
        found = next(self._records(position, 1), None) if 0 <= position < len(self) else None
        if found is None:
            raise IndexError(f"there is no record {at}: {len(self)} were found")
        return found

    def sort(self, *fields: str) -> Records:
        """Return the same records in another order: fields of the query language, ``-`` for the largest first."""
        self._catalog.rows(self._meaning, sort=fields, limit=0)
        return Records(self._catalog, self._meaning, fields, self._limit, self._query)

    def objects(self) -> list[Any]:
        """Return the Furu objects, importing their classes.

        Raises ``FuruError`` naming the artifact and what is missing when a class is gone or has other fields now.
        """
        found = []
        for record in self:
            try:
                found.append(record.object())
            except FuruError as error:
                raise FuruError(f"{record.directory}: {error.message}", hints=error.hints) from error
        return found

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one flat row for each record; all have the same keys."""
        rows = [record.to_dict() for record in self]
        keys = dict.fromkeys(key for row in rows for key in row)
        return [{key: row.get(key) for key in keys} for row in rows]

    def to_pandas(self) -> pd.DataFrame:
        """Return a pandas frame with a row for each record and a column for each field of their configs.

        Raises ``ImportError`` naming the package to install.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("to_pandas() needs pandas. Install it with:  pip install pandas") from None
        return pd.DataFrame(self.to_dicts())

    def to_polars(self) -> pl.DataFrame:
        """Return a polars frame with a row for each record and a column for each field of their configs.

        A column whose values have several types becomes one of texts.  Raises ``ImportError`` naming the package to install.
        """
        try:
            import polars as pl
        except ImportError:
            raise ImportError("to_polars() needs polars. Install it with:  pip install polars") from None
        rows = self.to_dicts()
        columns = {key: _one_type([row[key] for row in rows]) for key in (rows[0] if rows else ())}
        return pl.DataFrame(columns, strict=False)

    def __repr__(self) -> str:
        return f"<furu.find({self._query!r}): {len(self)} records>"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what stands below a dict of a config, nested dicts by their dotted paths."""
    for name, one in value.items():
        if name == CLASS:
            continue
        if isinstance(one, dict):
            if isinstance(one.get(CLASS), str):
                yield f"{path}.{name}", one[CLASS]
            yield from _flat(f"{path}.{name}", one)
        else:
            yield f"{path}.{name}", one


def _one_type(values: list[Any]) -> list[Any]:
    """Return a column as it is where its values have one type, or are numbers, and as texts where they have several."""
    types = {type(value) for value in values} - {type(None)}
    if (len(types) <= 1 and not types & {list, dict}) or types == {int, float}:
        return values
    if types == {list} and len({type(item) for value in values for item in value or ()} - {type(None)}) <= 1:
        return values
    return [value if value is None or isinstance(value, str) else str(value) for value in values]
