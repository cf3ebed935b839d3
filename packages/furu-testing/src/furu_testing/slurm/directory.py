"""The directory that holds a fake cluster: its state, what was called, and the scripts of its jobs.

Promise: processes and threads change the state one after the other (a lock on a file), and a process that dies halfway
leaves the state as it was (written beside it, then renamed).

The state is written with `marshal`, which one and the same interpreter reads back: importing `json` would double the
time that a command takes.
"""

from __future__ import annotations

import fcntl
import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

    from furu_testing.slurm.model import State


class Directory:
    """A fake cluster on disk."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.bin = f"{path}/bin"
        self.main = f"{path}/lib/main.pyc"

    def job_file(self, submission: int, name: str) -> str:
        """Return the path of a file that belongs to a submission, in a directory that exists."""
        os.makedirs(f"{self.path}/jobs/{submission}", exist_ok=True)
        return f"{self.path}/jobs/{submission}/{name}"

    def changing(self) -> Transaction:
        """Return a context manager that yields the state, alone with it, and writes it back unless there was an error."""
        return Transaction(self.path)

    def read(self) -> State:
        """Return the state as it was last written."""
        state: State = load(f"{self.path}/state")
        return state

    def stamp(self) -> str:
        """Return what is different after every change of the state."""
        found = os.stat(f"{self.path}/state")
        return f"{found.st_ino} {found.st_mtime_ns}"

    def create(self, state: State) -> None:
        """Write the first state."""
        write(f"{self.path}/state", state)

    def note(self, record: Mapping[str, Any]) -> None:
        """Append one record to the list of calls; short writes to the end of a file do not mix."""
        with open(f"{self.path}/calls", "ab", buffering=0) as file:
            file.write(marshal.dumps(dict(record)))

    def notes(self) -> list[dict[str, Any]]:
        """Return the records of all calls."""
        records: list[dict[str, Any]] = []
        try:
            with open(f"{self.path}/calls", "rb") as file:
                while True:
                    records.append(marshal.load(file))
        except (FileNotFoundError, EOFError):
            return records


class Transaction:
    """The state of a cluster while nobody else can change it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = -1
        self._state: State

    def __enter__(self) -> State:
        self._lock = os.open(f"{self._path}/lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._state = load(f"{self._path}/state")
        return self._state

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                write(f"{self._path}/state", self._state)
        finally:
            # Closing alone would leave the lock with a child that was forked meanwhile.
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            os.close(self._lock)


def write(path: str, content: Any) -> None:
    """Write plain values to a file, whole or not at all."""
    beside = f"{path}.{os.getpid()}"
    with open(beside, "wb") as file:
        file.write(marshal.dumps(content))
    os.replace(beside, path)


def load(path: str) -> Any:
    """Return what `write` wrote."""
    with open(path, "rb") as file:  # read at once: `marshal.load` asks a file for a few bytes at a time
        return marshal.loads(file.read())
