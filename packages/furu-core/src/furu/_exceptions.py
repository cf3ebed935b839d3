"""Exceptions as things: their text, one of a class without its constructor, taken apart for a journey and put together.

Nothing here fails because of what an exception class does in its own methods.
"""

from __future__ import annotations

import pickle
import reprlib
import sys
from dataclasses import dataclass
from types import GetSetDescriptorType, MemberDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    #: From a class to (the class of ours that it is built on, or None; the class it stands for).
    Split = Callable[[type[BaseException]], tuple[type[BaseException] | None, type[BaseException]]]
    #: The way back.
    Join = Callable[[type[BaseException] | None, type[BaseException]], type[BaseException]]

_SENT_AS_THEY_ARE = frozenset((type(None), bool, int, float, str, bytes))
_GENERAL = frozenset((Exception, BaseException))

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 200


def text(error: BaseException) -> str:
    """Return ``str(error)``, or that it has none."""
    try:
        return str(error)
    except Exception as trouble:  # noqa: BLE001 - hostile exceptions exist
        return f"(its text cannot be had: {type(trouble).__name__})"


def blank(cls: type[BaseException], args: tuple[Any, ...]) -> Any:
    """Return an exception of ``cls`` without running its constructor, which may want arguments that were not kept.

    None where that cannot be: some classes of extensions allow no instances but their own.
    """
    builtin = next(one for one in cls.__mro__ if one.__module__ == "builtins" and issubclass(one, BaseException))
    ways = (cls.__new__, args), (builtin.__new__, args), (builtin.__new__, ()), (BaseException.__new__, ())
    for new, given in ways:
        try:
            made = new(cls, *given)
        except Exception:  # noqa: BLE001 - a __new__ of its own
            continue
        if isinstance(made, cls):
            BaseException.__setattr__(made, "args", args)
            return made
    return None


def copy_builtin_fields(source: BaseException, target: BaseException) -> None:
    """Copy what built-in exceptions keep outside ``__dict__``: ``errno``, ``filename``, ``value``, ``encoding`` ..."""
    _set_fields(target, _builtin_fields(source))


def _builtin_fields(error: BaseException) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for cls in type(error).__mro__:
        if cls.__module__ != "builtins" or cls in (BaseExceptionGroup, BaseException, object):
            continue
        for name, slot in vars(cls).items():
            if isinstance(slot, (MemberDescriptorType, GetSetDescriptorType)) and not name.startswith("_"):
                try:
                    fields[name] = slot.__get__(error)
                except (AttributeError, TypeError):  # not set
                    continue
    return fields


