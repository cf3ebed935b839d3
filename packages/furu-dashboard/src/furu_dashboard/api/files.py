"""Files of an artifact: what there is, what is in one of them, and its bytes."""

from __future__ import annotations

import os
from email.utils import formatdate
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response, StreamingResponse

from furu_dashboard import interior, previews, ranges, times
from furu_dashboard.api.place import Asked
from furu_dashboard.models import FileEntry, FilePreview, FileTree
from furu_dashboard.problems import MISSING, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.storage.artifact import Artifact
    from furu_dashboard.interior import Opened

router = APIRouter(prefix="/experiments", tags=["files"])

CHUNK = 256 * 1024
FilePath = Annotated[str, Path(description="Path of a file, relative to the artifact's directory", max_length=4096)]


@router.get("/{namespace}/{furu_hash}/files", responses=MISSING)
def list_files(artifact: Asked) -> FileTree:
    """Return what the directory of an experiment holds."""
    entries, truncated = interior.entries(artifact.directory)
    return FileTree(
        directory=_readable(artifact.directory),
        entries=[
            FileEntry.model_validate(
                {
                    "path": _readable(one.path),
                    "kind": one.kind,
                    "size": one.size,
                    "modified_at": times.iso(one.modified_at),
                }
            )
            for one in entries
        ],
        total_bytes=sum(one.size for one in entries if one.kind == "file"),
        truncated=truncated,
    )


@router.get("/{namespace}/{furu_hash}/files/{path:path}", responses=MISSING)
def preview_file(
    artifact: Asked,
    path: FilePath,
    offset: Annotated[int, Query(ge=0, le=2**53, description="First row, of a table")] = 0,
    limit: Annotated[int, Query(ge=1, le=2000, description="Rows, of a table")] = 200,
) -> FilePreview:
    """Return what is in a file, as far as it can be shown."""
    opened = _open(artifact, path)
    try:
        return previews.preview(opened, path, offset=offset, limit=limit)
    finally:
        os.close(opened.fd)


@router.get(
    "/{namespace}/{furu_hash}/raw/{path:path}",
    responses=MISSING
    | {
        200: {"content": {"application/octet-stream": {}}, "description": "The bytes of the file"},
        206: {"content": {"application/octet-stream": {}}, "description": "The range of bytes that was asked for"},
        416: {"description": "The file has none of these bytes"},
    },
    response_class=Response,
)
def download_file(
    artifact: Asked,
    path: FilePath,
    inline: Annotated[bool, Query(description="Show it instead of saving it; images only")] = False,
    range_header: Annotated[str | None, Header(alias="Range")] = None,
) -> Response:
    """Return the bytes of a file, or a range of them."""
    opened = _open(artifact, path)
    headers = _headers(opened, path, inline=inline)
    try:
        span = ranges.asked(range_header, opened.size)
    except ranges.Unsatisfiable:
        os.close(opened.fd)
        return Response(status_code=416, headers={"Content-Range": f"bytes */{opened.size}"})
    begin, end = span or (0, opened.size)
    if span is not None:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{opened.size}"
    headers["Content-Length"] = str(end - begin)
    return StreamingResponse(_bytes(opened, begin, end), status_code=200 if span is None else 206, headers=headers)


def _open(artifact: Artifact, path: str) -> Opened:
    opened = interior.open_file(artifact.directory, path)
    if opened is None:
        raise missing(f"{artifact.ref.label} has no file {path!r}.")
    return opened


def _headers(opened: Opened, path: str, *, inline: bool) -> dict[str, str]:
    image = previews.IMAGES.get(os.path.splitext(path)[1].lower())
    shown = image if inline and image else None
    name = quote(os.path.basename(path), safe="", errors="surrogateescape")
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Content-Disposition": "inline" if shown else f"attachment; filename*=UTF-8''{name}",
        "Content-Type": shown or "application/octet-stream",
        # What a file of an artifact holds, such as a drawing with scripts in it, runs nothing and fetches nothing.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Last-Modified": formatdate(opened.modified_at, usegmt=True),
    }


def _bytes(opened: Opened, begin: int, end: int) -> Iterator[bytes]:
    """Yield the bytes, and close the file; it ends early where the file was cut meanwhile."""
    try:
        while begin < end:
            chunk = os.pread(opened.fd, min(CHUNK, end - begin), begin)
            if not chunk:
                return
            begin += len(chunk)
            yield chunk
    finally:
        os.close(opened.fd)


def _readable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
