"""The marker: the file whose presence means that a result is there."""

from __future__ import annotations

import os
import stat


def present(meta_dir: str) -> bool:
    """Return whether there is a marker: one stat.  One that is empty or no regular file does not count.

    Raises ``FuruRecordError`` when this user may not look.
    """
    try:
        found = os.stat(f"{meta_dir}/SUCCESS.json", follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        from furu.storage import records

        raise records.unreadable(f"{meta_dir}/SUCCESS.json", error) from error
    return stat.S_ISREG(found.st_mode) and found.st_size > 0
