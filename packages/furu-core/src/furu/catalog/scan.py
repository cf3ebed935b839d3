"""Scan: which artifacts a store holds, by looking at directories alone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.task import RootKind

#: What a directory of an artifact is called.
HASH = re.compile(r"[0-9a-f]{20}")

_DEEPEST = 40


class Folder(NamedTuple):
    """The artifacts of one class: where they lie, and the names of their directories."""

    root: RootKind
    namespace: str
    path: str
    hashes: list[str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A directory that was not looked into, and why."""

    path: str
    reason: str


def folders(root: RootKind, top: str) -> Iterator[Folder | Skipped]:
    """Yield every folder below ``top`` that holds artifacts, and what is no part of a store.

    Links are followed, each directory once, so a loop of links ends.  What vanishes meanwhile is passed over; a ``top`` that is
    not there holds nothing.
    """
    seen: set[tuple[int, int]] = set()
    pending: list[tuple[str, tuple[str, ...]]] = [(top, ())] if os.path.isdir(top) else []
    while pending:
        path, parts = pending.pop()
        try:
            found = os.stat(path)
            if (found.st_dev, found.st_ino) in seen:
                yield Skipped(path, "a link to a directory that was seen already")
                continue
            seen.add((found.st_dev, found.st_ino))
            with os.scandir(path) as entries:
                names = sorted(entry.name for entry in entries if _is_directory(entry))
        except FileNotFoundError:
            continue
        except OSError as error:
            yield Skipped(path, f"cannot be read: {error.strerror or error}")
            continue
        hashes = [name for name in names if HASH.fullmatch(name)]
        if hashes and parts:
            yield Folder(root, ".".join(parts), path, hashes)
        for name in reversed(names):
            if HASH.fullmatch(name) or name[:1] == ".":
                continue
            if not name.isidentifier() or len(parts) >= _DEEPEST:
                yield Skipped(f"{path}/{name}", "its name is no part of a module or class")
                continue
            pending.append((f"{path}/{name}", (*parts, name)))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere or in circles
        return False
