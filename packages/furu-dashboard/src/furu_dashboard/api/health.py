"""Whether the dashboard answers, and for which store."""

from __future__ import annotations

import os
from importlib.metadata import version

from fastapi import APIRouter

from furu_dashboard import times
from furu_dashboard.api.place import Watching
from furu_dashboard.models import Health, IndexHealth, IndexProgress, RootHealth, SkippedDirectory

router = APIRouter(tags=["health"])


@router.get("/health")
def get_health(watching: Watching) -> Health:
    """Return the version, the roots of the store, and how old the index is."""
    return Health(
        status="ok",
        version=version("furu-dashboard"),
        roots=[
            RootHealth(kind=kind, path=path, readable=os.access(path, os.R_OK | os.X_OK))
            for kind, path in watching.catalog.place.roots
        ],
        index=index_health(watching),
    )


def index_health(watching: Watching) -> IndexHealth:
    """Return how far the index is."""
    news = watching.news
    return IndexHealth(
        version=news.version,
        refreshed_at=times.iso(watching.catalog.refreshed_at),
        refresh_sec=news.refresh_sec,
        refreshing=news.progress and IndexProgress(seen=news.progress[0], total=news.progress[1]),
        trouble=news.trouble,
        skipped=[SkippedDirectory(path=path, reason=reason) for path, reason in watching.catalog.skipped()[:100]],
    )
