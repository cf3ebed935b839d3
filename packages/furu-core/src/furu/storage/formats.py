"""How values become files: one format per kind of value, safe ones first.

A format is chosen by the value alone.  numpy, pandas, polars and torch are never imported to find out: a value of theirs
can only exist when they are imported already.
"""

from __future__ import annotations

import os
import pathlib
from dataclasses import dataclass

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


# JSON

_SCALARS = frozenset((type(None), bool, int, float, str))
_PLAIN = _SCALARS | {list, dict}
_DEEPEST = 100  # json recurses: what was written from a shallow stack must be readable from a deep one


def _is_plain(value: Any) -> bool:
    """Return whether JSON gives exactly this value back: plain types only, no list or dict in two places.

    Each list is looked at as a whole, so a long list of numbers costs one pass in C.
    """
    if type(value) not in _PLAIN:
        return False
    level, seen = [value], set()
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for one in level:
            if type(one) in _SCALARS:
                continue
            if id(one) in seen:
                return False
            seen.add(id(one))
            members = one
            if type(one) is dict:
                if not {str}.issuperset(map(type, one)):
                    return False
                members = one.values()
            types = set(map(type, members))
            if not types <= _PLAIN:
                return False
            if not types <= _SCALARS:
                below += [member for member in members if type(member) in (list, dict)]
        if not below:
            return True
        level = below
    return False


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


# Arrays and tables


def _named(value: Any, package: str, *names: str) -> bool:
    """Return whether the value's class is one of a package's own, by name; subclasses are not."""
    cls = type(value)
    return cls.__module__.partition(".")[0] == package and cls.__name__ in names


def _is_array(value: Any) -> bool:
    if not _named(value, "numpy", "ndarray") or value.dtype.hasobject:
        return False
    from numpy.lib import format as npy

    try:
        told = npy.descr_to_dtype(npy.dtype_to_descr(value.dtype))
    except (ValueError, TypeError):
        return False
    return bool(told == value.dtype and value.dtype.metadata is None)


def _write_array(value: Any, path: str, _: str) -> None:
    import numpy as np

    with open(path, "xb") as file:
        np.save(file, value, allow_pickle=False)


def _read_array(path: str, _: str) -> Any:
    import numpy as np

    return np.load(path, allow_pickle=False)


def _write_frame(value: Any, path: str, _: str) -> None:
    with open(path, "xb") as file:
        value.to_parquet(file)


def _read_frame(path: str, _: str) -> Any:
    import pandas as pd

    return pd.read_parquet(path)


def _write_series(value: Any, path: str, directory: str) -> None:
    _write_frame(value.to_frame("values"), path, directory)


def _read_series(path: str, directory: str) -> Any:
    return _read_frame(path, directory)["values"]


def _same_frame(value: Any, read: Any) -> bool:
    """Return whether a pandas object came back as it was: types, names, indexes, frequency, attributes and values."""
    import pandas as pd

    check = pd.testing.assert_frame_equal if _named(value, "pandas", "DataFrame") else pd.testing.assert_series_equal
    try:
        check(value, read, check_exact=True, check_freq=True)
    except AssertionError:
        return False
    return bool(value.equals(read)) and value.attrs == read.attrs


def _write_polars(value: Any, path: str, _: str) -> None:
    with open(path, "xb") as file:
        value.write_parquet(file)


def _read_polars(path: str, _: str) -> Any:
    import polars as pl

    with open(path, "rb") as file:
        return pl.read_parquet(file)


def _write_polars_series(value: Any, path: str, directory: str) -> None:
    _write_polars(value.to_frame(), path, directory)


def _read_polars_series(path: str, directory: str) -> Any:
    return _read_polars(path, directory).to_series()


def _same_polars(value: Any, read: Any) -> bool:
    frame = value if hasattr(value, "schema") else value.to_frame()
    other = read if hasattr(read, "schema") else read.to_frame()
    return bool(frame.schema == other.schema and frame.equals(other, null_equal=True))


# torch and the rest


def _is_torch(value: Any) -> bool:
    """Return whether this is a tensor, a parameter, or a dict (such as a state dict) that holds some."""
    if _named(value, "torch", "Tensor", "Parameter"):
        return True
    return isinstance(value, dict) and any(_named(one, "torch", "Tensor", "Parameter") for one in value.values())


def _write_torch(value: Any, path: str, _: str) -> None:
    import torch

    with open(path, "xb") as file:
        torch.save(value, file)


def _read_torch(path: str, _: str) -> Any:
    import torch

    return torch.load(path, weights_only=True)


def _same_torch(value: Any, read: Any) -> bool:
    """Return whether the safe loader gave the same structure; the numbers in it are as they were written."""
    return type(value) is type(read) and (not isinstance(value, dict) or list(value) == list(read))


def _write_pickle(value: Any, path: str, _: str) -> None:
    import cloudpickle

    with open(path, "xb") as file:
        cloudpickle.dump(value, file)


def _read_pickle(path: str, _: str) -> Any:
    import pickle

    with open(path, "rb") as file:
        return pickle.load(file)  # noqa: S301 - our own store; safe formats come first


FORMATS: tuple[Format, ...] = (
    Format("json", "json", _is_plain, _write_json, _read_json),
    Format("bytes", "bin", lambda value: type(value) is bytes, _write_bytes, _read_bytes),
    Format("path", "path", lambda value: type(value) is type(pathlib.Path()), _write_path, _read_path),
    Format("numpy", "npy", _is_array, _write_array, _read_array),
    Format(
        "pandas",
        "pandas.parquet",
        lambda value: _named(value, "pandas", "DataFrame"),
        _write_frame,
        _read_frame,
        _same_frame,
    ),
    Format(
        "pandas-series",
        "pandas-series.parquet",
        lambda value: _named(value, "pandas", "Series"),
        _write_series,
        _read_series,
        _same_frame,
    ),
    Format(
        "polars",
        "polars.parquet",
        lambda value: _named(value, "polars", "DataFrame"),
        _write_polars,
        _read_polars,
        _same_polars,
    ),
    Format(
        "polars-series",
        "polars-series.parquet",
        lambda value: _named(value, "polars", "Series"),
        _write_polars_series,
        _read_polars_series,
        _same_polars,
    ),
    Format("torch", "pt", _is_torch, _write_torch, _read_torch, _same_torch),
    Format("pickle", "pickle", lambda _: True, _write_pickle, _read_pickle),
)
