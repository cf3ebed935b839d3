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

    kind: str
    path: str
    readable: bool


class IndexProgress(BaseModel):
    """How far a refresh is: artifacts looked at, of how many."""

    seen: int
    total: int


class SkippedDirectory(BaseModel):
    """A directory of the store that is no artifact, and why."""

    path: str
    reason: str


class IndexHealth(BaseModel):
    """The index that lists are answered from.

    ``version`` grows whenever something in the store changed.  ``refreshed_at`` is None until there is a first index;
    ``refreshing`` is there while one is made.
    """

    version: int
    refreshed_at: str | None
    refresh_sec: float | None
    refreshing: IndexProgress | None
    trouble: str | None
    skipped: list[SkippedDirectory]


class Health(BaseModel):
    """That the dashboard answers, and for which store."""

    status: Literal["ok"]
    version: str
    roots: list[RootHealth]
    index: IndexHealth


class ExperimentSummary(BaseModel):
    """One artifact in a list.  ``values`` are the fields of the config that were asked for, by their paths."""

    root: RootKind
    namespace: str
    class_name: str
    furu_hash: str
    name: str | None
    result_status: ResultStatus
    attempt_status: AttemptStatus | None
    attempts: int | None
    failure: str | None
    error: str | None
    backend: str | None
    hostname: str | None
    user: str | None
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    updated_at: str | None
    duration_sec: float | None
    peak_memory_bytes: int | None
    size_bytes: int
    tags: list[str]
    pinned: bool
    alias_of: str | None
    trouble: str | None
    values: dict[str, Any]


class FacetValue(BaseModel):
    """One value of a field, and how many experiments have it."""

    value: str
    count: int


class ExperimentList(BaseModel):
    """A page of experiments.  ``total`` are those that the filters let through.

    ``next_cursor`` asks for the next page; None on the last one.
    """

    items: list[ExperimentSummary]
    total: int
    next_cursor: str | None
    facets: dict[str, list[FacetValue]]
    index_version: int


class FilterField(BaseModel):
    """A field that filters can ask for."""

    name: str
    kind: str
    doc: str


class FilterFields(BaseModel):
    """Every field of the filter language: those of each artifact, and the paths of configs."""

    fields: list[FilterField]
    config_paths: list[str]
    config_truncated: bool


class Relation(BaseModel):
    """Another experiment, and where the config of the one that needs the other names it.

    ``result_status`` is None when the store does not have it.
    """

    path: str
    root: str
    namespace: str
    class_name: str
    furu_hash: str
    name: str | None
    result_status: ResultStatus | None
    attempt_status: AttemptStatus | None


class Relationships(BaseModel):
    """What an experiment needs, and what needs it; each a page of as many as there are in all."""

    dependencies: list[Relation]
    dependencies_total: int
    dependents: list[Relation]
    dependents_total: int


class ClassStats(BaseModel):
    """The experiments of one class: how many, how large together, how long a successful one usually takes (the mean)."""

    namespace: str
    class_name: str
    count: int
    failed: int
    size_bytes: int
    duration_sec: float
    usual_duration_sec: float | None


class DayStats(BaseModel):
    """Attempts that ended on one day; ``failed`` are those that crashed as well."""

    day: str
    success: int
    failed: int
    other: int


class Stats(BaseModel):
    """Figures over the whole store; days on which nothing ended are left out."""

    total: int
    size_bytes: int
    by_result: dict[str, int]
    by_attempt: dict[str, int]
    classes: list[ClassStats]
    days: list[DayStats]
