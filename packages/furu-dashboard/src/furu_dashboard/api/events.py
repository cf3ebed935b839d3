"""Events: that something in the store changed, so that nobody has to poll."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from furu_dashboard.api.health import index_health
from furu_dashboard.api.place import Watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from furu_dashboard.watcher import Watcher

router = APIRouter(tags=["events"])

POLL_SEC = 0.2
SILENCE_SEC = 15.0


@router.get(
    "/events/stream",
    responses={200: {"content": {"text/event-stream": {}}, "description": "Server-sent events"}},
    response_class=StreamingResponse,
)
async def stream_events(request: Request, watching: Watching) -> StreamingResponse:
    """Tell the state of the index now and at each change: ``index`` events, as in ``/api/health``."""
    return StreamingResponse(
        _changes(request, watching), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _changes(request: Request, watching: Watcher) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    told: object = None
    spoke = loop.time()
    while not await request.is_disconnected() and not request.app.state.closing.is_set():
        watching.wanted()
        news = watching.news
        now = (news.version, news.progress, news.trouble)
        if now != told:
            told, spoke = now, loop.time()
            state = await asyncio.to_thread(index_health, watching)
            yield f"event: index\ndata: {state.model_dump_json()}\n\n"
        elif loop.time() - spoke >= SILENCE_SEC:
            spoke = loop.time()
            yield ": still here\n\n"
        await asyncio.sleep(POLL_SEC)
