"""The web app: its built files, and what is said where they are not there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, PlainTextResponse

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from starlette.responses import Response

NOT_BUILT = """\
The web app is not part of this installation; the API below /api/ answers.

From a checkout, build it with: make ui
(it needs Node 20.19 or newer), and start the dashboard again.
Released wheels have it inside: pip install --upgrade furu-dashboard
"""


def is_built(static: Path | None) -> bool:
    """Return whether the web app is there."""
    return static is not None and (static / "index.html").is_file()


def add_pages(app: FastAPI, static: Path | None) -> None:
    """Serve the web app for every path outside the API: its files, and its one page for all else."""

    @app.api_route("/api", methods=["GET", "HEAD"], include_in_schema=False)
    @app.api_route("/api/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def no_such_operation() -> Response:
        raise HTTPException(404, "The API has no such path; /api/openapi.json lists those it has.")

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    def page(path: str) -> Response:
        if static is None or not is_built(static):
            return PlainTextResponse(NOT_BUILT, status_code=404 if path else 200)
        file = _static_file(static, path)
        if file is not None:
            forever = path.startswith("assets/")  # these have the digest of their content in their name
            return FileResponse(file, headers={"Cache-Control": _caching(forever=forever)})
        if path.startswith("assets/"):
            raise HTTPException(404, "There is no such file.")
        return FileResponse(static / "index.html", headers={"Cache-Control": "no-cache"})


def _static_file(static: Path, path: str) -> str | None:
    """Return a file of the web app, or None; hidden files and what lies elsewhere are none."""
    if not path or any(part in ("", "..") or part.startswith(".") for part in path.split("/")):
        return None
    file = os.path.join(static, path)
    return file if os.path.isfile(file) else None


def _caching(*, forever: bool) -> str:
    return "public, max-age=31536000, immutable" if forever else "no-cache"
