"""Where things are: the roots of a store, and the file of its index."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from hashlib import blake2s
from typing import TYPE_CHECKING

from furu import config
from furu._sys import mounts
from furu.catalog.index import VERSION

if TYPE_CHECKING:
    from furu.task import RootKind


@dataclass(frozen=True, slots=True)
class Place:
    """One store: the absolute directories of its two roots."""

    base: str
    data: str
    artifacts: str

    @property
    def roots(self) -> tuple[tuple[RootKind, str], ...]:
        """The roots and their directories."""
        return ("data", self.data), ("artifacts", self.artifacts)

    def directory(self, root: str, namespace: str, furu_hash: str) -> str:
        """Return the directory of an artifact of this store."""
        top = self.artifacts if root == "artifacts" else self.data
        return f"{top}/{namespace.replace('.', '/')}/{furu_hash}"


def of_settings() -> Place:
    """Return the store that the settings name."""
    settings = config.current()
    return Place(os.fspath(settings.base_root), settings.root_text("data"), settings.root_text("artifacts"))


def below(path: str | os.PathLike[str]) -> Place:
    """Return the store whose ``FURU_PATH`` would be ``path``.

    Its version-controlled root is ``path/artifacts``, unless this is the store of the settings, which say where it is.
    """
    base = os.path.abspath(os.path.expanduser(os.fspath(path)))
    own = of_settings()
    if os.path.realpath(own.base) == os.path.realpath(base):
        return own
    return Place(base, f"{base}/data", f"{base}/artifacts")


def index_file(place: Place) -> str:
    """Return the path of a store's index: the same for every spelling of the store's path.

    Versions of furu with other tables have other files, so that two which are used in turn do not undo each other's work.
    """
    roots = "\0".join(os.path.realpath(path) for _, path in place.roots)
    name = os.path.basename(place.base) or "root"
    return (
        f"{cache_directory()}/index-{VERSION}/{name[:40]}-{blake2s(roots.encode(), digest_size=8).hexdigest()}.sqlite3"
    )


def cache_directory() -> str:
    """Return where indexes lie: ``FURU_CACHE_PATH``, else ``furu`` in the user's cache directory.

    SQLite wants a file system of this machine: where the user's cache directory is on a network file system, a directory
    of the user's own below the temporary directory is taken.
    """
    said = config.current().cache_root
    if said is not None:
        return os.fspath(said)
    usual = f"{config.user_cache_directory()}/furu"
    if not mounts.is_network(usual):
        return usual
    own = f"{tempfile.gettempdir()}/furu-{os.getuid()}"
    os.makedirs(own, mode=0o700, exist_ok=True)
    return own if os.stat(own).st_uid == os.getuid() else usual
