"""Results of classes without a ``_load`` of their own: one file ``.furu/result.<suffix>`` that knows its format."""

from __future__ import annotations

import os

from furu._sys import files
from furu.errors import FuruError, FuruRecordError
from furu.storage.formats import FORMATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.storage.formats import Format

_PREFIX = "result."
_BY_SUFFIX = {one.suffix: one for one in FORMATS}


def keep(value: object, meta_dir: str, artifact_dir: str) -> str:
    """Store what ``_create`` returned and return the name of the format.

    The first format that gives exactly this value back is taken: JSON, raw bytes, a path (relative when it lies inside
    the artifact), numpy, pandas, polars and torch through their own formats, cloudpickle for the rest.  What an earlier
    attempt has kept is removed first, and no part of a file is left behind by a format that fails.

    Raises ``FuruError`` when no format can store the value, ``OSError`` when the disk refuses.
    Crash: a part of the file may be left; the artifact is not published, and the next attempt removes it.
    """
    for name in _kept_names(meta_dir):
        files.remove(f"{meta_dir}/{name}")
    trouble: Exception | None = None
    for one in FORMATS:
        if one.accepts(value):
            path = f"{meta_dir}/{_PREFIX}{one.suffix}"
            try:
                if _kept_as(one, value, path, artifact_dir):
                    return one.name
            except OSError:
                raise
            except Exception as error:  # noqa: BLE001 - libraries fail in their own ways; the next format may do
                trouble = error
    cls = type(value)
    raise FuruError(
        f"what _create returned cannot be stored: a {cls.__module__}.{cls.__qualname__} ({trouble})",
        hints=["give the class a _load, write files into self.furu_dir in _create, and read them back there"],
    ) from trouble


def load(meta_dir: str, artifact_dir: str) -> Any:
    """Return the value that ``keep`` stored.

    Raises ``FuruError`` when nothing is stored, ``FuruRecordError`` when what is there was not stored by this furu.
    """
    names = _kept_names(meta_dir)
    if not names:
        raise FuruError(
            f"there is no stored result in {artifact_dir}, and its class has no _load",
            hints=["restore the class's _load, or have the artifact computed again"],
        )
    one = _BY_SUFFIX.get(names[0].removeprefix(_PREFIX))
    if one is None or len(names) > 1:
        raise FuruRecordError(
            f"{meta_dir} holds {', '.join(sorted(names))}: expected one result in a format this furu knows",
            hints=["a newer furu may have written it; upgrade furu-core"],
        )
    return one.read(f"{meta_dir}/{names[0]}", artifact_dir)


def stored_format(meta_dir: str) -> str | None:
    """Return the name of the format of the stored result, or None when there is none."""
    known = [_BY_SUFFIX.get(name.removeprefix(_PREFIX)) for name in _kept_names(meta_dir)]
    return next((one.name for one in known if one is not None), None)


def _kept_names(meta_dir: str) -> list[str]:
    try:
        return [name for name in os.listdir(meta_dir) if name.startswith(_PREFIX)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _kept_as(one: Format, value: Any, path: str, artifact_dir: str) -> bool:
    """Write ``value`` in one format; return whether it will come back as it is.  On any failure nothing is left."""
    exact = False
    try:
        one.write(value, path, artifact_dir)
        exact = one.same is None or one.same(value, one.read(path, artifact_dir))
    finally:
        if not exact:
            files.remove(path)
    return exact
