"""Records: the files that furu keeps beside a result, read in whatever state they are."""

from __future__ import annotations

from furu._sys import files
from furu.errors import FuruRecordError


def content_or_none(path: str) -> bytes | None:
    """Return the content of a record, or None when there is none.

    Raises ``FuruRecordError`` naming the file when something is there that cannot be read.
    """
    try:
        return files.read_or_none(path)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError) -> FuruRecordError:
    """Return the error that says that a record cannot be looked at."""
    return FuruRecordError(
        f"{path} cannot be read: {error.strerror or error}",
        hints=[files.remedy(error, "let this user read it, or remove what stands in its place")],
    )
