"""``Options``: what a dashboard is started with."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from furu.catalog.place import Place

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a dashboard is started with.

    ``place`` is the store that is shown, ``host`` and ``port`` are where it listens.  ``token`` is what visitors have to show, None where none is asked for.
    ``allowed_hosts`` are further names it may be called by.  ``static`` is the directory of the built web app, None for
    the API alone.
    """

    place: Place
    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    allowed_hosts: frozenset[str] = frozenset()
    static: Path | None = None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach what listens at ``host``."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
