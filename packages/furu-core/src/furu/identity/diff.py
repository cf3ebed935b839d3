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
    from collections.abc import Callable, Mapping

    Excluded = Callable[[str], frozenset[str]]

_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two configs differ.

    ``path`` is dotted (``data.transforms.0.size``); ``class`` at its end stands for the class of what is there.  ``old`` and
    ``new`` are the values, ``MISSING`` where there is none: ``kind`` is then ``added`` or ``removed`` instead of ``changed``.
    Nested configs are read-only views.  ``in_key`` says whether the place counts for the key, ``schema`` whether a class has
    a field there in one of the two and not in the other.
    """

    path: str
    kind: Literal["changed", "added", "removed"]
    old: Any = MISSING
    new: Any = MISSING
    in_key: bool = True
    schema: bool = False

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
    stack: list[_Pair] = [_Pair("", _viewed(old), _viewed(new))]
    while stack:
        pair = stack.pop()
        was, now = pair.old, pair.new
        if was is MISSING or now is MISSING:
            kind: Literal["added", "removed"] = "added" if was is MISSING else "removed"
            found.append(Difference(pair.path, kind, was, now, pair.in_key, pair.schema))
        elif isinstance(was, ConfigView) and isinstance(now, ConfigView):
            if was is now or (id(was), id(now)) in seen:
                continue
            seen.add((id(was), id(now)))
            alike = was.furu_class == now.furu_class
            if not alike:
                names = _Name(was.furu_class), _Name(now.furu_class)
                found.append(Difference(pair.inside("class"), "changed", *names, in_key=pair.in_key))
            left_out = frozenset() if excluded is None else excluded(now.furu_class)
            for name, a, b in reversed(_pairs(was.furu_fields, now.furu_fields)):
                counts = pair.in_key and name not in left_out and name[:1] != "_"
                stack.append(_Pair(pair.inside(name), a, b, counts, schema=alike))
        elif isinstance(was, dict) and isinstance(now, dict):
            stack += [_Pair(pair.inside(key), a, b, pair.in_key) for key, a, b in reversed(_pairs(was, now))]
        elif _sequence(was) and _sequence(now):
            stack += [_Pair(pair.inside(at), a, b, pair.in_key) for at, a, b in reversed(_items(was, now))]
        elif not same(was, now):
            found.append(Difference(pair.path, "changed", was, now, pair.in_key))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two values that are still to be compared, and where they are."""

    path: str
    old: Any
    new: Any
    in_key: bool = True
    schema: bool = False

    def inside(self, part: object) -> str:
        """Return the path of a part of the two."""
        return f"{self.path}.{part}" if self.path else str(part)


class _Name(str):
    """A class's name: shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _viewed(config: Any) -> ConfigView:
    return config if isinstance(config, ConfigView) else view(config)


def _sequence(value: Any) -> bool:
    return isinstance(value, (list, tuple))  # one form in a key


def _items(was: Any, now: Any) -> list[tuple[int, Any, Any]]:
    if ATOMS.issuperset(map(type, was)) and ATOMS.issuperset(map(type, now)) and same(list(was), list(now)):
        return []
    return [(at, _at(was, at), _at(now, at)) for at in range(max(len(was), len(now)))]


def _at(items: Any, at: int) -> Any:
    return items[at] if at < len(items) else MISSING


def _pairs(was: Mapping[Any, Any], now: Mapping[Any, Any]) -> list[tuple[Any, Any, Any]]:
    """Return (name, old, new) for every name of either mapping, those of the new one first."""
    names = [*now, *(name for name in was if name not in now)]
    return [(name, was.get(name, MISSING), now.get(name, MISSING)) for name in names]


def same(was: Any, now: Any) -> bool:
    """Return whether two values are one value in a key: of one type, not merely equal."""
    if type(was) is not type(now):
        return False
    if isinstance(was, (set, frozenset)):
        return _sorted(was) == _sorted(now)
    return repr(was) == repr(now) if isinstance(was, (float, list)) else bool(was == now)


def _sorted(items: Any) -> list[str]:
    return sorted(f"{type(item).__name__}{item!r}" for item in items)
