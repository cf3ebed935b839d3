"""``REF``: how people name an artifact: part of a hash, class and hash as in a log, or a directory."""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

from furu.catalog import scan
from furu.errors import FuruError, FuruMissingArtifact
from furu.storage import layout
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.catalog.place import Place

HELP = (
    "The artifact: the begin of its hash (at least four characters), Class-hash as logs and job names have it, "
    "namespace/hash, or its directory."
)
FEWEST_CHARACTERS = 4
MOST_SHOWN = 10

_NAMED = re.compile(r"(?:(?P<name>.*?)[-/ :])?(?P<hash>[0-9a-fA-F]{4,20})/?")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def stored(where: Place) -> Iterator[Artifact]:
    """Yield every artifact of a store, in the order of their names, whatever is in its directory."""
    for kind, root in where.roots:
        for folder in scan.folders(kind, root):
            if isinstance(folder, scan.Folder):
                for furu_hash in folder.hashes:
                    yield Artifact(ArtifactRef(kind, folder.namespace, furu_hash), f"{folder.path}/{furu_hash}")


def resolve(text: str, where: Place) -> Artifact:
    """Return the one artifact of a store that ``text`` names.

    Accepts the begin of a hash (``1a2b3c``), with the class or any dotted end of its name before it
    (``Train-1a2b3c4d``, ``Train 1a2b3c4d5``, ``my_project.models.Train/1a2b…``), and a directory: that of an artifact, or
    one inside it.

    Promise: what is returned lies in a root of the store, where its name says; ``..`` and the like lead nowhere else.
    Raises ``FuruMissingArtifact`` when there is none, ``FuruError`` listing the candidates when there are several.
    """
    at_path = _at_path(text, where)
    if at_path is not None:
        return at_path
    named = _NAMED.fullmatch(text.strip())
    name = None if named is None or named["name"] is None else named["name"].replace("/", ".")
    if named is None or (name is not None and not _DOTTED.fullmatch(name)):
        raise _unknown(text, where)
    matches = list(islice(_matching(where, name, named["hash"].lower()), MOST_SHOWN + 1))
    if not matches:
        raise _unknown(text, where)
    if len(matches) > 1:
        more = ["and more"] if len(matches) > MOST_SHOWN else []
        raise FuruError(
            f"{text} may be any of {'more than ' if more else ''}{len(matches[:MOST_SHOWN])} artifacts",
            hints=[*(f"{one.ref.namespace}/{one.ref.furu_hash}" for one in matches[:MOST_SHOWN]), *more],
        )
    return matches[0]


def _matching(where: Place, name: str | None, prefix: str) -> Iterator[Artifact]:
    for artifact in stored(where):
        own = artifact.ref.namespace
        right_class = name is None or own == name or own.endswith(f".{name}")
        if right_class and artifact.ref.furu_hash.startswith(prefix) and os.path.isdir(artifact.meta_dir):
            yield artifact


def _at_path(text: str, where: Place) -> Artifact | None:
    """Return the artifact in whose directory ``text`` lies, when it is a path into a root of the store."""
    path = os.path.abspath(os.path.expanduser(text))
    if not os.path.lexists(path):
        return None
    for kind, root in where.roots:
        for base, place in ((root, path), (os.path.realpath(root), os.path.realpath(path))):
            parts = os.path.relpath(place, base).split(os.sep)
            at = next((number for number, part in enumerate(parts) if scan.HASH.fullmatch(part)), 0)
            if at == 0 or os.pardir in parts:
                continue
            directory = os.path.join(root, *parts[: at + 1])
            if os.path.isdir(f"{directory}/{layout.META}"):
                return Artifact(ArtifactRef(kind, ".".join(parts[:at]), parts[at]), directory)
    return None


def _unknown(text: str, where: Place) -> FuruError:
    short = re.fullmatch(r"[0-9a-fA-F]{1,3}", text.strip())
    if short:
        return FuruError(f"{text} is too short: at least {FEWEST_CHARACTERS} characters of a hash are needed")
    searched = " and ".join(path for _, path in where.roots)
    return FuruMissingArtifact(
        f"there is no artifact {text!r} in {searched}",
        hints=[
            "name it by the begin of its hash, by Class-hash, by namespace/hash or by its directory",
            "FURU_PATH or --root says which store is meant",
        ],
    )
