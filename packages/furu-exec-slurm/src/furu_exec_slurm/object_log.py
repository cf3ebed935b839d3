"""``ObjectLog``: the objects of a run in one file that only grows, written by its controller and read by its workers.

An object is written once, whatever uses it; a number stands for it elsewhere.  A worker reads what was added since it last
looked, and unpickles what its own tasks are made of: the class of another worker's task need not be importable here.
"""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

from furu._sys import files
from furu.execution import parcels

if TYPE_CHECKING:
    from furu.execution.parcels import Parcel


class ObjectLogWriter:
    """The writing end; the file must not exist yet."""

    def __init__(self, path: str) -> None:
        self.size = 0  # bytes written: readers of what was added by now need no more
        self._path = path
        self._sender = parcels.Sender()
        self._known: set[int] = set()
        files.write_new(path, b"")

    def add(self, tasks: list[Any]) -> list[int]:
        """Write tasks, and what they are made of, where they are new; return the number of each."""
        added = b"".join(_record(parcel) for task in tasks for parcel in self._sender.parcels(task, self._known))
        if added:
            files.append_line(
                self._path, added
            )  # closed afterwards, which is when network file systems show it to others
            self.size += len(added)
        return [self._sender.number(task) for task in tasks]

    def object(self, number: int) -> Any:
        """Return the object behind a number."""
        return self._sender.object(number)


class ObjectLogReader:
    """The reading end."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._read = 0
        self._parcels: dict[int, tuple[bytes, list[int]]] = {}
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}

    def object(self, number: int, size: int) -> Any:
        """Return the object behind a number, which is in the first ``size`` bytes.

        Raises ``ValueError`` naming the file when that is not so, and whatever unpickling raises.
        """
        self._read_to(size)
        pending = [number]
        while pending:
            one = pending[-1]
            if one in self._objects:
                pending.pop()
                continue
            if one not in self._parcels:
                raise ValueError(f"{self._path} has no object {one}")
            content, below = self._parcels[one]
            missing = [other for other in below if other not in self._objects]
            if missing:
                pending.extend(missing)
                continue
            made = self._objects[one] = parcels.loads(content, self._objects.__getitem__)
            self._numbers[id(made)] = one
            pending.pop()
        return self._objects[number]

    def number(self, obj: Any) -> int | None:
        """Return the number of an object that was read here, None for any other."""
        return self._numbers.get(id(obj))

    def _read_to(self, size: int) -> None:
        if size <= self._read:
            return
        with open(self._path, "rb") as file:
            file.seek(self._read)
            while self._read < size:
                head = file.read(8)
                content = file.read(int.from_bytes(head, "big")) if len(head) == 8 else b""
                if not content or len(content) != int.from_bytes(head, "big"):
                    raise ValueError(f"{self._path} ends at {os.fstat(file.fileno()).st_size} bytes, before {size}")
                number, below, packed = pickle.loads(content)
                self._parcels[number] = (packed, below)
                self._read = file.tell()


def _record(parcel: Parcel) -> bytes:
    content = pickle.dumps((parcel.number, parcel.below, parcel.content))
    return len(content).to_bytes(8, "big") + content
