"""Fields of the filter language, for completion."""

from __future__ import annotations

from fastapi import APIRouter

from furu.catalog.fields import FIELDS
from furu_dashboard.api.place import Asking
from furu_dashboard.models import FilterField, FilterFields

router = APIRouter(tags=["experiments"])

MOST_PATHS = 2000


@router.get("/fields")
def list_fields(asking: Asking) -> FilterFields:
    """Return every field that filters can ask for."""
    paths = asking.paths()
    return FilterFields(
        fields=[FilterField(name=field.name, kind=field.kind, doc=field.doc) for field in FIELDS.values()],
        config_paths=paths[:MOST_PATHS],
        config_truncated=len(paths) > MOST_PATHS,
    )
