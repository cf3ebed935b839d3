"""The terminal: telling people something where there may be nobody to tell."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def tell(text: str) -> None:
    """Write one line to stderr, now.  Never raises: stderr may be absent, closed, full, or somebody's own object."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(f"furu: {text}\n")
            sys.stderr.flush()
    except Exception:  # noqa: BLE001 - what is to be told is never worth a failure
        pass


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is a terminal; one that is absent or closed is not."""
    try:
        return bool(stream.isatty())
    except Exception:  # noqa: BLE001 - whatever stands in for a stream
        return False
