"""How an artifact is found in the roots of a store by its name."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal

from furu.storage import layout
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from furu.catalog.place import Place

RootKind = Literal["data", "artifacts"]

#: A dotted name none of whose parts is empty or holds a separator; so none can be ``.`` or ``..`` either.
NAMESPACE = r"^[^/\\.\x00]+(\.[^/\\.\x00]+)*$"
HASH = r"^[0-9a-f]{20}$"


def find(place: Place, namespace: str, furu_hash: str) -> Artifact | None:
    """Return the artifact of that name, or None when the store does not have it.

    Promise: its directory lies below a root of the store, also once every symbolic link is followed.
    """
    if not (re.fullmatch(NAMESPACE, namespace) and re.fullmatch(HASH, furu_hash)):
        return None
    for root, top in place.roots:
        directory = place.directory(root, namespace, furu_hash)
        try:
            if os.path.isdir(f"{directory}/{layout.META}") and inside(top, directory):
                return Artifact(ArtifactRef(root, namespace, furu_hash), directory)
        except (OSError, ValueError):  # a name too long for a file, or with a lone surrogate
            continue
    return None


def inside(base: str, path: str) -> bool:
    """Return whether a path is below ``base`` once every symbolic link is followed."""
    real_base, real = os.path.realpath(base), os.path.realpath(path)
    return real == real_base or real.startswith(real_base.rstrip(os.sep) + os.sep)
