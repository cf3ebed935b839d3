"""Fields: what a query can ask of an artifact besides its config."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

FieldKind = Literal["text", "number", "bytes", "duration", "moment", "flag", "texts"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in queries and in the index, how its values are written, and a line for people."""

    name: str
    kind: FieldKind
    doc: str


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("root", "text", "data, or artifacts for version-controlled ones"),
        Field("namespace", "text", "dotted module and class"),
        Field("class", "text", "name of the class"),
        Field("hash", "text", "furu_hash: 20 hex characters"),
        Field("result", "text", "absent, incomplete, success, failed or migrated"),
        Field("attempt", "text", "queued, running, success, failed, cancelled, preempted or crashed"),
        Field("attempts", "number", "how many attempts there were"),
        Field("failure", "text", "kind of the last failure: error, oom, timeout, ..."),
        Field("error", "text", "what the last failure raised: class and message"),
        Field("backend", "text", "local or submitit"),
        Field("host", "text", "where the last attempt ran"),
        Field("user", "text", "who ran it"),
        Field("created", "moment", "when the first record was written"),
        Field("started", "moment", "when the last attempt began"),
        Field("ended", "moment", "when it ended"),
        Field("updated", "moment", "when anything changed last"),
        Field("duration", "duration", "how long the last attempt took"),
        Field("memory", "bytes", "peak memory of the last attempt"),
        Field("size", "bytes", "space on disk"),
        Field("files", "number", "files and directories"),
        Field("commit", "text", "git commit it was computed at"),
        Field("schema", "text", "digest of the class name and the names of its fields"),
        Field("versioned", "flag", "whether it is version controlled"),
        Field("alias", "flag", "whether it stands for another artifact"),
        Field("pinned", "flag", "whether it is kept from gc"),
        Field("damaged", "flag", "whether a record of it cannot be read"),
        Field("name", "text", "name for people"),
        Field("note", "text", "note for people"),
        Field("tag", "texts", "its tags"),
        Field("needs", "texts", "hashes of its dependencies"),
    )
}

#: Other spellings: those of the dashboard's parameters, and what one says without thinking.
SYNONYMS = {
    "result_status": "result",
    "attempt_status": "attempt",
    "hostname": "host",
    "status": "result",
    "tags": "tag",
    "furu_hash": "hash",
    "module": "namespace",
}

CONFIG = "config."


def suggestion(name: str) -> str | None:
    """Return the field that a misspelt one was probably meant to be."""
    first, dot, rest = name.partition(".")
    if dot and get_close_matches(first, ["config"], cutoff=0.7):
        return CONFIG + rest
    close = get_close_matches(name, [*FIELDS, *SYNONYMS], n=1, cutoff=0.7)
    return SYNONYMS.get(close[0], close[0]) if close else None
