"""``furu.get``: the results of many objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from furu.engine.obtain import obtain

if TYPE_CHECKING:
    from collections.abc import Iterable

T_co = TypeVar("T_co", covariant=True)


class Gettable(Protocol[T_co]):
    """An object with a key and a result: any Furu object."""

    @property
    def furu_hash(self) -> str:
        """The key of the config."""
        ...

    def get(self) -> T_co:
        """Return the result."""
        ...


def get(objects: Iterable[Gettable[T_co]]) -> list[T_co]:
    """Return the results of ``objects`` in their order; equal objects are obtained once and share one result.

    Raises what ``get()`` of the first object that fails raises; what was computed before stays published.
    """
    results: dict[str, Any] = {}
    wanted = list(objects)
    for item in wanted:
        if item.furu_hash not in results:
            results[item.furu_hash] = obtain(item)  # type: ignore[arg-type]
    return [results[item.furu_hash] for item in wanted]
