"""Loading what is published, and asking the class whether it may be used."""

from __future__ import annotations

from furu.errors import FuruLoadError, FuruValidationError, compute_error
from furu.runtime import announcing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.storage.artifact import Artifact
    from furu.task import Task


def load(task: Task, artifact: Artifact) -> Any:
    """Return ``task._load()`` of a published artifact.

    Raises ``FuruLoadError`` when it fails; the artifact stays as it is.
    """
    announcing.announce(artifact.ref, "success->load")
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


def is_valid(task: Task) -> bool:
    """Return what the class's ``_validate`` says of a published result; ``FuruValidationError`` means False."""
    try:
        return not task._furu_validates or bool(task._validate())
    except FuruValidationError:
        return False
