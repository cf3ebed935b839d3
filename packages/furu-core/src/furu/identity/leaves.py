"""Leaves: values without parts that JSON cannot say, and how each is hashed, written, read and spelled in Python.

One ``Leaf`` per kind.  The types are found by name, so none of their modules is imported before a value of it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s

from furu.identity import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime
    import enum
    from collections.abc import Callable
    from typing import Any

    from furu.identity.scope import Scope


@dataclass(frozen=True, slots=True)
class Leaf:
    """One kind of leaf.  ``tag`` marks it on disk as ``{"$tag": payload}``.

    ``hashed`` is the payload in the key, where what is equal must look equal; ``write`` and ``read`` are the payload on
    disk, which restores the value exactly; ``python`` spells it.
    """

    tag: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    python: Callable[[Any, Scope], str]
    hashed: Callable[[Any], Any] | None = None

    def form(self, value: Any) -> Any:
        """Return the canonical form of a value."""
        return {"$" + self.tag: (self.hashed or self.write)(value)}


def float_text(value: float) -> str:
    """Return a Python expression for a float, NaN and infinities included."""
    return repr(value) if value - value == 0 else f"float({str(value)!r})"


def _bytes(value: Any) -> str:
    from binascii import b2a_base64

    return b2a_base64(value, newline=False).decode()


def _unbytes(text: str) -> bytes:
    from binascii import a2b_base64

    return a2b_base64(text)


def content_digest(content: Any) -> str:
    """Return the digest of a buffer; it is read in place."""
    return blake2s(content).hexdigest()


def _floats(value: complex) -> list[str]:
    return [repr(value.real), repr(value.imag)]


def _path(value: Any) -> Any:
    kind = type(value).__name__
    return value.as_posix() if kind in ("PosixPath", "WindowsPath") else [kind, value.as_posix()]


def _unpath(payload: Any) -> Any:
    import pathlib

    if isinstance(payload, str):
        return pathlib.Path(payload)
    kinds = {"PurePosixPath": pathlib.PurePosixPath, "PureWindowsPath": pathlib.PureWindowsPath}
    return kinds[payload[0]](payload[1])


def _path_python(value: Any, scope: Scope) -> str:
    kind = type(value).__name__
    return f"{scope.module('pathlib')}.{'Path' if not kind.startswith('Pure') else kind}({value.as_posix()!r})"


def _zoned(value: datetime.datetime | datetime.time) -> Any:
    """Return the moment as written; the zone's name and the fold only where there are any."""
    zone = getattr(value.tzinfo, "key", None)
    if zone is None and not value.fold:
        return value.isoformat()
    return {"at": value.replace(tzinfo=None if zone else value.tzinfo).isoformat(), "zone": zone, "fold": value.fold}


def _unzoned(name: str, payload: Any) -> Any:
    import datetime

    kind = getattr(datetime, name)
    if isinstance(payload, str):
        return kind.fromisoformat(payload)
    value = kind.fromisoformat(payload["at"]).replace(fold=payload["fold"])
    if payload["zone"] is None:
        return value
    import zoneinfo

    return value.replace(tzinfo=zoneinfo.ZoneInfo(payload["zone"]))


def _moment(value: datetime.datetime) -> Any:
    """Return the moment: in UTC when the value knows its zone, as written when it does not."""
    offset = value.utcoffset()
    if offset is None:
        return value.replace(tzinfo=None).isoformat()
    try:
        return (value.replace(tzinfo=None) - offset).isoformat() + "Z"
    except OverflowError:  # the first or last day of the calendar
        return value.isoformat()


def _clock_time(value: datetime.time) -> Any:
    zone = getattr(value.tzinfo, "key", None)
    return value.isoformat() if zone is None else [value.isoformat(), zone]


