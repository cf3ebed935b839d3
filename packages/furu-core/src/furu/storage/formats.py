"""How values become files: one format per kind of value, safe ones first.

A format is chosen by the value alone.  numpy, pandas, polars and torch are never imported to find out: a value of theirs
can only exist when they are imported already.
"""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

from furu.storage import tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@dataclass(frozen=True, slots=True)
class Format:
    """One way to keep a value in one file.

    ``accepts`` says from the value alone whether this format may be tried.  ``write`` and ``read`` take the file and the
    artifact's directory.  ``same`` compares what was read back with the value, for formats that cannot tell beforehand.
    """

    name: str
    suffix: str
    accepts: Callable[[Any], bool]
    write: Callable[[Any, str, str], None]
    read: Callable[[str, str], Any]
    same: Callable[[Any, Any], bool] | None = None


#: Larger pickles are not loaded to see whether they can be.
MOST_READ_BACK_BYTES = 64 * 1024 * 1024

# JSON

_SCALARS = frozenset((type(None), bool, int, float, str))
_PLAIN = _SCALARS | {list, dict}
_DEEPEST = 100  # json recurses: what was written from a shallow stack must be readable from a deep one


def _is_plain(value: Any) -> bool:
    """Return whether JSON gives exactly this value back: plain types only, no list or dict in two places."""
    level, seen = [[value]], set()
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for one in level:
            members = _plain_members(one)
            if members is None or id(one) in seen:
                return False
            seen.add(id(one))
            below += members
        if not below:
            return True
        level = below
    return False


def _plain_members(one: list[Any] | dict[str, Any]) -> list[Any] | None:
    """Return the lists and dicts in a list or dict, or None when anything in it is not plain.

    Looks at the types of all members as one set, so a long list of numbers costs one pass in C.
    """
    if type(one) is dict:
        if not {str}.issuperset(map(type, one)):
            return None
        one = list(one.values())
    types = set(map(type, one))
    if not types <= _PLAIN:
        return None
    return [] if types <= _SCALARS else [member for member in one if type(member) in (list, dict)]


def _write_json(value: Any, path: str, _: str) -> None:
    import json

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), check_circular=False)
    _write_bytes(text.encode(), path, "")  # a lone surrogate is refused here, and goes to the next format


def _read_json(path: str, _: str) -> Any:
    import json

    with open(path, "rb") as file:
        return json.loads(file.read())


# Paths and bytes


def _write_path(value: pathlib.Path, path: str, directory: str) -> None:
    """Store a path; one inside the artifact relative to it, so that a store may move."""
    import json

    os.fsencode(value)  # what no file can be called is refused here
    for base in (directory, os.path.realpath(directory)):
        if value.is_relative_to(base):
            record = {"inside": os.fspath(value.relative_to(base))}
            break
    else:
        record = {"path": os.fspath(value)}
    _write_bytes(json.dumps(record).encode(), path, "")


def _read_path(path: str, directory: str) -> pathlib.Path:
    record = _read_json(path, "")
    return pathlib.Path(directory, record["inside"]) if "inside" in record else pathlib.Path(record["path"])


def _write_bytes(value: bytes, path: str, _: str) -> None:
    with open(path, "xb", buffering=0) as file:
        view = memoryview(value)
        while view:
            view = view[file.write(view) :]


def _read_bytes(path: str, _: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write_pickle(value: Any, path: str, _: str) -> None:
    """Pickle a value and see that it loads: some classes can be taken apart and not be put together again."""
    import pickle

    import cloudpickle  # type: ignore[import-untyped]

    with open(path, "x+b") as file:
        cloudpickle.dump(value, file)
        if file.tell() > MOST_READ_BACK_BYTES:
            return
        file.seek(0)
        try:
            pickle.load(file)
        except Exception as error:
            raise pickle.UnpicklingError(f"it cannot be read back: {type(error).__name__}: {error}") from error


def _read_pickle(path: str, _: str) -> Any:
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file)  # our own store; safe formats come first


FORMATS: tuple[Format, ...] = (
    Format("json", "json", _is_plain, _write_json, _read_json),
    Format("bytes", "bin", lambda value: type(value) is bytes, _write_bytes, _read_bytes),
    Format("path", "path", lambda value: type(value) is type(pathlib.Path()), _write_path, _read_path),
    Format("numpy", "npy", tables.is_array, tables.write_array, tables.read_array),
    Format("numpy-scalar", "scalar.npy", tables.is_scalar, tables.write_array, tables.read_scalar),
    Format("numpy-arrays", "npz", tables.is_arrays, tables.write_arrays, tables.read_arrays),
    Format(
        "pandas",
        "pandas.parquet",
        lambda value: tables.named(value, "pandas", "DataFrame"),
        tables.write_frame,
        tables.read_frame,
        tables.same_frame,
    ),
    Format(
        "pandas-series",
        "pandas-series.parquet",
        lambda value: tables.named(value, "pandas", "Series"),
        tables.write_series,
        tables.read_series,
        tables.same_frame,
    ),
    Format(
        "polars",
        "polars.parquet",
        lambda value: tables.named(value, "polars", "DataFrame"),
        tables.write_polars,
        tables.read_polars,
        tables.same_polars,
    ),
    Format(
        "polars-series",
        "polars-series.parquet",
        lambda value: tables.named(value, "polars", "Series"),
        tables.write_polars_series,
        tables.read_polars_series,
        tables.same_polars,
    ),
    Format("torch", "pt", tables.is_torch, tables.write_torch, tables.read_torch, tables.same_torch),
    Format("pickle", "pickle", lambda _: True, _write_pickle, _read_pickle),
)
