"""SQL: an expression as a condition on the tables of the index.

The artifact is ``a``; its config's leaves are rows of ``leaves``, whose values keep their types: ``kind`` is ``n`` for
numbers, ``s`` for texts, ``b`` for true and false, ``z`` for null, ``c`` for lists and dicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from furu.catalog.expression import (
    Above,
    AllOf,
    AnyOf,
    Below,
    Contains,
    Expression,
    Is,
    Like,
    Not,
    Plain,
    Present,
    Where,
)
from furu.catalog.fields import CONFIG, FIELDS

if TYPE_CHECKING:
    from furu.catalog.expression import Predicate

#: Fields with several values, and the condition under which a row of their table belongs to the artifact.
_MANY = {"tag": ("tags", "tag"), "needs": ("needs", "hash")}


@dataclass(slots=True)
class Condition:
    """A piece of SQL and the values of its question marks."""

    sql: str
    values: list[Plain] = field(default_factory=list)

    def and_(self, other: Condition) -> Condition:
        """Return what holds where both do."""
        return Condition(f"{self.sql} AND {other.sql}", [*self.values, *other.values])


def condition(expression: Expression) -> Condition:
    """Return the condition that holds for the rows of ``artifacts a`` for which the expression does; never NULL."""
    match expression:
        case Where(name, predicate) if name.startswith(CONFIG):
            return _config(name.removeprefix(CONFIG), predicate)
        case Where(name, predicate) if name in _MANY:
            table, column = _MANY[name]
            inner = _on_text(column, predicate)
            return Condition(f"a.id IN (SELECT artifact FROM {table} WHERE {inner.sql})", inner.values)
        case Where(name, predicate):
            return _column(name, predicate)
        case AllOf(parts):
            return _joined(" AND ", parts, empty="1")
        case AnyOf(parts):
            return _joined(" OR ", parts, empty="0")
        case Not(part):
            inner = condition(part)
            return Condition(f"NOT {inner.sql}", inner.values)
        case _:
            assert_never(expression)


def column(name: str) -> str:
    """Return the column of a field with one value, quoted, for some of the names are words of SQL."""
    return f'a."{name}"'


def _joined(word: str, parts: tuple[Expression, ...], *, empty: str) -> Condition:
    inner = [condition(part) for part in parts]
    if not inner:
        return Condition(empty)
    return Condition(f"({word.join(one.sql for one in inner)})", [value for one in inner for value in one.values])


def _column(name: str, predicate: Predicate) -> Condition:
    spelled = column(name)
    if isinstance(predicate, Present):
        return Condition(f"{spelled} IS NOT NULL")
    inner = _on_text(spelled, predicate) if FIELDS[name].kind == "text" else _on_number(spelled, predicate)
    return Condition(f"({spelled} IS NOT NULL AND {inner.sql})", inner.values)


def _config(path: str, predicate: Predicate) -> Condition:
    match predicate:
        case Present():
            inner, kind = Condition("1"), None
        case Is(None):
            inner, kind = Condition("1"), "z"
        case Is(bool()):
            inner, kind = _on_number("value", predicate), "b"
        case Is(str()) | Like() | Contains() | Above(str()) | Below(str()):
            inner, kind = _on_text("value", predicate), "s"
        case _:
            inner, kind = _on_number("value", predicate), "n"
    of_kind = f"kind = '{kind}' AND " if kind else ""
    at = "path = (SELECT id FROM paths WHERE path = ?)"
    return Condition(
        f"a.id IN (SELECT artifact FROM leaves WHERE {at} AND {of_kind}{inner.sql})", [path, *inner.values]
    )


def _on_text(value: str, predicate: Predicate) -> Condition:
    match predicate:
        case Like(pattern):
            return Condition(f"{value} GLOB ?", [pattern.replace("[", "[[]")])
        case Contains(text):
            return Condition(f"instr(lower({value}), lower(?)) > 0", [text])
        case Above(str()) | Below(str()) | Is(str()) | Present():
            return _compared(value, predicate)
        case _:
            return Condition("0")  # a text is neither a number nor true nor null


def _on_number(value: str, predicate: Predicate) -> Condition:
    match predicate:
        case Like() | Contains() | Is(str() | None) | Above(str()) | Below(str()):
            return Condition("0")
        case _:
            return _compared(value, predicate)


def _compared(value: str, predicate: Predicate) -> Condition:
    match predicate:
        case Present():
            return Condition("1")
        case Is(wanted):
            return Condition(f"{value} = ?", [int(wanted) if isinstance(wanted, bool) else wanted])
        case Above(bound, equal):
            return Condition(f"{value} {'>=' if equal else '>'} ?", [bound])
        case Below(bound, equal):
            return Condition(f"{value} {'<=' if equal else '<'} ?", [bound])
        case Like() | Contains():
            raise AssertionError(f"{predicate} is no comparison")
        case _:
            assert_never(predicate)
