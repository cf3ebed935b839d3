"""The query language: ``result=success config.lr<0.01 class=Train* started>-2d`` as an expression.

Comparisons stand side by side (all have to hold), or are joined by ``and``, ``or``, ``not`` and parentheses; ``and`` binds
tighter than ``or``.  A word alone is looked for in class, namespace, name, tags and hash; ``Train-1a2b3c4d`` is one artifact.
"""

from __future__ import annotations

import re

from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog import literals
from furu.catalog.expression import (
    EVERYTHING,
    Above,
    AllOf,
    AnyOf,
    Below,
    Contains,
    Expression,
    Is,
    Like,
    Not,
    Present,
    Where,
)
from furu.catalog.fields import CONFIG, FIELDS, SYNONYMS, suggestion
from furu.catalog.tokens import Token, tokens
from furu.errors import FuruQueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.catalog.fields import FieldKind

_ORDERS = {"<", "<=", ">", ">="}
_MISSING = "missing"
#: What lists print: class and the begin of the hash.
_LABEL = re.compile(r"(?P<class>\w+)-(?P<hash>[0-9a-f]{4,20})")


def parse(text: str, *, now: float | None = None) -> Expression:
    """Return what a query means; an empty one is about everything.

    ``now`` (seconds since the epoch) is what relative times count from.

    Raises ``FuruQueryError``, which points at the place and says what was expected there.
    """
    parser = _Parser(text, SYSTEM_CLOCK.now() if now is None else now)
    if parser.peek().kind == "end":
        return EVERYTHING
    found = parser.either()
    if parser.peek().kind != "end":
        raise parser.error(
            parser.peek(), "this closes nothing" if parser.peek().kind == "close" else "this is not expected here"
        )
    return found


def field_named(name: str) -> str | None:
    """Return the proper name of a field, or None when there is none of that name."""
    if name.startswith(CONFIG) and len(name) > len(CONFIG):
        return name
    known = SYNONYMS.get(name, name)
    return known if known in FIELDS else None


