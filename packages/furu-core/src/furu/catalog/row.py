"""``Row``: what the catalog knows of one artifact."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from furu.catalog import configs
from furu.catalog.fields import CONFIG, FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.catalog.expression import Container, Plain


@dataclass(frozen=True, slots=True)
class Need:
    """One dependency as it was recorded: where the config names it, and which artifact it is."""

    path: str
    root: str
    namespace: str
    furu_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One artifact.  The fields are those of the query language; times are seconds since the epoch, None where unknown.

    ``config`` is plain JSON, ``python`` the config as an expression, ``trouble`` why a record of it cannot be read,
    ``original`` the directory-like name of the artifact an alias stands for.
    """

    root: str
    namespace: str
    hash: str
    result: str = "absent"
    attempt: str | None = None
    attempts: int | None = None
    failure: str | None = None
    error: str | None = None
    backend: str | None = None
    host: str | None = None
    user: str | None = None
    created: float | None = None
    started: float | None = None
    ended: float | None = None
    updated: float | None = None
    duration: float | None = None
    memory: int | None = None
    size: int = 0
    files: int = 0
    commit: str | None = None
    name: str | None = None
    note: str | None = None
    pinned: bool = False
    tags: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    original: str | None = None
    trouble: str | None = None
    python: str | None = None
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def class_name(self) -> str:
        """The last part of the namespace."""
        return self.namespace.rpartition(".")[2]

    @property
    def label(self) -> str:
        """What messages call it, and a REF: class and the first eight characters of the hash."""
        return f"{self.class_name}-{self.hash[:8]}"

    @property
    def versioned(self) -> bool:
        """Whether it is version controlled."""
        return self.root == "artifacts"

    @property
    def alias(self) -> bool:
        """Whether it stands for another artifact."""
        return self.original is not None

    @property
    def damaged(self) -> bool:
        """Whether a record of it cannot be read."""
        return self.trouble is not None

    @property
    def schema(self) -> str:
        """A digest of the class and the names of its fields: two artifacts of one class differ when its fields changed."""
        names = json.dumps([self.namespace, *sorted(self.config)]).encode()
        return blake2s(names, digest_size=6).hexdigest()

    def value(self, name: str) -> Plain:
        """Return the value of a field with one value."""
        found: Plain = getattr(self, {"class": "class_name"}.get(name, name))
        return found

    def values(self) -> dict[str, Sequence[Plain | Container]]:
        """Return the values of every field that has any, and of every leaf of the config: what queries ask."""
        found: dict[str, Sequence[Plain | Container]] = {}
        for name, of in FIELDS.items():
            if of.kind != "texts" and (value := self.value(name)) is not None:
                found[name] = (value,)
        found["tag"] = self.tags
        found["needs"] = [need.furu_hash for need in self.needs]
        for path, leaf in configs.leaves(self.config):
            found[CONFIG + path] = (leaf,)
        return found
