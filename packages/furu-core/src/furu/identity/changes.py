"""Changes: what a class says about its own past, so that results of its earlier forms are still found.

A class lists them, oldest first, in ``migrations``.  They are values: what they do to the fields of a stored config is a
pure function of that config.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from furu.errors import FuruError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from typing import Any

    Fields = dict[str, Any]

#: The attribute of a class that lists its changes.
ATTRIBUTE = "migrations"


@dataclass(frozen=True, slots=True)
class Renamed:
    """The field ``old`` is called ``new`` now."""

    old: str
    new: str

    def applied(self, fields: Fields) -> Fields:
        """Return the fields with the new name; where the new name is taken, as they are."""
        if self.old not in fields or self.new in fields:
            return fields
        return {(self.new if name == self.old else name): value for name, value in fields.items()}

    def __str__(self) -> str:
        return f"Renamed({self.old!r}, {self.new!r})"


@dataclass(frozen=True, slots=True)
class Added:
    """The field ``name`` is new.  Results from before count as results for ``value``."""

    name: str
    value: Any

    def applied(self, fields: Fields) -> Fields:
        """Return the fields with the new one, where it is not there yet."""
        return fields if self.name in fields else {**fields, self.name: self.value}

    def __str__(self) -> str:
        return f"Added({self.name!r})"  # without the value: its text may differ from process to process


@dataclass(frozen=True, slots=True)
class Removed:
    """The field ``name`` is gone, and never changed the result."""

    name: str

    def applied(self, fields: Fields) -> Fields:
        """Return the fields without it."""
        if self.name not in fields:
            return fields
        return {name: value for name, value in fields.items() if name != self.name}

    def __str__(self) -> str:
        return f"Removed({self.name!r})"


@dataclass(frozen=True, slots=True)
class Retyped:
    """The values of the field ``name`` are of the type ``to`` now, and ``to(value)`` makes them of the old ones.

    None stays None, and what is of that type already stays what it is.  A number that would not stay the same number (1.5 as
    an int) is refused: its result is none for another number.  For anything else there is ``Rewrite``.
    """

    name: str
    to: type[Any]

    def __post_init__(self) -> None:
        if not isinstance(self.to, type):
            raise TypeError(
                f"furu.Retyped({self.name!r}, ...) takes a type, not {self.to!r}; furu.Rewrite takes a function"
            )

    def applied(self, fields: Fields) -> Fields:
        """Return the fields with this one converted."""
        value = fields.get(self.name)
        if value is None or type(value) is self.to or (self.to not in (int, str, float) and isinstance(value, self.to)):
            return fields
        made = self.to(value)
        if isinstance(value, (int, float)) and isinstance(made, (int, float)) and made != value:
            raise FuruError(f"{self} would make {made!r} of {value!r}, which is another number")
        return {**fields, self.name: made}

    def __str__(self) -> str:
        return f"Retyped({self.name!r}, {self.to.__name__})"


@dataclass(frozen=True, slots=True)
class MovedFrom:
    """The class was called ``name`` before: module and qualified name, dotted."""

    name: str

    def applied(self, fields: Fields) -> Fields:
        """Return the fields as they are."""
        return fields

    def __str__(self) -> str:
        return f"MovedFrom({self.name!r})"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """``function`` makes the new fields of the old ones: a dictionary in, a dictionary out.

    It is asked about every config that was stored before the class listed it, so it returns the fields as they are where
    there is nothing to do.  Nested configs arrive as objects of their classes of today.
    """

    function: Callable[[Fields], Fields]

    def applied(self, fields: Fields) -> Fields:
        """Return what the function makes of a copy of the fields."""
        made = self.function(dict(fields))
        if not isinstance(made, dict):
            raise FuruError(f"{self} returned {type(made).__name__}; it has to return the fields as a dictionary")
        return made

    def __str__(self) -> str:
        return f"Rewrite({getattr(self.function, '__qualname__', type(self.function).__name__)})"


Change = Renamed | Added | Removed | Retyped | MovedFrom | Rewrite
_OF_NAMES = (Renamed, Added, Removed)


def own(cls: type) -> tuple[Change, ...]:
    """Return the changes a class itself lists."""
    listed = vars(cls).get(ATTRIBUTE)
    return tuple([one for one in listed if isinstance(one, Change)]) if isinstance(listed, (list, tuple)) else ()


def check(cls: type) -> None:
    """Raise ``TypeError`` when the ``migrations`` of a class mixes changes with something else."""
    listed = vars(cls)[ATTRIBUTE]
    if own(cls) and (wrong := next((one for one in listed if not isinstance(one, Change)), None)) is not None:
        raise TypeError(
            f"{cls.__qualname__}.migrations has {wrong!r}, which is no change such as furu.Renamed('a', 'b')"
        )


def of(cls: type) -> tuple[Change, ...]:
    """Return the changes of a class: those of the classes it is derived from first, and of former names only its own."""
    found = [
        change
        for base in reversed(cls.__mro__)
        for change in own(base)
        if base is cls or not isinstance(change, MovedFrom)
    ]
    return tuple(found)


def applied(
    changes: Sequence[Change],
    fields: Fields,
    *,
    known: Collection[str],
    needed: Collection[str],
    recorded: Sequence[str],
) -> tuple[Fields, list[Change]]:
    """Return the fields after the changes that were made since, and those that made a difference.

    ``known`` are the names of the class's fields today, ``needed`` those without which a key is not complete;
    ``recorded`` are the changes that the class had listed, as text, when the config was written.  Of the others, those of
    names are left out that the config's own names show to have been made before: it was written first, and its class
    listed them later.  So no value is ever dropped or replaced unless the names say that it has to be.
    """
    listed = Counter(recorded)
    pending = []
    for change in changes:
        if listed[str(change)] > 0:
            listed[str(change)] -= 1
        else:
            pending.append(change)
    start = _start(pending, set(fields), set(known), set(needed))
    made = []
    for place, change in enumerate(pending):
        if place < start and isinstance(change, _OF_NAMES):
            continue
        after = change.applied(fields)
        if after is not fields:
            made.append(change)
        fields = after
    return fields, made


def _start(pending: Sequence[Change], names: set[str], known: set[str], needed: set[str]) -> int:
    """Return the latest place in ``pending`` at which a config has these names, going back from those of today."""
    for place in range(len(pending), -1, -1):
        if needed <= names <= known:
            return place
        match pending[place - 1] if place else None:
            case Renamed(old, new):
                known, needed = ({old if name == new else name for name in those} for those in (known, needed))
            case Added(name):
                known, needed = known - {name}, needed - {name}
            case Removed(name):
                known, needed = known | {name}, needed | {name}
            case Rewrite():  # what it was given, nobody knows
                return 0
    return 0


def former_names(cls: type) -> tuple[str, ...]:
    """Return the dotted names a class had before."""
    return tuple(change.name for change in own(cls) if isinstance(change, MovedFrom))


def moved() -> dict[str, type]:
    """Return former name -> class, for every class of this process that says where it was moved from.

    Looks through all classes there are, so it is asked once for a whole migration.  A class that its module does not have
    any more, which happens where one was loaded twice, says nothing.
    """
    return {name: cls for cls in _classes() for name in former_names(cls) if _is_current(cls)}


def _classes() -> Iterator[type]:
    stack: list[type] = [object]
    seen: set[int] = set()
    while stack:
        cls = stack.pop()
        if id(cls) in seen:
            continue
        seen.add(id(cls))
        yield cls
        try:
            stack.extend(type.__subclasses__(cls))
        except TypeError:
            continue


def _is_current(cls: type) -> bool:
    import sys

    found: object = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is cls


def texts(cls: type) -> tuple[str, ...]:
    """Return the changes of a class as they are recorded with its configs."""
    return tuple(str(change) for change in of(cls))
