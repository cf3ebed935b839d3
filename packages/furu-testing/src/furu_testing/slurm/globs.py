"""Patterns of names with ``*`` and ``?``."""

from __future__ import annotations


def matches(pattern: str, name: str) -> bool:
    """Tell whether a name fits a pattern, in which ``*`` is any run of letters and ``?`` any one letter."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(matches(pattern[1:], name[start:]) for start in range(len(name) + 1))
    return bool(name) and pattern[0] in ("?", name[0]) and matches(pattern[1:], name[1:])
