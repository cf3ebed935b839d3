"""``Stored``: a result that the store has, with the config it was recorded with; nothing of the user's is imported."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

from furu import config
from furu.errors import FuruConfigError, FuruRecordError
from furu.storage import alias, records
from furu.storage.artifact import Artifact
from furu.storage.layout import METADATA, MIGRATION
from furu.task import ArtifactRef, Original

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from furu.task import RootKind

_HASH = re.compile(r"[0-9a-f]{20}")
_ROOTS: tuple[RootKind, ...] = ("data", "artifacts")


@dataclass(frozen=True, slots=True)
class Stored:
    """A published result: its name, the config it was recorded with, and where the result is.

    ``original`` is the artifact itself, or that of which it is an alias.  ``timestamp`` is when its computation began (ISO
    8601, UTC; empty where nobody recorded it), ``source`` the digests of the code it was computed with, ``needs`` the
    artifacts that its config named as dependencies; None where that was not recorded.
    """

    ref: ArtifactRef
    directory: str
    furu_obj: Any
    original: Original
    timestamp: str = ""
    source: dict[str, str] | None = None
    needs: tuple[ArtifactRef, ...] | None = None

    @property
    def is_alias(self) -> bool:
        """Whether the result is another artifact's."""
        return self.original.ref != self.ref or self.original.path is not None


def everywhere(mentioning: Collection[str] = ()) -> Iterator[Stored]:
    """Yield every published result of both roots; with ``mentioning`` those whose configs name one of these classes."""
    words = [f'"{name}"'.encode() for name in mentioning]
    for artifact in artifacts():
        found = _read(artifact, words)
        if found is not None:
            yield found


def artifacts() -> Iterator[Artifact]:
    """Yield every artifact of both roots, whatever state it is in: the directories that are named like a key.

    Costs one listing for each module and class.  Links are not followed; what vanishes or may not be listed is passed over.
    """
    for kind, root in roots().items():
        pending: list[tuple[str, ...]] = [()]
        while pending:
            parts = pending.pop()
            try:
                with os.scandir("/".join((root, *parts))) as entries:
                    names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            except OSError:
                continue
            namespace = ".".join(parts)
            for name in names:
                if parts and _HASH.fullmatch(name):
                    yield Artifact(ArtifactRef(kind, namespace, name), "/".join((root, *parts, name)))
            pending += [(*parts, name) for name in reversed(names) if name.isidentifier() and not _HASH.fullmatch(name)]


def of_class(namespace: str) -> Iterator[Stored]:
    """Yield every published result of a class, in the order of their keys."""
    for kind in roots():
        for artifact in below(kind, namespace):
            found = _read(artifact, ())
            if found is not None:
                yield found


def roots() -> dict[RootKind, str]:
    """Return the roots that last; without one that cannot be told, for the working directory was removed."""
    found: dict[RootKind, str] = {}
    for kind in _ROOTS:
        try:
            found[kind] = config.current().root_text(kind)
        except FuruConfigError:
            continue
    return found


def home(kind: RootKind, namespace: str) -> str:
    """Return the directory that holds the artifacts of a class."""
    return f"{config.current().root_text(kind)}/{namespace.replace('.', '/')}"


def below(kind: RootKind, namespace: str) -> Iterator[Artifact]:
    """Yield every artifact of a class in one root, whatever state it is in, in the order of their keys."""
    directory = home(kind, namespace)
    try:
        names = sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if _HASH.fullmatch(name):
            yield Artifact(ArtifactRef(kind, namespace, name), f"{directory}/{name}")


def read(artifact: Artifact) -> Stored | None:
    """Return what is stored in an artifact's directory; None when there is no result, or no config that can be read."""
    return _read(artifact, ())


def config_of(artifact: Artifact) -> Any:
    """Return the config that is recorded in an artifact's directory, published or not; None when there is none."""
    for name in (METADATA, MIGRATION):
        try:
            found = json.loads(records.content_or_none(f"{artifact.meta_dir}/{name}") or b"null")
        except (FuruRecordError, ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("furu_obj"), dict):
            return found["furu_obj"]
    return None


def _read(artifact: Artifact, words: Collection[bytes]) -> Stored | None:
    """Return a published result, when its record holds one of ``words``: a record is not parsed to find out it does not."""
    try:
        own = artifact.published()
        content = records.content_or_none(f"{artifact.meta_dir}/{METADATA if own else MIGRATION}")
        if content is None or (words and not any(word in content for word in words)):
            return None
        if not own:
            return _alias(artifact)
        found = json.loads(content)
        described, source = found["furu_obj"], found.get("source")
        if not isinstance(described, dict):
            return None
        return Stored(
            artifact.ref,
            artifact.directory,
            described,
            Original(artifact.ref),
            str(found.get("timestamp", "")),
            source if isinstance(source, dict) else None,
            _needs(found.get("dependencies")),
        )
    except (FuruRecordError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _needs(listed: Any) -> tuple[ArtifactRef, ...] | None:
    if not isinstance(listed, list):
        return None
    return tuple(ArtifactRef(one["root"], one["namespace"], one["furu_hash"]) for one in listed)


def _alias(artifact: Artifact) -> Stored | None:
    found = alias.read(artifact.meta_dir)
    if found is None or not alias.is_published(found.original) or not isinstance(found.furu_obj, dict):
        return None
    return Stored(artifact.ref, artifact.directory, found.furu_obj, found.original, found.at)
