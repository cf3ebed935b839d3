"""``create_app``: the dashboard as an ASGI application."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from furu.catalog.catalog import Catalog
from furu_dashboard import pages, problems
from furu_dashboard.api import events, experiments, fields, files, health, listing, logs, relations, stats
from furu_dashboard.guard import Guard
from furu_dashboard.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi.routing import APIRoute

    from furu_dashboard.options import Options

#: Where the build puts the web app.
STATIC = Path(__file__).parent / "static"


def create_app(options: Options) -> FastAPI:
    """Return the dashboard over one store: the API below ``/api/``, the web app for every other path.

    Promise: it reads and never writes; no module of the user's is imported and nothing is unpickled; no file outside the
    directory of the artifact it is asked for is opened.
    """
    app = FastAPI(
        title="furu dashboard",
        version="1",
        description="What a furu store holds.  Read-only.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # these pages fetch their scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
    )
    app.state.catalog = Catalog(options.place)
    app.state.watcher = Watcher(app.state.catalog)
    api = APIRouter(prefix="/api", responses=problems.RESPONSES)
    for part in (health, stats, fields, listing, events, relations, experiments, logs, files):
        api.include_router(part.router)
    app.include_router(api)
    problems.answer_with_problems(app)
    pages.add_pages(app, options.static)
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)
    app.add_middleware(Guard, options=options)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Watch the store while the server runs, and tell what follows it when the server goes."""
    app.state.closing = asyncio.Event()
    app.state.watcher.start()
    yield
    app.state.closing.set()
    app.state.watcher.stop()


def _operation_id(route: APIRoute) -> str:
    """Return the name of the function: stable, and what the client calls it."""
    return route.name
