"""Fields: what a config class says about its parameters, and dependencies that are computed from them."""

from __future__ import annotations

import functools
import inspect
from _thread import get_ident
from typing import overload

import chz

from furu.errors import MISSING, FuruCycleError
from furu.identity.options import OPTIONS, FieldOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from chz.mungers import Munger

    Self = TypeVar("Self")
    Result = TypeVar("Result")
    Value = TypeVar("Value")
    Munging = Munger | Callable[[Any, Any], Any]


@overload
def field(*, munger: Munging, skip_hash: bool = False, hash_default: Any = ..., **options: Any) -> Any: ...
@overload
def field(
    *, converter: Callable[..., Value], skip_hash: bool = False, hash_default: Any = ..., **options: Any
) -> Value: ...
@overload
def field(*, default: Value, skip_hash: bool = False, hash_default: Any = ..., **options: Any) -> Value: ...
@overload
def field(
    *, default_factory: Callable[[], Value], skip_hash: bool = False, hash_default: Any = ..., **options: Any
) -> Value: ...
@overload
def field(*, skip_hash: bool = False, hash_default: Any = ..., **options: Any) -> Any: ...
def field(
    *,
    skip_hash: bool = False,
    hash_default: Any = MISSING,
    metadata: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Customise a field: ``chz.field`` plus what the field means for the key.

    ``skip_hash=True`` keeps the field out of the key: the device, the number of workers, a scratch path.
    ``hash_default=value`` leaves the field out while it equals ``value``, so that a field added later keeps the keys of
    older artifacts.  It is pinned apart from ``default``: changing the default later must not hit their results.
    Everything else goes to ``chz.field``.

    Raises ``TypeError`` when both are given, for the second would have no meaning.
    """
    if skip_hash and hash_default is not MISSING:
        raise TypeError("furu.field takes skip_hash=True or hash_default=..., not both: a skipped field has no hash")
    mine = {} if not skip_hash and hash_default is MISSING else {OPTIONS: FieldOptions(bool(skip_hash), hash_default)}
    return chz.field(metadata={**(metadata or {}), **mine} or None, **options)


#: Calls in progress, as (thread, object, method): a method that comes back to itself is a cycle.
_running: set[tuple[int, int, str]] = set()


def furu_dep(method: Callable[[Self], Result]) -> Callable[[Self], Result]:
    """Declare that what a method returns is a dependency: a Furu object, or a list, tuple or dict of them.

    The method depends on the object's fields only.  It runs once per object; later calls return the same objects.
    Its result enters the object's key, is planned like a field, and may be None.

    Raises ``FuruCycleError`` when the method needs its own result, for example through ``self.furu_hash``.
    """
    if not inspect.isfunction(method):
        raise TypeError(f"furu_dep decorates methods, not {method!r}; put @furu_dep next to the def")
    name = f"{method.__module__}.{method.__qualname__}"
    label = method.__name__

    @functools.wraps(method)
    def dependency(self: Self) -> Result:
        known: dict[str, Any] = self.__dict__.setdefault("_furu_deps", {})
        if name not in known:
            running = (get_ident(), id(self), name)
            if running in _running:
                owner = type(self).__qualname__
                raise FuruCycleError(
                    f"{owner}.{label}() needs its own result: {owner} -> {label}() -> {owner}",
                    hints=["a @furu_dep method may use fields and other methods, not furu_hash, furu_dir or get()"],
                )
            _running.add(running)
            try:
                known[name] = method(self)
            finally:
                _running.discard(running)
        result: Result = known[name]
        return result

    dependency._furu_dep = True  # type: ignore[attr-defined]  # noqa: SLF001 - the mark identity looks for
    return dependency