def _stdlib_repr(module: str) -> Callable[[Any, Scope], str]:
    """Return a speller for types whose ``repr`` is a call of their name."""

    def python(value: Any, scope: Scope) -> str:
        text = repr(value)
        scope.module(module)
        if "zoneinfo.ZoneInfo(" in text:
            scope.module("zoneinfo")
        return text if text.startswith(module + ".") else f"{module}.{text}"

    return python


def _timedelta(value: datetime.timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _untimedelta(payload: list[int]) -> Any:
    import datetime

    return datetime.timedelta(*payload)


def _undate(payload: str) -> Any:
    import datetime

    return datetime.date.fromisoformat(payload)


def _undecimal(payload: str) -> Any:
    import decimal

    return decimal.Decimal(payload)


def _unfraction(payload: str) -> Any:
    import fractions

    return fractions.Fraction(payload)


def _unuuid(payload: str) -> Any:
    import uuid

    return uuid.UUID(payload)


def _enum(value: enum.Enum) -> list[Any]:
    """Return class and member; a combination of flags has no name of its own and goes by its value."""
    cls = type(value)
    name = value._name_
    return [names.class_name(cls), name if name in cls.__members__ else {"value": value._value_}]


def _unenum(payload: list[Any]) -> Any:
    cls = names.resolve(payload[0])
    return cls(payload[1]["value"]) if isinstance(payload[1], dict) else cls[payload[1]]


def _enum_python(value: enum.Enum, scope: Scope) -> str:
    cls = scope.thing(type(value))
    name = value._name_
    return f"{cls}({value._value_!r})" if name not in type(value).__members__ else f"{cls}.{name}"


_PATH = Leaf("path", _path, _unpath, _path_python, hashed=lambda value: value.as_posix())

#: (root module, class name) -> its leaf.  pathlib's classes live in pathlib._local on Python 3.13.
STDLIB: dict[tuple[str, str], Leaf] = {
    ("pathlib", "PosixPath"): _PATH,
    ("pathlib", "WindowsPath"): _PATH,
    ("pathlib", "PurePosixPath"): _PATH,
    ("pathlib", "PureWindowsPath"): _PATH,
    ("builtins", "bytes"): Leaf("bytes", _bytes, _unbytes, lambda v, _: repr(v), hashed=content_digest),
    ("builtins", "bytearray"): Leaf(
        "bytearray", _bytes, lambda p: bytearray(_unbytes(p)), lambda v, _: repr(v), hashed=content_digest
    ),
    ("builtins", "complex"): Leaf(
        "complex",
        _floats,
        lambda p: complex(float(p[0]), float(p[1])),
        lambda v, _: f"complex({float_text(v.real)}, {float_text(v.imag)})",
    ),
    ("builtins", "range"): Leaf(
        "range", lambda v: [v.start, v.stop, v.step], lambda p: range(*p), lambda v, _: repr(v)
    ),
    ("datetime", "datetime"): Leaf(
        "datetime", _zoned, lambda p: _unzoned("datetime", p), _stdlib_repr("datetime"), hashed=_moment
    ),
    ("datetime", "time"): Leaf(
        "time", _zoned, lambda p: _unzoned("time", p), _stdlib_repr("datetime"), hashed=_clock_time
    ),
    ("datetime", "date"): Leaf("date", lambda v: v.isoformat(), _undate, _stdlib_repr("datetime")),
    ("datetime", "timedelta"): Leaf("timedelta", _timedelta, _untimedelta, _stdlib_repr("datetime")),
    ("decimal", "Decimal"): Leaf("decimal", str, _undecimal, _stdlib_repr("decimal")),
    ("fractions", "Fraction"): Leaf("fraction", str, _unfraction, _stdlib_repr("fractions")),
    ("uuid", "UUID"): Leaf("uuid", str, _unuuid, _stdlib_repr("uuid")),
}

ENUM = Leaf("enum", _enum, _unenum, _enum_python)
TYPE = Leaf("type", names.class_name, names.resolve, lambda v, scope: scope.thing(v))
FUNCTION = Leaf("function", names.function_name, names.resolve, lambda v, scope: scope.thing(v))
