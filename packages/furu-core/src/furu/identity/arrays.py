"""Arrays: numpy and torch values, recognised by their marks and never imported.

An array is its element type, shape and content: memory layout and byte order do not count.  A numpy scalar is the
Python number it holds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from furu.errors import FuruIdentityError
from furu.identity.leaves import Leaf, content_digest, float_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.identity.scope import Scope

#: An expression spells out arrays up to this many elements; larger ones are base64 text.
_SPELLED = 64


class ArrayRefused(FuruIdentityError):
    """An array that has no content of its own to hash."""


def leaf_of(cls: type[Any]) -> Leaf | Scalar | None:
    """Return how to treat a numpy or torch class, or None for other classes and for subclasses of arrays."""
    module, name = cls.__module__, cls.__name__
    root = module.partition(".")[0]
    if root == "numpy" and name in ("ndarray", "memmap"):
        return NUMPY
    if (module, name) in (("torch", "Tensor"), ("torch.nn.parameter", "Parameter")):
        return TORCH
    if root == "numpy" and any(base.__name__ == "generic" for base in cls.__mro__):
        return DATETIME64 if name in ("datetime64", "timedelta64") else Scalar()
    return None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A numpy scalar, which stands for a Python number, bool, text or bytes."""

    def plain(self, value: Any) -> Any:
        """Return the Python value a numpy scalar holds."""
        plain = value.item()
        if type(plain) not in (bool, int, float, complex, str, bytes):
            raise ArrayRefused(f"numpy scalar of dtype {value.dtype} is no Python number")
        return plain


def _little(array: Any) -> Any:
    """Return the array contiguous and in little-endian byte order; a view wherever that is possible."""
    if array.dtype.hasobject:
        raise ArrayRefused("array of Python objects has no content that could be hashed")
    order = array.dtype.newbyteorder("<")
    if array.dtype != order:
        array = array.astype(order)
    return array if array.flags.c_contiguous else array.copy(order="C")


def _dtype(array: Any) -> Any:
    """Return the element type as text; that of structured arrays as a list of fields."""
    dtype = array.dtype
    return dtype.str if dtype.names is None else _listed(dtype.descr)


def _listed(descr: Any) -> Any:
    return [_listed(part) for part in descr] if isinstance(descr, (list, tuple)) else descr


def _tupled(descr: Any) -> Any:
    """Return what ``numpy.dtype`` takes: fields are tuples of name, type and shape, in a list."""
    if isinstance(descr, str):
        return descr
    return [(name, _tupled(kind), *map(tuple, shape)) for name, kind, *shape in descr]


def _buffer(array: Any) -> Any:
    return memoryview(array.reshape(-1).view("u1")) if array.size and array.dtype.itemsize else b""


def _numpy_hashed(array: Any) -> Any:
    little = _little(array)
    return ["numpy", _dtype(little), list(array.shape), content_digest(_buffer(little))]


def _numpy_write(array: Any) -> Any:
    from binascii import b2a_base64

    little = _little(array)
    return [_dtype(little), list(array.shape), b2a_base64(_buffer(little), newline=False).decode()]


def _numpy_read(payload: Any) -> Any:
    from binascii import a2b_base64

    import numpy as np

    dtype, shape, text = payload
    described = np.dtype(_tupled(dtype))
    content = a2b_base64(text)
    array = np.frombuffer(content, dtype=described) if content else np.zeros(0, dtype=described)
    return array.reshape(shape).copy()


def _numpy_python(array: Any, scope: Scope) -> str:
    np = scope.module("numpy")
    if array.size <= _SPELLED and array.dtype.kind in "biuf" and array.dtype.itemsize <= 8 and 0 not in array.shape:
        return f"{np}.array({_nested(array.tolist())}, dtype={array.dtype.newbyteorder('<').str!r})"
    dtype, shape, text = _numpy_write(array)
    dtype = _tupled(dtype)
    content = f"{scope.module('base64')}.b64decode({text!r})"
    if not text:
        return f"{np}.zeros({tuple(shape)!r}, dtype={dtype!r})"
    return f"{np}.frombuffer({content}, dtype={dtype!r}).reshape({tuple(shape)!r}).copy()"


def _nested(values: Any) -> str:
    if isinstance(values, list):
        return f"[{', '.join(map(_nested, values))}]"
    return float_text(values) if isinstance(values, float) else repr(values)


def _torch_bytes(tensor: Any) -> Any:
    """Return (contiguous CPU tensor, its bytes in place)."""
    torch = sys.modules["torch"]
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type == "meta":
        raise ArrayRefused("sparse, quantized and meta tensors have no plain content")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    return plain, memoryview(plain.reshape(-1).view(torch.uint8).numpy()) if plain.numel() else b""


def _torch_hashed(tensor: Any) -> Any:
    plain, content = _torch_bytes(tensor)
    return ["torch", str(plain.dtype).removeprefix("torch."), list(plain.shape), content_digest(content)]


def _torch_write(tensor: Any) -> Any:
    from binascii import b2a_base64

    plain, content = _torch_bytes(tensor)
    return [
        str(plain.dtype).removeprefix("torch."),
        list(plain.shape),
        b2a_base64(content, newline=False).decode(),
    ]


def _torch_read(payload: Any) -> Any:
    from binascii import a2b_base64
    from importlib import import_module

    torch = import_module("torch")  # no stubs here, and no need
    dtype, shape, text = payload
    kind = getattr(torch, dtype)
    content = bytearray(a2b_base64(text))
    return torch.frombuffer(content, dtype=kind).reshape(shape) if content else torch.zeros(shape, dtype=kind)


def _torch_python(tensor: Any, scope: Scope) -> str:
    torch = scope.module("torch")
    dtype, shape, text = _torch_write(tensor)
    if not text:
        return f"{torch}.zeros({tuple(shape)!r}, dtype={torch}.{dtype})"
    content = f"bytearray({scope.module('base64')}.b64decode({text!r}))"
    return f"{torch}.frombuffer({content}, dtype={torch}.{dtype}).reshape({tuple(shape)!r})"


def _moment_write(value: Any) -> Any:
    return [value.dtype.str.lstrip("<>="), int(value.astype("i8"))]


def _moment_read(payload: Any) -> Any:
    import numpy as np

    dtype, count = payload
    return np.array(count, dtype="<i8").view("<" + dtype)[()]


def _moment_python(value: Any, scope: Scope) -> str:
    dtype, count = _moment_write(value)
    return f"{scope.module('numpy')}.array({count!r}, dtype='<i8').view({'<' + dtype!r})[()]"


NUMPY = Leaf("array", _numpy_write, _numpy_read, _numpy_python, hashed=_numpy_hashed)
TORCH = Leaf("tensor", _torch_write, _torch_read, _torch_python, hashed=_torch_hashed)
DATETIME64 = Leaf("datetime64", _moment_write, _moment_read, _moment_python)
