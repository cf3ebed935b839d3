"""``Log``: what was logged while an artifact was computed, read while it grows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.storage import lease
from furu.storage.layout import LOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from furu._sys.clock import Clock
    from furu.storage.artifact import Artifact

PAUSE_SEC = 0.2
CHUNK = 1 << 20

#: As ``runtime.logfile`` writes them: time, level, logger, place, message.
_RECORD = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+Z) ([A-Z]+) (\S+) (\S+:\d+) ?(.*)", re.DOTALL)


@dataclass(slots=True)
class Tail:
    """How far a file has been read.  A file that is replaced or cut off is read from its begin."""

    path: str
    offset: int = 0
    _file: tuple[int, int] | None = field(default=None, repr=False)

    def read(self) -> bytes:
        """Return what was written since the last call, at most a megabyte; nothing when the file is not there."""
        try:
            with open(self.path, "rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                same = self._file in (None, (found.st_dev, found.st_ino)) and found.st_size >= self.offset
                self._file, self.offset = (found.st_dev, found.st_ino), self.offset if same else 0
                file.seek(self.offset)
                content = file.read(CHUNK) or b""
        except (FileNotFoundError, NotADirectoryError):
            self._file, self.offset = None, 0
            return b""
        self.offset += len(content)
        return content


def path_of(artifact: Artifact) -> str:
    """Return where the log of an artifact is: for an alias, that of the original, unless it has one of its own."""
    own = f"{artifact.meta_dir}/{LOG}"
    holder = artifact.holder()
    return own if holder is None or os.path.exists(own) else f"{holder.meta_dir}/{LOG}"


def contents(artifact: Artifact) -> Iterator[bytes]:
    """Yield what is in the log now, piece by piece."""
    tail = Tail(path_of(artifact))
    while piece := tail.read():
        yield piece


def follow(artifact: Artifact, tail: Tail, clock: Clock = SYSTEM_CLOCK) -> Iterator[bytes]:
    """Yield what is logged, piece by piece, as long as the artifact is computed or waits in a queue.

    What was there before comes first, unless ``tail`` says that it was read.  Ends when the attempt has ended and all it
    logged was yielded; also when the artifact is removed.  A log that is rotated is followed on.
    """
    while True:
        goes_on = _goes_on(artifact)  # first, so that the last words are not missed
        while piece := tail.read():
            yield piece
        if not goes_on:
            return
        clock.sleep(PAUSE_SEC)


def _goes_on(artifact: Artifact) -> bool:
    claim = lease.look(artifact.meta_dir)
    if claim is not None:
        return claim.live
    recorded = artifact.recorded_state()
    queued = recorded is not None and recorded.attempt is not None and recorded.attempt.status == "queued"
    return queued and not artifact.published()


def last_lines(pieces: Iterable[bytes], count: int) -> bytes:
    """Return the last ``count`` lines of a text that comes in pieces; holds no more of it than that."""
    kept = b""
    for piece in pieces:
        lines = (kept + piece).splitlines(keepends=True)
        kept = b"".join(lines[-count:] if count else [])
    return kept


def records(pieces: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """Yield the records of a log as JSON-ready data: ``at``, ``level``, ``logger``, ``where``, ``message``.

    Lines that begin no record, such as those of a traceback, belong to the message before them.
    """
    rest = b""
    current: dict[str, str] | None = None
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            current, done = _continued(current, line.decode(errors="replace"))
            if done is not None:
                yield done
    if rest:
        current, done = _continued(current, rest.decode(errors="replace"))
        if done is not None:
            yield done
    if current is not None:
        yield current


def _continued(current: dict[str, str] | None, line: str) -> tuple[dict[str, str], dict[str, str] | None]:
    """Return the record that a line belongs to, and the one before it when that is complete."""
    begun = _RECORD.fullmatch(line)
    if begun is not None:
        at, level, logger, where, message = begun.groups()
        return {"at": at, "level": level, "logger": logger, "where": where, "message": message}, current
    if current is None:
        return {"at": "", "level": "", "logger": "", "where": "", "message": line}, None
    current["message"] += f"\n{line}"
    return current, None
