"""Orphans: artifacts whose class or fields the code no longer has.  The one question that needs the user's code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from furu.errors import FuruError, FuruMissingArtifact
from furu.identity import names, serializer
from furu.storage.managers import MetadataManager

if TYPE_CHECKING:
    from collections.abc import Iterable

    from furu.catalog.catalog import Catalog
    from furu.catalog.row import Row


@dataclass(frozen=True, slots=True)
class Orphan:
    """One artifact that no object of the code leads to, and why."""

    row: Row
    reason: str


def orphans(rows: Iterable[Row], catalog: Catalog, package: str) -> list[Orphan]:
    """Return those of the artifacts of a package that its code no longer leads to.

    Imports the package, looking in the working directory too, and makes each config anew.  Raises ``FuruError`` when the package
    cannot be imported; artifacts of other packages are not judged.
    """
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        import_module(package)
    except ImportError as error:
        raise FuruError(
            f"the code {package} cannot be imported: {error}",
            hints=["run this where the package is, or add its directory to PYTHONPATH"],
        ) from error
    ours = [row for row in rows if f"{row.namespace}.".startswith(f"{package}.")]
    found = ((row, reason(row, catalog.directory(row))) for row in ours)
    return [Orphan(row, why) for row, why in found if why is not None]


def reason(row: Row, directory: str) -> str | None:
    """Return why the code that is there leads to no such artifact, or None when it does."""
    try:
        cls = names.resolve(row.namespace)
    except FuruError:
        return "the class is gone"
    if not hasattr(cls, "_furu_options"):
        return "the name is no Furu class any more"
    if row.alias:
        return None  # its config is that of the code, or a migration has to look after it
    try:
        furu_hash = serializer.from_dict(MetadataManager.read_metadata(directory).furu_obj).furu_hash
    except FuruMissingArtifact:
        return "its config is not recorded"
    except FuruError as error:
        return f"its config is no longer accepted: {error.message}"
    except Exception as error:  # noqa: BLE001 - constructors are the user's code
        return f"its config is no longer accepted: {type(error).__name__}: {error}"
    return None if furu_hash == row.hash else "its config has another key now"
