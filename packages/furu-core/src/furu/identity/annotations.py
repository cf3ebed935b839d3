"""Annotations: which ints of a field stand for floats.

``lr: float`` given ``1`` means ``1.0``.  An annotation becomes a function that replaces such ints in a value, or None
when there is nothing to replace, which is the usual case.
"""

from __future__ import annotations

import sys
import types
import typing
from collections import abc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Coercer = Callable[[Any], Any]

_FLOATS = frozenset((float,))
_SEQUENCES = frozenset((list, set, frozenset, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable, abc.Set))
_MAPPINGS = frozenset((dict, abc.Mapping, abc.MutableMapping))


def float_coercer(annotation: object) -> Coercer | None:
    """Return what makes floats of the ints that ``annotation`` declares as floats, or None when it declares none.

    An int that no float holds exactly, and every bool, stays what it is.
    """
    if annotation is float:
        return _as_float
    origin = typing.get_origin(annotation)
    if origin is None:
        inner = getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)
        return float_coercer(inner) if inner is not None else None  # NewType; type X = ...
    args = typing.get_args(annotation)
    if origin is typing.Annotated:
        return float_coercer(args[0])
    if origin is typing.Union or origin is types.UnionType:
        return _one_of([arg for arg in args if arg is not float or int not in args])
    if origin is tuple:
        return _tuple_of(args)
    if origin in _SEQUENCES:
        return _each(float_coercer(args[0]))
    if origin in _MAPPINGS and len(args) == 2:
        return _mapping_of(float_coercer(args[0]), float_coercer(args[1]))
    return None


def resolved(annotation: object, module: str) -> object:
    """Return the type an annotation means, or None when it cannot be known.

    Names that exist for type checkers only are left out, so ``float | np.ndarray`` still says ``float``.
    """
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {}, _Names(getattr(sys.modules.get(module), "__dict__", {})))
    except Exception:  # noqa: BLE001 - an annotation may be any text at all; it only ever refines a value
        return None


def _as_float(value: Any) -> Any:
    if type(value) is not int:
        if type(value).__module__ != "numpy" or not hasattr(value, "item") or getattr(value, "shape", None) != ():
            return value
        value = value.item()
        if type(value) is not int:
            return value
    try:
        number = float(value)
    except OverflowError:
        return value
    return number if number == value else value


def _one_of(annotations: list[Any]) -> Coercer | None:
    coercers = [coercer for coercer in map(float_coercer, annotations) if coercer is not None]
    if len(coercers) <= 1:
        return coercers[0] if coercers else None

    def coerce(value: Any) -> Any:
        for coercer in coercers:
            value = coercer(value)
        return value

    return coerce


def _each(item: Coercer | None) -> Coercer | None:
    if item is None:
        return None

    def coerce(value: Any) -> Any:
        kind = type(value)
        if kind not in (list, tuple, set, frozenset) or (item is _as_float and _FLOATS.issuperset(map(type, value))):
            return value
        return kind([item(part) for part in value])

    return coerce


def _tuple_of(args: tuple[Any, ...]) -> Coercer | None:
    if len(args) == 2 and args[1] is Ellipsis:
        return _each(float_coercer(args[0]))
    items = [float_coercer(arg) for arg in args]
    if not any(items):
        return None

    def coerce(value: Any) -> Any:
        if type(value) not in (list, tuple) or len(value) != len(items):
            return value
        return [item(part) if item else part for item, part in zip(items, value, strict=True)]

    return coerce


def _mapping_of(key: Coercer | None, item: Coercer | None) -> Coercer | None:
    if key is None and item is None:
        return None

    def coerce(value: Any) -> Any:
        if type(value) is not dict:
            return value
        return {(key(k) if key else k): (item(v) if item else v) for k, v in value.items()}

    return coerce


class _Unknown:
    """Stands for a name that cannot be resolved, and steps back in a union."""

    def __getattr__(self, name: str) -> _Unknown:
        return self

    def __getitem__(self, item: object) -> _Unknown:
        return self

    def __call__(self, *_: object) -> _Unknown:
        return self

    def __or__(self, other: object) -> object:
        return other

    __ror__ = __or__


class _Names(dict[str, typing.Any]):
    """What an annotation's names stand for: the module's, the built-in ones, and ``_Unknown`` for the rest."""

    def __missing__(self, name: str) -> object:
        builtins = sys.modules["builtins"]
        return getattr(builtins, name, None) or _Unknown()
