"""Ranges of bytes, as a request asks for them."""

from __future__ import annotations

import re


class Unsatisfiable(Exception):
    """A range begins behind the end of the file."""


def asked(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last that a ``Range`` header asks for (RFC 9110, section 14.1.2).

    None means the whole file: no header, several ranges, or one that is malformed, which the rule says to ignore.
    Raises ``Unsatisfiable`` when the file has none of these bytes.
    """
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").replace(" ", ""))
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        begin, end = max(0, size - int(last)), size
    else:
        begin, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < begin:
            return None
    if begin >= end:
        raise Unsatisfiable
    return begin, end
