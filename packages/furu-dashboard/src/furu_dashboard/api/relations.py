"""Relationships: what an experiment needs, and what needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from furu_dashboard import details, summaries
from furu_dashboard.api.place import Asked, Asking
from furu_dashboard.models import Relation, Relationships
from furu_dashboard.problems import MISSING

if TYPE_CHECKING:
    from furu.catalog.catalog import Catalog
    from furu_dashboard.models import Dependency

router = APIRouter(prefix="/experiments", tags=["relationships"])


@router.get("/{namespace}/{furu_hash}/relationships", responses=MISSING)
def get_relationships(
    artifact: Asked,
    asking: Asking,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Relationships:
    """Return the dependencies of an experiment, fields and methods alike, and its dependents."""
    needs = details.detail(artifact).dependencies
    needing = [
        (need.path, row)
        for row in asking.needing(artifact.ref.furu_hash)
        for need in row.needs
        if (need.furu_hash, need.namespace) == (artifact.ref.furu_hash, artifact.ref.namespace)
    ]
    return Relationships(
        dependencies=[_dependency(asking, need) for need in needs[offset : offset + limit]],
        dependencies_total=len(needs),
        dependents=[summaries.relation(row, path) for path, row in needing[offset : offset + limit]],
        dependents_total=len(needing),
    )


def _dependency(asking: Catalog, need: Dependency) -> Relation:
    for row in asking.named(need.furu_hash):
        if row.namespace == need.namespace:
            return summaries.relation(row, need.path)
    return Relation(
        path=need.path,
        root=need.root,
        namespace=need.namespace,
        class_name=need.namespace.rpartition(".")[2],
        furu_hash=need.furu_hash,
        name=None,
        result_status=None,
        attempt_status=None,
    )
