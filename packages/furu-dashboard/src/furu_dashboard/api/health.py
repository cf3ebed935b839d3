"""Whether the dashboard answers, and for which store."""

from __future__ import annotations

import os
from importlib.metadata import version

from fastapi import APIRouter

from furu_dashboard.api.place import Roots
from furu_dashboard.models import Health, RootHealth

router = APIRouter(tags=["health"])


@router.get("/health")
def get_health(roots: Roots) -> Health:
    """Return the version, and the roots of the store."""
    return Health(
        status="ok",
        version=version("furu-dashboard"),
        roots=[
            RootHealth(kind=kind, path=str(path), readable=os.access(path, os.R_OK | os.X_OK))
            for kind, path in roots.roots().items()
        ],
    )
