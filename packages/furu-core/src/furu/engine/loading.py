"""Loading what is published, and asking the class whether it may be used."""

from __future__ import annotations

from contextvars import ContextVar

from furu.errors import FuruCycleError, FuruLoadError, FuruValidationError, compute_error
from furu.runtime import announcing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import Token
    from typing import Any

    from furu.storage.artifact import Artifact
    from furu.task import ArtifactRef, Task

#: (furu_hash, hook) of the hooks that run on this call stack.
_inside: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("furu_hooks", default=())


def load(task: Task, artifact: Artifact) -> Any:
    """Return ``task._load()`` of a published artifact.

    Raises ``FuruLoadError`` when it fails; the artifact stays as it is.
    """
    announcing.announce(artifact.ref, "success->load")
    inside = _entered(artifact.ref, "_load")
    try:
        return task._load()
    except Exception as error:
        from pathlib import Path

        from furu._exceptions import text
        from furu.runtime.tracebacks import format_traceback

        raise compute_error(
            f"loading {artifact.ref.label} failed: {type(error).__name__}: {text(error)}\n"
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
        _inside.reset(inside)


def is_valid(task: Task) -> bool:
    """Return what the class's ``_validate`` says of a published result; ``FuruValidationError`` means False."""
    if not task._furu_validates:
        return True
    inside = _entered(task.furu_ref, "_validate")
    try:
        return bool(task._validate())
    except FuruValidationError:
        return False
    finally:
        _inside.reset(inside)


def _entered(ref: ArtifactRef, hook: str) -> Token[tuple[tuple[str, str], ...]]:
    """Note that a hook runs; raises ``FuruCycleError`` when it is running on this call stack already."""
    here = (ref.furu_hash, hook)
    running = _inside.get()
    if here in running:
        raise FuruCycleError(
            f"{hook} of {ref.label} asks for the result of that same artifact",
            hints=[f"{hook} reads files in self.furu_dir; get() and load_existing() of self would call it again"],
        )
    return _inside.set((*running, here))
