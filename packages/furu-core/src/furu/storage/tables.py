"""Arrays, tables and tensors as files, each through its own library, which is imported when such a value exists."""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_CELLS = frozenset((type(None), bool, int, float, str, bytes))
_UNNAMED = "__furu_unnamed__"  # parquet wants a name for each column


def named(value: Any, package: str, *names: str) -> bool:
    """Return whether the value's class is one of a package's own, by name; subclasses are not."""
    cls = type(value)
    return cls.__module__.partition(".")[0] == package and cls.__name__ in names


def is_array(value: Any) -> bool:
    """Return whether this is a plain numpy array whose type ``.npy`` gives back: no objects, no pickle, no metadata."""
    if not named(value, "numpy", "ndarray") or value.dtype.hasobject:
        return False
    from numpy.lib import format as npy

    try:
        told = npy.descr_to_dtype(npy.dtype_to_descr(value.dtype))
    except (ValueError, TypeError):
        return False
    return bool(told == value.dtype and value.dtype.metadata is None)


def is_scalar(value: Any) -> bool:
    """Return whether this is a number (or date, or string) of a numpy type."""
    if type(value).__module__ != "numpy" or not hasattr(value, "dtype"):
        return False
    import numpy as np

    return isinstance(value, np.generic) and not isinstance(value, np.void) and is_array(np.asarray(value))


def is_arrays(value: Any) -> bool:
    """Return whether this is a plain dict of names and plain arrays, at least one, each in one place."""
    return (
        type(value) is dict
        and bool(value)
        and all(type(name) is str for name in value)
        and all(is_array(one) for one in value.values())
        and len(set(map(id, value.values()))) == len(value)
    )


def write_array(value: Any, path: str, _: str) -> None:
    """Write a numpy array as ``.npy``."""
    import numpy as np

    with open(path, "xb") as file:
        np.save(file, value, allow_pickle=False)


def read_array(path: str, _: str) -> Any:
    """Read a numpy array back."""
    import numpy as np

    return np.load(path, allow_pickle=False)


def read_scalar(path: str, directory: str) -> Any:
    """Read a numpy scalar back."""
    return read_array(path, directory)[()]


def write_arrays(value: Any, path: str, _: str) -> None:
    """Write a dict of numpy arrays as ``.npz``: ``0``, ``1`` and so on, and ``names``, a JSON list as bytes.

    The names themselves are no members, because zip and ``savez`` take some of them for something else.
    """
    import json

    import numpy as np

    names = json.dumps(list(value), ensure_ascii=False).encode()  # a lone surrogate is refused here
    members = {str(number): array for number, array in enumerate(value.values())}
    with open(path, "xb") as file:
        np.savez(file, names=np.frombuffer(names, dtype=np.uint8), **members)


def read_arrays(path: str, _: str) -> Any:
    """Read a dict of numpy arrays back."""
    import json

    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        names = json.loads(archive["names"].tobytes())
        return {name: archive[str(number)] for number, name in enumerate(names)}


def write_frame(value: Any, path: str, _: str) -> None:
    """Write a pandas frame as parquet."""
    with open(path, "xb") as file:
        value.to_parquet(file)


def read_frame(path: str, _: str) -> Any:
    """Read a pandas frame back."""
    import pandas as pd

    return pd.read_parquet(path)


def write_series(value: Any, path: str, directory: str) -> None:
    """Write a pandas series as a frame of one column, under its own name if it has one."""
    write_frame(value.to_frame(_UNNAMED if value.name is None else value.name), path, directory)


def read_series(path: str, directory: str) -> Any:
    """Read a pandas series back."""
    series = read_frame(path, directory).iloc[:, 0]
    return series.rename(None) if series.name == _UNNAMED else series


def same_frame(value: Any, read: Any) -> bool:
    """Return whether a pandas object came back as it was: types, names, indexes, frequency, attributes and values.

    What has no type of its own in parquet, such as a dict in a cell, may come back equal and yet different.
    """
    import pandas as pd

    if not _plain_cells(value):
        return False
    check = pd.testing.assert_frame_equal if named(value, "pandas", "DataFrame") else pd.testing.assert_series_equal
    try:
        check(value, read, check_exact=True, check_freq=True)
    except AssertionError:
        return False
    return bool(value.equals(read)) and value.attrs == read.attrs


def _plain_cells(value: Any) -> bool:
    """Return whether the columns that may hold any object hold only plain ones."""
    columns = [value] if named(value, "pandas", "Series") else [column for _, column in value.items()]
    return all(column.dtype != object or set(map(type, column)) <= _CELLS for column in columns)


def write_polars(value: Any, path: str, _: str) -> None:
    """Write a polars frame as parquet."""
    with open(path, "xb") as file:
        value.write_parquet(file)


def read_polars(path: str, _: str) -> Any:
    """Read a polars frame back."""
    import polars as pl

    with open(path, "rb") as file:
        return pl.read_parquet(file)


def write_polars_series(value: Any, path: str, directory: str) -> None:
    """Write a polars series as a frame of one column."""
    write_polars(value.to_frame(), path, directory)


def read_polars_series(path: str, directory: str) -> Any:
    """Read a polars series back."""
    return read_polars(path, directory).to_series()


def same_polars(value: Any, read: Any) -> bool:
    """Return whether a polars object came back as it was: types, names and values."""
    frame = value if hasattr(value, "schema") else value.to_frame()
    other = read if hasattr(read, "schema") else read.to_frame()
    return bool(frame.schema == other.schema and frame.equals(other, null_equal=True))


def is_torch(value: Any, depth: int = 4) -> bool:
    """Return whether this is a tensor, or a checkpoint: dicts, lists and tuples with a tensor somewhere."""
    if "torch" not in sys.modules:
        return False
    if named(value, "torch", "Tensor", "Parameter"):
        return True
    members = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return depth > 0 and any(is_torch(one, depth - 1) for one in members)


def write_torch(value: Any, path: str, _: str) -> None:
    """Write tensors with ``torch.save``."""
    torch = import_module("torch")
    with open(path, "xb") as file:
        torch.save(value, file)


def read_torch(path: str, _: str) -> Any:
    """Read tensors back with the loader that runs no code."""
    return import_module("torch").load(path, weights_only=True)


def same_torch(value: Any, read: Any) -> bool:
    """Return whether the safe loader took it; what it takes comes back as it was written."""
    return type(value) is type(read)
