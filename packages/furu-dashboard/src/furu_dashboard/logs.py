"""The log of an artifact in parts, cut between lines."""

from __future__ import annotations

import os
from dataclasses import dataclass

from furu.storage import layout
from furu_dashboard import interior

DEFAULT_BYTES = 64 * 1024
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a log: bytes ``offset`` to ``next_offset`` of the ``size`` there are."""

    text: str
    offset: int
    next_offset: int
    size: int


def part(directory: str, *, offset: int | None, limit: int = DEFAULT_BYTES) -> LogPart:
    """Return at most ``limit`` bytes of an artifact's log from ``offset`` on; its last lines without an offset.

    A part begins and ends with a line wherever one line fits into it; bytes that are no text are replaced.  An offset
    behind the end gives the end.  Without a log the part is empty.
    """
    opened = interior.open_file(directory, f"{layout.META}/{layout.LOG}")
    if opened is None:
        return LogPart("", 0, 0, 0)
    try:
        start = max(0, opened.size - limit) if offset is None else min(offset, opened.size)
        # One byte more in front tells whether a line begins here.
        before = 1 if start else 0
        content = os.pread(opened.fd, limit + before, start - before)
    finally:
        os.close(opened.fd)
    if before and offset is None and not content.startswith(b"\n") and b"\n" in content[before:]:
        first = content.index(b"\n", before) + 1
        start, content = start - before + first, content[first:]
    else:
        content = content[before:]
    end = content.rfind(b"\n") + 1
    if end and start + len(content) < opened.size:
        content = content[:end]
    return LogPart(content.decode(errors="replace"), start, start + len(content), max(opened.size, start))
