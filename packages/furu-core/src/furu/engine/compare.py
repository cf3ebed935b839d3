"""``furu.diff``: where two configs differ, whatever they are given as."""

from __future__ import annotations

import os
from typing import Any

from furu.engine.explain import excluded_fields
from furu.errors import FuruError
from furu.identity import diff as differing
from furu.identity.names import is_furu
from furu.identity.view import ConfigView
from furu.storage import stored
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.identity.diff import Difference


def diff(old: object, new: object) -> tuple[Difference, ...]:
    """Return where two configs differ, in the order of the fields, through nested objects, lists and dicts.

    Each is a Furu object (or any other config object), a key or the beginning of one, the directory of an artifact, or what
    ``to_dict`` returns.  Empty when they are the same.

    Raises ``FuruError`` when there is no artifact with that key or in that directory, or its config was not recorded.
    """
    return differing.differences(config_of(old), config_of(new), excluded=excluded_fields)


def config_of(what: Any) -> Any:
    """Return the config that ``what`` stands for: as it is when it is one, else as it was recorded."""
    if isinstance(what, (dict, ConfigView)) or is_furu(what):
        return what
    if not isinstance(what, (str, os.PathLike)):
        return what  # another config object; what is none is refused where it is read
    found = _found(what)
    described = stored.config_of(found)
    if described is None:
        raise FuruError(f"no config is recorded in {found.directory}")
    return described


def _found(what: str | os.PathLike[str]) -> Artifact:
    if not isinstance(what, str) or os.sep in what or os.path.isdir(what):
        path = os.path.abspath(what)
        if not os.path.isdir(path):
            raise FuruError(f"there is no directory {path}")
        return Artifact(ArtifactRef("data", "", os.path.basename(path)), path)
    found = [artifact for artifact in stored.artifacts() if artifact.ref.furu_hash.startswith(what)]
    if len(found) != 1:
        raise FuruError(
            f"{what!r} begins the keys of {len(found)} artifacts in the store",
            hints=["write more of it" if found else "furu_hash is the key of an object; FURU_PATH sets the store"],
        )
    return found[0]
