"""Graphs for the benchmark of run_local; a module of its own, so that worker processes can import it.

A graph is a list of levels; a node needs nodes of the level before only, so that each level can be mapped by a pool.
"""

from __future__ import annotations

import functools
import json
import os
from typing import Any

import furu


class Node(furu.Furu[int]):
    """Does nothing, after those in its config."""

    n: int
    below: list[Any] = furu.field(default_factory=list)

    def _create(self) -> int:
        return self.n


class Step(furu.Furu[int]):
    """Does nothing, after the step before, which a method names."""

    n: int

    @furu.furu_dep
    def before(self) -> Step | None:
        """Return the step before."""
        return step(self.n - 1) if self.n else None

    def _create(self) -> int:
        return self.n


class Busy(furu.Furu[int]):
    """Computes for a while in Python."""

    n: int
    turns: int

    def _create(self) -> int:
        return sum(range(self.turns)) + self.n


@functools.cache
def step(n: int) -> Step:
    """Return a step; the same object each time, so that its key is computed once."""
    return Step(n=n)


def independent(nodes: int) -> list[list[Any]]:
    """Return one level of nodes that need nothing."""
    return [[Node(n=n) for n in range(nodes)]]


def chain(nodes: int) -> list[list[Any]]:
    """Return levels of one node; each names the one before by a method, so its config is no larger than the first's."""
    return [[step(n)] for n in range(nodes)]


def nested(nodes: int) -> list[list[Any]]:
    """Return levels of one node; each has the one before in a field, so the n-th config consists of n objects."""
    levels = [[Node(n=0)]]
    for n in range(1, nodes):
        levels.append([Node(n=n, below=levels[-1])])
    return levels


def layered(nodes: int) -> list[list[Any]]:
    """Return ten levels: those of graphs of ten nodes by ten, in which a node needs all of the level before."""
    levels: list[list[Any]] = [[] for _ in range(10)]
    for graph in range(max(1, nodes // 100)):
        below: list[Any] = []
        for depth, level in enumerate(levels):
            below = [Node(n=graph * 100 + depth * 10 + n, below=below) for n in range(10)]
            level.extend(below)
    return levels


def busy(nodes: int) -> list[list[Any]]:
    """Return one level of nodes that compute for about half a second each."""
    return [[Busy(n=n, turns=30_000_000) for n in range(nodes)]]


def plain_create(directory: str) -> None:
    """Store a trivial result with plain Python: a directory, a file under another name, a rename."""
    os.mkdir(directory)
    with open(f"{directory}/value.tmp", "w") as file:
        json.dump(0, file)
    os.rename(f"{directory}/value.tmp", f"{directory}/value.json")


def furu_create(node: Any) -> None:
    """Compute a node with ``get()``."""
    node.get()
