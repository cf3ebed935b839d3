"""Where an operation finds the store, and the artifact that a path names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from furu.storage.artifact import Artifact
from furu_dashboard.problems import missing
from furu_dashboard.shelves import HASH, NAMESPACE, Shelves

Namespace = Annotated[str, Path(pattern=NAMESPACE, description="Dotted module and class", examples=["pipelines.Train"])]
Hash = Annotated[str, Path(pattern=HASH, description="20 lower-case hex characters")]


def shelves(request: Request) -> Shelves:
    """Return the roots of the store that this dashboard shows."""
    found = request.app.state.shelves
    assert isinstance(found, Shelves)
    return found


Roots = Annotated[Shelves, Depends(shelves)]


def artifact(namespace: Namespace, furu_hash: Hash, roots: Roots) -> Artifact:
    """Return the artifact that a path names, or answer that there is none."""
    found = roots.find(namespace, furu_hash)
    if found is None:
        raise missing(f"There is no experiment {namespace}/{furu_hash} in this store.")
    return found


Asked = Annotated[Artifact, Depends(artifact)]
