"""``scratch``: try things without touching the store."""

from __future__ import annotations

from contextlib import contextmanager

from furu import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def scratch(path: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Load what exists where it is, and put everything new below a temporary root, which is returned.

    Without ``path`` one temporary root serves the whole process; it is kept for inspection.  ``FURU_SCRATCH=1`` does
    the same for a whole process.  Threads: the setting is the process's, not the thread's.  Of blocks that overlap the
    one that began last counts, in whatever order they end.
    """
    block = config.begin_scratch(config.scratch_root() if path is None else path)
    try:
        yield block.root
    finally:
        config.end_scratch(block)
