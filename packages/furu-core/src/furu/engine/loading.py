"""Loading what is published, and asking the class whether it may be used."""

from __future__ import annotations

from furu.errors import FuruCycleError, FuruLoadError, FuruValidationError, compute_error
from furu.runtime import announcing, context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Any

    from furu.storage.artifact import Artifact
    from furu.task import Task


def load(task: Task, artifact: Artifact) -> Any:
    """Return ``task._load()`` of a published artifact, which may be that of an earlier form of the same config.

    Raises ``FuruLoadError`` when it fails; the artifact stays as it is.
    """
    announcing.announce(task.furu_ref, "success->load")
    inside = _entered(task, "_load", artifact)
    try:
        return task._load()
    except Exception as error:
        from pathlib import Path

        from furu._exceptions import text
        from furu.runtime.tracebacks import format_traceback

        raise compute_error(
            f"loading {task.furu_ref.label} failed: {type(error).__name__}: {text(error)}\n"
            f"  in {artifact.directory} (the artifact was kept as it is)",
            original=error,
            state_path=Path(artifact.state_path),
            recorded_traceback=format_traceback(error),
            base=FuruLoadError,
            hints=[
                "mend _load, or let _validate return False to have it computed again",
            ],
        ) from error
    finally:
        context.hooks.reset(inside)


def is_valid(task: Task, artifact: Artifact) -> bool:
    """Return what the class's ``_validate`` says of a published result; ``FuruValidationError`` means False."""
    if not task._furu_validates:
        return True
    inside = _entered(task, "_validate", artifact)
    try:
        return bool(task._validate())
    except FuruValidationError:
        return False
    finally:
        context.hooks.reset(inside)


def _entered(task: Task, hook: str, artifact: Artifact) -> Token[tuple[tuple[str, str, Any], ...]]:
    """Note that a hook runs; raises ``FuruCycleError`` when it is running on this call stack already."""
    key, running = task.furu_hash, context.hooks.get()
    if any(inside == key and name == hook for inside, name, _ in running):
        raise FuruCycleError(
            f"{hook} of {task.furu_ref.label} asks for the result of that same artifact",
            hints=[f"{hook} reads files in self.furu_dir; get() and load_existing() of self would call it again"],
        )
    return context.hooks.set((*running, (key, hook, artifact)))
