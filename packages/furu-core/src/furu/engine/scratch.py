"""``scratch``: try things without touching the store."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

from furu import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


@contextmanager
def scratch(path: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Load what exists where it is, and put everything new below a temporary root, which is returned.

    Without ``path`` one temporary root serves the whole process; it is kept for inspection.  ``FURU_SCRATCH=1`` does
    the same for a whole process.  Threads: the setting is the process's, not the thread's.
    """
    settings = config.current()
    before = settings.snapshot()
    try:
        settings.scratch_root = config.scratch_root() if path is None else Path(path)
        settings.scratch = True
        yield settings.scratch_root
    finally:
        settings.restore(before)
