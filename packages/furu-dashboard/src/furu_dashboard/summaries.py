"""Rows of the catalog as the API tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from furu_dashboard import times
from furu_dashboard.models import ExperimentSummary, Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.catalog.row import Row

_ABSENT = object()


def summary(row: Row, config_paths: Sequence[str] = ()) -> ExperimentSummary:
    """Return a row with the fields of its config that were asked for."""
    return ExperimentSummary.model_validate(
        {
            "root": row.root,
            "namespace": row.namespace,
            "class_name": row.class_name,
            "furu_hash": row.hash,
            "name": row.name,
            "result_status": row.result,
            "attempt_status": row.attempt,
            "attempts": row.attempts,
            "failure": row.failure,
            "error": row.error,
            "backend": row.backend,
            "hostname": row.host,
            "user": row.user,
            "created_at": times.iso(row.created),
            "started_at": times.iso(row.started),
            "ended_at": times.iso(row.ended),
            "updated_at": times.iso(row.updated),
            "duration_sec": row.duration,
            "peak_memory_bytes": row.memory,
            "size_bytes": row.size,
            "tags": list(row.tags),
            "pinned": row.pinned,
            "alias_of": row.original,
            "trouble": row.trouble,
            "values": {path: found for path in config_paths if (found := at(row.config, path)) is not _ABSENT},
        }
    )


def at(config: Any, path: str) -> Any:
    """Return what a plain config has at a dotted path: a leaf, or what stands for a record, list or dict."""
    found = config
    for step in path.split("."):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return _ABSENT
    if isinstance(found, dict):
        return str(found["$class"]).rpartition(".")[2] if "$class" in found else f"{{{len(found)}}}"
    return f"[{len(found)}]" if isinstance(found, list) else found


def relation(row: Row, path: str) -> Relation:
    """Return a row as a relation of another one."""
    return Relation.model_validate(
        {
            "path": path,
            "root": row.root,
            "namespace": row.namespace,
            "class_name": row.class_name,
            "furu_hash": row.hash,
            "name": row.name,
            "result_status": row.result,
            "attempt_status": row.attempt,
        }
    )
