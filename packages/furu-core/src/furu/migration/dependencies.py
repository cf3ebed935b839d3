"""Dependencies: whether a config of today still needs what its result was computed from.

What ``@furu_dep`` methods return enters the key, and is not in the config.  So where a class has such methods, the
dependencies that were recorded are compared with those of today, each as its own changes have it.
"""

from __future__ import annotations

from furu.errors import FuruError
from furu.identity import dependencies, names, schema
from furu.identity.records import record_of
from furu.identity.upgrade import Rules, upgraded
from furu.storage import stored
from furu.storage.artifact import Artifact
from furu.storage.layout import directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.storage.stored import Stored
    from furu.task import ArtifactRef


def doubt(source: Stored, config: Any, rules: Rules) -> str | None:
    """Return why a result may have been computed from something else than ``config`` needs, or None."""
    if not _has_methods(config):
        return None
    if source.needs is None:
        return "it was not recorded what it was computed from, and a @furu_dep may have changed"
    today = {one.furu_hash for _, one in dependencies.direct(config)}
    for need in source.needs:
        key = need.furu_hash if need.furu_hash in today else _key_today(need, rules)
        if key not in today:
            return f"it was computed from {need.label}, which is no dependency any more: a @furu_dep changed"
        today.discard(key)
    return "it was computed without a dependency that it has now: a @furu_dep changed" if today else None


def _has_methods(config: Any) -> bool:
    """Return whether a config, or one that it is made of, has dependencies that its fields do not tell."""
    classes = map(names.resolve, set(schema.classes_in(config.to_dict())))
    return any(getattr(record_of(cls), "methods", ()) for cls in classes)


def _key_today(need: ArtifactRef, rules: Rules) -> str | None:
    """Return the key that a dependency has today, by what was recorded of it; None where that cannot be told."""
    artifact = Artifact(need, directory(need))
    found = stored.read(artifact)
    described = stored.config_of(artifact) if found is None else found.furu_obj
    if described is None:
        return None
    try:
        obj = upgraded(described, rules).obj
    except FuruError:
        return None
    if found is not None and doubt(found, obj, rules) is not None:
        return None
    return str(obj.furu_hash)
