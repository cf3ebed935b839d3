"""Matching: whether an expression holds for one artifact, straight from its definition, without an index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from furu.catalog.expression import (
    Above,
    AllOf,
    AnyOf,
    Below,
    Container,
    Contains,
    Expression,
    Is,
    Like,
    Not,
    Plain,
    Present,
    Where,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from furu.catalog.expression import Predicate

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def matches(expression: Expression, values: Mapping[str, Sequence[Plain | Container]]) -> bool:
    """Return whether an expression holds, given the values of every field; a field without any is missing."""
    match expression:
        case Where(field, predicate):
            return any(holds(predicate, value) for value in values.get(field, ()))
        case AllOf(parts):
            return all(matches(part, values) for part in parts)
        case AnyOf(parts):
            return any(matches(part, values) for part in parts)
        case Not(part):
            return not matches(part, values)
        case _:
            assert_never(expression)


def holds(predicate: Predicate, value: Plain | Container) -> bool:
    """Return whether a predicate holds for one value that is there."""
    match predicate:
        case Present():
            return True
        case Is(wanted):
            return isinstance(value, bool) == isinstance(wanted, bool) and value == wanted
        case Like(pattern):
            return isinstance(value, str) and _shape(pattern).fullmatch(value) is not None
        case Contains(text):
            return isinstance(value, str) and text.translate(_LOWER) in value.translate(_LOWER)
        case Above(bound, equal):
            return _order(value, bound) in ((1, 0) if equal else (1,))
        case Below(bound, equal):
            return _order(value, bound) in ((-1, 0) if equal else (-1,))
        case _:
            assert_never(predicate)


def _order(value: Plain | Container, bound: int | float | str) -> int | None:
    """Return -1, 0 or 1 as the value is smaller, equal or larger; None when the two have no order."""
    if isinstance(value, str) and isinstance(bound, str):
        return (value > bound) - (value < bound)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not isinstance(bound, str):
        return (value > bound) - (value < bound)
    return None


def _shape(pattern: str) -> re.Pattern[str]:
    parts = [".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern]
    return re.compile("".join(parts), re.DOTALL)
