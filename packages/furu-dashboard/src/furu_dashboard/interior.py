"""The interior of an artifact's directory: its files, and safe ways to one of them."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from furu_dashboard.shelves import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A listing ends here; whoever has more files in one artifact looks at them with other tools.
MOST_ENTRIES = 5000


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, directory or link; ``path`` is relative to the artifact's directory, ``size`` in bytes."""

    path: str
    kind: str
    size: int
    modified_at: float


@dataclass(frozen=True, slots=True)
class Opened:
    """A regular file opened for reading; whoever got it closes ``fd``."""

    fd: int
    size: int
    modified_at: float


def entries(directory: str, limit: int = MOST_ENTRIES) -> tuple[list[Entry], bool]:
    """Return what is in a directory, parents before what they hold, and whether there is more than ``limit``.

    Symbolic links are told and not followed.  What vanishes meanwhile or may not be read is passed over.
    """
    found: list[Entry] = []
    for entry in _walk(directory, ""):
        if len(found) == limit:
            return found, True
        found.append(entry)
    return found, False


def _walk(directory: str, prefix: str) -> Iterator[Entry]:
    try:
        with os.scandir(f"{directory}/{prefix}") as listing:
            children = sorted(listing, key=lambda child: child.name)
    except OSError:
        return
    for child in children:
        try:
            status = child.stat(follow_symlinks=False)
        except OSError:
            continue
        path = f"{prefix}{child.name}"
        yield Entry(path, _kind(status.st_mode), status.st_size, status.st_mtime)
        if stat.S_ISDIR(status.st_mode):
            yield from _walk(directory, f"{path}/")


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_ISREG(mode) else "other"


def open_file(directory: str, path: str) -> Opened | None:
    """Open a regular file of an artifact; None when there is none of that path.

    Promise: the file lies inside the artifact's directory, also once every symbolic link is followed; a path that leads
    out is answered like one that leads nowhere.  Nobody waits for a pipe.
    """
    wanted = os.path.join(directory, path)
    try:
        if os.path.isabs(path) or not inside(directory, wanted):
            return None
        real = os.path.realpath(wanted)
        fd = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except (OSError, ValueError):
        return None
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        return None
    return Opened(fd, status.st_size, status.st_mtime)
