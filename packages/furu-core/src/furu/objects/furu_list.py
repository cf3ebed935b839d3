"""``FuruList``: a class whose attributes are experiments, iterated and found by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from furu.identity import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

H = TypeVar("H")


class _FuruListMeta(type):
    """Lets the class itself be iterated, measured and asked what it contains."""

    def __iter__(cls) -> Iterator[Any]:
        return iter(_entries(cls).values())

    def __len__(cls) -> int:
        return len(_entries(cls))

    def __contains__(cls, item: object) -> bool:
        return any(item == entry for entry in _entries(cls).values())

    def __bool__(cls) -> bool:
        return True


class FuruList(Generic[H], metaclass=_FuruListMeta):
    """A named collection of experiments, declared as class attributes.

    Dictionaries and lists of experiments are flattened: ``configs = {"tiny": ...}`` is named ``configs.tiny``, the
    first item of ``runs = [...]`` is ``runs.0``.  A subclass has its parents' experiments first; one that it declares
    again replaces the parent's.  Attributes whose names start with an underscore, and attributes that are no
    experiments, are left alone.
    """

    @classmethod
    def all(cls) -> list[H]:
        """Return every experiment in the order of declaration."""
        return list(_entries(cls).values())

    @classmethod
    def items(cls) -> list[tuple[str, H]]:
        """Return (name, experiment) pairs in the order of declaration."""
        return list(_entries(cls).items())

    @classmethod
    def by_name(cls, name: str) -> H:
        """Return the experiment called ``name``; raises ``KeyError`` listing the names there are."""
        entries = _entries(cls)
        if name not in entries:
            raise KeyError(f"{cls.__name__} has no experiment {name!r}; it has: {', '.join(entries)}")
        return entries[name]  # type: ignore[no-any-return]


def _entries(cls: type) -> dict[str, Any]:
    declared: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is FuruList or not issubclass(base, FuruList):
            continue
        declared.update({name: value for name, value in vars(base).items() if not name.startswith("_")})
    return {path: entry for name, value in declared.items() for path, entry in _flattened(name, value)}


def _flattened(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    if names.is_furu(value):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flattened(f"{name}.{key}", inner)
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from _flattened(f"{name}.{place}", inner)
