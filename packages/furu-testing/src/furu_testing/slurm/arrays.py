"""Ranges of numbers as Slurm writes them: array indexes such as ``0-9:3,12%4`` and host lists such as ``node[1-3]``."""

from __future__ import annotations


def parse_indexes(text: str) -> tuple[list[int], int | None]:
    """Return the indexes that ``--array`` names, and how many may run at once.

    Raises ValueError for anything that Slurm would refuse.
    """
    spec, percent, limit = text.partition("%")
    indexes: set[int] = set()
    for part in spec.strip("[]").split(","):
        span, _, step = part.partition(":")
        low, dash, high = span.partition("-")
        first, last = int(low), int(high) if dash else int(low)
        if first < 0 or last < first or (step and int(step) < 1):
            raise ValueError(text)
        indexes.update(range(first, last + 1, int(step or 1)))
    return sorted(indexes), int(limit) or None if percent else None


def spell_indexes(indexes: list[int], limit: int | None = None) -> str:
    """Return indexes the short way: ``[0, 1, 2, 5]`` as ``0-2,5``, with ``%limit`` behind them."""
    spans: list[list[int]] = []
    for index in sorted(indexes):
        if spans and spans[-1][1] == index - 1:
            spans[-1][1] = index
        else:
            spans.append([index, index])
    text = ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)
    return f"{text}%{limit}" if limit else text


def spell_hosts(names: list[str]) -> str:
    """Return the names of nodes the short way: ``node[1-2]`` for ``node1`` and ``node2``."""
    if len(names) < 2:
        return "".join(names)
    stem = names[0].rstrip("0123456789")
    return f"{stem}[{spell_indexes([int(name.removeprefix(stem)) for name in names])}]"


def parse_hosts(text: str) -> list[str]:
    """Return the names in a host list: ``a[01-02],b`` as ``a01``, ``a02`` and ``b``."""
    names = []
    for part in _split(text):
        stem, bracket, rest = part.partition("[")
        if not bracket:
            names.append(part)
            continue
        inside, _, tail = rest.partition("]")
        for span in inside.split(","):
            low, _, high = span.partition("-")
            names += [f"{stem}{number:0{len(low)}}{tail}" for number in range(int(low), int(high or low) + 1)]
    return names


def _split(text: str) -> list[str]:
    """Split at the commas that are outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]