def _set_fields(error: BaseException, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        try:
            BaseException.__setattr__(error, name, value)
        except (AttributeError, TypeError):  # read-only
            continue


# The journey.  What is sent is a list of rows of plain data, one per exception, so a chain may be as long as it likes.


@dataclass(frozen=True, slots=True)
class Link:
    """Stands for the exception in a row."""

    row: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A value on its way: pickled (None where it cannot be), and a short text that stands in where it does not arrive."""

    content: bytes | None
    text: str

    def opened(self) -> Any:
        """Return the value, or its text."""
        try:
            return self.text if self.content is None else pickle.loads(self.content)
        except Exception:  # noqa: BLE001 - unpickling runs code of any class, which may be absent here
            return self.text


@dataclass(frozen=True, slots=True)
class Row:
    """One exception: classes by name, most special first, and everything it holds.  ``whole`` is used where it arrives."""

    base: type[BaseException] | None
    names: list[tuple[str, str]]
    text: str
    args: tuple[Any, ...]
    fields: dict[str, Any]
    attributes: dict[str, Any]
    cause: Link | None
    whole: Packed | None


def taken_apart(error: BaseException, split: Split) -> list[Row]:
    """Return an exception, and those it holds or is caused by, as rows; the first one is its own."""
    return _Departure(error, split).rows


class _Departure:
    """Exceptions found so far, in the order of their rows."""

    def __init__(self, error: BaseException, split: Split) -> None:
        self.found = [error]
        self.places = {id(error): 0}
        self.rows: list[Row] = []
        for one in self.found:  # which grows meanwhile
            self.rows.append(self._row(one, *split(type(one))))

    def _row(self, error: BaseException, base: type[BaseException] | None, original: type[BaseException]) -> Row:
        fields = _builtin_fields(error)
        fields.pop("obj", None)  # where an attribute was looked for: it may be as large as a model
        return Row(
            base=base,
            names=[(cls.__module__, cls.__qualname__) for cls in original.__mro__ if issubclass(cls, BaseException)],
            text=text(error),
            args=tuple([self._sent(value) for value in error.args]),
            fields={name: self._sent(value) for name, value in fields.items()},
            attributes={name: self._sent(value) for name, value in error.__dict__.items()},
            cause=None if error.__cause__ is None else self._link(error.__cause__),
            whole=_packed(error) if base is None and blank(original, error.args) is None else None,
        )

    def _link(self, error: BaseException) -> Link:
        if id(error) not in self.places:
            self.places[id(error)] = len(self.found)
            self.found.append(error)
        return Link(self.places[id(error)])

    def _sent(self, value: Any) -> Any:
        if type(value) in _SENT_AS_THEY_ARE:
            return value
        if isinstance(value, BaseException):
            return self._link(value)
        if type(value) in (list, tuple) and any(isinstance(one, BaseException) for one in value):
            return type(value)([self._sent(one) for one in value])
        return _packed(value)


def _packed(value: Any) -> Packed:
    try:
        content = pickle.dumps(value)
    except Exception:  # noqa: BLE001 - pickling runs code of any class, which may raise anything
        content = None
    return Packed(content, _short.repr(value))


def put_together(rows: list[Row], join: Join) -> BaseException:
    """Return the exception that was taken apart, as much of it as can be had in this process."""
    error: BaseException = _Arrival(rows, join).made(0)
    return error


class _Arrival:
    def __init__(self, rows: list[Row], join: Join) -> None:
        self.rows = rows
        self.join = join
        self.ready: dict[int, BaseException | None] = {}
        for place in range(len(rows)):
            self.made(place)
        for place, row in enumerate(rows):
            self._fill(self.made(place), row)

    def made(self, place: int) -> Any:
        """Return the exception of a row; while it is being made, which takes those it was made of, its text."""
        if place not in self.ready:
            self.ready[place] = None
            row = self.rows[place]
            self.ready[place] = self._made(row) if row.whole is None else _unpacked(row, row.whole)
        ready = self.ready[place]
        return self.rows[place].text if ready is None else ready

    def _made(self, row: Row) -> BaseException:
        args = tuple([self._arrived(value) for value in row.args])
        for name in row.names:
            cls = _named(*name)
            if cls is None:
                continue
            error: BaseException | None = blank(self.join(row.base, cls), args)
            if name != row.names[0]:  # the class cannot be had: the next best one, with the text at least
                if cls in _GENERAL:
                    break
                if row.base is None and error is not None and text(error) != row.text:
                    error = blank(cls, (row.text,))
            if error is not None:
                return error
        if row.base is None:
            return _stand_in(row)
        made: BaseException = blank(row.base, args)
        return made

    def _fill(self, error: BaseException, row: Row) -> None:
        _set_fields(error, {name: self._arrived(value) for name, value in row.fields.items()})
        error.__dict__.update({name: self._arrived(value) for name, value in row.attributes.items()})
        if row.cause is not None:
            BaseException.__setattr__(error, "__cause__", self.made(row.cause.row))

    def _arrived(self, value: Any) -> Any:
        if isinstance(value, Link):
            return self.made(value.row)
        if isinstance(value, Packed):
            return value.opened()
        return type(value)([self._arrived(one) for one in value]) if type(value) in (list, tuple) else value


def _unpacked(row: Row, whole: Packed) -> BaseException:
    error = whole.opened()
    return error if isinstance(error, BaseException) else _stand_in(row)


def _stand_in(row: Row) -> BaseException:
    return RuntimeError(f"{row.names[0][1]}: {row.text}")


def _named(module: str, qualname: str) -> type[BaseException] | None:
    """Return an exception class by its name, importing its module as pickle would."""
    try:
        __import__(module)
        found: Any = sys.modules[module]
        for part in qualname.split("."):
            found = getattr(found, part)
    except Exception:  # noqa: BLE001 - importing runs any code; the class may be gone
        return None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
