"""Results of classes without a ``_load`` of their own: one file ``.furu/result.<suffix>`` that knows its format."""

from __future__ import annotations

import os

from furu._sys import files
from furu.errors import FuruError, FuruRecordError
from furu.storage.formats import FORMATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from furu.storage.formats import Format

_PREFIX = "result."
_ASIDE = ".tmp."
_BY_SUFFIX = {one.suffix: one for one in FORMATS}


def keep(value: object, meta_dir: str, artifact_dir: str, check: Callable[[], None] | None = None) -> str:
    """Store what ``_create`` returned and return the name of the format.

    The first format that gives exactly this value back is taken: JSON, raw bytes, a path (relative when it lies inside
    the artifact), numpy, pandas, polars and torch through their own formats, cloudpickle for the rest.  It is written
    aside; then what an earlier attempt has kept is removed, and the new file takes its name.  ``check`` is called right
    before each of the two, and raises when the lease was lost.

    Promise: no part of a file is left behind by a format that fails, and nothing of another attempt is removed unless
    the new result is complete and ``check`` has passed.
    Raises ``FuruError`` when no format can store the value, ``OSError`` when the disk refuses, and what ``check`` raises.
    Crash: what is written aside may be left; nobody reads it, and a later attempt removes it.
    """
    trouble: Exception | None = None
    for one in FORMATS:
        if one.accepts(value):
            name = f"{_PREFIX}{one.suffix}"
            aside = f"{meta_dir}/{name}{_ASIDE}{files.new_token()}"
            try:
                trouble = _trouble_with(one, value, aside, artifact_dir)
                if trouble is None:
                    _replace(aside, name, meta_dir, check or _nothing)
                    return one.name
            except BaseException:
                files.remove(aside)
                raise
            files.remove(aside)
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
        return [name for name in os.listdir(meta_dir) if name.startswith(_PREFIX) and _ASIDE not in name]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _trouble_with(one: Format, value: Any, path: str, artifact_dir: str) -> Exception | None:
    """Write ``value`` in one format; return why it would not come back as it is, or None when it will."""
    try:
        one.write(value, path, artifact_dir)
        if one.same is not None and not one.same(value, one.read(path, artifact_dir)):
            return ValueError(f"{one.name} changes it")
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - libraries fail in their own ways; the next format may do
        return error
    return None


def _replace(aside: str, name: str, meta_dir: str, check: Callable[[], None]) -> None:
    """Let what was written aside be the one result."""
    check()
    for old in _kept_names(meta_dir):
        if old != name:
            files.remove(f"{meta_dir}/{old}")
    check()
    os.rename(aside, f"{meta_dir}/{name}")


def _nothing() -> None:
    """Check nothing."""
