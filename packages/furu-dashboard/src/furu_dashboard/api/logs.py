"""Logs: in pages, and as they grow."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from furu_dashboard import details, logs
from furu_dashboard.api.place import Asked
from furu_dashboard.models import LogPage
from furu_dashboard.problems import MISSING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from furu.storage.artifact import Artifact

router = APIRouter(prefix="/experiments", tags=["logs"])

POLL_SEC = 0.25
#: Proxies close connections on which nothing is said.
SILENCE_SEC = 15.0
#: Whether the attempt still runs is looked up this often, and once more before the end is told.
STATE_SEC = 1.0

Offset = Annotated[int | None, Query(ge=0, le=2**62, description="First byte; without it, the last lines")]


@router.get("/{namespace}/{furu_hash}/logs", responses=MISSING)
def get_log(
    artifact: Asked,
    offset: Offset = None,
    limit: Annotated[int, Query(ge=1, le=logs.MOST_BYTES, description="Bytes")] = logs.DEFAULT_BYTES,
) -> LogPage:
    """Return a part of the log, cut between lines."""
    return LogPage(**asdict(logs.part(artifact.directory, offset=offset, limit=limit)))


@router.get(
    "/{namespace}/{furu_hash}/logs/stream",
    responses=MISSING | {200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
    response_class=StreamingResponse,
)
async def stream_log(
    request: Request,
    artifact: Asked,
    offset: Offset = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Follow the log: ``lines`` events as it grows, ``restart`` when it was begun anew, ``end`` when nothing runs.

    The id of an event is the offset after it, so a connection that is taken up again goes on where it ended.
    """
    begin = int(last_event_id) if last_event_id and last_event_id.isdecimal() else offset
    return StreamingResponse(
        _follow(request, artifact, begin), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _follow(request: Request, artifact: Artifact, offset: int | None) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    spoke = loop.time()
    looked, runs = spoke, await asyncio.to_thread(details.running, artifact)
    while not await request.is_disconnected() and not request.app.state.closing.is_set():
        part = await asyncio.to_thread(logs.part, artifact.directory, offset=offset)
        if offset is not None and part.size < offset:
            offset, spoke = 0, loop.time()
            yield _event("restart", {}, 0)
            continue
        if part.text:
            offset, spoke = part.next_offset, loop.time()
            yield _event("lines", asdict(part), part.next_offset)
            continue
        if offset is None:
            offset = part.next_offset
        if not runs:
            yield _event("end", {"size": part.size}, offset)
            return
        if loop.time() - looked >= STATE_SEC:
            looked, runs = loop.time(), await asyncio.to_thread(details.running, artifact)
            continue  # what was written before it ended is read first
        if loop.time() - spoke >= SILENCE_SEC:
            spoke = loop.time()
            yield ": still here\n\n"
        await asyncio.sleep(POLL_SEC)


def _event(name: str, fields: object, offset: int) -> str:
    return f"id: {offset}\nevent: {name}\ndata: {json.dumps(fields)}\n\n"
