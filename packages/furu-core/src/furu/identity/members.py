"""Members: the values inside a record, each with its dotted path."""

from __future__ import annotations

from furu.identity.kinds import ATOMS, SETS, Derived, Registered, kind_of
from furu.identity.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Order = Callable[[Any], list[Any]]


def members(
    record: Record, value: Any, *, private: bool = True, raw: bool = False, order: Order = list
) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of everything in the fields of a record, containers and what is in them.

    Records inside are yielded and not entered.  ``private=False`` leaves out fields whose names start with ``_``;
    ``raw`` takes what the constructor was given instead of what a munger made of it; ``order`` puts the items of a set in order, for they have none of their own.
    """
    for field in record.fields:
        if private or not field.name.startswith("_"):
            item = getattr(value, field.source if raw else field.name)
            if type(item) in ATOMS:
                yield field.name, item
            else:
                yield from inside(field.name, item, order)


def inside(path: str, value: Any, order: Order = list) -> Iterator[tuple[str, Any]]:
    """Yield (path, value) of a value and of everything inside it, records not entered."""
    stack = [(path, value)]
    open_containers: set[int] = set()
    while stack:
        path, value = stack.pop()
        yield path, value
        if type(value) in ATOMS:
            continue
        parts = _parts(value, order)
        if parts and id(value) not in open_containers:
            open_containers.add(id(value))  # never twice, so a list that contains itself ends
            stack.extend((f"{path}.{label}", part) for label, part in reversed(parts))


def _parts(value: Any, order: Order) -> list[tuple[object, Any]]:
    """Return the labelled parts of a container; nothing for leaves and records."""
    cls = type(value)
    if cls is list or cls is tuple:
        return [] if ATOMS.issuperset(map(type, value)) else list(enumerate(value))
    if cls is dict:
        return _dict_parts(value)
    if cls in SETS:
        return list(enumerate(order(value)))
    kind = kind_of(cls)
    if isinstance(kind, Record):
        return [(field.name, getattr(value, field.name)) for field in kind.fields] if kind.kind == "namedtuple" else []
    match kind:
        case Registered() if isinstance(value, dict):
            return _dict_parts(value)
        case Registered():
            encoded = kind.encode(value)
            return list(enumerate(encoded if isinstance(encoded, (list, tuple)) else [encoded]))
        case Derived() if issubclass(kind.base, dict):
            return _dict_parts(value)
        case Derived() if issubclass(kind.base, (list, tuple)):
            return list(enumerate(value))
        case _:
            return []


def _dict_parts(value: dict[Any, Any]) -> list[tuple[object, Any]]:
    parts: list[tuple[object, Any]] = []
    for key, item in value.items():
        if type(key) not in ATOMS:
            parts.append(("keys", key))
        parts.append((key if type(key) in ATOMS else f"[{key!r}]", item))
    return parts