class _Parser:
    """Recursive descent over the tokens.  ``peek()`` is the next one."""

    def __init__(self, text: str, now: float) -> None:
        self.text = text
        self.now = now
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    def peek(self) -> Token:
        return self.tokens[self.at]

    def error(self, token: Token, message: str, *hints: str) -> FuruQueryError:
        return FuruQueryError.at(self.text, (token.start, token.end), message, hints=hints)

    def take(self) -> Token:
        token = self.peek()
        self.at += token.kind != "end"
        return token

    def keyword(self, word: str) -> bool:
        """Take the next token if it is a keyword, and not a field that is called so."""
        following = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if self.peek().kind != "word" or self.peek().text.lower() != word or following.kind == "operator":
            return False
        self.at += 1
        return True

    def either(self) -> Expression:
        parts = [self.all()]
        while self.keyword("or"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all(self) -> Expression:
        parts = [self.term()]
        while True:
            joined = self.keyword("and")
            at_or = self.peek().kind == "word" and self.peek().text.lower() == "or"
            if not joined and (self.peek().kind in ("end", "close", "comma") or at_or):
                return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
            parts.append(self.term())

    def term(self) -> Expression:
        self.depth += 1
        if self.depth > 100:
            raise self.error(self.peek(), "this is nested too deeply")
        try:
            if self.keyword("not"):
                return Not(self.term())
            if self.peek().kind == "open":
                return self.parenthesis()
            return self.comparison()
        finally:
            self.depth -= 1

    def parenthesis(self) -> Expression:
        opening = self.take()
        found = self.either()
        if self.peek().kind != "close":
            raise self.error(opening, "this parenthesis is never closed", "add )")
        self.take()
        return found

    def comparison(self) -> Expression:
        name = self.take()
        if name.kind not in ("word", "quoted") or (name.kind == "word" and name.text.lower() in ("and", "or", "in")):
            what = "the query ends" if name.kind == "end" else f"{name.text!r} stands"
            raise self.error(name, f"{what} where a comparison is expected", "such as result=success")
        if self.peek().kind == "operator":
            operator = self.take()
            return self.compared(name, operator, self.value(operator))
        if self.keyword("in"):
            return AnyOf(tuple([self.compared(name, None, one) for one in self.values()]))
        return _anywhere(name)

    def value(self, operator: Token) -> Token:
        token = self.take()
        if token.kind not in ("word", "quoted"):
            raise self.error(token, f"a value is expected after {operator.text}", 'an empty text is written ""')
        return token

    def values(self) -> list[Token]:
        """Take ``(a, b, c)``."""
        opening = self.take()
        if opening.kind != "open":
            raise self.error(opening, "in wants a list of values", "such as in (success, failed)")
        found = [self.value(opening)]
        while self.peek().kind == "comma":
            found.append(self.value(self.take()))
        if self.take().kind != "close":
            raise self.error(opening, "this list is never closed", "add ), and a comma between values")
        return found

    def compared(self, name: Token, operator: Token | None, value: Token) -> Expression:
        field = field_named(name.text)
        if field is None:
            close = suggestion(name.text)
            raise self.error(
                name,
                f"there is no field {name.text!r}",
                f"did you mean {close}?" if close else f"a field of the config is written {CONFIG}{name.text}",
            )
        sign = operator.text if operator else "="
        if value.kind == "word" and value.text == _MISSING and sign in ("=", "!="):
            there = Where(field, Present())
            return there if sign == "!=" else Not(there)
        if sign == "!=":
            return AllOf((Where(field, Present()), Not(self.tested(field, "=", value))))
        return self.tested(field, sign, value)

    def tested(self, field: str, sign: str, value: Token) -> Expression:
        """Return the test that a comparison with ``=``, an order or ``~`` stands for."""
        if field.startswith(CONFIG):
            return self.config(field, sign, value)
        kind = FIELDS[field].kind
        if sign == "~":
            if kind not in ("text", "texts"):
                raise self.error(value, f"~ looks into texts, and {field} is a {kind}", f"use = or < with {field}")
            return Where(field, Contains(literals.text(value.text)))
        match kind:
            case "text" | "texts":
                return self.text_test(field, sign, value)
            case "flag":
                return self.flag(field, sign, value)
            case "moment":
                return self.moment(field, sign, value)
            case "number" | "bytes" | "duration":
                return self.number(field, kind, sign, value)

    def text_test(self, field: str, sign: str, value: Token) -> Expression:
        text = literals.text(value.text)
        if sign in _ORDERS:
            return Where(field, _bound(sign, text))
        if value.kind == "word" and ("*" in text or "?" in text):
            return Where(field, Like(text))
        return Where(field, Is(text))

    def flag(self, field: str, sign: str, value: Token) -> Expression:
        wanted = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(value.text.lower())
        if wanted is None or sign != "=":
            raise self.error(value, f"{field} is true or false", f"write {field}=true")
        return Where(field, Is(wanted))

    def moment(self, field: str, sign: str, value: Token) -> Expression:
        span = literals.moment(value.text, self.now)
        if span is None:
            raise self.error(value, f"{value.text!r} is no time", "such as 2026-01-31, 2026-01-31T09:30, today, or -2d")
        return _span_test(field, sign, span)

    def number(self, field: str, kind: FieldKind, sign: str, value: Token) -> Expression:
        read = {"bytes": literals.size_bytes, "duration": literals.duration_sec}.get(kind, literals.number)
        found = read(value.text)
        if found is None:
            example = {"bytes": "1.5GB or 200MiB", "duration": "90, 5m or 1h30m"}.get(kind, "10 or 1e3")
            raise self.error(value, f"{value.text!r} is no {kind}", f"such as {example}")
        return Where(field, Is(found) if sign == "=" else _bound(sign, found))

    def config(self, field: str, sign: str, value: Token) -> Expression:
        if sign == "~":
            return Where(field, Contains(literals.text(value.text)))
        typed = literals.text(value.text) if value.kind == "quoted" else literals.config_value(value.text)
        if sign in _ORDERS:
            if typed is None or isinstance(typed, bool):
                raise self.error(value, f"{value.text} is neither more nor less than anything", "use = or !=")
            return Where(field, _bound(sign, typed))
        return self.text_test(field, sign, value) if isinstance(typed, str) else Where(field, Is(typed))


def _bound(sign: str, bound: int | float | str) -> Above | Below:
    return (Above if sign[0] == ">" else Below)(bound, equal=len(sign) == 2)


def _span_test(field: str, sign: str, span: tuple[float, float]) -> Expression:
    """Return a comparison with a span of time: after ``2026-01-31`` is after its end, and equal to it is within."""
    start, end = span
    within = Below(end, equal=start == end)
    match sign:
        case "=":
            return AllOf((Where(field, Above(start, equal=True)), Where(field, within)))
        case "<":
            return Where(field, Below(start, equal=False))
        case "<=":
            return Where(field, within)
        case ">":
            return Where(field, Above(end, equal=start != end))
        case _:
            return Where(field, Above(start, equal=True))


def _anywhere(token: Token) -> Expression:
    """Return what looks for a word in everything that names an artifact."""
    text = literals.text(token.text)
    if token.kind == "word" and ("*" in text or "?" in text):
        return AnyOf(tuple([Where(field, Like(text)) for field in ("class", "namespace", "name", "tag", "hash")]))
    label = _LABEL.fullmatch(text)
    if label is not None:
        return AllOf((Where("class", Is(label["class"])), Where("hash", Like(f"{label['hash']}*"))))
    within = [Where(field, Contains(text)) for field in ("namespace", "name", "tag")]
    return AnyOf((*within, Where("hash", Like(f"{text.lower()}*") if text.isalnum() else Is(text))))
