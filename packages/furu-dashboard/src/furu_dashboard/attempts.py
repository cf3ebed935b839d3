"""What was tried: the attempts of an artifact, from its events and its state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from furu.errors import FuruRecordError
from furu.storage import layout, records

if TYPE_CHECKING:
    from furu.storage.state import Attempt


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """One attempt as the events tell it."""

    id: str
    started_at: str | None
    ended_at: str | None
    status: str
    host: str | None
    pid: int | None


ENDED = frozenset(("success", "failed", "cancelled", "preempted", "crashed"))
STATUSES = ENDED | {"queued", "running"}


def past(meta_dir: str, current: Attempt | None) -> list[PastAttempt]:
    """Return the attempts before the current one, oldest first.

    An attempt of which the events tell no end, though another came after it, was killed: ``crashed``.  Lines that furu
    did not write are passed over.
    """
    found: dict[str, PastAttempt] = {}
    for event in _events(meta_dir):
        name, status, at = event.get("attempt_id"), event.get("attempt"), event.get("at")
        if not isinstance(name, str) or status not in STATUSES:
            continue
        at = at if isinstance(at, str) else None
        before = found.get(name)
        host, pid = event.get("host"), event.get("pid")
        found[name] = PastAttempt(
            id=name,
            started_at=before.started_at if before else at,
            ended_at=at if status in ENDED else None,
            status=status,
            host=host if isinstance(host, str) else None,
            pid=pid if isinstance(pid, int) else None,
        )
    return [
        one if one.status in ENDED else PastAttempt(one.id, one.started_at, None, "crashed", one.host, one.pid)
        for one in found.values()
        if current is None or one.id != current.id
    ]


def _events(meta_dir: str) -> list[dict[str, Any]]:
    try:
        content = records.content_or_none(f"{meta_dir}/{layout.EVENTS}") or b""
    except FuruRecordError:
        return []
    events = []
    for line in content.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            events.append(event)
    return events
