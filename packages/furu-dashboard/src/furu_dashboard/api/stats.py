"""Statistics: figures over the whole store."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from furu_dashboard import statistics
from furu_dashboard.api.place import Asking, Watching
from furu_dashboard.models import Stats

router = APIRouter(tags=["statistics"])


@router.get("/stats")
def get_stats(
    asking: Asking,
    watching: Watching,
    days: Annotated[int, Query(ge=1, le=3650, description="How far back days go")] = 30,
) -> Stats:
    """Return counts by state, by class and by day."""
    return watching.remembered(("stats", days), lambda: statistics.stats(asking, days=days))
