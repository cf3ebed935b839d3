"""Diff: where two configs differ, field by field, through nested objects, lists and dicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from furu.errors import MISSING
from furu.identity.decode import from_dict
from furu.identity.encode import to_dict
from furu.identity.kinds import ATOMS
from furu.identity.view import ConfigView, ViewDecoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Excluded = Callable[[str], frozenset[str]]

_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two configs differ.

    ``path`` is dotted (``data.transforms.0.size``); ``class`` at its end stands for the class of what is there.  ``old`` and
    ``new`` are the values, ``MISSING`` where there is none: ``kind`` is then ``added`` or ``removed`` instead of ``changed``.
    Nested configs are read-only views.  ``in_key`` says whether the place counts for the key.
    """

    path: str
    kind: Literal["changed", "added", "removed"]
    old: Any = MISSING
    new: Any = MISSING
    in_key: bool = True

    def __str__(self) -> str:
        note = "" if self.in_key else "  (not in the key)"
        match self.kind:
            case "added":
                return f"+ {self.path} = {shown(self.new)}{note}"
            case "removed":
                return f"- {self.path} = {shown(self.old)}{note}"
            case "changed":
                return f"~ {self.path}: {shown(self.old)} -> {shown(self.new)}{note}"


def shown(value: Any) -> str:
    """Return a value as text that fits on a line."""
    text = f"{value.furu_class.rpartition('.')[2]}(...)" if isinstance(value, ConfigView) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 4]} ..."


def view(config: Any) -> ConfigView:
    """Return a read-only view of a config: an object, or what ``to_dict`` made of one."""
    found = from_dict(config if isinstance(config, dict) else to_dict(config), ViewDecoder())
    assert isinstance(found, ConfigView)  # what has a class is decoded as a view
    return found


def differences(old: Any, new: Any, *, excluded: Excluded | None = None) -> tuple[Difference, ...]:
    """Return where two configs differ, in the order of the fields; each an object, a view, or what ``to_dict`` returns.

    ``excluded(class name)`` names the fields of a class that are not in its key; fields whose names begin with ``_`` never
    are.  A pair of nested objects that is met again is compared once, so a diamond stays linear; nothing recurses.
    """
    found: list[Difference] = []
    seen: set[tuple[int, int]] = set()
    # What is still to be compared, in reverse order, kept alive so that the ids in ``seen`` stay theirs.
    stack: list[tuple[str, Any, Any, bool]] = [("", _viewed(old), _viewed(new), True)]
    while stack:
        path, was, now, counts = stack.pop()
        if was is MISSING or now is MISSING:
            found.append(Difference(path, "added" if was is MISSING else "removed", was, now, counts))
            continue
        if isinstance(was, ConfigView) and isinstance(now, ConfigView):
            if was is now or (id(was), id(now)) in seen:
                continue
            seen.add((id(was), id(now)))
            if was.furu_class != now.furu_class:
                found.append(
                    Difference(_joined(path, "class"), "changed", _Name(was.furu_class), _Name(now.furu_class))
                )
            left_out = _excluded(excluded, now.furu_class)
            fields = _pairs(was.furu_fields, now.furu_fields)
            stack += reversed(
                [
                    (_joined(path, name), a, b, counts and name not in left_out and name[:1] != "_")
                    for name, a, b in fields
                ]
            )
        else:
            stack += reversed([(_joined(path, part), a, b, counts) for part, a, b in _parts(was, now)])
            if not _container(was, now) and not _same(was, now):
                found.append(Difference(path, "changed", was, now, counts))
    return tuple(found)


class _Name(str):
    """A class's name: shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _viewed(config: Any) -> ConfigView:
    return config if isinstance(config, ConfigView) else view(config)


def _excluded(excluded: Excluded | None, name: str) -> frozenset[str]:
    return frozenset() if excluded is None else excluded(name)


def _joined(path: str, part: object) -> str:
    return f"{path}.{part}" if path else str(part)


def _container(was: Any, now: Any) -> bool:
    """Return whether two values are compared part by part."""
    return (isinstance(was, dict) and isinstance(now, dict)) or (_sequence(was) and _sequence(now))


def _sequence(value: Any) -> bool:
    return isinstance(value, (list, tuple))  # one form in a key


def _parts(was: Any, now: Any) -> Iterable[tuple[object, Any, Any]]:
    if isinstance(was, dict) and isinstance(now, dict):
        return _pairs(was, now)
    if _sequence(was) and _sequence(now):
        longest = max(len(was), len(now))
        if ATOMS.issuperset(map(type, was)) and ATOMS.issuperset(map(type, now)) and _same(list(was), list(now)):
            return ()
        return [(at, _at(was, at), _at(now, at)) for at in range(longest)]
    return ()


def _at(items: Any, at: int) -> Any:
    return items[at] if at < len(items) else MISSING


def _pairs(was: Mapping[Any, Any], now: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Yield (name, old, new) for every name of either mapping, those of the new one first."""
    for name in [*now, *(name for name in was if name not in now)]:
        yield name, was.get(name, MISSING), now.get(name, MISSING)


def _same(was: Any, now: Any) -> bool:
    """Return whether two values are one value in a key: of one type, not merely equal."""
    if type(was) is not type(now):
        return False
    if isinstance(was, (set, frozenset)):
        return len(was) == len(now) and _sorted(was) == _sorted(now)
    return repr(was) == repr(now) if isinstance(was, (float, list)) else bool(was == now)


def _sorted(items: Any) -> list[str]:
    return sorted(f"{type(item).__name__}{item!r}" for item in items)
