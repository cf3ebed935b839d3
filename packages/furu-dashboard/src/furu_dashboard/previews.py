"""What is shown of a file: chosen by its name and its first bytes; nothing in it is run or unpickled."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from furu_dashboard import tables
from furu_dashboard.models import ImagePreview, JsonPreview, NoPreview, TextPreview

if TYPE_CHECKING:
    from furu_dashboard.interior import Opened
    from furu_dashboard.models import FilePreview

MOST_TEXT = 512 * 1024
MOST_JSON = 2 * 1024 * 1024
MOST_IMAGE = 32 * 1024 * 1024

IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".bmp": "image/bmp",
}
_NAMED = {
    ".pickle": "A pickle could run code when it is loaded, so it is not opened here.",
    ".pkl": "A pickle could run code when it is loaded, so it is not opened here.",
    ".pt": "A PyTorch checkpoint could run code when it is loaded, so it is not opened here.",
}


def preview(opened: Opened, path: str, *, offset: int, limit: int) -> FilePreview:
    """Return what is shown of an open file; ``offset`` and ``limit`` count rows where it is a table."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix in IMAGES:
        if opened.size > MOST_IMAGE:
            return NoPreview(size=opened.size, reason="The image is too large to be shown.")
        return ImagePreview(size=opened.size, media_type=IMAGES[suffix])
    match suffix:
        case ".parquet":
            return tables.parquet_rows(opened, offset=offset, limit=limit)
        case ".csv":
            return tables.csv_rows(opened, delimiter=",", offset=offset, limit=limit)
        case ".tsv":
            return tables.csv_rows(opened, delimiter="\t", offset=offset, limit=limit)
        case ".jsonl" | ".ndjson":
            return tables.json_lines(opened, offset=offset, limit=limit)
        case ".json" if opened.size <= MOST_JSON:
            return _json(opened)
    return _text(opened, suffix)


def _json(opened: Opened) -> FilePreview:
    try:
        value: Any = json.loads(os.pread(opened.fd, opened.size, 0), parse_constant=str)
        json.dumps(value).encode()  # not so deep that it could not be written again, and no lone surrogates
    except (ValueError, RecursionError):
        return _text(opened, ".json")
    return JsonPreview(size=opened.size, value=value)


def _text(opened: Opened, suffix: str) -> FilePreview:
    content = os.pread(opened.fd, MOST_TEXT, 0)
    if b"\0" in content[:8192] or suffix in _NAMED:
        return NoPreview(
            size=opened.size, reason=_NAMED.get(suffix, "This is no text, and no format that is shown here.")
        )
    return TextPreview(
        size=opened.size, text=content.decode("utf-8", errors="replace"), truncated=len(content) < opened.size
    )
