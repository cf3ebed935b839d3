"""The marker: the file whose presence means that a result is there."""

from __future__ import annotations

import os
import stat


def present(meta_dir: str) -> bool:
    """Return whether there is a marker: one stat.  One that is empty or no regular file does not count.

    Raises ``FuruRecordError`` when this user may not look.
    """
    return seen(meta_dir) is not None


def seen(meta_dir: str) -> tuple[int, int] | None:
    """Return what tells the marker from one that takes its place later; None when there is none: one stat.

    Raises ``FuruRecordError`` when this user may not look.
    """
    try:
        found = os.stat(f"{meta_dir}/SUCCESS.json", follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        from furu.storage import records

        raise records.unreadable(f"{meta_dir}/SUCCESS.json", error) from error
    return (found.st_ino, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) and found.st_size > 0 else None
