"""Fitting: values that were written as JSON's own, as the annotations of their fields would have them."""

from __future__ import annotations

import enum
import pathlib
import types
import typing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def fitted(cls: type, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an object of ``cls`` with text as a path or a member of an enum, where those are declared.

    Lists become what is declared instead: tuples, sets.  What does not fit stays as it is.
    """
    hints = _annotations(cls)
    return {name: _fit(value, hints[name]) if name in hints else value for name, value in fields.items()}


def _annotations(cls: Any) -> dict[str, Any]:
    found = {}
    for field in getattr(cls, "__chz_fields__", {}).values():
        try:
            found[field.logical_name] = field.final_type
        except Exception:  # noqa: BLE001 - a name that exists for type checkers only, or a module that is gone
            continue
    if found:
        return found
    try:
        return typing.get_type_hints(cls)
    except Exception:  # noqa: BLE001 - as above
        return {}


def _fit(value: Any, wanted: Any) -> Any:
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is typing.Annotated:
        return _fit(value, args[0])
    if origin is typing.Union or origin is types.UnionType:
        return _fit_one_of(value, args)
    if isinstance(value, str) and isinstance(wanted, type):
        return _fit_text(value, wanted)
    if isinstance(value, list):
        return _fit_items(value, origin or wanted, args)
    if isinstance(value, dict) and origin is dict and len(args) == 2:
        return {_fit_key(key, args[0]): _fit(item, args[1]) for key, item in value.items()}
    return value


def _fit_one_of(value: Any, args: tuple[Any, ...]) -> Any:
    if type(value) in args:
        return value
    for arg in args:
        made = _fit(value, arg)
        if made is not value and type(made) is not type(value):
            return made
    return value


def _fit_text(value: str, wanted: type) -> Any:
    if issubclass(wanted, pathlib.PurePath):
        return wanted(value)
    if issubclass(wanted, enum.Enum) and not issubclass(wanted, str):
        member = value.rpartition(".")[2]
        return wanted[member] if member in wanted.__members__ else value
    return value


def _fit_key(key: Any, wanted: Any) -> Any:
    """Return the key of a dictionary as it is declared: JSON made text of a number."""
    if wanted in (int, float) and isinstance(key, str):
        try:
            return wanted(key)
        except ValueError:
            return key
    return _fit(key, wanted)


def _fit_items(value: list[Any], wanted: Any, args: tuple[Any, ...]) -> Any:
    if wanted is tuple and args and args[-1] is not ...:
        return tuple(_fit(item, arg) for item, arg in zip(value, args, strict=False))
    each = [_fit(item, args[0]) for item in value] if args else value
    return wanted(each) if wanted in (tuple, set, frozenset) else each
