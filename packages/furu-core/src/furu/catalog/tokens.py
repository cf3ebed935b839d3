"""Tokens: the text of a query cut into words, quoted texts, operators and parentheses, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from furu.errors import FuruQueryError

TokenKind = Literal["word", "quoted", "operator", "open", "close", "comma", "end"]

OPERATORS = ("!=", "<=", ">=", "=", "<", ">", "~")

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<operator>!=|<=|>=|==|=|<|>|~)
    |(?P<open>\()|(?P<close>\))|(?P<comma>,)
    |(?P<word>[^\s"'()=<>~,!]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query.  ``text`` is without quotes; ``start`` and ``end`` are offsets in the whole text."""

    kind: TokenKind
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of a query, the last one of kind ``end``; raises ``FuruQueryError`` where none begins."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _no_token(text, at)
        at = match.end()
        kind = str(match.lastgroup)
        piece = match.group()
        if kind == "quoted":
            piece = _ESCAPED.sub(r"\1", piece[1:-1])
        if piece == "==" and kind == "operator":
            raise FuruQueryError.at(text, match.span(), "there is no operator ==", hints=["write one ="])
        if kind != "space":
            found.append(Token(kind, piece, *match.span()))  # type: ignore[arg-type]  # the groups are the kinds
    return [*found, Token("end", "", len(text), len(text))]


def _no_token(text: str, at: int) -> FuruQueryError:
    if text[at] in "\"'":
        return FuruQueryError.at(
            text, (at, len(text)), "this quotation does not end", hints=[f"close it with {text[at]}"]
        )
    return FuruQueryError.at(text, (at, at + 1), f"{text[at]!r} is not understood here", hints=["put it in quotes"])
