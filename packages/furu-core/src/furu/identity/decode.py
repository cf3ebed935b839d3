"""Decode: a config from the data ``to_dict`` wrote.

The inverse of ``encode``, without recursion from one entry of ``$objects`` into the next.  Records are made by their
constructors, so mungers and validators run again and defaults fill in fields that were added since.
"""

from __future__ import annotations

from furu.errors import FuruCycleError, FuruError
from furu.identity import arrays, kinds, leaves, names
from furu.identity.kinds import ATOMS
from furu.identity.records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from furu.identity.leaves import Leaf
    from furu.identity.records import Record

#: Tag -> leaf.
LEAVES: dict[str, Leaf] = {
    leaf.tag: leaf
    for leaf in (
        *leaves.STDLIB.values(),
        *(leaves.ENUM, leaves.TYPE, leaves.FUNCTION),
        *(arrays.NUMPY, arrays.TORCH, arrays.DATETIME64),
    )
}


def from_dict(data: Any, decoder: Decoder | None = None) -> Any:
    """Return the object that ``to_dict`` wrote as ``data``.

    Raises ``FuruError`` naming what is missing: a class, a field of it, a registered tag.
    """
    if not isinstance(data, dict) or not ({"$class", "$ref"} & data.keys()):
        raise FuruError('this is no config that to_dict wrote: it has no "$class"')
    decoder = decoder or Decoder()
    try:
        return _build(data, decoder)
    except RecursionError:
        raise FuruError("the data is nested too deeply to be read") from None


def _build(data: dict[str, Any], decoder: Decoder) -> Any:
    """Build the entries of ``$objects`` that the root needs, each after those it refers to, then the root."""
    objects = data.get("$objects", {})
    stack: list[tuple[str | None, Iterator[str]]] = [(None, _references(data))]
    building: set[str | None] = {None}
    while True:
        number, wanted = stack[-1]
        needed = next((other for other in wanted if other not in decoder.built), None)
        if needed is not None:
            if needed in building or needed not in objects:
                raise (
                    FuruCycleError("the data refers to itself")
                    if needed in building
                    else FuruError(f"the data refers to object {needed}, which it does not contain")
                )
            building.add(needed)
            stack.append((needed, _references(objects[needed])))
            continue
        stack.pop()
        building.discard(number)
        if number is None:
            return decoder.decode(data)
        decoder.built[number] = decoder.decode(objects[number])


def _references(data: Any) -> Iterator[str]:
    """Yield the numbers of the entries of ``$objects`` that ``data`` refers to."""
    stack = [data]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if "$ref" in part:
                yield str(part["$ref"])
            stack.extend(value for key, value in part.items() if key != "$objects" and type(value) not in ATOMS)
        elif isinstance(part, list) and not ATOMS.issuperset(map(type, part)):
            stack.extend(part)


def _untext(payload: str) -> str:
    from binascii import a2b_base64

    return a2b_base64(payload).decode("utf-8", "surrogatepass")


