"""Where an operation finds the store, its catalog, and the artifact that a path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from furu.catalog.catalog import Catalog
from furu.storage.artifact import Artifact
from furu_dashboard import shelves
from furu_dashboard.problems import missing
from furu_dashboard.watcher import Watcher

Namespace = Annotated[
    str, Path(pattern=shelves.NAMESPACE, description="Dotted module and class", examples=["pipelines.Train"])
]
Hash = Annotated[str, Path(pattern=shelves.HASH, description="20 lower-case hex characters")]


def watcher(request: Request) -> Watcher:
    """Return what keeps the catalog fresh; asking for it says that somebody looks."""
    found = request.app.state.watcher
    assert isinstance(found, Watcher)
    found.wanted()
    return found


Watching = Annotated[Watcher, Depends(watcher)]


def catalog(watching: Watching) -> Catalog:
    """Return the catalog of the store that this dashboard shows."""
    return watching.catalog


Asking = Annotated[Catalog, Depends(catalog)]


def artifact(namespace: Namespace, furu_hash: Hash, asking: Asking) -> Artifact:
    """Return the artifact that a path names, or answer that there is none."""
    found = shelves.find(asking.place, namespace, furu_hash)
    if found is None:
        raise missing(f"There is no experiment {namespace}/{furu_hash} in this store.")
    return found


Asked = Annotated[Artifact, Depends(artifact)]
