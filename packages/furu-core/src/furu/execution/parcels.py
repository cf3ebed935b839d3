"""How Furu objects and outcomes travel between a run and its worker processes.

An object is sent to a worker once.  Wherever it is used again, in another job or as a dependency, its number stands for
it.  So a chain of 10,000 artifacts costs 10,000 small messages, and no message is nested deeper than one object.

Classes of the main program travel by their importable name where they have one, and by value where they have none
(``FURU_ALLOW_MAIN``, notebooks), so that no worker runs the main program.
"""

from __future__ import annotations

import io
import pickle
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, util
from types import FunctionType
from typing import TYPE_CHECKING, Any

import cloudpickle  # type: ignore[import-untyped]

from furu.errors import FuruError
from furu.identity import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MAIN = ("__main__", "__mp_main__")


class CalledInWorker(BaseException):
    """Ends the import of a module that starts a run at its top level: a worker needs what is defined above that call.

    Not an ``Exception``, so that the module's own handlers let it pass.
    """


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no annotations
    """Pickles one object; what ``number`` has a number for is replaced by that."""

    def __init__(self, file: io.BytesIO, number: Callable[[Any], int | None]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._number = number

    def persistent_id(self, obj: Any) -> int | None:
        """Return the number that stands for ``obj``, or None to have it pickled."""
        return self._number(obj) if hasattr(type(obj), "_furu_options") else None

    def reducer_override(self, obj: Any) -> Any:
        """Let what the main program defines go by its importable name, where it has one."""
        if isinstance(obj, (type, FunctionType)) and obj.__module__ in _MAIN:
            name = lasting_name(obj)
            if name is not None:
                return named, (name.removesuffix(f".{obj.__qualname__}"), obj.__qualname__)
        return super().reducer_override(obj)


class _Unpickler(pickle.Unpickler):
    """Reads what ``_Pickler`` has written; ``found`` returns the object a number stands for."""

    def __init__(self, file: io.BytesIO, found: Callable[[int], Any]) -> None:
        super().__init__(file)
        self._found = found

    def persistent_load(self, number: Any) -> Any:
        """Return the object behind a number."""
        return self._found(number)

    def find_class(self, module: str, name: str) -> Any:
        """Return a class or function; the main program is not imported a second time under its real name."""
        if module not in sys.modules:
            return named(module, name)
        return super().find_class(module, name)


def dumps(value: Any, number: Callable[[Any], int | None]) -> bytes:
    """Return ``value`` as bytes, with numbers in the place of the objects that ``number`` knows."""
    file = io.BytesIO()
    _Pickler(file, number).dump(value)
    return file.getvalue()


def loads(content: bytes, found: Callable[[int], Any]) -> Any:
    """Return what ``dumps`` was given."""
    return _Unpickler(io.BytesIO(content), found).load()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One object as bytes, with its number and the numbers that stand in it for others."""

    number: int
    content: bytes
    below: list[int]


class Sender:
    """The objects of one run, numbered, and their contents as bytes.

    Keeps what it has numbered alive, so that identity can be told by ``id``.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}  # id of an object -> its number
        self._objects: list[Any] = []

    def number(self, obj: Any) -> int:
        """Return the number of an object; equal objects that are not the same have different ones."""
        found = self._numbers.get(id(obj))
        if found is None:
            found = self._numbers[id(obj)] = len(self._objects)
            self._objects.append(obj)
        return found

    def object(self, number: int) -> Any:
        """Return the object behind a number."""
        return self._objects[number]

    def contents(self, task: Any, known: set[int]) -> list[tuple[int, bytes]]:
        """Return (number, bytes) of ``task`` and of all it is made of, but for what the receiver has ``known``.

        Each comes after those it is made of, and is known from here on.
        """
        return [(parcel.number, parcel.content) for parcel in self.parcels(task, known)]

    def parcels(self, task: Any, known: set[int]) -> list[Parcel]:
        """Return what ``contents`` does, each with the numbers of those it is made of."""
        ready: list[Parcel] = []
        pending: list[tuple[int, Parcel | None]] = [(self.number(task), None)]
        while pending:
            number, parcel = pending.pop()
            if number in known:
                continue
            if parcel is not None:
                known.add(number)
                ready.append(parcel)
                continue
            parcel = Parcel(number, *self._content(number))
            pending.append((number, parcel))
            pending.extend((one, None) for one in parcel.below if one not in known)
        return ready

    def _content(self, own: int) -> tuple[bytes, list[int]]:
        below: list[int] = []
        task = self._objects[own]

        def number(obj: Any) -> int | None:
            if obj is task:
                return None
            found = self.number(obj)
            below.append(found)
            return found

        return dumps(task, number), below


class Receiver:
    """The objects a worker has been sent so far."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}

    def take(self, contents: Iterable[tuple[int, bytes]]) -> None:
        """Unpack what ``Sender.contents`` has packed."""
        for number, content in contents:
            made = self._objects[number] = loads(content, self._objects.__getitem__)
            self._numbers[id(made)] = number

    def object(self, number: int) -> Any:
        """Return the object behind a number."""
        return self._objects[number]

    def number(self, obj: Any) -> int | None:
        """Return the number of an object that was sent here, None for any other."""
        return self._numbers.get(id(obj))


def lasting_name(thing: Any) -> str | None:
    """Return the name under which another process can import a class or function, or None when there is none."""
    try:
        name = names.class_name(thing) if isinstance(thing, type) else names.function_name(thing)
    except FuruError:
        return None
    return None if name.startswith(_MAIN) or "<locals>" in thing.__qualname__ else name


def named(module: str, qualname: str) -> Any:
    """Return a class or function: of the main program where it is known there by that name.

    A module whose top level starts a run is imported up to that call.
    """
    if module not in sys.modules:
        found = _member(sys.modules["__main__"], qualname)
        if isinstance(found, (type, FunctionType)) and lasting_name(found) == f"{module}.{qualname}":
            return found
        _import(module)
    return _member(sys.modules[module], qualname)


def _member(start: Any, qualname: str) -> Any:
    for part in qualname.split("."):
        start = getattr(start, part, None)
    return start


def _import(module: str) -> None:
    try:
        import_module(module)
    except CalledInWorker:
        spec = util.find_spec(module)
        if spec is None or spec.loader is None:
            raise
        made = sys.modules[module] = util.module_from_spec(spec)
        with suppress(CalledInWorker):
            spec.loader.exec_module(made)
