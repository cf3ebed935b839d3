"""Results that tests put in the place of computed ones."""

from __future__ import annotations

from contextlib import contextmanager

from furu.errors import MISSING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

#: furu_hash -> value.  One table per process, so that threads started inside an override see it too.
_active: dict[str, Any] = {}


def lookup(furu_hash: str) -> Any:
    """Return the value that stands in for an artifact, or ``MISSING``."""
    return _active.get(furu_hash, MISSING) if _active else MISSING


def active() -> dict[str, Any]:
    """Return a copy of all overrides in force, to be carried to workers."""
    return dict(_active)


@contextmanager
def none_installed() -> Iterator[None]:
    """Let no override be in force inside the block; those from outside are back afterwards."""
    before = dict(_active)
    _active.clear()
    try:
        yield
    finally:
        _active.clear()
        _active.update(before)


@contextmanager
def installed(values: Mapping[str, Any]) -> Iterator[None]:
    """Let ``values`` (furu_hash -> value) stand in for artifacts inside the block; nested blocks add up."""
    before = dict(_active)
    _active.update(values)
    try:
        yield
    finally:
        _active.clear()
        _active.update(before)
