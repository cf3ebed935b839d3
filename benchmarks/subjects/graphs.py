"""Graphs for the benchmark of run_local; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import json
import os
from typing import Any

import furu


class Node(furu.Furu[int]):
    """Does nothing, after those it needs."""

    n: int
    below: list[Any] = furu.field(default_factory=list)

    def _create(self) -> int:
        return self.n


class Busy(furu.Furu[int]):
    """Computes for a while in Python."""

    n: int
    turns: int

    def _create(self) -> int:
        return sum(range(self.turns)) + self.n


def independent(nodes: int) -> list[Node]:
    """Return nodes that need nothing."""
    return [Node(n=n) for n in range(nodes)]


def chain(nodes: int) -> list[Node]:
    """Return the last of nodes each of which needs the one before."""
    here = Node(n=0)
    for n in range(1, nodes):
        here = Node(n=n, below=[here])
    return [here]


def layered(nodes: int) -> list[Node]:
    """Return the last layers of graphs of ten layers of ten nodes each; a node needs all nodes of the layer below."""
    last: list[Node] = []
    for graph in range(max(1, nodes // 100)):
        layer = [Node(n=graph * 100 + n) for n in range(10)]
        for depth in range(1, 10):
            layer = [Node(n=graph * 100 + depth * 10 + n, below=layer) for n in range(10)]
        last.extend(layer)
    return last


def plain_create(directory: str) -> None:
    """Store a trivial result with plain Python: a directory, a file under another name, a rename."""
    os.mkdir(directory)
    with open(f"{directory}/value.tmp", "w") as file:
        json.dump(0, file)
    os.rename(f"{directory}/value.tmp", f"{directory}/value.json")


def furu_create(node: Node) -> None:
    """Compute a node with ``get()``."""
    node.get()
