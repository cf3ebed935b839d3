"""What the API answers: the models its OpenAPI description, and with it the TypeScript client, is made from."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from furu.storage.state import AttemptStatus, Backend, FailureKind, ResultStatus
from furu_dashboard.shelves import RootKind

EntryKind = Literal["file", "directory", "link", "other"]


class AttemptError(BaseModel):
    """Why an attempt failed."""

    type: str
    message: str
    traceback: str
    kind: FailureKind


class Attempt(BaseModel):
    """One try at creating the artifact.  Of earlier ones only what the events tell is known.

    Times are ISO 8601 in UTC.
    """

    id: str
    number: int
    status: AttemptStatus
    started_at: str | None
    ended_at: str | None
    duration_sec: float | None
    backend: Backend | None
    host: str | None
    pid: int | None
    user: str | None
    command: str | None
    error: AttemptError | None
    scheduler: dict[str, Any]
    resources: dict[str, float | int | None]


class Dependency(BaseModel):
    """Another artifact that this one names, and where its config does so: ``deps.0``, ``dataset()``."""

    path: str
    root: str
    namespace: str
    furu_hash: str


class Git(BaseModel):
    """The code an artifact was computed with.  ``patch_bytes`` is the size of the uncommitted changes."""

    commit: str | None
    branch: str | None
    remote: str | None
    submodules: dict[str, str] | None
    patch_bytes: int
    patch_truncated: bool


class Provenance(BaseModel):
    """Where a result comes from.  ``python`` rebuilds the config, ``config`` is what ``to_dict`` gave."""

    python: str
    config: Any
    timestamp: str
    command: str
    python_version: str
    executable: str
    platform: str
    hostname: str
    user: str
    pid: int
    git: Git
    result_format: str | None


class ExperimentDetail(BaseModel):
    """One artifact: what it is, what happened to it, where it comes from, what it holds.

    ``attempts`` are the newest first.  ``troubles`` are records that cannot be read, in words.
    """

    root: RootKind
    namespace: str
    class_name: str
    furu_hash: str
    name: str | None
    directory: str
    published: bool
    result_status: ResultStatus
    attempt_status: AttemptStatus | None
    updated_at: str | None
    attempts: list[Attempt]
    provenance: Provenance | None
    dependencies: list[Dependency]
    troubles: list[str]


class LogPage(BaseModel):
    """A part of ``furu.log``, whole lines where they fit.

    ``offset`` and ``next_offset`` are the bytes it begins and ends at, ``size`` those of the file.
    """

    text: str
    offset: int
    next_offset: int
    size: int


class FileEntry(BaseModel):
    """One entry of an artifact's directory; ``path`` is relative to it."""

    path: str
    kind: EntryKind
    size: int
    modified_at: str


class FileTree(BaseModel):
    """What an artifact's directory holds, parents before what is in them; furu's own records are below ``.furu``."""

    directory: str
    entries: list[FileEntry]
    total_bytes: int
    truncated: bool


class TextPreview(BaseModel):
    """The beginning of a text file."""

    kind: Literal["text"] = "text"
    size: int
    text: str
    truncated: bool


class JsonPreview(BaseModel):
    """A JSON file."""

    kind: Literal["json"] = "json"
    size: int
    value: Any


class Column(BaseModel):
    """One column of a table; ``numeric`` ones can be drawn."""

    name: str
    type: str
    numeric: bool


class TablePreview(BaseModel):
    """Rows of a table.  ``total_rows`` is None where only reading all of it would tell."""

    kind: Literal["table"] = "table"
    format: Literal["csv", "jsonl", "parquet"]
    size: int
    columns: list[Column]
    rows: list[list[Any]]
    offset: int
    total_rows: int | None
    more: bool


class ImagePreview(BaseModel):
    """An image; its bytes are at the file's ``raw`` address."""

    kind: Literal["image"] = "image"
    size: int
    media_type: str


class NoPreview(BaseModel):
    """A file that is not shown, and why."""

    kind: Literal["none"] = "none"
    size: int
    reason: str


FilePreview = TextPreview | JsonPreview | TablePreview | ImagePreview | NoPreview


class RootHealth(BaseModel):
    """One root of the store, and whether it can be listed."""

    kind: RootKind
    path: str
    readable: bool


class Health(BaseModel):
    """That the dashboard answers, and for which store."""

    status: Literal["ok"]
    version: str
    roots: list[RootHealth]
