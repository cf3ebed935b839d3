"""Kinds: how the values of a type are treated, by hashing, writing and spelling alike.

One look-up per type, remembered.  ``register`` adds a kind for all of them at once.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MappingProxyType

from furu.errors import FuruIdentityError
from furu.identity import arrays, leaves
from furu.identity.records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from furu.identity.leaves import Leaf
    from furu.identity.records import Record

#: What JSON says by itself.  Exact types only: a bool is no int here, an IntEnum no int.
ATOMS = frozenset((type(None), bool, int, float, str))
SETS = (set, frozenset)


@dataclass(frozen=True, slots=True)
class Registered:
    """A type with an encoder and a decoder of its own, known on disk by its tag."""

    cls: type[Any]
    tag: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    exact: bool = False  # whether subclasses are left alone


@dataclass(frozen=True, slots=True)
class Derived:
    """A subclass of a built-in type that adds no state: its class and the plain value."""

    cls: type[Any]
    base: type[Any]


if TYPE_CHECKING:
    Kind = Leaf | arrays.Scalar | Record | Registered | Derived

_DERIVABLE = (dict, list, tuple, set, frozenset, str, int, float, bytes)

_kinds: dict[type[Any], Kind] = {}
_tags: dict[str, Registered] = {}
_registered: dict[type[Any], Registered] = {}


def kind_of(cls: type[Any]) -> Kind | None:
    """Return how values of ``cls`` are treated, or None when furu does not know the type.

    JSON's own types, list, tuple, dict, set and frozenset are not kinds; callers take them first.
    """
    kind = _kinds.get(cls)
    if kind is None:
        kind = _find(cls)
        if kind is not None:
            _kinds[cls] = kind
    return kind


def registered(tag: str) -> Registered | None:
    """Return the registration behind a tag on disk."""
    return _tags.get(tag)


def register(cls: type[Any], encode: Callable[[Any], Any], decode: Callable[[Any], Any], tag: str) -> None:
    """Add a type: ``encode`` turns a value into one furu knows, ``decode`` turns that back.

    ``tag`` names the type in keys and on disk, so it must never change.  Instances of subclasses are encoded too.
    Registering the same type under the same tag again replaces the functions.

    Raises ``FuruIdentityError`` for a tag or type that is taken.
    """
    known = _tags.get(tag)
    if known is not None and known.cls is not cls and _full_name(known.cls) != _full_name(cls):
        raise FuruIdentityError(f"the tag {tag!r} is taken by {_full_name(known.cls)}")
    if cls in ATOMS or cls in (list, tuple, dict, set, frozenset) or hasattr(cls, "_furu_options"):
        raise FuruIdentityError(f"{_full_name(cls)} has a meaning of its own in a config and cannot be registered")
    if not tag:
        raise FuruIdentityError(f"the tag of {_full_name(cls)} must not be empty")
    _tags[tag] = _registered[cls] = Registered(cls, tag, encode, decode)
    _kinds.clear()


def _full_name(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _find(cls: type[Any]) -> Kind | None:
    for base in cls.__mro__:
        entry = _registered.get(base)
        if entry is not None and (base is cls or not entry.exact):
            return entry
    if hasattr(cls, "__chz_fields__"):
        return record_of(cls)
    if issubclass(cls, enum.Enum):
        return leaves.ENUM
    return (
        leaves.STDLIB.get((cls.__module__.partition(".")[0], cls.__qualname__))
        or record_of(cls)
        or _callable_leaf(cls)
        or arrays.leaf_of(cls)
        or next((Derived(cls, base) for base in cls.__mro__ if base in _DERIVABLE), None)
    )


def _callable_leaf(cls: type[Any]) -> Leaf | None:
    if issubclass(cls, type):
        return leaves.TYPE
    return leaves.FUNCTION if cls in (FunctionType, BuiltinFunctionType) else None


def _container(cls: type[Any], encode: Callable[[Any], Any], decode: Callable[[Any], Any]) -> None:
    name = cls.__name__
    _tags[name] = _registered[cls] = Registered(cls, name, encode, decode, exact=True)


# Containers of the standard library whose meaning is more than their items.
_container(OrderedDict, lambda v: list(v.items()), OrderedDict)
_container(defaultdict, lambda v: [v.default_factory, dict(v)], lambda p: defaultdict(*p))
_container(Counter, dict, Counter)
_container(deque, lambda v: [list(v), v.maxlen], lambda p: deque(*p))
_container(MappingProxyType, dict, MappingProxyType)
