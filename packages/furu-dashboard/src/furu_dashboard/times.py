"""Times as the API tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def iso(sec: float) -> str: ...
@overload
def iso(sec: None) -> None: ...
@overload
def iso(sec: float | None) -> str | None: ...
def iso(sec: float | None) -> str | None:
    """Return seconds since the epoch as ISO 8601 in UTC; the epoch for what no calendar has."""
    if sec is None:
        return None
    try:
        moment = datetime.fromtimestamp(sec, UTC)
    except (OverflowError, OSError, ValueError):  # a clock or a file that says nonsense
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
