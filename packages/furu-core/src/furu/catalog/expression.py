"""Expressions: what a query means.  Tests of single values, combined with all, any and not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Plain: TypeAlias = "str | int | float | bool | None"


class Container:
    """What a list or a dict of a config is to a predicate: there, and nothing else."""

    __slots__ = ()


CONTAINER = Container()


@dataclass(frozen=True, slots=True)
class Present:
    """The value is there; a ``null`` in a config is."""


@dataclass(frozen=True, slots=True)
class Is:
    """The value is this one, of this type; ``1`` and ``1.0`` are one number, ``true`` is none."""

    value: Plain


@dataclass(frozen=True, slots=True)
class Like:
    """The value is a text of this shape: ``*`` stands for any characters, ``?`` for one."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The value is a text with this one in it; the case of ASCII letters does not matter."""

    text: str


@dataclass(frozen=True, slots=True)
class Above:
    """The value is of the bound's type (number or text) and larger, or as large where ``equal``."""

    bound: int | float | str
    equal: bool


@dataclass(frozen=True, slots=True)
class Below:
    """The value is of the bound's type (number or text) and smaller, or as small where ``equal``."""

    bound: int | float | str
    equal: bool


Predicate: TypeAlias = "Present | Is | Like | Contains | Above | Below"


@dataclass(frozen=True, slots=True)
class Where:
    """The field (``config.<path>`` for the config's) has a value, or one among its values, for which this holds."""

    field: str
    predicate: Predicate


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; without parts, always."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds; without parts, never."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Expression


Expression: TypeAlias = "Where | AllOf | AnyOf | Not"
EVERYTHING = AllOf()


def both(first: Expression, second: Expression) -> Expression:
    """Return what holds when both do."""
    parts = tuple(one for each in (first, second) for one in (each.parts if isinstance(each, AllOf) else (each,)))
    return parts[0] if len(parts) == 1 else AllOf(parts)