class Decoder:
    """Makes values from their JSON.  ``built`` holds the shared objects that are done."""

    def __init__(self) -> None:
        self.built: dict[str, Any] = {}
        self.tags: dict[str, Callable[[Any], Any]] = {
            "float": float,
            "text": _untext,
            "tuple": lambda payload: tuple(self.decode(payload)),
            "set": lambda payload: set(self.decode(payload)),
            "frozenset": lambda payload: frozenset(self.decode(payload)),
            "dict": lambda payload: {self.decode(key): self.decode(value) for key, value in payload},
            "ref": lambda payload: self.built[str(payload)],
            "value": self.registered,
            "derived": self.derived,
        }

    def decode(self, data: Any) -> Any:
        """Return the value some JSON stands for."""
        if type(data) in ATOMS:
            return data
        if isinstance(data, list):
            return list(data) if ATOMS.issuperset(map(type, data)) else [self.decode(item) for item in data]
        if "$class" in data:
            fields = {key: self.decode(value) for key, value in data.items() if key[:1] != "$" or key == "$extra"}
            extra = fields.pop("$extra", {})
            return self.record(data["$class"], fields, extra, data)
        tag = next((key[1:] for key in data if key[:1] == "$"), None)
        if tag is None:
            return {key: self.decode(value) for key, value in data.items()}
        return self.tagged(tag, data["$" + tag])

    def tagged(self, tag: str, payload: Any) -> Any:
        """Return the value behind ``{"$tag": payload}``."""
        read = self.tags.get(tag)
        if read is None:
            leaf = LEAVES.get(tag)
            if leaf is None:
                raise FuruError(f"the data has a value of kind {tag!r}, which this version of furu does not know")
            read = leaf.read
        try:
            return read(payload)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError) as error:
            raise FuruError(f"a value of kind {tag!r} cannot be read: {type(error).__name__}: {error}") from error

    def registered(self, payload: Any) -> Any:
        """Return a value of a registered type."""
        tag, encoded = payload
        entry = kinds.registered(tag)
        if entry is None:
            raise FuruError(
                f"no type is registered under the tag {tag!r}",
                hints=["import the module that calls FuruSerializer.register for it"],
            )
        return entry.decode(self.decode(encoded))

    def derived(self, payload: Any) -> Any:
        """Return a value of a subclass of a built-in type."""
        name, plain = payload
        return names.resolve(name)(self.decode(plain))

    def record(self, name: str, fields: dict[str, Any], extra: dict[str, Any], marks: Mapping[str, Any]) -> Any:
        """Return an object of the class ``name`` with these fields; ``marks`` has what else was written of it."""
        cls = names.resolve(name)
        record = record_of(cls) if isinstance(cls, type) else None
        if record is None:
            raise FuruError(f"{name} is no config class any more")
        return self.made(name, record, fields, extra, marks)

    def made(
        self, name: str, record: Record, fields: dict[str, Any], extra: dict[str, Any], marks: Mapping[str, Any]
    ) -> Any:
        """Return an object with these fields, which have to be those of its class; what is missing takes its default."""
        _check_schema(name, record, fields, marks.get("$unwritten", ()))
        try:
            return _MAKERS.get(record.kind, _make)(record, fields, extra)
        except FuruError:
            raise
        except Exception as error:
            raise FuruError(f"{name} refuses the data: {type(error).__name__}: {error}") from error


def _check_schema(name: str, record: Record, fields: dict[str, Any], unwritten: Any) -> None:
    known = {field.name for field in record.fields}
    gone = sorted(fields.keys() - known)
    missing = [field.name for field in record.fields if field.required and field.name not in fields]
    problems = [
        *(f"{name} has no field {field!r} any more" for field in gone),
        *(
            f"field {field!r} of {name} could not be written and has no default"
            if field in unwritten
            else f"field {field!r} of {name} is missing in the data and has no default"
            for field in missing
        ),
    ]
    if problems:
        raise FuruError("; ".join(problems), hints=["read it with strict=False to look at it as it was"])


def _make(record: Record, fields: dict[str, Any], extra: dict[str, Any]) -> Any:
    arguments = {f.argument: fields[f.name] for f in record.fields if f.argument is not None and f.name in fields}
    return record.cls(**arguments, **extra)


def _make_plain(record: Record, fields: dict[str, Any], extra: dict[str, Any]) -> Any:
    """Make a dataclass or attrs object, and give it the values it had where its constructor changes or lacks them."""
    made = _make(record, fields, extra)
    for name, value in fields.items():
        if getattr(made, name, made) is not value:
            object.__setattr__(made, name, value)
    return made


def _make_pydantic(record: Record, fields: dict[str, Any], extra: dict[str, Any]) -> Any:
    """Make a model from values that were validated when they were written; aliases do not matter here."""
    return record.cls.model_construct(**fields, **extra)


_MAKERS = {"dataclass": _make_plain, "attrs": _make_plain, "pydantic": _make_pydantic}
