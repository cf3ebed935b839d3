"""``Shelves``: the roots of a store, and how an artifact is found in them by name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from furu.storage import layout
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from pathlib import Path

RootKind = Literal["data", "artifacts"]

#: A dotted name none of whose parts is empty or holds a separator; so none can be ``.`` or ``..`` either.
NAMESPACE = r"^[^/\\.\x00]+(\.[^/\\.\x00]+)*$"
HASH = r"^[0-9a-f]{20}$"


@dataclass(frozen=True, slots=True)
class Shelves:
    """The two roots of one store."""

    data: Path
    artifacts: Path

    def find(self, namespace: str, furu_hash: str) -> Artifact | None:
        """Return the artifact of that name, or None when no root has it.

        Promise: its directory lies below a root, also once every symbolic link is followed.
        """
        if not (re.fullmatch(NAMESPACE, namespace) and re.fullmatch(HASH, furu_hash)):
            return None
        for kind, root in self.roots().items():
            directory = os.path.join(root, *namespace.split("."), furu_hash)
            try:
                if os.path.isdir(f"{directory}/{layout.META}") and inside(root, directory):
                    return Artifact(ArtifactRef(kind, namespace, furu_hash), directory)
            except (OSError, ValueError):  # a name too long for a file, or with a lone surrogate
                continue
        return None

    def roots(self) -> dict[RootKind, Path]:
        """Return the roots by their kind."""
        return {"data": self.data, "artifacts": self.artifacts}


def inside(base: str | Path, path: str) -> bool:
    """Return whether a path is below ``base`` once every symbolic link is followed."""
    real_base, real = os.path.realpath(base), os.path.realpath(path)
    return real == real_base or real.startswith(real_base.rstrip(os.sep) + os.sep)
