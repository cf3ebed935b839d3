"""Encode: a config as JSON-ready data.

A record is ``{"$class": name, field: value, ...}``, read from what its constructor takes.  JSON's own values stand for
themselves; what JSON cannot say is an object with one ``$tag``.  What else of a class decides keys is in ``$revision`` and ``$source``, and the changes it lists in ``$changes``.  A record that is met twice, or lies deeper than
``_DEEPEST`` records, is written once into ``$objects`` of the outermost record, and is ``{"$ref": n}`` where it is used.
"""

from __future__ import annotations

from furu import config
from furu.errors import FuruCycleError, FuruIdentityError
from furu.identity import source
from furu.identity.arrays import Scalar
from furu.identity.canonical import Refused, dumps, plain_of, refusal, unknown
from furu.identity.kinds import ATOMS, SETS, Derived, Registered, kind_of
from furu.identity.leaves import Leaf
from furu.identity.names import class_name
from furu.identity.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.identity.records import RecordField

_TEXT = frozenset((str,))
_PLAIN = ATOMS - {float, str}
#: Records nested deeper than this are written side by side: JSON readers and writers recurse.
_DEEPEST = 24


def to_dict(obj: Any) -> dict[str, Any]:
    """Return a record as JSON-ready data, from which ``from_dict`` makes an equal one.

    Linear in the graph of objects.  A field that is not in the key and holds something that cannot be written is left
    out and named in ``$unwritten``; reading takes its default.

    Raises ``FuruIdentityError`` naming the field of any other value that cannot be written.
    """
    return _Encoder().root(obj)


class _Encoder:
    def __init__(self) -> None:
        self.written: dict[int, dict[str, Any]] = {}  # id -> where the record was written
        self.alive: list[Any] = []  # what an encoder of a registered type made must keep its id
        self.objects: dict[str, dict[str, Any]] = {}
        self.deeper: list[tuple[Any, Record, dict[str, Any]]] = []
        self.filling: set[int] = set()
        self.depth = 0

    def root(self, obj: Any) -> dict[str, Any]:
        record = kind_of(type(obj))
        if not isinstance(record, Record):
            raise FuruIdentityError(f"{type(obj).__qualname__} is no config object")
        data: dict[str, Any] = {}
        try:
            self._fill(obj, record, data)
            self.drain()
        except RecursionError:
            raise FuruIdentityError(
                f"{type(obj).__qualname__} has lists or dicts nested too deeply to be written"
            ) from None
        if self.objects:
            data["$objects"] = self.objects
        return data

    def drain(self) -> None:
        """Write the records that were put off for being too deep."""
        while self.deeper:
            self._fill(*self.deeper.pop())

    def _fill(self, value: Any, record: Record, data: dict[str, Any]) -> None:
        data["$class"] = record.name
        if record.changes or record.revision is not None or (record.is_furu and config.current().source_in_key):
            data.update(_marks(record))
        self.depth += 1
        self.filling.add(id(value))
        for field in record.fields:
            item = getattr(value, field.source)
            if type(item) in _PLAIN:
                data[field.name] = item
            else:
                self._field(record, field, item, data)
        if record.kind == "pydantic" and value.__pydantic_extra__:
            data["$extra"] = self.encode(value.__pydantic_extra__)
        self.depth -= 1
        self.filling.discard(id(value))

    def _field(self, record: Record, field: RecordField, item: Any, data: dict[str, Any]) -> None:
        if not field.counts and not _writable(item):
            data.setdefault("$unwritten", []).append(field.name)
            return
        try:
            data[field.name] = self.encode(item)
        except Refused as error:
            raise FuruIdentityError(
                f"{record.cls.__qualname__}: field {field.name} has {error.message}", hints=error.hints
            ) from None

    def encode(self, value: Any) -> Any:
        """Return the JSON of a value."""
        cls = type(value)
        if cls in _PLAIN:
            return value
        if cls is str:
            return _text(value)
        if cls is float:
            return value if value - value == 0 else {"$float": str(value)}
        if cls is list:
            return self._list(value)
        if cls is tuple:
            return {"$tuple": self._list(value)}
        if cls is dict:
            return self._dict(value)
        if cls in SETS:
            return {"$" + cls.__name__: sorted(map(self.encode, value), key=dumps)}
        return self._other(value, cls)

    def _list(self, value: Any) -> list[Any]:
        if _PLAIN.issuperset(map(type, value)):
            return list(value)
        return [self.encode(item) for item in value]

    def _dict(self, value: dict[Any, Any]) -> dict[str, Any]:
        if _TEXT.issuperset(map(type, value)) and all(map(_is_key, value)):
            return {key: self.encode(item) for key, item in value.items()}
        return {"$dict": [[self.encode(key), self.encode(item)] for key, item in value.items()]}

    def _other(self, value: Any, cls: type[Any]) -> Any:
        try:
            kind = kind_of(cls)
            match kind:
                case Leaf():
                    return {"$" + kind.tag: kind.write(value)}
                case Record():
                    return self._record(value, kind)
                case Registered():
                    return {"$value": [kind.tag, self.encode(kind.encode(value))]}
                case Scalar():
                    return self.encode(kind.plain(value))
                case Derived():
                    return {"$derived": [class_name(cls), self.encode(plain_of(value, kind))]}
                case None:
                    raise unknown(value)
        except FuruIdentityError as error:
            raise refusal(value, error, "written") from None

    def _record(self, value: Any, record: Record) -> dict[str, Any]:
        written = self.written.get(id(value))
        if written is None:
            place: dict[str, Any] = {}
            self.written[id(value)] = place
            self.alive.append(value)
            if self.depth < _DEEPEST:
                self._fill(value, record, place)
                return place
            self.deeper.append((value, record, self._apart(place)))
            return dict(place)
        if id(value) in self.filling:
            raise FuruCycleError(f"{record.cls.__qualname__} contains itself")
        if "$ref" not in written:
            self._apart(written)
        return dict(written)

    def _apart(self, place: dict[str, Any]) -> dict[str, Any]:
        """Move what is written at ``place`` to ``$objects``, leave a reference there, and return the new place."""
        number = str(len(self.objects) + 1)
        moved = self.objects[number] = dict(place)
        place.clear()
        place["$ref"] = number
        return moved


def _marks(record: Record) -> dict[str, Any]:
    """Return what has to be known of a class to tell later whether a config means the same, where there is any."""
    marks: dict[str, Any] = {}
    if record.changes:
        marks["$changes"] = list(record.changes)
    if record.revision is not None:
        marks["$revision"] = record.revision
    if record.is_furu and config.current().source_in_key:
        marks["$source"] = source.combined(record.cls)
    return marks


def _text(value: str) -> Any:
    """Return text as it is, unless lone surrogates in it (from file names that are no UTF-8) would not survive JSON."""
    if value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value):
        return value
    from binascii import b2a_base64

    return {"$text": b2a_base64(value.encode("utf-8", "surrogatepass"), newline=False).decode()}


def _is_key(key: str) -> bool:
    return key[:1] != "$" and (key.isascii() or type(_text(key)) is str)


def _writable(value: Any) -> bool:
    """Return whether a value can be written; tried apart, so that a failure leaves nothing behind."""
    trial = _Encoder()
    try:
        trial.encode(value)
        trial.drain()
    except (FuruIdentityError, RecursionError):
        return False
    return True
