"""``Queue``: the tasks of one pool run as files, between a controller and its workers on other hosts.

    queue/todo/GROUP/TICKET                       to be taken by any worker whose spec the group names
    queue/running/SPEC/WORKER/TICKET              taken by that worker
    queue/done/TICKET, queue/failed/TICKET        ended, with or without a result, and not read by the controller yet
    queue/done/read/, queue/failed/read/          ended and read
    queue/failed/why/TICKET                       what the worker says of a task that ended without a result
    queue/failed/withdrawn/TICKET                 taken back before anybody took it

A ticket is one JSON file.  It moves by rename only, so that it is in one place at any moment and exactly one of several
that reach for it gets it; its name is used once.  In ``done`` and ``failed`` the time it took is part of the name.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from furu._sys import files

if TYPE_CHECKING:
    from collections.abc import Iterator

End = Literal["done", "failed"]

_TICKET = re.compile(r"(?P<ticket>\d{8}-[0-9a-f]+)(?:\.(?P<wall>\d+)\.(?P<cpu>\d+))?")


@dataclass(frozen=True, slots=True)
class Seat:
    """The directory of one worker: the key of its spec, and its id."""

    spec_key: str
    worker_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that was given back: the time it took (seconds), and for one without a result what its worker says."""

    ticket: str
    wall_sec: float
    cpu_sec: float
    why: dict[str, Any] | None = None


class Queue:
    """The directory ``queue`` of a run.

    Promise: a ticket that was claimed is held by one worker; one that was given back or reclaimed is so once, whoever was
    faster, and a crash at any point leaves it in one of these places.  No verb lists what was read, so none becomes slower
    as a run goes on (but for ``read``).
    """

    def __init__(self, root: str | Path) -> None:
        self.root = os.fspath(root)

    def create(self) -> None:
        """Make the directories; those that are there stay."""
        for below in ("new", "todo", "running", "done/read", "failed/read", "failed/why", "failed/withdrawn"):
            os.makedirs(f"{self.root}/{below}", exist_ok=True)

    def open_group(self, group: str) -> None:
        """Make the place for the tasks of a group."""
        os.makedirs(f"{self.root}/todo/{group}", exist_ok=True)

    def put(self, group: str, ticket: str, content: dict[str, Any]) -> None:
        """Offer a task to the workers."""
        aside = f"{self.root}/new/{ticket}"
        files.write_new(aside, json.dumps(content).encode())
        os.rename(aside, f"{self.root}/todo/{group}/{ticket}")

    def groups(self) -> list[str]:
        """Return the groups there are."""
        return _names(f"{self.root}/todo")

    def waiting(self, group: str) -> list[str]:
        """Return the tickets that nobody has taken yet, in order."""
        return [found["ticket"] for found in _tickets(f"{self.root}/todo/{group}")]

    def withdraw(self, group: str, ticket: str) -> bool:
        """Take back what nobody has taken yet; return whether that was so."""
        return _moved(f"{self.root}/todo/{group}/{ticket}", f"{self.root}/failed/withdrawn/{ticket}")

    def seat(self, seat: Seat) -> str:
        """Return the directory of a worker."""
        return f"{self.root}/running/{seat.spec_key}/{seat.worker_id}"

    def seats(self) -> Iterator[Seat]:
        """Yield every worker that has ever had a directory here."""
        for spec_key in _names(f"{self.root}/running"):
            for worker_id in _names(f"{self.root}/running/{spec_key}"):
                yield Seat(spec_key, worker_id)

    def claim(self, group: str, ticket: str, seat: Seat) -> bool:
        """Take a task for a worker; return False when somebody else was faster."""
        return _moved(f"{self.root}/todo/{group}/{ticket}", f"{self.seat(seat)}/{ticket}")

    def held(self, seat: Seat) -> list[str]:
        """Return the tickets that a worker has."""
        return [found["ticket"] for found in _tickets(self.seat(seat))]

    def content(self, seat: Seat, ticket: str) -> dict[str, Any]:
        """Return what a ticket says; raises ``ValueError`` naming the file when it is no JSON object."""
        return _object(f"{self.seat(seat)}/{ticket}")

    def finish(
        self,
        seat: Seat,
        ticket: str,
        *,
        wall_sec: float = 0.0,
        cpu_sec: float = 0.0,
        why: dict[str, Any] | None = None,
    ) -> bool:
        """Give a task back, as done, or as failed with the reason; return False when it was reclaimed meanwhile.

        Called by its worker.
        """
        end: End = "done" if why is None else "failed"
        if why is not None:  # nobody else ever writes for this ticket
            files.write_atomic(f"{self.root}/failed/why/{ticket}", json.dumps(why).encode())
        ended = f"{ticket}.{round(wall_sec * 1000)}.{round(cpu_sec * 1000)}"
        return _moved(f"{self.seat(seat)}/{ticket}", f"{self.root}/{end}/{ended}")

    def reclaim(self, seat: Seat, ticket: str) -> bool:
        """Take a task from a worker that is gone; return False when it was given back meanwhile."""
        return _moved(f"{self.seat(seat)}/{ticket}", f"{self.root}/failed/read/{ticket}")

    def ended(self, end: End) -> list[Ended]:
        """Return the tasks that ended so since the last call.  Called by the controller.

        Raises ``ValueError`` naming the file when what a worker says cannot be read.
        """
        found = []
        for named in _tickets(f"{self.root}/{end}"):
            ticket = named["ticket"]
            why = _object(f"{self.root}/failed/why/{ticket}") if end == "failed" else None
            os.rename(f"{self.root}/{end}/{named[0]}", f"{self.root}/{end}/read/{named[0]}")
            found.append(Ended(ticket, int(named["wall"] or 0) / 1000, int(named["cpu"] or 0) / 1000, why))
        return found

    def unread(self, end: End) -> list[str]:
        """Return the tickets that have ended so and were not read yet."""
        return [found["ticket"] for found in _tickets(f"{self.root}/{end}")]

    def read(self, end: End) -> list[str]:
        """Return every ticket that has ended so and was read: as many as there ever were."""
        return [found["ticket"] for found in _tickets(f"{self.root}/{end}/read")]

    def last_number(self) -> int:
        """Return the highest number of a ticket that there ever was, -1 before the first; looks everywhere."""
        seen = (name for _, _, names in os.walk(self.root) for name in names)
        return max((int(name[:8]) for name in seen if name[:8].isdigit() and name[8:9] == "-"), default=-1)


def ticket_of(number: int, key: str) -> str:
    """Return the name of the ticket for an artifact; numbers give the order."""
    return f"{number:08d}-{key}"


def key_of(ticket: str) -> str:
    """Return the ``furu_hash`` that a ticket is for."""
    return ticket[9:]


def number_of(ticket: str) -> int:
    """Return the place of a ticket in the order of its run."""
    return int(ticket[:8])


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _tickets(directory: str) -> list[re.Match[str]]:
    return [found for name in _names(directory) if (found := _TICKET.fullmatch(name)) is not None]


def _moved(source: str, target: str) -> bool:
    try:
        os.rename(source, target)
    except FileNotFoundError:
        # A network file system that repeats a call whose answer was lost says that the file is gone.
        return os.path.lexists(target)
    return True


def _object(path: str) -> dict[str, Any]:
    try:
        content = json.loads(Path(path).read_bytes())
    except (ValueError, FileNotFoundError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} is no JSON object")  # noqa: TRY004 - the file is wrong, not an argument
    return content
